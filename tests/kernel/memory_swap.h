/*
 * A swap area that is kernel memory, before all others. Writes end at once, or
 * when the case says so.
 */
#ifndef TESTS_KERNEL_MEMORY_SWAP_H
#define TESTS_KERNEL_MEMORY_SWAP_H

#include <mm/reclaim/swap.h>
#include "ktest.h"

struct memory_swap {
	struct swap_backing backing;
	u8 *store;
	bool hold;			/* the next write is not ended */
	struct page *held;		/* it */
	void (*done)(struct page *page, int error);
	u32 reads, writes;
};

extern struct memory_swap memory_swap;

/* So many pages, the header's too. False: a failed case. */
bool memory_swap_on(u32 pages);

/* No page may be out. */
void memory_swap_off(void);

/* The write that was held ends. */
void memory_swap_end_write(int error);

#endif
