/*
 * Wait queues and completions. The header has the protocol.
 *
 * Exclusive waiters stand behind all others, so that one go from the front
 * wakes all of those and then as many of these as are wanted. A waker takes off
 * the queue whom it wakes, as the last thing that it does with it; who was not
 * woken takes itself off (finish_wait()).
 *
 * Lock: queue->lock, interrupts off; the run queue's is taken inside of it.
 */
#include <kernel/cpu/time.h>
#include <kernel/sched/internal.h>
#include <kernel/sched/wait.h>

void init_waitqueue_head(wait_queue_head_t *queue)
{
	spin_lock_init(&queue->lock, "wait_queue.lock");
	INIT_LIST_HEAD(&queue->list);
}

void fastcall prepare_to_wait(wait_queue_head_t *queue, wait_queue_t *wait,
			      u32 state)
{
	u32 flags = spin_lock_irqsave(&queue->lock);

	wait->flags &= ~WQ_FLAG_EXCLUSIVE;
	if (likely(list_empty(&wait->list)))
		list_add(&wait->list, &queue->list);
	set_current_state(state);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void fastcall prepare_to_wait_exclusive(wait_queue_head_t *queue,
					wait_queue_t *wait, u32 state)
{
	u32 flags = spin_lock_irqsave(&queue->lock);

	wait->flags |= WQ_FLAG_EXCLUSIVE;
	if (likely(list_empty(&wait->list)))
		list_add_tail(&wait->list, &queue->list);
	set_current_state(state);
	spin_unlock_irqrestore(&queue->lock, flags);
}

static __noinline void fastcall leave_queue(wait_queue_head_t *queue,
					    wait_queue_t *wait)
{
	u32 flags = spin_lock_irqsave(&queue->lock);

	list_del_init(&wait->list);
	spin_unlock_irqrestore(&queue->lock, flags);
}

void fastcall finish_wait(wait_queue_head_t *queue, wait_queue_t *wait)
{
	/* no barrier: a waker that sees the old state changes nothing by it */
	current->state = TASK_RUNNING;
	/* a waker that took it off touches it no more when both are set */
	if (unlikely(wait->list.next != &wait->list ||
		     *(struct list_head *volatile *)&wait->list.prev !=
		     &wait->list))
		leave_queue(queue, wait);
}

/* The lock is held. */
static __always_inline u32 wake_locked(wait_queue_head_t *queue, u32 states,
				       u32 nr)
{
	struct list_head *at, *next;
	u32 woken = 0;

	for (at = queue->list.next; at != &queue->list; at = next) {
		wait_queue_t *wait = list_entry(at, wait_queue_t, list);
		bool woke = wake_task(wait->task, states), alone;

		next = at->next;
		if (unlikely(!woke))
			continue;
		woken++;
		alone = wait->flags & WQ_FLAG_EXCLUSIVE;
		/* the last thing that is done with it: it may be gone then */
		barrier();
		list_del_init(at);
		if (alone && !--nr)
			break;
	}
	return woken;
}

u32 fastcall wake_up_nr(wait_queue_head_t *queue, u32 states, u32 nr)
{
	u32 flags = spin_lock_irqsave(&queue->lock);
	u32 woken = wake_locked(queue, states, nr);

	spin_unlock_irqrestore(&queue->lock, flags);
	return woken;
}

/* --- completions --- */

#define DONE_FOR_GOOD 0x80000000U

void init_completion(struct completion *x)
{
	x->done = 0;
	init_waitqueue_head(&x->wait);
}

void complete(struct completion *x)
{
	u32 flags = spin_lock_irqsave(&x->wait.lock);

	x->done++;
	wake_locked(&x->wait, TASK_NORMAL, 1);
	spin_unlock_irqrestore(&x->wait.lock, flags);
}

void complete_all(struct completion *x)
{
	u32 flags = spin_lock_irqsave(&x->wait.lock);

	x->done = DONE_FOR_GOOD;
	wake_locked(&x->wait, TASK_NORMAL, 0);
	spin_unlock_irqrestore(&x->wait.lock, flags);
}

/* One that was counted, if there is one. */
static bool take_completion(struct completion *x)
{
	u32 flags = spin_lock_irqsave(&x->wait.lock);
	bool done = x->done;

	if (done && x->done < DONE_FOR_GOOD)
		x->done--;
	spin_unlock_irqrestore(&x->wait.lock, flags);
	return done;
}

void wait_for_completion(struct completion *x)
{
	wait_event_exclusive(x->wait, take_completion(x));
}

u32 wait_for_completion_timeout(struct completion *x, u32 ticks)
{
	u32 left = ticks;
	bool done = false;

	WAIT_LOOP_(&x->wait, (done = take_completion(x)) || !left,
		   TASK_UNINTERRUPTIBLE, prepare_to_wait_exclusive,
		   left = schedule_timeout(left));
	return done ? max(left, 1U) : 0;
}
