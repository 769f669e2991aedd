/*
 * How RAM becomes pages. ULK3 section 2.5 and appendix A.
 *
 * 1. mem_map is one array from frame 0 to the end of RAM, in lowmem. 32 bytes a
 *    frame are 0.8 % of RAM; with 64 GB that is 512 of the 896 MB of lowmem.
 *    If it does not fit, RAM is cut from the top, and the log says so. One
 *    array for all nodes costs the pages of holes (8 MB for the PCI hole below
 *    4 GB) and makes pfn_to_page() an addition.
 *
 * 2. RAM is cut into pieces: stretches of one node and one kind of zone. Each
 *    zone spans from its first to its last piece.
 *
 * 3. Every page is written once, in one pass: those of RAM as free, those of
 *    holes as reserved. What memblock has reserved is marked afterwards; it is
 *    little.
 *
 * 4. The handover. All that memblock has free goes to the free lists, in
 *    the largest blocks there are. Then the books are compared: every block on
 *    a list must be RAM that memblock has free, and their sum must be all of
 *    it. So nothing reserved became free, and nothing free was lost.
 *
 * 5. From then on memblock hands out nothing; page tables come from pages.
 *
 * Cost: 9 instructions a frame; the rest grows with the number of blocks.
 */
#include <boot/sections.h>
#include <kernel/base/bootmark.h>
#include <kernel/base/debug.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/lib/string.h>
#include <mm/early/e820.h>
#include <mm/page/init.h>
#include <mm/page/internal.h>
#include <mm/page/page_debug.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>

#define LARGEST_BLOCK (1U << (MAX_ORDER - 1))

struct handover handover;

/* A stretch of RAM of one node and one kind of zone, in frames. */
struct piece {
	u32 start, end;
	int node;
	enum zone_type type;
};

/* --- pieces --- */

static enum zone_type zone_type_of(u32 pfn)
{
	if (pfn < MAX_DMA_PFN)
		return ZONE_DMA;
	return pfn < max_low_pfn ? ZONE_NORMAL : ZONE_HIGHMEM;
}

/* The first frame above pfn where another node or kind of zone may begin. */
static u32 __init next_border(const struct numa_info *info, u32 pfn)
{
	u32 border = ~0U;
	unsigned int i;

	if (pfn < MAX_DMA_PFN)
		border = min(MAX_DMA_PFN, max_low_pfn);
	else if (pfn < max_low_pfn)
		border = max_low_pfn;
	for (i = 0; i < info->nr_ranges; i++) {
		const struct numa_range *r = &info->range[i];

		if (r->start > pfn && r->start < border)
			border = (u32)r->start;
		if (r->end > pfn && r->end < border)
			border = (u32)r->end;
	}
	return border;
}

/* The piece that begins at the first frame of RAM at or after pfn. */
static bool __init next_piece(const struct numa_info *info, u32 pfn,
			      struct piece *piece)
{
	const struct memblock_type *ram = &memblock.memory;
	unsigned int i;

	for (i = 0; i < ram->cnt; i++) {
		const struct memblock_region *r = &ram->regions[i];
		u32 start = (u32)PFN_UP(r->base);
		u32 end = (u32)PFN_DOWN(r->base + r->size);

		start = max(start, pfn);
		if (start >= end)
			continue;
		piece->start = start;
		piece->end = min(end, next_border(info, start));
		piece->node = numa_node_of(info, start);
		piece->type = zone_type_of(start);
		return true;
	}
	return false;
}

#define for_each_piece(info, piece)					\
	for ((piece)->end = 0; next_piece(info, (piece)->end, piece);)

static struct zone *zone_of_piece(const struct piece *piece)
{
	return &NODE_DATA(piece->node)->node_zones[piece->type];
}

/* --- room --- */

/* Bytes of the largest free stretch of lowmem. */
static u64 __init largest_free(void)
{
	phys_addr_t from = 0, base, end, largest = 0;

	while (memblock_next_free(&memblock, &from, &base, &end)) {
		end = min(end, memblock.current_limit);
		if (end > base)
			largest = max(largest, end - base);
	}
	return largest;
}

/* Cuts RAM so that mem_map takes no more than 3/4 of the largest stretch. */
static void __init clip_ram(void)
{
	u64 entries = largest_free() / 4 * 3 / sizeof(struct page);
	u64 limit = PFN_PHYS(ALIGN_DOWN(entries, (u64)LARGEST_BLOCK));
	u64 lost;

	if (limit <= __pa(__pg_tables_end))
		panic("no room for the pages of the kernel's own memory");
	lost = e820_limit_ram(&e820_map, limit);
	memblock_remove(&memblock, limit, 0 - limit);
	memory_layout.max_pfn = e820_end_pfn(&e820_map);
	memory_layout.max_low_pfn = min(memory_layout.max_low_pfn,
					(u32)memory_layout.max_pfn);
	pr_warn("lowmem has no room for the pages of all RAM: %llu MB above "
		"%llu MB are not used\n", lost >> 20, limit >> 20);
}

static void *__init alloc_early(u32 size, const char *owner)
{
	phys_addr_t pa = memblock_phys_alloc(&memblock, size, PAGE_SIZE, owner);

	return pa ? __va((u32)pa) : NULL;
}

static void __init alloc_mem_map(void)
{
	u32 size;

	for (;;) {
		max_mapnr = ALIGN((u32)memory_layout.max_pfn, LARGEST_BLOCK);
		size = max_mapnr * (u32)sizeof(struct page);
		if (size <= largest_free() / 4 * 3)
			break;
		clip_ram();
	}
	mem_map = alloc_early(size, "mem_map");
	if (!mem_map)
		panic("no room to note where mem_map is");
	handover.mem_map_bytes = size;
	mem_map_bytes = size;
	max_low_pfn = memory_layout.max_low_pfn;
}

/* --- nodes and zones --- */

static void __init make_nodes(const struct numa_info *info)
{
	u32 size = info->nr_nodes * (u32)sizeof(pg_data_t);
	pg_data_t *nodes = alloc_early(PAGE_ALIGN(size), "nodes and zones");
	unsigned int i;

	if (!nodes)
		panic("no room for %u nodes", info->nr_nodes);
	machine_nodes.nr = info->nr_nodes;
	memcpy(machine_nodes.distance, info->distance, sizeof(info->distance));
	memcpy(machine_nodes.has_cpu, info->has_cpu, sizeof(info->has_cpu));
	for (i = 0; i < info->nr_nodes; i++) {
		machine_nodes.node[i] = &nodes[i];
		node_init(&nodes[i], (int)i, zone_id((int)i, ZONE_DMA));
	}
	cpu_to_node[0] = info->boot_node;
}

/* start <= of every piece that comes later: they rise. */
static void __init add_piece(const struct piece *piece)
{
	struct zone *zone = zone_of_piece(piece);
	u32 start = populated_zone(zone) ? zone->zone_start_pfn : piece->start;

	zone_init(zone, start, piece->end - start,
		  zone->present_pages + piece->end - piece->start);
}

static void __init sum_up_node(pg_data_t *pgdat)
{
	u32 start = ~0U, end = 0, i;

	for (i = 0; i < MAX_NR_ZONES; i++) {
		const struct zone *zone = &pgdat->node_zones[i];

		if (!populated_zone(zone))
			continue;
		start = min(start, zone->zone_start_pfn);
		end = max(end, zone->zone_start_pfn + zone->spanned_pages);
		pgdat->node_present_pages += zone->present_pages;
	}
	if (!end)
		return;
	pgdat->node_start_pfn = start;
	pgdat->node_spanned_pages = end - start;
	pgdat->node_mem_map = pfn_to_page(start);
}

/* --- pages --- */

static void init_pages(u32 from, u32 to, u32 flags, s32 count)
{
	struct page *page = pfn_to_page(from), *end = pfn_to_page(to);

	for (; page < end; page++) {
		page->flags = flags;
		atomic_set(&page->_count, count);
		atomic_set(&page->_mapcount, -1);
		page->index = 0;
		page->private = 0;
		page->mapping = NULL;
		/* lru says nothing of a page that is on no list */
	}
}

static void __init init_mem_map(const struct numa_info *info)
{
	u32 done = 0, zone = 0;
	struct piece piece;

	boot_mark(BOOT_MARK_MEM_MAP_START);
	for_each_piece(info, &piece) {
		init_pages(done, piece.start, zone | 1U << PG_reserved, 1);
		zone = zone_flags(zone_of_piece(&piece));
		init_pages(piece.start, piece.end, zone, 0);
		done = piece.end;
	}
	init_pages(done, max_mapnr, zone | 1U << PG_reserved, 1);
	boot_mark(BOOT_MARK_MEM_MAP_END);
}

static void __init mark_frame_reserved(struct page *page)
{
	/* frames of holes have it already: they are no RAM */
	handover.reserved_pages += !PageReserved(page);
	page->flags |= 1U << PG_reserved;
	atomic_set(&page->_count, 1);
}

static void __init mark_reserved(void)
{
	const struct memblock_type *taken = &memblock.reserved;
	unsigned int i;

	for (i = 0; i < taken->cnt; i++) {
		const struct memblock_region *r = &taken->regions[i];
		/* 64 bits: there may be reservations where no RAM is */
		u64 pfn = PFN_DOWN(r->base);
		u64 last = PFN_DOWN(r->base + r->size - 1);

		/* a frame of which one byte is taken is taken */
		for (; pfn <= last && pfn < max_mapnr; pfn++)
			mark_frame_reserved(pfn_to_page((u32)pfn));
	}
}

/* --- the handover --- */

/* The whole frames of memblock's next free range inside the piece. */
static bool __init next_free(const struct piece *piece, phys_addr_t *from,
			     u32 *start, u32 *end)
{
	phys_addr_t base, limit;

	if (!memblock_next_free(&memblock, from, &base, &limit) ||
	    base >= PFN_PHYS(piece->end))
		return false;
	*start = max(piece->start, (u32)PFN_UP(base));
	*end = min(piece->end, (u32)PFN_DOWN(limit));
	return true;
}

static void __init hand_over(const struct numa_info *info)
{
	struct piece piece;
	u32 start, end;

	for_each_piece(info, &piece) {
		phys_addr_t from = PFN_PHYS(piece.start);

		handover.ram_pages += piece.end - piece.start;
		while (next_free(&piece, &from, &start, &end))
			if (start < end) {
				page_debug_free_range(start, end);
				free_page_range(zone_of_piece(&piece), start,
						end);
			}
	}
}

/* Whole free frames by memblock's own books, zones and nodes aside. */
static u32 __init memblock_free_frames(void)
{
	phys_addr_t from = 0, base, end;
	u32 frames = 0;

	while (memblock_next_free(&memblock, &from, &base, &end))
		if (PFN_DOWN(end) > PFN_UP(base))
			frames += (u32)(PFN_DOWN(end) - PFN_UP(base));
	return frames;
}

static u32 __init verify_area(const struct zone *zone, unsigned int order)
{
	const struct free_area *area = &zone->free_area[order];
	const struct page *page;
	u32 pages = 0;

	list_for_each_entry(page, &area->free_list, lru) {
		phys_addr_t pa = page_to_phys(page);
		phys_addr_t size = (phys_addr_t)PAGE_SIZE << order;

		if (page_zone(page) != zone ||
		    !memblock_is_memory(&memblock, pa, size) ||
		    memblock_is_reserved(&memblock, pa, size))
			panic("frames %x to %x are free and yet no free RAM "
			      "of zone %s", page_to_pfn(page),
			      page_to_pfn(page) + (1U << order) - 1,
			      zone->name);
		pages += 1U << order;
	}
	return pages;
}

static void __init verify_handover(void)
{
	u32 listed = 0, free = memblock_free_frames();
	unsigned int i, order;
	struct zone *zone;

	for_each_zone_of(&machine_nodes, zone, i) {
		for (order = 0; order < MAX_ORDER; order++)
			listed += verify_area(zone, order);
		totalram_pages += zone->managed_pages;
		if (zone->type == ZONE_HIGHMEM)
			totalhigh_pages += zone->managed_pages;
	}
	handover.free_pages = free;
	if (listed != free || totalram_pages != free ||
	    free + handover.reserved_pages != handover.ram_pages)
		panic("memblock had %u pages free, %u are on the free lists, "
		      "%u are counted; %u of %u are reserved", free, listed,
		      totalram_pages, handover.reserved_pages,
		      handover.ram_pages);
}

static phys_addr_t table_from_pages(void)
{
	struct page *page = alloc_page(GFP_ATOMIC | __GFP_ZERO);

	return page ? page_to_phys(page) : 0;
}

static void table_to_pages(phys_addr_t table)
{
	__free_page(pfn_to_page((u32)PFN_DOWN(table)));
}

void __init page_alloc_init(const struct numa_info *info)
{
	struct piece piece;
	unsigned int i;

	alloc_mem_map();
	BUG_ON(max_low_pfn < MAX_DMA_PFN &&
	       max_low_pfn < memory_layout.max_pfn,
	       "high memory below 16 MB: MIN_LOWMEM does not allow that");
	make_nodes(info);
	for_each_piece(info, &piece)
		add_piece(&piece);
	for (i = 0; i < machine_nodes.nr; i++)
		sum_up_node(NODE_DATA(i));
	page_debug_init(max_mapnr);
	init_mem_map(info);
	mark_reserved();
	hand_over(info);
	verify_handover();
	build_zonelists(&machine_nodes);
	min_free_kbytes = default_min_free_kbytes(&machine_nodes);
	setup_per_zone_pages_min(&machine_nodes, min_free_kbytes);
	memblock.current_limit = 0;
	pt_alloc_table = table_from_pages;
	pt_free_table = table_to_pages;
}

bool pfn_valid(u64 pfn)
{
	return pfn < max_mapnr &&
	       memblock_is_memory(&memblock, PFN_PHYS(pfn), PAGE_SIZE);
}

/* --- the init sections --- */

/* How far from pfn on all frames are of one zone; a border of nodes may run
 * through a section. */
static u32 same_zone_until(u32 pfn, u32 last)
{
	const struct zone *zone = page_zone(pfn_to_page(pfn));
	u32 next = pfn + 1;

	while (next < last && page_zone(pfn_to_page(next)) == zone)
		next++;
	return next;
}

static void free_init_range(char *start, char *end, const char *what)
{
	u32 pfn = __pa(start) >> PAGE_SHIFT, last = __pa(end) >> PAGE_SHIFT;
	u32 next;

	memset(start, POISON_FREE_INITMEM, (size_t)(end - start));
	memblock_free(&memblock, __pa(start), (phys_addr_t)(end - start));
	totalram_pages += last - pfn;
	pr_info("init: %u KB of %s given back\n", (last - pfn) * 4, what);
	for (; pfn < last; pfn = next) {
		struct zone *zone = page_zone(pfn_to_page(pfn));

		next = same_zone_until(pfn, last);
		init_pages(pfn, next, zone_flags(zone), 0);
		page_debug_free_range(pfn, next);
		free_page_range(zone, pfn, next);
	}
}

void free_initmem(void)
{
	free_init_text();
	free_init_range(_sinittext, _einittext, "boot-only text");
	free_init_range(__init_data_begin, __init_data_end, "boot-only data");
}
