/*
 * Writing out dirty pages of an address_space. ULK3 section 15.3.
 *
 * Threads; may sleep; no page of it is locked by the caller. What is dirtied
 * meanwhile may be written, or not.
 */
#ifndef MM_CACHE_WRITEBACK_H
#define MM_CACHE_WRITEBACK_H

#include <mm/cache/pagemap.h>

/* Begins to write what is dirty now; without a writepage: nothing. 0, or the
 * first error of beginning. */
int filemap_fdatawrite(struct address_space *mapping);

/* Until nothing is being written. Errors stay noted in the mapping. */
void filemap_fdatawait(struct address_space *mapping);

/* Both, and the error that nobody was told of yet: of all pages, or of [first,
 * end). */
int filemap_write_and_wait(struct address_space *mapping);
int filemap_write_and_wait_range(struct address_space *mapping, u64 first,
				 u64 end);

/* --- by itself: ULK3 sections 15.3.2 to 15.3.4 --- */

/*
 * One thread writes out what has been dirty for long, and, above
 * background_ratio percent of the pages that can be had, everything until there
 * is less. Who dirties pages waits above dirty_ratio, until some of them are
 * written. The reference's numbers; tests set them.
 */
struct writeback_limits {
	u32 background_ratio;	/* percent: 10 */
	u32 dirty_ratio;	/* percent: 40 */
	u32 interval_ms;	/* it looks each 5000 */
	u32 expire_ms;		/* older ones are written: 30000 */
};

extern struct writeback_limits writeback_limits;

/* Boot, behind page_cache_init(). */
void writeback_init(void);

/* Work now: nr pages at least, 0: all there are. Any context. */
void wakeup_writeback(u32 nr);

/* Behind each page that was dirtied by a writer, who holds no page's lock. May
 * sleep, if there are too many dirty ones. */
void balance_dirty_pages(struct address_space *mapping);

/* All that is dirty now, of all files, is written and waited for. May sleep. */
void sync_all_mappings(void);

/* Until a write ends, or a moment has passed. May sleep. */
void congestion_wait(void);

#endif
