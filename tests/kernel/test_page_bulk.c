/*
 * Many pages at once: each as alloc_page() gives it, the marks kept, and back
 * with all checks. On private nodes.
 */
#include <kernel/base/debug.h>
#include <mm/page/page_debug.h>
#include "private_node.h"

#define MOST 256U

static struct page *held[MOST + 1];

static struct zonelist *zonelist_of(gfp_t gfp)
{
	return &private_nodes.node[0]->node_zonelists[gfp & GFP_ZONEMASK];
}

static u32 take(u32 n)
{
	return alloc_pages_bulk(GFP_KERNEL | __GFP_NOWARN,
				zonelist_of(GFP_KERNEL), n, held);
}

/* Then pages go one by one, by way of the CPU's stack. */
static bool watched(void)
{
	return debug_enabled(DEBUG_PAGE_OWNER) ||
	       debug_enabled(DEBUG_PAGE_POISON) ||
	       debug_enabled(DEBUG_PAGEALLOC);
}

static bool each_has_one_user(u32 n)
{
	u32 i, j;

	for (i = 0; i < n; i++) {
		if (!EXPECT_EQ(page_count(held[i]), 1) ||
		    !EXPECT_EQ(page_order(held[i]), 0) ||
		    !EXPECT_EQ(held[i]->private, 0))
			return false;
		for (j = 0; j < i; j++)
			if (!EXPECT(held[i] != held[j]))
				return false;
	}
	return true;
}

TEST_PRIVATE(page_bulk, all_and_back, 8)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 256);
	u32 n;

	private_ready();
	for (n = 0; n <= 256; n += n < 20 ? 1 : 59) {
		REQUIRE(EXPECT_EQ(take(n), n) && each_has_one_user(n));
		EXPECT_EQ(private_free(zone), 256 - n);
		REQUIRE(private_sound(zone));
		free_pages_bulk(n, held);
		EXPECT_EQ(private_free(zone), 256);
		REQUIRE(private_sound(zone));
	}
	drain_zone_pages(zone);
	EXPECT_EQ(zone->free_area[8].nr_free, 1);
}

/* One more than there is: the rest is asked for singly, and fails so. */
TEST_PRIVATE(page_bulk, more_than_there_is, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);

	private_ready();
	EXPECT_EQ(take(65), 64);
	EXPECT(!private_alloc(GFP_KERNEL | __GFP_NOWARN, 0));
	free_pages_bulk(64, held);
	EXPECT_EQ(private_free(zone), 64);
	test_allow_warnings(1);
	EXPECT_EQ(alloc_pages_bulk(GFP_KERNEL, zonelist_of(GFP_KERNEL), 65,
				   held), 64);
	free_pages_bulk(64, held);
}

/* As many as one by one before pages_low; then as those, down to pages_min. */
TEST_PRIVATE(page_bulk, keeps_the_marks, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 128);
	u32 n;

	private_ready();
	zone_set_marks(zone, 20, 40, 60);
	n = take(128);
	EXPECT(n >= 100 && n <= 128 - 20);
	EXPECT(private_free(zone) >= 20);
	free_pages_bulk(n, held);
	drain_zone_pages(zone);
	/* just to the mark: all of it under one look */
	EXPECT_EQ(take(88), 88);
	if (!watched())
		EXPECT_EQ(zone->free_pages, 40);
	free_pages_bulk(88, held);
}

TEST_PRIVATE(page_bulk, goes_on_in_the_next_zone, 7)
{
	struct zone *high = private_zone(0, ZONE_NORMAL, 64, 64);
	struct zone *low = private_zone(0, ZONE_DMA, 0, 64);
	u32 in_high = 0, i;

	private_ready();
	zone_set_marks(high, 4, 8, 12);
	zone_set_marks(low, 4, 8, 12);
	low->lowmem_reserve[ZONE_NORMAL] = 16;
	EXPECT_EQ(take(90), 90);
	for (i = 0; i < 90; i++)
		in_high += page_zone(held[i]) == high;
	EXPECT_EQ(high->pageset[0].count.numa_hit, in_high);
	EXPECT_EQ(low->pageset[0].count.numa_hit, 90 - in_high);
	if (!watched())
		EXPECT_EQ(in_high, 56);
	free_pages_bulk(90, held);
	EXPECT_EQ(high->pageset[0].count.pgfree, in_high);
	drain_zone_pages(high);
	drain_zone_pages(low);
	EXPECT_EQ(low->free_pages, 64);
	low->lowmem_reserve[ZONE_NORMAL] = 0;
}

/* Where the CPU's stack is too small for them all, those that follow each other
 * go back as the blocks that they make, and nothing is put on the stack. */
TEST_PRIVATE(page_bulk, few_of_a_small_zone, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 128);
	u32 i;

	private_ready();
	if (watched()) {
		test_skip("while pages are watched all go the long way");
		return;
	}
	private_pcp_as_of(zone, 4096);
	REQUIRE(zone->pageset[0].pcp[0].put_below < 16);
	REQUIRE(EXPECT_EQ(take(16), 16));
	drain_zone_pages(zone);
	for (i = 0; i < 16; i++)
		EXPECT(held[i] == held[0] + i);
	EXPECT_EQ(zone->free_pages, 112);
	free_pages_bulk(16, held);
	EXPECT_EQ(zone->pageset[0].pcp[0].count, 0);
	EXPECT_EQ(zone->free_pages, 128);
	EXPECT_EQ(zone->pageset[0].count.pgfree, 16);
}

/* A few are what the CPU freed last, the last one first. */
TEST_PRIVATE(page_bulk, few_come_from_the_stack, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 128);
	struct per_cpu_pages *pcp = &zone->pageset[0].pcp[0];
	struct page *top[3];
	u32 free, i;

	private_ready();
	if (watched()) {
		test_skip("while pages are watched all go the long way");
		return;
	}
	private_pcp_as_of(zone, 1U << 20);
	REQUIRE(EXPECT_EQ(take(90), 90));
	free_pages_bulk(10, held);
	free_pages_bulk(10, held + 10);
	free_pages_bulk(10, held + 20);
	free_pages_bulk(10, held + 30);
	memcpy(top, pcp->stack + pcp->count - 3, sizeof(top));
	free = zone->free_pages;
	EXPECT_EQ(take(3), 3);
	for (i = 0; i < 3; i++)
		EXPECT(held[i] == top[2 - i]);
	EXPECT_EQ(zone->free_pages, free);
	/* those that are not touched soon leave the stack alone */
	REQUIRE(alloc_pages_bulk(GFP_KERNEL | __GFP_COLD,
				 zonelist_of(GFP_KERNEL), 1, held + 3) == 1);
	EXPECT(held[3] != pcp->stack[pcp->count]);
	free_pages_bulk(4, held);
	for (i = 40; i < 90; i++)
		__free_page(held[i]);
}

TEST_PRIVATE(page_bulk, zeroed, 5)
{
	u32 i;

	private_zone(0, ZONE_NORMAL, 0, 32);
	private_ready();
	REQUIRE(EXPECT_EQ(take(32), 32));
	for (i = 0; i < 32; i++)
		memset(page_address(held[i]), 0x5a, PAGE_SIZE);
	free_pages_bulk(32, held);
	REQUIRE(EXPECT_EQ(alloc_pages_bulk(GFP_KERNEL | __GFP_ZERO,
					   zonelist_of(GFP_KERNEL), 32, held),
			  32));
	for (i = 0; i < 32; i++) {
		const u32 *p = page_address(held[i]);

		EXPECT(!p[0] && !p[500] && !p[1023]);
	}
	free_pages_bulk(32, held);
}

/* Each mistake is told, costs that page alone, and the others go back. */
TEST_PRIVATE(page_bulk, bad_pages_among_good, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	u32 bad = bad_pages;

	private_ready();
	REQUIRE(EXPECT_EQ(take(40), 40));
	held[40] = held[7];			/* twice */
	SetPageLocked(held[20]);
	get_page(held[30]);			/* one user stays */
	test_allow_warnings(2);
	free_pages_bulk(41, held);
	EXPECT_EQ(bad_pages - bad, 2);
	EXPECT_EQ(private_free(zone), 62);
	ClearPageLocked(held[20]);
	atomic_set(&held[20]->_count, 1);
	__free_page(held[20]);
	__free_page(held[30]);
	EXPECT_EQ(private_free(zone), 64);
	REQUIRE(private_sound(zone));
}

TEST_PRIVATE(page_bulk, few_bad_pages, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	u32 bad = bad_pages;

	private_ready();
	REQUIRE(EXPECT_EQ(take(4), 4));
	held[4] = held[1];
	test_allow_warnings(1);
	free_pages_bulk(5, held);
	EXPECT_EQ(bad_pages - bad, 1);
	EXPECT_EQ(private_free(zone), 64);
}

/* While pages are watched each goes the long way: the n-th fails, no other. */
TEST_PRIVATE(page_bulk, fails_at_the_nth, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	u32 n;

	private_ready();
	for (n = 1; n <= 20; n++) {
		page_alloc_fail_nth(n);
		EXPECT_EQ(take(20), n - 1);
		page_alloc_fail_nth(0);
		free_pages_bulk(n - 1, held);
	}
	page_alloc_fail_nth(21);
	EXPECT_EQ(take(20), 20);
	page_alloc_fail_nth(0);
	free_pages_bulk(20, held);
	EXPECT_EQ(private_free(zone), 64);
}
