/*
 * What a frame is, from its page alone.
 *
 * 1. The state table in include/mm/page/page.h is read backwards: flags and
 *    _count say which row it is. The first pages of blocks and all pages of
 *    compound ones say it by themselves.
 *
 * 2. A page with no flags and no users is one of three: in a free block, in a
 *    block in use, or kept for a CPU. page_block() finds the block; where there
 *    is none, what the CPUs keep is searched.
 *
 * 3. A page that fits no row is lost: it was refused when it came back, or
 *    somebody overwrote mem_map. This is for finding out, so nothing that is
 *    read is trusted further than it was checked.
 *
 * Lock: zone->lock, with interrupts off, from the first look at the page until
 * its state is known; printing comes after it. What other CPUs keep is read
 * without a lock: what is on the way to or from them may look lost.
 */
#include <boot/sections.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <mm/early/e820.h>
#include <mm/early/memblock.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_debug.h>
#include <mm/report/areas.h>
#include <mm/report/page_trace.h>
#include <mm/report/whatis.h>
#include <mm/report/windows.h>
#include <mm/table/layout.h>
#include <mm/table/pgtable.h>

enum frame_state {
	FRAME_RESERVED,
	FRAME_FREE,		/* in a block of the buddy system */
	FRAME_KEPT,		/* for a CPU */
	FRAME_USED,
	FRAME_LOST,
};

struct frame {
	u32 pfn;
	enum frame_state state;
	struct page page;	/* as it was under the lock */
	struct page head;	/* FREE, USED: the first page of its block */
	u32 head_pfn;
	unsigned int cpu;	/* KEPT: by whom */
};

static bool is_kept(const struct per_cpu_pages *pcp, const struct page *wanted)
{
	u32 i;

	for (i = 0; i < min(pcp->count, PCP_MOST); i++)
		if (pcp->stack[i] == wanted)
			return true;
	return false;
}

static bool in_kept_block(const struct per_cpu_pageset *set,
			  const struct page *page)
{
	unsigned int order;

	for (order = 1; order <= PCP_BLOCK_MOST; order++)
		if (set->block[order] && page >= set->block[order] &&
		    page < set->block[order] + (1U << order))
			return true;
	return false;
}

/* Which CPU keeps the page? NR_CPUS: none. */
static unsigned int keeper_of(const struct zone *zone, const struct page *page)
{
	unsigned int cpu;

	for_each_cpu(cpu)
		if (is_kept(&zone->pageset[cpu].pcp[0], page) ||
		    is_kept(&zone->pageset[cpu].pcp[1], page) ||
		    in_kept_block(&zone->pageset[cpu], page))
			break;
	return cpu;
}

static void classify(struct frame *frame, const struct zone *zone)
{
	const struct page *page = pfn_to_page(frame->pfn), *head;

	frame->page = *page;
	if (PageReserved(page)) {
		frame->state = FRAME_RESERVED;
		return;
	}
	head = page_block(pfn_to_page(frame->pfn));
	if (head) {
		frame->state = PageBuddy(head) ? FRAME_FREE : FRAME_USED;
		frame->head = *head;
		frame->head_pfn = page_to_pfn(head);
		return;
	}
	frame->cpu = keeper_of(zone, page);
	frame->state = frame->cpu < NR_CPUS ? FRAME_KEPT : FRAME_LOST;
}

/* --- in words --- */

void report_page_flags(u32 flags)
{
	static const char *const names[__NR_PAGE_FLAGS] = {
		[PG_locked] = "locked", [PG_error] = "error",
		[PG_referenced] = "referenced", [PG_uptodate] = "uptodate",
		[PG_dirty] = "dirty", [PG_lru] = "lru",
		[PG_active] = "active", [PG_slab] = "slab",
		[PG_checked] = "checked", [PG_reserved] = "reserved",
		[PG_private] = "private", [PG_writeback] = "writeback",
		[PG_compound] = "compound", [PG_swapcache] = "swapcache",
		[PG_mappedtodisk] = "mappedtodisk",
		[PG_reclaim] = "reclaim", [PG_buddy] = "buddy",
		[PG_waiters] = "waiters",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (flags >> i & 1)
			printk(" %s", names[i]);
	if (!(flags & ((1U << __NR_PAGE_FLAGS) - 1)))
		printk(" none");
}

/* "page 3 of a block of order 4 that begins at frame 0x1000" */
static void print_place(const struct frame *frame)
{
	const char *compound = PageCompound(&frame->page) ? "compound " : "";
	unsigned int order = page_order(&frame->head);

	if (frame->pfn == frame->head_pfn)
		printk("first page of a %sblock of order %u", compound, order);
	else
		printk("page %u of a %sblock of order %u that begins at "
		       "frame 0x%x", frame->pfn - frame->head_pfn, compound,
		       order, frame->head_pfn);
}

static void print_users(const struct frame *frame)
{
	s32 users = page_count(&frame->head);
	s32 mapped = page_mapcount(&frame->page);

	printk(", %d user%s", users, users == 1 ? "" : "s");
	if (mapped)
		printk(", mapped %d time%s", mapped, mapped == 1 ? "" : "s");
}

/* The owners of a frame's bytes, those without one aside; how many. */
static unsigned int print_owners(u64 pfn)
{
	const struct memblock_type *taken = &memblock.reserved;
	unsigned int i, n = 0;

	for (i = 0; i < taken->cnt; i++) {
		const struct memblock_region *r = &taken->regions[i];

		if (PFN_DOWN(r->base) > pfn || pfn >= PFN_UP(r->base + r->size))
			continue;
		printk("%s%s", n++ ? ", " : "  reserved: ", r->owner);
	}
	return n;
}

static void print_state(const struct frame *frame)
{
	switch (frame->state) {
	case FRAME_RESERVED:
		if (!print_owners(frame->pfn))
			printk("  reserved, and nobody says why");
		break;
	case FRAME_FREE:
		printk("  free: ");
		print_place(frame);
		break;
	case FRAME_KEPT:
		printk("  free: kept for CPU %u", frame->cpu);
		break;
	case FRAME_USED:
		printk("  in use: ");
		print_place(frame);
		print_users(frame);
		break;
	case FRAME_LOST:
		printk("  lost: neither free nor in use, order %u, %d users",
		       page_order(&frame->page), page_count(&frame->page));
		break;
	}
	printk("\n");
}

/* With debug=page_owner. In a block in use its first page has the entry. */
static void print_sites(const struct frame *frame)
{
	u32 pfn = frame->state == FRAME_USED ? frame->head_pfn : frame->pfn;
	const struct page_owner *owner = page_owner(pfn_to_page(pfn));
	char text[SYMBOL_TEXT];

	if (!owner || frame->state == FRAME_RESERVED)
		return;
	if (owner->alloc_site)
		printk("  allocated last by %s, order %u, gfp 0x%x\n",
		       symbol_text(owner->alloc_site, text), owner->order,
		       owner->gfp);
	if (owner->free_site)
		printk("  freed last by %s\n",
		       symbol_text(owner->free_site, text));
}

static void report_no_ram(u64 pfn)
{
	u32 type = e820_type_at(&e820_map, PFN_PHYS(pfn));

	printk("no RAM there\n");
	if (print_owners(pfn))
		printk("\n");
	if (type == E820_RAM)
		printk("  the firmware has RAM in a part of it\n");
	else if (type)
		printk("  the firmware calls it %s\n", e820_type_name(type));
}

void report_frame(u64 pfn)
{
	struct frame frame = { .pfn = (u32)pfn };
	struct zone *zone;
	u32 flags;

	printk("frame 0x%llx, physical 0x%llx: ", pfn, PFN_PHYS(pfn));
	if (!pfn_valid(pfn)) {
		report_no_ram(pfn);
		return;
	}
	zone = page_zone(pfn_to_page(frame.pfn));
	if (!zone) {
		printk("its flags %08x name no zone\n",
		       pfn_to_page(frame.pfn)->flags);
		return;
	}
	flags = spin_lock_irqsave(&zone->lock);
	classify(&frame, zone);
	spin_unlock_irqrestore(&zone->lock, flags);
	printk("node %d, zone %s\n", zone->zone_pgdat->node_id, zone->name);
	print_state(&frame);
	printk("  flags:");
	report_page_flags(frame.page.flags);
	printk("\n");
	print_sites(&frame);
}

void report_phys(u64 phys)
{
	report_frame(PFN_DOWN(phys));
	if (PFN_DOWN(phys) < max_low_pfn)
		report_object((u32)(uintptr_t)__va((u32)phys));
}

static bool in_direct_map(u32 addr)
{
	return addr >= PAGE_OFFSET && addr < memory_layout.high_memory;
}

/* In what is left of the image: boot-only parts are anybody's pages now. */
static bool has_symbol(u32 addr)
{
	return addr >= (u32)(uintptr_t)_text && addr < (u32)(uintptr_t)_end &&
	       PageReserved(pfn_to_page((addr - PAGE_OFFSET) >> PAGE_SHIFT));
}

void report_whatis(u32 addr)
{
	struct pt_walk walk;
	char text[SYMBOL_TEXT];

	if (!pt_walk(&kernel_pgtable, addr, &walk)) {
		printk("%08x is not mapped\n", addr);
		report_area(addr);
		report_window(addr);
		if (!in_direct_map(addr))
			return;
		/* a guard page, or a free one with debug=pagealloc */
		printk("the direct map leaves this frame out:\n");
		report_frame((addr - PAGE_OFFSET) >> PAGE_SHIFT);
		return;
	}
	printk("%08x is physical 0x%llx", addr, walk.phys);
	if (has_symbol(addr))
		printk(", %s", symbol_text(addr, text));
	printk("\n");
	report_area(addr);
	report_window(addr);
	report_frame(walk.phys >> PAGE_SHIFT);
	report_object(addr);
}
