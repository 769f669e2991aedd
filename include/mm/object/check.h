/*
 * Caches from first principles: each slab is looked at bit by bit, and every
 * counter and list is recomputed. What differs is named.
 *
 * Nobody else may use the cache meanwhile: what another CPU has in its hands
 * would be missed. Takes kmem_caches_lock (but check_cache()) and the locks of
 * all nodes of a cache, with interrupts off. Any context.
 */
#ifndef MM_OBJECT_CHECK_H
#define MM_OBJECT_CHECK_H

#include <mm/object/slab.h>
#include <mm/page/check.h>

/* Each returns how many differences there are. */
unsigned int check_cache(struct kmem_cache *cache, check_report_t report);
unsigned int check_caches(check_report_t report);

/*
 * Every page of the machine that says it is a slab's is one of a cache that is
 * on the list. Reads all of mem_map.
 */
unsigned int check_cache_pages(check_report_t report);

#endif
