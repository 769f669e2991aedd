/*
 * The report of a machine that has no memory left.
 *
 * 1. The lines are those of the reference's show_free_areas(), 2.6.11, but what
 *    is not counted here is left out; the table of tasks is that of 2.6.25.
 * 2. It must need no memory itself: lines are made of what stands on the stack.
 * 3. Nothing is printed under a lock. Each thread is looked for anew, by the
 *    next pid.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/string.h>
#include <kernel/sched/task.h>
#include <mm/cache/pagemap.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/oom.h>
#include <mm/report/free_areas.h>
#include <mm/report/slabs.h>
#include <mm/space/mm.h>

static u32 kb(u32 pages)
{
	return pages << (PAGE_SHIFT - 10);
}

/* --- zones --- */

static void show_per_cpu(const struct zone *zone)
{
	static const char *const names[] = { "hot", "cold" };
	unsigned int cpu, i;

	printk("Node %d %s per-cpu:\n", zone->zone_pgdat->node_id, zone->name);
	for_each_cpu(cpu)
		for (i = 0; i < ARRAY_SIZE(zone->pageset[cpu].pcp); i++) {
			const struct per_cpu_pages *pcp =
				&zone->pageset[cpu].pcp[i];

			printk("cpu %u %s: low %u, high %u, batch %u, "
			       "count %u\n", cpu, names[i], pcp->low,
			       pcp->high, pcp->batch, pcp->count);
		}
}

static void show_sums(const struct node_set *set)
{
	u32 active = 0, inactive = 0, free = 0, high = 0;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(set, zone, i) {
		active += zone->nr_active;
		inactive += zone->nr_inactive;
		free += zone->free_pages;
		if (zone->type == ZONE_HIGHMEM)
			high += zone->free_pages;
	}
	printk("Free pages: %11ukB (%ukB HighMem)\n", kb(free), kb(high));
	printk("Active:%u inactive:%u dirty:%u writeback:%u free:%u slab:%u "
	       "cached:%u\n", active, inactive, nr_dirty_pages(),
	       nr_writeback_pages(), free, slab_pages_of_all(),
	       page_cache_pages());
}

static void show_zone(const struct zone *zone)
{
	unsigned int class;

	printk("Node %d %s free:%ukB min:%ukB low:%ukB high:%ukB active:%ukB "
	       "inactive:%ukB present:%ukB pages_scanned:%u "
	       "all_unreclaimable? %s\nlowmem_reserve[]:",
	       zone->zone_pgdat->node_id, zone->name, kb(zone->free_pages),
	       kb(zone->pages_min), kb(zone->pages_low), kb(zone->pages_high),
	       kb(zone->nr_active), kb(zone->nr_inactive),
	       kb(zone->present_pages), zone->pages_scanned,
	       zone->all_unreclaimable ? "yes" : "no");
	for (class = 0; class < MAX_NR_ZONES; class++)
		printk(" %u", zone->lowmem_reserve[class]);
	printk("\n");
}

static void show_blocks(struct zone *zone)
{
	u32 nr_free[MAX_ORDER], total = 0, flags;
	unsigned int order;

	flags = spin_lock_irqsave(&zone->lock);
	for (order = 0; order < MAX_ORDER; order++)
		nr_free[order] = zone->free_area[order].nr_free;
	spin_unlock_irqrestore(&zone->lock, flags);
	printk("Node %d %s: ", zone->zone_pgdat->node_id, zone->name);
	for (order = 0; order < MAX_ORDER; order++) {
		printk("%u*%ukB ", nr_free[order], kb(1U << order));
		total += nr_free[order] << order;
	}
	printk("= %ukB\n", kb(total));
}

static void show_swap(void)
{
	u32 total = overcommit.total_swap ? overcommit.total_swap() : 0;
	u32 free = overcommit.free_swap ? overcommit.free_swap() : 0;

	printk("Free swap: %12ukB of %ukB\n", kb(free), kb(total));
}

void show_free_areas(const struct node_set *set)
{
	struct zone *zone;
	unsigned int i;

	printk("Mem-info:\n");
	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			show_per_cpu(zone);
	show_sums(set);
	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			show_zone(zone);
	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			show_blocks(zone);
	show_swap();
	printk("%u pages of RAM\n%u pages of HIGHMEM\n", totalram_pages,
	       totalhigh_pages);
}

/* --- tasks --- */

struct task_line {
	u32 pid;
	s32 adj;
	struct mm_size size;
	char name[TASK_NAME_MAX];
};

/* The thread with the lowest pid from `from` on that has a space. */
static bool next_line(u32 from, struct task_line *line)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	struct task *task, *best = NULL;
	struct mm_size size;

	list_for_each_entry(task, &all_tasks, all)
		if (task->pid >= from && (!best || task->pid < best->pid) &&
		    task_mm_size(task, &size)) {
			best = task;
			line->size = size;
		}
	if (best) {
		line->pid = best->pid;
		line->adj = best->oom_score_adj;
		strlcpy(line->name, best->name, sizeof(line->name));
	}
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return best;
}

void show_tasks(void)
{
	struct task_line line;
	u32 pid;

	printk("[ pid ] total_vm      rss oom_score_adj name\n");
	for (pid = 0; next_line(pid, &line); pid = line.pid + 1)
		printk("[%5u] %8u %8u %13d %s\n", line.pid, line.size.total_vm,
		       line.size.rss, line.adj, line.name);
}

static void report_all(void)
{
	show_free_areas(&machine_nodes);
	show_tasks();
}

void __init free_areas_init(void)
{
	oom_report_hook = report_all;
}
