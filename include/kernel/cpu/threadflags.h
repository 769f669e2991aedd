/*
 * What those below the scheduler know of a thread. It is part of the thread's
 * structure, and the scheduler makes it reachable when it gives the CPU to it.
 *
 * A thread changes its own only, but for flags, which others set, too. What an
 * interrupt finds there is of the thread that it interrupted, not its own. Any
 * context.
 */
#ifndef KERNEL_CPU_THREADFLAGS_H
#define KERNEL_CPU_THREADFLAGS_H

#include <kernel/cpu/hardirq.h>

/*
 * flag		set by			until
 * TF_RECLAIM	itself			it has given back what it could
 * TF_KILLED	who kills it		its end: it does not see ring 3 again
 * TF_MEMDIE	out_of_memory(), which	its end
 *		chose it
 * TF_EXITING	itself: a process ends	its end
 */
#define TF_RECLAIM 1U		/* gives back memory: may take the last of it */
#define TF_KILLED 2U		/* ends as soon as it can */
#define TF_MEMDIE 4U		/* its end gives back memory: as TF_RECLAIM */
#define TF_EXITING 8U		/* its end has begun */

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

static inline void set_thread_flags(struct thread_part *part, u32 flags)
{
	__atomic_fetch_or(&part->flags, flags, __ATOMIC_SEQ_CST);
}

static inline void clear_thread_flags(struct thread_part *part, u32 flags)
{
	__atomic_fetch_and(&part->flags, ~flags, __ATOMIC_SEQ_CST);
}

/* Is it a thread that asks, and one that gives memory back? */
static inline bool thread_reclaims(void)
{
	return current_flags & TF_RECLAIM && !in_interrupt();
}

/* The same by its end, which was asked for. */
static inline bool thread_is_victim(void)
{
	return current_flags & TF_MEMDIE && !in_interrupt();
}

#endif
