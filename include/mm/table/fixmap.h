/*
 * Fixmap: virtual addresses known to the compiler, mapped at run time to any
 * frame. They grow down from FIXADDR_TOP; the page above it stays unmapped.
 * ULK3 section 2.5.6.
 *
 * set_fixmap, clear_fixmap: any context; the caller owns the slot.
 * early_memremap, early_memunmap: boot only, last mapped first unmapped.
 */
#ifndef MM_TABLE_FIXMAP_H
#define MM_TABLE_FIXMAP_H

#include <kernel/cpu/percpu.h>
#include <mm/table/pgtable.h>

#define FIXADDR_TOP 0xfffff000U

#define NR_FIX_BTMAPS 16	/* the reference's: windows of 64 KB at most */

/* Windows of kmap_atomic() that a CPU may have open at once. Guessed: a thread,
 * a softirq and a handler with five each; the reference has 13. */
#define KMAP_DEPTH 16

enum fixed_addresses {
	FIX_HOLE,		/* a page nobody maps, under the top one */
	FIX_WP_TEST,		/* the CR0.WP test */
	FIX_PHYS_PROBE,		/* does the CPU reach above 4 GB? */
	FIX_TEST,		/* for the suites */
	FIX_PAGE_WINDOW,	/* a page of high memory, one a CPU */
	FIX_PAGE_WINDOW_END = FIX_PAGE_WINDOW + NR_CPUS - 1,
	FIX_KMAP_BEGIN,		/* kmap_atomic(): every second one is a page
				   that is never mapped, the first is, too */
	FIX_KMAP_END = FIX_KMAP_BEGIN + NR_CPUS * 2 * KMAP_DEPTH,
	FIX_RAMDISK,		/* a page of a RAM disk, one a CPU */
	FIX_RAMDISK_END = FIX_RAMDISK + NR_CPUS - 1,
	__end_of_permanent_fixed_addresses,
	FIX_BTMAP_END = __end_of_permanent_fixed_addresses,
	FIX_BTMAP_BEGIN = FIX_BTMAP_END + NR_FIX_BTMAPS - 1,
	__end_of_fixed_addresses,
};

#define FIXADDR_SIZE (__end_of_fixed_addresses << PAGE_SHIFT)
#define FIXADDR_START (FIXADDR_TOP - FIXADDR_SIZE)

/* One table must hold them all, with PAE (2 MB) too. */
_Static_assert(FIXADDR_SIZE <= 0x200000 - 2 * PAGE_SIZE,
	       "the fixmap does not fit into one page table");

#define __fix_to_virt(idx) (FIXADDR_TOP - ((u32)(idx) << PAGE_SHIFT))

/* For a constant idx: one that does not exist is an error of compilation. */
#define fix_to_virt(idx)						\
	(__fix_to_virt(idx) + 0 * sizeof(struct {			\
		_Static_assert((idx) < __end_of_fixed_addresses,	\
			       "this fixmap does not exist");		\
		int unused;						\
	}))

/* Maps slot idx (checked at run time) to the frame of pa. */
void set_fixmap(enum fixed_addresses idx, phys_addr_t pa, pteval_t prot);
void clear_fixmap(enum fixed_addresses idx);

/*
 * Makes [pa, pa + size) readable, wherever it lies. NULL if it needs more
 * windows than are free, or lies above what the CPU and the tables reach.
 * Unmap with the pointer and size it was mapped with.
 */
void *early_memremap(phys_addr_t pa, u32 size);
void early_memunmap(void *va, u32 size);

/* Windows in use: 0 when nobody leaks. */
unsigned int early_memremap_in_use(void);

/* Hangs the fixmap's table into the tree at root; before it is live. */
void fixmap_init(struct pgtable *pt);

#endif
