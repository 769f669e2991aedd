/*
 * A CPU without privileged instructions: its interrupt flag is a variable, so
 * that a test sees who forgets to restore it.
 */
#ifndef HOST_KERNEL_CPU_PROCESSOR_H
#define HOST_KERNEL_CPU_PROCESSOR_H

#include <kernel/lib/compiler.h>

#define EFLAGS_IF 0x00000200

extern u32 host_eflags;

static inline u32 read_eflags(void)
{
	return host_eflags;
}

static inline u32 local_irq_save(void)
{
	u32 flags = host_eflags;

	host_eflags &= ~(u32)EFLAGS_IF;
	return flags;
}

static inline void local_irq_restore(u32 flags)
{
	host_eflags = flags;
}

static inline void cpu_relax(void)
{
}

#endif
