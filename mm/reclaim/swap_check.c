/*
 * Is swap as it says? From first principles: slots, the cache, and who says
 * what.
 *
 * 1. Of each area by itself, under its lock: counts of slots, of pages; each
 *    page of the cache is one of it, and says that slot.
 *
 * 2. The entries of all spaces, and those that are in no space, are counted
 *    into an array of numbers as the area has one itself; then both are
 *    compared. Who goes on meanwhile (faults, fork) changes both, one after the
 *    other: so what differs is counted again, and only what differs each time
 *    is told.
 *
 * Cost: a pass over all page tables for each area.
 */
#include <kernel/lib/bug.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/swap_internal.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>
#include <mm/virt/vmalloc.h>

#define TRIES 4U		/* guessed: a soak found two to be enough */

/* --- an area by itself --- */

static bool is_right(const struct swap_area *area, u32 offset)
{
	const struct page *page = area->page[offset];

	return !page || (PageSwapCache(page) && page_count(page) > 0 &&
			 page->private == swp_entry(area->type, offset).val &&
			 !page_mapping(page));
}

static u32 check_area(struct swap_area *area,
		      void (*report)(const char *sentence))
{
	u32 flags = spin_lock_irqsave(&area->lock), i, n = 0, wrong = 0;

	if (area->slots) {
		n = swap_check_slots(area, report);
		for (i = 0; i < area->slots; i++)
			wrong += !is_right(area, i);
	}
	spin_unlock_irqrestore(&area->lock, flags);
	if (wrong)
		report("a page of the swap cache is not one, or says another "
		       "slot");
	return n + (wrong != 0);
}

/* --- who says its slots --- */

struct tally {
	u32 type, slots;
	u16 *count;
	u32 outside;
};

static void count_entry(struct tally *t, swp_entry_t entry)
{
	if (swp_type(entry) != t->type)
		return;
	if (swp_offset(entry) < t->slots)
		t->count[swp_offset(entry)]++;
	else
		t->outside++;
}

static void count_table(struct tally *t, struct pgtable *pt, u32 start, u32 end)
{
	u32 *entry;

	spin_lock(&pt->lock);
	entry = pt_find(pt, start);
	for (; entry && start < end; start += PAGE_SIZE) {
		pteval_t value = pt_read(pt, entry);

		if (value && !pte_shows_page(value))
			count_entry(t, pte_to_swp_entry(value));
		entry = pt_next(pt, entry);
	}
	spin_unlock(&pt->lock);
}

static void count_in_space(struct tally *t, struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	u32 at, upto;

	down_read(&mm->mmap_sem);
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		for (at = vma->vm_start; at < vma->vm_end; at = upto) {
			upto = end_of_table(&mm->pgd, at, vma->vm_end);
			count_table(t, &mm->pgd, at, upto);
		}
	up_read(&mm->mmap_sem);
}

static void count_slot_of_shared(void *arg, u32 slot)
{
	count_entry(arg, (swp_entry_t){ .val = slot });
}

static void count_all(struct tally *t)
{
	struct mm_struct *mm = NULL;

	while ((mm = next_mm(mm))) {
		if (mm->swap_entries)
			count_in_space(t, mm);
		cond_resched();
	}
	shared_for_each_slot(count_slot_of_shared, t);
}

/* swapon_mutex is held: the area stays. */
static u32 compare(struct swap_area *area, const struct tally *t)
{
	u32 flags = spin_lock_irqsave(&area->lock), i, n = t->outside;

	for (i = 0; i < area->slots; i++)
		n += swap_slot_count(area, i) != t->count[i];
	spin_unlock_irqrestore(&area->lock, flags);
	return n;
}

static u32 count_differences(struct swap_area *area)
{
	struct tally t = { .type = area->type, .slots = area->slots };
	u32 n = 0;

	t.count = vzalloc(t.slots * sizeof(*t.count));
	if (t.count) {
		count_all(&t);
		n = compare(area, &t);
	}
	vfree(t.count);
	return n;
}

static u32 check_counts(struct swap_area *area,
			void (*report)(const char *sentence))
{
	u32 i;

	for (i = 0; i < TRIES; i++)
		if (!count_differences(area))
			return 0;
	report("swap slots are said by other entries than they count");
	return 1;
}

u32 check_swap(void (*report)(const char *sentence))
{
	u32 i, n = 0;

	might_sleep();
	mutex_lock(&swapon_mutex);
	for (i = 0; i < MAX_SWAPFILES; i++) {
		n += check_area(&swap_areas[i], report);
		if (swap_areas[i].slots)
			n += check_counts(&swap_areas[i], report);
	}
	mutex_unlock(&swapon_mutex);
	return n;
}
