/*
 * Caches of objects and kmalloc(). Names, numbers and the generator of the mix
 * are those of the Linux 6.1 figures that docs/bench.md compares with.
 *
 * 1. pair: one object out and back, again and again, from the CPU's stack.
 * 2. batch1000: that many out, then all back in the same order, each half a
 *    case. The warm-up leaves what a cache keeps of them.
 * 3. bulk20000: the same from a cache that was made for the batch, so that all
 *    its pages come from the page allocator in it. Those that go back at once
 *    go back in it; the others with the cache, which is not counted.
 * 4. kmalloc.mix: MIX_SLOTS slots; each step draws one and, with the next
 *    number, a size; a full slot is freed, an empty one gets an object. The
 *    state goes on from batch to batch. loop_only is the same without objects.
 * 5. slab.space: the pages that are gone, over the objects that they gave.
 */
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include "bench.h"

#define LITTLE 64		/* guessed: pages that a few objects may take */
#define NEED_PAGES(pages)						\
	{ .gfp = GFP_KERNEL, .slabs = true, .blocks = (pages) }

/* So many objects, with an eighth of waste. */
#define PAGES_OF(n, size) ((n) * (size) / 8 * 9 / PAGE_SIZE + LITTLE)

static struct kmem_cache *cache;

static void make_cache(size_t size)
{
	cache = kmem_cache_create("bench", size, 0, SLAB_PANIC, NULL);
}

static void end_cache(void)
{
	kmem_cache_destroy(cache);
}

static __always_inline void take(struct kmem_cache *from, u32 n)
{
	void **slot = bench_slots, **end = slot + n;

	for (; slot < end; slot++)
		*slot = kmem_cache_alloc(from, GFP_KERNEL);
}

static __always_inline void give(struct kmem_cache *to, u32 n)
{
	void **slot = bench_slots, **end = slot + n;

	for (; slot < end; slot++)
		kmem_cache_free(to, *slot);
}

/* --- caches --- */

static void cache_pair(struct bench *b)
{
	struct kmem_cache *c = cache;
	u32 n = b->ops;

	bench_start(b);
	do {
		kmem_cache_free(c, kmem_cache_alloc(c, GFP_KERNEL));
	} while (--n);
	bench_stop(b);
}

static void batch_alloc(struct bench *b)
{
	bench_start(b);
	take(cache, b->ops);
	bench_stop(b);
	give(cache, b->ops);
}

static void batch_free(struct bench *b)
{
	take(cache, b->ops);
	bench_start(b);
	give(cache, b->ops);
	bench_stop(b);
}

#define BATCH 1000
#define BULK 20000
_Static_assert(BULK <= BENCH_SLOTS, "no slots for all of them");

#define EACH_SIZE(X) X(32) X(256) X(1024)

#define CACHE(size)							\
static void make_##size(void)						\
{									\
	make_cache(size);						\
}									\
static void bulk_alloc_##size(struct bench *b)				\
{									\
	make_cache(size);						\
	batch_alloc(b);							\
	end_cache();							\
}									\
static void bulk_free_##size(struct bench *b)				\
{									\
	make_cache(size);						\
	batch_free(b);							\
	end_cache();							\
}

EACH_SIZE(CACHE)

#define WARM(name_, size, ops_, batch_, pages_)				\
	{ .name = "cache" #size "." name_, .ops = (ops_),		\
	  .batches = BENCH_BATCHES, .batch = (batch_),			\
	  .begin = make_##size, .end = end_cache,			\
	  .need = NEED_PAGES(pages_) },

#define FRESH(name_, size, batch_)					\
	{ .name = "cache" #size "." name_, .ops = BULK,			\
	  .batches = BENCH_BATCHES, .batch = batch_##size,		\
	  .need = NEED_PAGES(PAGES_OF(BULK, size)) },

#define CACHE_CASES(size)						\
	WARM("pair", size, BENCH_OPS, cache_pair, LITTLE)		\
	WARM("batch1000.alloc", size, BATCH, batch_alloc,		\
	     PAGES_OF(BATCH, size))					\
	WARM("batch1000.free", size, BATCH, batch_free,			\
	     PAGES_OF(BATCH, size))					\
	FRESH("bulk20000.alloc", size, bulk_alloc_)			\
	FRESH("bulk20000.free", size, bulk_free_)

/* --- kmalloc() --- */

/* id, size as the compiler sees it, size */
#define EACH_KMALLOC(X)							\
	X(8, unknown(8), "8")						\
	X(64, unknown(64), "64")					\
	X(100, unknown(100), "100")					\
	X(512, unknown(512), "512")					\
	X(4096, unknown(4096), "4096")					\
	X(8192, unknown(8192), "8192")					\
	X(const64, 64, "64.const")					\
	X(const512, 512, "512.const")

/* The compiler does not know what comes out. */
static __always_inline size_t unknown(size_t size)
{
	__asm__("" : "+r"(size));
	return size;
}

#define KMALLOC(id, size_, name_)					\
static void kmalloc_##id(struct bench *b)				\
{									\
	size_t size = size_;						\
	u32 n = b->ops;							\
									\
	bench_start(b);							\
	do {								\
		kfree(kmalloc(size, GFP_KERNEL));			\
	} while (--n);							\
	bench_stop(b);							\
}

EACH_KMALLOC(KMALLOC)

static void kmalloc_zeroed(struct bench *b)
{
	size_t size = unknown(64);
	u32 n = b->ops;

	bench_start(b);
	do {
		kfree(kzalloc(size, GFP_KERNEL));
	} while (--n);
	bench_stop(b);
}

#define KMALLOC_CASE(id, size_, name_)					\
	{ .name = "kmalloc" name_ ".pair", .ops = BENCH_OPS,		\
	  .batches = BENCH_BATCHES, .batch = kmalloc_##id,		\
	  .need = NEED_PAGES(LITTLE) },

/* --- the mix --- */

#define MIX_SLOTS 1024
#define MIX_STEPS 200000
#define MIX_BATCHES 5
#define MIX_SEED 12345
#define MIX_MARK ((void *)1)	/* "full" where nothing is allocated */

static u32 mix_x;

static __always_inline u32 mix_next(u32 x)
{
	return x * 1664525 + 1013904223;
}

static __always_inline void mix_run(struct bench *b, u32 mask, bool real)
{
	void **slots = bench_slots;
	u32 x = mix_x, n = b->ops;

	bench_start(b);
	do {
		u32 slot = (x = mix_next(x)) >> 10 & (MIX_SLOTS - 1);
		u32 size = 1 + ((x = mix_next(x)) >> 8 & mask);

		if (slots[slot]) {
			if (real)
				kfree(slots[slot]);
			slots[slot] = NULL;
		} else {
			slots[slot] = real ? kmalloc(size, GFP_KERNEL) :
					     MIX_MARK;
		}
	} while (--n);
	bench_stop(b);
	mix_x = x;
}

static void mix_loop(struct bench *b)
{
	mix_run(b, 511, false);
}

static void mix_512(struct bench *b)
{
	mix_run(b, 511, true);
}

static void mix_2048(struct bench *b)
{
	mix_run(b, 2047, true);
}

static void mix_8192(struct bench *b)
{
	mix_run(b, 8191, true);
}

static void mix_begin(void)
{
	mix_x = MIX_SEED;
	memset(bench_slots, 0, MIX_SLOTS * sizeof(*bench_slots));
}

static void mix_end(void)
{
	u32 i;

	for (i = 0; i < MIX_SLOTS; i++)
		kfree(bench_slots[i]);
}

#define MIX(name_, batch_, most)					\
	{ .name = "kmalloc." name_, .ops = MIX_STEPS,			\
	  .batches = MIX_BATCHES, .batch = (batch_),			\
	  .begin = mix_begin, .end = mix_end,				\
	  .need = NEED_PAGES(PAGES_OF(MIX_SLOTS, most)) },

/* --- room --- */

static u32 free_pages_now(void)
{
	u32 pages = 0, i;
	struct zone *zone;

	drain_all_pages();
	for_each_zone_of(&machine_nodes, zone, i)
		pages += zone->free_pages;
	return pages;
}

/* Hundredths of the bytes that an object of 32 takes. */
static u64 space_32(void)
{
	u32 pages;

	make_cache(32);
	pages = free_pages_now();
	take(cache, BULK);
	pages -= free_pages_now();
	give(cache, BULK);
	end_cache();
	return bench_div((u64)pages * PAGE_SIZE * 100, BULK);
}

static const struct bench_case cases[] = {
	EACH_SIZE(CACHE_CASES)
	EACH_KMALLOC(KMALLOC_CASE)
	KMALLOC_CASE(zeroed, 64, "64.zeroed")
	{ .name = "kmalloc.mix.loop_only", .ops = MIX_STEPS,
	  .batches = MIX_BATCHES, .batch = mix_loop, .begin = mix_begin },
	MIX("mix_1to512", mix_512, 512)
	MIX("mix_1to2048", mix_2048, 2048)
	MIX("mix_1to8192", mix_8192, 8192)
	{ .name = "slab.space.32.bytes_per_obj", .read = space_32,
	  .need = NEED_PAGES(PAGES_OF(BULK, 32)) },
};

BENCH_TABLE(bench_object, cases);
