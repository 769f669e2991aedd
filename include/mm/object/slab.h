/*
 * Caches of objects of one size: slabs. ULK3 section 8.2; Bonwick, "The Slab
 * Allocator: An Object-Caching Kernel Memory Allocator", USENIX 1994.
 *
 * Objects lie in the direct map. Their address is a multiple of the cache's
 * alignment; what is in them is what their last owner left there, or what the
 * constructor made.
 *
 * Allocation works in any context with flags that do not wait (GFP_ATOMIC), and
 * may sleep with __GFP_WAIT, once something reclaims. NULL when nothing is to
 * be had; the page allocator has complained then. The zone is the cache's
 * (SLAB_CACHE_DMA), whatever gfp says. Freeing works in any context.
 *
 * Freed by mistake (another cache's object, no object at all) is reported and
 * left alone. Twice, or inside of an object: at once where debugging is on for
 * the cache, else when the CPU's stack is drained; until then the object may be
 * handed out twice.
 *
 * Takes the node's lock of the cache, and what the page allocator takes; see
 * <kernel/lock.h>.
 */
#ifndef MM_OBJECT_SLAB_H
#define MM_OBJECT_SLAB_H

#include <kernel/lib/compiler.h>
#include <mm/page/gfp.h>

struct kmem_cache;

/* The reference's values (2.6.11, include/linux/slab.h). */
#define SLAB_RED_ZONE		0x00000400U	/* words around each object */
#define SLAB_POISON		0x00000800U	/* free objects are filled */
#define SLAB_HWCACHE_ALIGN	0x00002000U	/* as the CPU's cache lines */
#define SLAB_CACHE_DMA		0x00004000U	/* pages below 16 MB */
#define SLAB_STORE_USER		0x00010000U	/* who had it last */
#define SLAB_RECLAIM_ACCOUNT	0x00020000U	/* its pages can be had back */
#define SLAB_PANIC		0x00040000U	/* creating must not fail */

#define SLAB_DEBUG_FLAGS (SLAB_RED_ZONE | SLAB_POISON | SLAB_STORE_USER)

#define KMEM_NAME_MAX 24	/* guessed: as wide as slabinfo's column */

/*
 * A cache of objects of size bytes, 4 to 128 KB. align: a power of two up to a
 * page, or 0 for that of a word; the larger one of it and SLAB_HWCACHE_ALIGN
 * counts. ctor, if not NULL, runs once for each object when its slab is made
 * (with SLAB_POISON: at each allocation); who frees an object leaves it as
 * constructed. The name is copied.
 *
 * NULL for bad arguments (no name, one that is taken or too long, a wrong size,
 * alignment or flag), after a sentence, and when there is no memory; with
 * SLAB_PANIC the kernel panics instead. May sleep; not from an interrupt.
 */
struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, u32 flags,
				     void (*ctor)(void *object));

/*
 * 0, and all its memory is given back. -EBUSY if objects are still in use: they
 * are listed and the cache stays as it is. -EINVAL, after a sentence, for what
 * is no cache, or none any more. Nobody may use the cache meanwhile. NULL is
 * nothing. May sleep; not from an interrupt.
 */
int kmem_cache_destroy(struct kmem_cache *cache);

/* __GFP_ZERO clears the object; not for caches with a constructor. */
void *fastcall kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp);

/* From that node if it has memory, else from others; -1: the CPU's own. */
void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node);

/* NULL is nothing. */
void fastcall kmem_cache_free(struct kmem_cache *cache, void *object);

/*
 * n objects at once: all of them (true) or none. Freeing takes any n; each must
 * be the cache's.
 */
bool kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, u32 n,
			   void **objects);
void kmem_cache_free_bulk(struct kmem_cache *cache, u32 n, void **objects);

/* Gives back all pages without objects in use: how many. Any context. */
u32 kmem_cache_shrink(struct kmem_cache *cache);
u32 kmem_caches_shrink(void);		/* of all caches */

u32 kmem_cache_size(const struct kmem_cache *cache);	/* as asked for */
const char *kmem_cache_name(const struct kmem_cache *cache);

/*
 * How many objects the CPU's stack holds at most, how many are moved at once
 * and how many batches the array shared between CPUs holds (0: none). -EINVAL
 * unless 1 <= batch <= limit <= CPU_STACK_MOST and shared <= 64; -ENOMEM. A
 * cache with debugging keeps no stacks: -EINVAL. May sleep.
 */
int kmem_cache_tune(struct kmem_cache *cache, u32 limit, u32 batch,
		    u32 shared);

/*
 * What a timer is to call for each CPU, in it: every two seconds its stacks,
 * every four (lists true) also the shared arrays and free slabs of its node,
 * shrink by a fifth where nobody used them since. Skips caches of which a lock
 * is held. Gives back how many pages went.
 */
u32 cache_reap(unsigned int cpu, bool lists);

/* The first caches; once, when pages can be had. */
void kmem_cache_init(void);

/* Reports of mistakes since boot, by class; tests compare them. */
enum slab_error {
	SLAB_DOUBLE_FREE,
	SLAB_WRONG_CACHE,
	SLAB_INSIDE_OBJECT,
	SLAB_NO_OBJECT,		/* no slab's address */
	SLAB_OVERRUN,
	SLAB_UNDERRUN,
	SLAB_WRITE_AFTER_FREE,
	SLAB_BAD_BOOKS,		/* what says which objects are free */
	SLAB_LEAK,		/* in use when the cache was destroyed */
	NR_SLAB_ERRORS,
};

extern u32 slab_errors[NR_SLAB_ERRORS];

#endif
