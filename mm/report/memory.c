#include <kernel/base/printk.h>
#include <boot/sections.h>
#include <mm/early/e820.h>
#include <mm/early/memblock.h>
#include <mm/page/init.h>
#include <mm/page/page_alloc.h>
#include <mm/report/memory.h>
#include <mm/table/layout.h>

static void print_range(u64 start, u64 end, const char *what)
{
	pr_info("  %010llx-%010llx %10llu KB  %s\n", start, end - 1,
		(end - start) >> 10, what);
}

void report_memory_map(void)
{
	unsigned int i;

	pr_info("memory map:\n");
	for (i = 0; i < e820_map.nr; i++) {
		const struct e820_entry *e = &e820_map.entry[i];

		print_range(e->addr, e->addr + e->size,
			    e820_type_name(e->type));
	}
}

/* One stretch of RAM, cut where the owner changes. */
static void report_region(u64 at, u64 end)
{
	const struct memblock_type *taken = &memblock.reserved;
	unsigned int i;

	for (i = 0; i < taken->cnt && at < end; i++) {
		const struct memblock_region *r = &taken->regions[i];

		if (r->base + r->size <= at)
			continue;
		if (r->base >= end)
			break;
		if (r->base > at)
			print_range(at, r->base, "free");
		print_range(max(at, r->base), min(end, r->base + r->size),
			    r->owner);
		at = r->base + r->size;
	}
	if (at < end)
		print_range(at, end, "free");
}

/* Free and taken bytes of RAM below limit. */
static void sum_free(u64 limit, u64 *free)
{
	phys_addr_t from = 0, base, end;

	*free = 0;
	while (memblock_next_free(&memblock, &from, &base, &end))
		if (base < limit)
			*free += min(end, (phys_addr_t)limit) - base;
}

void report_owners(void)
{
	const struct memblock_type *ram = &memblock.memory;
	u64 free, low_free, low_end = PFN_PHYS(memory_layout.max_low_pfn);
	unsigned int i;

	pr_info("owners of RAM:\n");
	for (i = 0; i < ram->cnt; i++)
		report_region(ram->regions[i].base,
			      ram->regions[i].base + ram->regions[i].size);
	sum_free(~0ULL, &free);
	sum_free(low_end, &low_free);
	pr_info("RAM: %llu KB, %llu KB free (lowmem %llu KB, "
		"highmem %llu KB)\n", ram->total_size >> 10, free >> 10,
		low_free >> 10, (free - low_free) >> 10);
}

static void print_area(const char *name, u32 start, u32 end)
{
	pr_info("  %08x-%08x %8u KB  %s\n", start, end - 1,
		(end - start) >> 10, name);
}

static void print_image(const char *name, const char *start, const char *end)
{
	print_area(name, (u32)(uintptr_t)start, (u32)(uintptr_t)end);
}

void report_layout(void)
{
	const struct memory_layout *l = &memory_layout;

	pr_info("kernel addresses:\n");
	print_area("fixmap", l->fixaddr_start, l->fixaddr_top);
	print_area("pkmap", l->pkmap_base,
		   l->pkmap_base + l->last_pkmap * PAGE_SIZE);
	print_area("vmalloc", l->vmalloc_start, l->vmalloc_end);
	print_area("lowmem (direct map)", PAGE_OFFSET, l->high_memory);
	print_image("  .bss", __bss_start, __bss_stop);
	print_image("  .data", _sdata, _edata);
	print_image("  .rodata", __start_rodata, __end_rodata);
	print_image("  .text", _text, _etext);
	print_area("user", 0, PAGE_OFFSET);
}

static void print_zone(const struct zone *zone)
{
	u64 end = (u64)zone->zone_start_pfn + zone->spanned_pages;

	pr_info("  node %d %-7s %010llx-%010llx %10llu KB, %u pages, "
		"%u free; min %u low %u high %u\n",
		zone->zone_pgdat->node_id, zone->name,
		PFN_PHYS(zone->zone_start_pfn), PFN_PHYS(end) - 1,
		(u64)zone->present_pages << (PAGE_SHIFT - 10),
		zone->present_pages, zone->free_pages, zone->pages_min,
		zone->pages_low, zone->pages_high);
}

void report_zones(void)
{
	const struct handover *h = &handover;
	struct zone *zone;
	unsigned int i;
	u32 permyriad;

	pr_info("zones:\n");
	for_each_zone_of(&machine_nodes, zone, i)
		if (populated_zone(zone))
			print_zone(zone);
	pr_info("pages: all %u free ones of memblock are on the free lists, "
		"all %u reserved ones are not\n", h->free_pages,
		h->reserved_pages);
	/* 64 GB have 1.7 * 10^7 pages: a hundred times that fits */
	permyriad = h->reserved_pages * 100 / (h->ram_pages / 100);
	pr_info("pages: mem_map takes %u KB; all that is reserved is %u KB, "
		"%u.%02u %% of RAM\n", h->mem_map_bytes >> 10,
		h->reserved_pages << (PAGE_SHIFT - 10), permyriad / 100,
		permyriad % 100);
}
