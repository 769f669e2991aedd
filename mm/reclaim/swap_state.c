/*
 * The swap cache: pages that have a slot and are in memory. ULK3 17.4.6.
 *
 * 1. What for. A page that several entries share goes entry by entry and comes
 *    back entry by entry: in between both sides must find the same page. And a
 *    page that came in and was not changed since can go without being written.
 *
 * 2. It is an array, swap_area.page. So it needs no memory, and a slot and its
 *    page change together, under the area's lock.
 *
 * 3. Getting in: from memory with a new slot (add_to_swap), or empty, with the
 *    slot of an entry, to be read (read_new_swap_cache). Two who read one slot
 *    meet here: the second finds the first one's page, locked.
 *
 * 4. Getting out: who has the page locked takes it out. As long as entries say
 *    the slot, a clean page can go and be read again. Whoever is the only one
 *    to have the page takes the slot away from it: then it is dirty, as it is
 *    nowhere else (remove_exclusive_swap_page).
 *
 *    "The only one": its users are the entries that show it, the cache and the
 *    caller. Under the area's lock nobody finds it in the cache; and fork,
 *    which adds a user and an entry that shows it, does no harm to it.
 *
 * 5. The last entry of a slot goes: swap_free() tries to take the page, if
 *    there is one, out. It must not wait: a page that is locked, or being
 *    written, stays, and reclaim finds it.
 *
 * Locks: the page's; swap_area.lock, interrupts off, inside of page_table_lock.
 */
#include <kernel/lib/bug.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/lru.h>
#include <mm/reclaim/swap_internal.h>
#include <mm/space/rmap.h>

static swp_entry_t entry_of(const struct page *page)
{
	return (swp_entry_t){ .val = (u32)page->private };
}

/* --- getting in --- */

bool fastcall add_to_swap(struct page *page)
{
	BUG_ON(!PageLocked(page) || PageSwapCache(page),
	       "a page to be swapped is not locked, or has a slot");
	get_page(page);
	/* it was never read from anywhere, and its bytes are what it is */
	SetPageUptodate(page);
	if (!swap_take_for(page).val) {
		put_page(page);
		return false;
	}
	SetPageDirty(page);
	trace_page(page, PAGE_TO_SWAP);
	return true;
}

struct page *fastcall lookup_swap_cache(swp_entry_t entry)
{
	u32 flags;
	struct swap_area *area = lock_swap_area(entry, &flags);
	struct page *page;

	if (!area)
		return NULL;
	page = area->page[swp_offset(entry)];
	if (page)
		get_page(page);
	unlock_swap_area(area, flags);
	return page;
}

bool swap_is_out(swp_entry_t entry)
{
	u32 flags;
	struct swap_area *area = lock_swap_area(entry, &flags);
	bool out;

	if (!area)
		return false;
	out = swap_slot_count(area, swp_offset(entry)) &&
	      !area->page[swp_offset(entry)];
	unlock_swap_area(area, flags);
	return out;
}

/* A page that is to be read, locked. False: there is one, or no entry says the
 * slot any more. */
static bool enter(struct page *page, swp_entry_t entry)
{
	u32 flags, offset = swp_offset(entry);
	struct swap_area *area = lock_swap_area(entry, &flags);
	bool fits;

	if (!area)
		return false;
	fits = swap_slot_count(area, offset) && !area->page[offset];
	if (fits) {
		get_page(page);
		page->private = entry.val;
		SetPageSwapCache(page);
		swap_slot_enter(area, offset, page);
	}
	unlock_swap_area(area, flags);
	return fits;
}

/* A new page is being read, with a user for the caller. False: it went, as
 * somebody was faster, or the slot is free. */
static bool begin_to_read(struct page *page, swp_entry_t entry)
{
	__SetPageLocked(page);
	if (enter(page, entry)) {
		/* who wants it makes it active */
		lru_cache_add(page);
		swap_readpage(page);
		return true;
	}
	__ClearPageLocked(page);
	__free_page(page);
	return false;
}

struct page *read_new_swap_cache(swp_entry_t entry, gfp_t gfp)
{
	struct page *page;

	do {
		page = alloc_page(gfp);
		if (!page || begin_to_read(page, entry))
			return page;
		page = lookup_swap_cache(entry);
		if (page)
			return page;
	} while (swap_count(entry));
	return NULL;
}

/* --- getting out --- */

/* The area's lock is held; the caller puts the cache's user. */
static void leave(struct swap_area *area, struct page *page)
{
	BUG_ON(PageWriteback(page), "a page leaves swap while it is written");
	swap_slot_leave(area, swp_offset(entry_of(page)));
	ClearPageSwapCache(page);
	page->private = 0;
	trace_page(page, PAGE_FROM_SWAP);
}

void delete_from_swap_cache(struct page *page)
{
	struct swap_area *area;
	u32 flags;

	BUG_ON(!PageLocked(page) || !PageSwapCache(page),
	       "a page leaves swap that is not locked, or is not there");
	area = lock_swap_area(entry_of(page), &flags);
	leave(area, page);
	unlock_swap_area(area, flags);
	put_user_page(page);
}

static bool is_exclusive(const struct swap_area *area, const struct page *page)
{
	return !swap_slot_count(area, swp_offset(entry_of(page))) &&
	       page_count(page) == page_mapcount(page) + 2 &&
	       !PageWriteback(page);
}

bool fastcall remove_exclusive_swap_page(struct page *page)
{
	struct swap_area *area;
	bool exclusive;
	u32 flags;

	BUG_ON(!PageLocked(page), "a page leaves swap that is not locked");
	/* mostly an entry says it */
	if (!PageSwapCache(page) || swap_count_kept(entry_of(page)))
		return false;
	area = lock_swap_area(entry_of(page), &flags);
	exclusive = is_exclusive(area, page);
	if (exclusive) {
		SetPageDirty(page);
		leave(area, page);
	}
	unlock_swap_area(area, flags);
	if (exclusive)
		put_user_page(page);
	return exclusive;
}

bool fastcall remove_unused_swap_page(struct page *page)
{
	struct swap_area *area;
	bool unused;
	u32 flags;

	BUG_ON(!PageLocked(page) || !PageSwapCache(page),
	       "a page leaves swap that is not locked, or is not there");
	area = lock_swap_area(entry_of(page), &flags);
	/* the cache's and the caller's; in this order: who has a user more may
	 * make it dirty and go */
	unused = page_count(page) == 2 && !page_mapcount(page);
	barrier();
	unused = unused && !PageDirty(page) && !PageWriteback(page);
	if (unused)
		leave(area, page);
	unlock_swap_area(area, flags);
	if (unused)
		put_user_page(page);
	return unused;
}

/* --- the last entry of a slot --- */

/* A page that only the cache has, and that nobody wants any more; the area's
 * lock is held. It is out, and the cache's user is the caller's. */
static bool take_useless(struct swap_area *area, struct page *page)
{
	if (page_count(page) != 1 || PageWriteback(page) || !trylock_page(page))
		return false;
	leave(area, page);
	unlock_page(page);
	return true;
}

struct page *swap_free_take(swp_entry_t entry)
{
	struct page *page = NULL;
	struct swap_area *area;
	u32 flags;

	area = lock_swap_area(entry, &flags);
	BUG_ON(!area, "an entry of no swap slot goes");
	if (swap_slot_put(area, swp_offset(entry)))
		page = area->page[swp_offset(entry)];
	if (page && !take_useless(area, page))
		page = NULL;
	unlock_swap_area(area, flags);
	return page;
}

u32 swap_put_locked_page(swp_entry_t entry)
{
	struct swap_area *area;
	u32 flags, left;

	area = lock_swap_area(entry, &flags);
	BUG_ON(!area, "an entry of no swap slot goes");
	swap_slot_put(area, swp_offset(entry));
	left = swap_slot_count(area, swp_offset(entry));
	unlock_swap_area(area, flags);
	return left;
}

void fastcall swap_free(swp_entry_t entry)
{
	struct page *page = swap_free_take(entry);

	if (page)
		put_user_page(page);
}
