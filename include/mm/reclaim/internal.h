/* What the files of mm/reclaim share and nobody else includes. */
#ifndef MM_RECLAIM_INTERNAL_H
#define MM_RECLAIM_INTERNAL_H

#include <mm/reclaim/swap.h>
#include <mm/reclaim/vmscan.h>

/* --- pageout.c --- */

/*
 * Pages that were isolated from the inactive list, SWAP_CLUSTER_MAX at most:
 * those that can go go, and are freed; how many. Those left in the list are to
 * be put back; PG_active says where.
 */
u32 shrink_page_list(struct list_head *pages, struct scan_control *sc);

/* --- vmscan.c --- */

/* What is the same for all zones of a round: mapped_ratio, may_swap. */
void scan_control_refresh(struct scan_control *sc);

/* Another look at the machine's own caches of objects, at a low priority: how
 * many pages came back. lru_pages: those of the zones that were scanned. */
u32 shrink_caches(const struct zone *zone, struct scan_control *sc, u32 scanned,
		  u32 lru_pages);

static inline bool zone_of_machine(const struct zone *zone)
{
	return zone->zone_pgdat == NODE_DATA(zone->zone_pgdat->node_id);
}

/* Those that have nothing are left out but in the first round. */
static inline bool zone_is_worth_it(const struct zone *zone, int priority)
{
	return populated_zone(zone) &&
	       !(zone->all_unreclaimable && priority != DEF_PRIORITY);
}

/* A round at a priority begins: remembers the lowest for swap_tendency(). */
static inline void note_priority(struct zone *zone, int priority)
{
	zone->temp_priority = priority;
	zone->prev_priority = min(zone->prev_priority, priority);
}

#endif
