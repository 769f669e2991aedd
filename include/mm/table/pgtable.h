/*
 * Page tables: one description of two and three levels, one walker, one writer.
 * SDM volume 3A, sections 4.3 (32-bit paging) and 4.4 (PAE paging).
 *
 * A table tree is an instance. Levels are counted from the page up:
 *
 *	level	two-level paging	PAE paging
 *	3	-			4 entries, 1 GB each
 *	2	1024 entries, 4 MB each	512 entries, 2 MB each
 *	1	1024 entries, 4 KB each	512 entries, 4 KB each
 *
 * Entries are pteval_t, 64 bits, however wide the table stores them. Tables lie
 * in lowmem and are read and written through the direct map.
 *
 * Context: any; nothing sleeps. Writers take pt->lock with interrupts off.
 * The allocator of tables (pt_alloc_table) is called without it.
 */
#ifndef MM_TABLE_PGTABLE_H
#define MM_TABLE_PGTABLE_H

#include <kernel/cpu/page.h>
#include <kernel/lock.h>

typedef u64 pteval_t;

#define _PAGE_PRESENT	0x001ULL
#define _PAGE_RW	0x002ULL
#define _PAGE_USER	0x004ULL
#define _PAGE_PWT	0x008ULL
#define _PAGE_PCD	0x010ULL
#define _PAGE_ACCESSED	0x020ULL
#define _PAGE_DIRTY	0x040ULL
#define _PAGE_PSE	0x080ULL	/* level 2: a page, not a table */
#define _PAGE_GLOBAL	0x100ULL
#define _PAGE_NX	(1ULL << 63)	/* PAE with EFER.NXE only */

/* User tables, level 1, without Present: a page that nobody may touch. Other
 * values without Present are swap entries, which leave bits 6 and 7 clear. */
#define PTE_PROTNONE	0x080ULL

#define PTE_FRAME_MASK	0x000ffffffffff000ULL
#define PTE_FLAGS_MASK	(~PTE_FRAME_MASK)

/*
 * Protections as callers give them; what the CPU lacks (global, NX) is left
 * out by the writer. Accessed and dirty are set so that the CPU need not.
 */
#define __PAGE_BASE	(_PAGE_PRESENT | _PAGE_ACCESSED | _PAGE_DIRTY)
#define PAGE_KERNEL	(__PAGE_BASE | _PAGE_RW | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_RO	(__PAGE_BASE | _PAGE_GLOBAL | _PAGE_NX)
#define PAGE_KERNEL_ROX	(__PAGE_BASE | _PAGE_GLOBAL)

#define PT_MAX_LEVELS 3

struct pgtable {
	const char *name;
	void *root;		/* virtual; PD, or page directory pointers */
	int levels;		/* 2 or 3 */
	spinlock_t lock;	/* all entries below root */
};

/* The kernel's own: swapper_pg_dir, or its PAE twin. */
extern struct pgtable kernel_pgtable;

/* Which bits entries may have; what they lack is masked out by the writer. */
extern pteval_t supported_pte_mask;

/* log2 of what one entry of a level maps, in bytes. */
static inline unsigned int pt_level_shift(const struct pgtable *pt, int level)
{
	return (unsigned int)(PAGE_SHIFT +
			      (level - 1) * (pt->levels == 3 ? 9 : 10));
}

static inline u32 pt_level_size(const struct pgtable *pt, int level)
{
	return 1U << pt_level_shift(pt, level);
}

/* Number of entries in a table of that level. */
unsigned int pt_entries(const struct pgtable *pt, int level);

/* Bytes of one stored entry: 4 or 8. */
unsigned int pt_entry_bytes(const struct pgtable *pt);

/* One entry on the way, where it stands and what it holds. */
struct pt_step {
	int level;
	unsigned int index;
	phys_addr_t table;
	pteval_t value;
};

struct pt_walk {
	u32 addr;
	int nr_steps;			/* entries that were read */
	struct pt_step step[PT_MAX_LEVELS];
	int level;			/* of the leaf; 0: not mapped */
	phys_addr_t phys;		/* of addr, if mapped */
	pteval_t leaf;			/* the leaf's value, if mapped */
	bool writable, user, executable;	/* all levels together */
};

/* Walks the way of addr as the CPU would. Returns walk->level. */
int pt_walk(const struct pgtable *pt, u32 addr, struct pt_walk *walk);

/*
 * Maps [va, va + size) to pa on with prot. All three page-aligned; nothing may
 * be mapped there with another frame, and no small page where a large one is
 * (-EEXIST; entries before that stay). With large pages allowed, a level-2
 * entry is used wherever addresses and size permit and no table stands.
 * -ENOMEM: no table to be had (entries before that stay). Flushes.
 */
int pt_map(struct pgtable *pt, u32 va, phys_addr_t pa, u32 size,
	   pteval_t prot, bool large);

/*
 * Clears the range, holes are passed over. Large pages at its ends are split;
 * -ENOMEM if there is no table for that (entries before that are cleared).
 */
int pt_unmap(struct pgtable *pt, u32 va, u32 size);

/* Changes the protection of what is mapped in the range; else as pt_unmap(). */
int pt_protect(struct pgtable *pt, u32 va, u32 size, pteval_t prot);

/*
 * Makes [va, va + one level-2 entry) one large page, whatever stood there: a
 * table that was there is left to its owner. Flushes all.
 */
int pt_set_large(struct pgtable *pt, u32 va, phys_addr_t pa, pteval_t prot);

/* Hangs an (initialised) table into the empty level-2 entry of va. */
int pt_set_table(struct pgtable *pt, u32 va, phys_addr_t table);

/*
 * Makes the level-1 tables of [va, va + size), size > 0, where they lack.
 * -ENOMEM, or -EEXIST: a large page stands there (tables made before stay).
 */
int pt_populate(struct pgtable *pt, u32 va, u32 size);

/*
 * Makes the root's entry of `to` the same as that of `from`: the tables below
 * are then seen at both places. Whatever stood at `to` is left to its owner.
 */
void pt_copy_root(struct pgtable *pt, u32 to, u32 from);

/*
 * Clears the root's entries for [0, end), end on a border of theirs. The tables
 * below are left alone: others may use them. Flushes all.
 */
void pt_drop_root(struct pgtable *pt, u32 end);

/* Writes the level-1 entry of va; its table must be there. Flushes the page. */
void pt_set_page(struct pgtable *pt, u32 va, pteval_t value);

/*
 * Calls fn for each present leaf in [from, to] (to inclusive), ascending;
 * stops at the first non-zero return and returns it.
 */
int pt_for_each_leaf(const struct pgtable *pt, u32 from, u32 to,
		     int (*fn)(const struct pt_walk *walk, void *arg),
		     void *arg);

/*
 * --- many entries at once (mm/table/pgtable_range.c) ---
 *
 * For a range of addresses that the caller alone has: nobody else writes these
 * entries meanwhile, so no lock is taken but where a table is made.
 */

/* Level-1 entries that follow each other in one table. */
struct pt_run {
	void *first;
	u32 n;
	bool wide;		/* 8 bytes each */
	u32 low, high;		/* what all of them have */
};

/*
 * The entries of the pages from va on, at most `pages` of them, to be set with
 * prot; makes the table where it lacks. 0, -ENOMEM, or -EEXIST: a large page.
 */
int fastcall pt_run_open(struct pgtable *pt, u32 va, u32 pages, pteval_t prot,
			 struct pt_run *run);

/*
 * Maps all of them to frames pfn_of(from, i). None may be mapped already, so
 * there is nothing to flush. (Inline, for pfn_of to be.)
 */
static __always_inline void pt_run_fill(const struct pt_run *run,
					u32 (*pfn_of)(const void *from, u32 i),
					const void *from)
{
	volatile u32 *entry = run->first;
	u32 n = run->n, low = run->low, high = run->high, i, dirt = 0;

	if (!run->wide) {
		for (i = 0; i < n; i++) {
			dirt |= entry[i];
			entry[i] = pfn_of(from, i) << PAGE_SHIFT | low;
		}
	} else {
		for (i = 0; i < n; i++, entry += 2) {
			u32 pfn = pfn_of(from, i);

			/* Present comes last: the CPU may look in between */
			dirt |= entry[0];
			entry[1] = pfn >> (32 - PAGE_SHIFT) | high;
			barrier();
			entry[0] = pfn << PAGE_SHIFT | low;
		}
	}
	BUG_ON(dirt & _PAGE_PRESENT, "a page is mapped where one is already");
}

/* The i-th of them. */
static __always_inline void *pt_run_entry(const struct pt_run *run, u32 i)
{
	return (u32 *)run->first + (run->wide ? i * 2 : i);
}

/*
 * One of them shows the frame, and shows nothing. It must not be present to be
 * set; neither flushes.
 */
static __always_inline void pt_run_set(const struct pt_run *run, void *entry,
				       u32 pfn)
{
	volatile u32 *half = entry;

	if (run->wide) {
		half[1] = pfn >> (32 - PAGE_SHIFT) | run->high;
		barrier();
	}
	half[0] = pfn << PAGE_SHIFT | run->low;
}

static __always_inline void pt_run_clear(const struct pt_run *run, void *entry)
{
	volatile u32 *half = entry;

	half[0] = 0;
	if (run->wide) {
		barrier();
		half[1] = 0;
	}
}

/* One entry of 4 bytes that the caller has for good, present or not. */
static __always_inline void pt_store_narrow(u32 *entry, u32 value)
{
	*(volatile u32 *)entry = value;
}

/*
 * Clears the entries of [va, va + pages). Large pages must lie within as a
 * whole. Does not flush: until the caller does, a TLB may know them. Tables
 * stay.
 */
void fastcall pt_clear_range(struct pgtable *pt, u32 va, u32 pages);

/*
 * --- other roots with the kernel's addresses (mm/table/pgtable_copy.c) ---
 *
 * kernel_pgtable is the model. Another tree begins as a copy of its root (and
 * with PAE perhaps with tables of level 2 of its own) and learns of new tables
 * when it faults. It is entered here while it is in use: a large page that goes
 * is taken out of all of them.
 */
struct pt_copy {
	struct pgtable *pt;
	struct pt_copy *next;
};

/* Also makes its root know what kernel_pgtable's does. */
void pt_copy_add(struct pt_copy *copy);
void pt_copy_remove(struct pt_copy *copy);

/*
 * The tree that CR3 points to learns from kernel_pgtable how addr is mapped:
 * one entry of level 3 or 2. False: there is nothing that it does not know.
 * Takes no lock; for a page fault.
 */
bool pt_learn(u32 cr3, u32 addr);

/*
 * All copies learn at once how [va, va + size) is mapped: for stacks, where the
 * fault that pt_learn() answers could not even be delivered.
 */
void pt_share(u32 va, u32 size);

/* Takes the level-2 entry of va out of all copies that have their own. */
void pt_forget(u32 va);

/*
 * --- tables of user addresses (mm/table/pgtable_user.c) ---
 *
 * Of a copy, below PAGE_OFFSET. Whoever has the tree holds pt->lock for each
 * of these but pt_find(), which may be called while no table is taken out.
 * Entries are level 1; none of these flushes.
 */

/* Bytes of a root, zeroed, aligned to its size. */
u32 pt_root_bytes(void);

/* The entry of va in a table of that level. */
static __always_inline u32 *pt_entry_in(void *table, u32 va, int level,
					bool wide)
{
	u32 *first = table;

	if (!wide)
		return first + (va >> (PAGE_SHIFT + 10 * (level - 1)) & 1023);
	return first + (va >> (PAGE_SHIFT + 9 * (level - 1)) & 511) * 2;
}

static __always_inline void *pt_table_below(const u32 *entry)
{
	u32 value = *(const volatile u32 *)entry;

	return value & _PAGE_PRESENT ? __va(value & PAGE_MASK) : NULL;
}

/* Where the entry of va stands; NULL: there is no table. The inline one is for
 * who knows the format. */
static __always_inline u32 *pt_find_in(void *root, u32 va, bool wide)
{
	void *table = root;

	if (wide) {
		table = pt_table_below((u32 *)table + (va >> 30) * 2);
		if (!table)
			return NULL;
	}
	table = pt_table_below(pt_entry_in(table, va, 2, wide));
	return table ? pt_entry_in(table, va, 1, wide) : NULL;
}

u32 *fastcall pt_find(const struct pgtable *pt, u32 va);

/* A zeroed page becomes the highest of the tables that lack on the way to va.
 * False: none does. */
bool pt_hang(struct pgtable *pt, u32 va, phys_addr_t table);

/* The table of that level that va is in goes: 0, or where it stands. */
phys_addr_t pt_take_table(struct pgtable *pt, u32 va, int level);

/* From an entry to the next. */
static __always_inline u32 pte_words(bool wide)
{
	return wide ? 2 : 1;
}

/* The entry behind this one, in the same table. */
static inline u32 *pt_next(const struct pgtable *pt, u32 *entry)
{
	return entry + pte_words(pt->levels == 3);
}

/* The halves of a wide one are read one after the other: without pt->lock, only
 * good to be compared with later. */
static __always_inline pteval_t pte_read(const u32 *entry, bool wide)
{
	const volatile u32 *half = entry;

	return wide ? half[0] | (u64)half[1] << 32 : half[0];
}

/* It was not present, for the CPU. */
static __always_inline void pte_write(u32 *entry, pteval_t value, bool wide)
{
	volatile u32 *half = entry;

	if (wide) {
		half[1] = (u32)(value >> 32);
		barrier();
	}
	half[0] = (u32)value;
}

/* Makes it empty: what it was, with all that the CPU has noted until then. */
static __always_inline pteval_t pte_take(u32 *entry, bool wide)
{
	volatile u32 *half = entry;
	pteval_t old = __atomic_exchange_n(half, 0, __ATOMIC_SEQ_CST);

	if (wide) {
		old |= (u64)half[1] << 32;
		half[1] = 0;
	}
	return old;
}

/* The same, for who does not know the format. */
static inline pteval_t pt_read(const struct pgtable *pt, const u32 *entry)
{
	return pte_read(entry, pt->levels == 3);
}

static inline void pt_write(const struct pgtable *pt, u32 *entry,
			    pteval_t value)
{
	pte_write(entry, value, pt->levels == 3);
}

static inline pteval_t pt_take(const struct pgtable *pt, u32 *entry)
{
	return pte_take(entry, pt->levels == 3);
}

/* Sets and clears bits of the low half: what the CPU notes is kept. */
static inline void pt_set_bits(u32 *entry, u32 bits)
{
	__atomic_fetch_or(entry, bits, __ATOMIC_SEQ_CST);
}

static inline void pt_clear_bits(u32 *entry, u32 bits)
{
	__atomic_fetch_and(entry, ~bits, __ATOMIC_SEQ_CST);
}

/*
 * All entries of the tree in a few numbers, to compare two moments. What the
 * CPU sets by itself (accessed, dirty) does not count.
 */
struct pt_census {
	u32 entries[PT_MAX_LEVELS];	/* present, of level 1, 2, 3 */
	u32 leaves;
	u32 sum;			/* of all values and their places */
};
void pt_take_census(const struct pgtable *pt, struct pt_census *census);

/*
 * A zeroed page for a table: its physical address, in lowmem that is mapped;
 * 0 if there is none. Early in boot memblock gives them; the page allocator
 * takes over by setting the pointer.
 */
extern phys_addr_t (*pt_alloc_table)(void);

/* A table that was fetched and then not needed goes back. May be NULL. */
extern void (*pt_free_table)(phys_addr_t table);

/*
 * First physical address that the direct map does not show yet: tables must
 * stand below it. Moved up by kernel_physical_mapping_init().
 */
extern u32 direct_map_end;

#endif
