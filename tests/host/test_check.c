/*
 * The checkers are checked: the state of a zone is damaged in one way, which
 * must be reported exactly so often and by name; repaired, it is sound again.
 * What is wrong enough to lead a checker astray is tried in a child.
 */
#include "zones.h"
#include <mm/page/internal.h>

#define FRAMES 1024U
#define NOWHERE ((struct page *)8)

static struct host_nodes nodes;
static struct zone *zone;
static struct page *used;	/* allocated, order 2 */
static struct page *block;	/* free, on the list of order 3 */

static int make(void **state)
{
	struct page *buddy;

	host_frames(FRAMES);
	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, 0, FRAMES, NULL);
	host_nodes_done(&nodes);
	used = __alloc_pages(0, 2, host_zonelist(&nodes, 0, 0));
	block = __alloc_pages(0, 3, host_zonelist(&nodes, 0, 0));
	buddy = __alloc_pages(0, 3, host_zonelist(&nodes, 0, 0));
	assert_non_null(buddy);
	/* two pages and two small blocks for the CPU */
	__free_pages(__alloc_pages(0, 0, host_zonelist(&nodes, 0, 0)), 0);
	__free_pages(__alloc_pages(0, 1, host_zonelist(&nodes, 0, 0)), 1);
	__free_pages(block, 3);
	drain_zone_pages(zone);
	block = list_first_entry(&zone->free_area[3].free_list, struct page,
				 lru);
	__free_pages(__alloc_pages(0, 0, host_zonelist(&nodes, 0, 0)), 0);
	__free_pages(__alloc_pages(0, 1, host_zonelist(&nodes, 0, 0)), 1);
	host_check(&nodes.set);
	return host_setup(state);
}

static int unmake(void **state)
{
	host_check(&nodes.set);
	return host_teardown(state);
}

#define CHECK_TEST(function) \
	cmocka_unit_test_setup_teardown(function, make, unmake)

/* So many differences, one of which says that. */
static void expect(unsigned int n, const char *sentence)
{
	unsigned int found = host_differences(zone);

	if (found != n || !strstr(host_difference, sentence))
		fail_msg("%u differences; expected %u, \"%s\":\n%s", found,
			 n, sentence, host_difference);
	/* with nobody to report to it counts all the same */
	assert_int_equal(check_zone(zone, NULL) +
			 check_zone_pages(zone, NULL), n);
}

static void counters(void **state)
{
	zone->free_pages++;
	expect(2, "are counted");
	zone->free_pages--;
	zone->free_area[5].nr_free++;
	expect(1, "order 5 has 1 blocks, 2 are counted");
	zone->free_area[5].nr_free--;
	zone->managed_pages = 10;
	expect(1, "pages are free of 10");
	zone->managed_pages = FRAMES;
}

static void marks(void **state)
{
	zone->pages_min = 5;
	expect(1, "marks 5, 0, 0 do not rise");
	zone->pages_min = 0;
	zone->pages_low = 1;
	expect(2, "marks 0, 1, 0 do not rise");
	zone->pages_low = 0;
	zone->hot_mark = 3;
	expect(1, "hot_mark is 3");
	zone->hot_mark = 0;
}

static void table(void **state)
{
	zone_table[zone->id] = &nodes.node[0].node_zones[ZONE_DMA];
	/* and so each page of the span is a stranger */
	expect(FRAMES + 2, "zone_table[65] is another");
	zone_table[zone->id] = zone;
}

static void flags_of_a_free_block(void **state)
{
	u32 flags = block->flags;

	block->flags |= 1U << PG_dirty;
	expect(1, "on the list of order 3 has flags");
	block->flags = flags | 1U << PG_reserved;
	expect(2, "on the list of order 3 has flags");
	block->flags = flags;
	block[3].flags |= 1U << PG_locked;
	expect(1, "in a free block has flags");
	block[3].flags = zone_flags(zone);
	atomic_inc(&block[7]._count);
	expect(1, "has users");
	atomic_dec(&block[7]._count);
	atomic_inc(&block[0]._mapcount);
	expect(1, "has users");
	atomic_dec(&block[0]._mapcount);
}

/* A block on the list of an order that it is not of, or cannot be of. */
static void blocks_on_wrong_lists(void **state)
{
	struct page *odd;

	list_del(&block->lru);
	list_add(&block->lru, &zone->free_area[2].free_list);
	expect(4, "on the list of order 2 has flags");
	list_del(&block->lru);
	list_add(&block->lru, &zone->free_area[3].free_list);

	/*
	 * A frame further on: order 3 begins at multiples of 8. The last one of
	 * its frames is the next block's, and in use.
	 */
	odd = block + 1;
	list_del(&block->lru);
	list_add(&odd->lru, &zone->free_area[3].free_list);
	block->flags = zone_flags(zone);
	odd->flags = buddy_flags(zone, 3);
	expect(4, "is no block of order 3");
	odd->flags = zone_flags(zone);
	list_del(&odd->lru);
	block->flags = buddy_flags(zone, 3);
	list_add(&block->lru, &zone->free_area[3].free_list);
}

/* Two halves that nobody merged: both are told of. */
static void buddies_that_are_both_free(void **state)
{
	list_del(&block->lru);
	zone->free_area[3].nr_free--;
	block[0].flags = block[4].flags = buddy_flags(zone, 2);
	list_add(&block[0].lru, &zone->free_area[2].free_list);
	list_add(&block[4].lru, &zone->free_area[2].free_list);
	zone->free_area[2].nr_free += 2;
	expect(2, "and its buddy are both free");
	list_del(&block[0].lru);
	list_del(&block[4].lru);
	zone->free_area[2].nr_free -= 2;
	block[4].flags = zone_flags(zone);
	host_give(zone, block, 3);
	zone->free_pages -= 8;
}

static void broken_links(void **state)
{
	struct list_head *head = &zone->free_area[3].free_list, saved = *head;
	struct list_head *link = &block->lru, own = *link;

	/* no page at all; then the middle of one; then a way back to another */
	head->next = (struct list_head *)&nodes;
	expect(2, "the list of order 3 is broken");
	head->next = (struct list_head *)((char *)link + 4);
	expect(2, "the list of order 3 is broken");
	*head = saved;
	link->prev = &used->lru;
	INIT_LIST_HEAD(&used->lru);
	expect(2, "the list of order 3 is broken");
	*link = own;
	/* a list that comes back to its middle for ever */
	link->next = link->prev = link;
	expect(2, "the list of order 3 is a loop");
	*link = own;
}

static void pages_of_a_cpu(void **state)
{
	struct per_cpu_pages *pcp = &zone->pageset[0].pcp[0];
	struct page *page = pcp->stack[0];
	u32 count = pcp->count;

	page->flags |= 1U << PG_dirty;
	expect(2, "kept for a CPU has flags");
	page->flags = zone_flags(zone);
	atomic_set(&page->_count, 1);
	expect(2, "kept for a CPU has flags");
	atomic_set(&page->_count, 0);
	pcp->stack[0] = NOWHERE;
	expect(1, "which is no page");
	pcp->stack[0] = page;
	pcp->count = pcp->high + 1;
	expect(2, "above");
	pcp->count = PCP_MOST + 1;
	expect(2, "above");
	pcp->count = count;
}

static void blocks_of_a_cpu(void **state)
{
	struct page **kept = &zone->pageset[0].block[1], *page = *kept;

	assert_non_null(page);
	page->flags |= 1U << PG_dirty;
	expect(2, "no free block of order 1");
	page->flags = zone_flags(zone);
	atomic_set(&page->_count, 1);
	expect(2, "no free block of order 1");
	atomic_set(&page->_count, 0);
	*kept = page + 1;
	expect(1, "no free block of order 1");
	*kept = NOWHERE;
	expect(1, "no free block of order 1");
	*kept = page;
}

/* The pages behind the first of a block that somebody has. */
static void tails_of_a_used_block(void **state)
{
	used[3].flags |= 1U << PG_dirty;
	expect(0, "");
	used[3].flags = zone_flags(zone) | 1U << PG_reserved;
	expect(1, "in a block in use has flags");
	used[3].flags = zone_flags(zone);
	atomic_inc(&used[1]._count);
	expect(1, "in a block in use has flags");
	atomic_dec(&used[1]._count);
	used->flags |= 1U << PG_compound;
	expect(3, "in a block in use has flags");
	used->flags &= ~(1U << PG_compound);
}

static void pages_of_no_state(void **state)
{
	used->flags = zone_flags(zone);
	atomic_set(&used->_count, 0);
	expect(1, "pages look free");
	used->flags |= 1U << PG_lru;
	expect(2, "are no state");
	used->flags = zone_flags(zone);
	atomic_set(&used->_count, -1);
	expect(2, "are no state");
	used->flags = zone_flags(zone) | 2U << PAGE_ORDER_SHIFT;
	atomic_set(&used->_count, 1);
}

/* --- what could lead the checker astray --- */

static void survive(const void *arg)
{
	unsigned int found = host_differences(zone);

	MUST(found >= 1);
}

static void links_to_nowhere(void **state)
{
	struct list_head own = block->lru;

	block->lru.next = NULL;
	host_in_child(survive, NULL, "a link to nowhere");
	block->lru = own;
	block->lru.prev = (struct list_head *)64;
	host_in_child(survive, NULL, "a link back to nowhere");
	block->lru = own;
}

/* Four bits have room for orders that there are not: up to 15. */
static void an_order_too_large(void **state)
{
	/* the upper half of the zone, and the end of mem_map */
	struct page *half = pfn_to_page(FRAMES / 2);
	u32 flags = half->flags;

	assert_int_equal(flags, buddy_flags(zone, 9));
	half->flags = buddy_flags(zone, 15);
	host_in_child(survive, NULL, "a free block of order 15");
	half->flags = flags;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHECK_TEST(counters),
		CHECK_TEST(marks),
		CHECK_TEST(table),
		CHECK_TEST(flags_of_a_free_block),
		CHECK_TEST(blocks_on_wrong_lists),
		CHECK_TEST(buddies_that_are_both_free),
		CHECK_TEST(broken_links),
		CHECK_TEST(pages_of_a_cpu),
		CHECK_TEST(blocks_of_a_cpu),
		CHECK_TEST(tails_of_a_used_block),
		CHECK_TEST(pages_of_no_state),
		CHECK_TEST(links_to_nowhere),
		CHECK_TEST(an_order_too_large),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
