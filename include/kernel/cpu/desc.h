/*
 * Descriptor tables: GDT, IDT and the two task state segments.
 * SDM volume 3A, sections 3.4.5 (segment descriptors), 6.11 (gates), 7.2 (TSS).
 */
#ifndef KERNEL_CPU_DESC_H
#define KERNEL_CPU_DESC_H

#include <kernel/cpu/segment.h>
#include <kernel/lib/compiler.h>

struct tss {
	u32 back_link, esp0, ss0, esp1, ss1, esp2, ss2;
	u32 cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs, ldt;
	u16 trap, io_bitmap_base;
};

/* What runs normally: a double fault leaves its victim's registers here. */
extern struct tss init_tss;

/* The double fault's stack; its first page is a guard page, not mapped. */
extern u8 doublefault_guard[];

/* Loads the final GDT (virtual base), all segment registers and the TSS. */
void gdt_init(void);

/* Fills and loads the IDT: an interrupt gate for each vector below 48, a task
 * gate for the double fault. */
void idt_init(void);

/* The segments of the process that gets the CPU: three descriptors, as
 * tls_descriptor() makes them, or 0. Interrupts are off. */
void set_tls(const u64 *tls);

/* A data segment of ring 3. pages: the limit counts pages. */
u64 tls_descriptor(u32 base, u32 limit, bool pages, bool writable);

/* INT 0x80 from ring 3 goes there, interrupts as they are. Once, at boot. */
void set_system_call_gate(void (*entry)(void));

/* The double-fault task loads its own CR3: tell it after each change. */
void double_fault_set_cr3(u32 cr3);

#endif
