/*
 * How empty a zone may become, and where to look first: each rule against a
 * second computation of it that shares nothing with the kernel's, and against
 * the figures of the reference. Nothing is allocated: zones have counts only.
 */
#include "zones.h"

#define MB_PAGES(mb) ((u32)(mb) << 8)

static struct host_nodes nodes;

/* --- int_sqrt --- */

static void int_sqrt_around_squares(void **state)
{
	u64 r;

	assert_int_equal(int_sqrt(0), 0);
	for (r = 1; r <= 0xffff; r++) {
		assert_int_equal(int_sqrt((u32)(r * r - 1)), r - 1);
		assert_int_equal(int_sqrt((u32)(r * r)), r);
		assert_int_equal(int_sqrt((u32)(r * r + 1)), r);
		assert_int_equal(int_sqrt((u32)(r * r + 2 * r)), r);
	}
	assert_int_equal(int_sqrt(~0U), 0xffff);
}

/* --- zone_watermark_ok() --- */

/*
 * The rule in one piece: for each k up to order, what stands in blocks of
 * order k and above, less all but one page of the request, must exceed the
 * mark halved k times; the first time, the reserve is added to the mark.
 */
static bool watermark_rule(const struct zone *zone, int order, u32 mark,
			   enum zone_type class, bool high, bool harder)
{
	s64 least = mark, large, k, o;

	if (high)
		least = least - least / 2;
	if (harder)
		least = least - least / 4;
	for (k = 0; k <= order; k++) {
		large = 1 - ((s64)1 << order);
		for (o = k; o < MAX_ORDER; o++)
			large += (s64)zone->free_area[o].nr_free << o;
		if (large <= (least >> k) +
			     (k ? 0 : (s64)zone->lowmem_reserve[class]))
			return false;
	}
	return true;
}

static void compare_watermark(struct zone *zone, u32 mark, u32 *ok, u32 *all)
{
	unsigned int order, class, flags;

	for (order = 0; order < MAX_ORDER; order++)
		for (class = 0; class < MAX_NR_ZONES; class++)
			for (flags = 0; flags < 4; flags++) {
				bool want = watermark_rule(
					zone, (int)order, mark, class,
					flags & ALLOC_HIGH,
					flags & ALLOC_HARDER);

				assert_int_equal(zone_watermark_ok(
					zone, order, mark, class, flags),
					want);
				*ok += want;
				++*all;
			}
}

/* Every order x HIGH x HARDER x class, on zones in all kinds of states. */
static void watermark_truth_table(void **state)
{
	u32 round, o, ok = 0, all = 0;
	struct zone *zone;

	host_seed("watermarks");
	host_nodes_init(&nodes, 1);
	zone = &nodes.node[0].node_zones[ZONE_DMA];
	for (round = 0; round < 20000; round++) {
		u32 most = 1 + host_below(40), mark = host_below(2000);

		zone->free_pages = 0;
		for (o = 0; o < MAX_ORDER; o++) {
			u32 n = host_below(2) ? host_below(most) : 0;

			zone->free_area[o].nr_free = n;
			zone->free_pages += n << o;
		}
		/* at the border more often than chance would have it */
		if (round & 1)
			mark = zone->free_pages + host_below(3) - 1;
		mark = min(mark, 0x100000U);
		for (o = 0; o < MAX_NR_ZONES; o++)
			zone->lowmem_reserve[o] =
				host_below(2) ? 0 : host_below(500);
		compare_watermark(zone, mark, &ok, &all);
	}
	/* both answers occur often, or the table says little */
	assert_true(ok > all / 20 && ok < all / 20 * 19);
}

/* One page more or less decides, at each of the borders. */
static void watermark_borders(void **state)
{
	static const struct border {
		unsigned int flags;
		u32 least;	/* that must remain, of a mark of 101 */
	} borders[] = {
		{ 0, 101 }, { ALLOC_HIGH, 51 }, { ALLOC_HARDER, 76 },
		{ ALLOC_HIGH | ALLOC_HARDER, 39 },
	};
	struct zone *zone;
	size_t i;

	host_nodes_init(&nodes, 1);
	zone = &nodes.node[0].node_zones[ZONE_NORMAL];
	zone->lowmem_reserve[ZONE_HIGHMEM] = 7;
	for (i = 0; i < ARRAY_SIZE(borders); i++) {
		u32 least = borders[i].least;
		unsigned int flags = borders[i].flags;

		zone->free_pages = zone->free_area[0].nr_free = least;
		assert_false(zone_watermark_ok(zone, 0, 101, ZONE_NORMAL,
					       flags));
		zone->free_pages = ++zone->free_area[0].nr_free;
		assert_true(zone_watermark_ok(zone, 0, 101, ZONE_NORMAL,
					      flags));
		zone->free_pages = zone->free_area[0].nr_free = least + 7;
		assert_false(zone_watermark_ok(zone, 0, 101, ZONE_HIGHMEM,
					       flags));
		zone->free_pages = ++zone->free_area[0].nr_free;
		assert_true(zone_watermark_ok(zone, 0, 101, ZONE_HIGHMEM,
					      flags));
	}
}

/* --- marks, reserves, batches: the reference's worked figures --- */

struct machine {
	u32 mb, min_free_kbytes;
	u32 dma[3], normal[3], high[3];	/* pages_min, low, high */
	u32 reserve_dma[2], reserve_normal;
	u32 batch[3];
};

static const struct machine machines[] = {
	{ 64, 1024, { 64, 80, 96 }, { 192, 240, 288 }, { 0 },
	  { 48, 48 }, 0, { 1, 3, 1 } },
	{ 128, 1448, { 45, 56, 67 }, { 316, 395, 474 }, { 0 },
	  { 112, 112 }, 0, { 1, 7, 1 } },
	{ 256, 2048, { 32, 40, 48 }, { 480, 600, 720 }, { 0 },
	  { 240, 240 }, 0, { 1, 15, 1 } },
	{ 512, 2896, { 22, 27, 33 }, { 701, 876, 1051 }, { 0 },
	  { 496, 496 }, 0, { 1, 16, 1 } },
	{ 1024, 3831, { 17, 21, 25 }, { 939, 1173, 1408 }, { 32, 40, 48 },
	  { 880, 1008 }, 1024, { 1, 16, 8 } },
	{ 2048, 3831, { 17, 21, 25 }, { 939, 1173, 1408 },
	  { 128, 160, 192 }, { 880, 2032 }, 9216, { 1, 16, 16 } },
	{ 4096, 3831, { 17, 21, 25 }, { 939, 1173, 1408 },
	  { 128, 160, 192 }, { 880, 4080 }, 25600, { 1, 16, 16 } },
};

static void make_counts(u32 mb)
{
	struct zone *zone;

	host_nodes_init(&nodes, 1);
	zone = nodes.node[0].node_zones;
	zone_init(&zone[ZONE_DMA], 0, MAX_DMA_PFN, MAX_DMA_PFN);
	zone_init(&zone[ZONE_NORMAL], MAX_DMA_PFN,
		  MB_PAGES(min(mb, 896U) - 16), MB_PAGES(min(mb, 896U) - 16));
	if (mb > 896)
		zone_init(&zone[ZONE_HIGHMEM], MB_PAGES(896),
			  MB_PAGES(mb - 896), MB_PAGES(mb - 896));
}

static void expect_marks(const struct zone *zone, const u32 want[3])
{
	assert_int_equal(zone->pages_min, want[0]);
	assert_int_equal(zone->pages_low, want[1]);
	assert_int_equal(zone->pages_high, want[2]);
	assert_int_equal(zone->hot_mark,
			 want[1] + zone->lowmem_reserve[zone->type]);
}

static void worked_figures(void **state)
{
	size_t i, z;

	for (i = 0; i < ARRAY_SIZE(machines); i++) {
		const struct machine *m = &machines[i];
		struct zone *zone;

		make_counts(m->mb);
		zone = nodes.node[0].node_zones;
		assert_int_equal(default_min_free_kbytes(&nodes.set),
				 m->min_free_kbytes);
		setup_per_zone_pages_min(&nodes.set, m->min_free_kbytes);
		expect_marks(&zone[ZONE_DMA], m->dma);
		expect_marks(&zone[ZONE_NORMAL], m->normal);
		expect_marks(&zone[ZONE_HIGHMEM], m->high);
		assert_int_equal(zone[0].lowmem_reserve[0], 0);
		assert_int_equal(zone[0].lowmem_reserve[1], m->reserve_dma[0]);
		assert_int_equal(zone[0].lowmem_reserve[2], m->reserve_dma[1]);
		assert_int_equal(zone[1].lowmem_reserve[1], 0);
		assert_int_equal(zone[1].lowmem_reserve[2],
				 m->reserve_normal);
		assert_int_equal(zone[2].lowmem_reserve[2], 0);
		for (z = 0; z < MAX_NR_ZONES; z++) {
			const struct per_cpu_pages *hot, *cold;
			u32 batch = m->batch[z];

			hot = &zone[z].pageset[0].pcp[0];
			cold = &zone[z].pageset[0].pcp[1];
			assert_int_equal(hot->batch, batch);
			assert_int_equal(hot->low, 2 * batch);
			assert_int_equal(hot->high, 6 * batch);
			assert_int_equal(cold->batch, batch);
			assert_int_equal(cold->low, 0);
			assert_int_equal(cold->high, 2 * batch);
		}
	}
}

static void marks_at_the_bounds(void **state)
{
	struct zone *zone;

	/* 1 MB of RAM: sqrt(16384) = 128, the least there is */
	host_nodes_init(&nodes, 1);
	zone = nodes.node[0].node_zones;
	zone_init(&zone[ZONE_DMA], 0, 256, 256);
	assert_int_equal(default_min_free_kbytes(&nodes.set), 128);
	zone_init(&zone[ZONE_DMA], 0, 16, 16);
	assert_int_equal(default_min_free_kbytes(&nodes.set), 128);
	setup_per_zone_pages_min(&nodes.set, 128);
	assert_int_equal(zone[ZONE_DMA].pages_min, 32);
	EXPECT_DEATH("out of its bounds",
		     setup_per_zone_pages_min(&nodes.set, 127));
	EXPECT_DEATH("out of its bounds",
		     setup_per_zone_pages_min(&nodes.set, 65537));

	/* high memory alone: no lowmem to share the pages among */
	host_nodes_init(&nodes, 1);
	zone_init(&zone[ZONE_HIGHMEM], 0, 40000, 40000);
	setup_per_zone_pages_min(&nodes.set, 65536);
	assert_int_equal(zone[ZONE_HIGHMEM].pages_min, 39);
	assert_int_equal(zone[ZONE_NORMAL].pages_min, 0);
}

/* By hand, as tests do: what is derived follows. */
static void marks_by_hand(void **state)
{
	struct zone *zone;

	make_counts(64);
	zone = &nodes.node[0].node_zones[ZONE_DMA];
	setup_per_zone_pages_min(&nodes.set, 1024);
	zone_set_marks(zone, 1, 2, 3);
	expect_marks(zone, (const u32[]){ 1, 2, 3 });
	assert_int_equal(zone->lowmem_reserve[ZONE_NORMAL], 48);
}

/* --- zonelists --- */

/* Is node a to be tried before node b, as mmzone.h says it? */
static bool nearer(unsigned int home, unsigned int a, unsigned int b)
{
	const struct node_set *set = &nodes.set;

	if (a == home || b == home)
		return a == home;
	if (set->distance[home][a] != set->distance[home][b])
		return set->distance[home][a] < set->distance[home][b];
	if (set->has_cpu[a] != set->has_cpu[b])
		return !set->has_cpu[a];
	return (a + set->nr - home) % set->nr <
	       (b + set->nr - home) % set->nr;
}

/* The list as the words say it, by repeated search for the nearest. */
static unsigned int wanted_list(unsigned int home, int highest,
				struct zone **zones)
{
	bool used[HOST_NODES] = { false };
	unsigned int n = 0, round, i;

	for (round = 0; round < nodes.set.nr; round++) {
		int best = -1, type;

		for (i = 0; i < nodes.set.nr; i++)
			if (!used[i] && (best < 0 ||
					 nearer(home, i, (unsigned int)best)))
				best = (int)i;
		used[best] = true;
		for (type = highest; type >= 0; type--) {
			struct zone *zone =
				&nodes.node[best].node_zones[type];

			if (zone->present_pages)
				zones[n++] = zone;
		}
	}
	return n;
}

static void compare_zonelists(void)
{
	static const int highest[GFP_ZONETYPES] = {
		[0] = ZONE_NORMAL, [__GFP_DMA] = ZONE_DMA,
		[__GFP_HIGHMEM] = ZONE_HIGHMEM,
	};
	struct zone *want[HOST_NODES * MAX_NR_ZONES];
	unsigned int home, gfp, n, i;

	build_zonelists(&nodes.set);
	for (home = 0; home < nodes.set.nr; home++)
		for (gfp = 0; gfp < GFP_ZONETYPES; gfp++) {
			struct zonelist *list = host_zonelist(&nodes, home,
							      gfp);

			n = wanted_list(home, highest[gfp], want);
			for (i = 0; i < n; i++)
				assert_ptr_equal(list->zones[i], want[i]);
			assert_null(list->zones[n]);
		}
}

static void random_nodes(void)
{
	unsigned int nr = 1 + host_below(HOST_NODES), i, j;

	host_nodes_init(&nodes, nr);
	for (i = 0; i < nr; i++) {
		for (j = 0; j < MAX_NR_ZONES; j++)
			if (host_below(3))
				zone_init(&nodes.node[i].node_zones[j], 0, 64,
					  64);
		for (j = 0; j < nr; j++)
			nodes.set.distance[i][j] =
				i == j ? 10 : 10 + 10 * host_below(3);
		nodes.set.has_cpu[i] = host_below(2);
	}
}

static void zonelists_random(void **state)
{
	u32 round;

	host_seed("zonelists");
	for (round = 0; round < 5000; round++) {
		random_nodes();
		compare_zonelists();
	}
}

/* Names the nodes and zones of a list: "0N 0D 1N". */
static const char *list_text(unsigned int home, gfp_t gfp)
{
	static char text[64];
	struct zone **z = host_zonelist(&nodes, home, gfp)->zones;
	size_t at = 0;

	text[0] = '\0';
	for (; *z; z++)
		at += (size_t)snprintf(text + at, sizeof(text) - at,
				       "%s%d%c", at ? " " : "",
				       (*z)->zone_pgdat->node_id,
				       (*z)->name[0]);
	return text;
}

static void populate(unsigned int node, enum zone_type type)
{
	zone_init(&nodes.node[node].node_zones[type], 0, 64, 64);
}

/* Written out, so that a reader sees what comes out. */
static void zonelists_by_example(void **state)
{
	unsigned int i;

	host_nodes_init(&nodes, 1);
	for (i = 0; i < MAX_NR_ZONES; i++)
		populate(0, i);
	build_zonelists(&nodes.set);
	assert_string_equal(list_text(0, 0), "0N 0D");
	assert_string_equal(list_text(0, __GFP_DMA), "0D");
	assert_string_equal(list_text(0, __GFP_HIGHMEM), "0H 0N 0D");

	host_nodes_init(&nodes, 2);
	populate(0, ZONE_DMA);
	populate(0, ZONE_NORMAL);
	populate(1, ZONE_NORMAL);
	populate(1, ZONE_HIGHMEM);
	build_zonelists(&nodes.set);
	assert_string_equal(list_text(0, __GFP_HIGHMEM), "0N 0D 1H 1N");
	assert_string_equal(list_text(1, 0), "1N 0N 0D");
	assert_string_equal(list_text(1, __GFP_DMA), "0D");

	/* a ring of four: neighbours are 15 away, the one opposite 20 */
	host_nodes_init(&nodes, 4);
	for (i = 0; i < 4; i++) {
		populate(i, ZONE_NORMAL);
		nodes.set.distance[i][(i + 1) % 4] = 15;
		nodes.set.distance[i][(i + 3) % 4] = 15;
	}
	build_zonelists(&nodes.set);
	assert_string_equal(list_text(0, 0), "0N 1N 3N 2N");
	assert_string_equal(list_text(2, 0), "2N 3N 1N 0N");
	nodes.set.has_cpu[3] = false;	/* nobody misses its memory */
	build_zonelists(&nodes.set);
	assert_string_equal(list_text(0, 0), "0N 3N 1N 2N");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(int_sqrt_around_squares),
		HOST_TEST(watermark_truth_table),
		HOST_TEST(watermark_borders),
		HOST_TEST(worked_figures),
		HOST_TEST(marks_at_the_bounds),
		HOST_TEST(marks_by_hand),
		HOST_TEST(zonelists_random),
		HOST_TEST(zonelists_by_example),
	};

	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
