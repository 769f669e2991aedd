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

void fastcall page_trace_note(const struct page *page, enum page_event event);

static __always_inline void trace_page(const struct page *page,
				       enum page_event event)
{
	if (unlikely(page == traced_page))
		page_trace_note(page, event);
}

/* --- who asks (mm/page/page_trace.c) --- */

#define PAGE_TRACE_KEPT 64U	/* guessed: some lives of a page */

/* One of them: what happened, and what the page was like at that moment: what
 * it has become, or, when it is freed or a write ends, still is. */
struct page_trace_event {
	u64 ns;			/* clock_ns() */
	enum page_event event;
	u32 site;		/* address behind the call: where */
	u32 flags;
	s32 users, mapped;
	u32 index;		/* what its owner has there */
	unsigned long private;
	bool interrupt;		/* in one, or a softirq */
};

/* That one from now on, instead of any other; NULL: none. What was noted before
 * is forgotten, unless it is NULL. Not under zone->lock. */
void page_trace_start(const struct page *page);

/* Events since the start; the last PAGE_TRACE_KEPT of them can be had. */
u32 page_trace_events(void);

/* The n-th of them, from 0 on. False: it is not there any more, or not yet. */
bool page_trace_event(u32 n, struct page_trace_event *event);

#endif
