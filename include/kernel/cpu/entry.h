/*
 * For assembly: what every entry to the kernel begins with. On the stack are
 * the error code (or 0) and the vector; it leaves struct pt_regs there, with
 * the kernel's segments loaded, and EAX changed. The kernel uses neither FS nor
 * GS, but saves and loads them with each interrupt: they must not be those of a
 * process, whose descriptors are gone when another one has the CPU.
 * return_from_trap, with ESP at the registers, is the end.
 */
#ifndef KERNEL_CPU_ENTRY_H
#define KERNEL_CPU_ENTRY_H

#include <kernel/cpu/segment.h>

	.macro save_registers
	pushl	%gs
	pushl	%fs
	pushl	%es
	pushl	%ds
	pushl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	movl	$__KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %fs
	movl	%eax, %gs
	cld
	.endm

#endif
