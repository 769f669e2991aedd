/*
 * From memblock to the page allocator. Boot only, once, in this order; the
 * theory stands in mm/page/init.c.
 */
#ifndef MM_PAGE_INIT_H
#define MM_PAGE_INIT_H

#include <mm/page/numa.h>

/*
 * Makes nodes, zones and mem_map for the RAM of memblock and gives all that is
 * free to the buddy system. From then on memblock hands out nothing; it remains
 * as the record of who owns what is reserved. Panics if there is no room for
 * mem_map, or if the books do not balance. The direct map must be whole.
 */
void page_alloc_init(const struct numa_info *info);

/*
 * Fills the init sections with 0xcc and gives them to the allocator: nothing
 * marked __init or __initdata may be touched afterwards.
 */
void free_initmem(void);

/* What the handover found: the report of the boot prints it. */
struct handover {
	u32 ram_pages;		/* frames of RAM */
	u32 free_pages;		/* that memblock had free, all given away */
	u32 reserved_pages;	/* that it had reserved, all kept */
	u32 mem_map_bytes;
};

extern struct handover handover;

#endif
