/*
 * Block I/O as its users see it: checks, parts, bounce pages, waiting.
 *
 * 1. The way of a bio:
 *
 *	submit_bio()	refuses what cannot be; counts; cuts what is too much
 *	send()		replaces pages that the device does not reach
 *	queue.c		...
 *	bio_finish()	copies back, logs, end_io()
 *
 * 2. Parts. What is too much for one request (sectors, segments, pages to be
 *    bounced) goes as several bios of PART_PIECES pieces at most, which the
 *    queue joins again as far as the limits go. A part is sent before the next
 *    one is taken from the pool, and ends by itself: so the pool, which has
 *    PARTS_KEPT, always fills again, and a bio of any size gets through without
 *    memory. `parts` of the whole (under the queue's lock) counts those that
 *    are on their way, and one for the submitter until all are sent.
 *
 *    The whole has the error of its part with the lowest sector. Its BIO_FLUSH
 *    is done when all parts are.
 *
 * 3. Bounce pages make segments of their own: nobody knows before whether they
 *    are neighbours. So each piece is counted by itself then. A device whose
 *    pool is empty since the boot is refused what would need it: nothing could
 *    ever go on.
 *
 * 4. Whoever waits may be the one who frees memory: all is done with GFP_NOIO.
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/block/queue.h>
#include <kernel/lib/errno.h>
#include <mm/object/mempool.h>

#define PART_PIECES BOUNCE_ISA_PAGES	/* derived: a part fits any pool */
#define PARTS_KEPT 4U			/* guessed: one is enough to go on */

struct part {
	struct bio bio;
	struct bio_vec vec[PART_PIECES];
};

static mempool_t *parts;

static u64 paged_sectors[2][NR_CPUS];

/* --- refusals --- */

static const char *const causes[NR_BLK_CAUSES] = {
	[BLK_FINE] = "nothing is wrong",
	[BLK_RANGE] = "there are no such sectors",
	[BLK_UNALIGNED] = "the pieces are no whole sectors",
	[BLK_READ_ONLY] = "it is read-only",
	[BLK_MEDIUM] = "the device cannot read or write it",
	[BLK_NO_MEDIUM] = "the drive is empty",
	[BLK_BUS] = "the way to the device failed",
	[BLK_TIMEOUT] = "the device does not answer",
	[BLK_GONE] = "the device is gone",
	[BLK_NO_MEMORY] = "the driver had no memory",
	[BLK_NO_BOUNCE] = "no page that it reaches was kept for it",
};

const char *blk_cause_name(enum blk_cause cause)
{
	return cause < NR_BLK_CAUSES ? causes[cause] : "(no cause)";
}

static const char *what_for(const struct bio *bio)
{
	if (bio->rw & BIO_FLUSH && !bio->vcnt)
		return "flush";
	return bio->rw & WRITE ? "write" : "read";
}

/* Sectors of all pieces; 0: one of them is none. */
static u32 count_sectors(const struct bio *bio)
{
	u32 i, sectors = 0;

	for (i = 0; i < bio->vcnt; i++) {
		const struct bio_vec *v = &bio->vec[i];

		if (!v->bv_len ||
		    (v->bv_len | v->bv_offset) % SECTOR_SIZE ||
		    v->bv_offset >= PAGE_SIZE ||
		    v->bv_len > PAGE_SIZE - v->bv_offset)
			return 0;
		sectors += v->bv_len >> SECTOR_SHIFT;
	}
	return sectors;
}

static enum blk_cause judge(struct bio *bio)
{
	const struct block_device *bdev = bio->bdev;

	bio->sectors = 0;
	if (bio->rw & WRITE && bdev->read_only)
		return BLK_READ_ONLY;
	if (!bio->vcnt)
		return bio->rw & BIO_FLUSH ? BLK_FINE : BLK_RANGE;
	bio->sectors = count_sectors(bio);
	if (!bio->sectors)
		return BLK_UNALIGNED;
	if (bio->sector >= bdev->capacity ||
	    bio->sectors > bdev->capacity - bio->sector)
		return BLK_RANGE;
	return bdev->queue ? BLK_FINE : BLK_GONE;
}

static void refuse(struct bio *bio, enum blk_cause cause)
{
	pr_warn("block: %s: a %s of %u sectors from %llu is refused: %s\n",
		bio->bdev->name, what_for(bio), bio->sectors, bio->sector,
		blk_cause_name(cause));
	bio->error = cause == BLK_READ_ONLY ? -EROFS :
		     cause == BLK_GONE ? -EIO :
		     cause == BLK_NO_BOUNCE ? -ENOMEM : -EINVAL;
	bio->cause = cause;
	bio->error_sector = bio->sector;
	bio->end_io(bio);
}

/* --- the end --- */

static void part_ended(struct bio *bio);

bool bio_is_part(const struct bio *bio)
{
	return bio->end_io == part_ended;
}

/* What of a read the device has written to memory. */
static u32 bytes_read(const struct bio *bio)
{
	u32 sectors = bio->error ? (u32)(bio->error_sector - bio->sector) :
				   bio->sectors;

	return bio->rw & WRITE ? 0 : sectors << SECTOR_SHIFT;
}

void bio_finish(struct bio *bio)
{
	if (bio->bounce)
		bounce_end(bio->bounce, bytes_read(bio));
	bio->bounce = NULL;
	/* that it is gone was said once */
	if (bio->error && bio->cause != BLK_GONE && !bio_is_part(bio))
		pr_warn("block: %s: %s of sector %llu failed: %s\n",
			bio->bdev->name, what_for(bio), bio->error_sector,
			blk_cause_name(bio->cause));
	bio->end_io(bio);
}

/* --- one that fits --- */

static void count_bounced(struct request_queue *q, const struct bio *bio)
{
	u32 flags = spin_lock_irqsave(&q->lock);

	q->bdev->stat.bounced[bio->rw & WRITE] += bounce_count(bio->bounce);
	spin_unlock_irqrestore(&q->lock, flags);
}

static void send(struct request_queue *q, struct bio *bio)
{
	phys_addr_t mask = bio->bdev->limits.dma_mask;

	atomic_inc(&q->users);
	if (bio->vcnt && bounce_needed(bio->vec, bio->vcnt, mask)) {
		bio->bounce = bounce_begin(bio->vec, bio->vcnt, mask,
					   bio->rw & WRITE);
		count_bounced(q, bio);
	}
	blk_queue_bio(q, bio);
}

/* --- parts --- */

/* Where the next part of a bio begins. */
struct cut {
	const struct bio *bio;
	u32 piece, done;	/* bytes of that piece */
	sector_t sector;
	u32 pieces;		/* most of a part */
	bool bounced;		/* no piece joins another */
};

static void put_part(struct request_queue *q, struct bio *whole,
		     const struct bio *part)
{
	u32 flags = blk_lock(q);

	if (part && part->error && (!whole->error ||
	    part->error_sector < whole->error_sector)) {
		whole->error = part->error;
		whole->cause = part->cause;
		whole->error_sector = part->error_sector;
	}
	if (!--whole->parts) {
		blk_data_done(q, whole);
		blk_run(q);
	}
	blk_unlock(q, flags);
}

static void part_ended(struct bio *bio)
{
	put_part(bio->bdev->queue, bio->private, bio);
	mempool_free(container_of(bio, struct part, bio), parts);
}

/* As much as one request may have. */
static void fill_part(struct part *part, struct cut *cut)
{
	const struct queue_limits *limits = &cut->bio->bdev->limits;
	u32 room = limits->max_sectors << SECTOR_SHIFT, n;
	struct seg_run run = { .nr = 0 };
	struct bio *bio = &part->bio;

	while (cut->piece < cut->bio->vcnt && bio->vcnt < cut->pieces && room) {
		struct bio_vec piece = cut->bio->vec[cut->piece];
		bool whole;

		piece.bv_offset += cut->done;
		piece.bv_len = min(piece.bv_len - cut->done, room);
		if (cut->bounced)
			run.end = SEG_CLOSED;
		n = seg_append(&run, limits, &piece, limits->max_segments,
			       NULL);
		if (!n)
			break;
		whole = n == piece.bv_len;
		piece.bv_len = n;
		part->vec[bio->vcnt++] = piece;
		bio->sectors += n >> SECTOR_SHIFT;
		room -= n;
		cut->done += n;
		if (cut->done == cut->bio->vec[cut->piece].bv_len) {
			cut->piece++;
			cut->done = 0;
		}
		if (!whole)
			break;
	}
	bio->segments = run.nr;
	cut->sector += bio->sectors;
}

static struct bio *next_part(struct bio *whole, struct cut *cut)
{
	struct part *part = mempool_alloc(parts, GFP_NOIO);

	part->bio = (struct bio){
		.bdev = whole->bdev, .sector = cut->sector,
		.rw = whole->rw & WRITE, .vec = part->vec,
		.end_io = part_ended, .private = whole,
	};
	fill_part(part, cut);
	return &part->bio;
}

static void send_parts(struct request_queue *q, struct bio *bio, bool bounced)
{
	struct cut cut = {
		.bio = bio, .sector = bio->sector, .bounced = bounced,
		.pieces = min(PART_PIECES,
			      bounce_limit(bio->bdev->limits.dma_mask)),
	};

	atomic_inc(&q->users);
	bio->parts = 1;
	while (cut.piece < bio->vcnt) {
		struct bio *part = next_part(bio, &cut);
		u32 flags = spin_lock_irqsave(&q->lock);

		bio->parts++;
		spin_unlock_irqrestore(&q->lock, flags);
		send(q, part);
	}
	put_part(q, bio, NULL);
}

/* --- all of them --- */

static bool fits_one_request(struct bio *bio, bool bounced)
{
	const struct queue_limits *limits = &bio->bdev->limits;
	struct seg_run run = { .nr = 0 };
	u32 i;

	if (bio->sectors > limits->max_sectors)
		return false;
	for (i = 0; i < bio->vcnt; i++) {
		if (bounced)
			run.end = SEG_CLOSED;
		if (seg_append(&run, limits, &bio->vec[i],
			       limits->max_segments, NULL) <
		    bio->vec[i].bv_len)
			return false;
	}
	bio->segments = run.nr;
	return !bounced || bio->vcnt <= bounce_limit(limits->dma_mask);
}

void blk_count_paged(u32 rw, u32 sectors)
{
	paged_sectors[rw & WRITE][smp_processor_id()] += sectors;
}

static void count_paged(const struct bio *bio)
{
	u32 flags = local_irq_save();

	blk_count_paged(bio->rw, bio->sectors);
	local_irq_restore(flags);
}

u32 block_paged_kb(u32 rw)
{
	unsigned int cpu;
	u64 sectors = 0;

	for_each_cpu(cpu)
		sectors += paged_sectors[rw][cpu];
	return (u32)(sectors >> 1);
}

void submit_bio(struct bio *bio)
{
	phys_addr_t mask = bio->bdev->limits.dma_mask;
	enum blk_cause cause;
	bool bounced;

	bio->error = 0;
	bio->cause = BLK_FINE;
	bio->error_sector = bio->sector;
	bio->parts = 0;
	bio->bounce = NULL;
	cause = judge(bio);
	bounced = cause == BLK_FINE && bio->vcnt &&
		  bounce_needed(bio->vec, bio->vcnt, mask);
	if (bounced && !bounce_limit(mask))
		cause = BLK_NO_BOUNCE;
	if (cause != BLK_FINE) {
		refuse(bio, cause);
		return;
	}
	count_paged(bio);
	if (fits_one_request(bio, bounced))
		send(bio->bdev->queue, bio);
	else
		send_parts(bio->bdev->queue, bio, bounced);
}

/* --- waiting --- */

static void wake_submitter(struct bio *bio)
{
	complete(bio->private);
}

int submit_bio_wait(struct bio *bio)
{
	DECLARE_COMPLETION(done);
	struct bio own = *bio;

	might_sleep();
	own.end_io = wake_submitter;
	own.private = &done;
	submit_bio(&own);
	wait_for_completion(&done);
	bio->error = own.error;
	bio->cause = own.cause;
	bio->error_sector = own.error_sector;
	bio->sectors = own.sectors;
	return bio->error;
}

static int page_io(struct block_device *bdev, sector_t sector,
		   struct page *page, u32 rw)
{
	struct bio_vec vec = { .bv_page = page, .bv_len = PAGE_SIZE };
	struct bio bio = {
		.bdev = bdev, .sector = sector, .rw = rw,
		.vec = &vec, .vcnt = 1,
	};

	return submit_bio_wait(&bio);
}

int bdev_read_page(struct block_device *bdev, sector_t sector,
		   struct page *page)
{
	return page_io(bdev, sector, page, READ);
}

int bdev_write_page(struct block_device *bdev, sector_t sector,
		    struct page *page)
{
	return page_io(bdev, sector, page, WRITE);
}

int blkdev_flush(struct block_device *bdev)
{
	struct bio bio = { .bdev = bdev, .rw = BIO_FLUSH };

	return submit_bio_wait(&bio);
}

void bio_init_parts(void)
{
	parts = mempool_create_kmalloc_pool(PARTS_KEPT, sizeof(struct part));
	if (!parts)
		panic("no memory for the parts of large block requests");
}
