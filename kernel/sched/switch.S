/*
 * switch_stacks: EAX says where ESP is saved, EDX what it becomes. EBP is kept;
 * the caller (switch_to()) gave up all other registers, so that only those are
 * saved that were in use. EAX comes back as it was given by who gave the CPU
 * up: that is how the one who gets it learns who that was.
 *
 * A new thread's stack looks as if this had been called right before
 * thread_entry.
 */
	.text
	.globl switch_stacks, thread_entry
	.type switch_stacks, @function
switch_stacks:
	pushl	%ebp
	movl	%esp, (%eax)
	movl	%edx, %esp
	popl	%ebp
	ret
	.size switch_stacks, . - switch_stacks

	.type thread_entry, @function
thread_entry:
	xorl	%ebp, %ebp
	call	thread_start
	.size thread_entry, . - thread_entry

	.section .note.GNU-stack, "", @progbits
