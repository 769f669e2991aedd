/*
 * Caches from first principles: each slab is looked at bit by bit, and every
 * counter and list is recomputed. DESIGN section 7.
 *
 * Takes kmem_caches_lock and each node's lock, with interrupts off. Any context.
 */
#ifndef MM_OBJECT_CHECK_H
#define MM_OBJECT_CHECK_H

#include <mm/object/slab.h>
#include <mm/page/check.h>

/* Each returns how many differences there are. */
unsigned int check_cache(struct kmem_cache *cache, check_report_t report);
unsigned int check_caches(check_report_t report);

#endif
