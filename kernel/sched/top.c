/*
 * Who ran for how long. Each line is copied under all_tasks_lock and printed
 * without it: a console is slow, and interrupts should not wait for it. A
 * thread that ends meanwhile is left out, one that begins comes last: pids only
 * grow.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/math64.h>
#include <kernel/lib/string.h>
#include <kernel/sched/internal.h>
#include <kernel/sched/top.h>

static u64 restarted_ns;

char state_letter(const struct task *task)
{
	/* preempted while it prepared to wait: it can run */
	if (task->queued || task->state == TASK_RUNNING)
		return 'R';
	if (task->state == TASK_DEAD)
		return 'X';
	return task->state == TASK_INTERRUPTIBLE ? 'S' : 'D';
}

u64 task_ran_ns(const struct task *task)
{
	u64 ran = task->ran;

	if (task->on_cpu)
		ran += clock_cycles();
	return cycles_to_ns(ran);
}

static void describe(const struct task *task, struct thread_info *info)
{
	info->pid = task->pid;
	strlcpy(info->name, task->name, sizeof(info->name));
	info->state = state_letter(task);
	info->prio = task->prio;
	info->ran_ns = task_ran_ns(task);
	info->ran_now_ns = info->ran_ns - task->top_ns;
	info->switches = task->switches;
	info->stack_used = task->stack ?
			   THREAD_STACK_SIZE - stack_unused(task) : 0;
}

bool next_thread_info(u32 from, struct thread_info *info)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	const struct task *task, *best = NULL;

	list_for_each_entry(task, &all_tasks, all)
		if (task->pid >= from && (!best || task->pid < best->pid))
			best = task;
	if (best)
		describe(best, info);
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return best;
}

u64 thread_info_restart(void)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	u64 now = clock_ns(), passed = now - restarted_ns;
	struct task *task;

	list_for_each_entry(task, &all_tasks, all)
		task->top_ns = task_ran_ns(task);
	restarted_ns = now;
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return passed;
}

/* Thousandths of the time. */
static u32 share(u64 part, u64 whole)
{
	/* both in units that leave room for the factor */
	u32 unit = (u32)div_u64(whole, 1000) + 1;

	while (whole >> 40) {
		whole >>= 1;
		part >>= 1;
		unit = (u32)div_u64(whole, 1000) + 1;
	}
	return min((u32)div_u64(part, unit), 1000U);
}

static void print_thread(const struct thread_info *info, u64 passed)
{
	u32 part = share(info->ran_now_ns, passed);

	printk("%5u %-15s %c %4u %9llu %3u.%u %8u %5u\n", info->pid, info->name,
	       info->state, info->prio, div_u64(info->ran_ns, 1000000),
	       part / 10, part % 10, info->switches, info->stack_used);
}

void report_threads(void)
{
	u64 passed = clock_ns() - restarted_ns;
	struct thread_info info;
	u32 pid;

	printk("%u threads; %llu ms since the last top\n", nr_tasks(),
	       div_u64(passed, 1000000));
	printk("  pid name            S prio        ms     %% switches "
	       "stack\n");
	for (pid = 0; next_thread_info(pid, &info); pid = info.pid + 1)
		print_thread(&info, passed);
	thread_info_restart();
}
