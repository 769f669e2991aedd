/*
 * Tables of user addresses.
 *
 * 1. A tree of an address space has the kernel's entries from PAGE_OFFSET on
 *    (pgtable_copy.c), and below tables of its own. They are made one at a
 *    time, when an address is first used, and taken out when nothing in them
 *    is mapped any more. Memory for them is the caller's affair: he may sleep
 *    for it, and comes back with a page.
 *
 * 2. One entry: pt_find() goes down, and the caller reads and writes what it
 *    found, in the order that pgtable.c gives: the half with Present last when
 *    it is set, first when it is cleared. What is present is never written over
 *    but taken (XCHG), so that no mark of the CPU is lost.
 *
 * 3. PAE's four top entries are read by the CPU when CR3 is loaded. A new one
 *    needs that, too, in the tree that is in use: pt_hang() does it.
 *
 * Cost: pt_find() 10 instructions with two levels, 16 with three.
 */
#include <kernel/cpu/processor.h>
#include <kernel/cpu/tlb.h>
#include <mm/table/pgtable.h>

/* The page's entry decides. The CPU need not mark these. */
#define USER_TABLE (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | _PAGE_ACCESSED | \
		    _PAGE_DIRTY)

u32 pt_root_bytes(void)
{
	return pt_entries(&kernel_pgtable, kernel_pgtable.levels) *
	       pt_entry_bytes(&kernel_pgtable);
}

u32 *fastcall pt_find(const struct pgtable *pt, u32 va)
{
	return pt_find_in(pt->root, va, pt->levels == 3);
}

/* The entry that a table of that level hangs in; NULL: not even its table. */
static u32 *entry_of_table(const struct pgtable *pt, u32 va, int level)
{
	bool wide = pt->levels == 3;
	void *table = pt->root;
	int at;

	for (at = pt->levels; at > level + 1; at--) {
		table = pt_table_below(pt_entry_in(table, va, at, wide));
		if (!table)
			return NULL;
	}
	return pt_entry_in(table, va, at, wide);
}

static bool is_in_use(const struct pgtable *pt)
{
	return (read_cr3() & ~0x1fU) == __pa(pt->root);
}

bool pt_hang(struct pgtable *pt, u32 va, phys_addr_t table)
{
	int level;

	assert_held(&pt->lock);
	BUG_ON(va >= PAGE_OFFSET, "a table of user addresses for the kernel's");
	for (level = pt->levels - 1; level >= 1; level--) {
		u32 *entry = entry_of_table(pt, va, level);

		if (*entry & _PAGE_PRESENT)
			continue;
		pt_write(pt, entry, table | (level == 2 ? _PAGE_PRESENT :
							  USER_TABLE));
		if (level == 2 && is_in_use(pt))
			flush_tlb_local();
		return true;
	}
	return false;
}

phys_addr_t pt_take_table(struct pgtable *pt, u32 va, int level)
{
	u32 *entry = entry_of_table(pt, va, level);

	assert_held(&pt->lock);
	BUG_ON(va >= PAGE_OFFSET, "a table of the kernel's addresses is taken");
	if (!entry || !(*entry & _PAGE_PRESENT))
		return 0;
	return pt_take(pt, entry) & PTE_FRAME_MASK;
}
