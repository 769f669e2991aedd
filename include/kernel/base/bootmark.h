/*
 * Moments of the boot, by the time-stamp counter: how long did what lies
 * between two of them take? Boot only; nothing happens on a CPU without TSC.
 */
#ifndef KERNEL_BASE_BOOTMARK_H
#define KERNEL_BASE_BOOTMARK_H

#include <kernel/lib/compiler.h>

enum boot_mark {
	BOOT_MARK_TABLES,	/* the final page tables are live and whole */
	BOOT_MARK_MEM_MAP_START,
	BOOT_MARK_MEM_MAP_END,
	BOOT_MARK_PAGES,	/* the page allocator works */
	NR_BOOT_MARKS,
};

/* It is now that moment. */
void boot_mark(enum boot_mark mark);

/* The counter at that moment; 0 if it never came, or there is no counter. */
u64 boot_mark_at(enum boot_mark mark);

#endif
