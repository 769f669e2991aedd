#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/space/internal.h>
#include <mm/virt/vmalloc.h>
#include "swap_areas.h"

/* --- a backing --- */

static struct test_area *of(struct swap_backing *backing)
{
	return backing->private;
}

static void move(struct test_area *area, u32 offset, struct page *page, u32 rw)
{
	u8 *slot = area->data + offset * PAGE_SIZE;

	if (rw == WRITE)
		memcpy_from_page(slot, page, 0, PAGE_SIZE);
	else
		memcpy_to_page(page, 0, slot, PAGE_SIZE);
}

static void area_start(struct swap_backing *backing, u32 offset,
		       struct page *page, u32 rw,
		       void (*done)(struct page *page, int error))
{
	struct test_area *area = of(backing);
	u32 bad = rw == WRITE ? area->no_write : area->no_read;

	area->reads += rw == READ;
	area->writes += rw == WRITE;
	if (rw == WRITE && area->hold && !area->held) {
		area->held = page;
		area->held_offset = offset;
		area->held_done = done;
		return;
	}
	if (offset && offset == bad) {
		done(page, -EIO);
		return;
	}
	move(area, offset, page, rw);
	done(page, 0);
}

void area_release(struct test_area *area, int error)
{
	struct page *page = area->held;

	if (!EXPECT(page))
		return;
	area->held = NULL;
	if (!error)
		move(area, area->held_offset, page, WRITE);
	area->held_done(page, error);
}

static void put32(u8 *at, u32 value)
{
	memcpy(at, &value, sizeof(value));
}

void write_swap_header(u8 *page, u32 last_page, u32 nr_bad, const u32 *bad)
{
	memset(page, 0, PAGE_SIZE);
	put32(page + 1024, 1);
	put32(page + 1028, last_page);
	put32(page + 1032, nr_bad);
	if (bad)
		memcpy(page + 1536, bad, nr_bad * sizeof(*bad));
	memcpy(page + PAGE_SIZE - 10, "SWAPSPACE2", 10);
}

struct test_area *area_create(const char *name, u32 slots)
{
	struct test_area *area = kzalloc(sizeof(*area), GFP_KERNEL);

	if (!EXPECT(area))
		return NULL;
	area->data = vzalloc(slots * PAGE_SIZE);
	if (!EXPECT(area->data)) {
		kfree(area);
		return NULL;
	}
	strlcpy(area->backing.name, name, sizeof(area->backing.name));
	area->backing.pages = slots;
	area->backing.start = area_start;
	area->backing.private = area;
	write_swap_header(area->data, slots - 1, 0, NULL);
	return area;
}

void area_destroy(struct test_area *area)
{
	vfree(area->data);
	kfree(area);
}

struct test_area *area_begin(const char *name, u32 slots, s32 prio)
{
	struct test_area *area = area_create(name, slots);

	if (!area)
		return NULL;
	if (EXPECT_EQ(swapon(&area->backing, prio), 0)) {
		area->reads = 0;
		return area;
	}
	area_destroy(area);
	return NULL;
}

void area_end(struct test_area *area)
{
	if (EXPECT_EQ(swapoff(area->backing.name), 0))
		area_destroy(area);
}

struct swap_area *area_of(const struct test_area *area)
{
	struct swap_area *found;

	mutex_lock(&swapon_mutex);
	found = swap_area_named(area->backing.name);
	mutex_unlock(&swapon_mutex);
	return found;
}

/* --- pages --- */

struct page *grab_page(struct mm_struct *mm, u32 addr)
{
	struct page *page = NULL;
	pteval_t value;

	spin_lock(page_table_lock(mm));
	value = entry_at(mm, addr);
	if (pte_shows_page(value) && pte_is_counted(value)) {
		page = pte_page(value);
		get_page(page);
	}
	spin_unlock(page_table_lock(mm));
	return page;
}

swp_entry_t swap_entry_at(struct mm_struct *mm, u32 addr)
{
	pteval_t value = entry_at(mm, addr);

	return pte_to_swp_entry(pte_shows_page(value) ? 0 : value);
}

bool is_swapped(struct mm_struct *mm, u32 addr)
{
	return swap_entry_at(mm, addr).val;
}

static bool unmap_locked(struct page *page)
{
	page_referenced(page);
	return (PageSwapCache(page) || add_to_swap(page)) &&
	       try_to_unmap(page) == UNMAP_SUCCESS;
}

bool swap_unmap(struct mm_struct *mm, u32 addr)
{
	struct page *page = grab_page(mm, addr);
	bool done;

	if (!page)
		return false;
	lock_page(page);
	done = unmap_locked(page);
	unlock_page(page);
	put_user_page(page);
	return done;
}

bool swap_write(struct page *page)
{
	lock_page(page);
	if (!clear_page_dirty_for_io(page))
		unlock_page(page);
	else if (swap_writepage(page))
		return false;
	wait_on_page_writeback(page);
	return true;
}

bool swap_drop(struct page *page)
{
	bool done;

	lock_page(page);
	done = PageSwapCache(page) && page_count(page) == 2 &&
	       !page_mapcount(page) && !PageDirty(page) && !PageWriteback(page);
	if (done)
		delete_from_swap_cache(page);
	unlock_page(page);
	return done;
}

bool swap_out_page(struct mm_struct *mm, u32 addr)
{
	struct page *page = grab_page(mm, addr);
	bool done;

	if (!page)
		return false;
	done = swap_unmap(mm, addr) && swap_write(page) && swap_drop(page);
	put_user_page(page);
	return done;
}
