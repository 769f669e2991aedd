/*
 * GFP flags: what an allocation of pages may do and where it may come from.
 * The reference's values (2.6.11, include/linux/gfp.h; ULK3 table 8-5).
 */
#ifndef MM_PAGE_GFP_H
#define MM_PAGE_GFP_H

#include <kernel/lib/types.h>

typedef u32 gfp_t;

/* Zone modifiers: which zonelist. None: ZONE_NORMAL, then ZONE_DMA. */
#define __GFP_DMA	0x01U	/* ZONE_DMA alone */
#define __GFP_HIGHMEM	0x02U	/* ZONE_HIGHMEM first */
#define GFP_ZONEMASK	0x03U
#define GFP_ZONETYPES	4		/* both: DMA has the last word */

/* What the allocator may do to get a page */
#define __GFP_WAIT	0x10U	/* may sleep and reclaim */
#define __GFP_HIGH	0x20U	/* may dip into half of pages_min */
#define __GFP_IO	0x40U	/* may start input and output */
#define __GFP_FS	0x80U	/* may call into file systems */
#define __GFP_COLD	0x100U	/* a page that is not in the CPU's cache */
#define __GFP_NOWARN	0x200U	/* no message when it fails */
#define __GFP_REPEAT	0x400U	/* try again, for a while */
#define __GFP_NOFAIL	0x800U	/* try until it works */
#define __GFP_NORETRY	0x1000U	/* one pass of reclaim, then fail */
#define __GFP_NO_GROW	0x2000U	/* slab: take no new pages */
#define __GFP_COMP	0x4000U	/* make a compound page */
#define __GFP_ZERO	0x8000U	/* zeroed */
#define __GFP_NOMEMALLOC 0x10000U /* keep off the reserves, always */

#define GFP_ATOMIC	(__GFP_HIGH)
#define GFP_NOIO	(__GFP_WAIT)
#define GFP_NOFS	(__GFP_WAIT | __GFP_IO)
#define GFP_KERNEL	(__GFP_WAIT | __GFP_IO | __GFP_FS)
#define GFP_USER	(__GFP_WAIT | __GFP_IO | __GFP_FS)
#define GFP_HIGHUSER	(__GFP_WAIT | __GFP_IO | __GFP_FS | __GFP_HIGHMEM)
#define GFP_DMA		__GFP_DMA

#endif
