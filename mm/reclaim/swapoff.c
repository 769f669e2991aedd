/*
 * The end of a swap area: everything comes home. ULK3 section 17.4.3.
 *
 * 1. From the begin on no slot of it is given out; what is in use can only
 *    become less, but for fork, which copies entries. All spaces are gone
 *    through, entry by entry: each that says the area is answered as a fault of
 *    its own would be (swap_fault.c), and as the area ends, the page loses its
 *    slot with the last of its entries. Memory that is no space's (files of
 *    memory) is brought home by its owner (swap_owners_hook). What is left
 *    then is only kept for pages: these lose it.
 *
 *    That is repeated until nothing is left: a space that was made meanwhile by
 *    fork may have entries that were passed already.
 *
 * 2. It may fail: there is no memory, a page cannot be read, or who asked is to
 *    end. Then slots are given out again, and all is as before but for what has
 *    come home already. Memory is asked for so that nobody is killed for it;
 *    and before it begins there must be as much to be had as is in the area.
 *
 * 3. When nothing is left, nobody has the area's arrays: entries say no slot of
 *    it, no page is in its cache, so none is on its way.
 *
 * Locks: swapon_mutex all the time; mmap_sem of one space for reading; what
 * faults take. Cost: a pass over all page tables.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/bug.h>
#include <kernel/sched/task.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/swap_internal.h>
#include <mm/space/internal.h>

int (*swap_owners_hook)(u32 area);

/* --- entries of spaces --- */

/* One that was found. */
struct found {
	u32 address;
	pteval_t value;
};

static bool says(const struct swap_area *area, pteval_t value)
{
	return value && !pte_shows_page(value) &&
	       swp_type(pte_to_swp_entry(value)) == area->type;
}

/* The first entry of [start, end), which is one table's, that says the area. */
static bool find_in_table(struct vm_area_struct *vma,
			  const struct swap_area *area, u32 start, u32 end,
			  struct found *found)
{
	struct pgtable *pt = &vma->vm_mm->pgd;
	bool there = false;
	u32 *entry;

	spin_lock(&pt->lock);
	entry = pt_find(pt, start);
	for (; entry && start < end && !there; start += PAGE_SIZE) {
		found->address = start;
		found->value = pt_read(pt, entry);
		there = says(area, found->value);
		entry = pt_next(pt, entry);
	}
	spin_unlock(&pt->lock);
	return there;
}

static int empty_table(struct vm_area_struct *vma, struct swap_area *area,
		       u32 start, u32 end)
{
	struct found found;
	int err = 0;

	while (!err && find_in_table(vma, area, start, end, &found)) {
		err = swap_bring_home(vma, found.address, found.value);
		/* the same again, if somebody was faster */
		start = found.address;
		if (wait_is_over())
			err = -EINTR;
		cond_resched();
	}
	return err;
}

static int empty_vma(struct vm_area_struct *vma, struct swap_area *area)
{
	u32 start = vma->vm_start, upto;
	int err = 0;

	for (; !err && start < vma->vm_end; start = upto) {
		upto = end_of_table(&vma->vm_mm->pgd, start, vma->vm_end);
		err = empty_table(vma, area, start, upto);
	}
	return err;
}

static int empty_space(struct mm_struct *mm, struct swap_area *area)
{
	struct vm_area_struct *vma;
	int err = 0;

	if (!mm->swap_entries)
		return 0;
	down_read(&mm->mmap_sem);
	for (vma = mm->mmap; vma && !err; vma = vma->vm_next)
		err = empty_vma(vma, area);
	up_read(&mm->mmap_sem);
	return err;
}

static int empty_all_spaces(struct swap_area *area)
{
	struct mm_struct *mm = NULL;
	int err = 0;

	while ((mm = next_mm(mm))) {
		err = empty_space(mm, area);
		if (err) {
			mmput(mm);
			break;
		}
		cond_resched();
	}
	return err;
}

/* --- what is only kept for pages --- */

static void take_slot_away(struct page *page, swp_entry_t entry)
{
	lock_page(page);
	wait_on_page_writeback(page);
	if (PageSwapCache(page) && page->private == entry.val &&
	    !swap_count(entry)) {
		if (PageUptodate(page))
			SetPageDirty(page);
		delete_from_swap_cache(page);
	}
	unlock_page(page);
}

static void empty_cache(struct swap_area *area)
{
	u32 i;

	for (i = 1; i < area->slots && area->cached; i++) {
		swp_entry_t entry = swp_entry(area->type, i);
		struct page *page = NULL;

		if (*(struct page *volatile *)&area->page[i])
			page = lookup_swap_cache(entry);
		if (!page)
			continue;
		take_slot_away(page, entry);
		put_user_page(page);
		cond_resched();
	}
}

/* --- all of it --- */

static bool is_empty(struct swap_area *area)
{
	u32 flags = spin_lock_irqsave(&area->lock), i;
	bool empty = !area->inuse && !area->cached;

	/* those that have become bad are not counted, and may be said still */
	for (i = 1; empty && i < area->slots; i++)
		empty = !swap_slot_count(area, i);
	spin_unlock_irqrestore(&area->lock, flags);
	return empty;
}

static int empty_area(struct swap_area *area)
{
	int err = 0;

	for (;;) {
		err = empty_all_spaces(area);
		if (!err && swap_owners_hook)
			err = swap_owners_hook(area->type);
		if (err)
			return err;
		empty_cache(area);
		if (is_empty(area))
			return 0;
		if (wait_is_over())
			return -EINTR;
		/* who has the rest needs some time to let go of it */
		msleep(10);
	}
}

static bool fits_memory(const struct swap_area *area)
{
	if (vm_enough_memory(NULL, area->inuse))
		return false;
	vm_unacct_memory(area->inuse);
	return true;
}

static void give_slots(struct swap_area *area, bool on)
{
	u32 flags = spin_lock_irqsave(&area->lock);

	area->writable = on;
	spin_unlock_irqrestore(&area->lock, flags);
}

static int end_area(struct swap_area *area)
{
	struct swap_backing *backing = area->backing;
	int err = -ENOMEM;

	give_slots(area, false);
	if (fits_memory(area))
		err = empty_area(area);
	if (err) {
		give_slots(area, true);
		pr_warn("swap: %s stays: %s\n", backing->name,
			err == -ENOMEM ? "there is no memory for what it has" :
			err == -EIO ? "not all of it can be read" :
			"it was to be stopped");
		return err;
	}
	swap_area_retire(area);
	pr_info("swap: %s is no area any more\n", backing->name);
	if (backing->release)
		backing->release(backing);
	return 0;
}

int swapoff(const char *name)
{
	struct swap_area *area;
	int err = -EINVAL;

	might_sleep();
	mutex_lock(&swapon_mutex);
	area = swap_area_named(name);
	if (area)
		err = end_area(area);
	else
		pr_info("swap: %.23s is no area\n", name);
	mutex_unlock(&swapon_mutex);
	return err;
}
