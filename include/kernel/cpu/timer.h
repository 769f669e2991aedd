/*
 * Timers: a function that is called at a tick. ULK3 section 6.6.
 *
 * The function runs in a softirq: it may not sleep. It runs at the first tick
 * not before expires; timers of one tick in the order in which they were added.
 * It may add its own timer again, or free it.
 *
 * All: any context, except where said. A timer is added, changed and deleted by
 * one at a time; the wheel is the CPU's that added it.
 */
#ifndef KERNEL_CPU_TIMER_H
#define KERNEL_CPU_TIMER_H

#include <kernel/lib/list.h>

struct timer_list {
	struct list_head entry;	/* next NULL: not pending */
	u32 expires;		/* jiffies */
	u32 period;		/* ticks to the next time; 0: once */
	void (*function)(unsigned long data);
	unsigned long data;
};

/* Before anything else is done with it. */
void init_timer(struct timer_list *timer);
void setup_timer(struct timer_list *timer, void (*function)(unsigned long data),
		 unsigned long data);

static inline bool timer_pending(const struct timer_list *timer)
{
	return timer->entry.next != NULL;
}

/* It must not be pending. expires in the past: at the next tick. */
void add_timer(struct timer_list *timer);

/* Pending or not, from now on for then: was it pending? */
bool mod_timer(struct timer_list *timer, u32 expires);

/* For good, unless its function adds it again: was it pending? */
bool del_timer(struct timer_list *timer);

/*
 * The same, and its function does not run either when this returns, nor adds
 * it again. Not from the function itself, nor from an interrupt handler.
 */
bool del_timer_sync(struct timer_list *timer);

/* Pending ones of all CPUs. */
u32 timers_pending(void);

/* Each tick, by time.c. */
void timer_tick(void);
void timer_init(void);

#endif
