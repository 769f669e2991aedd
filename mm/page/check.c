/*
 * The page allocator recomputed from first principles.
 *
 * 1. The free lists of a zone: each link is followed both ways, each block must
 *    be as buddy.c's invariants say; what the lists hold must be what the
 *    counters say. A broken link ends the walk of that list, so that the check
 *    itself survives what it looks for.
 * 2. The lists per CPU: so many pages as counted, all of this zone and free.
 * 3. The marks: low and high follow min, hot_mark follows low. For the
 *    machine's nodes also what follows from sizes and distances alone:
 *    reserves, bounds of the CPUs' stacks, zonelists, totals.
 * 4. check_zone_pages() looks at every page of the span: free ones must add up
 *    to what the lists hold, and none may be of no state at all. It takes as
 *    long as the zone is large; check_zone() as there are blocks.
 */
#include <kernel/lib/printf.h>
#include <mm/page/check.h>
#include <mm/page/internal.h>
#include <mm/reclaim/lru.h>

#define SENTENCE 128

struct check {
	struct zone *zone;
	check_report_t report;
	unsigned int differences;
	u32 pages;		/* found free so far */
	u32 managed;		/* found that are not reserved */
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

/* As every free page that is no block's first. */
static bool looks_free(const struct check *c, const struct page *page)
{
	return page_is_clean(page) && page->flags == zone_flags(c->zone);
}

/* Is it the list's own head, or the link of a page? */
static bool link_is_sound(const struct list_head *link,
			  const struct list_head *head)
{
	/* a number, not a pointer: it may point anywhere */
	uintptr_t at = (uintptr_t)link - offsetof(struct page, lru) -
		       (uintptr_t)mem_map;

	return link == head ||
	       (at < mem_map_bytes && !(at % sizeof(struct page)));
}

/* The page that a link stands in; NULL if the link, or one next to it, is no
 * page's. Nothing is followed before it was looked at. */
static struct page *page_of_link(struct list_head *link,
				 const struct list_head *head)
{
	if (link == head || !link_is_sound(link, head) ||
	    !link_is_sound(link->prev, head) ||
	    !link_is_sound(link->next, head) ||
	    link->prev->next != link || link->next->prev != link)
		return NULL;
	return list_entry(link, struct page, lru);
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
		struct page *page = page_of_link(link, &area->free_list);

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
		else if (!looks_free(c, page))
			differs(c, "frame %x kept for a CPU has flags %08x, "
				"%d users, mapping %p", page_to_pfn(page),
				page->flags, page_count(page), page->mapping);
	}
}

static void check_kept_blocks(struct check *c,
			      const struct per_cpu_pageset *set)
{
	unsigned int order;

	for (order = 1; order <= PCP_BLOCK_MOST; order++) {
		const struct page *page = set->block[order];

		if (page && (!in_mem_map(page) || !looks_free(c, page) ||
			     !IS_ALIGNED(page_to_pfn(page), 1U << order)))
			differs(c, "a CPU keeps %p, which is no free block of "
				"order %u", page, order);
	}
}

static void check_marks(struct check *c)
{
	struct zone *zone = c->zone;

	if (zone->pages_min > zone->pages_low ||
	    zone->pages_low > zone->pages_high)
		differs(c, "marks %u, %u, %u do not rise", zone->pages_min,
			zone->pages_low, zone->pages_high);
	if (zone->hot_mark != zone->pages_low +
	    zone->lowmem_reserve[zone->type])
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

static void check_free_block(struct check *c, const struct page *page,
			     u32 pages)
{
	u32 i, pfn = page_to_pfn(page), zone = zone_flags(c->zone);

	for (i = 0; i < pages; i++) {
		if (i && page[i].flags != zone)
			differs(c, "frame %x in a free block has flags %08x",
				pfn + i, page[i].flags);
		if (page_count(&page[i]) || page_mapcount(&page[i]) ||
		    page[i].mapping)
			differs(c, "free frame %x has users", pfn + i);
	}
}

/* Owners mark the contents of each page of theirs; all else is the first's. */
static void check_used_block(struct check *c, const struct page *page,
			     u32 pages)
{
	u32 compound = page->flags & 1U << PG_compound, i;
	u32 judged = PAGE_ORDER_MASK | 1U << PG_buddy | 1U << PG_reserved |
		     1U << PG_compound | ~0U << ZONEID_SHIFT;

	for (i = 1; i < pages; i++)
		if ((page[i].flags & judged) !=
		    (zone_flags(c->zone) | compound) || page_count(&page[i]))
			differs(c, "frame %x in a block in use has flags "
				"%08x, %d users", page_to_pfn(&page[i]),
				page[i].flags, page_count(&page[i]));
}

/* How many pages from page on are of one state; *free: of them free ones. */
static u32 judge_page(struct check *c, struct page *page, u32 *free)
{
	u32 order = page_order(page), pages = 1U << order;
	u32 end = c->zone->zone_start_pfn + c->zone->spanned_pages;

	*free = 0;
	if (PageReserved(page))
		return 1;
	c->managed++;
	if (order >= MAX_ORDER || end - page_to_pfn(page) < pages) {
		differs(c, "frame %x cannot be of order %u",
			page_to_pfn(page), order);
		return 1;
	}
	if (PageBuddy(page) || page_count(page) > 0) {
		c->managed += pages - 1;
		if (PageBuddy(page)) {
			*free = pages;
			check_free_block(c, page, pages);
		} else {
			check_used_block(c, page, pages);
		}
		return pages;
	}
	if (!looks_free(c, page))
		differs(c, "frame %x: flags %08x, count %d are no state",
			page_to_pfn(page), page->flags, page_count(page));
	*free = 1;	/* the CPU's: nothing else looks like that */
	return 1;
}

/* A page in the span that says it is another zone's: is that possible? */
static void check_stranger(struct check *c, const struct page *page)
{
	const struct zone *other = page_zone(page);
	u32 pfn = page_to_pfn(page);

	if (!PageReserved(page) &&
	    (!other || pfn - other->zone_start_pfn >= other->spanned_pages))
		differs(c, "frame %x is of no zone: flags %08x", pfn,
			page->flags);
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
			check_stranger(&c, page);
			pfn++;
			continue;
		}
		pfn += judge_page(&c, page, &free);
		total += free;
	}
	if (total != zone->free_pages + nr_pcp_pages(zone))
		differs(&c, "%u pages look free, %u + %u are counted", total,
			zone->free_pages, nr_pcp_pages(zone));
	/* a test may keep pages of its own zone for itself */
	if (zone->id < ZONEID_PRIVATE && c.managed != zone->managed_pages)
		differs(&c, "%u pages are not reserved, %u are counted",
			c.managed, zone->managed_pages);
	spin_unlock_irqrestore(&zone->lock, flags);
	return c.differences;
}

/* What the machine's zones have by the reference's rules, made anew. */
static void check_rules(struct check *c)
{
	struct zone *zone = c->zone;
	struct zone fresh = { .present_pages = zone->present_pages };
	unsigned int class;

	zone_init(&fresh, 0, zone->present_pages, zone->present_pages);
	if (fresh.pageset[0].pcp[0].batch != zone->pageset[0].pcp[0].batch ||
	    fresh.pageset[0].pcp[0].high != zone->pageset[0].pcp[0].high ||
	    fresh.pageset[0].pcp[0].low != zone->pageset[0].pcp[0].low)
		differs(c, "a CPU's stack has other bounds than it should");
	for (class = 0; class < MAX_NR_ZONES; class++)
		if (zone->lowmem_reserve[class] !=
		    zone_reserve(zone->zone_pgdat, zone->type, class))
			differs(c, "lowmem_reserve[%u] is %u", class,
				zone->lowmem_reserve[class]);
}

static bool same_zonelist(const struct zonelist *a, const struct zonelist *b)
{
	unsigned int i;

	for (i = 0; a->zones[i] && a->zones[i] == b->zones[i]; i++)
		;
	return a->zones[i] == b->zones[i];
}

static void check_zonelists(struct check *c, const struct node_set *set)
{
	unsigned int home, modifiers;
	struct zonelist fresh;

	for (home = 0; home < set->nr; home++)
		for (modifiers = 0; modifiers < GFP_ZONETYPES; modifiers++) {
			build_zonelist(set, home, modifiers, &fresh);
			c->zone = &set->node[home]->node_zones[0];
			if (!same_zonelist(&fresh, &set->node[home]->
					   node_zonelists[modifiers]))
				differs(c, "zonelist %u of the node is not in "
					"order", modifiers);
		}
}

static void check_machine(struct check *c)
{
	u32 managed = 0, high = 0;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i) {
		managed += zone->managed_pages;
		if (zone->type == ZONE_HIGHMEM)
			high += zone->managed_pages;
		c->zone = zone;
		if (populated_zone(zone))
			check_rules(c);
	}
	if (managed != totalram_pages || high != totalhigh_pages)
		differs(c, "zones manage %u pages, %u of them high; %u, %u "
			"are counted", managed, high, totalram_pages,
			totalhigh_pages);
	check_zonelists(c, &machine_nodes);
}

unsigned int check_nodes(const struct node_set *set, check_report_t report)
{
	struct check c = { .report = report };
	unsigned int i, differences = 0;
	struct zone *zone;

	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			differences += check_zone(zone, report) +
				       check_zone_pages(zone, report) +
				       check_lru(zone, report);
	if (set == &machine_nodes)
		check_machine(&c);
	return differences + c.differences;
}
