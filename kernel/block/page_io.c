/*
 * Pages that come from a disk and go to one.
 *
 * 1. A page goes and comes with one bio. Its end is told from a softirq. The
 *    last page of a disk may have fewer sectors than a page: the rest of the
 *    page is not touched.
 *
 * 2. A bio is wanted when memory is short, too (a page must be written to be
 *    had): a pool keeps some.
 *
 * 3. The direct way. A device that copies by itself (block_driver.copy) needs
 *    no request, no order and no interrupt: the bytes are moved here, under the
 *    queue's lock, as start() would do it. So it is while the device has no
 *    other work, which such a device never has when the lock is free. Whatever
 *    is out of the ordinary (the device is gone, sectors that it has not, a
 *    failure that was asked for) takes the long way, which has a sentence and
 *    retries for it. Counts are the same on both.
 *
 * Lock: request_queue.lock. Cost: of the direct way some 120 instructions
 * besides the bytes; of the long one some 900.
 */
#include <kernel/base/panic.h>
#include <kernel/block/page_io.h>
#include <kernel/block/queue.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include <mm/object/mempool.h>

#define IOS_KEPT 16U			/* guessed: of pages on their way */

struct page_io {
	struct bio bio;
	struct bio_vec vec;
	void (*done)(struct page *page, int error);
};

static mempool_t *ios;

/* --- by a bio --- */

static void end_page_io(struct bio *bio)
{
	struct page_io *io = container_of(bio, struct page_io, bio);

	io->done(io->vec.bv_page, bio->error);
	mempool_free(io, ios);
}

static void send_page(struct block_device *bdev, sector_t sector, u32 sectors,
		      struct page *page, u32 rw,
		      void (*done)(struct page *page, int error))
{
	/* with __GFP_WAIT a pool waits for one, and never fails */
	struct page_io *io = mempool_alloc(ios, GFP_NOIO);

	memset(io, 0, sizeof(*io));
	io->done = done;
	io->vec.bv_page = page;
	io->vec.bv_len = sectors * SECTOR_SIZE;
	io->bio.bdev = bdev;
	io->bio.sector = sector;
	io->bio.rw = rw;
	io->bio.vec = &io->vec;
	io->bio.vcnt = 1;
	io->bio.end_io = end_page_io;
	submit_bio(&io->bio);
}

/* --- directly --- */

static bool is_ordinary(const struct request_queue *q, u32 rw)
{
	const struct block_device *bdev = q->bdev;

	return !bdev->gone && !(rw == WRITE && bdev->read_only) &&
	       q->state == QUEUE_IDLE && !q->active;
}

static bool copy_locked(struct request_queue *q, sector_t sector, u32 sectors,
			struct page *page, u32 rw)
{
	struct block_device *bdev = q->bdev;

	if (!is_ordinary(q, rw) || blk_fails_on_purpose())
		return false;
	bdev->driver->copy(bdev, sector, sectors, page, rw);
	bdev->stat.requests[rw]++;
	bdev->stat.sectors[rw] += sectors;
	blk_count_paged(rw, sectors);
	return true;
}

/* False: nothing has happened, it takes a bio. */
static bool copied(struct block_device *bdev, sector_t sector, u32 sectors,
		   struct page *page, u32 rw)
{
	struct request_queue *q = bdev->queue;
	bool done;
	u32 flags;

	if (!q || !bdev->driver->copy || sector >= bdev->capacity)
		return false;
	atomic_inc(&q->users);
	flags = spin_lock_irqsave(&q->lock);
	done = copy_locked(q, sector, sectors, page, rw);
	spin_unlock_irqrestore(&q->lock, flags);
	if (atomic_dec_and_test(&q->users) && waitqueue_active(&q->idle))
		wake_up_all(&q->idle);
	return done;
}

void bdev_start_page(struct block_device *bdev, sector_t sector,
		     struct page *page, u32 rw,
		     void (*done)(struct page *page, int error))
{
	u32 sectors = (u32)min(bdev->capacity - sector,
			       (sector_t)SECTORS_OF_PAGE);

	might_sleep();
	if (copied(bdev, sector, sectors, page, rw))
		done(page, 0);
	else
		send_page(bdev, sector, sectors, page, rw, done);
}

void page_io_init(void)
{
	ios = mempool_create_kmalloc_pool(IOS_KEPT, sizeof(struct page_io));
	if (!ios)
		panic("no memory for the pages of disks");
}
