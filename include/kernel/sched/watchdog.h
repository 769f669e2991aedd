/*
 * Two watchers of threads. Each reports a culprit once, as an error with its
 * back trace.
 *
 * A hung thread has waited in TASK_UNINTERRUPTIBLE for longer than
 * hung_seconds: what it waits for does not come.
 *
 * A soft lockup: for LOCKUP_SECONDS the CPU was not given to a thread that is
 * more urgent than all others. Interrupts came, so what keeps the CPU is a
 * spin lock, preempt_disable(), or a softirq.
 */
#ifndef KERNEL_SCHED_WATCHDOG_H
#define KERNEL_SCHED_WATCHDOG_H

#include <kernel/lib/types.h>

#define HUNG_SECONDS_DEFAULT 120U	/* Linux's */
#define HUNG_SECONDS_MOST 100000U	/* guessed: jiffies must not wrap */
#define LOCKUP_SECONDS 10U		/* Linux's */

extern u32 hung_seconds;		/* hung=; 0: off */
extern u32 lockup_ticks;	/* of LOCKUP_SECONDS; 0: off */

/* Reports the threads that wait for so many ticks or more and were not reported
 * in this wait: how many. May sleep. */
u32 check_hung_tasks(u32 ticks);

struct watchdog_counts {
	u32 hung, lockups;	/* reported since boot */
};

struct watchdog_counts watchdog_counts(void);

/* In each tick, in its handler. */
void watchdog_tick(void);

/* Boot, behind workqueue_init(). */
void watchdog_init(void);

#endif
