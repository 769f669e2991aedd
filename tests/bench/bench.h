/*
 * Benchmarks inside the kernel: what one operation costs, in ticks of the
 * time-stamp counter. Under `qemu -icount shift=0` a tick is exactly one guest
 * instruction; anywhere else it is a cycle. docs/bench.md tells how to read it.
 *
 * 1. A case runs in batches of `ops` operations. The first one (the first two,
 *    where need.slabs is set) warms up and does not count. min and mean are
 *    those of (ticks of a batch) / ops over the others. What the loop itself
 *    takes (2 or 3) is not subtracted.
 * 2. Only what stands between bench_start() and bench_stop() counts, so that a
 *    case may prepare and clean up; it may do so several times in a batch.
 * 3. Interrupts are off in a batch: no tick comes between. A case that is about
 *    them turns them on itself.
 * 4. Before each case the caches of objects are shrunk and the CPU's lists
 *    drained, so that a case costs the same by itself and behind others. One
 *    that needs memory finds the largest blocks of its zone alone: all others
 *    are taken away meanwhile. What the boot left of them would be in the
 *    figure: single pages are gathered one by one, a large block is split.
 * 5. A figure of the boot was taken once: `read` returns it.
 *
 * A file has one table of its cases; bench.c lists the tables.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <kernel/cpu/processor.h>
#include <kernel/cpu/tlb.h>
#include <mm/page/page_alloc.h>

#define BENCH_OPS 2000
#define BENCH_BATCHES 20

/* A batch that runs: the framework's, but for reading ops. */
struct bench {
	u32 ops;
	u64 ticks;
	u32 flushes;
};

/* Without what a case cannot run: blocks, to be cut from free ones of the
 * largest order (0: none are needed), a disk, a program in a module. */
struct bench_need {
	gfp_t gfp;
	bool high;	/* takes high memory, where there is some */
	bool slabs;	/* its first batch takes slabs, and keeps them */
	unsigned int order;
	u32 blocks;
	const char *disk;
	const char *program;
	bool swap;	/* an area with room, and little RAM */
};

struct bench_case {
	const char *name;
	u32 ops, batches;
	void (*batch)(struct bench *b);
	struct bench_need need;
	void (*begin)(void);	/* around all batches; may be NULL */
	void (*end)(void);
	u64 (*read)(void);	/* instead of batch: hundredths; 0: none */
};

struct bench_table {
	const struct bench_case *cases;
	u32 count;
};

#define BENCH_TABLE(name, array)					\
	const struct bench_table name = {				\
		.cases = (array), .count = ARRAY_SIZE(array),		\
	}

extern const struct bench_table bench_block, bench_boot, bench_bounce,
	bench_cache, bench_calib, bench_disk, bench_high, bench_irq,
	bench_object, bench_page, bench_reclaim, bench_sched, bench_space,
	bench_swap, bench_user, bench_virt;

/* Room of the cases: whatever the last one left. */
#define BENCH_SLOTS 32768
extern void **bench_slots;

/* n / by, rounded to the nearest. by > 0. */
u64 bench_div(u64 n, u32 by);

static inline u32 bench_flushes(void)
{
	struct tlb_counts tlb = tlb_counts();

	return tlb.one + tlb.local + tlb.all;
}

/* Both inline, the counter read last and first: they count as nothing. */
static __always_inline void bench_start(struct bench *b)
{
	b->flushes -= bench_flushes();
	b->ticks -= rdtsc();
}

static __always_inline void bench_stop(struct bench *b)
{
	b->ticks += rdtsc();
	b->flushes += bench_flushes();
}

#endif
