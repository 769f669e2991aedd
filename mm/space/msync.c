/*
 * What was written through areas becomes the file's. ULK3 section 16.2.5.
 *
 * 1. The CPU notes a write in the entry. msync() collects these bits: each is
 *    cleared and the page made dirty, then the TLB is flushed, so that the next
 *    write is noted again. The flush comes before page_table_lock is let go.
 *
 * 2. MS_SYNC then writes out the dirty pages of the range, and waits for those
 *    that are on their way. What has no writepage stays dirty.
 *
 * 3. An error of writing is told once (mapping_take_error()).
 *
 * Lock: mmap_sem, for reading, also while pages are written.
 */
#include <kernel/sched/task.h>
#include <mm/cache/writeback.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

/* --- dirty bits --- */

static void collect_some(struct vm_area_struct *vma, u32 start, u32 end)
{
	struct pgtable *pt = &vma->vm_mm->pgd;
	u32 *entry = pt_find(pt, start), at;
	bool stale = false;

	if (!entry)
		return;
	spin_lock(&pt->lock);
	for (at = start; at < end; at += PAGE_SIZE) {
		pteval_t value = pt_read(pt, entry);

		if (pte_shows_page(value) && value & _PAGE_DIRTY &&
		    pte_is_counted(value) && !PageAnon(pte_page(value))) {
			pt_clear_bits(entry, (u32)_PAGE_DIRTY);
			vma->vm_ops->dirtied(vma, pte_page(value));
			stale = true;
		}
		entry = pt_next(pt, entry);
	}
	if (stale)
		flush_mm_range(vma->vm_mm, start, end);
	spin_unlock(&pt->lock);
}

static void collect_dirty(struct vm_area_struct *vma, u32 start, u32 end)
{
	while (start < end) {
		u32 upto = end_of_table(&vma->vm_mm->pgd, start, end);

		collect_some(vma, start, upto);
		start = upto;
		cond_resched();
	}
}

/* --- the call --- */

static int sync_area(struct vm_area_struct *vma, u32 start, u32 end, u32 flags)
{
	struct address_space *mapping = vma->vm_mapping;
	u64 first = (u64)vma->vm_pgoff +
		    ((start - vma->vm_start) >> PAGE_SHIFT);

	if (flags & MS_INVALIDATE && vma->vm_flags & VM_LOCKED)
		return -EBUSY;
	if (!mapping || !(vma->vm_flags & VM_SHARED) || !vma->vm_ops->dirtied)
		return 0;
	collect_dirty(vma, start, end);
	if (!(flags & MS_SYNC) || !mapping->a_ops->writepage)
		return 0;
	return filemap_write_and_wait_range(mapping, first, first +
					    ((end - start) >> PAGE_SHIFT));
}

static int sync_range(struct mm_struct *mm, u32 start, u32 end, u32 flags)
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
		err = sync_area(vma, start, upto, flags);
		start = upto;
	}
	return err ? err : holes;
}

int do_msync(struct mm_struct *mm, u32 addr, u32 len, u32 flags)
{
	u32 end = addr + PAGE_ALIGN(len);
	int err;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    addr & (PAGE_SIZE - 1) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	if (end < addr || (len && !PAGE_ALIGN(len)))
		return -ENOMEM;
	if (end == addr)
		return 0;
	down_read(&mm->mmap_sem);
	err = sync_range(mm, addr, end, flags);
	up_read(&mm->mmap_sem);
	return err;
}
