/*
 * Pools of elements that are kept back, so that what must go on can go on.
 * ULK3 section 8.2.15.
 *
 * mempool_alloc() tries, in this order:
 *	1. the underlying allocator, without waiting
 *	2. if the pool is at half or below and gfp may wait: the allocator again,
 *	   with all that gfp permits
 *	3. the pool
 *	4. who may not wait: NULL. Else it waits until somebody frees, and begins
 *	   again: in task context with __GFP_WAIT it never fails.
 *
 * mempool_free() fills the pool first, and so it has min_nr elements again as
 * soon as that many were freed.
 */
#ifndef MM_OBJECT_MEMPOOL_H
#define MM_OBJECT_MEMPOOL_H

#include <kernel/lock.h>
#include <mm/object/slab.h>

typedef void *mempool_alloc_t(gfp_t gfp, void *pool_data);
typedef void mempool_free_t(void *element, void *pool_data);

typedef struct mempool {
	spinlock_t lock;	/* elements, curr_nr, min_nr */
	u32 min_nr;		/* room, and how many are kept */
	u32 curr_nr;		/* elements in the pool now */
	u32 out;		/* elements that users have */
	void **elements;
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
} mempool_t;

/*
 * A pool with min_nr elements (1 up), filled. NULL: no memory, or min_nr is 0.
 * May sleep.
 */
mempool_t *mempool_create(u32 min_nr, mempool_alloc_t *alloc,
			  mempool_free_t *free, void *pool_data);

/* More or fewer elements kept. -ENOMEM: as before; -EINVAL for 0. May sleep. */
int mempool_resize(mempool_t *pool, u32 min_nr, gfp_t gfp);

/* -EBUSY, with a sentence, while elements are out; NULL is nothing. May sleep. */
int mempool_destroy(mempool_t *pool);

void *mempool_alloc(mempool_t *pool, gfp_t gfp);
void mempool_free(void *element, mempool_t *pool);	/* NULL is nothing */

/* pool_data: the cache; the size in bytes; the order. */
void *mempool_alloc_slab(gfp_t gfp, void *cache);
void mempool_free_slab(void *element, void *cache);
void *mempool_kmalloc(gfp_t gfp, void *size);
void mempool_kfree(void *element, void *size);
void *mempool_alloc_pages(gfp_t gfp, void *order);	/* struct page */
void mempool_free_pages(void *element, void *order);

/*
 * Waiting, once something can wait: wait() returns when wake() was called for
 * that pool, or some time later. NULL: nothing can wait; then what waits turns
 * round and round, and only an interrupt can free.
 */
struct mempool_hooks {
	void (*wait)(mempool_t *pool);
	void (*wake)(mempool_t *pool);
};

extern struct mempool_hooks mempool_hooks;

#endif
