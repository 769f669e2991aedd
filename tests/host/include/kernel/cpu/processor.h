/*
 * A CPU without privileged instructions: its interrupt flag is a variable, so
 * that a test sees who forgets to restore it.
 *
 * Interrupts come where a test wants them: it is asked at each point where one
 * could come and the flag is set, that is before it is cleared, after it is set
 * again, and between the instructions of cpustack.h.
 */
#ifndef HOST_KERNEL_CPU_PROCESSOR_H
#define HOST_KERNEL_CPU_PROCESSOR_H

#include <kernel/lib/compiler.h>

#define EFLAGS_IF 0x00000200

extern u32 host_eflags;

/* Runs a handler, or not, and says so; NULL: there are none. */
extern bool (*host_interrupts)(void);
bool host_take_interrupt(void);

/* A point where one may come; true: it came. */
static inline bool host_interrupt(void)
{
	return __builtin_expect(host_interrupts != NULL, 0) &&
	       host_take_interrupt();
}

/* For headers that have it in an inline function; no test asks for the time. */
static inline u64 rdtsc(void)
{
	return 0;
}

static inline u32 read_eflags(void)
{
	return host_eflags;
}

static inline u32 local_irq_save(void)
{
	u32 flags;

	host_interrupt();
	flags = host_eflags;
	host_eflags &= ~(u32)EFLAGS_IF;
	return flags;
}

static inline void local_irq_restore(u32 flags)
{
	host_eflags = flags;
	host_interrupt();
}

/* Of the page fault that a test makes up. */
extern u32 host_cr2, host_cr3;

static inline u32 read_cr2(void)
{
	return host_cr2;
}

static inline u32 read_cr3(void)
{
	return host_cr3;
}

static inline void cpu_relax(void)
{
}

#endif
