/*
 * The buddy system of one zone. ULK3 section 8.1.7; Knuth, volume 1, 2.5.
 *
 * 1. A free block has 1 << order pages and starts at a frame number that is a
 *    multiple of its size. Its buddy is the block of the same size with which
 *    it forms an aligned block of twice the size: their numbers differ in one
 *    bit, so buddy = pfn ^ (1 << order).
 *
 * 2. Allocating takes the first block of the smallest order that has one, and
 *    splits it: the upper half goes to the lists, the lower half is split
 *    further. So single pages of one block come out in ascending order, which
 *    lets a disk take them as one segment.
 *
 * 3. Freeing merges as long as the buddy is free, of the same order and of the
 *    same zone. All three stand in one word of the buddy's page, its flags, and
 *    are compared at once. A hole, a reserved page or one of another zone or
 *    node never has that word, and so ends the merge. mem_map is rounded up to
 *    the largest block: the buddy always has a page to look at.
 *
 * 4. Many at once. n single pages taken one by one empty the lists from the
 *    lowest order up, as what a split leaves is the smallest block next time;
 *    so whole blocks from the smallest up are the same pages, for less. And
 *    pages that follow each other go back as the largest blocks they make: in
 *    which order blocks merge makes no difference in what comes out.
 *
 * 5. Invariants (check.c recomputes them):
 *	a. a block on free_area[o] is aligned, its flags are buddy_flags(o), and
 *	   its other pages' flags are zone_flags(); all have _count 0;
 *	b. no two buddies below the largest order are both free;
 *	c. nr_free is the length of its list, free_pages the sum of all pages.
 *
 * Lock: zone->lock. Cost: 10 splits or merges at most, some 15 instructions
 * each.
 */
#include <kernel/lib/bug.h>
#include <mm/page/internal.h>

static void add_block(struct zone *zone, struct page *page, unsigned int order)
{
	struct free_area *area = &zone->free_area[order];

	page->flags = buddy_flags(zone, order);
	list_add(&page->lru, &area->free_list);
	area->nr_free++;
}

/* Gives the upper halves of a block of order high back, down to order low. */
static void expand(struct zone *zone, struct page *page, unsigned int low,
		   unsigned int high)
{
	while (high > low) {
		high--;
		add_block(zone, page + (1U << high), high);
	}
}

struct page *__rmqueue(struct zone *zone, unsigned int order)
{
	struct free_area *area = &zone->free_area[order];
	struct free_area *end = &zone->free_area[MAX_ORDER];
	struct page *page;

	assert_held(&zone->lock);
	while (list_empty(&area->free_list))
		if (++area == end)
			return NULL;
	page = list_first_entry(&area->free_list, struct page, lru);
	list_del(&page->lru);
	area->nr_free--;
	page->flags = zone_flags(zone);
	zone->free_pages -= 1U << order;
	expand(zone, page, order, (unsigned int)(area - zone->free_area));
	return page;
}

void __free_one_page(struct zone *zone, struct page *page, unsigned int order)
{
	struct free_area *area = &zone->free_area[order];
	struct free_area *last = &zone->free_area[MAX_ORDER - 1];
	u32 pfn = page_to_pfn(page), size = 1U << order;
	u32 wanted = buddy_flags(zone, order);

	assert_held(&zone->lock);
	zone->free_pages += size;
	for (; area < last; area++) {
		struct page *buddy = pfn_to_page(pfn ^ size);

		if (buddy->flags != wanted)
			break;
		list_del(&buddy->lru);
		area->nr_free--;
		buddy->flags = zone_flags(zone);
		pfn &= ~size;
		page = pfn_to_page(pfn);
		size <<= 1;
		wanted += 1U << PAGE_ORDER_SHIFT;
	}
	page->flags = wanted;
	list_add(&page->lru, &area->free_list);
	area->nr_free++;
}

struct page *__rmqueue_upto(struct zone *zone, u32 most, unsigned int *order)
{
	unsigned int largest = min(31U - (u32)__builtin_clz(most),
				   MAX_ORDER - 1U);

	for (*order = 0; *order < largest; ++*order)
		if (zone->free_area[*order].nr_free)
			break;
	return __rmqueue(zone, *order);
}

void __free_run(struct zone *zone, struct page *page, u32 n)
{
	while (n) {
		u32 pfn = page_to_pfn(page);
		unsigned int order = 31 - (u32)__builtin_clz(n);

		if (pfn)
			order = min(order, (u32)__builtin_ctz(pfn));
		order = min(order, MAX_ORDER - 1U);
		__free_one_page(zone, page, order);
		page += 1U << order;
		n -= 1U << order;
	}
}

void free_page_range(struct zone *zone, u32 start, u32 end)
{
	u32 flags = spin_lock_irqsave(&zone->lock);

	zone->managed_pages += end - start;
	__free_run(zone, pfn_to_page(start), end - start);
	spin_unlock_irqrestore(&zone->lock, flags);
}
