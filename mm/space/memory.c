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
 *    One more user may be the swap cache, if no other entry says the page's
 *    slot: who says it could have the page from there, and would see what was
 *    written since (swap_hooks.reuse). Whoever takes pages back has a user of
 *    what he looks at: then a copy is made that was not needed.
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
 *    again. Only those of a small program's text are copied: the child would
 *    fault for them at once.
 *
 * 6. What it costs. Of a first write 1024 instructions are the zeroes, of a
 *    copy as many the copy. All else, from the trap to its end, is some 230 of
 *    a first read, 380 of a write with its page, and 500 of a copy: the area
 *    found last is asked first, the tables are walked once, all on the way is
 *    inline, and the lock taken once (for a copy twice, section 3). Each
 *    format of entries has code of its own: without, an entry of 4 bytes would
 *    be computed in 64 bits. A page of fork's takes 40: two counts, both
 *    entries.
 *
 * Locks: mmap_sem for reading (fork: for writing), page_table_lock.
 */
#include <kernel/lib/bug.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/lru.h>
#include <mm/space/fault.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

/* Part of the image: reserved, and so counted nowhere. */
char empty_zero_page[PAGE_SIZE] __aligned(PAGE_SIZE)
	__section(".bss.page_aligned");

/* As make_pte(), of a page that is this area's alone, and is being written. */
static __always_inline pteval_t make_own_pte(const struct fault *f,
					     const struct page *page)
{
	pteval_t value = make_pte(f, page) | _PAGE_DIRTY;

	return f->vma->vm_flags & VM_WRITE ? value | _PAGE_RW : value;
}

/* A private page in an entry that is empty; page_table_lock is held. */
static __always_inline void show_anon(const struct fault *f, struct page *page)
{
	page_add_new_anon_rmap(page, f->vma, f->address);
	lru_cache_add_new(page, 1U << PG_active | 1U << PG_referenced);
	pte_write(f->entry, make_own_pte(f, page), f->wide);
}

/* An entry that is empty gets a private page, unless that has changed: then the
 * page goes. */
static __always_inline enum fault_result install_anon(const struct fault *f,
						      struct page *page)
{
	if (likely(lock_unchanged(f))) {
		f->mm->anon_rss++;
		show_anon(f, page);
		unlock(f);
	} else {
		put_user_page(page);
	}
	return FAULT_MINOR;
}

/* The same where another page is shown; it, if that is counted, or NULL. */
static __always_inline enum fault_result replace(const struct fault *f,
						 struct page *page,
						 struct page *counted)
{
	if (unlikely(!lock_unchanged(f))) {
		put_user_page(page);
		return FAULT_MINOR;
	}
	pte_take(f->entry, f->wide);
	if (counted)
		page_remove_rmap(counted);
	/* one private page instead of another: as many as before */
	if (unlikely(!counted || !PageAnon(counted))) {
		f->mm->file_rss -= counted != NULL;
		f->mm->anon_rss++;
	}
	show_anon(f, page);
	flush_mm_page(f->mm, f->address);
	unlock(f);
	/* the use that its entry was; the caller has another, so it stays */
	if (counted)
		atomic_dec(&compound_head(counted)->_count);
	return FAULT_MINOR;
}

/* NULL: no memory. */
static __always_inline struct page *own_page(const struct fault *f)
{
	if (unlikely(!f->vma->anon_vma) && anon_vma_prepare(f->vma))
		return NULL;
	return alloc_page(GFP_HIGHUSER);
}

static __always_inline struct page *own_zeroed_page(const struct fault *f)
{
	struct page *page = own_page(f);

	if (likely(page))
		clear_highpage(page);
	return page;
}

static __always_inline enum fault_result anonymous_page(const struct fault *f)
{
	const struct page *zero = virt_to_page(empty_zero_page);

	if (f->write) {
		struct page *page = own_zeroed_page(f);

		return likely(page) ? install_anon(f, page) : FAULT_OOM;
	}
	if (likely(lock_unchanged(f))) {
		pte_write(f->entry, make_pte(f, zero) & ~_PAGE_RW, f->wide);
		unlock(f);
	}
	return FAULT_MINOR;
}

/* --- for what an area shows --- */

struct page *fault_own_page(const struct fault *f)
{
	return own_page(f);
}

enum fault_result fault_install_own(const struct fault *f, struct page *page)
{
	return install_anon(f, page);
}

/* --- copy on write --- */

/* It is in the swap cache, and one entry shows it; page_table_lock is held. */
static __noinline bool may_reuse_cached(struct page *page)
{
	return page_count(page) == 2 && swap_hooks.reuse &&
	       swap_hooks.reuse(page);
}

/* page_table_lock is held: nobody else has it, or it is shared anyway. */
static __always_inline bool may_reuse(const struct fault *f, struct page *page)
{
	if (unlikely(f->vma->vm_flags & VM_SHARED))
		return true;
	if (!PageAnon(page) || page_mapcount(page) != 1)
		return false;
	if (unlikely(PageSwapCache(page)))
		return may_reuse_cached(page);
	return page_count(page) == 1;
}

/* It stays, and may be written; page_table_lock is held. */
static __always_inline void reuse(const struct fault *f)
{
	pt_set_bits(f->entry,
		    (u32)(_PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED));
	flush_mm_page(f->mm, f->address);
}

/* The caller has a user of the page that is shown. */
static __always_inline enum fault_result copy_anon(const struct fault *f,
						   const struct page *shown,
						   struct page *counted)
{
	struct page *page = own_page(f);

	if (unlikely(!page))
		return FAULT_OOM;
	copy_highpage(page, shown);
	return replace(f, page, counted);
}

/* Did the entry ever have the value that was looked at? Its halves may be those
 * of two (pte_read()): then nothing may be concluded from it. */
static bool was_so(const struct fault *f)
{
	bool same = lock_unchanged(f);

	if (same)
		unlock(f);
	return same;
}

/* The zero page, a frame that is reserved, or one that is no RAM. */
static __noinline enum fault_result write_uncounted(struct fault f)
{
	struct page *page = pte_page(f.old);

	if (f.vma->vm_flags & VM_SHARED) {
		if (lock_unchanged(&f)) {
			reuse(&f);
			unlock(&f);
		}
		return FAULT_MINOR;
	}
	if (page == virt_to_page(empty_zero_page)) {
		page = own_zeroed_page(&f);
		return page ? replace(&f, page, NULL) : FAULT_OOM;
	}
	/* a window on a device cannot be copied */
	if (!pfn_valid((f.old & PTE_FRAME_MASK) >> PAGE_SHIFT))
		return was_so(&f) ? FAULT_NO_PAGE : FAULT_MINOR;
	return copy_anon(&f, page, NULL);
}

static __always_inline enum fault_result write_protected(const struct fault *f)
{
	struct page *page = pte_counted_page(f->old, f->wide);
	enum fault_result result;

	if (unlikely(!page))
		return write_uncounted(*f);
	if (unlikely(!lock_unchanged(f)))
		return FAULT_MINOR;
	if (may_reuse(f, page)) {
		reuse(f);
		unlock(f);
		return FAULT_MINOR;
	}
	/* it must not go while it is copied; its entry is a user so far */
	atomic_inc(&compound_head(page)->_count);
	unlock(f);
	result = copy_anon(f, page, page);
	if (unlikely(PageSwapCache(page)) && swap_hooks.unused)
		swap_hooks.unused(page);
	put_user_page(page);
	return result;
}

/* The entry permits what was tried: the TLB was behind, or another thread was
 * faster. */
static __noinline enum fault_result permitted(struct fault f)
{
	if (lock_unchanged(&f)) {
		pt_set_bits(f.entry, (u32)(_PAGE_ACCESSED |
					   (f.write ? _PAGE_DIRTY : 0)));
		flush_mm_page(f.mm, f.address);
		unlock(&f);
	}
	return FAULT_MINOR;
}

static __noinline enum fault_result swapped_page(struct fault f, u32 error)
{
	if (!was_so(&f))
		return FAULT_MINOR;
	BUG_ON(!swap_hooks.fault, "a swap entry, and nobody swaps");
	return swap_hooks.fault(f.vma, f.address, f.old, error);
}

static __always_inline enum fault_result answer(const struct fault *f,
						u32 error)
{
	if (!f->old) {
		if (unlikely(f->vma->vm_ops) && f->vma->vm_ops->nopage)
			return shown_page(*f);
		return anonymous_page(f);
	}
	if (unlikely(!pte_shows_page(f->old)))
		return swapped_page(*f, error);
	if (likely(f->write && !(f->old & _PAGE_RW)))
		return write_protected(f);
	return permitted(*f);
}

static __always_inline enum fault_result
fault_in_format(struct mm_struct *mm, struct vm_area_struct *vma, u32 address,
		u32 error, bool wide)
{
	enum fault_result result;
	struct fault f;

	/* no initializer: that would zero it all in memory first */
	f.mm = mm;
	f.vma = vma;
	f.address = address & PAGE_MASK;
	f.write = error & PF_WRITE;
	f.wide = wide;
	f.entry = pt_find_in(mm->pgd.root, f.address, wide);
	if (unlikely(!f.entry)) {
		f.entry = make_entry(mm, f.address);
		if (!f.entry)
			return FAULT_OOM;
	}
	f.old = pte_read(f.entry, wide);
	result = answer(&f, error);
	count_vm_event(PGFAULT);
	if (unlikely(result == FAULT_MAJOR)) {
		count_vm_event(PGMAJFAULT);
		mm->maj_faults++;
	} else {
		mm->min_faults++;
	}
	return result;
}

/* By itself: its spills are not the other's stack. */
static __noinline enum fault_result fastcall
fault_in_wide(struct mm_struct *mm, struct vm_area_struct *vma, u32 address,
	      u32 error)
{
	return fault_in_format(mm, vma, address, error, true);
}

enum fault_result fastcall handle_mm_fault(struct mm_struct *mm,
					   struct vm_area_struct *vma,
					   u32 address, u32 error)
{
	if (mm->pgd.levels == 3)
		return fault_in_wide(mm, vma, address, error);
	return fault_in_format(mm, vma, address, error, false);
}

/* --- fork --- */

/* False: its slot can count no more entries. */
static __noinline bool copy_swapped(struct mm_struct *child, u32 *to,
				    pteval_t value)
{
	if (!swap_hooks.copy || !swap_hooks.copy(value))
		return false;
	pt_write(&child->pgd, to, value);
	child->swap_entries++;
	return true;
}

/*
 * n entries of one table; both spaces' locks are held. The page counts of the
 * child are added once. What is the same for all pages stands before the loop.
 * How many of them are not copied: 0, unless one says a slot too many.
 */
static __always_inline u32 copy_run(struct vm_area_struct *child, u32 *to,
				    u32 *from, u32 n, bool wide)
{
	u32 step = pte_words(wide), pages = 0, anon = 0;
	u32 protect = child->vm_flags & VM_SHARED ? 0 : _PAGE_RW;

	for (; n; n--, from += step, to += step) {
		pteval_t value = pte_read(from, wide);
		struct page *page;

		if (unlikely(!pte_shows_page(value))) {
			if (value && !copy_swapped(child->vm_mm, to, value))
				break;
			continue;
		}
		if (value & protect) {
			pt_clear_bits(from, protect);
			value = pte_read(from, wide);
		}
		page = pte_counted_page(value, wide);
		if (likely(page)) {
			get_page(page);
			/* the parent shows it: it is counted already */
			atomic_inc(&page->_mapcount);
			pages++;
			anon += PageAnon(page);
		}
		/* the child has not touched it, and its own writes make it
		 * dirty */
		pte_write(to, value & ~_PAGE_ACCESSED, wide);
	}
	child->vm_mm->anon_rss += anon;
	child->vm_mm->file_rss += pages - anon;
	return n;
}

/* Once a table, instead of a comparison for each page. */
static __noinline void note_traced(const struct pgtable *pt, u32 *entry, u32 n)
{
	for (; n; n--, entry = pt_next(pt, entry)) {
		pteval_t value = pt_read(pt, entry);

		if (pte_shows_page(value) && pte_page(value) == traced_page)
			page_trace_note(traced_page, PAGE_MAP);
	}
}

/* False: a slot could not be counted. */
static bool copy_some(struct vm_area_struct *child, struct vm_area_struct *vma,
		      u32 *to, u32 *from, u32 n)
{
	struct pgtable *pt = &vma->vm_mm->pgd;
	u32 all = n;

	spin_lock(&pt->lock);
	/* who cuts a file finds the child's area, too, and takes out of it what
	 * is written here */
	spin_lock(page_table_lock(child->vm_mm));
	if (pt->levels == 3)
		n = copy_run(child, to, from, n, true);
	else
		n = copy_run(child, to, from, n, false);
	if (unlikely(traced_page))
		note_traced(pt, to, all - n);
	spin_unlock(page_table_lock(child->vm_mm));
	spin_unlock(&pt->lock);
	return !n;
}

/*
 * Pages of an area that shows a file and is copied all the same. Derived: as
 * many as one fault enters. To copy takes a third of what that takes for each,
 * and spares the rest of the fault.
 */
#define COPY_MOST FAULT_AROUND_MAX

/* Does nopage() give it again, if the child wants it at all? A program's text
 * it does want: its next instruction is there. */
static bool is_shown_again(const struct vm_area_struct *vma)
{
	if (!vma->vm_ops || !vma->vm_ops->nopage || vma->anon_vma)
		return false;
	return (vma->vm_flags & (VM_EXEC | VM_SHARED)) != VM_EXEC ||
	       vma_pages(vma) > COPY_MOST;
}

int copy_page_tables(struct vm_area_struct *child, struct vm_area_struct *vma)
{
	const struct pgtable *pt = &vma->vm_mm->pgd;
	u32 start = vma->vm_start, upto;

	if (is_shown_again(vma))
		return 0;
	for (; start < vma->vm_end; start = upto) {
		u32 *from = pt_find(pt, start), *to;

		upto = end_of_table(pt, start, vma->vm_end);
		if (!from)
			continue;
		to = make_entry(child->vm_mm, start);
		if (!to || !copy_some(child, vma, to, from,
				       (upto - start) >> PAGE_SHIFT))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}
