/*
 * Windows on pages of high memory for people. Printed with printk(); the lock
 * of the windows is taken for moments. Any context.
 */
#ifndef MM_REPORT_WINDOWS_H
#define MM_REPORT_WINDOWS_H

#include <mm/high/kmap_pool.h>

/* kmaps: each window of either kind that shows a page. */
void report_kmaps(void);

/* The same of one pool. */
void report_kmap_pool(struct kmap_pool *pool);

/* The window that an address is in. Nothing for others. */
void report_window(u32 addr);

/* What is at an address of the pkmap area or of the fixmap that is not mapped:
 * the end of a sentence. NULL: no window could be there. */
const char *window_place(u32 addr);

#endif
