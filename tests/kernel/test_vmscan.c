/*
 * Zones that are shrunk: private ones, with pages of a file of the tests'. How
 * far the lists are looked at, what becomes inactive, when there is nothing
 * more to be had, and that a node gets to its pages_high.
 */
#include <kernel/base/cmdline.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/space/rmap.h>
#include "private_node.h"
#include "reclaim_pages.h"

#define ORDER 8			/* 256 pages */
#define PAGES (1U << ORDER)

static struct fake_file fake;

#define MAPPING (&fake.mapping)

/* --- what is to go --- */

struct tendency {
	u32 ratio;
	s32 prev;
	u32 swappiness, want;
};

static const struct tendency tendencies[] = {
	{ 0, 12, 60, 60 }, { 79, 12, 60, 99 }, { 80, 12, 60, 100 },
	{ 100, 12, 60, 110 }, { 0, 2, 60, 85 }, { 0, 1, 60, 110 },
	{ 0, 0, 0, 100 }, { 100, 12, 0, 50 }, { 100, 1, 0, 100 },
	{ 30, 3, 60, 87 }, { 60, 4, 60, 96 }, { 0, 12, 100, 100 },
};

TEST(vmscan, swap_tendency)
{
	const struct tendency *t;

	for (t = tendencies; t < tendencies + ARRAY_SIZE(tendencies); t++)
		EXPECT_EQ(swap_tendency(t->ratio, t->prev, t->swappiness),
			  t->want);
}

/* --- zones with pages of a file --- */

static struct zone *zone_of_file(void)
{
	struct zone *zone;

	if (!fake_init(&fake, FAKE_AT_ONCE))
		return NULL;
	zone = private_zone(0, ZONE_NORMAL, 0, PAGES);
	private_ready();
	return zone;
}

/* Pages [first, first + n) of the file, on a list. */
static bool fill(u32 first, u32 n, bool active)
{
	for (; n--; first++) {
		struct page *page = private_alloc(GFP_KERNEL, 0);

		if (!EXPECT(page) || !give_to_file(&fake, page, first))
			return false;
		if (active)
			lru_cache_add_active(page);
		else
			lru_cache_add(page);
	}
	lru_add_drain();
	return true;
}

static void print(const char *sentence)
{
	EXPECT_STREQ(sentence, "");
}

static void zone_end(struct zone *zone)
{
	EXPECT_EQ(check_lru(zone, print), 0);
	fake_end(&fake);
	lru_add_drain();
	EXPECT_EQ(zone->nr_active + zone->nr_inactive, 0);
}

/* --- how far --- */

TEST_PRIVATE(vmscan, little_adds_up_to_a_batch, ORDER)
{
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();
	u32 i;

	REQUIRE(zone && fill(0, 100, false));
	/* 100 >> 12 is nothing: one more each time */
	for (i = 1; i < SWAP_CLUSTER_MAX; i++) {
		shrink_zone(zone, &sc);
		EXPECT_EQ(zone->nr_scan_inactive, i);
		EXPECT_EQ(sc.nr_scanned, 0);
	}
	shrink_zone(zone, &sc);
	EXPECT_EQ(zone->nr_scan_inactive, 0);
	EXPECT_EQ(sc.nr_scanned, SWAP_CLUSTER_MAX);
	EXPECT_EQ(sc.nr_reclaimed, SWAP_CLUSTER_MAX);
	EXPECT_EQ(zone->nr_inactive, 100 - SWAP_CLUSTER_MAX);
	/* those that were there longest */
	EXPECT(!find_get_page(MAPPING, 0) && !find_get_page(MAPPING, 31));
	zone_end(zone);
}

TEST_PRIVATE(vmscan, a_batch_is_enough, ORDER)
{
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();

	REQUIRE(zone && fill(0, 200, false));
	sc.priority = 0;
	shrink_zone(zone, &sc);
	EXPECT_EQ(sc.nr_reclaimed, SWAP_CLUSTER_MAX);
	EXPECT_EQ(sc.nr_scanned, SWAP_CLUSTER_MAX);
	zone_end(zone);
}

/* Locked pages are looked at, as many as the priority says. */
TEST_PRIVATE(vmscan, priority_says_how_many, ORDER)
{
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();
	struct page *page;
	u32 i;

	REQUIRE(zone && fill(0, 200, false));
	for (i = 0; i < 200; i++) {
		page = find_get_page(MAPPING, i);
		REQUIRE(page && trylock_page(page));
	}
	sc.priority = 2;
	shrink_zone(zone, &sc);
	EXPECT(sc.nr_scanned == 51 && sc.nr_reclaimed == 0);
	EXPECT_EQ(zone->pages_scanned, 51);
	sc.priority = 0;
	shrink_zone(zone, &sc);
	/* all, and the first one once more */
	EXPECT_EQ(sc.nr_scanned, 51 + 201);
	EXPECT_EQ(zone->nr_inactive, 200);
	for (i = 0; i < 200; i++) {
		page = private_page(private_index(find_get_page(MAPPING, i)));
		put_page(page);
		put_page(page);
		unlock_page(page);
	}
	zone_end(zone);
}

/* --- active and inactive --- */

TEST_PRIVATE(vmscan, active_pages_become_inactive, ORDER)
{
	u32 moved = vm_event_sum(PGDEACTIVATE), refill = vm_event_sum(PGREFILL);
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();

	REQUIRE(zone && fill(0, 128, true));
	EXPECT_EQ(zone->nr_active, 128);
	sc.priority = 1;
	/* 65 are due, and then as many inactive ones as there were before: 1 */
	shrink_zone(zone, &sc);
	EXPECT_EQ(zone->nr_active, 128 - 65);
	EXPECT_EQ(zone->nr_inactive, 65);
	EXPECT_EQ(vm_event_sum(PGDEACTIVATE), moved + 65);
	EXPECT_EQ(vm_event_sum(PGREFILL), refill + 65);
	/* both lists at once now, until a batch came back */
	shrink_zone(zone, &sc);
	EXPECT_EQ(sc.nr_reclaimed, SWAP_CLUSTER_MAX);
	EXPECT_EQ(zone->nr_active, 128 - 65 - SWAP_CLUSTER_MAX);
	zone_end(zone);
}

/* As if entries showed it. */
static void show(struct page *page)
{
	page_add_file_rmap(page);
}

TEST_PRIVATE(vmscan, mapped_pages_go_last, ORDER)
{
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();
	struct page *page[64];
	u32 i;

	REQUIRE(zone && fill(0, 64, true));
	for (i = 0; i < 64; i++) {
		page[i] = find_get_page(MAPPING, i);
		if (i % 2)
			show(page[i]);
	}
	sc.priority = 0;
	sc.mapped_ratio = 79;
	shrink_zone(zone, &sc);
	EXPECT(zone->nr_active == 32 && zone->nr_inactive == 32);
	for (i = 0; i < 64; i++)
		EXPECT_EQ(PageActive(page[i]), i % 2);
	/* one percent more, or it was hard last time */
	sc.mapped_ratio = 80;
	shrink_zone(zone, &sc);
	EXPECT_EQ(zone->nr_active, 0);
	for (i = 0; i < 64; i++) {
		if (i % 2)
			page_remove_rmap(page[i]);
		put_page(page[i]);
	}
	zone_end(zone);
}

/* How many of 16 stay active that entries show. */
static u32 stay_active(struct zone *zone, u32 swappiness, u32 mapped_ratio)
{
	struct scan_control sc = scan_all();

	sc.priority = 0;
	sc.swappiness = swappiness;
	sc.mapped_ratio = mapped_ratio;
	shrink_zone(zone, &sc);
	return zone->nr_active;
}

TEST_PRIVATE(vmscan, swappiness_0_and_100, ORDER)
{
	struct zone *zone = zone_of_file();
	struct page *page[16];
	u32 i;

	REQUIRE(zone && fill(0, 16, true));
	for (i = 0; i < 16; i++) {
		page[i] = find_get_page(MAPPING, i);
		show(page[i]);
	}
	/* all of RAM is theirs, and there is another way still */
	EXPECT_EQ(stay_active(zone, 0, 100), 16);
	EXPECT_EQ(stay_active(zone, 100, 0), 0);
	for (i = 0; i < 16; i++) {
		page_remove_rmap(page[i]);
		put_page(page[i]);
	}
	zone_end(zone);
}

static int set_option(const char *name, const char *value)
{
	const struct kernel_param *param;

	for (param = __kernel_params_start; param < __kernel_params_end;
	     param++)
		if (!strcmp(param->name, name))
			return param->set(value);
	return -ENOENT;
}

TEST(vmscan, swappiness_is_an_option)
{
	u32 before = vm_swappiness;

	EXPECT_EQ(set_option("swappiness", "0"), 0);
	EXPECT_EQ(vm_swappiness, 0);
	EXPECT_EQ(set_option("swappiness", "100"), 0);
	EXPECT_EQ(vm_swappiness, 100);
	EXPECT_EQ(set_option("swappiness", "101"), -ERANGE);
	EXPECT_EQ(set_option("swappiness", "x"), -EINVAL);
	EXPECT_EQ(set_option("swappiness", ""), -EINVAL);
	EXPECT_EQ(vm_swappiness, 100);
	vm_swappiness = before;
}

TEST_PRIVATE(vmscan, second_chance, ORDER)
{
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();
	struct page *page;

	REQUIRE(zone && fill(0, 64, false));
	page = find_get_page(MAPPING, 0);
	REQUIRE(page);
	mark_page_accessed(page);
	EXPECT(!PageActive(page));
	mark_page_accessed(page);
	EXPECT(PageActive(page) && zone->nr_active == 1);
	put_page(page);
	sc.priority = 0;
	shrink_zone(zone, &sc);
	/* its neighbours went */
	EXPECT_EQ(sc.nr_reclaimed, SWAP_CLUSTER_MAX);
	page = find_get_page(MAPPING, 0);
	EXPECT(page && !find_get_page(MAPPING, 1));
	put_page(page);
	zone_end(zone);
}

/* --- who needs pages himself --- */

TEST_PRIVATE(vmscan, direct_reclaim, ORDER)
{
	u32 steal = vm_event_sum(PGSTEAL_DIRECT);
	u32 scan = vm_event_sum(PGSCAN_DIRECT);
	struct zone *zone = zone_of_file();
	struct zonelist *list;
	u32 n;

	REQUIRE(zone && fill(0, 200, false));
	list = &private_nodes.node[0]->node_zonelists[0];
	n = try_to_free_pages(list, GFP_KERNEL, 0);
	EXPECT_EQ(n, SWAP_CLUSTER_MAX);
	EXPECT_EQ(vm_event_sum(PGSTEAL_DIRECT), steal + n);
	EXPECT_EQ(vm_event_sum(PGSCAN_DIRECT), scan + n);
	EXPECT_EQ(MAPPING->nrpages, 200 - n);
	/* dirty ones, by who may not call into files */
	for (n = 0; n < 200; n++) {
		struct page *page = find_get_page(MAPPING, n);

		if (!page)
			continue;
		set_page_dirty(page);
		put_page(page);
	}
	EXPECT_EQ(try_to_free_pages(list, GFP_NOFS, 0), 0);
	EXPECT_EQ(zone->prev_priority, 0);
	EXPECT_EQ(try_to_free_pages(list, GFP_KERNEL, 0), SWAP_CLUSTER_MAX);
	EXPECT(zone->prev_priority > 0);
	EXPECT_EQ(fake.writes, SWAP_CLUSTER_MAX);
	zone_end(zone);
}

/* As a program's that has just touched all of its memory: no page is given up
 * before it was looked at behind its second chance. */
TEST_PRIVATE(vmscan, new_pages_are_looked_at, ORDER)
{
	u32 scan = vm_event_sum(PGSCAN_DIRECT), i;
	struct zone *zone = zone_of_file();
	struct page *page[200];

	REQUIRE(zone && fill(0, 200, true));
	for (i = 0; i < 200; i++) {
		page[i] = find_get_page(MAPPING, i);
		show(page[i]);
		SetPageReferenced(page[i]);
	}
	EXPECT_EQ(try_to_free_pages(&private_nodes.node[0]->node_zonelists[0],
				    GFP_KERNEL, 0), 0);
	EXPECT_EQ(zone->nr_active, 0);
	EXPECT(vm_event_sum(PGSCAN_DIRECT) - scan >= 200);
	for (i = 0; i < 200; i++) {
		page_remove_rmap(page[i]);
		put_page(page[i]);
	}
	zone_end(zone);
}

/* --- up to pages_high --- */

/* Zones get to pages_high, and a batch beyond it at most: one in four pages
 * that are looked at is in use, so a third more are looked at than go. */
TEST_PRIVATE(vmscan, node_gets_to_pages_high, ORDER)
{
	u32 scan = vm_event_sum(PGSCAN_KSWAPD), free, i;
	struct zone *zone = zone_of_file();
	struct page *page[50];

	REQUIRE(zone && fill(0, 240, false));
	for (i = 0; i < 50; i++)
		page[i] = find_get_page(MAPPING, i * 4);
	zone_set_marks(zone, 16, 32, 80);
	drain_zone_pages(zone);
	free = zone->free_pages;
	EXPECT(free < 32);
	EXPECT(balance_pgdat(private_nodes.node[0], 0) >= 80 - free);
	EXPECT(zone->free_pages > 80);
	EXPECT(private_free(zone) <= 80 + SWAP_CLUSTER_MAX + 1);
	scan = vm_event_sum(PGSCAN_KSWAPD) - scan;
	EXPECT(scan <= (80 - free + SWAP_CLUSTER_MAX) * 3 / 2);
	/* it has enough: nothing more is looked at */
	EXPECT_EQ(balance_pgdat(private_nodes.node[0], 0), 0);
	for (i = 0; i < 50; i++)
		put_page(page[i]);
	zone_end(zone);
}

/* A lower zone that others may fall back to is looked at, too. */
TEST_PRIVATE(vmscan, lower_zones_age_alike, ORDER)
{
	struct zone *low = private_zone(0, ZONE_DMA, 0, PAGES / 2), *zone;

	REQUIRE(fake_init(&fake, FAKE_AT_ONCE));
	zone = private_zone(0, ZONE_NORMAL, PAGES / 2, PAGES / 2);
	private_ready();
	REQUIRE(fill(0, 220, false));
	EXPECT(low->nr_inactive > 64 && zone->nr_inactive > 64);
	zone_set_marks(zone, 8, 16, 70);
	drain_zone_pages(zone);
	drain_zone_pages(low);
	EXPECT(balance_pgdat(private_nodes.node[0], 0) > 0);
	EXPECT(zone->free_pages > 70);
	EXPECT(low->nr_scan_inactive > 0 || low->pages_scanned > 0);
	EXPECT_EQ(check_lru(low, print), 0);
	zone_end(zone);
	EXPECT_EQ(low->nr_inactive, 0);
}

TEST_PRIVATE(vmscan, a_large_block_is_tried_once, ORDER)
{
	struct zone *zone = zone_of_file();

	REQUIRE(zone && fill(0, 240, false));
	zone_set_marks(zone, 8, 16, 24);
	drain_zone_pages(zone);
	/* there never is one of this size, but for an empty zone */
	EXPECT(balance_pgdat(private_nodes.node[0], 9) > 0);
	EXPECT(zone->free_pages > 24);
	zone_end(zone);
}

/* --- nothing more to be had --- */

TEST_PRIVATE(vmscan, all_unreclaimable, ORDER)
{
	struct zone *zone = zone_of_file();
	pg_data_t *node;
	struct page *page;
	u32 i, scanned;

	REQUIRE(zone && fill(0, 240, false));
	node = private_nodes.node[0];
	for (i = 0; i < 240; i++)
		EXPECT(find_get_page(MAPPING, i));
	zone_set_marks(zone, 16, 32, 64);
	drain_zone_pages(zone);
	for (i = 0; i < 8 && !zone->all_unreclaimable; i++)
		EXPECT_EQ(balance_pgdat(node, 0), 0);
	EXPECT(zone->all_unreclaimable);
	EXPECT(zone->pages_scanned >= 4 * 240);
	/* a glance, and no more */
	scanned = zone->pages_scanned;
	EXPECT_EQ(balance_pgdat(node, 0), 0);
	EXPECT(zone->pages_scanned - scanned <= SWAP_CLUSTER_MAX);
	EXPECT_EQ(zone->nr_inactive, 240);
	/* one page that comes back, of whatever kind, is a new situation */
	page = private_alloc(GFP_ATOMIC, 0);
	REQUIRE(page);
	__free_page(page);
	drain_zone_pages(zone);
	EXPECT(!zone->all_unreclaimable && !zone->pages_scanned);
	for (i = 0; i < 240; i++) {
		page = find_get_page(MAPPING, i);
		put_page(page);
		put_page(page);
	}
	EXPECT(balance_pgdat(node, 0) > 0);
	EXPECT(zone->free_pages > 64);
	zone_end(zone);
}

/* Without any page on a list there is nothing to scan, and no end of it. */
TEST_PRIVATE(vmscan, nothing_on_the_lists, ORDER)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, PAGES);

	private_ready();
	zone_set_marks(zone, 16, 32, PAGES + 10);
	EXPECT_EQ(balance_pgdat(private_nodes.node[0], 0), 0);
	EXPECT(zone->all_unreclaimable);
}

/* --- how many of those looked at go --- */

TEST_PRIVATE(vmscan, clean_pages_all_go, ORDER)
{
	struct zone *zone = zone_of_file();
	struct scan_control sc = scan_all();

	REQUIRE(zone && fill(0, 224, false));
	sc.priority = 0;
	while (zone->nr_inactive)
		shrink_zone(zone, &sc);
	EXPECT_EQ(sc.nr_reclaimed, 224);
	EXPECT_EQ(sc.nr_scanned, 224);
	EXPECT_EQ(MAPPING->nrpages, 0);
	zone_end(zone);
}
