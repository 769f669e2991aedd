/*
 * The lists of pages that can be had back, transition by transition, on a zone
 * of the suite's own: mm/reclaim/lru.c. What memory and files put there by
 * themselves: test_lru_users.c. What its checker finds: test_lru_check.c.
 */
#include <mm/cache/pagemap.h>
#include <mm/page/page_debug.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/lru.h>
#include <mm/space/rmap.h>
#include "private_lru.h"
#include "private_node.h"

/* --- second chance --- */

/* Each row of the table, and what comes behind it. */
TEST_PRIVATE(lru, mark_page_accessed_table, 6)
{
	struct zone *zone = lru_zone();
	u32 activated = vm_event_sum(PGACTIVATE);
	struct page *page = lru_page(false), *other = lru_page(false);

	lru_add_drain();
	EXPECT_EQ(lru_state(page), INACTIVE);
	mark_page_accessed(page);
	EXPECT_EQ(lru_state(page), INACTIVE | REFERENCED);
	EXPECT(lru_place(zone, page, false) == 1 && zone->nr_inactive == 2);
	mark_page_accessed(page);
	EXPECT_EQ(lru_state(page), ACTIVE);
	EXPECT(lru_place(zone, page, true) == 0 && zone->nr_active == 1);
	EXPECT_EQ(zone->nr_inactive, 1);
	EXPECT_EQ(vm_event_sum(PGACTIVATE) - activated, 1);
	mark_page_accessed(page);
	EXPECT_EQ(lru_state(page), ACTIVE | REFERENCED);
	mark_page_accessed(page);
	EXPECT_EQ(lru_state(page), ACTIVE | REFERENCED);
	EXPECT_EQ(vm_event_sum(PGACTIVATE) - activated, 1);
	EXPECT_EQ(lru_state(other), INACTIVE);
	EXPECT(private_sound(zone));
	put_page(page);
	put_page(other);
}

/* A page on no list is noted as used, and gets on none by that. */
TEST_PRIVATE(lru, mark_of_a_page_on_no_list, 6)
{
	struct zone *zone = lru_zone();
	struct page *page = private_alloc(GFP_KERNEL, 0);

	REQUIRE(page);
	mark_page_accessed(page);
	mark_page_accessed(page);
	mark_page_accessed(page);
	EXPECT_EQ(lru_state(page), REFERENCED);
	activate_page(page);
	EXPECT_EQ(lru_state(page), REFERENCED);
	EXPECT(!zone->nr_active && !zone->nr_inactive);
	__free_page(page);
}

/* Used twice before it comes to its list: it comes to the other one. */
TEST_PRIVATE(lru, activated_in_a_batch, 6)
{
	struct zone *zone = lru_zone();
	struct page *page = lru_page(false);

	mark_page_accessed(page);
	mark_page_accessed(page);
	EXPECT_EQ(lru_state(page), ACTIVE);
	EXPECT(!zone->nr_active && !page->lru.next);
	lru_add_drain();
	EXPECT(zone->nr_active == 1 && !zone->nr_inactive);
	EXPECT_EQ(lru_place(zone, page, true), 0);
	put_page(page);
	EXPECT_EQ(zone->nr_active, 0);
}

/* --- batches --- */

/* The 14th puts all on the list, the last one at its begin. */
TEST_PRIVATE(lru, batch_of_exactly_14, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[LRU_BATCH + 1];
	u32 i;

	preempt_disable();
	for (i = 0; i < LRU_BATCH - 1; i++) {
		page[i] = lru_page(false);
		EXPECT(!page[i]->lru.next && !zone->nr_inactive);
		EXPECT(lru_batches[0].page[i] == page[i]);
	}
	EXPECT_EQ(lru_batches[0].n, 13);
	page[i++] = lru_page(false);
	EXPECT_EQ(lru_batches[0].n, 0);
	EXPECT_EQ(zone->nr_inactive, 14);
	for (i = 0; i < LRU_BATCH; i++)
		EXPECT_EQ(lru_place(zone, page[i], false), 13 - i);
	page[14] = lru_page(false);
	EXPECT(zone->nr_inactive == 14 && lru_batches[0].n == 1);
	preempt_enable();
	EXPECT_EQ(lru_release_pages(15, page), 15);
	EXPECT_EQ(zone->nr_inactive, 0);
	free_pages_bulk(15, page);
}

/* Both kinds in one batch, in runs of all lengths. */
TEST_PRIVATE(lru, batch_of_both_kinds, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[LRU_BATCH];
	u32 i, n, kinds, active;

	for (kinds = 0; kinds < 1U << 14; kinds += 37) {
		active = 0;
		for (i = 0; i < LRU_BATCH; i++)
			page[i] = lru_page(kinds >> i & 1);
		for (i = 0; i < LRU_BATCH; i++)
			active += kinds >> i & 1;
		lru_add_drain();
		REQUIRE(zone->nr_active == active);
		REQUIRE(zone->nr_inactive == LRU_BATCH - active);
		REQUIRE(private_sound(zone));
		n = lru_release_pages(LRU_BATCH, page);
		REQUIRE(n == LRU_BATCH);
		free_pages_bulk(n, page);
	}
}

/* Pages of two zones in turn: each gets to its own. */
TEST_PRIVATE(lru, batch_of_two_zones, 6)
{
	struct zone *zone[2] = { private_zone(0, ZONE_DMA, 0, 32),
				 private_zone(0, ZONE_NORMAL, 32, 32) };
	struct page *page[6];
	u32 i;

	private_ready();
	lru_add_drain();
	for (i = 0; i < 6; i++) {
		page[i] = private_alloc(i & 1 ? GFP_KERNEL : __GFP_DMA, 0);
		REQUIRE(page[i] && page_zone(page[i]) == zone[i & 1]);
		lru_cache_add(page[i]);
	}
	lru_add_drain();
	EXPECT(zone[0]->nr_inactive == 3 && zone[1]->nr_inactive == 3);
	EXPECT(private_sound(zone[0]) && private_sound(zone[1]));
	for (i = 0; i < 6; i++)
		EXPECT_EQ(lru_place(zone[i & 1], page[i], false), 2 - i / 2);
	/* and back, with one call */
	EXPECT_EQ(lru_release_pages(6, page), 6);
	EXPECT(!zone[0]->nr_inactive && !zone[1]->nr_inactive);
	for (i = 0; i < 6; i++)
		__free_page(page[i]);
}

/* It leaves an empty place, and may be used again at once, in another one. */
TEST_PRIVATE(lru, freed_while_in_a_batch, 6)
{
	struct zone *zone = lru_zone();
	struct page *a, *b, *again;

	preempt_disable();
	a = lru_page(false);
	b = lru_page(true);
	EXPECT(page_count(a) == 1 && lru_batches[0].page[0] == a);
	put_page(a);
	EXPECT(!lru_batches[0].page[0] && lru_batches[0].page[1] == b);
	EXPECT_EQ(lru_batches[0].n, 2);
	again = lru_page(true);
	EXPECT(again == a && lru_batches[0].page[2] == a);
	EXPECT(private_sound(zone));
	put_page(b);
	preempt_enable();
	lru_add_drain();
	EXPECT(zone->nr_active == 1 && !zone->nr_inactive);
	EXPECT_EQ(lru_place(zone, again, true), 0);
	put_page(again);
	EXPECT_EQ(zone->nr_active, 0);
}

/* --- the last user --- */

TEST_PRIVATE(lru, last_user_takes_it_off, 6)
{
	struct zone *zone = lru_zone();
	struct page *page = lru_page(true), *memory = lru_page(true);

	lru_add_drain();
	mark_page_accessed(page);
	get_page(page);
	put_page(page);
	EXPECT_EQ(lru_state(page), ACTIVE | REFERENCED);
	EXPECT_EQ(zone->nr_active, 2);
	put_page(page);
	EXPECT(zone->nr_active == 1 && !page_count(page));
	memory->mapping = (void *)PAGE_MAPPING_ANON;
	put_user_page(memory);
	EXPECT(!zone->nr_active && !memory->mapping && !page_count(memory));
	EXPECT_EQ(private_free(zone), private_pages());
}

/* Those that others have stay where they are; the rest stands first. */
TEST_PRIVATE(lru, release_of_many, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[9], *given[9];
	u32 i, n = 0;

	for (i = 0; i < 9; i++) {
		/* of three: on a list, on none, in a batch */
		page[i] = i % 3 == 1 ? private_alloc(GFP_KERNEL, 0) :
				       lru_page(i & 1);
		if (i % 3 == 0)
			lru_add_drain();
		if (i >= 6)
			get_page(page[i]);
		given[i] = page[i];
	}
	EXPECT_EQ(lru_release_pages(9, given), 6);
	for (i = 0; i < 6; i++) {
		EXPECT(given[i] == page[i] && page_count(page[i]) == 1);
		EXPECT_EQ(lru_state(page[i]), 0);
	}
	for (i = 6; i < 9; i++)
		n += page_count(page[i]) == 1 && PageLRU(page[i]) == (i != 7);
	EXPECT_EQ(n, 3);
	EXPECT(private_sound(zone));
	free_pages_bulk(6, given);
	for (i = 6; i < 9; i++)
		put_page(page[i]);
	EXPECT_EQ(zone->nr_active + zone->nr_inactive, 0);
}

/* Who says that he is alone, but forgot the list, frees nothing. */
TEST_PRIVATE(lru, free_page_of_a_page_on_a_list, 6)
{
	struct zone *zone = lru_zone();
	struct page *page = lru_page(false);
	u32 reports = bad_pages;

	lru_add_drain();
	__free_page(page);
	EXPECT_EQ(bad_pages - reports, 1);
	EXPECT(page_count(page) == 1 && lru_state(page) == INACTIVE);
	lru_del_page(page);
	EXPECT(lru_state(page) == 0 && !zone->nr_inactive);
	lru_del_page(page);
	__free_page(page);
	EXPECT_EQ(bad_pages - reports, 1);
	test_allow_warnings(1);
}

/* --- isolated, and back --- */

static void lru_pages(struct page **page, u32 n, bool active)
{
	u32 i;

	for (i = 0; i < n; i++)
		page[i] = lru_page(active);
	lru_add_drain();
}

/* From the end, each with a user more; the one that was last is first. */
TEST_PRIVATE(lru, isolate_from_the_end, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[6];
	LIST_HEAD(taken);
	u32 i, scanned;

	lru_pages(page, 6, true);
	EXPECT_EQ(isolate_lru_pages(zone, false, 6, &taken, &scanned), 0);
	EXPECT_EQ(scanned, 0);
	EXPECT_EQ(isolate_lru_pages(zone, true, 4, &taken, &scanned), 4);
	EXPECT(scanned == 4 && zone->nr_active == 2);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(page_count(page[i]), 2);
		EXPECT(!PageLRU(page[i]) && PageActive(page[i]));
		EXPECT_EQ(place_of(&taken, page[i]), i);
	}
	EXPECT(private_sound(zone));
	EXPECT_EQ(isolate_lru_pages(zone, true, 6, &taken, &scanned), 2);
	EXPECT(scanned == 2 && !zone->nr_active);
	EXPECT_EQ(place_of(&taken, page[5]), 5);
	putback_lru_pages(zone, &taken);
	EXPECT(list_empty(&taken) && zone->nr_active == 6);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(lru_place(zone, page[i], true), 5 - i);
		EXPECT_EQ(page_count(page[i]), 1);
		put_page(page[i]);
	}
}

/* PG_active is whoever isolated it's to change. */
TEST_PRIVATE(lru, putback_by_the_flag, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[3], *inactive;
	LIST_HEAD(taken);
	u32 scanned;

	inactive = lru_page(false);
	lru_pages(page, 3, true);
	isolate_lru_pages(zone, true, 3, &taken, &scanned);
	ClearPageActive(page[1]);
	putback_lru_pages(zone, &taken);
	EXPECT(zone->nr_active == 2 && zone->nr_inactive == 2);
	EXPECT_EQ(lru_place(zone, page[1], false), 0);
	EXPECT_EQ(lru_place(zone, inactive, false), 1);
	EXPECT_EQ(lru_place(zone, page[2], true), 0);
	EXPECT_EQ(lru_release_pages(3, page), 3);
	free_pages_bulk(3, page);
	put_page(inactive);
}

/* Its owner gives it back meanwhile: it is freed by who isolated it. */
TEST_PRIVATE(lru, freed_while_isolated, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[3], *put;
	LIST_HEAD(taken);
	u32 scanned;

	lru_pages(page, 3, true);
	isolate_lru_pages(zone, true, 3, &taken, &scanned);
	put = page[0];
	EXPECT_EQ(lru_release_pages(1, &put), 0);
	put_page(page[2]);
	EXPECT(page_count(page[0]) == 1 && page_count(page[2]) == 1);
	EXPECT_EQ(private_free(zone), private_pages() - 3);
	putback_lru_pages(zone, &taken);
	EXPECT(zone->nr_active == 1 && lru_place(zone, page[1], true) == 0);
	EXPECT(place_of(&taken, page[0]) == 0 &&
	       place_of(&taken, page[2]) == 1);
	EXPECT(lru_state(page[0]) == 0 && page_count(page[0]) == 1);
	EXPECT(private_sound(zone));
	put_user_page(page[0]);
	put_user_page(page[2]);
	put_page(page[1]);
	EXPECT_EQ(private_free(zone), private_pages());
}

/* Who isolated it does not put it back: his put_page() frees an active one. */
TEST_PRIVATE(lru, isolated_and_let_go, 6)
{
	struct zone *zone = lru_zone();
	struct page *page = lru_page(true);
	u32 reports = bad_pages, scanned;
	LIST_HEAD(taken);

	lru_add_drain();
	EXPECT_EQ(isolate_lru_pages(zone, true, 9, &taken, &scanned), 1);
	put_page(page);
	EXPECT(page_count(page) == 1 && PageActive(page));
	put_page(page);
	EXPECT_EQ(private_free(zone), private_pages());
	EXPECT_EQ(bad_pages, reports);
}

/* A page that is just being freed has no user, and gets none. */
TEST_PRIVATE(lru, isolate_passes_over, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[3];
	LIST_HEAD(taken);
	u32 scanned;

	lru_pages(page, 3, false);
	atomic_set(&page[0]->_count, 0);
	EXPECT_EQ(isolate_lru_pages(zone, false, 2, &taken, &scanned), 1);
	EXPECT(scanned == 2 && place_of(&taken, page[1]) == 0);
	EXPECT(page_count(page[0]) == 0 && lru_state(page[0]) == INACTIVE);
	EXPECT_EQ(lru_place(zone, page[0], false), 0);
	atomic_set(&page[0]->_count, 1);
	putback_lru_pages(zone, &taken);
	EXPECT_EQ(lru_release_pages(3, page), 3);
	free_pages_bulk(3, page);
}

/* --- behind a write --- */

static u32 rotated(struct page *page, u32 with)
{
	u32 before = vm_event_sum(PGROTATED);
	bool moved;

	atomic_set_bits(&page->flags, with | 1U << PG_reclaim);
	moved = rotate_reclaimable_page(page);
	EXPECT(!PageReclaim(page));
	atomic_clear_bits(&page->flags, with);
	EXPECT_EQ(vm_event_sum(PGROTATED) - before, moved);
	return moved;
}

TEST_PRIVATE(lru, rotate, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[4];
	u32 i;

	page[3] = lru_page(true);
	lru_pages(page, 3, false);
	EXPECT(rotated(page[2], 0) && lru_place(zone, page[2], false) == 2);
	EXPECT(rotated(page[2], 0) && lru_place(zone, page[2], false) == 2);
	EXPECT(!rotated(page[1], 1U << PG_dirty));
	EXPECT(!rotated(page[1], 1U << PG_locked));
	EXPECT_EQ(lru_place(zone, page[1], false), 0);
	EXPECT(!rotated(page[3], 0) && zone->nr_active == 1);
	lru_del_page(page[0]);
	EXPECT(!rotated(page[0], 0) && lru_state(page[0]) == 0);
	lru_cache_add(page[0]);
	EXPECT(!rotated(page[0], 0) && lru_state(page[0]) == INACTIVE);
	EXPECT(zone->nr_inactive == 2 && private_sound(zone));
	for (i = 0; i < 4; i++)
		put_page(page[i]);
}

/* The end of a write does it, for those that were sent by reclaim. */
TEST_PRIVATE(lru, end_of_a_write_rotates, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[3];
	u32 i, before = vm_event_sum(PGROTATED);

	lru_pages(page, 3, false);
	for (i = 1; i < 3; i++)
		atomic_set_bits(&page[i]->flags, 1U << PG_writeback);
	SetPageReclaim(page[1]);
	end_page_writeback(page[2]);
	EXPECT_EQ(lru_place(zone, page[2], false), 0);
	end_page_writeback(page[1]);
	EXPECT_EQ(lru_place(zone, page[1], false), 2);
	EXPECT(!PageReclaim(page[1]) && !PageWriteback(page[1]));
	EXPECT_EQ(vm_event_sum(PGROTATED) - before, 1);
	EXPECT_EQ(lru_release_pages(3, page), 3);
	free_pages_bulk(3, page);
}

/* --- counting --- */

static void expect_counts(u32 dirty, u32 clean)
{
	u32 d, c;

	lru_count_inactive(&private_nodes, &d, &c);
	EXPECT(d == dirty && c == clean);
}

TEST_PRIVATE(lru, count_inactive, 6)
{
	struct zone *zone = lru_zone();
	struct page *page[4];

	expect_counts(0, 0);
	lru_pages(page, 3, false);
	expect_counts(0, 3);
	page[3] = lru_page(false);		/* in a batch */
	expect_counts(0, 4);
	SetPageDirty(page[0]);
	SetPageWriteback(page[1]);
	expect_counts(2, 2);
	page[2]->mapping = (void *)PAGE_MAPPING_ANON;
	expect_counts(3, 1);
	SetPageSwapCache(page[2]);
	expect_counts(2, 2);
	activate_page(page[3]);
	expect_counts(2, 1);
	lru_del_page(page[0]);
	expect_counts(1, 1);
	ClearPageSwapCache(page[2]);
	ClearPageWriteback(page[1]);
	page[2]->mapping = NULL;
	EXPECT_EQ(lru_release_pages(4, page), 4);
	free_pages_bulk(4, page);
	EXPECT(!zone->nr_inactive);
	expect_counts(0, 0);
}
