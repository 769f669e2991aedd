/*
 * Bounce buffers: what is copied where, of which pages. The device is this
 * file: it writes into the pages that bounce_vec() shows. What happens without
 * memory stands in test_bounce_pool.c.
 */
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include "bounce_pages.h"
#include "rtc_irq.h"

#define PCI_MASK 0xffffffffULL
#define MOST 16U

static struct page *pages[MOST];
static struct bio_vec vec[MOST];

/* Puts things back as they are outside of tests. */
static void give_all(void)
{
	u32 i;

	for (i = 0; i < MOST; i++) {
		if (pages[i])
			__free_page(pages[i]);
		pages[i] = NULL;
	}
	bounce_all = debug_enabled(DEBUG_BOUNCE);
}

/* High memory, if that is wanted and any node has some. */
static struct page *page_from(gfp_t gfp)
{
	int node = -1;
	unsigned int i;

	for (i = 0; gfp & __GFP_HIGHMEM && i < machine_nodes.nr; i++)
		if (populated_zone(&NODE_DATA(i)->node_zones[ZONE_HIGHMEM]))
			node = (int)i;
	return alloc_pages_node(node, gfp, 0);
}

/*
 * Pieces at odd places of n pages, filled with seeds 1 up. All are bounced:
 * they lie above 16 MB, or every page is.
 */
static u32 odd_pieces(gfp_t gfp, u32 n)
{
	static const struct { u32 offset, len; } place[] = {
		{ 0, 4096 }, { 1, 1 }, { 4095, 1 }, { 3, 4093 }, { 512, 512 },
		{ 0, 1 }, { 1023, 2049 }, { 2, 7 },
	};
	u32 i, bytes = 0;

	for (i = 0; i < n; i++) {
		pages[i] = page_from(gfp);
		if (!EXPECT(pages[i]))
			return 0;
		page_fill(pages[i], i + 1);
		vec[i] = (struct bio_vec){
			.bv_page = pages[i],
			.bv_offset = place[i % ARRAY_SIZE(place)].offset,
			.bv_len = place[i % ARRAY_SIZE(place)].len,
		};
		bytes += vec[i].bv_len;
	}
	return bytes;
}

/* The pieces for the device: their places, other pages that it reaches. */
static bool pieces_are_right(const struct bounce *bounce, u32 n,
			     phys_addr_t mask)
{
	const struct bio_vec *to = bounce_vec(bounce);
	bool ok = true;
	u32 i, k;

	for (i = 0; i < n; i++) {
		ok &= EXPECT_EQ(to[i].bv_offset, vec[i].bv_offset) &
		      EXPECT_EQ(to[i].bv_len, vec[i].bv_len) &
		      EXPECT(page_to_phys(to[i].bv_page) + PAGE_SIZE - 1 <=
			     mask) &
		      EXPECT(!page_is_high(to[i].bv_page) || mask > PCI_MASK);
		for (k = 0; k < n; k++)
			ok &= EXPECT(to[i].bv_page != vec[k].bv_page);
		for (k = 0; k < i; k++)
			ok &= EXPECT(to[i].bv_page != to[k].bv_page);
	}
	return ok;
}

/* A write and a read of n odd pieces, all bounced. */
static void both_ways(gfp_t gfp, phys_addr_t mask)
{
	u32 n = 8, bytes = odd_pieces(gfp, n), i;
	struct bounce *bounce;

	REQUIRE(bytes);
	EXPECT(bounce_needed(vec, n, mask));
	bounce = bounce_begin(vec, n, mask, true);
	pieces_are_right(bounce, n, mask);
	EXPECT_EQ(bounce_count(bounce), n);
	for (i = 0; i < n; i++)
		EXPECT(piece_is(&bounce_vec(bounce)[i], i + 1));
	/* the data is the device's: what it does with it comes not back */
	for (i = 0; i < n; i++)
		piece_fill(&bounce_vec(bounce)[i], 77);
	bounce_end(bounce, bytes);
	for (i = 0; i < n; i++)
		EXPECT(page_is(pages[i], i + 1));

	bounce = bounce_begin(vec, n, mask, false);
	pieces_are_right(bounce, n, mask);
	for (i = 0; i < n; i++)
		piece_fill(&bounce_vec(bounce)[i], 100 + i);
	for (i = 0; i < n; i++)
		EXPECT(page_is(pages[i], i + 1));
	bounce_end(bounce, bytes);
	for (i = 0; i < n; i++) {
		EXPECT(piece_is(&vec[i], 100 + i));
		EXPECT(page_is_outside(&vec[i], i + 1));
	}
	EXPECT_EQ(nr_bounce_pages(), 0);
}

static bool can_bounce(void)
{
	if (!bounce_ready())
		test_skip("no page is out of reach");
	return bounce_ready();
}

TEST(bounce, both_ways_below_16mb)
{
	if (!can_bounce())
		return;
	bounce_all = true;
	both_ways(GFP_DMA, BOUNCE_ISA_MASK);
	give_all();
}

TEST(bounce, both_ways_of_lowmem)
{
	struct page *page;

	if (!can_bounce())
		return;
	/* a small machine may have it below 16 MB */
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	bounce_all |= page_to_pfn(page) < MAX_DMA_PFN;
	__free_page(page);
	both_ways(GFP_KERNEL, BOUNCE_ISA_MASK);
	give_all();
}

/* A device of 32 address lines, in the tests: one that reaches all lowmem. */
TEST(bounce, both_ways_of_high_memory)
{
	if (!totalhigh_pages) {
		test_skip("no high memory");
		return;
	}
	both_ways(GFP_HIGHUSER, PFN_PHYS(max_low_pfn) - 1);
	give_all();
	both_ways(GFP_HIGHUSER, BOUNCE_ISA_MASK);
	give_all();
}

/* A page above 4 GB goes to a PCI device by one below, others as they are. */
TEST(bounce, above_4_gb)
{
	struct page *block = block_above(1U << (32 - PAGE_SHIFT));
	struct bounce *bounce;

	if (!block) {
		test_skip("no memory above 4 GB");
		return;
	}
	pages[0] = alloc_page(GFP_KERNEL);
	REQUIRE(pages[0]);
	vec[0] = (struct bio_vec){ block + 5, 4000, 90 };
	vec[1] = (struct bio_vec){ pages[0], PAGE_SIZE, 0 };
	page_fill(block + 5, 9);
	bounce = bounce_begin(vec, 2, PCI_MASK, true);
	EXPECT_EQ(bounce_count(bounce), 1);
	EXPECT(bounce_vec(bounce)[1].bv_page == pages[0]);
	EXPECT(!page_is_high(bounce_vec(bounce)[0].bv_page));
	EXPECT(piece_is(&bounce_vec(bounce)[0], 9));
	bounce_end(bounce, 0);
	bounce = bounce_begin(vec, 2, PCI_MASK, false);
	piece_fill(&bounce_vec(bounce)[0], 12);
	bounce_end(bounce, 4000 + PAGE_SIZE);
	EXPECT(piece_is(&vec[0], 12));
	EXPECT(page_is_outside(&vec[0], 9));
	EXPECT(!bounce_needed(vec, 2, ~0ULL) || bounce_all);
	block_end();
	give_all();
}

/* --- reach --- */

TEST(bounce, which_pool)
{
	phys_addr_t low_end = PFN_PHYS(max_low_pfn) - 1;
	struct bounce_pool *low = &bounce_pools[BOUNCE_LOWMEM];
	struct bounce_pool *isa = &bounce_pools[BOUNCE_ISA];

	EXPECT(bounce_pool_of(PCI_MASK) == low);
	EXPECT(bounce_pool_of(~0ULL) == low);
	EXPECT_EQ(bounce_limit(PCI_MASK), BOUNCE_PAGES);
	if (low_end <= BOUNCE_ISA_MASK) {
		EXPECT(bounce_pool_of(BOUNCE_ISA_MASK) == low);
		return;
	}
	EXPECT(bounce_pool_of(low_end) == low);
	EXPECT(bounce_pool_of(low_end - 1) == isa);
	EXPECT(bounce_pool_of(BOUNCE_ISA_MASK) == isa);
	EXPECT_EQ(bounce_limit(BOUNCE_ISA_MASK), BOUNCE_ISA_PAGES);
}

/* A mask in the middle of lowmem: its pages lie below 16 MB, and a page just
 * above the mask is not taken for one within. */
TEST(bounce, mask_within_lowmem)
{
	phys_addr_t mask;
	struct bounce *bounce;

	if (!can_bounce() || max_low_pfn < MAX_DMA_PFN + 512) {
		test_skip("lowmem ends too near to 16 MB");
		return;
	}
	pages[0] = alloc_page(GFP_KERNEL);
	REQUIRE(pages[0]);
	if (page_to_pfn(pages[0]) < MAX_DMA_PFN + 2) {
		give_all();
		test_skip("no page above 16 MB");
		return;
	}
	page_fill(pages[0], 3);
	vec[0] = (struct bio_vec){ pages[0], PAGE_SIZE, 0 };
	mask = page_to_phys(pages[0]) + PAGE_SIZE - 1;
	EXPECT(!bounce_needed(vec, 1, mask) || bounce_all);
	/* not even its last byte */
	mask--;
	EXPECT(bounce_needed(vec, 1, mask));
	bounce = bounce_begin(vec, 1, mask, true);
	EXPECT_EQ(bounce_count(bounce), 1);
	EXPECT(page_to_pfn(bounce_vec(bounce)[0].bv_page) < MAX_DMA_PFN);
	EXPECT(piece_is(&bounce_vec(bounce)[0], 3));
	bounce_end(bounce, 0);
	give_all();
}

TEST(bounce, needed_by_one_of_them)
{
	bool all = bounce_all;
	u32 i;

	if (max_mapnr <= MAX_DMA_PFN) {
		test_skip("all RAM is below 16 MB");
		return;
	}
	bounce_all = false;
	for (i = 0; i < 3; i++)
		vec[i] = (struct bio_vec){ pfn_to_page(MAX_DMA_PFN - 1 - i),
					   PAGE_SIZE, 0 };
	EXPECT(!bounce_needed(vec, 3, BOUNCE_ISA_MASK));
	EXPECT(!bounce_needed(vec, 0, BOUNCE_ISA_MASK));
	for (i = 0; i < 3; i++) {
		struct page *low = vec[i].bv_page;

		vec[i].bv_page = pfn_to_page(MAX_DMA_PFN);
		EXPECT(bounce_needed(vec, 3, BOUNCE_ISA_MASK));
		EXPECT(!bounce_needed(vec, 3, BOUNCE_ISA_MASK + PAGE_SIZE));
		EXPECT(!bounce_needed(vec, 3, ~0ULL));
		vec[i].bv_page = low;
	}
	bounce_all = true;
	EXPECT(bounce_needed(vec, 3, ~0ULL));
	bounce_all = all;
}

/* Within reach and not, in turns: only the latter have other pages. */
TEST(bounce, mixed)
{
	u32 n = 6, i;
	struct bounce *bounce;

	if (!can_bounce() || bounce_all) {
		test_skip("every page is bounced, or none");
		return;
	}
	for (i = 0; i < n; i++) {
		pages[i] = page_from(i & 1 ? GFP_HIGHUSER : GFP_DMA);
		REQUIRE(pages[i]);
		page_fill(pages[i], i + 1);
		vec[i] = (struct bio_vec){ pages[i], 1000 + i, 7 * i };
	}
	if (page_to_pfn(pages[1]) < MAX_DMA_PFN) {
		give_all();
		test_skip("no page above 16 MB");
		return;
	}
	bounce = bounce_begin(vec, n, BOUNCE_ISA_MASK, false);
	EXPECT_EQ(bounce_count(bounce), n / 2);
	for (i = 0; i < n; i++) {
		const struct bio_vec *to = &bounce_vec(bounce)[i];

		EXPECT((to->bv_page == pages[i]) == !(i & 1));
		EXPECT_EQ(to->bv_len, 1000 + i);
		EXPECT_EQ(to->bv_offset, 7 * i);
		piece_fill(to, 50 + i);
	}
	bounce_end(bounce, 1000 + 1001 + 1002 + 1003 + 1004 + 1005);
	for (i = 0; i < n; i++)
		EXPECT(piece_is(&vec[i], 50 + i) &&
		       page_is_outside(&vec[i], i + 1));
	give_all();
}

TEST(bounce, nothing_to_bounce)
{
	struct bounce *bounce;

	if (bounce_all) {
		test_skip("every page is bounced");
		return;
	}
	pages[0] = alloc_page(GFP_DMA);
	REQUIRE(pages[0]);
	vec[0] = (struct bio_vec){ pages[0], 512, 0 };
	bounce = bounce_begin(vec, 1, BOUNCE_ISA_MASK, true);
	EXPECT_EQ(bounce_count(bounce), 0);
	EXPECT_EQ(nr_bounce_pages(), 0);
	EXPECT(bounce_vec(bounce)[0].bv_page == pages[0]);
	bounce_end(bounce, 512);
	give_all();
}

/* --- ready ones --- */

static u32 at_rest(const struct bounce_pool *pool)
{
	const struct bounce *bounce;
	u32 n = 0;

	for (bounce = pool->ready; bounce; bounce = bounce->next_ready)
		n++;
	return n;
}

/* n transfers of a page each at once, those of `ready` are ready. */
static void single_pages(u32 n, phys_addr_t mask, bool write)
{
	struct bounce_pool *pool = bounce_pool_of(mask);
	struct bounce *bounce[MOST];
	u32 ready = min(n, pool->nr_ready), i;

	for (i = 0; i < n; i++) {
		page_fill(pages[i], i + 1);
		bounce[i] = bounce_begin(&vec[i], 1, mask, write);
		EXPECT_EQ(bounce[i]->is_ready, i < ready);
		EXPECT_EQ(bounce_count(bounce[i]), 1);
		if (write)
			EXPECT(piece_is(bounce_vec(bounce[i]), i + 1));
		piece_fill(bounce_vec(bounce[i]), 90 + i);
	}
	EXPECT_EQ(nr_bounce_pages(), n);
	EXPECT_EQ(at_rest(pool), pool->nr_ready - ready);
	EXPECT_EQ(check_bounce(NULL), 0);
	/* the second first, then the first, then the fourth ... */
	for (i = 0; i < n; i++)
		bounce_end(bounce[i ^ 1], vec[i ^ 1].bv_len);
	for (i = 0; i < n; i++)
		EXPECT(piece_is(&vec[i], write ? i + 1 : 90 + i) &&
		       page_is_outside(&vec[i], i + 1));
	EXPECT_EQ(at_rest(pool), pool->nr_ready);
	EXPECT_EQ(nr_bounce_pages(), 0);
}

TEST(bounce, ready_ones_and_more)
{
	phys_addr_t masks[] = { PFN_PHYS(max_low_pfn) - 1, BOUNCE_ISA_MASK };
	u32 i;

	if (!can_bounce() || fail_bounce.active)
		return;
	bounce_all = true;
	REQUIRE(odd_pieces(GFP_HIGHUSER, 12));
	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		if (masks[i] < BOUNCE_ISA_MASK)
			continue;
		EXPECT_EQ(bounce_pool_of(masks[i])->nr_ready, 8);
		single_pages(12, masks[i], true);
		single_pages(12, masks[i], false);
		single_pages(2, masks[i], false);
	}
	give_all();
}

TEST(bounce, check_notices_ready_ones)
{
	struct bounce_pool *pool = &bounce_pools[BOUNCE_ISA];
	struct bounce *first = pool->ready;

	if (!can_bounce() || !first)
		return;
	EXPECT_EQ(check_bounce(NULL), 0);
	pool->ready = first->next_ready;
	EXPECT_EQ(check_bounce(NULL), 1);
	pool->ready = first;
	first->is_ready = false;
	EXPECT_EQ(check_bounce(NULL), 1);
	first->is_ready = true;
	first->page[0]->_count.counter = 2;
	EXPECT_EQ(check_bounce(NULL), 1);
	first->page[0]->_count.counter = 1;
	EXPECT_EQ(check_bounce(NULL), 0);
}

/* --- how much comes back --- */

/* The first `bytes` of the pieces are the device's, the rest is as it was. */
static void part_comes_back(u32 n, u32 bytes)
{
	struct bounce *bounce = bounce_begin(vec, n, BOUNCE_ISA_MASK, false);
	u32 left = bytes, i;

	for (i = 0; i < n; i++)
		piece_fill(&bounce_vec(bounce)[i], 200 + i);
	bounce_end(bounce, bytes);
	for (i = 0; i < n; i++) {
		struct bio_vec part = vec[i];

		part.bv_len = min(left, part.bv_len);
		left -= part.bv_len;
		test_expect_eq(piece_is(&part, 200 + i) &&
			       page_is_outside(&part, i + 1), true,
			       TEST_SITE_("part comes back"));
		page_fill(pages[i], i + 1);
	}
}

TEST(bounce, part_of_a_read)
{
	u32 n = 5, bytes, at = 0, i;

	if (!can_bounce())
		return;
	bounce_all = true;
	bytes = odd_pieces(GFP_HIGHUSER, n);
	REQUIRE(bytes);
	for (i = 0; i < n; i++) {
		part_comes_back(n, at ? at - 1 : 0);
		part_comes_back(n, at);
		part_comes_back(n, at + 1);
		part_comes_back(n, at + vec[i].bv_len / 2);
		at += vec[i].bv_len;
	}
	part_comes_back(n, bytes);
	/* more than there is: all of it */
	part_comes_back(n, bytes + 1);
	for (i = 0; i <= 3; i++)
		part_comes_back(1, i * PAGE_SIZE / 2);
	give_all();
}

/* A page twice, with two pieces of it: as a file's two blocks. */
TEST(bounce, two_pieces_of_one_page)
{
	struct bounce *bounce;

	if (!can_bounce())
		return;
	bounce_all = true;
	pages[0] = page_from(GFP_HIGHUSER);
	REQUIRE(pages[0]);
	page_fill(pages[0], 1);
	vec[0] = (struct bio_vec){ pages[0], 1024, 2048 };
	vec[1] = (struct bio_vec){ pages[0], 1024, 0 };
	bounce = bounce_begin(vec, 2, BOUNCE_ISA_MASK, false);
	EXPECT(bounce_vec(bounce)[0].bv_page != bounce_vec(bounce)[1].bv_page);
	piece_fill(&bounce_vec(bounce)[0], 2);
	piece_fill(&bounce_vec(bounce)[1], 3);
	bounce_end(bounce, 2048);
	EXPECT(piece_is(&vec[0], 2) && piece_is(&vec[1], 3));
	vec[0] = (struct bio_vec){ pages[0], 1024, 1024 };
	vec[1] = (struct bio_vec){ pages[0], 1024, 3072 };
	EXPECT(piece_is(&vec[0], 1) && piece_is(&vec[1], 1));
	give_all();
}

/* As many as fit: with 64 of the pool of lowmem, and 16 below 16 MB. */
TEST(bounce, the_most_of_each_pool)
{
	static struct bio_vec many[BOUNCE_PAGES];
	phys_addr_t mask[] = { BOUNCE_ISA_MASK, PCI_MASK };
	struct bounce *bounce;
	u32 i, k;

	if (!can_bounce())
		return;
	bounce_all = true;
	pages[0] = page_from(GFP_HIGHUSER);
	REQUIRE(pages[0]);
	page_fill(pages[0], 4);
	for (i = 0; i < BOUNCE_PAGES; i++)
		many[i] = (struct bio_vec){ pages[0], 64, 64 * i };
	for (k = 0; k < ARRAY_SIZE(mask); k++) {
		u32 n = bounce_limit(mask[k]);

		bounce = bounce_begin(many, n, mask[k], true);
		EXPECT_EQ(bounce_count(bounce), n);
		EXPECT_EQ(nr_bounce_pages(), n);
		EXPECT_EQ(check_bounce(NULL), 0);
		for (i = 0; i < n; i++)
			EXPECT(piece_is(&bounce_vec(bounce)[i], 4));
		bounce_end(bounce, 0);
	}
	give_all();
}

TEST(bounce, counters)
{
	u32 read = nr_bounced(false), written = nr_bounced(true);
	struct bounce *one, *two;

	if (!can_bounce())
		return;
	bounce_all = true;
	REQUIRE(odd_pieces(GFP_KERNEL, 5));
	one = bounce_begin(vec, 3, BOUNCE_ISA_MASK, false);
	two = bounce_begin(vec, 5, PCI_MASK, true);
	EXPECT_EQ(nr_bounce_pages(), 8);
	bounce_end(one, 0);
	EXPECT_EQ(nr_bounce_pages(), 5);
	bounce_end(two, 0);
	EXPECT_EQ(nr_bounce_pages(), 0);
	EXPECT_EQ(nr_bounced(false) - read, 3);
	EXPECT_EQ(nr_bounced(true) - written, 5);
	give_all();
}

/* --- ends in interrupts --- */

static struct {
	struct bounce *bounce;		/* to be ended; NULL: done */
	u32 bytes;
	bool in_irq, in_softirq;
} device;

static void device_ends(unsigned long unused)
{
	struct bounce *bounce = device.bounce;
	u32 i;

	if (!bounce)
		return;
	for (i = 0; i < 8; i++)
		piece_fill(&bounce_vec(bounce)[i], 30 + i);
	device.in_irq = in_irq();
	device.in_softirq = in_softirq();
	bounce_end(bounce, device.bytes);
	*(struct bounce *volatile *)&device.bounce = NULL;
}

static bool device_interrupts(unsigned int irq, void *dev)
{
	bool mine = rtc_was_it();

	if (mine)
		device_ends(0);
	return mine;
}

static bool device_ended(void)
{
	u32 end = jiffies + hz;

	while (*(struct bounce *volatile *)&device.bounce &&
	       !time_after(jiffies, end))
		msleep(1);
	return EXPECT(!device.bounce);
}

static bool device_read_comes_back(void)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < 8; i++)
		ok &= EXPECT(piece_is(&vec[i], 30 + i) &&
			     page_is_outside(&vec[i], i + 1));
	return ok;
}

TEST(bounce, ends_in_a_handler)
{
	if (!can_bounce())
		return;
	bounce_all = true;
	device.bytes = odd_pieces(GFP_HIGHUSER, 8);
	REQUIRE(device.bytes);
	device.bounce = bounce_begin(vec, 8, BOUNCE_ISA_MASK, false);
	REQUIRE(rtc_start(device_interrupts, &device));
	device_ended();
	rtc_stop(&device);
	EXPECT(device.in_irq);
	device_read_comes_back();
	give_all();
}

TEST(bounce, ends_in_a_softirq)
{
	struct tasklet tasklet;

	if (!can_bounce())
		return;
	bounce_all = true;
	device.bytes = odd_pieces(GFP_HIGHUSER, 8);
	REQUIRE(device.bytes);
	device.bounce = bounce_begin(vec, 8, PCI_MASK, false);
	tasklet_init(&tasklet, device_ends, 0);
	tasklet_schedule(&tasklet);
	device_ended();
	tasklet_kill(&tasklet);
	EXPECT(device.in_softirq && !device.in_irq);
	device_read_comes_back();
	give_all();
}

/* --- what may not be --- */

static void begin_bad(u32 n, u32 offset, u32 len, phys_addr_t mask)
{
	static struct bio_vec bad[BOUNCE_PAGES + 1];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		bad[i] = (struct bio_vec){ pfn_to_page(1), len, offset };
	bounce_begin(bad, n, mask, false);
}

TEST_PANIC(bounce, more_than_a_pool,
	   "a transfer to bounce has no piece, or more than its pool")
{
	begin_bad(BOUNCE_PAGES + 1, 0, 512, PCI_MASK);
}

TEST_PANIC(bounce, no_piece,
	   "a transfer to bounce has no piece, or more than its pool")
{
	begin_bad(0, 0, 512, PCI_MASK);
}

TEST_PANIC(bounce, beyond_the_page,
	   "a piece to bounce leaves its page, or is none")
{
	begin_bad(1, 4000, 97, PCI_MASK);
}

TEST_PANIC(bounce, empty_piece,
	   "a piece to bounce leaves its page, or is none")
{
	begin_bad(1, 0, 0, PCI_MASK);
}

TEST_PANIC(bounce, offset_of_another_page,
	   "a piece to bounce leaves its page, or is none")
{
	begin_bad(1, PAGE_SIZE, 1, PCI_MASK);
}

TEST_PANIC(bounce, no_zone_is_so_low,
	   "a device that does not reach 16 MB: no zone is low enough")
{
	begin_bad(1, 0, 512, BOUNCE_ISA_MASK - 1);
}
