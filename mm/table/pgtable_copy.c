/*
 * The kernel's addresses in other page directories. ULK3 section 9.4.5.
 *
 * 1. Entries of kernel addresses are written in kernel_pgtable only. Tables of
 *    level 1 are shared: a new page in a table that a copy knows is seen there
 *    at once. A new table is not: the first access by way of the copy faults,
 *    and pt_learn() copies the one entry that lacks. As tables of kernel
 *    addresses are never freed, an entry that was learnt is right for good.
 *
 * 2. With two levels that entry is the root's. With PAE the root's four entries
 *    are copied once, and the table of the last gigabyte is shared by all; only
 *    a copy with a level-2 table of its own there can lack something. The CPU
 *    has PAE's root in registers, so a new entry there needs a CR3 load.
 *
 * 3. A large page is different: its level-2 entry goes away again, or is
 *    followed by a table. So who has entries of its own is on a list, and
 *    pt_forget() clears that entry in all of them.
 *
 * 4. pt_learn() looks at CR3, not at who is running: a fault may come in the
 *    middle of a switch. It takes no lock, as the fault may come while one is
 *    held: what it writes was not present, and everybody who faults there
 *    writes the same.
 *
 * 5. A stack cannot be learnt of: the fault would be delivered on it. So who
 *    makes a stack tells all copies of it (pt_share()), and a copy that is made
 *    later begins with all there are.
 */
#include <kernel/cpu/tlb.h>
#include <kernel/lib/string.h>
#include <mm/table/pgtable.h>

static spinlock_t copies_lock = SPIN_LOCK_UNLOCKED("copies_lock");
static struct pt_copy *copies;

/* The kernel's part of a root. */
static void copy_root(const struct pgtable *pt)
{
	u32 n = pt_entries(&kernel_pgtable, pt->levels) *
		pt_entry_bytes(&kernel_pgtable);
	u32 from = n / 4 * (PAGE_OFFSET >> 30);

	memcpy((char *)pt->root + from, (char *)kernel_pgtable.root + from,
	       n - from);
}

void pt_copy_add(struct pt_copy *copy)
{
	u32 flags = spin_lock_irqsave(&copies_lock);

	/* with the lock: nothing is forgotten in between */
	copy_root(copy->pt);
	copy->next = copies;
	copies = copy;
	spin_unlock_irqrestore(&copies_lock, flags);
}

void pt_copy_remove(struct pt_copy *copy)
{
	u32 flags = spin_lock_irqsave(&copies_lock);
	struct pt_copy **link = &copies;

	while (*link && *link != copy)
		link = &(*link)->next;
	BUG_ON(!*link, "a copy of the kernel's tables is not on the list");
	*link = copy->next;
	spin_unlock_irqrestore(&copies_lock, flags);
}

/* The entry of a walk's step; PAE's high half follows it. */
static volatile u32 *entry_at(const struct pgtable *pt,
			      const struct pt_step *step)
{
	return (u32 *)__va((u32)step->table) +
	       step->index * (pt_entry_bytes(pt) / 4);
}

/* Not present becomes the master's value. */
static void copy_entry(const struct pgtable *pt, const struct pt_step *to,
		       pteval_t value)
{
	volatile u32 *entry = entry_at(pt, to);

	if (pt->levels == 3) {
		entry[1] = (u32)(value >> 32);
		barrier();
	}
	entry[0] = (u32)value;
	if (to->level == 3)
		flush_tlb_local();
}

static bool learn(const struct pgtable *pt, u32 addr)
{
	struct pt_walk mine, model;
	int last;

	if (!pt_walk(&kernel_pgtable, addr, &model) ||
	    pt_walk(pt, addr, &mine))
		return false;
	last = mine.nr_steps - 1;
	/* a table of level 1 is never a copy's own */
	if (mine.step[last].level == 1)
		return false;
	copy_entry(pt, &mine.step[last], model.step[last].value);
	return true;
}

bool pt_learn(u32 cr3, u32 addr)
{
	/* 32 bytes aligned with PAE: the root may stand anywhere in a page */
	struct pgtable other = {
		.name = "CR3", .levels = kernel_pgtable.levels,
		.root = __va(cr3 & ~0x1fU),
	};

	if (other.levels == 2)
		other.root = __va(cr3 & PAGE_MASK);
	return other.root != kernel_pgtable.root && learn(&other, addr);
}

void pt_share(u32 va, u32 size)
{
	u32 flags = spin_lock_irqsave(&copies_lock), at;
	u32 step = pt_level_size(&kernel_pgtable, 2);
	const struct pt_copy *copy;

	for (copy = copies; copy; copy = copy->next)
		for (at = va; at - va < size; at = ALIGN_DOWN(at, step) + step)
			/* a table that it has is the one that all have */
			if (!pt_find(copy->pt, at))
				learn(copy->pt, at);
	spin_unlock_irqrestore(&copies_lock, flags);
}

static void forget_in(const struct pgtable *pt, u32 va)
{
	struct pt_walk walk;
	int last;

	pt_walk(pt, va, &walk);
	last = walk.nr_steps - 1;
	if (walk.level == 2) {
		volatile u32 *entry = entry_at(pt, &walk.step[last]);

		entry[0] = 0;
		if (pt->levels == 3)
			entry[1] = 0;
	}
}

void pt_forget(u32 va)
{
	u32 flags = spin_lock_irqsave(&copies_lock);
	const struct pt_copy *copy;

	for (copy = copies; copy; copy = copy->next)
		forget_in(copy->pt, va);
	spin_unlock_irqrestore(&copies_lock, flags);
}
