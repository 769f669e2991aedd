/*
 * Entries of all vectors. Each pushes its number (and a zero where the CPU
 * pushes no error code), then all of struct pt_regs, and calls do_trap().
 * SDM volume 3A, sections 6.12 and 6.13.
 */
#include <kernel/cpu/entry.h>
#include <kernel/cpu/traps.h>

	.text

	.macro trap_entry vector
	.align 8
trap_entry_\vector:
	/* 8, 10 to 14, 17, 21, 29 and 30 come with an error code */
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \
	    \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30
	.else
	pushl	$0
	.endif
	pushl	$\vector
	.if \vector < FIRST_IRQ_VECTOR
	jmp	trap_common
	.else
	jmp	irq_common
	.endif
	.endm

	.altmacro
	.set	vector, 0
	.rept	NR_VECTORS
	trap_entry %vector
	.set	vector, vector + 1
	.endr

	.align 8
	.type trap_common, @function
trap_common:
	save_registers
	pushl	%esp
	call	do_trap
	.globl trap_return_address
trap_return_address:
	addl	$4, %esp
	.globl return_from_trap, return_pops, return_pops_end
return_from_trap:
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
return_pops:
	popl	%ds
	popl	%es
	popl	%fs
	popl	%gs
return_pops_end:
	addl	$8, %esp	/* vector and error code */
	iret
	.size trap_common, . - trap_common

	.align 8
	.type irq_common, @function
irq_common:
	save_registers
	pushl	%esp
	call	do_irq
	.globl irq_return_address
irq_return_address:
	addl	$4, %esp
	jmp	return_from_trap
	.size irq_common, . - irq_common

/*
 * void call_on_stack(void (*fn)(u32), u32 arg, void *top): calls fn(arg) on
 * another stack. The frame there looks as if this function had called, so that
 * a back trace finds the way from one stack to the other.
 */
	.globl call_on_stack
	.type call_on_stack, @function
call_on_stack:
	pushl	%ebp
	movl	%esp, %ebp
	movl	8(%ebp), %eax
	movl	12(%ebp), %edx
	movl	16(%ebp), %esp
	pushl	%edx
	call	*%eax
	.globl stack_return_address
stack_return_address:
	movl	%ebp, %esp
	popl	%ebp
	ret
	.size call_on_stack, . - call_on_stack

/* void return_to(const struct pt_regs *regs): they are all of the stack. */
	.globl return_to
	.type return_to, @function
return_to:
	movl	4(%esp), %esp
	jmp	return_from_trap
	.size return_to, . - return_to

/* The double-fault task starts here, on its own stack; error code pushed. */
	.globl double_fault_entry
	.type double_fault_entry, @function
double_fault_entry:
	cld
	xorl	%ebp, %ebp
	call	do_double_fault
	.size double_fault_entry, . - double_fault_entry

/*
 * bool probe_call(void (*fn)(void *), void *arg): calls fn(arg) and returns
 * true; do_trap() goes to probe_landing if fn faults, and false is returned.
 */
	.globl probe_call, probe_landing
	.type probe_call, @function
probe_call:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, probe_esp
	pushl	12(%ebp)
	call	*8(%ebp)
	movl	$1, %eax
	jmp	1f
probe_landing:
	xorl	%eax, %eax
1:	movl	probe_esp, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.size probe_call, . - probe_call

	.bss
	.align 4
probe_esp:
	.long	0

	.section .rodata
	.align 4
	.globl trap_entries
trap_entries:
	.macro entry_address vector
	.long	trap_entry_\vector
	.endm
	.set	vector, 0
	.rept	NR_VECTORS
	entry_address %vector
	.set	vector, vector + 1
	.endr

	.section .note.GNU-stack, "", @progbits
