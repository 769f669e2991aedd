/*
 * The buddy system on private zones: splitting, merging and what ends it, each
 * order to exhaustion and back, random steps. The oracle is what free areas
 * must be: a block is on a list exactly if all its pages are free, of its zone,
 * and those of the block twice its size are not.
 */
#include <kernel/lib/printf.h>
#include "private_node.h"

#define LARGEST (MAX_ORDER - 1)
#define MOST_PAGES (2U << LARGEST)
#define STEPS 3000

static struct page *raw_take(struct zone *zone, unsigned int order)
{
	u32 flags = spin_lock_irqsave(&zone->lock);
	struct page *page = __rmqueue(zone, order);

	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

static void raw_put(struct zone *zone, struct page *page, unsigned int order)
{
	u32 flags = spin_lock_irqsave(&zone->lock);

	__free_one_page(zone, page, order);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* The same, and the block has a user meanwhile, as the check wants it. */
static struct page *take(struct zone *zone, unsigned int order)
{
	struct page *page = raw_take(zone, order);

	if (!page)
		return NULL;
	page->flags |= order << PAGE_ORDER_SHIFT;
	atomic_set(&page->_count, 1);
	return page;
}

static void put(struct zone *zone, struct page *page, unsigned int order)
{
	u32 i;

	/* it may come back as another size than it went */
	for (i = 0; i < 1U << order; i++) {
		page[i].flags = zone->id << ZONEID_SHIFT;
		atomic_set(&page[i]._count, 0);
	}
	raw_put(zone, page, order);
}

/* Free blocks as "order:number order:number", the smallest order first. */
static const char *areas(const struct zone *zone)
{
	static char text[128];
	unsigned int order;
	size_t at = 0;

	text[0] = '\0';
	for (order = 0; order < MAX_ORDER; order++)
		if (zone->free_area[order].nr_free)
			at += (size_t)snprintf(text + at, sizeof(text) - at,
					       "%s%u:%u", at ? " " : "", order,
					       zone->free_area[order].nr_free);
	return text;
}

/* --- the oracle --- */

/* Whose free page is each: number of a zone, 0: nobody's. */
static u8 owner[MOST_PAGES];

static void set_owner(u32 first, u32 pages, u8 who)
{
	memset(owner + first, who, pages);
}

static bool whole_block(u32 first, unsigned int order, u8 who)
{
	u32 i;

	if (order > LARGEST || first + (1U << order) > private_pages())
		return false;
	for (i = first; i < first + (1U << order); i++)
		if (owner[i] != who)
			return false;
	return true;
}

/* Blocks that must be on the list of that order. */
static u32 blocks_wanted(unsigned int order, u8 who)
{
	u32 first, size = 1U << order, blocks = 0;

	for (first = 0; first < private_pages(); first += size)
		blocks += whole_block(first, order, who) &&
			  !whole_block(first & ~size, order + 1, who);
	return blocks;
}

/* Are the lists of the zone, which owner[] calls who, as they must be? */
static bool as_wanted(const struct zone *zone, u8 who)
{
	unsigned int order;
	u32 pages = 0;

	for (order = 0; order < MAX_ORDER; order++) {
		u32 want = blocks_wanted(order, who);

		if (!EXPECT_EQ(zone->free_area[order].nr_free, want))
			return false;
		pages += want << order;
	}
	return EXPECT_EQ(zone->free_pages, pages);
}

/* --- ranges --- */

TEST_PRIVATE(buddy, range_in_largest_blocks, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 1, 58);

	/* 1, 2-3, 4-7, 8-15, 16-31, 32-47, 48-55, 56-57, 58 */
	EXPECT_STREQ(areas(zone), "0:2 1:2 2:1 3:2 4:2");
	EXPECT_EQ(zone->free_pages, 58);
	EXPECT_EQ(zone->managed_pages, 58);
}

/* Every beginning and every end, each in a zone of its own. */
TEST_PRIVATE(buddy, every_range, 5)
{
	u32 first, end;

	for (first = 0; first < private_pages(); first++)
		for (end = first; end <= private_pages(); end++) {
			struct zone *zone = private_zone(0, ZONE_NORMAL, first,
							 end - first);

			set_owner(0, private_pages(), 0);
			set_owner(first, end - first, 1);
			REQUIRE(as_wanted(zone, 1));
			REQUIRE(private_sound(zone));
			node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
		}
}

/* What is given later merges with what is there. */
TEST_PRIVATE(buddy, ranges_join, 6)
{
	struct zone *zone = private_span(0, ZONE_NORMAL, 0, 64, 64);

	private_give(zone, 0, 21);
	EXPECT_STREQ(areas(zone), "0:1 2:1 4:1");
	private_give(zone, 22, 42);
	EXPECT_STREQ(areas(zone), "0:1 1:1 2:1 3:1 4:1 5:1");
	private_give(zone, 21, 1);
	EXPECT_STREQ(areas(zone), "6:1");
	EXPECT_EQ(zone->managed_pages, 64);
}

TEST_PRIVATE(buddy, empty_range, 0)
{
	struct zone *zone = private_span(0, ZONE_NORMAL, 0, 1, 1);

	private_give(zone, 0, 0);
	EXPECT_STREQ(areas(zone), "");
	EXPECT_EQ(zone->free_pages + zone->managed_pages, 0);
	EXPECT(!take(zone, 0));
}

/* --- splitting --- */

TEST_PRIVATE(buddy, upper_halves_go_back, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	u32 half;

	EXPECT_STREQ(areas(zone), "6:1");
	EXPECT_EQ(private_index(take(zone, 0)), 0);
	EXPECT_STREQ(areas(zone), "0:1 1:1 2:1 3:1 4:1 5:1");
	EXPECT_EQ(zone->free_pages, 63);
	for (half = 1; half < 64; half <<= 1)
		EXPECT(PageBuddy(private_page(half)));
	put(zone, private_page(0), 0);
	EXPECT_STREQ(areas(zone), "6:1");
}

static void expect_ascending(unsigned int order)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	u32 i, size = 1U << order;

	for (i = 0; i < private_pages(); i += size)
		REQUIRE(take(zone, order) == private_page(i));
	EXPECT(!take(zone, order));
	EXPECT_EQ(zone->free_pages, 0);
	for (i = 0; i < private_pages(); i += size)
		put(zone, private_page(i), order);
}

TEST_PRIVATE(buddy, one_block_comes_out_ascending, 8)
{
	unsigned int order;

	for (order = 0; order <= 8; order++) {
		expect_ascending(order);
		node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
	}
	private_zone(0, ZONE_NORMAL, 0, private_pages());
}

/* A block of order 1 at 0 and one of order 4 at 16. */
TEST_PRIVATE(buddy, smallest_block_that_fits, 6)
{
	struct zone *zone = private_span(0, ZONE_NORMAL, 0, 64, 64);

	private_give(zone, 0, 2);
	private_give(zone, 16, 16);
	EXPECT_STREQ(areas(zone), "1:1 4:1");
	EXPECT_EQ(private_index(take(zone, 0)), 0);
	EXPECT_STREQ(areas(zone), "0:1 4:1");
	EXPECT_EQ(private_index(take(zone, 1)), 16);
	EXPECT_STREQ(areas(zone), "0:1 1:1 2:1 3:1");
	EXPECT_EQ(private_index(take(zone, 2)), 20);
	EXPECT_EQ(private_index(take(zone, 3)), 24);
	EXPECT(!take(zone, 2));
	EXPECT_STREQ(areas(zone), "0:1 1:1");
	put(zone, private_page(16), 1);
	put(zone, private_page(20), 2);
	put(zone, private_page(24), 3);
	put(zone, private_page(0), 0);
	EXPECT_STREQ(areas(zone), "1:1 4:1");
}

/* Every other page: none of them merge; the last one freed is the first out. */
TEST_PRIVATE(buddy, last_in_first_out, 6)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
	u32 i;

	for (i = 0; i < 64; i++)
		REQUIRE(take(zone, 0) == private_page(i));
	for (i = 0; i < 64; i += 2)
		put(zone, private_page(i), 0);
	EXPECT_STREQ(areas(zone), "0:32");
	for (i = 64; i; i -= 2)
		EXPECT_EQ(private_index(take(zone, 0)), i - 2);
	for (i = 0; i < 64; i++)
		put(zone, private_page(i), 0);
	EXPECT_STREQ(areas(zone), "6:1");
}

/* Pages as a block leaves them: no flags, nobody's, the order not noted yet. */
TEST_PRIVATE(buddy, pages_of_a_block_taken, 4)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 16);
	struct page *page = raw_take(zone, 2);
	u32 i;

	for (i = 0; i < 4; i++) {
		EXPECT_EQ(page[i].flags, zone->id << ZONEID_SHIFT);
		EXPECT_EQ(page_count(page + i), 0);
		EXPECT(page_zone(page + i) == zone);
	}
	EXPECT(PageBuddy(page + 4));
	EXPECT_EQ(page_order(page + 4), 2);
	raw_put(zone, page, 2);
}

/* --- merging --- */

/* Pages 1 and 2 are neighbours and no buddies; 0 and 1 are. */
TEST_PRIVATE(buddy, only_buddies_merge, 2)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 4);
	u32 i;

	for (i = 0; i < 4; i++)
		take(zone, 0);
	put(zone, private_page(1), 0);
	put(zone, private_page(2), 0);
	EXPECT_STREQ(areas(zone), "0:2");
	put(zone, private_page(0), 0);
	EXPECT_STREQ(areas(zone), "0:1 1:1");
	put(zone, private_page(3), 0);
	EXPECT_STREQ(areas(zone), "2:1");
}

/* The buddy's first page is free, but as a smaller block. */
TEST_PRIVATE(buddy, buddy_of_another_order, 3)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 8);
	u32 i;

	for (i = 0; i < 8; i++)
		take(zone, 0);
	put(zone, private_page(4), 0);
	put(zone, private_page(0), 2);
	EXPECT_STREQ(areas(zone), "0:1 2:1");
	put(zone, private_page(5), 0);
	EXPECT_STREQ(areas(zone), "1:1 2:1");
	put(zone, private_page(6), 1);
	EXPECT_STREQ(areas(zone), "3:1");
	EXPECT(private_sound(zone));
}

/* Blocks of the largest order stay two, though they would form one. */
TEST_PRIVATE(buddy, largest_blocks_do_not_merge, PRIVATE_LARGEST)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, MOST_PAGES);
	struct page *a = take(zone, LARGEST), *b = take(zone, LARGEST);
	u32 i;

	REQUIRE(a && b);
	EXPECT(!take(zone, 0));
	put(zone, a, LARGEST);
	put(zone, b, LARGEST);
	EXPECT_STREQ(areas(zone), "10:2");
	/* page by page, from both ends */
	for (i = 0; i < MOST_PAGES; i++)
		REQUIRE(take(zone, 0));
	for (i = 0; i < MOST_PAGES / 2; i++) {
		put(zone, private_page(i), 0);
		put(zone, private_page(MOST_PAGES - 1 - i), 0);
	}
	EXPECT_STREQ(areas(zone), "10:2");
}

/*
 * Zones a and b have the pages below and from border on; each page is taken
 * and given back once. Neither ever gets a page of the other.
 */
static void two_zones(struct zone *a, struct zone *b, u32 border)
{
	u32 i;

	set_owner(0, private_pages(), 2);
	set_owner(0, border, 1);
	REQUIRE(as_wanted(a, 1));
	REQUIRE(as_wanted(b, 2));
	for (i = 0; i < private_pages(); i++)
		REQUIRE(take(i < border ? a : b, 0));
	EXPECT(!take(a, 0) && !take(b, 0));
	for (i = private_pages(); i-- > 0;)
		put(i < border ? a : b, private_page(i), 0);
	as_wanted(a, 1);
	as_wanted(b, 2);
	EXPECT(private_sound(a));
	EXPECT(private_sound(b));
}

TEST_PRIVATE(buddy, no_merge_across_a_zone_border, 5)
{
	u32 border;

	for (border = 1; border < private_pages(); border++) {
		struct zone *a = private_zone(0, ZONE_DMA, 0, border);
		struct zone *b = private_zone(0, ZONE_NORMAL, border,
					      private_pages() - border);

		two_zones(a, b, border);
		node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
	}
}

/* The same type of zone on two nodes. */
TEST_PRIVATE(buddy, no_merge_across_a_node_border, 5)
{
	u32 border;

	for (border = 1; border < private_pages(); border++) {
		struct zone *a = private_zone(0, ZONE_NORMAL, 0, border);
		struct zone *b = private_zone(1, ZONE_NORMAL, border,
					      private_pages() - border);

		two_zones(a, b, border);
		node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
		node_init(private_nodes.node[1], 1, ZONEID_PRIVATE + 4);
	}
}

/* One page is not the zone's: a hole, reserved, or somebody's. */
static void with_hole(u32 hole, u32 flags, s32 count)
{
	struct zone *zone = private_span(0, ZONE_NORMAL, 0, private_pages(),
					 private_pages());
	struct page *page = private_page(hole);
	u32 i;

	page->flags = zone->id << ZONEID_SHIFT | flags;
	atomic_set(&page->_count, count);
	private_give(zone, 0, hole);
	private_give(zone, hole + 1, private_pages() - hole - 1);
	set_owner(0, private_pages(), 1);
	set_owner(hole, 1, 0);
	REQUIRE(as_wanted(zone, 1));
	for (i = 1; i < private_pages(); i++)
		REQUIRE(take(zone, 0) != page);
	EXPECT(!take(zone, 0));
	for (i = 0; i < private_pages(); i++)
		if (i != hole)
			put(zone, private_page(i), 0);
	as_wanted(zone, 1);
	EXPECT(private_sound(zone));
	EXPECT_EQ(page->flags, zone->id << ZONEID_SHIFT | flags);
	node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
}

TEST_PRIVATE(buddy, no_merge_across_a_hole, 5)
{
	u32 hole;

	for (hole = 0; hole < private_pages(); hole++) {
		with_hole(hole, 1U << PG_reserved, 1);
		with_hole(hole, 0, 1);
		with_hole(hole, 1U << PG_private, 1);
	}
}

/* A frame of the block is no RAM; the page says so, however it came there. */
TEST_PRIVATE(buddy, no_merge_with_a_page_without_users, 1)
{
	struct zone *zone = private_span(0, ZONE_NORMAL, 0, 2, 1);
	struct page *other = private_page(1);

	other->flags = zone->id << ZONEID_SHIFT | 1U << PG_reserved |
		       1U << PG_buddy;
	atomic_set(&other->_count, 0);
	private_give(zone, 0, 1);
	EXPECT_STREQ(areas(zone), "0:1");
}

/* --- exhaustion --- */

static struct page *held[MOST_PAGES];

/* All blocks of an order come out, disjoint and aligned; returns how many. */
static u32 exhaust(struct zone *zone, unsigned int order)
{
	struct page *page;
	u32 n = 0;

	while ((page = take(zone, order))) {
		u32 first = private_index(page);

		if (!EXPECT(IS_ALIGNED(page_to_pfn(page), 1U << order)) ||
		    !EXPECT(whole_block(first, order, 1)))
			break;
		set_owner(first, 1U << order, 0);
		held[n++] = page;
	}
	return n;
}

static void put_back_in_random_order(struct zone *zone, unsigned int order,
				     u32 n)
{
	while (n) {
		u32 i = private_random(n);

		put(zone, held[i], order);
		set_owner(private_index(held[i]), 1U << order, 1);
		held[i] = held[--n];
	}
}

static void every_order(struct zone *zone, u32 pages)
{
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		u32 n, want = 0;
		unsigned int o;

		for (o = order; o < MAX_ORDER; o++)
			want += blocks_wanted(o, 1) << (o - order);
		n = exhaust(zone, order);
		REQUIRE(EXPECT_EQ(n, want));
		EXPECT_EQ(zone->free_pages, pages - (n << order));
		put_back_in_random_order(zone, order, n);
		REQUIRE(as_wanted(zone, 1));
		EXPECT(private_sound(zone));
	}
}

TEST_PRIVATE_SIZES(buddy, every_order_to_exhaustion, 6, PRIVATE_LARGEST)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());

	set_owner(0, private_pages(), 1);
	every_order(zone, private_pages());
}

/* The same with a ragged beginning, a ragged end and a hole. */
TEST_PRIVATE_SIZES(buddy, every_order_of_a_ragged_zone, 6, LARGEST)
{
	u32 n = private_pages(), hole = n / 3;
	struct zone *zone = private_span(0, ZONE_NORMAL, 3, n - 8, n - 9);

	private_give(zone, 3, hole - 3);
	private_give(zone, hole + 1, n - 5 - hole - 1);
	set_owner(0, n, 0);
	set_owner(3, n - 8, 1);
	set_owner(hole, 1, 0);
	every_order(zone, n - 9);
}

/* --- random steps --- */

static u8 held_order[MOST_PAGES];

static bool random_take(struct zone *zone, u32 *n)
{
	unsigned int order = private_random(6), o;
	struct page *page = take(zone, order);
	u32 first;

	if (!page) {
		for (o = order; o < MAX_ORDER; o++)
			if (!EXPECT_EQ(blocks_wanted(o, 1), 0))
				return false;
		return true;
	}
	first = private_index(page);
	if (!EXPECT(whole_block(first, order, 1)))
		return false;
	set_owner(first, 1U << order, 0);
	held[*n] = page;
	held_order[(*n)++] = (u8)order;
	return true;
}

static void random_put(struct zone *zone, u32 *n)
{
	u32 i = private_random(*n);

	set_owner(private_index(held[i]), 1U << held_order[i], 1);
	put(zone, held[i], held_order[i]);
	held[i] = held[--*n];
	held_order[i] = held_order[*n];
}

TEST_PRIVATE_SIZES(buddy, random_steps_against_a_shadow, 6, 8)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, private_pages());
	u32 step, n = 0;
	bool ok = true;

	set_owner(0, private_pages(), 1);
	for (step = 0; step < STEPS && ok; step++) {
		if (n && private_random(2))
			random_put(zone, &n);
		else
			ok = random_take(zone, &n);
		if (step % 8 == 0)
			ok &= as_wanted(zone, 1) &&
			      EXPECT(private_sound(zone));
	}
	while (n)
		random_put(zone, &n);
	as_wanted(zone, 1);
}

/* --- many at once --- */

static struct page *take_upto(struct zone *zone, u32 most, unsigned int *order)
{
	u32 flags = spin_lock_irqsave(&zone->lock);
	struct page *page = __rmqueue_upto(zone, most, order);

	spin_unlock_irqrestore(&zone->lock, flags);
	return page;
}

/* What upto() gives, as the index of its first page and its order. */
#define EXPECT_UPTO(most, first, want_order) do {			\
	unsigned int order_ = 99;					\
	struct page *page_ = take_upto(zone, (most), &order_);		\
									\
	REQUIRE(page_);							\
	EXPECT_EQ(private_index(page_), first);				\
	EXPECT_EQ(order_, want_order);					\
} while (0)

/* Free are page 5, a block of four at 8 and one of 32 at 32. */
TEST_PRIVATE(buddy, upto_takes_the_smallest_there_is, 6)
{
	struct zone *zone = private_span(0, ZONE_NORMAL, 0, 64, 64);
	unsigned int order;

	private_give(zone, 5, 1);
	private_give(zone, 8, 4);
	private_give(zone, 32, 32);
	EXPECT_UPTO(16, 5, 0);
	EXPECT_UPTO(7, 8, 2);
	/* nothing so small is left: a part of what there is */
	EXPECT_UPTO(7, 32, 2);
	EXPECT_STREQ(areas(zone), "2:1 3:1 4:1");
	EXPECT_UPTO(3, 36, 1);
	EXPECT_UPTO(1, 38, 0);
	EXPECT_UPTO(1, 39, 0);
	EXPECT_UPTO(1000000, 40, 3);
	EXPECT_UPTO(8, 48, 3);
	EXPECT_UPTO(8, 56, 3);
	EXPECT(!take_upto(zone, 1, &order));
	EXPECT(!take_upto(zone, 1 << LARGEST, &order));
	EXPECT_EQ(zone->free_pages, 0);
	raw_put(zone, private_page(5), 0);
	raw_put(zone, private_page(8), 2);
	raw_put(zone, private_page(32), 5);
}

/* The same pages in the same order as n single ones, one by one. */
static bool same_as_single_ones(u32 n)
{
	static u32 single[64];
	struct zone *zone = private_zone(0, ZONE_NORMAL, 3, 58);
	unsigned int order;
	u32 i;

	for (i = 0; i < n; i++)
		single[i] = private_index(raw_take(zone, 0));
	node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
	zone = private_zone(0, ZONE_NORMAL, 3, 58);
	for (i = 0; i < n;) {
		struct page *page = take_upto(zone, n - i, &order);
		u32 end = i + (1U << order);

		if (!EXPECT(page && end <= n))
			return false;
		for (; i < end; i++, page++)
			if (!EXPECT_EQ(private_index(page), single[i]))
				return false;
	}
	node_init(private_nodes.node[0], 0, ZONEID_PRIVATE);
	return true;
}

TEST_PRIVATE(buddy, upto_is_like_single_pages, 6)
{
	u32 n;

	for (n = 1; n <= 58; n++)
		REQUIRE(same_as_single_ones(n));
}

static void put_run(struct zone *zone, u32 first, u32 n)
{
	u32 flags = spin_lock_irqsave(&zone->lock);

	__free_run(zone, private_page(first), n);
	spin_unlock_irqrestore(&zone->lock, flags);
	set_owner(first, n, 1);
}

/* Pages [first, end) go back at once, then those before and those behind. */
TEST_PRIVATE(buddy, every_run_goes_back, 5)
{
	u32 pages = private_pages(), first, end, i;
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, pages);

	for (first = 0; first < pages; first++)
		for (end = first; end <= pages; end++) {
			for (i = 0; i < pages; i++)
				REQUIRE(raw_take(zone, 0));
			set_owner(0, pages, 0);
			put_run(zone, first, end - first);
			REQUIRE(as_wanted(zone, 1));
			put_run(zone, end, pages - end);
			REQUIRE(as_wanted(zone, 1));
			put_run(zone, 0, first);
			REQUIRE(as_wanted(zone, 1));
		}
}

/* --- what must hold around it --- */

TEST(buddy, every_frame_has_a_buddy)
{
	EXPECT(IS_ALIGNED(max_mapnr, 1U << LARGEST));
	EXPECT_EQ(sizeof(struct page), 32);
}

TEST_PANIC(buddy, take_without_the_lock,
	   "the lock that this needs is not held")
{
	__rmqueue(page_zone(mem_map), 0);
}

TEST_PANIC(buddy, put_without_the_lock,
	   "the lock that this needs is not held")
{
	struct page *page = alloc_page(GFP_KERNEL);

	__free_one_page(page_zone(page), page, 0);
}
