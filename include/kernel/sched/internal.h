/* What the files of kernel/sched share. */
#ifndef KERNEL_SCHED_INTERNAL_H
#define KERNEL_SCHED_INTERNAL_H

#include <kernel/sched/task.h>

/* Threads that can run, one queue a CPU; lock with interrupts off. */
struct run_queue {
	spinlock_t lock;
	u32 bitmap;			/* priorities that have somebody */
	struct list_head queue[MAX_PRIO];
};

_Static_assert(MAX_PRIO <= 32, "a priority does not fit into the bitmap");

extern struct run_queue run_queues[NR_CPUS];

/* Interrupts are off. */
static __always_inline struct run_queue *own_queue(void)
{
	return &run_queues[smp_processor_id()];
}

/* --- the queue; its lock is held --- */

static __always_inline void enqueue(struct run_queue *rq, struct task *task)
{
	u32 prio = task->prio;

	task->queued = true;
	rq->bitmap |= 1U << prio;
	list_add_tail(&task->run_list, &rq->queue[prio]);
}

/* try_to_wake_up() with interrupts off, by who looks at need_resched later. */
static __always_inline bool wake_task(struct task *task, u32 states)
{
	struct run_queue *rq = own_queue();
	bool woken = false;

	spin_acquire(&rq->lock);
	if (likely(task->state & states)) {
		woken = true;
		task->state = TASK_RUNNING;
		if (likely(!task->queued))
			enqueue(rq, task);
		if (task->prio < current->prio)
			need_resched() = true;
	}
	spin_release(&rq->lock);
	return woken;
}

/* --- switching --- */

/* thread.c: a thread that is dead is off its stack for good. */
void task_is_off(struct task *task);

/* switch.S: where a new thread begins. */
void thread_entry(void);

/*
 * previous gave the CPU up for the thread that calls it, be it a new one. Lets
 * go of the run queue's lock; interrupts stay off.
 */
static __always_inline void finish_switch(struct task *previous)
{
	/* one that is preempted behind its last words comes back to end */
	bool dead = previous->state == TASK_DEAD && !previous->queued;

	previous->on_cpu = false;
	/* from here on it may run elsewhere, and end */
	spin_release(&own_queue()->lock);
	if (unlikely(dead))
		task_is_off(previous);
}

/* First code of every thread. from: the esp of who gave it the CPU. */
__noreturn void fastcall thread_start(u32 *from);

void start_idle(void);

#endif
