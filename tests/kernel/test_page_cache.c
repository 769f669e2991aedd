/*
 * The page cache, on private address_spaces with files that are read as the
 * case wants. Each case ends with the checker, and an empty tree.
 */
#include <kernel/base/fail.h>
#include <kernel/cpu/time.h>
#include <mm/cache/radix_nodes.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>
#include "fake_file.h"
#include "threads.h"

static struct fake_file fake;

#define MAPPING (&fake.mapping)

/* --- in, found, out --- */

TEST(page_cache, page_gets_in_and_out)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *found;
	u32 before = page_cache_pages();

	REQUIRE(page && fake_init(&fake, FAKE_AT_ONCE));
	EXPECT(!find_get_page(MAPPING, 5));
	EXPECT_EQ(add_to_page_cache(page, MAPPING, 5, GFP_KERNEL), 0);
	EXPECT(PageLocked(page) && !PageUptodate(page));
	EXPECT(page->mapping == MAPPING);
	EXPECT_EQ(page->index, 5);
	EXPECT_EQ(page_count(page), 2);
	EXPECT_EQ(MAPPING->nrpages, 1);
	EXPECT_EQ(page_cache_pages(), before + 1);
	EXPECT(!find_get_page(MAPPING, 4) && !find_get_page(MAPPING, 6));
	found = find_get_page(MAPPING, 5);
	EXPECT(found == page);
	EXPECT_EQ(page_count(page), 3);
	put_page(page);
	EXPECT_EQ(fake_check(&fake), 0);
	remove_from_page_cache(page);
	EXPECT(!page->mapping);
	EXPECT_EQ(page_count(page), 1);
	EXPECT_EQ(page_cache_pages(), before);
	unlock_page(page);
	put_page(page);
	fake_end(&fake);
}

TEST(page_cache, place_is_taken)
{
	struct page *a = alloc_page(GFP_KERNEL), *b = alloc_page(GFP_KERNEL);

	REQUIRE(a && b && fake_init(&fake, FAKE_AT_ONCE));
	EXPECT_EQ(add_to_page_cache(a, MAPPING, 0xffffffff, GFP_KERNEL), 0);
	EXPECT_EQ(add_to_page_cache(b, MAPPING, 0xffffffff, GFP_KERNEL),
		  -EEXIST);
	EXPECT(!PageLocked(b) && !b->mapping);
	EXPECT_EQ(page_count(b), 1);
	EXPECT_EQ(MAPPING->nrpages, 1);
	unlock_page(a);
	put_page(a);
	put_page(b);
	fake_end(&fake);
}

/* --- reading --- */

TEST(page_cache, page_is_read_once)
{
	bool major = false;
	struct page *page, *again;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = read_cache_page(MAPPING, 3, &major);
	REQUIRE(!IS_ERR_PAGE(page));
	EXPECT(major && PageUptodate(page) && !PageLocked(page));
	EXPECT(fake_holds(page, 3));
	EXPECT_EQ(page_count(page), 2);
	major = false;
	again = read_cache_page(MAPPING, 3, &major);
	EXPECT(again == page && !major);
	EXPECT_EQ(fake.reads, 1);
	put_page(page);
	put_page(page);
	fake_end(&fake);
}

TEST(page_cache, error_is_told_and_tried_again)
{
	static const struct {
		enum fake_reads how;
		int err;
	} kinds[] = {
		{ FAKE_ERROR, -EIO }, { FAKE_ERROR_LATER, -EIO },
		{ FAKE_REFUSED, -EIO }, { FAKE_NO_MEMORY, -ENOMEM },
	};
	struct page *page;
	u32 i;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		fake.how = kinds[i].how;
		page = read_cache_page(MAPPING, i, NULL);
		EXPECT_EQ((s64)PAGE_ERR(page), kinds[i].err);
		page = read_cache_page(MAPPING, i, NULL);
		EXPECT_EQ((s64)PAGE_ERR(page), kinds[i].err);
		EXPECT_EQ(fake.reads, 3 * i + 2);
		page = find_get_page(MAPPING, i);
		REQUIRE(page);
		EXPECT(!PageUptodate(page) && !PageLocked(page));
		put_page(page);
		fake.how = FAKE_LATER;
		page = read_cache_page(MAPPING, i, NULL);
		REQUIRE(!IS_ERR_PAGE(page));
		EXPECT(fake_holds(page, i) && !PageError(page));
		put_page(page);
	}
	fake_end(&fake);
}

/* --- bytes --- */

#define AREA (3 * PAGE_SIZE)

TEST(page_cache, bytes_are_read_over_borders)
{
	u8 *buf = kmalloc(AREA, GFP_KERNEL);
	u32 *word = (u32 *)buf;

	REQUIRE(buf && fake_init(&fake, FAKE_LATER));
	EXPECT_EQ(fake_read(&fake, PAGE_SIZE - 8, buf, PAGE_SIZE + 16, ~0ULL),
		  PAGE_SIZE + 16);
	EXPECT_EQ(word[0], fake_word(0, PAGE_SIZE / 4 - 2));
	EXPECT_EQ(word[2], fake_word(1, 0));
	EXPECT_EQ(word[2 + PAGE_SIZE / 4], fake_word(2, 0));
	EXPECT_EQ(word[3 + PAGE_SIZE / 4], fake_word(2, 1));
	EXPECT_EQ(fake.reads, 3);
	/* up to the end, and not behind it */
	EXPECT_EQ(fake_read(&fake, 100, buf, AREA, 5000), 4900);
	EXPECT_EQ(fake_read(&fake, 5000, buf, AREA, 5000), 0);
	EXPECT_EQ(fake_read(&fake, 9000, buf, AREA, 5000), 0);
	kfree(buf);
	fake_end(&fake);
}

TEST(page_cache, bytes_are_written)
{
	u8 *buf = kmalloc(AREA, GFP_KERNEL), *back = kmalloc(AREA, GFP_KERNEL);
	u32 i;

	REQUIRE(buf && back && fake_init(&fake, FAKE_LATER));
	for (i = 0; i < AREA; i++)
		buf[i] = (u8)(i * 7);
	/* parts of the first and the last page, all of the second */
	EXPECT_EQ(fake_write(&fake, 1000, buf, 2 * PAGE_SIZE, 3 * PAGE_SIZE),
		  2 * PAGE_SIZE);
	EXPECT_EQ(fake.reads, 2);
	EXPECT_EQ(fake_read(&fake, 1000, back, 2 * PAGE_SIZE, ~0ULL),
		  2 * PAGE_SIZE);
	EXPECT(!memcmp(buf, back, 2 * PAGE_SIZE));
	EXPECT_EQ(fake_read(&fake, 996, back, 4, ~0ULL), 4);
	EXPECT_EQ(*(u32 *)back, fake_word(0, 249));
	EXPECT_EQ(fake_read(&fake, 1000 + 2 * PAGE_SIZE, back, 4, ~0ULL), 4);
	EXPECT_EQ(*(u32 *)back, fake_word(2, 250));
	EXPECT_EQ(nr_dirty_pages(), 3);
	/* behind the end nothing is read */
	EXPECT_EQ(fake_write(&fake, 5 * PAGE_SIZE + 8, buf, 8, 3 * PAGE_SIZE),
		  8);
	EXPECT_EQ(fake.reads, 2);
	EXPECT_EQ(fake_read(&fake, 5 * PAGE_SIZE, back, 24, ~0ULL), 24);
	EXPECT_EQ(*(u64 *)back | *(u64 *)(back + 16), 0);
	EXPECT(!memcmp(back + 8, buf, 8));
	kfree(back);
	kfree(buf);
	fake_end(&fake);
	EXPECT_EQ(nr_dirty_pages(), 0);
}

/* A source that gives a little at a time, and now and then nothing. */
TEST(page_cache, source_gives_less)
{
	u8 *buf = kmalloc(AREA, GFP_KERNEL), *back = kmalloc(AREA, GFP_KERNEL);
	struct memory_source s;
	u32 i;

	REQUIRE(buf && back && fake_init(&fake, FAKE_LATER));
	for (i = 0; i < AREA; i++)
		buf[i] = (u8)(i * 11 + i / 256);
	memory_source_init(&s, buf, AREA);
	s.most = 1500;
	s.refuse = 3;
	EXPECT_EQ(mapping_write(MAPPING, 0, AREA, AREA, &s.source), AREA);
	/* each page was read: its first bytes were kept meanwhile */
	EXPECT_EQ(fake.reads, 3);
	EXPECT_EQ(s.refuse, 0);
	EXPECT_EQ(s.asked, 3 + 3 * 3);
	EXPECT_EQ(fake_read(&fake, 0, back, AREA, ~0ULL), AREA);
	EXPECT(!memcmp(buf, back, AREA));
	/* it ends in the middle of a page that was to be overwritten */
	memory_source_init(&s, buf, 1000);
	EXPECT_EQ(mapping_write(MAPPING, 4 * PAGE_SIZE, PAGE_SIZE,
				8 * PAGE_SIZE, &s.source), 1000);
	EXPECT_EQ(fake_read(&fake, 4 * PAGE_SIZE, back, PAGE_SIZE, ~0ULL),
		  PAGE_SIZE);
	EXPECT(!memcmp(buf, back, 1000));
	EXPECT_EQ(*(u32 *)(back + 1000), fake_word(4, 250));
	/* and of one that is behind the end */
	memory_source_init(&s, buf, 1000);
	EXPECT_EQ(mapping_write(MAPPING, 9 * PAGE_SIZE, PAGE_SIZE,
				8 * PAGE_SIZE, &s.source), 1000);
	EXPECT_EQ(fake_read(&fake, 9 * PAGE_SIZE, back, PAGE_SIZE, ~0ULL),
		  PAGE_SIZE);
	EXPECT(!memcmp(buf, back, 1000));
	for (i = 1000; i < PAGE_SIZE; i += 4)
		REQUIRE(!*(u32 *)(back + i));
	kfree(back);
	kfree(buf);
	fake_end(&fake);
}

TEST(page_cache, errors_of_bytes)
{
	struct memory_source s;
	u32 word = 5;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	/* neither side has anything */
	EXPECT_EQ((s64)fake_read(&fake, 0, &word, 0, 100), 0);
	memory_source_init(&s, &word, 0);
	EXPECT_EQ((s64)mapping_write(MAPPING, 0, 4, 100, &s.source), -EFAULT);
	EXPECT_EQ(MAPPING->nrpages, 0);
	EXPECT_EQ((s64)fake_write(&fake, 1ULL << 44, &word, 4, 100), -EFBIG);
	EXPECT_EQ(fake_write(&fake, (1ULL << 44) - 4, &word, 4, 100), 4);
	EXPECT_EQ(fake_write(&fake, (1ULL << 44) - 2, &word, 4, 100), 2);
	fake.how = FAKE_ERROR;
	EXPECT_EQ((s64)fake_read(&fake, 0, &word, 4, 100), -EIO);
	EXPECT_EQ((s64)fake_write(&fake, 4, &word, 4, 100), -EIO);
	EXPECT_EQ(word, 5);
	/* what came before counts */
	fake.how = FAKE_AT_ONCE;
	EXPECT_EQ(fake_read(&fake, 0, &word, 4, 100), 4);
	EXPECT_EQ(word, fake_word(0, 0));
	fake.how = FAKE_ERROR;
	EXPECT_EQ(fake_read(&fake, PAGE_SIZE - 3, &word, 4, ~0ULL), 3);
	EXPECT_EQ(fake_write(&fake, PAGE_SIZE - 2, &word, 4, ~0ULL), 2);
	fake_end(&fake);
}

/* --- several at once --- */

static int read_third(void *data)
{
	struct page *page = read_cache_page(MAPPING, 3, NULL);
	bool ok = !IS_ERR_PAGE(page) && PageUptodate(page) &&
		  fake_holds(page, 3);

	if (!IS_ERR_PAGE(page))
		put_page(page);
	return ok;
}

/* So many at once, each of them right: the page is read so often. */
static void read_at_once(enum fake_reads how, int (*reader)(void *), u32 n,
			 u32 reads)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(fake_init(&fake, how));
	for (i = 0; i < n; i++)
		crew_add(&crew, PRIO_DEFAULT, reader, NULL);
	EXPECT_EQ(crew_join(&crew), n);
	EXPECT_EQ(fake.reads, reads);
	fake_end(&fake);
}

TEST(page_cache, two_readers_read_once)
{
	read_at_once(FAKE_LATER, read_third, 8, 1);
}

/* Of those who wait for a page that cannot be read each tries by itself. */
static int fail_third(void *data)
{
	struct page *page = read_cache_page(MAPPING, 3, NULL);

	if (IS_ERR_PAGE(page))
		return PAGE_ERR(page) == -EIO;
	put_page(page);
	return 0;
}

TEST(page_cache, all_readers_are_told_of_an_error)
{
	read_at_once(FAKE_ERROR_LATER, fail_third, 4, 4);
}

/* The page goes while one waits for its lock: who waits finds that out, and
 * gets the page that is there then. */
TEST(page_cache, truncated_under_a_reader)
{
	struct crew crew = { .n = 0 };
	struct page *page, *found;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = find_or_create_page(MAPPING, 3);
	REQUIRE(page);
	crew_add(&crew, PRIO_DEFAULT, read_third, NULL);
	EXPECT(until_it_waits(crew.task[0]));
	EXPECT_EQ(page_count(page), 3);
	remove_from_page_cache(page);
	unlock_page(page);
	EXPECT_EQ(crew_join(&crew), 1);
	EXPECT_EQ(page_count(page), 1);
	found = find_get_page(MAPPING, 3);
	EXPECT(found && found != page);
	if (found)
		put_page(found);
	put_page(page);
	EXPECT_EQ(fake.reads, 1);
	fake_end(&fake);
}

static int truncate_all(void *data)
{
	truncate_inode_pages(MAPPING, 0);
	return 1;
}

/* It waits for the end of a read, and of a write. */
TEST(page_cache, truncation_waits)
{
	struct crew crew = { .n = 0 };
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	page = find_or_create_page(MAPPING, 3);
	REQUIRE(page);
	crew_add(&crew, PRIO_DEFAULT, truncate_all, NULL);
	EXPECT(until_it_waits(crew.task[0]));
	EXPECT_EQ(MAPPING->nrpages, 1);
	set_page_writeback(page);
	unlock_page(page);
	msleep(20);
	EXPECT(until_it_waits(crew.task[0]));
	EXPECT(PageLocked(page));
	EXPECT_EQ(MAPPING->nrpages, 1);
	end_page_writeback(page);
	EXPECT_EQ(crew_join(&crew), 1);
	EXPECT_EQ(MAPPING->nrpages, 0);
	EXPECT_EQ(page_count(page), 1);
	put_page(page);
	fake_end(&fake);
}

/* --- short of memory --- */

/* The n-th request fails: nothing changes but what was done before it. */
static u32 fails_until_done(struct fail_point *point, u64 pos)
{
	u32 word = 7, n = 0, before = MAPPING->nrpages;
	long done;

	do {
		radix_nodes_drain();
		kmem_caches_shrink();
		fail_nth(point, ++n);
		done = fake_write(&fake, pos, &word, 4, ~0ULL);
		fail_nth(point, 0);
		EXPECT(done == 4 || done == -ENOMEM);
		EXPECT_EQ(MAPPING->nrpages, before + (done == 4));
		EXPECT_EQ(fake_check(&fake), 0);
		EXPECT_EQ(preempt_count(), 0);
	} while (done != 4 && n < 100);
	return n - 1;
}

TEST(page_cache, nth_allocation_fails)
{
	struct fail_point *slab = fail_find("slab", 4);
	struct fail_point *page = fail_find("page", 4);

	REQUIRE(slab && page && fake_init(&fake, FAKE_AT_ONCE));
	MAPPING->gfp_mask |= __GFP_NOWARN;
	/* the page itself, and a slab of nodes at least */
	EXPECT(fails_until_done(page, 0) >= 1);
	/* all nodes that are kept back, one by one */
	EXPECT_EQ(fails_until_done(slab, PAGE_SIZE), RADIX_TREE_MAX_INSERT);
	EXPECT_EQ(fails_until_done(slab, 1ULL << 43), RADIX_TREE_MAX_INSERT);
	fake_end(&fake);
}

/* --- high memory --- */

TEST(page_cache, high_pages)
{
	u8 *buf = kmalloc(AREA, GFP_KERNEL), *back = kmalloc(AREA, GFP_KERNEL);
	struct page *page;
	u32 i;

	if (!totalhigh_pages) {
		kfree(buf);
		kfree(back);
		test_skip("there is no high memory");
		return;
	}
	REQUIRE(buf && back && fake_init(&fake, FAKE_LATER));
	for (i = 0; i < AREA; i++)
		buf[i] = (u8)(i * 5 + i / 256);
	page = read_cache_page(MAPPING, 0, NULL);
	REQUIRE(!IS_ERR_PAGE(page));
	EXPECT(page_is_high(page) && fake_holds(page, 0));
	put_page(page);
	EXPECT_EQ(fake_write(&fake, 100, buf, AREA, ~0ULL), AREA);
	EXPECT_EQ(fake_read(&fake, 100, back, AREA, ~0ULL), AREA);
	EXPECT(!memcmp(buf, back, AREA));
	truncate_inode_pages(MAPPING, 200);
	EXPECT_EQ(fake_read(&fake, 196, back, 8, ~0ULL), 8);
	EXPECT(!memcmp(buf + 96, back, 4));
	EXPECT_EQ(*(u32 *)(back + 4), 0);
	kfree(buf);
	kfree(back);
	fake_end(&fake);
}
