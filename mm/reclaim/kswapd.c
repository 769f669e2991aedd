/*
 * Pages are found before they are needed. ULK3 section 17.3.4.3.
 *
 * 1. One thread a node sleeps until an allocation finds a zone below pages_low
 *    (wakeup_kswapd()), and works until all zones of the node are at
 *    pages_high. So most allocations find a page, and those that may not wait
 *    have the rest, down to pages_min and below.
 *
 * 2. A run goes through the priorities from 12 to 0. Each round looks for the
 *    highest zone that has too little, and shrinks it and all those below: who
 *    finds that zone empty takes pages of the lower ones, so all should age
 *    alike. A round that got a batch ends the run, and the next one begins at
 *    12 again: priorities fall only when little comes back.
 *
 * 3. It gives up when a whole run got less than a batch, or when all zones that
 *    have too little are all_unreclaimable: who allocates wakes it again. For
 *    a large block such a run is enough; then it goes on for single pages.
 *
 * 4. It has TF_RECLAIM: what it needs itself comes out of the reserves, and it
 *    never waits for memory. It waits for no page that is being written; only
 *    when a run is hard and writes are under way it gives these a moment.
 *
 * 5. It stands before ordinary threads: it has one thing to do, does it at once
 *    and in one go, and is done. Otherwise one who allocates in a loop would
 *    come down to pages_min before its time slice is over, and reclaim by
 *    himself, in many small goes.
 *
 * 6. debug=kswapd: it works all the time, enough or not, in turns with others.
 *    Pages that can go do, soon.
 *
 * Locks: none of its own; `wanted` is exchanged in one instruction.
 */
#include <kernel/base/debug.h>
#include <kernel/base/panic.h>
#include <kernel/sched/wait.h>
#include <mm/cache/writeback.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/internal.h>

#define PRIO_KSWAPD (PRIO_DEFAULT - 1)
#define ALWAYS_PRIORITY 8	/* guessed: pages >> 8 of each list a turn */

/* debug=kswapd: it never waits. */
static bool kswapd_always;

struct kswapd {
	wait_queue_head_t wait;
	u32 wanted;		/* order + 1; 0: nothing */
	pg_data_t *pgdat;
	struct task *task;
};

static struct kswapd kswapds[MAX_NUMNODES];

/* --- a run --- */

/* What is wanted, and what came of it. */
struct balance {
	pg_data_t *pgdat;
	unsigned int order;
	struct scan_control sc;
	u32 reclaimed;		/* by all runs */
};

static bool is_balanced(const struct zone *zone, unsigned int order,
			enum zone_type class)
{
	return zone_watermark_ok(zone, order, zone->pages_high, class, 0);
}

/* The highest zone that has too little; -1: none. */
static int highest_needy(const struct balance *b)
{
	int i;

	for (i = MAX_NR_ZONES - 1; i >= 0; i--) {
		const struct zone *zone = &b->pgdat->node_zones[i];

		if (zone_is_worth_it(zone, b->sc.priority) &&
		    !is_balanced(zone, b->order, ZONE_DMA))
			break;
	}
	return i;
}

static void balance_zone(struct balance *b, struct zone *zone, u32 lru_pages)
{
	u32 before = b->sc.nr_scanned, pages;

	note_priority(zone, b->sc.priority);
	shrink_zone(zone, &b->sc);
	pages = shrink_caches(zone, &b->sc, b->sc.nr_scanned - before,
			      lru_pages);
	if (!pages && zone->pages_scanned >=
		      4 * (zone->nr_active + zone->nr_inactive))
		zone->all_unreclaimable = 1;
}

/* One round. True: all zones had enough. */
static bool balance_zones(struct balance *b)
{
	int end = highest_needy(b), i;
	bool enough = true;
	u32 lru_pages = 0;

	for (i = 0; i <= end; i++)
		lru_pages += b->pgdat->node_zones[i].nr_active +
			     b->pgdat->node_zones[i].nr_inactive;
	for (i = 0; i <= end; i++) {
		struct zone *zone = &b->pgdat->node_zones[i];

		if (!zone_is_worth_it(zone, b->sc.priority))
			continue;
		if (!is_balanced(zone, b->order, (enum zone_type)end))
			enough = false;
		balance_zone(b, zone, lru_pages);
		cond_resched();
	}
	return enough;
}

/* From 12 to 0. True: there is enough now. */
static bool balance_run(struct balance *b)
{
	struct scan_control *sc = &b->sc;
	struct zone *zone = b->pgdat->node_zones;
	bool enough = false;
	int i;

	sc->nr_scanned = sc->nr_reclaimed = sc->nr_writeback = 0;
	for (i = 0; i < MAX_NR_ZONES; i++)
		zone[i].temp_priority = DEF_PRIORITY;
	count_vm_event(PAGEOUTRUN);
	for (sc->priority = DEF_PRIORITY; sc->priority >= 0; sc->priority--) {
		u32 on_their_way = sc->nr_writeback;

		scan_control_refresh(sc);
		enough = balance_zones(b);
		if (enough || sc->nr_reclaimed >= SWAP_CLUSTER_MAX)
			break;
		if (sc->nr_writeback != on_their_way &&
		    sc->priority < DEF_PRIORITY - 2)
			congestion_wait();
	}
	for (i = 0; i < MAX_NR_ZONES; i++)
		zone[i].prev_priority = zone[i].temp_priority;
	b->reclaimed += sc->nr_reclaimed;
	return enough;
}

u32 balance_pgdat(pg_data_t *pgdat, unsigned int order)
{
	struct balance b = {
		.pgdat = pgdat, .order = order,
		.sc = { .gfp = GFP_KERNEL, .may_writepage = true,
			.kswapd = true, .swappiness = vm_swappiness },
	};

	might_sleep();
	while (!balance_run(&b)) {
		bool little = b.sc.nr_reclaimed < SWAP_CLUSTER_MAX;

		if (little && !b.order)
			break;
		if (little)
			b.order = 0;
		cond_resched();
	}
	return b.reclaimed;
}

/* --- the threads --- */

/* A part of all lists, needed or not. */
static void shrink_for_its_own_sake(pg_data_t *pgdat)
{
	struct scan_control sc = {
		.gfp = GFP_KERNEL, .may_writepage = true, .kswapd = true,
		.swappiness = 100, .priority = ALWAYS_PRIORITY,
	};
	int i;

	scan_control_refresh(&sc);
	for (i = 0; i < MAX_NR_ZONES; i++)
		if (populated_zone(&pgdat->node_zones[i]))
			shrink_zone(&pgdat->node_zones[i], &sc);
}

static bool has_work(const struct kswapd *k)
{
	return __atomic_load_n(&k->wanted, __ATOMIC_SEQ_CST) || kswapd_always;
}

static int kswapd(void *data)
{
	struct kswapd *k = data;
	u32 wanted;

	current_flags |= TF_RECLAIM;
	while (!wait_event_interruptible(k->wait, has_work(k))) {
		wanted = __atomic_exchange_n(&k->wanted, 0, __ATOMIC_SEQ_CST);
		if (wanted)
			balance_pgdat(k->pgdat, wanted - 1);
		if (kswapd_always) {
			shrink_for_its_own_sake(k->pgdat);
			yield();
		}
	}
	return 0;
}

void wakeup_kswapd(struct zone *zone, unsigned int order)
{
	struct kswapd *k = &kswapds[zone->zone_pgdat->node_id];
	u32 wanted = k->wanted;

	if (zone->zone_pgdat != k->pgdat || wanted > order ||
	    !populated_zone(zone) ||
	    zone_watermark_ok(zone, order, zone->pages_low, ZONE_DMA, 0))
		return;
	while (wanted <= order &&
	       !__atomic_compare_exchange_n(&k->wanted, &wanted, order + 1,
					    false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		;
	wake_up(&k->wait);
}

static void start(struct kswapd *k, pg_data_t *pgdat)
{
	init_waitqueue_head(&k->wait);
	k->pgdat = pgdat;
	k->task = kthread_run_prio(kswapd_always ? PRIO_DEFAULT : PRIO_KSWAPD,
				   kswapd, k, "kswapd%d", pgdat->node_id);
	if (!k->task)
		panic("no memory for the thread that gets memory back");
}

void vmscan_init(void)
{
	unsigned int i;

	kswapd_always = debug_enabled(DEBUG_KSWAPD);
	for (i = 0; i < machine_nodes.nr; i++)
		start(&kswapds[i], machine_nodes.node[i]);
	reclaim_hooks.congestion_wait = congestion_wait;
	reclaim_hooks.try_to_free_pages = try_to_free_pages;
	reclaim_hooks.wakeup_kswapd = wakeup_kswapd;
}
