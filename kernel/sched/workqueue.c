/*
 * Work queues. ULK3 section 4.8.
 *
 * 1. States of a work:
 *
 *	pending	entry	timer	runs	what
 *	0	empty	no	no	at rest
 *	1	empty	yes	?	waits for its time
 *	1	queued	no	?	waits for its turn
 *	0	empty	no	yes	its function runs
 *
 *    Who sets `pending` (0 to 1, one exchange) puts it on the wheel or into the
 *    queue, and does so with interrupts off: on this CPU nobody sees it pending
 *    and nowhere.
 *
 * 2. `pending` is cleared before the function is called, so that what comes
 *    while it runs makes it run once more: no event is lost. Behind the call
 *    the thread does not touch the work: it may be gone.
 *
 * 3. Flushing queues a work of its own behind all others and waits for that:
 *    the thread takes them in order.
 *
 * 4. Cancelling for good takes the work out, waits for the end of its function,
 *    and looks again: the function may have queued it once more.
 *
 * Lock: wq->lock, interrupts off; the wait queues' locks are taken inside of
 * it by nobody. Cost: queueing some 60 instructions and a wake-up.
 */
#include <kernel/base/panic.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/bug.h>
#include <kernel/lock.h>
#include <kernel/sched/workqueue.h>
#include <mm/object/kmalloc.h>

struct workqueue_struct {
	spinlock_t lock;		/* list, running */
	struct list_head list;
	struct work_struct *running;	/* may be freed already: its address */
	wait_queue_head_t more, done;
	struct task *thread;
};

static struct workqueue_struct *events;

void INIT_WORK(struct work_struct *work, void (*func)(void *data), void *data)
{
	work->pending = 0;
	INIT_LIST_HEAD(&work->entry);
	work->func = func;
	work->data = data;
	work->wq = NULL;
	setup_timer(&work->timer, delayed_work_timer, (unsigned long)work);
}

/* --- queueing --- */

static bool make_pending(struct work_struct *work)
{
	BUG_ON(!work->func, "a work without a function");
	return !__atomic_exchange_n(&work->pending, 1, __ATOMIC_SEQ_CST);
}

static void insert(struct workqueue_struct *wq, struct work_struct *work)
{
	u32 flags = spin_lock_irqsave(&wq->lock);

	list_add_tail(&work->entry, &wq->list);
	spin_unlock_irqrestore(&wq->lock, flags);
	wake_up(&wq->more);
}

bool queue_work(struct workqueue_struct *wq, struct work_struct *work)
{
	u32 flags = local_irq_save();
	bool ours = make_pending(work);

	if (ours) {
		work->wq = wq;
		insert(wq, work);
	}
	local_irq_restore(flags);
	/* who was woken may be more urgent than who queues */
	cond_resched();
	return ours;
}

void delayed_work_timer(unsigned long data)
{
	struct work_struct *work = (struct work_struct *)data;

	insert(work->wq, work);
}

bool queue_delayed_work(struct workqueue_struct *wq, struct work_struct *work,
			u32 ticks)
{
	u32 flags;
	bool ours;

	if (!ticks)
		return queue_work(wq, work);
	flags = local_irq_save();
	ours = make_pending(work);
	if (ours) {
		work->wq = wq;
		mod_timer(&work->timer, jiffies + ticks);
	}
	local_irq_restore(flags);
	return ours;
}

bool schedule_work(struct work_struct *work)
{
	BUG_ON(!events, "work before workqueue_init()");
	return queue_work(events, work);
}

bool schedule_delayed_work(struct work_struct *work, u32 ticks)
{
	BUG_ON(!events, "work before workqueue_init()");
	return queue_delayed_work(events, work, ticks);
}

/* --- the thread --- */

static struct work_struct *take_work(struct workqueue_struct *wq)
{
	u32 flags = spin_lock_irqsave(&wq->lock);
	struct work_struct *work = NULL;

	if (!list_empty(&wq->list)) {
		work = list_first_entry(&wq->list, struct work_struct, entry);
		list_del_init(&work->entry);
		wq->running = work;
	}
	spin_unlock_irqrestore(&wq->lock, flags);
	return work;
}

static void run_work(struct workqueue_struct *wq, struct work_struct *work)
{
	void (*func)(void *) = work->func;
	void *data = work->data;
	u32 flags;

	__atomic_store_n(&work->pending, 0, __ATOMIC_SEQ_CST);
	func(data);
	BUG_ON(in_atomic() || irqs_disabled(),
	       "a work ended and keeps the CPU");
	flags = spin_lock_irqsave(&wq->lock);
	wq->running = NULL;
	spin_unlock_irqrestore(&wq->lock, flags);
	wake_up_all(&wq->done);
}

static int worker(void *data)
{
	struct workqueue_struct *wq = data;
	struct work_struct *work;

	do {
		while ((work = take_work(wq))) {
			run_work(wq, work);
			cond_resched();
		}
	} while (!wait_event_interruptible(wq->more, !list_empty(&wq->list)));
	return 0;
}

/* --- waiting and cancelling --- */

static void flushed(void *data)
{
	complete(data);
}

void flush_workqueue(struct workqueue_struct *wq)
{
	struct completion done;
	struct work_struct last;

	might_sleep();
	BUG_ON(current == wq->thread, "a work that waits for its own queue");
	init_completion(&done);
	INIT_WORK(&last, flushed, &done);
	queue_work(wq, &last);
	wait_for_completion(&done);
}

void flush_scheduled_work(void)
{
	flush_workqueue(events);
}

static void not_pending(struct work_struct *work)
{
	__atomic_store_n(&work->pending, 0, __ATOMIC_SEQ_CST);
}

bool cancel_delayed_work(struct work_struct *work)
{
	bool waited = del_timer(&work->timer);

	if (waited)
		not_pending(work);
	return waited;
}

static bool take_out(struct work_struct *work)
{
	struct workqueue_struct *wq = work->wq;
	u32 flags = spin_lock_irqsave(&wq->lock);
	bool queued = !list_empty(&work->entry);

	if (queued) {
		list_del_init(&work->entry);
		not_pending(work);
	}
	spin_unlock_irqrestore(&wq->lock, flags);
	return queued;
}

static bool is_running(struct workqueue_struct *wq, struct work_struct *work)
{
	u32 flags = spin_lock_irqsave(&wq->lock);
	bool runs = wq->running == work;

	spin_unlock_irqrestore(&wq->lock, flags);
	return runs;
}

bool cancel_delayed_work_sync(struct work_struct *work)
{
	bool was_pending = false;

	might_sleep();
	if (!work->wq)
		return false;
	BUG_ON(current == work->wq->thread && is_running(work->wq, work),
	       "a work that waits for its own end");
	do {
		if (del_timer_sync(&work->timer)) {
			not_pending(work);
			was_pending = true;
		}
		was_pending |= take_out(work);
		wait_event(work->wq->done, !is_running(work->wq, work));
	} while (*(volatile u32 *)&work->pending);
	return was_pending;
}

/* --- queues --- */

struct workqueue_struct *create_workqueue(const char *name)
{
	struct workqueue_struct *wq = kzalloc(sizeof(*wq), GFP_KERNEL);

	if (!wq)
		return NULL;
	spin_lock_init(&wq->lock, "workqueue.lock");
	INIT_LIST_HEAD(&wq->list);
	init_waitqueue_head(&wq->more);
	init_waitqueue_head(&wq->done);
	wq->thread = kthread_run(worker, wq, "%.13s/%u", name,
				 smp_processor_id());
	if (!wq->thread) {
		kfree(wq);
		return NULL;
	}
	return wq;
}

void destroy_workqueue(struct workqueue_struct *wq)
{
	flush_workqueue(wq);
	kthread_stop(wq->thread);
	BUG_ON(!list_empty(&wq->list), "work in a queue that is destroyed");
	kfree(wq);
}

void workqueue_init(void)
{
	events = create_workqueue("events");
	if (!events)
		panic("no memory for the thread of deferred work");
}
