/*
 * What bounce.c notes, for it, its check and tests of pools of their own.
 */
#ifndef MM_HIGH_BOUNCE_BOOKS_H
#define MM_HIGH_BOUNCE_BOOKS_H

#include <kernel/base/fail.h>
#include <kernel/sched/mutex.h>
#include <mm/high/bounce.h>
#include <mm/object/mempool.h>

struct bounce_pool {
	const char *name;		/* for reports */
	gfp_t zone;			/* 0: lowmem; GFP_DMA */
	u32 limit;			/* pages kept: most of a transfer */
	mempool_t *pages;		/* kept; NULL: not filled */
	struct mutex gather;		/* who takes of them */

	/* bounce_lock */
	u32 used;			/* pages of the transfers on the list */
	u32 bounced[2];			/* pages since the start: read, write */
};

struct bounce {
	struct list_head list;		/* bounces_out */
	struct bounce_pool *pool;
	const struct bio_vec *from;	/* the caller's */
	u32 nr;				/* pieces */
	u32 pages;			/* that replace the caller's */
	u32 kept;			/* the last of them are the pool's */
	bool kept_struct;		/* itself, too */
	bool write;
	struct bio_vec vec[BOUNCE_PAGES];	/* the device's */
	struct page *page[BOUNCE_PAGES];	/* in the order of vec */
};

enum { BOUNCE_LOWMEM, BOUNCE_ISA, NR_BOUNCE_POOLS };

extern struct bounce_pool bounce_pools[NR_BOUNCE_POOLS];
extern mempool_t *bounce_structs;	/* struct bounce */
extern spinlock_t bounce_lock;
extern struct list_head bounces_out;	/* begun and not ended */

/* Who has taken something of what is kept, and is not on the list yet, or not
 * any more. bounce_lock. */
extern u32 bounce_moving;

/* fail=bounce: as if the allocators below the pools had nothing. */
extern struct fail_point fail_bounce;

/* The pool of a device that reaches so far. */
struct bounce_pool *bounce_pool_of(phys_addr_t dma_mask);

/*
 * Fills a pool with `limit` pages, or half of them, a quarter ... as there are;
 * limit is what became of it, after a warning; it may be 0. May sleep.
 */
void bounce_fill(struct bounce_pool *pool);

#endif
