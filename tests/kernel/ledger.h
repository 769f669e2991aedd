/*
 * What a case must leave as it was: memblock's ranges, free pages by zone and
 * order, objects in use by cache, areas of vmalloc(), the kernel's page tables,
 * windows of the fixmap and of kmap(), pages promised, warnings printed, the
 * interrupt flag, the preempt count, timers, threads.
 *
 * Before anything is counted caches and CPUs give back what they keep: so all
 * that differs is in use, and pages kept for speed are no leak. Deferred work
 * is waited for.
 *
 * Any thread; it sleeps where that is allowed; takes the locks of caches and
 * zones.
 */
#ifndef TESTS_KERNEL_LEDGER_H
#define TESTS_KERNEL_LEDGER_H

#include <mm/object/internal.h>
#include <mm/page/check.h>
#include <mm/table/pgtable.h>

#define LEDGER_CACHES 96	/* guessed: more than twice those of a boot */

struct cache_entry {
	const struct kmem_cache *cache;
	char name[KMEM_NAME_MAX];
	u32 objects;		/* in use */
};

struct ledger {
	u64 reserved, memory;
	unsigned int reserved_ranges;
	struct pt_census tables;
	u32 blocks[MAX_NUMNODES * MAX_NR_ZONES][MAX_ORDER];
	u32 free_pages[MAX_NUMNODES * MAX_NR_ZONES];
	struct cache_entry caches[LEDGER_CACHES];
	u32 areas, area_bytes;	/* of vmalloc() */
	unsigned int nr_caches;	/* there are; not all may have an entry */
	unsigned int windows;
	u32 promised;		/* pages, by overcommit */
	u32 kmaps;		/* windows on high memory with users */
	unsigned int warnings;
	u32 irq_flag, preempt_count;
	u32 timers, threads;	/* timers: pending ones */
};

void take_ledger(struct ledger *l);

/*
 * Calls report for each difference of b to a, with the sentence. warnings: how
 * many were to be printed in between.
 */
void compare_ledgers(const struct ledger *a, const struct ledger *b,
		     unsigned int warnings, check_report_t report);

#endif
