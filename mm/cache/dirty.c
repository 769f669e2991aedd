/*
 * Pages that are newer than what is below, and pages that are being written.
 *
 *	PG_dirty	PG_writeback	tags	the page
 *	-		-		-	is as below
 *	yes		-		D	is newer
 *	-		-		D	the same; locked: goes out now
 *	-		yes		W	is being written
 *	yes		yes		D W	has become newer again
 *
 * Flag and tag change together, under tree_lock. The third state lasts while
 * the page is locked only: who looks for pages by their tags finds it by one
 * or the other at any time.
 *
 * Locks: tree_lock, interrupts off. A page that is in no address_space has
 * flags only.
 */
#include <mm/cache/internal.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/reclaim/lru.h>

/* Takes the lock of the page's address_space; NULL: it is in none. */
static __always_inline struct address_space *lock_mapping(struct page *page,
							  u32 *flags)
{
	struct address_space *mapping;

	while ((mapping = page_mapping(page))) {
		*flags = spin_lock_irqsave(&mapping->tree_lock);
		if (likely(page_mapping(page) == mapping))
			break;
		spin_unlock_irqrestore(&mapping->tree_lock, *flags);
	}
	return mapping;
}

static __always_inline void unlock_mapping(struct address_space *mapping,
					   u32 flags)
{
	if (mapping)
		spin_unlock_irqrestore(&mapping->tree_lock, flags);
}

/* True: the flag was not set before. */
static bool set_flag(struct page *page, enum page_flag flag)
{
	return !(atomic_fetch_set_bits(&page->flags, 1U << flag) >> flag & 1);
}

static void tag(struct address_space *mapping, const struct page *page, u32 tag)
{
	radix_tree_tag_set(&mapping->page_tree, page->index, tag);
}

static void untag(struct address_space *mapping, const struct page *page,
		  u32 tag)
{
	radix_tree_tag_clear(&mapping->page_tree, page->index, tag);
}

bool set_page_dirty(struct page *page)
{
	struct address_space *mapping;
	u32 flags = 0;
	bool changed;

	if (PageDirty(page))
		return false;
	mapping = lock_mapping(page, &flags);
	changed = set_flag(page, PG_dirty);
	if (changed && mapping) {
		tag(mapping, page, PAGECACHE_TAG_DIRTY);
		own_counts()->dirty += has_below(mapping);
		mapping_dirtied(mapping);
		quota_add(mapping, 1);
	}
	if (changed)
		trace_page(page, PAGE_DIRTIED);
	unlock_mapping(mapping, flags);
	return changed;
}

bool clear_page_dirty_for_io(struct page *page)
{
	struct address_space *mapping;
	u32 flags = 0;
	bool was;

	BUG_ON(!PageLocked(page), "a page to be written is not locked");
	mapping = lock_mapping(page, &flags);
	was = PageDirty(page);
	if (was)
		ClearPageDirty(page);
	if (was && mapping) {
		own_counts()->dirty -= has_below(mapping);
		quota_add(mapping, -1);
	}
	if (was)
		trace_page(page, PAGE_CLEANED);
	unlock_mapping(mapping, flags);
	return was;
}

void set_page_writeback(struct page *page)
{
	struct address_space *mapping;
	u32 flags = 0;

	BUG_ON(!PageLocked(page), "a page to be written is not locked");
	mapping = lock_mapping(page, &flags);
	BUG_ON(!set_flag(page, PG_writeback), "a page is written twice");
	if (mapping) {
		tag(mapping, page, PAGECACHE_TAG_WRITEBACK);
		if (!PageDirty(page)) {
			untag(mapping, page, PAGECACHE_TAG_DIRTY);
			mapping_cleaned(mapping);
		}
		own_counts()->writeback++;
	}
	trace_page(page, PAGE_WRITE);
	unlock_mapping(mapping, flags);
}

void end_page_writeback(struct page *page)
{
	struct address_space *mapping;
	u32 flags = 0, old;

	/* before: it stays where it is as long as it is being written */
	if (unlikely(PageReclaim(page)))
		rotate_reclaimable_page(page);
	mapping = lock_mapping(page, &flags);
	BUG_ON(!PageWriteback(page), "the end of a write that did not begin");
	if (mapping) {
		untag(mapping, page, PAGECACHE_TAG_WRITEBACK);
		own_counts()->writeback--;
	}
	trace_page(page, PAGE_WRITE_END);
	/* the last thing: then the page may go. With the flag it says who
	 * waits: see page_lock.c, section 4 */
	old = __atomic_fetch_and(&page->flags, ~(1U << PG_writeback),
				 __ATOMIC_SEQ_CST);
	unlock_mapping(mapping, flags);
	if (old & 1U << PG_waiters)
		wake_page(page, PG_writeback);
	note_write_end();
}

/* --- quotas --- */

bool fastcall mapping_quota_allows(struct address_space *mapping, u32 index)
{
	struct page_quota *quota = mapping->quota;
	struct page *page;
	bool dirty;

	if ((u32)atomic_read(&quota->used) < quota->limit)
		return true;
	page = find_get_page(mapping, index);
	if (!page)
		return false;
	dirty = PageDirty(page);
	put_page(page);
	return dirty;
}

/* --- errors --- */

void mapping_set_error(struct address_space *mapping, int err)
{
	if (err)
		atomic_set_bits(&mapping->flags,
				err == -ENOSPC ? AS_ENOSPC : AS_EIO);
}

int mapping_take_error(struct address_space *mapping)
{
	u32 all = AS_EIO | AS_ENOSPC, was;

	if (likely(!(mapping->flags & all)))
		return 0;
	was = __atomic_fetch_and(&mapping->flags, ~all, __ATOMIC_SEQ_CST);
	if (was & AS_EIO)
		return -EIO;
	return was & AS_ENOSPC ? -ENOSPC : 0;
}
