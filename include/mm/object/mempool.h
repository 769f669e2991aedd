/*
 * Pools of elements that are kept back, so that what must go on can go on.
 * ULK3 section 8.2.15.
 *
 * mempool_alloc() tries, in this order:
 *	1. the underlying allocator, without waiting
 *	2. if the pool is at half or below, and gfp has __GFP_WAIT and __GFP_FS:
 *	   the allocator again, which may reclaim now
 *	3. the pool
 *	4. without __GFP_WAIT: NULL. Else it waits until somebody frees, and
 *	   begins again: with __GFP_WAIT it never fails.
 *
 * Who may not call into file systems (GFP_NOFS, GFP_NOIO) may be what reclaim
 * waits for: it is to take what was kept for it, at once.
 *
 * The allocator is told to be quiet, to fail rather than to loop, and to leave
 * the last pages to others (__GFP_NOWARN, NORETRY, NOMEMALLOC, not NOFAIL and
 * REPEAT). __GFP_ZERO is a BUG: nobody clears what comes out of the pool.
 *
 * mempool_free() fills the pool first, and so it has min_nr elements again as
 * soon as that many were freed. Always: curr_nr + out >= min_nr >= curr_nr.
 */
#ifndef MM_OBJECT_MEMPOOL_H
#define MM_OBJECT_MEMPOOL_H

#include <kernel/lock.h>
#include <mm/object/slab.h>

/* Both in any context that gfp says, no lock held. */
typedef void *mempool_alloc_t(gfp_t gfp, void *pool_data);
typedef void mempool_free_t(void *element, void *pool_data);

typedef struct mempool {
	spinlock_t lock;	/* elements, curr_nr, min_nr, out */
	u32 min_nr;		/* how many are kept */
	u32 curr_nr;		/* elements in the pool now */
	u32 out;		/* elements that users have */
	void **elements;	/* room for min_nr or more */
	void *pool_data;
	mempool_alloc_t *alloc;
	mempool_free_t *free;
} mempool_t;

/*
 * A pool with min_nr elements (1 up), filled. NULL: no memory, or min_nr is 0
 * or above a million. May sleep; not from an interrupt.
 */
mempool_t *mempool_create(u32 min_nr, mempool_alloc_t *alloc,
			  mempool_free_t *free, void *pool_data);

/*
 * More or fewer elements kept, at once: gfp is for the new ones. -ENOMEM: as
 * before; -EINVAL for 0. Fewer never fails. Others may use the pool meanwhile,
 * but only one resizes it. May sleep; not from an interrupt.
 */
int mempool_resize(mempool_t *pool, u32 min_nr, gfp_t gfp);

/*
 * -EBUSY, after a sentence, while elements are out: the pool stays as it is.
 * Nobody may use it meanwhile. NULL is nothing. May sleep.
 */
int mempool_destroy(mempool_t *pool);

/* Any context without __GFP_WAIT; with it one that may sleep. */
void *mempool_alloc(mempool_t *pool, gfp_t gfp);

/* Any context. NULL is nothing. */
void mempool_free(void *element, mempool_t *pool);

/* pool_data: the cache; the size in bytes; the order. */
void *mempool_alloc_slab(gfp_t gfp, void *cache);
void mempool_free_slab(void *element, void *cache);
void *mempool_kmalloc(gfp_t gfp, void *size);
void mempool_kfree(void *element, void *size);
void *mempool_alloc_pages(gfp_t gfp, void *order);	/* struct page */
void mempool_free_pages(void *element, void *order);

static inline mempool_t *mempool_create_slab_pool(u32 min_nr,
						  struct kmem_cache *cache)
{
	return mempool_create(min_nr, mempool_alloc_slab, mempool_free_slab,
			      cache);
}

static inline mempool_t *mempool_create_kmalloc_pool(u32 min_nr, size_t size)
{
	return mempool_create(min_nr, mempool_kmalloc, mempool_kfree,
			      (void *)size);
}

static inline mempool_t *mempool_create_page_pool(u32 min_nr,
						  unsigned int order)
{
	return mempool_create(min_nr, mempool_alloc_pages, mempool_free_pages,
			      (void *)(uintptr_t)order);
}

/*
 * Waiting, once something can wait. No lock is held around either.
 *
 * wait(): the task sleeps until wake() is called for that pool, or for some
 * time, as memory may come from elsewhere. It makes itself known to wake()
 * first, and then does not sleep if curr_nr is not 0: an element may have come
 * between the look at the pool and wait().
 *
 * wake(): one element came into the pool; one who waits is enough. Any context.
 *
 * NULL: nothing can wait; then what waits turns round and round, and only an
 * interrupt or another CPU can end that.
 */
struct mempool_hooks {
	void (*wait)(mempool_t *pool);
	void (*wake)(mempool_t *pool);
};

extern struct mempool_hooks mempool_hooks;

#endif
