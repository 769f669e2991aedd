/*
 * Waiting for something that another thread, a timer or an interrupt does.
 * ULK3 section 3.2.4.
 *
 *	waiter				waker
 *	put itself on the queue		make the condition true
 *	say that it waits		wake_up()
 *	look at the condition
 *	schedule()
 *
 * In this order nothing is lost: either the waiter sees the condition, or the
 * waker sees the waiter. tests/model/wait.pml is the proof.
 *
 * Waiting may sleep. Waking: any context.
 */
#ifndef KERNEL_SCHED_WAIT_H
#define KERNEL_SCHED_WAIT_H

#include <kernel/lib/errno.h>
#include <kernel/lock.h>
#include <kernel/sched/task.h>

typedef struct wait_queue_head {
	spinlock_t lock;
	struct list_head list;
} wait_queue_head_t;

#define WAIT_QUEUE_HEAD_INIT(name) {					\
	.lock = SPIN_LOCK_UNLOCKED("wait_queue.lock"),			\
	.list = LIST_HEAD_INIT((name).list),				\
}
#define DECLARE_WAIT_QUEUE_HEAD(name)					\
	wait_queue_head_t name = WAIT_QUEUE_HEAD_INIT(name)

void init_waitqueue_head(wait_queue_head_t *queue);

#define WQ_FLAG_EXCLUSIVE 1U	/* one of these is woken, all others always */

typedef struct wait_queue {
	struct list_head list;		/* empty: on no queue */
	struct task *task;
	u32 flags;
} wait_queue_t;

#define DEFINE_WAIT(name)						\
	wait_queue_t name = {						\
		.list = LIST_HEAD_INIT((name).list), .task = current,	\
	}

/* On the queue, if it is not there yet, and then in that state. */
void fastcall prepare_to_wait(wait_queue_head_t *queue, wait_queue_t *wait,
			      u32 state);
void fastcall prepare_to_wait_exclusive(wait_queue_head_t *queue,
					wait_queue_t *wait, u32 state);
void fastcall finish_wait(wait_queue_head_t *queue, wait_queue_t *wait);

/* Those that wait in one of the states: all that are not exclusive, and nr of
 * the exclusive ones, who came first first; 0: all. How many woke. */
u32 fastcall wake_up_nr(wait_queue_head_t *queue, u32 states, u32 nr);

#define wake_up(queue) wake_up_nr((queue), TASK_NORMAL, 1)
#define wake_up_all(queue) wake_up_nr((queue), TASK_NORMAL, 0)

static inline bool waitqueue_active(const wait_queue_head_t *queue)
{
	return !list_empty(&queue->list);
}

#define WAIT_LOOP_(queue, condition, state, prepare, sleep) do {	\
	DEFINE_WAIT(wait_);						\
									\
	might_sleep();							\
	for (;;) {							\
		prepare((queue), &wait_, (state));			\
		if (condition)						\
			break;						\
		sleep;							\
		if (condition)						\
			break;						\
	}								\
	finish_wait((queue), &wait_);					\
} while (0)

/* Until the condition is true. It is looked at again at each wake_up(). */
#define wait_event(queue, condition)					\
	WAIT_LOOP_(&(queue), condition, TASK_UNINTERRUPTIBLE,		\
		   prepare_to_wait, schedule())

/* One of many who want the same thing that only one can have. */
#define wait_event_exclusive(queue, condition)				\
	WAIT_LOOP_(&(queue), condition, TASK_UNINTERRUPTIBLE,		\
		   prepare_to_wait_exclusive, schedule())

/* Until then, or kthread_stop(), or its end: 0, or -EINTR. */
#define wait_event_interruptible(queue, condition) ({			\
	bool true_;							\
									\
	WAIT_LOOP_(&(queue), (true_ = (condition)) ||			\
		   wait_is_over(), TASK_INTERRUPTIBLE,			\
		   prepare_to_wait, schedule());			\
	true_ ? 0 : -EINTR;						\
})

/* Until then, or so many ticks: how many are left, 0 if it is still false. */
#define wait_event_timeout(queue, condition, ticks) ({			\
	u32 left_ = (ticks);						\
	bool true_;							\
									\
	WAIT_LOOP_(&(queue), (true_ = (condition)) || !left_,		\
		   TASK_UNINTERRUPTIBLE, prepare_to_wait,		\
		   left_ = schedule_timeout(left_));			\
	true_ ? max(left_, 1U) : 0;					\
})

/* The same in TASK_INTERRUPTIBLE: for a thread whose work it is to wait. */
#define wait_event_interruptible_timeout(queue, condition, ticks) ({	\
	u32 left_ = (ticks);						\
									\
	WAIT_LOOP_(&(queue),						\
		   (condition) || !left_ || wait_is_over(),		\
		   TASK_INTERRUPTIBLE, prepare_to_wait,			\
		   left_ = schedule_timeout(left_));			\
	left_;								\
})

/* --- completions: something that happens once, or is counted --- */

struct completion {
	u32 done;
	wait_queue_head_t wait;
};

#define COMPLETION_INITIALIZER(name)					\
	{ .wait = WAIT_QUEUE_HEAD_INIT((name).wait) }
#define DECLARE_COMPLETION(name)					\
	struct completion name = COMPLETION_INITIALIZER(name)

void init_completion(struct completion *x);
void complete(struct completion *x);		/* lets one through */
void complete_all(struct completion *x);	/* all, and all to come */
void wait_for_completion(struct completion *x);
/* Ticks left; 0: it did not happen. */
u32 wait_for_completion_timeout(struct completion *x, u32 ticks);

#endif
