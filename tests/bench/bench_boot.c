/* What the boot took, by its marks: taken once, before there was a prompt. */
#include <kernel/base/bootmark.h>
#include <mm/page/init.h>
#include "bench.h"

/* Ticks between two moments, times 100; 0 if one of them never came. */
static u64 between(enum boot_mark from, enum boot_mark to)
{
	u64 start = boot_mark_at(from), end = boot_mark_at(to);

	return start && end ? (end - start) * 100 : 0;
}

static u64 tables_to_pages(void)
{
	return between(BOOT_MARK_TABLES, BOOT_MARK_PAGES);
}

/* By frames of RAM: those of holes are its cost, too. */
static u64 tables_to_pages_per_page(void)
{
	return bench_div(tables_to_pages(), handover.ram_pages);
}

/* By entries of mem_map, each of which is written once. */
static u64 mem_map_per_page(void)
{
	return bench_div(between(BOOT_MARK_MEM_MAP_START,
				 BOOT_MARK_MEM_MAP_END), max_mapnr);
}

static const struct bench_case cases[] = {
	{ .name = "boot.tables_to_pages", .read = tables_to_pages },
	{ .name = "boot.tables_to_pages.per_page",
	  .read = tables_to_pages_per_page },
	{ .name = "mem_map.init.per_page", .read = mem_map_per_page },
};

BENCH_TABLE(bench_boot, cases);
