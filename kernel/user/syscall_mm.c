/* Calls about memory: arguments are judged here, the work is mm/space's. */
#include <kernel/lib/errno.h>
#include <kernel/sched/task.h>
#include <kernel/user/syscall.h>
#include <mm/space/mm.h>
#include <mm/space/uaccess.h>

/* What was mapped locked comes in at once; what cannot comes, or fails, with
 * the touch. */
static void bring_locked(struct mm_struct *mm, u32 addr, u32 len)
{
	if (unlikely(mm->locked_vm))
		mm_populate(mm, addr & PAGE_MASK, PAGE_ALIGN(len));
}

long sys_brk(struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	u32 old = mm->brk, new = mm_brk(mm, regs->ebx);

	if (new > old)
		bring_locked(mm, PAGE_ALIGN(old),
			     PAGE_ALIGN(new) - PAGE_ALIGN(old));
	return (long)new;
}

/* The last argument counts pages. Files there are none: only memory. */
long sys_mmap2(struct pt_regs *regs)
{
	struct mm_struct *mm = current->mm;
	u32 result;

	if (!(regs->esi & MAP_ANONYMOUS))
		return -EBADF;
	down_write(&mm->mmap_sem);
	result = do_mmap(mm, NULL, regs->ebx, regs->ecx, regs->edx, regs->esi,
			 regs->ebp);
	up_write(&mm->mmap_sem);
	if (!IS_ERR_VALUE(result))
		bring_locked(mm, result, regs->ecx);
	return (long)result;
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
	u32 at = regs->ebx, left, n;
	u8 *to = (u8 *)regs->edx, there[64];

	if (at & (PAGE_SIZE - 1))
		return -EINVAL;
	if (at > TASK_SIZE || regs->ecx > TASK_SIZE - at)
		return -ENOMEM;
	left = PAGE_ALIGN(regs->ecx) >> PAGE_SHIFT;
	if (!access_ok(to, left))
		return -EFAULT;
	for (; left; left -= n, at += n << PAGE_SHIFT, to += n) {
		down_read(&mm->mmap_sem);
		n = mincore_pages(mm, at, min(left, sizeof(there)), there);
		up_read(&mm->mmap_sem);
		if (!n)
			return -ENOMEM;
		/* it may fault, and takes the semaphore then */
		if (copy_to_user(to, there, n))
			return -EFAULT;
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
	if (!IS_ERR_VALUE(result))
		bring_locked(mm, result, regs->edx);
	return (long)result;
}

long sys_madvise(struct pt_regs *regs)
{
	return do_madvise(current->mm, regs->ebx, regs->ecx, regs->edx);
}

long sys_msync(struct pt_regs *regs)
{
	return do_msync(current->mm, regs->ebx, regs->ecx, regs->edx);
}

long sys_mlock(struct pt_regs *regs)
{
	return do_mlock(current->mm, regs->ebx, regs->ecx, true);
}

long sys_munlock(struct pt_regs *regs)
{
	return do_mlock(current->mm, regs->ebx, regs->ecx, false);
}

long sys_mlockall(struct pt_regs *regs)
{
	return do_mlockall(current->mm, regs->ebx);
}

long sys_munlockall(struct pt_regs *regs)
{
	return do_munlockall(current->mm);
}
