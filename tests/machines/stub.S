/*
 * A boot loader for bad boot information. stub.py packs it: behind the code
 * comes a table of what to copy where and what to put into EAX and EBX; then it
 * jumps to the kernel. QEMU loads the whole as a raw multiboot 1 image ("a.out
 * kludge", Multiboot 0.6.96, 3.1.3) at LOAD, far from all it copies.
 */
	.set	LOAD, 0x01000000
	.set	MAGIC, 0x1badb002
	.set	FLAGS, 0x00010000	/* the address fields are valid */

	.text
header:
	.long	MAGIC
	.long	FLAGS
	.long	-(MAGIC + FLAGS)
	.long	LOAD			/* where the header stands */
	.long	LOAD			/* load from here */
	.long	0			/* to the end of the file */
	.long	0			/* no bss */
	.long	LOAD + start - header

start:
	cli
	cld
	movl	$(LOAD + table - header), %ebp
	movl	12(%ebp), %edx		/* how many copies */
	leal	16(%ebp), %ebx
1:	testl	%edx, %edx
	jz	2f
	movl	0(%ebx), %edi		/* to */
	movl	4(%ebx), %esi		/* from: offset from the table */
	movl	8(%ebx), %ecx		/* bytes */
	addl	%ebp, %esi
	rep movsb
	addl	$12, %ebx
	decl	%edx
	jmp	1b
2:	movl	8(%ebp), %ecx		/* entry */
	movl	4(%ebp), %ebx
	movl	0(%ebp), %eax
	jmp	*%ecx
	.align	4
table:

	.section .note.GNU-stack, "", @progbits
