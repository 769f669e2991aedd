/*
 * Caches: their geometry, their making and their end.
 *
 * 1. Geometry. A slab has as many buffers as fit beside struct slab and a bit
 *    for each. That stands in the slab itself, or, for buffers of 512 bytes and
 *    more, in an object of its own; unless what is left over has room for it
 *    (the reference's rules S1 and S2).
 *
 * 2. The order is the smallest one that wastes no more than an eighth, but not
 *    above 1 (0 with 32 MB of RAM or less, or if the pages are to be had back
 *    easily) unless not even one buffer fits.
 *
 * 3. Colours. What is left over shifts the objects of each new slab by one line
 *    of the CPU's cache more, so that the same member of all objects does not
 *    compete for the same lines.
 *
 * 4. The first caches. A cache is an object of kmem_cache, its part for a node
 *    one of kmem_node: these two stand in the image and are made by hand. Then
 *    come those of kmalloc(), from small to large, as management off slab needs
 *    a small one. When all are there, the shared arrays are allocated.
 *
 * Lock: kmem_caches_lock, for the list and the tuned members; allocations are
 * made before it is taken.
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>

#define CACHE_LINE 32U		/* derived: of the Pentium to the Pentium III */
#define OFF_SLAB_LEAST (PAGE_SIZE / 8)	/* the reference's */
#define MAX_SLAB_ORDER 5	/* the reference's: 128 KB */
#define BREAK_ORDER 1		/* the reference's, with more than 32 MB */
#define WASTE_MOST 8		/* an eighth; the reference's */
#define LITTLE_MEMORY (32U << (20 - PAGE_SHIFT))	/* pages */
#define SHARED_BATCHES 8U	/* the reference's */
#define SHARED_BATCHES_MOST 64U	/* guessed */

#define KNOWN_FLAGS (SLAB_RED_ZONE | SLAB_POISON | SLAB_HWCACHE_ALIGN | \
	SLAB_CACHE_DMA | SLAB_STORE_USER | SLAB_RECLAIM_ACCOUNT | SLAB_PANIC)

LIST_HEAD(kmem_caches);
spinlock_t kmem_caches_lock = SPIN_LOCK_UNLOCKED;

/* the two that are made by hand */
static struct kmem_cache cache_cache __aligned(CACHE_ALIGN);
static struct kmem_cache node_cache __aligned(CACHE_ALIGN);
static struct kmem_node boot_nodes[2][MAX_NUMNODES];

static bool is_object_of(const struct kmem_cache *cache, const void *p,
			 size_t size)
{
	const char *last = (const char *)p + size - 1;
	const struct page *page = slab_page(p), *end = slab_page(last);

	return IS_ALIGNED((uintptr_t)p, sizeof(u32)) && page && end &&
	       page_cache(page) == cache && page_cache(end) == cache;
}

bool slab_holds_cache(const void *p)
{
	return p == &cache_cache || p == &node_cache ||
	       is_object_of(&cache_cache, p, sizeof(struct kmem_cache));
}

bool slab_holds_node(const void *p)
{
	uintptr_t at = (uintptr_t)p - (uintptr_t)boot_nodes;

	return (at < sizeof(boot_nodes) && !(at % sizeof(struct kmem_node))) ||
	       is_object_of(&node_cache, p, sizeof(struct kmem_node));
}

/* --- geometry --- */

/* Buffers of a slab of so many bytes, and what is left over. */
static u32 buffers_in(const struct kmem_cache *cache, u32 bytes, bool off_slab,
		      u32 *slab_bytes, u32 *left)
{
	u32 num = bytes / cache->size, used;

	for (;; num--) {
		*slab_bytes = ALIGN((u32)sizeof(struct slab) +
				    bits_words(num) * (u32)sizeof(u32),
				    off_slab ? (u32)sizeof(void *) :
					       cache->align);
		used = num * cache->size + (off_slab ? 0 : *slab_bytes);
		if (!num || used <= bytes)
			break;
	}
	*left = num ? bytes - used : bytes;
	return num;
}

static bool order_will_do(const struct kmem_cache *cache, bool little_memory,
			  u32 left)
{
	if (cache->flags & SLAB_RECLAIM_ACCOUNT)
		return true;
	return cache->order >= (little_memory ? 0 : BREAK_ORDER) ||
	       left * WASTE_MOST <= (u32)PAGE_SIZE << cache->order;
}

bool slab_geometry(struct kmem_cache *cache, bool little_memory)
{
	bool off_slab = cache->size >= OFF_SLAB_LEAST;
	u32 num = 0, left = 0;

	for (cache->order = 0; cache->order <= MAX_SLAB_ORDER; cache->order++) {
		num = buffers_in(cache, PAGE_SIZE << cache->order, off_slab,
				 &cache->slab_bytes, &left);
		if (num && order_will_do(cache, little_memory, left))
			break;
	}
	if (!num)
		return false;
	/* one that fits was found by the largest order, at the latest */
	cache->order = min(cache->order, MAX_SLAB_ORDER);
	if (off_slab) {
		u32 room = ALIGN(cache->slab_bytes, cache->align);

		off_slab = left < room;
		if (!off_slab) {
			cache->slab_bytes = room;
			left -= room;
		}
	}
	cache->num = (u16)num;
	cache->flags |= off_slab ? CACHE_OFF_SLAB : 0;
	cache->colour_off = max(CACHE_LINE, cache->align);
	cache->colours = left / cache->colour_off + 1;
	cache->reciprocal = ~0U / cache->size + 1;
	return true;
}

/* The reference's rule for what a CPU keeps, by the size of the objects. */
static u32 default_limit(u32 size)
{
	if (size > 131072)
		return 1;
	if (size > PAGE_SIZE)
		return 8;
	if (size > 1024)
		return 24;
	if (size > 256)
		return 54;
	return CPU_STACK_MOST;
}

static u32 alignment_of(size_t size, size_t align, u32 flags)
{
	u32 line = CACHE_LINE;

	align = max(align, sizeof(void *));
	if (!(flags & SLAB_HWCACHE_ALIGN))
		return (u32)align;
	/* several small objects share a line */
	while (size <= line / 2)
		line /= 2;
	return max(line, (u32)align);
}

/* All of it but node[], and the stacks' limits, which come with enlist().
 * false: no slab can hold such an object. */
static bool set_up(struct kmem_cache *cache, const char *name, size_t size,
		   size_t align, u32 flags, void (*ctor)(void *))
{
	unsigned int cpu;

	memset(cache, 0, sizeof(*cache));
	strlcpy(cache->name, name, sizeof(cache->name));
	cache->object_size = (u32)size;
	cache->align = alignment_of(size, align, flags);
	cache->size = ALIGN((u32)size, (u32)sizeof(void *));
	cache->flags = flags & ~SLAB_PANIC;
	cache->ctor = ctor;
	slab_debug_prepare(cache);
	cache->size = ALIGN(cache->size, cache->align);
	if (!slab_geometry(cache, totalram_pages <= LITTLE_MEMORY))
		return false;
	cache->limit = default_limit(cache->size);
	cache->batch = (cache->limit + 1) / 2;
	for_each_cpu(cpu)
		cache->cpu[cpu].tag = slab_tag(cache,
					home_node(cache, cpu_to_node[cpu]));
	return true;
}

static void init_node(struct kmem_node *node)
{
	memset(node, 0, sizeof(*node));
	INIT_LIST_HEAD(&node->partial);
	INIT_LIST_HEAD(&node->full);
	INIT_LIST_HEAD(&node->free);
}

/* --- shared arrays --- */

/* How many batches a cache shares by itself. */
static u32 default_shared(const struct kmem_cache *cache)
{
	if (totalram_pages <= LITTLE_MEMORY || cache->size > PAGE_SIZE ||
	    cache->flags & SLAB_CACHE_DMA || cache_is_debugged(cache))
		return 0;
	return SHARED_BATCHES;
}

/* An array for each node; none at all if shared is 0. */
static int alloc_shared(struct kmem_cache *cache, u32 entries,
			struct shared_array **arrays)
{
	u32 i;

	for (i = 0; i < MAX_NUMNODES; i++)
		arrays[i] = NULL;
	for (i = 0; entries && i < machine_nodes.nr; i++) {
		arrays[i] = kmalloc(sizeof(struct shared_array) +
				    entries * sizeof(void *), GFP_KERNEL);
		if (!arrays[i]) {
			while (i--)
				kfree(arrays[i]);
			return -ENOMEM;
		}
		arrays[i]->count = 0;
		arrays[i]->limit = entries;
	}
	return 0;
}

/* The arrays take the place of those there are, whose objects go home. */
static void exchange_shared(struct kmem_cache *cache,
			    struct shared_array **arrays,
			    struct list_head *gone)
{
	struct shared_array *old;
	struct kmem_node *node;
	u32 i, flags;

	for_each_node_of(cache, node, i) {
		flags = spin_lock_irqsave(&node->lock);
		old = node->shared;
		node->shared = arrays[i];
		spin_unlock(&node->lock);
		/* nobody else knows of it now */
		if (old)
			free_to_slabs(cache, old->entry, old->count, gone);
		local_irq_restore(flags);
		arrays[i] = old;
	}
}

int kmem_cache_tune(struct kmem_cache *cache, u32 limit, u32 batch, u32 shared)
{
	struct shared_array *arrays[MAX_NUMNODES];
	LIST_HEAD(gone);
	u32 flags, i;

	if (!batch || batch > limit || limit > CPU_STACK_MOST ||
	    shared > SHARED_BATCHES_MOST || cache_is_debugged(cache))
		return -EINVAL;
	if (alloc_shared(cache, shared * batch, arrays))
		return -ENOMEM;
	exchange_shared(cache, arrays, &gone);
	flags = spin_lock_irqsave(&kmem_caches_lock);
	stack_drain(cache, CPU_STACK_MOST, &gone);
	cache->limit = limit;
	cache->batch = batch;
	cache->shared = shared;
	set_stack_limits(cache);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	slabs_destroy(cache, &gone);
	for (i = 0; i < machine_nodes.nr; i++)
		kfree(arrays[i]);
	return 0;
}

static int share_by_default(struct kmem_cache *cache)
{
	u32 shared = default_shared(cache);

	if (!shared)
		return 0;
	return kmem_cache_tune(cache, cache->limit, cache->batch, shared);
}

/* --- create and destroy --- */

/* What is wrong with the arguments; NULL: nothing. */
static const char *wrong_arguments(const char *name, size_t size, size_t align,
				   u32 flags)
{
	if (!name || !*name)
		return "it has no name";
	if (strlen(name) >= KMEM_NAME_MAX)
		return "its name is too long";
	if (size < sizeof(u32) || size > KMALLOC_MAX_CLASS)
		return "its objects are not of 4 bytes to 128 KB";
	if (align & (align - 1) || align > PAGE_SIZE)
		return "its alignment is no power of two up to a page";
	if (flags & ~KNOWN_FLAGS)
		return "it has unknown flags";
	return NULL;
}

/* It may be gone already: what it holds is not looked at. */
static bool is_listed(const struct kmem_cache *cache)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	const struct kmem_cache *other;
	bool found = false;

	list_for_each_entry(other, &kmem_caches, next)
		found |= other == cache;
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return found;
}

/* kmem_caches_lock is held. */
static bool name_is_taken(const char *name)
{
	const struct kmem_cache *cache;

	list_for_each_entry(cache, &kmem_caches, next)
		if (!strcmp(cache->name, name))
			return true;
	return false;
}

static struct kmem_cache *failed(const char *name, size_t size, u32 flags,
				 const char *why)
{
	if (flags & SLAB_PANIC)
		panic("no cache \"%s\" of %lu bytes: %s",
		      name ? name : "(null)", (unsigned long)size, why);
	pr_err("kmem_cache_create(\"%s\", %lu): %s\n", name ? name : "(null)",
	       (unsigned long)size, why);
	return NULL;
}

/* Its nodes, arrays and itself. Nothing of it is in use. */
static void free_cache(struct kmem_cache *cache)
{
	u32 i;

	for (i = 0; i < machine_nodes.nr; i++)
		if (cache->node[i]) {
			kfree(cache->node[i]->shared);
			kmem_cache_free(&node_cache, cache->node[i]);
		}
	kmem_cache_free(&cache_cache, cache);
}

/* What a cache needs beyond set_up(). On failure free_cache() undoes it. */
static int furnish(struct kmem_cache *cache)
{
	u32 i;

	if (cache->flags & CACHE_OFF_SLAB)
		cache->slab_cache =
			kmalloc_caches[0][kmalloc_class(cache->slab_bytes)];
	for (i = 0; i < machine_nodes.nr; i++) {
		cache->node[i] = kmem_cache_alloc(&node_cache, GFP_KERNEL);
		if (!cache->node[i])
			return -ENOMEM;
		init_node(cache->node[i]);
	}
	/* the first ones of kmalloc() get theirs later */
	return kmalloc_caches[0][KMALLOC_CLASSES - 1] ?
	       share_by_default(cache) : 0;
}

/* false: there is one of that name. */
static bool enlist(struct kmem_cache *cache)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	bool taken = name_is_taken(cache->name);

	if (!taken) {
		list_add_tail(&cache->next, &kmem_caches);
		/* whoever changes slab_long_way finds it from now on */
		set_stack_limits(cache);
	}
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	return !taken;
}

struct kmem_cache *kmem_cache_create(const char *name, size_t size,
				     size_t align, u32 flags,
				     void (*ctor)(void *object))
{
	const char *why = wrong_arguments(name, size, align, flags);
	struct kmem_cache *cache;

	if (why)
		return failed(name, size, flags, why);
	cache = kmem_cache_alloc(&cache_cache, GFP_KERNEL);
	if (!cache)
		return failed(name, size, flags, "there is no memory for it");
	if (!set_up(cache, name, size, align, flags, ctor))
		why = "no slab can hold such an object";
	else if (furnish(cache))
		why = "there is no memory for it";
	else if (!enlist(cache))
		why = "there is one of that name";
	if (!why)
		return cache;
	free_cache(cache);
	return failed(name, size, flags, why);
}

static bool has_slabs(const struct kmem_cache *cache)
{
	const struct kmem_node *node;
	u32 i;

	for_each_node_of(cache, node, i)
		if (node->nr_slabs)
			return true;
	return false;
}

int kmem_cache_destroy(struct kmem_cache *cache)
{
	u32 flags;

	if (!cache)
		return 0;
	if (!is_listed(cache)) {
		pr_err("kmem_cache_destroy(%p): there is no such cache\n",
		       cache);
		return -EINVAL;
	}
	slab_shrink(cache);
	if (has_slabs(cache)) {
		slab_report_leaks(cache);
		return -EBUSY;
	}
	flags = spin_lock_irqsave(&kmem_caches_lock);
	list_del(&cache->next);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	free_cache(cache);
	return 0;
}

u32 kmem_cache_size(const struct kmem_cache *cache)
{
	return cache->object_size;
}

const char *kmem_cache_name(const struct kmem_cache *cache)
{
	return cache->name;
}

/* --- the first ones --- */

static void make_by_hand(struct kmem_cache *cache, const char *name,
			 size_t size, size_t align, struct kmem_node *nodes)
{
	u32 i;

	if (!set_up(cache, name, size, align, 0, NULL))
		panic("the cache \"%s\" fits into no slab", name);
	BUG_ON(cache->flags & CACHE_OFF_SLAB, "the first caches need others");
	for (i = 0; i < machine_nodes.nr; i++) {
		init_node(&nodes[i]);
		cache->node[i] = &nodes[i];
	}
	enlist(cache);
}

void kmem_cache_init(void)
{
	struct kmem_cache *cache;

	make_by_hand(&cache_cache, "kmem_cache", sizeof(struct kmem_cache),
		     CACHE_ALIGN, boot_nodes[0]);
	make_by_hand(&node_cache, "kmem_node", sizeof(struct kmem_node), 0,
		     boot_nodes[1]);
	kmalloc_init();
	/* the list is nobody else's yet */
	list_for_each_entry(cache, &kmem_caches, next)
		if (share_by_default(cache))
			pr_warn("no memory for the shared array of %s\n",
				cache->name);
	reclaim_hooks.shrink_caches = slab_shrink_hook;
}
