/*
 * What is promised altogether.
 *
 * 1. Private writable memory is a promise: a page for each of its addresses,
 *    should all be written. Areas that count have VM_ACCOUNT; `committed` is
 *    the sum of their pages, of all spaces.
 *
 * 2. Mode 0 keeps no sum: it refuses what alone is more than could be had now,
 *    were all else idle. Mode 1 refuses nothing. Mode 2 keeps the sum below
 *    swap and a share of RAM, so that no promise is ever broken; of both the
 *    32nd part is left for who must repair things, and of that share the 32nd
 *    part of the asking space's own size, so that one cannot take it all.
 *
 * No lock: the counter is atomic. It is raised first and looked at then, so two
 * at once are both refused rather than both let through.
 */
#include <mm/page/page_alloc.h>
#include <mm/space/mm.h>

#define RATIO_DEFAULT 50U	/* the reference's */

struct overcommit overcommit = {
	.mode = OVERCOMMIT_GUESS, .ratio = RATIO_DEFAULT,
};

static u32 asked(u32 (*fn)(void))
{
	return fn ? fn() : 0;
}

void vm_unacct_memory(u32 pages)
{
	atomic_add(-(s32)pages, &overcommit.committed);
}

u32 vm_commit_limit(void)
{
	u32 ram = totalram_pages / 100 * overcommit.ratio +
		  totalram_pages % 100 * overcommit.ratio / 100;

	return ram + asked(overcommit.total_swap);
}

static bool could_be_had(u32 pages)
{
	struct zone *zone;
	unsigned int i;
	u32 n;

	/* one zone alone has enough, more often than not */
	for_each_zone_of(&machine_nodes, zone, i)
		if (pages < zone->free_pages - zone->free_pages / 32)
			return true;
	n = asked(overcommit.cache_pages) + asked(overcommit.free_swap) +
	    nr_unused_pages();

	return pages < n - n / 32;
}

static bool is_below_limit(const struct mm_struct *mm)
{
	u32 limit = vm_commit_limit(), own = mm ? mm->total_vm / 32 : 0;

	limit -= limit / 32;
	return limit > own &&
	       (u32)atomic_read(&overcommit.committed) < limit - own;
}

int vm_enough_memory(struct mm_struct *mm, u32 pages)
{
	bool enough = true;

	if (!pages)
		return 0;
	atomic_add((s32)pages, &overcommit.committed);
	if (overcommit.mode == OVERCOMMIT_GUESS)
		enough = could_be_had(pages);
	else if (overcommit.mode == OVERCOMMIT_NEVER)
		enough = is_below_limit(mm);
	if (enough)
		return 0;
	vm_unacct_memory(pages);
	return -ENOMEM;
}
