/*
 * Entries and tables of user addresses: made, moved, given back.
 *
 * 1. Giving back. An entry is emptied, then the TLB is flushed, then its page
 *    goes: until the flush a CPU may still write to the page. To flush for each
 *    would cost more than all else, so pages are gathered: one flush for as
 *    many as fit into a batch. Tables that show nothing any more go the same
 *    way: the CPU may be walking them.
 *
 *    Pages that have other users, as all of a file have, go without the page
 *    allocator: they only lose a user. One of the swap cache is asked to leave
 *    it, if nobody else may want it from there.
 *
 *    Tables are objects with a constructor, and come back empty: most are used
 *    again without a pass over them.
 *
 * 2. A table goes when no area has an address in its part. unmap_areas() is
 *    told what is free around what it unmaps: [floor, ceiling).
 *
 * 3. What the CPU noted (dirty) is handed on to whoever the page belongs to.
 *
 * 4. Moving takes each entry from one place and sets it at the other, under
 *    page_table_lock: whoever comes by the page looks at both places, or at
 *    none of them. One flush for a table's entries.
 *
 * Lock: page_table_lock, a table's entries at a time; memory for tables is
 * fetched without it. Interrupts stay on. Cost: some 125 instructions for a
 * page that goes, a third of them the page allocator's, and a quarter to take
 * it off the list of pages to be had back.
 */
#include <kernel/lib/bug.h>
#include <mm/high/highmem.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/lru.h>
#include <mm/space/fault.h>
#include <mm/space/internal.h>

#define BATCH 60U	/* guessed: a quarter of a KB of the stack */
#define TABLES 8U	/* guessed: a small program has three */

struct swap_hooks swap_hooks;

static struct kmem_cache *table_cache;

/* Tables come back as they were made: empty. */
static void clear_table(void *table)
{
	clear_page(table);
}

void tables_init(void)
{
	table_cache = kmem_cache_create("page_table", PAGE_SIZE, PAGE_SIZE,
					SLAB_PANIC, clear_table);
}

/* What goes, once the TLB is flushed. */
struct gather {
	struct mm_struct *mm;
	u32 n;
	bool stale;		/* entries were emptied since the last flush */
	struct page *page[BATCH];
	u32 nr_tables;
	void *table[TABLES];
};

/* Not by an initializer, which would zero all of it. */
static __always_inline void begin_gather(struct gather *g, struct mm_struct *mm)
{
	g->mm = mm;
	g->n = g->nr_tables = 0;
	g->stale = false;
}

static void flush_gather(struct gather *g)
{
	u32 i, last;

	if (g->stale)
		flush_mm(g->mm);
	g->stale = false;
	/* not to be kept for its slot only */
	for (i = 0; i < g->n; i++)
		if (unlikely(PageSwapCache(g->page[i])) && swap_hooks.unused)
			swap_hooks.unused(g->page[i]);
	last = lru_release_pages(g->n, g->page);
	for (i = 0; i < last; i++)
		page_forget_anon(g->page[i]);
	if (last)
		free_pages_bulk(last, g->page);
	g->n = 0;
	while (g->nr_tables)
		kmem_cache_free(table_cache, g->table[--g->nr_tables]);
}

/* --- unmapping --- */

/* A page that only waited for this entry: to be given back. NULL: none. */
static struct page *zap_swapped(struct mm_struct *mm, pteval_t old)
{
	mm->swap_entries--;
	return swap_hooks.free ? swap_hooks.free(old) : NULL;
}

/* A page that is shown, by what the CPU noted in its entry. */
static __always_inline void tell_used(struct vm_area_struct *vma,
				      struct page *page, pteval_t old)
{
	if (old & _PAGE_ACCESSED)
		mark_page_accessed(page);
	if (old & _PAGE_DIRTY)
		tell_dirty(vma, page);
}

/* n entries of one table, until the batch is full: how many. The page counts
 * of the space change once. */
static __always_inline u32 zap_run(struct gather *g, struct vm_area_struct *vma,
				   u32 *entry, u32 n, bool wide)
{
	struct page **page = &g->page[g->n], **full = &g->page[BATCH];
	u32 left, anon = 0, uncounted = 0;

	for (left = n; left && page < full;
	     left--, entry += pte_words(wide)) {
		pteval_t old = pte_read(entry, wide);
		struct page *shown;

		if (!old)
			continue;
		old = pte_take(entry, wide);
		if (unlikely(!pte_shows_page(old))) {
			shown = zap_swapped(g->mm, old);
			if (shown) {
				uncounted++;
				*page++ = shown;
			}
			continue;
		}
		g->stale = true;
		shown = pte_counted_page(old, wide);
		if (unlikely(!shown))
			continue;
		page_remove_rmap(shown);
		if (likely(PageAnon(shown)))
			anon++;
		else
			tell_used(vma, shown, old);
		*page++ = shown;
	}
	g->mm->anon_rss -= anon;
	g->mm->file_rss -= (u32)(page - &g->page[g->n]) - anon - uncounted;
	g->n = (u32)(page - g->page);
	return n - left;
}

static __noinline u32 zap_in_table(struct gather *g, struct vm_area_struct *vma,
				   u32 *entry, u32 n)
{
	return g->mm->pgd.levels == 3 ? zap_run(g, vma, entry, n, true) :
					zap_run(g, vma, entry, n, false);
}

/* Until the batch is full: how far it came. */
static u32 zap_some(struct gather *g, struct vm_area_struct *vma, u32 start,
		    u32 end)
{
	const struct pgtable *pt = &g->mm->pgd;
	u32 *entry = pt_find(pt, start), n = (end - start) >> PAGE_SHIFT;

	if (!entry)
		return end;
	spin_lock(page_table_lock(g->mm));
	n = zap_in_table(g, vma, entry, n);
	spin_unlock(page_table_lock(g->mm));
	return start + (n << PAGE_SHIFT);
}

static void zap_range(struct gather *g, struct vm_area_struct *vma, u32 start,
		      u32 end)
{
	while (start < end) {
		start = zap_some(g, vma, start,
				 end_of_table(&g->mm->pgd, start, end));
		if (g->n == BATCH)
			flush_gather(g);
		cond_resched();
	}
}

static void take_table(struct gather *g, u32 at, int level)
{
	phys_addr_t table;

	spin_lock(page_table_lock(g->mm));
	table = pt_take_table(&g->mm->pgd, at, level);
	if (table) {
		g->mm->nr_tables--;
		count_space(&own_space_counts()->tables, -1);
	}
	spin_unlock(page_table_lock(g->mm));
	if (!table)
		return;
	g->stale = true;
	g->table[g->nr_tables++] = __va((u32)table);
	if (g->nr_tables == TABLES)
		flush_gather(g);
}

/* Tables of one level that an area of the list has a part of, and that are in
 * [floor, ceiling) as a whole. */
static void take_tables(struct gather *g, int level,
			const struct vm_area_struct *vma, u32 floor,
			u32 ceiling)
{
	u32 size = pt_level_size(&g->mm->pgd, level + 1);
	u32 at = ALIGN(floor, size), first;

	for (; vma; vma = vma->vm_next) {
		first = ALIGN_DOWN(vma->vm_start, size);
		for (at = max(at, first);
		     at < vma->vm_end && ceiling - at >= size; at += size)
			take_table(g, at, level);
	}
}

void unmap_areas(struct mm_struct *mm, struct vm_area_struct *first, u32 floor,
		 u32 ceiling)
{
	struct vm_area_struct *vma;
	struct gather g;
	int level;

	begin_gather(&g, mm);
	for (vma = first; vma; vma = vma->vm_next)
		zap_range(&g, vma, vma->vm_start, vma->vm_end);
	for (level = 1; level < mm->pgd.levels; level++)
		take_tables(&g, level, first, floor, ceiling);
	flush_gather(&g);
}

/* --- emptying entries of an area that stays --- */

static u32 zap_shown(struct gather *g, struct vm_area_struct *vma, u32 *entry,
		     u32 n)
{
	u32 i;

	for (i = 0; i < n && g->n < BATCH; i++) {
		if (pte_file_page(pt_read(&g->mm->pgd, entry)))
			zap_in_table(g, vma, entry, 1);
		entry = pt_next(&g->mm->pgd, entry);
	}
	return i;
}

/* As zap_some(), but nobody keeps tables from being taken out. */
static u32 zap_kept(struct gather *g, struct vm_area_struct *vma, u32 start,
		    u32 end, bool all_kinds)
{
	u32 *entry, n = (end - start) >> PAGE_SHIFT;

	spin_lock(page_table_lock(g->mm));
	entry = pt_find(&g->mm->pgd, start);
	if (entry && all_kinds)
		n = zap_in_table(g, vma, entry, n);
	else if (entry)
		n = zap_shown(g, vma, entry, n);
	spin_unlock(page_table_lock(g->mm));
	return start + (n << PAGE_SHIFT);
}

void zap_entries(struct vm_area_struct *vma, u32 start, u32 end, bool all_kinds)
{
	struct gather g;

	begin_gather(&g, vma->vm_mm);
	while (start < end) {
		start = zap_kept(&g, vma, start,
				 end_of_table(&g.mm->pgd, start, end),
				 all_kinds);
		if (g.n == BATCH)
			flush_gather(&g);
		cond_resched();
	}
	flush_gather(&g);
}

/* --- making --- */

u32 *make_entry(struct mm_struct *mm, u32 address)
{
	struct pgtable *pt = &mm->pgd;
	u32 *entry;

	while (!(entry = pt_find(pt, address))) {
		void *table = kmem_cache_alloc(table_cache, GFP_KERNEL);
		bool used;

		if (!table)
			return NULL;
		spin_lock(page_table_lock(mm));
		used = pt_hang(pt, address, __pa(table));
		mm->nr_tables += used;
		count_space(&own_space_counts()->tables, used);
		spin_unlock(page_table_lock(mm));
		if (!used)
			kmem_cache_free(table_cache, table);
	}
	return entry;
}

/* --- changing --- */

/* What stays of an entry when its protection changes. */
#define PTE_KEEPS (PTE_FRAME_MASK | _PAGE_ACCESSED | _PAGE_DIRTY)

static void protect_some(struct vm_area_struct *vma, u32 start, u32 end)
{
	struct pgtable *pt = &vma->vm_mm->pgd;
	pteval_t prot = vma->vm_page_prot & supported_pte_mask;
	u32 *entry = pt_find(pt, start), at;

	if (!entry)
		return;
	spin_lock(&pt->lock);
	for (at = start; at < end; at += PAGE_SIZE) {
		/* taken: what the CPU notes meanwhile it notes nowhere */
		if (pte_shows_page(pt_read(pt, entry))) {
			pteval_t old = pt_take(pt, entry);

			pt_write(pt, entry, (old & PTE_KEEPS) |
				 (prot & ~_PAGE_ACCESSED));
		}
		entry = pt_next(pt, entry);
	}
	flush_mm_range(vma->vm_mm, start, end);
	spin_unlock(&pt->lock);
}

void change_protection(struct vm_area_struct *vma, u32 start, u32 end)
{
	while (start < end) {
		u32 upto = end_of_table(&vma->vm_mm->pgd, start, end);

		protect_some(vma, start, upto);
		start = upto;
		cond_resched();
	}
}

static void move_some(struct mm_struct *mm, u32 from, u32 to, u32 len)
{
	struct pgtable *pt = &mm->pgd;
	u32 *source = pt_find(pt, from), *target = pt_find(pt, to), done;

	spin_lock(&pt->lock);
	for (done = 0; done < len; done += PAGE_SIZE) {
		if (pt_read(pt, source))
			pt_write(pt, target, pt_take(pt, source));
		source = pt_next(pt, source);
		target = pt_next(pt, target);
	}
	flush_mm_range(mm, from, from + len);
	spin_unlock(&pt->lock);
}

u32 move_page_tables(struct vm_area_struct *vma, u32 from,
		     struct vm_area_struct *new, u32 to, u32 len)
{
	struct mm_struct *mm = vma->vm_mm;
	u32 done = 0;

	BUG_ON(vma->anon_vma != new->anon_vma,
	       "pages move to where they are not found again");
	while (done < len) {
		u32 left = end_of_table(&mm->pgd, from + done, from + len) -
			   (from + done);

		left = min(left, end_of_table(&mm->pgd, to + done, to + len) -
				 (to + done));
		if (pt_find(&mm->pgd, from + done)) {
			if (!make_entry(mm, to + done))
				break;
			move_some(mm, from + done, to + done, left);
		}
		done += left;
		cond_resched();
	}
	return done;
}
