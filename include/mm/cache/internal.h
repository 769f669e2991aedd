/* What the files of mm/cache share and nobody else includes. */
#ifndef MM_CACHE_INTERNAL_H
#define MM_CACHE_INTERNAL_H

#include <mm/cache/pagemap.h>

/* Pages in address_spaces: each CPU counts what it changes, so that a place of
 * one CPU means nothing, and the sum is right. Interrupts are off. */
struct cache_counts {
	u32 pages, dirty, writeback;
};

extern struct cache_counts cache_counts[NR_CPUS];

static inline struct cache_counts *own_counts(void)
{
	return &cache_counts[smp_processor_id()];
}

/* Do its dirty pages wait for being written? */
static inline bool has_below(const struct address_space *mapping)
{
	return mapping->a_ops->writepage;
}

/* Of those that have pages; check.c. tree_lock is held. */
void mapping_begins(struct address_space *mapping);
void mapping_ends(struct address_space *mapping);

/*
 * Reads a page that is locked and not up to date; it is locked again when this
 * returns, in any case. 0; -EIO; -EAGAIN: it was taken out meanwhile; whatever
 * readpage() says. May sleep.
 */
int read_locked_page(struct address_space *mapping, struct page *page);

/* Where a page is waited for, from 0 on; pages share places. Any context. */
u32 page_place(const struct page *page);

void page_lock_init(void);

#endif
