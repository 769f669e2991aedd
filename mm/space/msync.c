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
		struct page *page = pte_file_page(value);

		if (page && value & _PAGE_DIRTY) {
			pt_clear_bits(entry, (u32)_PAGE_DIRTY);
			vma->vm_ops->dirtied(vma, page);
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

static int sync_part(struct vm_area_struct *vma, u32 start, u32 end, u32 flags)
{
	struct address_space *mapping = vma->vm_mapping;
	u64 first = vma_pgoff(vma, start);

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
	err = for_each_part(mm, addr, end, true, sync_part, flags);
	up_read(&mm->mmap_sem);
	return err;
}
