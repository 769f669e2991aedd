/*
 * Other rights for what is mapped.
 *
 * Area by area: what is inside of the range is split off, gets other flags, is
 * joined with neighbours that are alike then, and its entries get another
 * protection. A private area that may be written from now on is a promise
 * (overcommit.c); once made it stays, as its pages may have been written.
 *
 * Lock: mmap_sem, for writing.
 */
#include <mm/space/internal.h>

static bool becomes_promise(u32 old, u32 new)
{
	return new & VM_WRITE && !(old & (VM_ACCOUNT | VM_WRITE | VM_SHARED));
}

static int protect_part(struct vm_area_struct *vma, u32 start, u32 end,
			u32 rights)
{
	u32 old = vma->vm_flags, pages = (end - start) >> PAGE_SHIFT;
	u32 flags = (old & ~VM_ACCESS) | rights;
	bool promise = becomes_promise(old, flags);

	/* VM_MAY* are the same bits, four higher */
	if (rights & ~(old >> 4))
		return -EACCES;
	if (flags == old)
		return 0;
	if (promise) {
		if (vm_enough_memory(vma->vm_mm, pages))
			return -ENOMEM;
		flags |= VM_ACCOUNT;
	}
	vma = set_area_flags(vma, start, end, flags);
	if (!vma) {
		if (promise)
			vm_unacct_memory(pages);
		return -ENOMEM;
	}
	change_protection(vma, start, end);
	return 0;
}

int do_mprotect(struct mm_struct *mm, u32 addr, u32 len, u32 prot)
{
	struct vm_area_struct *vma;
	u32 end;

	if (addr & (PAGE_SIZE - 1) ||
	    prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN))
		return -EINVAL;
	if (!len)
		return 0;
	len = PAGE_ALIGN(len);
	if (!len || len > TASK_SIZE || addr > TASK_SIZE - len)
		return -ENOMEM;
	end = addr + len;
	if (prot & PROT_GROWSDOWN) {
		/* the rest of the stack, too */
		vma = find_vma(mm, addr);
		if (!vma)
			return -ENOMEM;
		if (vma->vm_start >= end || !(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		addr = vma->vm_start;
	}
	return for_each_part(mm, addr, end, false, protect_part,
			     prot & VM_ACCESS);
}
