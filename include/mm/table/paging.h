/*
 * From the provisional tables to the final ones. The theory stands in
 * mm/table/init.c. Boot only, in this order:
 *
 *	paging_choose()			which format, which features
 *	paging_init()			final tables live, as far as 8 MB
 *	kernel_physical_mapping_init()	all of lowmem
 *	zap_low_mappings()		the identity map goes; NULL faults
 */
#ifndef MM_TABLE_PAGING_H
#define MM_TABLE_PAGING_H

#include <mm/table/pgtable.h>

struct paging_mode {
	bool pae, pse, pge, nx;
	u64 phys_limit;		/* first physical address out of reach */
	bool identity_mapped;	/* until zap_low_mappings() */
};

/*
 * Set by paging_choose(). paging_init() may lower phys_limit,
 * zap_low_mappings() clears identity_mapped; constant otherwise.
 */
extern struct paging_mode paging_mode;

/* end_pfn: the first frame behind all RAM. Prints what it decides. */
void paging_choose(u64 end_pfn);

/*
 * Builds tables of the final format for 0..8 MB (at PAGE_OFFSET, and still at
 * 0) and the fixmap, makes them live with CR4, EFER.NXE and CR0.WP, and tests
 * that WP works and that the CPU reaches above 4 GB; phys_limit is lowered if
 * it does not. Nothing above 8 MB is touched but, with PAE, the byte at 4 GB.
 */
void paging_init(void);

/*
 * Extends the direct map to [.., end_pfn). Tables come from memblock, from what
 * is mapped already; memblock.current_limit follows. Panics if there is no room
 * for a table.
 */
void kernel_physical_mapping_init(u32 end_pfn);

/*
 * Asserts that GDTR, IDTR, ESP and EIP are virtual, drops the identity map, and
 * gives back provisional tables that nothing uses.
 */
void zap_low_mappings(void);

/* The boot-only text becomes data like any other: writable, not executable. */
void free_init_text(void);

/* The protection the direct map gives to the page at va; 0: a guard page. */
pteval_t kernel_page_prot(u32 va);

#endif
