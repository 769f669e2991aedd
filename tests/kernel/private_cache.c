/* A look into a cache: see private_cache.h. */
#include <kernel/base/printk.h>
#include "private_cache.h"

struct kmem_cache *private_cache(size_t size, size_t align, u32 flags,
				 void (*ctor)(void *))
{
	struct kmem_cache *cache = kmem_cache_create("test", size, align,
						     flags, ctor);

	EXPECT(cache);
	return cache;
}

bool private_cache_debugged(const struct kmem_cache *cache)
{
	if (cache_is_debugged(cache))
		test_skip("caches with debugging keep no stacks");
	else if (slab_long_way)
		test_skip("with fail=slab no object goes by a stack");
	else
		return false;
	return true;
}

struct kmem_cache *private_cache_tuned(size_t size, u32 limit, u32 batch,
				       u32 shared)
{
	struct kmem_cache *cache = private_cache(size, 0, 0, NULL);

	if (!cache)
		return NULL;
	if (!private_cache_debugged(cache) &&
	    EXPECT_EQ(kmem_cache_tune(cache, limit, batch, shared), 0))
		return cache;
	private_cache_end(cache);
	return NULL;
}

void private_cache_end(struct kmem_cache *cache)
{
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
}

u32 index_of(const struct kmem_cache *cache, const void *object)
{
	return buffer_index(cache, slab_of(object),
			    (const char *)object - cache->offset);
}

void *object_in(const struct kmem_cache *cache, const struct slab *slab,
		u32 index)
{
	return (char *)buffer_at(cache, slab, index) + cache->offset;
}

u32 nr_slabs(const struct kmem_cache *cache)
{
	const struct kmem_node *node;
	u32 i, n = 0;

	for_each_node_of(cache, node, i)
		n += node->nr_slabs;
	return n;
}

u32 nr_on_slabs(const struct kmem_cache *cache)
{
	const struct kmem_node *node;
	u32 i, n = nr_slabs(cache) * cache->num;

	for_each_node_of(cache, node, i)
		n -= node->free_objects;
	return n;
}

u32 nr_kept(const struct kmem_cache *cache)
{
	const struct kmem_node *node;
	unsigned int cpu;
	u32 i, n = 0;

	for_each_cpu(cpu)
		n += cache->cpu[cpu].count;
	for_each_node_of(cache, node, i)
		n += node->shared ? node->shared->count : 0;
	return n;
}

u32 nr_on_list(const struct list_head *slabs)
{
	const struct slab *slab;
	u32 n = 0;

	list_for_each_entry(slab, slabs, list)
		n++;
	return n;
}

/* --- books --- */

/* Each object that is in use for its slab is marked once: here, in bits. */
struct seen {
	const struct slab *slab;
	u32 bits[64];		/* free, or seen */
};

#define SLABS_MOST 48

static struct seen seen[SLABS_MOST];
static u32 nr_seen;

static bool wrong(const char *what, const void *where, u32 n)
{
	printk("  # %s: %p, %u\n", what, where, n);
	return false;
}

static bool list_is_right(const struct kmem_cache *cache,
			  const struct list_head *slabs, u32 least, u32 most)
{
	const struct slab *slab;
	bool ok = true;

	list_for_each_entry(slab, slabs, list) {
		u32 i, free = 0;

		for (i = 0; i < bits_words(cache->num) * 32; i++)
			free += buffer_is_free(slab, i);
		for (i = cache->num; i < bits_words(cache->num) * 32; i++)
			if (buffer_is_free(slab, i))
				ok = wrong("a bit beyond the last", slab, i);
		if (slab->inuse + free != cache->num)
			ok = wrong("bits and inuse differ", slab, free);
		if (slab->inuse < least || slab->inuse > most)
			ok = wrong("on a wrong list", slab, slab->inuse);
		if (nr_seen == SLABS_MOST || cache->num > 64 * 32)
			return wrong("too many slabs", slab, nr_seen);
		seen[nr_seen].slab = slab;
		memcpy(seen[nr_seen++].bits, slab->bits,
		       bits_words(cache->num) * sizeof(u32));
	}
	return ok;
}

static bool node_is_right(const struct kmem_cache *cache,
			  const struct kmem_node *node)
{
	u32 before = nr_seen, free = 0, i;
	bool ok = list_is_right(cache, &node->free, 0, 0);

	ok &= list_is_right(cache, &node->partial, 1, cache->num - 1U);
	ok &= list_is_right(cache, &node->full, cache->num, cache->num);
	if (nr_seen - before != node->nr_slabs)
		ok = wrong("slabs of the node", node, node->nr_slabs);
	for (i = before; i < nr_seen; i++)
		free += cache->num - seen[i].slab->inuse;
	if (free != node->free_objects)
		ok = wrong("free objects of the node", node, free);
	return ok;
}

static bool see(const struct kmem_cache *cache, const void *object)
{
	u32 i, index;

	if (!slab_page(object))
		return wrong("no object", object, 0);
	index = index_of(cache, object);
	for (i = 0; i < nr_seen; i++)
		if (seen[i].slab == slab_of(object))
			break;
	if (i == nr_seen || index >= cache->num ||
	    object_in(cache, seen[i].slab, index) != object)
		return wrong("in no slab", object, index);
	if (seen[i].bits[index / 32] >> index % 32 & 1)
		return wrong("free, or there twice", object, index);
	seen[i].bits[index / 32] |= 1U << index % 32;
	return true;
}

static bool see_all(const struct kmem_cache *cache, void *const *objects,
		    u32 n)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < n; i++)
		ok &= see(cache, objects[i]);
	return ok;
}

bool books_with_others(struct kmem_cache *cache, void *const *held, u32 n,
		       u32 others)
{
	const struct kmem_node *node;
	bool ok = true;
	u32 i;

	nr_seen = 0;
	for_each_node_of(cache, node, i)
		ok &= node_is_right(cache, node);
	ok = ok && see_all(cache, held, n) &&
	     see_all(cache, stack_of(cache)->entry, stack_of(cache)->count);
	for_each_node_of(cache, node, i)
		if (ok && node->shared)
			ok = see_all(cache, node->shared->entry,
				     node->shared->count);
	if (ok && n + others + nr_kept(cache) != nr_on_slabs(cache))
		ok = wrong("objects are lost", cache, nr_on_slabs(cache));
	return ok;
}

bool books_are_right(struct kmem_cache *cache, void *const *held, u32 n)
{
	return books_with_others(cache, held, n, 0);
}

/* --- objects --- */

bool take_n(struct kmem_cache *cache, void **objects, u32 n)
{
	bool ok = true;
	u32 i;

	for (i = 0; i < n; i++) {
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		ok &= objects[i] != NULL;
	}
	return EXPECT(ok);
}

void free_n(struct kmem_cache *cache, void **objects, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		kmem_cache_free(cache, objects[i]);
}

u32 next_random(u32 *state)
{
	/* Numerical Recipes, section 7.1 */
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

bool object_is_filled(const void *object, u32 size, u8 with)
{
	const u8 *p = object;
	u32 i;

	for (i = 0; i < size; i++)
		if (p[i] != with)
			return false;
	return true;
}
