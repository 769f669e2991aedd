/*
 * Pools of elements for what must not fail. ULK3 section 8.2.15.
 *
 * 1. What for. Writing a page to disk frees memory, but needs some first: a
 *    request, a bounce page. A pool keeps a few of them back. As long as each
 *    one that is out comes back by itself, whoever waits for one gets it, and
 *    so memory can always be freed.
 *
 * 2. The pool is the last resort, not the first: while the allocator has
 *    something it stays full. Only who found it half empty goes through
 *    reclaim, as that is slow, and may be what the pool is there for.
 *
 * 3. Elements are worth the same: which one comes back does not matter, only
 *    that the pool is filled before the allocator gets any.
 *
 * Invariant: curr_nr + out >= min_nr >= curr_nr: what is missing is out.
 *
 * Lock: pool->lock with interrupts off, around moves of pointers; the allocator
 * and the hooks are called without it.
 *
 * Cost: that of the allocator, and a lock for the count of what is out.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include <mm/object/mempool.h>
#include <mm/page/page_alloc.h>

#define MOST (KMALLOC_MAX_SIZE / sizeof(void *))

/* What the allocator is told besides, and what it is never told. */
#define GFP_GENTLE (__GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC)
#define GFP_STUBBORN (__GFP_NOFAIL | __GFP_REPEAT)
#define GFP_RECLAIM (__GFP_WAIT | __GFP_IO | __GFP_FS)

struct mempool_hooks mempool_hooks;

/* --- elements --- */

/* From the pool to a user; NULL: it is empty. */
static void *take_element(mempool_t *pool)
{
	u32 flags = spin_lock_irqsave(&pool->lock);
	void *element = NULL;

	if (pool->curr_nr) {
		element = pool->elements[--pool->curr_nr];
		pool->out++;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return element;
}

/* From the allocator to a user. */
static void *count_out(mempool_t *pool, void *element)
{
	u32 flags = spin_lock_irqsave(&pool->lock);

	pool->out++;
	spin_unlock_irqrestore(&pool->lock, flags);
	return element;
}

static void wake(mempool_t *pool)
{
	if (mempool_hooks.wake)
		mempool_hooks.wake(pool);
}

static void wait(mempool_t *pool)
{
	if (mempool_hooks.wait)
		mempool_hooks.wait(pool);
	else
		cpu_relax();
}

static bool half_empty(const mempool_t *pool)
{
	/* without the lock: it may be another's turn just as well */
	return pool->curr_nr <= pool->min_nr / 2;
}

void *mempool_alloc(mempool_t *pool, gfp_t gfp)
{
	gfp_t gentle = (gfp & ~GFP_STUBBORN) | GFP_GENTLE;
	bool may_reclaim = gfp & __GFP_WAIT && gfp & __GFP_FS;
	void *element;

	BUG_ON(gfp & __GFP_ZERO, "an element of a pool is not to be zeroed");
	for (;; wait(pool)) {
		element = pool->alloc(gentle & ~GFP_RECLAIM, pool->pool_data);
		if (!element && may_reclaim && half_empty(pool))
			element = pool->alloc(gentle, pool->pool_data);
		if (element)
			return count_out(pool, element);
		element = take_element(pool);
		if (element || !(gfp & __GFP_WAIT))
			return element;
	}
}

void mempool_free(void *element, mempool_t *pool)
{
	bool kept;
	u32 flags;

	if (!element)
		return;
	flags = spin_lock_irqsave(&pool->lock);
	BUG_ON(!pool->out, "more comes back to a pool than it gave away");
	pool->out--;
	kept = pool->curr_nr < pool->min_nr;
	if (kept)
		pool->elements[pool->curr_nr++] = element;
	spin_unlock_irqrestore(&pool->lock, flags);
	if (kept)
		wake(pool);
	else
		pool->free(element, pool->pool_data);
}

/* --- pools --- */

static void free_elements(const mempool_t *pool, void **elements, u32 n)
{
	while (n)
		pool->free(elements[--n], pool->pool_data);
}

/* n elements; false: not even one. */
static bool alloc_elements(const mempool_t *pool, void **elements, u32 n,
			   gfp_t gfp)
{
	u32 i;

	for (i = 0; i < n; i++) {
		elements[i] = pool->alloc(gfp, pool->pool_data);
		if (!elements[i]) {
			free_elements(pool, elements, i);
			return false;
		}
	}
	return true;
}

static void **alloc_room(u32 n, gfp_t gfp)
{
	return n <= MOST ? kmalloc(n * sizeof(void *), gfp) : NULL;
}

mempool_t *mempool_create(u32 min_nr, mempool_alloc_t *alloc,
			  mempool_free_t *free, void *pool_data)
{
	mempool_t *pool = min_nr ? kmalloc(sizeof(*pool), GFP_KERNEL) : NULL;

	if (!pool)
		return NULL;
	*pool = (mempool_t){
		.lock = SPIN_LOCK_UNLOCKED("mempool.lock"),
		.min_nr = min_nr,
		.curr_nr = min_nr, .pool_data = pool_data, .alloc = alloc,
		.free = free, .elements = alloc_room(min_nr, GFP_KERNEL),
	};
	if (pool->elements &&
	    alloc_elements(pool, pool->elements, min_nr, GFP_KERNEL))
		return pool;
	kfree(pool->elements);
	kfree(pool);
	return NULL;
}

/* What is above the new number goes back, one by one. */
static void shrink(mempool_t *pool, u32 min_nr)
{
	u32 flags = spin_lock_irqsave(&pool->lock);

	pool->min_nr = min_nr;
	while (pool->curr_nr > min_nr) {
		void *element = pool->elements[--pool->curr_nr];

		spin_unlock_irqrestore(&pool->lock, flags);
		pool->free(element, pool->pool_data);
		flags = spin_lock_irqsave(&pool->lock);
	}
	spin_unlock_irqrestore(&pool->lock, flags);
}

/* All that is new is there before anything changes. */
static int grow(mempool_t *pool, u32 min_nr, gfp_t gfp)
{
	u32 old_nr = pool->min_nr, more = min_nr - old_nr, flags, i;
	void **room = alloc_room(min_nr, gfp), **old;

	/* where they cannot be in the way of those that are there */
	if (!room || !alloc_elements(pool, room + old_nr, more, gfp)) {
		kfree(room);
		return -ENOMEM;
	}
	flags = spin_lock_irqsave(&pool->lock);
	old = pool->elements;
	memcpy(room, old, pool->curr_nr * sizeof(void *));
	memmove(room + pool->curr_nr, room + old_nr, more * sizeof(void *));
	pool->elements = room;
	pool->curr_nr += more;
	pool->min_nr = min_nr;
	spin_unlock_irqrestore(&pool->lock, flags);
	kfree(old);
	for (i = 0; i < more; i++)
		wake(pool);
	return 0;
}

int mempool_resize(mempool_t *pool, u32 min_nr, gfp_t gfp)
{
	if (!min_nr)
		return -EINVAL;
	if (min_nr > pool->min_nr)
		return grow(pool, min_nr, gfp);
	shrink(pool, min_nr);
	return 0;
}

int mempool_destroy(mempool_t *pool)
{
	if (!pool)
		return 0;
	if (pool->out) {
		pr_err("mempool: %u elements of a pool of %u are out, and it "
		       "was to be destroyed\n", pool->out, pool->min_nr);
		return -EBUSY;
	}
	free_elements(pool, pool->elements, pool->curr_nr);
	kfree(pool->elements);
	kfree(pool);
	return 0;
}

/* --- what is below --- */

void *mempool_alloc_slab(gfp_t gfp, void *cache)
{
	return kmem_cache_alloc(cache, gfp);
}

void mempool_free_slab(void *element, void *cache)
{
	kmem_cache_free(cache, element);
}

void *mempool_kmalloc(gfp_t gfp, void *size)
{
	return kmalloc((size_t)size, gfp);
}

void mempool_kfree(void *element, void *size)
{
	kfree(element);
}

void *mempool_alloc_pages(gfp_t gfp, void *order)
{
	return alloc_pages(gfp, (unsigned int)(uintptr_t)order);
}

void mempool_free_pages(void *element, void *order)
{
	__free_pages(element, (unsigned int)(uintptr_t)order);
}
