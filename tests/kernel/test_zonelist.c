/*
 * Zonelists: exactly which zones in which order, on 1, 2, 4 and 16 nodes of
 * numbers alone; then what a request gets from private nodes that run empty,
 * and how it is counted.
 */
#include <kernel/lib/printf.h>
#include "private_node.h"

/* The zones of a list as "0N 0D 1H": node and first letter of the type. */
static const char *text_of(const struct zonelist *list)
{
	static char text[256];
	struct zone *const *z = list->zones;
	size_t at = 0;

	text[0] = '\0';
	for (; *z && at < sizeof(text) - 5; z++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%x%c",
				       at ? " " : "",
				       (*z)->zone_pgdat->node_id,
				       "DNH"[(*z)->type]);
	return text;
}

static const char *list(const struct node_set *set, unsigned int node,
			gfp_t gfp)
{
	return text_of(&set->node[node]->node_zonelists[gfp & GFP_ZONEMASK]);
}

/* --- one node --- */

static void expect_one_node(u32 dma, u32 normal, u32 high,
			    const char *const *want)
{
	const u32 present[1][MAX_NR_ZONES] = { { dma, normal, high } };
	struct node_set *set = numbers_start(1, present);

	REQUIRE(set);
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, 0), want[0]);
	EXPECT_STREQ(list(set, 0, __GFP_DMA), want[1]);
	EXPECT_STREQ(list(set, 0, __GFP_HIGHMEM), want[2]);
	EXPECT_STREQ(list(set, 0, __GFP_HIGHMEM | __GFP_DMA), want[3]);
	numbers_stop();
}

#define ONE_NODE(dma, normal, high, ...) \
	expect_one_node(dma, normal, high, (const char *const[]){ __VA_ARGS__ })

TEST(zonelist, one_node)
{
	/*			none		DMA	HIGHMEM		both */
	ONE_NODE(10, 20, 30,	"0N 0D",	"0D",	"0H 0N 0D",	"0D");
	ONE_NODE(10, 20, 0,	"0N 0D",	"0D",	"0N 0D",	"0D");
	ONE_NODE(10, 0, 0,	"0D",		"0D",	"0D",		"0D");
	ONE_NODE(0, 20, 0,	"0N",		"",	"0N",		"");
	ONE_NODE(0, 0, 30,	"",		"",	"0H",		"");
	ONE_NODE(10, 0, 30,	"0D",		"0D",	"0H 0D",	"0D");
	ONE_NODE(0, 0, 0,	"",		"",	"",		"");
}

/* --- several --- */

TEST(zonelist, two_nodes)
{
	static const u32 present[2][MAX_NR_ZONES] = {
		{ 10, 20, 0 }, { 0, 20, 30 },
	};
	struct node_set *set = numbers_start(2, present);

	REQUIRE(set);
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, 0), "0N 0D 1N");
	EXPECT_STREQ(list(set, 1, 0), "1N 0N 0D");
	EXPECT_STREQ(list(set, 0, __GFP_DMA), "0D");
	EXPECT_STREQ(list(set, 1, __GFP_DMA), "0D");
	EXPECT_STREQ(list(set, 0, __GFP_HIGHMEM), "0N 0D 1H 1N");
	EXPECT_STREQ(list(set, 1, __GFP_HIGHMEM), "1H 1N 0N 0D");
	numbers_stop();
}

/* A node without any memory has lists like the others. */
TEST(zonelist, node_without_memory)
{
	static const u32 present[2][MAX_NR_ZONES] = {
		{ 10, 20, 30 }, { 0, 0, 0 },
	};
	struct node_set *set = numbers_start(2, present);

	REQUIRE(set);
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, __GFP_HIGHMEM), "0H 0N 0D");
	EXPECT_STREQ(list(set, 1, __GFP_HIGHMEM), "0H 0N 0D");
	EXPECT_STREQ(list(set, 1, 0), "0N 0D");
	numbers_stop();
}

static const u32 four[4][MAX_NR_ZONES] = {
	{ 10, 20, 0 }, { 0, 20, 0 }, { 0, 20, 30 }, { 0, 0, 30 },
};

/* All the same distance: the next higher number, round. */
TEST(zonelist, four_equal_nodes)
{
	struct node_set *set = numbers_start(4, four);

	REQUIRE(set);
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, 0), "0N 0D 1N 2N");
	EXPECT_STREQ(list(set, 1, 0), "1N 2N 0N 0D");
	EXPECT_STREQ(list(set, 2, 0), "2N 0N 0D 1N");
	EXPECT_STREQ(list(set, 3, 0), "0N 0D 1N 2N");
	EXPECT_STREQ(list(set, 1, __GFP_HIGHMEM), "1N 2H 2N 3H 0N 0D");
	EXPECT_STREQ(list(set, 3, __GFP_HIGHMEM), "3H 0N 0D 1N 2H 2N");
	EXPECT_STREQ(list(set, 3, __GFP_DMA), "0D");
	numbers_stop();
}

/* Two pairs: 0 and 2 are near, 1 and 3 are; not the same both ways. */
TEST(zonelist, four_nodes_by_distance)
{
	static const u8 distance[4][4] = {
		{ 10, 30, 15, 20 },
		{ 30, 10, 40, 15 },
		{ 15, 25, 10, 25 },
		{ 40, 15, 30, 10 },
	};
	struct node_set *set = numbers_start(4, four);
	unsigned int i;

	REQUIRE(set);
	for (i = 0; i < 4; i++)
		memcpy(set->distance[i], distance[i], 4);
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, __GFP_HIGHMEM), "0N 0D 2H 2N 3H 1N");
	EXPECT_STREQ(list(set, 1, __GFP_HIGHMEM), "1N 3H 0N 0D 2H 2N");
	/* 1 and 3 are as far: the next higher number is 3 */
	EXPECT_STREQ(list(set, 2, __GFP_HIGHMEM), "2H 2N 0N 0D 3H 1N");
	EXPECT_STREQ(list(set, 3, __GFP_HIGHMEM), "3H 1N 2H 2N 0N 0D");
	EXPECT_STREQ(list(set, 3, 0), "1N 2N 0N 0D");
	numbers_stop();
}

/* At the same distance, but never before a nearer one. */
TEST(zonelist, nodes_without_cpus_first)
{
	static const u32 present[4][MAX_NR_ZONES] = {
		{ 0, 20, 0 }, { 0, 20, 0 }, { 0, 20, 0 }, { 0, 20, 0 },
	};
	struct node_set *set = numbers_start(4, present);

	REQUIRE(set);
	set->has_cpu[2] = false;
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, 0), "0N 2N 1N 3N");
	EXPECT_STREQ(list(set, 3, 0), "3N 2N 0N 1N");
	/* its own node comes first, whatever it has */
	EXPECT_STREQ(list(set, 2, 0), "2N 3N 0N 1N");
	set->distance[0][2] = 21;
	set->distance[0][3] = 11;
	build_zonelists(set);
	EXPECT_STREQ(list(set, 0, 0), "0N 3N 1N 2N");
	numbers_stop();
}

/* The farthest there can be, and the first of a full list. */
TEST(zonelist, sixteen_full_nodes)
{
	u32 present[MAX_NUMNODES][MAX_NR_ZONES];
	const struct zonelist *last;
	struct node_set *set;
	u32 n;

	for (n = 0; n < MAX_NUMNODES; n++)
		present[n][0] = present[n][1] = present[n][2] = 1;
	set = numbers_start(MAX_NUMNODES, present);
	REQUIRE(set);
	memset(set->distance[15], 255, sizeof(set->distance[15]));
	set->distance[15][15] = 10;
	set->distance[15][3] = 254;
	build_zonelists(set);
	EXPECT_STREQ(list(set, 14, __GFP_DMA),
		     "eD fD 0D 1D 2D 3D 4D 5D 6D 7D 8D 9D aD bD cD dD");
	EXPECT_STREQ(list(set, 15, __GFP_DMA),
		     "fD 3D 0D 1D 2D 4D 5D 6D 7D 8D 9D aD bD cD dD eD");
	last = &set->node[15]->node_zonelists[__GFP_HIGHMEM];
	for (n = 0; last->zones[n]; n++)
		EXPECT(last->zones[n]->zone_pgdat->node_id ==
		       "\xf\3\0\1\2\4\5\6\7\10\11\12\13\14\15\16"[n / 3]);
	EXPECT_EQ(n, 48);
	numbers_stop();
}

/* --- the machine's --- */

/* What no list may have: a zone twice, above the class, empty, out of order. */
static bool sound_list(const struct node_set *set, unsigned int home,
		       unsigned int modifiers)
{
	const struct zonelist *l = &set->node[home]->node_zonelists[modifiers];
	struct zone *const *z = l->zones;
	u32 before = 0, n = 0, want = 0;
	unsigned int i, top = modifiers & __GFP_DMA ? ZONE_DMA :
		modifiers & __GFP_HIGHMEM ? ZONE_HIGHMEM : ZONE_NORMAL;
	struct zone *zone;

	for_each_zone_of(set, zone, i)
		want += populated_zone(zone) && zone->type <= top;
	for (; *z; z++, n++) {
		u32 node = (u32)(*z)->zone_pgdat->node_id;
		/* node before type; what rises cannot come twice */
		u32 place = node == home ? 0 :
			((set->distance[home][node] * 2U +
			  set->has_cpu[node]) * MAX_NUMNODES +
			 (node + set->nr - home) % set->nr);

		place = place * 4 + 3 - (*z)->type;
		if (!populated_zone(*z) || (*z)->type > top ||
		    (n && place <= before))
			return false;
		before = place;
	}
	return n == want;
}

TEST(zonelist, of_the_machine)
{
	unsigned int home, modifiers;

	for (home = 0; home < machine_nodes.nr; home++)
		for (modifiers = 0; modifiers < GFP_ZONETYPES; modifiers++)
			EXPECT(sound_list(&machine_nodes, home, modifiers));
}

/* The first zone above its low mark: a small node may be all reserved. */
static struct zone *first_choice(int nid)
{
	struct zone *const *z = node_zonelist(nid, GFP_HIGHUSER)->zones;
	enum zone_type class = (*z)->type;

	while (!zone_watermark_ok(*z, 0, (*z)->pages_low, class, 0))
		z++;
	return *z;
}

/* Each node gives of its own; -1 is the node of the CPU. */
TEST(zonelist, alloc_pages_node)
{
	struct page *page;
	int nid;

	for (nid = 0; nid < (int)machine_nodes.nr; nid++) {
		struct zone *first = first_choice(nid);

		page = alloc_pages_node(nid, GFP_HIGHUSER, 0);
		REQUIRE(page);
		EXPECT_EQ(page_to_nid(page), first->zone_pgdat->node_id);
		EXPECT(page_zone(page) == first);
		__free_page(page);
	}
	page = alloc_pages_node(-1, GFP_HIGHUSER, 0);
	REQUIRE(page);
	EXPECT(page_zone(page) == first_choice(numa_node_id()));
	__free_page(page);
}

/* --- private nodes that run empty --- */

#define MOST_HELD 128

static struct page *held[MOST_HELD];
static u32 nr_held;

static struct page *take(struct zonelist *from, gfp_t gfp)
{
	struct page *page = __alloc_pages(gfp | __GFP_NOWARN, 0, from);

	if (page && nr_held < MOST_HELD)
		held[nr_held++] = page;
	return page;
}

/* Nothing stays with the CPU: marks are about what is on the free lists. */
static void give_back_all(void)
{
	while (nr_held)
		__free_page(held[--nr_held]);
	drain_local_pages(&private_nodes);
}

/*
 * Which zones single pages come from until there are no more: "1N*22 0N*10",
 * as many in a row each.
 */
static const char *sequence(struct zonelist *from, gfp_t gfp)
{
	static char text[160];
	struct zone *last = NULL;
	struct page *page;
	size_t at = 0;
	u32 run = 0;

	text[0] = '\0';
	do {
		page = take(from, gfp);
		if (last && (!page || page_zone(page) != last)) {
			at += (size_t)snprintf(text + at, sizeof(text) - at,
				"%s%d%c*%u", at ? " " : "",
				last->zone_pgdat->node_id, "DNH"[last->type],
				run);
			run = 0;
		}
		last = page ? page_zone(page) : NULL;
		run++;
	} while (page && nr_held < MOST_HELD && at < sizeof(text) - 16);
	return text;
}

/* All zones down to pages_low first, then all down to pages_min. */
TEST_PRIVATE(zonelist, falls_back_before_it_digs_deeper, 6)
{
	struct zone *home = private_zone(0, ZONE_NORMAL, 0, 32);
	struct zone *away = private_zone(1, ZONE_NORMAL, 32, 32);

	private_ready();
	zone_set_marks(home, 4, 8, 12);
	zone_set_marks(away, 3, 7, 12);
	EXPECT_STREQ(sequence(&private_nodes.node[1]->node_zonelists[0],
			      GFP_KERNEL), "1N*25 0N*24 1N*4 0N*4");
	EXPECT_EQ(private_free(home), 4);
	EXPECT_EQ(private_free(away), 3);
	give_back_all();
}

/* Of one node the higher zone first, then the lower, then the other node. */
TEST_PRIVATE(zonelist, order_in_which_zones_run_empty, 6)
{
	private_zone(0, ZONE_DMA, 0, 16);
	private_zone(0, ZONE_NORMAL, 16, 8);
	private_zone(0, ZONE_HIGHMEM, 24, 8);
	private_zone(1, ZONE_NORMAL, 32, 16);
	private_zone(1, ZONE_HIGHMEM, 48, 16);
	private_ready();
	EXPECT_STREQ(sequence(&private_nodes.node[0]->node_zonelists[
			      __GFP_HIGHMEM], GFP_HIGHUSER),
		     "0H*8 0N*8 0D*16 1H*16 1N*16");
	give_back_all();
	EXPECT_STREQ(sequence(&private_nodes.node[1]->node_zonelists[
			      __GFP_HIGHMEM], GFP_HIGHUSER),
		     "1H*16 1N*16 0H*8 0N*8 0D*16");
	give_back_all();
	EXPECT_STREQ(sequence(&private_nodes.node[1]->node_zonelists[
			      __GFP_DMA], GFP_DMA), "0D*16");
	give_back_all();
}

TEST_PRIVATE(zonelist, empty_list, 0)
{
	struct zonelist nothing = { .zones = { NULL } };

	private_zone(0, ZONE_NORMAL, 0, 1);
	EXPECT(!__alloc_pages(GFP_KERNEL | __GFP_NOWARN, 0, &nothing));
	EXPECT(!__alloc_pages(GFP_ATOMIC | __GFP_NOWARN, 3, &nothing));
	EXPECT(!alloc_single(GFP_KERNEL | __GFP_NOWARN, &nothing));
}

/* --- counters --- */

/* hit miss foreign local other alloc free */
static void expect_count(const struct zone *zone, const u32 *want)
{
	struct zone_counters count;

	zone_count(zone, 0, &count);
	EXPECT_EQ(count.numa_hit, want[0]);
	EXPECT_EQ(count.numa_miss, want[1]);
	EXPECT_EQ(count.numa_foreign, want[2]);
	EXPECT_EQ(count.local_node, want[3]);
	EXPECT_EQ(count.other_node, want[4]);
	EXPECT_EQ(count.pgalloc, want[5]);
	EXPECT_EQ(count.pgfree, want[6]);
}

#define COUNT(zone, ...) expect_count((zone), (const u32[]){ __VA_ARGS__ })

/* Node 0 has 16 pages, node 1 has 32; the CPU is node 0's. */
TEST_PRIVATE(zonelist, counters, 6)
{
	struct zone *home = private_zone(0, ZONE_NORMAL, 0, 16);
	struct zone *away = private_zone(1, ZONE_NORMAL, 32, 32);
	struct page *block;

	private_ready();
	cpu_to_node[0] = 0;
	COUNT(home, 0, 0, 0, 0, 0, 0, 0);
	sequence(&private_nodes.node[0]->node_zonelists[0], GFP_KERNEL);
	EXPECT_EQ(nr_held, 48);
	/*	    hit	miss for. local	other alloc free */
	COUNT(home, 16,	0,  32,	16,	0,  16,	0);
	COUNT(away, 0,	32, 0,	0,	32, 32,	0);
	give_back_all();
	COUNT(home, 16,	0,  32,	16,	0,  16,	16);
	COUNT(away, 0,	32, 0,	0,	32, 32,	32);
	/* one block of 8 is one hit and eight pages */
	block = __alloc_pages(GFP_KERNEL, 3,
			      &private_nodes.node[1]->node_zonelists[0]);
	REQUIRE(block);
	COUNT(away, 1,	32, 0,	0,	33, 40,	32);
	__free_pages(block, 3);
	COUNT(away, 1,	32, 0,	0,	33, 40,	40);
	/* seen from a CPU of node 1 */
	cpu_to_node[0] = 1;
	COUNT(home, 16,	0,  32,	0,	16, 16,	16);
	COUNT(away, 1,	32, 0,	33,	0,  40,	40);
}

/* Another zone of the same node is no miss. */
TEST_PRIVATE(zonelist, counters_inside_a_node, 5)
{
	struct zone *dma = private_zone(0, ZONE_DMA, 0, 16);
	struct zone *normal = private_zone(0, ZONE_NORMAL, 16, 16);

	private_ready();
	cpu_to_node[0] = 0;
	sequence(&private_nodes.node[0]->node_zonelists[0], GFP_KERNEL);
	EXPECT_EQ(nr_held, 32);
	COUNT(normal, 16, 0, 0, 16, 0, 16, 0);
	COUNT(dma, 16, 0, 0, 16, 0, 16, 0);
	give_back_all();
}

/* --- making them --- */

TEST_PANIC(zonelist, node_with_too_high_an_id, "a zone id above 255")
{
	static pg_data_t node;

	node_init(&node, 0, MAX_ZONEIDS - 2);
}

TEST_PANIC(zonelist, more_pages_than_frames,
	   "a zone with more pages than frames")
{
	static struct zone zone;

	zone_init(&zone, 0, 10, 11);
}
