/*
 * Memory that stays.
 *
 * 1. mlock() brings every page of a range in, and marks its areas VM_LOCKED:
 *    whoever takes pages away leaves theirs. Pages are brought in as they will
 *    be needed: written where the area may be written, so that a shared page is
 *    copied and the zero page replaced now and not later.
 *
 * 2. What is mapped after mlockall(MCL_FUTURE) begins locked (mm->def_flags).
 *    A child inherits neither; nor does what execve() makes.
 *
 * 3. locked_vm counts the pages of such areas (count_vm()), and RLIMIT_MEMLOCK
 *    bounds it. A stack that grows counts, too.
 *
 * 4. Areas are marked under mmap_sem for writing. Their pages come after that,
 *    under mmap_sem for reading, as a fault would bring them: another thread
 *    may unmap them meanwhile, and then what is left is brought in.
 */
#include <mm/space/fault.h>
#include <mm/space/internal.h>

/* It gets VM_LOCKED, or loses it. */
static int mark_part(struct vm_area_struct *vma, u32 start, u32 end, u32 lock)
{
	u32 flags = vma->vm_flags & ~VM_LOCKED;

	/* a window on a device is there anyway */
	if (lock && !(flags & VM_IO))
		flags |= VM_LOCKED;
	return set_area_flags(vma, start, end, flags) ? 0 : -ENOMEM;
}

/* --- bringing pages in --- */

static bool is_there(struct mm_struct *mm, u32 addr, bool write)
{
	struct pt_walk walk;

	return pt_walk(&mm->pgd, addr, &walk) && (walk.writable || !write);
}

static int bring_in(struct mm_struct *mm, struct vm_area_struct *vma, u32 addr)
{
	bool write = (vma->vm_flags & (VM_WRITE | VM_SHARED)) == VM_WRITE;
	enum fault_result result = FAULT_MINOR;

	if (!(vma->vm_flags & VM_ACCESS))
		return -ENOMEM;
	if (!is_there(mm, addr, write))
		result = handle_mm_fault(mm, vma, addr, write ? PF_WRITE : 0);
	if (fault_is_good(result))
		return 0;
	return result == FAULT_OOM ? -EAGAIN : -ENOMEM;
}

int mm_populate(struct mm_struct *mm, u32 addr, u32 len)
{
	u32 end = addr + len;
	struct vm_area_struct *vma;
	int err = 0;

	while (addr < end && !err) {
		down_read(&mm->mmap_sem);
		vma = find_vma(mm, addr);
		if (!vma || vma->vm_start > addr) {
			err = -ENOMEM;
		} else if (vma->vm_flags & VM_LOCKED) {
			err = bring_in(mm, vma, addr);
			addr += PAGE_SIZE;
		} else {
			addr = vma->vm_end;
		}
		up_read(&mm->mmap_sem);
		cond_resched();
	}
	return err;
}

/* --- the calls --- */

int do_mlock(struct mm_struct *mm, u32 addr, u32 len, bool lock)
{
	u32 start = addr & PAGE_MASK, end;
	int err;

	/* so long that its last page would begin anew at 0 */
	if (len > TASK_SIZE)
		return -ENOMEM;
	len = PAGE_ALIGN(len + (addr & (PAGE_SIZE - 1)));
	end = start + len;
	if (end < start)
		return -EINVAL;
	if (!len)
		return 0;
	if (lock && !mm->limit.memlock)
		return -EPERM;
	down_write(&mm->mmap_sem);
	if (lock && !may_lock(mm, mm->locked_vm + (len >> PAGE_SHIFT)))
		err = -ENOMEM;
	else
		err = for_each_part(mm, start, end, false, mark_part, lock);
	up_write(&mm->mmap_sem);
	return err || !lock ? err : mm_populate(mm, start, len);
}

/* All areas that there are; memory that is short leaves some as they were. */
static int mark_all(struct mm_struct *mm, bool lock)
{
	struct vm_area_struct *vma = mm->mmap;
	int err = 0;

	while (vma && !err) {
		/* the area may become a part of another, and go */
		u32 end = vma->vm_end;

		err = mark_part(vma, vma->vm_start, end, lock);
		vma = find_vma(mm, end);
	}
	return err;
}

/* Errors of single pages are nobody's: some can never be had (PROT_NONE). */
static void populate_all(struct mm_struct *mm)
{
	const struct vm_area_struct *vma;
	u32 start = 0, end = 0;

	for (;;) {
		down_read(&mm->mmap_sem);
		vma = find_vma(mm, end);
		if (vma) {
			start = vma->vm_start;
			end = vma->vm_end;
		}
		up_read(&mm->mmap_sem);
		if (!vma)
			return;
		mm_populate(mm, start, end - start);
	}
}

int do_mlockall(struct mm_struct *mm, u32 flags)
{
	int err = 0;

	if (!flags || flags & ~(MCL_CURRENT | MCL_FUTURE))
		return -EINVAL;
	if (!mm->limit.memlock)
		return -EPERM;
	down_write(&mm->mmap_sem);
	if (!may_lock(mm, flags & MCL_CURRENT ? mm->total_vm : 0))
		err = -ENOMEM;
	if (!err) {
		mm->def_flags = flags & MCL_FUTURE ? VM_LOCKED : 0;
		if (flags & MCL_CURRENT)
			err = mark_all(mm, true);
	}
	up_write(&mm->mmap_sem);
	if (!err && flags & MCL_CURRENT)
		populate_all(mm);
	return err;
}

int do_munlockall(struct mm_struct *mm)
{
	int err;

	down_write(&mm->mmap_sem);
	mm->def_flags = 0;
	err = mark_all(mm, false);
	up_write(&mm->mmap_sem);
	return err;
}
