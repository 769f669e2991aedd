/*
 * A request and its device: start, end, and what is done when it fails.
 *
 * 1. One at a time. blk_run() gives the device the next request whenever it has
 *    none. A driver may end a request before its start() returns: `starter`
 *    says so, the end is only noted, and blk_run() goes on in its loop; nothing
 *    recurs, and the lock is taken once.
 *
 * 2. What is tried at once, by `apart` of a request:
 *
 *	WHOLE	all that is left of it
 *	BIO	what is left of its first bio
 *	SECTOR	one sector
 *
 *	fails in	and then
 *	WHOLE		BLK_RETRIES more; then BIO, or SECTOR if it has one bio
 *	BIO		SECTOR
 *	SECTOR		BLK_RETRIES more; then this bio fails, with this sector,
 *			and the next one is tried in BIO
 *
 *    So bios fail for their own sectors alone. The window moves: what was
 *    transferred (all, or as much as the driver knows) is done and never tried
 *    again, and where something was transferred the retries count anew. This
 *    ends: each try either moves the window or counts.
 *
 * 3. What cannot go away (the device is gone, the drive is empty) is not tried
 *    again. Time limits are tried again, but nothing is taken apart for them: a
 *    silent device would take its limit for each sector. BLK_SILENT of them in
 *    a row without any answer, good or bad: the device is gone.
 *
 * 4. Time. A timer is armed while a request is in flight. It finds that time is
 *    up by `deadline` under the lock, so that a timer that comes late does no
 *    harm. From then on the driver's blk_end_request() is ignored (a stray),
 *    a thread calls reset(), and behind that nobody touches the pages. One that
 *    ends before start() returns never has a timer. Where two devices share a
 *    controller the driver is asked since when the request is at the device: a
 *    wait for the other one is put on the limit and nothing counts it.
 *
 * 5. Cost: a request of a RAM disk takes about 400 instructions here and in
 *    queue.c, besides its data. Interrupts are off in start(): a driver that
 *    copies there has small requests.
 */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/block/queue.h>
#include <kernel/cpu/time.h>

enum { WHOLE, BIO, SECTOR };

/* Asked for each try of a request, of every device. */
static FAIL_POINT(fail_block_io, "block_io", NULL);

bool blk_fails_on_purpose(void)
{
	return unlikely(fail_block_io.active) && fail_now(&fail_block_io);
}

static struct bio *first_bio(const struct request *rq)
{
	return list_first_entry(&rq->bios, struct bio, list);
}

static sector_t end_of(const struct bio *bio)
{
	return bio->sector + bio->sectors;
}

/* --- the window --- */

static u32 window(const struct request *rq)
{
	const struct bio *last = list_entry(rq->bios.prev, struct bio, list);

	switch (rq->apart) {
	case SECTOR:
		return 1;
	case BIO:
		return (u32)(end_of(first_bio(rq)) - rq->sector);
	}
	return (u32)(end_of(last) - rq->sector);
}

/* n sectors are done. */
static void advance(struct request_queue *q, struct request *rq, u32 n)
{
	struct bio *bio;

	rq->sector += n;
	q->bdev->stat.sectors[rq->rw] += n;
	while (!list_empty(&rq->bios) &&
	       end_of(bio = first_bio(rq)) <= rq->sector) {
		list_del(&bio->list);
		blk_data_done(q, bio);
		if (rq->apart == SECTOR)
			rq->apart = BIO;
	}
}

/* --- failures --- */

void blk_fail_request(struct request_queue *q, struct request *rq,
		      enum blk_cause cause)
{
	struct bio *bio;

	while (!list_empty(&rq->bios)) {
		bio = first_bio(rq);
		list_del(&bio->list);
		/* a flush's sector is 0, always */
		blk_end_bio(q, bio, cause, max(bio->sector, rq->sector));
	}
}

static void fail_first_bio(struct request_queue *q, struct request *rq,
			   enum blk_cause cause)
{
	struct bio *bio = first_bio(rq);

	list_del(&bio->list);
	blk_end_bio(q, bio, cause, rq->sector);
	rq->sector = end_of(bio);
	rq->apart = BIO;
	rq->retries = 0;
}

static void take_apart(struct request_queue *q, struct request *rq,
		       enum blk_cause cause)
{
	bool one_bio = rq->bios.next == rq->bios.prev;

	if (rq->sectors == 1)
		fail_first_bio(q, rq, cause);
	else if (rq->apart == WHOLE && !one_bio)
		rq->apart = BIO;
	else
		rq->apart = SECTOR;
	rq->retries = 0;
}

/* Something else may come of another try. */
static bool may_go_away(enum blk_cause cause)
{
	return cause == BLK_MEDIUM || cause == BLK_BUS ||
	       cause == BLK_TIMEOUT || cause == BLK_NO_MEMORY;
}

static void failed(struct request_queue *q, struct request *rq,
		   enum blk_cause cause)
{
	u32 tries = rq->apart == BIO ? 0 : BLK_RETRIES;

	if (q->bdev->gone) {
		blk_fail_request(q, rq, BLK_GONE);
	} else if (!may_go_away(cause)) {
		blk_fail_request(q, rq, cause);
	} else if (rq->retries < tries) {
		rq->retries++;
		q->bdev->stat.retries++;
	} else if (cause == BLK_TIMEOUT || rq == &q->flush) {
		blk_fail_request(q, rq, cause);
	} else {
		take_apart(q, rq, cause);
	}
}

/* --- the end of a try --- */

static void flush_done(struct request_queue *q)
{
	struct bio *bio;

	while (!list_empty(&q->flush.bios)) {
		bio = first_bio(&q->flush);
		list_del(&bio->list);
		blk_end_bio(q, bio, BLK_FINE, 0);
	}
}

static void look_at_silence(struct request_queue *q)
{
	if (q->cause != BLK_TIMEOUT) {
		q->silent = 0;
	} else if (++q->silent >= BLK_SILENT && !q->bdev->gone) {
		pr_warn("block: %s did not answer %u times in a row: taken for "
			"gone\n", q->bdev->name, q->silent);
		blk_gone_locked(q);
	}
}

/* The device is done with the request in flight. */
static void digest(struct request_queue *q)
{
	struct request *rq = q->active;
	u32 done = min(q->done, rq->sectors);

	q->state = QUEUE_IDLE;
	if (timer_pending(&q->timer))
		del_timer(&q->timer);
	if (q->cause == BLK_FINE)
		done = rq->sectors;
	if (done) {
		rq->retries = 0;
		advance(q, rq, done);
	}
	if (q->cause == BLK_FINE && rq == &q->flush)
		flush_done(q);
	if (q->cause != BLK_FINE && !list_empty(&rq->bios))
		failed(q, rq, q->cause);
	look_at_silence(q);
	if (list_empty(&rq->bios))
		blk_put_request(q, rq);
}

/* --- the begin --- */

static struct request *next_flush(struct request_queue *q)
{
	struct request *rq = &q->flush;

	if (list_empty(&q->flushes))
		return NULL;
	rq->bdev = q->bdev;
	rq->rw = BIO_FLUSH;
	rq->nr_segments = 0;
	rq->segments = q->segments;
	list_move_all(&q->flushes, &rq->bios);
	return rq;
}

static struct request *next_request(struct request_queue *q)
{
	struct request *rq = elevator_next(&q->elevator, jiffies);

	if (rq)
		q->bdev->stat.requests[rq->rw]++;
	else
		rq = next_flush(q);
	if (rq) {
		rq->apart = WHOLE;
		rq->retries = 0;
	}
	return rq;
}

static void arm_timer(struct request_queue *q)
{
	q->deadline = jiffies + q->bdev->timeout;
	mod_timer(&q->timer, q->deadline);
}

static void start(struct request_queue *q, struct request *rq)
{
	if (rq != &q->flush) {
		rq->sectors = window(rq);
		rq_map(rq, &q->bdev->limits);
	}
	q->state = QUEUE_STARTED;
	if (blk_fails_on_purpose()) {
		q->state = QUEUE_ENDED;
		q->cause = BLK_MEDIUM;
		q->done = 0;
		return;
	}
	q->starter = smp_processor_id() + 1;
	q->bdev->driver->start(q->bdev, rq);
	q->starter = 0;
	if (q->state == QUEUE_STARTED)
		arm_timer(q);
}

void blk_run(struct request_queue *q)
{
	assert_held(&q->lock);
	for (;;) {
		if (q->state == QUEUE_ENDED)
			digest(q);
		if (q->state != QUEUE_IDLE)
			return;
		if (!q->active)
			q->active = next_request(q);
		if (!q->active)
			return;
		if (q->bdev->gone) {
			blk_fail_request(q, q->active, BLK_GONE);
			blk_put_request(q, q->active);
		} else {
			start(q, q->active);
		}
	}
}

/* --- from the driver --- */

/* *locked: false from within start(), which has the lock. */
static __always_inline u32
lock_from_driver(struct request_queue *q, bool *locked)
{
	u32 flags;

	local_bh_disable();
	flags = local_irq_save();
	*locked = q->starter != smp_processor_id() + 1U;
	if (*locked)
		spin_lock(&q->lock);
	return flags;
}

static __always_inline void
unlock_from_driver(struct request_queue *q, bool locked, u32 flags)
{
	if (locked)
		spin_unlock(&q->lock);
	local_irq_restore(flags);
	local_bh_enable();
}

void blk_end_request(struct block_device *bdev, enum blk_cause cause, u32 done)
{
	struct request_queue *q = bdev->queue;
	bool locked;
	u32 flags = lock_from_driver(q, &locked);

	if (q->state == QUEUE_STARTED) {
		q->state = QUEUE_ENDED;
		q->cause = cause;
		q->done = done;
		if (cause == BLK_GONE)
			blk_gone_locked(q);
	} else {
		q->strays++;
	}
	if (locked)
		blk_run(q);
	unlock_from_driver(q, locked, flags);
}

void blk_device_gone(struct block_device *bdev)
{
	struct request_queue *q = bdev->queue;
	bool locked;
	u32 flags = lock_from_driver(q, &locked);

	if (!bdev->gone)
		pr_warn("block: %s is gone\n", bdev->name);
	blk_gone_locked(q);
	unlock_from_driver(q, locked, flags);
}

/* --- time limits --- */

void blk_expire(struct request_queue *q)
{
	q->state = QUEUE_RESET;
	queue_work(kblockd, &q->reset);
}

/* False: the driver began later than start(), so the limit ends later. */
static bool had_its_time(struct request_queue *q)
{
	struct block_device *bdev = q->bdev;
	u32 now = jiffies;

	if (!bdev->driver->at_work_since)
		return true;
	q->deadline = bdev->driver->at_work_since(bdev) + bdev->timeout;
	if (time_after_eq(now, q->deadline))
		return true;
	mod_timer(&q->timer, q->deadline);
	return false;
}

void blk_time_is_up(unsigned long data)
{
	struct request_queue *q = (struct request_queue *)data;
	u32 flags = spin_lock_irqsave(&q->lock);

	if (q->state == QUEUE_STARTED &&
	    time_after_eq(jiffies, q->deadline) && had_its_time(q))
		blk_expire(q);
	spin_unlock_irqrestore(&q->lock, flags);
}

void blk_reset_work(void *data)
{
	struct request_queue *q = data;
	struct block_device *bdev = q->bdev;
	u32 flags;
	int err;

	if (!bdev->gone)
		pr_warn("block: %s gives no answer for %u ms: reset\n",
			bdev->name, jiffies_to_msecs(bdev->timeout));
	err = bdev->driver->reset(bdev);
	if (err && !bdev->gone)
		pr_warn("block: %s cannot be reset: taken for gone\n",
			bdev->name);
	flags = blk_lock(q);
	bdev->stat.timeouts += !bdev->gone;
	if (err)
		blk_gone_locked(q);
	q->state = QUEUE_ENDED;
	q->cause = BLK_TIMEOUT;
	q->done = 0;
	blk_run(q);
	blk_unlock(q, flags);
}
