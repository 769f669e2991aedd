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

/* So many more pages of it are dirty. */
static inline void quota_add(struct address_space *mapping, s32 n)
{
	if (unlikely(mapping->quota))
		atomic_add(n, &mapping->quota->used);
}

/* --- all that have pages (mm/cache/mappings.c) --- */

/* The first page is in, the last one is out; a tag of a dirty page was set, or
 * cleared. tree_lock is held. */
void mapping_begins(struct address_space *mapping);
void mapping_ends(struct address_space *mapping);
void mapping_dirtied(struct address_space *mapping);
void mapping_leaves_dirty(struct address_space *mapping);

static inline void mapping_cleaned(struct address_space *mapping)
{
	if (!list_empty(&mapping->dirty) &&
	    !radix_tree_tagged(&mapping->page_tree, PAGECACHE_TAG_DIRTY))
		mapping_leaves_dirty(mapping);
}

enum mapping_list { ALL_MAPPINGS, DIRTY_MAPPINGS };

struct mapping_walk {
	struct list_head list;		/* of all walks */
	enum mapping_list of;
	struct list_head *next;		/* in that list */
	struct address_space *at;	/* NULL: it left the list */
};

/* From threads. Between the two the walk's memory stays. */
void mapping_walk_begin(struct mapping_walk *walk, enum mapping_list of);
void mapping_walk_end(struct mapping_walk *walk);

/* The next one; the one it is at once more: with its tree_lock held,
 * interrupts off, until the caller lets go of it with spin_unlock_irq(). NULL:
 * there is none; it left the list. */
struct address_space *mapping_walk_next(struct mapping_walk *walk);
struct address_space *mapping_walk_again(struct mapping_walk *walk);

/* Sum of all nrpages; *counted: page_cache_pages() at the same time. */
u32 mappings_pages(u32 *counted);

/* As find_get_pages_tag(); tree_lock is held. */
u32 get_pages_tag(struct address_space *mapping, u32 first, u32 tag, u32 max,
		  struct page **pages);

/* --- writing (mm/cache/writeback.c, pdflush.c) --- */

/* A page that was found is written out, if it is dirty and the mapping's; a
 * write of it that is under way is waited for first. The mapping may be gone:
 * it is touched only if the page, locked, is still its own. writepage()'s
 * answer. May sleep. */
int write_one_page(struct address_space *mapping, struct page *page);

/* A write has ended: congestion_wait(). Any context. */
void note_write_end(void);

/* Its caller's mapping: up to nr dirty pages go out: how many. May sleep. */
u32 write_some(struct address_space *mapping, u32 nr);

/* --- the rest --- */

/* A new page, locked, with a user more; or an error: -EEXIST: there is one by
 * now; -ENOMEM. May sleep if gfp may. */
struct page *add_new_page(struct address_space *mapping, u32 index, gfp_t gfp);

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
