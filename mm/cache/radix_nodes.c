/*
 * Nodes for trees, and those kept back for an insertion that must not fail.
 *
 * 1. A CPU keeps up to RADIX_TREE_MAX_INSERT nodes, the most that an insertion
 *    takes. radix_tree_preload() fills them up, an insertion takes from there
 *    only, and a node that becomes free goes there first. So an insertion costs
 *    an allocation only when one before took a node, one in 64 of those that
 *    follow each other.
 *
 * 2. A node is free as it was made: all zero. The cache has a constructor for
 *    that, and no node is ever cleared again.
 *
 * Locks: none; interrupts are off where the CPU's nodes are touched.
 */
#include <kernel/cpu/preempt.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/cache/radix_nodes.h>
#include <mm/object/slab.h>

struct node_pool {
	struct radix_tree_node *node[RADIX_TREE_MAX_INSERT];
	u32 n;
};

static struct node_pool pools[NR_CPUS];
static struct kmem_cache *node_cache;

static struct node_pool *own_pool(void)
{
	return &pools[smp_processor_id()];
}

static struct radix_tree_node *get_node(void)
{
	struct node_pool *pool = own_pool();

	BUG_ON(!irqs_disabled(), "a node of a tree whose lock is not held");
	return pool->n ? pool->node[--pool->n] : NULL;
}

/* False: the CPU has enough. Interrupts off. */
static bool keep_node(struct radix_tree_node *node)
{
	struct node_pool *pool = own_pool();

	if (pool->n == RADIX_TREE_MAX_INSERT)
		return false;
	pool->node[pool->n++] = node;
	return true;
}

static void put_node(struct radix_tree_node *node)
{
	BUG_ON(!irqs_disabled(), "a node of a tree whose lock is not held");
	if (!keep_node(node))
		kmem_cache_free(node_cache, node);
}

const struct radix_tree_memory page_tree_memory = {
	.get = get_node, .put = put_node,
};

/* One more for whatever CPU this is; false: no memory. */
static bool add_node(gfp_t gfp)
{
	struct radix_tree_node *node = kmem_cache_alloc(node_cache, gfp);
	u32 flags;
	bool kept;

	if (!node)
		return false;
	flags = local_irq_save();
	kept = keep_node(node);
	local_irq_restore(flags);
	if (!kept)
		kmem_cache_free(node_cache, node);
	return true;
}

int radix_tree_preload(gfp_t gfp)
{
	for (;;) {
		preempt_disable();
		if (likely(own_pool()->n == RADIX_TREE_MAX_INSERT))
			return 0;
		preempt_enable();
		if (!add_node(gfp & ~GFP_ZONEMASK))
			return -ENOMEM;
	}
}

void radix_tree_preload_end(void)
{
	preempt_enable();
}

u32 radix_nodes_drain(void)
{
	u32 flags = local_irq_save(), n = 0;
	struct node_pool *pool = own_pool();

	for (; pool->n; n++)
		kmem_cache_free(node_cache, pool->node[--pool->n]);
	local_irq_restore(flags);
	return n;
}

static void construct(void *object)
{
	memset(object, 0, sizeof(struct radix_tree_node));
}

void radix_nodes_init(void)
{
	node_cache = kmem_cache_create("radix_tree_node",
				       sizeof(struct radix_tree_node), 0,
				       SLAB_PANIC, construct);
}
