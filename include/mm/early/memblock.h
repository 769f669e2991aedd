/*
 * memblock: the allocator before the allocator. Two sorted lists of ranges:
 * the RAM there is, and what of it is taken, each with its owner's name.
 *
 * An allocator is an instance that the caller owns; memblock below is the
 * machine's. Boot only: no locks, no interrupts, nothing here sleeps. Pure C:
 * it hands out physical addresses and touches no memory of theirs.
 *
 * Names and semantics: the later Linux's memblock, which took the place of the
 * reference's bootmem (mm/bootmem.c; ULK3 appendix A).
 */
#ifndef MM_EARLY_MEMBLOCK_H
#define MM_EARLY_MEMBLOCK_H

#include <kernel/lib/compiler.h>

#define MEMBLOCK_REGIONS 128	/* as Linux's INIT_MEMBLOCK_REGIONS */

struct memblock_region {
	phys_addr_t base;	/* bytes */
	phys_addr_t size;	/* bytes, > 0 */
	const char *owner;	/* NULL in the list of RAM */
};

/* Sorted by base, without overlaps; neighbours of one owner are joined. */
struct memblock_type {
	unsigned int cnt;
	phys_addr_t total_size;
	struct memblock_region regions[MEMBLOCK_REGIONS];
};

struct memblock {
	bool bottom_up;			/* direction of the search */
	phys_addr_t current_limit;	/* no allocation ends above this */
	struct memblock_type memory;
	struct memblock_type reserved;
};

extern struct memblock memblock;

#define MEMBLOCK_ALLOC_ANYWHERE (~(phys_addr_t)0)

/* Empty lists, no limit, top-down. */
void memblock_init(struct memblock *mb);

/*
 * Ranges in bytes; what reaches past MEMBLOCK_ALLOC_ANYWHERE is cut there (one
 * byte below 2^64, so that every end is a number), size 0 is nothing done.
 * 0, or -ENOSPC when the list is full (then it is unchanged).
 *
 * reserve: what is taken already keeps its owner; only the rest gets the new
 * one. Ranges outside RAM may be reserved. Compared by owner's text, which is
 * not copied: it must live as long as mb.
 * free and remove: cut the range out, whoever owns it; what is not there is
 * passed over.
 */
int memblock_add(struct memblock *mb, phys_addr_t base, phys_addr_t size);
int memblock_remove(struct memblock *mb, phys_addr_t base, phys_addr_t size);
int memblock_reserve(struct memblock *mb, phys_addr_t base, phys_addr_t size,
		     const char *owner);
int memblock_free(struct memblock *mb, phys_addr_t base, phys_addr_t size);

/*
 * A free, aligned range of RAM inside [start, end): the lowest one if
 * bottom_up, else the highest. align: a power of two, bytes. Returns false if
 * there is none. Reserves nothing. Frame 0 is never handed out: 0 is no
 * address.
 */
bool memblock_find(const struct memblock *mb, phys_addr_t size,
		   phys_addr_t align, phys_addr_t start, phys_addr_t end,
		   phys_addr_t *found);

/*
 * memblock_find() below current_limit, and reserve for owner. 0 if there is
 * none (0 is no address), if size is 0, or the list is full. Not zeroed.
 */
phys_addr_t memblock_phys_alloc(struct memblock *mb, phys_addr_t size,
				phys_addr_t align, const char *owner);
phys_addr_t memblock_phys_alloc_range(struct memblock *mb, phys_addr_t size,
				      phys_addr_t align, phys_addr_t start,
				      phys_addr_t end, const char *owner);

/* Is any (is_memory: is all) of the range RAM / taken? Of no bytes: false. */
bool memblock_is_memory(const struct memblock *mb, phys_addr_t base,
			phys_addr_t size);
bool memblock_is_reserved(const struct memblock *mb, phys_addr_t base,
			  phys_addr_t size);

/* The owner of the byte at addr, RAM or not; NULL if nobody reserved it. */
const char *memblock_owner(const struct memblock *mb, phys_addr_t addr);

/*
 * The next range that is RAM and free, at or after *from; moves *from behind
 * it. False after the last. Start with *from = 0.
 */
bool memblock_next_free(const struct memblock *mb, phys_addr_t *from,
			phys_addr_t *base, phys_addr_t *end);

/*
 * Recomputes order, overlaps, joins and totals from first principles. Returns
 * NULL, or the sentence that says what is wrong.
 */
const char *memblock_check(const struct memblock *mb);

#endif
