/*
 * Getting pages back.
 *
 * reclaim.clean_page: pages of a file that nobody uses, 512 of them, from the
 * end of the inactive list to the zone's free lists: isolating, the look at
 * each, the tree, the freeing.
 */
#include <kernel/lib/bug.h>
#include <mm/cache/pagemap.h>
#include <mm/reclaim/lru.h>
#include <mm/reclaim/vmscan.h>
#include "bench.h"

#define PAGES 512U

static struct address_space file;

static int readpage(struct address_space *mapping, struct page *page)
{
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

static const struct address_space_operations ops = { .readpage = readpage };

static void begin(void)
{
	address_space_init(&file, NULL, &ops, GFP_KERNEL);
}

static void end(void)
{
	truncate_inode_pages(&file, 0);
}

/* A page of the file, on the inactive list: its zone. */
static struct zone *read_in(u32 index)
{
	struct page *page = read_cache_page(&file, index, NULL);
	struct zone *zone;

	BUG_ON(IS_ERR_PAGE(page), "no memory for the file of the benchmarks");
	zone = page_zone(page);
	if (!PageLRU(page))
		lru_cache_add(page);
	put_page(page);
	return zone;
}

static void clean_page(struct bench *b)
{
	struct scan_control sc = { .gfp = GFP_KERNEL };
	struct zone *zone = NULL;
	u32 i;

	local_irq_enable();
	for (i = 0; i < PAGES; i++)
		zone = read_in(i);
	lru_add_drain();
	bench_start(b);
	while (file.nrpages)
		shrink_zone(zone, &sc);
	bench_stop(b);
	local_irq_disable();
}

static const struct bench_case cases[] = {
	{ .name = "reclaim.clean_page", .ops = PAGES,
	  .batches = BENCH_BATCHES, .batch = clean_page, .begin = begin,
	  .end = end, .need = { .gfp = GFP_KERNEL, .slabs = true,
				.blocks = 2 * PAGES } },
};

BENCH_TABLE(bench_reclaim, cases);
