/*
 * The page allocator on private zones, against the plainest model there is: an
 * array that says who has each frame.
 *
 * The model knows when an allocation may fail, too: only if no aligned block of
 * that size is wholly free. As buddies always merge, and the lists per CPU are
 * emptied before a request fails, such a block must be found.
 */
#include "zones.h"

#define FRAMES 9000U
#define BLOCKS FRAMES
#define STEPS 1000000U
#define CHECK_EACH 1000U

#define NOBODY 0U
#define HOLE (~0U)

static struct host_nodes nodes;

/* --- the model --- */

static u32 owner[FRAMES];	/* NOBODY, HOLE, or an index of block[] + 1 */
static struct zone *zone_of[FRAMES];

static struct block {
	struct page *page;
	unsigned int order;
	bool compound;
	u32 users;
} block[BLOCKS];

static u32 nr_blocks;

static void model_init(void)
{
	u32 pfn;

	nr_blocks = 0;
	for (pfn = 0; pfn < FRAMES; pfn++) {
		struct page *page = pfn_to_page(pfn);

		owner[pfn] = PageReserved(page) ? HOLE : NOBODY;
		zone_of[pfn] = PageReserved(page) ? NULL : page_zone(page);
	}
}

static bool model_is_free(u32 pfn, u32 pages, const struct zone *zone)
{
	for (; pages; pages--, pfn++)
		if (pfn >= FRAMES || owner[pfn] != NOBODY ||
		    zone_of[pfn] != zone)
			return false;
	return true;
}

/* Is there a block for that request in any zone of the list? */
static bool model_has_block(const struct zonelist *list, unsigned int order)
{
	struct zone *const *z;
	u32 size = 1U << order, pfn;

	for (z = list->zones; *z; z++)
		for (pfn = ALIGN((*z)->zone_start_pfn, size);
		     pfn < (*z)->zone_start_pfn + (*z)->spanned_pages;
		     pfn += size)
			if (model_is_free(pfn, size, *z))
				return true;
	return false;
}

static void model_take(struct page *page, unsigned int order, bool compound)
{
	u32 pfn = page_to_pfn(page), i;

	block[nr_blocks++] = (struct block){ page, order, compound, 1 };
	for (i = 0; i < 1U << order; i++)
		owner[pfn + i] = nr_blocks;
}

static void model_give(u32 index)
{
	struct block *b = &block[index], *last = &block[--nr_blocks];
	u32 pfn = page_to_pfn(b->page), i;

	for (i = 0; i < 1U << b->order; i++)
		owner[pfn + i] = NOBODY;
	if (b == last)
		return;
	*b = *last;
	pfn = page_to_pfn(b->page);
	for (i = 0; i < 1U << b->order; i++)
		owner[pfn + i] = index + 1;
}

/* One frame comes back; the rest of its block becomes single pages. */
static void model_cut(u32 pfn)
{
	struct block b = block[owner[pfn] - 1];
	u32 i;

	model_give(owner[pfn] - 1);
	for (i = 0; b.order && i < 1U << b.order; i++)
		if (page_to_pfn(b.page + i) != pfn)
			model_take(b.page + i, 0, false);
}

static void model_compare(void)
{
	struct zone *zone;
	u32 pfn, i;

	host_check(&nodes.set);
	for_each_zone_of(&nodes.set, zone, i) {
		u32 free = 0;

		for (pfn = 0; pfn < FRAMES; pfn++)
			free += owner[pfn] == NOBODY && zone_of[pfn] == zone;
		assert_int_equal(host_free_pages(zone), free);
	}
	for (i = 0; i < nr_blocks; i++) {
		assert_int_equal(page_count(block[i].page), block[i].users);
		assert_int_equal(page_order(block[i].page), block[i].order);
	}
}

/* --- what is done --- */

/* What must hold of a block that was handed out. */
static void judge_block(struct page *page, unsigned int order, bool compound,
			const struct zonelist *list)
{
	u32 pfn = page_to_pfn(page), i;
	struct zone *zone = page_zone(page);
	struct zone *const *z = list->zones;

	assert_true(pfn < FRAMES && IS_ALIGNED(pfn, 1U << order));
	while (*z && *z != zone)
		z++;
	assert_ptr_equal(*z, zone);
	assert_true(model_is_free(pfn, 1U << order, zone));
	assert_int_equal(page_count(page), 1);
	assert_int_equal(page_order(page), order);
	for (i = 0; i < 1U << order; i++) {
		assert_int_equal(PageCompound(page + i), compound);
		assert_int_equal(page_mapcount(page + i), 0);
		assert_int_equal(page_count(page + i), !i);
		if (compound)
			assert_ptr_equal(compound_head(page + i), page);
	}
}

static void random_alloc(unsigned int order)
{
	static const gfp_t classes[] = { 0, __GFP_DMA, __GFP_HIGHMEM };
	gfp_t gfp = classes[host_below(3)] | __GFP_NOWARN | __GFP_HIGH;
	bool compound = order && host_below(8) == 0;
	struct zonelist *list = host_zonelist(
		&nodes, host_below(nodes.set.nr), gfp);
	struct page *page;

	if (nr_blocks == BLOCKS)
		return;
	gfp |= compound ? __GFP_COMP : 0;
	gfp |= host_below(8) == 0 ? __GFP_COLD : 0;
	page = __alloc_pages(gfp, order, list);
	if (!page) {
		assert_false(model_has_block(list, order));
		return;
	}
	judge_block(page, order, compound, list);
	model_take(page, order, compound);
}

/* Through any of the ways there are. */
static void random_put(struct block *b)
{
	struct page *any = b->page + host_below(1U << b->order);

	if (b->compound && host_below(2))
		put_page(any);
	else if (!b->order && host_below(3) == 0)
		__free_page(b->page);
	else if (!b->order && host_below(2))
		put_page(b->page);
	else
		__free_pages(b->page, b->order);
}

static void random_free(void)
{
	u32 index;

	if (!nr_blocks)
		return;
	index = host_below(nr_blocks);
	random_put(&block[index]);
	if (--block[index].users)
		assert_int_equal(page_count(block[index].page),
				 block[index].users);
	else
		model_give(index);
}

static void random_get(void)
{
	struct block *b;

	if (!nr_blocks)
		return;
	b = &block[host_below(nr_blocks)];
	/* of a block that is not compound only its first page has users */
	get_page(b->compound ? b->page + host_below(1U << b->order) :
			       b->page);
	b->users++;
}

static void random_split(void)
{
	struct block *b;
	struct page *page;
	u32 index, order, i;

	if (!nr_blocks)
		return;
	index = host_below(nr_blocks);
	b = &block[index];
	order = b->order;
	page = b->page;
	if (b->compound || b->users != 1 || order > 3 ||
	    nr_blocks + (1U << order) > BLOCKS)
		return;
	split_page(page, order);
	model_give(index);
	for (i = 0; i < 1U << order; i++)
		model_take(page + i, 0, false);
}

/* Small orders are frequent, but all occur; now and then nearly all goes. */
static void random_step(void)
{
	static u32 pressure = 5;	/* of 10: allocations */
	u32 what = host_below(100);

	if (what == 0 && host_below(50) == 0)
		pressure = 2 + host_below(7);
	if (what < 3)
		random_get();
	else if (what < 4)
		random_split();
	else if (what == 4 && host_below(20) == 0)
		drain_local_pages(&nodes.set);
	else if (host_below(10) < pressure)
		random_alloc(host_below(1 + host_below(1 + host_below(11))));
	else
		random_free();
}

/* --- machines --- */

static bool hole_at_640k(u32 pfn)
{
	return pfn < 0xa0 || pfn >= 0x100;
}

static bool swiss_cheese(u32 pfn)
{
	return pfn % 37 && pfn % 64 != 1 && pfn / 512 % 3 != 1;
}

static bool even_kilo(u32 pfn)
{
	return pfn / 300 % 2 == 0;
}

static bool odd_kilo(u32 pfn)
{
	return pfn / 300 % 2;
}

/* One node, the three zones, borders where they usually are not. */
static void make_one_node(void)
{
	host_nodes_init(&nodes, 1);
	host_zone(&nodes, 0, ZONE_DMA, 0, 1001, hole_at_640k);
	host_zone(&nodes, 0, ZONE_NORMAL, 1001, 7003, swiss_cheese);
	host_zone(&nodes, 0, ZONE_HIGHMEM, 7003, 9000, NULL);
}

/* Two nodes whose frames alternate, every 300. */
static void make_interleaved(void)
{
	host_nodes_init(&nodes, 2);
	host_zone(&nodes, 0, ZONE_NORMAL, 3, 8999, even_kilo);
	host_zone(&nodes, 1, ZONE_NORMAL, 300, 9000, odd_kilo);
}

/* Four nodes, one of them with a few pages, one without any. */
static void make_four_nodes(void)
{
	host_nodes_init(&nodes, 4);
	host_zone(&nodes, 0, ZONE_DMA, 1, 1023, NULL);
	host_zone(&nodes, 0, ZONE_NORMAL, 1023, 3000, NULL);
	host_zone(&nodes, 1, ZONE_NORMAL, 3000, 3017, NULL);
	host_zone(&nodes, 3, ZONE_NORMAL, 3017, 6001, hole_at_640k);
	host_zone(&nodes, 3, ZONE_HIGHMEM, 6001, 8191, NULL);
}

/* The lists per CPU as they are in a zone of 64 MB and more. */
static void make_large_batches(void)
{
	struct zone *zone;
	struct per_cpu_pages *pcp;

	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, 0, 2500, swiss_cheese);
	for (pcp = zone->pageset[0].pcp; pcp < zone->pageset[0].pcp + 2;
	     pcp++) {
		pcp->low *= PCP_BATCH_MOST;
		pcp->high *= PCP_BATCH_MOST;
		pcp->batch *= PCP_BATCH_MOST;
	}
	zone_set_hot(zone, true);
}

static void (*const machines[])(void) = {
	make_one_node, make_interleaved, make_four_nodes, make_large_batches,
};

static void make(void (*machine)(void))
{
	host_frames(FRAMES);
	machine();
	host_nodes_done(&nodes);
	model_init();
}

/* --- tests --- */

static void free_everything(void)
{
	while (nr_blocks)
		random_free();
	drain_local_pages(&nodes.set);
	model_compare();
}

static void random_against_model(void **state)
{
	struct host_areas before[HOST_NODES * MAX_NR_ZONES], after;
	struct zone *zone;
	u32 m, step, i;

	host_seed("buddy");
	for (m = 0; m < ARRAY_SIZE(machines); m++) {
		make(machines[m]);
		for_each_zone_of(&nodes.set, zone, i)
			before[i] = host_areas(zone);
		for (step = 0; step < STEPS / ARRAY_SIZE(machines); step++) {
			random_step();
			if (step % CHECK_EACH == 0)
				model_compare();
		}
		free_everything();
		for_each_zone_of(&nodes.set, zone, i) {
			after = host_areas(zone);
			assert_memory_equal(&before[i], &after, sizeof(after));
		}
	}
}

/* Blocks of one order until there are no more: as many as the model counts. */
static void exhaust(struct zone *zone, unsigned int order)
{
	u32 size = 1U << order, pfn, wanted = 0, got = 0;
	struct host_areas before = host_areas(zone), after;
	u32 end = zone->zone_start_pfn + zone->spanned_pages;
	struct page *page;

	for (pfn = ALIGN(zone->zone_start_pfn, size); pfn < end; pfn += size)
		wanted += model_is_free(pfn, size, zone);
	while ((page = host_take(zone, order))) {
		assert_true(model_is_free(page_to_pfn(page), size, zone));
		assert_true(IS_ALIGNED(page_to_pfn(page), size));
		assert_true(nr_blocks < BLOCKS);
		model_take(page, order, false);
		got++;
	}
	assert_int_equal(got, wanted);
	host_check_lists(zone);
	while (nr_blocks) {
		u32 index = host_below(nr_blocks);

		host_give(zone, block[index].page, order);
		model_give(index);
	}
	after = host_areas(zone);
	assert_memory_equal(&before, &after, sizeof(after));
	host_check_zone(zone);
}

static void every_order_to_exhaustion(void **state)
{
	unsigned int m, order, i;
	struct zone *zone;

	host_seed("buddy, exhaustion");
	for (m = 0; m < ARRAY_SIZE(machines); m++) {
		make(machines[m]);
		for_each_zone_of(&nodes.set, zone, i)
			for (order = 0; order < MAX_ORDER; order++)
				exhaust(zone, order);
	}
}

/* --- several pages at once --- */

static void take_upto(struct zone *zone, u32 most)
{
	u32 flags = spin_lock_irqsave(&zone->lock), o;
	struct host_areas before = host_areas(zone);
	unsigned int order = ~0U;
	struct page *page = __rmqueue_upto(zone, most, &order);

	spin_unlock_irqrestore(&zone->lock, flags);
	if (!page) {
		assert_int_equal(zone->free_pages, 0);
		return;
	}
	assert_true(order < MAX_ORDER && 1U << order <= most);
	/* the smallest block there is, as long as it is not too large */
	for (o = 0; o < order; o++)
		assert_int_equal(before.nr[o], 0);
	assert_true(model_is_free(page_to_pfn(page), 1U << order, zone));
	model_take(page, order, false);
}

/* The frames around a block that are out, too, whoever has them. */
static void give_run(struct zone *zone)
{
	u32 first, last, pfn, flags;

	if (!nr_blocks)
		return;
	first = last = page_to_pfn(block[host_below(nr_blocks)].page);
	while (first && owner[first - 1] - 1 < HOLE - 1 &&
	       zone_of[first - 1] == zone && host_below(64))
		first--;
	while (last + 1 < FRAMES && owner[last + 1] - 1 < HOLE - 1 &&
	       zone_of[last + 1] == zone && host_below(64))
		last++;
	flags = spin_lock_irqsave(&zone->lock);
	__free_run(zone, pfn_to_page(first), last + 1 - first);
	spin_unlock_irqrestore(&zone->lock, flags);
	/* what is left of blocks that were cut is single pages now */
	for (pfn = first; pfn <= last; pfn++)
		model_cut(pfn);
}

/* Any run of pages may come back, however they went out. */
static void runs_against_model(void **state)
{
	struct host_areas before, after;
	struct zone *zone;
	u32 step;

	host_seed("buddy, runs");
	make(make_large_batches);
	zone = &nodes.node[0].node_zones[ZONE_NORMAL];
	before = host_areas(zone);
	for (step = 0; step < STEPS / 50; step++) {
		if (host_below(100) < 55)
			take_upto(zone, 1 + host_below(1 + host_below(1500)));
		else
			give_run(zone);
		if (step % 100 == 0)
			host_check_lists(zone);
	}
	while (nr_blocks)
		give_run(zone);
	after = host_areas(zone);
	assert_memory_equal(&before, &after, sizeof(after));
	host_check(&nodes.set);
}

/* Single pages of a fresh block come out in ascending order: 4.2 of buddy.c. */
static void singles_ascend(void **state)
{
	struct zone *zone;
	u32 i, first;

	host_frames(2048);
	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, 0, 2048, NULL);
	host_nodes_done(&nodes);
	first = page_to_pfn(host_take(zone, 0));
	for (i = 1; i < 1024; i++)
		assert_int_equal(page_to_pfn(host_take(zone, 0)), first + i);
	host_check_lists(zone);
	/* and through the lists per CPU */
	first = page_to_pfn(__alloc_pages(0, 0, host_zonelist(&nodes, 0, 0)));
	for (i = 1; i < 1000; i++)
		assert_int_equal(page_to_pfn(__alloc_pages(
			0, 0, host_zonelist(&nodes, 0, 0))), first + i);
	host_check_lists(zone);
}

/* Two zones share an aligned block: what is freed stays on its own side. */
static void no_merge_across_zones(void **state)
{
	struct zone *dma, *normal;

	host_frames(16);
	host_nodes_init(&nodes, 1);
	dma = host_zone(&nodes, 0, ZONE_DMA, 0, 8, NULL);
	normal = host_zone(&nodes, 0, ZONE_NORMAL, 8, 16, NULL);
	host_nodes_done(&nodes);
	assert_int_equal(dma->free_area[3].nr_free, 1);
	assert_int_equal(normal->free_area[3].nr_free, 1);
	host_give(dma, host_take(dma, 0), 0);
	host_give(normal, host_take(normal, 3), 3);
	assert_int_equal(dma->free_area[3].nr_free, 1);
	assert_int_equal(normal->free_area[3].nr_free, 1);
	assert_null(host_take(dma, 4));
	host_check(&nodes.set);
}

static void misuse(void **state)
{
	struct page *page;
	struct zone *zone;

	host_frames(64);
	host_nodes_init(&nodes, 1);
	zone = host_zone(&nodes, 0, ZONE_NORMAL, 0, 64, NULL);
	host_nodes_done(&nodes);
	EXPECT_DEATH("lock that this needs is not held", __rmqueue(zone, 0));
	EXPECT_DEATH("lock that this needs is not held",
		     __free_one_page(zone, pfn_to_page(0), 0));
	EXPECT_DEATH("more pages than frames", zone_init(zone, 0, 1, 2));
	EXPECT_DEATH("zone id above 255",
		     node_init(&nodes.node[1], 1, MAX_ZONEIDS - 2));
	page = __alloc_pages(__GFP_COMP, 2, host_zonelist(&nodes, 0, 0));
	EXPECT_DEATH("compound", split_page(page, 2));
	__free_pages(page, 2);
	EXPECT_DEATH("nobody has", get_page(page));
	page = __alloc_pages(0, 2, host_zonelist(&nodes, 0, 0));
	EXPECT_DEATH("another order", split_page(page, 1));
	get_page(page);
	EXPECT_DEATH("with users", split_page(page, 2));
	put_page(page);
	host_reset();	/* it is order 2, and was put as order 0 */
	assert_null(__alloc_pages(0, MAX_ORDER, host_zonelist(&nodes, 0, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(random_against_model),
		HOST_TEST(every_order_to_exhaustion),
		HOST_TEST(runs_against_model),
		HOST_TEST(singles_ascend),
		HOST_TEST(no_merge_across_zones),
		HOST_TEST(misuse),
	};

	return cmocka_run_group_tests_name("buddy", tests, NULL, NULL);
}
