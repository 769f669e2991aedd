/*
 * What boot made of the frames of RAM: addresses and struct pages, zones, what
 * is reserved, the sums of the handover, the init sections.
 */
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <mm/early/memblock.h>
#include <mm/page/init.h>
#include <mm/page/page_alloc.h>
#include "at_boot.h"
#include "ktest.h"

#define DMA_END (16U << 20)

/* --- addresses --- */

TEST(page_init, page_address)
{
	static const u32 low[] = { 0, 1, 0x100, 0x1ff };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(low); i++)
		EXPECT(page_address(pfn_to_page(low[i])) ==
		       __va(low[i] << PAGE_SHIFT));
	EXPECT(page_address(pfn_to_page(max_low_pfn - 1)) ==
	       __va((max_low_pfn - 1) << PAGE_SHIFT));
	EXPECT(!page_is_high(pfn_to_page(max_low_pfn - 1)));
	EXPECT(page_is_high(pfn_to_page(max_low_pfn)));
	EXPECT(!page_address(pfn_to_page(max_low_pfn)));
	EXPECT(!page_address(pfn_to_page(max_mapnr)));
}

TEST(page_init, round_trips)
{
	u32 pfn, step = max(max_mapnr / 1000, 1U);

	for (pfn = 0; pfn < max_mapnr; pfn += step) {
		struct page *page = pfn_to_page(pfn);

		REQUIRE(page_to_pfn(page) == pfn);
		REQUIRE(page_to_phys(page) == (u64)pfn << PAGE_SHIFT);
		if (pfn >= max_low_pfn)
			continue;
		REQUIRE(virt_to_page(page_address(page)) == page);
		REQUIRE(virt_to_page((char *)page_address(page) +
				     PAGE_SIZE - 1) == page);
	}
}

/* Is the whole frame in one of memblock's ranges of RAM? */
static bool is_ram(u64 pfn)
{
	unsigned int i;

	for (i = 0; i < memblock.memory.cnt; i++) {
		const struct memblock_region *r = &memblock.memory.regions[i];

		if (pfn >= PFN_UP(r->base) && pfn < PFN_DOWN(r->base + r->size))
			return true;
	}
	return false;
}

TEST(page_init, pfn_valid)
{
	const u64 more[] = { 0, 1, 0x9f, 0xa0, 0xbf, 0xff, 0x100, 0xfffff,
			     0x100000, max_mapnr - 1, max_mapnr, max_low_pfn,
			     1ULL << 32, (1ULL << 32) + 0x100, 1ULL << 51,
			     1ULL << 52, (1ULL << 52) + 0x100, ~0ULL };
	unsigned int i;
	u64 pfn;

	for (i = 0; i < ARRAY_SIZE(more); i++)
		EXPECT_EQ(pfn_valid(more[i]), is_ram(more[i]));
	for (i = 0; i < memblock.memory.cnt; i++) {
		const struct memblock_region *r = &memblock.memory.regions[i];
		u64 first = PFN_UP(r->base);
		u64 end = PFN_DOWN(r->base + r->size);

		for (pfn = first ? first - 1 : 0; pfn <= first + 1; pfn++)
			EXPECT_EQ(pfn_valid(pfn), is_ram(pfn));
		for (pfn = end - 1; pfn <= end + 1; pfn++)
			EXPECT_EQ(pfn_valid(pfn), is_ram(pfn));
	}
	EXPECT(pfn_valid(0x100));
	EXPECT(!pfn_valid(0xa0));
}

/* --- what the handover made --- */

static bool frame_is_right(u32 pfn)
{
	struct page *page = pfn_to_page(pfn);
	const struct zone *zone = page_zone(page);
	enum zone_type type = pfn < DMA_END >> PAGE_SHIFT ? ZONE_DMA :
		pfn < max_low_pfn ? ZONE_NORMAL : ZONE_HIGHMEM;

	if (!is_ram(pfn))
		return EXPECT(PageReserved(page)) &&
		       EXPECT_EQ(page_count(page), 1);
	return EXPECT(zone) && EXPECT_EQ(zone->type, type) &&
	       EXPECT(pfn >= zone->zone_start_pfn) &&
	       EXPECT(pfn < zone->zone_start_pfn + zone->spanned_pages) &&
	       EXPECT(machine_nodes.node[page_to_nid(page)] ==
		      zone->zone_pgdat);
}

TEST(page_init, every_frame_has_its_zone)
{
	/* of large machines every 7th, or 61st */
	u32 step = max_mapnr < 0x10000 ? 1 : max_mapnr < 0x80000 ? 7 : 61;
	u32 pfn;

	for (pfn = 0; pfn < max_mapnr; pfn += step)
		if (!frame_is_right(pfn))
			break;
	EXPECT(pfn >= max_mapnr);
	frame_is_right(max_mapnr - 1);
	frame_is_right(min(max_low_pfn, max_mapnr - 1));
	frame_is_right(max_low_pfn - 1);
}

/* Whatever memblock has reserved no list will ever hold. */
TEST(page_init, what_is_reserved_stays)
{
	const struct memblock_type *taken = &memblock.reserved;
	unsigned int i;
	u64 pfn;

	for (i = 0; i < taken->cnt; i++) {
		const struct memblock_region *r = &taken->regions[i];
		u64 end = min(PFN_UP(r->base + r->size), (u64)max_mapnr);

		for (pfn = PFN_DOWN(r->base); pfn < end; pfn++) {
			const struct page *page = pfn_to_page((u32)pfn);

			if (!PageReserved(page) || page_count(page) != 1)
				break;
		}
		EXPECT(pfn >= end);
	}
	EXPECT(PageReserved(virt_to_page(_text)));
	EXPECT(PageReserved(pfn_to_page((__pa(_end) - 1) >> PAGE_SHIFT)));
	EXPECT(PageReserved(virt_to_page(mem_map)));
	EXPECT(PageReserved(virt_to_page(mem_map + max_mapnr - 1)));
}

TEST(page_init, handover_in_numbers)
{
	u32 ram = 0, present = 0, managed = 0, high = 0, free = 0;
	phys_addr_t from = 0, base, end;
	struct zone *zone;
	unsigned int i;

	for (i = 0; i < memblock.memory.cnt; i++) {
		const struct memblock_region *r = &memblock.memory.regions[i];

		ram += (u32)(PFN_DOWN(r->base + r->size) - PFN_UP(r->base));
	}
	for_each_zone_of(&machine_nodes, zone, i) {
		present += zone->present_pages;
		managed += zone->managed_pages;
		if (zone->type == ZONE_HIGHMEM)
			high += zone->managed_pages;
	}
	while (memblock_next_free(&memblock, &from, &base, &end))
		if (PFN_DOWN(end) > PFN_UP(base))
			free += (u32)(PFN_DOWN(end) - PFN_UP(base));
	EXPECT_EQ(handover.ram_pages, ram);
	EXPECT_EQ(present, ram);
	EXPECT_EQ(handover.free_pages + handover.reserved_pages, ram);
	EXPECT_EQ(handover.mem_map_bytes, max_mapnr * 32);
	EXPECT_EQ(totalram_pages, handover.free_pages + at_boot.init_frames);
	EXPECT_EQ(totalram_pages, managed);
	EXPECT_EQ(totalhigh_pages, high);
	EXPECT_EQ(totalram_pages, free);
	EXPECT(nr_unused_pages() <= totalram_pages);
}

/* From the handover on memblock has nothing to give. */
TEST(page_init, memblock_gives_nothing)
{
	EXPECT_EQ(memblock_phys_alloc(&memblock, PAGE_SIZE, PAGE_SIZE, "t"), 0);
	EXPECT_EQ(memblock_phys_alloc(&memblock, 1, 1, "t"), 0);
}

TEST(page_init, init_sections_are_given_back)
{
	u32 frames = (u32)(_einittext - _sinittext + __init_data_end -
			   __init_data_begin) >> PAGE_SHIFT;
	const char *p;

	REQUIRE(at_boot.noted);
	EXPECT(frames > 0);
	EXPECT_EQ(at_boot.init_frames, frames);
	EXPECT_EQ(at_boot.init_free, frames);
	EXPECT_EQ(at_boot.init_as_filled + at_boot.init_unmapped, frames);
	EXPECT_EQ(at_boot.init_unmapped,
		  debug_enabled(DEBUG_PAGEALLOC) ? frames : 0);
	for (p = _sinittext; p < _einittext; p += PAGE_SIZE) {
		EXPECT(!PageReserved(virt_to_page(p)));
		EXPECT(!memblock_is_reserved(&memblock, __pa(p), PAGE_SIZE));
	}
}
