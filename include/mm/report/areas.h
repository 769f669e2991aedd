/*
 * Areas of vmalloc for people. Printed with printk(); the lock of the areas is
 * taken for moments. Task context.
 */
#ifndef MM_REPORT_AREAS_H
#define MM_REPORT_AREAS_H

#include <kernel/lib/types.h>

/* /proc/vmallocinfo: each area in use, in ascending order. */
void report_vmallocinfo(void);

/* The area that an address is in, its guard page too. Nothing for others. */
void report_area(u32 addr);

/* Bytes: of the space, of areas in use, of the largest free piece. */
u32 vmalloc_total(void);
u32 vmalloc_used(void);
u32 vmalloc_chunk(void);

#endif
