/*
 * Many level-1 entries at once.
 *
 * 1. pt_map() descends from the root for every page, under pt->lock: right for
 *    what is mapped once in a boot. vmalloc maps and unmaps hundreds of pages at
 *    a time, at addresses that nobody else has. So here: one descent a table,
 *    then plain stores. Only making a table needs the lock.
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

/* The low half of the level-2 entry of va; NULL: not even that. */
static volatile u32 *level_2_entry(const struct pgtable *pt, u32 va)
{
	volatile u32 *root = pt->root;
	volatile u32 *table;

	if (pt->levels == 2)
		return root + (va >> 22);
	root += (va >> 30) * 2;
	if (!(*root & _PAGE_PRESENT))
		return NULL;
	table = table_below(*root);
	return table + (va >> 21 & 511) * 2;
}

/* Pages from va to the end of its level-1 table, at most `pages`. */
static u32 pages_in_table(const struct pgtable *pt, u32 va, u32 pages)
{
	u32 entries = pt->levels == 2 ? 1024 : 512;
	u32 left = entries - (va >> PAGE_SHIFT & (entries - 1));

	return min(pages, left);
}

/* The level-1 entry of va in the table of a level-2 entry. */
static u32 *level_1_entry(const struct pgtable *pt, u32 level_2, u32 va)
{
	u32 *table = table_below(level_2);

	if (pt->levels == 2)
		return table + (va >> PAGE_SHIFT & 1023);
	return table + (va >> PAGE_SHIFT & 511) * 2;
}

int pt_run_open(struct pgtable *pt, u32 va, u32 pages, pteval_t prot,
		struct pt_run *run)
{
	const volatile u32 *entry = level_2_entry(pt, va);

	prot &= supported_pte_mask;
	run->wide = pt->levels == 3;
	run->low = (u32)prot;
	run->high = (u32)(prot >> 32);
	run->n = pages_in_table(pt, va, pages);
	if (unlikely(!entry || (*entry & (_PAGE_PRESENT | _PAGE_PSE)) !=
		     _PAGE_PRESENT)) {
		int err = pt_populate(pt, va, PAGE_SIZE);

		if (err)
			return err;
		entry = level_2_entry(pt, va);
	}
	run->first = level_1_entry(pt, *entry, va);
	return 0;
}

static void clear_entries(u32 *entry, u32 n, bool wide)
{
	volatile u32 *p = entry, *end = p + (wide ? n * 2 : n);

	/* the low half first: it has Present */
	while (p < end)
		*p++ = 0;
}

/* A large page of [va, ...), or nothing, where a table could be: pages done. */
static u32 clear_large(struct pgtable *pt, u32 va, u32 pages)
{
	volatile u32 *entry = level_2_entry(pt, va);
	u32 n = pages_in_table(pt, va, pages), flags;

	if (!entry || !(*entry & _PAGE_PRESENT))
		return n;
	BUG_ON(n << PAGE_SHIFT != pt_level_size(pt, 2),
	       "a part of a large page is to be cleared");
	flags = spin_lock_irqsave(&pt->lock);
	clear_entries((u32 *)(uintptr_t)entry, 1, pt->levels == 3);
	spin_unlock_irqrestore(&pt->lock, flags);
	pt_forget(va);
	return n;
}

void pt_clear_range(struct pgtable *pt, u32 va, u32 pages)
{
	while (pages) {
		const volatile u32 *entry = level_2_entry(pt, va);
		u32 n;

		if (entry && (*entry & (_PAGE_PRESENT | _PAGE_PSE)) ==
		    _PAGE_PRESENT) {
			n = pages_in_table(pt, va, pages);
			clear_entries(level_1_entry(pt, *entry, va), n,
				      pt->levels == 3);
		} else {
			n = clear_large(pt, va, pages);
		}
		va += n << PAGE_SHIFT;
		pages -= n;
	}
}
