/*
 * Nodes and zones. ULK3 sections 8.1.2 to 8.1.6.
 *
 * All are instances. The machine's own stand in node_data[]; a test makes one
 * of a few pages (node_init(), zone_init()) and drives it to exhaustion.
 */
#ifndef MM_PAGE_MMZONE_H
#define MM_PAGE_MMZONE_H

#include <kernel/cpu/percpu.h>
#include <kernel/lock.h>
#include <mm/page/gfp.h>
#include <mm/page/page.h>

#define MAX_ORDER 11		/* blocks of 1 to 1024 pages: 4 MB */
#define MAX_NUMNODES 16		/* guessed: the reference's for NUMA-Q */

enum zone_type { ZONE_DMA, ZONE_NORMAL, ZONE_HIGHMEM, MAX_NR_ZONES };

#define MAX_DMA_PFN 0x1000U	/* 16 MB: as far as the ISA bus reaches */

struct free_area {
	struct list_head free_list;	/* blocks, by page->lru */
	u32 nr_free;			/* how many */
};

/*
 * Single pages kept for one CPU: most allocations take no lock. The CPU's own,
 * with interrupts off. A stack: the page freed last, which may still be in the
 * cache, goes out first.
 *
 * take_above and put_below are low and high again, as the hot way compares
 * them; while page_debugging is on they are such that nothing goes that way.
 */
#define PCP_BATCH_MOST 16		/* derived: 256 KB / 4, see mmzone.c */
#define PCP_MOST (6 * PCP_BATCH_MOST)	/* derived: high of the hot one */

struct per_cpu_pages {
	u32 count;		/* pages on the stack */
	u32 take_above;
	u32 put_below;
	u32 low;		/* fetch a batch at or below */
	u32 high;		/* give a batch back at or above */
	u32 batch;
	struct page *stack[PCP_MOST];
};

/* What is counted of each zone, on each CPU; zone_count() makes sense of it. */
struct alloc_counters {
	u32 numa_hit;		/* blocks from here for who wanted this node */
	u32 numa_miss;		/* and for who wanted another */
	u32 numa_foreign;	/* blocks wanted here, served elsewhere */
	u32 more_pages;		/* of those blocks, beyond the first page */
	u32 pgfree;		/* pages that came back */
};

/*
 * Of the small blocks, too, the one freed last is kept: most are asked for
 * again at once, and would be merged and split all the way up and down.
 */
#define PCP_BLOCK_MOST 3		/* the reference's "costly" order */

struct per_cpu_pageset {
	struct per_cpu_pages pcp[2];	/* hot; cold (__GFP_COLD) */
	struct alloc_counters count;
	struct page *block[PCP_BLOCK_MOST + 1];	/* by order, from 1 */
};

/*
 * As Linux shows it. Each allocation counts once in each of the first two rows,
 * and once more at the wanted zone if it was a miss:
 *
 *	numa_hit	from the wanted node (the first zone's of the zonelist)
 *	numa_miss	from another; numa_foreign counts at the wanted zone
 *
 *	local_node	from the node of the CPU that asked
 *	other_node	from another
 *
 *	pgalloc		pages given out
 *	pgfree		pages that came back
 */
struct zone_counters {
	u32 numa_hit, numa_miss, numa_foreign, local_node, other_node;
	u32 pgalloc, pgfree;
};

enum watermark { WMARK_MIN, WMARK_LOW, WMARK_HIGH, NR_WMARKS };

struct zone {
	/* what an allocation of one page reads */
	u32 free_pages;			/* on free_area; not those per CPU */
	u32 hot_mark;		/* derived: pages_low + reserve[own type] */
	struct per_cpu_pageset pageset[NR_CPUS];

	u32 pages_min, pages_low, pages_high;
	/* pages kept from allocations that may use that higher class, too */
	u32 lowmem_reserve[MAX_NR_ZONES];

	spinlock_t lock;		/* free_area, free_pages */
	struct free_area free_area[MAX_ORDER];

	/* mm/reclaim's: lru.h; how far it has looked */
	spinlock_t lru_lock;
	struct list_head active_list, inactive_list;
	u32 nr_active, nr_inactive, pages_scanned;
	u32 nr_scan_active, nr_scan_inactive;
	u32 all_unreclaimable;
	s32 prev_priority, temp_priority;

	/* constant after it was set up */
	struct pglist_data *zone_pgdat;
	const char *name;		/* "DMA", "Normal", "HighMem" */
	enum zone_type type;
	u32 id;				/* index of zone_table[] */
	u32 zone_start_pfn;
	u32 spanned_pages;		/* with holes */
	u32 present_pages;		/* frames of RAM, be they reserved */
	u32 managed_pages;		/* what was given to the allocator */
};

/* The zones to try, the best first; NULL ends them. */
struct zonelist {
	struct zone *zones[MAX_NUMNODES * MAX_NR_ZONES + 1];
};

typedef struct pglist_data {
	int node_id;
	u32 node_start_pfn;
	u32 node_spanned_pages, node_present_pages;
	struct page *node_mem_map;		/* page of node_start_pfn */
	struct zone node_zones[MAX_NR_ZONES];	/* not populated: no pages */
	struct zonelist node_zonelists[GFP_ZONETYPES];	/* by gfp & mask */
} pg_data_t;

/* Nodes that go together: the machine's, or a test's. */
struct node_set {
	unsigned int nr;
	pg_data_t *node[MAX_NUMNODES];
	u8 distance[MAX_NUMNODES][MAX_NUMNODES];	/* 10: itself */
	bool has_cpu[MAX_NUMNODES];
};

extern struct node_set machine_nodes;
#define NODE_DATA(nid) (machine_nodes.node[nid])

extern int cpu_to_node[NR_CPUS];
static inline int numa_node_id(void)
{
	return cpu_to_node[smp_processor_id()];
}

/* Every zone by the top bits of page->flags: the machine's are node * 4 + type,
 * those from ZONEID_PRIVATE up are for tests. */
extern struct zone *zone_table[MAX_ZONEIDS];
#define ZONEID_PRIVATE (MAX_NUMNODES * 4U)

static inline u32 zone_id(int node, enum zone_type type)
{
	return (u32)node * 4 + type;
}

static inline struct zone *page_zone(const struct page *page)
{
	return zone_table[page->flags >> ZONEID_SHIFT];
}

static inline int page_to_nid(const struct page *page)
{
	return page_zone(page)->zone_pgdat->node_id;
}

static inline bool populated_zone(const struct zone *zone)
{
	return zone->present_pages != 0;
}

/* Counters of one CPU, by the meaning above. */
void zone_count(const struct zone *zone, unsigned int cpu,
		struct zone_counters *count);

/* for (zone of node_set): all, the empty ones too; i counts. */
#define for_each_zone_of(set, zone, i)					\
	for ((i) = 0; (i) < (set)->nr * MAX_NR_ZONES &&			\
	     ((zone) = &(set)->node[(i) / MAX_NR_ZONES]->node_zones[	\
			(i) % MAX_NR_ZONES], true); (i)++)

/* --- making them; no locks, before anybody else knows of the instance --- */

/* An empty node with empty zones, which are entered in zone_table[first_id]
 * and the next two places. */
void node_init(pg_data_t *pgdat, int node_id, u32 first_id);

/* present <= spanned. Batch and high of the CPU lists follow from present. */
void zone_init(struct zone *zone, u32 start_pfn, u32 spanned, u32 present);

/* Does the hot way serve this zone? Off while page_debugging is on. */
void zone_set_hot(struct zone *zone, bool hot);

/*
 * zonelists of all nodes: own node first, then by distance, nodes without CPUs
 * before others at the same distance, then the next higher number; in each node
 * HIGHMEM, NORMAL, DMA as far as the class goes. Empty zones are left out.
 */
void build_zonelists(struct node_set *set);
void build_zonelist(const struct node_set *set, unsigned int home,
		    unsigned int modifiers, struct zonelist *list);

/* --- watermarks (mm/page/watermark.c) --- */

/* The reference's rule: int_sqrt(lowmem KB * 16), within 128 .. 65536. */
u32 default_min_free_kbytes(const struct node_set *set);

/*
 * pages_min, low, high, lowmem_reserve and hot_mark of every zone.
 * 128 <= min_free_kbytes <= 65536. Takes each zone->lock.
 */
void setup_per_zone_pages_min(struct node_set *set, u32 min_free_kbytes);
extern u32 min_free_kbytes;	/* the machine's */

/* The rule behind lowmem_reserve[class] of a node's zone. */
u32 zone_reserve(const pg_data_t *pgdat, enum zone_type lower,
		 unsigned int class);

/* Sets one zone's marks by hand: for tests. Derives hot_mark. */
void zone_set_marks(struct zone *zone, u32 pages_min, u32 low, u32 high);

#define ALLOC_HARDER 0x1U	/* may not wait, or dies: a quarter less */
#define ALLOC_HIGH 0x2U		/* __GFP_HIGH: half less */

/*
 * May 1 << order pages be taken? What is free then must exceed mark (less what
 * flags allow) + lowmem_reserve[classzone], and, for each order below, half of
 * the mark before it must stand in blocks that are larger. ULK3 section 8.1.8.
 * Reads without the lock: an answer may be late by what others do meanwhile.
 */
bool zone_watermark_ok(const struct zone *zone, unsigned int order, u32 mark,
		       enum zone_type classzone, unsigned int flags);

/* Largest r with r * r <= x. Pure. */
u32 int_sqrt(u32 x);

#endif
