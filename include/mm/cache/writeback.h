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

#endif
