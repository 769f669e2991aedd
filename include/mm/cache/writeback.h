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

/* --- by itself: ULK3 sections 15.3.2 to 15.3.4 (mm/cache/pdflush.c) --- */

/*
 * One thread writes out what has been dirty for long, and, above
 * background_ratio percent of the pages that can be had (free ones and those of
 * the cache), everything until there is less. Who dirties pages waits above
 * dirty_ratio, until some of them are written. The reference's numbers; tests
 * set them.
 */
struct writeback_limits {
	u32 background_ratio;	/* percent: 10 */
	u32 dirty_ratio;	/* percent: 40 */
	u32 interval_ms;	/* it looks each 5000; not 0 */
	u32 expire_ms;		/* older ones are written: 30000 */
};

extern struct writeback_limits writeback_limits;

/* From now on these; a new interval begins. May sleep. */
void set_writeback_limits(const struct writeback_limits *limits);

/* The two ratios in pages, as things are now. Any context. */
u32 dirty_background_limit(void);
u32 dirty_limit(void);

/* Boot, behind page_cache_init() and threads. */
void writeback_init(void);

/* Work now: nr pages at least, 0: all there are. Any context. */
void wakeup_writeback(u32 nr);

/*
 * By a writer who holds no page's lock, behind what it dirtied. May sleep, if
 * there are too many dirty ones. The second one is for behind each page: it
 * looks at every 32nd of a CPU only.
 */
#define DIRTY_CHECK_EACH 32U		/* the reference's */
void balance_dirty_pages(struct address_space *mapping);
void balance_dirty_pages_ratelimited(struct address_space *mapping);

/* All that is dirty now, of all files, is written and waited for. Errors stay
 * noted in the mappings. May sleep. */
void sync_all_mappings(void);

/* Until a write ends, or a tenth of a second has passed. May sleep. */
void congestion_wait(void);

#endif
