/*
 * The page allocator of the running machine: every call of page_alloc.h with
 * every order, what struct page says meanwhile, and failures on purpose.
 */
#include <boot/sections.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/lib/errno.h>
#include <mm/page/internal.h>
#include <mm/table/fixmap.h>
#include "private_node.h"

#define LARGEST (MAX_ORDER - 1)
#define MAX_BYTES ((u32)PAGE_SIZE << LARGEST)
#define DMA_END (16U << 20)

/* A zone with so many pages must have a block of this order: guessed. */
static bool must_have(unsigned int order)
{
	return largest_zone() >= 12U << order;
}

/* --- contents, of high memory too --- */

static u32 *open_window(struct page *page)
{
	set_fixmap(FIX_TEST, page_to_phys(page), PAGE_KERNEL);
	return (u32 *)(uintptr_t)fix_to_virt(FIX_TEST);
}

static void close_window(void)
{
	clear_fixmap(FIX_TEST);
}

static void dirty(struct page *page, u32 pages)
{
	for (; pages--; page++) {
		memset(open_window(page), 0xe7, PAGE_SIZE);
		close_window();
	}
}

static bool all_zero(struct page *page, u32 pages)
{
	u32 sum = 0, i;

	for (; pages--; page++) {
		const u32 *p = open_window(page);

		for (i = 0; i < PAGE_SIZE / 4; i++)
			sum |= p[i];
		close_window();
	}
	return !sum;
}

/* --- every order --- */

/* A block as it must be when it was just given out. */
static void expect_block(struct page *page, unsigned int order,
			 enum zone_type highest)
{
	u32 pfn = page_to_pfn(page), size = 1U << order, i;

	EXPECT(IS_ALIGNED(pfn, size));
	EXPECT_EQ(page_count(page), 1);
	EXPECT_EQ(page_order(page), order);
	EXPECT(page_zone(page)->type <= highest);
	for (i = 0; i < size; i++) {
		u32 state = page[i].flags & ((1U << __NR_PAGE_FLAGS) - 1);

		if (!EXPECT(pfn_valid(pfn + i)) || !EXPECT_EQ(state, 0) ||
		    !EXPECT(page_zone(page + i) == page_zone(page)) ||
		    !EXPECT_EQ(page_mapcount(page + i), 0) ||
		    !EXPECT_EQ(page_count(page + i), !i))
			return;
	}
}

TEST(pages, every_order)
{
	static const struct {
		gfp_t gfp;
		enum zone_type highest;
	} kind[] = {
		{ GFP_KERNEL, ZONE_NORMAL }, { GFP_ATOMIC, ZONE_NORMAL },
		{ GFP_NOIO, ZONE_NORMAL }, { GFP_NOFS, ZONE_NORMAL },
		{ GFP_HIGHUSER, ZONE_HIGHMEM }, { GFP_DMA, ZONE_DMA },
		{ GFP_KERNEL | __GFP_COLD, ZONE_NORMAL },
		{ __GFP_DMA | __GFP_HIGHMEM, ZONE_DMA },
	};
	unsigned int order, i;

	for (order = 0; order < MAX_ORDER; order++)
		for (i = 0; i < ARRAY_SIZE(kind); i++) {
			struct page *page = alloc_pages(kind[i].gfp |
							__GFP_NOWARN, order);

			if (!page) {
				/* a module may have all of DMA's */
				EXPECT(kind[i].highest == ZONE_DMA ||
				       !must_have(order));
				continue;
			}
			expect_block(page, order, kind[i].highest);
			__free_pages(page, order);
		}
}

/* In silence: whoever asks for that has another way. */
TEST(pages, order_too_large)
{
	EXPECT(!alloc_pages(GFP_KERNEL, MAX_ORDER));
	EXPECT(!alloc_pages(GFP_ATOMIC, MAX_ORDER + 1));
	EXPECT(!alloc_pages(GFP_HIGHUSER | __GFP_COMP | __GFP_ZERO, 31));
	EXPECT(!alloc_pages(GFP_KERNEL, 32));
	EXPECT(!alloc_pages(GFP_KERNEL | __GFP_NOFAIL, ~0U));
	EXPECT_EQ(__get_free_pages(GFP_KERNEL, MAX_ORDER), 0);
}

/* Nobody gets a page that another one has. */
TEST(pages, many_at_once)
{
	struct page *page[64];
	u32 i, j;

	for (i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = alloc_page(GFP_HIGHUSER);
		REQUIRE(page[i]);
		page[i]->index = i;
		for (j = 0; j < i; j++)
			if (!EXPECT(page[j] != page[i]))
				break;
	}
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		EXPECT_EQ(page[i]->index, i);
		__free_page(page[i]);
	}
}

/* --- by address --- */

TEST(pages, get_free_pages)
{
	unsigned int order;

	for (order = 0; order <= 5; order++) {
		u32 size = (u32)PAGE_SIZE << order;
		unsigned long addr = __get_free_pages(GFP_KERNEL, order);

		REQUIRE(addr);
		EXPECT(IS_ALIGNED(addr, size));
		EXPECT(__pa((void *)addr) + size <= max_low_pfn << PAGE_SHIFT);
		memset((void *)addr, 0x5a, size);
		EXPECT(page_address(virt_to_page((void *)addr)) ==
		       (void *)addr);
		free_pages(addr, order);
	}
	free_pages(0, 0);
	free_pages(0, 10);
	free_page(0);
}

TEST(pages, dma_pages)
{
	unsigned int order;

	for (order = 0; order <= 5; order++) {
		u32 size = (u32)PAGE_SIZE << order;
		unsigned long addr = __get_dma_pages(GFP_KERNEL, order);

		REQUIRE(addr);
		EXPECT(__pa((void *)addr) + size <= DMA_END);
		free_pages(addr, order);
	}
}

TEST_PANIC(pages, high_memory_has_no_address,
	   "a page of high memory has no address")
{
	__get_free_pages(GFP_HIGHUSER, 0);
}

/* --- zeroed --- */

/* The page freed last comes first: the one that was made dirty. */
TEST(pages, get_zeroed_page)
{
	struct page *page = alloc_page(GFP_KERNEL);
	unsigned long addr;

	REQUIRE(page);
	dirty(page, 1);
	__free_page(page);
	addr = get_zeroed_page(GFP_KERNEL);
	REQUIRE(addr);
	EXPECT(virt_to_page((void *)addr) == page);
	EXPECT(all_zero(page, 1));
	free_page(addr);
}

/* There is no other block in the zone. */
TEST_PRIVATE(pages, zeroed_block, 3)
{
	struct page *page;

	private_zone(0, ZONE_NORMAL, 0, 8);
	private_ready();
	page = private_alloc(GFP_KERNEL, 3);
	REQUIRE(page);
	dirty(page, 8);
	__free_pages(page, 3);
	page = private_alloc(GFP_KERNEL | __GFP_ZERO, 3);
	REQUIRE(page == private_page(0));
	EXPECT(all_zero(page, 8));
	__free_pages(page, 3);
}

TEST(pages, zeroed_high_memory)
{
	struct page *page = alloc_page(GFP_HIGHUSER), *again;

	REQUIRE(page);
	if (!page_is_high(page)) {
		__free_page(page);
		test_skip("no high memory");
		return;
	}
	dirty(page, 1);
	__free_page(page);
	again = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
	EXPECT(again == page);
	EXPECT(all_zero(again, 1));
	__free_page(again);
	page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 2);
	REQUIRE(page);
	EXPECT(page_is_high(page));
	EXPECT(all_zero(page, 4));
	__free_pages(page, 2);
}

/* --- exact sizes --- */

static void exactly(u32 size, u32 pages)
{
	u32 free = nr_unused_pages(), i;
	char *addr = alloc_pages_exact(size, GFP_KERNEL | __GFP_NOWARN);

	if (!addr) {
		EXPECT(pages == 1U << LARGEST && !must_have(LARGEST));
		return;
	}
	EXPECT_EQ(free - nr_unused_pages(), pages);
	EXPECT(IS_ALIGNED((uintptr_t)addr, PAGE_SIZE));
	for (i = 0; i < pages; i++) {
		struct page *page = virt_to_page(addr + i * PAGE_SIZE);

		EXPECT_EQ(page_count(page), 1);
		EXPECT_EQ(page_order(page), 0);
	}
	memset(addr, 0x5a, size);
	free_pages_exact(addr, size);
	EXPECT_EQ(nr_unused_pages(), free);
}

TEST(pages, alloc_pages_exact)
{
	exactly(1, 1);
	exactly(PAGE_SIZE - 1, 1);
	exactly(PAGE_SIZE, 1);
	exactly(PAGE_SIZE + 1, 2);
	exactly(5 * PAGE_SIZE, 5);
	exactly(16 * PAGE_SIZE + 1, 17);
	exactly(MAX_BYTES - PAGE_SIZE + 1, 1U << LARGEST);
	exactly(MAX_BYTES, 1U << LARGEST);
}

TEST(pages, alloc_pages_exact_of_nothing)
{
	EXPECT(!alloc_pages_exact(0, GFP_KERNEL));
	EXPECT(!alloc_pages_exact(MAX_BYTES + 1, GFP_KERNEL));
	EXPECT(!alloc_pages_exact(~(size_t)0, GFP_KERNEL));
	EXPECT(!alloc_pages_exact(~(size_t)0 - PAGE_SIZE + 2, GFP_KERNEL));
}

TEST_PANIC(pages, exact_high_memory, "alloc_pages_exact() gives single pages")
{
	alloc_pages_exact(PAGE_SIZE, GFP_HIGHUSER);
}

/* --- splitting --- */

TEST(pages, split_page)
{
	struct page *page = alloc_pages(GFP_KERNEL, 4);
	u32 free = nr_unused_pages(), i;

	REQUIRE(page);
	split_page(page, 4);
	for (i = 0; i < 16; i++) {
		EXPECT_EQ(page_count(page + i), 1);
		EXPECT_EQ(page_order(page + i), 0);
	}
	for (i = 1; i < 16; i += 2)
		__free_page(page + i);
	EXPECT_EQ(nr_unused_pages() - free, 8);
	for (i = 0; i < 16; i += 2)
		__free_page(page + i);
	EXPECT_EQ(nr_unused_pages() - free, 16);
}

TEST(pages, split_of_one)
{
	struct page *page = alloc_page(GFP_KERNEL);

	REQUIRE(page);
	split_page(page, 0);
	EXPECT_EQ(page_count(page), 1);
	__free_page(page);
}

TEST_PANIC(pages, split_compound, "split_page() of a compound block")
{
	split_page(alloc_pages(GFP_KERNEL | __GFP_COMP, 2), 2);
}

TEST_PANIC(pages, split_with_another_order, "split_page() with another order")
{
	split_page(alloc_pages(GFP_KERNEL, 2), 3);
}

TEST_PANIC(pages, split_with_users, "split_page() of a block with users")
{
	struct page *page = alloc_pages(GFP_KERNEL, 2);

	get_page(page);
	split_page(page, 2);
}

/* --- users --- */

TEST(pages, last_user_frees)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 free = nr_unused_pages();

	REQUIRE(page);
	get_page(page);
	get_page(page);
	EXPECT_EQ(page_count(page), 3);
	put_page(page);
	__free_page(page);
	EXPECT_EQ(page_count(page), 1);
	EXPECT_EQ(nr_unused_pages(), free);
	put_page(page);
	EXPECT_EQ(nr_unused_pages(), free + 1);
}

TEST(pages, last_user_frees_the_block)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	u32 free = nr_unused_pages();

	REQUIRE(page);
	get_page(page);
	__free_pages(page, 3);
	EXPECT_EQ(page_count(page), 1);
	EXPECT_EQ(nr_unused_pages(), free);
	__free_pages(page, 3);
	EXPECT_EQ(nr_unused_pages(), free + 8);
}

TEST(pages, compound)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 3);
	u32 free = nr_unused_pages(), i;

	REQUIRE(page);
	EXPECT_EQ(page_order(page), 3);
	for (i = 0; i < 8; i++) {
		EXPECT(PageCompound(page + i));
		EXPECT(compound_head(page + i) == page);
		get_page(page + i);
		EXPECT_EQ(page_count(page), 2 + i);
		EXPECT_EQ(page_count(page + i), i ? 0 : 2);
	}
	for (i = 8; i--;)
		put_page(page + i);
	EXPECT_EQ(page_count(page), 1);
	EXPECT_EQ(nr_unused_pages(), free);
	put_page(page + 5);
	EXPECT_EQ(nr_unused_pages(), free + 8);
	for (i = 0; i < 8; i++) {
		EXPECT(!PageCompound(page + i));
		EXPECT(compound_head(page + i) == page + i);
	}
}

/* Freed as any block; of one page it is no compound block at all. */
TEST(pages, compound_freed_by_order)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 5);

	REQUIRE(page);
	__free_pages(page, 5);
	page = alloc_page(GFP_KERNEL | __GFP_COMP);
	REQUIRE(page);
	EXPECT(!PageCompound(page));
	__free_page(page);
}

TEST_PANIC(pages, get_page_of_a_free_page, "get_page() of a page that nobody")
{
	struct page *page = alloc_page(GFP_KERNEL);

	__free_page(page);
	get_page(page);
}

/* What says something of the contents goes with them. */
TEST(pages, flags_of_contents_are_dropped)
{
	struct page *page = alloc_pages(GFP_KERNEL, 1), *again;
	u32 flags = 1U << PG_error | 1U << PG_referenced | 1U << PG_uptodate |
		    1U << PG_dirty | 1U << PG_checked | 1U << PG_mappedtodisk;

	REQUIRE(page);
	page[0].flags |= flags;
	page[1].flags |= flags;
	__free_pages(page, 1);
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	page->flags |= flags;
	page->private = 12345;
	__free_page(page);
	again = alloc_page(GFP_KERNEL);
	EXPECT(again == page);
	EXPECT_EQ(again->private, 0);
	expect_block(again, 0, ZONE_NORMAL);
	__free_page(again);
}

/* --- which block --- */

TEST(pages, page_block)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);
	u32 i;

	REQUIRE(page);
	for (i = 0; i < 8; i++)
		EXPECT(page_block(page + i) == page);
	split_page(page, 3);
	for (i = 0; i < 8; i++)
		EXPECT(page_block(page + i) == page + i);
	for (i = 0; i < 8; i++)
		__free_page(page + i);
	EXPECT(!page_block(page + 7));		/* kept for the CPU */
	drain_all_pages();
	REQUIRE(page_block(page + 7));
	EXPECT(PageBuddy(page_block(page + 7)));
	EXPECT(!page_block(virt_to_page(_text)));
}

/* --- counting --- */

TEST(pages, counters_of_the_machine)
{
	struct zone_counters before, after;
	struct page *page = alloc_page(GFP_KERNEL), *block;
	struct zone *zone;
	u32 free;

	REQUIRE(page);
	zone = page_zone(page);
	__free_page(page);
	free = nr_unused_pages();
	zone_count(zone, 0, &before);
	page = alloc_page(GFP_KERNEL);
	block = alloc_pages(GFP_KERNEL, 2);
	REQUIRE(page && block);
	EXPECT_EQ(free - nr_unused_pages(), 5);
	__free_page(page);
	zone_count(zone, 0, &after);
	EXPECT_EQ(after.pgfree - before.pgfree, 1);
	if (page_zone(block) == zone) {
		EXPECT_EQ(after.pgalloc - before.pgalloc, 5);
		EXPECT_EQ(after.numa_hit - before.numa_hit, 2);
		EXPECT_EQ(after.numa_miss, before.numa_miss);
		EXPECT_EQ(after.numa_foreign, before.numa_foreign);
	}
	__free_pages(block, 2);
	EXPECT_EQ(nr_unused_pages(), free);
}

/* --- the n-th allocation fails --- */

TEST(pages, fail_nth)
{
	struct page *page[4];
	u32 i;

	page_alloc_fail_nth(3);
	for (i = 0; i < 4; i++)
		page[i] = alloc_pages(GFP_KERNEL | __GFP_NOWARN, i & 1);
	EXPECT(page[0] && page[1] && !page[2] && page[3]);
	for (i = 0; i < 4; i++)
		if (page[i])
			__free_pages(page[i], i & 1);
	page_alloc_fail_nth(1);
	page_alloc_fail_nth(0);
	page[0] = alloc_page(GFP_KERNEL);
	EXPECT(page[0]);
	__free_page(page[0]);
}

TEST(pages, nofail_is_not_asked)
{
	u32 injected = fail_page.injected;
	struct page *page;

	page_alloc_fail_nth(1);
	page = alloc_page(GFP_KERNEL | __GFP_NOFAIL);
	EXPECT(page);
	EXPECT_EQ(fail_page.injected, injected);
	EXPECT(fail_page.active);
	EXPECT(!alloc_page(GFP_KERNEL | __GFP_NOWARN));
	EXPECT_EQ(fail_page.injected, injected + 1);
	EXPECT(!fail_page.active);
	if (page)
		__free_page(page);
}

TEST(pages, exact_with_failures)
{
	u32 free = nr_unused_pages(), n = 0;
	void *addr;

	do {
		page_alloc_fail_nth(++n);
		addr = alloc_pages_exact(5 * PAGE_SIZE,
					 GFP_KERNEL | __GFP_NOWARN);
		page_alloc_fail_nth(0);
		if (!addr)
			EXPECT_EQ(nr_unused_pages(), free);
	} while (!addr && n < 10);
	EXPECT_EQ(n, 2);
	REQUIRE(addr);
	free_pages_exact(addr, 5 * PAGE_SIZE);
}

/* Tables that the case has to free. */
static phys_addr_t table[8];
static u32 nr_tables;
static phys_addr_t (*real_alloc)(void);

static phys_addr_t counted_table(void)
{
	phys_addr_t pa = real_alloc();

	if (pa && EXPECT(nr_tables < ARRAY_SIZE(table)))
		table[nr_tables++] = pa;
	return pa;
}

static int map_with_failure(int levels, u32 n)
{
	struct pgtable pt = { .name = "test", .levels = levels };
	u32 free = nr_unused_pages();
	int err;

	pt.root = (void *)get_zeroed_page(GFP_KERNEL);
	if (!EXPECT(pt.root))
		return 0;
	nr_tables = 0;
	real_alloc = pt_alloc_table;
	pt_alloc_table = counted_table;
	page_alloc_fail_nth(n);
	/* the end of one 4 MB, all of the next and the beginning of a third;
	 * two-level entries have no NX */
	err = pt_map(&pt, 0x403ff000, 0, 0x402000, PAGE_KERNEL & ~_PAGE_NX,
		     false);
	page_alloc_fail_nth(0);
	pt_alloc_table = real_alloc;
	EXPECT_EQ(free - nr_unused_pages(), nr_tables + 1);
	while (nr_tables)
		__free_page(pfn_to_page((u32)PFN_DOWN(table[--nr_tables])));
	free_page((unsigned long)pt.root);
	EXPECT_EQ(nr_unused_pages(), free);
	return err;
}

/* How often it fails before it succeeds: as often as it needs a table. */
static u32 failures(int levels)
{
	u32 n = 1;
	int err;

	while ((err = map_with_failure(levels, n)) && n < 20) {
		EXPECT_EQ(err, -ENOMEM);
		n++;
	}
	return n - 1;
}

TEST(pages, page_tables_with_failures)
{
	EXPECT_EQ(failures(2), 3);
	test_allow_warnings(3);
	if (!cpu_has(X86_FEATURE_CX8))
		return;
	/* 2 MB each, and the level above */
	EXPECT_EQ(failures(3), 5);
	test_allow_warnings(8);
}
