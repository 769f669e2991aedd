/*
 * Slabs: objects of one size cut out of pages. ULK3 section 8.2; Bonwick 1994.
 *
 * 1. A cache has slabs: 1 << order pages each, with num buffers and a bit for
 *    each that is free (internal.h). On each node they hang on three lists:
 *    full, partial, free. Objects come from partial slabs first, so that free
 *    ones stay free and their pages can go back.
 *
 * 2. Three layers, each faster and smaller than the one below:
 *
 *	CPU's stack	limit objects	no lock		slab_hot.c
 *	shared array	shared batches	node's lock	copied by the batch
 *	slabs		all		node's lock	a bit each, by runs
 *
 *    A stack that runs empty gets a batch, one that is full gives its oldest
 *    batch away. What lies on a stack or in a shared array counts as in use for
 *    the slab, so only slab and bits say which slabs are free.
 *
 * 3. Runs. Neighbours in a slab are handed out together, the lowest address
 *    first, and mostly come back together. So bits are taken and given a run at
 *    a time: of a batch of 60 objects most are then a few stores.
 *
 * 4. Nodes. A slab belongs to the node of its pages. The tag of a page (cache
 *    and node) is compared with that of the CPU's stack: an object of another
 *    node goes to the slabs of its own. For a CPU of a node without memory (for
 *    a DMA cache: without such memory) the nearest one that has some stands in:
 *    home_node(). If a node's memory is used up, objects of the others are
 *    taken; they go home when the stack is drained.
 *
 * 5. What comes back to a slab is looked at: is it the address of a buffer, and
 *    is that in use? If not, it is reported and dropped. So a mistake is seen
 *    here at the latest, and never reaches the lists.
 *
 * 6. When a slab becomes empty and more than node_free_limit() objects are free
 *    on its node, its own included, its pages go back at once. Else it is kept
 *    until it is used, reaped or shrunk, whatever becomes free later.
 *
 * 7. Caches with debugging have stacks of limit 0: each object is taken from
 *    its slab and given back to it, and slab_debug.c looks at it meanwhile.
 *
 * Invariants (slab_check.c recomputes them):
 *	a. a slab is on the list that its inuse says; inuse + bits that are 1 is
 *	   num; bits from num up are 0;
 *	b. free_objects is the sum of those bits, nr_slabs the number of slabs;
 *	c. each page of a slab has PG_slab, the tag and the slab;
 *	d. what is on a stack or in a shared array is a buffer in use of this
 *	   cache, and stands there once.
 *
 * Locks: node->lock with interrupts off; nothing is allocated or freed under
 * it. Pages of slabs that go are collected and freed after it.
 *
 * Cost: a batch of 60 takes some 400 instructions from or to slabs, 100 from or
 * to the shared array. A slab more takes some 350, its page included.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/object/internal.h>

bool slab_long_way;
u32 slab_errors[NR_SLAB_ERRORS];

/* home_node() of this CPU, which its stack's tag remembers. */
static int local_nid(const struct kmem_cache *cache)
{
	return (int)(cache->cpu[smp_processor_id()].tag & TAG_NODE_MASK);
}

static struct kmem_node *local_node(const struct kmem_cache *cache)
{
	return cache->node[local_nid(cache)];
}

struct page *slab_page(const void *object)
{
	struct page *page;

	if (!virt_addr_valid(object))
		return NULL;
	page = virt_to_page(object);
	return PageSlab(page) ? page : NULL;
}

/* --- slabs and their lists --- */

/* To its list. The lock is held; it is on one already. */
static void move_slab(struct kmem_cache *cache, struct kmem_node *node,
		      struct slab *slab)
{
	struct list_head *list = slab_list(cache, node, slab);

	list_del(&slab->list);
	if (list == &node->partial)
		/* the last to be used: its other objects have time to go */
		list_add_tail(&slab->list, list);
	else
		list_add(&slab->list, list);
}

/*
 * Takes up to want free buffers. They are stored below end, the lowest address
 * highest, as that is what a stack gives out first. How many.
 */
static u32 take_buffers(struct kmem_cache *cache, struct slab *slab,
			void **end, u32 want)
{
	char *first = slab->s_mem + cache->offset;
	u32 size = cache->size, left = want, base;

	for (base = 0; base < cache->num && left; base += 32) {
		u32 *word = &slab->bits[base / 32];

		while (*word && left) {
			u32 bit = (u32)__builtin_ctz(*word);
			u32 above = ~(*word >> bit);
			u32 run = above ? (u32)__builtin_ctz(above) : 32;
			char *p = first + (base + bit) * size;

			run = min(run, left);
			left -= run;
			*word &= ~(~0U >> (32 - run) << bit);
			do {
				*--end = p;
				p += size;
			} while (--run);
		}
	}
	slab->inuse += (u16)(want - left);
	return want - left;
}

/*
 * The same from a slab of which all is free and nobody else knows, to entry and
 * up: the lowest address again highest.
 */
static u32 take_fresh(struct kmem_cache *cache, struct slab *slab,
		      void **entry, u32 want)
{
	u32 n = min(want, cache->num), size = cache->size, i = n;
	char *p = slab->s_mem + cache->offset;

	do {
		entry[i - 1] = p;
		p += size;
	} while (--i);
	for (; i < n / 32; i++)
		slab->bits[i] = 0;
	if (n % 32)
		slab->bits[i] &= ~0U << n % 32;
	slab->inuse = (u16)n;
	return n;
}

/* A slab with free buffers; NULL: none. The lock is held. */
static struct slab *slab_with_room(struct kmem_node *node)
{
	if (!list_empty(&node->partial))
		return list_first_entry(&node->partial, struct slab, list);
	if (list_empty(&node->free))
		return NULL;
	node->free_touched = true;
	return list_first_entry(&node->free, struct slab, list);
}

static u32 take_from_slabs(struct kmem_cache *cache, struct kmem_node *node,
			   void **end, u32 want)
{
	u32 taken = 0;

	while (taken < want) {
		struct slab *slab = slab_with_room(node);
		u32 n;

		if (!slab)
			break;
		n = take_buffers(cache, slab, end - taken, want - taken);
		if (!n) {
			/* its bits say that it is full: not to be met again */
			slab_report(SLAB_BAD_BOOKS, cache, slab->s_mem,
				    "a slab has %u of %u objects in use, but "
				    "none is free", slab->inuse, cache->num);
			slab->inuse = cache->num;
		}
		taken += n;
		move_slab(cache, node, slab);
	}
	node->free_objects -= min(taken, node->free_objects);
	return taken;
}

/* The topmost of the shared array, up to want. */
static u32 take_shared(struct kmem_node *node, void **end, u32 want)
{
	struct shared_array *shared = node->shared;
	u32 n = shared ? min(want, shared->count) : 0;

	if (!n)
		return 0;
	shared->count -= n;
	memcpy(end - n, shared->entry + shared->count, n * sizeof(void *));
	return n;
}

/* Up to want objects of a node, below end. Interrupts off. */
static u32 take_objects(struct kmem_cache *cache, struct kmem_node *node,
			void **end, u32 want)
{
	u32 n;

	spin_lock(&node->lock);
	n = take_shared(node, end, want);
	if (n < want)
		n += take_from_slabs(cache, node, end - n, want - n);
	spin_unlock(&node->lock);
	return n;
}

/* --- out --- */

/* To its node: from now on anybody may find it. Interrupts off. */
static void enlist_slab(struct kmem_cache *cache, struct kmem_node *node,
			struct slab *slab)
{
	spin_lock(&node->lock);
	list_add(&slab->list, slab_list(cache, node, slab));
	node->nr_slabs++;
	node->free_objects += cache->num - slab->inuse;
	if (++node->colour_next >= cache->colours)
		node->colour_next = 0;
	cache->grown++;
	spin_unlock(&node->lock);
}

/* From any node, nid first, into the room below end; none may grow. */
static u32 take_anywhere(struct kmem_cache *cache, int nid, void **end,
			 u32 want)
{
	u32 i, n = take_objects(cache, cache->node[nid], end, want);

	for (i = 0; !n && i < machine_nodes.nr; i++)
		if (i != (u32)nid && cache->node[i])
			n = take_objects(cache, cache->node[i], end, want);
	return n;
}

/*
 * One object that goes by no stack; NULL: no memory. From nid if that can be.
 */
static void *take_one(struct kmem_cache *cache, gfp_t gfp, int nid)
{
	struct kmem_node *node = cache->node[nid];
	struct slab *slab;
	void *object;
	u32 flags, n;

	flags = local_irq_save();
	n = take_objects(cache, node, &object + 1, 1);
	local_irq_restore(flags);
	if (n)
		return object;
	slab = slab_make(cache, gfp, nid, &node);
	flags = local_irq_save();
	if (slab) {
		n = take_fresh(cache, slab, &object, 1);
		enlist_slab(cache, node, slab);
	} else {
		n = take_anywhere(cache, nid, &object + 1, 1);
	}
	local_irq_restore(flags);
	return n ? object : NULL;
}

/* What a refill brings: the long way may be on since it was begun. */
static u32 batch_of(const struct kmem_cache *cache,
		    const struct cpu_stack *stack)
{
	return stack->limit ? cache->batch : 1;
}

/* n objects stand at the end of the room for a batch: down to the bottom. */
static void settle(struct cpu_stack *stack, u32 room, u32 n)
{
	if (n && n < room)
		memmove(stack->entry, stack->entry + (room - n),
			n * sizeof(void *));
	stack->count = n;
}

/* A look without the lock: another CPU may make it untrue at once. */
static bool seems_empty(const struct kmem_node *node)
{
	return !node->free_objects && !(node->shared && node->shared->count);
}

/* The CPU's stack is empty, and no slab can be made: what any node has. */
static void refill_anywhere(struct kmem_cache *cache, struct cpu_stack *stack)
{
	u32 batch = batch_of(cache, stack);

	settle(stack, batch, take_anywhere(cache, local_nid(cache),
					   stack->entry + batch, batch));
}

/* The CPU's stack is empty: a batch of what its node has; false: nothing. */
static bool refill_here(struct kmem_cache *cache, struct cpu_stack *stack)
{
	struct kmem_node *node = local_node(cache);
	u32 batch = batch_of(cache, stack);

	if (seems_empty(node))
		return false;
	settle(stack, batch, take_objects(cache, node, stack->entry + batch,
					  batch));
	return stack->count;
}

/*
 * The CPU's stack is empty: a batch, and one of them for the caller. Of a new
 * slab they are taken before anybody else knows of it.
 */
static void *refill(struct kmem_cache *cache, gfp_t gfp)
{
	u32 flags = local_irq_save();
	struct cpu_stack *stack = &cache->cpu[smp_processor_id()];
	struct kmem_node *node;
	void *object = NULL;
	struct slab *slab;

	if (!stack->count && !refill_here(cache, stack)) {
		local_irq_restore(flags);
		slab = slab_make(cache, gfp, -1, &node);
		flags = local_irq_save();
		stack = &cache->cpu[smp_processor_id()];
		/* else it is somebody's, while we could sleep */
		if (slab && !stack->count)
			stack->count = take_fresh(cache, slab, stack->entry,
						  batch_of(cache, stack));
		if (slab)
			enlist_slab(cache, node, slab);
		else if (!stack->count)
			refill_anywhere(cache, stack);
	}
	cache->touched[smp_processor_id()] = true;
	if (stack->count)
		object = stack->entry[--stack->count];
	local_irq_restore(flags);
	return object;
}

/* Has its way out of a debugged cache: looked at, constructed. false: somebody
 * has it, take another. */
static bool debug_out(struct kmem_cache *cache, void *object, gfp_t gfp,
		      u32 size, u32 site)
{
	if (!slab_debug_alloc(cache, (char *)object - cache->offset, size, gfp,
			      site))
		return false;
	if (cache->ctor && cache->flags & SLAB_POISON)
		cache->ctor(object);
	return true;
}

void *slab_alloc(struct kmem_cache *cache, gfp_t gfp, int node, u32 size,
		 u32 site)
{
	void *object;

	if (slab_long_way && slab_fails(gfp))
		return NULL;
	if (node >= 0)
		/* not a new slab for each object that such a node has not */
		node = home_node(cache, node);
	do {
		if (node < 0 && !slab_long_way && !cache_is_debugged(cache))
			object = refill(cache, gfp);
		else
			object = take_one(cache, gfp,
					  node < 0 ? local_nid(cache) : node);
		if (!object)
			return NULL;
	} while (cache_is_debugged(cache) &&
		 !debug_out(cache, object, gfp, size, site));
	if (gfp & __GFP_ZERO) {
		BUG_ON(cache->ctor, "an object with a constructor is not to "
		       "be zeroed");
		/* the rest of a class, too: krealloc() counts on it, but
		 * where red zones remember how far it may be used */
		memset(object, 0, cache->flags & SLAB_RED_ZONE ?
		       size : cache->object_size);
	}
	return object;
}

void *slab_pop_zeroed(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (!(gfp & __GFP_ZERO) || cache->ctor ||
	    !cpu_stack_pop(&cache->cpu[smp_processor_id()], &object))
		return NULL;
	return memset(object, 0, cache->object_size);
}

void *fastcall slab_alloc_slow(struct kmem_cache *cache, gfp_t gfp, u32 site)
{
	void *object = slab_pop_zeroed(cache, gfp);

	return object ? object :
	       slab_alloc(cache, gfp, -1, cache->object_size, site);
}

void *kmem_cache_zalloc(struct kmem_cache *cache, gfp_t gfp)
{
	return slab_alloc_slow(cache, gfp | __GFP_ZERO, CALLER);
}

void *kmem_cache_alloc_node(struct kmem_cache *cache, gfp_t gfp, int node)
{
	if (node == numa_node_id())
		node = -1;
	if (node >= (int)machine_nodes.nr)
		return NULL;
	if (node < 0)
		return slab_alloc_slow(cache, gfp, CALLER);
	return slab_alloc(cache, gfp, node, cache->object_size, CALLER);
}

bool kmem_cache_alloc_bulk(struct kmem_cache *cache, gfp_t gfp, u32 n,
			   void **objects)
{
	u32 i;

	for (i = 0; i < n; i++) {
		objects[i] = kmem_cache_alloc(cache, gfp);
		if (unlikely(!objects[i])) {
			kmem_cache_free_bulk(cache, i, objects);
			return false;
		}
	}
	return true;
}

/* --- back --- */

/* Why a buffer may not go back to its slab: true, and it is reported. */
static bool refuse(struct kmem_cache *cache, void *object)
{
	/* found on a stack: who freed it is not known any more */
	return slab_bad_free(cache, object, 0);
}

/* The next address; the compiler is not to make four sums of four of them. */
static __always_inline char *step_to(char *p, s32 step)
{
	p += step;
	__asm__("" : "+r"(p));
	return p;
}

/*
 * How many of n objects, the first one included, follow each other in memory,
 * by step bytes. most: the slab's border in that direction.
 */
static __always_inline u32 run_of(void **objects, u32 n, s32 step, u32 most)
{
	char *next = step_to(objects[0], step);
	u32 run = 1;

	n = min(n, most);
	for (; run + 4 <= n; run += 4) {
		if (objects[run] != next)
			return run;
		next = step_to(next, step);
		if (objects[run + 1] != next)
			return run + 1;
		next = step_to(next, step);
		if (objects[run + 2] != next)
			return run + 2;
		next = step_to(next, step);
		if (objects[run + 3] != next)
			return run + 3;
		next = step_to(next, step);
	}
	for (; run < n && objects[run] == next; run++)
		next += step;
	return run;
}

/* The slab has run objects in use less. The lock is held. */
static __always_inline void slab_got_free(struct kmem_cache *cache,
					  struct kmem_node *node,
					  struct slab *slab, u32 run,
					  struct list_head *gone)
{
	u32 before = slab->inuse;

	slab->inuse = (u16)(before - run);
	node->free_objects += run;
	if (!slab->inuse && node->free_objects > node_free_limit(cache)) {
		list_del(&slab->list);
		list_add_tail(&slab->list, gone);
		node->nr_slabs--;
		node->free_objects -= cache->num;
		cache->reaped++;
	} else if (before == cache->num || !slab->inuse) {
		/* else it is where it belongs */
		move_slab(cache, node, slab);
	}
}

/*
 * The first of n objects, which is the slab's buffer of that index, and those
 * that follow it become free: how many. The lock of the slab's node is held,
 * the first is a good one.
 */
static __always_inline u32 give_run(struct kmem_cache *cache,
				    struct kmem_node *node, struct slab *slab,
				    u32 index, void **objects, u32 n,
				    struct list_head *gone)
{
	u32 *word = &slab->bits[index / 32];
	u32 bit = index % 32, run, low = bit, bits;

	run = run_of(objects, n, (s32)cache->size,
		     min(32 - bit, cache->num - index));
	if (run == 1) {
		run = run_of(objects, n, -(s32)cache->size, bit + 1);
		low = bit + 1 - run;
	}
	bits = ~0U >> (32 - run) << low;
	if (*word & bits) {
		/* one of them is free already: no further than the first */
		run = 1;
		bits = 1U << bit;
	}
	*word |= bits;
	slab_got_free(cache, node, slab, run, gone);
	return run;
}

/*
 * Which buffer in use of this cache is it? None: NO_BUFFER. Cheaper than to
 * find out what else it is.
 */
#define NO_BUFFER ~0U

static __always_inline u32 index_in_use(const struct kmem_cache *cache,
					const struct slab *slab,
					const void *object)
{
	u32 offset = (u32)((const char *)object - cache->offset -
			   slab->s_mem);
	/* exact where offset is a multiple of size: no other is asked for */
	u32 index = (u32)((u64)offset * cache->reciprocal >> 32);

	return index < cache->num && index * cache->size == offset &&
	       !buffer_is_free(slab, index) ? index : NO_BUFFER;
}

void free_to_slabs(struct kmem_cache *cache, void **objects, u32 n,
		   struct list_head *gone)
{
	struct kmem_node *held = NULL;
	u32 i;

	for (i = 0; i < n;) {
		/* slabs come and go only with the lock of their node */
		struct page *page = virt_to_page(objects[i]);
		struct kmem_node *node = cache->node[page_to_nid(page)];
		u32 index = NO_BUFFER;

		BUG_ON(!node, "a page of a node that the cache has no part of");
		if (node != held) {
			if (held)
				spin_unlock(&held->lock);
			spin_lock(&node->lock);
			held = node;
		}
		if (likely(page_cache(page) == cache))
			index = index_in_use(cache, page_slab(page),
					     objects[i]);
		if (unlikely(index == NO_BUFFER))
			refuse(cache, objects[i++]);
		else
			i += give_run(cache, node, page_slab(page), index,
				      objects + i, n - i, gone);
	}
	if (held)
		spin_unlock(&held->lock);
}

/* As many of n as there is room for: how many. The lock is held. */
static u32 give_shared(struct kmem_node *node, void **objects, u32 n)
{
	struct shared_array *shared = node->shared;

	n = shared ? min(n, shared->limit - shared->count) : 0;
	if (n) {
		memcpy(shared->entry + shared->count, objects,
		       n * sizeof(void *));
		shared->count += n;
	}
	return n;
}

void shared_drain(struct kmem_cache *cache, struct kmem_node *node, u32 n,
		  struct list_head *gone)
{
	struct shared_array *shared = node->shared;
	void *objects[SHARED_DRAIN_MOST];

	while (shared && n) {
		u32 part = min(n, SHARED_DRAIN_MOST);

		spin_lock(&node->lock);
		part = min(part, shared->count);
		memcpy(objects, shared->entry, part * sizeof(void *));
		shared->count -= part;
		memmove(shared->entry, shared->entry + part,
			shared->count * sizeof(void *));
		spin_unlock(&node->lock);
		if (!part)
			break;
		free_to_slabs(cache, objects, part, gone);
		n -= part;
	}
}

void stack_drain(struct kmem_cache *cache, u32 n, struct list_head *gone)
{
	struct cpu_stack *stack = &cache->cpu[smp_processor_id()];
	struct kmem_node *node = local_node(cache);
	u32 shared;

	n = min(n, stack->count);
	spin_lock(&node->lock);
	shared = give_shared(node, stack->entry, n);
	spin_unlock(&node->lock);
	free_to_slabs(cache, stack->entry + shared, n - shared, gone);
	stack->count -= n;
	memmove(stack->entry, stack->entry + n, stack->count * sizeof(void *));
}

/* Not by the CPU's stack. Interrupts off. */
static void free_home(struct kmem_cache *cache, void *object, int nid,
		      struct list_head *gone)
{
	if (nid != local_nid(cache))
		cache->remote_frees++;
	free_to_slabs(cache, &object, 1, gone);
}

void fastcall slab_free_slow(struct kmem_cache *cache, void *object, u32 site)
{
	struct page *page = slab_page(object);
	LIST_HEAD(gone);
	struct cpu_stack *stack;
	u32 flags;

	if (!object)
		return;
	if (!page || page_cache(page) != cache) {
		slab_bad_free(cache, object, site);
		return;
	}
	if (cache_is_debugged(cache) &&
	    !slab_debug_free(cache, (char *)object - cache->offset, site))
		return;
	flags = local_irq_save();
	stack = &cache->cpu[smp_processor_id()];
	if (!stack->limit || (uintptr_t)page->mapping != stack->tag) {
		free_home(cache, object, page_to_nid(page), &gone);
	} else {
		if (stack->count >= stack->limit)
			stack_drain(cache, cache->batch, &gone);
		stack->entry[stack->count++] = object;
	}
	local_irq_restore(flags);
	slabs_destroy(cache, &gone);
}

void kmem_cache_free_bulk(struct kmem_cache *cache, u32 n, void **objects)
{
	u32 i;

	for (i = 0; i < n; i++)
		kmem_cache_free(cache, objects[i]);
}

/* --- the long way for all --- */

void slab_set_long_way(bool on)
{
	LIST_HEAD(gone);
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	struct kmem_cache *cache;

	slab_long_way = on;
	list_for_each_entry(cache, &kmem_caches, next) {
		stack_drain(cache, CPU_STACK_MOST, &gone);
		set_stack_limits(cache);
		slabs_destroy(cache, &gone);
	}
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
}
