/*
 * The life of one page: who is asked to (trace page PFN at the prompt) notes
 * each state it goes through, with the time.
 *
 * While a page is traced, page_debugging is on for its sake: so the hot ways of
 * mm/page pay nothing. Elsewhere it is one comparison. Any context.
 */
#ifndef MM_PAGE_PAGE_TRACE_H
#define MM_PAGE_PAGE_TRACE_H

#include <mm/page/page.h>

enum page_event {
	PAGE_ALLOC, PAGE_FREE,		/* mm/page */
	PAGE_CACHE_ADD, PAGE_CACHE_REMOVE, PAGE_DIRTIED, PAGE_CLEANED,
	PAGE_WRITE, PAGE_WRITE_END,	/* mm/cache */
	PAGE_MAP, PAGE_UNMAP,		/* mm/space: an entry more, less */
	PAGE_ACTIVE, PAGE_INACTIVE, PAGE_LRU_OFF, PAGE_ROTATE,
	PAGE_TO_SWAP, PAGE_FROM_SWAP,	/* into the swap cache, and out */
	PAGE_SWAP_READ, PAGE_RECLAIM,
	NR_PAGE_EVENTS
};

extern const struct page *traced_page;	/* NULL: none */

void page_trace_note(const struct page *page, enum page_event event);

static __always_inline void trace_page(const struct page *page,
				       enum page_event event)
{
	if (unlikely(page == traced_page))
		page_trace_note(page, event);
}

#endif
