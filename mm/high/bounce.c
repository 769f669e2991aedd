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
 * 5. Ready ones. Most transfers have one page. BOUNCE_READY of each pool are
 *    kept whole, the struct with its page, and are used first: one lock takes
 *    one from its rest to the list, another one back. They come on top of what
 *    (4) needs, which is true without them. If all are out, the next transfer
 *    goes the long way. While fail=bounce is on they are left alone.
 *
 * 6. Invariants, under bounce_lock (bounce_check.c recomputes them):
 *
 *	pool->used == sum of bounce->pages of its transfers on bounces_out
 *	pool->pages->out >= sum of their bounce->kept; equal while nobody is
 *			between a pool and the list (bounce_moving is 0)
 *	pool->nr_ready == those at rest and those on the list with is_ready
 *	bounce->vec[i].bv_page differs from from[i].bv_page: it is the next one
 *			of bounce->page[]
 *
 * Locks: pool->gather; bounce_lock with interrupts off, around a link and some
 * counters, never around a copy.
 *
 * Cost: see docs/bench.md: some 200 instructions a page and a rep movs. While
 * there is memory, no mutex and no pool is touched.
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

/* guessed: transfers of one page that are in flight at once most of the time; a
 * device works at one of them, and another is made meanwhile. */
#define BOUNCE_READY 8U

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

static u32 frames_within_far(phys_addr_t dma_mask)
{
	u64 last = (dma_mask - (PAGE_SIZE - 1)) >> PAGE_SHIFT;

	return last < UINT32_MAX ? (u32)last + 1 : UINT32_MAX;
}

/* Frames that the device reaches to their end. */
static __always_inline u32 frames_within(phys_addr_t dma_mask)
{
	u32 mask = (u32)dma_mask;

	if (unlikely(dma_mask >> 32))
		return frames_within_far(dma_mask);
	BUG_ON(mask < BOUNCE_ISA_MASK,
	       "a device that does not reach 16 MB: no zone is low enough");
	return ((mask - (PAGE_SIZE - 1)) >> PAGE_SHIFT) + 1;
}

static __always_inline struct bounce_pool *pool_of(u32 frames)
{
	bool all_lowmem = frames >= max_low_pfn;

	return &bounce_pools[all_lowmem ? BOUNCE_LOWMEM : BOUNCE_ISA];
}

struct bounce_pool *bounce_pool_of(phys_addr_t dma_mask)
{
	return pool_of(frames_within(dma_mask));
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

/* frames, or none with debug=bounce. */
static __always_inline u32 reach_end(u32 frames)
{
	return unlikely(bounce_all) ? 0 : frames;
}

static __always_inline bool out_of_reach(const struct page *page, u32 end)
{
	return page_to_pfn(page) >= end;
}

bool bounce_needed(const struct bio_vec *vec, u32 nr, phys_addr_t dma_mask)
{
	u32 end = reach_end(frames_within(dma_mask)), i;

	for (i = 0; i < nr; i++)
		if (out_of_reach(vec[i].bv_page, end))
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

/* The first n bytes of a piece, and the page that stands in for its own. */
static __always_inline void copy_piece(const struct bio_vec *v,
				       const struct page *low, u32 n, bool back)
{
	char *there = (char *)lowmem_page_address(low) + v->bv_offset;
	char *data = (char *)kmap_atomic(v->bv_page) + v->bv_offset;

	if (back)
		copy(data, there, n);
	else
		copy(there, data, n);
	kunmap_atomic(data);
}

/* The first bytes of all pieces, in their order, as far as they are bounced. */
static __always_inline void copy_bytes(const struct bounce *bounce, u32 bytes,
				       bool back)
{
	const struct bio_vec *v = bounce->from, *to = bounce->vec;
	const struct bio_vec *last = v + bounce->nr - 1;

	for (; bytes; v++, to++) {
		u32 n = min(bytes, v->bv_len);

		bytes -= n;
		if (likely(to->bv_page != v->bv_page))
			copy_piece(v, to->bv_page, n, back);
		if (v == last)
			break;
	}
}

static void copy_out(const struct bounce *bounce)
{
	copy_bytes(bounce, BOUNCE_PAGES * PAGE_SIZE, false);
}

static void copy_back(const struct bounce *bounce, u32 bytes)
{
	copy_bytes(bounce, bytes, true);
}

/* --- books --- */

/* Has it something of what is kept? */
static __always_inline bool is_backed(const struct bounce *bounce)
{
	return bounce->kept | bounce->kept_struct;
}

static void move(s32 n)
{
	u32 flags = spin_lock_irqsave(&bounce_lock);

	bounce_moving += (u32)n;
	spin_unlock_irqrestore(&bounce_lock, flags);
}

/* It has all it needs. Interrupts are on. */
static __always_inline void note_begin(struct bounce *bounce)
{
	struct bounce_pool *pool = bounce->pool;
	u32 pages = bounce->pages;

	spin_lock_irq(&bounce_lock);
	list_add_tail(&bounce->list, &bounces_out);
	pool->used += pages;
	pool->bounced[bounce->write] += pages;
	if (unlikely(is_backed(bounce)))
		bounce_moving--;
	spin_unlock_irq(&bounce_lock);
}

/* What it has is about to go back. */
static __always_inline void note_end(struct bounce *bounce, bool backed)
{
	struct bounce_pool *pool = bounce->pool;
	u32 flags = spin_lock_irqsave(&bounce_lock);

	list_del(&bounce->list);
	pool->used -= bounce->pages;
	if (unlikely(backed))
		bounce_moving++;
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

static __always_inline bool fails(void)
{
	return unlikely(fail_bounce.active) && fail_now(&fail_bounce);
}

static struct bounce *take_kept_struct(void)
{
	struct bounce *bounce;

	move(1);
	bounce = mempool_alloc(bounce_structs, GFP_NOIO);
	bounce->kept_struct = true;
	return bounce;
}

static __always_inline struct bounce *take_struct(void)
{
	struct bounce *bounce = NULL;

	if (!fails())
		bounce = kmem_cache_alloc(bounce_cache, GFP_GENTLE);
	if (likely(bounce))
		bounce->kept_struct = false;
	else
		bounce = take_kept_struct();
	bounce->kept = 0;
	bounce->is_ready = false;
	return bounce;
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

static __always_inline void check_piece(const struct bio_vec *v)
{
	u32 last = v->bv_offset + v->bv_len - 1;

	BUG_ON(unlikely(last >= PAGE_SIZE) || unlikely(last < v->bv_offset),
	       "a piece to bounce leaves its page, or is none");
}

/* The pieces for the device; NULL is where a page is to come: how many. */
static u32 find_out_of_reach(struct bounce *bounce, u32 end)
{
	const struct bio_vec *from = bounce->from, *stop = from + bounce->nr;
	struct bio_vec *to = bounce->vec;
	u32 n = 0;

	for (; from < stop; from++, to++) {
		check_piece(from);
		*to = *from;
		if (out_of_reach(from->bv_page, end)) {
			to->bv_page = NULL;
			n++;
		}
	}
	return n;
}

static void place_pages(struct bounce *bounce)
{
	struct page **next = bounce->page;
	struct bio_vec *v;

	for (v = bounce->vec; next < bounce->page + bounce->pages; v++)
		if (!v->bv_page)
			v->bv_page = *next++;
}

static void replace_all(struct bounce *bounce, u32 end)
{
	gfp_t gfp = bounce->pool->zone | GFP_GENTLE;
	u32 got = 0;

	bounce->pages = find_out_of_reach(bounce, end);
	if (!bounce->pages)
		return;
	if (!fails())
		got = alloc_pages_bulk(gfp, node_zonelist(numa_node_id(), gfp),
				       bounce->pages, bounce->page);
	if (unlikely(got < bounce->pages))
		take_kept(bounce, bounce->pages - got);
	place_pages(bounce);
}

/* One piece that is out of reach. NULL: nobody is ready. Interrupts are on. */
static __always_inline struct bounce *begin_ready(struct bounce_pool *pool,
				  const struct bio_vec *from, bool write)
{
	struct bounce *bounce;

	spin_lock_irq(&bounce_lock);
	bounce = pool->ready;
	if (likely(bounce)) {
		pool->ready = bounce->next_ready;
		list_add_tail(&bounce->list, &bounces_out);
		pool->used++;
		pool->bounced[write]++;
		bounce->from = from;
		bounce->write = write;
		bounce->vec[0].bv_len = from->bv_len;
		bounce->vec[0].bv_offset = from->bv_offset;
	}
	spin_unlock_irq(&bounce_lock);
	return bounce;
}

struct bounce *fastcall bounce_begin(const struct bio_vec *vec, u32 nr,
				     phys_addr_t dma_mask, bool write)
{
	u32 frames = frames_within(dma_mask), end = reach_end(frames);
	struct bounce_pool *pool = pool_of(frames);
	struct bounce *bounce;

	might_sleep();
	if (nr == 1 && likely(!fail_bounce.active) &&
	    likely(out_of_reach(vec->bv_page, end))) {
		check_piece(vec);
		bounce = begin_ready(pool, vec, write);
		if (likely(bounce)) {
			if (write)
				copy_piece(vec, bounce->page[0], vec->bv_len,
					   false);
			return bounce;
		}
	}
	BUG_ON(nr - 1 >= pool->limit,
	       "a transfer to bounce has no piece, or more than its pool");
	bounce = take_struct();
	bounce->pool = pool;
	bounce->from = vec;
	bounce->nr = nr;
	bounce->write = write;
	replace_all(bounce, end);
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

/* Something of it is kept. */
static void give_back_kept(struct bounce *bounce)
{
	u32 at = bounce->pages - bounce->kept;

	free_pages_bulk(at, bounce->page);
	for (; at < bounce->pages; at++)
		mempool_free(bounce->page[at], bounce->pool->pages);
	if (bounce->kept_struct)
		mempool_free(bounce, bounce_structs);
	else
		kmem_cache_free(bounce_cache, bounce);
	move(-1);
}

static __always_inline void give_back(struct bounce *bounce)
{
	free_pages_bulk(bounce->pages, bounce->page);
	kmem_cache_free(bounce_cache, bounce);
}

static __always_inline void end_ready(struct bounce *bounce, u32 bytes)
{
	struct bounce_pool *pool = bounce->pool;
	u32 flags;

	if (!bounce->write)
		copy_piece(bounce->from, bounce->page[0],
			   min(bytes, bounce->from->bv_len), true);
	flags = spin_lock_irqsave(&bounce_lock);
	list_del(&bounce->list);
	pool->used--;
	bounce->next_ready = pool->ready;
	pool->ready = bounce;
	spin_unlock_irqrestore(&bounce_lock, flags);
}

void fastcall bounce_end(struct bounce *bounce, u32 bytes)
{
	bool backed = is_backed(bounce);

	if (bounce->is_ready) {
		end_ready(bounce, bytes);
		return;
	}
	if (!bounce->write)
		copy_back(bounce, bytes);
	note_end(bounce, backed);
	if (unlikely(backed))
		give_back_kept(bounce);
	else
		give_back(bounce);
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

static bool make_ready(struct bounce_pool *pool)
{
	struct bounce *bounce = kmem_cache_alloc(bounce_cache, GFP_KERNEL);
	struct page *page;

	if (!bounce)
		return false;
	page = alloc_page(GFP_KERNEL | pool->zone | __GFP_NOWARN);
	if (!page) {
		kmem_cache_free(bounce_cache, bounce);
		return false;
	}
	*bounce = (struct bounce){
		.pool = pool, .nr = 1, .pages = 1, .is_ready = true,
		.next_ready = pool->ready,
		.vec[0].bv_page = page, .page[0] = page,
	};
	pool->ready = bounce;
	pool->nr_ready++;
	return true;
}

static void make_all_ready(struct bounce_pool *pool)
{
	u32 wanted = min(pool->limit, BOUNCE_READY);

	while (pool->nr_ready < wanted && make_ready(pool))
		;
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
	for (i = 0; i < NR_BOUNCE_POOLS; i++) {
		bounce_fill(&bounce_pools[i]);
		make_all_ready(&bounce_pools[i]);
	}
	if (bounce_all)
		pr_info("bounce: every page is bounced\n");
}
