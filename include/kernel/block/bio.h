/*
 * Block I/O: pieces of pages that go to or come from neighbouring sectors of a
 * device. ULK3 section 14.2.
 *
 * The submitter owns the bio and its pages again when end_io() is called; until
 * then it touches neither. A bio ends once, always, whatever the device does:
 * time limits see to that.
 */
#ifndef KERNEL_BLOCK_BIO_H
#define KERNEL_BLOCK_BIO_H

#include <kernel/lib/list.h>
#include <mm/high/bounce.h>
#include <mm/page/gfp.h>

#define SECTOR_SHIFT 9
#define SECTOR_SIZE 512

typedef u64 sector_t;		/* of 512 bytes */

struct block_device;

enum { READ = 0, WRITE = 1 };
#define BIO_FLUSH 2		/* the device's write cache, behind the data */

/* Why a bio failed; blk_cause_name() has a sentence for each. */
enum blk_cause {
	BLK_FINE,
	BLK_RANGE,		/* past the end, or no data at all */
	BLK_UNALIGNED,		/* pieces that are no whole sectors of a page */
	BLK_READ_ONLY,
	BLK_MEDIUM,		/* the device cannot read or write the sector */
	BLK_NO_MEDIUM,		/* the drive is empty */
	BLK_BUS,		/* DMA or the interface failed */
	BLK_TIMEOUT,		/* no answer in time, and none after a reset */
	BLK_GONE,		/* the device is not there any more */
	BLK_NO_MEMORY,
	NR_BLK_CAUSES
};

struct bio {
	struct list_head list;		/* the block layer's while in flight */
	struct block_device *bdev;
	sector_t sector;		/* first */
	u32 rw;				/* READ or WRITE, with BIO_FLUSH */
	u32 vcnt;			/* pieces; 0 only for a flush alone */
	const struct bio_vec *vec;
	void (*end_io)(struct bio *bio);
	void *private;			/* end_io()'s */

	/* results, there when end_io() is called */
	int error;			/* 0, -EIO; refused: -EINVAL, -EROFS */
	enum blk_cause cause;
	sector_t error_sector;		/* the first that was not transferred */

	/* the block layer's */
	u32 sectors;			/* of all pieces */
	u32 segments;			/* of them, at most */
	u32 parts;			/* of it that are on their way */
	struct bounce *bounce;		/* NULL: the pages are within reach */
};

/*
 * Sends it off. Each piece is within its page and, like its offset there, a
 * multiple of 512 bytes; there may be any number. What cannot be (no data, past
 * the end, a piece that is no whole sectors, a write to what is read-only) ends
 * at once, with a sentence in the log. end_io() runs in a softirq or, for what
 * is refused, in the caller; it may not sleep; it may free the bio and submit
 * others that need no bouncing and fit into one request of the device. Sleeps
 * for bounce pages and while the queue is full; no lock held.
 *
 * Two that overlap and are under way at once go in any order: who cares waits
 * for the first.
 */
void submit_bio(struct bio *bio);

/* The same, and waits for the end: bio->error. end_io is not used. */
int submit_bio_wait(struct bio *bio);

/* Whole pages or one, and back: the error of the bio. May sleep. */
int bdev_read_page(struct block_device *bdev, sector_t sector,
		   struct page *page);
int bdev_write_page(struct block_device *bdev, sector_t sector,
		    struct page *page);

/* Until all that was submitted before is on the medium: the error. May
 * sleep. */
int blkdev_flush(struct block_device *bdev);

/* "the device cannot read or write it". */
const char *blk_cause_name(enum blk_cause cause);

#endif
