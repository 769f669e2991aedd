/*
 * What a program says of its memory, and msync().
 *
 *	advice		what it does
 *	NORMAL, RANDOM,
 *	SEQUENTIAL	nothing
 *	WILLNEED	nothing: private memory comes with the touch
 *	DONTNEED	private pages go at once, the next touch finds zeros, or
 *			what the file has; locked memory refuses (-EINVAL)
 *	DONTFORK	no child gets the area (VM_DONTCOPY)
 *	DOFORK		children get it again
 *
 * Holes do not stop it: what is mapped is done, and the answer is -ENOMEM. So
 * it is with msync(), which has nothing to write for private memory.
 *
 * Lock: mmap_sem, for writing.
 */
#include <mm/space/internal.h>

/* The area that goes on at start, and end of the part, at most `end`. */
static struct vm_area_struct *advise_part(struct vm_area_struct *vma, u32 start,
					  u32 end, u32 advice, int *err)
{
	u32 flags = vma->vm_flags;

	switch (advice) {
	case MADV_DONTNEED:
		if (flags & (VM_LOCKED | VM_IO))
			*err = -EINVAL;
		else
			zap_page_range(vma, start, end);
		return vma;
	case MADV_DONTFORK:
		return set_area_flags(vma, start, end, flags | VM_DONTCOPY);
	case MADV_DOFORK:
		if (!(flags & VM_IO))
			return set_area_flags(vma, start, end,
					      flags & ~VM_DONTCOPY);
		*err = -EINVAL;
	}
	return vma;
}

static int advise_range(struct mm_struct *mm, u32 start, u32 end, u32 advice)
{
	struct vm_area_struct *vma = find_vma(mm, start);
	int err = 0, holes = 0;
	u32 upto;

	while (start < end && !err) {
		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (vma->vm_start > start) {
			holes = -ENOMEM;
			start = vma->vm_start;
		}
		upto = min(end, vma->vm_end);
		vma = advise_part(vma, start, upto, advice, &err);
		if (!vma)
			return -ENOMEM;
		start = upto;
		if (vma->vm_end <= start)
			vma = vma->vm_next;
	}
	return err ? err : holes;
}

static bool is_advice(u32 advice)
{
	return advice <= MADV_DONTNEED || advice == MADV_DONTFORK ||
	       advice == MADV_DOFORK;
}

int do_madvise(struct mm_struct *mm, u32 addr, u32 len, u32 advice)
{
	u32 size = PAGE_ALIGN(len);
	int err;

	if (!is_advice(advice) || addr & (PAGE_SIZE - 1) ||
	    (len && !size) || addr + size < addr)
		return -EINVAL;
	down_write(&mm->mmap_sem);
	err = advise_range(mm, addr, addr + size, advice);
	up_write(&mm->mmap_sem);
	return err;
}

int do_msync(struct mm_struct *mm, u32 addr, u32 len, u32 flags)
{
	u32 end = addr + PAGE_ALIGN(len);
	const struct vm_area_struct *vma;
	int err = 0;

	if (flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    addr & (PAGE_SIZE - 1) || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (end < addr)
		return -ENOMEM;
	down_read(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	for (; addr < end && err != -EBUSY; vma = vma->vm_next) {
		if (!vma || vma->vm_start > addr)
			err = -ENOMEM;
		if (!vma)
			break;
		if (flags & MS_INVALIDATE && vma->vm_start < end &&
		    vma->vm_flags & VM_LOCKED)
			err = -EBUSY;
		addr = vma->vm_end;
	}
	up_read(&mm->mmap_sem);
	return err;
}
