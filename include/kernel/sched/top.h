/* The list of threads that the prompt's `top` shows. */
#ifndef KERNEL_SCHED_TOP_H
#define KERNEL_SCHED_TOP_H

#include <kernel/sched/task.h>

struct thread_info {
	u32 pid;
	char name[TASK_NAME_MAX];
	char state;		/* R can run, S interruptible, D not, X dead */
	u32 prio;
	u64 ran_ns;		/* altogether */
	u64 ran_now_ns;		/* since the last thread_info_restart() */
	u32 switches;		/* how often it got the CPU */
	u32 stack_used;		/* bytes, at most so far; 0: the boot stack */
};

/* As in thread_info. The thread does not go meanwhile. Any context. */
char state_letter(const struct task *task);

/* How long it had the CPU. The same. */
u64 task_ran_ns(const struct task *task);

/* The thread with the lowest pid from `from` on; false: there is none. Any
 * context. */
bool next_thread_info(u32 from, struct thread_info *info);

/* Begins a new time for ran_now_ns: how long the last one was, in ns. */
u64 thread_info_restart(void);

/* One line for each, with the share of the time since the last call. */
void report_threads(void);

#endif
