/*
 * Reading what will be asked for next. ULK3 section 16.1.1.
 *
 * A reader that goes on where it stopped gets more and more pages at once: 4,
 * 8, 16, 32 (128 KB), the next group being read while it uses the one before. A
 * reader that jumps gets the pages it asks for, and begins anew; one that finds
 * all in the cache gets none ahead. Pages that went before they were asked for
 * make the groups smaller.
 */
#ifndef MM_CACHE_READAHEAD_H
#define MM_CACHE_READAHEAD_H

#include <kernel/lib/types.h>

struct address_space;

#define READAHEAD_MIN 4U		/* the reference's: 16 KB */
#define READAHEAD_MAX 32U		/* the reference's: 128 KB */

/* Of an open file; zeroed: it was never read. One reader at a time, or the
 * guesses are worse. */
struct file_ra_state {
	u32 next;		/* the page behind the one asked for last */
	u32 start, size;	/* the group that was begun last; 0: none */
	u32 async;		/* who gets to this page begins the next one */
};

/* Pages [start, start + n). */
struct page_run {
	u32 start, n;
};

/*
 * What is to be read, now that page `index` is asked for, and `wanted` pages
 * from there on; present: it is in the cache. n 0: nothing ahead. Pure:
 * mm/cache/ra_window.c.
 */
struct page_run ra_decide(struct file_ra_state *ra, u32 index, u32 wanted,
			  bool present);

/*
 * The page index is asked for, up to `wanted` pages from there on: begins to
 * read what should be read ahead, none at or behind `end`. Behind it
 * read_cache_page() as ever. For a page that is not there, or is ra->async;
 * any other call does nothing. May sleep, waits for no reading.
 */
void page_cache_readahead(struct address_space *mapping,
			  struct file_ra_state *ra, u32 index, u32 wanted,
			  u64 end);

#define READAROUND 16U		/* guessed: what a fault enters at once */

/*
 * The same for a page that an area shows, where nobody knows what will be asked
 * for next: those of its READAROUND pages that are not there, and not below
 * first, nor at or behind end. How many it began to read.
 */
u32 page_cache_readaround(struct address_space *mapping, u32 index, u32 first,
			  u64 end);

#endif
