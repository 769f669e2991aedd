/*
 * spin_lock_call and spin_unlock_call, of <kernel/cpu/spinlock.h>: the lock is
 * in EAX, all registers are kept. The site is where the call stands.
 */
	.macro lock_call name, function
	.globl \name
	.type \name, @function
\name:
	pushl	%ebp
	movl	%esp, %ebp
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	movl	4(%ebp), %edx
	call	\function
	popl	%edx
	popl	%ecx
	popl	%eax
	popl	%ebp
	ret
	.size \name, . - \name
	.endm

	.text
	lock_call spin_lock_call, spin_lock_slow
	lock_call spin_unlock_call, spin_unlock_slow

	.section .note.GNU-stack, "", @progbits
