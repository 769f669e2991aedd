/*
 * void switch_stacks(u32 *from, u32 to): what a C function must keep is pushed,
 * the stack pointer is exchanged, and the other thread's is popped. A new
 * thread's stack looks as if it had called this from thread_entry.
 */
	.text
	.globl switch_stacks, thread_entry
	.type switch_stacks, @function
switch_stacks:
	movl	4(%esp), %eax
	movl	8(%esp), %edx
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, (%eax)
	movl	%edx, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.size switch_stacks, . - switch_stacks

	.type thread_entry, @function
thread_entry:
	xorl	%ebp, %ebp
	call	thread_start
	.size thread_entry, . - thread_entry

	.section .note.GNU-stack, "", @progbits
