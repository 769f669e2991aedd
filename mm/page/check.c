/*
 * The page allocator recomputed from first principles.
 *
 * 1. The free lists of a zone: each link is followed both ways, each block must
 *    be as buddy.c's invariants say; what the lists hold must be what the
 *    counters say. A broken link ends the walk of that list, so that the check
 *    itself survives what it looks for.
 * 2. The lists per CPU: so many pages as counted, all of this zone and free.
 * 3. The marks: low and high follow min, fast_mark follows both.
 * 4. check_zone_pages() looks at every page of the span: free ones must add up
 *    to what the lists hold, and none may be of no state at all. It takes as
 *    long as the zone is large; check_zone() as there are blocks.
 */
#include <kernel/lib/printf.h>
#include <mm/page/check.h>
#include <mm/page/internal.h>

#define SENTENCE 128

struct check {
	struct zone *zone;
	check_report_t report;
	unsigned int differences;
	u32 pages;		/* found free so far */
};

__format_printf(2, 3) static void differs(struct check *c, const char *fmt,
					  ...)
{
	char text[SENTENCE];
	size_t at;
	va_list args;

	c->differences++;
	if (!c->report)
		return;
	at = (size_t)snprintf(text, sizeof(text), "node %d zone %s: ",
			      c->zone->zone_pgdat->node_id, c->zone->name);
	va_start(args, fmt);
	vsnprintf(text + at, sizeof(text) - at, fmt, args);
	va_end(args);
	c->report(text);
}

static bool in_mem_map(const struct page *page)
{
	return page >= mem_map && page < mem_map + max_mapnr;
}

/* The page that a link stands in; NULL if the link is no page's, or broken. */
static struct page *page_of_link(struct list_head *link)
{
	struct page *page = list_entry(link, struct page, lru);
	uintptr_t at = (uintptr_t)page - (uintptr_t)mem_map;

	if (!in_mem_map(page) || at % sizeof(*page))
		return NULL;
	if (link->prev->next != link || link->next->prev != link)
		return NULL;
	return page;
}

static void check_block(struct check *c, const struct page *page,
			unsigned int order)
{
	u32 pfn = page_to_pfn(page);
	const struct page *buddy = pfn_to_page(pfn ^ 1U << order);

	if (page->flags != buddy_flags(c->zone, order))
		differs(c, "frame %x on the list of order %u has flags %08x",
			pfn, order, page->flags);
	if (!IS_ALIGNED(pfn, 1U << order))
		differs(c, "frame %x is no block of order %u", pfn, order);
	if (order < MAX_ORDER - 1 && buddy->flags == page->flags)
		differs(c, "frame %x and its buddy are both free", pfn);
}

static void check_area(struct check *c, unsigned int order)
{
	struct free_area *area = &c->zone->free_area[order];
	struct list_head *link = area->free_list.next;
	u32 blocks = 0;

	for (; link != &area->free_list; link = link->next) {
		struct page *page = page_of_link(link);

		if (!page) {
			differs(c, "the list of order %u is broken", order);
			return;
		}
		check_block(c, page, order);
		if (++blocks > c->zone->spanned_pages) {
			differs(c, "the list of order %u is a loop", order);
			return;
		}
	}
	if (blocks != area->nr_free)
		differs(c, "order %u has %u blocks, %u are counted", order,
			blocks, area->nr_free);
	c->pages += blocks << order;
}

static void check_pcp(struct check *c, const struct per_cpu_pages *pcp)
{
	u32 i;

	if (pcp->count > PCP_MOST || pcp->count > pcp->high) {
		differs(c, "a CPU keeps %u pages, above %u", pcp->count,
			pcp->high);
		return;
	}
	for (i = 0; i < pcp->count; i++) {
		const struct page *page = pcp->stack[i];

		if (!in_mem_map(page))
			differs(c, "a CPU keeps %p, which is no page", page);
		else if (page->flags != zone_flags(c->zone) ||
			 page_count(page))
			differs(c, "frame %x kept for a CPU has flags %08x, "
				"%d users", page_to_pfn(page), page->flags,
				page_count(page));
	}
}

static void check_kept_blocks(struct check *c,
			      const struct per_cpu_pageset *set)
{
	unsigned int order;

	for (order = 1; order <= PCP_BLOCK_MOST; order++) {
		const struct page *page = set->block[order];

		if (page && (!in_mem_map(page) || page_count(page) ||
			     page->flags != zone_flags(c->zone) ||
			     !IS_ALIGNED(page_to_pfn(page), 1U << order)))
			differs(c, "a CPU keeps %p, which is no free block of "
				"order %u", page, order);
	}
}

static void check_marks(struct check *c)
{
	struct zone *zone = c->zone;
	unsigned int class;

	if (zone->pages_min > zone->pages_low ||
	    zone->pages_low > zone->pages_high)
		differs(c, "marks %u, %u, %u do not rise", zone->pages_min,
			zone->pages_low, zone->pages_high);
	for (class = 0; class < MAX_NR_ZONES; class++)
		if (zone->fast_mark[class] !=
		    zone->pages_low + zone->lowmem_reserve[class])
			differs(c, "fast_mark[%u] is %u", class,
				zone->fast_mark[class]);
	if (zone->hot_mark != zone->fast_mark[zone->type])
		differs(c, "hot_mark is %u", zone->hot_mark);
}

static void check_lists(struct check *c)
{
	unsigned int order, cpu;

	for (order = 0; order < MAX_ORDER; order++)
		check_area(c, order);
	if (c->pages != c->zone->free_pages)
		differs(c, "%u pages are free, %u are counted", c->pages,
			c->zone->free_pages);
	for_each_cpu(cpu) {
		check_pcp(c, &c->zone->pageset[cpu].pcp[0]);
		check_pcp(c, &c->zone->pageset[cpu].pcp[1]);
		check_kept_blocks(c, &c->zone->pageset[cpu]);
	}
}

unsigned int check_zone(struct zone *zone, check_report_t report)
{
	struct check c = { .zone = zone, .report = report };
	u32 flags = spin_lock_irqsave(&zone->lock);

	check_lists(&c);
	check_marks(&c);
	if (zone_table[zone->id] != zone)
		differs(&c, "zone_table[%u] is another", zone->id);
	if (zone->free_pages > zone->managed_pages)
		differs(&c, "%u pages are free of %u", zone->free_pages,
			zone->managed_pages);
	spin_unlock_irqrestore(&zone->lock, flags);
	return c.differences;
}

static void check_free_pages(struct check *c, const struct page *page,
			     u32 pages)
{
	u32 i, pfn = page_to_pfn(page), zone = zone_flags(c->zone);

	for (i = 0; i < pages; i++) {
		if (i && page[i].flags != zone)
			differs(c, "frame %x in a free block has flags %08x",
				pfn + i, page[i].flags);
		if (page_count(&page[i]) || page_mapcount(&page[i]))
			differs(c, "free frame %x has users", pfn + i);
	}
}

/* How many pages from page on are of one state; *free: of them free ones. */
static u32 judge_page(struct check *c, struct page *page, u32 *free)
{
	u32 pages = 1U << page_order(page);

	*free = 0;
	if (PageReserved(page))
		return 1;
	if (PageBuddy(page)) {
		check_free_pages(c, page, pages);
		*free = pages;
		return pages;
	}
	if (page_count(page) > 0)
		return pages;
	if (page_count(page) || page->flags != zone_flags(c->zone))
		differs(c, "frame %x: flags %08x, count %d are no state",
			page_to_pfn(page), page->flags, page_count(page));
	*free = 1;	/* the CPU's: nothing else looks like that */
	return 1;
}

unsigned int check_zone_pages(struct zone *zone, check_report_t report)
{
	struct check c = { .zone = zone, .report = report };
	u32 pfn = zone->zone_start_pfn, end = pfn + zone->spanned_pages;
	u32 flags = spin_lock_irqsave(&zone->lock);
	u32 total = 0, free;

	while (pfn < end) {
		struct page *page = pfn_to_page(pfn);

		if (page_zone(page) != zone) {
			pfn++;
			continue;
		}
		pfn += judge_page(&c, page, &free);
		total += free;
	}
	if (total != zone->free_pages + nr_pcp_pages(zone))
		differs(&c, "%u pages look free, %u + %u are counted", total,
			zone->free_pages, nr_pcp_pages(zone));
	spin_unlock_irqrestore(&zone->lock, flags);
	return c.differences;
}

unsigned int check_nodes(const struct node_set *set, check_report_t report)
{
	unsigned int i, differences = 0;
	struct zone *zone;

	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			differences += check_zone(zone, report) +
				       check_zone_pages(zone, report);
	return differences;
}
