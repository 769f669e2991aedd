/*
 * The page allocator. Names, numbers and the generator of the mix are those of
 * the Linux 6.1 figures that docs/bench.md compares with.
 *
 * 1. pair: one block out and back, again and again: what is hot stays hot.
 * 2. batchN: N blocks out, then all back in the same order (lifo: in the
 *    opposite one), each half a case. evenodd: back come first all of even
 *    number, so that nothing merges, then the others, so that all does.
 * 3. mix: MIX_SLOTS slots; each step draws one and, with the next number, an
 *    order; a full slot is freed, an empty one gets a block. The state goes on
 *    from batch to batch. loop_only is the same without the allocator.
 */
#include <kernel/lib/string.h>
#include "bench.h"

#define NEED(gfp_, order_, blocks_)					\
	{ .gfp = (gfp_), .order = (order_), .blocks = (blocks_) }

/* --- pairs --- */

/* id, name, gfp, order. They are constants to the compiler, as in a caller. */
#define EACH_PAIR(X)							\
	X(order0, "order0", GFP_KERNEL, 0)				\
	X(order1, "order1", GFP_KERNEL, 1)				\
	X(order2, "order2", GFP_KERNEL, 2)				\
	X(order3, "order3", GFP_KERNEL, 3)				\
	X(order4, "order4", GFP_KERNEL, 4)				\
	X(order5, "order5", GFP_KERNEL, 5)				\
	X(order8, "order8", GFP_KERNEL, 8)				\
	X(order10, "order10", GFP_KERNEL, 10)				\
	X(atomic, "order0.atomic", GFP_ATOMIC, 0)			\
	X(zeroed, "order0.zeroed", GFP_KERNEL | __GFP_ZERO, 0)		\
	X(dma, "order0.dma", GFP_KERNEL | __GFP_DMA, 0)			\
	X(dma3, "order3.dma", GFP_KERNEL | __GFP_DMA, 3)		\
	X(highuser, "order0.highuser", GFP_HIGHUSER, 0)

#define PAIR(id, name_, gfp_, order_)					\
static void pair_##id(struct bench *b)					\
{									\
	u32 n = b->ops;							\
									\
	bench_start(b);							\
	do {								\
		struct page *page = alloc_pages(gfp_, order_);		\
									\
		__free_pages(page, order_);				\
	} while (--n);							\
	bench_stop(b);							\
}

EACH_PAIR(PAIR)

#define PAIR_CASE(id, name_, gfp_, order_)				\
	{ .name = "page." name_ ".pair", .ops = BENCH_OPS,		\
	  .batches = BENCH_BATCHES, .batch = pair_##id,			\
	  /* two: the CPU's list takes a batch, which may split one */	\
	  .need = NEED(gfp_, order_, 2) },

/* --- many out, many back --- */

enum way_back { FIFO, LIFO, EVEN_ODD };

/* id, name, gfp, order, how many, the way back */
#define EACH_BATCH(X)							\
	X(fifo, "order0.batch1000", GFP_KERNEL, 0, 1000, FIFO)		\
	X(lifo, "order0.batch1000.lifo", GFP_KERNEL, 0, 1000, LIFO)	\
	X(high, "order0.high.batch1000", GFP_HIGHUSER, 0, 1000, FIFO)	\
	X(order3s, "order3.batch500", GFP_KERNEL, 3, 500, FIFO)		\
	X(order10s, "order10.batch32", GFP_KERNEL, 10, 32, FIFO)	\
	X(evenodd, "order0.evenodd4096", GFP_KERNEL, 0, 4096, EVEN_ODD)

static __always_inline void take(gfp_t gfp, unsigned int order, u32 n)
{
	void **slot = bench_slots, **end = slot + n;

	for (; slot < end; slot++)
		*slot = alloc_pages(gfp, order);
}

/* step 2: every other one. */
static __always_inline void give(void **from, void **end, int step,
				 unsigned int order)
{
	for (; step > 0 ? from < end : from >= end; from += step)
		__free_pages(*from, order);
}

static __always_inline void give_all(unsigned int order, u32 n,
				     enum way_back way)
{
	void **first = bench_slots, **end = first + n;

	if (way == LIFO)
		give(end - 1, first, -1, order);
	else
		give(first, end, way == EVEN_ODD ? 2 : 1, order);
	if (way == EVEN_ODD)
		give(first + 1, end, 2, order);
}

#define BATCH(id, name_, gfp_, order_, n_, way_)			\
static void alloc_##id(struct bench *b)					\
{									\
	bench_start(b);							\
	take(gfp_, order_, b->ops);					\
	bench_stop(b);							\
	give_all(order_, b->ops, way_);					\
}									\
static void free_##id(struct bench *b)					\
{									\
	take(gfp_, order_, b->ops);					\
	bench_start(b);							\
	give_all(order_, b->ops, way_);					\
	bench_stop(b);							\
}

EACH_BATCH(BATCH)

#define BATCH_CASE(id, name_, gfp_, order_, n_, way_)			\
	{ .name = "page." name_ ".alloc", .ops = (n_),			\
	  .batches = BENCH_BATCHES, .batch = alloc_##id,		\
	  .need = NEED(gfp_, order_, n_) },				\
	{ .name = "page." name_ ".free", .ops = (n_),			\
	  .batches = BENCH_BATCHES, .batch = free_##id,			\
	  .need = NEED(gfp_, order_, n_) },

/* --- the mix --- */

#define MIX_SLOTS 256
#define MIX_STEPS 40000
#define MIX_BATCHES 5
#define MIX_ORDERS 6
#define MIX_SEED 12345
#define MIX_MARK ((void *)1)	/* "full" where nothing is allocated */

static struct {
	u32 x;
	u8 order[MIX_SLOTS];
} mix;

static __always_inline u32 mix_next(u32 x)
{
	return x * 1664525 + 1013904223;
}

static __always_inline void mix_run(struct bench *b, bool real)
{
	void **slots = bench_slots;
	u32 x = mix.x, n = b->ops;

	bench_start(b);
	do {
		u32 slot = (x = mix_next(x)) >> 10 & (MIX_SLOTS - 1);
		u32 order = ((x = mix_next(x)) >> 8 & 0xffff) % MIX_ORDERS;

		if (slots[slot]) {
			if (real)
				__free_pages(slots[slot], mix.order[slot]);
			slots[slot] = NULL;
		} else {
			mix.order[slot] = (u8)order;
			slots[slot] = real ? alloc_pages(GFP_KERNEL, order) :
					     MIX_MARK;
		}
	} while (--n);
	bench_stop(b);
	mix.x = x;
}

static void mix_loop(struct bench *b)
{
	mix_run(b, false);
}

static void mix_blocks(struct bench *b)
{
	mix_run(b, true);
}

static void mix_begin(void)
{
	mix.x = MIX_SEED;
	memset(bench_slots, 0, MIX_SLOTS * sizeof(*bench_slots));
}

static void mix_end(void)
{
	u32 i;

	for (i = 0; i < MIX_SLOTS; i++)
		if (bench_slots[i])
			__free_pages(bench_slots[i], mix.order[i]);
}

static const struct bench_case cases[] = {
	EACH_PAIR(PAIR_CASE)
	EACH_BATCH(BATCH_CASE)
	{ .name = "page.mix.loop_only", .ops = MIX_STEPS,
	  .batches = MIX_BATCHES, .batch = mix_loop, .begin = mix_begin },
	{ .name = "page.mix_order0to5", .ops = MIX_STEPS,
	  .batches = MIX_BATCHES, .batch = mix_blocks, .begin = mix_begin,
	  .end = mix_end,
	  .need = NEED(GFP_KERNEL, MIX_ORDERS - 1, MIX_SLOTS) },
};

BENCH_TABLE(bench_page, cases);
