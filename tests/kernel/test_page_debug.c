/*
 * What debug= adds: who allocated a page and who freed it, what was written to
 * it afterwards, and faults at the first use of a free page.
 */
#include <kernel/base/debug.h>
#include <kernel/base/symbols.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/printf.h>
#include <mm/page/page_debug.h>
#include <mm/table/fixmap.h>
#include <mm/table/pgtable.h>
#include "private_node.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

static bool have(enum debug_option option)
{
	static const char *const why[] = {
		[DEBUG_PAGE_OWNER] = "only with debug=page_owner",
		[DEBUG_PAGE_POISON] = "only with debug=page_poison",
		[DEBUG_PAGEALLOC] = "only with debug=pagealloc",
	};

	if (debug_enabled(option))
		return true;
	test_skip(why[option]);
	return false;
}

/* --- debug=page_owner --- */

/* Is the site somewhere in the function of that name? */
static bool is_in(u32 site, const char *name)
{
	u32 offset, size;
	const char *found = symbol_lookup(site, &offset, &size);

	return found ? EXPECT_STREQ(found, name) : EXPECT(found);
}

static __noinline struct page *first_owner(gfp_t gfp, unsigned int order)
{
	return alloc_pages(gfp, order);
}

static __noinline void last_owner(struct page *page, unsigned int order)
{
	__free_pages(page, order);
}

TEST(page_debug, owner_of_a_block)
{
	const struct page_owner *owner;
	struct page *page;
	unsigned int order;

	if (!have(DEBUG_PAGE_OWNER))
		return;
	for (order = 0; order < 5; order++) {
		page = first_owner(GFP_KERNEL | __GFP_ZERO, order);
		REQUIRE(page);
		owner = page_owner(page);
		REQUIRE(owner);
		is_in(owner->alloc_site, "first_owner");
		EXPECT_EQ(owner->free_site, 0);
		EXPECT_EQ(owner->order, order);
		EXPECT_EQ(owner->gfp, GFP_KERNEL | __GFP_ZERO);
		last_owner(page, order);
		is_in(owner->alloc_site, "first_owner");
		is_in(owner->free_site, "last_owner");
	}
}

static __noinline void *owner_by_address(void)
{
	return (void *)__get_free_pages(GFP_KERNEL, 1);
}

static __noinline void *owner_of_zeroes(void)
{
	return (void *)get_zeroed_page(GFP_KERNEL);
}

static __noinline void *owner_of_exact_size(void)
{
	return alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
}

/* Not the allocator's own functions are what one looks for. */
TEST(page_debug, owner_by_every_call)
{
	char *addr;
	u32 i;

	if (!have(DEBUG_PAGE_OWNER))
		return;
	addr = owner_by_address();
	REQUIRE(addr);
	is_in(page_owner(virt_to_page(addr))->alloc_site, "owner_by_address");
	free_pages((unsigned long)addr, 1);
	addr = owner_of_zeroes();
	REQUIRE(addr);
	is_in(page_owner(virt_to_page(addr))->alloc_site, "owner_of_zeroes");
	free_page((unsigned long)addr);
	addr = owner_of_exact_size();
	REQUIRE(addr);
	for (i = 0; i < 3; i++) {
		const struct page_owner *owner =
			page_owner(virt_to_page(addr + i * PAGE_SIZE));

		is_in(owner->alloc_site, "owner_of_exact_size");
		EXPECT_EQ(owner->order, 0);
		EXPECT_EQ(owner->free_site, 0);
	}
	free_pages_exact(addr, 3 * PAGE_SIZE);
}

TEST(page_debug, owner_of_split_pages)
{
	struct page *page;
	u32 i;

	if (!have(DEBUG_PAGE_OWNER))
		return;
	page = first_owner(GFP_KERNEL, 2);
	REQUIRE(page);
	split_page(page, 2);
	for (i = 0; i < 4; i++) {
		is_in(page_owner(page + i)->alloc_site, "first_owner");
		EXPECT_EQ(page_owner(page + i)->order, 0);
	}
	for (i = 0; i < 4; i++)
		last_owner(page + i, 0);
	for (i = 0; i < 4; i++)
		is_in(page_owner(page + i)->free_site, "last_owner");
}

/* The report of a bad free names both. */
TEST(page_debug, owner_in_the_report)
{
	struct page *page;

	if (!have(DEBUG_PAGE_OWNER))
		return;
	page = first_owner(GFP_KERNEL, 0);
	REQUIRE(page);
	record_start();
	last_owner(page, 1);
	EXPECT(strstr(record_stop(), ": it was allocated with another order"));
	EXPECT(strstr(record_stop(), "\n  allocated by first_owner+0x"));
	EXPECT(strstr(record_stop(), ", order 0, mode 0xd0; last freed by "
		      "nobody\n"));
	last_owner(page, 0);
	record_start();
	__free_page(page);
	EXPECT(strstr(record_stop(), ": it is free already"));
	EXPECT(strstr(record_stop(), "; last freed by last_owner+0x"));
	test_allow_warnings(2);
}

TEST(page_debug, no_owner_without_the_option)
{
	if (debug_enabled(DEBUG_PAGE_OWNER)) {
		test_skip("not with debug=page_owner");
		return;
	}
	EXPECT(!page_owner(mem_map));
}

/* --- debug=page_poison --- */

#define POISON 0xaaaaaaaaU

static u32 *open_window(struct page *page)
{
	set_fixmap(FIX_TEST, page_to_phys(page), PAGE_KERNEL);
	return (u32 *)(uintptr_t)fix_to_virt(FIX_TEST);
}

static void close_window(void)
{
	clear_fixmap(FIX_TEST);
}

static bool is_poisoned(struct page *page)
{
	const u32 *p = open_window(page);
	u32 i;

	for (i = 0; i < PAGE_SIZE / 4 && p[i] == POISON; i++)
		;
	close_window();
	return i == PAGE_SIZE / 4;
}

static void fill(struct page *page)
{
	memset(open_window(page), 0x11, PAGE_SIZE);
	close_window();
}

static void write_word(struct page *page, u32 offset, u32 value)
{
	open_window(page)[offset / 4] = value;
	close_window();
}

TEST(page_debug, freed_pages_are_filled)
{
	struct page *page;
	u32 i;

	if (!have(DEBUG_PAGE_POISON))
		return;
	page = alloc_pages(GFP_KERNEL, 2);
	REQUIRE(page);
	for (i = 0; i < 4; i++)
		fill(page + i);
	__free_pages(page, 2);
	for (i = 0; i < 4; i++)
		EXPECT(is_poisoned(page + i));
	page = alloc_page(GFP_HIGHUSER);
	REQUIRE(page);
	fill(page);
	__free_page(page);
	EXPECT(is_poisoned(page));
}

/* From the beginning: those that nobody ever had, too. */
TEST(page_debug, every_free_page_is_filled)
{
	struct page *page;
	u32 i;

	if (!have(DEBUG_PAGE_POISON))
		return;
	page = alloc_pages(GFP_HIGHUSER, 6);
	REQUIRE(page);
	for (i = 0; i < 64; i++)
		if (!EXPECT(is_poisoned(page + i)))
			break;
	__free_pages(page, 6);
}

/* The sentence about page, and how many there were of the kind. */
static u32 reports_of_next_alloc(struct page *page, unsigned int order,
				 gfp_t gfp)
{
	u32 reports = bad_pages;
	struct page *again;

	record_start();
	again = alloc_pages(gfp, order);
	record_stop();
	EXPECT(again == page);
	if (again)
		__free_pages(again, order);
	return bad_pages - reports;
}

/* A write to a free page is told once, at the next allocation. */
static void write_is_found(gfp_t gfp, u32 offset, u32 value)
{
	struct page *page = alloc_page(gfp);
	char want[120];

	REQUIRE(page);
	__free_page(page);
	write_word(page, offset, value);
	EXPECT_EQ(reports_of_next_alloc(page, 0, gfp), 1);
	snprintf(want, sizeof(want), "error: page of frame %x was written "
		 "after it was freed: %08x at offset %x\n", page_to_pfn(page),
		 value, offset);
	EXPECT(!strncmp(record_stop(), want, strlen(want)));
	/* it has been filled again */
	EXPECT_EQ(reports_of_next_alloc(page, 0, gfp), 0);
}

TEST(page_debug, write_after_free)
{
	if (!have(DEBUG_PAGE_POISON))
		return;
	write_is_found(GFP_KERNEL, 0, 0);
	write_is_found(GFP_KERNEL, 0x48c, 0xaaaaaaab);
	write_is_found(GFP_KERNEL, PAGE_SIZE - 4, 0x2aaaaaaa);
	write_is_found(GFP_DMA, 0x800, 1);
	write_is_found(GFP_HIGHUSER, 0x10, ~0U);
	write_is_found(GFP_KERNEL | __GFP_ZERO, 0x20, 2);
	test_allow_warnings(6);
}

/* The value that is there anyway is no damage. */
TEST(page_debug, writing_the_poison)
{
	struct page *page;

	if (!have(DEBUG_PAGE_POISON))
		return;
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	__free_page(page);
	write_word(page, 0x100, POISON);
	EXPECT_EQ(reports_of_next_alloc(page, 0, GFP_KERNEL), 0);
}

/* Each page of a block is looked at; those that are clean are not named. */
TEST_PRIVATE(page_debug, write_into_a_free_block, 3)
{
	struct page *page;
	u32 reports;

	private_zone(0, ZONE_NORMAL, 0, 8);
	private_ready();
	if (!have(DEBUG_PAGE_POISON))
		return;
	page = private_alloc(GFP_KERNEL, 3);
	REQUIRE(page);
	__free_pages(page, 3);
	write_word(page + 1, 4, 4);
	write_word(page + 6, 8, 8);
	reports = bad_pages;
	page = private_alloc(GFP_KERNEL, 3);
	EXPECT_EQ(bad_pages - reports, 2);
	test_allow_warnings(2);
	REQUIRE(page);
	__free_pages(page, 3);
}

/* --- debug=pagealloc --- */

static u32 address(struct page *page)
{
	return (u32)(uintptr_t)page_address(page);
}

static void expect_mapped(struct page *page)
{
	EXPECT_NO_FAULT(ACCESS_READ, address(page));
	EXPECT_NO_FAULT(ACCESS_WRITE, address(page) + PAGE_SIZE - 4);
}

static void expect_unmapped(struct page *page)
{
	EXPECT_FAULT(ACCESS_READ, address(page), 0);
	EXPECT_FAULT(ACCESS_READ, address(page) + PAGE_SIZE - 1, 0);
	EXPECT_FAULT(ACCESS_WRITE, address(page) + 8, PF_WRITE);
}

static void use_after_free(gfp_t gfp)
{
	struct page *page = alloc_page(gfp), *again;

	REQUIRE(page);
	expect_mapped(page);
	__free_page(page);
	expect_unmapped(page);
	again = alloc_page(gfp);
	EXPECT(again == page);
	expect_mapped(again);
	__free_page(again);
	drain_all_pages();
	expect_unmapped(page);
}

TEST(page_debug, use_after_free_faults)
{
	if (!have(DEBUG_PAGEALLOC))
		return;
	use_after_free(GFP_KERNEL);
	use_after_free(GFP_DMA);
	use_after_free(GFP_ATOMIC | __GFP_ZERO);
}

TEST(page_debug, use_of_a_freed_block_faults)
{
	struct page *page;
	u32 i;

	if (!have(DEBUG_PAGEALLOC))
		return;
	page = alloc_pages(GFP_KERNEL, 3);
	REQUIRE(page);
	split_page(page, 3);
	for (i = 0; i < 8; i++)
		expect_mapped(page + i);
	/* only what is freed goes */
	for (i = 0; i < 8; i += 2)
		__free_page(page + i);
	for (i = 0; i < 8; i += 2) {
		expect_unmapped(page + i);
		expect_mapped(page + i + 1);
	}
	for (i = 1; i < 8; i += 2)
		__free_page(page + i);
	for (i = 0; i < 8; i++)
		expect_unmapped(page + i);
}

/* The rest of the block that an exact size does not need is free, too. */
TEST(page_debug, rest_of_an_exact_size_faults)
{
	char *addr;

	if (!have(DEBUG_PAGEALLOC))
		return;
	addr = alloc_pages_exact(3 * PAGE_SIZE, GFP_KERNEL);
	REQUIRE(addr);
	expect_mapped(virt_to_page(addr + 2 * PAGE_SIZE));
	expect_unmapped(virt_to_page(addr + 3 * PAGE_SIZE));
	free_pages_exact(addr, 3 * PAGE_SIZE);
	expect_unmapped(virt_to_page(addr));
}

/* What was free from the beginning: no block of the lists is mapped. */
TEST(page_debug, no_free_page_is_mapped)
{
	struct pt_walk walk;
	struct zone *zone;
	unsigned int i, order;
	u32 n, mapped = 0;

	if (!have(DEBUG_PAGEALLOC))
		return;
	drain_all_pages();
	for_each_zone_of(&machine_nodes, zone, i)
		for (order = 0; order < MAX_ORDER; order++) {
			const struct page *page;

			if (zone->type == ZONE_HIGHMEM)
				continue;
			list_for_each_entry(page,
				&zone->free_area[order].free_list, lru)
				for (n = 0; n < 1U << order; n++)
					mapped += !!pt_walk(&kernel_pgtable,
						(u32)(uintptr_t)
						page_address(page + n), &walk);
		}
	EXPECT_EQ(mapped, 0);
}

/* Its entry is what it was: as the direct map has it, writable, in place. */
TEST(page_debug, mapped_again_as_before)
{
	struct page *page, *mate;
	struct pt_walk a, b;

	if (!have(DEBUG_PAGEALLOC))
		return;
	page = alloc_pages(GFP_KERNEL, 1);
	REQUIRE(page);
	mate = page + 1;
	EXPECT_EQ(pt_walk(&kernel_pgtable, address(page), &a), 1);
	EXPECT_EQ(a.phys, page_to_phys(page));
	EXPECT_EQ(pt_walk(&kernel_pgtable, address(mate), &b), 1);
	EXPECT_EQ(b.phys, page_to_phys(mate));
	EXPECT_EQ(a.leaf & PTE_FLAGS_MASK, b.leaf & PTE_FLAGS_MASK);
	EXPECT_EQ((a.leaf ^ PAGE_KERNEL) & supported_pte_mask & PTE_FLAGS_MASK,
		  0);
	__free_pages(page, 1);
}
