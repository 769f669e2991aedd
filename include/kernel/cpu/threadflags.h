/*
 * What a thread is in, for those below the scheduler: a word of the thread's
 * own, which the scheduler makes reachable when it gives the CPU to it.
 *
 * A thread changes its own word only. What an interrupt finds there is of the
 * thread that it interrupted, not its own.
 */
#ifndef KERNEL_CPU_THREADFLAGS_H
#define KERNEL_CPU_THREADFLAGS_H

#include <kernel/cpu/hardirq.h>

#define TF_RECLAIM 1U		/* gives back memory: may take the last of it */

extern u32 *thread_flags[NR_CPUS];
#define current_flags (*thread_flags[smp_processor_id()])

/* The stack of the thread that has the CPU; none: that of the boot. */
struct stack_range {
	u32 low, high;
};

extern struct stack_range thread_stack[NR_CPUS];

/* Is it a thread that asks, and one that gives memory back? */
static inline bool thread_reclaims(void)
{
	return current_flags & TF_RECLAIM && !in_interrupt();
}

#endif
