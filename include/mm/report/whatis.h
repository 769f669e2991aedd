/*
 * What is at an address: the frame behind it, its owner and its state, in plain
 * lines through printk(). Any context; zone->lock is taken for a moment.
 */
#ifndef MM_REPORT_WHATIS_H
#define MM_REPORT_WHATIS_H

#include <kernel/lib/types.h>

/* A virtual address of the kernel: where it is mapped, then the frame. */
void report_whatis(u32 addr);

/* A frame by its number; there may be no RAM. */
void report_frame(u64 pfn);

/* A physical address: the frame, and the object there if there is one. */
void report_phys(u64 phys);

/*
 * Whose memory an address of the direct map is: the object of a slab or the
 * block of kmalloc() that it is in, and its state. Nothing for others.
 */
void report_object(u32 addr);

#endif
