/*
 * Windows on pages of high memory. Names and numbers are those of the Linux 6.1
 * figures that docs/bench.md compares with.
 *
 * 1. atomic.pair: one page, opened and closed by kmap_atomic().
 * 2. same.pair: kmap() of a page that somebody else has mapped, too.
 * 3. cycle2048.pair: each of 2048 pages in turn. There are fewer windows, so
 *    none finds its page mapped; the flushes at the wrap are in it.
 *
 * Only clear_highpage touches its page. kmap() may sleep: interrupts are on in
 * its cases.
 */
#include <mm/high/highmem.h>
#include "bench.h"

#define PAGES 2048U

#define page_of(i) ((struct page *)bench_slots[i])

static void get_pages(u32 n)
{
	while (n--)
		bench_slots[n] = alloc_page(GFP_HIGHUSER);
}

static void put_pages(u32 n)
{
	kmap_flush_unused();
	while (n--)
		__free_page(page_of(n));
}

static void get_one(void)
{
	get_pages(1);
}

static void put_one(void)
{
	put_pages(1);
}

static void get_mapped(void)
{
	get_pages(1);
	kmap(page_of(0));
}

static void put_mapped(void)
{
	kunmap(page_of(0));
	put_pages(1);
}

static void get_all(void)
{
	get_pages(PAGES);
}

static void put_all(void)
{
	put_pages(PAGES);
}

static void atomic_pair(struct bench *b)
{
	struct page *page = page_of(0);
	u32 n = b->ops;

	bench_start(b);
	do
		kunmap_atomic(kmap_atomic(page));
	while (--n);
	bench_stop(b);
}

static void mapped_pair(struct bench *b)
{
	struct page *page = page_of(0);
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do {
		kmap(page);
		kunmap(page);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void cycle(struct bench *b)
{
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do {
		struct page *page = page_of(n & (PAGES - 1));

		kmap(page);
		kunmap(page);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void clear(struct bench *b)
{
	struct page *page = page_of(0);
	u32 n = b->ops;

	bench_start(b);
	do
		clear_highpage(page);
	while (--n);
	bench_stop(b);
}

#define HIGH_CASE(name_, ops_, batch_, begin_, end_, blocks_)		\
	{ .name = "kmap." name_, .ops = (ops_),				\
	  .batches = BENCH_BATCHES, .batch = (batch_),			\
	  .begin = (begin_), .end = (end_),				\
	  .need = { .gfp = GFP_HIGHUSER, .blocks = (blocks_) } }

static const struct bench_case cases[] = {
	HIGH_CASE("atomic.pair", BENCH_OPS, atomic_pair, get_one, put_one, 1),
	HIGH_CASE("same.pair", BENCH_OPS, mapped_pair, get_mapped, put_mapped,
		  1),
	HIGH_CASE("cycle2048.pair", 2 * PAGES, cycle, get_all, put_all, PAGES),
	HIGH_CASE("clear_highpage", BENCH_OPS, clear, get_one, put_one, 1),
};

BENCH_TABLE(bench_high, cases);
