/* What the files of mm/object share, and mm/report reads. */
#ifndef MM_OBJECT_INTERNAL_H
#define MM_OBJECT_INTERNAL_H

#include <kernel/cpu/cpustack.h>
#include <kernel/lib/list.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>

/*
 * A slab: pages with objects of one cache. Stands at the begin of its pages, or
 * in an object of its own (OFF_SLAB). Behind it is a bit for each object: 1 is
 * free. "Free" includes nothing that a CPU's stack or a shared array holds:
 * those count as in use here.
 *
 *	inuse		list
 *	0		free
 *	1 .. num - 1	partial
 *	num		full
 */
struct slab {
	struct list_head list;
	char *s_mem;		/* the first object's buffer */
	u16 inuse;
	u16 colour;		/* bytes before the slab or its objects */
	u32 bits[];
};

/* Objects that any CPU of the node may take: the stacks' overflow. */
struct shared_array {
	u32 count, limit;
	void *entry[];
};

/* What a cache has on one node. */
struct kmem_node {
	spinlock_t lock;
	struct list_head partial, full, free;
	u32 nr_slabs;
	u32 free_objects;	/* bits that are 1, of all slabs */
	u32 colour_next;	/* the next slab's: below colours */
	bool free_touched;	/* a free slab was used since the last reap */
	struct shared_array *shared;	/* NULL: none */
};

/* Most of it is constant after kmem_cache_create(). */
struct kmem_cache {
	/* each CPU's own; limit 0 where every object takes the long way */
	struct cpu_stack cpu[NR_CPUS];
	bool touched[NR_CPUS];	/* its stack was refilled since the reap */

	u32 size;		/* of a buffer: from one to the next */
	u32 object_size;	/* as asked for */
	u32 offset;		/* of the object in its buffer */
	u32 align;
	u32 reciprocal;		/* derived: 2^32 / size, rounded up */
	u16 num;		/* objects of a slab */
	u8 order;		/* pages of a slab, log2 */
	u32 flags;		/* SLAB_*, CACHE_* below */
	u32 colours;		/* how many different ones there are */
	u32 colour_off;		/* bytes from one to the next */
	u32 slab_bytes;		/* of struct slab and its bits, aligned */
	struct kmem_cache *slab_cache;	/* for them, with OFF_SLAB */
	void (*ctor)(void *object);

	/* tuned */
	u32 limit, batch, shared;

	/* counted */
	u32 grown, reaped;	/* slabs made, given back */
	u32 remote_frees;	/* objects that went home to another node */

	struct kmem_node *node[MAX_NUMNODES];
	struct list_head next;	/* on kmem_caches */
	char name[KMEM_NAME_MAX];
};

#define CACHE_OFF_SLAB 0x80000000U	/* in flags: management elsewhere */

/*
 * Every page of a slab has PG_slab; mapping is the cache's address with the
 * page's node in its low bits (the tag), private the struct slab. So one
 * comparison with the tag of a CPU's stack says that an object is of this cache
 * and from this node.
 */
#define CACHE_ALIGN 64U
#define TAG_NODE_MASK (CACHE_ALIGN - 1)
_Static_assert(MAX_NUMNODES <= CACHE_ALIGN, "a node does not fit into a tag");

static inline uintptr_t slab_tag(const struct kmem_cache *cache, int node)
{
	return (uintptr_t)cache | (uintptr_t)node;
}

static inline struct kmem_cache *tag_cache(uintptr_t tag)
{
	return (struct kmem_cache *)(tag & ~(uintptr_t)TAG_NODE_MASK);
}

static inline struct slab *page_slab(const struct page *page)
{
	return (struct slab *)page->private;
}

static inline struct kmem_cache *page_cache(const struct page *page)
{
	return tag_cache((uintptr_t)page->mapping);
}

/*
 * The node that a cache's slabs come from when the CPU is on node nid: nid
 * itself, or the nearest one if nid has no memory of the kind.
 */
static inline int home_node(const struct kmem_cache *cache, int nid)
{
	gfp_t gfp = cache->flags & SLAB_CACHE_DMA ? __GFP_DMA : 0;
	const struct zone *first = node_zonelist(nid, gfp)->zones[0];

	return first ? first->zone_pgdat->node_id : nid;
}

/* The page of an object's address; NULL: it is in no slab. */
struct page *slab_page(const void *object);

/* Which buffer of the slab is the address in? Not above num - 1 for one that
 * is in it; see object_at() whether it is an object. */
static inline u32 buffer_index(const struct kmem_cache *cache,
			       const struct slab *slab, const void *p)
{
	u32 offset = (u32)((const char *)p - slab->s_mem);
	u32 index = (u32)((u64)offset * cache->reciprocal >> 32);

	/* rounded up, it may be one too far in the last bytes of a buffer */
	return index - (index * cache->size > offset);
}

static inline void *buffer_at(const struct kmem_cache *cache,
			      const struct slab *slab, u32 index)
{
	return slab->s_mem + index * cache->size;
}

static inline bool buffer_is_free(const struct slab *slab, u32 index)
{
	return slab->bits[index / 32] >> index % 32 & 1;
}

static inline u32 bits_words(u32 num)
{
	return (num + 31) / 32;
}

/*
 * The list of all caches, and its lock. A cache on it stays while the lock is
 * held. Node locks may be taken inside.
 */
extern struct list_head kmem_caches;
extern spinlock_t kmem_caches_lock;

#define for_each_node_of(cache, n, i)					\
	for ((i) = 0; (i) < machine_nodes.nr; (i)++)			\
		if (((n) = (cache)->node[i]))

/* Every object takes the long way: see slab_set_long_way(). */
extern bool slab_long_way;

/* A cache with debugging: no stacks, every object takes the long way. */
static inline bool cache_is_debugged(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_DEBUG_FLAGS;
}

/* Objects that a shared array gives to slabs between two locks. */
#define SHARED_DRAIN_MOST 32U	/* guessed: room on the kernel's stack */

/* What the CPU's stacks of a cache may hold now. */
static inline u32 stack_limit(const struct kmem_cache *cache)
{
	return slab_long_way || cache_is_debugged(cache) ? 0 : cache->limit;
}

/* kmem_caches_lock is held, as slab_long_way changes under it. */
static inline void set_stack_limits(struct kmem_cache *cache)
{
	unsigned int cpu;

	for_each_cpu(cpu)
		cache->cpu[cpu].limit = stack_limit(cache);
}

/* The list that a slab's inuse says that it belongs to. */
static inline struct list_head *slab_list(const struct kmem_cache *cache,
					  struct kmem_node *node,
					  const struct slab *slab)
{
	if (!slab->inuse)
		return &node->free;
	return slab->inuse == cache->num ? &node->full : &node->partial;
}

/* --- slab_create.c --- */

/* What a cache's slabs look like: from size, align, flags, and whether there is
 * little memory. false: no order holds an object. */
bool slab_geometry(struct kmem_cache *cache, bool little_memory);

/* May a cache (a cache's part for a node) stand there? Reads no more than the
 * marks of pages: p may be anything. */
bool slab_holds_cache(const void *p);
bool slab_holds_node(const void *p);

#define CALLER ((u32)(uintptr_t)__builtin_return_address(0))

/* --- slab.c: what slab_hot.c leaves; site: who asked, for the reports --- */

void *fastcall slab_alloc_slow(struct kmem_cache *cache, gfp_t gfp, u32 site);
void fastcall slab_free_slow(struct kmem_cache *cache, void *object, u32 site);

/* With __GFP_ZERO the shortest way did not ask the CPU's stack: the same, and
 * zeroed. NULL: it has none, or is not to be asked. */
void *slab_pop_zeroed(struct kmem_cache *cache, gfp_t gfp);

/* size: what the caller will use of it. node: -1, the CPU's own. */
void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, int node, u32 size,
		 u32 site);

/*
 * Every allocation and free takes the long way while it is on, so that each
 * can be counted or made to fail. Any context.
 */
void slab_set_long_way(bool on);

/* --- kmalloc.c --- */

#define KMALLOC_TABLE_MOST 1024U	/* guessed: most sizes are below */

/* The cache of a size, by 8 bytes rounded up. */
extern struct kmem_cache *kmalloc_table[KMALLOC_TABLE_MOST / 8 + 1];

/* cache NULL: size is above all classes. */
void *fastcall kmalloc_slow(struct kmem_cache *cache, gfp_t gfp, size_t size,
			    u32 site);
void fastcall kfree_slow(void *object, u32 site);

/* The block of a kmalloc() above all classes; NULL: it is none. */
struct page *kmalloc_large_page(const void *p);

/* --- slab_grow.c --- */

/*
 * A new slab, from nid if that has pages (-1: from the CPU's own node); *node:
 * whose it is. It is on no list, all of it is free. NULL: no memory. No lock
 * held.
 */
struct slab *slab_make(struct kmem_cache *cache, gfp_t gfp, int nid,
		       struct kmem_node **node);

/* An empty slab that is on no list any more: its pages go. No lock held. */
void slab_destroy(struct kmem_cache *cache, struct slab *slab);
u32 slabs_destroy(struct kmem_cache *cache, struct list_head *slabs);

/* --- slab_reap.c --- */

/* All that is free goes; how many pages. */
u32 slab_shrink(struct kmem_cache *cache);

/* For reclaim_hooks. */
u32 slab_shrink_hook(const struct zonelist *zonelist);

/*
 * The oldest n of the CPU's stack go to the shared array and to their slabs;
 * empty slabs above the limit go to *gone. Interrupts off.
 */
void stack_drain(struct kmem_cache *cache, u32 n, struct list_head *gone);

/* The lowest n of a shared array go to their slabs. Interrupts off, no lock. */
void shared_drain(struct kmem_cache *cache, struct kmem_node *node, u32 n,
		  struct list_head *gone);

/* Objects to their slabs. Interrupts off, no lock. */
void free_to_slabs(struct kmem_cache *cache, void **objects, u32 n,
		   struct list_head *gone);

/* Free objects above which empty slabs are given back. */
static inline u32 node_free_limit(const struct kmem_cache *cache)
{
	return (1 + NR_CPUS) * cache->batch + cache->num;
}

/* --- slab_debug.c: caches with one of SLAB_DEBUG_FLAGS --- */

/*
 * Enlarges cache->size and sets offset for what the flags add; before
 * slab_geometry(). Drops or adds flags as debug= says.
 */
void slab_debug_prepare(struct kmem_cache *cache);

/* All buffers of a new slab become free ones. */
void slab_debug_new_slab(struct kmem_cache *cache, struct slab *slab);

/*
 * A buffer changes hands. What is found damaged is reported and repaired, and
 * may be used all the same. alloc: false, somebody has it already: it is his,
 * and another must be taken. free: false, it must not be freed. Both are
 * reported. The node's lock is not held.
 */
bool slab_debug_alloc(struct kmem_cache *cache, void *buffer, u32 size,
		      gfp_t gfp, u32 site);
bool slab_debug_free(struct kmem_cache *cache, void *buffer, u32 site);

/* An empty slab goes: is each free buffer as it was left? Reports. */
void slab_debug_old_slab(struct kmem_cache *cache, struct slab *slab);

/* kmalloc() and krealloc(): how many bytes of the object are asked for. */
void slab_debug_set_size(struct kmem_cache *cache, void *object, u32 size);
u32 slab_debug_get_size(struct kmem_cache *cache, const void *object);

/* Who allocated and freed the buffer last, in lines; nothing is known: none. */
void slab_print_tracks(const struct kmem_cache *cache, const void *buffer);

/* fail=slab: is this allocation to fail? Asked only on the long way. */
bool slab_fails(gfp_t gfp);

/* --- slab_error.c --- */

/*
 * One report: its class by name, the cache, the object with its buffer, and
 * the sentence; then both sites where they are known. Counts it.
 */
__format_printf(4, 5) void slab_report(enum slab_error class,
				       const struct kmem_cache *cache,
				       const void *object, const char *fmt,
				       ...);

/*
 * Why may the object not be freed to the cache (NULL: kfree())? Reports what is
 * wrong and returns true; false: nothing is, as far as page and slab say.
 */
bool slab_bad_free(struct kmem_cache *cache, const void *object, u32 site);

/* The same of an address in a slab whose size is asked for. */
bool slab_bad_size(struct kmem_cache *cache, const void *object);

/* The objects of a cache that are in use, as leaks of kmem_cache_destroy(). */
void slab_report_leaks(struct kmem_cache *cache);



#endif
