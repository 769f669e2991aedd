/*
 * 1. The block is split into single pages, so that each can be given back by
 *    itself, in whichever zone it was last.
 * 2. At the end everything free is allocated once more, below all marks: what
 *    debug=pagealloc has unmapped is mapped by that, and what does not come out
 *    was lost or is still in use, which fails the case. Then each page gets its
 *    old zone and is freed.
 */
#include <kernel/base/printk.h>
#include <mm/page/check.h>
#include <mm/reclaim/lru.h>
#include "private_node.h"

#define LARGEST_ORDER (MAX_ORDER - 1)
#define PAIR_TRIES 16	/* guessed: largest blocks to look through */
#define PLENTY 8	/* guessed: so many times the size must have it */

struct node_set private_nodes;

static pg_data_t node[PRIVATE_NODES];
static struct page *base;
static u32 pages;
static u32 home_flags;		/* of an allocated page of the machine's zone */
static int home_node;		/* that the CPU belongs to */
static struct reclaim_hooks home_hooks;
static u32 random_state;

u32 private_random(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 16) % n;
}

u32 private_pages(void)
{
	return pages;
}

struct page *private_page(u32 i)
{
	return base + i;
}

u32 private_index(const struct page *page)
{
	return (u32)(page - base);
}

/* --- the block --- */

static struct page *one_block(unsigned int order)
{
	return alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
}

static bool are_pair(const struct page *a, const struct page *b)
{
	return b == a + (1U << LARGEST_ORDER) &&
	       IS_ALIGNED(page_to_pfn(a), 2U << LARGEST_ORDER) &&
	       page_zone(a) == page_zone(b);
}

/* Of the blocks so far: one that forms a pair with the last, or nr. */
static u32 partner(struct page **block, u32 nr)
{
	u32 i;

	for (i = 0; i + 1 < nr; i++)
		if (are_pair(block[i], block[nr - 1]) ||
		    are_pair(block[nr - 1], block[i]))
			return i;
	return nr;
}

/* Two of the largest blocks that would form one twice as large. */
static struct page *adjacent_blocks(void)
{
	struct page *block[PAIR_TRIES], *found = NULL;
	u32 nr = 0, other = 0, i;

	while (!found && nr < PAIR_TRIES) {
		block[nr] = one_block(LARGEST_ORDER);
		if (!block[nr])
			break;
		nr++;
		other = partner(block, nr);
		if (other < nr)
			found = min(block[other], block[nr - 1]);
	}
	for (i = 0; i < nr; i++)
		if (!found || (i != other && i != nr - 1))
			__free_pages(block[i], LARGEST_ORDER);
	return found;
}

static struct page *take_block(unsigned int order)
{
	struct page *page;

	if (order <= LARGEST_ORDER) {
		page = one_block(order);
		if (page)
			split_page(page, order);
		return page;
	}
	page = adjacent_blocks();
	if (page) {
		split_page(page, LARGEST_ORDER);
		split_page(page + (1U << LARGEST_ORDER), LARGEST_ORDER);
	}
	return page;
}

u32 largest_zone(void)
{
	struct zone *zone;
	u32 largest = 0;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i)
		largest = max(largest, zone->managed_pages);
	return largest;
}

bool private_start(unsigned int least, unsigned int most)
{
	unsigned int order = most;

	memset(&private_nodes, 0, sizeof(private_nodes));
	memset(node, 0, sizeof(node));
	random_state = 1;
	while (!(base = take_block(order)) && order > least)
		order--;
	pages = 1U << order;
	if (base) {
		home_flags = base->flags;
		home_node = cpu_to_node[0];
		home_hooks = reclaim_hooks;
		memset(&reclaim_hooks, 0, sizeof(reclaim_hooks));
		return true;
	}
	EXPECT(largest_zone() < PLENTY * pages);
	test_skip("this machine has no free block of the size needed");
	return false;
}

/* --- zones --- */

static void add_node(struct node_set *set, pg_data_t *pgdat)
{
	unsigned int nr = set->nr++, i;

	set->node[nr] = pgdat;
	set->has_cpu[nr] = true;
	for (i = 0; i < nr; i++)
		set->distance[i][nr] = set->distance[nr][i] = 20;
	set->distance[nr][nr] = 10;
	node_init(pgdat, (int)nr, ZONEID_PRIVATE + 4 * nr);
}

struct zone *private_span(unsigned int nid, enum zone_type type, u32 first,
			  u32 spanned, u32 present)
{
	struct zone *zone = &node[nid].node_zones[type];

	while (private_nodes.nr <= nid)
		add_node(&private_nodes, &node[private_nodes.nr]);
	zone_init(zone, page_to_pfn(base + first), spanned, present);
	zone_set_marks(zone, 0, 0, 0);
	return zone;
}

void private_give(struct zone *zone, u32 first, u32 nr)
{
	struct page *page = base + first;
	u32 start = page_to_pfn(page);

	for (; page < base + first + nr; page++) {
		page->flags = zone->id << ZONEID_SHIFT;
		page->index = 0;
		atomic_set(&page->_count, 0);
	}
	free_page_range(zone, start, start + nr);
}

struct zone *private_zone(unsigned int nid, enum zone_type type, u32 first,
			  u32 nr)
{
	struct zone *zone = private_span(nid, type, first, nr, nr);

	private_give(zone, first, nr);
	return zone;
}

void private_pcp_as_of(struct zone *zone, u32 present)
{
	u32 spanned = zone->spanned_pages, real = zone->present_pages;

	drain_zone_pages(zone);
	zone_init(zone, zone->zone_start_pfn, present, present);
	zone->spanned_pages = spanned;
	zone->present_pages = real;
}

void private_ready(void)
{
	build_zonelists(&private_nodes);
}

struct page *private_alloc(gfp_t gfp, unsigned int order)
{
	return __alloc_pages(gfp, order,
			     &node[0].node_zonelists[gfp & GFP_ZONEMASK]);
}

u32 private_free(const struct zone *zone)
{
	return zone->free_pages + nr_pcp_pages(zone);
}

/* --- the end --- */

static void print_difference(const char *sentence)
{
	printk("  # private %s\n", sentence);
}

bool private_sound(struct zone *zone)
{
	return !(check_zone(zone, print_difference) +
		 check_zone_pages(zone, print_difference) +
		 check_lru(zone, print_difference));
}

/* How many pages come out, one by one, when nothing is kept back. */
static u32 take_all(struct zone *zone)
{
	struct zonelist only = { .zones = { zone } };
	u32 nr = 0;

	memset(zone->lowmem_reserve, 0, sizeof(zone->lowmem_reserve));
	zone_set_marks(zone, 0, 0, 0);
	drain_zone_pages(zone);
	while (nr <= pages && __alloc_pages(__GFP_NOWARN, 0, &only))
		nr++;
	return nr;
}

static void close_zones(void)
{
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&private_nodes, zone, i) {
		/* what is broken is not walked once more */
		if (populated_zone(zone) && EXPECT(private_sound(zone)))
			EXPECT_EQ(take_all(zone), zone->managed_pages);
		zone_table[zone->id] = NULL;
	}
}

static void give_back(struct page *page)
{
	page->flags = home_flags;
	page->index = 0;
	page->private = 0;
	page->mapping = NULL;
	atomic_set(&page->_count, 1);
	atomic_set(&page->_mapcount, -1);
	__free_page(page);
}

void private_stop(void)
{
	u32 i;

	page_alloc_fail_nth(0);
	memset(&reclaim_hooks, 0, sizeof(reclaim_hooks));
	cpu_to_node[0] = home_node;
	close_zones();
	reclaim_hooks = home_hooks;
	for (i = 0; i < pages; i++)
		give_back(base + i);
}

/* --- numbers alone --- */

static struct node_set numbers;

static size_t numbers_size(unsigned int nr)
{
	return nr * sizeof(pg_data_t);
}

struct node_set *numbers_start(unsigned int nr,
			       const u32 (*present)[MAX_NR_ZONES])
{
	pg_data_t *pgdat = alloc_pages_exact(numbers_size(nr), GFP_KERNEL);
	unsigned int i, type;

	if (!EXPECT(pgdat))
		return NULL;
	memset(&numbers, 0, sizeof(numbers));
	for (i = 0; i < nr; i++) {
		add_node(&numbers, pgdat + i);
		for (type = 0; type < MAX_NR_ZONES; type++)
			zone_init(&pgdat[i].node_zones[type], 0,
				  present[i][type], present[i][type]);
	}
	return &numbers;
}

void numbers_stop(void)
{
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&numbers, zone, i)
		zone_table[zone->id] = NULL;
	free_pages_exact(numbers.node[0], numbers_size(numbers.nr));
}
