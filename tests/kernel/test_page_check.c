/*
 * The checks of the page allocator find what is broken, each kind of damage by
 * its own sentence, and nothing once it is mended. All of it on a private zone.
 */
#include <mm/page/check.h>
#include "private_node.h"

static u32 found;
static char sentences[512];

static void note_sentence(const char *sentence)
{
	size_t at = strlen(sentences);

	found++;
	strlcpy(sentences + at, sentence, sizeof(sentences) - at);
}

static u32 look(struct zone *zone)
{
	u32 differences;

	found = 0;
	sentences[0] = '\0';
	differences = check_zone(zone, note_sentence) +
		      check_zone_pages(zone, note_sentence);
	EXPECT_EQ(found, differences);
	return differences;
}

/*
 * 64 pages: one taken alone, a block of four taken, two kept for the CPU, the
 * rest free.
 */
static struct zone *zone;
static struct page *single, *block, *kept;
static struct page *first_free;		/* of a block of 16 */
static struct list_head *link;		/* that it stands on the list by */

static void setup(void)
{
	struct page *other;

	zone = private_zone(0, ZONE_NORMAL, 0, 64);
	private_ready();
	block = private_alloc(GFP_KERNEL, 2);
	single = private_alloc(GFP_KERNEL, 0);
	kept = private_alloc(GFP_KERNEL, 0);
	other = private_alloc(GFP_KERNEL, 0);
	zone_set_marks(zone, 2, 3, 4);
	if (!EXPECT(block && single && kept && other))
		return;
	__free_page(kept);
	__free_page(other);
	first_free = private_page(16);
	link = &first_free->lru;
	EXPECT_EQ(look(zone), 0);
	EXPECT(PageBuddy(first_free));
	EXPECT_EQ(page_order(first_free), 4);
}

static void finish(void)
{
	EXPECT_EQ(look(zone), 0);
	zone_set_marks(zone, 0, 0, 0);
	__free_pages(block, 2);
	__free_page(single);
}

/* What `damage` does is found, in these words; mended, it is gone. */
#define FINDS(words, damage, mend) do {					\
	damage;								\
	EXPECT(look(zone) > 0);						\
	EXPECT(strstr(sentences, (words)));				\
	mend;								\
	EXPECT_EQ(look(zone), 0);					\
} while (0)

/* A word that has another value for a moment. */
#define FINDS_VALUE(words, lvalue, value) do {				\
	__typeof__(lvalue) saved_ = (lvalue);				\
									\
	FINDS(words, (lvalue) = (value), (lvalue) = saved_);		\
} while (0)

TEST_PRIVATE(page_check, sums, 6)
{
	setup();
	FINDS_VALUE("node 0 zone Normal: ", zone->free_pages,
		    zone->free_pages + 1);
	FINDS_VALUE("57 pages are free, 56 are counted", zone->free_pages,
		    zone->free_pages - 1);
	FINDS_VALUE("order 4 has 1 blocks, 2 are counted",
		    zone->free_area[4].nr_free, 2);
	FINDS_VALUE("order 4 has 1 blocks, 0 are counted",
		    zone->free_area[4].nr_free, 0);
	FINDS_VALUE("order 10 has 0 blocks, 1 are counted",
		    zone->free_area[10].nr_free, 1);
	FINDS_VALUE("57 pages are free of 56", zone->managed_pages, 56);
	finish();
}

TEST_PRIVATE(page_check, links, 6)
{
	struct list_head *list;

	setup();
	list = &zone->free_area[4].free_list;
	REQUIRE(list->next == link);
	FINDS_VALUE("the list of order 4 is broken", list->next, NULL);
	FINDS_VALUE("the list of order 4 is broken", list->next,
		    (struct list_head *)0xfffffff0);
	FINDS_VALUE("the list of order 4 is broken", list->next,
		    (struct list_head *)((char *)link + 4));
	FINDS_VALUE("the list of order 4 is broken", link->prev, link);
	FINDS_VALUE("the list of order 4 is broken", link->next,
		    &private_page(32)->lru);
	FINDS_VALUE("the list of order 4 is broken", list->prev, list);
	FINDS_VALUE("order 4 has 0 blocks, 1 are counted", list->next, list);
	finish();
}

/* A ring that never comes back to its beginning. */
TEST_PRIVATE(page_check, loop, 6)
{
	struct list_head *list;

	setup();
	list = &zone->free_area[4].free_list;
	FINDS("the list of order 4 is a loop",
	      (link->next = link, link->prev = link),
	      (link->next = list, link->prev = list));
	finish();
}

TEST_PRIVATE(page_check, flags_of_free_blocks, 6)
{
	setup();
	FINDS_VALUE("frame ", first_free->flags,
		    first_free->flags | 1U << PG_locked);
	FINDS_VALUE("on the list of order 4 has flags", first_free->flags,
		    first_free->flags | 1U << PG_reserved);
	FINDS_VALUE("on the list of order 4 has flags", first_free->flags,
		    first_free->flags ^ 1U << PAGE_ORDER_SHIFT);
	FINDS_VALUE("on the list of order 4 has flags", first_free->flags,
		    first_free->flags & ~(1U << PG_buddy));
	FINDS_VALUE("on the list of order 4 has flags", first_free->flags,
		    first_free->flags + (1U << ZONEID_SHIFT));
	FINDS_VALUE("in a free block has flags", first_free[15].flags,
		    first_free[15].flags | 1U << PG_dirty);
	FINDS_VALUE("in a free block has flags", first_free[1].flags,
		    first_free[1].flags | 1U << PG_buddy);
	finish();
}

TEST_PRIVATE(page_check, users_of_free_pages, 6)
{
	setup();
	FINDS("has users", atomic_inc(&first_free->_count),
	      atomic_dec(&first_free->_count));
	FINDS("has users", atomic_inc(&first_free[9]._count),
	      atomic_dec(&first_free[9]._count));
	FINDS("has users", atomic_inc(&first_free[15]._mapcount),
	      atomic_dec(&first_free[15]._mapcount));
	FINDS("has users", atomic_dec(&first_free[3]._count),
	      atomic_inc(&first_free[3]._count));
	finish();
}

/* Puts a block on a list without the allocator's help. */
static void plant(struct page *page, unsigned int order)
{
	page->flags = zone->id << ZONEID_SHIFT | order << PAGE_ORDER_SHIFT |
		      1U << PG_buddy;
	atomic_set(&page->_count, 0);
	list_add(&page->lru, &zone->free_area[order].free_list);
	zone->free_area[order].nr_free++;
	zone->free_pages += 1U << order;
}

static void dig_up(struct page *page, unsigned int order, unsigned int back)
{
	page->flags = zone->id << ZONEID_SHIFT | back << PAGE_ORDER_SHIFT;
	list_del(&page->lru);
	zone->free_area[order].nr_free--;
	zone->free_pages -= 1U << order;
}

TEST_PRIVATE(page_check, buddies_both_free, 6)
{
	setup();
	FINDS("and its buddy are both free",
	      (plant(block, 1), plant(block + 2, 1)),
	      (dig_up(block, 1, 2), dig_up(block + 2, 1, 0),
	       atomic_set(&block->_count, 1)));
	finish();
}

TEST_PRIVATE(page_check, blocks_not_aligned, 6)
{
	setup();
	FINDS("is no block of order 1",
	      plant(block + 1, 1), dig_up(block + 1, 1, 0));
	finish();
}

TEST_PRIVATE(page_check, lists_per_cpu, 6)
{
	struct per_cpu_pages *pcp;

	setup();
	pcp = &zone->pageset[0].pcp[0];
	FINDS_VALUE("57 + 1 are counted", pcp->count, 1);
	FINDS_VALUE("a CPU keeps 7 pages, above 6", pcp->count, 7);
	FINDS_VALUE("a CPU keeps 4000000000 pages", pcp->count, 4000000000U);
	FINDS_VALUE("which is no page", pcp->stack[0], NULL);
	FINDS_VALUE("kept for a CPU has flags", pcp->stack[1], single);
	FINDS_VALUE("kept for a CPU has flags", kept->flags,
		    kept->flags | 1U << PG_slab);
	FINDS("kept for a CPU has flags", atomic_inc(&kept->_count),
	      atomic_dec(&kept->_count));
	/* a page of another zone */
	FINDS_VALUE("kept for a CPU has flags", kept->flags,
		    kept->flags + (1U << ZONEID_SHIFT));
	finish();
}

/* A small block that the CPU keeps; see setup(): it has one of two pages. */
TEST_PRIVATE(page_check, kept_blocks, 6)
{
	struct page **kept_block;

	setup();
	kept_block = &zone->pageset[0].block[1];
	EXPECT(!*kept_block);
	FINDS_VALUE("which is no free block of order 1", *kept_block, single);
	FINDS_VALUE("which is no free block of order 1", *kept_block,
		    mem_map + max_mapnr);
	FINDS_VALUE("which is no free block of order 1", *kept_block,
		    first_free + 1);
	FINDS_VALUE("which is no free block of order 1", *kept_block,
		    first_free);
	FINDS_VALUE("57 + 4 are counted", *kept_block, first_free + 2);
	finish();
}

TEST_PRIVATE(page_check, pages_in_no_state, 6)
{
	setup();
	/* in use, and yet without users: counts as the CPU's, which has less */
	FINDS("60 pages look free, 57 + 2 are counted",
	      atomic_dec(&single->_count), atomic_inc(&single->_count));
	FINDS("count -1 are no state",
	      atomic_set(&single->_count, -1), atomic_set(&single->_count, 1));
	FINDS("are no state",
	      (atomic_dec(&single->_count), single->flags |= 1U << PG_lru),
	      (atomic_inc(&single->_count), single->flags &= ~(1U << PG_lru)));
	/* free, and on no list */
	FINDS_VALUE("pages look free", single->flags,
		    single->flags | 1U << PG_buddy);
	/* a free block that says it is reserved */
	FINDS_VALUE("pages look free", first_free->flags,
		    first_free->flags | 1U << PG_reserved);
	finish();
}

TEST_PRIVATE(page_check, pages_of_a_block_in_use, 6)
{
	setup();
	FINDS_VALUE("in a block in use has flags", block[1].flags,
		    block[1].flags | 1U << PG_buddy);
	FINDS_VALUE("in a block in use has flags", block[3].flags,
		    block[3].flags | 1U << PAGE_ORDER_SHIFT);
	FINDS_VALUE("in a block in use has flags", block[1].flags,
		    block[1].flags | 1U << PG_compound);
	FINDS("in a block in use has flags", atomic_inc(&block[2]._count),
	      atomic_dec(&block[2]._count));
	/* contents are the owner's to mark */
	block[1].flags |= 1U << PG_dirty;
	EXPECT_EQ(look(zone), 0);
	block[1].flags &= ~(1U << PG_dirty);
	FINDS_VALUE("cannot be of order 9", single->flags,
		    single->flags | 9U << PAGE_ORDER_SHIFT);
	FINDS_VALUE("cannot be of order 15", single->flags,
		    single->flags | 15U << PAGE_ORDER_SHIFT);
	finish();
}

/* It says it is another zone's, which has no such frame, or does not exist. */
TEST_PRIVATE(page_check, pages_of_no_zone, 6)
{
	setup();
	FINDS_VALUE("is of no zone", single->flags,
		    (MAX_ZONEIDS - 1U) << ZONEID_SHIFT);
	FINDS_VALUE("is of no zone", single->flags,
		    single->flags + (1U << ZONEID_SHIFT));
	finish();
}

TEST_PRIVATE(page_check, marks, 6)
{
	setup();
	FINDS_VALUE("marks 4, 3, 4 do not rise", zone->pages_min, 4);
	FINDS_VALUE("marks 2, 3, 2 do not rise", zone->pages_high, 2);
	FINDS_VALUE("hot_mark is 3", zone->lowmem_reserve[zone->type], 1);
	FINDS_VALUE("hot_mark is 0", zone->hot_mark, 0);
	finish();
}

TEST_PRIVATE(page_check, zone_table, 6)
{
	setup();
	FINDS("is another", zone_table[zone->id] = zone + 1,
	      zone_table[zone->id] = zone);
	finish();
}

/* The lock is free again and interrupts are as before, whatever was found. */
TEST_PRIVATE(page_check, leaves_no_trace, 6)
{
	setup();
	zone->free_pages++;
	EXPECT(look(zone) > 0);
	EXPECT(!spin_is_locked(&zone->lock));
	zone->free_pages--;
	/* without a reporter it only counts */
	zone->pages_min = 9;
	EXPECT_EQ(check_zone(zone, NULL), 1);
	zone->pages_min = 2;
	finish();
}

TEST_PRIVATE(page_check, all_nodes, 6)
{
	struct zone *a = private_zone(0, ZONE_DMA, 0, 16);
	struct zone *b = private_zone(2, ZONE_HIGHMEM, 16, 16);

	EXPECT_EQ(check_nodes(&private_nodes, note_sentence), 0);
	a->pages_min = 1;
	b->pages_min = 1;
	b->hot_mark = 1;
	found = 0;
	sentences[0] = '\0';
	EXPECT_EQ(check_nodes(&private_nodes, note_sentence), 3);
	EXPECT_EQ(found, 3);
	EXPECT(strstr(sentences, "node 0 zone DMA: marks"));
	EXPECT(strstr(sentences, "node 2 zone HighMem: marks"));
	a->pages_min = b->pages_min = b->hot_mark = 0;
	EXPECT_EQ(check_nodes(&private_nodes, note_sentence), 0);
}

/* --- the machine's --- */

static u32 look_at_the_machine(void)
{
	u32 differences;

	found = 0;
	sentences[0] = '\0';
	differences = check_nodes(&machine_nodes, note_sentence);
	EXPECT_EQ(found, differences);
	return differences;
}

#define MACHINE_FINDS(words, lvalue, value) do {			\
	__typeof__(lvalue) saved_ = (lvalue);				\
									\
	(lvalue) = (value);						\
	EXPECT(look_at_the_machine() > 0);				\
	EXPECT(strstr(sentences, (words)));				\
	(lvalue) = saved_;						\
} while (0)

/* What follows from sizes and distances alone is made anew and compared. */
TEST(page_check, rules_of_the_machine)
{
	struct zonelist *list = node_zonelist(0, __GFP_DMA | __GFP_HIGHMEM);
	struct zone *any = list->zones[0];

	REQUIRE(any);
	EXPECT_EQ(look_at_the_machine(), 0);
	MACHINE_FINDS("a CPU's stack has other bounds",
		      any->pageset[0].pcp[0].batch, PCP_MOST);
	MACHINE_FINDS("lowmem_reserve[2] is 123456", any->lowmem_reserve[2],
		      123456);
	MACHINE_FINDS("are not reserved, ", any->managed_pages,
		      any->managed_pages + 1);
	MACHINE_FINDS("zones manage ", totalram_pages, totalram_pages + 1);
	MACHINE_FINDS("zones manage ", totalhigh_pages, totalhigh_pages + 1);
	MACHINE_FINDS("zonelist 3 of the node is not in order",
		      list->zones[0], NULL);
	EXPECT_EQ(look_at_the_machine(), 0);
}
