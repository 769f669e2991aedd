/* The ledger: see ledger.h. What is counted twice is compared by name. */
#include <kernel/base/debug.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/timer.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/sched/workqueue.h>
#include <mm/cache/radix_nodes.h>
#include <mm/early/memblock.h>
#include <mm/high/highmem.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/lru.h>
#include <mm/space/mm.h>
#include <mm/table/fixmap.h>
#include <mm/virt/vmalloc.h>
#include "ledger.h"

/* --- taking it --- */

/* Without what is kept for CPUs, the free lists say what is in use. */
static void take_pages(struct ledger *l)
{
	struct zone *zone;
	unsigned int i, order;

	drain_all_pages();
	for_each_zone_of(&machine_nodes, zone, i) {
		l->free_pages[i] = zone->free_pages;
		for (order = 0; order < MAX_ORDER; order++)
			l->blocks[i][order] = zone->free_area[order].nr_free;
	}
}

static void take_areas(struct ledger *l)
{
	struct vmalloc_info info;

	vmalloc_info(&info);
	l->areas = info.areas;
	l->area_bytes = info.used;
}

static u32 objects_in_use(const struct kmem_cache *cache)
{
	const struct kmem_node *node;
	u32 i, n = 0;

	for_each_node_of(cache, node, i)
		n += node->nr_slabs * cache->num - node->free_objects;
	return n;
}

/* Shrunk before: no stack and no shared array has any object. */
static void take_caches(struct ledger *l)
{
	u32 flags = spin_lock_irqsave(&kmem_caches_lock);
	const struct kmem_cache *cache;

	list_for_each_entry(cache, &kmem_caches, next) {
		struct cache_entry *e = &l->caches[l->nr_caches++];

		if (l->nr_caches > LEDGER_CACHES)
			continue;
		e->cache = cache;
		e->objects = objects_in_use(cache);
		strlcpy(e->name, cache->name, sizeof(e->name));
	}
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
}

/*
 * What threads do behind the cases' backs is done, and what they would do next
 * (the reaper: give back what caches keep) has nothing left to do.
 */
static void settle(void)
{
	/* a case that left the CPU taken is found out by the flag */
	if (!in_atomic() && !irqs_disabled()) {
		flush_scheduled_work();
		free_dead_tasks();
		/* what is read again when somebody wants it */
		drop_page_caches();
	}
	/* what waits for its list */
	lru_add_drain();
	/* windows that nobody uses still show a page, until this */
	kmap_flush_unused();
	/* what was freed still has its description, until this */
	vm_unmap_aliases();
	/* what CPUs keep for the next insertion */
	radix_nodes_drain();
	/* it warns if what comes back is none of theirs */
	kmem_caches_shrink();
}

void take_ledger(struct ledger *l)
{
	settle();
	memset(l, 0, sizeof(*l));
	/* threads that are always there have periodic ones: always pending */
	l->timers = timers_pending();
	l->threads = nr_tasks();
	l->reserved = memblock.reserved.total_size;
	l->memory = memblock.memory.total_size;
	l->reserved_ranges = memblock.reserved.cnt;
	l->windows = early_memremap_in_use();
	l->kmaps = kmap_pool_in_use(&kernel_kmaps) + kmap_atomic_depth();
	l->promised = (u32)atomic_read(&overcommit.committed);
	l->irq_flag = read_eflags() & EFLAGS_IF;
	l->preempt_count = preempt_count();
	take_areas(l);
	take_caches(l);
	l->warnings = printk_warnings();
	/* which pages are mapped depends on which are free, then */
	if (!debug_enabled(DEBUG_PAGEALLOC))
		pt_take_census(&kernel_pgtable, &l->tables);
	take_pages(l);
}

/* --- comparing two --- */

__format_printf(2, 3) static void differs(check_report_t report,
					  const char *fmt, ...)
{
	char sentence[128];
	va_list args;

	va_start(args, fmt);
	vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	report(sentence);
}

static void compare(const char *what, u64 before, u64 after,
		    check_report_t report)
{
	if (before != after)
		differs(report, "leak: %s: %llu before, %llu after", what,
			before, after);
}

static void compare_zone(const struct zone *zone, unsigned int i,
			 const struct ledger *a, const struct ledger *b,
			 check_report_t report)
{
	unsigned int order;

	compare(zone->name, a->free_pages[i], b->free_pages[i], report);
	for (order = 0; order < MAX_ORDER; order++)
		if (a->blocks[i][order] != b->blocks[i][order])
			differs(report, "leak: node %d zone %s order %u: %u "
				"free blocks before, %u after",
				zone->zone_pgdat->node_id, zone->name, order,
				a->blocks[i][order], b->blocks[i][order]);
}

/* NULL: the ledger has none of that name. */
static const struct cache_entry *find_entry(const struct ledger *l,
					    const struct cache_entry *like)
{
	unsigned int i;

	for (i = 0; i < min(l->nr_caches, LEDGER_CACHES); i++)
		if (l->caches[i].cache == like->cache &&
		    !strcmp(l->caches[i].name, like->name))
			return &l->caches[i];
	return NULL;
}

static void compare_caches(const struct ledger *a, const struct ledger *b,
			   check_report_t report)
{
	const struct cache_entry *e, *other;

	for (e = b->caches; e < b->caches + min(b->nr_caches, LEDGER_CACHES);
	     e++) {
		other = find_entry(a, e);
		if (!other)
			differs(report, "leak: the cache %s is left over",
				e->name);
		else if (other->objects != e->objects)
			differs(report, "leak: objects of %s: %u before, %u "
				"after", e->name, other->objects, e->objects);
	}
	for (e = a->caches; e < a->caches + min(a->nr_caches, LEDGER_CACHES);
	     e++)
		if (!find_entry(b, e))
			differs(report, "the cache %s is gone", e->name);
	compare("caches", a->nr_caches, b->nr_caches, report);
}

void compare_ledgers(const struct ledger *a, const struct ledger *b,
		     unsigned int warnings, check_report_t report)
{
	struct zone *zone;
	unsigned int i;

	compare_caches(a, b, report);
	for_each_zone_of(&machine_nodes, zone, i)
		compare_zone(zone, i, a, b, report);
	compare("bytes reserved", a->reserved, b->reserved, report);
	compare("ranges reserved", a->reserved_ranges, b->reserved_ranges,
		report);
	compare("bytes of RAM", a->memory, b->memory, report);
	compare("pages mapped", a->tables.leaves, b->tables.leaves, report);
	compare("sum of all page-table entries", a->tables.sum, b->tables.sum,
		report);
	compare("areas of vmalloc()", a->areas, b->areas, report);
	compare("bytes of vmalloc()'s addresses", a->area_bytes, b->area_bytes,
		report);
	compare("fixmap windows", a->windows, b->windows, report);
	compare("windows of kmap() in use", a->kmaps, b->kmaps, report);
	compare("pages promised", a->promised, b->promised, report);
	compare("warnings printed", a->warnings + warnings, b->warnings,
		report);
	compare("interrupt flag", a->irq_flag, b->irq_flag, report);
	compare("preempt count", a->preempt_count, b->preempt_count, report);
	compare("timers pending", a->timers, b->timers, report);
	compare("threads", a->threads, b->threads, report);
}
