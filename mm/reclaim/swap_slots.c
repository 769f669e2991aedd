/*
 * The slots of one swap area: which are free, and who says them.
 *
 * 1. States: the table in swap.h. map[] holds counts of 15 bits and
 *    SWAP_MAP_BAD, page[] the swap cache. A slot is free when both are empty.
 *
 * 2. Which one is next. A disk likes slots in a row, written and read back. So
 *    there are clusters of SWAP_CLUSTER, and slots are taken out of one that
 *    was wholly free, one behind the other, until it ends. Then the next one
 *    that is wholly free; if there is none, the first free slot for as many
 *    times, before that is looked for again.
 *
 * 3. To look for a slot is no long walk: cluster[] counts the free slots of
 *    each, so one that is full is one step, and nothing is free outside of
 *    [lowest, highest].
 *
 * 4. A write that fails makes a slot bad, whoever says it. It is not among the
 *    usable ones from then on; entries may say it on, as its page stays in
 *    memory, and when the last of them and the page have gone nobody gets it.
 *
 * Lock: swap_area.lock. Cost: some 40 instructions for a slot of a cluster.
 */
#include <kernel/lib/bug.h>
#include <mm/reclaim/swap_internal.h>

static bool is_free(const struct swap_area *area, u32 offset)
{
	return !area->map[offset] && !area->page[offset];
}

void swap_slots_init(struct swap_area *area)
{
	u32 i;

	for (i = 0; i < swap_clusters(area->slots); i++)
		area->cluster[i] = (u16)min(area->slots - i * SWAP_CLUSTER,
					    SWAP_CLUSTER);
	area->usable = area->slots - 1;
	area->inuse = area->cached = 0;
	area->lowest = 1;
	area->highest = area->slots - 1;
	area->cluster_next = area->cluster_left = 0;
	area->map[0] = SWAP_MAP_BAD;
	area->cluster[0]--;
}

/* --- which one is next --- */

/* The first free one of [from, end); 0: none. */
static u32 first_free(const struct swap_area *area, u32 from, u32 end)
{
	while (from < end) {
		if (!area->cluster[from / SWAP_CLUSTER])
			from = ALIGN_DOWN(from, SWAP_CLUSTER) + SWAP_CLUSTER;
		else if (is_free(area, from))
			return from;
		else
			from++;
	}
	return 0;
}

/* The begin of a cluster that is wholly free; 0: there is none. */
static u32 free_cluster(const struct swap_area *area)
{
	u32 i, end = area->highest / SWAP_CLUSTER;

	for (i = area->lowest / SWAP_CLUSTER; i <= end; i++)
		if (area->cluster[i] == SWAP_CLUSTER)
			return i * SWAP_CLUSTER;
	return 0;
}

/* Where the cluster that is being filled ends. */
static u32 cluster_end(const struct swap_area *area)
{
	return min(ALIGN_DOWN(area->cluster_next, SWAP_CLUSTER) + SWAP_CLUSTER,
		   area->slots);
}

static u32 pick(struct swap_area *area)
{
	u32 at = 0;

	if (!area->cluster_left) {
		area->cluster_next = free_cluster(area);
		area->cluster_left = SWAP_CLUSTER;
	}
	area->cluster_left--;
	if (area->cluster_next)
		at = first_free(area, area->cluster_next, cluster_end(area));
	if (at) {
		area->cluster_next = at + 1;
		if (at + 1 == cluster_end(area) || !((at + 1) % SWAP_CLUSTER))
			area->cluster_next = area->cluster_left = 0;
		return at;
	}
	area->cluster_next = 0;
	at = first_free(area, area->lowest, area->highest + 1);
	if (at)
		area->lowest = at;
	return at;
}

u32 swap_slot_take(struct swap_area *area, u16 count, struct page *page)
{
	u32 at;

	BUG_ON(!count && !page, "a slot of swap for nobody");
	if (area->inuse >= area->usable)
		return 0;
	at = pick(area);
	BUG_ON(!at, "no slot of swap is free, and the count says so");
	if (at == area->lowest)
		area->lowest++;
	if (at == area->highest)
		area->highest--;
	area->cluster[at / SWAP_CLUSTER]--;
	area->inuse++;
	area->map[at] = count;
	if (page) {
		area->page[at] = page;
		area->cached++;
	}
	return at;
}

/* --- who says it --- */

/* Nobody has it any more. */
static void give_back(struct swap_area *area, u32 offset)
{
	if (area->map[offset] & SWAP_MAP_BAD)
		return;
	area->inuse--;
	area->cluster[offset / SWAP_CLUSTER]++;
	area->lowest = min(area->lowest, offset);
	area->highest = max(area->highest, offset);
}

bool swap_slot_get(struct swap_area *area, u32 offset)
{
	u32 count = swap_slot_count(area, offset);

	if ((!count && !area->page[offset]) || count == SWAP_MAP_MAX)
		return false;
	area->map[offset]++;
	return true;
}

bool swap_slot_put(struct swap_area *area, u32 offset)
{
	BUG_ON(!swap_slot_count(area, offset),
	       "an entry of a swap slot goes, and it had none");
	area->map[offset]--;
	if (swap_slot_count(area, offset))
		return false;
	if (!area->page[offset])
		give_back(area, offset);
	return true;
}

void swap_slot_enter(struct swap_area *area, u32 offset, struct page *page)
{
	BUG_ON(area->page[offset], "a swap slot has two pages");
	area->page[offset] = page;
	area->cached++;
}

void swap_slot_leave(struct swap_area *area, u32 offset)
{
	BUG_ON(!area->page[offset], "a page leaves a swap slot that has none");
	area->page[offset] = NULL;
	area->cached--;
	if (!swap_slot_count(area, offset))
		give_back(area, offset);
}

bool swap_slot_spoil(struct swap_area *area, u32 offset)
{
	bool used = !is_free(area, offset);

	if (swap_slot_is_bad(area, offset))
		return false;
	if (used)
		area->inuse--;
	else
		area->cluster[offset / SWAP_CLUSTER]--;
	area->usable--;
	area->map[offset] |= SWAP_MAP_BAD;
	return true;
}

/* --- checks --- */

struct tally {
	u32 usable, inuse, cached;
};

static void count_slot(const struct swap_area *area, u32 offset,
		       struct tally *tally)
{
	bool used = !is_free(area, offset);

	tally->cached += area->page[offset] != NULL;
	if (swap_slot_is_bad(area, offset))
		return;
	tally->usable++;
	tally->inuse += used;
}

static bool is_misplaced(const struct swap_area *area, u32 offset)
{
	return is_free(area, offset) &&
	       (offset < area->lowest || offset > area->highest);
}

static u32 told(bool wrong, void (*report)(const char *), const char *what)
{
	if (wrong)
		report(what);
	return wrong;
}

u32 swap_check_slots(struct swap_area *area,
		     void (*report)(const char *sentence))
{
	struct tally tally = { .usable = 0 };
	u32 i, n = 0, empty = 0, misplaced = 0;

	for (i = 0; i < area->slots; i++) {
		count_slot(area, i, &tally);
		misplaced += is_misplaced(area, i);
		empty += is_free(area, i);
		if ((i + 1) % SWAP_CLUSTER && i + 1 < area->slots)
			continue;
		n += told(area->cluster[i / SWAP_CLUSTER] != empty, report,
			  "a cluster of swap slots has another number of free "
			  "ones than it says");
		empty = 0;
	}
	n += told(misplaced, report,
		  "a free swap slot is outside of where free ones are");
	n += told(tally.usable != area->usable, report,
		  "a swap area has other good slots than it says");
	n += told(tally.inuse != area->inuse, report,
		  "a swap area has other slots in use than it says");
	n += told(tally.cached != area->cached, report,
		  "a swap area has other pages in its cache than it says");
	return n;
}
