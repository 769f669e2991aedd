/*
 * Bounce buffers: bounce_begin() and bounce_end() of a transfer of whole pages,
 * one op a page. In 1030 of it the page is copied (calib.rep_movsl_1024). The
 * device reaches 16 MB, the caller's pages are of lowmem above, or of high
 * memory.
 */
#include <mm/high/bounce.h>
#include "bench.h"

#define MOST BOUNCE_ISA_PAGES

static struct bio_vec vec[MOST];
static u32 nr;

/* What the machine of the figures always has. */
static void take(gfp_t gfp, u32 n)
{
	for (nr = 0; nr < n; nr++)
		vec[nr] = (struct bio_vec){ .bv_page = alloc_page(gfp),
					    .bv_len = PAGE_SIZE };
}

static void take_one(void)
{
	take(GFP_KERNEL, 1);
}

static void take_one_high(void)
{
	take(GFP_HIGHUSER, 1);
}

static void take_all(void)
{
	take(GFP_KERNEL, MOST);
}

static void give_back(void)
{
	while (nr)
		__free_page(vec[--nr].bv_page);
}

static __always_inline void transfers(struct bench *b, bool write)
{
	u32 n = b->ops / nr;

	local_irq_enable();
	bench_start(b);
	do {
		bounce_end(bounce_begin(vec, nr, BOUNCE_ISA_MASK, write),
			   nr * PAGE_SIZE);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void reads(struct bench *b)
{
	transfers(b, false);
}

static void writes(struct bench *b)
{
	transfers(b, true);
}

#define CASE(name_, batch_, begin_)					\
	{ .name = "bounce." name_ ".per_page", .ops = 640,		\
	  .batches = BENCH_BATCHES, .batch = (batch_),			\
	  .begin = (begin_), .end = give_back,				\
	  .need = { .gfp = GFP_KERNEL, .blocks = 2 * MOST } }

static const struct bench_case cases[] = {
	CASE("read", reads, take_one),
	CASE("write", writes, take_one),
	CASE("read.high", reads, take_one_high),
	CASE("write.high", writes, take_one_high),
	CASE("read16", reads, take_all),
	CASE("write16", writes, take_all),
};

BENCH_TABLE(bench_bounce, cases);
