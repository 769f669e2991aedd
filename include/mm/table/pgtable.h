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
unsigned int pt_level_shift(const struct pgtable *pt, int level);
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
