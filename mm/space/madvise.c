/*
 * Advice about what is mapped, and what of it is in memory.
 *
 *	advice		of memory		of a file
 *	WILLNEED	-			pages below its end begin to be
 *						read, none is waited for
 *	DONTNEED	zero again		private copies are the file's
 *						again; what is shared stays
 *	others		-			-
 *
 * A range with holes: what is mapped is done, and -ENOMEM returned at the end.
 *
 * Lock: mmap_sem, for reading: areas stay as they are. Faults may come between
 * and bring back what went.
 */
#include <kernel/sched/task.h>
#include <mm/page/page_alloc.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

static bool is_cached(struct address_space *mapping, u32 index)
{
	struct page *page = find_get_page(mapping, index);
	bool good = page && PageUptodate(page);

	if (page)
		put_page(page);
	return good;
}

/* --- WILLNEED --- */

/* False: there is no memory. */
static bool begin_reading(struct address_space *mapping, u32 index)
{
	struct page *page = find_get_page(mapping, index);

	/* be it there or on its way */
	if (page) {
		put_page(page);
		return true;
	}
	page = find_or_create_page(mapping, index);
	if (!page)
		return false;
	if (PageUptodate(page))
		unlock_page(page);
	else
		mapping->a_ops->readpage(mapping, page);
	put_page(page);
	return true;
}

/* Advice takes half of what is free, at most. */
static int will_need(struct vm_area_struct *vma, u32 start, u32 end)
{
	u32 left = nr_unused_pages() / 2, index;
	u64 size;

	if (!vma->vm_mapping)
		return 0;
	size = vma->vm_ops->size(vma);
	index = vma->vm_pgoff + ((start - vma->vm_start) >> PAGE_SHIFT);
	for (; start < end && left; start += PAGE_SIZE, index++, left--) {
		if ((u64)index << PAGE_SHIFT >= size ||
		    !begin_reading(vma->vm_mapping, index))
			break;
		cond_resched();
	}
	return 0;
}

/* --- DONTNEED --- */

static int dont_need(struct vm_area_struct *vma, u32 start, u32 end)
{
	if (vma->vm_flags & (VM_LOCKED | VM_IO))
		return -EINVAL;
	zap_entries(vma, start, end, true);
	return 0;
}

/* --- the call --- */

static int advise_area(struct vm_area_struct *vma, u32 start, u32 end,
		       u32 advice)
{
	switch (advice) {
	case MADV_WILLNEED:
		return will_need(vma, start, end);
	case MADV_DONTNEED:
		return dont_need(vma, start, end);
	default:
		return 0;
	}
}

static int advise_range(struct mm_struct *mm, u32 start, u32 end, u32 advice)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	int err = 0, holes = 0;

	for (; start < end && !err; vma = vma->vm_next) {
		u32 upto;

		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (vma->vm_start > start) {
			holes = -ENOMEM;
			start = vma->vm_start;
		}
		upto = min(end, vma->vm_end);
		err = advise_area(vma, start, upto, advice);
		start = upto;
	}
	return err ? err : holes;
}

int do_madvise(struct mm_struct *mm, u32 addr, u32 len, u32 advice)
{
	u32 end = addr + PAGE_ALIGN(len);
	int err;

	if (addr & (PAGE_SIZE - 1) || advice > MADV_DONTNEED || end < addr ||
	    (len && !PAGE_ALIGN(len)))
		return -EINVAL;
	if (end == addr)
		return 0;
	down_read(&mm->mmap_sem);
	err = advise_range(mm, addr, end, advice);
	up_read(&mm->mmap_sem);
	return err;
}

/* --- what is there --- */

static bool is_there(struct vm_area_struct *vma, u32 address)
{
	const struct pgtable *pt = &vma->vm_mm->pgd;
	u32 *entry = pt_find(pt, address);
	pteval_t value = entry ? pt_read(pt, entry) : 0;

	if (value || !vma->vm_mapping)
		return pte_shows_page(value);
	return is_cached(vma->vm_mapping,
			 vma->vm_pgoff +
			 ((address - vma->vm_start) >> PAGE_SHIFT));
}

u32 mincore_pages(struct mm_struct *mm, u32 addr, u32 n, u8 *there)
{
	struct vm_area_struct *vma = find_vma(mm, addr);
	u32 i;

	if (!vma || vma->vm_start > addr)
		return 0;
	n = min(n, (vma->vm_end - addr) >> PAGE_SHIFT);
	for (i = 0; i < n; i++)
		there[i] = is_there(vma, addr + (i << PAGE_SHIFT));
	return n;
}
