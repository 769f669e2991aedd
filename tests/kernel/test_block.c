/* Requests and their order: kernel/block. What fails: test_block_fail.c. */
#include <kernel/base/debug.h>
#include <kernel/base/fail.h>
#include <kernel/cpu/time.h>
#include <mm/high/bounce_books.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include "fake_disk.h"
#include "threads.h"

#define ORDER 4U		/* 16 pages that follow each other */
#define PER_PAGE (PAGE_SIZE / SECTOR_SIZE)

static struct fake_case t;

static bool begin(void)
{
	return fake_case_begin(&t, ORDER);
}

/* debug=bounce: pieces are those of the case all the same, and who may not
 * sleep may submit them. */
static bool begin_unbounced(void)
{
	bounce_all = false;
	return begin();
}

static void end(void)
{
	bounce_all = debug_enabled(DEBUG_BOUNCE);
	fake_case_end(&t);
}

static u8 *memory(void)
{
	return page_address(t.pages);
}

static u32 sector_in_log(u32 i)
{
	return i < t.fake->nr_log ? t.fake->log[i].sector : ~0U;
}

static void read_page(u32 io, u32 sector, u32 page)
{
	io_send(&t.io[io], &t.fake->bdev, READ, sector, PER_PAGE, t.pages,
		page * PAGE_SIZE);
}

/* The device is busy with a sector of its own, until the test lets it go. */
static void keep_busy(u32 sector)
{
	io_send(&t.io[FAKE_IOS - 1], &t.fake->bdev, READ, sector, 1,
		t.pages + 15, 0);
}

/* --- what is refused --- */

static void expect_refused(struct io *io, int error, enum blk_cause cause)
{
	io->ended = false;
	submit_bio(&io->bio);
	EXPECT(io->ended);
	EXPECT_EQ(io->bio.error, error);
	EXPECT_EQ(io->bio.cause, cause);
}

static void refuse_pieces(struct io *io)
{
	io->vec[0].bv_len = 0;
	expect_refused(io, -EINVAL, BLK_UNALIGNED);
	io->vec[0].bv_len = 513;
	expect_refused(io, -EINVAL, BLK_UNALIGNED);
	io->vec[0].bv_len = 512;
	io->vec[0].bv_offset = 4;
	expect_refused(io, -EINVAL, BLK_UNALIGNED);
	io->vec[0].bv_offset = PAGE_SIZE;
	expect_refused(io, -EINVAL, BLK_UNALIGNED);
	io->vec[0].bv_offset = PAGE_SIZE - 512;
	io->vec[0].bv_len = 1024;
	expect_refused(io, -EINVAL, BLK_UNALIGNED);
}

static void refuse_sectors(struct io *io)
{
	io->vec[0].bv_len = 1024;
	io->vec[0].bv_offset = 0;
	io->bio.sector = FAKE_SECTORS - 1;
	expect_refused(io, -EINVAL, BLK_RANGE);
	io->bio.sector = FAKE_SECTORS;
	expect_refused(io, -EINVAL, BLK_RANGE);
	io->bio.sector = ~(sector_t)0;
	expect_refused(io, -EINVAL, BLK_RANGE);
	io->bio.sector = 0;
	io->bio.vcnt = 0;
	expect_refused(io, -EINVAL, BLK_RANGE);
}

TEST(block, refuses_what_cannot_be)
{
	struct io *io;

	if (begin()) {
		io = &t.io[0];
		io_init(io, &t.fake->bdev, READ, 0, 1, t.pages, 0);
		test_allow_warnings(10);
		refuse_pieces(io);
		refuse_sectors(io);
		t.fake->bdev.read_only = true;
		io->bio.vcnt = 1;
		io->bio.rw = WRITE;
		expect_refused(io, -EROFS, BLK_READ_ONLY);
		EXPECT_EQ(t.fake->nr_log, 0);
		/* and the last sectors can be had */
		io_send(io, &t.fake->bdev, READ, FAKE_SECTORS - 2, 2, t.pages,
			0);
		fake_answer_all(t.fake);
		EXPECT(io->ended);
		EXPECT_EQ(io->bio.error, 0);
		EXPECT_EQ(memory()[1023], (FAKE_SECTORS - 1) % 256);
	}
	end();
}

/* A boot without a page for the pool: what would need it is not waited for. */
TEST(block, no_page_within_reach)
{
	struct bounce_pool *pool;
	bool all = bounce_all;
	u32 limit;

	if (begin()) {
		test_allow_warnings(2);
		pool = bounce_pool_of(t.fake->bdev.limits.dma_mask);
		limit = pool->limit;
		pool->limit = 0;
		bounce_all = true;
		io_init(&t.io[0], &t.fake->bdev, READ, 8, 1, t.pages, 0);
		expect_refused(&t.io[0], -ENOMEM, BLK_NO_BOUNCE);
		io_init(&t.io[0], &t.fake->bdev, WRITE, 8, 64, t.pages, 0);
		expect_refused(&t.io[0], -ENOMEM, BLK_NO_BOUNCE);
		EXPECT_EQ(t.fake->nr_log, 0);
		/* a flush has no page */
		io_init(&t.io[0], &t.fake->bdev, BIO_FLUSH, 0, 0, t.pages, 0);
		submit_bio(&t.io[0].bio);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.io[0].bio.error, 0);
		bounce_all = all;
		pool->limit = limit;
	}
	end();
}

static int refused_disk(struct block_device *bdev)
{
	int err = add_disk(bdev);

	EXPECT(!find_disk("fake1"));
	bdev->limits = t.fake->bdev.limits;
	return err;
}

TEST(block, limits_that_make_no_sense)
{
	struct block_device *bdev = kzalloc(sizeof(*bdev), GFP_KERNEL);

	if (begin() && EXPECT(bdev)) {
		*bdev = t.fake->bdev;
		EXPECT_EQ(add_disk(bdev), -EEXIST);
		strlcpy(bdev->name, "fake1", sizeof(bdev->name));
		test_allow_warnings(8);
		bdev->limits.max_sectors = 0;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->limits.max_segments = 0;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->limits.max_segments = BLK_SEGMENTS + 1;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->limits.max_segment_size = 0;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->limits.max_segment_size = 1000;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->limits.seg_boundary_mask = 0xff;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->limits.seg_boundary_mask = 0xfeff;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		bdev->capacity = 0;
		EXPECT_EQ(refused_disk(bdev), -EINVAL);
		EXPECT(find_disk("fake0") == &t.fake->bdev);
	}
	kfree(bdev);
	end();
}

/* --- joining --- */

TEST(block, neighbours_become_one_request)
{
	u32 i;

	if (begin_unbounced()) {
		keep_busy(500);
		read_page(0, 108, 1);
		read_page(1, 116, 2);	/* behind it */
		read_page(2, 100, 0);	/* before it */
		read_page(3, 132, 4);	/* not beside it */
		EXPECT_EQ(t.fake->nr_log, 1);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.fake->nr_log, 3);
		EXPECT_EQ(sector_in_log(1), 100);
		EXPECT_EQ(t.fake->log[1].sectors, 3 * PER_PAGE);
		/* and in memory they are neighbours, too */
		EXPECT_EQ(t.fake->log[1].segments, 1);
		EXPECT_EQ(t.fake->bdev.stat.merges[READ], 2);
		EXPECT_EQ(t.fake->bdev.stat.requests[READ], 3);
		EXPECT_EQ(t.fake->bdev.stat.sectors[READ], 4 * PER_PAGE + 1);
		for (i = 0; i < 3 * PER_PAGE; i++)
			EXPECT_EQ(memory()[i * SECTOR_SIZE], 100 + i);
		for (i = 0; i < 4; i++)
			EXPECT(t.io[i].ended && !t.io[i].bio.error);
	}
	end();
}

TEST(block, reads_and_writes_do_not_join)
{
	if (begin()) {
		keep_busy(500);
		read_page(0, 100, 0);
		io_send(&t.io[1], &t.fake->bdev, WRITE, 108, PER_PAGE,
			t.pages, PAGE_SIZE);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.fake->nr_log, 3);
		EXPECT_EQ(t.fake->log[2].rw, WRITE);
		EXPECT_EQ(t.fake->data[108 * SECTOR_SIZE], 0);
	}
	end();
}

/* Six neighbours with these limits: how many requests become of them. */
static void expect_requests(u32 max_sectors, u32 max_segments, u32 size,
			    u32 mask, u32 requests)
{
	struct queue_limits *limits;
	u32 i;

	if (begin_unbounced()) {
		limits = &t.fake->bdev.limits;
		limits->max_sectors = max_sectors;
		limits->max_segments = max_segments;
		limits->max_segment_size = size;
		limits->seg_boundary_mask = mask;
		keep_busy(500);
		for (i = 0; i < 6; i++)
			read_page(i, 100 + i * PER_PAGE, i);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.fake->nr_log, 1 + requests);
		for (i = 0; i < 6; i++)
			EXPECT(t.io[i].ended && !t.io[i].bio.error);
		for (i = 0; i < 6 * PER_PAGE; i++)
			EXPECT_EQ(memory()[i * SECTOR_SIZE], 100 + i);
	}
	end();
}

TEST(block, joined_within_the_limits)
{
	expect_requests(512, 128, 0x100000, 0xffffffff, 1);
	expect_requests(16, 128, 0x100000, 0xffffffff, 3);
	expect_requests(17, 128, 0x100000, 0xffffffff, 3);
	expect_requests(512, 1, 0x100000, 0xffffffff, 1);
	expect_requests(512, 2, PAGE_SIZE, 0xffffffff, 3);
	expect_requests(512, 6, PAGE_SIZE, 0xffffffff, 1);
	expect_requests(512, 128, 512, 0xffffffff, 1);
	expect_requests(512, 8, 512, 0xffffffff, 6);
	/* the block of 64 KB is aligned to its size */
	expect_requests(512, 1, 0x100000, 2 * PAGE_SIZE - 1, 3);
	expect_requests(512, 2, 0x100000, 4 * PAGE_SIZE - 1, 1);
}

/* A piece that crosses a line by itself becomes two segments. */
TEST(block, pieces_are_cut_at_a_boundary)
{
	if (begin_unbounced()) {
		t.fake->bdev.limits.seg_boundary_mask = 2047;
		io_send(&t.io[0], &t.fake->bdev, READ, 40, 4, t.pages, 1024);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.fake->log[0].segments, 2);
		EXPECT_EQ(memory()[1024], 40);
		EXPECT_EQ(memory()[1024 + 2047], 43);
		EXPECT_EQ(memory()[1023], 0);
		EXPECT_EQ(memory()[1024 + 2048], 0);
		/* also one that begins as the rest of another's segment */
		io_init(&t.io[1], &t.fake->bdev, READ, 80, 8, t.pages, 0);
		t.io[1].vec[0].bv_len = 1024;
		t.io[1].vec[1] = (struct bio_vec){ t.pages, 3072, 1024 };
		t.io[1].bio.vcnt = 2;
		submit_bio(&t.io[1].bio);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.fake->log[1].segments, 2);
		EXPECT_EQ(memory()[4095], 87);
	}
	end();
}

/* --- order --- */

TEST(block, upwards_and_from_the_bottom_again)
{
	static const u32 sent[] = { 100, 20, 60, 10, 200 };
	static const u32 went[] = { 50, 60, 100, 200, 10, 20 };
	u32 i;

	if (begin()) {
		keep_busy(50);
		for (i = 0; i < ARRAY_SIZE(sent); i++)
			io_send(&t.io[i], &t.fake->bdev, READ, sent[i], 1,
				t.pages, i * SECTOR_SIZE);
		fake_answer_all(t.fake);
		for (i = 0; i < ARRAY_SIZE(went); i++)
			EXPECT_EQ(sector_in_log(i), went[i]);
	}
	end();
}

/* One for low sectors does not wait for ever while others come above. */
TEST(block, who_waited_too_long_goes_first)
{
	u32 i, before = 0;

	if (begin()) {
		t.fake->bdev.queue->elevator.expire = hz / 20;
		keep_busy(50);
		io_send(&t.io[0], &t.fake->bdev, READ, 10, 1, t.pages, 0);
		for (i = 0; i < 400 && !t.io[0].ended; i++) {
			struct io *io = &t.io[1 + i % 2];

			if (!i || io->ended || i == 1)
				io_send(io, &t.fake->bdev, READ,
					100 + 2 * i % 400, 1, t.pages,
					SECTOR_SIZE);
			before += !t.io[0].ended;
			fake_answer(t.fake);
			msleep(1);
		}
		EXPECT(t.io[0].ended);
		/* as long as it had to, and no longer */
		EXPECT(before > 2 && before < 100);
		fake_answer_all(t.fake);
	}
	end();
}

/* --- flush --- */

static int sends_a_write(void *unused)
{
	io_send(&t.io[5], &t.fake->bdev, WRITE, 5, 1, t.pages, 0);
	return 0;
}

static int asks_for_flush(void *unused)
{
	return blkdev_flush(&t.fake->bdev);
}

TEST(block, a_flush_is_a_border)
{
	struct crew crew = { .n = 0 };

	if (begin()) {
		keep_busy(50);
		io_send(&t.io[0], &t.fake->bdev, WRITE, 100, 1, t.pages, 0);
		io_send(&t.io[1], &t.fake->bdev, WRITE, 20, 1, t.pages, 0);
		crew_add(&crew, PRIO_HIGH, asks_for_flush, NULL);
		EXPECT(until_it_waits(crew.task[0]));
		crew_add(&crew, PRIO_HIGH, sends_a_write, NULL);
		EXPECT(until_it_waits(crew.task[1]));
		t.fake->way = FAKE_NOW;
		fake_answer(t.fake);
		EXPECT_EQ(crew_join(&crew), 0);
		EXPECT(io_wait(&t.io[5]));
		EXPECT_EQ(sector_in_log(1), 100);
		EXPECT_EQ(sector_in_log(2), 20);
		EXPECT_EQ(t.fake->log[3].rw, BIO_FLUSH);
		EXPECT_EQ(t.fake->log[3].sectors, 0);
		EXPECT_EQ(sector_in_log(4), 5);
		EXPECT_EQ(t.fake->nr_log, 5);
	}
	end();
}

TEST(block, a_write_with_a_flush_behind_it)
{
	if (begin()) {
		io_send(&t.io[0], &t.fake->bdev, WRITE | BIO_FLUSH, 30, 2,
			t.pages, 0);
		EXPECT(fake_answer(t.fake));
		do_softirq();
		EXPECT(!t.io[0].ended);
		EXPECT(fake_answer(t.fake));
		EXPECT(!fake_answer(t.fake));
		do_softirq();
		EXPECT(t.io[0].ended);
		EXPECT_EQ(t.fake->log[0].rw, WRITE);
		EXPECT_EQ(t.fake->log[1].rw, BIO_FLUSH);
		EXPECT_EQ(t.fake->nr_log, 2);
	}
	end();
}

/* --- parts --- */

/* All of the 16 pages, with limits that take it in so many requests. */
static void expect_parts(u32 max_sectors, u32 max_segments, u32 size,
			 u32 mask, u32 least)
{
	u32 i;

	if (begin()) {
		struct queue_limits *limits = &t.fake->bdev.limits;

		limits->max_sectors = max_sectors;
		limits->max_segments = max_segments;
		limits->max_segment_size = size;
		limits->seg_boundary_mask = mask;
		t.fake->way = FAKE_LATER;
		io_send(&t.io[0], &t.fake->bdev, READ, 100, 127, t.pages,
			SECTOR_SIZE);
		EXPECT(io_wait(&t.io[0]));
		EXPECT_EQ(t.io[0].bio.error, 0);
		EXPECT_EQ(io_ends, 1);
		EXPECT(t.fake->nr_log >= least);
		EXPECT_EQ(t.fake->bdev.stat.sectors[READ], 127);
		EXPECT_EQ(memory()[0], 0);
		for (i = 0; i < 127; i++)
			EXPECT_EQ(memory()[(i + 1) * SECTOR_SIZE], 100 + i);
	}
	end();
}

TEST(block, large_ones_go_in_parts)
{
	expect_parts(16, 128, 0x100000, 0xffffffff, 8);
	expect_parts(7, 128, 0x100000, 0xffffffff, 19);
	expect_parts(512, 1, PAGE_SIZE, 0xffffffff, 16);
	expect_parts(512, 2, 1536, 0xffffffff, 20);
	expect_parts(512, 1, 0x100000, 0x1fff, 8);
	expect_parts(1, 1, 512, 511, 127);
}

/* --- no place --- */

#define MANY (BLK_REQUESTS + 8)

static struct {
	struct bio_vec vec;
	struct bio bio[MANY];
	volatile u32 sent, ended;
} *many;

static void one_of_many_ended(struct bio *bio)
{
	many->ended++;
}

/* No two are neighbours; the first is in flight. */
static void send_one_of_many(u32 i)
{
	many->bio[i] = (struct bio){
		.bdev = &t.fake->bdev, .sector = 2 * i, .rw = READ,
		.vec = &many->vec, .vcnt = 1, .end_io = one_of_many_ended,
	};
	submit_bio(&many->bio[i]);
	many->sent++;
}

static int sends_many(void *unused)
{
	while (many->sent < MANY)
		send_one_of_many(many->sent);
	return 0;
}

static bool begin_many(void)
{
	many = kzalloc(sizeof(*many), GFP_KERNEL);
	if (!begin() || !EXPECT(many))
		return false;
	many->vec = (struct bio_vec){ t.pages, SECTOR_SIZE, 0 };
	return true;
}

TEST(block, a_full_queue_makes_its_users_wait)
{
	struct crew crew = { .n = 0 };

	if (begin_many()) {
		crew_add(&crew, PRIO_HIGH, sends_many, NULL);
		EXPECT(until_it_waits(crew.task[0]));
		EXPECT_EQ(many->sent, BLK_REQUESTS);
		EXPECT(fake_answer(t.fake));
		EXPECT(until_it_waits(crew.task[0]));
		EXPECT_EQ(many->sent, BLK_REQUESTS + 1);
		t.fake->way = FAKE_NOW;
		fake_answer(t.fake);
		crew_join(&crew);
		do_softirq();
		EXPECT_EQ(many->ended, MANY);
		EXPECT_EQ(t.fake->nr_log, MANY);
	}
	end();
	kfree(many);
}

/* Who may not sleep need not. */
TEST(block, a_full_queue_and_who_may_not_wait)
{
	if (begin_many()) {
		bounce_all = false;
		preempt_disable();
		sends_many(NULL);
		preempt_enable();
		EXPECT_EQ(many->sent, MANY);
		EXPECT_EQ(many->ended, 0);
		fake_answer_all(t.fake);
		EXPECT_EQ(many->ended, MANY);
	}
	end();
	kfree(many);
}

/* --- the next one from end_io() --- */

static u32 chain_left, deepest, depth;

static void chain_goes_on(struct bio *bio)
{
	EXPECT(in_softirq() && !irqs_disabled());
	depth++;
	deepest = max(deepest, depth);
	if (chain_left) {
		chain_left--;
		bio->sector = (bio->sector + 7) % FAKE_SECTORS;
		submit_bio(bio);
	} else {
		t.io[0].ended = true;
	}
	depth--;
}

TEST(block, end_io_may_submit_the_next)
{
	if (begin_unbounced()) {
		t.fake->way = FAKE_NOW;
		chain_left = 2000;
		deepest = 0;
		io_init(&t.io[0], &t.fake->bdev, READ, 0, 1, t.pages, 0);
		t.io[0].bio.end_io = chain_goes_on;
		submit_bio(&t.io[0].bio);
		EXPECT(io_wait(&t.io[0]));
		EXPECT_EQ(chain_left, 0);
		EXPECT_EQ(deepest, 1);
	}
	end();
}

/* Told at once, not at the next tick. */
TEST(block, the_end_of_what_is_done_at_once)
{
	if (begin()) {
		t.fake->way = FAKE_NOW;
		read_page(0, 0, 0);
		EXPECT(t.io[0].ended);
	}
	end();
}
