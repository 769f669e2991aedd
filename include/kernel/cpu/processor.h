/*
 * Control registers, flags and the instructions C has no words for.
 * SDM volume 3A, section 2.5 (control registers), volume 2 (instructions).
 * All inline, any context; CR and MSR writes need ring 0, as all here is.
 */
#ifndef KERNEL_CPU_PROCESSOR_H
#define KERNEL_CPU_PROCESSOR_H

#define CR0_PE 0x00000001	/* protection enable */
#define CR0_MP 0x00000002	/* WAIT heeds TS */
#define CR0_EM 0x00000004
#define CR0_TS 0x00000008
#define CR0_ET 0x00000010
#define CR0_NE 0x00000020
#define CR0_WP 0x00010000	/* ring 0 obeys read-only pages */
#define CR0_AM 0x00040000
#define CR0_NW 0x20000000
#define CR0_CD 0x40000000
#define CR0_PG 0x80000000	/* paging */

#define CR4_PSE 0x00000010	/* 4 MB pages */
#define CR4_PAE 0x00000020	/* three levels, 64-bit entries */
#define CR4_PGE 0x00000080	/* global pages */
#define CR4_OSFXSR 0x00000200	/* FXSAVE has the SSE registers, too */
#define CR4_OSXMMEXCPT 0x00000400

#define MSR_EFER 0xC0000080
#define EFER_LME 0x00000100
#define EFER_NXE 0x00000800

#define EFLAGS_IF 0x00000200
#define EFLAGS_ID 0x00200000

#ifndef __ASSEMBLER__

#include <kernel/lib/compiler.h>

#define DEFINE_CONTROL_REGISTER(reg)					\
static inline u32 read_##reg(void)					\
{									\
	u32 value;							\
									\
	__asm__ volatile("movl %%" #reg ", %0" : "=r"(value));		\
	return value;							\
}									\
static inline void write_##reg(u32 value)				\
{									\
	__asm__ volatile("movl %0, %%" #reg : : "r"(value) : "memory"); \
}

DEFINE_CONTROL_REGISTER(cr0)
DEFINE_CONTROL_REGISTER(cr2)
DEFINE_CONTROL_REGISTER(cr3)
DEFINE_CONTROL_REGISTER(cr4)	/* #UD on an early 486: see cpu_has_cr4() */

static inline u64 rdmsr(u32 msr)
{
	u64 value;

	__asm__ volatile("rdmsr" : "=A"(value) : "c"(msr));
	return value;
}

static inline void wrmsr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "A"(value) : "memory");
}

/* #UD without X86_FEATURE_TSC. */
static inline u64 rdtsc(void)
{
	u64 value;

	__asm__ volatile("rdtsc" : "=A"(value) : : "memory");
	return value;
}

static inline u32 read_eflags(void)
{
	u32 flags;

	__asm__ volatile("pushfl; popl %0" : "=r"(flags) : : "memory");
	return flags;
}

static inline void write_eflags(u32 flags)
{
	__asm__ volatile("pushl %0; popfl" : : "r"(flags) : "memory", "cc");
}

static inline u32 local_irq_save(void)
{
	u32 flags = read_eflags();

	__asm__ volatile("cli" : : : "memory");
	return flags;
}

static inline void local_irq_restore(u32 flags)
{
	write_eflags(flags);
}

static inline void local_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

static inline void local_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void cpu_relax(void)
{
	__asm__ volatile("rep; nop" : : : "memory");
}

__noreturn static inline void cpu_halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" : : : "memory");
}

struct table_register {		/* what LGDT, LIDT and SGDT, SIDT move */
	u16 limit;
	u32 base;
} __packed;

#endif
#endif
