/*
 * Frees that must not be: each is named in one line, and nothing happens to the
 * page. Free pages whose state somebody changed are not given out.
 */
#include <boot/sections.h>
#include <kernel/base/printk.h>
#include <kernel/lib/printf.h>
#include <mm/page/page_debug.h>
#include <mm/table/fixmap.h>
#include "private_node.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

/* --- what must not be freed --- */

static void free_as(struct page *page, unsigned int order)
{
	record_start();
	__free_pages(page, order);
	record_stop();
}

/* One report, in these words, and the page is as it was. */
static void refused(struct page *page, unsigned int order, const char *why)
{
	u32 free = nr_unused_pages(), reports = bad_pages;
	unsigned int warnings = printk_warnings();
	struct page before = *page;
	char want[120];

	free_as(page, order);
	EXPECT_EQ(bad_pages - reports, 1);
	EXPECT_EQ(printk_warnings() - warnings, 1);
	snprintf(want, sizeof(want), "error: bad page: frame %x: %s; flags ",
		 page_to_pfn(page), why);
	/* that far the line must be the same */
	if (strncmp(record_stop(), want, strlen(want)))
		EXPECT_STREQ(record_stop(), want);
	EXPECT(!memcmp(page, &before, sizeof(before)));
	EXPECT_EQ(nr_unused_pages(), free);
}

TEST(bad_free, double_free)
{
	struct page *page = alloc_page(GFP_KERNEL), *a, *b;

	REQUIRE(page);
	__free_page(page);
	refused(page, 0, "it is free already");		/* the CPU's */
	a = alloc_page(GFP_KERNEL);
	b = alloc_page(GFP_KERNEL);
	EXPECT(a == page);
	EXPECT(b != page);
	__free_page(a);
	__free_page(b);
	drain_all_pages();
	refused(page, 0, "it is free already");		/* in a block */
	test_allow_warnings(2);
}

TEST(bad_free, double_free_of_a_block)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	REQUIRE(page);
	__free_pages(page, 3);
	refused(page, 3, "it is free already");
	refused(page, 0, "it is free already");
	refused(page + 3, 0, "it is free already");
	refused(page + 4, 2, "it is free already");
	test_allow_warnings(4);
}

TEST(bad_free, free_by_address_twice)
{
	unsigned long addr = __get_free_page(GFP_KERNEL);
	u32 reports = bad_pages;

	REQUIRE(addr);
	free_page(addr);
	free_page(addr);
	EXPECT_EQ(bad_pages - reports, 1);
	test_allow_warnings(1);
}

/* One more put than there were users. */
TEST(bad_free, put_too_often)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	u32 reports = bad_pages;

	REQUIRE(page);
	get_page(page + 1);
	put_page(page);
	put_page(page + 1);
	EXPECT_EQ(bad_pages, reports);
	put_page(page);
	EXPECT_EQ(bad_pages - reports, 1);
	test_allow_warnings(1);
}

TEST(bad_free, reserved)
{
	refused(virt_to_page(_text), 0, "it is reserved");
	refused(virt_to_page(mem_map), 0, "it is reserved");
	refused(pfn_to_page(0), 0, "it is reserved");
	refused(pfn_to_page(0xa0), 0, "it is reserved");	/* no RAM */
	refused(pfn_to_page(0xa0), 5, "it is reserved");
	test_allow_warnings(5);
}

TEST(bad_free, middle_of_a_block)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	REQUIRE(page);
	refused(page + 1, 0, "it is in the middle of a block");
	refused(page + 4, 2, "it is in the middle of a block");
	refused(page + 7, 3, "it is in the middle of a block");
	__free_pages(page, 3);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	REQUIRE(page);
	refused(page + 1, 0, "it is in the middle of a block");
	refused(page + 2, 1, "it is in the middle of a block");
	put_page(page);
	test_allow_warnings(5);
}

TEST(bad_free, wrong_order)
{
	static const char why[] = "it was allocated with another order";
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	REQUIRE(page);
	refused(page, 0, why);
	refused(page, 2, why);
	refused(page, 4, why);
	refused(page, MAX_ORDER - 1, why);
	__free_pages(page, 3);
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	refused(page, 1, why);
	__free_page(page);
	page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);
	REQUIRE(page);
	refused(page, 1, why);
	refused(page, 0, why);
	__free_pages(page, 2);
	test_allow_warnings(7);
}

static void refused_as_no_page(struct page *page, unsigned int order)
{
	u32 reports = bad_pages;

	free_as(page, order);
	EXPECT_EQ(bad_pages - reports, 1);
	EXPECT_STREQ(record_stop(), "error: bad page: no page, or an order "
		     "above 10, to free\n");
}

TEST(bad_free, no_page_or_no_order)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned int order;

	REQUIRE(page);
	refused_as_no_page(page, MAX_ORDER);
	refused_as_no_page(page, ~0U);
	for (order = 0; order < MAX_ORDER; order++) {
		refused_as_no_page(NULL, order);
		refused_as_no_page(mem_map - 1, order);
		refused_as_no_page(mem_map + max_mapnr, order);
	}
	record_start();
	__free_page(NULL);
	record_stop();
	EXPECT_EQ(page_count(page), 1);
	__free_page(page);
	test_allow_warnings(2 + 3 * MAX_ORDER + 1);
}

/* Beyond the direct map: as a frame number it would be of high memory. */
TEST(bad_free, address_of_no_page)
{
	unsigned long page = __get_free_page(GFP_KERNEL);
	u32 end = PAGE_OFFSET + (max_low_pfn << PAGE_SHIFT);
	const u32 addr[] = { 0x1000, PAGE_OFFSET - PAGE_SIZE, end,
			     end + (8U << 20), FIXADDR_TOP - PAGE_SIZE,
			     page + 1, page + PAGE_SIZE - 1 };
	u32 i, order, reports = bad_pages;

	REQUIRE(page);
	for (i = 0; i < ARRAY_SIZE(addr); i++)
		for (order = 0; order < 4; order += 3) {
			record_start();
			free_pages(addr[i], order);
			EXPECT_STREQ(record_stop(), "error: bad page: an "
				     "address that is no page's, to free\n");
		}
	record_stop();
	EXPECT_EQ(bad_pages - reports, 2 * ARRAY_SIZE(addr));
	EXPECT_EQ(page_count(virt_to_page((void *)page)), 1);
	free_page(page);
	test_allow_warnings(2 * ARRAY_SIZE(addr));
}

/* --- what somebody has --- */

/* Both as a single page and as the first one of a block. */
static void each_owner(unsigned int order)
{
	static const struct {
		enum page_flag flag;
		const char *why;
	} owner[] = {
		{ PG_locked, "it is locked" },
		{ PG_lru, "it is still in use" },
		{ PG_active, "it is still in use" },
		{ PG_slab, "it is still in use" },
		{ PG_private, "it is still in use" },
		{ PG_writeback, "it is still in use" },
		{ PG_swapcache, "it is still in use" },
		{ PG_reclaim, "it is still in use" },
		{ PG_buddy, "it is still in use" },
	};
	struct page *page = alloc_pages(GFP_KERNEL, order);
	u32 i;

	REQUIRE(page);
	for (i = 0; i < ARRAY_SIZE(owner); i++) {
		page->flags |= 1U << owner[i].flag;
		refused(page, order, owner[i].why);
		page->flags &= ~(1U << owner[i].flag);
	}
	atomic_inc(&page->_mapcount);
	refused(page, order, "it is still mapped");
	atomic_dec(&page->_mapcount);
	page->mapping = page;
	refused(page, order, "it is still in an address space");
	page->mapping = NULL;
	__free_pages(page, order);
}

TEST(bad_free, still_in_use)
{
	each_owner(0);
	each_owner(2);
	test_allow_warnings(22);
}

/* Others still use it: theirs is the last word. */
TEST(bad_free, in_use_by_others)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 reports = bad_pages;

	REQUIRE(page);
	get_page(page);
	SetPageLocked(page);
	__free_page(page);
	EXPECT_EQ(bad_pages, reports);
	EXPECT_EQ(page_count(page), 1);
	refused(page, 0, "it is locked");
	ClearPageLocked(page);
	__free_page(page);
	test_allow_warnings(1);
}

TEST(bad_free, pages_behind_the_first)
{
	static const char why[] = "a page behind its first is still in use";
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	REQUIRE(page);
	atomic_inc(&page[1]._count);
	refused(page, 2, why);
	atomic_dec(&page[1]._count);
	SetPageLocked(page + 2);
	refused(page, 2, why);
	ClearPageLocked(page + 2);
	atomic_inc(&page[3]._mapcount);
	refused(page, 2, why);
	atomic_dec(&page[3]._mapcount);
	page[3].mapping = page;
	refused(page, 2, why);
	page[3].mapping = NULL;
	page[1].flags |= 1U << PAGE_ORDER_SHIFT;
	refused(page, 2, why);
	page[1].flags &= ~PAGE_ORDER_MASK;
	__free_pages(page, 2);
	test_allow_warnings(5);
}

TEST(bad_free, half_a_compound_block)
{
	static const char why[] = "its pages are not of one compound block";
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);

	REQUIRE(page);
	ClearPageCompound(page + 3);
	refused(page, 2, why);
	SetPageCompound(page + 3);
	__free_pages(page, 2);
	page = alloc_pages(GFP_KERNEL, 2);
	REQUIRE(page);
	SetPageCompound(page + 1);
	refused(page, 2, why);
	ClearPageCompound(page + 1);
	__free_pages(page, 2);
	test_allow_warnings(2);
}

/* --- somebody wrote to a free page's struct --- */

/* A damaged page was lost; mended, it goes to the free lists. */
static void bring_back(struct zone *zone, struct page *page)
{
	u32 flags;

	page->flags = zone->id << ZONEID_SHIFT;
	page->mapping = NULL;
	atomic_set(&page->_count, 0);
	atomic_set(&page->_mapcount, -1);
	flags = spin_lock_irqsave(&zone->lock);
	__free_one_page(zone, page, 0);
	spin_unlock_irqrestore(&zone->lock, flags);
}

/* The next page to come is damaged: `next` comes instead, and it never does. */
static void passed_over(struct zone *zone, struct page *page,
			struct page *next, void (*damage)(struct page *page))
{
	u32 reports = bad_pages, n = 1, i;
	struct page *got[4];

	damage(page);
	got[0] = private_alloc(GFP_KERNEL, 0);
	EXPECT(got[0] == next);
	EXPECT_EQ(bad_pages - reports, 1);
	while (n < 4 && (got[n] = private_alloc(GFP_KERNEL | __GFP_NOWARN, 0)))
		n++;
	EXPECT_EQ(n, 3);
	for (i = 0; i < n; i++) {
		EXPECT(got[i] != page);
		__free_page(got[i]);
	}
	EXPECT_EQ(bad_pages - reports, 1);
	bring_back(zone, page);
	drain_zone_pages(zone);
}

static void make_used(struct page *page)
{
	atomic_inc(&page->_count);
}

static void make_mapped(struct page *page)
{
	atomic_inc(&page->_mapcount);
}

static void make_owned(struct page *page)
{
	page->mapping = page;
}

static void make_dirty(struct page *page)
{
	page->flags |= 1U << PG_dirty;
}

/* Of four pages the CPU keeps two: b under a. */
static void damaged_on_the_stack(struct zone *zone,
				 void (*damage)(struct page *page))
{
	struct page *a = private_alloc(GFP_KERNEL, 0);
	struct page *b = private_alloc(GFP_KERNEL, 0);

	REQUIRE(a && b);
	__free_page(b);
	__free_page(a);
	passed_over(zone, a, b, damage);
}

TEST_PRIVATE(bad_free, damaged_page_of_the_cpu, 2)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 4);

	private_ready();
	damaged_on_the_stack(zone, make_used);
	damaged_on_the_stack(zone, make_mapped);
	damaged_on_the_stack(zone, make_owned);
	damaged_on_the_stack(zone, make_dirty);
	test_allow_warnings(4);
}

/* What is wrong with the flags ends there: they are written anew. */
TEST_PRIVATE(bad_free, damaged_page_of_a_list, 2)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 4);

	private_ready();
	passed_over(zone, private_page(0), private_page(1), make_used);
	passed_over(zone, private_page(0), private_page(1), make_mapped);
	passed_over(zone, private_page(0), private_page(1), make_owned);
	test_allow_warnings(3);
}

/* Of three neighbours that the CPU gives back the middle one is damaged. */
static void not_given_back(struct zone *zone,
			   void (*damage)(struct page *page))
{
	struct page *page[4];
	u32 reports = bad_pages, i;

	for (i = 0; i < 4; i++)
		page[i] = private_alloc(GFP_KERNEL, 0);
	REQUIRE(page[3]);
	for (i = 0; i < 4; i++)
		__free_page(page[i]);
	damage(page[1]);
	drain_zone_pages(zone);
	EXPECT_EQ(bad_pages - reports, 1);
	EXPECT_EQ(nr_pcp_pages(zone), 0);
	EXPECT_EQ(zone->free_pages, 7);
	bring_back(zone, page[1]);
}

TEST_PRIVATE(bad_free, damaged_page_is_not_given_back, 3)
{
	struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 8);

	private_ready();
	not_given_back(zone, make_used);
	not_given_back(zone, make_mapped);
	not_given_back(zone, make_owned);
	not_given_back(zone, make_dirty);
	test_allow_warnings(4);
}
