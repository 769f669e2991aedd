/* What the files of kernel/sched share. */
#ifndef KERNEL_SCHED_INTERNAL_H
#define KERNEL_SCHED_INTERNAL_H

#include <kernel/sched/task.h>

/* Threads that can run, one queue a CPU; lock with interrupts off. */
struct run_queue {
	spinlock_t lock;
	u32 bitmap;			/* priorities that have somebody */
	struct list_head queue[MAX_PRIO];
	struct task *idle;
	struct task *previous;		/* gave the CPU up, until finished */
	u32 nr_running;
};

_Static_assert(MAX_PRIO <= 32, "a priority does not fit into the bitmap");

extern struct run_queue run_queues[NR_CPUS];

/* switch.S: saves what a call must keep, and ESP in *from; goes on at `to`. */
void switch_stacks(u32 *from, u32 to);
/* Where a new thread begins. */
void thread_entry(void);

/* The CPU was given up for this thread, be it a new one. Lets go of the run
 * queue's lock; interrupts stay off. */
void finish_switch(void);

/* thread.c: a thread that is dead is off its stack for good. */
void task_is_off(struct task *task);

/* First code of every thread. */
__noreturn void thread_start(void);

void start_idle(void);

#endif
