/*
 * The two lists of pages that can be had back: active and inactive, a pair in
 * each zone. ULK3 section 17.3.1.
 *
 * The lists stand below all who have pages (this header, lru.c); who empties
 * them (vmscan.c) stands above. A page is on the list of its own zone, so a
 * private node has its own.
 *
 *	PG_lru	PG_active	the page
 *	-	-		is on no list: not yet, or taken off by who
 *				looks at it: isolate_lru_pages()
 *	yes	-		is on the inactive list, or in a batch for it
 *	yes	yes		is on the active list, or in a batch for it
 *
 * Batches of LRU_BATCH pages a CPU spare the lock. A page in a batch is no user
 * more: lru.prev points to its place there, lru.next is NULL, and who takes the
 * page off empties that place. So a page that goes soon never was on a list,
 * and its counts are those it has.
 *
 * Being on a list is no user of a page. Its last user takes it off:
 * lru_release_pages(), put_page().
 *
 * Second chance, ULK3 section 17.3.1.2, mark_page_accessed():
 *
 *	inactive, not referenced -> inactive, referenced
 *	inactive, referenced	 -> active, not referenced
 *	active, not referenced	 -> active, referenced
 *
 * Lock: zone->lru_lock, interrupts off (a write ends in one): the lists, their
 * counts, PG_lru, PG_active. All calls: any context.
 */
#ifndef MM_RECLAIM_LRU_H
#define MM_RECLAIM_LRU_H

#include <mm/page/mmzone.h>

#define LRU_BATCH 14U		/* the reference's */

/* A page that is on no list: of a file (inactive), of memory (active). The
 * caller has a user of it. */
void fastcall lru_cache_add(struct page *page);
void fastcall lru_cache_add_active(struct page *page);

/* What this CPU has in its batch gets to the lists. */
void lru_add_drain(void);

/* Off the lists, if it is on one. */
void fastcall lru_del_page(struct page *page);

/*
 * The caller gives up one user of each page. Those that nobody else has are
 * taken off the lists, keep that user, and stand at the begin of pages[]: how
 * many; they are the caller's alone now, to forget and to free.
 */
u32 fastcall lru_release_pages(u32 n, struct page **pages);

/* It is used: see above. */
void fastcall activate_page(struct page *page);

static __always_inline void mark_page_accessed(struct page *page)
{
	u32 flags = page->flags;

	if (unlikely(!(flags & 1U << PG_referenced)))
		atomic_set_bits(&page->flags, 1U << PG_referenced);
	else if (unlikely(!(flags & 1U << PG_active) && flags & 1U << PG_lru))
		activate_page(page);
}

/* PG_reclaim: its write has ended, and it is to go next: to the end of the
 * inactive list. The flag goes. True: it was moved. */
bool rotate_reclaimable_page(struct page *page);

/*
 * Takes up to nr pages off the end of a list, each with a user more, to dst
 * (by lru; the one that was last is first): how many. *scanned: looked at; a
 * page that is just being freed is passed over. PG_active stays as it was.
 */
u32 isolate_lru_pages(struct zone *zone, bool active, u32 nr,
		      struct list_head *dst, u32 *scanned);

/*
 * Back to the begin of the list that PG_active says, and the user goes. Pages
 * that have no other user stay in `pages`, on no list: the caller frees them.
 */
void putback_lru_pages(struct zone *zone, struct list_head *pages);

/* The lists of a zone from first principles: how many differences. */
u32 check_lru(struct zone *zone, void (*report)(const char *sentence));

#endif
