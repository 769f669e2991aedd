/*
 * The page cache: what is there already, as in a file that was read before.
 *
 * 1. cache.hit: find_get_page() and put_page(), in a file of 63 pages and in
 *    one of 4 GB (a tree of four levels).
 * 2. cache.pread4k, cache.pwrite4k: a page of bytes to and from a buffer of the
 *    kernel; 1030 of it is the copy.
 * 3. cache.lock: lock_page() and unlock_page() that nobody waits for.
 * 4. cache.add_remove: a page gets in and out again, among others.
 * 5. cache.truncate.per_page: 512 pages at once, their freeing too.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/cache/pagemap.h>
#include "bench.h"

#define PAGES 512U
#define LAST 63U		/* the only one of the first 64 that lacks */
#define FAR 0xfffffU		/* the last page of 4 GB */

static struct address_space file;
static struct file_ra_state ra;
static struct page *spare;
static u8 buffer[PAGE_SIZE];

static int readpage(struct address_space *mapping, struct page *page)
{
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

static const struct address_space_operations ops = { .readpage = readpage };

static void read_in(u32 index)
{
	struct page *page = read_cache_page(&file, index, NULL);

	BUG_ON(IS_ERR_PAGE(page), "no memory for the file of the benchmarks");
	put_page(page);
}

static void begin(void)
{
	u32 i;

	address_space_init(&file, NULL, &ops, GFP_KERNEL);
	spare = alloc_page(GFP_KERNEL);
	BUG_ON(!spare, "no memory for the file of the benchmarks");
	for (i = 0; i < LAST; i++)
		read_in(i);
}

static void begin_far(void)
{
	begin();
	read_in(FAR);
}

static void end(void)
{
	truncate_inode_pages(&file, 0);
	__free_page(spare);
}

static __always_inline void find(struct bench *b, u32 index)
{
	u32 n = b->ops;

	bench_start(b);
	do
		put_page(find_get_page(&file, index));
	while (--n);
	bench_stop(b);
}

static void hit(struct bench *b)
{
	find(b, 17);
}

static void hit_far(struct bench *b)
{
	find(b, FAR);
}

static u32 take(struct page_sink *sink, const u8 *p, u32 n)
{
	memcpy(buffer, p, n);
	return n;
}

static void pread(struct bench *b)
{
	struct page_sink sink = { .take = take };
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do
		mapping_read(&file, &ra, n % 32 * PAGE_SIZE, PAGE_SIZE,
			     1U << 20, &sink);
	while (--n);
	bench_stop(b);
	local_irq_disable();
}

static bool ready(struct page_source *source, u32 n)
{
	return true;
}

static u32 give(struct page_source *source, u8 *p, u32 n)
{
	memcpy(p, buffer, n);
	return n;
}

static void pwrite(struct bench *b)
{
	struct page_source source = { .ready = ready, .give = give };
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do
		mapping_write(&file, n % 32 * PAGE_SIZE, PAGE_SIZE, 1U << 20,
			      &source);
	while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void lock(struct bench *b)
{
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do {
		lock_page(spare);
		unlock_page(spare);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void add_remove(struct bench *b)
{
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do {
		add_to_page_cache(spare, &file, LAST, GFP_KERNEL);
		remove_from_page_cache(spare);
		unlock_page(spare);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static void truncate(struct bench *b)
{
	u32 i;

	local_irq_enable();
	for (i = 0; i < PAGES; i++)
		read_in(i);
	bench_start(b);
	truncate_inode_pages(&file, 0);
	bench_stop(b);
	local_irq_disable();
}

/* Pages of the file, nodes, and room for what the lists keep. */
#define CACHE_CASE(name_, ops_, batch_, begin_)				\
	{ .name = (name_), .ops = (ops_), .batches = BENCH_BATCHES,	\
	  .batch = (batch_), .begin = (begin_), .end = end,		\
	  .need = { .gfp = GFP_KERNEL, .slabs = true, .blocks = 2 * PAGES } }

static const struct bench_case cases[] = {
	CACHE_CASE("cache.hit", BENCH_OPS, hit, begin),
	CACHE_CASE("cache.hit.4gb", BENCH_OPS, hit_far, begin_far),
	CACHE_CASE("cache.pread4k", BENCH_OPS, pread, begin),
	CACHE_CASE("cache.pwrite4k", BENCH_OPS, pwrite, begin),
	CACHE_CASE("cache.lock", BENCH_OPS, lock, begin),
	CACHE_CASE("cache.add_remove", BENCH_OPS, add_remove, begin),
	CACHE_CASE("cache.truncate.per_page", PAGES, truncate, begin),
};

BENCH_TABLE(bench_cache, cases);
