/* What the files of mm/page share and nobody else includes. */
#ifndef MM_PAGE_INTERNAL_H
#define MM_PAGE_INTERNAL_H

#include <kernel/base/fail.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>

/*
 * Flags that no page may have when it is freed, and when it is given out: its
 * owner would still use it.
 */
#define PAGE_FLAGS_IN_USE (1U << PG_locked | 1U << PG_lru | 1U << PG_active | \
	1U << PG_slab | 1U << PG_reserved | 1U << PG_private | \
	1U << PG_writeback | 1U << PG_swapcache | 1U << PG_reclaim | \
	1U << PG_buddy)

/* Flags that say something of the contents, or that somebody waited once: free
 * drops them. */
#define PAGE_FLAGS_OF_CONTENT (1U << PG_error | 1U << PG_referenced | \
	1U << PG_uptodate | 1U << PG_dirty | 1U << PG_checked | \
	1U << PG_mappedtodisk | 1U << PG_compound | 1U << PG_waiters)

#define PAGE_FLAGS_ALL ((1U << __NR_PAGE_FLAGS) - 1)

/* Flags with which a single page does not go the hot way back. */
#define PAGE_FLAGS_LONG_WAY (PAGE_FLAGS_IN_USE | 1U << PG_compound | \
			     PAGE_ORDER_MASK)

/* Not a pointer to anything but a page: the first look of every free. */
static __always_inline bool in_mem_map(const struct page *page)
{
	return (uintptr_t)page - (uintptr_t)mem_map < mem_map_bytes;
}

/* flags of a free page that is no block's first: nothing but the zone. */
static inline u32 zone_flags(const struct zone *zone)
{
	return zone->id << ZONEID_SHIFT;
}

/* Pages come back to the free lists: something more can be had (mm/reclaim).
 * The lock is held. */
static __always_inline void zone_gains(struct zone *zone)
{
	zone->all_unreclaimable = 0;
	zone->pages_scanned = 0;
}

/* flags of a free block's first page. */
static inline u32 buddy_flags(const struct zone *zone, unsigned int order)
{
	return zone_flags(zone) | order << PAGE_ORDER_SHIFT | 1U << PG_buddy;
}

/* Is it as a free page must be? Not one bit may say that somebody has it. */
static __always_inline bool page_is_clean(const struct page *page)
{
	return !(page->flags & (PAGE_FLAGS_ALL | PAGE_ORDER_MASK)) &&
	       !page->_count.counter && page->_mapcount.counter == -1 &&
	       !page->mapping;
}

/* Nothing to find and nothing to wipe in the pages behind the first? */
static __always_inline bool tails_are_clean(const struct page *page,
					    unsigned int order)
{
	u32 zone = page->flags >> ZONEID_SHIFT << ZONEID_SHIFT;
	const struct page *end = page + (1U << order);
	uintptr_t dirt = 0;

	while (++page < end)
		dirt |= (uintptr_t)((page->flags ^ zone) |
				    (u32)page->_count.counter |
				    (u32)(page->_mapcount.counter + 1)) |
			(uintptr_t)page->mapping;
	return !dirt;
}

/* put_page() the long way: the last user, or a compound block's. */
void fastcall put_page_slow(struct page *page, u32 site);

/* --- page_debug.c --- */

/* Anything of the below to do? Then a page takes the slow way. */
extern bool page_debugging;

/* It may be another now: somebody else wants it, or wants it no more. */
void page_debug_update(void);

/* A frame as memory, high or low; one at a time. Returns with interrupts off;
 * flags are what page_window_close() puts back. */
void *page_window_open(struct page *page, u32 *flags);
void page_window_close(struct page *page, u32 flags);

/* One sentence on a page that is not as it must be. It stays where it is. */
void bad_page(const char *what, const struct page *page);

/* Around each change of hands, if page_debugging. site: who asked. */
void page_debug_alloc(struct page *page, unsigned int order, gfp_t gfp,
		      u32 site);
void page_debug_free(struct page *page, unsigned int order, u32 site);
void page_debug_set_site(struct page *page, u32 site);
/* split_page(): the i-th page is on its own from now on. */
void page_debug_alloc_part(struct page *page, u32 i);
extern struct fail_point fail_page;	/* asked for each block */

/* Room for the owners of pages, from memblock; before free_page_range(). */
void page_debug_init(u32 pages);

/* Free pages that never went through page_debug_free(). */
void page_debug_free_range(u32 start, u32 end);

#define CALLER ((u32)(uintptr_t)__builtin_return_address(0))

/* --- page_trace.c --- */

/* As page_trace_note(). site: who asked. */
void page_trace_note_site(const struct page *page, enum page_event event,
			  u32 site);

/* The traced page was allocated just now: that was who asked. */
void page_trace_set_site(u32 site);

/* One page of the block is the traced one? */
static __always_inline void trace_block(const struct page *page,
					unsigned int order,
					enum page_event event, u32 site)
{
	uintptr_t at = (uintptr_t)traced_page - (uintptr_t)page;

	if (unlikely(at < sizeof(*page) << order))
		page_trace_note_site(traced_page, event, site);
}

/* --- alloc_slow.c --- */

/* site: who asked. */
struct page *alloc_pages_from(gfp_t gfp, unsigned int order,
			      struct zonelist *zonelist, u32 site);

/* --- page_alloc.c --- */

/* What page_hot.c leaves: any page, any order, any mistake. site: who asked. */
void fastcall free_slow(struct page *page, unsigned int order, u32 site);

/* Zeroes one page, of high memory too, for __GFP_ZERO: mm/high, which has a
 * clear_highpage() for all others, stands above. Any context. */
void page_zero(struct page *page);

/* A block from this zone, single pages through the CPU's stack; prepared.
 * wanted: the first zone of the zonelist, for the counters. */
struct page *buffered_rmqueue(struct zone *zone, struct zone *wanted,
			      unsigned int order, gfp_t gfp);

/* The first zone's type: the class that lowmem_reserve[] is indexed by. */
static inline enum zone_type zonelist_class(const struct zonelist *zonelist)
{
	return zonelist->zones[0]->type;
}

#endif
