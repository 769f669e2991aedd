/*
 * buddyinfo and zoneinfo.
 *
 * 1. The formats are those of Linux 2.6's files in /proc, to the blank, so that
 *    whatever reads those reads these: buddyinfo as in 2.6.11, zoneinfo as in
 *    2.6.13 with CONFIG_NUMA.
 *
 * 2. Free pages are those of the buddy system. What is kept for a CPU counts as
 *    used, as in the reference; zoneinfo shows the single pages as `count`.
 *
 * 3. Nothing is printed under zone->lock: a line takes the serial port
 *    milliseconds. The orders of one zone are copied under it, so that they
 *    belong to one moment; all else are single words.
 */
#include <kernel/base/printk.h>
#include <mm/page/page_alloc.h>
#include <mm/report/pages.h>

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
