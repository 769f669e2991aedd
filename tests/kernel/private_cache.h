/*
 * What the suites of slab and kmalloc have in common: a look into a cache.
 *
 * A case makes its own cache, drives it, and destroys it: nobody else has
 * objects of it, so that every count can be told. Looks without locks.
 */
#ifndef TESTS_KERNEL_PRIVATE_CACHE_H
#define TESTS_KERNEL_PRIVATE_CACHE_H

#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include "ktest.h"

/* A cache "test"; NULL fails the case. */
struct kmem_cache *private_cache(size_t size, size_t align, u32 flags,
				 void (*ctor)(void *));

/*
 * The same, for a case about the CPU's stack: it has that limit and batch, and
 * so many batches shared. NULL: with debugging caches have none; the case is
 * skipped.
 */
struct kmem_cache *private_cache_tuned(size_t size, u32 limit, u32 batch,
				       u32 shared);

/* Destroys it; the case fails if that does not work. */
void private_cache_end(struct kmem_cache *cache);

/* With debug=slab caches have no stacks: skips the case, true. */
bool private_cache_debugged(const struct kmem_cache *cache);

/* Does an object know how many bytes were asked for? Red zones do. */
static inline bool private_cache_has_sizes(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_RED_ZONE;
}

static inline struct cpu_stack *stack_of(struct kmem_cache *cache)
{
	return &cache->cpu[smp_processor_id()];
}

static inline struct kmem_node *node_of(struct kmem_cache *cache)
{
	return cache->node[home_node(cache, numa_node_id())];
}

static inline struct slab *slab_of(const void *object)
{
	return page_slab(virt_to_page(object));
}

/* Which object of its slab it is. */
u32 index_of(const struct kmem_cache *cache, const void *object);

/* The object at that place. */
void *object_in(const struct kmem_cache *cache, const struct slab *slab,
		u32 index);

/* Of all nodes. */
u32 nr_slabs(const struct kmem_cache *cache);
u32 nr_on_slabs(const struct kmem_cache *cache);	/* not free there */
u32 nr_kept(const struct kmem_cache *cache);	/* on stacks, shared */
u32 nr_on_list(const struct list_head *slabs);

/*
 * Does the cache keep its books, if exactly these objects are in use? Each slab
 * is on the list that its bits say, all counts are right, nothing kept or held
 * is free or stands twice. Says what is wrong.
 */
bool books_are_right(struct kmem_cache *cache, void *const *held, u32 n);

/* The same of a cache that others, too, have so many objects of. */
bool books_with_others(struct kmem_cache *cache, void *const *held, u32 n,
		       u32 others);

/* n objects, NULL where there is no memory: false. */
bool take_n(struct kmem_cache *cache, void **objects, u32 n);
void free_n(struct kmem_cache *cache, void **objects, u32 n);

/* A stream of numbers that is the same in each run. */
u32 next_random(u32 *state);

/* Is each byte of it so? */
bool object_is_filled(const void *object, u32 size, u8 with);

#endif
