/*
 * Many single pages at once: for vmalloc, and whoever fills lists.
 *
 * 1. Out. Of each zone of the list, in its order, as many pages are taken as
 *    could be taken one by one before pages_low (with the reserve of the
 *    request's class) is reached: with one look at the marks and under one
 *    zone->lock, in blocks. Many come from the smallest blocks up, so that
 *    large ones stay whole. A few come from the CPU's stack, as they may be in
 *    its cache; if it has not enough, in as large blocks as they fill: they
 *    live short, go back as the runs they are, and a device likes them better.
 *    What is missing then is fetched one by one: that reclaims, dips into
 *    reserves and complains as ever.
 *
 * 2. Back. Pages that follow each other in the array and in memory go back as
 *    the blocks they make, under one zone->lock; a few go to the CPU's stack.
 *    Each is looked at as free_hot_page() does; whatever is out of the ordinary
 *    takes the long way.
 *
 * 3. While page_debugging is on, all go the long way, page by page.
 *
 * Cost: some 20 instructions a page each way.
 */
#include <kernel/lib/bug.h>
#include <mm/page/internal.h>

#define BULK_LEAST 17		/* guessed: fewer go by the CPU's stack */
#define BULK_PER_LOCK 512U	/* guessed: 5000 instructions at most */

/* From the stack of the CPU, ready to be used. Stops at whatever is out of the
 * ordinary. */
static u32 fastcall take_hot(struct zone *zone, u32 n, struct page **pages)
{
	u32 flags = local_irq_save(), got = 0;
	struct per_cpu_pageset *set = &zone->pageset[smp_processor_id()];
	u32 count = set->pcp[0].count;

	/* take_above is beyond all while page_debugging is on */
	if (unlikely(count < n || count - n < set->pcp[0].take_above ||
		     zone->free_pages <= zone->hot_mark))
		n = 0;
	for (; got < n; got++) {
		struct page *page = set->pcp[0].stack[count - 1];

		if (unlikely(!page_is_clean(page)))
			break;
		page->_count.counter = 1;
		page->private = 0;
		pages[got] = page;
		count--;
	}
	set->pcp[0].count = count;
	set->count.numa_hit += got;
	local_irq_restore(flags);
	return got;
}

/* The largest block that is not more than so many pages. */
static struct page *take_largest(struct zone *zone, u32 most,
				 unsigned int *order)
{
	unsigned int o = 32U - (u32)__builtin_clz(most);
	struct page *page = NULL;

	while (!page && o--)
		page = __rmqueue(zone, o);
	*order = o;
	return page;
}

/* In blocks: many pages from the smallest up, few from the largest down. */
static u32 take_blocks(struct zone *zone, enum zone_type class, u32 n,
		       struct page **pages)
{
	u32 keep = zone->pages_low + zone->lowmem_reserve[class], got = 0;
	bool few = n < BULK_LEAST;

	spin_lock(&zone->lock);
	if (zone->free_pages <= keep)
		n = 0;
	else
		n = min(n, zone->free_pages - keep);
	while (got < n) {
		unsigned int order;
		struct page *page = few ?
			take_largest(zone, n - got, &order) :
			__rmqueue_upto(zone, n - got, &order);
		u32 i;

		if (!page)
			break;
		for (i = 0; i < 1U << order; i++)
			pages[got++] = page + i;
	}
	spin_unlock(&zone->lock);
	return got;
}

static void count_pages(struct zone *zone, struct zone *wanted, u32 n)
{
	unsigned int cpu = smp_processor_id();

	if (zone->zone_pgdat == wanted->zone_pgdat) {
		zone->pageset[cpu].count.numa_hit += n;
	} else {
		zone->pageset[cpu].count.numa_miss += n;
		wanted->pageset[cpu].count.numa_foreign += n;
	}
}

/* Pages as they were on the lists become the caller's; how many are good. */
static u32 prepare(struct page **pages, u32 n)
{
	u32 i, good = 0;

	for (i = 0; i < n; i++) {
		struct page *page = pages[i];

		if (unlikely(!page_is_clean(page))) {
			/* it stays out of the lists: lost, but used by one */
			bad_page("somebody wrote to a free page's state", page);
			continue;
		}
		atomic_set(&page->_count, 1);
		page->private = 0;
		pages[good++] = page;
	}
	return good;
}

/* At most n pages of one zone, above its mark. */
static u32 take_from(struct zone *zone, struct zone *wanted, u32 n,
		     struct page **pages)
{
	u32 flags = local_irq_save(), got;

	got = take_blocks(zone, wanted->type, min(n, BULK_PER_LOCK), pages);
	count_pages(zone, wanted, got);
	local_irq_restore(flags);
	return prepare(pages, got);
}

static u32 take_from_all(const struct zonelist *zonelist, u32 got, u32 n,
			 struct page **pages)
{
	struct zone *const *z = zonelist->zones;
	struct zone *wanted = *z;

	while (*z && got < n) {
		u32 more = take_from(*z, wanted, n - got, pages + got);

		if (!more)
			z++;
		got += more;
	}
	return got;
}

u32 fastcall alloc_pages_bulk(gfp_t gfp, struct zonelist *zonelist, u32 n,
			      struct page **pages)
{
	struct zone *wanted = zonelist->zones[0];
	u32 got = 0, i;

	if (n < BULK_LEAST && !(gfp & __GFP_COLD) && wanted)
		got = take_hot(wanted, n, pages);
	if (unlikely(got < n) && !page_debugging)
		got = take_from_all(zonelist, got, n, pages);
	if (gfp & __GFP_ZERO)
		for (i = 0; i < got; i++)
			page_zero(pages[i]);
	while (unlikely(got < n)) {
		pages[got] = alloc_pages_from(gfp, 0, zonelist, CALLER);
		if (!pages[got])
			break;
		got++;
	}
	return got;
}

/* Given back by its only user, and nothing speaks against it? */
static __always_inline bool is_plain(const struct page *page)
{
	return !(page->flags & PAGE_FLAGS_LONG_WAY) &&
	       page->_count.counter == 1 && page->_mapcount.counter == -1 &&
	       !page->mapping;
}

/*
 * How many of the pages follow each other in memory and in one zone, and are
 * plain; they are marked free. 0: not even the first.
 */
static u32 mark_run(struct page *const *pages, u32 n)
{
	struct page *page = pages[0];
	u32 i, zone;

	if (!in_mem_map(page))
		return 0;
	zone = page->flags >> ZONEID_SHIFT;
	for (i = 0; i < n; i++, page++) {
		if (pages[i] != page || !in_mem_map(page) || !is_plain(page) ||
		    page->flags >> ZONEID_SHIFT != zone)
			break;
		page->flags = zone << ZONEID_SHIFT;
		page->_count.counter = 0;
	}
	return i;
}

/* Flags that a page given back with others may not have, and its zone. */
#define PAGE_FLAGS_COMPARED (PAGE_FLAGS_LONG_WAY | \
			     ~0U << ZONEID_SHIFT)

/*
 * To the CPU's stack, as free_hot_page() does, those that are of the zone of
 * the first one and nothing speaks against, up to the first that is not so: how
 * many. Interrupts off.
 */
static __always_inline u32 give_hot(struct page *const *pages, u32 n)
{
	uintptr_t map = (uintptr_t)mem_map, bytes = mem_map_bytes;
	struct per_cpu_pageset *set;
	struct zone *zone;
	struct page **top;
	u32 i, want;

	if (unlikely(!in_mem_map(pages[0])))
		return 0;
	zone = page_zone(pages[0]);
	want = zone_flags(zone);
	set = &zone->pageset[smp_processor_id()];
	if (unlikely(set->pcp[0].count + n > set->pcp[0].put_below))
		return 0;
	top = &set->pcp[0].stack[set->pcp[0].count];
	for (i = 0; i < n; i++) {
		struct page *page = pages[i];

		/* one jump instead of five */
		if (unlikely((uintptr_t)page - map >= bytes) ||
		    unlikely(((page->flags & PAGE_FLAGS_COMPARED) ^ want) |
			     (u32)(page->_count.counter ^ 1) |
			     (u32)~page->_mapcount.counter |
			     (uintptr_t)page->mapping))
			break;
		page->flags = want;
		page->_count.counter = 0;
		*top++ = page;
	}
	set->pcp[0].count += i;
	set->count.pgfree += i;
	return i;
}

/* At least one page of n; how many. */
static u32 give_run(struct page *const *pages, u32 n, u32 site)
{
	u32 run = mark_run(pages, min(n, BULK_PER_LOCK)), flags;
	struct zone *zone;

	if (!run) {
		free_slow(pages[0], 0, site);
		return 1;
	}
	zone = page_zone(pages[0]);
	flags = spin_lock_irqsave(&zone->lock);
	zone_gains(zone);
	__free_run(zone, pages[0], run);
	zone->pageset[smp_processor_id()].count.pgfree += run;
	spin_unlock_irqrestore(&zone->lock, flags);
	return run;
}

/* A small zone's stacks never take so many at once: 16 MB of ZONE_DMA have
 * room for six. */
static bool too_many(const struct page *page, u32 n)
{
	const struct per_cpu_pageset *set;

	if (!in_mem_map(page))
		return false;
	set = &page_zone(page)->pageset[smp_processor_id()];
	return set->pcp[0].put_below < n;
}

/* What the stack does not take goes the long way. */
static void fastcall give_few(struct page *const *pages, u32 n, u32 site)
{
	u32 flags = local_irq_save();

	while (n) {
		u32 given = give_hot(pages, n);

		if (unlikely(!given) && too_many(pages[0], n)) {
			given = give_run(pages, n, site);
		} else if (unlikely(!given)) {
			free_slow(pages[0], 0, site);
			given = 1;
		}
		pages += given;
		n -= given;
	}
	local_irq_restore(flags);
}

void fastcall free_pages_bulk(u32 n, struct page *const *pages)
{
	u32 i;

	if (unlikely(page_debugging)) {
		for (i = 0; i < n; i++)
			free_slow(pages[i], 0, CALLER);
	} else if (n < BULK_LEAST) {
		give_few(pages, n, CALLER);
	} else {
		for (i = 0; i < n;)
			i += give_run(pages + i, n - i, CALLER);
	}
}
