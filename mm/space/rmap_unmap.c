/*
 * Was a page used, and away with its entries. ULK3 sections 17.2 and 17.3.
 *
 * 1. Who takes pages back (mm/reclaim) comes by the page: it is locked, he has
 *    a user of it, and waits for no lock that sleeps. The list of areas is held
 *    still by a spin lock (anon_vma.lock) or one that is only tried
 *    (i_mmap_lock): nobody joins or leaves it, and no area on it changes its
 *    borders. Entries are looked at under page_table_lock.
 *
 * 2. What goes on meanwhile, as entries change without the list's lock:
 *
 *	fork		the copy's area is not on the list yet (private memory),
 *			or stands behind: an entry is missed, or found
 *	mremap		an entry moves to an area behind: found once or twice;
 *			back, when there is no memory: perhaps missed
 *	split, join	for a moment two areas have an address: found twice
 *	munmap, exit	the entry is gone, or its table
 *	a fault		of a page that is locked: none comes into being; another
 *			page may take its place
 *
 *    Twice is harmless: a bit that was cleared is not counted again, an entry
 *    that says a slot does not show the page. Missed is harmless, since what is
 *    counted at the end is _mapcount: while it is not 0 the answer is "again",
 *    and the page stays. An entry that was missed and one that says the slot
 *    are the same to the page as two that say it: a copy is made for who
 *    writes (memory.c, section 2).
 *
 * 3. An entry goes in this order: the slot counts it; it is taken, in one step
 *    with the bits of the CPU; the TLB is flushed; PG_dirty, if the CPU had
 *    noted a write; the slot is written in its place; _mapcount, and last the
 *    entry's user. Before the flush the CPU may write to the page by what it
 *    remembers, but only where the dirty bit is set already: else it looks for
 *    the entry first, and faults (SDM 3A, 4.8). So whoever finds the page
 *    without entries, and then not dirty, has what was written last.
 *
 * 4. Never: areas that are locked (VM_LOCKED, which is set under
 *    page_table_lock), or windows on devices. Again: an entry that was used
 *    since page_referenced() asked, private memory without a slot, and a slot
 *    that can count no more entries. What went until then stays gone.
 *
 * Locks: as in section 1. Cost: one look at each area of the list until all of
 * _mapcount are found; 150 instructions for an entry that goes.
 */
#include <kernel/lib/bug.h>
#include <mm/cache/pagemap.h>
#include <mm/space/internal.h>
#include <mm/table/swap_entry.h>

/* What is done with an entry, with page_table_lock: false, and no other is
 * looked at. */
struct visit {
	struct page *page;
	u32 referenced;
	enum unmap_result result;
};

typedef bool (*visit_fn)(struct visit *v, struct vm_area_struct *vma,
			 u32 address, u32 *entry);

/* --- from the page to its entries: inline, so that fn is no pointer --- */

static __always_inline bool visit_area(struct visit *v, visit_fn fn,
				       struct vm_area_struct *vma)
{
	u32 address, *entry = rmap_lock_entry(vma, v->page, &address);
	bool more;

	if (!entry)
		return true;
	more = fn(v, vma, address, entry);
	spin_unlock(page_table_lock(vma->vm_mm));
	return more && page_mapcount(v->page);
}

static __always_inline void visit_anon(struct visit *v, visit_fn fn)
{
	struct anon_vma *av = page_lock_anon_vma(v->page);
	struct vm_area_struct *vma;

	if (!av)
		return;
	list_for_each_entry(vma, &av->head, anon_vma_node)
		if (!visit_area(v, fn, vma))
			break;
	page_unlock_anon_vma(av);
}

/* False: the list is busy. */
static __noinline bool visit_file(struct visit *v, visit_fn fn)
{
	struct address_space *mapping = v->page->mapping;
	struct vm_area_struct *vma;

	/* what an area shows that is no file's is on no list */
	if (!mapping)
		return !page_mapcount(v->page);
	if (!mutex_trylock(&mapping->i_mmap_lock))
		return false;
	list_for_each_entry(vma, &mapping->i_mmap, shared)
		if (!visit_area(v, fn, vma))
			break;
	mutex_unlock(&mapping->i_mmap_lock);
	return true;
}

static __always_inline bool visit_all(struct visit *v, visit_fn fn)
{
	BUG_ON(!PageLocked(v->page),
	       "the entries of a page that nobody has locked");
	if (!page_mapcount(v->page))
		return true;
	if (!PageAnon(v->page))
		return visit_file(v, fn);
	visit_anon(v, fn);
	return true;
}

/* --- was it used? --- */

/* The flush: the CPU notes a use only of what it fetches anew. */
static bool take_accessed(struct vm_area_struct *vma, u32 address, u32 *entry)
{
	if (!(pt_read(&vma->vm_mm->pgd, entry) & _PAGE_ACCESSED))
		return false;
	pt_clear_bits(entry, (u32)_PAGE_ACCESSED);
	flush_mm_page(vma->vm_mm, address);
	return true;
}

static bool count_use(struct visit *v, struct vm_area_struct *vma, u32 address,
		      u32 *entry)
{
	v->referenced += take_accessed(vma, address, entry);
	return true;
}

u32 fastcall page_referenced(struct page *page)
{
	struct visit v = { .page = page };
	bool busy = !visit_all(&v, count_use);

	if (PageReferenced(page)) {
		ClearPageReferenced(page);
		v.referenced++;
	}
	return v.referenced + busy;
}

/* --- away with its entries --- */

/* What the entry becomes: 0, or the slot, which it says from now on. False: no
 * entry more can say it, or there is none. */
static bool new_value(const struct page *page, pteval_t *value)
{
	*value = 0;
	if (!PageAnon(page))
		return true;
	if (!PageSwapCache(page) || !swap_hooks.copy)
		return false;
	*value = swp_entry_to_pte((swp_entry_t){ (u32)page->private });
	return swap_hooks.copy(*value);
}

/* The page is the file's, and so the dirty bit; of private memory it is the
 * page's. */
static void hand_on_dirty(struct vm_area_struct *vma, struct page *page)
{
	if (PageAnon(page))
		set_page_dirty(page);
	else
		tell_dirty(vma, page);
}

/* The entry is empty, and gets its value. The caller has a user of the page: so
 * it stays. */
static void leave_entry(struct mm_struct *mm, u32 *entry, struct page *page,
			pteval_t value)
{
	if (value) {
		pt_write(&mm->pgd, entry, value);
		mm->swap_entries++;
	}
	--*rss_of(mm, page);
	page_remove_rmap(page);
	BUG_ON(!put_page_of_others(page),
	       "a page is unmapped that nobody else has");
}

static bool unmap_one(struct visit *v, struct vm_area_struct *vma, u32 address,
		      u32 *entry)
{
	struct mm_struct *mm = vma->vm_mm;
	pteval_t value, old;

	if (vma->vm_flags & (VM_LOCKED | VM_IO)) {
		v->result = UNMAP_FAIL;
		return false;
	}
	if (take_accessed(vma, address, entry) ||
	    !new_value(v->page, &value)) {
		v->result = UNMAP_AGAIN;
		return false;
	}
	old = pt_take(&mm->pgd, entry);
	flush_mm_page(mm, address);
	if (old & _PAGE_DIRTY)
		hand_on_dirty(vma, v->page);
	leave_entry(mm, entry, v->page, value);
	return true;
}

enum unmap_result fastcall try_to_unmap(struct page *page)
{
	struct visit v = { .page = page, .result = UNMAP_SUCCESS };

	if (!visit_all(&v, unmap_one))
		return UNMAP_AGAIN;
	if (v.result == UNMAP_SUCCESS && page_mapcount(page))
		return UNMAP_AGAIN;
	return v.result;
}
