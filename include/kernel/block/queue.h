/* What the files of kernel/block share. */
#ifndef KERNEL_BLOCK_QUEUE_H
#define KERNEL_BLOCK_QUEUE_H

#include <kernel/block/elevator.h>
#include <kernel/cpu/softirq.h>
#include <kernel/sched/wait.h>
#include <kernel/sched/workqueue.h>

/*
 * state	the device			changed by
 * QUEUE_IDLE	has no request
 * QUEUE_STARTED	has `active`			start()
 * QUEUE_ENDED	is done with it: cause, done	blk_end_request(), the work
 * QUEUE_RESET	is to let go of it		time is up, or it is gone
 *
 * Only in QUEUE_STARTED a driver can end anything.
 */
enum queue_state { QUEUE_IDLE, QUEUE_STARTED, QUEUE_ENDED, QUEUE_RESET };

struct request_queue {
	spinlock_t lock;		/* all below, and bdev->stat */
	struct block_device *bdev;
	struct elevator elevator;	/* requests that wait */
	struct list_head free;		/* requests */
	struct list_head late;		/* bios that found no place, and whose
					 * submitters could not wait */
	struct list_head flushes;	/* bios that want a flush */
	struct list_head ended;		/* bios whose end_io() comes next */
	struct request *active;
	enum queue_state state;
	enum blk_cause cause;
	u32 done;			/* sectors */
	u32 starter;			/* CPU + 1 that is in start() */
	u32 silent;			/* time limits in a row */
	u32 strays;			/* ends of what was not in flight */
	atomic_t users;			/* bios between submit and end_io() */
	wait_queue_head_t wait;		/* for a place */
	wait_queue_head_t idle;		/* for users to be 0 */
	struct tasklet end;		/* calls end_io() */
	struct timer_list timer;
	u32 deadline;			/* jiffies, of the request in flight */
	struct work_struct reset;
	struct request flush;		/* the one that has no sectors */
	struct request requests[BLK_REQUESTS];
	struct bio_vec segments[BLK_SEGMENTS];
};

/* Calls reset() of drivers; one thread for all devices. */
extern struct workqueue_struct *kblockd;

struct request_queue *blk_create_queue(struct block_device *bdev);

/* Waits until nobody uses it. The device is gone. May sleep. */
void blk_destroy_queue(struct request_queue *q);

/*
 * The lock, where bios may end under it: their softirq runs when it is let go,
 * and not at the next tick.
 */
static inline u32 blk_lock(struct request_queue *q)
{
	local_bh_disable();
	return spin_lock_irqsave(&q->lock);
}

static inline void blk_unlock(struct request_queue *q, u32 flags)
{
	spin_unlock_irqrestore(&q->lock, flags);
	local_bh_enable();
}

/* --- queue.c --- */

/* Takes a bio that fits into one request. Sleeps for a place, if it may. */
void blk_queue_bio(struct request_queue *q, struct bio *bio);

/* The rest: the lock is held, interrupts are off. */

/* The data is where it belongs: a flush if one is wanted, or the end. */
void blk_data_done(struct request_queue *q, struct bio *bio);

/* It has ended: end_io() is called soon. */
void blk_end_bio(struct request_queue *q, struct bio *bio,
		 enum blk_cause cause, sector_t sector);

/* Its bios are all off: somebody who waits may have its place. */
void blk_put_request(struct request_queue *q, struct request *rq);

void blk_gone_locked(struct request_queue *q);

/* bio.c. Boot: what is kept for bios that go in parts; panics without. */
void bio_init_parts(void);

/* A bio's pages and log, then end_io(). No lock held. */
void bio_finish(struct bio *bio);

/* Is it a part of another one? Then that one speaks for it. */
bool bio_is_part(const struct bio *bio);

/* bio.c: for block_paged_kb(). Interrupts are off. */
void blk_count_paged(u32 rw, u32 sectors);

/* --- request.c; the lock is held, too --- */

/* Is this try of a transfer to fail (fail_block_io)? */
bool blk_fails_on_purpose(void);

/* What is next for the device, as long as there is something. */
void blk_run(struct request_queue *q);

/* All bios of it, where it stands, fail. */
void blk_fail_request(struct request_queue *q, struct request *rq,
		      enum blk_cause cause);

/* The request in flight is given up. */
void blk_expire(struct request_queue *q);

/* Timer and work of time limits. data: the queue. */
void blk_time_is_up(unsigned long data);
void blk_reset_work(void *data);

#endif
