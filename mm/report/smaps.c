/*
 * Areas with what of them is in memory, and page by page.
 *
 * mmap_sem is held for reading throughout: areas and tables stay, entries may
 * change meanwhile. So the sums of one area are of about one moment.
 */
#include <kernel/base/printk.h>
#include <mm/report/maps.h>
#include <mm/space/rmap.h>

struct pages_kb {
	u32 rss, shared_clean, shared_dirty, private_clean, private_dirty;
};

/* NULL: no page of RAM that somebody counts. */
static struct page *counted_page(const struct pt_walk *walk)
{
	u64 pfn = walk->phys >> PAGE_SHIFT;
	struct page *page = pfn < max_mapnr ? pfn_to_page((u32)pfn) : NULL;

	return page && !PageReserved(page) ? page : NULL;
}

static int count_leaf(const struct pt_walk *walk, void *arg)
{
	const struct page *page = counted_page(walk);
	const u32 kb = PAGE_SIZE >> 10;
	struct pages_kb *sum = arg;
	bool dirty = walk->leaf & _PAGE_DIRTY;

	if (!page)
		return 0;
	sum->rss += kb;
	if (page_mapcount(page) > 1)
		*(dirty ? &sum->shared_dirty : &sum->shared_clean) += kb;
	else
		*(dirty ? &sum->private_dirty : &sum->private_clean) += kb;
	return 0;
}

void report_smaps(struct mm_struct *mm)
{
	struct vm_area_struct *vma;
	char line[MAPS_LINE_MAX];

	down_read(&mm->mmap_sem);
	for (vma = mm->mmap; vma; vma = vma->vm_next) {
		struct pages_kb sum = { 0 };

		maps_line(vma, line, sizeof(line));
		pt_for_each_leaf(&mm->pgd, vma->vm_start, vma->vm_end - 1,
				 count_leaf, &sum);
		printk("%sSize:           %8u kB\nRss:            %8u kB\n"
		       "Shared_Clean:   %8u kB\nShared_Dirty:   %8u kB\n"
		       "Private_Clean:  %8u kB\nPrivate_Dirty:  %8u kB\n", line,
		       (vma->vm_end - vma->vm_start) >> 10, sum.rss,
		       sum.shared_clean, sum.shared_dirty, sum.private_clean,
		       sum.private_dirty);
	}
	up_read(&mm->mmap_sem);
}

static char kind_of(const struct pt_walk *walk)
{
	const struct page *page = counted_page(walk);

	if (!page)
		return 'z';
	return PageAnon(page) ? 'p' : 'f';
}

static int print_page(const struct pt_walk *walk, void *arg)
{
	(void)arg;
	printk("%08x %08llx %c%c%c%c%c\n", walk->addr,
	       walk->phys >> PAGE_SHIFT,
	       walk->leaf & _PAGE_RW ? 'w' : '-',
	       walk->leaf & _PAGE_NX ? '-' : 'x',
	       walk->leaf & _PAGE_DIRTY ? 'd' : '-',
	       walk->leaf & _PAGE_ACCESSED ? 'a' : '-', kind_of(walk));
	return 0;
}

void report_pagemap(struct mm_struct *mm)
{
	down_read(&mm->mmap_sem);
	pt_for_each_leaf(&mm->pgd, 0, TASK_SIZE - 1, print_page, NULL);
	up_read(&mm->mmap_sem);
}
