/*
 * What becomes of one page of the inactive list: pages of files, by a file of
 * the tests'. Private memory is in test_pageout_anon.c.
 */
#include <kernel/cpu/time.h>
#include <kernel/sched/task.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/space/mm.h>
#include "reclaim_pages.h"

static struct fake_file fake;

#define MAPPING (&fake.mapping)

TEST(pageout, clean_page_goes)
{
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = file_page(&fake, 3);
	REQUIRE(page);
	EXPECT_EQ(shrink_this(page, &sc), 1);
	EXPECT_EQ(MAPPING->nrpages, 0);
	EXPECT(page_count(page) == 0 && !page->mapping && !PageLocked(page));
	EXPECT(fake.writes == 0 && sc.nr_writeback == 0);
	fake_end(&fake);
}

/* Read once is not used often; twice made it active before. */
TEST(pageout, page_read_once_goes)
{
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = file_page(&fake, 0);
	REQUIRE(page);
	SetPageReferenced(page);
	EXPECT_EQ(shrink_this(page, &sc), 1);
	/* but a dirty one is worth a second look before it costs a write */
	page = file_page(&fake, 1);
	REQUIRE(page);
	SetPageReferenced(page);
	set_page_dirty(page);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(!PageReferenced(page) && PageDirty(page) && !PageActive(page));
	EXPECT_EQ(shrink_this(page, &sc), 1);
	EXPECT_EQ(fake.writes, 1);
	fake_end(&fake);
}

TEST(pageout, locked_and_used_pages_stay)
{
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = file_page(&fake, 0);
	REQUIRE(page && trylock_page(page));
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageLocked(page) && PageLRU(page) && !PageActive(page));
	unlock_page(page);
	get_page(page);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(!PageLocked(page) && page->mapping == MAPPING);
	/* it would be in memory all the same */
	set_page_dirty(page);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageDirty(page) && fake.writes == 0);
	put_page(page);
	EXPECT_EQ(shrink_this(page, &sc), 1);
	EXPECT_EQ(fake.writes, 1);
	fake_end(&fake);
}

/* --- dirty --- */

TEST(pageout, write_that_ends_at_once)
{
	u32 written = vm_event_sum(VMSCAN_WRITE);
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = file_page(&fake, 2);
	REQUIRE(page);
	set_page_dirty(page);
	EXPECT_EQ(shrink_this(page, &sc), 1);
	EXPECT_EQ(vm_event_sum(VMSCAN_WRITE), written + 1);
	EXPECT(fake.writes == 1 && MAPPING->nrpages == 0);
	EXPECT_EQ(sc.nr_writeback, 0);
	fake_end(&fake);
}

/* PG_reclaim is the way back to the end of the list. */
TEST(pageout, write_that_takes_time)
{
	struct scan_control sc = scan_all();
	u32 rotated = vm_event_sum(PGROTATED);
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	page = file_page(&fake, 2);
	REQUIRE(page);
	set_page_dirty(page);
	/* longer than this thread may be kept from the CPU */
	fake.delay = msecs_to_jiffies(1000);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageWriteback(page) && PageReclaim(page) && !PageDirty(page));
	EXPECT_EQ(sc.nr_writeback, 1);
	/* looked at once more meanwhile */
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageReclaim(page) && fake.writes == 1 && sc.nr_writeback == 2);
	lru_add_drain();
	wait_on_page_writeback(page);
	EXPECT(!PageReclaim(page));
	EXPECT_EQ(vm_event_sum(PGROTATED), rotated + 1);
	EXPECT_EQ(shrink_this(page, &sc), 1);
	fake_end(&fake);
}

TEST(pageout, page_under_write_stays)
{
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_LATER));
	page = file_page(&fake, 1);
	REQUIRE(page);
	/* by somebody else, and newer again */
	lock_page(page);
	set_page_writeback(page);
	unlock_page(page);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageReclaim(page) && page->mapping == MAPPING);
	end_page_writeback(page);
	EXPECT(!PageReclaim(page));
	EXPECT_EQ(shrink_this(page, &sc), 1);
	fake_end(&fake);
}

TEST(pageout, what_gfp_forbids)
{
	struct scan_control sc = scan_all();
	struct page *dirty, *clean;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	dirty = file_page(&fake, 1);
	clean = file_page(&fake, 2);
	REQUIRE(dirty && clean);
	set_page_dirty(dirty);
	sc.gfp = GFP_NOFS;
	EXPECT_EQ(shrink_this(dirty, &sc), 0);
	EXPECT(PageDirty(dirty) && fake.writes == 0);
	EXPECT_EQ(shrink_this(clean, &sc), 1);
	sc.gfp = GFP_KERNEL;
	sc.may_writepage = false;
	EXPECT_EQ(shrink_this(dirty, &sc), 0);
	EXPECT_EQ(fake.writes, 0);
	sc.may_writepage = true;
	EXPECT_EQ(shrink_this(dirty, &sc), 1);
	EXPECT_EQ(fake.writes, 1);
	fake_end(&fake);
}

TEST(pageout, writes_that_fail)
{
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init(&fake, FAKE_NO_MEMORY));
	page = file_page(&fake, 1);
	REQUIRE(page);
	set_page_dirty(page);
	/* it could not begin: dirty as before */
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageDirty(page) && !PageLocked(page) && !PageReclaim(page));
	fake.how = FAKE_AT_ONCE;
	EXPECT_EQ(shrink_this(page, &sc), 1);
	fake_end(&fake);
}

/* Of a file that is nowhere but here. */
TEST(pageout, memory_leaves_the_lists)
{
	struct scan_control sc = scan_all();
	struct page *clean, *dirty;

	REQUIRE(fake_init_memory(&fake));
	clean = file_page(&fake, 1);
	dirty = file_page(&fake, 2);
	REQUIRE(clean && dirty);
	set_page_dirty(dirty);
	EXPECT_EQ(shrink_this(clean, &sc), 1);
	EXPECT_EQ(shrink_this(dirty, &sc), 0);
	EXPECT_EQ(MAPPING->nrpages, 1);
	EXPECT(!PageLRU(dirty) && dirty->mapping == MAPPING);
	EXPECT(PageDirty(dirty) && page_count(dirty) == 1);
	fake_end(&fake);
}

/* --- memory that goes to swap by its mapping --- */

static u32 outs;
static int out_result;

static int swap_out(struct address_space *mapping, struct page *page)
{
	EXPECT(PageLocked(page) && !PageDirty(page));
	outs++;
	if (out_result) {
		set_page_dirty(page);
	} else {
		set_page_writeback(page);
		end_page_writeback(page);
	}
	unlock_page(page);
	return out_result;
}

static const struct address_space_operations shm_ops = {
	.swap_out = swap_out,
};

TEST(pageout, memory_with_a_place_in_swap)
{
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(fake_init_memory(&fake));
	MAPPING->a_ops = &shm_ops;
	outs = 0;
	out_result = -ENOSPC;
	page = file_page(&fake, 1);
	REQUIRE(page);
	set_page_dirty(page);
	/* no slot: it is of no use to look at it again soon */
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(outs == 1 && PageActive(page) && PageDirty(page));
	EXPECT(!PageReclaim(page) && !PageLocked(page));
	out_result = 0;
	sc.gfp = GFP_NOIO;
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT_EQ(outs, 1);
	sc.gfp = GFP_NOFS;
	EXPECT_EQ(shrink_this(page, &sc), 1);
	EXPECT(outs == 2 && MAPPING->nrpages == 0);
	fake_end(&fake);
}

/* --- truncated while it was off the lists --- */

TEST(pageout, pages_that_lose_their_file)
{
	struct scan_control sc = scan_all();
	struct page *page;
	LIST_HEAD(list);

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	page = file_page(&fake, 1);
	REQUIRE(page);
	get_page(page);
	lru_del_page(page);
	list_add_tail(&page->lru, &list);
	truncate_inode_pages(MAPPING, 0);
	EXPECT(!page->mapping && page_count(page) == 1);
	EXPECT_EQ(shrink_page_list(&list, &sc), 1);
	EXPECT(list_empty(&list) && page_count(page) == 0);
	fake_end(&fake);
}

/* Many at once: those that stay are put back, the others are free. */
TEST(pageout, a_whole_batch)
{
	struct scan_control sc = scan_all();
	struct page *page[SWAP_CLUSTER_MAX];
	u32 i;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	for (i = 0; i < SWAP_CLUSTER_MAX; i++) {
		page[i] = file_page(&fake, i);
		REQUIRE(page[i]);
		if (i % 4 == 1)
			set_page_dirty(page[i]);
		if (i % 4 == 2)
			get_page(page[i]);
	}
	EXPECT_EQ(shrink_these(page, SWAP_CLUSTER_MAX, &sc),
		  SWAP_CLUSTER_MAX * 3 / 4);
	EXPECT_EQ(fake.writes, SWAP_CLUSTER_MAX / 4);
	EXPECT_EQ(MAPPING->nrpages, SWAP_CLUSTER_MAX / 4);
	for (i = 2; i < SWAP_CLUSTER_MAX; i += 4)
		put_page(page[i]);
	fake_end(&fake);
}
