/*
 * Objects in use that nobody can find any more.
 *
 * Lists each one with its cache, address, size, and who allocated it where
 * that is known; then the sum. Returns how many there are. Printed with
 * printk().
 *
 * Task context: it allocates pages for its marks. While it looks at all memory
 * of caches it holds kmem_caches_lock and the locks of all nodes with
 * interrupts off: some milliseconds a megabyte. Not for two callers at once.
 */
#ifndef MM_REPORT_LEAKS_H
#define MM_REPORT_LEAKS_H

#include <kernel/lib/types.h>

u32 report_leaks(void);

#endif
