/* Runs the benchmarks: `bench` on the command line, and at the prompt. */
#include <kernel/base/cmdline.h>
#include <kernel/base/init.h>
#include <kernel/base/printk.h>
#include <kernel/block/blkdev.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/debugport.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/monitor.h>
#include <mm/object/slab.h>
#include <mm/reclaim/swap.h>
#include "bench.h"

#define SPEC_SIZE 64		/* guessed: the longest name has 32 */
#define SLOTS_ORDER 5
#define ANY_NAME ""
#define SWAP_LEAST 32768U	/* pages: for all that is touched, and more */
#define SWAP_RAM_MOST 16384U	/* pages: the machine of the passes, 64 MB */

#ifdef __VERSION__
#define COMPILER __VERSION__
#else
#define COMPILER "unknown"	/* sparse */
#endif

_Static_assert(BENCH_SLOTS * sizeof(void *) == PAGE_SIZE << SLOTS_ORDER,
	       "the slots do not fill their block");

/* In the order in which they run. */
static const struct bench_table *const tables[] = {
	&bench_block, &bench_boot, &bench_calib, &bench_irq, &bench_page,
	&bench_object, &bench_sched, &bench_user, &bench_space, &bench_virt,
	&bench_high, &bench_cache, &bench_reclaim, &bench_bounce, &bench_disk,
	&bench_swap,
};

/* Hundredths of a tick, and of a flush, for one operation. */
struct figures {
	u64 min, mean, flushes;
};

void **bench_slots;

static bool boot_bench;
static char boot_spec[SPEC_SIZE];

static int set_bench(const char *value)
{
	if (strlen(value) >= SPEC_SIZE)
		return -EINVAL;
	strlcpy(boot_spec, value, SPEC_SIZE);
	boot_bench = true;
	return 0;
}

KERNEL_PARAM(bench, "bench", set_bench, PARAM_OPTIONAL, "bench[=NAME]",
	     "measure, then end the emulator");

u64 bench_div(u64 n, u32 by)
{
	u64 quotient = 0, rest = 0;
	int bit;

	n += by / 2;
	for (bit = 63; bit >= 0; bit--) {
		rest = rest << 1 | (n >> bit & 1);
		quotient <<= 1;
		if (rest >= by) {
			rest -= by;
			quotient |= 1;
		}
	}
	return quotient;
}

/* --- one case --- */

/* Blocks of the wanted order that the zone gives without reclaim, of its
 * largest blocks alone: a case has no others. */
static u32 blocks_of(const struct zone *zone, unsigned int order,
		     enum zone_type class)
{
	u32 kept = zone->pages_high + zone->lowmem_reserve[class];
	u32 pages = zone->free_area[MAX_ORDER - 1].nr_free << (MAX_ORDER - 1);

	return pages > kept ? (pages - kept) >> order : 0;
}

/* Why this machine cannot run it; NULL: it can. */
static const char *obstacle(const struct bench_need *need)
{
	struct zonelist *list = node_zonelist(numa_node_id(), need->gfp);
	enum zone_type class;
	u32 blocks = 0;
	int i;

	if (need->disk && !find_disk(need->disk))
		return "there is no such disk";
	if (need->program && !path_exists(need->program))
		return "no module has its program";
	if (need->swap && total_swap_pages() < SWAP_LEAST)
		return "there is too little swap";
	if (need->swap && totalram_pages > SWAP_RAM_MOST)
		return "there is so much RAM that nothing would be swapped";
	if (!need->blocks)
		return NULL;
	if (!list->zones[0])
		return "there is no such zone";
	class = list->zones[0]->type;
	if (need->gfp & __GFP_HIGHMEM && class != ZONE_HIGHMEM)
		return "there is no high memory";
	for (i = 0; list->zones[i]; i++)
		blocks += blocks_of(list->zones[i], need->order, class);
	return blocks < need->blocks ? "too little memory is free" : NULL;
}

/* A free block of just this order. Of order 0 alloc_page() would take a batch
 * for the CPU's list. */
static struct page *take_block(gfp_t gfp, unsigned int order)
{
	struct zonelist *list = node_zonelist(numa_node_id(), gfp);
	struct page *page;

	if (order)
		return alloc_pages(gfp, order);
	return alloc_pages_bulk(gfp, list, 1, &page) ? page : NULL;
}

/* All blocks but the largest of the zone that a case takes from. */
static void take_small_blocks(const struct bench_need *need,
			      struct list_head *taken)
{
	gfp_t gfp = need->gfp | (need->high ? __GFP_HIGHMEM : 0);
	const struct zone *zone =
		node_zonelist(numa_node_id(), gfp)->zones[0];
	unsigned int order = need->blocks ? MAX_ORDER - 1 : 0;

	while (order--) {
		u32 n = zone->free_area[order].nr_free;
		struct page *page;

		while (n-- && (page = take_block(gfp, order)))
			list_add(&page->lru, taken);
	}
}

static void give_small_blocks(struct list_head *taken)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, taken, lru)
		__free_pages(page, page_order(page));
}

static void run_batch(const struct bench_case *c, struct bench *b)
{
	u32 flags = local_irq_save();

	*b = (struct bench){ .ops = c->ops };
	c->batch(b);
	local_irq_restore(flags);
}

static void run_batches(const struct bench_case *c, struct figures *f)
{
	u64 least = ~0ULL, sum = 0;
	u32 i, flushes = 0;
	LIST_HEAD(taken);
	struct bench b;

	if (c->begin)
		c->begin();
	/* slabs that it keeps have their pages before blocks are chosen: where
	 * such a page lies decides how many runs all others make */
	if (c->need.slabs) {
		run_batch(c, &b);
		drain_all_pages();
	}
	take_small_blocks(&c->need, &taken);
	run_batch(c, &b);
	for (i = 0; i < c->batches; i++) {
		run_batch(c, &b);
		least = min(least, b.ticks);
		sum += b.ticks;
		flushes += b.flushes;
	}
	if (c->end)
		c->end();
	give_small_blocks(&taken);
	f->min = bench_div(least * 100, c->ops);
	f->mean = bench_div(sum * 100, c->ops * c->batches);
	f->flushes = bench_div(flushes * 100ULL, c->ops * c->batches);
}

static void print_hundredths(const char *what, u64 n)
{
	u16 hundredths;
	u64 whole = div_u64_rem16(n, 100, &hundredths);

	printk(" %s %llu.%02u", what, whole, hundredths);
}

/* What others left in caches and for the CPU: back to the buddies. */
static void nothing_kept(void)
{
	kmem_caches_shrink();
	drain_all_pages();
}

/* false: it could not run. */
static bool run_case(const struct bench_case *c)
{
	struct figures f = { 0 };
	const char *why;

	nothing_kept();
	why = obstacle(&c->need);
	if (!why && c->read) {
		f.min = f.mean = c->read();
		why = f.min ? NULL : "it was not taken";
	} else if (!why) {
		run_batches(c, &f);
	}
	printk("bench %s", c->name);
	if (why) {
		printk(" skipped: %s\n", why);
		return false;
	}
	print_hundredths("min", f.min);
	print_hundredths("mean", f.mean);
	print_hundredths("tlb", f.flushes);
	printk("\n");
	return true;
}

/* --- which ones --- */

/* Is spec the name, or the first of its words (page.order0)? */
static bool spec_names(const char *spec, const char *name)
{
	size_t len = strlen(spec);

	return !len || (!strncmp(spec, name, len) &&
			(!name[len] || name[len] == '.'));
}

/* The next case that spec names: start with *table = *place = 0. NULL: none. */
static const struct bench_case *next_case(const char *spec, u32 *table,
					  u32 *place)
{
	for (; *table < ARRAY_SIZE(tables); (*table)++, *place = 0)
		while (*place < tables[*table]->count) {
			const struct bench_case *c =
				&tables[*table]->cases[(*place)++];

			if (spec_names(spec, c->name))
				return c;
		}
	return NULL;
}

static void list_cases(void)
{
	const struct bench_case *c;
	u32 table = 0, place = 0;

	while ((c = next_case(ANY_NAME, &table, &place)))
		printk("%s\n", c->name);
}

static void run_named(const char *spec)
{
	u32 table = 0, place = 0, ran = 0, skipped = 0;
	const struct bench_case *c;

	printk("bench: unit: one tick of the time-stamp counter; an "
	       "instruction under -icount shift=0, else a cycle\n"
	       "bench: compiler: " COMPILER "\n");
	while ((c = next_case(spec, &table, &place))) {
		if (run_case(c))
			ran++;
		else
			skipped++;
	}
	printk("bench: %u cases, %u skipped\n", ran, skipped);
}

/* 0, or what kept it from running. */
static int run_bench(const char *spec)
{
	u32 table = 0, place = 0;

	if (!next_case(spec, &table, &place)) {
		printk("no benchmark is named \"%s\"; see bench list\n", spec);
		return -ENOENT;
	}
	if (!cpu_has(X86_FEATURE_TSC)) {
		printk("bench: this CPU has no time-stamp counter\n");
		return -EIO;
	}
	bench_slots = (void **)__get_free_pages(GFP_KERNEL, SLOTS_ORDER);
	if (!bench_slots)
		return -ENOMEM;
	run_named(spec);
	free_pages((unsigned long)bench_slots, SLOTS_ORDER);
	/* what is kept would not count as free */
	nothing_kept();
	return 0;
}

/* --- the command line, the prompt --- */

static void run_boot_bench(void)
{
	if (boot_bench)
		debug_exit(run_bench(boot_spec) ? DEBUG_EXIT_FAIL :
						  DEBUG_EXIT_PASS);
}

late_initcall(run_boot_bench);

static int cmd_bench(int argc, char **argv)
{
	if (argc > 2)
		return -EINVAL;
	if (argc == 2 && !strcmp(argv[1], "list"))
		list_cases();
	else if (run_bench(argc == 2 ? argv[1] : ANY_NAME) == -ENOMEM)
		return -ENOMEM;
	return 0;
}

MONITOR_COMMAND(bench, "[NAME | list]", "what operations cost", cmd_bench);
