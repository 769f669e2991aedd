/*
 * 1. Processes come to the list all_processes and leave it under family_lock,
 *    and while they are on it their threads do not go. So a line is copied
 *    under that lock, and is of one moment.
 * 2. Each line looks for the next pid anew, so that nothing is held while the
 *    console prints. Pids only grow: what begins meanwhile comes last.
 */
#include <kernel/base/printk.h>
#include <kernel/fs/procfs.h>
#include <kernel/lib/string.h>
#include <kernel/sched/top.h>
#include <kernel/user/internal.h>
#include <kernel/user/report.h>
#include <mm/space/mm.h>

/* Under family_lock. */
static const struct process *process_from(u32 from)
{
	const struct process *process, *best = NULL;

	list_for_each_entry(process, &all_processes, all)
		if (process->task->pid >= from &&
		    (!best || process->task->pid < best->task->pid))
			best = process;
	return best;
}

static void describe(const struct process *process, struct process_info *info)
{
	info->pid = process->task->pid;
	info->ppid = process->parent ? process->parent->task->pid : 1;
	info->state = state_letter(process->task);
	if (process->ended)
		info->state = 'Z';
	strlcpy(info->name, process->task->name, sizeof(info->name));
}

bool next_process_info(u32 from, struct process_info *info)
{
	u32 flags = spin_lock_irqsave(&family_lock);
	const struct process *process = process_from(from);
	struct mm_struct *mm = NULL;

	*info = (struct process_info){ 0 };
	if (process) {
		describe(process, info);
		mm = get_task_mm(process->task);
	}
	spin_unlock_irqrestore(&family_lock, flags);
	if (mm) {
		info->vsz = mm->total_vm << (PAGE_SHIFT - 10);
		info->rss = (mm->anon_rss + mm->file_rss) << (PAGE_SHIFT - 10);
		mmput(mm);
	}
	return process;
}

struct mm_struct *process_mm(u32 pid)
{
	u32 flags = spin_lock_irqsave(&family_lock);
	const struct process *process = process_from(pid);
	struct mm_struct *mm = NULL;

	if (process && process->task->pid == pid)
		mm = get_task_mm(process->task);
	spin_unlock_irqrestore(&family_lock, flags);
	return mm;
}

void report_processes(void)
{
	struct process_info info;
	u32 pid;

	printk("  PID  PPID S    VSZ    RSS COMMAND\n");
	for (pid = 0; next_process_info(pid, &info); pid = info.pid + 1)
		printk("%5u %5u %c %6u %6u %s\n", info.pid, info.ppid,
		       info.state, info.vsz, info.rss, info.name);
}

static u32 next_pid(u32 from)
{
	u32 flags = spin_lock_irqsave(&family_lock);
	const struct process *process = process_from(from);
	u32 pid = process ? process->task->pid : 0;

	spin_unlock_irqrestore(&family_lock, flags);
	return pid;
}

void process_report_init(void)
{
	proc_hooks.mm = process_mm;
	proc_hooks.next_pid = next_pid;
}
