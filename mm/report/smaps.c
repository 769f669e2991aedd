/*
 * Areas with what of them is in memory and in swap, and page by page.
 *
 * mmap_sem is held for reading throughout: areas and tables stay, entries may
 * change meanwhile. So the sums of one area are of about one moment.
 */
#include <kernel/base/printk.h>
#include <mm/report/maps.h>
#include <mm/space/rmap.h>
#include <mm/table/swap_entry.h>

struct pages_kb {
	u32 rss, shared_clean, shared_dirty, private_clean, private_dirty;
	u32 swap;
};

/* --- entries --- */

/* That of an address, as it is now; 0: empty. *next: where to look next. */
static pteval_t entry_at(struct mm_struct *mm, u32 address, u32 *next)
{
	u32 size = pt_level_size(&mm->pgd, 2), *entry;
	pteval_t value = 0;

	spin_lock(page_table_lock(mm));
	entry = pt_find(&mm->pgd, address);
	if (entry)
		value = pt_read(&mm->pgd, entry);
	spin_unlock(page_table_lock(mm));
	*next = entry ? address + PAGE_SIZE : ALIGN_DOWN(address, size) + size;
	return value;
}

static void for_each_entry(const struct vm_area_struct *vma,
			   void (*fn)(u32 address, pteval_t value, void *arg),
			   void *arg)
{
	u32 address, next;
	pteval_t value;

	for (address = vma->vm_start; address < vma->vm_end; address = next) {
		value = entry_at(vma->vm_mm, address, &next);
		if (value)
			fn(address, value, arg);
	}
}

static bool is_swapped(pteval_t value)
{
	return !(value & (_PAGE_PRESENT | PTE_PROTNONE));
}

/* NULL: no page of RAM that somebody counts. */
static struct page *counted_page(pteval_t value)
{
	u64 pfn = (value & PTE_FRAME_MASK) >> PAGE_SHIFT;
	struct page *page = pfn < max_mapnr ? pfn_to_page((u32)pfn) : NULL;

	return page && !PageReserved(page) ? page : NULL;
}

/* --- smaps --- */

static void count_entry(u32 address, pteval_t value, void *arg)
{
	const u32 kb = PAGE_SIZE >> 10;
	struct pages_kb *sum = arg;
	const struct page *page;
	bool dirty;

	(void)address;
	if (is_swapped(value)) {
		sum->swap += kb;
		return;
	}
	page = counted_page(value);
	if (!page)
		return;
	/* in the entry, or taken over from one that went */
	dirty = value & _PAGE_DIRTY || PageDirty(page);
	sum->rss += kb;
	if (page_mapcount(page) > 1)
		*(dirty ? &sum->shared_dirty : &sum->shared_clean) += kb;
	else
		*(dirty ? &sum->private_dirty : &sum->private_clean) += kb;
}

void report_smaps(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	char line[MAPS_LINE_MAX];

	down_read(&mm->mmap_sem);
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		struct pages_kb sum = { 0 };

		maps_line(vma, line, sizeof(line));
		for_each_entry(vma, count_entry, &sum);
		printk("%sSize:           %8u kB\nRss:            %8u kB\n"
		       "Shared_Clean:   %8u kB\nShared_Dirty:   %8u kB\n"
		       "Private_Clean:  %8u kB\nPrivate_Dirty:  %8u kB\n"
		       "Swap:           %8u kB\n", line,
		       (vma->vm_end - vma->vm_start) >> 10, sum.rss,
		       sum.shared_clean, sum.shared_dirty, sum.private_clean,
		       sum.private_dirty, sum.swap);
	}
	up_read(&mm->mmap_sem);
}

/* --- pagemap --- */

static char kind_of(pteval_t value)
{
	const struct page *page = counted_page(value);

	if (!page)
		return 'z';
	return PageAnon(page) ? 'p' : 'f';
}

static void print_entry(u32 address, pteval_t value, void *arg)
{
	(void)arg;
	if (is_swapped(value)) {
		swp_entry_t entry = pte_to_swp_entry(value);

		printk("%08x %2u:%05x ----s\n", address, swp_type(entry),
		       swp_offset(entry));
		return;
	}
	printk("%08x %08llx %c%c%c%c%c\n", address,
	       (value & PTE_FRAME_MASK) >> PAGE_SHIFT,
	       value & _PAGE_RW ? 'w' : '-',
	       value & _PAGE_NX ? '-' : 'x',
	       value & _PAGE_DIRTY ? 'd' : '-',
	       value & _PAGE_ACCESSED ? 'a' : '-', kind_of(value));
}

void report_pagemap(struct mm_struct *mm)
{
	const struct vm_area_struct *vma;

	down_read(&mm->mmap_sem);
	for (vma = mm->mmap; vma; vma = vma->vm_next)
		for_each_entry(vma, print_entry, NULL);
	up_read(&mm->mmap_sem);
}
