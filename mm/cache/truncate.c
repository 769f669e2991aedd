/*
 * Pages leave an address_space: because its file becomes shorter, or because
 * they are not needed.
 *
 * 1. Truncation takes all from some page on, until there is none: each is
 *    locked, so nobody reads or enters it any more, and not being written. Who
 *    has a user of one, or waits for its lock, finds it in no address_space.
 *    The owner has made the size smaller before, so that nobody adds any.
 *    Entries of user spaces are made under the page's lock: those that still
 *    are there go with it (unmap_page_hook).
 *
 * 2. Of the page that the new end is in, what is behind becomes zero: should
 *    the file grow again, that is what is read there. Its bytes differ from
 *    those below then: it is dirty. Who makes a file longer does the same
 *    (clear_page_from()): behind the end an area may have written meanwhile.
 *
 * 3. Invalidation takes only what can be read again: clean, not mapped, used by
 *    nobody. It waits for nothing.
 *
 * Locks: one page's at a time.
 */
#include <kernel/sched/task.h>
#include <mm/cache/internal.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/lru.h>

#define BATCH 32U	/* measured: with 16 each page goes back alone */

void (*unmap_page_hook)(struct page *page);

/* A user less of each; most have no other. One look at the lists for all. */
static void put_pages(u32 n, struct page **pages)
{
	n = lru_release_pages(n, pages);
	if (n)
		free_pages_bulk(n, pages);
}

/* One that was found. */
static void truncate_page(struct address_space *mapping, struct page *page)
{
	lock_page(page);
	if (page->mapping == mapping) {
		if (page_mapcount(page) && unmap_page_hook)
			unmap_page_hook(page);
		wait_on_page_writeback(page);
		remove_from_page_cache(page);
	}
	unlock_page(page);
}

void clear_page_from(struct address_space *mapping, u64 from)
{
	u32 offset = (u32)from & (PAGE_SIZE - 1);
	struct page *page = NULL;

	might_sleep();
	if (offset && from >> PAGE_SHIFT <= ~0U)
		page = find_lock_page(mapping, (u32)(from >> PAGE_SHIFT));
	if (!page)
		return;
	/* what is not up to date is read with the new size */
	if (PageUptodate(page)) {
		wait_on_page_writeback(page);
		zero_user(page, offset, PAGE_SIZE - offset);
		set_page_dirty(page);
	}
	unlock_page(page);
	put_page(page);
}

void truncate_inode_pages(struct address_space *mapping, u64 from)
{
	u64 first = (from + PAGE_SIZE - 1) >> PAGE_SHIFT;
	struct page *pages[BATCH];
	u32 n, i;

	might_sleep();
	while (first <= ~0U &&
	       (n = find_get_pages(mapping, (u32)first, BATCH, pages))) {
		for (i = 0; i < n; i++)
			truncate_page(mapping, pages[i]);
		put_pages(n, pages);
		cond_resched();
	}
	clear_page_from(mapping, from);
}

/* One that was found: did it leave? */
static bool invalidate_page(struct address_space *mapping, struct page *page)
{
	bool gone;

	if (!trylock_page(page))
		return false;
	gone = page->mapping == mapping && remove_unused_page(page);
	unlock_page(page);
	return gone;
}

u32 invalidate_inode_pages(struct address_space *mapping)
{
	struct page *pages[BATCH];
	u32 next = 0, gone = 0, n, i;

	might_sleep();
	while ((n = find_get_pages(mapping, next, BATCH, pages))) {
		next = pages[n - 1]->index + 1;
		for (i = 0; i < n; i++)
			gone += invalidate_page(mapping, pages[i]);
		put_pages(n, pages);
		if (!next)
			break;
		cond_resched();
	}
	return gone;
}
