/*
 * Softirqs and tasklets. ULK3 section 4.7.
 *
 * 1. A raised softirq is a bit of the CPU's word of pending ones. They run
 *    behind the last nested handler, or at the local_bh_enable() that lets them
 *    again, with interrupts on, on the interrupt stack; the lower number first.
 *    What a thread raises outside of local_bh_disable() waits for the next
 *    interrupt: a tick at most.
 *
 * 2. What is raised while they run is run in the same go, MAX_ROUNDS times at
 *    most: a device that raises faster than it is served would keep the CPU for
 *    ever. The rest waits for the next interrupt, or for a thread that
 *    softirq_overload_hook wakes.
 *
 * 3. Tasklets hang on a list of the CPU that scheduled them. SCHEDULED keeps
 *    one from being on two lists, RUNNING from running on two CPUs.
 *
 *	SCHEDULED	RUNNING
 *	0		0		at rest
 *	1		0		on a list
 *	0		1		runs; may be scheduled again
 *	1		1		runs, and will once more
 *
 *    One that runs on another CPU goes to the end of the list again, and its
 *    softirq is raised again.
 *
 * Everything here is the CPU's own, with interrupts off.
 */
#include <kernel/cpu/atomic.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/preempt.h>
#include <kernel/cpu/softirq.h>
#include <kernel/lib/bug.h>

#define MAX_ROUNDS 10U		/* the reference's */

/* Lists of tasklets. */
#define HIGH 0
#define LOW 1

static void (*actions[NR_SOFTIRQS])(void);
static u32 pending[NR_CPUS];
static u32 counts[NR_SOFTIRQS];
static struct list_head tasklets[NR_CPUS][2];

void (*softirq_overload_hook)(void);

void open_softirq(enum softirq nr, void (*action)(void))
{
	actions[nr] = action;
}

void raise_softirq_irqoff(enum softirq nr)
{
	BUG_ON(!actions[nr], "a softirq is raised that nobody opened");
	pending[smp_processor_id()] |= 1U << nr;
}

void raise_softirq(enum softirq nr)
{
	u32 flags = local_irq_save();

	raise_softirq_irqoff(nr);
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
		BUG_ON(irqs_disabled(), "a softirq ended with interrupts off");
	}
}

void run_softirqs(u32 unused)
{
	u32 rounds = 0, bits;

	(void)unused;
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
}

void do_softirq(void)
{
	u32 flags = local_irq_save();

	if (softirq_pending() && !in_interrupt())
		call_on_irq_stack(run_softirqs, 0);
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
	if (irqs_disabled())
		return;
	if (softirq_pending())
		do_softirq();
	/* one of them, or an interrupt since the disable, woke somebody */
	preempt_check();
}

/* --- tasklets --- */

void tasklet_init(struct tasklet *tasklet, void (*func)(unsigned long data),
		  unsigned long data)
{
	tasklet->state = 0;
	tasklet->func = func;
	tasklet->data = data;
}

/* Interrupts are off. */
static void put_on_list(struct tasklet *tasklet, int which)
{
	list_add_tail(&tasklet->list, &tasklets[smp_processor_id()][which]);
	raise_softirq_irqoff(which == HIGH ? HI_SOFTIRQ : TASKLET_SOFTIRQ);
}

static void schedule_on(struct tasklet *tasklet, int which)
{
	u32 flags = local_irq_save();

	if (!(atomic_fetch_set_bits(&tasklet->state, TASKLET_SCHEDULED) &
	      TASKLET_SCHEDULED))
		put_on_list(tasklet, which);
	local_irq_restore(flags);
}

void tasklet_hi_schedule(struct tasklet *tasklet)
{
	schedule_on(tasklet, HIGH);
}

void tasklet_schedule(struct tasklet *tasklet)
{
	schedule_on(tasklet, LOW);
}

/* It is off all lists. */
static void run_tasklet(struct tasklet *tasklet, int which)
{
	u32 flags;

	if (atomic_fetch_set_bits(&tasklet->state, TASKLET_RUNNING) &
	    TASKLET_RUNNING) {
		flags = local_irq_save();
		put_on_list(tasklet, which);
		local_irq_restore(flags);
		return;
	}
	atomic_clear_bits(&tasklet->state, TASKLET_SCHEDULED);
	tasklet->func(tasklet->data);
	atomic_clear_bits(&tasklet->state, TASKLET_RUNNING);
}

/* What is on the list at the begin: one that schedules itself again has to
 * wait for the next go. */
static void run_tasklets(int which)
{
	struct tasklet *tasklet;
	struct list_head list;
	u32 flags = local_irq_save();

	list_move_all(&tasklets[smp_processor_id()][which], &list);
	local_irq_restore(flags);
	while (!list_empty(&list)) {
		tasklet = list_first_entry(&list, struct tasklet, list);
		list_del(&tasklet->list);
		run_tasklet(tasklet, which);
	}
}

static void run_high(void)
{
	run_tasklets(HIGH);
}

static void run_low(void)
{
	run_tasklets(LOW);
}

static void run_until_clear(const struct tasklet *tasklet, u32 bits)
{
	while (*(const volatile u32 *)&tasklet->state & bits) {
		do_softirq();
		cpu_relax();
	}
}

void tasklet_kill(struct tasklet *tasklet)
{
	BUG_ON(in_interrupt() || irqs_disabled(),
	       "tasklet_kill() where no tasklet can run");
	/* SCHEDULED is ours then: nobody puts it on a list again */
	while (atomic_fetch_set_bits(&tasklet->state, TASKLET_SCHEDULED) &
	       TASKLET_SCHEDULED)
		run_until_clear(tasklet, TASKLET_SCHEDULED);
	run_until_clear(tasklet, TASKLET_RUNNING);
	atomic_clear_bits(&tasklet->state, TASKLET_SCHEDULED);
}

void softirq_init(void)
{
	unsigned int cpu;

	for_each_cpu(cpu) {
		INIT_LIST_HEAD(&tasklets[cpu][HIGH]);
		INIT_LIST_HEAD(&tasklets[cpu][LOW]);
	}
	open_softirq(HI_SOFTIRQ, run_high);
	open_softirq(TASKLET_SOFTIRQ, run_low);
}
