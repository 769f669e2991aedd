/*
 * The fourth gigabyte: who has which addresses. Set by memory_layout_init() in
 * boot, constant afterwards.
 */
#ifndef MM_TABLE_LAYOUT_H
#define MM_TABLE_LAYOUT_H

#include <kernel/cpu/page.h>

#define VMALLOC_RESERVE_DEFAULT (128U << 20)	/* the reference's */
#define VMALLOC_OFFSET (8U << 20)	/* hole above the direct map: catches
					   what runs off its end */
#define MIN_LOWMEM (64U << 20)		/* highmem= leaves at least this */
#define MAX_PHYS_LIMIT (64ULL << 30)	/* 36 bits: what PAE entries had */

struct memory_layout {
	u64 max_pfn;		/* behind the last frame of RAM in use */
	u32 max_low_pfn;	/* behind the last frame of lowmem */
	u32 high_memory;	/* virtual end of the direct map */
	u32 vmalloc_start, vmalloc_end;
	u32 pkmap_base;
	unsigned int last_pkmap;	/* windows: 1024, 512 under PAE */
	u32 fixaddr_start, fixaddr_top;
};

extern struct memory_layout memory_layout;

/*
 * From the end of RAM and the paging mode to the numbers above. Honours
 * highmem= and vmalloc=, and says so where it cannot.
 */
void memory_layout_init(u64 max_pfn, bool pae);

/*
 * The same without the machine: for tests. highmem: bytes asked for, 0 none;
 * vmalloc: bytes reserved for vmalloc, pkmap and fixmap.
 */
void memory_layout_compute(struct memory_layout *layout, u64 max_pfn,
			   bool pae, u64 highmem, u32 vmalloc);

#endif
