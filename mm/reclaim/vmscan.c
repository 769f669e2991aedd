/*
 * Getting pages back from a zone. ULK3 sections 17.3.2 and 17.3.4.
 *
 * 1. Two lists. Pages come in at the begin of either list and are looked at
 *    from the end. Active ones that were not used become inactive, inactive
 *    ones that were not used go (pageout.c), those that were become active
 *    again. Nobody knows how long ago a page was used: but a page that is used
 *    more often than the lists turn around stays.
 *
 * 2. How far. A round at priority p looks at 1 / 2^p of each list, 12 first,
 *    then further and further until enough came back. What is less than a batch
 *    of 32 adds up in nr_scan_active and nr_scan_inactive: small zones have
 *    their turn, too. Batches of both lists alternate, so that both become
 *    shorter by the same share.
 *
 * 3. Whose pages. Pages that no entry shows go before those that a process
 *    uses, until swap_tendency() says otherwise: half the share of RAM that
 *    entries show, plus 100 / 2^prev_priority (how hard it was last time), plus
 *    swappiness (60). At 100 it is everybody's turn.
 *
 * 4. Nothing more to be had. A zone in which four times as many pages were
 *    looked at as it has, and none was freed, is all_unreclaimable: kswapd
 *    leaves it alone but for one glance a run. Any page that comes back to the
 *    zone's free lists ends that (mm/page).
 *
 * 5. Whoever gets nothing back may have somebody killed. In a small zone whose
 *    pages are all mapped and new, the rounds from 12 to 0 are just enough to
 *    make them inactive, and what goes to a disk is not there yet. So the last
 *    round is repeated, a few times, while nothing came back and it made pages
 *    inactive or met some on their way out.
 *
 * 6. Who reclaims directly holds what allocators hold: see pageout.c. He has
 *    TF_RECLAIM (mm/page set it): what he allocates meanwhile may take the
 *    reserves, and does not come here again.
 *
 * 7. Private memory. All of it was used when it came, so the first look at an
 *    active page would say "used" and nothing more. It only takes the entries'
 *    accessed bits away, and the page becomes inactive: there it is looked at
 *    once more before it goes, and who was used meanwhile is active again.
 *    (The reference keeps it active, and looks three times: a third more for
 *    each page that goes, measured.) Pages of files that entries show stay
 *    active while they are used: programs' text is better than a guess.
 *
 * Locks: zone->lru_lock for a batch at a time. The counters of sections 2 and 4
 * are nobody's: two that reclaim at once may lose a few, which only makes them
 * look at a few pages more or less.
 */
#include <kernel/base/cmdline.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/sched/task.h>
#include <mm/cache/radix_nodes.h>
#include <mm/cache/writeback.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/internal.h>
#include <mm/reclaim/lru.h>
#include <mm/space/rmap.h>

u32 vm_swappiness = SWAPPINESS_DEFAULT;

static int set_swappiness(const char *value)
{
	const char *end;
	u64 n;

	if (parse_size(value, &end, &n) || *end)
		return -EINVAL;
	if (n > 100)
		return -ERANGE;
	vm_swappiness = (u32)n;
	return 0;
}

KERNEL_PARAM(swappiness, "swappiness", set_swappiness, PARAM_VALUE, "0..100",
	     "when memory of programs goes, too: 0 last, 100 at once");

#define CACHES_PRIORITY 2	/* guessed: a quarter of all did not help */
#define LAST_ROUNDS 8U		/* guessed: three do without a slow disk */

u32 swap_tendency(u32 mapped_ratio, s32 prev_priority, u32 swappiness)
{
	u32 distress = 100U >> prev_priority;

	return mapped_ratio / 2 + distress + swappiness;
}

void scan_control_refresh(struct scan_control *sc)
{
	u32 percent = totalram_pages / 100 + 1;
	struct space_counts shown = sum_space_counts();
	u32 ratio = (shown.anon + shown.file) / percent;

	sc->mapped_ratio = min(ratio, 100U);
	sc->may_swap = nr_swap_pages() != 0;
}

/* Those that lost their last other user meanwhile are free now: how many. */
static u32 put_back(struct zone *zone, struct list_head *pages)
{
	struct page *gone[SWAP_CLUSTER_MAX], *page, *next;
	u32 n = 0;

	putback_lru_pages(zone, pages);
	list_for_each_entry_safe(page, next, pages, lru) {
		list_del(&page->lru);
		page_forget_anon(page);
		page->flags &= ~(1U << PG_active);
		gone[n++] = page;
	}
	if (n)
		free_pages_bulk(n, gone);
	return n;
}

/* --- active --- */

/* An active page that entries show: was it used? Its lock is only tried. */
static bool used_lately(struct page *page)
{
	bool used;

	if (!trylock_page(page))
		return true;
	used = page_referenced(page) != 0;
	unlock_page(page);
	return used;
}

static bool stays_active(struct page *page, const struct scan_control *sc,
			 bool mapped_too)
{
	if (!page_mapcount(page))
		return false;
	if (!mapped_too)
		return true;
	if (!PageAnon(page))
		return used_lately(page);
	if (!PageSwapCache(page) && !sc->may_swap)
		return true;
	/* see 7 */
	used_lately(page);
	return false;
}

static void refill_inactive(struct zone *zone, u32 nr, struct scan_control *sc)
{
	bool mapped_too = swap_tendency(sc->mapped_ratio, zone->prev_priority,
					sc->swappiness) >= 100;
	u32 scanned = 0, moved = 0;
	struct page *page;
	LIST_HEAD(pages);

	isolate_lru_pages(zone, true, nr, &pages, &scanned);
	zone->pages_scanned += scanned;
	list_for_each_entry(page, &pages, lru) {
		if (stays_active(page, sc, mapped_too))
			continue;
		ClearPageActive(page);
		trace_page(page, PAGE_INACTIVE);
		moved++;
	}
	count_zone_vm_events(zone, PGREFILL, scanned);
	count_vm_events(PGDEACTIVATE, moved);
	sc->nr_inactivated += moved;
	sc->nr_reclaimed += put_back(zone, &pages);
}

/* --- inactive --- */

static void shrink_inactive(struct zone *zone, u32 nr, struct scan_control *sc)
{
	u32 scanned = 0, freed;
	LIST_HEAD(pages);

	isolate_lru_pages(zone, false, nr, &pages, &scanned);
	zone->pages_scanned += scanned;
	sc->nr_scanned += scanned;
	freed = shrink_page_list(&pages, sc);
	freed += put_back(zone, &pages);
	sc->nr_reclaimed += freed;
	count_zone_vm_events(zone, sc->kswapd ? PGSCAN_KSWAPD : PGSCAN_DIRECT,
			     scanned);
	count_zone_vm_events(zone, sc->kswapd ? PGSTEAL_KSWAPD :
			     PGSTEAL_DIRECT, freed);
}

/* What is due of a list, once that is a batch; else 0, and it adds up. */
static u32 take_due(u32 *due, u32 pages, int priority)
{
	u32 nr = *due + (pages >> priority) + 1;

	*due = nr >= SWAP_CLUSTER_MAX ? 0 : nr;
	return nr - *due;
}

void shrink_zone(struct zone *zone, struct scan_control *sc)
{
	u32 active, inactive, before = sc->nr_reclaimed, n;

	lru_add_drain();
	active = take_due(&zone->nr_scan_active, zone->nr_active, sc->priority);
	inactive = take_due(&zone->nr_scan_inactive, zone->nr_inactive,
			    sc->priority);
	while (active || inactive) {
		n = min(active, SWAP_CLUSTER_MAX);
		if (n)
			refill_inactive(zone, n, sc);
		active -= n;
		n = min(inactive, SWAP_CLUSTER_MAX);
		if (n)
			shrink_inactive(zone, n, sc);
		inactive -= n;
		if (sc->nr_reclaimed - before >= SWAP_CLUSTER_MAX)
			break;
		cond_resched();
	}
}

/* --- who needs pages himself --- */

u32 shrink_caches(const struct zone *zone, struct scan_control *sc, u32 scanned,
		  u32 lru_pages)
{
	u32 pages;

	/* objects are the machine's pages */
	if (!zone_of_machine(zone))
		return 0;
	shrink_slab(scanned, sc->gfp, lru_pages);
	if (sc->priority > CACHES_PRIORITY)
		return 0;
	radix_nodes_drain();
	pages = kmem_caches_shrink();
	sc->nr_reclaimed += pages;
	return pages;
}

static void shrink_zones(struct zonelist *zonelist, struct scan_control *sc)
{
	u32 lru_pages = 0, before = sc->nr_scanned;
	struct zone **z;

	for (z = zonelist->zones; *z; z++) {
		if (!zone_is_worth_it(*z, sc->priority))
			continue;
		note_priority(*z, sc->priority);
		shrink_zone(*z, sc);
		lru_pages += (*z)->nr_active + (*z)->nr_inactive;
	}
	shrink_caches(zonelist->zones[0], sc, sc->nr_scanned - before,
		      lru_pages);
}

/* A round of all zones. True: some of their pages may come back later. */
static bool free_some(struct zonelist *zonelist, struct scan_control *sc)
{
	u32 on_their_way = sc->nr_writeback, inactivated = sc->nr_inactivated;

	scan_control_refresh(sc);
	shrink_zones(zonelist, sc);
	if (sc->nr_reclaimed >= SWAP_CLUSTER_MAX)
		return false;
	/* many looked at, few came back: they are dirty */
	if (sc->nr_scanned > SWAP_CLUSTER_MAX + SWAP_CLUSTER_MAX / 2)
		wakeup_writeback(sc->nr_scanned);
	if (sc->nr_writeback != on_their_way && sc->priority < DEF_PRIORITY - 2)
		congestion_wait();
	return sc->nr_writeback != on_their_way ||
	       sc->nr_inactivated != inactivated;
}

u32 try_to_free_pages(struct zonelist *zonelist, gfp_t gfp, unsigned int order)
{
	struct scan_control sc = {
		.gfp = gfp, .may_writepage = true, .swappiness = vm_swappiness,
		.priority = DEF_PRIORITY,
	};
	u32 rounds = DEF_PRIORITY + 1 + LAST_ROUNDS;
	struct zone **z;

	might_sleep();
	for (z = zonelist->zones; *z; z++)
		(*z)->temp_priority = DEF_PRIORITY;
	while (rounds--) {
		bool later = free_some(zonelist, &sc);

		if (sc.nr_reclaimed >= SWAP_CLUSTER_MAX)
			break;
		/* see 5 */
		if (!sc.priority && (sc.nr_reclaimed || !later))
			break;
		sc.priority = max(sc.priority - 1, 0);
	}
	for (z = zonelist->zones; *z; z++)
		(*z)->prev_priority = (*z)->temp_priority;
	return sc.nr_reclaimed;
}
