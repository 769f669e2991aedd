/*
 * What is checked of pages beyond the flags: debug= and what tests provoke.
 * Any context; nothing sleeps.
 */
#ifndef MM_PAGE_PAGE_DEBUG_H
#define MM_PAGE_PAGE_DEBUG_H

#include <mm/page/mmzone.h>

#define PAGE_POISON 0xaa		/* the reference's for free pages */
#define POISON_FREE_INITMEM 0xcc	/* the reference's */

/* With debug=page_owner: who had the block that a page begins. */
struct page_owner {
	u32 alloc_site;		/* address behind the call; 0: never */
	u32 free_site;		/* of the last free; 0: in use */
	u16 order;
	u16 unused;
	gfp_t gfp;
};

/* NULL without debug=page_owner. */
const struct page_owner *page_owner(const struct page *page);

/* Reports of bad pages since boot: tests compare it. */
extern u32 bad_pages;

#endif
