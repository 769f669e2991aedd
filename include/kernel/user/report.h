/*
 * Processes for people: what `ps` prints. Takes family_lock and mmlist_lock for
 * moments; what is printed is printed without a lock. Task context.
 */
#ifndef KERNEL_USER_REPORT_H
#define KERNEL_USER_REPORT_H

#include <kernel/sched/task.h>

/*
 * state	means
 * R		runs, or can
 * S, D		waits, and may be woken; for one thing only
 * Z		has ended, and its parent has not waited for it yet
 */
struct process_info {
	u32 pid, ppid;		/* ppid 1: a thread of the kernel's */
	char state;
	u32 vsz, rss;		/* KB: addresses, pages */
	char name[TASK_NAME_MAX];
};

/* The process with the lowest pid from `from` on; false: there is none. */
bool next_process_info(u32 from, struct process_info *info);

/* The space of that process, with a user more, for mmput(). NULL: there is no
 * such process, or it has none. */
struct mm_struct *process_mm(u32 pid);

/* All processes, a line each. */
void report_processes(void);

/* Boot: /proc asks here. */
void process_report_init(void);

#endif
