/*
 * Caches of objects in numbers: Linux's slabinfo, and what procps makes of it.
 * Printed with printk(). Any context; kmem_caches_lock and the lock of each
 * node are taken for moments only.
 */
#ifndef MM_REPORT_SLABS_H
#define MM_REPORT_SLABS_H

#include <mm/object/slab.h>

/*
 * One cache, counted slab by slab. Lists, `inuse` and bits are compared with
 * each other and with the counters on the way.
 */
struct slab_numbers {
	char name[KMEM_NAME_MAX];
	u32 active_objs;	/* that users have */
	u32 kept_objs;		/* on stacks and in shared arrays */
	u32 num_objs;		/* all there is room for */
	u32 size;		/* of a buffer */
	u32 per_slab, pages_per_slab;
	u32 limit, batch, shared;
	u32 active_slabs;	/* on the lists full and partial */
	u32 num_slabs;
	u32 shared_avail;	/* in shared arrays */
	const char *error;	/* the first counter that differs; NULL: none */
	u32 counted, noted;	/* with error */
};

/* The cache must not go meanwhile; its nodes' locks are taken. */
void slab_count(struct kmem_cache *cache, struct slab_numbers *numbers);

/*
 * The n-th cache of the list, from 0; false: there are no more. What differs is
 * complained about, in one sentence a cache.
 */
bool slab_count_nth(u32 n, struct slab_numbers *numbers);

/* Pages of all slabs; of caches that say that they can be made smaller. */
u32 slab_pages_of_all(void);
u32 slab_pages_reclaimable(void);

/* /proc/slabinfo, version 2.1. */
void report_slabinfo(void);

/*
 * slabtop: sorted by "objs", "active", "size", "slabs" or "name", the largest
 * first. false: there is no such order. Not for two callers at once.
 */
bool report_slabtop(const char *order);

/* Whether it is one of those that keep no objects for CPUs. */
bool slab_is_debugged(const struct kmem_cache *cache);

/* A cache by its name, or NULL. It stays if nobody destroys it. */
struct kmem_cache *slab_cache_named(const char *name);

#endif
