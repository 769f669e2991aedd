/*
 * The LRU lists of a zone from first principles.
 *
 * 1. Each list: every link is followed both ways, every page must be one that
 *    may be there, and say that it is; so many as are counted. A broken link
 *    ends the walk.
 * 2. The batches: what has a place must know it.
 * 3. Every page of the zone that says it is on a list: there must be as many as
 *    were found. So none is lost, and none is there twice.
 */
#include <kernel/lib/differs.h>
#include <mm/reclaim/lru.h>

struct check {
	const struct zone *zone;
	void (*report)(const char *sentence);
	unsigned int wrong;
	u32 found;		/* on lists and in batches */
};

/* What no page on a list may be. */
#define NEVER_ON_LIST (1U << PG_reserved | 1U << PG_slab | 1U << PG_buddy | \
		       1U << PG_compound)

#define differs(c, fmt, ...) \
	say_differs((c)->report, &(c)->wrong, "lru, node %d zone %s: " fmt, \
		    (c)->zone->zone_pgdat->node_id, (c)->zone->name, \
		    ##__VA_ARGS__)

static void check_page(struct check *c, const struct page *page)
{
	u32 flags = page->flags;

	if (page_zone(page) != c->zone)
		differs(c, "frame %x is of another zone", page_to_pfn(page));
	if (!(flags & 1U << PG_lru))
		differs(c, "frame %x is there, and says it is not",
			page_to_pfn(page));
	if (flags & NEVER_ON_LIST)
		differs(c, "frame %x with flags %08x is there",
			page_to_pfn(page), flags);
	if (page_count(page) <= 0)
		differs(c, "frame %x is there, and has no user",
			page_to_pfn(page));
	c->found++;
}

static bool link_is_sound(const struct list_head *link,
			  const struct list_head *head)
{
	/* a number, not a pointer: it may point anywhere */
	uintptr_t at = (uintptr_t)link - offsetof(struct page, lru) -
		       (uintptr_t)mem_map;

	return link == head ||
	       (at < mem_map_bytes && !(at % sizeof(struct page)));
}

static void check_list(struct check *c, const struct list_head *head,
		       bool active, u32 counted)
{
	const struct list_head *link = head, *next;
	const char *name = active ? "active" : "inactive";
	u32 n = 0;

	while ((next = link->next) != head) {
		const struct page *page;

		if (!link_is_sound(next, head) || next->prev != link ||
		    n > c->zone->spanned_pages) {
			differs(c, "the %s list is broken", name);
			return;
		}
		page = list_entry(next, struct page, lru);
		check_page(c, page);
		if (PageActive(page) != active)
			differs(c, "frame %x is on the %s list, and says it is "
				"not", page_to_pfn(page), name);
		link = next;
		n++;
	}
	if (head->prev != link)
		differs(c, "the %s list is broken", name);
	if (n != counted)
		differs(c, "%u pages are %s, %u are counted", n, name, counted);
}

static void check_batch(struct check *c, struct lru_batch *batch)
{
	u32 i;

	if (batch->n >= LRU_BATCH)
		differs(c, "a batch has %u pages", batch->n);
	for (i = 0; i < min(batch->n, LRU_BATCH); i++) {
		const struct page *page = batch->page[i];

		if (!page)
			continue;
		if ((uintptr_t)page - (uintptr_t)mem_map >= mem_map_bytes) {
			differs(c, "%p is in a batch, which is no page", page);
			continue;
		}
		if (page_zone(page) != c->zone)
			continue;
		check_page(c, page);
		if (page->lru.next ||
		    page->lru.prev != (struct list_head *)&batch->page[i])
			differs(c, "frame %x does not know its place in a "
				"batch", page_to_pfn(page));
	}
}

static void check_marked(struct check *c)
{
	const struct page *page = pfn_to_page(c->zone->zone_start_pfn);
	const struct page *end = page + c->zone->spanned_pages;
	u32 kind = c->zone->id << ZONEID_SHIFT | 1U << PG_lru, n = 0;

	for (; page < end; page++)
		n += (page->flags & (~0U << ZONEID_SHIFT | 1U << PG_lru)) ==
		     kind;
	if (n != c->found)
		differs(c, "%u pages say they are on a list, %u are", n,
			c->found);
}

u32 check_lru(struct zone *zone, void (*report)(const char *sentence))
{
	struct check c = { .zone = zone, .report = report };
	u32 flags = spin_lock_irqsave(&zone->lru_lock);
	unsigned int cpu;

	check_list(&c, &zone->active_list, true, zone->nr_active);
	check_list(&c, &zone->inactive_list, false, zone->nr_inactive);
	for_each_cpu(cpu)
		check_batch(&c, &lru_batches[cpu]);
	check_marked(&c);
	spin_unlock_irqrestore(&zone->lru_lock, flags);
	return c.wrong;
}
