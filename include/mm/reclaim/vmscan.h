/*
 * Getting pages back. ULK3 sections 17.3.2 to 17.3.4.
 */
#ifndef MM_RECLAIM_VMSCAN_H
#define MM_RECLAIM_VMSCAN_H

#include <kernel/lib/list.h>
#include <mm/page/mmzone.h>

#define DEF_PRIORITY 12			/* the reference's */
#define SWAPPINESS_DEFAULT 60U		/* the reference's */

/* What one who reclaims may do, wants, and got. */
struct scan_control {
	gfp_t gfp;
	int priority;		/* lists >> priority are looked at */
	bool may_swap;		/* there are free slots */
	bool may_writepage;	/* dirty pages may be written */
	bool kswapd;		/* for the counts */
	u32 swappiness;		/* 0 to 100 */
	u32 mapped_ratio;	/* percent of RAM that entries show */
	/* these add up */
	u32 nr_scanned;		/* inactive pages looked at */
	u32 nr_reclaimed;	/* pages freed */
	u32 nr_writeback;	/* pages met that were on their way out */
	u32 nr_inactivated;	/* active pages that became inactive */
};

/* At 100 and above pages that entries show go, too. Pure. */
u32 swap_tendency(u32 mapped_ratio, s32 prev_priority, u32 swappiness);

/* One zone at sc->priority: active pages become inactive, inactive ones go. May
 * sleep. */
void shrink_zone(struct zone *zone, struct scan_control *sc);

/* Until SWAP_CLUSTER_MAX pages came back, or nothing more does: how many. What
 * allocators hold may be held: here page locks, mmap_sem and i_mmap_lock are
 * only tried. May sleep. */
u32 try_to_free_pages(struct zonelist *zonelist, gfp_t gfp, unsigned int order);

/* A node's zones up to pages_high, and a block of that order: how many pages
 * came back. May sleep. */
u32 balance_pgdat(pg_data_t *pgdat, unsigned int order);

/* kswapd of its node begins to work, if the zone is below pages_low. Zones that
 * are not the machine's: nothing. Any context. */
void wakeup_kswapd(struct zone *zone, unsigned int order);

/* Boot: a kswapd for each node of the machine, and the hooks of mm/page. */
void vmscan_init(void);

extern u32 vm_swappiness;		/* percent */

/* --- shrinkers (mm/reclaim/shrinker.c) --- */

/*
 * A cache of objects that can be made smaller. shrink(0): how many objects
 * could go; shrink(n): looks at n of them, and how many could go then; -1: not
 * now (gfp forbids it). seeks: what it costs to make one again, 2 as a page.
 */
#define DEFAULT_SEEKS 2U		/* the reference's */

struct shrinker {
	int (*shrink)(u32 nr_to_scan, gfp_t gfp);
	u32 seeks;
	/* the rest is not the owner's */
	struct list_head list;
	u32 nr;				/* to be looked at still */
};

/* Threads; may sleep. */
void register_shrinker(struct shrinker *shrinker);
void unregister_shrinker(struct shrinker *shrinker);

/* Of `scanned` out of lru_pages the same share of objects: how many went. May
 * sleep. */
u32 shrink_slab(u32 scanned, gfp_t gfp, u32 lru_pages);

#endif
