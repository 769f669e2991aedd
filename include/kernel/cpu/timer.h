/*
 * Timers: a function that is called at a tick. ULK3 section 6.6.
 *
 * The function runs in a softirq: it may not sleep. It runs at the first tick
 * not before expires; timers of one tick in the order in which they were added.
 * It may add its own timer again, or free it.
 *
 * All: any context, except where said. The wheel is that of the CPU that
 * initialized the timer.
 */
#ifndef KERNEL_CPU_TIMER_H
#define KERNEL_CPU_TIMER_H

#include <kernel/cpu/spinlock.h>
#include <kernel/lib/list.h>

struct timer_base;

struct timer_list {
	struct list_head entry;	/* next NULL: not pending */
	u32 expires;		/* jiffies */
	u32 period;		/* ticks to the next time; 0: once */
	void (*function)(unsigned long data);
	unsigned long data;
	struct timer_base *base;	/* its wheel */
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

/*
 * A wheel: each CPU has one. A test may have another, by writing timer->base
 * while it is not pending, and turns that itself.
 */
#define TIMER_ROOT_BITS 8
#define TIMER_ROOT_SIZE (1U << TIMER_ROOT_BITS)
#define TIMER_ARRAY_BITS 6
#define TIMER_ARRAY_SIZE (1U << TIMER_ARRAY_BITS)
#define TIMER_ARRAYS 4		/* beyond the first */

struct timer_base {
	spinlock_t lock;
	u32 now;		/* the tick that is served next */
	u32 pending;
	struct timer_list *running;
	struct list_head root[TIMER_ROOT_SIZE];
	struct list_head array[TIMER_ARRAYS][TIMER_ARRAY_SIZE];
};

/* One that is there before anything runs is the first CPU's. */
extern struct timer_base timer_bases[];
#define TIMER_INITIALIZER(function_, data_)				\
	{ .function = (function_), .data = (data_), .base = timer_bases }

void timer_base_init(struct timer_base *base, u32 now);

/* Serves all ticks up to that one. One at a time; by the softirq. */
void timer_base_run(struct timer_base *base, u32 until);

/* By time.c, in the tick's handler. */
void timer_tick(void);
void timer_init(void);

#endif
