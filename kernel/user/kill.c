/*
 * Processes that are killed by others, and who is to be killed first.
 *
 * 1. TF_KILLED says that a process ends as soon as it can: nobody takes it out
 *    of its calls, as they hold locks and memory. It is looked at on each way
 *    back to ring 3, and where it would only make work:
 *
 *	where it is			it ends
 *	in a call			behind it: do_system_call()
 *	waits, TASK_INTERRUPTIBLE	is woken; the wait is over (-EINTR)
 *	waits, TASK_UNINTERRUPTIBLE	behind that wait and the call: it is
 *					for something that comes by itself
 *	in a fault of ring 3		behind it: page_fault()
 *	in a fault of a copy		the copy ends soon: -EFAULT
 *	in ring 3, off the CPU		when it comes back: irq_return()
 *	has not been there yet		first_steps()
 *
 * 2. The flag is not a child's: who was copied is not killed.
 *
 * 3. mm/reclaim asks for children here, as it knows no processes. Whoever is on
 *    a list of children does not go under family_lock; nor does its thread.
 *
 * Lock: family_lock, inside of all_tasks_lock.
 */
#include <kernel/cpu/processor.h>
#include <kernel/fs/procfs.h>
#include <kernel/lib/errno.h>
#include <kernel/user/internal.h>
#include <mm/reclaim/oom.h>

void process_kill(struct task *task)
{
	set_thread_flags(&task->part, TF_KILLED);
	try_to_wake_up(task, TASK_INTERRUPTIBLE);
}

void process_killed(struct pt_regs *regs)
{
	local_irq_enable();
	process_exit(STATUS_KILLED(SIGKILL), regs);
}

static void each_child(const struct task *task,
		       void (*visit)(struct task *child, void *arg), void *arg)
{
	u32 flags = spin_lock_irqsave(&family_lock);
	struct process *process = task->process, *child;

	if (process)
		list_for_each_entry(child, &process->children, sibling)
			if (child->task && !child->ended)
				visit(child->task, arg);
	spin_unlock_irqrestore(&family_lock, flags);
}

void process_spare(struct process *process)
{
	process->task->oom_never = true;
}

/* --- /proc --- */

/* Of a process that has not ended. all_tasks_lock is held. */
static struct task *find_task(u32 pid)
{
	struct task *task;

	list_for_each_entry(task, &all_tasks, all)
		if (task->pid == pid && task->process)
			return task;
	return NULL;
}

static bool get_oom(u32 pid, s32 *adj, u32 *score)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	const struct task *task = find_task(pid);

	if (task) {
		*adj = task->oom_score_adj;
		*score = badness(task);
	}
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return task;
}

static bool set_oom_adj(u32 pid, s32 adj)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	struct task *task = find_task(pid);

	if (task)
		task->oom_score_adj = adj;
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return task;
}

void __init kill_init(void)
{
	process_killed_hook = process_killed;
	oom_kill_hook = process_kill;
	oom_children_hook = each_child;
	proc_hooks.get_oom = get_oom;
	proc_hooks.set_oom_adj = set_oom_adj;
}
