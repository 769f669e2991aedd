/* Calls about memory: arguments are judged here, the work is mm/space's. */
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/sched/task.h>
#include <kernel/user/process.h>
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

static int no_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	(void)vma;
	return -ENODEV;
}

static u32 may_of(const struct file *file)
{
	switch (file->f_flags & O_ACCMODE) {
	case O_RDONLY:
		return VM_MAYREAD | VM_MAYEXEC;
	case O_RDWR:
		return VM_MAYREAD | VM_MAYEXEC | VM_MAYWRITE;
	}
	return VM_MAYWRITE;
}

/* arg: address, length, protection, flags, descriptor; then pages. */
static long map_something(const u32 *arg, u32 pgoff)
{
	struct mm_struct *mm = current->mm;
	struct mmap_file what = { 0 };
	u32 result;

	if (!(arg[3] & MAP_ANONYMOUS)) {
		what.file = fget(current->process->files, arg[4]);
		if (!what.file)
			return -EBADF;
		what.may = may_of(what.file);
		what.mmap = what.file->f_op->mmap;
		if (!what.mmap)
			what.mmap = no_mmap;
	}
	down_write(&mm->mmap_sem);
	result = do_mmap(mm, what.file ? &what : NULL, arg[0], arg[1], arg[2],
			 arg[3], pgoff);
	up_write(&mm->mmap_sem);
	/* the area has a user of its own */
	if (what.file)
		fput(what.file);
	if (!IS_ERR_VALUE(result))
		bring_locked(mm, result, arg[1]);
	return (long)result;
}

/* The old one: all six arguments in memory, the offset in bytes. */
long sys_mmap(struct pt_regs *regs)
{
	u32 arg[6];

	if (copy_from_user(arg, (const void *)regs->ebx, sizeof(arg)))
		return -EFAULT;
	if (arg[5] & (PAGE_SIZE - 1))
		return -EINVAL;
	return map_something(arg, arg[5] >> PAGE_SHIFT);
}

long sys_mmap2(struct pt_regs *regs)
{
	const u32 arg[] = {
		regs->ebx, regs->ecx, regs->edx, regs->esi, regs->edi,
	};

	return map_something(arg, regs->ebp);
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
