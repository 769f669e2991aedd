/* Devices that fail, are late, fall silent, vanish: kernel/block/request.c. */
#include <kernel/base/fail.h>
#include <kernel/cpu/time.h>
#include <kernel/monitor/monitor.h>
#include <mm/page/page_alloc.h>
#include "fake_disk.h"
#include "threads.h"

#define ORDER 3U
#define PER_PAGE (PAGE_SIZE / SECTOR_SIZE)

static struct fake_case t;

static bool begin(enum fake_way way)
{
	bool fine = fake_case_begin(&t, ORDER);

	if (fine)
		t.fake->way = way;
	return fine;
}

static void end(void)
{
	fake_case_end(&t);
}

static u8 *memory(void)
{
	return page_address(t.pages);
}

static void read_page(u32 io, u32 sector, u32 page)
{
	io_send(&t.io[io], &t.fake->bdev, READ, sector, PER_PAGE, t.pages,
		page * PAGE_SIZE);
}

static void expect_fine(u32 i)
{
	EXPECT(io_wait(&t.io[i]));
	EXPECT_EQ(t.io[i].bio.error, 0);
	EXPECT_EQ(t.io[i].bio.cause, BLK_FINE);
}

static void expect_failed(u32 i, enum blk_cause cause, u32 sector)
{
	EXPECT(io_wait(&t.io[i]));
	EXPECT_EQ(t.io[i].bio.error, -EIO);
	EXPECT_EQ(t.io[i].bio.cause, cause);
	EXPECT_EQ(t.io[i].bio.error_sector, sector);
}

/* --- tried again --- */

TEST(block_fail, what_fails_for_a_time_is_tried_again)
{
	if (begin(FAKE_LATER)) {
		t.fake->fails = BLK_RETRIES;
		read_page(0, 64, 0);
		expect_fine(0);
		EXPECT_EQ(t.fake->nr_log, 1 + BLK_RETRIES);
		EXPECT_EQ(t.fake->bdev.stat.retries, BLK_RETRIES);
		EXPECT_EQ(t.fake->bdev.stat.requests[READ], 1);
		EXPECT_EQ(t.fake->bdev.stat.errors, 0);
		EXPECT_EQ(memory()[0], 64);
	}
	end();
}

/* A sector fails once more often: it is taken apart, and then there is. */
TEST(block_fail, and_again_sector_by_sector)
{
	if (begin(FAKE_NOW)) {
		t.fake->fails = BLK_RETRIES + 2;
		read_page(0, 64, 0);
		expect_fine(0);
		EXPECT_EQ(t.fake->log[BLK_RETRIES + 1].sectors, 1);
		EXPECT_EQ(memory()[PAGE_SIZE - 1], 71);
	}
	end();
}

TEST(block_fail, what_cannot_go_away_is_not_tried_again)
{
	if (begin(FAKE_NOW)) {
		test_allow_warnings(1);
		t.fake->fails = 1;
		t.fake->cause = BLK_NO_MEDIUM;
		read_page(0, 64, 0);
		expect_failed(0, BLK_NO_MEDIUM, 64);
		EXPECT_EQ(t.fake->nr_log, 1);
		/* the device is there all the same */
		read_page(1, 64, 0);
		expect_fine(1);
	}
	end();
}

/* --- taken apart --- */

/* Four bios of one request; a sector of the second one is bad for good. */
static void one_bad_sector(bool tells_done, u32 rw)
{
	u32 i;

	if (begin(FAKE_HOLD)) {
		test_allow_warnings(2);
		t.fake->bad = 64 + PER_PAGE + 3;
		t.fake->bad_end = t.fake->bad + 1;
		t.fake->tells_done = tells_done;
		memset(memory(), 0xee, 4 * PAGE_SIZE);
		io_send(&t.io[7], &t.fake->bdev, READ, 0, 1, t.pages + 7, 0);
		for (i = 0; i < 4; i++)
			io_send(&t.io[i], &t.fake->bdev, rw,
				64 + i * PER_PAGE, PER_PAGE, t.pages,
				i * PAGE_SIZE);
		fake_answer_all(t.fake);
		EXPECT_EQ(t.fake->log[1].sectors, 4 * PER_PAGE);
		expect_fine(0);
		expect_failed(1, BLK_MEDIUM, t.fake->bad);
		expect_fine(2);
		expect_fine(3);
		EXPECT_EQ(t.fake->bdev.stat.errors, 1);
		for (i = 0; i < 4 * PER_PAGE; i++) {
			if (i >= PER_PAGE + 3 && i < 2 * PER_PAGE)
				continue;
			EXPECT_EQ(memory()[i * SECTOR_SIZE],
				  rw == WRITE ? 0xee : 64 + i);
			EXPECT_EQ(t.fake->data[(64 + i) * SECTOR_SIZE],
				  rw == WRITE ? 0xee : 64 + i);
		}
		/* retries there are, and an end of them */
		EXPECT(t.fake->nr_log > 5 && t.fake->nr_log < 30);
	}
	end();
}

TEST(block_fail, the_first_bad_sector_is_found)
{
	one_bad_sector(false, READ);
	one_bad_sector(true, READ);
}

TEST(block_fail, the_first_bad_sector_of_a_write)
{
	one_bad_sector(false, WRITE);
	one_bad_sector(true, WRITE);
}

TEST(block_fail, all_sectors_are_bad)
{
	u32 i;

	if (begin(FAKE_HOLD)) {
		test_allow_warnings(4);
		t.fake->bad_end = FAKE_SECTORS;
		for (i = 0; i < 4; i++)
			read_page(i, 64 + i * PER_PAGE, i);
		fake_answer_all(t.fake);
		for (i = 0; i < 4; i++)
			expect_failed(i, BLK_MEDIUM, 64 + i * PER_PAGE);
		EXPECT_EQ(t.fake->bdev.stat.errors, 4);
		EXPECT_EQ(t.fake->bdev.stat.sectors[READ], 0);
	}
	end();
}

/* Of one that goes in parts, the lowest that failed is told. */
TEST(block_fail, a_bad_sector_of_a_large_one)
{
	if (begin(FAKE_LATER)) {
		test_allow_warnings(1);
		t.fake->bdev.limits.max_sectors = 5;
		t.fake->bad = 37;
		t.fake->bad_end = 50;
		io_send(&t.io[0], &t.fake->bdev, READ, 0, 64, t.pages, 0);
		expect_failed(0, BLK_MEDIUM, 37);
		EXPECT_EQ(io_ends, 1);
		EXPECT_EQ(memory()[36 * SECTOR_SIZE], 36);
	}
	end();
}

TEST(block_fail, a_flush_that_fails)
{
	if (begin(FAKE_NOW)) {
		test_allow_warnings(1);
		t.fake->fails = BLK_RETRIES;
		EXPECT_EQ(blkdev_flush(&t.fake->bdev), 0);
		t.fake->fails = BLK_RETRIES + 1;
		EXPECT_EQ(blkdev_flush(&t.fake->bdev), -EIO);
		EXPECT_EQ(t.fake->fails, 0);
		EXPECT_EQ(blkdev_flush(&t.fake->bdev), 0);
	}
	end();
}

/* The switch at the prompt: fail=block_io,... */
TEST(block_fail, failures_on_purpose)
{
	struct fail_point *point = fail_find("block_io", 8);

	REQUIRE(point);
	if (begin(FAKE_NOW)) {
		fail_nth(point, 1);
		read_page(0, 64, 0);
		expect_fine(0);
		EXPECT_EQ(t.fake->bdev.stat.retries, 1);
		EXPECT_EQ(t.fake->nr_log, 1);
	}
	fail_nth(point, 0);
	end();
}

/* --- time limits --- */

TEST(block_fail, silence_is_reset_and_tried_again)
{
	if (begin(FAKE_NOW)) {
		test_allow_warnings(2);
		t.fake->bdev.timeout = max(hz / 20, 2U);
		t.fake->deaf = 2;
		read_page(0, 64, 0);
		expect_fine(0);
		EXPECT_EQ(t.fake->resets, 2);
		EXPECT_EQ(t.fake->bdev.stat.timeouts, 2);
		EXPECT_EQ(t.fake->bdev.stat.retries, 2);
		EXPECT_EQ(memory()[0], 64);
	}
	end();
}

/* It answers when nobody waits for that any more. */
TEST(block_fail, an_answer_that_is_late_ends_nothing)
{
	if (begin(FAKE_HOLD)) {
		test_allow_warnings(1);
		blk_end_request(&t.fake->bdev, BLK_FINE, 0);
		EXPECT_EQ(t.fake->bdev.queue->strays, 1);
		t.fake->bdev.timeout = max(hz / 20, 2U);
		read_page(0, 64, 0);
		/* the queue's thread is kept from its work */
		preempt_disable();
		while (t.fake->bdev.queue->state == QUEUE_STARTED)
			barrier();
		fake_answer(t.fake);
		EXPECT_EQ(t.fake->bdev.queue->strays, 2);
		EXPECT(!t.io[0].ended);
		t.fake->way = FAKE_NOW;
		preempt_enable();
		expect_fine(0);
		EXPECT_EQ(t.fake->nr_log, 2);
	}
	end();
}

/* Two requests get their limits, then the device counts as gone. */
TEST(block_fail, a_device_that_never_answers)
{
	u32 i;

	if (begin(FAKE_DEAF)) {
		test_allow_warnings(BLK_SILENT + 3);
		t.fake->bdev.timeout = max(hz / 50, 2U);
		for (i = 0; i < FAKE_IOS; i++)
			io_send(&t.io[i], &t.fake->bdev, READ, 10 * i, 1,
				t.pages, 0);
		expect_failed(0, BLK_TIMEOUT, 0);
		expect_failed(1, BLK_TIMEOUT, 10);
		for (i = 2; i < FAKE_IOS; i++)
			expect_failed(i, BLK_GONE, 10 * i);
		EXPECT(t.fake->bdev.gone);
		EXPECT_EQ(t.fake->resets, BLK_SILENT);
	}
	end();
}

/* --- a request that waits for another device --- */

static void expect_no_trouble(void)
{
	EXPECT(!t.io[0].ended);
	EXPECT_EQ(t.fake->nr_log, 1);
	EXPECT_EQ(t.fake->resets, 0);
	EXPECT_EQ(t.fake->bdev.stat.timeouts, 0);
	EXPECT_EQ(t.fake->bdev.stat.retries, 0);
	EXPECT_EQ(t.fake->bdev.queue->silent, 0);
}

/* For longer than its limit, and more often than a silent device may. */
TEST(block_fail, a_wait_for_another_device_is_no_silence)
{
	u32 limit = max(hz / 50, 2U);

	if (begin(FAKE_HOLD)) {
		t.fake->bdev.timeout = limit;
		t.fake->waits = true;
		read_page(0, 64, 0);
		msleep(jiffies_to_msecs((BLK_SILENT + 2) * limit));
		expect_no_trouble();
		fake_answer(t.fake);
		expect_fine(0);
		EXPECT_EQ(t.fake->resets, 0);
		EXPECT(!t.fake->bdev.gone);
	}
	end();
}

/* The whole limit, and no more than that. */
TEST(block_fail, the_limit_counts_from_where_the_device_begins)
{
	u32 limit = max(hz / 5, 4U), began, i;

	if (begin(FAKE_HOLD)) {
		test_allow_warnings(1);
		t.fake->bdev.timeout = limit;
		t.fake->waits = true;
		read_page(0, 64, 0);
		msleep(jiffies_to_msecs(limit + limit / 2));
		expect_no_trouble();
		t.fake->way = FAKE_NOW;
		fake_begins(t.fake);
		began = t.fake->began;
		for (i = 0; !t.fake->resets && i < 20000; i++)
			msleep(1);
		EXPECT(jiffies - began >= limit);
		expect_fine(0);
		EXPECT_EQ(t.fake->resets, 1);
		EXPECT_EQ(t.fake->bdev.stat.timeouts, 1);
	}
	end();
}

TEST(block_fail, a_device_that_cannot_be_reset)
{
	if (begin(FAKE_DEAF)) {
		test_allow_warnings(2);
		t.fake->bdev.timeout = max(hz / 50, 2U);
		t.fake->reset_result = -EIO;
		read_page(0, 64, 0);
		read_page(1, 128, 0);
		expect_failed(0, BLK_GONE, 64);
		expect_failed(1, BLK_GONE, 128);
		EXPECT_EQ(t.fake->nr_log, 1);
		EXPECT_EQ(t.fake->resets, 1);
	}
	end();
}

/* --- it is gone --- */

static void expect_gone_for_new(void)
{
	EXPECT_EQ(bdev_read_page(&t.fake->bdev, 0, t.pages), -EIO);
	EXPECT_EQ(blkdev_flush(&t.fake->bdev), -EIO);
}

TEST(block_fail, gone_with_requests_under_way)
{
	u32 i;

	if (begin(FAKE_HOLD)) {
		test_allow_warnings(1);
		for (i = 0; i < FAKE_IOS; i++)
			io_send(&t.io[i], &t.fake->bdev, READ, 10 * i, 1,
				t.pages, 0);
		blk_device_gone(&t.fake->bdev);
		blk_device_gone(&t.fake->bdev);
		for (i = 0; i < FAKE_IOS; i++)
			expect_failed(i, BLK_GONE, 10 * i);
		/* the one in flight had to be let go of */
		EXPECT_EQ(t.fake->resets, 1);
		expect_gone_for_new();
	}
	end();
}

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

static void expect_answer(const char *command, const char *text)
{
	char line[32];
	bool fits;

	strlcpy(line, command, sizeof(line));
	record_start();
	monitor_run_line(line);
	fits = !strcmp(record_stop(), text);
	EXPECT(fits);
}

/* Nobody is asked whether to write there, and nobody is left without a word. */
TEST(block_fail, gone_is_told_at_the_prompt)
{
	if (begin(FAKE_HOLD)) {
		test_allow_warnings(1);
		blk_device_gone(&t.fake->bdev);
		expect_answer("readsect fake0 0", "readsect: fake0 is gone\n");
		expect_answer("writesect fake0 0 x",
			      "writesect: fake0 is gone\n");
	}
	end();
}

TEST(block_fail, gone_within_start)
{
	if (begin(FAKE_VANISH)) {
		test_allow_warnings(1);
		read_page(0, 64, 0);
		expect_failed(0, BLK_GONE, 64);
		EXPECT_EQ(t.fake->resets, 1);
		expect_gone_for_new();
	}
	end();
}

TEST(block_fail, gone_as_an_answer)
{
	if (begin(FAKE_HOLD)) {
		t.fake->fails = 1;
		t.fake->cause = BLK_GONE;
		read_page(0, 64, 0);
		read_page(1, 128, 0);
		fake_answer(t.fake);
		expect_failed(0, BLK_GONE, 64);
		expect_failed(1, BLK_GONE, 128);
		EXPECT_EQ(t.fake->resets, 0);
		expect_gone_for_new();
	}
	end();
}

static int reads_on_and_on(void *data)
{
	u32 seed = (u32)data, i;
	struct page *page = alloc_page(GFP_KERNEL);
	int errors = 0;

	for (i = 0; page && i < 200; i++)
		errors += bdev_read_page(&t.fake->bdev,
					 random_below(&seed, 500), page) != 0;
	if (page)
		__free_page(page);
	return errors;
}

/* Its users are at work when it goes. */
TEST(block_fail, gone_among_its_users)
{
	struct crew crew = { .n = 0 };
	u32 i;

	if (begin(FAKE_LATER)) {
		test_allow_warnings(1);
		for (i = 0; i < 4; i++)
			crew_add(&crew, PRIO_DEFAULT, reads_on_and_on,
				 (void *)(i + 7));
		msleep(100);
		blk_device_gone(&t.fake->bdev);
		EXPECT(crew_join(&crew) > 4);
	}
	end();
}

/* --- it is taken away --- */

TEST(block_fail, taken_away_with_requests_queued)
{
	u32 i;

	if (begin(FAKE_HOLD)) {
		for (i = 0; i < FAKE_IOS; i++)
			io_send(&t.io[i], &t.fake->bdev, READ, 10 * i, 1,
				t.pages, 0);
		del_disk(&t.fake->bdev);
		for (i = 0; i < FAKE_IOS; i++) {
			EXPECT(t.io[i].ended);
			EXPECT_EQ(t.io[i].bio.cause, BLK_GONE);
		}
		EXPECT_EQ(t.fake->resets, 1);
		EXPECT(!find_disk("fake0"));
		/* and it may come again */
		t.fake->way = FAKE_NOW;
		EXPECT_EQ(add_disk(&t.fake->bdev), 0);
		read_page(0, 64, 0);
		expect_fine(0);
	}
	end();
}
