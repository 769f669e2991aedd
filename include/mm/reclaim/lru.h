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
 * and its counts are those it has. zone.nr_active and nr_inactive count what is
 * on the lists.
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
 * counts, places of batches, PG_lru, PG_active. A batch is filled by its CPU
 * alone, by threads: who adds keeps the CPU. All other calls: any context.
 */
#ifndef MM_RECLAIM_LRU_H
#define MM_RECLAIM_LRU_H

#include <mm/page/mmzone.h>

#define LRU_BATCH 14U		/* the reference's */

/* What a CPU will put on lists, in the order of page[]; NULL: it went. */
struct lru_batch {
	u32 n;
	struct page *page[LRU_BATCH + 1];	/* a drain ends at a NULL */
};

extern struct lru_batch lru_batches[NR_CPUS];

/* A page that is on no list: of a file (inactive), of memory (active). The
 * caller has a user of it. Not in an interrupt. */
void fastcall lru_cache_add(struct page *page);
void fastcall lru_cache_add_active(struct page *page);

/* What this CPU has in its batch gets to the lists. Not in an interrupt. */
void fastcall lru_add_drain(void);

/* As lru_cache_add(), a page that nobody else knows: it gets these flags, too.
 * The caller keeps the CPU. */
static __always_inline void lru_cache_add_new(struct page *page, u32 flags)
{
	struct lru_batch *batch = &lru_batches[smp_processor_id()];
	struct page **place = &batch->page[batch->n];

	page->lru.next = NULL;
	page->lru.prev = (struct list_head *)place;
	*place = page;
	page->flags |= flags | 1U << PG_lru;
	if (unlikely(++batch->n == LRU_BATCH))
		lru_add_drain();
}

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
 * (by lru; the one that was last is first): how many. *scanned: looked at, nr
 * at most; a page that is just being freed is passed over. PG_active stays as
 * it was. What is in batches is on no list yet: lru_add_drain() before.
 */
u32 isolate_lru_pages(struct zone *zone, bool active, u32 nr,
		      struct list_head *dst, u32 *scanned);

/*
 * Back to the begin of the list that PG_active says, and the user goes. Pages
 * that have no other user stay in `pages`, on no list: the caller frees them,
 * with put_user_page().
 */
void putback_lru_pages(struct zone *zone, struct list_head *pages);

/*
 * Pages of the inactive lists, and of batches for them, that are as they are
 * below, and those that must be written before they can go: dirty, on their
 * way, or memory without a place in swap. A walk over all pages, without locks:
 * what changes meanwhile may be counted or not. With interrupts on it keeps
 * nobody waiting. 8 instructions a page.
 */
void lru_count_inactive(const struct node_set *set, u32 *dirty, u32 *clean);

/*
 * The lists of a zone, and what batches have of it, from first principles: how
 * many differences (mm/reclaim/lru_check.c). As long as the zone is large, with
 * interrupts off.
 */
u32 check_lru(struct zone *zone, void (*report)(const char *sentence));

#endif
