/*
 * Pages on their way to swap and back. ULK3 section 17.4.7.
 *
 * 1. Out. The page is locked and has its slot; its PG_dirty is clear already:
 *    whoever writes to it from now on makes it dirty anew. It has PG_writeback
 *    until the end of the write, and is not locked meanwhile.
 *
 *    A page that nobody has any more is not written at all.
 *
 * 2. A write that fails. The slot is bad, and said to be so once. What is in
 *    memory is the only copy: the page is dirty, and is not written there
 *    again; it stays until its entries have come back to it. Then it loses the
 *    slot (swap_wants_back()), and may go to another.
 *
 * 3. In. The page is locked and in the cache; it is up to date at the end, or
 *    not: then whoever needs it is told.
 *
 * No memory is asked for here: backings have what they need.
 */
#include <kernel/lib/bug.h>
#include <mm/page/page_trace.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/swap_internal.h>

static swp_entry_t entry_of(const struct page *page)
{
	return (swp_entry_t){ .val = (u32)page->private };
}

static struct swap_backing *backing_of(const struct page *page)
{
	return swap_areas[swp_type(entry_of(page))].backing;
}

static void write_ended(struct page *page, int error)
{
	if (error) {
		swap_spoil(entry_of(page));
		SetPageError(page);
		SetPageDirty(page);
	}
	end_page_writeback(page);
}

static bool slot_is_bad(const struct page *page)
{
	swp_entry_t entry = entry_of(page);

	return swap_slot_is_bad(&swap_areas[swp_type(entry)],
				swp_offset(entry));
}

static bool has_entries(const struct page *page)
{
	swp_entry_t entry = entry_of(page);

	return swap_slot_count(&swap_areas[swp_type(entry)],
			       swp_offset(entry));
}

int fastcall swap_writepage(struct page *page)
{
	struct swap_backing *backing;

	BUG_ON(!PageLocked(page) || !PageSwapCache(page),
	       "a page to be written to swap is not locked, or has no slot");
	/* read without its lock: none that comes later says an unused slot */
	if (unlikely(!has_entries(page)) && remove_exclusive_swap_page(page)) {
		unlock_page(page);
		return 0;
	}
	if (slot_is_bad(page)) {
		SetPageDirty(page);
		unlock_page(page);
		return -EIO;
	}
	backing = backing_of(page);
	count_vm_event(PSWPOUT);
	set_page_writeback(page);
	unlock_page(page);
	backing->start(backing, swp_offset(entry_of(page)), page, WRITE,
		       write_ended);
	return 0;
}

static void read_ended(struct page *page, int error)
{
	if (error)
		SetPageError(page);
	else
		SetPageUptodate(page);
	unlock_page(page);
}

void fastcall swap_readpage(struct page *page)
{
	struct swap_backing *backing = backing_of(page);

	BUG_ON(!PageLocked(page) || !PageSwapCache(page) ||
	       PageUptodate(page),
	       "a page to be read from swap is not locked, or has no slot");
	count_vm_event(PSWPIN);
	trace_page(page, PAGE_SWAP_READ);
	ClearPageError(page);
	backing->start(backing, swp_offset(entry_of(page)), page, READ,
		       read_ended);
}

void swap_slot_io(swp_entry_t entry, struct page *page, u32 rw,
		  void (*done)(struct page *page, int error))
{
	struct swap_backing *backing = swap_areas[swp_type(entry)].backing;

	count_vm_event(rw == WRITE ? PSWPOUT : PSWPIN);
	if (rw == READ)
		trace_page(page, PAGE_SWAP_READ);
	backing->start(backing, swp_offset(entry), page, rw, done);
}
