/*
 * The shortest ways out and back. Compiled without frame pointers (Makefile):
 * three instructions less each, and a back trace misses nothing but them.
 *
 * Everything out of the ordinary goes the long way, from the beginning: nothing
 * was changed yet. page_alloc.c has the theory.
 */
#include <mm/page/internal.h>

struct page *fastcall alloc_hot(struct zone *zone)
{
	u32 flags = local_irq_save();
	struct per_cpu_pageset *set = &zone->pageset[smp_processor_id()];
	u32 count = set->pcp[0].count;
	struct page *page;

	if (unlikely(count <= set->pcp[0].take_above ||
		     zone->free_pages <= zone->hot_mark))
		goto fail;
	page = set->pcp[0].stack[count - 1];
	if (unlikely(!page_is_clean(page)))
		goto fail;
	set->pcp[0].count = count - 1;
	set->count.numa_hit++;
	page->_count.counter = 1;
	page->private = 0;
	local_irq_restore(flags);
	return page;
fail:
	local_irq_restore(flags);
	return NULL;
}

/* To the CPU's stack; interrupts are off. False: it is full. */
static __always_inline bool keep_hot(struct page *page, u32 flags)
{
	struct per_cpu_pageset *set;
	u32 count;

	set = &zone_table[flags >> ZONEID_SHIFT]->pageset[smp_processor_id()];
	count = set->pcp[0].count;
	if (unlikely(count >= set->pcp[0].put_below))
		return false;
	page->flags = flags & ~(PAGE_FLAGS_ALL | PAGE_ORDER_MASK);
	page->_count.counter = 0;
	set->pcp[0].stack[count] = page;
	set->pcp[0].count = count + 1;
	set->count.pgfree++;
	return true;
}

/* Its only user gives it back, and nothing speaks against it: true. */
static __always_inline bool free_hot(struct page *page)
{
	u32 flags = page->flags, irq_flags;
	bool kept;

	if (unlikely(flags & PAGE_FLAGS_LONG_WAY || page->_count.counter != 1 ||
		     page->_mapcount.counter != -1 || page->mapping))
		return false;
	irq_flags = local_irq_save();
	kept = keep_hot(page, flags);
	local_irq_restore(irq_flags);
	return kept;
}

/* From one to none, in one step. */
static __always_inline bool drop_last_user(struct page *page)
{
	s32 one = 1;

	return __atomic_compare_exchange_n(&page->_count.counter, &one, 0,
					   false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

/*
 * The same of a page that others had. Reclaim may be about to take it off its
 * list, or to put it back: it does so as long as there is a user. So first
 * there is none; what the flags say then stays so (lru.c, section 3). If it
 * does not go this way the user is there again.
 */
static __always_inline bool put_hot(struct page *page)
{
	u32 irq_flags = local_irq_save();
	bool kept = false;

	if (likely(drop_last_user(page))) {
		u32 flags = page->flags;

		kept = likely(!(flags & PAGE_FLAGS_LONG_WAY) &&
			      page->_mapcount.counter == -1 &&
			      !page->mapping) && keep_hot(page, flags);
		if (unlikely(!kept))
			page->_count.counter = 1;
	}
	local_irq_restore(irq_flags);
	return kept;
}

void fastcall free_hot_page(struct page *page)
{
	if (unlikely(!in_mem_map(page) || !free_hot(page)))
		free_slow(page, 0, CALLER);
}

/* Not inline: who is not the last one has no registers to keep. */
static __noinline void fastcall put_last(struct page *page, u32 site)
{
	if (unlikely(!in_mem_map(page) || !put_hot(page)))
		put_page_slow(page, site);
}

void fastcall put_page(struct page *page)
{
	if (unlikely(!in_mem_map(page)) || !put_page_of_others(page))
		put_last(page, CALLER);
}

/* May a small block be kept, as it was given out to its only user? */
static __always_inline bool may_be_kept(const struct page *page,
					const struct per_cpu_pageset *set,
					unsigned int order)
{
	u32 flags = page->flags ^ order << PAGE_ORDER_SHIFT;

	return !set->block[order] && !(flags & PAGE_FLAGS_LONG_WAY) &&
	       page->_count.counter == 1 && page->_mapcount.counter == -1 &&
	       !page->mapping && tails_are_clean(page, order);
}

/* The same as free_hot() for a small block, if the CPU keeps no other one. */
static __always_inline bool free_hot_block(struct page *page,
					   unsigned int order)
{
	u32 flags = page->flags >> ZONEID_SHIFT, irq_flags = local_irq_save();
	struct per_cpu_pageset *set;
	bool kept;

	set = &zone_table[flags]->pageset[smp_processor_id()];
	kept = may_be_kept(page, set, order);
	if (kept) {
		page->flags = flags << ZONEID_SHIFT;
		page->_count.counter = 0;
		set->block[order] = page;
		set->count.pgfree += 1U << order;
	}
	local_irq_restore(irq_flags);
	return kept;
}

void fastcall __free_pages_ok(struct page *page, unsigned int order)
{
	if (!order && in_mem_map(page) && free_hot(page))
		return;
	if (order - 1 < PCP_BLOCK_MOST && in_mem_map(page) &&
	    !page_debugging && free_hot_block(page, order))
		return;
	free_slow(page, order, CALLER);
}

