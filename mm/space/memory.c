/*
 * What entries of user addresses become: on a fault, and in a child.
 * ULK3 sections 9.4.3 to 9.4.5.
 *
 * 1. An entry and its states, of an area with private memory:
 *
 *	entry		read			write
 *	empty		zero page, read-only	zeroed page, writable
 *	zero page	-			zeroed page, writable
 *	page, r		-			copy; or writable, if nobody
 *						else has it
 *	page, rw	-			-
 *	swap entry	swap_hooks.fault	the same
 *
 *    "Writable" only as far as the area permits it. What an area shows comes
 *    from filemap.c; a private one copies what it writes to.
 *
 * 2. Who may write to a page without a copy: who alone has it. It is private
 *    (PageAnon), one entry shows it, and it has one user, which is that entry.
 *    Both counts can only be raised by somebody who has the page already, and
 *    page_table_lock keeps that entry from being copied.
 *
 * 3. Memory is fetched and pages are filled without page_table_lock, so what an
 *    entry was must be looked at again behind that. If it is another now, some
 *    other thread has answered the same fault: all is thrown away, and the
 *    instruction tried again. The first look needs no lock: it is only compared
 *    with the second.
 *
 * 4. Flushing: an entry that was not present is in no TLB. One that gets more
 *    rights, or another page, is flushed by page. One that seems to need
 *    nothing was stale in this CPU's TLB: it is flushed, too.
 *
 * 5. fork. Every entry of private memory that may be written loses that right
 *    in both spaces, so that the first write of either faults. Pages of files
 *    that are not private need no entry in the child: nopage() gives them
 *    again.
 *
 * Locks: mmap_sem for reading (fork: for writing), page_table_lock.
 * Cost: see docs/bench.md.
 */
#include <kernel/lib/bug.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/space/fault.h>
#include <mm/space/internal.h>

/* Part of the image: reserved, and so counted nowhere. */
char empty_zero_page[PAGE_SIZE] __aligned(PAGE_SIZE)
	__section(".bss.page_aligned");

/* The same, of a page that is this area's alone, and is being written. */
static pteval_t make_own_pte(const struct fault *f, const struct page *page)
{
	pteval_t value = make_pte(f, page) | _PAGE_DIRTY;

	return f->vma->vm_flags & VM_WRITE ? value | _PAGE_RW : value;
}

/* What was there before, page_table_lock is held. */
static void uncount_old(const struct fault *f)
{
	if (!pte_shows_page(f->old) || !pte_is_counted(f->old))
		return;
	page_remove_rmap(pte_page(f->old));
	--*rss_of(f->mm, pte_page(f->old));
}

enum fault_result install_anon(const struct fault *f, struct page *page)
{
	bool was_there = pte_shows_page(f->old);

	if (!lock_unchanged(f)) {
		put_user_page(page);
		return FAULT_MINOR;
	}
	if (was_there) {
		pt_take(&f->mm->pgd, f->entry);
		uncount_old(f);
	}
	page_add_anon_rmap(page, f->vma, f->address);
	f->mm->anon_rss++;
	pt_write(&f->mm->pgd, f->entry, make_own_pte(f, page));
	if (was_there)
		flush_mm_page(f->mm, f->address);
	spin_unlock(page_table_lock(f->mm));
	/* the use that its entry was */
	if (was_there && pte_is_counted(f->old))
		put_user_page(pte_page(f->old));
	return FAULT_MINOR;
}

struct page *own_page(const struct fault *f)
{
	if (anon_vma_prepare(f->vma))
		return NULL;
	return alloc_page(GFP_HIGHUSER);
}

static enum fault_result zeroed_page(const struct fault *f)
{
	struct page *page = own_page(f);

	if (unlikely(!page))
		return FAULT_OOM;
	clear_highpage(page);
	return install_anon(f, page);
}

static enum fault_result anonymous_page(const struct fault *f)
{
	const struct page *zero = virt_to_page(empty_zero_page);

	if (f->write)
		return zeroed_page(f);
	if (lock_unchanged(f)) {
		pt_write(&f->mm->pgd, f->entry,
			 make_pte(f, zero) & ~_PAGE_RW);
		spin_unlock(page_table_lock(f->mm));
	}
	return FAULT_MINOR;
}

/* --- copy on write --- */

/* page_table_lock is held: nobody else has it, or it is shared anyway. */
static bool may_reuse(const struct fault *f, const struct page *page)
{
	if (f->vma->vm_flags & VM_SHARED)
		return true;
	return PageAnon(page) && page_mapcount(page) == 1 &&
	       page_count(page) == 1;
}

static enum fault_result copy_page(const struct fault *f, struct page *old)
{
	struct page *page = own_page(f);

	if (!page)
		return FAULT_OOM;
	copy_highpage(page, old);
	return install_anon(f, page);
}

static enum fault_result write_protected(const struct fault *f)
{
	struct page *page = pte_page(f->old);
	enum fault_result result;

	if (page == virt_to_page(empty_zero_page))
		return zeroed_page(f);
	/* a window on a device cannot be copied */
	if (!(f->vma->vm_flags & VM_SHARED) &&
	    !pfn_valid((f->old & PTE_FRAME_MASK) >> PAGE_SHIFT))
		return FAULT_NO_PAGE;
	if (!lock_unchanged(f))
		return FAULT_MINOR;
	if (may_reuse(f, page)) {
		pt_set_bits(f->entry, (u32)(_PAGE_RW | _PAGE_DIRTY |
					    _PAGE_ACCESSED));
		flush_mm_page(f->mm, f->address);
		spin_unlock(page_table_lock(f->mm));
		return FAULT_MINOR;
	}
	/* it must not go while it is copied */
	get_page(page);
	spin_unlock(page_table_lock(f->mm));
	result = copy_page(f, page);
	put_user_page(page);
	return result;
}

/* The entry permits what was tried: the TLB was behind, or another thread was
 * faster. */
static enum fault_result permitted(const struct fault *f)
{
	if (lock_unchanged(f)) {
		pt_set_bits(f->entry, (u32)(_PAGE_ACCESSED |
					    (f->write ? _PAGE_DIRTY : 0)));
		flush_mm_page(f->mm, f->address);
		spin_unlock(page_table_lock(f->mm));
	}
	return FAULT_MINOR;
}

static enum fault_result answer(const struct fault *f, u32 error)
{
	if (!f->old)
		return f->vma->vm_ops && f->vma->vm_ops->nopage ?
		       shown_page(f) : anonymous_page(f);
	if (!pte_shows_page(f->old)) {
		BUG_ON(!swap_hooks.fault, "a swap entry, and nobody swaps");
		return swap_hooks.fault(f->vma, f->address, f->old, error);
	}
	if (f->write && !(f->old & _PAGE_RW))
		return write_protected(f);
	return permitted(f);
}

enum fault_result handle_mm_fault(struct mm_struct *mm,
				  struct vm_area_struct *vma, u32 address,
				  u32 error)
{
	struct fault f = {
		.mm = mm, .vma = vma, .address = address & PAGE_MASK,
		.write = error & PF_WRITE,
	};
	enum fault_result result;

	f.entry = make_entry(mm, f.address);
	if (!f.entry)
		return FAULT_OOM;
	f.old = pt_read(&mm->pgd, f.entry);
	result = answer(&f, error);
	if (result == FAULT_MAJOR)
		mm->maj_faults++;
	else
		mm->min_faults++;
	return result;
}

/* --- fork --- */

/* One entry that is not empty. The child's is nobody else's: no lock. */
static void copy_entry(struct vm_area_struct *child, struct vm_area_struct *vma,
		       u32 *to, u32 *from)
{
	struct pgtable *pt = &vma->vm_mm->pgd;
	pteval_t value = pt_read(pt, from);
	struct mm_struct *mm = child->vm_mm;

	if (!pte_shows_page(value)) {
		if (swap_hooks.copy)
			swap_hooks.copy(value);
		mm->swap_entries++;
		pt_write(pt, to, value);
		return;
	}
	if (value & _PAGE_RW && !(vma->vm_flags & VM_SHARED)) {
		pt_clear_bits(from, (u32)_PAGE_RW);
		value = pt_read(pt, from);
	}
	if (pte_is_counted(value)) {
		struct page *page = pte_page(value);

		get_page(page);
		atomic_inc(&page->_mapcount);
		++*rss_of(mm, page);
	}
	/* the child has not touched it, and its own writes make it dirty */
	pt_write(pt, to, value & ~_PAGE_ACCESSED);
}

static void copy_some(struct vm_area_struct *child, struct vm_area_struct *vma,
		      u32 *to, u32 start, u32 end)
{
	struct pgtable *pt = &vma->vm_mm->pgd;
	u32 *from = pt_find(pt, start);

	spin_lock(&pt->lock);
	for (; start < end; start += PAGE_SIZE) {
		if (pt_read(pt, from))
			copy_entry(child, vma, to, from);
		from = pt_next(pt, from);
		to = pt_next(pt, to);
	}
	spin_unlock(&pt->lock);
}

int copy_page_tables(struct vm_area_struct *child, struct vm_area_struct *vma)
{
	const struct pgtable *pt = &vma->vm_mm->pgd;
	u32 start = vma->vm_start, upto;

	/* what nopage() gives again */
	if (vma->vm_ops && vma->vm_ops->nopage && !vma->anon_vma)
		return 0;
	for (; start < vma->vm_end; start = upto) {
		u32 *to;

		upto = end_of_table(pt, start, vma->vm_end);
		if (!pt_find(pt, start))
			continue;
		to = make_entry(child->vm_mm, start);
		if (!to)
			return -ENOMEM;
		copy_some(child, vma, to, start, upto);
		cond_resched();
	}
	return 0;
}
