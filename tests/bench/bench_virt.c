/*
 * vmalloc. pair: an area of pages out and back, again and again; each gets new
 * addresses until a flush of the TLB makes the old ones free. What is mapped is
 * not touched: Linux's figures were taken so, too.
 */
#include <mm/virt/vmalloc.h>
#include "bench.h"

#define VIRT_PAIR(id, size_)						\
static void pair_##id(struct bench *b)					\
{									\
	u32 n = b->ops;							\
									\
	bench_start(b);							\
	do								\
		vfree(vmalloc(size_));					\
	while (--n);							\
	bench_stop(b);							\
}

VIRT_PAIR(16k, 16U << 10)
VIRT_PAIR(1m, 1U << 20)

/* The next case finds the addresses as they were. */
static void purge(void)
{
	vm_unmap_aliases();
}

#define VIRT_CASE(id, ops_, blocks_)					\
	{ .name = "virt.vmalloc_" #id ".pair", .ops = (ops_),		\
	  .batches = BENCH_BATCHES, .batch = pair_##id, .end = purge,	\
	  .need = { .gfp = GFP_KERNEL, .high = true, .slabs = true,	\
		    .blocks = (blocks_) } },

static const struct bench_case cases[] = {
	VIRT_CASE(16k, BENCH_OPS, 16)
	VIRT_CASE(1m, 200, 1024)
};

BENCH_TABLE(bench_virt, cases);
