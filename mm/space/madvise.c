/*
 * What a program says of its memory, and what of it is there.
 *
 *	advice		what it does
 *	NORMAL, RANDOM,
 *	SEQUENTIAL	nothing
 *	WILLNEED	pages of a file begin to be read, none is waited for;
 *			private memory comes with the touch
 *	DONTNEED	private pages go at once, the next touch finds zeros, or
 *			what the file has; locked memory refuses (-EINVAL)
 *	DONTFORK	no child gets the area (VM_DONTCOPY)
 *	DOFORK		children get it again
 *
 * Holes do not stop it: what is mapped is done, and the answer is -ENOMEM.
 *
 * Lock: mmap_sem; for writing where areas change.
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
static void will_need(struct vm_area_struct *vma, u32 start, u32 end)
{
	u32 left = nr_unused_pages() / 2, index;
	u64 size;

	if (!vma->vm_mapping)
		return;
	size = vma->vm_ops->size(vma);
	index = vma_pgoff(vma, start);
	for (; start < end && left; start += PAGE_SIZE, index++, left--) {
		if ((u64)index << PAGE_SHIFT >= size ||
		    !begin_reading(vma->vm_mapping, index))
			break;
		cond_resched();
	}
}

/* --- the call --- */

static int advise_part(struct vm_area_struct *vma, u32 start, u32 end,
		       u32 advice)
{
	u32 flags = vma->vm_flags;

	switch (advice) {
	case MADV_DONTNEED:
		if (flags & (VM_LOCKED | VM_IO))
			return -EINVAL;
		zap_entries(vma, start, end, true);
		return 0;
	case MADV_WILLNEED:
		will_need(vma, start, end);
		return 0;
	case MADV_DONTFORK:
		flags |= VM_DONTCOPY;
		break;
	case MADV_DOFORK:
		if (flags & VM_IO)
			return -EINVAL;
		flags &= ~VM_DONTCOPY;
	}
	return set_area_flags(vma, start, end, flags) ? 0 : -ENOMEM;
}

static bool is_advice(u32 advice)
{
	return advice <= MADV_DONTNEED || advice == MADV_DONTFORK ||
	       advice == MADV_DOFORK;
}

int do_madvise(struct mm_struct *mm, u32 addr, u32 len, u32 advice)
{
	u32 size = PAGE_ALIGN(len);
	bool changes = advice == MADV_DONTFORK || advice == MADV_DOFORK;
	int err;

	if (!is_advice(advice) || addr & (PAGE_SIZE - 1) ||
	    (len && !size) || addr + size < addr)
		return -EINVAL;
	if (changes)
		down_write(&mm->mmap_sem);
	else
		down_read(&mm->mmap_sem);
	err = for_each_part(mm, addr, addr + size, true, advise_part, advice);
	if (changes)
		up_write(&mm->mmap_sem);
	else
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
	return is_cached(vma->vm_mapping, vma_pgoff(vma, address));
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
