/*
 * INT 0x80: as an exception without an error code. EBP is the program's, and no
 * frame of the kernel's: back traces end here. do_system_call() has its
 * argument in EAX.
 */
#include <kernel/cpu/entry.h>

	.text
	.align 8
	.globl system_call
	.type system_call, @function
system_call:
	pushl	$0
	pushl	$0x80
	save_registers
	movl	%esp, %eax
	xorl	%ebp, %ebp
	call	do_system_call
	jmp	return_from_trap
	.size system_call, . - system_call

	.section .note.GNU-stack, "", @progbits
