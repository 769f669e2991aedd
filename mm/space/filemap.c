/*
 * Faults of what an area shows. ULK3 sections 9.4.3 and 16.2.4.
 *
 * 1. The table, of an empty entry:
 *
 *	area		read				write
 *	shared		the file's page, with the	the same, dirty
 *			right to write
 *	private		the file's page, read-only	a copy of it
 *	beyond the end, or it cannot be read		SIGBUS
 *
 *    "The end" is size(), rounded up to a page. What is written through an
 *    entry is noted there by the CPU (its dirty bit), and told to the page when
 *    the entry goes or msync() asks: dirtied().
 *
 * 2. Truncation. An entry of a file's page is made by who has that page locked,
 *    and saw, locked, that it still is in the mapping and below the end. Who
 *    truncates sets the size, and takes each page out under its lock, with its
 *    entries (unmap_page_hook). So either the fault comes first, and its entry
 *    is found; or the page is gone, and the fault looks for it again and comes
 *    to the end. A page in the cache may have entries, one that is not has
 *    none.
 *
 * 3. The page of a private copy is fetched first: not to wait for memory while
 *    others wait for the page.
 *
 * 4. Around. Programs read what lies together; to enter a page that is there
 *    costs a quarter of a fault. So a read fault enters all pages of its 64 KB
 *    that are in the cache, up to date and not locked by anybody: one gang
 *    lookup, one page_table_lock. It waits for nothing. Entries beside the one
 *    asked for are not accessed: nobody used them yet. A write
 *    takes only what it asked for: it would make the others dirty, or copy
 *    them.
 *
 * 5. A page that is not there is read with those around it that are not there
 *    either, where the mapping can read several at once (readahead.c).
 *
 * Locks: mmap_sem for reading; page locks (one by waiting, more only by
 * trying); page_table_lock. Cost: see docs/bench.md.
 */
#include <kernel/lib/bug.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/space/fault.h>
#include <mm/space/filemap.h>
#include <mm/space/internal.h>

struct fault_around fault_around = { .pages = FAULT_AROUND_MAX };

/* --- the page of an address --- */

/* Is the page beyond the end? */
static bool is_beyond(const struct vm_area_struct *vma, u32 index)
{
	return (u64)index << PAGE_SHIFT >= vma->vm_ops->size(vma);
}

static void release(struct page *page)
{
	unlock_page(page);
	put_page(page);
}

/* What lies around a page that is not there: within the area and the file. */
static bool read_around(const struct vm_area_struct *vma, u32 index)
{
	u64 end = (vma->vm_ops->size(vma) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	u64 of_area = (u64)vma_pgoff(vma, vma->vm_end - 1) + 1;

	return page_cache_readaround(vma->vm_mapping, index,
				     vma_pgoff(vma, vma->vm_start),
				     min(end, of_area));
}

/* Up to date and locked, but perhaps not in the mapping any more. Or an error,
 * as of read_cache_page(). */
static struct page *locked_page(const struct vm_area_struct *vma, u32 index,
				bool *major)
{
	struct address_space *mapping = vma->vm_mapping;
	struct page *page = find_lock_page(mapping, index);

	if (likely(page && PageUptodate(page)))
		return page;
	if (page)
		release(page);
	else if (read_around(vma, index))
		*major = true;
	page = read_cache_page(mapping, index, major);
	if (!IS_ERR_PAGE(page))
		lock_page(page);
	return page;
}

struct page *filemap_nopage(struct vm_area_struct *vma, u32 address,
			    bool *major)
{
	struct address_space *mapping = vma->vm_mapping;
	u32 index = vma_pgoff(vma, address);
	struct page *page;

	while (!is_beyond(vma, index)) {
		page = locked_page(vma, index, major);
		if (IS_ERR_PAGE(page))
			return PAGE_ERR(page) == -ENOMEM ? NOPAGE_OOM :
							   NOPAGE_SIGBUS;
		if (likely(page->mapping == mapping && PageUptodate(page) &&
			   !is_beyond(vma, index)))
			return page;
		release(page);
	}
	return NOPAGE_SIGBUS;
}

void filemap_dirtied(struct vm_area_struct *vma, struct page *page)
{
	set_page_dirty(page);
}

int map_file(struct vm_area_struct *vma, struct address_space *mapping,
	     const struct vm_operations_struct *ops)
{
	BUG_ON(!ops->nopage || !ops->size,
	       "a file is mapped that gives no pages, or has no end");
	vma->vm_mapping = mapping;
	vma->vm_ops = ops;
	if (ops->open)
		ops->open(vma);
	return 0;
}

/* --- around --- */

/* The pages that a fault may enter. */
struct window {
	u32 start, end;			/* addresses */
	u32 n;
	struct page *page[FAULT_AROUND_MAX];	/* locked, with a user each */
};

/* Of the pages of the window those that can be entered as they are. The size is
 * asked behind the look-up: who is found and was added behind a truncation is
 * beyond it, and who was there before is out of the mapping, or will be. */
static void choose_pages(const struct vm_area_struct *vma, struct window *w)
{
	struct address_space *mapping = vma->vm_mapping;
	u32 first = vma_pgoff(vma, w->start), i, n;
	u32 pages = (w->end - w->start) >> PAGE_SHIFT;
	u64 size;

	n = find_get_pages(mapping, first, pages, w->page);
	size = (vma->vm_ops->size(vma) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	pages = size <= first ? 0 : (u32)min(size - first, (u64)pages);
	for (i = 0; i < n; i++) {
		struct page *page = w->page[i];

		if (unlikely(!trylock_page(page))) {
			put_page(page);
			continue;
		}
		if (likely(page->mapping == mapping && PageUptodate(page) &&
			   page->index - first < pages))
			w->page[w->n++] = page;
		else
			release(page);
	}
}

/* page_table_lock is held. What is there stays. Which of its users each page's
 * entry took over, as bits. */
static __always_inline u32 enter_pages(const struct fault *f,
				       const struct window *w, bool wide)
{
	u32 *start = pt_find(&f->mm->pgd, w->start), taken = 0, i;
	u32 first = vma_pgoff(f->vma, w->start);
	u32 asked = vma_pgoff(f->vma, f->address);
	pteval_t prot = f->vma->vm_page_prot & supported_pte_mask;

	for (i = 0; i < w->n; i++) {
		struct page *page = w->page[i];
		u32 *entry = start + (page->index - first) * pte_words(wide);
		pteval_t value = PFN_PHYS(page_to_pfn(page)) | prot;

		if (pte_read(entry, wide))
			continue;
		page_add_file_rmap(page);
		f->mm->file_rss++;
		if (page->index != asked)
			value &= ~_PAGE_ACCESSED;
		pte_write(entry, value, wide);
		taken |= 1U << i;
	}
	return taken;
}

static u32 enter_window(const struct fault *f, const struct window *w)
{
	u32 taken;

	spin_lock(page_table_lock(f->mm));
	taken = f->wide ? enter_pages(f, w, true) : enter_pages(f, w, false);
	unlock(f);
	return taken;
}

/* Is the entry made now? */
static bool map_around(const struct fault *f)
{
	u32 size = fault_around.pages << PAGE_SHIFT, taken, i;
	u32 start = ALIGN_DOWN(f->address, size);
	u32 asked = vma_pgoff(f->vma, f->address), entered = 0;
	struct window w;
	bool done = false;

	w.n = 0;
	w.start = max(start, f->vma->vm_start);
	w.end = min(start + size - 1, f->vma->vm_end - 1) + 1;
	choose_pages(f->vma, &w);
	if (!w.n)
		return false;
	taken = enter_window(f, &w);
	for (i = 0; i < w.n; i++, taken >>= 1) {
		struct page *page = w.page[i];

		if (page->index == asked)
			done = true;
		else
			entered += taken & 1;
		unlock_page(page);
		if (unlikely(!(taken & 1)))
			put_page(page);
	}
	atomic_add((s32)entered, &fault_around.entered);
	return done;
}

/* --- answers --- */

/* The page takes the place of an empty entry, which has its user then; it is
 * unlocked behind that. */
static void install_shown(const struct fault *f, struct page *page)
{
	pteval_t value = make_pte(f, page);

	if (!lock_unchanged(f)) {
		release(page);
		return;
	}
	if (f->write && value & _PAGE_RW)
		value |= _PAGE_DIRTY;
	if (pte_is_counted(value)) {
		page_add_file_rmap(page);
		f->mm->file_rss++;
	}
	pte_write(f->entry, value, f->wide);
	unlock(f);
	unlock_page(page);
}

static enum fault_result why_not(const struct page *page)
{
	return page == NOPAGE_OOM ? FAULT_OOM : FAULT_NO_PAGE;
}

static bool is_page(const struct page *page)
{
	return page != NOPAGE_SIGBUS && page != NOPAGE_OOM;
}

static struct page *ask(const struct fault *f, bool *major)
{
	return f->vma->vm_ops->nopage(f->vma, f->address, major);
}

static enum fault_result copy_shown(const struct fault *f, bool *major)
{
	struct page *page = fault_own_page(f), *shown;

	if (!page)
		return FAULT_OOM;
	shown = ask(f, major);
	if (!is_page(shown)) {
		__free_page(page);
		return why_not(shown);
	}
	copy_highpage(page, shown);
	fault_install_own(f, page);
	release(shown);
	return FAULT_MINOR;
}

static enum fault_result show(const struct fault *f, bool *major)
{
	struct page *page;

	if (!f->write && f->vma->vm_mapping && fault_around.pages > 1 &&
	    map_around(f))
		return FAULT_MINOR;
	page = ask(f, major);
	if (!is_page(page))
		return why_not(page);
	install_shown(f, page);
	return FAULT_MINOR;
}

enum fault_result shown_page(struct fault f)
{
	bool major = false;
	enum fault_result result;

	if (f.write && !(f.vma->vm_flags & VM_SHARED))
		result = copy_shown(&f, &major);
	else
		result = show(&f, &major);
	return result == FAULT_MINOR && major ? FAULT_MAJOR : result;
}
