/*
 * Other rights for what is mapped.
 *
 * Area by area: what is inside of the range is split off, gets other flags and
 * its entries another protection, and is joined with neighbours that are alike
 * then. A private area that may be written from now on is a promise
 * (overcommit.c); once made it stays, as its pages may have been written.
 *
 * Lock: mmap_sem, for writing.
 */
#include <mm/space/internal.h>

static bool becomes_promise(u32 old, u32 new)
{
	return new & VM_WRITE && !(old & (VM_ACCOUNT | VM_WRITE | VM_SHARED));
}

/* [start, end) is inside of the area. *next: the area it is part of then. */
static int protect_part(struct vm_area_struct *vma, u32 start, u32 end,
			u32 flags, struct vm_area_struct **next)
{
	u32 old = vma->vm_flags, pages = (end - start) >> PAGE_SHIFT;
	bool promise = becomes_promise(old, flags);

	*next = vma;
	if (flags == old)
		return 0;
	if (promise) {
		if (vm_enough_memory(vma->vm_mm, pages))
			return -ENOMEM;
		flags |= VM_ACCOUNT;
	}
	vma = cut_out(vma, start, end);
	if (!vma) {
		if (promise)
			vm_unacct_memory(pages);
		return -ENOMEM;
	}
	count_vm(vma->vm_mm, old, vma->vm_ops, -(s32)pages);
	count_vm(vma->vm_mm, flags, vma->vm_ops, (s32)pages);
	vma->vm_flags = flags;
	vma->vm_page_prot = vm_get_page_prot(flags);
	change_protection(vma, start, end);
	*next = join_neighbours(vma);
	return 0;
}

static int protect_range(struct vm_area_struct *vma, u32 start, u32 end,
			 u32 rights)
{
	int err;

	for (;;) {
		u32 flags = (vma->vm_flags & ~VM_ACCESS) | rights;
		u32 upto = min(end, vma->vm_end);

		/* VM_MAY* are the same bits, four higher */
		if (rights & ~(vma->vm_flags >> 4))
			return -EACCES;
		err = protect_part(vma, start, upto, flags, &vma);
		if (err || upto == end)
			return err;
		start = upto;
		if (vma->vm_end <= start)
			vma = vma->vm_next;
		if (!vma || vma->vm_start > start)
			return -ENOMEM;
	}
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
	vma = find_vma(mm, addr);
	if (!vma)
		return -ENOMEM;
	if (prot & PROT_GROWSDOWN) {
		/* the rest of the stack, too */
		if (vma->vm_start >= end || !(vma->vm_flags & VM_GROWSDOWN))
			return -EINVAL;
		addr = vma->vm_start;
	}
	if (vma->vm_start > addr)
		return -ENOMEM;
	return protect_range(vma, addr, end, prot & VM_ACCESS);
}
