/*
 * Mapping and unmapping. ULK3 sections 9.3.4 and 9.3.5.
 *
 * 1. do_mmap() only makes an area: what it shows comes with the first touch
 *    (memory.c). In order: is the request sound, where does it go, may it be
 *    so, is there room (limits, promises); then whatever stands in its place is
 *    unmapped, and the area is made, or a neighbour grows.
 *
 * 2. Where: with MAP_FIXED there and nowhere else. A hint is taken if it is
 *    free. Else the lowest free range from TASK_UNMAPPED_BASE up.
 *
 * 3. Which flags go together:
 *
 *	shows		MAP_PRIVATE		MAP_SHARED
 *	nothing		zeroed memory		memory of its own (shmem.c)
 *	a file		needs to be readable	and writable for PROT_WRITE
 *
 *    VM_MAY* remember what mprotect() may allow later: of a file what it was
 *    opened for; a private mapping may always be written.
 *
 * 4. do_munmap() splits the areas at both ends, takes all in between off the
 *    list, and gives their pages back in one go. The splits come first: when
 *    they fail nothing has changed but that areas are cut in two, which the
 *    next join mends.
 *
 * 5. The end of the heap, brk, moves like a mapping of the pages in between.
 *
 * Lock: mmap_sem, for writing.
 */
#include <kernel/lib/bug.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

/* A mapping that is asked for. */
struct request {
	struct mm_struct *mm;
	const struct mmap_file *what;
	u32 addr, len, flags, pgoff;
	u32 vm_flags;
};

/* --- unmapping --- */

/* The areas from first up to end go off the list: the last of them. They keep
 * their links to each other. */
static void detach(struct mm_struct *mm, struct vm_area_struct *first, u32 end,
		   s32 *accounted)
{
	struct vm_area_struct *vma = first, *next;

	for (; vma && vma->vm_start < end; vma = next) {
		next = vma->vm_next;
		unlink_vma(mm, vma);
		count_vm(mm, vma->vm_flags, vma->vm_ops, -(s32)vma_pages(vma));
		if (vma->vm_flags & VM_ACCOUNT)
			*accounted += (s32)vma_pages(vma);
		/* for who walks over what was taken off */
		vma->vm_next = next && next->vm_start < end ? next : NULL;
	}
}

static void drop_list(struct vm_area_struct *vma)
{
	struct vm_area_struct *next;

	for (; vma; vma = next) {
		next = vma->vm_next;
		drop_vma(vma);
	}
}

/* Whole areas. */
static void unmap_whole(struct mm_struct *mm, struct vm_area_struct *first,
			u32 end)
{
	struct vm_area_struct *prev = first->vm_prev, *above;
	s32 accounted = 0;

	detach(mm, first, end, &accounted);
	above = prev ? prev->vm_next : mm->mmap;
	unmap_areas(mm, first, prev ? prev->vm_end : 0,
		    above ? above->vm_start : TASK_SIZE);
	vm_unacct_memory((u32)accounted);
	drop_list(first);
}

static bool is_user_range(u32 addr, u32 len)
{
	return len <= TASK_SIZE && addr <= TASK_SIZE - len;
}

int do_munmap(struct mm_struct *mm, u32 addr, u32 len)
{
	struct vm_area_struct *vma, *last;
	u32 end;
	int err;

	if (addr & (PAGE_SIZE - 1) || !len || !is_user_range(addr, len))
		return -EINVAL;
	end = addr + PAGE_ALIGN(len);
	vma = find_vma_intersection(mm, addr, end);
	if (!vma)
		return 0;
	/* a hole in the middle of one area makes one area more, not two */
	if (vma->vm_start < addr) {
		err = split_vma(vma, addr);
		if (err)
			return err;
		vma = vma->vm_next;
	}
	/* no longer a walk than that of unmap_whole() */
	for (last = vma; last && last->vm_end <= end; )
		last = last->vm_next;
	if (last && last->vm_start < end) {
		err = split_vma(last, end);
		if (err) {
			join_neighbours(vma);
			return err;
		}
	}
	unmap_whole(mm, vma, end);
	return 0;
}

/* Nobody looks for areas any more: the tree is left as it is, and forgotten. */
void exit_mmap(struct mm_struct *mm)
{
	struct vm_area_struct *first = mm->mmap, *vma;
	u32 accounted = 0;

	for (vma = first; vma; vma = vma->vm_next)
		if (vma->vm_flags & VM_ACCOUNT)
			accounted += vma_pages(vma);
	mm->mmap = mm->highest = mm->mmap_cache = NULL;
	mm->mm_rb.node = NULL;
	mm->map_count = 0;
	mm->total_vm = mm->locked_vm = mm->stack_vm = 0;
	mm->shared_vm = mm->exec_vm = 0;
	unmap_areas(mm, first, 0, TASK_SIZE);
	vm_unacct_memory(accounted);
	drop_list(first);
}

/* --- where --- */

/* What the hint gives, or a place that is free. */
static u32 choose_place(const struct request *r)
{
	struct vm_area_struct *vma;
	u32 addr = PAGE_ALIGN(r->addr);

	if (r->flags & MAP_FIXED) {
		if (r->addr & (PAGE_SIZE - 1))
			return (u32)-EINVAL;
		if (!is_user_range(r->addr, r->len))
			return (u32)-ENOMEM;
		return r->addr < MMAP_MIN_ADDR ? (u32)-EPERM : r->addr;
	}
	if (addr >= MMAP_MIN_ADDR && addr >= r->addr &&
	    is_user_range(addr, r->len)) {
		vma = find_vma(r->mm, addr);
		if (!vma || addr + r->len <= vma->vm_start)
			return addr;
	}
	return find_free_range(r->mm, r->len, TASK_UNMAPPED_BASE);
}

/* --- may it be --- */

/* The low three bits of PROT_ and of VM_ are the same. */
static u32 flags_of(const struct request *r, u32 prot)
{
	u32 flags = (prot & VM_ACCESS) | VM_MAYREAD | VM_MAYWRITE |
		    VM_MAYEXEC | r->mm->def_flags;

	if (r->flags & MAP_GROWSDOWN)
		flags |= VM_GROWSDOWN;
	if (r->flags & MAP_LOCKED)
		flags |= VM_LOCKED;
	if ((r->flags & MAP_TYPE) == MAP_SHARED)
		flags |= VM_SHARED | VM_MAYSHARE;
	return flags;
}

static int check_kind(struct request *r)
{
	u32 type = r->flags & MAP_TYPE;

	if (type != MAP_SHARED && type != MAP_PRIVATE)
		return -EINVAL;
	if (!r->what)
		return type == MAP_SHARED && r->flags & MAP_GROWSDOWN ?
		       -EINVAL : 0;
	if (r->flags & MAP_GROWSDOWN)
		return -EINVAL;
	if (!(r->what->may & VM_MAYREAD))
		return -EACCES;
	if (!(r->what->may & VM_MAYEXEC)) {
		if (r->vm_flags & VM_EXEC)
			return -EPERM;
		r->vm_flags &= ~VM_MAYEXEC;
	}
	if (type == MAP_PRIVATE || r->what->may & VM_MAYWRITE)
		return 0;
	if (r->vm_flags & VM_WRITE)
		return -EACCES;
	/* nobody will ever write it: as if it were private, but for fork */
	r->vm_flags &= ~(VM_MAYWRITE | VM_SHARED);
	return 0;
}

/* Pages that are mapped in the range. */
static u32 pages_mapped(struct mm_struct *mm, u32 start, u32 end)
{
	struct vm_area_struct *vma = find_vma_intersection(mm, start, end);
	u32 n = 0;

	for (; vma && vma->vm_start < end; vma = vma->vm_next)
		n += (min(vma->vm_end, end) - max(vma->vm_start, start)) >>
		     PAGE_SHIFT;
	return n;
}

static int check_limits(const struct request *r)
{
	const struct mm_struct *mm = r->mm;
	u32 pages = r->len >> PAGE_SHIFT;
	u32 replaced = 0;

	/* a place that was looked for is free */
	if (r->flags & MAP_FIXED)
		replaced = pages_mapped(r->mm, r->addr, r->addr + r->len);
	if (mm->map_count >= sysctl_max_map_count)
		return -ENOMEM;
	if (r->vm_flags & VM_LOCKED && !may_lock(mm, mm->locked_vm + pages))
		return -EAGAIN;
	/* what is replaced does not count twice */
	return may_expand(mm, pages - replaced) ? 0 : -ENOMEM;
}

static bool is_promise(const struct request *r)
{
	if (r->flags & MAP_NORESERVE && overcommit.mode != OVERCOMMIT_NEVER)
		return false;
	return (r->vm_flags & (VM_SHARED | VM_WRITE)) == VM_WRITE;
}

/* --- making it --- */

static int show(const struct request *r, struct vm_area_struct *vma)
{
	if (r->what) {
		vma->vm_file = r->what->file;
		return r->what->mmap(r->what->file, vma);
	}
	return vma->vm_flags & VM_SHARED ? map_shared_memory(vma) : 0;
}

static int make_area(const struct request *r, struct vm_area_struct *prev)
{
	struct vm_area_struct *vma = alloc_vma();
	int err;

	if (!vma)
		return -ENOMEM;
	vma->vm_mm = r->mm;
	vma->vm_start = r->addr;
	vma->vm_end = r->addr + r->len;
	vma->vm_flags = r->vm_flags;
	vma->vm_page_prot = vm_get_page_prot(r->vm_flags);
	vma->vm_pgoff = r->pgoff;
	err = show(r, vma);
	if (err) {
		free_vma(vma);
		return err;
	}
	link_vma(r->mm, vma, prev);
	count_vm(r->mm, vma->vm_flags, vma->vm_ops, (s32)vma_pages(vma));
	join_neighbours(vma);
	return 0;
}

/* The place is free. */
static int map_memory(const struct request *r)
{
	struct vm_area_struct *prev;

	find_vma_prev(r->mm, r->addr, &prev);
	if (!r->what && !(r->vm_flags & VM_SHARED)) {
		if (extend_neighbour(r->mm, prev, r->addr, r->addr + r->len,
				     r->vm_flags)) {
			count_vm(r->mm, r->vm_flags, false,
				 (s32)(r->len >> PAGE_SHIFT));
			return 0;
		}
	}
	return make_area(r, prev);
}

/* r is sound, and has its place. */
static u32 carry_out(struct request *r)
{
	u32 pages = r->len >> PAGE_SHIFT;
	bool promise = is_promise(r);
	int err = 0;

	if (r->flags & MAP_FIXED)
		err = do_munmap(r->mm, r->addr, r->len);
	if (!err && promise)
		err = vm_enough_memory(r->mm, pages);
	if (err)
		return (u32)err;
	if (promise)
		r->vm_flags |= VM_ACCOUNT;
	err = map_memory(r);
	if (err && promise)
		vm_unacct_memory(pages);
	return err ? (u32)err : r->addr;
}

u32 do_mmap(struct mm_struct *mm, const struct mmap_file *what, u32 addr,
	    u32 len, u32 prot, u32 flags, u32 pgoff)
{
	struct request r = {
		.mm = mm, .what = flags & MAP_ANONYMOUS ? NULL : what,
		.addr = addr, .flags = flags, .pgoff = pgoff,
	};
	int err;

	if (!len || (!r.what && !(flags & MAP_ANONYMOUS)))
		return (u32)-EINVAL;
	r.len = PAGE_ALIGN(len);
	if (!r.len || r.len > TASK_SIZE)
		return (u32)-ENOMEM;
	if (r.what && pgoff + (r.len >> PAGE_SHIFT) < pgoff)
		return (u32)-EOVERFLOW;
	r.addr = choose_place(&r);
	if (IS_ERR_VALUE(r.addr))
		return r.addr;
	r.vm_flags = flags_of(&r, prot);
	if (!r.what)
		r.pgoff = r.vm_flags & VM_SHARED ? 0 : r.addr >> PAGE_SHIFT;
	err = check_kind(&r);
	if (!err)
		err = check_limits(&r);
	return err ? (u32)err : carry_out(&r);
}

/* --- the heap --- */

/* Zeroed memory at [addr, addr + len): addr, or an error. */
static u32 do_brk(struct mm_struct *mm, u32 addr, u32 len)
{
	struct request r = {
		.mm = mm, .addr = addr, .len = PAGE_ALIGN(len),
		.flags = MAP_PRIVATE | MAP_FIXED, .pgoff = addr >> PAGE_SHIFT,
		.vm_flags = VM_READ | VM_WRITE | VM_EXEC | VM_MAYREAD |
			    VM_MAYWRITE | VM_MAYEXEC | mm->def_flags,
	};
	int err;

	if (!r.len)
		return len ? (u32)-ENOMEM : addr;
	r.addr = choose_place(&r);
	if (IS_ERR_VALUE(r.addr))
		return r.addr;
	err = check_limits(&r);
	return err ? (u32)err : carry_out(&r);
}

static bool heap_grows(struct mm_struct *mm, u32 from, u32 to)
{
	/* a page between the heap and what comes above stays free */
	if (to > TASK_SIZE - PAGE_SIZE ||
	    find_vma_intersection(mm, from, to + PAGE_SIZE))
		return false;
	return do_brk(mm, from, to - from) == from;
}

u32 mm_brk(struct mm_struct *mm, u32 brk)
{
	u32 from, to;
	bool moves = false;

	down_write(&mm->mmap_sem);
	from = PAGE_ALIGN(mm->brk);
	to = PAGE_ALIGN(brk);
	if (brk >= mm->start_brk && brk < TASK_SIZE &&
	    (mm->limit.data == RLIM_INFINITY ||
	     brk - mm->start_data <= mm->limit.data)) {
		if (to == from)
			moves = true;
		else if (to < from)
			moves = !do_munmap(mm, to, from - to);
		else
			moves = heap_grows(mm, from, to);
	}
	if (moves)
		mm->brk = brk;
	brk = mm->brk;
	up_write(&mm->mmap_sem);
	return brk;
}

/* --- the stack --- */

/* The page_table_lock is held for the borders only: two faults that grow it at
 * once do so one after the other, as the second finds it grown. */
static int grow_down(struct vm_area_struct *vma, u32 start)
{
	struct mm_struct *mm = vma->vm_mm;
	u32 pages = (vma->vm_start - start) >> PAGE_SHIFT;
	u32 size = vma->vm_end - start;

	if (mm->limit.stack != RLIM_INFINITY && size > mm->limit.stack)
		return -ENOMEM;
	if (vma->vm_prev ? start < vma->vm_prev->vm_end + PAGE_SIZE :
			   start < MMAP_MIN_ADDR)
		return -ENOMEM;
	if (!may_expand(mm, pages) ||
	    (vma->vm_flags & VM_LOCKED && !may_lock(mm, mm->locked_vm + pages)))
		return -ENOMEM;
	if (vma->vm_flags & VM_ACCOUNT && vm_enough_memory(mm, pages))
		return -ENOMEM;
	move_borders(vma, start, vma->vm_end);
	count_vm(mm, vma->vm_flags, vma->vm_ops, (s32)pages);
	return 0;
}

int expand_stack(struct vm_area_struct *vma, u32 addr)
{
	struct mm_struct *mm = vma->vm_mm;
	int err = 0;

	mutex_lock(&mm->grow_mutex);
	if (addr < vma->vm_start)
		err = grow_down(vma, addr & PAGE_MASK);
	mutex_unlock(&mm->grow_mutex);
	return err;
}
