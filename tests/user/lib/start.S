/*
 * Where a program begins: ESP points to argc, argv, a NULL, the environment
 * (System V ABI, i386 supplement, figure 3-31). And sys(number, ...): a system
 * call with up to six arguments.
 */
	.text
	.globl	_start, sys
_start:
	xorl	%ebp, %ebp
	movl	(%esp), %eax
	leal	4(%esp), %edx
	leal	4(%edx,%eax,4), %ecx
	andl	$-16, %esp
	subl	$4, %esp
	pushl	%ecx
	pushl	%edx
	pushl	%eax
	call	main
	movl	%eax, %ebx
	movl	$252, %eax		/* exit_group */
	int	$0x80
	ud2

sys:
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%ebx
	movl	20(%esp), %eax
	movl	24(%esp), %ebx
	movl	28(%esp), %ecx
	movl	32(%esp), %edx
	movl	36(%esp), %esi
	movl	40(%esp), %edi
	movl	44(%esp), %ebp
	int	$0x80
	popl	%ebx
	popl	%esi
	popl	%edi
	popl	%ebp
	ret

	.section .note.GNU-stack, "", @progbits
