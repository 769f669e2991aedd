/*
 * Page tables of both formats, walked and written in one place.
 *
 * 1. A format is three numbers: how many levels, how many index bits a level
 *    takes (10 with 4-byte entries, 9 with 8-byte ones) and how wide an entry
 *    is stored. Everything here computes with those; nobody else needs to know.
 *    The top level of PAE has 4 entries, because 2 bits of the address remain.
 *
 * 2. One walker. pt_walk() goes down from the root as the CPU does and notes
 *    each entry. A page is writable, user and executable only if all entries on
 *    the way say so (SDM 3A, 4.6); PAE's top entries have no such bits.
 *
 * 3. One writer. write_entry() is the only store into a table, but for many
 *    level-1 entries at once (pgtable_range.c). With 8-byte
 *    entries the order of the two halves is the point: the CPU may walk the
 *    tables between them, and must never see Present with half an address.
 *
 *	old		new		order
 *	not present	present		high half, then low
 *	present		not present	low half, then high
 *	present		present		both at once: CMPXCHG8B
 *
 * 4. Flushing. What was not present is in no TLB (SDM 3A, 4.10.2.3), so only
 *    changes of present entries flush: a small range by pages, else all. A
 *    change of a large page or of a table flushes all: one translation may be
 *    cached in pieces. The exception are PAE's four top entries: the CPU keeps
 *    them in registers and reads them only when CR3 is loaded (SDM 3A, 4.4.1),
 *    so a new one, too, needs a flush.
 *
 * 5. Tables come from whoever has pages to give. That allocator takes locks of
 *    its own and may change page tables itself (debug=pagealloc), so it is not
 *    called with pt->lock held: who finds no table to go on with lets go of the
 *    lock, fetches one and looks again.
 *
 * 6. Splitting a large page keeps every translation: the new table is filled
 *    first, then one store replaces the large entry by it.
 *
 * Cost: a walk reads 2 or 3 entries; mapping a page descends once.
 */
#include <kernel/cpu/tlb.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <mm/table/pgtable.h>

/* A table's own entry permits all: what counts is the page's. */
#define TABLE_FLAGS (_PAGE_PRESENT | _PAGE_RW | _PAGE_USER | \
		     _PAGE_ACCESSED | _PAGE_DIRTY)

pteval_t supported_pte_mask = ~(_PAGE_NX | _PAGE_GLOBAL);
phys_addr_t (*pt_alloc_table)(void);
void (*pt_free_table)(phys_addr_t table);
u32 direct_map_end = PROVISIONAL_END;

/* One entry of a table: where it stands. */
struct slot {
	void *table;		/* virtual */
	unsigned int index;
	int level;
};

static bool is_pae(const struct pgtable *pt)
{
	return pt->levels == 3;
}

unsigned int pt_entries(const struct pgtable *pt, int level)
{
	if (!is_pae(pt))
		return 1024;
	return level == 3 ? 4 : 512;
}

unsigned int pt_entry_bytes(const struct pgtable *pt)
{
	return is_pae(pt) ? 8 : 4;
}

static struct slot slot_in(const struct pgtable *pt, void *table, int level,
			   u32 va)
{
	return (struct slot){
		.table = table,
		.index = va >> pt_level_shift(pt, level) &
			 (pt_entries(pt, level) - 1),
		.level = level,
	};
}

static pteval_t read_entry(const struct pgtable *pt, struct slot slot)
{
	const volatile u32 *half;
	u32 low;

	if (!is_pae(pt))
		return ((const volatile u32 *)slot.table)[slot.index];
	half = (const volatile u32 *)slot.table + slot.index * 2;
	low = half[0];
	return low | (u64)half[1] << 32;
}

/* Both present: the CPU may set A or D meanwhile, so compare and retry. */
static void exchange_entry(volatile u32 *half, u32 low, u32 high)
{
	u32 old_low = half[0], old_high = half[1];
	bool done;

	do {
		__asm__ volatile("lock; cmpxchg8b %0\n\t"
				 "sete %1"
				 : "+m"(*(volatile u64 *)half), "=q"(done),
				   "+a"(old_low), "+d"(old_high)
				 : "b"(low), "c"(high)
				 : "memory", "cc");
	} while (!done);
}

static void write_pae_entry(volatile u32 *half, pteval_t value)
{
	u32 low = (u32)value, high = (u32)(value >> 32);

	if (!(half[0] & _PAGE_PRESENT)) {
		half[1] = high;
		barrier();
		half[0] = low;
	} else if (!(low & _PAGE_PRESENT)) {
		half[0] = low;
		barrier();
		half[1] = high;
	} else {
		exchange_entry(half, low, high);
	}
}

static void write_entry(struct pgtable *pt, struct slot slot, pteval_t value)
{
	assert_held(&pt->lock);
	if (is_pae(pt)) {
		write_pae_entry((u32 *)slot.table + slot.index * 2, value);
		return;
	}
	BUG_ON(value >> 32, "an entry of 64 bits for a table of 32-bit ones");
	((volatile u32 *)slot.table)[slot.index] = (u32)value;
}

static bool is_leaf(pteval_t value, int level)
{
	return level == 1 || (level == 2 && value & _PAGE_PSE);
}

static phys_addr_t leaf_frame(const struct pgtable *pt, pteval_t value,
			      int level)
{
	return value & PTE_FRAME_MASK &
	       ~(phys_addr_t)(pt_level_size(pt, level) - 1);
}

/* The table an entry points to; NULL if the direct map does not show it. */
static void *table_of(pteval_t entry)
{
	phys_addr_t pa = entry & PTE_FRAME_MASK;

	return pa < direct_map_end ? __va((u32)pa) : NULL;
}

static void note_step(struct pt_walk *walk, struct slot slot, pteval_t value,
		      bool has_rights)
{
	walk->step[walk->nr_steps++] = (struct pt_step){
		.level = slot.level, .index = slot.index,
		.table = __pa(slot.table), .value = value,
	};
	if (has_rights) {
		walk->writable &= !!(value & _PAGE_RW);
		walk->user &= !!(value & _PAGE_USER);
		walk->executable &= !(value & _PAGE_NX);
	}
}

int pt_walk(const struct pgtable *pt, u32 addr, struct pt_walk *walk)
{
	void *table = pt->root;
	int level;

	*walk = (struct pt_walk){
		.addr = addr,
		.writable = true, .user = true, .executable = true,
	};
	for (level = pt->levels; level >= 1 && table; level--) {
		struct slot slot = slot_in(pt, table, level, addr);
		pteval_t value = read_entry(pt, slot);

		note_step(walk, slot, value, level < 3);
		if (!(value & _PAGE_PRESENT))
			return 0;
		if (is_leaf(value, level)) {
			walk->level = level;
			walk->leaf = value;
			walk->phys = leaf_frame(pt, value, level) |
				     (addr & (pt_level_size(pt, level) - 1));
			return level;
		}
		table = table_of(value);
	}
	return 0;
}

/* A change under way: the lock, and a table that was fetched for it. */
struct change {
	struct pgtable *pt;
	u32 flags;
	phys_addr_t spare;	/* 0: none */
};

static struct change begin(struct pgtable *pt)
{
	struct change c = { .pt = pt };

	c.flags = spin_lock_irqsave(&pt->lock);
	return c;
}

static void end(struct change *c)
{
	spin_unlock_irqrestore(&c->pt->lock, c->flags);
	if (c->spare && pt_free_table)
		pt_free_table(c->spare);
}

/* After -ENOMEM: fetches a table. Whatever was seen before may have changed. */
static bool fetch_table(struct change *c)
{
	if (c->spare || !pt_alloc_table)
		return false;
	spin_unlock_irqrestore(&c->pt->lock, c->flags);
	c->spare = pt_alloc_table();
	c->flags = spin_lock_irqsave(&c->pt->lock);
	return c->spare;
}

static phys_addr_t take_spare(struct change *c)
{
	phys_addr_t pa = c->spare;

	c->spare = 0;
	BUG_ON(pa >= direct_map_end, "a page table outside the direct map");
	return pa;
}

/* The spare as a table in slot; NULL if there is none. */
static void *grow(struct change *c, struct slot slot)
{
	struct pgtable *pt = c->pt;
	phys_addr_t pa = take_spare(c);

	if (!pa)
		return NULL;
	/* PAE's top entries know Present and the cache bits only */
	write_entry(pt, slot, pa | (slot.level == 3 ? _PAGE_PRESENT :
						      TABLE_FLAGS));
	if (slot.level == 3)
		flush_tlb_local();
	return __va((u32)pa);
}

/*
 * The slot of va on `level`, with the tables on the way made where they lack.
 * 0, -ENOMEM, or -EEXIST: a large page stands in the way.
 */
static int descend(struct change *c, u32 va, int level, struct slot *out)
{
	struct pgtable *pt = c->pt;
	void *table = pt->root;
	int at;

	for (at = pt->levels; at > level; at--) {
		struct slot slot = slot_in(pt, table, at, va);
		pteval_t value = read_entry(pt, slot);

		if (value & _PAGE_PRESENT && is_leaf(value, at))
			return -EEXIST;
		table = value & _PAGE_PRESENT ? table_of(value) :
						grow(c, slot);
		if (!table)
			return -ENOMEM;
	}
	*out = slot_in(pt, table, level, va);
	return 0;
}

static pteval_t make_leaf(phys_addr_t pa, pteval_t prot, int level)
{
	if (level == 2)
		prot |= _PAGE_PSE;
	return (pa | prot) & supported_pte_mask;
}

/* *stale is set if a translation changed that a TLB may hold. */
static int map_one(struct change *c, u32 va, phys_addr_t pa, int level,
		   pteval_t prot, bool *stale)
{
	struct pgtable *pt = c->pt;
	struct slot slot;
	pteval_t old;
	int err;

	err = descend(c, va, level, &slot);
	if (err)
		return err;
	old = read_entry(pt, slot);
	if (old & _PAGE_PRESENT) {
		if (!is_leaf(old, level) || leaf_frame(pt, old, level) != pa)
			return -EEXIST;
		*stale = true;
	}
	write_entry(pt, slot, make_leaf(pa, prot, level));
	return 0;
}

static bool fits_large(const struct pgtable *pt, u32 va, phys_addr_t pa,
		       u32 left)
{
	u32 size = pt_level_size(pt, 2);

	return IS_ALIGNED(va, size) && IS_ALIGNED((u32)pa, size) &&
	       left >= size;
}

/* A table, be it empty, stays where it is: others may know it. */
static bool has_table(const struct pgtable *pt, u32 va)
{
	struct pt_walk walk;

	pt_walk(pt, va, &walk);
	return walk.step[walk.nr_steps - 1].level == 1;
}

int pt_map(struct pgtable *pt, u32 va, phys_addr_t pa, u32 size,
	   pteval_t prot, bool large)
{
	struct change c = begin(pt);
	bool stale = false;
	u32 done = 0;
	int err = 0;

	while (done < size) {
		bool whole = large && fits_large(pt, va + done, pa + done,
						 size - done);
		int level = whole && !has_table(pt, va + done) ? 2 : 1;

		err = map_one(&c, va + done, pa + done, level, prot, &stale);
		if (err == -ENOMEM && fetch_table(&c))
			continue;
		if (err)
			break;
		done += pt_level_size(pt, level);
	}
	if (stale)
		flush_tlb_range(va, va + done);
	end(&c);
	return err;
}

/* Replaces the large page in slot by a table of the same translations. */
static int split_large(struct change *c, struct slot slot)
{
	struct pgtable *pt = c->pt;
	pteval_t large = read_entry(pt, slot);
	phys_addr_t pa = leaf_frame(pt, large, 2);
	pteval_t prot = large & PTE_FLAGS_MASK & ~_PAGE_PSE;
	phys_addr_t table = take_spare(c);
	struct slot small = { .level = 1 };

	if (!table)
		return -ENOMEM;
	small.table = __va((u32)table);
	for (; small.index < pt_entries(pt, 1); small.index++) {
		write_entry(pt, small, make_leaf(pa, prot, 1));
		pa += PAGE_SIZE;
	}
	write_entry(pt, slot, table | TABLE_FLAGS);
	flush_tlb_all();
	return 0;
}

/*
 * The leaf of va as a slot, after splitting if it is a large page that sticks
 * out of [va, va + left). Level 0 in *out: nothing is mapped there.
 */
static int leaf_for_change(struct change *c, u32 va, u32 left,
			   struct slot *out)
{
	struct pgtable *pt = c->pt;
	struct pt_walk walk;
	int level = pt_walk(pt, va, &walk);
	int err;

	*out = (struct slot){ 0 };
	if (!level)
		return 0;
	*out = slot_in(pt, __va((u32)walk.step[walk.nr_steps - 1].table),
		       level, va);
	if (level == 1 || fits_large(pt, va, 0, left))
		return 0;
	err = split_large(c, *out);
	if (err)
		return err;
	return leaf_for_change(c, va, left, out);
}

/* prot = 0 clears. */
static int change_range(struct pgtable *pt, u32 va, u32 size, pteval_t prot)
{
	struct change c = begin(pt);
	bool large = false;
	u32 done = 0;
	int err = 0;

	while (done < size) {
		struct slot slot;
		pteval_t old;

		err = leaf_for_change(&c, va + done, size - done, &slot);
		if (err == -ENOMEM && fetch_table(&c))
			continue;
		if (err)
			break;
		if (!slot.level) {
			done += PAGE_SIZE;
			continue;
		}
		large |= slot.level == 2;
		old = read_entry(pt, slot);
		write_entry(pt, slot, !prot ? 0 :
			    make_leaf(leaf_frame(pt, old, slot.level), prot,
				      slot.level));
		done += pt_level_size(pt, slot.level);
	}
	if (large)
		flush_tlb_all();
	else if (done)
		flush_tlb_range(va, va + done);
	end(&c);
	return err;
}

int pt_unmap(struct pgtable *pt, u32 va, u32 size)
{
	return change_range(pt, va, size, 0);
}

int pt_protect(struct pgtable *pt, u32 va, u32 size, pteval_t prot)
{
	return change_range(pt, va, size, prot);
}

/* descend() with all tables that takes. */
static int descend_to(struct change *c, u32 va, int level, struct slot *slot)
{
	int err;

	do
		err = descend(c, va, level, slot);
	while (err == -ENOMEM && fetch_table(c));
	return err;
}

int pt_populate(struct pgtable *pt, u32 va, u32 size)
{
	u32 last = va + (size - 1), step = pt_level_size(pt, 2);
	struct change c = begin(pt);
	struct slot slot;
	int err;

	for (;;) {
		err = descend_to(&c, va, 1, &slot);
		if (err || last - va < step)
			break;
		va += step;
	}
	/* the last step may have jumped over the last table's border */
	if (!err)
		err = descend_to(&c, last, 1, &slot);
	end(&c);
	return err;
}

int pt_set_large(struct pgtable *pt, u32 va, phys_addr_t pa, pteval_t prot)
{
	struct change c = begin(pt);
	struct slot slot;
	int err;

	err = descend_to(&c, va, 2, &slot);
	if (!err) {
		write_entry(pt, slot, make_leaf(pa, prot, 2));
		flush_tlb_all();
	}
	end(&c);
	return err;
}

int pt_set_table(struct pgtable *pt, u32 va, phys_addr_t table)
{
	struct change c = begin(pt);
	struct slot slot;
	int err;

	err = descend_to(&c, va, 2, &slot);
	if (!err && read_entry(pt, slot) & _PAGE_PRESENT)
		err = -EEXIST;
	if (!err)
		write_entry(pt, slot, table | TABLE_FLAGS);
	end(&c);
	return err;
}

void pt_copy_root(struct pgtable *pt, u32 to, u32 from)
{
	u32 flags = spin_lock_irqsave(&pt->lock);
	struct slot source = slot_in(pt, pt->root, pt->levels, from);

	write_entry(pt, slot_in(pt, pt->root, pt->levels, to),
		    read_entry(pt, source));
	flush_tlb_all();
	spin_unlock_irqrestore(&pt->lock, flags);
}

void pt_drop_root(struct pgtable *pt, u32 end)
{
	u32 flags = spin_lock_irqsave(&pt->lock);
	struct slot slot = { .table = pt->root, .level = pt->levels };

	for (; slot.index < end >> pt_level_shift(pt, pt->levels); slot.index++)
		write_entry(pt, slot, 0);
	flush_tlb_all();
	spin_unlock_irqrestore(&pt->lock, flags);
}

void pt_set_page(struct pgtable *pt, u32 va, pteval_t value)
{
	u32 flags = spin_lock_irqsave(&pt->lock);
	struct pt_walk walk;
	struct pt_step *last;
	struct slot slot;

	pt_walk(pt, va, &walk);
	last = &walk.step[walk.nr_steps - 1];
	BUG_ON(last->level != 1, "pt_set_page() where there is no table");
	slot = slot_in(pt, __va((u32)last->table), 1, va);
	write_entry(pt, slot, value & supported_pte_mask);
	if (last->value & _PAGE_PRESENT)
		flush_tlb_one(va);
	spin_unlock_irqrestore(&pt->lock, flags);
}

/* Empty entries from the last one of the walk to the next that is none, in its
 * table: so many need no walk of their own. */
static u32 empty_entries(const struct pgtable *pt, const struct pt_walk *walk)
{
	const struct pt_step *last = &walk->step[walk->nr_steps - 1];
	unsigned int most = pt_entries(pt, last->level);
	struct slot slot = {
		.table = walk->nr_steps == 1 ? pt->root :
			 table_of(last[-1].value),
		.level = last->level, .index = last->index,
	};

	while (slot.index < most && !(read_entry(pt, slot) & _PAGE_PRESENT))
		slot.index++;
	return max(slot.index - last->index, 1U);
}

int pt_for_each_leaf(const struct pgtable *pt, u32 from, u32 to,
		     int (*fn)(const struct pt_walk *walk, void *arg),
		     void *arg)
{
	u64 addr = from;

	while (addr <= to) {
		struct pt_walk walk;
		int level = pt_walk(pt, (u32)addr, &walk);
		u32 entries = level ? 1 : empty_entries(pt, &walk);
		/* nothing there: the lowest entry read says how far */
		int span = level ? level :
			   walk.step[walk.nr_steps - 1].level;
		int result = level ? fn(&walk, arg) : 0;

		if (result)
			return result;
		addr = ALIGN_DOWN(addr, (u64)pt_level_size(pt, span)) +
		       (u64)entries * pt_level_size(pt, span);
	}
	return 0;
}

/* Of level 1, where all that is present is a leaf: nearly all entries are. */
static void census_of_pages(const struct pgtable *pt, const void *table,
			    struct pt_census *census)
{
	const u32 set_by_cpu = _PAGE_ACCESSED | _PAGE_DIRTY;
	unsigned int i, n = pt_entries(pt, 1), halves = is_pae(pt) ? 2 : 1;
	const volatile u32 *half = table;
	u32 sum = census->sum, leaves = 0;

	for (i = 0; i < n; i++, half += halves) {
		u32 value = half[0] & ~set_by_cpu;

		if (!(value & _PAGE_PRESENT))
			continue;
		if (halves == 2)
			value ^= half[1];
		sum = sum * 31 + (value ^ i);
		leaves++;
	}
	census->sum = sum;
	census->leaves += leaves;
	census->entries[0] += leaves;
}

static void census_of_table(const struct pgtable *pt, void *table, int level,
			    struct pt_census *census)
{
	const pteval_t set_by_cpu = _PAGE_ACCESSED | _PAGE_DIRTY;
	unsigned int n = pt_entries(pt, level);
	struct slot slot = { .table = table, .level = level };

	for (; slot.index < n; slot.index++) {
		pteval_t value = read_entry(pt, slot) & ~set_by_cpu;
		u32 half = (u32)value ^ (u32)(value >> 32);

		if (!(value & _PAGE_PRESENT))
			continue;
		census->entries[level - 1]++;
		census->sum = census->sum * 31 + (half ^ slot.index);
		if (is_leaf(value, level))
			census->leaves++;
		else if (table_of(value) && level == 2)
			census_of_pages(pt, table_of(value), census);
		else if (table_of(value))
			census_of_table(pt, table_of(value), level - 1,
					census);
	}
}

void pt_take_census(const struct pgtable *pt, struct pt_census *census)
{
	*census = (struct pt_census){ 0 };
	census_of_table(pt, pt->root, pt->levels, census);
}
