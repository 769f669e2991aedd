/*
 * Areas of an address space: their order, and what they become.
 *
 * 1. All areas of a space stand on a list by address and in a red-black tree.
 *    Areas do not overlap and are never empty. What a fault asks (which area
 *    holds this address?) is answered by the one that was found last, or by
 *    going down the tree.
 *
 * 2. Gaps. The tree knows the gap right below each area (gaptree.h). What is
 *    free above the highest area belongs to none: it is looked at last.
 *
 * 3. Splitting and joining. Whoever changes part of an area splits it first, so
 *    that what changes is whole areas; then neighbours that are alike again
 *    become one. Alike are: the same flags, the same thing shown, offsets that
 *    go on, and no two anon_vmas. Private memory that is mapped next to an area
 *    that is alike only moves its border: nothing is allocated.
 *
 * 4. Borders. Somebody who comes from a page (rmap.c) reads vm_start, vm_end
 *    and vm_pgoff without mmap_sem. So these change together, under the locks
 *    he holds: i_mmap_lock, that of the anon_vma, and page_table_lock.
 *
 * 5. From flags to entries (vm_get_page_prot). What is private and writable is
 *    mapped read-only first: the write fault makes a page of its own. i386 has
 *    no write-only pages, and execution can be forbidden with NX only.
 *
 *	area		private		shared
 *	no access	PROT_NONE	PROT_NONE
 *	r, or x		read		read
 *	w, rw		read		read, write
 *	without x	NX		NX
 *
 *    PROT_NONE entries are not present for the CPU, but have their frame.
 *
 * 6. Invariants (check.c): order, no overlap, gaps, counts; highest is the last
 *    one.
 *
 * Lock: mmap_sem, for writing but where it is only looked at. Cost: find_vma 5
 * instructions with the last hit, else 2 * log2(areas) steps.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/object/slab.h>
#include <mm/space/internal.h>

u32 sysctl_max_map_count = DEFAULT_MAX_MAP_COUNT;

static struct kmem_cache *vma_cache;

void vma_init(void)
{
	vma_cache = kmem_cache_create("vm_area_struct",
				      sizeof(struct vm_area_struct), 0,
				      SLAB_PANIC, NULL);
}

struct vm_area_struct *alloc_vma(void)
{
	struct vm_area_struct *vma = kmem_cache_zalloc(vma_cache, GFP_KERNEL);

	if (!vma)
		return NULL;
	INIT_LIST_HEAD(&vma->shared);
	INIT_LIST_HEAD(&vma->anon_vma_node);
	return vma;
}

struct vm_area_struct *copy_vma(const struct vm_area_struct *vma)
{
	struct vm_area_struct *copy = kmem_cache_alloc(vma_cache, GFP_KERNEL);

	if (copy) {
		*copy = *vma;
		INIT_LIST_HEAD(&copy->shared);
		INIT_LIST_HEAD(&copy->anon_vma_node);
	}
	return copy;
}

void free_vma(struct vm_area_struct *vma)
{
	kmem_cache_free(vma_cache, vma);
}

void mm_init_areas(struct mm_struct *mm)
{
	init_rwsem(&mm->mmap_sem, "mm.mmap_sem");
	mutex_init(&mm->grow_mutex, "mm.grow_mutex");
	spin_lock_init(page_table_lock(mm), "mm.page_table_lock");
	atomic_set(&mm->mm_users, 1);
	mm->limit = (struct mm_limits){
		.as = RLIM_INFINITY, .stack = STACK_LIMIT_DEFAULT,
		.data = RLIM_INFINITY, .memlock = RLIM_INFINITY,
	};
}

pteval_t vm_get_page_prot(u32 vm_flags)
{
	pteval_t prot = _PAGE_USER | _PAGE_ACCESSED;

	prot |= vm_flags & VM_ACCESS ? _PAGE_PRESENT : PTE_PROTNONE;
	if ((vm_flags & (VM_SHARED | VM_WRITE)) == (VM_SHARED | VM_WRITE))
		prot |= _PAGE_RW;
	if (!(vm_flags & VM_EXEC))
		prot |= _PAGE_NX;
	return prot;
}

/* --- gaps --- */

/* Its own gap is another now. NULL: there is no such area. */
static void tell_gap(struct vm_area_struct *vma)
{
	if (!vma)
		return;
	vma->vm_rb.gap = vma_gap(vma);
	gap_changed(&vma->vm_rb);
}

u32 find_free_range(struct mm_struct *mm, u32 len, u32 from)
{
	struct vm_area_struct *vma = find_vma(mm, from);
	struct gap_node *place;

	if (len > TASK_SIZE || from > TASK_SIZE - len)
		return (u32)-ENOMEM;
	if (!vma || (vma->vm_start >= from && vma->vm_start - from >= len))
		return from;
	place = gap_next(&vma->vm_rb, len);
	if (place)
		return vma_of(&place->node)->vm_prev->vm_end;
	if (TASK_SIZE - mm->highest->vm_end >= len)
		return mm->highest->vm_end;
	return (u32)-ENOMEM;
}

/* --- finding --- */

struct vm_area_struct *find_vma(struct mm_struct *mm, u32 addr)
{
	struct vm_area_struct *vma = mm->mmap_cache, *found = NULL;
	struct rb_node *node;

	if (likely(vma && vma->vm_end > addr && vma->vm_start <= addr))
		return vma;
	for (node = mm->mm_rb.node; node;) {
		vma = vma_of(node);
		if (vma->vm_end > addr) {
			found = vma;
			if (vma->vm_start <= addr)
				break;
			node = node->child[RB_LEFT];
		} else {
			node = node->child[RB_RIGHT];
		}
	}
	/* readers of mmap_sem may write this at once: any of them is right */
	if (found)
		mm->mmap_cache = found;
	return found;
}

struct vm_area_struct *find_vma_prev(struct mm_struct *mm, u32 addr,
				     struct vm_area_struct **prev)
{
	struct vm_area_struct *vma = find_vma(mm, addr);

	*prev = vma ? vma->vm_prev : mm->highest;
	return vma;
}

/* --- in and out of list and tree --- */

static void link_in_list(struct mm_struct *mm, struct vm_area_struct *vma,
			 struct vm_area_struct *prev)
{
	struct vm_area_struct *next = prev ? prev->vm_next : mm->mmap;

	vma->vm_prev = prev;
	vma->vm_next = next;
	*(prev ? &prev->vm_next : &mm->mmap) = vma;
	*(next ? &next->vm_prev : &mm->highest) = vma;
}

/* Of two that follow each other, either the lower one has no right child, or
 * the upper one no left child: that is the place in between. */
static void link_in_tree(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;

	if (prev && !prev->vm_rb.node.child[RB_RIGHT])
		rb_link(&mm->mm_rb, &vma->vm_rb.node, &prev->vm_rb.node,
			RB_RIGHT);
	else
		rb_link(&mm->mm_rb, &vma->vm_rb.node,
			next ? &next->vm_rb.node : NULL, RB_LEFT);
	/* none, until tell_gap(): then those above hear of it */
	vma->vm_rb.max_gap = 0;
	tell_gap(vma);
	tell_gap(next);
	rb_balance(&mm->mm_rb, &vma->vm_rb.node, gap_update);
}

void link_vma(struct mm_struct *mm, struct vm_area_struct *vma,
	      struct vm_area_struct *prev)
{
	link_in_list(mm, vma, prev);
	link_in_tree(mm, vma);
	mm->map_count++;
	mapping_link(vma);
	/* what is mapped is touched, or unmapped, next */
	mm->mmap_cache = vma;
}

void unlink_vma(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;

	rb_erase(&mm->mm_rb, &vma->vm_rb.node, gap_update);
	*(prev ? &prev->vm_next : &mm->mmap) = next;
	*(next ? &next->vm_prev : &mm->highest) = prev;
	tell_gap(next);
	mm->map_count--;
	if (mm->mmap_cache == vma)
		mm->mmap_cache = NULL;
}

/* --- borders --- */

static void lock_borders(struct vm_area_struct *vma)
{
	if (vma->anon_vma)
		spin_lock(&vma->anon_vma->lock);
	spin_lock(page_table_lock(vma->vm_mm));
}

static void unlock_borders(struct vm_area_struct *vma)
{
	spin_unlock(page_table_lock(vma->vm_mm));
	if (vma->anon_vma)
		spin_unlock(&vma->anon_vma->lock);
}

static void move_borders_locked(struct vm_area_struct *vma, u32 start, u32 end)
{
	lock_borders(vma);
	/* downwards the difference wraps, and so does the sum */
	vma->vm_pgoff += (start >> PAGE_SHIFT) - (vma->vm_start >> PAGE_SHIFT);
	vma->vm_start = start;
	vma->vm_end = end;
	unlock_borders(vma);
	tell_gap(vma);
	tell_gap(vma->vm_next);
}

void move_borders(struct vm_area_struct *vma, u32 start, u32 end)
{
	lock_mapping(vma);
	move_borders_locked(vma, start, end);
	unlock_mapping(vma);
}

int split_vma(struct vm_area_struct *vma, u32 addr)
{
	struct mm_struct *mm = vma->vm_mm;
	struct vm_area_struct *upper;

	if (mm->map_count >= sysctl_max_map_count)
		return -ENOMEM;
	upper = copy_vma(vma);
	if (!upper)
		return -ENOMEM;
	upper->vm_start = addr;
	upper->vm_pgoff = vma_pgoff(vma, addr);
	if (upper->vm_ops && upper->vm_ops->open)
		upper->vm_ops->open(upper);
	/* from here on both may be found by way of a page */
	anon_vma_link(upper);
	lock_mapping(vma);
	mapping_link_locked(upper);
	move_borders_locked(vma, vma->vm_start, addr);
	unlock_mapping(vma);
	link_vma(mm, upper, vma);
	return 0;
}

struct vm_area_struct *cut_out(struct vm_area_struct *vma, u32 start, u32 end)
{
	if (vma->vm_start < start) {
		if (split_vma(vma, start))
			return NULL;
		vma = vma->vm_next;
	}
	if (vma->vm_end > end && split_vma(vma, end)) {
		join_neighbours(vma);
		return NULL;
	}
	return vma;
}

struct vm_area_struct *set_area_flags(struct vm_area_struct *vma, u32 start,
				      u32 end, u32 flags)
{
	s32 pages = (s32)((end - start) >> PAGE_SHIFT);

	if (flags == vma->vm_flags)
		return vma;
	vma = cut_out(vma, start, end);
	if (!vma)
		return NULL;
	count_vm(vma->vm_mm, vma->vm_flags, vma->vm_ops, -pages);
	count_vm(vma->vm_mm, flags, vma->vm_ops, pages);
	/* who unmaps a page (rmap_unmap.c) has looked at them and is through,
	 * or finds it locked */
	spin_lock(page_table_lock(vma->vm_mm));
	vma->vm_flags = flags;
	vma->vm_page_prot = vm_get_page_prot(flags);
	spin_unlock(page_table_lock(vma->vm_mm));
	return join_neighbours(vma);
}

int for_each_part(struct mm_struct *mm, u32 start, u32 end, bool over_holes,
		  int (*fn)(struct vm_area_struct *vma, u32 start, u32 end,
			    u32 arg), u32 arg)
{
	int err = 0, holes = 0;

	while (start < end && !err) {
		/* looked for again: fn may have made others of them */
		struct vm_area_struct *vma = find_vma(mm, start);
		u32 upto;

		if (!vma || vma->vm_start >= end)
			return -ENOMEM;
		if (vma->vm_start > start) {
			holes = -ENOMEM;
			if (!over_holes)
				break;
			start = vma->vm_start;
		}
		upto = min(end, vma->vm_end);
		err = fn(vma, start, upto, arg);
		start = upto;
	}
	return err ? err : holes;
}

/* --- joining --- */

/* Do two that touch, lower first, differ only in their borders? */
static bool are_alike(const struct vm_area_struct *a,
		      const struct vm_area_struct *b)
{
	return a->vm_end == b->vm_start && a->vm_flags == b->vm_flags &&
	       a->vm_ops == b->vm_ops && a->vm_file == b->vm_file &&
	       a->vm_private_data == b->vm_private_data &&
	       a->vm_mapping == b->vm_mapping &&
	       a->vm_pgoff + vma_pages(a) == b->vm_pgoff &&
	       (!a->anon_vma || !b->anon_vma || a->anon_vma == b->anon_vma);
}

void drop_vma(struct vm_area_struct *vma)
{
	/* with the last area what it shows may go */
	mapping_unlink(vma);
	if (vma->vm_ops && vma->vm_ops->close)
		vma->vm_ops->close(vma);
	anon_vma_unlink(vma);
	free_vma(vma);
}

/* upper's addresses become lower's. */
static void absorb(struct vm_area_struct *lower, struct vm_area_struct *upper)
{
	u32 end = upper->vm_end;

	if (!lower->anon_vma && upper->anon_vma) {
		lower->anon_vma = upper->anon_vma;
		anon_vma_link(lower);
	}
	unlink_vma(lower->vm_mm, upper);
	lock_mapping(lower);
	mapping_unlink_locked(upper);
	move_borders_locked(lower, lower->vm_start, end);
	unlock_mapping(lower);
	drop_vma(upper);
}

struct vm_area_struct *join_neighbours(struct vm_area_struct *vma)
{
	struct vm_area_struct *prev = vma->vm_prev, *next = vma->vm_next;

	if (next && are_alike(vma, next))
		absorb(vma, next);
	if (!prev || !are_alike(prev, vma))
		return vma;
	absorb(prev, vma);
	return prev;
}

/* Would private memory of these flags be alike? */
static bool is_memory_of(const struct vm_area_struct *vma, u32 flags)
{
	return vma->vm_flags == flags && !vma->vm_ops && !vma->vm_file &&
	       !vma->vm_private_data;
}

struct vm_area_struct *extend_neighbour(struct mm_struct *mm,
					struct vm_area_struct *prev, u32 start,
					u32 end, u32 flags)
{
	struct vm_area_struct *next = prev ? prev->vm_next : mm->mmap;
	u32 pgoff = start >> PAGE_SHIFT;

	if (prev && prev->vm_end == start && is_memory_of(prev, flags) &&
	    prev->vm_pgoff + vma_pages(prev) == pgoff) {
		move_borders(prev, prev->vm_start, end);
		return join_neighbours(prev);
	}
	if (next && next->vm_start == end && is_memory_of(next, flags) &&
	    next->vm_pgoff == end >> PAGE_SHIFT) {
		move_borders(next, start, next->vm_end);
		return next;
	}
	return NULL;
}

/* --- counts --- */

void count_vm(struct mm_struct *mm, u32 flags, bool shows_file, s32 pages)
{
	mm->total_vm += (u32)pages;
	if (flags & VM_LOCKED)
		mm->locked_vm += (u32)pages;
	if (flags & VM_GROWSDOWN)
		mm->stack_vm += (u32)pages;
	if (shows_file)
		mm->shared_vm += (u32)pages;
	if (shows_file && flags & VM_EXEC)
		mm->exec_vm += (u32)pages;
}

bool may_expand(const struct mm_struct *mm, u32 pages)
{
	u32 limit = mm->limit.as >> PAGE_SHIFT;

	return mm->limit.as == RLIM_INFINITY ||
	       (pages <= limit && mm->total_vm <= limit - pages);
}

bool may_lock(const struct mm_struct *mm, u32 pages)
{
	return mm->limit.memlock == RLIM_INFINITY ||
	       pages <= mm->limit.memlock >> PAGE_SHIFT;
}
