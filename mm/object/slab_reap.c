/*
 * Memory of caches that nobody uses goes back to the page allocator.
 *
 * 1. Shrinking takes all of it: the CPU's stack, the shared arrays, the free
 *    slabs. The page allocator asks for it before a request fails.
 *
 * 2. Reaping takes a little of what was not used since the last time, so that
 *    a cache that was large once becomes small, and a busy one stays as it is.
 *    Its numbers are the reference's: a fifth of the stack's limit, and of the
 *    slabs what makes up for a fifth of the limit of free objects.
 *
 * Any context. Reaping passes over what somebody has locked, as it comes again;
 * it waits only for who takes a node's lock in the very moment.
 */
#include <mm/object/internal.h>

#define REAP_PARTS 5U		/* the reference's */

/* Free slabs to *gone, at most so many. The lock is held. */
static void unhook_free(struct kmem_cache *cache, struct kmem_node *node,
			u32 most, struct list_head *gone)
{
	while (most-- && !list_empty(&node->free)) {
		struct slab *slab = list_first_entry(&node->free, struct slab,
						     list);

		list_del(&slab->list);
		list_add_tail(&slab->list, gone);
		node->nr_slabs--;
		node->free_objects -= cache->num;
		cache->reaped++;
	}
}

u32 slab_shrink(struct kmem_cache *cache)
{
	LIST_HEAD(gone);
	u32 flags = local_irq_save(), i;
	struct kmem_node *node;

	stack_drain(cache, CPU_STACK_MOST, &gone);
	for_each_node_of(cache, node, i) {
		shared_drain(cache, node, ~0U, &gone);
		spin_lock(&node->lock);
		unhook_free(cache, node, ~0U, &gone);
		spin_unlock(&node->lock);
	}
	local_irq_restore(flags);
	return slabs_destroy(cache, &gone);
}

u32 kmem_cache_shrink(struct kmem_cache *cache)
{
	return slab_shrink(cache);
}

u32 kmem_caches_shrink(void)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock), pages = 0;
	struct kmem_cache *cache;

	/* from the last made on: those hold objects of the ones before them */
	for (cache = list_entry(kmem_caches.prev, struct kmem_cache, next);
	     &cache->next != &kmem_caches;
	     cache = list_entry(cache->next.prev, struct kmem_cache, next))
		pages += slab_shrink(cache);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return pages;
}

u32 slab_shrink_hook(const struct zonelist *zonelist)
{
	const struct zone *zone = zonelist->zones[0];

	/* slabs are the machine's pages: nobody else gets any of them */
	if (zone->zone_pgdat != NODE_DATA(zone->zone_pgdat->node_id))
		return 0;
	return kmem_caches_shrink();
}

/* The lists of a node. */
static void reap_node(struct kmem_cache *cache, struct kmem_node *node,
		      struct list_head *gone)
{
	u32 slabs = (node_free_limit(cache) + REAP_PARTS * cache->num - 1) /
		    (REAP_PARTS * cache->num);
	u32 shared = 0;

	spin_lock(&node->lock);
	if (node->free_touched)
		node->free_touched = false;
	else
		unhook_free(cache, node, slabs, gone);
	if (node->shared)
		shared = (node->shared->limit + REAP_PARTS - 1) / REAP_PARTS;
	spin_unlock(&node->lock);
	if (shared)
		shared_drain(cache, node, shared, gone);
}

static u32 reap_cache(struct kmem_cache *cache, unsigned int cpu, bool lists)
{
	struct kmem_node *node = cache->node[home_node(cache,
							cpu_to_node[cpu])];
	LIST_HEAD(gone);

	if (spin_is_locked(&node->lock))
		return 0;
	if (cache->touched[cpu])
		cache->touched[cpu] = false;
	else
		stack_drain(cache, (cache->limit + REAP_PARTS - 1) / REAP_PARTS,
			    &gone);
	if (lists)
		reap_node(cache, node, &gone);
	return slabs_destroy(cache, &gone);
}

u32 cache_reap(unsigned int cpu, bool lists)
{
	u32 flags = local_irq_save(), pages = 0;
	struct kmem_cache *cache;

	if (spin_trylock(&kmem_caches_lock)) {
		list_for_each_entry(cache, &kmem_caches, next)
			pages += reap_cache(cache, cpu, lists);
		spin_unlock(&kmem_caches_lock);
	}
	local_irq_restore(flags);
	return pages;
}
