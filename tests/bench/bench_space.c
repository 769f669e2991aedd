/*
 * Address spaces: what a page costs that is touched, shared, given back. A
 * thread of the kernel touches user addresses as a program does; the fault is
 * answered the same way. The loop takes three or four instructions.
 *
 * 1. fault.anon_write, fault.anon_read: the first touch of private memory.
 * 2. fault.cow_copy, fault.cow_reuse: a write behind a fork, while the child
 *    has the pages and when it is gone.
 * 3. fork.per_page, munmap.per_page: of pages that were written.
 * 4. mmap_munmap.untouched: 16 KB.
 * 5. fault.file_map: a page of a file that is in the cache, read; a fault
 *    enters 16 of them. fault.file_one: each by a fault of its own.
 *    zap.file_dirty: entries of pages that were written go, by madvise().
 *
 * Faults need interrupts: they are on.
 */
#include <kernel/lib/bug.h>
#include <mm/space/filemap.h>
#include <mm/space/mm.h>
#include "bench.h"

#define PAGES 512U
#define START 0x40000000U
#define UNTOUCHED 4U

static struct mm_struct *mm;

static void begin(void)
{
	mm = mm_alloc();
	BUG_ON(!mm, "no memory for the space of the benchmarks");
	use_mm(mm);
}

static void end(void)
{
	unuse_mm();
	mmput(mm);
}

static void map(u32 pages)
{
	down_write(&mm->mmap_sem);
	do_mmap(mm, NULL, START, pages << PAGE_SHIFT, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, 0);
	up_write(&mm->mmap_sem);
}

static void unmap(u32 pages)
{
	down_write(&mm->mmap_sem);
	do_munmap(mm, START, pages << PAGE_SHIFT);
	up_write(&mm->mmap_sem);
}

static __always_inline void write_all(void)
{
	u32 at;

	for (at = START; at < START + PAGES * PAGE_SIZE; at += PAGE_SIZE)
		*(volatile u32 *)at = at;
}

static void anon_write(struct bench *b)
{
	local_irq_enable();
	map(PAGES);
	bench_start(b);
	write_all();
	bench_stop(b);
	unmap(PAGES);
	local_irq_disable();
}

static void anon_read(struct bench *b)
{
	u32 at;

	local_irq_enable();
	map(PAGES);
	bench_start(b);
	for (at = START; at < START + PAGES * PAGE_SIZE; at += PAGE_SIZE)
		*(const volatile u32 *)at;
	bench_stop(b);
	unmap(PAGES);
	local_irq_disable();
}

static void cow_copy(struct bench *b)
{
	struct mm_struct *child;

	local_irq_enable();
	map(PAGES);
	write_all();
	child = dup_mm(mm);
	bench_start(b);
	write_all();
	bench_stop(b);
	mmput(child);
	unmap(PAGES);
	local_irq_disable();
}

static void cow_reuse(struct bench *b)
{
	local_irq_enable();
	map(PAGES);
	write_all();
	mmput(dup_mm(mm));
	bench_start(b);
	write_all();
	bench_stop(b);
	unmap(PAGES);
	local_irq_disable();
}

static void fork_pages(struct bench *b)
{
	struct mm_struct *child;

	local_irq_enable();
	map(PAGES);
	write_all();
	bench_start(b);
	child = dup_mm(mm);
	bench_stop(b);
	mmput(child);
	unmap(PAGES);
	local_irq_disable();
}

static void unmap_pages(struct bench *b)
{
	local_irq_enable();
	map(PAGES);
	write_all();
	bench_start(b);
	unmap(PAGES);
	bench_stop(b);
	local_irq_disable();
}

static void map_and_unmap(struct bench *b)
{
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do {
		map(UNTOUCHED);
		unmap(UNTOUCHED);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

/* --- files --- */

/* Shared memory, whose pages are there and have no entries. */
static void map_cached(void)
{
	down_write(&mm->mmap_sem);
	do_mmap(mm, NULL, START, PAGES << PAGE_SHIFT, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0);
	up_write(&mm->mmap_sem);
	write_all();
	do_madvise(mm, START, PAGES << PAGE_SHIFT, MADV_DONTNEED);
}

static void read_cached(struct bench *b, u32 around)
{
	u32 at;

	local_irq_enable();
	map_cached();
	fault_around.pages = around;
	bench_start(b);
	for (at = START; at < START + PAGES * PAGE_SIZE; at += PAGE_SIZE)
		*(const volatile u32 *)at;
	bench_stop(b);
	fault_around.pages = FAULT_AROUND_MAX;
	unmap(PAGES);
	local_irq_disable();
}

static void file_map(struct bench *b)
{
	read_cached(b, FAULT_AROUND_MAX);
}

static void file_one(struct bench *b)
{
	read_cached(b, 1);
}

static void unmap_file(struct bench *b)
{
	local_irq_enable();
	map_cached();
	write_all();
	bench_start(b);
	do_madvise(mm, START, PAGES << PAGE_SHIFT, MADV_DONTNEED);
	bench_stop(b);
	unmap(PAGES);
	local_irq_disable();
}

/* Twice the pages, their tables, and room for what the lists keep. */
#define SPACE_CASE(name_, ops_, batch_)					\
	{ .name = (name_), .ops = (ops_), .batches = BENCH_BATCHES,	\
	  .batch = (batch_), .begin = begin, .end = end,		\
	  .need = { .gfp = GFP_HIGHUSER, .blocks = 3 * PAGES } }

static const struct bench_case cases[] = {
	SPACE_CASE("fault.anon_write", PAGES, anon_write),
	SPACE_CASE("fault.anon_read", PAGES, anon_read),
	SPACE_CASE("fault.cow_copy", PAGES, cow_copy),
	SPACE_CASE("fault.cow_reuse", PAGES, cow_reuse),
	SPACE_CASE("fork.per_page", PAGES, fork_pages),
	SPACE_CASE("munmap.per_page", PAGES, unmap_pages),
	SPACE_CASE("mmap_munmap.untouched", BENCH_OPS, map_and_unmap),
	SPACE_CASE("fault.file_map", PAGES, file_map),
	SPACE_CASE("fault.file_one", PAGES, file_one),
	SPACE_CASE("zap.file_dirty", PAGES, unmap_file),
};

BENCH_TABLE(bench_space, cases);
