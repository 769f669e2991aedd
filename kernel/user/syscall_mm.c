/* Calls about memory: arguments are judged here, the work is mm/space's. */
#include <kernel/lib/errno.h>
#include <kernel/sched/task.h>
#include <kernel/user/syscall.h>
#include <mm/space/mm.h>
#include <mm/space/uaccess.h>

long sys_brk(struct pt_regs *regs)
{
	return (long)mm_brk(current->mm, regs->ebx);
}

long sys_munmap(struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	int err;

	down_write(&mm->mmap_sem);
	err = do_munmap(mm, regs->ebx, regs->ecx);
	up_write(&mm->mmap_sem);
	return err;
}

long sys_mprotect(struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	int err;

	down_write(&mm->mmap_sem);
	err = do_mprotect(mm, regs->ebx, regs->ecx, regs->edx);
	up_write(&mm->mmap_sem);
	return err;
}

/* One byte a page: bit 0, is it there. All of the range must be mapped. */
long sys_mincore(struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	u32 at = regs->ebx, end = at + PAGE_ALIGN(regs->ecx);
	u8 *to = (u8 *)regs->edx, there;
	struct vm_area_struct *vma;
	struct pt_walk walk;
	bool mapped;

	if (at & (PAGE_SIZE - 1))
		return -EINVAL;
	if (end < at || end > TASK_SIZE)
		return -ENOMEM;
	for (; at < end; at += PAGE_SIZE) {
		down_read(&mm->mmap_sem);
		vma = find_vma(mm, at);
		mapped = vma && vma->vm_start <= at;
		there = pt_walk(&mm->pgd, at, &walk) != 0;
		up_read(&mm->mmap_sem);
		if (!mapped)
			return -ENOMEM;
		/* it may fault, and takes the semaphore then */
		if (put_user(there, to))
			return -EFAULT;
		to++;
	}
	return 0;
}

long sys_mremap(struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	u32 result;

	down_write(&mm->mmap_sem);
	result = do_mremap(mm, regs->ebx, regs->ecx, regs->edx, regs->esi,
			   regs->edi);
	up_write(&mm->mmap_sem);
	return (long)result;
}
