#include <mm/cache/pagemap.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/space/internal.h>
#include "fake_swap.h"

#define FAKE_AREA (MAX_SWAPFILES - 1)

struct fake_swap fake_swap;

static swp_entry_t entry_of(const struct fake_slot *slot)
{
	return swp_entry(FAKE_AREA, (u32)(slot - fake_swap.slot) + 1);
}

static struct fake_slot *find_slot(swp_entry_t entry)
{
	u32 n = swp_offset(entry) - 1;

	if (swp_type(entry) != FAKE_AREA || n >= FAKE_SLOTS)
		return NULL;
	return &fake_swap.slot[n];
}

struct fake_slot *slot_of(pteval_t entry)
{
	if (!entry || pte_shows_page(entry))
		return NULL;
	return find_slot(pte_to_swp_entry(entry));
}

struct fake_slot *slot_of_page(const struct page *page)
{
	if (!PageSwapCache(page))
		return NULL;
	return find_slot((swp_entry_t){ (u32)page->private });
}

/* --- the cache; the lock is held --- */

static void enter_cache(struct fake_slot *slot, struct page *page)
{
	get_page(page);
	page->private = entry_of(slot).val;
	slot->page = page;
	SetPageSwapCache(page);
}

/* The cache's user becomes the caller's. */
static struct page *leave_cache(struct fake_slot *slot)
{
	struct page *page = slot->page;

	atomic_clear_bits(&page->flags, 1U << PG_swapcache | 1U << PG_dirty);
	page->private = 0;
	slot->page = NULL;
	return page;
}

/* Nobody says it, nobody has it. */
static u32 *free_slot(struct fake_slot *slot)
{
	u32 *data = slot->data;

	slot->data = NULL;
	slot->used = false;
	return data;
}

bool add_page(struct page *page)
{
	struct fake_slot *slot;
	bool done = false;

	lock_page(page);
	spin_lock(&fake_swap.lock);
	for (slot = fake_swap.slot;
	     slot < fake_swap.slot + FAKE_SLOTS && !fake_swap.full && !done;
	     slot++) {
		if (slot->used)
			continue;
		slot->used = done = true;
		slot->count = 0;
		enter_cache(slot, page);
	}
	spin_unlock(&fake_swap.lock);
	unlock_page(page);
	return done;
}

/* Its data, to be freed without the lock. The page is locked. */
static struct page *drop_if_unused(struct fake_slot *slot, s32 users,
				   u32 **data)
{
	struct page *page = slot->page;

	if (!page || slot->count || page_mapcount(page) ||
	    page_count(page) != users)
		return NULL;
	page = leave_cache(slot);
	*data = free_slot(slot);
	return page;
}

/* --- hooks --- */

static bool fake_copy(pteval_t entry)
{
	struct fake_slot *slot = slot_of(entry);
	bool good;

	BUG_ON(!slot || !slot->used, "an entry of no slot is copied");
	spin_lock(&fake_swap.lock);
	good = slot->count < fake_swap.most;
	slot->count += good;
	spin_unlock(&fake_swap.lock);
	return good;
}

static struct page *fake_free(pteval_t entry)
{
	struct fake_slot *slot = slot_of(entry);
	u32 *data = NULL;

	BUG_ON(!slot || !slot->used, "an entry of no slot is freed");
	spin_lock(&fake_swap.lock);
	BUG_ON(!slot->count, "an entry is freed that the slot does not know");
	if (!--slot->count && !slot->page)
		data = free_slot(slot);
	spin_unlock(&fake_swap.lock);
	kfree(data);
	return NULL;
}

static bool fake_reuse(struct page *page)
{
	struct fake_slot *slot = slot_of_page(page);

	return slot && !slot->count;
}

static void fake_unused(struct page *page)
{
	struct fake_slot *slot;
	struct page *dropped = NULL;
	u32 *data = NULL;

	if (!trylock_page(page))
		return;
	spin_lock(&fake_swap.lock);
	slot = slot_of_page(page);
	if (slot)
		dropped = drop_if_unused(slot, 2, &data);
	spin_unlock(&fake_swap.lock);
	unlock_page(page);
	if (dropped)
		put_page(dropped);
	kfree(data);
}

static struct page *find_page(struct fake_slot *slot)
{
	struct page *page;

	spin_lock(&fake_swap.lock);
	page = slot->page;
	if (page)
		get_page(page);
	spin_unlock(&fake_swap.lock);
	return page;
}

/* Read, unless another one was faster. */
static struct page *read_slot(struct fake_slot *slot)
{
	struct page *page = alloc_page(GFP_HIGHUSER);
	bool mine;
	void *at;

	if (!page)
		return NULL;
	at = kmap(page);
	spin_lock(&fake_swap.lock);
	mine = slot->used && slot->count && !slot->page && slot->data;
	if (mine) {
		memcpy(at, slot->data, PAGE_SIZE);
		enter_cache(slot, page);
		fake_swap.ins++;
	}
	spin_unlock(&fake_swap.lock);
	kunmap(page);
	if (mine)
		return page;
	put_page(page);
	return find_page(slot);
}

/* The page is locked, page_table_lock held. The caller's user becomes the
 * entry's. */
static void show_again(struct vm_area_struct *vma, u32 address, u32 *entry,
		       struct page *page, struct fake_slot *slot)
{
	pteval_t value = PFN_PHYS(page_to_pfn(page)) |
			 (vma->vm_page_prot & supported_pte_mask);
	struct mm_struct *mm = vma->vm_mm;

	spin_lock(&fake_swap.lock);
	slot->count--;
	if (!slot->count && !page_mapcount(page) && vma->vm_flags & VM_WRITE)
		value |= _PAGE_RW;
	spin_unlock(&fake_swap.lock);
	pt_write(&mm->pgd, entry, value);
	page_add_anon_rmap(page, vma, address);
	mm->swap_entries--;
	mm->anon_rss++;
}

static enum fault_result fake_fault(struct vm_area_struct *vma, u32 address,
				    pteval_t value, u32 error)
{
	struct mm_struct *mm = vma->vm_mm;
	struct fake_slot *slot = slot_of(value);
	struct page *page;
	u32 *entry = pt_find(&mm->pgd, address);
	bool shown = false;

	page = find_page(slot);
	if (!page)
		page = read_slot(slot);
	if (!page)
		return FAULT_MINOR;
	lock_page(page);
	spin_lock(page_table_lock(mm));
	if (slot_of_page(page) == slot && pt_read(&mm->pgd, entry) == value) {
		show_again(vma, address, entry, page, slot);
		shown = true;
	}
	spin_unlock(page_table_lock(mm));
	unlock_page(page);
	if (!shown)
		put_user_page(page);
	return FAULT_MAJOR;
}

/* --- cases --- */

void fake_swap_begin(void)
{
	spin_lock_init(&fake_swap.lock, "fake_swap.lock");
	fake_swap.saved = swap_hooks;
	fake_swap.most = 1000;
	fake_swap.full = false;
	fake_swap.ins = fake_swap.outs = 0;
	memset(fake_swap.slot, 0, sizeof(fake_swap.slot));
	swap_hooks = (struct swap_hooks){
		.fault = fake_fault, .copy = fake_copy, .free = fake_free,
		.reuse = fake_reuse, .unused = fake_unused,
	};
}

void fake_swap_end(void)
{
	struct fake_slot *slot;

	for (slot = fake_swap.slot; slot < fake_swap.slot + FAKE_SLOTS;
	     slot++) {
		struct page *page = slot->page;

		EXPECT_EQ(slot->count, 0);
		if (page) {
			EXPECT_EQ(page_count(page), 1);
			EXPECT_EQ(page_mapcount(page), 0);
			put_user_page(leave_cache(slot));
		}
		kfree(free_slot(slot));
	}
	swap_hooks = fake_swap.saved;
}

enum unmap_result unmap_page(struct page *page)
{
	enum unmap_result result;

	lock_page(page);
	result = try_to_unmap(page);
	unlock_page(page);
	return result;
}

u32 referenced(struct page *page)
{
	u32 n;

	lock_page(page);
	n = page_referenced(page);
	unlock_page(page);
	return n;
}

/* Data of a page that only the cache and the caller have, who has it locked. */
static bool save(struct fake_slot *slot, struct page *page)
{
	if (PageDirty(page) || !slot->data) {
		if (!slot->data)
			slot->data = kmalloc(PAGE_SIZE, GFP_KERNEL);
		if (!slot->data)
			return false;
		memcpy(slot->data, kmap(page), PAGE_SIZE);
		kunmap(page);
		ClearPageDirty(page);
		fake_swap.outs++;
	}
	return true;
}

bool write_out(struct fake_slot *slot)
{
	struct page *page = find_page(slot), *gone = NULL;
	u32 *data = NULL;

	if (!page)
		return false;
	lock_page(page);
	if (slot->page == page && !page_mapcount(page) && save(slot, page)) {
		spin_lock(&fake_swap.lock);
		/* the count before the dirty bit: who had it last may have
		 * written to it */
		if (page_count(page) == 2 && !page_mapcount(page) &&
		    !PageDirty(page)) {
			gone = leave_cache(slot);
			if (!slot->count)
				data = free_slot(slot);
		}
		spin_unlock(&fake_swap.lock);
	}
	unlock_page(page);
	if (gone)
		put_user_page(gone);
	put_user_page(page);
	kfree(data);
	return gone;
}

struct page *get_page_at(struct mm_struct *mm, u32 addr)
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

bool swap_out(struct mm_struct *mm, u32 addr)
{
	struct page *page = get_page_at(mm, addr);
	struct fake_slot *slot = NULL;

	if (!page)
		return false;
	referenced(page);
	if ((PageSwapCache(page) || add_page(page)) &&
	    unmap_page(page) == UNMAP_SUCCESS)
		slot = slot_of_page(page);
	put_user_page(page);
	return slot && write_out(slot);
}
