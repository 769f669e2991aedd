/*
 * The timer wheel. ULK3 section 6.6.1; Varghese and Lauck, "Hashed and
 * Hierarchical Timing Wheels", SOSP 1987.
 *
 * 1. Five arrays of lists. Which one a timer is on, its expiry and base->now
 *    say: the first array whose whole round both lie in.
 *
 *	array	a list stands for	a round is
 *	0	1 tick			2^8 ticks
 *	1	2^8			2^14
 *	2	2^14			2^20
 *	3	2^20			2^26
 *	4	2^26			2^32
 *
 *    Adding is an index: no search. When now enters a new round of array n, one
 *    list of array n + 1 is dealt out to those before it.
 *
 * 2. Timers of one tick are on one list at any time, the oldest first, and are
 *    dealt out together: so they go off in the order in which they were added.
 *
 * 3. base->now is the tick that is served next, dealt out already. Ticks that
 *    were missed are served one after the other, so that timers go off in
 *    order.
 *
 * 4. A function runs without the lock, its timer off the wheel and noted in
 *    base->running: del_timer_sync() waits for that.
 *
 * Lock: base->lock with interrupts off. Cost: adding, deleting: constant; a
 * tick without timers some 60 instructions.
 */
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <kernel/lock.h>

struct timer_base timer_bases[NR_CPUS];

/* Of array n, the first one after the root being 0: log2 of a list's ticks. */
static u32 array_shift(u32 n)
{
	return TIMER_ROOT_BITS + n * TIMER_ARRAY_BITS;
}

static u32 index_in(u32 n, u32 tick)
{
	return tick >> array_shift(n) & (TIMER_ARRAY_SIZE - 1);
}

static struct list_head *list_for(struct timer_base *base, u32 expires)
{
	u32 differ = expires ^ base->now, n;

	if (time_before(expires, base->now))	/* past: with the next tick */
		return &base->root[base->now % TIMER_ROOT_SIZE];
	if (differ < TIMER_ROOT_SIZE)
		return &base->root[expires % TIMER_ROOT_SIZE];
	for (n = 0; n < TIMER_ARRAYS - 1; n++)
		if (differ < 1U << array_shift(n + 1))
			break;
	return &base->array[n][index_in(n, expires)];
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

void init_timer(struct timer_list *timer)
{
	timer->entry.next = NULL;
	timer->period = 0;
	timer->function = NULL;
	timer->base = &timer_bases[smp_processor_id()];
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
	struct timer_base *base = timer->base;
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
	struct timer_base *base = timer->base;
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
	struct timer_base *base = timer->base;
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
		n += timer_bases[cpu].pending;
	return n;
}

/* --- ticks --- */

/* The list of array n that begins now is dealt out to nearer ones. */
static void deal_out(struct timer_base *base, u32 n)
{
	struct timer_list *timer, *next;
	struct list_head list;

	list_move_all(&base->array[n][index_in(n, base->now)], &list);
	list_for_each_entry_safe(timer, next, &list, entry)
		list_add_tail(&timer->entry, list_for(base, timer->expires));
}

/* To the next tick; a round of the arrays below n may begin with it. */
static void advance(struct timer_base *base)
{
	u32 n;

	base->now++;
	for (n = 0; n < TIMER_ARRAYS; n++) {
		if (base->now & ((1U << array_shift(n)) - 1))
			break;
		deal_out(base, n);
	}
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
	struct list_head *due = &base->root[base->now % TIMER_ROOT_SIZE], list;

	if (list_empty(due)) {
		advance(base);
		return;
	}
	list_move_all(due, &list);
	advance(base);
	while (!list_empty(&list))
		run_timer(base, list_first_entry(&list, struct timer_list,
						 entry), flags);
}

void timer_base_run(struct timer_base *base, u32 until)
{
	u32 flags = spin_lock_irqsave(&base->lock);

	while (time_after_eq(until, base->now))
		serve_tick(base, &flags);
	spin_unlock_irqrestore(&base->lock, flags);
}

static void run_timers(void)
{
	timer_base_run(&timer_bases[smp_processor_id()], jiffies);
}

/* Does a tick begin on which nothing is due, and no round ends? */
static bool tick_is_idle(const struct timer_base *base)
{
	return base->now == jiffies &&
	       list_empty(&base->root[base->now % TIMER_ROOT_SIZE]) &&
	       (base->now + 1) % TIMER_ROOT_SIZE;
}

void timer_tick(void)
{
	struct timer_base *base = &timer_bases[smp_processor_id()];

	spin_lock(&base->lock);
	if (tick_is_idle(base))
		base->now++;
	else
		raise_softirq_irqoff(TIMER_SOFTIRQ);
	spin_unlock(&base->lock);
}

void timer_base_init(struct timer_base *base, u32 now)
{
	unsigned int i, n;

	memset(base, 0, sizeof(*base));
	spin_lock_init(&base->lock, "timer_base.lock");
	base->now = now;
	for (i = 0; i < TIMER_ROOT_SIZE; i++)
		INIT_LIST_HEAD(&base->root[i]);
	for (n = 0; n < TIMER_ARRAYS; n++)
		for (i = 0; i < TIMER_ARRAY_SIZE; i++)
			INIT_LIST_HEAD(&base->array[n][i]);
}

void timer_init(void)
{
	unsigned int cpu;

	for_each_cpu(cpu)
		timer_base_init(&timer_bases[cpu], jiffies + 1);
	open_softirq(TIMER_SOFTIRQ, run_timers);
}
