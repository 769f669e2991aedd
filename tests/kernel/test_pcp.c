/*
 * The pages kept for each CPU: when a batch is fetched and given back, against
 * a model of two numbers; which page goes out first; and that interrupts may
 * come between any two instructions.
 */
#include <kernel/base/debug.h>
#include <kernel/cpu/processor.h>
#include "private_node.h"
#include "rtc_irq.h"

#define STEPS 3000
#define MOST_HELD 20

static struct per_cpu_pages *list_of(struct zone *zone, bool cold)
{
	return &zone->pageset[0].pcp[cold];
}

/* --- the numbers --- */

/* What there must be: pages on the lists, pages with the CPU. */
struct model {
	u32 free, count[2];
};

static void model_alloc(struct model *m, const struct zone *zone, bool cold)
{
	const struct per_cpu_pages *pcp = &zone->pageset[0].pcp[cold];

	if (m->count[cold] <= pcp->low) {
		u32 n = min(pcp->batch, m->free);

		m->free -= n;
		m->count[cold] += n;
	}
	m->count[cold]--;
}

static void model_free(struct model *m, const struct zone *zone)
{
	const struct per_cpu_pages *pcp = &zone->pageset[0].pcp[0];

	if (++m->count[0] >= pcp->high) {
		m->count[0] -= pcp->batch;
		m->free += pcp->batch;
	}
}

static bool as_modelled(struct zone *zone, const struct model *m)
{
	return EXPECT_EQ(list_of(zone, false)->count, m->count[0]) &
	       EXPECT_EQ(list_of(zone, true)->count, m->count[1]) &
	       EXPECT_EQ(zone->free_pages, m->free);
}

/* Random steps in a zone that keeps as much as one of so many pages. */
static void walk(struct zone *zone, u32 present)
{
	struct page *held[MOST_HELD];
	struct model m = { .free = private_pages() };
	u32 step, n = 0;

	private_pcp_as_of(zone, present);
	for (step = 0; step < STEPS; step++) {
		/* runs of one kind, or neither end is ever reached */
		bool cold = private_random(4) == 0;
		bool take = private_random(8) < (step & 64 ? 6 : 2);

		if (take && n < MOST_HELD) {
			held[n] = private_alloc(cold ? GFP_KERNEL | __GFP_COLD :
						GFP_KERNEL, 0);
			REQUIRE(held[n++]);
			model_alloc(&m, zone, cold);
		} else if (n) {
			__free_page(held[--n]);
			model_free(&m, zone);
		}
		REQUIRE(as_modelled(zone, &m));
		REQUIRE(list_of(zone, false)->count <
			list_of(zone, false)->high);
	}
	while (n)
		__free_page(held[--n]);
	drain_zone_pages(zone);
	EXPECT_EQ(zone->free_pages, private_pages());
}

TEST_PRIVATE(pcp, low_high_and_batch, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());

	private_ready();
	walk(zone, 64);		/* batch 1: 2 .. 6 */
	walk(zone, 8192);	/* batch 2: 4 .. 12 */
	walk(zone, 3 * 4096);	/* batch 3: 6 .. 18 */
	walk(zone, 5 * 4096);	/* batch 5: 10 .. 30 */
}

/* The largest there is: both ends, step by step. */
TEST_PRIVATE(pcp, largest_batch, 8)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 256);
	struct page *held[64];
	struct model m = { .free = 256 };
	u32 i, round;

	private_ready();
	private_pcp_as_of(zone, 1U << 20);
	EXPECT_EQ(list_of(zone, false)->high, PCP_MOST);
	for (round = 0; round < 4; round++) {
		for (i = 0; i < 64; i++) {
			held[i] = private_alloc(GFP_KERNEL, 0);
			REQUIRE(held[i]);
			model_alloc(&m, zone, false);
			REQUIRE(as_modelled(zone, &m));
		}
		for (i = 0; i < 64; i++) {
			__free_page(held[i]);
			model_free(&m, zone);
			REQUIRE(as_modelled(zone, &m));
		}
	}
	EXPECT(m.count[0] > 64);
}

TEST_PRIVATE(pcp, refill_at_low, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	struct per_cpu_pages *pcp = list_of(zone, false);
	struct page *held[20];
	u32 i;

	private_ready();
	private_pcp_as_of(zone, 4 * 4096);	/* batch 4, low 8, high 24 */
	for (i = 0; i < ARRAY_SIZE(held); i++)
		REQUIRE((held[i] = private_alloc(GFP_KERNEL, 0)));
	/* three more from each batch, up to the first above low; then one of
	 * a batch in four is fetched */
	EXPECT_EQ(pcp->count, 8);
	EXPECT_EQ(zone->free_pages, private_pages() - 28);
	__free_page(held[--i]);
	EXPECT_EQ(pcp->count, 9);
	held[i++] = private_alloc(GFP_KERNEL, 0);
	EXPECT_EQ(pcp->count, 8);
	EXPECT_EQ(zone->free_pages, private_pages() - 28);
	while (i && pcp->count < 23)
		__free_page(held[--i]);
	EXPECT_EQ(pcp->count, 23);
	__free_page(held[--i]);
	EXPECT_EQ(pcp->count, 20);
	EXPECT_EQ(zone->free_pages, private_pages() - 24);
	while (i)
		__free_page(held[--i]);
}

/* --- which page --- */

/* A disk can take them as one segment. */
TEST_PRIVATE(pcp, single_pages_rise, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	u32 i;

	private_ready();
	private_pcp_as_of(zone, 4 * 4096);
	for (i = 0; i < private_pages(); i++)
		REQUIRE(private_alloc(GFP_KERNEL, 0) == private_page(i));
	for (i = 0; i < private_pages(); i++)
		__free_page(private_page(i));
}

TEST_PRIVATE(pcp, cold_pages_rise, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	u32 i;

	private_ready();
	private_pcp_as_of(zone, 4 * 4096);
	for (i = 0; i < 64; i++)
		REQUIRE(private_alloc(GFP_KERNEL | __GFP_COLD, 0) ==
			private_page(i));
	while (i)
		__free_page(private_page(--i));
}

/* What was freed last is hot; who asks for a cold page gets another. */
TEST_PRIVATE(pcp, last_freed_goes_first, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	struct page *a, *b, *c;

	private_ready();
	private_pcp_as_of(zone, 4 * 4096);
	a = private_alloc(GFP_KERNEL, 0);
	b = private_alloc(GFP_KERNEL, 0);
	REQUIRE(a && b && a != b);
	__free_page(a);
	__free_page(b);
	EXPECT_EQ(list_of(zone, true)->count, 0);
	c = private_alloc(GFP_KERNEL | __GFP_COLD, 0);
	EXPECT(c && c != a && c != b);
	/* the rest of the batch stays cold */
	EXPECT_EQ(list_of(zone, true)->count, 3);
	EXPECT(private_alloc(GFP_KERNEL, 0) == b);
	EXPECT(private_alloc(GFP_KERNEL, 0) == a);
	__free_page(a);
	__free_page(b);
	/* it has been touched: it is hot now */
	__free_page(c);
	EXPECT_EQ(list_of(zone, true)->count, 3);
	EXPECT(private_alloc(GFP_KERNEL, 0) == c);
	__free_page(c);
}

/* At high those go back that were not touched longest. */
TEST_PRIVATE(pcp, oldest_go_back, 7)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	struct page *held[12];
	u32 i;

	private_ready();
	private_pcp_as_of(zone, 8192);		/* batch 2, high 12 */
	for (i = 0; i < 12; i++)
		REQUIRE((held[i] = private_alloc(GFP_KERNEL, 0)));
	drain_zone_pages(zone);
	for (i = 0; i < 12; i++) {
		EXPECT_EQ(list_of(zone, false)->count, i);
		__free_page(held[i]);
	}
	EXPECT_EQ(list_of(zone, false)->count, 10);
	/* page_block() knows free blocks, but nothing of the CPU's pages */
	EXPECT(page_block(held[0]));
	EXPECT(page_block(held[1]));
	for (i = 2; i < 12; i++)
		EXPECT(!page_block(held[i]));
	for (i = 12; i-- > 2;)
		EXPECT(private_alloc(GFP_KERNEL, 0) == held[i]);
	for (i = 2; i < 12; i++)
		__free_page(held[i]);
}

/* --- draining --- */

TEST_PRIVATE(pcp, drain_empties_both, 7)
{
	struct zone *a = private_zone(0, ZONE_DMA, 0, 32);
	struct zone *b = private_zone(1, ZONE_NORMAL, 32, 64);
	struct page *page;

	private_ready();
	private_pcp_as_of(a, 8192);
	private_pcp_as_of(b, 8192);
	__free_page(private_alloc(GFP_DMA, 0));
	page = __alloc_pages(GFP_KERNEL | __GFP_COLD, 0,
			     &private_nodes.node[1]->node_zonelists[0]);
	REQUIRE(page);
	__free_page(page);
	EXPECT_EQ(nr_pcp_pages(a), 2);
	EXPECT_EQ(list_of(b, false)->count, 1);
	EXPECT_EQ(list_of(b, true)->count, 1);
	drain_zone_pages(a);
	EXPECT_EQ(nr_pcp_pages(a), 0);
	EXPECT_EQ(a->free_pages, 32);
	EXPECT_EQ(nr_pcp_pages(b), 2);
	drain_local_pages(&private_nodes);
	EXPECT_EQ(nr_pcp_pages(b), 0);
	EXPECT_EQ(b->free_pages, 64);
	/* once more: nothing to do */
	drain_local_pages(&private_nodes);
	EXPECT_EQ(b->free_pages, 64);
}

TEST(pcp, drain_of_the_machine)
{
	struct zone *zone;
	unsigned int i;
	u32 free = nr_unused_pages(), kept = 0;

	__free_page(alloc_page(GFP_KERNEL));
	__free_page(alloc_page(GFP_KERNEL | __GFP_COLD));
	__free_page(alloc_page(GFP_DMA));
	for_each_zone_of(&machine_nodes, zone, i)
		kept += nr_pcp_pages(zone);
	EXPECT(kept >= 2);
	/* what is kept is as free as the rest */
	EXPECT_EQ(nr_unused_pages(), free);
	drain_all_pages();
	EXPECT_EQ(nr_unused_pages(), free);
	for_each_zone_of(&machine_nodes, zone, i) {
		EXPECT_EQ(nr_pcp_pages(zone), 0);
		free -= zone->free_pages;
	}
	EXPECT_EQ(free, 0);
}

/* Four pages, all with the CPU: a block of four is there once they merge. */
TEST_PRIVATE(pcp, block_needs_what_the_cpu_keeps, 2)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 4);
	struct page *block;
	u32 i;

	private_ready();
	for (i = 0; i < 4; i++)
		REQUIRE(private_alloc(GFP_KERNEL, 0) == private_page(i));
	for (i = 0; i < 4; i++)
		__free_page(private_page(i));
	EXPECT_EQ(zone->free_pages, 0);
	EXPECT_EQ(nr_pcp_pages(zone), 4);
	block = private_alloc(GFP_ATOMIC, 2);
	EXPECT(block == private_page(0));
	EXPECT_EQ(nr_pcp_pages(zone), 0);
	if (block)
		__free_pages(block, 2);
}

/* The last page is on the cold list, and a hot one is wanted. */
TEST_PRIVATE(pcp, page_needs_what_the_other_list_keeps, 1)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 2);
	struct page *a, *b;

	private_ready();
	private_pcp_as_of(zone, 8192);
	a = private_alloc(GFP_KERNEL | __GFP_COLD, 0);
	REQUIRE(a);
	EXPECT_EQ(list_of(zone, true)->count, 1);
	EXPECT_EQ(zone->free_pages, 0);
	b = private_alloc(GFP_KERNEL, 0);
	EXPECT(b && b != a);
	__free_page(a);
	if (b)
		__free_page(b);
}

/* --- blocks --- */

/* Are blocks kept at all? Not while each change of hands is looked at. */
static bool keeps_blocks(void)
{
	if (!debug_options)
		return true;
	test_skip("not with debug=");
	return false;
}

/* One of each order, the one freed last, comes out again. */
TEST_PRIVATE(pcp, small_blocks_are_kept, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	struct page *a, *b;
	unsigned int order;

	private_ready();
	if (!keeps_blocks())
		return;
	for (order = 1; order <= 4; order++) {
		u32 kept = order <= PCP_BLOCK_MOST ? 1U << order : 0;

		a = private_alloc(GFP_KERNEL, order);
		b = private_alloc(GFP_KERNEL, order);
		REQUIRE(a && b);
		__free_pages(b, order);
		EXPECT_EQ(nr_pcp_pages(zone), kept);
		EXPECT_EQ(zone->free_pages, 64 - (1U << order) - kept);
		/* the place is taken */
		__free_pages(a, order);
		EXPECT_EQ(nr_pcp_pages(zone), kept);
		EXPECT(private_sound(zone));
		if (kept)
			EXPECT(private_alloc(GFP_ATOMIC, order) == b);
		if (kept)
			__free_pages(b, order);
		drain_zone_pages(zone);
		EXPECT_EQ(nr_pcp_pages(zone), 0);
		EXPECT_EQ(zone->free_pages, 64);
	}
}

/* As it was given out first: aligned, one user, compound if that was asked. */
TEST_PRIVATE(pcp, kept_block_is_like_new, 2)
{
	struct page *page;
	u32 i;

	private_zone(0, ZONE_NORMAL, 0, 4);
	private_ready();
	page = private_alloc(GFP_KERNEL | __GFP_COMP, 2);
	REQUIRE(page == private_page(0));
	page->flags |= 1U << PG_referenced;
	put_page(page + 1);
	REQUIRE(private_alloc(GFP_KERNEL, 2) == page);
	EXPECT_EQ(page_order(page), 2);
	EXPECT_EQ(page_count(page), 1);
	for (i = 0; i < 4; i++) {
		EXPECT_EQ(page[i].flags & ((1U << __NR_PAGE_FLAGS) - 1), 0);
		EXPECT_EQ(page_count(page + i), !i);
	}
	__free_pages(page, 2);
	REQUIRE(private_alloc(GFP_KERNEL | __GFP_COMP, 2) == page);
	for (i = 0; i < 4; i++)
		EXPECT(compound_head(page + i) == page);
	memset(page_address(page), 0x77, 4 * PAGE_SIZE);
	__free_pages(page, 2);
	REQUIRE(private_alloc(GFP_KERNEL | __GFP_ZERO, 2) == page);
	for (i = 0; i < PAGE_SIZE; i++)
		REQUIRE(((u32 *)page_address(page))[i] == 0);
	__free_pages(page, 2);
}

/* The marks are kept with a block at hand, too. */
TEST_PRIVATE(pcp, kept_block_obeys_the_marks, 4)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 16);
	struct page *page, *rest;

	private_ready();
	if (!keeps_blocks())
		return;
	page = private_alloc(GFP_KERNEL, 1);
	rest = private_alloc(GFP_KERNEL, 3);
	REQUIRE(page && rest);
	__free_pages(page, 1);
	EXPECT_EQ(zone->free_pages, 6);
	EXPECT_EQ(nr_pcp_pages(zone), 2);
	/* eight are free in all: 8 - 1 > 6 */
	zone_set_marks(zone, 6, 8, 9);
	page = private_alloc(GFP_KERNEL | __GFP_NOWARN, 1);
	EXPECT(page);
	if (page)
		__free_pages(page, 1);
	zone_set_marks(zone, 7, 8, 9);
	EXPECT(!private_alloc(GFP_KERNEL | __GFP_NOWARN, 1));
	zone_set_marks(zone, 0, 0, 0);
	__free_pages(rest, 3);
}

TEST_PRIVATE(pcp, page_needs_a_kept_block, 1)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 2);
	struct page *page;

	private_ready();
	page = private_alloc(GFP_KERNEL, 1);
	REQUIRE(page);
	__free_pages(page, 1);
	page = private_alloc(GFP_KERNEL, 0);
	EXPECT(page == private_page(0));
	EXPECT_EQ(private_free(zone), 1);
	__free_page(page);
}

/* --- interrupts --- */

static bool irq_is(bool on)
{
	return !!(read_eflags() & EFLAGS_IF) == on;
}

/* Each way through the allocator leaves the flag as it was. */
static void all_ways(bool on)
{
	struct page *page[8];
	u32 i;

	for (i = 0; i < 8; i++) {
		page[i] = alloc_page(GFP_KERNEL);
		EXPECT(page[i] && irq_is(on));
	}
	for (i = 0; i < 8; i++) {
		__free_page(page[i]);
		EXPECT(irq_is(on));
	}
	page[0] = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 1);
	EXPECT(page[0] && irq_is(on));
	page[1] = alloc_pages(GFP_ATOMIC | __GFP_COMP | __GFP_COLD, 2);
	EXPECT(page[1] && irq_is(on));
	EXPECT(!alloc_pages(GFP_ATOMIC, MAX_ORDER) && irq_is(on));
	put_page(page[1]);
	EXPECT(irq_is(on));
	split_page(page[0], 1);
	__free_page(page[0] + 1);
	__free_page(page[0]);
	EXPECT(irq_is(on));
	drain_all_pages();
	EXPECT(irq_is(on));
}

TEST(pcp, interrupt_flag_is_kept)
{
	u32 flags = local_irq_save();

	all_ways(false);
	local_irq_enable();
	all_ways(true);
	local_irq_restore(flags);
}

#define TICKS 100
#define MOST_ROUNDS 20000000U	/* guessed: some seconds without a tick */

static volatile u32 ticks;
static struct page *kept[4];

/* Exchanges a page of its own for another one. */
static bool tick(unsigned int irq, void *dev)
{
	u32 i = ticks % ARRAY_SIZE(kept);
	unsigned int order = i & 1;

	if (kept[i])
		__free_pages(kept[i], order);
	kept[i] = alloc_pages(GFP_ATOMIC | __GFP_NOWARN, order);
	ticks++;
	return rtc_was_it();
}

/* The same without interrupts: pages in and out, of all sizes. */
static bool work(u32 round)
{
	unsigned int order = round % 4;
	struct page *a = alloc_pages(GFP_KERNEL, order);
	struct page *b = alloc_page(GFP_KERNEL);
	bool ok = a && b && a != b;

	if (a)
		__free_pages(a, order);
	if (b)
		__free_page(b);
	if (round % 8 == 0)
		drain_all_pages();
	return ok;
}

/* It strikes wherever it likes; the ledger says whether all is whole. */
TEST(pcp, interrupts_allocate_too)
{
	bool ok = true;
	u32 round, i;

	ticks = 0;
	REQUIRE(rtc_start(tick, NULL));
	for (round = 0; ticks < TICKS && round < MOST_ROUNDS; round++)
		ok &= work(round);
	rtc_stop(NULL);
	EXPECT(ok);
	EXPECT(ticks >= TICKS);
	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		EXPECT(kept[i]);
		if (kept[i])
			__free_pages(kept[i], i & 1);
		kept[i] = NULL;
	}
}
