/*
 * From the boot loader to C in the higher half.
 *
 * 1. The loader leaves the CPU in flat 32-bit mode without paging, EAX = its
 *    magic, EBX = its information; GDTR, IDTR and ESP are undefined (Multiboot2
 *    2.0, section 3.3). This file is linked at its physical address up to
 *    start_high, so that symbols are right in GDB before paging, too.
 * 2. The provisional tables: pg0 and the table behind it map physical 0..8 MB
 *    twice: entries 0 and 1 of swapper_pg_dir show them at 0, entries 0x300 and
 *    0x301 at 0xC0000000. The first keeps the next instruction there when
 *    paging goes on; the second is where the kernel is linked.
 *
 * 3. Where things stand after each step:
 *
 *	label			EIP	ESP	GDTR	mapped
 *	_start			low	none	loader	(no paging)
 *	boot_gdt_loaded		low	low	low	(no paging)
 *	boot_info_copied	low	low	low	(no paging)
 *	boot_tables_filled	low	low	low	(no paging)
 *	boot_cr3_loaded		low	low	low	(no paging)
 *	boot_paging_on		low	low	low	0..8M at 0 and 3G
 *	start_high		high	low	low	the same
 *	start_high_stack	high	high	low	the same
 *	gdt_init()		high	high	high	the same
 *	paging_init()		high	high	high	0..8M at 0 and 3G
 *	zap_low_mappings()	high	high	high	lowmem at 3G only
 */
#include <kernel/cpu/page.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/segment.h>

#define PHYS(symbol) ((symbol) - PAGE_OFFSET)

#define MB1_HEADER_MAGIC 0x1badb002
#define MB1_HEADER_FLAGS 0x00000003	/* align modules; memory information */

#define MB2_HEADER_MAGIC 0xe85250d6
#define MB2_ARCH_I386 0

#define PTE_KERNEL 0x003		/* present, writable */

#define BOOT_LAST_STACK 0x7c00	/* conventional RAM; the firmware is done */

#define CPUID_NEEDS_CR4 0x00002058	/* PSE, TSC, PAE, PGE */
#define CPUID_LONG_MODE 0x20000000

	.section .multiboot, "a"

	/* Multiboot 1, for qemu -kernel: within the first 8 KB of the file */
	.align	4
	.long	MB1_HEADER_MAGIC
	.long	MB1_HEADER_FLAGS
	.long	-(MB1_HEADER_MAGIC + MB1_HEADER_FLAGS)

	/* Multiboot2, for GRUB: within the first 32 KB */
	.align	8
multiboot2_header:
	.long	MB2_HEADER_MAGIC
	.long	MB2_ARCH_I386
	.long	multiboot2_header_end - multiboot2_header
	.long	-(MB2_HEADER_MAGIC + MB2_ARCH_I386 + \
		  (multiboot2_header_end - multiboot2_header))
	/* tags the kernel cannot do without: the memory map */
	.align	8
	.short	1, 0			/* information request, required */
	.long	12
	.long	6
	/* tags it uses where the loader has them: command line, loader name,
	   modules, basic memory, RSDP old and new */
	.align	8
	.short	1, 1			/* information request, optional */
	.long	32
	.long	1, 2, 3, 4, 14, 15
	.align	8
	.short	6, 0			/* modules on page boundaries */
	.long	8
	.align	8
	.short	0, 0
	.long	8
multiboot2_header_end:

	/* Is EAX kept at EDI? In between something else is on the bus. */
	.macro	probe_ram none
	movl	%eax, (%edi)
	movl	%edi, boot_probe_bus
	cmpl	%eax, (%edi)
	jne	\none
	.endm

	.section .boot.data, "aw"
	.align	4
boot_probe_bus:
	.long	0

	.section .boot.text, "ax"
	.globl	_start, boot_gdt_loaded, boot_info_copied
	.globl	boot_tables_filled, boot_cr3_loaded, boot_paging_on
	.type	_start, @function
_start:
	cli
	cld
	movl	%eax, %esi		/* kept over the clearing of .bss */
	movl	%ebx, %edx
	/* QEMU's loader puts a kernel beyond the RAM, too, without a word */
	movl	$PHYS(__pg_tables_end) - 4, %edi
	movl	$0x5aa53cc3, %eax
	probe_ram 1f
	notl	%eax
	probe_ram 1f
	jmp	2f
1:	movl	$BOOT_LAST_STACK, %esp
	call	boot_no_ram
2:	movl	$PHYS(boot_stack_top), %esp
	lgdt	boot_gdtr
	ljmp	$__KERNEL_CS, $boot_gdt_loaded
boot_gdt_loaded:
	movl	$__KERNEL_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	pushl	$0
	popfl

	movl	$PHYS(__bss_start), %edi
	movl	$PHYS(__bss_stop), %ecx
	subl	%edi, %ecx
	shrl	$2, %ecx
	xorl	%eax, %eax
	rep stosl

	xorl	%ebp, %ebp		/* back traces end here */
	pushl	%edx
	pushl	%esi
	call	boot_idt_init
	call	boot_copy_info		/* (magic, information) */
	addl	$8, %esp
	call	clear_cr4
boot_info_copied:

	/* pg0 and the table behind it: entry i maps page i */
	movl	$PHYS(pg0), %edi
	movl	$PTE_KERNEL, %eax
	movl	$(PROVISIONAL_END >> PAGE_SHIFT), %ecx
1:	stosl
	addl	$PAGE_SIZE, %eax
	loop	1b
	movl	$(PHYS(pg0) + PTE_KERNEL), %eax
	movl	%eax, PHYS(swapper_pg_dir)
	movl	%eax, PHYS(swapper_pg_dir) + 0x300 * 4
	addl	$PAGE_SIZE, %eax
	movl	%eax, PHYS(swapper_pg_dir) + 0x001 * 4
	movl	%eax, PHYS(swapper_pg_dir) + 0x301 * 4
boot_tables_filled:

	movl	$PHYS(swapper_pg_dir), %eax
	movl	%eax, %cr3
boot_cr3_loaded:

	/* Some firmware leaves the caches off: CD and NW are cleared */
	movl	%cr0, %eax
	andl	$~(CR0_CD | CR0_NW | CR0_AM | CR0_WP | CR0_TS | CR0_EM), %eax
	orl	$(CR0_PG | CR0_NE | CR0_PE), %eax
	movl	%eax, %cr0
boot_paging_on:

	/* A far jump: EIP goes high and nothing fetched before it is used */
	ljmp	$__KERNEL_CS, $start_high
	.size	_start, . - _start

/*
 * Only CR0 is known at entry. CR4.PAE left on would make the CPU take the page
 * directory for PAE's, EFER.LME would refuse paging without PAE. Both are there
 * only if CPUID says so (SDM 3A, 2.5 and 2.2.1).
 */
	.type	clear_cr4, @function
clear_cr4:
	pushfl
	popl	%eax
	movl	%eax, %ecx
	xorl	$EFLAGS_ID, %eax
	pushl	%eax
	popfl
	pushfl
	popl	%eax
	xorl	%ecx, %eax
	testl	$EFLAGS_ID, %eax
	jz	1f			/* no CPUID */
	movl	$1, %eax
	cpuid
	testl	$CPUID_NEEDS_CR4, %edx
	jz	1f
	xorl	%eax, %eax
	movl	%eax, %cr4
	movl	$0x80000000, %eax
	cpuid
	cmpl	$0x80000001, %eax
	jb	1f
	movl	$0x80000001, %eax
	cpuid
	testl	$CPUID_LONG_MODE, %edx
	jz	1f
	movl	$MSR_EFER, %ecx
	rdmsr
	andl	$~EFER_LME, %eax
	wrmsr
1:	ret
	.size	clear_cr4, . - clear_cr4

/*
 * void paging_switch(u32 cr3, u32 cr4): loads both while paging is off.
 * Two-level and three-level tables have different formats and CR4.PAE says
 * which one the CPU walks, so neither order of the two loads is right while
 * paging is on (SDM 3A, 4.1.2). This code stands at its physical address, which
 * both the old and the new tables must map: it goes on where it is. Interrupts
 * must be off; the stack is not touched in between.
 */
	.globl	paging_switch
	.type	paging_switch, @function
paging_switch:
	movl	4(%esp), %ecx
	movl	8(%esp), %edx
	movl	%cr0, %eax
	andl	$~CR0_PG, %eax
	movl	%eax, %cr0
	jmp	1f
1:	movl	%edx, %cr4
	movl	%ecx, %cr3
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	jmp	2f
2:	ret
	.size	paging_switch, . - paging_switch

/* Exceptions before the kernel's own IDT: vector in AL, then a report. */
	.globl	boot_trap_entries
	.set	vector, 0
	.align	8
boot_trap_entries:
	.rept	32
	.align	8
	pushl	$vector
	jmp	boot_trap
	.set	vector, vector + 1
	.endr
boot_trap:
	movl	%esp, %eax
	pushl	%eax
	call	boot_exception

	.section .boot.rodata, "a"
	.align	8
boot_gdt:
	.fill	GDT_ENTRY_KERNEL_CS, 8, 0
	.quad	0x00cf9a000000ffff	/* flat code */
	.quad	0x00cf92000000ffff	/* flat data */
boot_gdt_end:
boot_gdtr:
	.short	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt

	.text
	.globl	start_high, start_high_stack
	.type	start_high, @function
start_high:
	addl	$PAGE_OFFSET, %esp
start_high_stack:
	call	start_kernel
1:	cli
	hlt
	jmp	1b
	.size	start_high, . - start_high

	.section .bss.page_aligned, "aw", @nobits
	.globl	swapper_pg_dir, boot_stack_guard, boot_stack, boot_stack_top
	.align	PAGE_SIZE
swapper_pg_dir:
	.skip	PAGE_SIZE
boot_stack_guard:			/* not mapped by the final tables */
	.skip	PAGE_SIZE
boot_stack:
	.skip	BOOT_STACK_SIZE
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
