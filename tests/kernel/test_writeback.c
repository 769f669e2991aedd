/*
 * Dirty pages that go out by themselves: because they are old, because there
 * are many, because somebody asks; writers that are slowed down; files that end
 * meanwhile. Each case ends with the checker.
 */
#include <kernel/cpu/time.h>
#include <mm/cache/internal.h>
#include <mm/cache/writeback.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include "fake_file.h"
#include "threads.h"

static struct fake_file fake;
static struct writeback_limits before;

#define MAPPING (&fake.mapping)
#define FOREVER_MS 100000000U

/* Nothing happens by itself, but what the case asks for. */
static void begin_quiet(u32 interval_ms, u32 expire_ms, u32 background,
			u32 dirty)
{
	const struct writeback_limits limits = {
		.background_ratio = background, .dirty_ratio = dirty,
		.interval_ms = interval_ms, .expire_ms = expire_ms,
	};

	before = writeback_limits;
	set_writeback_limits(&limits);
}

static void end_quiet(void)
{
	set_writeback_limits(&before);
}

/* Pages behind the end of the file: nothing is read. */
static void make_dirty(struct fake_file *file, u32 first, u32 n)
{
	u32 word = 1, i;

	for (i = 0; i < n; i++)
		EXPECT_EQ(fake_write(file, (u64)(first + i) << PAGE_SHIFT,
				     &word, 4, 0), 4);
}

static bool tagged(u32 index)
{
	return radix_tree_tag_get(&MAPPING->page_tree, index,
				  PAGECACHE_TAG_DIRTY);
}

/* Until so many pages were written: false: not within two seconds. */
static bool until_written(u32 n)
{
	u32 i;

	for (i = 0; i < 200 && fake.writes < n; i++)
		msleep(10);
	return fake.writes >= n;
}

static u32 ms_since(u32 from)
{
	return jiffies_to_msecs(jiffies - from);
}

/* --- age: a host that is busy makes things late, but never early --- */

TEST(writeback, old_pages_go)
{
	u32 from;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	begin_quiet(10, 300, 100, 100);
	from = jiffies;
	make_dirty(&fake, 3, 2);
	EXPECT(until_written(1));
	EXPECT(ms_since(from) >= 300);
	EXPECT(until_written(2));
	EXPECT_EQ(fake.writes, 2);
	EXPECT(list_empty(&MAPPING->dirty));
	EXPECT_EQ(nr_dirty_pages(), 0);
	end_quiet();
	fake_end(&fake);
}

/* A file that is always at work: each page has its time all the same. */
TEST(writeback, old_pages_of_a_busy_file_go)
{
	u32 from, n;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	begin_quiet(10, 300, 100, 100);
	from = jiffies;
	make_dirty(&fake, 0, 1);
	for (n = 1; n < 100 && tagged(0); n++) {
		make_dirty(&fake, n, 1);
		msleep(10);
	}
	EXPECT(n < 100);
	EXPECT(ms_since(from) >= 300);
	/* and what is new has its own, but for what is a little older */
	from = jiffies;
	make_dirty(&fake, 0, 1);
	for (n = 0; n < 100 && tagged(0); n++)
		msleep(10);
	EXPECT(n < 100);
	EXPECT(ms_since(from) >= 150);
	end_quiet();
	fake_end(&fake);
}

/* What becomes dirty behind a pass that is under way has its own time. */
TEST(writeback, new_pages_of_an_old_file_stay)
{
	u32 from;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	begin_quiet(10, 300, 100, 100);
	from = jiffies;
	make_dirty(&fake, 0, 100);
	EXPECT(until_written(40));
	make_dirty(&fake, 0, 1);
	EXPECT(until_written(101));
	EXPECT(ms_since(from) >= 600);
	end_quiet();
	filemap_fdatawait(MAPPING);
	fake_end(&fake);
}

/* --- number --- */

TEST(writeback, many_pages_go)
{
	u32 limit, i;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	begin_quiet(20, FOREVER_MS, 1, 100);
	limit = dirty_background_limit();
	make_dirty(&fake, 0, limit + 60);
	EXPECT(until_written(44));
	/* until there are few enough, and no further */
	for (i = 0; i < 200 && nr_dirty_pages() > limit; i++)
		msleep(10);
	msleep(60);
	EXPECT(nr_dirty_pages() <= limit);
	EXPECT(nr_dirty_pages() + 60 > limit);
	EXPECT_EQ(fake.writes + nr_dirty_pages(), limit + 60);
	end_quiet();
	fake_end(&fake);
}

TEST(writeback, somebody_asks)
{
	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 100);
	make_dirty(&fake, 0, 40);
	msleep(30);
	EXPECT_EQ(fake.writes, 0);
	wakeup_writeback(5);
	EXPECT(until_written(5));
	msleep(30);
	EXPECT(fake.writes < 40);
	EXPECT_EQ(fake_check(&fake), 0);
	wakeup_writeback(0);
	EXPECT(until_written(40));
	msleep(10);
	EXPECT_EQ(fake.writes, 40);
	EXPECT_EQ(nr_dirty_pages(), 0);
	end_quiet();
	fake_end(&fake);
}

/* --- writers that wait --- */

static u32 worst;		/* pages above the limit */

/* More takes minutes: each is written by a timer. */
#define LIMIT_MOST 1000U

static int write_much(void *data)
{
	u32 n = dirty_limit() + 200, i;
	u32 first = 2 * LIMIT_MOST * (u32)(uintptr_t)data;

	for (i = 0; i < n; i++) {
		u32 now, limit;

		make_dirty(&fake, first + i, 1);
		now = nr_dirty_pages() + nr_writeback_pages();
		limit = dirty_limit();
		worst = now > limit ? max(worst, now - limit) : worst;
	}
	return (int)n;
}

static void write_too_much(u32 writers)
{
	struct crew crew = { .n = 0 };
	u32 i, total;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 1);
	if (dirty_limit() > LIMIT_MOST) {
		test_skip("a hundredth of so much RAM takes long to write");
		writers = 0;
	}
	worst = 0;
	for (i = 0; i < writers; i++)
		crew_add(&crew, PRIO_DEFAULT, write_much,
			 (void *)(uintptr_t)i);
	total = (u32)crew_join(&crew);
	EXPECT(worst <= DIRTY_CHECK_EACH * writers);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	EXPECT_EQ(fake.writes, total);
	EXPECT_EQ(nr_dirty_pages() + nr_writeback_pages(), 0);
	end_quiet();
	fake_end(&fake);
}

TEST(writeback, writer_waits)
{
	write_too_much(1);
}

TEST(writeback, writers_wait)
{
	write_too_much(3);
}

/* Who writes to memory only has nobody to wait for. */
TEST(writeback, memory_waits_for_nobody)
{
	u32 from = jiffies;

	REQUIRE(fake_init_memory(&fake));
	begin_quiet(FOREVER_MS, FOREVER_MS, 0, 0);
	make_dirty(&fake, 0, 100);
	balance_dirty_pages(MAPPING);
	EXPECT(ms_since(from) < 5000);
	EXPECT(list_empty(&MAPPING->dirty));
	end_quiet();
	fake_end(&fake);
}

static int end_a_write(void *page)
{
	msleep(20);
	end_page_writeback(page);
	return 1;
}

/* How long it waits for the end of a write that takes 20 ms. */
static u32 wait_for_one(void)
{
	struct page *page = find_or_create_page(MAPPING, 0);
	struct crew crew = { .n = 0 };
	u32 from = jiffies, ms;

	if (!EXPECT(page))
		return 0;
	set_page_writeback(page);
	unlock_page(page);
	crew_add(&crew, PRIO_DEFAULT, end_a_write, page);
	congestion_wait();
	ms = ms_since(from);
	EXPECT_EQ(crew_join(&crew), 1);
	put_page(page);
	return ms;
}

TEST(writeback, congestion)
{
	u32 from = jiffies, least = ~0U, i;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	/* nobody writes: a moment */
	congestion_wait();
	EXPECT(ms_since(from) >= 90);
	for (i = 0; i < 10 && least >= 90; i++)
		least = min(least, wait_for_one());
	EXPECT(least < 90);
	fake_end(&fake);
}

/* --- all of it --- */

TEST(writeback, sync_of_all)
{
	static struct fake_file other;
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_LATER) && fake_init(&other, FAKE_LATER));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 100);
	make_dirty(&fake, 0, 40);
	make_dirty(&other, 7, 1);
	/* one that is on its way already, and not dirty */
	page = find_lock_page(&other.mapping, 7);
	REQUIRE(page);
	EXPECT(clear_page_dirty_for_io(page));
	EXPECT_EQ(other.mapping.a_ops->writepage(&other.mapping, page), 0);
	sync_all_mappings();
	EXPECT(!PageWriteback(page));
	put_page(page);
	EXPECT_EQ(fake.writes, 40);
	EXPECT_EQ(other.writes, 1);
	EXPECT_EQ(nr_dirty_pages() + nr_writeback_pages(), 0);
	end_quiet();
	fake_end(&other);
	fake_end(&fake);
}

static int keep_dirty(void *data)
{
	u32 n = 0;

	while (!kthread_should_stop()) {
		make_dirty(&fake, n++ % 64, 1);
		msleep(10);
	}
	return 1;
}

/* It ends, though somebody dirties pages all the time. */
TEST(writeback, sync_has_an_end)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 100);
	for (i = 0; i < 3; i++)
		crew_add(&crew, PRIO_HIGH, keep_dirty, NULL);
	for (i = 0; i < 5; i++) {
		msleep(30);
		sync_all_mappings();
	}
	EXPECT_EQ(crew_stop(&crew), 3);
	end_quiet();
	fake_end(&fake);
}

/* --- errors --- */

TEST(writeback, error_is_kept_for_who_asks)
{
	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 100);
	fake.writes_fail = true;
	make_dirty(&fake, 0, 3);
	wakeup_writeback(0);
	EXPECT(until_written(3));
	msleep(20);
	EXPECT_EQ(nr_dirty_pages(), 0);
	sync_all_mappings();
	EXPECT_EQ((s64)filemap_write_and_wait(MAPPING), -EIO);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	end_quiet();
	fake_end(&fake);
}

/* What cannot begin stays dirty, and has another try when it is old again. */
TEST(writeback, what_cannot_begin_is_tried_again)
{
	u32 from, i;

	REQUIRE(fake_init(&fake, FAKE_NO_MEMORY));
	begin_quiet(10, 200, 100, 100);
	from = jiffies;
	make_dirty(&fake, 0, 2);
	EXPECT(until_written(2));
	EXPECT(tagged(0) && tagged(1));
	EXPECT(until_written(4));
	EXPECT(ms_since(from) >= 400);
	fake.how = FAKE_AT_ONCE;
	for (i = 0; i < 200 && !list_empty(&MAPPING->dirty); i++)
		msleep(10);
	EXPECT(list_empty(&MAPPING->dirty));
	EXPECT_EQ(nr_dirty_pages(), 0);
	end_quiet();
	fake_end(&fake);
}

/* --- files that end --- */

/* Its memory is another's right behind that. */
static bool one_life(u32 *seed)
{
	struct fake_file *mortal = kmalloc(sizeof(*mortal), GFP_KERNEL);

	if (!mortal || !fake_init(mortal, FAKE_LATER))
		return false;
	make_dirty(mortal, 0, 1 + random_below(seed, 40));
	if (random_below(seed, 3))
		wakeup_writeback(random_below(seed, 20));
	if (random_below(seed, 2))
		msleep(10 * random_below(seed, 4));
	if (random_below(seed, 3))
		truncate_inode_pages(&mortal->mapping,
				     random_below(seed, 20) << PAGE_SHIFT);
	if (random_below(seed, 2))
		be_preempted();
	fake_end(mortal);
	memset(mortal, 0x5a, sizeof(*mortal));
	kfree(mortal);
	return true;
}

static int live(void *data)
{
	u32 seed = 1 + (u32)(uintptr_t)data, i, n = 0;

	for (i = 0; i < 40; i++)
		n += one_life(&seed);
	return n == 40;
}

static int sync_often(void *data)
{
	while (!kthread_should_stop()) {
		sync_all_mappings();
		msleep(10);
	}
	return 1;
}

TEST(writeback, files_end_while_they_are_written)
{
	struct crew crew = { .n = 0 }, other = { .n = 0 };
	u32 i;

	begin_quiet(10, 20, 100, 100);
	crew_add(&other, PRIO_DEFAULT, sync_often, NULL);
	for (i = 0; i < 4; i++)
		crew_add(&crew, PRIO_DEFAULT, live, (void *)(uintptr_t)i);
	EXPECT_EQ(crew_join(&crew), 4);
	EXPECT_EQ(crew_stop(&other), 1);
	EXPECT_EQ(nr_dirty_pages() + nr_writeback_pages(), 0);
	end_quiet();
}

/* --- the list --- */

/* The walk gets to that one. */
static bool walk_to(struct mapping_walk *walk, struct address_space *wanted)
{
	struct address_space *mapping;

	while ((mapping = mapping_walk_next(walk))) {
		spin_unlock_irq(&mapping->tree_lock);
		if (mapping == wanted)
			return true;
	}
	return false;
}

TEST(writeback, walk_knows_who_left)
{
	static struct fake_file other;
	struct address_space *mapping;
	struct mapping_walk walk;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	REQUIRE(fake_init(&other, FAKE_AT_ONCE));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 100);
	make_dirty(&fake, 0, 1);
	make_dirty(&other, 0, 1);
	mapping_walk_begin(&walk, DIRTY_MAPPINGS);
	EXPECT(walk_to(&walk, MAPPING));
	mapping = mapping_walk_again(&walk);
	EXPECT(mapping == MAPPING);
	if (mapping)
		spin_unlock_irq(&mapping->tree_lock);
	/* the next one leaves, then the one it is at, which comes back */
	EXPECT_EQ(filemap_write_and_wait(&other.mapping), 0);
	EXPECT_EQ(filemap_write_and_wait(MAPPING), 0);
	make_dirty(&fake, 0, 1);
	EXPECT(!mapping_walk_again(&walk));
	EXPECT(!walk_to(&walk, &other.mapping));
	mapping_walk_end(&walk);
	end_quiet();
	fake_end(&other);
	fake_end(&fake);
}

static void count_report(const char *sentence)
{
}

TEST(writeback, list_says_who_has_dirty_pages)
{
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	begin_quiet(FOREVER_MS, FOREVER_MS, 100, 100);
	EXPECT(list_empty(&MAPPING->dirty));
	make_dirty(&fake, 0, 1);
	EXPECT(!list_empty(&MAPPING->dirty));
	page = find_get_page(MAPPING, 0);
	REQUIRE(page);
	EXPECT_EQ(check_mapping(MAPPING, count_report), 0);
	radix_tree_tag_clear(&MAPPING->page_tree, 0, PAGECACHE_TAG_DIRTY);
	/* the page's tag, and the list */
	EXPECT_EQ(check_mapping(MAPPING, count_report), 2);
	radix_tree_tag_set(&MAPPING->page_tree, 0, PAGECACHE_TAG_DIRTY);
	lock_page(page);
	remove_from_page_cache(page);
	unlock_page(page);
	put_page(page);
	EXPECT(list_empty(&MAPPING->dirty));
	end_quiet();
	fake_end(&fake);
}
