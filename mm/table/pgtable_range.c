/*
 * Many level-1 entries at once.
 *
 * 1. pt_map() descends from the root for every page, under pt->lock: right for
 *    what is mapped once in a boot. vmalloc maps and unmaps hundreds of pages
 *    at a time, at addresses that nobody else has. So here: one descent a
 *    table, then plain stores. Only making a table needs the lock.
 *
 * 2. The order of stores is pgtable.c's. Not present to present: the high half
 *    first. Present to not present: the low half first.
 *
 * 3. Clearing does not flush, as its caller has a cheaper time for that.
 *
 * Cost: some 8 instructions a page to map, 4 to clear; 20 a table.
 */
#include <kernel/lib/errno.h>
#include <mm/table/pgtable.h>

static void *table_below(u32 entry)
{
	return __va(entry & PAGE_MASK);	/* tables lie in lowmem */
}

/*
 * wide: entries of 8 bytes, PAE. A constant wherever these are called, so that
 * each format has its own code.
 */

/* The low half of the level-2 entry of va; NULL: not even that. */
static __always_inline volatile u32 *level_2_entry(const struct pgtable *pt,
						   u32 va, bool wide)
{
	volatile u32 *root = pt->root;
	volatile u32 *table;

	if (!wide)
		return root + (va >> 22);
	root += (va >> 30) * 2;
	if (!(*root & _PAGE_PRESENT))
		return NULL;
	table = table_below(*root);
	return table + (va >> 21 & 511) * 2;
}

/* Pages from va to the end of its level-1 table, at most `pages`. */
static __always_inline u32 pages_in_table(u32 va, u32 pages, bool wide)
{
	u32 entries = wide ? 512 : 1024;
	u32 left = entries - (va >> PAGE_SHIFT & (entries - 1));

	return min(pages, left);
}

/* The level-1 entry of va in the table of a level-2 entry. */
static __always_inline u32 *level_1_entry(u32 level_2, u32 va, bool wide)
{
	u32 *table = table_below(level_2);

	return wide ? table + (va >> PAGE_SHIFT & 511) * 2 :
		      table + (va >> PAGE_SHIFT & 1023);
}

static __always_inline bool is_table(const volatile u32 *entry)
{
	return entry && (*entry & (_PAGE_PRESENT | _PAGE_PSE)) == _PAGE_PRESENT;
}

static __always_inline int open_run(struct pgtable *pt, u32 va, u32 pages,
				    struct pt_run *run, bool wide)
{
	const volatile u32 *entry = level_2_entry(pt, va, wide);

	run->wide = wide;
	run->n = pages_in_table(va, pages, wide);
	if (unlikely(!is_table(entry))) {
		int err = pt_populate(pt, va, PAGE_SIZE);

		if (err)
			return err;
		entry = level_2_entry(pt, va, wide);
	}
	run->first = level_1_entry(*entry, va, wide);
	return 0;
}

int fastcall pt_run_open(struct pgtable *pt, u32 va, u32 pages, pteval_t prot,
			 struct pt_run *run)
{
	prot &= supported_pte_mask;
	run->low = (u32)prot;
	run->high = (u32)(prot >> 32);
	return pt->levels == 3 ? open_run(pt, va, pages, run, true) :
				 open_run(pt, va, pages, run, false);
}

static __always_inline void clear_entries(volatile u32 *p, u32 n, bool wide)
{
	volatile u32 *end = p + (wide ? n * 2 : n);

	/* the low half first: it has Present */
	while (p < end)
		*p++ = 0;
}

/* A large page of [va, ...), or nothing, where a table could be. */
static void clear_large(struct pgtable *pt, u32 va, u32 pages, bool wide)
{
	volatile u32 *entry = level_2_entry(pt, va, wide);
	u32 flags;

	if (!entry || !(*entry & _PAGE_PRESENT))
		return;
	BUG_ON(pages << PAGE_SHIFT != pt_level_size(pt, 2),
	       "a part of a large page is to be cleared");
	flags = spin_lock_irqsave(&pt->lock);
	clear_entries(entry, 1, wide);
	spin_unlock_irqrestore(&pt->lock, flags);
	pt_forget(va);
}

static __always_inline void clear_range(struct pgtable *pt, u32 va, u32 pages,
					bool wide)
{
	while (pages) {
		const volatile u32 *entry = level_2_entry(pt, va, wide);
		u32 n = pages_in_table(va, pages, wide);

		if (likely(is_table(entry)))
			clear_entries(level_1_entry(*entry, va, wide), n, wide);
		else
			clear_large(pt, va, n, wide);
		va += n << PAGE_SHIFT;
		pages -= n;
	}
}

void fastcall pt_clear_range(struct pgtable *pt, u32 va, u32 pages)
{
	if (pt->levels == 3)
		clear_range(pt, va, pages, true);
	else
		clear_range(pt, va, pages, false);
}
