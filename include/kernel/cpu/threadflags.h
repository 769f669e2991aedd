/*
 * What those below the scheduler know of a thread. It is part of the thread's
 * structure, and the scheduler makes it reachable when it gives the CPU to it.
 *
 * A thread changes its own only. What an interrupt finds there is of the thread
 * that it interrupted, not its own. Any context.
 */
#ifndef KERNEL_CPU_THREADFLAGS_H
#define KERNEL_CPU_THREADFLAGS_H

#include <kernel/cpu/hardirq.h>

#define TF_RECLAIM 1U		/* gives back memory: may take the last of it */

/* Both 0: none of its own, but that of the boot. */
struct stack_range {
	u32 low, high;
};

#define LOCK_CHAIN_MOST 8U	/* guessed: the deepest order has 5 */

/* <kernel/cpu/lockcheck.h>: locks whose holder may sleep. */
struct held_locks {
	u32 count;
	u8 class[LOCK_CHAIN_MOST];
};

struct print_capture;			/* <kernel/base/printk.h> */

struct thread_part {
	u32 flags;			/* TF_* */
	struct print_capture *capture;	/* NULL: it prints to the consoles */
	struct stack_range stack;
	struct held_locks held;
};

/* Of the thread that has the CPU; before there are threads, the boot's. */
extern struct thread_part *thread_parts[NR_CPUS];
#define thread_part() (thread_parts[smp_processor_id()])
#define current_flags (thread_part()->flags)

/* Is it a thread that asks, and one that gives memory back? */
static inline bool thread_reclaims(void)
{
	return current_flags & TF_RECLAIM && !in_interrupt();
}

#endif
