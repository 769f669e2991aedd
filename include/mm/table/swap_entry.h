/*
 * Entries that say where in swap a page is: ULK3 section 17.4.1.
 *
 *	bit	31 ... 8	7	6	5 ... 1		0
 *		offset		0	0	area		0
 *
 * Bits 0 and 7 are those of a page that is shown (_PAGE_PRESENT, PTE_PROTNONE).
 * Entries of 8 bytes have the same in their low half, and a high half of 0. No
 * slot has offset 0: there is the header. So no entry is 0, which is empty.
 */
#ifndef MM_TABLE_SWAP_ENTRY_H
#define MM_TABLE_SWAP_ENTRY_H

#include <mm/table/pgtable.h>

#define MAX_SWAPFILES 32U	/* derived: 5 bits */
#define SWAP_OFFSET_MOST ((1U << 24) - 1)	/* 64 GB */

typedef struct {
	u32 val;
} swp_entry_t;

static inline swp_entry_t swp_entry(u32 area, u32 offset)
{
	return (swp_entry_t){ offset << 8 | area << 1 };
}

static inline u32 swp_type(swp_entry_t entry)
{
	return entry.val >> 1 & (MAX_SWAPFILES - 1);
}

static inline u32 swp_offset(swp_entry_t entry)
{
	return entry.val >> 8;
}

static inline pteval_t swp_entry_to_pte(swp_entry_t entry)
{
	return entry.val;
}

static inline swp_entry_t pte_to_swp_entry(pteval_t value)
{
	return (swp_entry_t){ (u32)value };
}

#endif
