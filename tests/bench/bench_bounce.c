/*
 * Bounce buffers: bounce_begin() and bounce_end() of a transfer of whole pages,
 * one op a page. In 1030 of it the page is copied (calib.rep_movsl_1024).
 *
 *	read, write		pages of high memory, for a device that reaches
 *				all of lowmem; one page, and 8
 *	read16.isa, write16.isa	pages of lowmem above 16 MB for one that does
 *				not reach them: all that it can have at once.
 *				ZONE_DMA is small, and so are its CPU lists:
 *				pages come from and go to the buddy system, in
 *				one block
 */
#include <mm/high/bounce.h>
#include "bench.h"

#define MOST BOUNCE_ISA_PAGES

static struct bio_vec vec[MOST];
static u32 nr;

static phys_addr_t mask;

static void take(gfp_t gfp, u32 n, phys_addr_t reach)
{
	mask = reach;
	for (nr = 0; nr < n; nr++)
		vec[nr] = (struct bio_vec){ .bv_page = alloc_page(gfp),
					    .bv_len = PAGE_SIZE };
}

static void take_one(void)
{
	take(GFP_HIGHUSER, 1, PFN_PHYS(max_low_pfn) - 1);
}

static void take_8(void)
{
	take(GFP_HIGHUSER, 8, PFN_PHYS(max_low_pfn) - 1);
}

static void take_16_isa(void)
{
	take(GFP_KERNEL, MOST, BOUNCE_ISA_MASK);
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
		bounce_end(bounce_begin(vec, nr, mask, write),
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

#define CASE(name_, batch_, begin_, zone_)				\
	{ .name = "bounce." name_ ".per_page", .ops = 640,		\
	  .batches = BENCH_BATCHES, .batch = (batch_),			\
	  .begin = (begin_), .end = give_back,				\
	  .need = { .gfp = GFP_KERNEL | (zone_), .blocks = 2 * MOST } }

static const struct bench_case cases[] = {
	CASE("read", reads, take_one, 0),
	CASE("write", writes, take_one, 0),
	CASE("read8", reads, take_8, 0),
	CASE("write8", writes, take_8, 0),
	CASE("read16.isa", reads, take_16_isa, __GFP_DMA),
	CASE("write16.isa", writes, take_16_isa, __GFP_DMA),
};

BENCH_TABLE(bench_bounce, cases);
