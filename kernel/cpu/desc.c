/*
 * 1. Segments are flat: base 0, limit 4 GB; protection is the page tables'.
 * 2. A double fault has a task gate: the CPU saves the victim's registers in
 *    init_tss and loads doublefault_tss with a stack of its own. Only so does
 *    an overflowed kernel stack end in a report: an ordinary gate would push
 *    onto the very stack that has no room, and the third fault is a reset.
 * 3. From ring 3 the CPU takes the kernel's stack from init_tss: esp0 is the
 *    top of the running thread's, set at each switch. The two gates that a
 *    program may call itself, INT3 and INTO, and that of system calls have ring
 *    3's privilege; any other INT is a protection fault.
 * 4. The hardware task switch also loads CR3 from the TSS, so whoever changes
 *    CR3 for good tells double_fault_set_cr3().
 */
#include <kernel/cpu/desc.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/string.h>

#define DESC_CODE 0x9a		/* present, ring 0, code, readable */
#define DESC_DATA 0x92		/* present, ring 0, data, writable */
#define DESC_CONSTANTS 0x90	/* present, ring 0, data, read-only */
#define DESC_DPL3 0x60
#define DESC_TSS 0x89		/* present, ring 0, 32-bit TSS, not busy */
#define DESC_32 0x4		/* bytes, 32-bit */
#define DESC_FLAT 0xc		/* 4 KB granularity, 32-bit */
#define GATE_INTERRUPT 0x8e	/* present, ring 0, interrupts off */
#define GATE_USER_TRAP 0xef	/* present, ring 3, interrupts as they are */
#define GATE_DPL3 0x60
#define GATE_TASK 0x85		/* present, ring 0 */

#define DOUBLEFAULT_STACK 8192	/* guessed: a report prints with 2 KB frames */

struct tss init_tss;
static struct tss doublefault_tss;
u8 doublefault_guard[PAGE_SIZE + DOUBLEFAULT_STACK] __aligned(PAGE_SIZE);

static u64 gdt[GDT_ENTRIES] __aligned(8);
/* those between are not present: INT with their number is a protection fault */
static u64 idt[SYSTEM_CALL_VECTOR + 1] __aligned(8);

extern const u32 trap_entries[NR_VECTORS];	/* trap_entry.S */
void double_fault_entry(void);

static u64 segment(u32 base, u32 limit, u8 access, u8 flags)
{
	u64 low = (limit & 0xffff) | base << 16;
	u64 high = (base >> 16 & 0xff) | access << 8 |
		   (limit & 0xf0000) | flags << 20 | (base & 0xff000000);

	return low | high << 32;
}

static u64 gate(u32 target, u16 selector, u8 type)
{
	u64 low = (target & 0xffff) | (u32)selector << 16;
	u64 high = (target & 0xffff0000) | (u32)type << 8;

	return low | high << 32;
}

static void tss_init(void)
{
	init_tss.ss0 = __KERNEL_DS;
	init_tss.io_bitmap_base = sizeof(struct tss);

	doublefault_tss = (struct tss){
		.cr3 = read_cr3(),
		.eip = (u32)(uintptr_t)double_fault_entry,
		.eflags = 2,	/* bit 1 reads as one; interrupts off */
		.esp = (u32)(uintptr_t)doublefault_guard +
		       sizeof(doublefault_guard),
		.cs = __KERNEL_CS,
		.ss = __KERNEL_DS, .ds = __KERNEL_DS, .es = __KERNEL_DS,
		.fs = __KERNEL_DS, .gs = __KERNEL_DS,
		.io_bitmap_base = sizeof(struct tss),
	};
}

void double_fault_set_cr3(u32 cr3)
{
	doublefault_tss.cr3 = cr3;
}

static void load_segments(void)
{
	const struct table_register gdtr = {
		.limit = sizeof(gdt) - 1, .base = (u32)(uintptr_t)gdt,
	};

	__asm__ volatile("lgdt %0\n\t"
			 "ljmp %1, $1f\n"
			 "1:\n\t"
			 "movl %2, %%ds\n\t"
			 "movl %2, %%es\n\t"
			 "movl %2, %%fs\n\t"
			 "movl %2, %%gs\n\t"
			 "movl %2, %%ss\n\t"
			 "ltr %w3"
			 : : "m"(gdtr), "i"(__KERNEL_CS), "r"(__KERNEL_DS),
			     "r"(__TSS_SEL)
			 : "memory");
}

void gdt_init(void)
{
	const u32 tss_limit = sizeof(struct tss) - 1;

	gdt[GDT_ENTRY_KERNEL_CS] = segment(0, 0xfffff, DESC_CODE, DESC_FLAT);
	gdt[GDT_ENTRY_KERNEL_DS] = segment(0, 0xfffff, DESC_DATA, DESC_FLAT);
	gdt[GDT_ENTRY_USER_CS] = segment(0, 0xfffff, DESC_CODE | DESC_DPL3,
					 DESC_FLAT);
	gdt[GDT_ENTRY_USER_DS] = segment(0, 0xfffff, DESC_DATA | DESC_DPL3,
					 DESC_FLAT);
	tss_init();
	gdt[GDT_ENTRY_TSS] = segment((u32)(uintptr_t)&init_tss, tss_limit,
				     DESC_TSS, 0);
	gdt[GDT_ENTRY_DOUBLEFAULT_TSS] =
		segment((u32)(uintptr_t)&doublefault_tss, tss_limit,
			DESC_TSS, 0);
	load_segments();
}

void idt_init(void)
{
	const struct table_register idtr = {
		.limit = sizeof(idt) - 1, .base = (u32)(uintptr_t)idt,
	};
	unsigned int i;

	for (i = 0; i < NR_VECTORS; i++)
		idt[i] = gate(trap_entries[i], __KERNEL_CS, GATE_INTERRUPT);
	/* INT3 and INTO are a program's, as they are on Linux */
	for (i = TRAP_BREAKPOINT; i <= TRAP_OVERFLOW; i++)
		idt[i] = gate(trap_entries[i], __KERNEL_CS,
			      GATE_INTERRUPT | GATE_DPL3);
	idt[TRAP_DOUBLE_FAULT] = gate(0, __DOUBLEFAULT_TSS_SEL, GATE_TASK);
	__asm__ volatile("lidt %0" : : "m"(idtr));
}

void set_system_call_gate(void (*entry)(void))
{
	idt[SYSTEM_CALL_VECTOR] = gate((u32)(uintptr_t)entry, __KERNEL_CS,
				       GATE_USER_TRAP);
}

u64 tls_descriptor(u32 base, u32 limit, bool pages, bool writable)
{
	u8 access = (u8)(DESC_DPL3 | (writable ? DESC_DATA : DESC_CONSTANTS));

	return segment(base, limit, access, pages ? DESC_FLAT : DESC_32);
}

void set_tls(const u64 *tls)
{
	memcpy(&gdt[GDT_ENTRY_TLS], tls, GDT_TLS_ENTRIES * sizeof(gdt[0]));
}
