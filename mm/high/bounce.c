/*
 * Bounce buffers. ULK3 section 14.3; section 8.2.15 for the pools.
 *
 * 1. What for. A bus master has so many address lines: 24 on ISA, 32 on most of
 *    PCI. A page above its reach is replaced by one below, at the same offset:
 *    a WRITE is copied there before the device sees it, a READ is copied back
 *    when the device is done, by whoever hears of it first: an interrupt.
 *
 * 2. States of a transfer:
 *
 *	gathering	has a struct bounce, and gets its pages
 *	out		on bounces_out: has all it needs, belongs to the device
 *	ended		off the list; what it had goes back to where it is from
 *
 * 3. Which pool. Pages of lowmem will do if the device reaches all of lowmem;
 *    with a mask between 16 MB and the end of lowmem only some of them would,
 *    and no zone says which. So such a device gets pages below 16 MB: it is
 *    rare (a sound card of 28 lines), and a wrong page would be overwritten
 *    memory.
 *
 * 4. Progress. Structs and pages come from their allocators, which nobody waits
 *    for. What is missing then comes from mempools. With the allocators empty
 *    for good:
 *
 *	a. A transfer needs at most `limit` pages, and its pool keeps as many.
 *	   Pages that are out of the pool belong to transfers in flight, or to
 *	   the one that holds pool->gather: only under that mutex they are
 *	   taken. Without it two could hold half a pool each, and wait for the
 *	   other half for ever.
 *	b. Those in flight end by themselves (the contract of bounce_begin())
 *	   and need nothing for it: bounce_end() takes no memory. So the one
 *	   that gathers gets every page that it waits for. The mutex is handed
 *	   on in the order of arrival: so does everybody behind it.
 *	c. The struct is taken before the mutex. Who waits for one has nothing
 *	   else; each one that is out belongs to a transfer in flight, or to one
 *	   that gathers, and will be in flight by (b). One struct kept would do;
 *	   BOUNCE_STRUCTS let more fly at once.
 *	d. Each pool has a mutex of its own: a floppy that takes its time keeps
 *	   no disk waiting.
 *
 *    What was taken from a pool goes back there, and nothing else does: in the
 *    end it keeps the same pages again, low ones that nobody else can get.
 *
 * 5. Invariants, under bounce_lock (bounce_check.c recomputes them):
 *
 *	pool->used == sum of bounce->pages of its transfers on bounces_out
 *	pool->pages->out >= sum of their bounce->kept; equal while nobody is
 *			between a pool and the list (bounce_moving is 0)
 *	bounce->vec[i].bv_page differs from from[i].bv_page: it is the next one
 *			of bounce->page[]
 *
 * Locks: pool->gather; bounce_lock with interrupts off, around a link and some
 * counters, never around a copy.
 *
 * Cost: see docs/bench.md. A page is copied by one rep movs; while there is
 * memory, no mutex and no pool is touched.
 */
#include <kernel/base/debug.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/high/bounce_books.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>

/* guessed: those in flight when there is no memory, of all devices; with less
 * than one page each they would not use the pools up. */
#define BOUNCE_STRUCTS 8

/* What the allocators are told: no waiting, no reserves, no complaint. */
#define GFP_GENTLE (__GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC)

bool bounce_all;

spinlock_t bounce_lock = SPIN_LOCK_UNLOCKED("bounce_lock");
LIST_HEAD(bounces_out);
u32 bounce_moving;
mempool_t *bounce_structs;
static struct kmem_cache *bounce_cache;
FAIL_POINT(fail_bounce, "bounce", NULL);

struct bounce_pool bounce_pools[NR_BOUNCE_POOLS] = {
	[BOUNCE_LOWMEM] = {
		.name = "lowmem", .limit = BOUNCE_PAGES,
		.gather = MUTEX_INIT(bounce_pools[BOUNCE_LOWMEM].gather),
	},
	[BOUNCE_ISA] = {
		.name = "ISA", .zone = GFP_DMA, .limit = BOUNCE_ISA_PAGES,
		.gather = MUTEX_INIT(bounce_pools[BOUNCE_ISA].gather),
	},
};

/* --- reach --- */

struct bounce_pool *bounce_pool_of(phys_addr_t dma_mask)
{
	bool all_lowmem = dma_mask >= PFN_PHYS(max_low_pfn) - 1;

	BUG_ON(dma_mask < BOUNCE_ISA_MASK,
	       "a device that does not reach 16 MB: no zone is low enough");
	return &bounce_pools[all_lowmem ? BOUNCE_LOWMEM : BOUNCE_ISA];
}

u32 bounce_limit(phys_addr_t dma_mask)
{
	return bounce_pool_of(dma_mask)->limit;
}

bool bounce_ready(void)
{
	return bounce_pools[BOUNCE_LOWMEM].pages &&
	       bounce_pools[BOUNCE_ISA].pages;
}

/* The first frame that the device does not reach to its end. */
static u32 reach_end(phys_addr_t dma_mask)
{
	u64 last = (dma_mask - (PAGE_SIZE - 1)) >> PAGE_SHIFT;

	if (unlikely(bounce_all))
		return 0;
	return last < UINT32_MAX ? (u32)last + 1 : UINT32_MAX;
}

bool bounce_needed(const struct bio_vec *vec, u32 nr, phys_addr_t dma_mask)
{
	u32 end = reach_end(dma_mask), i;

	for (i = 0; i < nr; i++)
		if (page_to_pfn(vec[i].bv_page) >= end)
			return true;
	return false;
}

/* --- copies --- */

/* Most pieces are whole pages: without the call, and the odd bytes. */
static __always_inline void copy(void *to, const void *from, u32 bytes)
{
	u32 words = bytes / 4;

	if (unlikely(bytes % 4))
		memcpy(to, from, bytes);
	else
		__asm__ volatile("rep movsl"
				 : "+&D"(to), "+&S"(from), "+&c"(words)
				 :
				 : "memory");
}

/* A write: all pieces. */
static void copy_out(const struct bounce *bounce)
{
	struct page *const *next = bounce->page;
	const struct bio_vec *v;

	for (v = bounce->from; next < bounce->page + bounce->pages; v++) {
		char *data;

		if (bounce->vec[v - bounce->from].bv_page != *next)
			continue;
		data = kmap_atomic(v->bv_page);
		copy((char *)lowmem_page_address(*next) + v->bv_offset,
		     data + v->bv_offset, v->bv_len);
		kunmap_atomic(data);
		next++;
	}
}

/* A read: the bytes are those of all pieces, in their order. */
static void copy_back(const struct bounce *bounce, u32 bytes)
{
	struct page *const *next = bounce->page;
	const struct bio_vec *v;

	for (v = bounce->from; bytes && next < bounce->page + bounce->pages;
	     v++) {
		u32 n = min(bytes, v->bv_len);
		char *data;

		bytes -= n;
		if (bounce->vec[v - bounce->from].bv_page != *next)
			continue;
		data = kmap_atomic(v->bv_page);
		copy(data + v->bv_offset,
		     (char *)lowmem_page_address(*next) + v->bv_offset, n);
		kunmap_atomic(data);
		next++;
	}
}

/* --- books --- */

/* Has it something of what is kept? */
static bool is_backed(const struct bounce *bounce)
{
	return bounce->kept || bounce->kept_struct;
}

static void move(s32 n)
{
	u32 flags = spin_lock_irqsave(&bounce_lock);

	bounce_moving += (u32)n;
	spin_unlock_irqrestore(&bounce_lock, flags);
}

/* It has all it needs. */
static void note_begin(struct bounce *bounce)
{
	struct bounce_pool *pool = bounce->pool;
	u32 flags = spin_lock_irqsave(&bounce_lock);

	list_add_tail(&bounce->list, &bounces_out);
	pool->used += bounce->pages;
	pool->bounced[bounce->write] += bounce->pages;
	bounce_moving -= is_backed(bounce);
	spin_unlock_irqrestore(&bounce_lock, flags);
}

/* What it has is about to go back. */
static void note_end(struct bounce *bounce)
{
	struct bounce_pool *pool = bounce->pool;
	u32 flags = spin_lock_irqsave(&bounce_lock);

	list_del(&bounce->list);
	pool->used -= bounce->pages;
	bounce_moving += is_backed(bounce);
	spin_unlock_irqrestore(&bounce_lock, flags);
}

u32 nr_bounce_pages(void)
{
	return bounce_pools[BOUNCE_LOWMEM].used + bounce_pools[BOUNCE_ISA].used;
}

u32 nr_bounced(bool write)
{
	return bounce_pools[BOUNCE_LOWMEM].bounced[write] +
	       bounce_pools[BOUNCE_ISA].bounced[write];
}

/* --- a transfer --- */

static bool fails(void)
{
	return unlikely(fail_bounce.active) && fail_now(&fail_bounce);
}

static struct bounce *take_struct(void)
{
	struct bounce *bounce = NULL;

	if (!fails())
		bounce = kmem_cache_alloc(bounce_cache, GFP_GENTLE);
	if (likely(bounce)) {
		bounce->kept_struct = false;
	} else {
		move(1);
		bounce = mempool_alloc(bounce_structs, GFP_NOIO);
		bounce->kept_struct = true;
	}
	bounce->kept = 0;
	return bounce;
}

/* The pieces for the device; NULL is where a page is to come: how many. */
static u32 find_out_of_reach(struct bounce *bounce, u32 end)
{
	const struct bio_vec *from = bounce->from, *stop = from + bounce->nr;
	struct bio_vec *to = bounce->vec;
	u32 n = 0;

	for (; from < stop; from++, to++) {
		*to = *from;
		BUG_ON(from->bv_offset >= PAGE_SIZE ||
		       from->bv_len - 1 >= PAGE_SIZE - from->bv_offset,
		       "a piece to bounce leaves its page, or is none");
		if (page_to_pfn(from->bv_page) >= end) {
			to->bv_page = NULL;
			n++;
		}
	}
	return n;
}

/* From the allocator: how many there were. */
static u32 take_free(struct bounce *bounce)
{
	gfp_t gfp = bounce->pool->zone | GFP_GENTLE;

	if (fails())
		return 0;
	if (bounce->pages == 1) {
		bounce->page[0] = alloc_page(gfp);
		return bounce->page[0] != NULL;
	}
	return alloc_pages_bulk(gfp, node_zonelist(numa_node_id(), gfp),
				bounce->pages, bounce->page);
}

/* Those that are missing, of what is kept. */
static void take_kept(struct bounce *bounce, u32 missing)
{
	struct bounce_pool *pool = bounce->pool;
	u32 at = bounce->pages - missing;

	BUG_ON(!pool->pages, "a page is bounced, and there is no pool");
	if (!bounce->kept_struct)
		move(1);
	mutex_lock(&pool->gather);
	for (; at < bounce->pages; at++)
		bounce->page[at] = mempool_alloc(pool->pages, GFP_NOIO);
	mutex_unlock(&pool->gather);
	bounce->kept = missing;
}

static void place_pages(struct bounce *bounce)
{
	struct page **next = bounce->page;
	struct bio_vec *v;

	for (v = bounce->vec; next < bounce->page + bounce->pages; v++)
		if (!v->bv_page)
			v->bv_page = *next++;
}

struct bounce *bounce_begin(const struct bio_vec *vec, u32 nr,
			    phys_addr_t dma_mask, bool write)
{
	struct bounce_pool *pool = bounce_pool_of(dma_mask);
	struct bounce *bounce;
	u32 got;

	might_sleep();
	BUG_ON(!nr || nr > pool->limit,
	       "a transfer to bounce has no piece, or more than its pool");
	bounce = take_struct();
	bounce->pool = pool;
	bounce->from = vec;
	bounce->nr = nr;
	bounce->write = write;
	bounce->pages = find_out_of_reach(bounce, reach_end(dma_mask));
	if (bounce->pages) {
		got = take_free(bounce);
		if (unlikely(got < bounce->pages))
			take_kept(bounce, bounce->pages - got);
		place_pages(bounce);
	}
	note_begin(bounce);
	if (write)
		copy_out(bounce);
	return bounce;
}

const struct bio_vec *bounce_vec(const struct bounce *bounce)
{
	return bounce->vec;
}

u32 bounce_count(const struct bounce *bounce)
{
	return bounce->pages;
}

static void give_back(struct bounce *bounce)
{
	u32 at = bounce->pages - bounce->kept;

	if (at == 1)
		__free_page(bounce->page[0]);
	else if (at)
		free_pages_bulk(at, bounce->page);
	for (; at < bounce->pages; at++)
		mempool_free(bounce->page[at], bounce->pool->pages);
	if (likely(!bounce->kept_struct))
		kmem_cache_free(bounce_cache, bounce);
	else
		mempool_free(bounce, bounce_structs);
}

void bounce_end(struct bounce *bounce, u32 bytes)
{
	bool backed = is_backed(bounce);

	if (!bounce->write)
		copy_back(bounce, bytes);
	note_end(bounce);
	give_back(bounce);
	if (unlikely(backed))
		move(-1);
}

/* --- pools --- */

/* Pools only keep: who comes to them has asked the allocator already. */
static void *alloc_pool_page(gfp_t gfp, void *pool_data)
{
	const struct bounce_pool *pool = pool_data;

	if (pool->pages || fails())
		return NULL;
	return alloc_page(gfp | pool->zone | __GFP_NOWARN);
}

static void free_pool_page(void *page, void *pool_data)
{
	__free_page(page);
}

static void *alloc_struct(gfp_t gfp, void *cache)
{
	if (bounce_structs || fails())
		return NULL;
	return kmem_cache_alloc(cache, gfp);
}

void bounce_fill(struct bounce_pool *pool)
{
	u32 wanted = pool->limit;

	while (pool->limit) {
		pool->pages = mempool_create(pool->limit, alloc_pool_page,
					     free_pool_page, pool);
		if (pool->pages)
			break;
		pool->limit /= 2;
	}
	if (pool->limit < wanted)
		pr_warn("bounce: the %s pool has %u pages, %u were wanted\n",
			pool->name, pool->limit, wanted);
}

/* Is any page out of the reach of any device? */
static bool ram_above_isa(void)
{
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i)
		if (populated_zone(zone) && zone->type != ZONE_DMA)
			return true;
	return false;
}

void bounce_init(void)
{
	unsigned int i;

	bounce_cache = kmem_cache_create("bounce", sizeof(struct bounce), 0,
					 SLAB_PANIC, NULL);
	bounce_structs = mempool_create(BOUNCE_STRUCTS, alloc_struct,
					mempool_free_slab, bounce_cache);
	if (!bounce_structs)
		panic("bounce: no memory for %u transfers", BOUNCE_STRUCTS);
	bounce_all = debug_enabled(DEBUG_BOUNCE);
	if (!bounce_all && !ram_above_isa())
		return;
	for (i = 0; i < NR_BOUNCE_POOLS; i++)
		bounce_fill(&bounce_pools[i]);
	if (bounce_all)
		pr_info("bounce: every page is bounced\n");
}
