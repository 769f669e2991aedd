/*
 * The timer wheel. ULK3 section 6.6.1; Varghese and Lauck, "Hashed and
 * Hierarchical Timing Wheels", SOSP 1987.
 *
 * 1. Five arrays of lists. The first has one for each of the next 256 ticks; the
 *    others 64 each, for ever longer stretches:
 *
 *	array	a list stands for	up to
 *	0	1 tick			2^8 ticks
 *	1	2^8			2^14
 *	2	2^14			2^20
 *	3	2^20			2^26
 *	4	2^26			2^32
 *
 *    Adding is finding the list by the distance: no search. Each tick empties
 *    one list of array 0; every 256th deals one list of array 1 out to array 0,
 *    every 2^14th one of array 2, and so on.
 *
 * 2. base->now is the tick that is served next. Ticks that were missed are
 *    served one after the other, so that timers go off in order.
 *
 * 3. A function runs without the lock, its timer off the wheel and noted in
 *    base->running: del_timer_sync() waits for that.
 *
 * Lock: base->lock with interrupts off. Cost: adding, deleting: constant.
 */
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/bug.h>
#include <kernel/lock.h>

#define ROOT_BITS 8
#define ARRAY_BITS 6
#define ROOT_SIZE (1U << ROOT_BITS)
#define ARRAY_SIZE_ (1U << ARRAY_BITS)
#define NR_ARRAYS 4		/* beyond the first */

struct timer_base {
	spinlock_t lock;
	u32 now;		/* the tick that is served next */
	u32 pending;
	struct timer_list *running;
	struct list_head root[ROOT_SIZE];
	struct list_head array[NR_ARRAYS][ARRAY_SIZE_];
};

static struct timer_base bases[NR_CPUS];

/* Of array n, the first one after the root being 0: log2 of a list's ticks. */
static u32 array_shift(u32 n)
{
	return ROOT_BITS + n * ARRAY_BITS;
}

static struct list_head *list_for(struct timer_base *base, u32 expires)
{
	u32 distance = expires - base->now, n;

	if ((s32)distance < 0)		/* past: with the next tick */
		return &base->root[base->now % ROOT_SIZE];
	if (distance < ROOT_SIZE)
		return &base->root[expires % ROOT_SIZE];
	for (n = 0; n < NR_ARRAYS - 1; n++)
		if (distance < 1U << array_shift(n + 1))
			break;
	return &base->array[n][expires >> array_shift(n) & (ARRAY_SIZE_ - 1)];
}

static void enter(struct timer_base *base, struct timer_list *timer)
{
	list_add_tail(&timer->entry, list_for(base, timer->expires));
	base->pending++;
}

static void leave(struct timer_base *base, struct timer_list *timer)
{
	list_del(&timer->entry);
	timer->entry.next = NULL;
	base->pending--;
}

/* --- what others call --- */

/* There is one CPU: with several a timer must note whose wheel it is on. */
static struct timer_base *base_of(const struct timer_list *timer)
{
	return &bases[smp_processor_id()];
}

void init_timer(struct timer_list *timer)
{
	timer->entry.next = NULL;
	timer->period = 0;
}

void setup_timer(struct timer_list *timer, void (*function)(unsigned long data),
		 unsigned long data)
{
	init_timer(timer);
	timer->function = function;
	timer->data = data;
}

bool mod_timer(struct timer_list *timer, u32 expires)
{
	struct timer_base *base = base_of(timer);
	u32 flags = spin_lock_irqsave(&base->lock);
	bool pending = timer_pending(timer);

	BUG_ON(!timer->function, "a timer without a function");
	if (pending)
		leave(base, timer);
	timer->expires = expires;
	enter(base, timer);
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

void add_timer(struct timer_list *timer)
{
	BUG_ON(timer_pending(timer), "add_timer() of a timer that is pending");
	mod_timer(timer, timer->expires);
}

bool del_timer(struct timer_list *timer)
{
	struct timer_base *base = base_of(timer);
	u32 flags = spin_lock_irqsave(&base->lock);
	bool pending = timer_pending(timer);

	if (pending)
		leave(base, timer);
	spin_unlock_irqrestore(&base->lock, flags);
	return pending;
}

/* Off the wheel, if its function is not at work: was that so? */
static bool try_to_delete(struct timer_list *timer, bool *pending)
{
	struct timer_base *base = base_of(timer);
	u32 flags = spin_lock_irqsave(&base->lock);
	bool at_rest = base->running != timer;

	if (at_rest && timer_pending(timer)) {
		leave(base, timer);
		*pending = true;
	}
	spin_unlock_irqrestore(&base->lock, flags);
	return at_rest;
}

bool del_timer_sync(struct timer_list *timer)
{
	bool pending = false;

	BUG_ON(in_interrupt(), "del_timer_sync() in an interrupt");
	while (!try_to_delete(timer, &pending))
		cpu_relax();
	return pending;
}

u32 timers_pending(void)
{
	u32 n = 0;
	unsigned int cpu;

	for_each_cpu(cpu)
		n += bases[cpu].pending;
	return n;
}

/* --- ticks --- */

/* All of a list to *to, whose head is the caller's. */
static void take_list(struct list_head *from, struct list_head *to)
{
	INIT_LIST_HEAD(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	INIT_LIST_HEAD(from);
}

/* A list of a further array is dealt out to nearer ones: its index. */
static u32 cascade(struct timer_base *base, u32 n)
{
	u32 index = base->now >> array_shift(n) & (ARRAY_SIZE_ - 1);
	struct timer_list *timer, *next;
	struct list_head list;

	take_list(&base->array[n][index], &list);
	list_for_each_entry_safe(timer, next, &list, entry)
		list_add_tail(&timer->entry, list_for(base, timer->expires));
	return index;
}

/* The lock is held, and let go of while the function runs. */
static void run_timer(struct timer_base *base, struct timer_list *timer,
		      u32 *flags)
{
	void (*function)(unsigned long) = timer->function;
	unsigned long data = timer->data;
	u32 before = preempt_count();

	leave(base, timer);
	if (timer->period) {
		timer->expires += timer->period;
		enter(base, timer);
	}
	base->running = timer;
	spin_unlock_irqrestore(&base->lock, *flags);
	function(data);
	*flags = spin_lock_irqsave(&base->lock);
	BUG_ON(preempt_count() != before,
	       "a timer's function ended with another preempt count");
	base->running = NULL;
}

static void serve_tick(struct timer_base *base, u32 *flags)
{
	u32 index = base->now % ROOT_SIZE, n;
	struct list_head list;

	for (n = 0; !index && n < NR_ARRAYS; n++)
		if (cascade(base, n))
			break;
	take_list(&base->root[index], &list);
	base->now++;
	while (!list_empty(&list))
		run_timer(base, list_first_entry(&list, struct timer_list,
						 entry), flags);
}

static void run_timers(void)
{
	struct timer_base *base = &bases[smp_processor_id()];
	u32 flags = spin_lock_irqsave(&base->lock);

	while (time_after_eq(jiffies, base->now))
		serve_tick(base, &flags);
	spin_unlock_irqrestore(&base->lock, flags);
}

void timer_tick(void)
{
	raise_softirq(TIMER_SOFTIRQ);
}

void timer_init(void)
{
	unsigned int cpu, i, n;

	for_each_cpu(cpu) {
		struct timer_base *base = &bases[cpu];

		spin_lock_init(&base->lock, "timer_base.lock");
		base->now = jiffies + 1;
		for (i = 0; i < ROOT_SIZE; i++)
			INIT_LIST_HEAD(&base->root[i]);
		for (n = 0; n < NR_ARRAYS; n++)
			for (i = 0; i < ARRAY_SIZE_; i++)
				INIT_LIST_HEAD(&base->array[n][i]);
	}
	open_softirq(TIMER_SOFTIRQ, run_timers);
}
