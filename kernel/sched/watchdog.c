/*
 * Hung threads and soft lockups.
 *
 * 1. Hung. A periodic timer queues a work that goes over all threads: one in
 *    TASK_UNINTERRUPTIBLE that left the CPU too long ago is reported. Its
 *    number of switches says which wait that was, so that one wait is reported
 *    once. Threads whose work is to wait do so in TASK_INTERRUPTIBLE.
 *
 * 2. Lockup. A thread of the first priority does nothing but reset a counter.
 *    Every tick counts one; from half a second on its handler wakes the thread.
 *    If the counter comes to LOCKUP_SECONDS, who is interrupted by this very
 *    tick has the CPU that the thread does not get.
 *
 * 3. Ticks that were missed and made up for count as one: a computer that stops
 *    the whole virtual machine for a while makes many of them at once, and no
 *    thread is to blame.
 *
 * 4. Back traces. A thread that is off the CPU has its frame where
 *    switch_stacks() left it. Of one that was interrupted, the registers that
 *    the interrupt saved say where it was.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/sched/internal.h>
#include <kernel/sched/watchdog.h>
#include <kernel/sched/workqueue.h>

#define CHECK_SECONDS 10U	/* guessed: a tenth more patience than told */
#define TRACE_MOST 16		/* guessed: deeper ones repeat themselves */

u32 hung_seconds = HUNG_SECONDS_DEFAULT;
u32 lockup_ticks;

static struct watchdog_counts counts;

static int set_hung(const char *value)
{
	u64 n;
	const char *end;
	int err = parse_size(value, &end, &n);

	if (err || *end)
		return -EINVAL;
	if (n > HUNG_SECONDS_MOST)
		return -ERANGE;
	hung_seconds = (u32)n;
	return 0;
}

KERNEL_PARAM(hung, "hung", set_hung, PARAM_VALUE, "0..100000",
	     "seconds until a waiting thread counts as hung; 0: never");

struct watchdog_counts watchdog_counts(void)
{
	return counts;
}

static void print_frames(u32 eip, u32 ebp)
{
	struct unwind walk;
	int depth;

	trace_print(eip);
	unwind_start(&walk, ebp);
	for (depth = 0; depth < TRACE_MOST; depth++) {
		eip = unwind_next(&walk);
		if (!eip)
			break;
		trace_print(eip);
	}
}

/* --- hung threads --- */

/* What switch_stacks() pushed, from the last one up. */
struct switch_frame {
	u32 edi, esi, ebx, ebp, eip;
};

static void report_hung(struct task *task, u32 ticks)
{
	const struct switch_frame *frame =
		(const struct switch_frame *)(uintptr_t)task->esp;

	counts.hung++;
	task->hung_switches = task->switches;
	pr_err("thread %u, %s, has waited for %u seconds; it is at\n",
	       task->pid, task->name, ticks / hz);
	print_frames(frame->eip, frame->ebp);
}

u32 check_hung_tasks(u32 ticks)
{
	u32 before = counts.hung, flags, waited;
	struct task *task;

	might_sleep();
	/* with the lock, so that none of them ends meanwhile */
	flags = spin_lock_irqsave(&all_tasks_lock);
	list_for_each_entry(task, &all_tasks, all) {
		if (task->state != TASK_UNINTERRUPTIBLE || task->queued ||
		    !task->switches || task->hung_switches == task->switches)
			continue;
		waited = jiffies - task->left_at;
		if (waited >= ticks)
			report_hung(task, waited);
	}
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return counts.hung - before;
}

static void check(void *unused)
{
	if (hung_seconds)
		check_hung_tasks(hung_seconds * hz);
}

static DECLARE_WORK(check_work, check, NULL);

static void time_to_check(unsigned long unused)
{
	schedule_work(&check_work);
}

static struct timer_list check_timer;

/* --- soft lockups --- */

/* Each CPU's own. */
struct watch {
	struct task *thread;
	u32 tick;		/* the jiffies of the tick counted last */
	u32 unserved;		/* ticks since the thread ran */
	bool reported;
};

static struct watch watches[NR_CPUS];

static int watch(void *data)
{
	struct watch *w = data;

	while (!kthread_should_stop()) {
		set_current_state(TASK_INTERRUPTIBLE);
		w->unserved = 0;
		w->reported = false;
		schedule();
	}
	return 0;
}

static void report_lockup(struct watch *w)
{
	const struct pt_regs *regs = irq_regs();

	w->reported = true;
	counts.lockups++;
	pr_err("thread %u, %s, has kept the CPU for %u seconds; it is at\n",
	       current->pid, current->name, w->unserved / hz);
	print_frames(regs->eip, regs->ebp);
}

void watchdog_tick(void)
{
	struct watch *w = &watches[smp_processor_id()];

	if (!w->thread || w->tick == jiffies)
		return;
	w->tick = jiffies;
	if (++w->unserved >= lockup_ticks / 4)
		try_to_wake_up(w->thread, TASK_INTERRUPTIBLE);
	if (lockup_ticks && !w->reported && w->unserved >= lockup_ticks)
		report_lockup(w);
}

/* --- boot --- */

void watchdog_init(void)
{
	struct watch *w = &watches[smp_processor_id()];

	w->thread = kthread_run_prio(0, watch, w, "watchdog/%u",
				     smp_processor_id());
	if (!w->thread)
		panic("no memory for the watchdog's thread");
	lockup_ticks = LOCKUP_SECONDS * hz;
	setup_timer(&check_timer, time_to_check, 0);
	check_timer.period = CHECK_SECONDS * hz;
	mod_timer(&check_timer, jiffies + check_timer.period);
}
