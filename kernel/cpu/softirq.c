/*
 * Softirqs and tasklets. ULK3 section 4.7.
 *
 * 1. A raised softirq is a bit of the CPU's word of pending ones. They run
 *    behind the last nested handler, or at the local_bh_enable() that lets them
 *    again, with interrupts on; the lower number first.
 *
 * 2. What is raised while they run is run in the same go, MAX_ROUNDS times at
 *    most: a device that raises faster than it is served would keep the CPU for
 *    ever. The rest waits for the next interrupt, or for a thread that
 *    softirq_overload_hook wakes.
 *
 * 3. Tasklets hang on a list of the CPU that scheduled them. SCHEDULED keeps one
 *    from being on two lists, RUNNING from running on two CPUs.
 *
 *	SCHEDULED	RUNNING
 *	0		0		at rest
 *	1		0		on a list
 *	0		1		runs; may be scheduled again
 *	1		1		runs, and will once more
 *
 * Everything here is the CPU's own, with interrupts off.
 */
#include <kernel/cpu/atomic.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/softirq.h>
#include <kernel/lib/bug.h>

#define MAX_ROUNDS 10U		/* the reference's */

static void (*actions[NR_SOFTIRQS])(void);
static u32 pending[NR_CPUS];
static u32 counts[NR_SOFTIRQS];
static struct list_head tasklets[NR_CPUS][2];	/* high ones; others */

void (*softirq_overload_hook)(void);

void open_softirq(enum softirq nr, void (*action)(void))
{
	actions[nr] = action;
}

void raise_softirq(enum softirq nr)
{
	u32 flags = local_irq_save();

	pending[smp_processor_id()] |= 1U << nr;
	local_irq_restore(flags);
}

bool softirq_pending(void)
{
	return pending[smp_processor_id()] != 0;
}

u32 softirq_count(enum softirq nr)
{
	return counts[nr];
}

/* One go over what was pending at its begin. Interrupts are on in it. */
static void run_round(u32 bits)
{
	while (bits) {
		u32 nr = (u32)__builtin_ctz(bits), before = preempt_count();

		bits &= bits - 1;
		counts[nr]++;
		actions[nr]();
		BUG_ON(preempt_count() != before,
		       "a softirq ended with another preempt count");
	}
}

void do_softirq(void)
{
	u32 flags = local_irq_save(), rounds = 0, bits;

	if (in_interrupt()) {
		local_irq_restore(flags);
		return;
	}
	preempt_count() += SOFTIRQ_OFFSET;
	while ((bits = pending[smp_processor_id()]) && rounds++ < MAX_ROUNDS) {
		pending[smp_processor_id()] = 0;
		local_irq_enable();
		run_round(bits);
		local_irq_disable();
	}
	preempt_count() -= SOFTIRQ_OFFSET;
	if (bits && softirq_overload_hook)
		softirq_overload_hook();
	local_irq_restore(flags);
}

void local_bh_disable(void)
{
	preempt_count() += SOFTIRQ_DISABLE_OFFSET;
	barrier();
}

void local_bh_enable(void)
{
	BUG_ON(!in_softirq(), "local_bh_enable() without local_bh_disable()");
	barrier();
	preempt_count() -= SOFTIRQ_DISABLE_OFFSET;
	if (softirq_pending() && !irqs_disabled())
		do_softirq();
}

/* --- tasklets --- */

void tasklet_init(struct tasklet *tasklet, void (*func)(unsigned long data),
		  unsigned long data)
{
	tasklet->state = 0;
	tasklet->func = func;
	tasklet->data = data;
}

static void schedule_on(struct tasklet *tasklet, int list, enum softirq nr)
{
	u32 flags = local_irq_save();

	if (!(tasklet->state & TASKLET_SCHEDULED)) {
		atomic_set_bits(&tasklet->state, TASKLET_SCHEDULED);
		list_add_tail(&tasklet->list,
			      &tasklets[smp_processor_id()][list]);
		raise_softirq(nr);
	}
	local_irq_restore(flags);
}

void tasklet_hi_schedule(struct tasklet *tasklet)
{
	schedule_on(tasklet, 0, HI_SOFTIRQ);
}

void tasklet_schedule(struct tasklet *tasklet)
{
	schedule_on(tasklet, 1, TASKLET_SOFTIRQ);
}

/* The next one of a list, off it; NULL: it is empty. */
static struct tasklet *take_tasklet(struct list_head *list)
{
	u32 flags = local_irq_save();
	struct tasklet *tasklet = NULL;

	if (!list_empty(list)) {
		tasklet = list_first_entry(list, struct tasklet, list);
		list_del(&tasklet->list);
		atomic_set_bits(&tasklet->state, TASKLET_RUNNING);
		atomic_clear_bits(&tasklet->state, TASKLET_SCHEDULED);
	}
	local_irq_restore(flags);
	return tasklet;
}

/* What was on the list at the begin: one that schedules itself again has to
 * wait for the next go. */
static void run_tasklets(int which)
{
	struct list_head *list = &tasklets[smp_processor_id()][which];
	struct tasklet *tasklet, *last;
	u32 flags = local_irq_save();

	last = list_empty(list) ? NULL :
	       list_entry(list->prev, struct tasklet, list);
	local_irq_restore(flags);
	while (last && (tasklet = take_tasklet(list))) {
		tasklet->func(tasklet->data);
		atomic_clear_bits(&tasklet->state, TASKLET_RUNNING);
		if (tasklet == last)
			break;
	}
}

static void run_high(void)
{
	run_tasklets(0);
}

static void run_low(void)
{
	run_tasklets(1);
}

void tasklet_kill(struct tasklet *tasklet)
{
	BUG_ON(in_interrupt(), "tasklet_kill() in an interrupt");
	while (*(volatile u32 *)&tasklet->state) {
		do_softirq();
		cpu_relax();
	}
}

void softirq_init(void)
{
	unsigned int cpu;

	for_each_cpu(cpu) {
		INIT_LIST_HEAD(&tasklets[cpu][0]);
		INIT_LIST_HEAD(&tasklets[cpu][1]);
	}
	open_softirq(HI_SOFTIRQ, run_high);
	open_softirq(TASKLET_SOFTIRQ, run_low);
}
