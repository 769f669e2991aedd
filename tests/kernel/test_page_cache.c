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
