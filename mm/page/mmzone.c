/*
 * Nodes, zones and the lists that say where to look first. ULK3 sections 8.1.2
 * to 8.1.6.
 *
 * 1. A zone may have holes and pages of other nodes in its span: each page says
 *    in its own flags which zone it is of (zone_table[]).
 *
 * 2. A zonelist is the order of preference for one node and one class of
 *    request: all of the nearest node first, then the next. Distances are the
 *    firmware's; a node without CPUs comes before one with, as nobody else
 *    misses its memory; then the next higher number, so that not all nodes fall
 *    back on the same one.
 *
 * 3. The lists per CPU hold batch to 6 * batch pages. batch is a quarter of a
 *    thousandth of the zone, at most 16 pages: large enough to pay for the lock
 *    and small enough not to be missed.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/page/internal.h>

#define BATCH_CAP (256U * 1024 / PAGE_SIZE)	/* the reference's */

_Static_assert(BATCH_CAP / 4 == PCP_BATCH_MOST, "the stacks are too small");

struct node_set machine_nodes;
struct zone *zone_table[MAX_ZONEIDS];
int cpu_to_node[NR_CPUS];
struct page *mem_map;
u32 max_mapnr;
uintptr_t mem_map_bytes;
u32 max_low_pfn;

static const char *const zone_names[MAX_NR_ZONES] = {
	[ZONE_DMA] = "DMA", [ZONE_NORMAL] = "Normal",
	[ZONE_HIGHMEM] = "HighMem",
};

static void *no_address(const struct page *page)
{
	return NULL;
}

void *(*high_page_address)(const struct page *page) = no_address;

void *page_address(const struct page *page)
{
	return page_is_high(page) ? high_page_address(page) :
				    lowmem_page_address(page);
}

static void set_hot(struct per_cpu_pages *pcp, bool hot)
{
	pcp->take_above = hot ? pcp->low : ~0U;
	pcp->put_below = hot ? pcp->high - 1 : 0;
}

void zone_set_hot(struct zone *zone, bool hot)
{
	unsigned int cpu;

	for_each_cpu(cpu) {
		set_hot(&zone->pageset[cpu].pcp[0], hot);
		set_hot(&zone->pageset[cpu].pcp[1], hot);
	}
}

static void init_pcp(struct per_cpu_pages *pcp, u32 low, u32 high, u32 batch)
{
	pcp->count = 0;
	pcp->low = low;
	pcp->high = high;
	pcp->batch = batch;
}

static void init_pagesets(struct zone *zone)
{
	u32 batch = max(min(zone->present_pages / 1024, BATCH_CAP) / 4, 1U);
	unsigned int cpu;

	for_each_cpu(cpu) {
		init_pcp(&zone->pageset[cpu].pcp[0], 2 * batch, 6 * batch,
			 batch);
		init_pcp(&zone->pageset[cpu].pcp[1], 0, 2 * batch, batch);
	}
	zone_set_hot(zone, !page_debugging);
}

/* All that a CPU gets from one zone is local to it, or none of it is. */
void zone_count(const struct zone *zone, unsigned int cpu,
		struct zone_counters *count)
{
	const struct alloc_counters *c = &zone->pageset[cpu].count;
	u32 blocks = c->numa_hit + c->numa_miss;
	bool local = zone->zone_pgdat->node_id == cpu_to_node[cpu];

	*count = (struct zone_counters){
		.numa_hit = c->numa_hit,
		.numa_miss = c->numa_miss,
		.numa_foreign = c->numa_foreign,
		.local_node = local ? blocks : 0,
		.other_node = local ? 0 : blocks,
		.pgalloc = blocks + c->more_pages,
		.pgfree = c->pgfree,
	};
}

void zone_init(struct zone *zone, u32 start_pfn, u32 spanned, u32 present)
{
	BUG_ON(present > spanned, "a zone with more pages than frames");
	zone->zone_start_pfn = start_pfn;
	zone->spanned_pages = spanned;
	zone->present_pages = present;
	init_pagesets(zone);
}

void node_init(pg_data_t *pgdat, int node_id, u32 first_id)
{
	unsigned int i, order;

	memset(pgdat, 0, sizeof(*pgdat));
	pgdat->node_id = node_id;
	for (i = 0; i < MAX_NR_ZONES; i++) {
		struct zone *zone = &pgdat->node_zones[i];

		zone->name = zone_names[i];
		zone->type = i;
		zone->id = first_id + i;
		zone->zone_pgdat = pgdat;
		spin_lock_init(&zone->lru_lock, "zone.lru_lock");
		INIT_LIST_HEAD(&zone->active_list);
		INIT_LIST_HEAD(&zone->inactive_list);
		spin_lock_init(&zone->lock, "zone.lock");
		zone->prev_priority = zone->temp_priority = 12;
		for (order = 0; order < MAX_ORDER; order++)
			INIT_LIST_HEAD(&zone->free_area[order].free_list);
		init_pagesets(zone);
		BUG_ON(zone->id >= MAX_ZONEIDS, "a zone id above 255");
		zone_table[zone->id] = zone;
	}
}

/* How far node is from home; the smaller, the sooner it is tried. */
static u32 penalty(const struct node_set *set, unsigned int home,
		   unsigned int node)
{
	u32 distance = set->distance[home][node];
	u32 behind = (node + set->nr - home) % set->nr;

	return (distance * 2 + set->has_cpu[node]) * MAX_NUMNODES + behind;
}

/* The best node for home that is not in *used; adds it. -1: none is left. */
static int find_next_best_node(const struct node_set *set, unsigned int home,
			       u32 *used)
{
	u32 least = ~0U;
	unsigned int n;
	int best = -1;

	if (!(*used >> home & 1)) {
		*used |= 1U << home;
		return (int)home;
	}
	for (n = 0; n < set->nr; n++) {
		u32 cost = penalty(set, home, n);

		if (*used >> n & 1 || cost >= least)
			continue;
		least = cost;
		best = (int)n;
	}
	if (best >= 0)
		*used |= 1U << best;
	return best;
}

/* Highest zone that a request with these zone modifiers may use. */
static int highest_zone(unsigned int modifiers)
{
	if (modifiers & __GFP_DMA)
		return ZONE_DMA;
	return modifiers & __GFP_HIGHMEM ? ZONE_HIGHMEM : ZONE_NORMAL;
}

void build_zonelist(const struct node_set *set, unsigned int home,
		    unsigned int modifiers, struct zonelist *list)
{
	unsigned int nr = 0;
	u32 used = 0;
	int node, type;

	while ((node = find_next_best_node(set, home, &used)) >= 0)
		for (type = highest_zone(modifiers); type >= 0; type--) {
			struct zone *zone = &set->node[node]->node_zones[type];

			if (populated_zone(zone))
				list->zones[nr++] = zone;
		}
	list->zones[nr] = NULL;
}

void build_zonelists(struct node_set *set)
{
	unsigned int home, modifiers;

	for (home = 0; home < set->nr; home++)
		for (modifiers = 0; modifiers < GFP_ZONETYPES; modifiers++)
			build_zonelist(set, home, modifiers,
				       &set->node[home]->
				       node_zonelists[modifiers]);
}
