/*
 * Work: a function that a thread is to call, soon or after some ticks. ULK3
 * section 4.8. What may not sleep leaves so what must.
 *
 * A work queue has one thread, "NAME/0", that calls one function at a time, in
 * the order in which they were queued, in task context: it may sleep, and then
 * those behind it wait. A work is queued once, however often it is asked for
 * before its function begins; from then on it may be queued again, also by its
 * own function. The function may free its work.
 *
 * Queueing and cancel_delayed_work(): any context. The rest may sleep.
 */
#ifndef KERNEL_SCHED_WORKQUEUE_H
#define KERNEL_SCHED_WORKQUEUE_H

#include <kernel/cpu/timer.h>
#include <kernel/sched/wait.h>

struct workqueue_struct;

struct work_struct {
	u32 pending;			/* 1: waits for its time or its turn */
	struct list_head entry;		/* empty: in no queue */
	void (*func)(void *data);
	void *data;
	struct workqueue_struct *wq;	/* the one it was queued in last */
	struct timer_list timer;	/* until it is queued */
};

void delayed_work_timer(unsigned long work);

#define WORK_INIT_(name, func_, data_)					\
	{ .entry = LIST_HEAD_INIT((name).entry), .func = (func_),	\
	  .data = (data_),						\
	  .timer = TIMER_INITIALIZER(delayed_work_timer,		\
				     (unsigned long)&(name)) }
#define DECLARE_WORK(name, func_, data_)				\
	struct work_struct name = WORK_INIT_(name, func_, data_)

/* Before anything else is done with it, and never while it is pending. */
void INIT_WORK(struct work_struct *work, void (*func)(void *data), void *data);

/* False: it is pending already, and nothing changes. */
bool queue_work(struct workqueue_struct *wq, struct work_struct *work);
bool queue_delayed_work(struct workqueue_struct *wq, struct work_struct *work,
			u32 ticks);

/* In the queue of all, "events". */
bool schedule_work(struct work_struct *work);
bool schedule_delayed_work(struct work_struct *work, u32 ticks);

/* Its time had not come yet, and will not. False: its function may run, or will
 * yet, or nobody has queued it. */
bool cancel_delayed_work(struct work_struct *work);

/*
 * The same for whatever is pending, in time or in the queue: was it? Its
 * function does not run when this returns, even if it queues itself again. Not
 * from that function.
 */
bool cancel_delayed_work_sync(struct work_struct *work);

/* Until all that is queued now has run. Those whose time has not come do not
 * count. Not from a work of that queue. */
void flush_workqueue(struct workqueue_struct *wq);
void flush_scheduled_work(void);

/* NULL: no memory. name: shown by top, cut to 13 characters. */
struct workqueue_struct *create_workqueue(const char *name);

/* Runs what is queued, then ends the thread. Nobody may queue any more, nor may
 * a delayed work of it be pending. */
void destroy_workqueue(struct workqueue_struct *wq);

/* Boot, behind sched_init(): the queue of all. */
void workqueue_init(void);

#endif
