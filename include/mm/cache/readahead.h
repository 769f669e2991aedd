/*
 * Reading what will be asked for next. ULK3 section 16.1.1.
 *
 * A reader that goes on where it stopped gets more and more pages at once: 4,
 * 8, 16, 32 (128 KB), the next group being read while it uses the one before. A
 * reader that jumps gets the page it asks for, and begins anew; one that finds
 * all in the cache gets none ahead.
 */
#ifndef MM_CACHE_READAHEAD_H
#define MM_CACHE_READAHEAD_H

#include <mm/cache/pagemap.h>

#define READAHEAD_MIN 4U		/* the reference's: 16 KB */
#define READAHEAD_MAX 32U		/* the reference's: 128 KB */

/* Of an open file; zeroed: it was never read. One reader at a time, or the
 * guesses are worse. */
struct file_ra_state {
	u32 start, size;	/* the group that was read last */
	u32 async;		/* this page of it begins the next one */
	u32 prev;		/* page asked for last */
	u32 hits;		/* found in the cache in a row */
};

/*
 * The page index is asked for, up to `wanted` pages from there on: begins to
 * read what should be read ahead, none at or behind `end`. Behind it
 * read_cache_page() as ever. May sleep, waits for no reading.
 */
void page_cache_readahead(struct address_space *mapping,
			  struct file_ra_state *ra, u32 index, u32 wanted,
			  u64 end);

#endif
