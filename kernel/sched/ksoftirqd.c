/*
 * What softirqs raise themselves, faster than it is served. ULK3 section 4.7.1.
 *
 * 1. Behind an interrupt a few rounds of softirqs run, and no more: otherwise
 *    a storm of them would keep the CPU from all threads. The rest would wait
 *    for the next interrupt, though the CPU may have nothing else to do. So it
 *    is left to a thread that stands behind all others but the idle one: where
 *    others can run it costs them nothing, where they cannot it is done now.
 *
 * 2. It goes over the pending ones as often as one interrupt does, and looks
 *    then whether somebody else should run.
 *
 * 3. Interrupts go on to run softirqs behind them meanwhile: a storm is served
 *    at each tick at least, whoever has the CPU.
 *
 * No lock: what is pending is the CPU's own, and so is the thread.
 */
#include <kernel/base/panic.h>
#include <kernel/cpu/softirq.h>
#include <kernel/sched/ksoftirqd.h>
#include <kernel/sched/task.h>

#define PRIO_LAST (PRIO_IDLE - 1)

static struct task *threads[NR_CPUS];

static void wake_ksoftirqd(void)
{
	wake_up_process(threads[smp_processor_id()]);
}

static int ksoftirqd(void *unused)
{
	(void)unused;
	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (!softirq_pending())
			schedule();
		set_current_state(TASK_RUNNING);
		do_softirq();
		cond_resched();
	}
	return 0;
}

void ksoftirqd_init(void)
{
	u32 cpu = smp_processor_id();

	threads[cpu] = kthread_run_prio(PRIO_LAST, ksoftirqd, NULL,
					"ksoftirqd/%u", cpu);
	if (!threads[cpu])
		panic("no memory for the thread of softirqs");
	softirq_overload_hook = wake_ksoftirqd;
}
