/* The split of the fourth gigabyte, and the fixmap's windows. */
#include <boot/sections.h>
#include <kernel/acpi.h>
#include <kernel/lib/checksum.h>
#include <mm/early/e820.h>
#include <mm/early/memblock.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include "ktest.h"

#define MB_PAGES(mb) ((u64)(mb) << 8)

static struct memory_layout layout;

static void compute(u64 mb, bool pae, u64 highmem_mb)
{
	memory_layout_compute(&layout, MB_PAGES(mb), pae, highmem_mb << 20,
			      VMALLOC_RESERVE_DEFAULT);
}

TEST(layout, lowmem_ends_at_896_mb)
{
	static const struct {
		u64 ram_mb;
		u32 low_mb;
	} cases[] = {
		{ 8, 8 }, { 64, 64 }, { 895, 895 }, { 896, 896 },
		{ 897, 896 }, { 4096, 896 }, { 65536, 896 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		compute(cases[i].ram_mb, false, 0);
		EXPECT_EQ(layout.max_low_pfn, MB_PAGES(cases[i].low_mb));
		EXPECT_EQ(layout.max_pfn, MB_PAGES(cases[i].ram_mb));
	}
}

TEST(layout, highmem_can_be_forced)
{
	compute(256, false, 64);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(192));
	compute(1024, false, 512);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(512));
	/* it would leave less than 64 MB */
	compute(128, false, 65);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(128));
	compute(128, false, 64);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(64));
	compute(128, false, 1024);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(128));
	/* there is more anyway */
	compute(1024, false, 64);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(896));
}

TEST(layout, vmalloc_takes_from_lowmem)
{
	memory_layout_compute(&layout, MB_PAGES(1024), false, 0, 256U << 20);
	EXPECT_EQ(layout.max_low_pfn, MB_PAGES(768));
}

/* The reference's numbers for two levels, and PAE's smaller pkmap. */
TEST(layout, pkmap)
{
	compute(1024, false, 0);
	EXPECT_EQ(layout.pkmap_base, 0xff800000);
	EXPECT_EQ(layout.last_pkmap, 1024);
	compute(1024, true, 0);
	EXPECT_EQ(layout.pkmap_base, 0xffc00000);
	EXPECT_EQ(layout.last_pkmap, 512);
	EXPECT_EQ(layout.vmalloc_end, layout.pkmap_base - 2 * PAGE_SIZE);
}

TEST(layout, areas_are_in_order)
{
	u64 mb;

	for (mb = 8; mb < 1200; mb += 7) {
		compute(mb, mb % 2, 0);
		EXPECT(layout.high_memory + VMALLOC_OFFSET <=
		       layout.vmalloc_start);
		EXPECT(layout.vmalloc_start < layout.vmalloc_end);
		EXPECT(layout.vmalloc_end < layout.pkmap_base);
		EXPECT(layout.pkmap_base + layout.last_pkmap * PAGE_SIZE <=
		       layout.fixaddr_start);
		EXPECT(layout.fixaddr_start < layout.fixaddr_top);
	}
}

TEST(layout, of_this_machine)
{
	const struct memory_layout *l = &memory_layout;

	EXPECT_EQ(l->max_pfn, e820_end_pfn(&e820_map));
	EXPECT(l->max_low_pfn <= l->max_pfn);
	/* RAM may be cut after the direct map was made: no room for mem_map */
	EXPECT(direct_map_end >= l->max_low_pfn << PAGE_SHIFT);
	/* the page allocator has taken over */
	EXPECT_EQ(memblock.current_limit, 0);
}

TEST(fixmap, addresses)
{
	EXPECT_EQ(fix_to_virt(FIX_HOLE), FIXADDR_TOP);
	EXPECT_EQ(fix_to_virt(FIX_BTMAP_BEGIN),
		  FIXADDR_TOP - FIX_BTMAP_BEGIN * PAGE_SIZE);
	EXPECT(FIXADDR_START <= fix_to_virt(FIX_BTMAP_BEGIN));
}

TEST(fixmap, slots_do_not_disturb_each_other)
{
	static u32 frame[PAGE_SIZE / 4] __aligned(PAGE_SIZE);
	u32 addr = fix_to_virt(FIX_TEST);

	set_fixmap(FIX_TEST, __pa(frame), PAGE_KERNEL);
	EXPECT_NO_FAULT(ACCESS_WRITE, addr);
	EXPECT_NO_FAULT(ACCESS_WRITE, addr + PAGE_SIZE - 1);
	EXPECT_FAULT(ACCESS_READ, addr + PAGE_SIZE, 0);
	EXPECT_FAULT(ACCESS_READ, addr - 1, 0);
	clear_fixmap(FIX_TEST);
}

TEST(fixmap, memremap_crosses_pages)
{
	u32 at = __pa(_text) + PAGE_SIZE - 3;	/* nobody changes it */
	u8 *window = early_memremap(at, 6);

	REQUIRE(window);
	EXPECT_EQ(early_memremap_in_use(), 2);
	EXPECT_EQ(memcmp(window, __va(at), 6), 0);
	early_memunmap(window, 6);
	EXPECT_EQ(early_memremap_in_use(), 0);
	EXPECT_FAULT(ACCESS_READ, window, 0);
}

TEST(fixmap, memremap_runs_out)
{
	void *all, *one;

	EXPECT(!early_memremap(0, 0));
	EXPECT(!early_memremap(0, NR_FIX_BTMAPS * PAGE_SIZE + 1));
	EXPECT(!early_memremap(1, NR_FIX_BTMAPS * PAGE_SIZE));
	EXPECT(!early_memremap(0, ~0U));
	EXPECT(!early_memremap(paging_mode.phys_limit, 1));
	EXPECT(!early_memremap(paging_mode.phys_limit - 1, 2));
	EXPECT(!early_memremap(~0ULL, 1));
	all = early_memremap(0, (NR_FIX_BTMAPS - 1) * PAGE_SIZE);
	REQUIRE(all);
	one = early_memremap(0x5000, PAGE_SIZE);
	EXPECT(one);
	EXPECT(!early_memremap(0x6000, 1));
	early_memunmap(one, PAGE_SIZE);
	early_memunmap(all, (NR_FIX_BTMAPS - 1) * PAGE_SIZE);
}

TEST(acpi, tables_are_sound_and_reserved)
{
	const struct acpi_table *t;
	unsigned int i;

	if (!acpi_table(0)) {
		test_skip("no ACPI on this machine");
		return;
	}
	EXPECT(acpi_find("FACP") != NULL);
	EXPECT(!acpi_find("NONE"));
	for (i = 0; (t = acpi_table(i)); i++) {
		EXPECT_EQ(strlen(t->signature), 4);
		EXPECT(memblock_is_reserved(&memblock, t->pa, t->length));
		EXPECT_STREQ(memblock_owner(&memblock, t->pa), "ACPI table");
	}
}
