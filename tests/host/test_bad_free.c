/*
 * What must not be freed: each mistake is reported once, by name, and the page
 * stays as it was. The allocator goes on, and its books are right.
 */
#include "zones.h"
#include <mm/page/internal.h>
#include <mm/page/page_debug.h>

#define FRAMES 1024U
#define HOLE 600U	/* a frame without RAM */

static struct host_nodes nodes;
static struct zone *zone;

static bool no_hole(u32 pfn)
{
	return pfn != HOLE;
}

static int make(void **state)
{
	host_frames(FRAMES);
	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, 0, FRAMES, no_hole);
	host_nodes_done(&nodes);
	return host_setup(state);
}

/* All is back: nobody lost a page. */
static int unmake(void **state)
{
	drain_zone_pages(zone);
	host_check(&nodes.set);
	assert_int_equal(zone->free_pages, FRAMES - 1);
	return host_teardown(state);
}

#define BAD_TEST(function) \
	cmocka_unit_test_setup_teardown(function, make, unmake)

static struct page *get(unsigned int order)
{
	struct page *page = __alloc_pages(0, order,
					  host_zonelist(&nodes, 0, 0));

	assert_non_null(page);
	return page;
}

/* That free is refused with that sentence, and changes nothing. */
static void expect_refused(struct page *page, unsigned int order,
			   const char *sentence)
{
	struct page before = *page;
	u32 free = host_free_pages(zone), bad = bad_pages;

	__free_pages(page, order);
	host_expect_warnings(1, sentence);
	assert_int_equal(bad_pages, bad + 1);
	assert_memory_equal(page, &before, sizeof(before));
	assert_int_equal(host_free_pages(zone), free);
}

static void expect_bad(struct page *page, unsigned int order,
		       const char *sentence)
{
	expect_refused(page, order, sentence);
	host_check_zone(zone);
}

/* --- twice --- */

static void free_twice(unsigned int order)
{
	struct page *page = get(order);

	__free_pages(page, order);
	/* kept for the CPU, then in a larger block of the free lists */
	expect_bad(page, order, "it is free already");
	drain_zone_pages(zone);
	expect_bad(page, order, "it is free already");
	expect_bad(page, 0, "it is free already");
}

static void twice(void **state)
{
	unsigned int order;

	for (order = 0; order < MAX_ORDER - 1; order++)
		free_twice(order);
}

/* The frames of a free block that are not its first one. */
static void inside_a_free_block(void **state)
{
	drain_zone_pages(zone);
	expect_bad(pfn_to_page(300), 0, "it is free already");
	expect_bad(pfn_to_page(300), 2, "it is free already");
	expect_bad(pfn_to_page(511), 0, "it is free already");
}

/* --- what is not the caller's --- */

static void reserved(void **state)
{
	expect_bad(pfn_to_page(HOLE), 0, "it is reserved");
	expect_bad(pfn_to_page(HOLE), 3, "it is reserved");
}

static void middle_of_a_block(void **state)
{
	struct page *page = get(4);

	expect_bad(page + 1, 0, "it is in the middle of a block");
	expect_bad(page + 8, 3, "it is in the middle of a block");
	expect_bad(page + 15, 0, "it is in the middle of a block");
	__free_pages(page, 4);
}

static void wrong_order(void **state)
{
	struct page *page = get(3);

	expect_bad(page, 0, "it was allocated with another order");
	expect_bad(page, 2, "it was allocated with another order");
	expect_bad(page, 4, "it was allocated with another order");
	__free_pages(page, 3);
	page = get(0);
	expect_bad(page, 1, "it was allocated with another order");
	expect_bad(page, 10, "it was allocated with another order");
	__free_pages(page, 0);
}

static void no_page(void **state)
{
	static struct page stray[16];
	struct page *page = get(0);
	unsigned int order;

	for (order = 0; order < 5; order++) {
		stray[0].flags = ZONEID_PRIVATE << ZONEID_SHIFT;
		expect_bad(stray, order, "no page");
	}
	expect_bad(page, MAX_ORDER, "an order above 10");
	expect_bad(page, ~0U, "an order above 10");
	__free_pages(page, 0);
	free_pages(0, 3);	/* nothing is nothing, as in Linux */
}

/* --- what is still in use --- */

static void with_flag(unsigned int flag, const char *sentence)
{
	static const unsigned int orders[] = { 0, 2, 6 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		struct page *page = get(orders[i]);

		page->flags |= 1U << flag;
		/* no check: some of them are lies about the page's state */
		expect_refused(page, orders[i], sentence);
		page->flags &= ~(1U << flag);
		__free_pages(page, orders[i]);
		host_check_zone(zone);
	}
}

static void flags_of_an_owner(void **state)
{
	static const unsigned int flags[] = {
		PG_lru, PG_active, PG_slab, PG_private, PG_writeback,
		PG_swapcache, PG_reclaim, PG_buddy,
	};
	size_t i;

	with_flag(PG_locked, "it is locked");
	with_flag(PG_reserved, "it is reserved");
	for (i = 0; i < ARRAY_SIZE(flags); i++)
		with_flag(flags[i], "it is still in use");
}

/* Flags that only say what was in the page go with it. */
static void flags_of_the_content(void **state)
{
	static const unsigned int flags[] = {
		PG_error, PG_referenced, PG_uptodate, PG_dirty, PG_checked,
		PG_mappedtodisk,
	};
	unsigned int order;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		for (order = 0; order < 6; order++) {
			struct page *page = get(order), *last;

			last = page + (1U << order) - 1;
			page->flags |= 1U << flags[i];
			last->flags |= 1U << flags[i];
			__free_pages(page, order);
			host_check_zone(zone);
			assert_int_equal(page->flags & PAGE_FLAGS_OF_CONTENT,
					 0);
			assert_int_equal(last->flags & PAGE_FLAGS_OF_CONTENT,
					 0);
		}
}

static void mapped(void **state)
{
	static const unsigned int orders[] = { 0, 1, 5 };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		struct page *page = get(orders[i]);

		atomic_inc(&page->_mapcount);
		expect_bad(page, orders[i], "it is still mapped");
		atomic_dec(&page->_mapcount);
		page->mapping = &nodes;
		expect_bad(page, orders[i],
			   "it is still in an address space");
		page->mapping = NULL;
		__free_pages(page, orders[i]);
	}
}

/* The pages behind the first are looked at, too: all of them. */
static void tails_in_use(void **state)
{
	static const unsigned int orders[] = { 1, 3, 6 };
	const char *used = "a page behind its first is still in use";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		unsigned int order = orders[i];
		struct page *page = get(order);
		struct page *last = page + (1U << order) - 1;

		last->flags |= 1U << PG_locked;
		expect_refused(page, order, used);
		last->flags ^= 1U << PG_locked | 1U << PAGE_ORDER_SHIFT;
		expect_refused(page, order, used);
		last->flags ^= 1U << PAGE_ORDER_SHIFT | 1U << PG_compound;
		expect_refused(page, order, "not of one compound block");
		last->flags ^= 1U << PG_compound;
		atomic_inc(&last->_count);
		expect_refused(page, order, used);
		atomic_dec(&last->_count);
		atomic_inc(&last->_mapcount);
		expect_refused(page, order, used);
		atomic_dec(&last->_mapcount);
		last->mapping = &nodes;
		expect_refused(page, order, used);
		last->mapping = NULL;
		host_check_zone(zone);
		__free_pages(page, order);
	}
}

static void compound_with_a_lost_tail(void **state)
{
	struct page *page = __alloc_pages(__GFP_COMP, 2,
					  host_zonelist(&nodes, 0, 0));

	page[2].flags &= ~(1U << PG_compound);
	expect_refused(page, 2, "not of one compound block");
	page[2].flags |= 1U << PG_compound;
	put_page(page + 3);
}

/* Users that are not the last one may go whatever state the page is in. */
static void one_of_two_users(void **state)
{
	struct page *page = get(0);

	get_page(page);
	page->flags |= 1U << PG_locked | 1U << PG_lru;
	atomic_inc(&page->_mapcount);
	page->mapping = &nodes;
	put_page(page);
	assert_int_equal(page_count(page), 1);
	page->flags &= ~(1U << PG_locked | 1U << PG_lru);
	atomic_dec(&page->_mapcount);
	page->mapping = NULL;
	put_page(page);
	expect_bad(page, 0, "it is free already");
}

/* --- a free page that somebody writes to --- */

/* It is reported when it would be given out, and lost: then put in order. */
static void expect_lost(struct page *page, unsigned int order)
{
	struct page *other;

	page->mapping = &nodes;
	other = get(order);
	host_expect_warnings(1, "somebody wrote to a free page's state");
	assert_ptr_not_equal(other, page);
	__free_pages(other, order);
	page->mapping = NULL;
	drain_zone_pages(zone);
	host_give(zone, page, order);
	host_check(&nodes.set);
}

static void damage_of_a_free_page(void **state)
{
	struct page *page = get(0);

	/* it would be the next one of the CPU's */
	__free_pages(page, 0);
	expect_lost(page, 0);

	/* the next one of the free lists; its buddy has the hole */
	page = get(7);
	assert_int_equal(page_to_pfn(page) ^ 128, HOLE & ~127U);
	__free_pages(page, 7);
	expect_lost(page, 7);
}

/* The hot way looks, too: of several that the CPU has, the next one is bad. */
static void damage_on_the_hot_way(void **state)
{
	struct page *page[5];
	unsigned int i;

	for (i = 0; i < 5; i++)
		page[i] = get(0);
	for (i = 0; i < 5; i++)
		__free_pages(page[i], 0);
	assert_true(zone->pageset[0].pcp[0].count >
		    zone->pageset[0].pcp[0].low);
	expect_lost(page[4], 0);
}

/* Or when the CPU's pages go back: then it is lost on the way. */
static void damage_of_a_page_given_back(void **state)
{
	struct page *page = get(0);

	__free_page(page);
	page->mapping = &nodes;
	drain_zone_pages(zone);
	host_expect_warnings(1, "somebody wrote to a free page's state");
	page->mapping = NULL;
	host_give(zone, page, 0);
}

/* No page of any mem_map: what comes out of a wrong pointer. */
static void put_of_no_page(void **state)
{
	static struct page stray;
	u32 bad = bad_pages;

	put_page(&stray);
	put_page(mem_map - 1);
	put_page(mem_map + max_mapnr);
	host_expect_warnings(3, "no page");
	assert_int_equal(bad_pages, bad + 3);
}

/* A small block kept for the CPU is passed over, as long as it is not sound. */
static void damage_of_a_kept_block(void **state)
{
	struct page *page = get(2), *other;

	__free_pages(page, 2);
	page->mapping = &nodes;
	other = get(2);
	assert_ptr_not_equal(other, page);
	page->mapping = NULL;
	__free_pages(other, 2);
	assert_ptr_equal(get(2), page);
	__free_pages(page, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BAD_TEST(twice),
		BAD_TEST(inside_a_free_block),
		BAD_TEST(reserved),
		BAD_TEST(middle_of_a_block),
		BAD_TEST(wrong_order),
		BAD_TEST(no_page),
		BAD_TEST(flags_of_an_owner),
		BAD_TEST(flags_of_the_content),
		BAD_TEST(mapped),
		BAD_TEST(tails_in_use),
		BAD_TEST(compound_with_a_lost_tail),
		BAD_TEST(one_of_two_users),
		BAD_TEST(damage_of_a_free_page),
		BAD_TEST(damage_on_the_hot_way),
		BAD_TEST(damage_of_a_page_given_back),
		BAD_TEST(put_of_no_page),
		BAD_TEST(damage_of_a_kept_block),
	};

	return cmocka_run_group_tests_name("bad free", tests, NULL, NULL);
}
