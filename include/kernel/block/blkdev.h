/*
 * Block devices, their queues and what a driver does. ULK3 sections 14.3, 14.4.
 *
 *	submit_bio() -> [bounce] -> queue: merge, sort -> driver: start()
 *	end_io() <- softirq <- blk_end_request() <- the driver's interrupt
 *
 * A queue holds requests in the order of their sectors; bios that are
 * neighbours join one request while it waits (front and back merges, within
 * the device's limits). The next to go is the next one upwards from where the
 * last ended (one way, then from the bottom again); one that has waited
 * BLK_EXPIRE goes first. A device has one request at a time. A bio that is too
 * much for one request goes in parts.
 *
 * A flush is a border: what came before it has ended when it begins, and what
 * comes behind it waits for its end.
 *
 * A request that fails is tried BLK_RETRIES times, if its cause can go away.
 * Then it is taken apart, bio by bio and sector by sector: so each bio gets its
 * own result and the first sector that cannot be had is known.
 *
 * A request that does not end within the device's time limit: the driver's
 * reset(), in a thread; the device then touches its pages no more, and the
 * request counts as failed (BLK_TIMEOUT). It is tried again, but not taken
 * apart. A device that stays silent BLK_SILENT times in a row is gone. Time
 * during which a request only waits for another device counts nowhere.
 */
#ifndef KERNEL_BLOCK_BLKDEV_H
#define KERNEL_BLOCK_BLKDEV_H

#include <kernel/block/bio.h>
#include <kernel/lock.h>

#define BLK_RETRIES 3		/* guessed: as disks do by themselves */
#define BLK_SILENT 8		/* derived: two requests and their retries */
#define BLK_EXPIRE_MS 500	/* the reference's for reads (deadline) */
#define BLK_REQUESTS 128	/* of a queue: as the reference's */
#define BLK_SEGMENTS 128	/* most pieces of a request: the reference's */

struct request;
struct request_queue;

struct queue_limits {
	phys_addr_t dma_mask;		/* highest address it reaches */
	u32 max_sectors;		/* of a request */
	u32 max_segments;		/* pieces of a request */
	u32 max_segment_size;		/* bytes of a piece */
	phys_addr_t seg_boundary_mask;	/* no piece crosses it: 0xffff, 64 KB */
};

struct block_driver {
	const char *name;		/* "ide", "floppy", "ram" */
	/*
	 * Begins rq. Interrupts are off and the queue's lock is held: it must
	 * not sleep. The driver calls blk_end_request() later, from its
	 * interrupt, work or thread, or (a RAM disk) before it returns.
	 */
	void (*start)(struct block_device *bdev, struct request *rq);
	/*
	 * The request in flight is given up: makes the device let go of its
	 * pages and ready for the next. -EIO: the device is gone. In a thread:
	 * may sleep. An interrupt of the old request may still come and must
	 * not end anything.
	 */
	int (*reset)(struct block_device *bdev);
	/*
	 * Of devices that share a controller, else NULL: since when (jiffies)
	 * the request in flight is at the device; now, if it still waits for
	 * another one's to end, or has ended. The time limit counts from there.
	 * Asked when time seems to be up, as start() is called: interrupts off,
	 * the queue's lock held. Whatever is waited for must have a limit.
	 */
	u32 (*at_work_since)(struct block_device *bdev);
	/*
	 * Of a device that copies by itself and never fails, else NULL: sectors
	 * to or from the begin of a page, at once. Called as start() is.
	 */
	void (*copy)(struct block_device *bdev, sector_t sector, u32 sectors,
		     struct page *page, u32 rw);
};

struct block_device {
	char name[8];			/* "hda", "fd0", "ram0" */
	char model[41];			/* what it calls itself */
	sector_t capacity;
	bool read_only;
	bool gone;			/* all fail with BLK_GONE */
	u32 timeout;			/* ticks for one request */
	struct queue_limits limits;
	const struct block_driver *driver;
	void *private;			/* the driver's */
	struct request_queue *queue;	/* the block layer's */
	struct list_head list;		/* of all devices */
	u32 writers;			/* claim_disk(); under disks_lock, */
	bool owned;			/* both */
	struct {
		u64 sectors[2];		/* READ, WRITE */
		u32 requests[2];	/* begun, without retries */
		u32 merges[2];		/* bios that joined a request */
		u32 bounced[2];		/* pages */
		u32 retries, errors, timeouts;	/* errors: bios that failed */
	} stat;
};

/*
 * A request as the driver sees it: one direction, neighbouring sectors, pieces
 * within the limits. It and what it points to stay until blk_end_request().
 */
struct request {
	struct list_head list;		/* by sectors; or free */
	struct list_head age;		/* by submitted, while it waits */
	struct block_device *bdev;
	u32 rw;				/* READ or WRITE; BIO_FLUSH alone */
	sector_t sector;		/* first, here and now */
	u32 sectors;			/* 0: only a flush */
	u32 nr_segments;		/* while it waits: at most so many */
	struct bio_vec *segments;	/* neighbours in memory are joined, so
					 * bv_len may go beyond the page */
	struct list_head bios;		/* in the order of their sectors */
	u32 retries;			/* tried so often already */
	u32 submitted;			/* jiffies */
	u32 apart;			/* what is tried at once: request.c */
};

/*
 * The pages of a request, one by one, for a driver that copies by itself:
 *
 *	struct request_walk walk = { .left = rq->sectors * SECTOR_SIZE };
 *
 *	while (rq_next_piece(rq, &walk, most, &piece))
 *
 * Each piece lies in one page and has `most` bytes or fewer. Any context.
 */
struct request_walk {
	u32 segment, done;	/* bytes of that segment */
	u32 left;		/* bytes of all */
};
bool rq_next_piece(const struct request *rq, struct request_walk *walk,
		   u32 most, struct bio_vec *piece);

/*
 * The request in flight has ended: cause BLK_FINE, or what went wrong; done:
 * so many sectors from its begin were transferred all the same (0 if unknown).
 * The next one is started from here. Any context, also the driver's interrupt
 * handler; the queue's lock not held, except from within start().
 */
void blk_end_request(struct block_device *bdev, enum blk_cause cause, u32 done);

/*
 * Makes bdev, filled by the driver up to private, known under its name.
 * -EEXIST: the name is taken; -EINVAL: limits that make no sense, with a
 * sentence; -ENOMEM. May sleep. bdev stays until del_disk().
 */
int add_disk(struct block_device *bdev);

/*
 * Ends what is queued and in flight (BLK_GONE; the driver is told to reset() if
 * it has a request) and forgets it. Nobody may begin to use it any more, but
 * who is at it may end. May sleep.
 */
void del_disk(struct block_device *bdev);

/* It does not answer: what is queued and what comes fails. Any context. */
void blk_device_gone(struct block_device *bdev);

/* NULL: none of that name. Any context. */
struct block_device *find_disk(const char *name);

/*
 * Who is to write to it, of those who must know of each other: with others who
 * do, or alone. -EBUSY: somebody has it alone; or alone is wanted, and somebody
 * writes. Any context.
 */
int claim_disk(struct block_device *bdev, bool alone);
void release_disk(struct block_device *bdev, bool alone);

/* All of them in the order of add_disk(); the first for NULL, NULL at the end.
 * Task context. */
struct block_device *next_disk(struct block_device *bdev);

/* KB that bios wanted to read (READ) or write since boot, of all devices; the
 * reference's pgpgin and pgpgout. Any context. */
u32 block_paged_kb(u32 rw);

/* Boot, in a thread: each driver looks for its devices. */
void block_init(void);

#endif
