/*
 * One page of the inactive list: can it go? ULK3 section 17.3.3.
 *
 * 1. The way of a page, in this order; it is on no list, and has a user more:
 *
 *	it is locked			stays; nobody waits for a lock here
 *	it is being written		stays; PG_reclaim sends it to the end
 *					of the list when the write has ended
 *	it was used since last time	active, if entries show it or its file,
 *					or it is in the swap cache
 *	private memory			gets a slot; without one: active
 *	entries show it			they go; what is VM_LOCKED: active
 *	it is dirty			is written, if gfp allows
 *	somebody else uses it		stays
 *	-				goes
 *
 *    A page that was read once and is clean goes, though PG_referenced is set:
 *    a second use would have made it active.
 *
 * 2. Entries first, then PG_dirty: the CPU's dirty bits are in the page only
 *    when the last entry is gone. And users first, then PG_dirty, both under
 *    the lock of whoever could find the page (tree_lock, swap_area.lock): who
 *    had a user may have made it dirty before he gave it up.
 *
 * 3. A write that has ended when it has begun (a RAM disk's) leaves a clean
 *    page: it goes at once.
 *
 * 4. Dirty pages of a mapping that knows no place for them (ramfs) can never
 *    go: they leave the lists for good.
 *
 * 5. Pages without an owner. A mapping was truncated, or the last entry of
 *    private memory went, while the page was off the lists: whoever gave up the
 *    last but one user left the page to this one, and nobody can find it.
 *
 * Locks: page locks are tried only, as anybody may hold one who allocates.
 * __GFP_FS: a file's writepage() may be called; __GFP_IO: pages may go to swap.
 *
 * Cost: some 300 instructions for a clean page of a file, most of it the tree.
 */
#include <kernel/sched/task.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/internal.h>
#include <mm/reclaim/lru.h>
#include <mm/space/rmap.h>

enum verdict {
	STAYS,		/* back to its list; locked */
	ACTIVE,		/* to the active list; locked */
	WRITTEN,	/* as STAYS; it is not locked any more */
	LEAVES,		/* to no list; locked */
	GOES,		/* it is the caller's alone; locked */
};

static bool test_clear_referenced(struct page *page)
{
	if (!PageReferenced(page))
		return false;
	ClearPageReferenced(page);
	return true;
}

/* Entries of private memory are asked when they are to go: one walk less. */
static bool was_used(struct page *page)
{
	if (page_mapcount(page) && !PageAnon(page))
		return page_referenced(page) != 0;
	return test_clear_referenced(page);
}

/* Somebody wants it soon, if he wanted it just now. */
static bool is_in_use(const struct page *page,
		      const struct address_space *mapping)
{
	return page_mapcount(page) || PageSwapCache(page) ||
	       (mapping && !list_empty(&mapping->i_mmap));
}

/* Its write has begun: when it ends the page is to go next. */
static void rotate_later(struct page *page, struct scan_control *sc)
{
	sc->nr_writeback++;
	SetPageReclaim(page);
	/* or it has ended meanwhile, and nobody would take the flag away */
	if (!PageWriteback(page))
		ClearPageReclaim(page);
}

/* --- writing --- */

static bool may_write(const struct page *page,
		      const struct address_space *mapping,
		      const struct scan_control *sc)
{
	if (!sc->may_writepage)
		return false;
	if (PageSwapCache(page) || !mapping->a_ops->writepage)
		return sc->gfp & __GFP_IO;
	return sc->gfp & __GFP_FS;
}

static int begin_write(struct page *page, struct address_space *mapping)
{
	if (PageSwapCache(page))
		return swap_writepage(page);
	if (mapping->a_ops->writepage)
		return mapping->a_ops->writepage(mapping, page);
	return mapping->a_ops->swap_out(mapping, page);
}

/* A dirty page. GOES: it is clean now, and still locked. */
static enum verdict write_page(struct page *page, struct address_space *mapping,
			       struct scan_control *sc)
{
	int err;

	if (!PageSwapCache(page) && !mapping)
		return STAYS;
	if (mapping && !mapping->a_ops->writepage && !mapping->a_ops->swap_out)
		return LEAVES;
	/* the cache's and the caller's: with more it would not go then */
	if (!may_write(page, mapping, sc) || page_count(page) != 2)
		return STAYS;
	if (!clear_page_dirty_for_io(page))
		return GOES;
	count_vm_event(VMSCAN_WRITE);
	err = begin_write(page, mapping);
	if (PageWriteback(page)) {
		rotate_later(page, sc);
		return WRITTEN;
	}
	if (err == -ENOSPC)
		SetPageActive(page);
	if (err || !trylock_page(page))
		return WRITTEN;
	/* nobody has it any more: it was not written at all */
	if (page_count(page) == 1)
		return GOES;
	return PageDirty(page) || PageWriteback(page) ? STAYS : GOES;
}

/* --- the way --- */

static enum verdict unmap_page(struct page *page)
{
	if (!page_mapcount(page))
		return GOES;
	switch (try_to_unmap(page)) {
	case UNMAP_SUCCESS:
		return GOES;
	case UNMAP_FAIL:
		return ACTIVE;
	default:
		/* private memory: it was used just now */
		return PageAnon(page) ? ACTIVE : STAYS;
	}
}

/* It is clean, and no entry shows it. */
static __always_inline bool take_out(struct page *page)
{
	/* see 5 */
	if (page_count(page) == 1)
		return true;
	if (PageSwapCache(page))
		return remove_unused_swap_page(page);
	return page_mapping(page) && remove_unused_page(page);
}

/* Private memory gets a slot. GOES: it has one. */
static enum verdict give_slot(struct page *page, struct scan_control *sc)
{
	if (!page_mapcount(page) || !(sc->gfp & __GFP_IO))
		return STAYS;
	return sc->may_swap && add_to_swap(page) ? GOES : ACTIVE;
}

static enum verdict shrink_page(struct page *page, struct scan_control *sc)
{
	struct address_space *mapping;
	enum verdict next = GOES;
	bool used;

	if (unlikely(PageWriteback(page))) {
		rotate_later(page, sc);
		return STAYS;
	}
	mapping = page_mapping(page);
	used = was_used(page);
	if (used && is_in_use(page, mapping))
		return ACTIVE;
	if (page_count(page) == 1)
		return GOES;
	if (PageAnon(page) && !PageSwapCache(page))
		next = give_slot(page, sc);
	if (next == GOES)
		next = unmap_page(page);
	/* it may have got a slot in vain */
	if (next == ACTIVE && PageDirty(page))
		remove_exclusive_swap_page(page);
	if (next == GOES && PageDirty(page))
		next = used ? STAYS : write_page(page, mapping, sc);
	if (next == GOES && !take_out(page))
		next = STAYS;
	return next;
}

/* It will not go: if slots are few, one that holds its copy is free again. */
static void activate(struct page *page)
{
	if (PageSwapCache(page) && !PageWriteback(page) && vm_swap_full())
		remove_exclusive_swap_page(page);
	SetPageActive(page);
	count_vm_event(PGACTIVATE);
	trace_page(page, PAGE_ACTIVE);
}

/* Off the list of those to be put back, and free: nobody else knows it, so
 * nobody waits for its lock either. */
static __always_inline void page_goes(struct page *page)
{
	list_del(&page->lru);
	trace_page(page, PAGE_RECLAIM);
	page_forget_anon(page);
	page->flags &= ~(1U << PG_locked | 1U << PG_active);
}

static __always_inline bool finish(struct page *page, enum verdict verdict)
{
	if (verdict == GOES) {
		page_goes(page);
		return true;
	}
	if (verdict == ACTIVE)
		activate(page);
	if (verdict != WRITTEN)
		unlock_page(page);
	if (verdict == LEAVES) {
		list_del(&page->lru);
		trace_page(page, PAGE_LRU_OFF);
		put_user_page(page);
	}
	return false;
}

u32 shrink_page_list(struct list_head *pages, struct scan_control *sc)
{
	struct page *gone[SWAP_CLUSTER_MAX], *page, *next;
	u32 n = 0;

	list_for_each_entry_safe(page, next, pages, lru)
		if (trylock_page(page) && finish(page, shrink_page(page, sc)))
			gone[n++] = page;
	if (n)
		free_pages_bulk(n, gone);
	return n;
}
