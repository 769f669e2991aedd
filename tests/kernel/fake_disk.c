#include <kernel/cpu/time.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include <mm/virt/vmalloc.h>
#include "fake_disk.h"

u32 io_ends;

/* --- the device --- */

static bool within_limits(const struct fake_disk *fake,
			  const struct request *rq)
{
	const struct queue_limits *limits = &fake->bdev.limits;
	u32 i, bytes = 0;

	for (i = 0; i < rq->nr_segments; i++) {
		const struct bio_vec *v = &rq->segments[i];
		phys_addr_t first = page_to_phys(v->bv_page) + v->bv_offset;
		phys_addr_t last = first + v->bv_len - 1;

		if (!v->bv_len || v->bv_len > limits->max_segment_size ||
		    (first | limits->seg_boundary_mask) !=
		    (last | limits->seg_boundary_mask))
			return false;
		bytes += v->bv_len;
	}
	return bytes == rq->sectors * SECTOR_SIZE &&
	       rq->sectors <= limits->max_sectors &&
	       rq->nr_segments <= limits->max_segments &&
	       rq->sector + rq->sectors <= fake->bdev.capacity;
}

static void note(struct fake_disk *fake, const struct request *rq)
{
	fake->violations += !within_limits(fake, rq) || fake->rq;
	if (fake->nr_log == FAKE_LOG)
		return;
	fake->log[fake->nr_log].rw = rq->rw;
	fake->log[fake->nr_log].sector = (u32)rq->sector;
	fake->log[fake->nr_log].sectors = rq->sectors;
	fake->log[fake->nr_log++].segments = rq->nr_segments;
}

static void transfer(struct fake_disk *fake, const struct request *rq, u32 n)
{
	struct request_walk walk = { .left = n * SECTOR_SIZE };
	u8 *disk = fake->data + rq->sector * SECTOR_SIZE;
	struct bio_vec piece;

	while (rq_next_piece(rq, &walk, PAGE_SIZE, &piece)) {
		u8 *page = kmap_atomic(piece.bv_page);
		u8 *data = page + piece.bv_offset;

		if (rq->rw & WRITE)
			memcpy(disk, data, piece.bv_len);
		else
			memcpy(data, disk, piece.bv_len);
		kunmap_atomic(page);
		disk += piece.bv_len;
	}
}

/* Sectors before the first bad one. */
static u32 good_sectors(const struct fake_disk *fake, const struct request *rq)
{
	u32 i, at = (u32)rq->sector;

	for (i = 0; i < rq->sectors; i++)
		if (at + i >= fake->bad && at + i < fake->bad_end)
			break;
	return i;
}

bool fake_answer(struct fake_disk *fake)
{
	struct request *rq = fake->rq;
	u32 done;

	if (!rq)
		return false;
	fake->rq = NULL;
	done = good_sectors(fake, rq);
	if (fake->fails) {
		fake->fails--;
		blk_end_request(&fake->bdev, fake->cause, 0);
		return true;
	}
	transfer(fake, rq, done);
	blk_end_request(&fake->bdev,
			done < rq->sectors ? fake->cause : BLK_FINE,
			fake->tells_done ? done : 0);
	return true;
}

static void timer_answers(unsigned long data)
{
	fake_answer((struct fake_disk *)data);
}

static void fake_start(struct block_device *bdev, struct request *rq)
{
	struct fake_disk *fake = bdev->private;

	note(fake, rq);
	fake->rq = rq;
	fake->began = jiffies;
	if (fake->deaf) {
		fake->deaf--;
		return;
	}
	switch (fake->way) {
	case FAKE_NOW:
		fake_answer(fake);
		break;
	case FAKE_LATER:
		mod_timer(&fake->timer, jiffies + 1);
		break;
	case FAKE_VANISH:
		blk_device_gone(bdev);
		break;
	case FAKE_HOLD:
	case FAKE_DEAF:
		break;
	}
}

static int fake_reset(struct block_device *bdev)
{
	struct fake_disk *fake = bdev->private;

	might_sleep();
	del_timer_sync(&fake->timer);
	fake->rq = NULL;
	fake->resets++;
	return fake->reset_result;
}

void fake_begins(struct fake_disk *fake)
{
	fake->began = jiffies;
	barrier();
	fake->waits = false;
}

static u32 fake_at_work_since(struct block_device *bdev)
{
	const struct fake_disk *fake = bdev->private;

	return fake->waits ? jiffies : fake->began;
}

static const struct block_driver fake_driver = {
	.name = "fake", .start = fake_start, .reset = fake_reset,
	.at_work_since = fake_at_work_since,
};

static void set_up(struct fake_disk *fake)
{
	u32 i;

	strlcpy(fake->bdev.name, "fake0", sizeof(fake->bdev.name));
	strlcpy(fake->bdev.model, "a test", sizeof(fake->bdev.model));
	fake->bdev.capacity = FAKE_SECTORS;
	fake->bdev.timeout = 60 * hz;
	fake->bdev.driver = &fake_driver;
	fake->bdev.private = fake;
	fake->bdev.limits = (struct queue_limits){
		.dma_mask = ~(phys_addr_t)0, .max_sectors = FAKE_SECTORS,
		.max_segments = BLK_SEGMENTS, .max_segment_size = 0x100000,
		.seg_boundary_mask = ~(phys_addr_t)0,
	};
	fake->cause = BLK_MEDIUM;
	setup_timer(&fake->timer, timer_answers, (unsigned long)fake);
	for (i = 0; i < FAKE_SECTORS; i++)
		memset(fake->data + i * SECTOR_SIZE, (u8)i, SECTOR_SIZE);
}

struct fake_disk *fake_create(void)
{
	struct fake_disk *fake = kzalloc(sizeof(*fake), GFP_KERNEL);

	if (!EXPECT(fake))
		return NULL;
	fake->data = vmalloc(FAKE_SECTORS * SECTOR_SIZE);
	if (EXPECT(fake->data)) {
		set_up(fake);
		if (EXPECT_EQ(add_disk(&fake->bdev), 0))
			return fake;
	}
	vfree(fake->data);
	kfree(fake);
	return NULL;
}

void fake_destroy(struct fake_disk *fake)
{
	del_disk(&fake->bdev);
	EXPECT_EQ(fake->violations, 0);
	del_timer_sync(&fake->timer);
	vfree(fake->data);
	kfree(fake);
}

void fake_answer_all(struct fake_disk *fake)
{
	while (fake_answer(fake))
		continue;
	do_softirq();
}

/* --- bios --- */

static void io_ended(struct bio *bio)
{
	struct io *io = container_of(bio, struct io, bio);

	io->order = io_ends++;
	io->ended = true;
}

void io_init(struct io *io, struct block_device *bdev, u32 rw, u32 sector,
	     u32 n, struct page *pages, u32 offset)
{
	u32 left = n * SECTOR_SIZE, i;

	memset(io, 0, sizeof(*io));
	io->bio.bdev = bdev;
	io->bio.rw = rw;
	io->bio.sector = sector;
	io->bio.vec = io->vec;
	io->bio.end_io = io_ended;
	for (i = 0; i < IO_PIECES && left; i++) {
		io->vec[i].bv_page = pages + (offset >> PAGE_SHIFT);
		io->vec[i].bv_offset = offset & (PAGE_SIZE - 1);
		io->vec[i].bv_len = min(left,
					PAGE_SIZE - io->vec[i].bv_offset);
		left -= io->vec[i].bv_len;
		offset += io->vec[i].bv_len;
	}
	io->bio.vcnt = i;
}

void io_send(struct io *io, struct block_device *bdev, u32 rw, u32 sector,
	     u32 n, struct page *pages, u32 offset)
{
	io_init(io, bdev, rw, sector, n, pages, offset);
	submit_bio(&io->bio);
}

bool io_wait(struct io *io)
{
	u32 end = jiffies + 20 * hz;

	while (!io->ended && time_before(jiffies, end))
		msleep(1);
	return io->ended;
}

/* --- a case --- */

bool fake_case_begin(struct fake_case *c, unsigned int order)
{
	io_ends = 0;
	c->order = order;
	c->pages = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
	c->io = kzalloc(FAKE_IOS * sizeof(*c->io), GFP_KERNEL);
	c->fake = fake_create();
	return EXPECT(c->pages) & EXPECT(c->io) & EXPECT(c->fake);
}

void fake_case_end(struct fake_case *c)
{
	if (c->fake)
		fake_destroy(c->fake);
	kfree(c->io);
	if (c->pages)
		__free_pages(c->pages, c->order);
}
