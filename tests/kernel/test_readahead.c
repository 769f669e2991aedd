/*
 * Reading ahead: how much, when, and never too much, on a file that notes what
 * it was asked for.
 */
#include <kernel/base/fail.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include "fake_file.h"
#include "threads.h"

static struct fake_file fake;

#define MAPPING (&fake.mapping)
#define FILE_PAGES 200U
#define SIZE ((u64)FILE_PAGES << PAGE_SHIFT)

/* A word of that page is read, and is right. */
static bool read_word(u32 index)
{
	u32 word = 0;
	u64 pos = ((u64)index << PAGE_SHIFT) + 20;
	long n = fake_read(&fake, pos, &word, 4, SIZE);

	return n == 4 && word == fake_word(index, 5);
}

/* All of n pages from there on with one call. */
static bool read_pages(u32 index, u32 n)
{
	u32 bytes = n << PAGE_SHIFT, *buf = kmalloc(bytes, GFP_KERNEL), i;
	bool right;

	if (!EXPECT(buf))
		return false;
	right = fake_read(&fake, (u64)index << PAGE_SHIFT, buf, bytes, SIZE) ==
		(long)bytes;
	for (i = 0; i < n; i++)
		right &= buf[i * (PAGE_SIZE / 4) + 9] ==
			 fake_word(index + i, 9);
	kfree(buf);
	return right;
}

/* The last run is that one, and there are so many. */
static bool last_run_is(u32 nr, u32 start, u32 n)
{
	const struct page_run *run = &fake.runs[nr - 1];

	return EXPECT_EQ(fake.nr_runs, nr) && EXPECT_EQ(run->start, start) &&
	       EXPECT_EQ(run->n, n);
}

/* --- the window --- */

static const struct {
	u32 at;			/* when this page is asked for, */
	u32 start, n;		/* this is begun */
} growth[] = {
	{ 0, 0, 4 }, { 1, 4, 8 }, { 4, 12, 16 }, { 12, 28, 32 },
	{ 28, 60, 32 }, { 60, 92, 32 }, { 92, 124, 32 }, { 124, 156, 32 },
	/* up to the end of the file */
	{ 156, 188, 12 },
};

TEST(readahead, window_grows)
{
	u32 i, run = 0;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	for (i = 0; i < FILE_PAGES; i++) {
		REQUIRE(read_word(i));
		if (run < ARRAY_SIZE(growth) && growth[run].at == i) {
			run++;
			REQUIRE(last_run_is(run, growth[run - 1].start,
					    growth[run - 1].n));
		}
		REQUIRE(fake.nr_runs == run);
	}
	EXPECT_EQ(run, ARRAY_SIZE(growth));
	EXPECT_EQ(fake.reads, FILE_PAGES);
	EXPECT_EQ(MAPPING->nrpages, FILE_PAGES);
	fake_end(&fake);
}

static u32 pages_stolen(void)
{
	return vm_event_sum(PGSTEAL_KSWAPD) + vm_event_sum(PGSTEAL_DIRECT);
}

TEST(readahead, large_calls_begin_with_more)
{
	u32 stolen = pages_stolen();

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	EXPECT(read_pages(0, 4));
	last_run_is(1, 0, 8);
	EXPECT(read_pages(4, 4));
	last_run_is(2, 8, 16);
	EXPECT(read_pages(8, 4));
	last_run_is(3, 24, 32);
	fake_end(&fake);
	/* more than a group at once: group by group */
	REQUIRE(fake_init_ahead(&fake, FAKE_LATER));
	EXPECT(read_pages(0, 100));
	EXPECT_EQ(fake.runs[0].n, 32);
	EXPECT_EQ(fake.runs[1].start, 32);
	EXPECT(fake.nr_runs >= 4 && fake.nr_runs <= 5);
	/* what a small machine took back meanwhile was read again */
	stolen = pages_stolen() - stolen;
	EXPECT(fake.reads >= MAPPING->nrpages &&
	       fake.reads <= MAPPING->nrpages + stolen);
	fake_end(&fake);
}

TEST(readahead, small_calls_are_one)
{
	u32 i, word;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	for (i = 0; i < 5 * PAGE_SIZE; i += 512)
		EXPECT_EQ(fake_read(&fake, i, &word, 4, SIZE), 4);
	last_run_is(3, 12, 16);
	fake_end(&fake);
}

/* Who jumps gets what he asks for, and begins anew. */
TEST(readahead, jump_begins_anew)
{
	u32 i;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	for (i = 0; i < 6; i++)
		EXPECT(read_word(i));
	last_run_is(3, 12, 16);
	EXPECT_EQ(fake.reads, 28);
	EXPECT(read_word(100));
	EXPECT_EQ(fake.nr_runs, 3);
	EXPECT_EQ(fake.reads, 29);
	EXPECT(read_word(101));
	last_run_is(4, 101, 4);
	EXPECT(read_word(102));
	last_run_is(5, 105, 8);
	/* back where all is there: nothing, and where that ends, a new begin */
	for (i = 20; i < 28; i++)
		EXPECT(read_word(i));
	EXPECT_EQ(fake.nr_runs, 5);
	EXPECT(read_word(28));
	last_run_is(6, 28, 4);
	fake_end(&fake);
}

TEST(readahead, random_reading_reads_no_page_too_much)
{
	u32 seed = 815, i, asked = 0;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	for (i = 0; i < 60; i++) {
		u32 index = 2 + 3 * random_below(&seed, 60);

		/* never the one behind the last */
		if (index == fake.ra.next)
			continue;
		asked += !radix_tree_lookup(&MAPPING->page_tree, index);
		EXPECT(read_word(index));
	}
	EXPECT_EQ(fake.reads, asked);
	EXPECT_EQ(fake.nr_runs, 0);
	fake_end(&fake);
	/* some pages with one call: together, and no more */
	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	EXPECT(read_pages(50, 5));
	last_run_is(1, 50, 5);
	EXPECT(read_pages(20, 3));
	last_run_is(2, 20, 3);
	EXPECT_EQ(fake.reads, 8);
	fake_end(&fake);
}

TEST(readahead, what_is_there_needs_none)
{
	u32 i;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	for (i = 0; i < FILE_PAGES; i++)
		EXPECT(read_word(i));
	fake.nr_runs = 0;
	fake.ra = (struct file_ra_state){ .size = 0 };
	for (i = 0; i < FILE_PAGES; i++)
		EXPECT(read_word(i));
	EXPECT_EQ(fake.nr_runs, 0);
	EXPECT_EQ(fake.reads, FILE_PAGES);
	EXPECT_EQ(fake.ra.size, 0);
	/* another reader goes on in the middle of what is there: a group that
	 * is there as a whole is the last one */
	truncate_inode_pages(MAPPING, 180 * PAGE_SIZE);
	fake.ra = (struct file_ra_state){ .next = 100, .start = 96, .size = 4,
					  .async = 100 };
	EXPECT(read_word(100));
	EXPECT_EQ(fake.nr_runs, 0);
	EXPECT_EQ(fake.ra.size, 0);
	fake_end(&fake);
}

/* Pages that went before they were asked for: less is read ahead. */
TEST(readahead, losses_shrink_the_window)
{
	u32 i;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	for (i = 0; i < 29; i++)
		EXPECT(read_word(i));
	last_run_is(5, 60, 32);
	truncate_inode_pages(MAPPING, 0);
	/* of the group before the last: as one that begins */
	EXPECT(read_word(29));
	last_run_is(6, 29, 4);
	for (i = 30; i < 46; i++)
		EXPECT(read_word(i));
	EXPECT_EQ(fake.ra.size, 32);
	EXPECT_EQ(fake.ra.start, 57);
	for (; i < 89; i++)
		EXPECT(read_word(i));
	EXPECT_EQ(fake.ra.start, 89);
	/* of the last one: halves */
	truncate_inode_pages(MAPPING, 0);
	EXPECT(read_word(89));
	EXPECT_EQ(fake.ra.size, 16);
	truncate_inode_pages(MAPPING, 0);
	EXPECT(read_word(90));
	EXPECT_EQ(fake.ra.size, 8);
	truncate_inode_pages(MAPPING, 0);
	EXPECT(read_word(91));
	truncate_inode_pages(MAPPING, 0);
	EXPECT(read_word(92));
	EXPECT_EQ(fake.ra.size, READAHEAD_MIN);
	EXPECT_EQ(fake.ra.start, 92);
	fake_end(&fake);
}

TEST(readahead, last_pages_there_can_be)
{
	struct file_ra_state ra = { .next = ~0U - 2 };

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	page_cache_readahead(MAPPING, &ra, ~0U - 2, 1, 1ULL << 32);
	last_run_is(1, ~0U - 2, 3);
	page_cache_readahead(MAPPING, &ra, ~0U - 1, 1, 1ULL << 32);
	page_cache_readahead(MAPPING, &ra, ~0U, 1, 1ULL << 32);
	EXPECT_EQ(fake.nr_runs, 1);
	EXPECT_EQ(MAPPING->nrpages, 3);
	fake_end(&fake);
	/* where nothing can be read together, nothing is read ahead */
	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	EXPECT(read_word(0) && read_word(1));
	EXPECT_EQ(fake.reads, 2);
	fake_end(&fake);
}

/* --- around a fault --- */

TEST(readahead, around_a_page)
{
	struct page *page;

	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	page = read_cache_page(MAPPING, 37, NULL);
	REQUIRE(!IS_ERR_PAGE(page));
	put_page(page);
	EXPECT_EQ(page_cache_readaround(MAPPING, 40, 34, 100), 13);
	EXPECT_EQ(fake.nr_runs, 2);
	EXPECT_EQ(fake.runs[0].start, 34);
	EXPECT_EQ(fake.runs[0].n, 3);
	last_run_is(2, 38, 10);
	EXPECT_EQ(page_cache_readaround(MAPPING, 40, 34, 100), 0);
	EXPECT_EQ(page_cache_readaround(MAPPING, 50, 0, 52), 4);
	last_run_is(3, 48, 4);
	EXPECT_EQ(page_cache_readaround(MAPPING, 64, 0, 64), 0);
	fake_end(&fake);
}

/* --- what goes wrong --- */

/* Whichever allocation fails: the bytes are right, and nobody is warned. */
TEST(readahead, nth_allocation_fails)
{
	struct fail_point *point = fail_find("page", 4);
	u32 n, i, right;

	REQUIRE(point);
	for (n = 2; n < 12; n++) {
		REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
		right = read_word(0);
		fail_nth(point, n);
		for (i = 1; i < 20; i++)
			right += read_word(i);
		fail_nth(point, 0);
		EXPECT_EQ(right, 20);
		EXPECT_EQ(fake_check(&fake), 0);
		fake_end(&fake);
	}
}

TEST(readahead, errors_are_the_readers)
{
	REQUIRE(fake_init_ahead(&fake, FAKE_AT_ONCE));
	EXPECT(read_word(0));
	/* pages 4 to 11 cannot be read: who comes to one tries himself */
	fake.how = FAKE_ERROR_LATER;
	EXPECT(read_word(1));
	last_run_is(2, 4, 8);
	EXPECT(read_word(2) && read_word(3));
	fake.how = FAKE_ERROR;
	EXPECT(!read_word(4));
	fake.how = FAKE_AT_ONCE;
	EXPECT(read_word(4) && read_word(5));
	fake_end(&fake);
}

static int read_all(void *data)
{
	u32 seed = (u32)(uintptr_t)data, i, right = 0;

	for (i = 0; i < FILE_PAGES; i++) {
		right += read_word(i);
		if (!random_below(&seed, 20))
			be_preempted();
	}
	return right == FILE_PAGES;
}

/* Several through one file, and somebody who takes pages away. */
TEST(readahead, readers_at_once)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(fake_init_ahead(&fake, FAKE_LATER));
	for (i = 1; i <= 4; i++)
		crew_add(&crew, PRIO_DEFAULT, read_all, (void *)(uintptr_t)i);
	for (i = 0; i < 10; i++) {
		msleep(20);
		invalidate_inode_pages(MAPPING);
	}
	EXPECT_EQ(crew_join(&crew), 4);
	truncate_inode_pages(MAPPING, 0);
	fake_end(&fake);
}
