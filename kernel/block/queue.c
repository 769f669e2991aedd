/*
 * The queue of a device: how a bio gets in, and how it gets out.
 *
 * 1. The way of a bio. It joins a request that waits, or takes a free request;
 *    request.c does the rest; its end is put on `ended`, and a tasklet calls
 *    end_io(), without any lock and with interrupts on. So a driver may end
 *    requests in its interrupt handler, and end_io() may submit the next one.
 *
 * 2. No place. A queue has BLK_REQUESTS requests. Who finds none sleeps until
 *    one is free; who may not sleep (end_io()) leaves its bio on `late`, where
 *    it has the next free request before any sleeper. Sleepers are woken one
 *    for each request that becomes free; one that joined a request instead is
 *    no loss: that request becomes free, too.
 *
 * 3. A flush is a border. From when it is asked for until it has ended nothing
 *    is admitted: the requests before it run out, then it is alone with the
 *    device. Seldom, so that it may be simple.
 *
 *    A bio with data and BIO_FLUSH is a write first. When its data is done it
 *    asks for a flush.
 *
 * 4. `users` counts bios from submit_bio() to behind end_io(); it falls in the
 *    tasklet alone. So when it is 0 no code of anybody is in the queue but the
 *    tasklet's end, and tasklet_kill() waits for that: then the queue is freed.
 *
 * 5. Locks. request_queue.lock is the outermost one of what is used here; work,
 *    timers, wait queues and the tasklet are reached with it held. Interrupts
 *    that a submitter raises are served when it lets go: softirqs are held off
 *    while the lock is taken, so that a RAM disk's end is told at once and not
 *    at the next tick.
 */
#include <kernel/block/queue.h>
#include <kernel/lib/errno.h>
#include <kernel/cpu/time.h>
#include <mm/object/kmalloc.h>

struct workqueue_struct *kblockd;

static bool flush_pending(const struct request_queue *q)
{
	return !list_empty(&q->flushes) || q->active == &q->flush;
}

/* --- the way out --- */

void blk_end_bio(struct request_queue *q, struct bio *bio,
		 enum blk_cause cause, sector_t sector)
{
	assert_held(&q->lock);
	if (cause != BLK_FINE) {
		bio->error = -EIO;
		bio->cause = cause;
		bio->error_sector = sector;
	}
	if (bio->error && !bio_is_part(bio))
		q->bdev->stat.errors++;
	list_add_tail(&bio->list, &q->ended);
	tasklet_schedule(&q->end);
}

void blk_data_done(struct request_queue *q, struct bio *bio)
{
	if (bio->rw & BIO_FLUSH && !bio->error)
		list_add_tail(&bio->list, &q->flushes);
	else
		blk_end_bio(q, bio, BLK_FINE, 0);
}

static void end_bios(unsigned long data)
{
	struct request_queue *q = (struct request_queue *)data;
	u32 flags = spin_lock_irqsave(&q->lock);
	struct list_head list;
	struct bio *bio;

	list_move_all(&q->ended, &list);
	spin_unlock_irqrestore(&q->lock, flags);
	while (!list_empty(&list)) {
		bio = list_first_entry(&list, struct bio, list);
		list_del(&bio->list);
		bio_finish(bio);
		if (atomic_dec_and_test(&q->users))
			wake_up_all(&q->idle);
	}
}

/* --- the way in --- */

static void take_request(struct request_queue *q, struct bio *bio)
{
	struct request *rq = list_first_entry(&q->free, struct request, list);

	list_del(&rq->list);
	rq->bdev = q->bdev;
	rq->rw = bio->rw & WRITE;
	rq->sector = bio->sector;
	rq->sectors = bio->sectors;
	rq->nr_segments = bio->segments;
	rq->segments = q->segments;
	INIT_LIST_HEAD(&rq->bios);
	list_add(&bio->list, &rq->bios);
	rq->submitted = jiffies;
	elevator_add(&q->elevator, rq);
}

static bool admit(struct request_queue *q, struct bio *bio)
{
	if (q->bdev->gone)
		blk_end_bio(q, bio, BLK_GONE, bio->sector);
	else if (flush_pending(q))
		return false;
	else if (!bio->vcnt)
		list_add_tail(&bio->list, &q->flushes);
	else if (elevator_merge(&q->elevator, bio))
		q->bdev->stat.merges[bio->rw & WRITE]++;
	else if (list_empty(&q->free))
		return false;
	else
		take_request(q, bio);
	return true;
}

static bool may_enter(const struct request_queue *q)
{
	return q->bdev->gone ||
	       (!flush_pending(q) && !list_empty(&q->free));
}

static bool enter(struct request_queue *q, struct bio *bio, bool may_wait)
{
	u32 flags = blk_lock(q);
	bool entered = admit(q, bio);

	if (!entered && !may_wait) {
		list_add_tail(&bio->list, &q->late);
		entered = true;
	}
	if (entered)
		blk_run(q);
	blk_unlock(q, flags);
	return entered;
}

void blk_queue_bio(struct request_queue *q, struct bio *bio)
{
	bool may_wait = !in_atomic() && !irqs_disabled();

	while (!enter(q, bio, may_wait))
		wait_event_exclusive(q->wait, may_enter(q));
}

static void admit_late(struct request_queue *q)
{
	struct bio *bio;

	while (!list_empty(&q->late)) {
		bio = list_first_entry(&q->late, struct bio, list);
		list_del(&bio->list);
		if (!admit(q, bio)) {
			list_add(&bio->list, &q->late);
			return;
		}
	}
}

void blk_put_request(struct request_queue *q, struct request *rq)
{
	if (rq == q->active)
		q->active = NULL;
	if (rq != &q->flush)
		list_add(&rq->list, &q->free);
	admit_late(q);
	/* who sleeps looks at `free` behind having said that he does */
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	if (!waitqueue_active(&q->wait))
		return;
	if (rq == &q->flush)
		wake_up_all(&q->wait);
	else
		wake_up(&q->wait);
}

/* --- the end of a device --- */

static void fail_list(struct request_queue *q, struct list_head *bios)
{
	struct bio *bio;

	while (!list_empty(bios)) {
		bio = list_first_entry(bios, struct bio, list);
		list_del(&bio->list);
		blk_end_bio(q, bio, BLK_GONE, bio->sector);
	}
}

void blk_gone_locked(struct request_queue *q)
{
	struct request *rq;

	if (q->bdev->gone)
		return;
	q->bdev->gone = true;
	while ((rq = elevator_next(&q->elevator, jiffies))) {
		blk_fail_request(q, rq, BLK_GONE);
		blk_put_request(q, rq);
	}
	fail_list(q, &q->late);
	fail_list(q, &q->flushes);
	if (q->state == QUEUE_STARTED)
		blk_expire(q);
	wake_up_all(&q->wait);
}

/* --- the queue itself --- */

struct request_queue *blk_create_queue(struct block_device *bdev)
{
	struct request_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);
	u32 i;

	if (!q)
		return NULL;
	spin_lock_init(&q->lock, "request_queue.lock");
	q->bdev = bdev;
	elevator_init(&q->elevator, &bdev->limits,
		      msecs_to_jiffies(BLK_EXPIRE_MS));
	INIT_LIST_HEAD(&q->free);
	INIT_LIST_HEAD(&q->late);
	INIT_LIST_HEAD(&q->flushes);
	INIT_LIST_HEAD(&q->ended);
	for (i = 0; i < BLK_REQUESTS; i++)
		list_add_tail(&q->requests[i].list, &q->free);
	init_waitqueue_head(&q->wait);
	init_waitqueue_head(&q->idle);
	tasklet_init(&q->end, end_bios, (unsigned long)q);
	setup_timer(&q->timer, blk_time_is_up, (unsigned long)q);
	INIT_WORK(&q->reset, blk_reset_work, q);
	return q;
}

void blk_destroy_queue(struct request_queue *q)
{
	wait_event(q->idle, !atomic_read(&q->users));
	tasklet_kill(&q->end);
	del_timer_sync(&q->timer);
	flush_workqueue(kblockd);
	kfree(q);
}
