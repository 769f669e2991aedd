/*
 * Watermarks: the reference's worked numbers for 64 MB to 4 GB, the truth table
 * of zone_watermark_ok() against counting the blocks one by one, and what each
 * kind of request finds in a zone that runs empty.
 */
#include "private_node.h"

#define MB_PAGES 256U

/* --- square roots --- */

TEST(watermark, int_sqrt)
{
	u32 r;

	EXPECT_EQ(int_sqrt(0), 0);
	EXPECT_EQ(int_sqrt(1), 1);
	EXPECT_EQ(int_sqrt(2), 1);
	EXPECT_EQ(int_sqrt(3), 1);
	EXPECT_EQ(int_sqrt(4), 2);
	EXPECT_EQ(int_sqrt(14680064), 3831);
	EXPECT_EQ(int_sqrt(~0U), 65535);
	EXPECT_EQ(int_sqrt(65535U * 65535), 65535);
	EXPECT_EQ(int_sqrt(65535U * 65535 - 1), 65534);
	/* around each square: the least and the most with that root */
	for (r = 1; r < 65536; r++)
		if (int_sqrt(r * r) != r || int_sqrt(r * r - 1) != r - 1)
			break;
	EXPECT_EQ(r, 65536);
}

/* --- the worked numbers --- */

struct worked {
	const char *ram;
	u32 present[MAX_NR_ZONES];
	u32 kbytes;
	u32 mark[MAX_NR_ZONES][NR_WMARKS];
	u32 dma_reserve[MAX_NR_ZONES], normal_reserve[MAX_NR_ZONES];
	u32 batch[MAX_NR_ZONES];
};

#define DMA_PAGES 4096
#define LOW(mb) ((mb) * MB_PAGES - DMA_PAGES)

/* From 64 MB up the reference's; smaller ones by the same rules, by hand. */
static const struct worked worked[] = {
	{ "512 KB", { 128, 0, 0 }, 128, { { 32, 40, 48 }, { 0 }, { 0 } },
	  { 0, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 } },
	{ "4 MB", { 1024, 0, 0 }, 256, { { 64, 80, 96 }, { 0 }, { 0 } },
	  { 0, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 } },
	{ "16 MB", { DMA_PAGES, 0, 0 }, 512,
	  { { 128, 160, 192 }, { 0 }, { 0 } },
	  { 0, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 } },
	{ "64 MB", { DMA_PAGES, LOW(64), 0 }, 1024,
	  { { 64, 80, 96 }, { 192, 240, 288 }, { 0 } },
	  { 0, 48, 48 }, { 0, 0, 0 }, { 1, 3, 0 } },
	{ "128 MB", { DMA_PAGES, LOW(128), 0 }, 1448,
	  { { 45, 56, 67 }, { 316, 395, 474 }, { 0 } },
	  { 0, 112, 112 }, { 0, 0, 0 }, { 1, 7, 0 } },
	{ "256 MB", { DMA_PAGES, LOW(256), 0 }, 2048,
	  { { 32, 40, 48 }, { 480, 600, 720 }, { 0 } },
	  { 0, 240, 240 }, { 0, 0, 0 }, { 1, 15, 0 } },
	{ "512 MB", { DMA_PAGES, LOW(512), 0 }, 2896,
	  { { 22, 27, 33 }, { 701, 876, 1051 }, { 0 } },
	  { 0, 496, 496 }, { 0, 0, 0 }, { 1, 16, 0 } },
	{ "1 GB", { DMA_PAGES, LOW(896), 128 * MB_PAGES }, 3831,
	  { { 17, 21, 25 }, { 939, 1173, 1408 }, { 32, 40, 48 } },
	  { 0, 880, 1008 }, { 0, 0, 1024 }, { 1, 16, 8 } },
	{ "2 GB", { DMA_PAGES, LOW(896), 1152 * MB_PAGES }, 3831,
	  { { 17, 21, 25 }, { 939, 1173, 1408 }, { 128, 160, 192 } },
	  { 0, 880, 2032 }, { 0, 0, 9216 }, { 1, 16, 16 } },
	{ "4 GB", { DMA_PAGES, LOW(896), 3200 * MB_PAGES }, 3831,
	  { { 17, 21, 25 }, { 939, 1173, 1408 }, { 128, 160, 192 } },
	  { 0, 880, 4080 }, { 0, 0, 25600 }, { 1, 16, 16 } },
};

static bool expect_marks(const struct zone *zone, const u32 *want)
{
	return EXPECT_EQ(zone->pages_min, want[WMARK_MIN]) &
	       EXPECT_EQ(zone->pages_low, want[WMARK_LOW]) &
	       EXPECT_EQ(zone->pages_high, want[WMARK_HIGH]);
}

static bool expect_reserve(const struct zone *zone, const u32 *want)
{
	unsigned int class;
	bool ok = true;

	for (class = 0; class < MAX_NR_ZONES; class++)
		ok &= EXPECT_EQ(zone->lowmem_reserve[class], want[class]);
	return ok & EXPECT_EQ(zone->hot_mark,
			      zone->pages_low + want[zone->type]);
}

/* hot: 2 and 6 batches; cold: 0 and 2. */
static bool expect_batch(const struct zone *zone, u32 batch)
{
	const struct per_cpu_pages *pcp = zone->pageset[0].pcp;

	return EXPECT_EQ(pcp[0].batch, batch) & EXPECT_EQ(pcp[1].batch, batch) &
	       EXPECT_EQ(pcp[0].low, 2 * batch) &
	       EXPECT_EQ(pcp[0].high, 6 * batch) &
	       EXPECT_EQ(pcp[1].low, 0) & EXPECT_EQ(pcp[1].high, 2 * batch);
}

static bool expect_worked(const struct worked *w)
{
	static const u32 nothing[MAX_NR_ZONES];
	struct node_set *set = numbers_start(1, &w->present);
	bool ok;
	u32 i;

	if (!set)
		return false;
	ok = EXPECT_EQ(default_min_free_kbytes(set), w->kbytes);
	setup_per_zone_pages_min(set, w->kbytes);
	for (i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &set->node[0]->node_zones[i];

		ok &= expect_marks(zone, w->mark[i]);
		if (w->present[i])
			ok &= expect_batch(zone, w->batch[i]);
	}
	ok &= expect_reserve(&set->node[0]->node_zones[ZONE_DMA],
			     w->dma_reserve);
	ok &= expect_reserve(&set->node[0]->node_zones[ZONE_NORMAL],
			     w->normal_reserve);
	ok &= expect_reserve(&set->node[0]->node_zones[ZONE_HIGHMEM], nothing);
	numbers_stop();
	return ok;
}

TEST(watermark, worked_numbers)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(worked); i++)
		/* its name is the note that tells which one it was */
		if (!expect_worked(&worked[i]))
			EXPECT_STREQ(worked[i].ram, "as worked");
}

/* Lowmem of all nodes together; each zone its share; reserves by node. */
TEST(watermark, two_nodes)
{
	static const u32 present[2][MAX_NR_ZONES] = {
		{ DMA_PAGES, LOW(64), 0 }, { 0, 48 * MB_PAGES, 64 * MB_PAGES },
	};
	static const u32 dma_reserve[] = { 0, 48, 48 };
	static const u32 normal_reserve[] = { 0, 0, 512 };
	static const u32 nothing[MAX_NR_ZONES];
	struct node_set *set = numbers_start(2, present);

	REQUIRE(set);
	/* 112 MB: the root of 114688 * 16 */
	EXPECT_EQ(default_min_free_kbytes(set), 1354);
	setup_per_zone_pages_min(set, 1354);
	expect_marks(&set->node[0]->node_zones[ZONE_DMA],
		     (const u32[]){ 48, 60, 72 });
	expect_marks(&set->node[0]->node_zones[ZONE_NORMAL],
		     (const u32[]){ 144, 180, 216 });
	expect_marks(&set->node[1]->node_zones[ZONE_NORMAL],
		     (const u32[]){ 144, 180, 216 });
	expect_marks(&set->node[1]->node_zones[ZONE_HIGHMEM],
		     (const u32[]){ 32, 40, 48 });
	expect_reserve(&set->node[0]->node_zones[ZONE_DMA], dma_reserve);
	expect_reserve(&set->node[0]->node_zones[ZONE_NORMAL], nothing);
	expect_reserve(&set->node[1]->node_zones[ZONE_NORMAL], normal_reserve);
	numbers_stop();
}

/* The bounds of min_free_kbytes; the product of both maxima fits. */
TEST(watermark, min_free_kbytes_bounds)
{
	static const u32 tiny[1][MAX_NR_ZONES] = { { 16, 0, 0 } };
	static const u32 full[1][MAX_NR_ZONES] = {
		{ DMA_PAGES, LOW(896), 0 },
	};
	struct node_set *set = numbers_start(1, tiny);

	REQUIRE(set);
	EXPECT_EQ(default_min_free_kbytes(set), 128);
	numbers_stop();
	set = numbers_start(1, full);
	REQUIRE(set);
	setup_per_zone_pages_min(set, 65536);
	/* 16384 * 225280 / 229376 */
	expect_marks(&set->node[0]->node_zones[ZONE_NORMAL],
		     (const u32[]){ 16091, 20113, 24136 });
	setup_per_zone_pages_min(set, 128);
	expect_marks(&set->node[0]->node_zones[ZONE_NORMAL],
		     (const u32[]){ 31, 38, 46 });
	numbers_stop();
}

TEST(watermark, set_by_hand)
{
	static const u32 present[1][MAX_NR_ZONES] = {
		{ DMA_PAGES, LOW(64), 0 },
	};
	struct node_set *set = numbers_start(1, present);
	struct zone *zone;

	REQUIRE(set);
	zone = &set->node[0]->node_zones[ZONE_DMA];
	setup_per_zone_pages_min(set, 1024);
	zone_set_marks(zone, 5, 7, 9);
	expect_marks(zone, (const u32[]){ 5, 7, 9 });
	expect_reserve(zone, (const u32[]){ 0, 48, 48 });
	numbers_stop();
}

/* The machine's own follow the same rules. */
TEST(watermark, of_the_machine)
{
	u32 present[MAX_NUMNODES][MAX_NR_ZONES];
	struct node_set *set;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i)
		present[i / MAX_NR_ZONES][i % MAX_NR_ZONES] =
			zone->present_pages;
	set = numbers_start(machine_nodes.nr, present);
	REQUIRE(set);
	EXPECT_EQ(default_min_free_kbytes(set), min_free_kbytes);
	setup_per_zone_pages_min(set, min_free_kbytes);
	for_each_zone_of(&machine_nodes, zone, i) {
		const struct zone *like = &set->node[i / MAX_NR_ZONES]->
					  node_zones[i % MAX_NR_ZONES];

		expect_marks(zone, (const u32[]){ like->pages_min,
			     like->pages_low, like->pages_high });
		expect_reserve(zone, like->lowmem_reserve);
		if (populated_zone(zone))
			expect_batch(zone, like->pageset[0].pcp[0].batch);
	}
	numbers_stop();
}

TEST_PANIC(watermark, min_free_kbytes_too_small,
	   "min_free_kbytes is out of its bounds")
{
	setup_per_zone_pages_min(&machine_nodes, 127);
}

TEST_PANIC(watermark, min_free_kbytes_too_large,
	   "min_free_kbytes is out of its bounds")
{
	setup_per_zone_pages_min(&machine_nodes, 65537);
}

/* --- the truth table --- */

static struct zone judged;

/* A zone with these many free blocks of orders 0, 1, 2 ... */
static void free_blocks(const u32 *blocks, unsigned int orders)
{
	unsigned int order;

	memset(&judged, 0, sizeof(judged));
	for (order = 0; order < orders; order++) {
		judged.free_area[order].nr_free = blocks[order];
		judged.free_pages += blocks[order] << order;
	}
}

#define BLOCKS(...) free_blocks((const u32[]){ __VA_ARGS__ },		\
		sizeof((const u32[]){ __VA_ARGS__ }) / sizeof(u32))

#define OK(order, mark, flags) \
	zone_watermark_ok(&judged, (order), (mark), ZONE_NORMAL, (flags))

TEST(watermark, free_must_exceed_the_mark)
{
	BLOCKS(100);
	EXPECT(OK(0, 99, 0));
	EXPECT(!OK(0, 100, 0));
	EXPECT(!OK(0, 101, 0));
	EXPECT(OK(0, 0, 0));
	BLOCKS(0);
	EXPECT(!OK(0, 0, 0));
	EXPECT(!OK(10, 0, 0));
	BLOCKS(1);
	EXPECT(OK(0, 0, 0));
	EXPECT(!OK(1, 0, 0));
}

TEST(watermark, flags_lower_the_mark)
{
	BLOCKS(17);
	EXPECT(!OK(0, 17, 0));
	/* 17 - 8 = 9 */
	BLOCKS(10);
	EXPECT(OK(0, 17, ALLOC_HIGH));
	EXPECT(!OK(0, 17, ALLOC_HARDER));
	BLOCKS(9);
	EXPECT(!OK(0, 17, ALLOC_HIGH));
	/* 17 - 4 = 13 */
	BLOCKS(14);
	EXPECT(OK(0, 17, ALLOC_HARDER));
	EXPECT(!OK(0, 17, 0));
	BLOCKS(13);
	EXPECT(!OK(0, 17, ALLOC_HARDER));
	/* 9 - 2 = 7 */
	BLOCKS(8);
	EXPECT(OK(0, 17, ALLOC_HIGH | ALLOC_HARDER));
	EXPECT(!OK(0, 17, ALLOC_HIGH));
	BLOCKS(7);
	EXPECT(!OK(0, 17, ALLOC_HIGH | ALLOC_HARDER));
}

/* Neither HIGH nor HARDER touches what is kept from that class. */
TEST(watermark, reserve_adds_to_the_mark)
{
	u32 flags;

	BLOCKS(60);
	judged.lowmem_reserve[ZONE_NORMAL] = 50;
	judged.lowmem_reserve[ZONE_HIGHMEM] = 60;
	EXPECT(zone_watermark_ok(&judged, 0, 59, ZONE_DMA, 0));
	EXPECT(OK(0, 9, 0));
	EXPECT(!OK(0, 10, 0));
	EXPECT(!zone_watermark_ok(&judged, 0, 0, ZONE_HIGHMEM, 0));
	for (flags = 0; flags < 4; flags++)
		EXPECT(!zone_watermark_ok(&judged, 0, 0, ZONE_HIGHMEM, flags));
	EXPECT(OK(0, 18, ALLOC_HIGH));
	EXPECT(!OK(0, 20, ALLOC_HIGH));
}

/* Each order below: half of the mark must stand in larger blocks. */
TEST(watermark, small_blocks_do_not_count)
{
	BLOCKS(1000);
	EXPECT(OK(0, 10, 0));
	EXPECT(!OK(1, 10, 0));
	EXPECT(!OK(1, 0, 0));
	/* order 1: 1000 + 12 - 1 > 10, and 12 - 1 > 5 */
	BLOCKS(1000, 6);
	EXPECT(OK(1, 10, 0));
	EXPECT(OK(1, 21, 0));
	EXPECT(!OK(1, 22, 0));
	/* order 2: 8 - 3 > 20 >> 2 does not hold, > 19 >> 2 does */
	BLOCKS(100, 100, 2);
	EXPECT(!OK(2, 20, 0));
	EXPECT(OK(2, 19, 0));
	EXPECT(!OK(3, 0, 0));
	/* the reserve counts for the sum only, not for each order */
	BLOCKS(0, 0, 0, 1);
	judged.lowmem_reserve[ZONE_NORMAL] = 0;
	EXPECT(OK(3, 0, 0));
	BLOCKS(100, 0, 0, 1);
	judged.lowmem_reserve[ZONE_NORMAL] = 100;
	EXPECT(OK(3, 0, 0));
	judged.lowmem_reserve[ZONE_NORMAL] = 101;
	EXPECT(!OK(3, 0, 0));
}

/* In other words: pages in blocks that are large enough, order by order. */
static bool allowed(unsigned int order, u32 mark, enum zone_type class,
		    unsigned int flags)
{
	s32 needs = (1 << order) - 1, left = (s32)mark;
	unsigned int least, o;

	if (flags & ALLOC_HIGH)
		left = (left + 1) / 2;
	if (flags & ALLOC_HARDER)
		left -= left / 4;
	for (least = 0; least <= order; least++) {
		s32 large = 0;

		for (o = least; o < MAX_ORDER; o++)
			large += (s32)judged.free_area[o].nr_free << o;
		if (!least)
			large -= (s32)judged.lowmem_reserve[class];
		if (large - needs <= left >> least)
			return false;
	}
	return true;
}

/* Each request against the zone as it is; returns how many were let through,
 * or -1 after a difference. */
static int judge_all(void)
{
	static const u32 marks[] = { 0, 1, 2, 3, 17, 21, 25, 32, 192, 939,
				     1173, 1408, 3000 };
	unsigned int order, flags, class, i;
	int passed = 0;

	for (order = 0; order < MAX_ORDER; order++)
		for (flags = 0; flags < 4; flags++)
			for (class = 0; class < MAX_NR_ZONES; class++)
				for (i = 0; i < ARRAY_SIZE(marks); i++) {
					bool ok = zone_watermark_ok(&judged,
						order, marks[i], class, flags);

					if (!EXPECT_EQ(ok, allowed(order,
							marks[i], class,
							flags)))
						return -1;
					passed += ok;
				}
	return passed;
}

TEST_PRIVATE(watermark, truth_table, 0)
{
	u32 blocks[MAX_ORDER], round, order;
	int passed, yes = 0, no = 0;

	for (round = 0; round < 200; round++) {
		for (order = 0; order < MAX_ORDER; order++)
			blocks[order] = private_random(3) ? 0 :
				private_random(1 + (2048U >> order));
		free_blocks(blocks, MAX_ORDER);
		judged.lowmem_reserve[ZONE_NORMAL] = private_random(600);
		judged.lowmem_reserve[ZONE_HIGHMEM] = private_random(4000);
		passed = judge_all();
		REQUIRE(passed >= 0);
		yes += passed;
		no += 1716 - passed;	/* 11 * 4 * 3 * 13 requests */
	}
	/* the table says both */
	EXPECT(yes > 10000);
	EXPECT(no > 10000);
}

/* --- a zone runs empty --- */

static struct page *held[64];
static u32 nr_held;

/* Single pages until there are no more; returns how many came. */
static u32 drink(gfp_t gfp)
{
	struct page *page;
	u32 n = 0;

	while (nr_held < ARRAY_SIZE(held)) {
		page = private_alloc(gfp | __GFP_NOWARN, 0);
		if (!page)
			break;
		held[nr_held++] = page;
		n++;
	}
	return n;
}

static void give_back_all(void)
{
	while (nr_held)
		__free_page(held[--nr_held]);
}

/* How deep each kind of request may reach: pages_min is 16 of 64. */
TEST_PRIVATE(watermark, atomic_against_normal, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);

	private_ready();
	zone_set_marks(zone, 16, 20, 24);
	EXPECT_EQ(drink(GFP_KERNEL), 48);
	EXPECT_EQ(private_free(zone), 16);
	EXPECT_EQ(drink(GFP_KERNEL), 0);
	EXPECT_EQ(drink(GFP_NOFS), 0);
	/* who may not wait: a quarter less */
	EXPECT_EQ(drink(0), 4);
	/* __GFP_HIGH: half less */
	EXPECT_EQ(drink(GFP_KERNEL | __GFP_HIGH), 4);
	/* both */
	EXPECT_EQ(drink(GFP_ATOMIC), 2);
	EXPECT_EQ(private_free(zone), 6);
	EXPECT_EQ(drink(GFP_KERNEL), 0);
	give_back_all();
	EXPECT_EQ(private_free(zone), 64);
}

/* The same in one go: the atomic one gets all that the others got together. */
TEST_PRIVATE(watermark, atomic_alone, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);

	private_ready();
	zone_set_marks(zone, 16, 20, 24);
	EXPECT_EQ(drink(GFP_ATOMIC), 58);
	give_back_all();
}

/* Larger blocks: half of the mark must be left in blocks as large. */
TEST_PRIVATE(watermark, orders_in_a_real_zone, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	struct page *block[16];
	u32 n = 0;

	private_ready();
	zone_set_marks(zone, 16, 20, 24);
	/* 64 - 4n - 3 > 16 as long as n <= 11; the rest is one large piece */
	while (n < ARRAY_SIZE(block) &&
	       (block[n] = private_alloc(GFP_KERNEL | __GFP_NOWARN, 2)))
		n++;
	EXPECT_EQ(n, 12);
	EXPECT_EQ(zone->free_pages, 16);
	while (n)
		__free_pages(block[--n], 2);
}

/* DMA 0..31, Normal 32..63: what a NORMAL request leaves is for DMA's own. */
TEST_PRIVATE(watermark, reserve_is_kept, 6)
{
	struct zone *dma = private_zone(0, ZONE_DMA, 0, 32);
	struct zone *normal = private_zone(0, ZONE_NORMAL, 32, 32);

	private_ready();
	dma->lowmem_reserve[ZONE_NORMAL] = 10;
	zone_set_marks(dma, 0, 0, 0);
	EXPECT_EQ(drink(GFP_KERNEL), 32 + 22);
	EXPECT_EQ(private_free(normal), 0);
	EXPECT_EQ(private_free(dma), 10);
	EXPECT_EQ(drink(GFP_ATOMIC), 0);
	EXPECT_EQ(drink(GFP_KERNEL | __GFP_HIGH), 0);
	EXPECT_EQ(drink(GFP_KERNEL | __GFP_DMA), 10);
	give_back_all();
}

/* As on 4 GB: a HIGHMEM request gets nothing at all from DMA. */
TEST_PRIVATE(watermark, reserve_of_all, 6)
{
	struct zone *dma = private_zone(0, ZONE_DMA, 0, 16);
	struct zone *normal = private_zone(0, ZONE_NORMAL, 16, 16);

	private_zone(0, ZONE_HIGHMEM, 32, 32);
	private_ready();
	dma->lowmem_reserve[ZONE_HIGHMEM] = 16;
	dma->lowmem_reserve[ZONE_NORMAL] = 4;
	normal->lowmem_reserve[ZONE_HIGHMEM] = 6;
	zone_set_marks(dma, 0, 0, 0);
	zone_set_marks(normal, 0, 0, 0);
	EXPECT_EQ(drink(GFP_HIGHUSER), 32 + 10);
	EXPECT_EQ(private_free(dma), 16);
	EXPECT_EQ(private_free(normal), 6);
	EXPECT_EQ(drink(GFP_KERNEL), 6 + 12);
	EXPECT_EQ(private_free(dma), 4);
	EXPECT_EQ(drink(GFP_DMA), 4);
	give_back_all();
}

/* Without high memory the same request is of class NORMAL. */
TEST_PRIVATE(watermark, class_is_that_of_the_first_zone, 5)
{
	struct zone *dma = private_zone(0, ZONE_DMA, 0, 16);

	private_zone(0, ZONE_NORMAL, 16, 16);
	private_ready();
	dma->lowmem_reserve[ZONE_NORMAL] = 3;
	dma->lowmem_reserve[ZONE_HIGHMEM] = 9;
	zone_set_marks(dma, 0, 0, 0);
	EXPECT_EQ(drink(GFP_HIGHUSER), 16 + 13);
	give_back_all();
}
