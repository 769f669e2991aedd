/*
 * Making a mapping longer, shorter, or moving it.
 *
 *	new length	where			what
 *	less		-			the end is unmapped
 *	more		what follows is free	the border moves
 *	more		it is not, MAYMOVE	a new area; entries move over
 *	any		MREMAP_FIXED		there; what was there goes
 *
 * An old length of 0, of what is shared: nothing moves, and the new place shows
 * the same once more, without entries.
 *
 * Entries move, pages stay: a page keeps its offset, so the new area has the
 * offset of the old one, and the same anon_vma. Private memory without pages
 * forgets it, and can be joined at its new place.
 *
 * Lock: mmap_sem, for writing.
 */
#include <mm/space/internal.h>

struct move {
	struct mm_struct *mm;
	u32 addr, old_len, new_len, flags, to;
};

static bool is_sound(const struct move *m)
{
	if (m->flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED) ||
	    m->addr & (PAGE_SIZE - 1) || !m->new_len)
		return false;
	if (m->old_len > TASK_SIZE || m->addr > TASK_SIZE - m->old_len)
		return false;
	if (!(m->flags & MREMAP_FIXED))
		return true;
	if (!(m->flags & MREMAP_MAYMOVE) || m->to & (PAGE_SIZE - 1) ||
	    m->to < MMAP_MIN_ADDR || m->new_len > TASK_SIZE ||
	    m->to > TASK_SIZE - m->new_len)
		return false;
	/* the old and the new place do not overlap */
	return m->to + m->new_len <= m->addr ||
	       m->addr + m->old_len <= m->to;
}

/* May it grow, as far as limits go, and what a page offset can say? */
static int check_limits(const struct move *m, const struct vm_area_struct *vma)
{
	u32 more = (m->new_len - m->old_len) >> PAGE_SHIFT;
	u32 pgoff = vma_pgoff(vma, m->addr);
	const struct mm_struct *mm = m->mm;

	if (more && vma->vm_ops && pgoff + (m->new_len >> PAGE_SHIFT) < pgoff)
		return -EINVAL;
	if (vma->vm_flags & VM_LOCKED && !may_lock(mm, mm->locked_vm + more))
		return -EAGAIN;
	return may_expand(mm, more) ? 0 : -ENOMEM;
}

/* The area at the new place; its entries are still empty. */
static struct vm_area_struct *make_target(const struct move *m,
					  const struct vm_area_struct *vma)
{
	struct vm_area_struct *new, *prev;

	if (m->mm->map_count >= sysctl_max_map_count)
		return NULL;
	new = copy_vma(vma);
	if (!new)
		return NULL;
	new->vm_start = m->to;
	new->vm_end = m->to + m->new_len;
	if (vma->vm_ops || vma->anon_vma)
		new->vm_pgoff = vma_pgoff(vma, m->addr);
	else
		new->vm_pgoff = m->to >> PAGE_SHIFT;
	if (new->vm_ops && new->vm_ops->open)
		new->vm_ops->open(new);
	anon_vma_link(new);
	find_vma_prev(m->mm, m->to, &prev);
	link_vma(m->mm, new, prev);
	count_vm(m->mm, new->vm_flags, new->vm_ops, (s32)vma_pages(new));
	return new;
}

/* The area goes as if it had never been: what it promised is another's. */
static void unmap_unaccounted(struct mm_struct *mm, struct vm_area_struct *vma)
{
	vma->vm_flags &= ~VM_ACCOUNT;
	/* of one whole area: nothing is split, so it cannot fail */
	do_munmap(mm, vma->vm_start, vma->vm_end - vma->vm_start);
}

static u32 carry_over(const struct move *m, struct vm_area_struct *vma)
{
	struct vm_area_struct *new = make_target(m, vma);
	u32 moved;

	if (!new)
		return (u32)-ENOMEM;
	moved = move_page_tables(vma, m->addr, new, m->to, m->old_len);
	if (moved < m->old_len) {
		/* back, which is against the order of rmap_file.c: a walk
		 * would pass by both. The tables there exist: no memory is
		 * wanted under this lock */
		lock_mapping(vma);
		move_page_tables(new, m->to, vma, m->addr, moved);
		unlock_mapping(vma);
		unmap_unaccounted(m->mm, new);
		return (u32)-ENOMEM;
	}
	if (m->old_len)
		unmap_unaccounted(m->mm, vma);
	join_neighbours(new);
	return m->to;
}

/* What moves becomes an area of its own first. */
static u32 move_area(const struct move *m, struct vm_area_struct *vma)
{
	u32 more = (m->new_len - m->old_len) >> PAGE_SHIFT, result;
	bool promise = vma->vm_flags & VM_ACCOUNT;

	/* shared areas are no promise */
	if (!m->old_len)
		return carry_over(m, vma);
	vma = cut_out(vma, m->addr, m->addr + m->old_len);
	if (!vma)
		return (u32)-ENOMEM;
	if (promise && vm_enough_memory(m->mm, more)) {
		join_neighbours(vma);
		return (u32)-ENOMEM;
	}
	result = carry_over(m, vma);
	if (!IS_ERR_VALUE(result))
		return result;
	if (promise)
		vm_unacct_memory(more);
	join_neighbours(vma);
	return result;
}

static bool can_grow(const struct move *m, const struct vm_area_struct *vma)
{
	u32 limit = vma->vm_next ? vma->vm_next->vm_start : TASK_SIZE;

	return m->old_len && vma->vm_end == m->addr + m->old_len &&
	       m->new_len <= TASK_SIZE && m->addr <= limit &&
	       m->new_len <= limit - m->addr;
}

static u32 grow(const struct move *m, struct vm_area_struct *vma)
{
	u32 more = (m->new_len - m->old_len) >> PAGE_SHIFT;

	if (vma->vm_flags & VM_ACCOUNT && vm_enough_memory(m->mm, more))
		return (u32)-ENOMEM;
	move_borders(vma, vma->vm_start, m->addr + m->new_len);
	count_vm(m->mm, vma->vm_flags, vma->vm_ops, (s32)more);
	join_neighbours(vma);
	return m->addr;
}

/* new_len >= old_len, or the place is another. */
static u32 grow_or_move(struct move *m)
{
	struct vm_area_struct *vma = find_vma(m->mm, m->addr);
	bool fixed = m->flags & MREMAP_FIXED;
	int err;

	if (!vma || vma->vm_start > m->addr ||
	    m->old_len > vma->vm_end - m->addr)
		return (u32)-EFAULT;
	if (!m->old_len && !(vma->vm_flags & VM_MAYSHARE))
		return (u32)-EINVAL;
	if (m->new_len > m->old_len &&
	    vma->vm_flags & (VM_DONTEXPAND | VM_IO))
		return (u32)-EFAULT;
	err = check_limits(m, vma);
	if (err)
		return (u32)err;
	if (!fixed && m->new_len == m->old_len)
		return m->addr;
	if (!fixed && can_grow(m, vma))
		return grow(m, vma);
	if (!(m->flags & MREMAP_MAYMOVE))
		return (u32)-ENOMEM;
	if (!fixed) {
		m->to = find_free_range(m->mm, m->new_len, TASK_UNMAPPED_BASE);
		if (IS_ERR_VALUE(m->to))
			return m->to;
	}
	return move_area(m, vma);
}

u32 do_mremap(struct mm_struct *mm, u32 addr, u32 old_len, u32 new_len,
	      u32 flags, u32 new_addr)
{
	struct move m = {
		.mm = mm, .addr = addr, .old_len = PAGE_ALIGN(old_len),
		.new_len = PAGE_ALIGN(new_len), .flags = flags, .to = new_addr,
	};
	int err = 0;

	if (!is_sound(&m))
		return (u32)-EINVAL;
	if (flags & MREMAP_FIXED)
		err = do_munmap(mm, m.to, m.new_len);
	if (!err && m.old_len > m.new_len) {
		err = do_munmap(mm, addr + m.new_len, m.old_len - m.new_len);
		m.old_len = m.new_len;
	}
	return err ? (u32)err : grow_or_move(&m);
}
