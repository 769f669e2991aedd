/*
 * The way of one page, in and out. ULK3 sections 8.1.7.4 and 8.1.7.5.
 *
 * 1. The hot way. Most requests are for one page, from the best zone, with
 *    plenty free, and the CPU's list has one: __alloc_pages() takes it there
 *    with interrupts off and no lock, after the watermark test (one comparison,
 *    see watermark.c) and the check that nobody uses it. __free_pages() puts it
 *    back the same way. Whatever is out of the ordinary (the list is low, a
 *    flag is set, debugging is on) takes the long way, from the beginning:
 *    nothing was changed yet.
 *
 * 2. The lists per CPU. hot holds low .. high pages, the one freed last first:
 *    it may still be in the CPU's cache. cold holds pages for those who will
 *    not touch them soon. A batch is fetched at low, given back at high, each
 *    under one zone->lock.
 *
 * 3. What comes back is checked: page.h has the states, free_problem() the
 *    sentences. A page that must not be freed is left as it is.
 *
 * 4. Of the blocks of orders 1 to 3 the one freed last is kept, too, and given
 *    out again to the next who wants that order. drain_zone_pages() takes all
 *    that is kept back.
 *
 * 5. A compound block remembers its head: every page's private points to it.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/page/internal.h>
#include <mm/reclaim/lru.h>

u32 totalram_pages, totalhigh_pages;

static void make_compound(struct page *page, unsigned int order)
{
	u32 i;

	for (i = 0; i < 1U << order; i++) {
		page[i].flags |= 1U << PG_compound;
		page[i].private = (unsigned long)page;
	}
}

/*
 * zone_watermark_ok() for the zone's own class, pages_low and a small order.
 * What stands in the largest blocks alone is enough more often than not.
 */
static __always_inline bool low_mark_ok(const struct zone *zone,
					unsigned int order)
{
	u32 large = zone->free_area[MAX_ORDER - 1].nr_free << (MAX_ORDER - 1);

	return likely(large > zone->hot_mark + (1U << order)) ||
	       zone_watermark_ok(zone, order, zone->pages_low, zone->type, 0);
}

/* The small block that this CPU freed last; NULL: not so simple. */
static __always_inline struct page *alloc_hot_block(struct zone *zone,
						    unsigned int order)
{
	u32 flags = local_irq_save();
	struct per_cpu_pageset *set = &zone->pageset[smp_processor_id()];
	struct page *page = set->block[order];

	if (!page || !page_is_clean(page) || !low_mark_ok(zone, order)) {
		local_irq_restore(flags);
		return NULL;
	}
	set->block[order] = NULL;
	set->count.numa_hit++;
	set->count.more_pages += (1U << order) - 1;
	page->flags |= order << PAGE_ORDER_SHIFT;
	atomic_set(&page->_count, 1);
	page->private = 0;
	local_irq_restore(flags);
	return page;
}

struct page *fastcall __alloc_pages(gfp_t gfp, unsigned int order,
				    struct zonelist *zonelist)
{
	struct zone *zone = zonelist->zones[0];
	struct page *page = NULL;

	if (unlikely(gfp & GFP_LONG_WAY || !zone || page_debugging))
		return alloc_pages_from(gfp, order, zonelist, CALLER);
	if (!order)
		page = alloc_hot(zone);
	else if (order <= PCP_BLOCK_MOST)
		page = alloc_hot_block(zone, order);
	if (!page)
		return alloc_pages_from(gfp, order, zonelist, CALLER);
	if (order && gfp & __GFP_COMP)
		make_compound(page, order);
	return page;
}

/* --- the lists per CPU --- */

/*
 * A batch below what is on the stack, so that it goes out after that, and in
 * ascending order. Interrupts off.
 */
static void refill(struct zone *zone, struct per_cpu_pages *pcp)
{
	u32 left = pcp->batch;

	/* there is room: low + batch is not above high */
	memmove(pcp->stack + left, pcp->stack,
		pcp->count * sizeof(struct page *));
	spin_lock(&zone->lock);
	while (left) {
		unsigned int order;
		struct page *page = __rmqueue_upto(zone, left, &order), *end;

		if (!page)
			break;
		pcp->count += 1U << order;
		for (end = page + (1U << order); page < end; page++)
			pcp->stack[--left] = page;
	}
	spin_unlock(&zone->lock);
	if (left)
		memmove(pcp->stack, pcp->stack + left,
			pcp->count * sizeof(struct page *));
}

/* Is a page that was kept still as it was then? Else it is lost. */
static bool still_clean(const struct page *page)
{
	if (likely(page_is_clean(page)))
		return true;
	bad_page("somebody wrote to a free page's state", page);
	return false;
}

/* How many of n kept pages from stack[0] on follow each other, up or down. */
static u32 run_of(struct page **stack, u32 n, int step)
{
	u32 run = 1;

	while (run < n && stack[run] == stack[run - 1] + step &&
	       page_is_clean(stack[run]))
		run++;
	return run;
}

/* Pages that came one behind the other go back as blocks; how many did. */
static u32 give_back_run(struct zone *zone, struct page **stack, u32 n)
{
	u32 run = 1;

	if (!still_clean(stack[0]))
		return 1;
	if (n > 1 && stack[1] == stack[0] + 1)
		run = run_of(stack, n, 1);
	else if (n > 1 && stack[1] == stack[0] - 1)
		run = run_of(stack, n, -1);
	if (run == 1)
		__free_one_page(zone, stack[0], 0);
	else
		__free_run(zone, min(stack[0], stack[run - 1]), run);
	return run;
}

/* The n pages that were not touched longest go back. Interrupts off. */
static __noinline void give_back(struct zone *zone, struct per_cpu_pages *pcp,
				 u32 n)
{
	u32 i;

	n = min(n, pcp->count);
	if (!n)
		return;
	spin_lock(&zone->lock);
	zone_gains(zone);
	for (i = 0; i < n;)
		i += give_back_run(zone, pcp->stack + i, n - i);
	spin_unlock(&zone->lock);
	pcp->count -= n;
	memmove(pcp->stack, pcp->stack + n, pcp->count * sizeof(struct page *));
}

static void give_back_blocks(struct zone *zone, struct per_cpu_pageset *set)
{
	unsigned int order;

	spin_lock(&zone->lock);
	for (order = 1; order <= PCP_BLOCK_MOST; order++)
		if (set->block[order]) {
			if (still_clean(set->block[order]))
				__free_one_page(zone, set->block[order],
						order);
			set->block[order] = NULL;
		}
	spin_unlock(&zone->lock);
}

void drain_zone_pages(struct zone *zone)
{
	u32 flags = local_irq_save();
	struct per_cpu_pageset *set = &zone->pageset[smp_processor_id()];

	give_back(zone, &set->pcp[0], set->pcp[0].count);
	give_back(zone, &set->pcp[1], set->pcp[1].count);
	give_back_blocks(zone, set);
	local_irq_restore(flags);
}

void drain_local_pages(struct node_set *set)
{
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			drain_zone_pages(zone);
}

void drain_all_pages(void)
{
	drain_local_pages(&machine_nodes);
}

/* --- the long way out --- */

static struct page *take_single(struct zone *zone, gfp_t gfp)
{
	struct per_cpu_pageset *set = &zone->pageset[smp_processor_id()];
	struct per_cpu_pages *pcp = &set->pcp[!!(gfp & __GFP_COLD)];

	if (pcp->count <= pcp->low)
		refill(zone, pcp);
	return pcp->count ? pcp->stack[--pcp->count] : NULL;
}

static struct page *take_block(struct zone *zone, unsigned int order)
{
	struct page *page;

	spin_lock(&zone->lock);
	page = __rmqueue(zone, order);
	spin_unlock(&zone->lock);
	return page;
}

/* mmzone.h says what counts where. wanted: the first zone of the zonelist. */
static void count_alloc(struct zone *zone, struct zone *wanted,
			unsigned int order)
{
	unsigned int cpu = smp_processor_id();
	struct alloc_counters *count = &zone->pageset[cpu].count;

	count->more_pages += (1U << order) - 1;
	if (zone->zone_pgdat == wanted->zone_pgdat) {
		count->numa_hit++;
	} else {
		count->numa_miss++;
		wanted->pageset[cpu].count.numa_foreign++;
	}
}

struct page *buffered_rmqueue(struct zone *zone, struct zone *wanted,
			      unsigned int order, gfp_t gfp)
{
	struct page *page;
	u32 flags;

	for (;;) {
		flags = local_irq_save();
		page = order ? take_block(zone, order) :
			       take_single(zone, gfp);
		if (!page || likely(page_is_clean(page)))
			break;
		local_irq_restore(flags);
		/* it stays out of the lists: lost, but used by one only */
		bad_page("somebody wrote to a free page's state", page);
	}
	if (page) {
		count_alloc(zone, wanted, order);
		page->flags |= order << PAGE_ORDER_SHIFT;
		atomic_set(&page->_count, 1);
		page->private = 0;
	}
	local_irq_restore(flags);
	if (page && order && gfp & __GFP_COMP)
		make_compound(page, order);
	return page;
}

/* --- the way back --- */

struct page *page_block(struct page *page)
{
	u32 pfn = page_to_pfn(page);
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++) {
		struct page *head = pfn_to_page(pfn & ~((1U << order) - 1));

		if (page_order(head) >= order && !PageReserved(head) &&
		    (PageBuddy(head) || page_count(head) > 0))
			return head;
	}
	return NULL;
}

static const char *problem_without_users(struct page *page)
{
	struct page *block = page_block(page);

	if (!block || PageBuddy(block))
		return "it is free already";
	return "it is in the middle of a block";
}

/* What is wrong with giving up a use of it; NULL: nothing. */
static const char *put_problem(struct page *page)
{
	/* users of a reserved page come and go; it itself stays */
	if (PageReserved(page) && page_count(page) <= 1)
		return "it is reserved";
	if (page_count(page) <= 0)
		return problem_without_users(page);
	return NULL;
}

/* What is wrong with freeing it, now that its last user has gone. */
static const char *free_problem(const struct page *page, unsigned int order)
{
	if (page_order(page) != order)
		return "it was allocated with another order";
	if (PageLocked(page))
		return "it is locked";
	if (page_mapcount(page))
		return "it is still mapped";
	if (page->mapping)
		return "it is still in an address space";
	if (page->flags & PAGE_FLAGS_IN_USE)
		return "it is still in use";
	return NULL;
}

/* The pages behind the first: nobody may have any of them. */
static const char *tail_problem(const struct page *page, unsigned int order)
{
	u32 compound = page->flags & 1U << PG_compound;
	u32 bad = PAGE_FLAGS_IN_USE | PAGE_ORDER_MASK;
	const struct page *end = page + (1U << order);

	while (++page < end) {
		if (page->flags & bad || page_count(page) ||
		    page_mapcount(page) || page->mapping)
			return "a page behind its first is still in use";
		if ((page->flags & 1U << PG_compound) != compound)
			return "its pages are not of one compound block";
	}
	return NULL;
}

static void wipe_tails(struct page *page, unsigned int order)
{
	u32 zone = page->flags >> ZONEID_SHIFT << ZONEID_SHIFT;
	struct page *end = page + (1U << order);

	while (++page < end)
		page->flags = zone;
}

/* To the CPU's stack. Interrupts off. */
static void put_single(struct zone *zone, struct per_cpu_pages *pcp,
		       struct page *page)
{
	pcp->stack[pcp->count++] = page;
	if (unlikely(pcp->count >= pcp->high))
		give_back(zone, pcp, pcp->batch);
}

/* To the CPU if it keeps none of that order, else to the lists. Interrupts
 * off. */
static void put_block(struct zone *zone, struct per_cpu_pageset *set,
		      struct page *page, unsigned int order)
{
	if (order <= PCP_BLOCK_MOST && !set->block[order] && !page_debugging) {
		set->block[order] = page;
		return;
	}
	spin_lock(&zone->lock);
	zone_gains(zone);
	__free_one_page(zone, page, order);
	spin_unlock(&zone->lock);
}

/* A page that nothing speaks against: all that says it was used goes. */
static void put_free(struct page *page, unsigned int order)
{
	struct zone *zone = page_zone(page);
	u32 flags = local_irq_save();
	struct per_cpu_pageset *set = &zone->pageset[smp_processor_id()];

	page->flags = zone_flags(zone);
	atomic_set(&page->_count, 0);
	set->count.pgfree += 1U << order;
	if (order)
		put_block(zone, set, page, order);
	else
		put_single(zone, &set->pcp[0], page);
	local_irq_restore(flags);
}

void fastcall free_slow(struct page *page, unsigned int order, u32 site)
{
	const char *problem;

	if (order >= MAX_ORDER || page < mem_map ||
	    page >= mem_map + max_mapnr ||
	    ((uintptr_t)page - (uintptr_t)mem_map) % sizeof(*page)) {
		bad_page("no page, or an order above 10, to free", NULL);
		return;
	}
	problem = put_problem(page);
	if (!problem && page_count(page) > 1 &&
	    !atomic_dec_and_test(&page->_count))
		return;
	if (!problem)
		problem = free_problem(page, order);
	if (!problem && !tails_are_clean(page, order)) {
		problem = tail_problem(page, order);
		if (!problem)
			wipe_tails(page, order);
	}
	if (problem) {
		bad_page(problem, page);
		return;
	}
	if (page_debugging)
		page_debug_free(page, order, site);
	put_free(page, order);
}

/* For whom the caller's caller is who asked. */
static void put_pages(struct page *page, unsigned int order, u32 site)
{
	if (page_debugging)
		free_slow(page, order, site);
	else
		__free_pages_ok(page, order);
}

void free_pages(unsigned long addr, unsigned int order)
{
	if (!addr)
		return;
	if (!virt_addr_valid((void *)addr) || addr & (PAGE_SIZE - 1)) {
		bad_page("an address that is no page's, to free", NULL);
		return;
	}
	put_pages(virt_to_page((void *)addr), order, CALLER);
}

/* --- users --- */

void fastcall put_page_slow(struct page *page, u32 site)
{
	if (unlikely((uintptr_t)page - (uintptr_t)mem_map >= mem_map_bytes)) {
		free_slow(page, 0, site);
		return;
	}
	page = compound_head(page);
	if (PageCompound(page)) {
		put_pages(page, page_order(page), site);
		return;
	}
	/* it may be on a list of pages to be had back, or was until now */
	if (page_count(page) > 0 && !lru_release_pages(1, &page))
		return;
	put_pages(page, 0, site);
}

void split_page(struct page *page, unsigned int order)
{
	u32 i;

	BUG_ON(PageCompound(page), "split_page() of a compound block");
	BUG_ON(page_count(page) != 1, "split_page() of a block with users");
	BUG_ON(page_order(page) != order, "split_page() with another order");
	page->flags &= ~PAGE_ORDER_MASK;
	for (i = 1; i < 1U << order; i++) {
		page[i].private = 0;
		atomic_set(&page[i]._count, 1);
		if (page_debugging)
			page_debug_alloc_part(page, i);
	}
}

/* --- by address --- */

unsigned long __get_free_pages(gfp_t gfp, unsigned int order)
{
	struct page *page;

	BUG_ON(gfp & __GFP_HIGHMEM, "a page of high memory has no address");
	page = alloc_pages(gfp, order);
	if (!page)
		return 0;
	if (page_debugging)
		page_debug_set_site(page, CALLER);
	return (unsigned long)page_address(page);
}

unsigned long get_zeroed_page(gfp_t gfp)
{
	unsigned long addr = __get_free_pages(gfp | __GFP_ZERO, 0);

	if (addr && page_debugging)
		page_debug_set_site(virt_to_page((void *)addr), CALLER);
	return addr;
}

static unsigned int order_of(size_t pages)
{
	unsigned int order = 0;

	while ((size_t)1 << order < pages)
		order++;
	return order;
}

void *alloc_pages_exact(size_t size, gfp_t gfp)
{
	u32 pages = (u32)(size >> PAGE_SHIFT) + !!(size & (PAGE_SIZE - 1));
	struct page *page;
	u32 rest;

	BUG_ON(gfp & (__GFP_HIGHMEM | __GFP_COMP),
	       "alloc_pages_exact() gives single pages with addresses");
	if (!pages || pages > 1U << (MAX_ORDER - 1))
		return NULL;
	page = alloc_pages(gfp, order_of(pages));
	if (!page)
		return NULL;
	if (page_debugging)
		page_debug_set_site(page, CALLER);
	split_page(page, order_of(pages));
	for (rest = pages; rest < 1U << order_of(pages); rest++)
		__free_page(page + rest);
	return page_address(page);
}

void free_pages_exact(void *addr, size_t size)
{
	char *end = (char *)addr + size;
	char *p;

	for (p = addr; p < end; p += PAGE_SIZE)
		free_page((unsigned long)p);
}

void page_zero(struct page *page)
{
	u32 flags;
	void *p = page_window_open(page, &flags);

	memset(p, 0, PAGE_SIZE);
	page_window_close(page, flags);
}

/* --- sums --- */

u32 nr_unused_pages(void)
{
	struct zone *zone;
	unsigned int i;
	u32 pages = 0;

	for_each_zone_of(&machine_nodes, zone, i)
		pages += zone->free_pages + nr_pcp_pages(zone);
	return pages;
}

u32 nr_pcp_pages(const struct zone *zone)
{
	unsigned int cpu, order;
	u32 pages = 0;

	for_each_cpu(cpu) {
		const struct per_cpu_pageset *set = &zone->pageset[cpu];

		pages += set->pcp[0].count + set->pcp[1].count;
		for (order = 1; order <= PCP_BLOCK_MOST; order++)
			pages += set->block[order] ? 1U << order : 0;
	}
	return pages;
}
