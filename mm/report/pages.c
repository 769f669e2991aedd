/*
 * buddyinfo, zoneinfo, meminfo and vmstat.
 *
 * 1. The formats are those of Linux 2.6's files in /proc, to the blank, so that
 *    whatever reads those reads these: buddyinfo and meminfo as in 2.6.11,
 *    zoneinfo as in 2.6.13 with CONFIG_NUMA, vmstat with the names of 2.6.22;
 *    `Bounce` came into meminfo with 2.6.18. The last rows of vmstat are this
 *    kernel's own.
 *
 * 2. meminfo and vmstat are tables, one row a line, in Linux's order: a new
 *    mechanism puts its rows where Linux has them. What is not counted has no
 *    row; a 0 would be a lie.
 *
 * 3. Free pages are those of the buddy system. What is kept for a CPU counts as
 *    used, as in the reference; zoneinfo shows the single pages as `count`.
 *
 * 4. Nothing is printed under zone->lock: a line takes the serial port
 *    milliseconds. The orders of one zone are copied under it, so that they
 *    belong to one moment; all else are single words.
 */
#include <kernel/base/printk.h>
#include <kernel/block/blkdev.h>
#include <mm/cache/pagemap.h>
#include <mm/high/bounce.h>
#include <mm/high/kmap_pool.h>
#include <mm/page/page_alloc.h>
#include <mm/report/areas.h>
#include <mm/report/pages.h>
#include <mm/report/slabs.h>

static void copy_nr_free(struct zone *zone, u32 nr_free[MAX_ORDER])
{
	u32 flags = spin_lock_irqsave(&zone->lock);
	unsigned int order;

	for (order = 0; order < MAX_ORDER; order++)
		nr_free[order] = zone->free_area[order].nr_free;
	spin_unlock_irqrestore(&zone->lock, flags);
}

void report_buddyinfo(const struct node_set *set)
{
	u32 nr_free[MAX_ORDER];
	struct zone *zone;
	unsigned int i, order;

	for_each_zone_of(set, zone, i) {
		if (!populated_zone(zone))
			continue;
		copy_nr_free(zone, nr_free);
		printk("Node %d, zone %8s ", zone->zone_pgdat->node_id,
		       zone->name);
		for (order = 0; order < MAX_ORDER; order++)
			printk("%6u ", nr_free[order]);
		printk("\n");
	}
}

/* --- zoneinfo --- */

static void print_pages(const struct zone *zone)
{
	unsigned int class;

	printk("Node %d, zone %8s"
	       "\n  pages free     %u"
	       "\n        min      %u"
	       "\n        low      %u"
	       "\n        high     %u"
	       "\n        active   %u"
	       "\n        inactive %u"
	       "\n        scanned  %u (a: %u i: %u)"
	       "\n        spanned  %u"
	       "\n        present  %u",
	       zone->zone_pgdat->node_id, zone->name, zone->free_pages,
	       zone->pages_min, zone->pages_low, zone->pages_high,
	       zone->nr_active, zone->nr_inactive, zone->pages_scanned,
	       zone->nr_scan_active, zone->nr_scan_inactive,
	       zone->spanned_pages, zone->present_pages);
	printk("\n        protection: (%u", zone->lowmem_reserve[0]);
	for (class = 1; class < MAX_NR_ZONES; class++)
		printk(", %u", zone->lowmem_reserve[class]);
	printk(")");
}

static void print_pageset(const struct zone *zone, unsigned int cpu)
{
	const struct per_cpu_pageset *pageset = &zone->pageset[cpu];
	struct zone_counters count;
	unsigned int i;

	zone_count(zone, cpu, &count);
	for (i = 0; i < ARRAY_SIZE(pageset->pcp); i++)
		printk("\n    cpu: %u pcp: %u"
		       "\n              count: %u"
		       "\n              low:   %u"
		       "\n              high:  %u"
		       "\n              batch: %u", cpu, i,
		       pageset->pcp[i].count, pageset->pcp[i].low,
		       pageset->pcp[i].high, pageset->pcp[i].batch);
	/* there is no policy that interleaves: Linux without one says 0, too */
	printk("\n            numa_hit:       %u"
	       "\n            numa_miss:      %u"
	       "\n            numa_foreign:   %u"
	       "\n            interleave_hit: 0"
	       "\n            local_node:     %u"
	       "\n            other_node:     %u",
	       count.numa_hit, count.numa_miss, count.numa_foreign,
	       count.local_node, count.other_node);
}

static void print_pagesets(const struct zone *zone)
{
	unsigned int cpu;

	printk("\n  pagesets");
	for_each_cpu(cpu) {
		const struct per_cpu_pageset *pageset = &zone->pageset[cpu];

		/* the rule of the reference: with nothing kept, no word */
		if (pageset->pcp[0].count || pageset->pcp[1].count)
			print_pageset(zone, cpu);
	}
}

void report_zoneinfo(const struct node_set *set)
{
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(set, zone, i) {
		if (!populated_zone(zone))
			continue;
		print_pages(zone);
		print_pagesets(zone);
		printk("\n  all_unreclaimable: %u"
		       "\n  prev_priority:     %d"
		       "\n  temp_priority:     %d"
		       "\n  start_pfn:         %u\n",
		       zone->all_unreclaimable, zone->prev_priority,
		       zone->temp_priority, zone->zone_start_pfn);
	}
}

/* --- meminfo and vmstat: one row a line --- */

struct report_line {
	const char *name;
	u32 (*value)(const struct node_set *set, u32 arg);
	u32 arg;	/* see value */
};

/* arg: the types of zones that count, a bit each */
#define DMA (1U << ZONE_DMA)
#define NORMAL (1U << ZONE_NORMAL)
#define HIGH (1U << ZONE_HIGHMEM)
#define LOW (DMA | NORMAL)
#define ALL (LOW | HIGH)

static u32 free_pages_in(const struct node_set *set, u32 types)
{
	struct zone *zone;
	unsigned int i;
	u32 pages = 0;

	for_each_zone_of(set, zone, i)
		if (types >> zone->type & 1)
			pages += zone->free_pages;
	return pages;
}

static u32 free_kb(const struct node_set *set, u32 types)
{
	return free_pages_in(set, types) << (PAGE_SHIFT - 10);
}

static u32 total_kb(const struct node_set *set, u32 types)
{
	struct zone *zone;
	unsigned int i;
	u32 pages = 0;

	for_each_zone_of(set, zone, i)
		if (types >> zone->type & 1)
			pages += zone->managed_pages;
	return pages << (PAGE_SHIFT - 10);
}

static u32 sum_over_cpus(const struct zone *zone, u32 offset)
{
	struct zone_counters count;
	unsigned int cpu;
	u32 sum = 0;

	for_each_cpu(cpu) {
		zone_count(zone, cpu, &count);
		sum += *(const u32 *)((const char *)&count + offset);
	}
	return sum;
}

static u32 allocated(const struct node_set *set, u32 types)
{
	struct zone *zone;
	unsigned int i;
	u32 sum = 0;

	for_each_zone_of(set, zone, i)
		if (types >> zone->type & 1)
			sum += sum_over_cpus(zone, offsetof(
					struct zone_counters, pgalloc));
	return sum;
}

/* arg: where in struct zone_counters */
static u32 counted(const struct node_set *set, u32 offset)
{
	struct zone *zone;
	unsigned int i;
	u32 sum = 0;

	for_each_zone_of(set, zone, i)
		sum += sum_over_cpus(zone, offset);
	return sum;
}

static u32 stalled(const struct node_set *set, u32 arg)
{
	return allocstall;
}

/* Block devices are the machine's, too. */
static u32 paged_kb(const struct node_set *set, u32 rw)
{
	return block_paged_kb(rw);
}

/* Slabs, bounce pages and areas are the machine's, whatever the set is. */
static u32 slab_kb(const struct node_set *set, u32 arg)
{
	return slab_pages_of_all() << (PAGE_SHIFT - 10);
}

/* So is the page cache. */
static u32 cached_kb(const struct node_set *set, u32 arg)
{
	return page_cache_pages() << (PAGE_SHIFT - 10);
}

static u32 dirty_kb(const struct node_set *set, u32 arg)
{
	return nr_dirty_pages() << (PAGE_SHIFT - 10);
}

static u32 writeback_kb(const struct node_set *set, u32 arg)
{
	return nr_writeback_pages() << (PAGE_SHIFT - 10);
}

static u32 bounce_pages(const struct node_set *set, u32 arg)
{
	return nr_bounce_pages();
}

static u32 bounce_kb(const struct node_set *set, u32 arg)
{
	return nr_bounce_pages() << (PAGE_SHIFT - 10);
}

/* arg: of writes? */
static u32 bounced(const struct node_set *set, u32 write)
{
	return nr_bounced(write);
}

static u32 vmalloc_total_kb(const struct node_set *set, u32 arg)
{
	return vmalloc_total() >> 10;
}

static u32 vmalloc_used_kb(const struct node_set *set, u32 arg)
{
	return vmalloc_used() >> 10;
}

static u32 vmalloc_chunk_kb(const struct node_set *set, u32 arg)
{
	return vmalloc_chunk() >> 10;
}

static u32 pages_mapped(const struct node_set *set, u32 arg)
{
	return kernel_kmaps.maps;
}

static u32 windows_flushed(const struct node_set *set, u32 arg)
{
	return kernel_kmaps.flushes;
}

static u32 window_waits(const struct node_set *set, u32 arg)
{
	return kernel_kmaps.waits;
}

static const struct report_line meminfo[] = {
	{ "MemTotal:", total_kb, ALL },
	{ "MemFree:", free_kb, ALL },
	{ "Cached:", cached_kb, 0 },
	{ "HighTotal:", total_kb, HIGH },
	{ "HighFree:", free_kb, HIGH },
	{ "LowTotal:", total_kb, LOW },
	{ "LowFree:", free_kb, LOW },
	{ "Dirty:", dirty_kb, 0 },
	{ "Writeback:", writeback_kb, 0 },
	{ "Slab:", slab_kb, 0 },
	{ "Bounce:", bounce_kb, 0 },
	{ "VmallocTotal:", vmalloc_total_kb, 0 },
	{ "VmallocUsed:", vmalloc_used_kb, 0 },
	{ "VmallocChunk:", vmalloc_chunk_kb, 0 },
};

#define COUNTER(member) counted, offsetof(struct zone_counters, member)

static const struct report_line vmstat[] = {
	{ "nr_free_pages", free_pages_in, ALL },
	{ "nr_bounce", bounce_pages, 0 },
	{ "numa_hit", COUNTER(numa_hit) },
	{ "numa_miss", COUNTER(numa_miss) },
	{ "numa_foreign", COUNTER(numa_foreign) },
	{ "numa_local", COUNTER(local_node) },
	{ "numa_other", COUNTER(other_node) },
	{ "pgpgin", paged_kb, READ },
	{ "pgpgout", paged_kb, WRITE },
	{ "pgalloc_dma", allocated, DMA },
	{ "pgalloc_normal", allocated, NORMAL },
	{ "pgalloc_high", allocated, HIGH },
	{ "pgfree", COUNTER(pgfree) },
	{ "allocstall", stalled, 0 },
	/* Linux has no names for these */
	{ "kmap_new", pages_mapped, 0 },
	{ "kmap_flush", windows_flushed, 0 },
	{ "kmap_wait", window_waits, 0 },
	{ "bounce_read", bounced, 0 },
	{ "bounce_write", bounced, 1 },
};

void report_meminfo(const struct node_set *set)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(meminfo); i++)
		printk("%-14s%8u kB\n", meminfo[i].name,
		       meminfo[i].value(set, meminfo[i].arg));
}

void report_vmstat(const struct node_set *set)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(vmstat); i++)
		printk("%s %u\n", vmstat[i].name,
		       vmstat[i].value(set, vmstat[i].arg));
}
