/*
 * Objects that are kept because they may be wanted again: they go as pages do.
 * ULK3 section 17.3.2.2.
 *
 * Of the pages on the lists a part was looked at; of each cache's objects the
 * same part is due, more where an object is cheap to make anew:
 *
 *	4 / seeks * scanned / lru_pages * objects
 *
 * What is less than a batch of 128 adds up, and so does what a cache could not
 * do now (-1).
 *
 * Lock: shrinkers_lock, a mutex that is tried: whoever registers, or has a
 * shrinker called, may need memory himself.
 */
#include <kernel/lib/math64.h>
#include <kernel/sched/mutex.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/internal.h>

#define SHRINK_BATCH 128U	/* the reference's */

static LIST_HEAD(shrinkers);
static DEFINE_MUTEX(shrinkers_lock);

void register_shrinker(struct shrinker *shrinker)
{
	shrinker->nr = 0;
	mutex_lock(&shrinkers_lock);
	list_add_tail(&shrinker->list, &shrinkers);
	mutex_unlock(&shrinkers_lock);
}

void unregister_shrinker(struct shrinker *shrinker)
{
	mutex_lock(&shrinkers_lock);
	list_del(&shrinker->list);
	mutex_unlock(&shrinkers_lock);
}

/* Objects that are there, and can go now. */
static u32 count_of(struct shrinker *shrinker, gfp_t gfp)
{
	int n = shrinker->shrink(0, gfp);

	return n > 0 ? (u32)n : 0;
}

/* What is due adds up; no more than all there are, twice. */
static void add_due(struct shrinker *shrinker, u32 objects, u32 scanned,
		    u32 lru_pages)
{
	u32 share = scanned * 4 / shrinker->seeks;
	u64 due = div_u64((u64)share * objects, lru_pages + 1);

	due += shrinker->nr;
	shrinker->nr = (u32)min(due, (u64)objects * 2);
}

static u32 shrink_one(struct shrinker *shrinker, gfp_t gfp)
{
	u32 gone = 0;

	while (shrinker->nr >= SHRINK_BATCH) {
		u32 before = count_of(shrinker, gfp);
		int left = shrinker->shrink(SHRINK_BATCH, gfp);

		if (left < 0)
			break;
		gone += before > (u32)left ? before - (u32)left : 0;
		shrinker->nr -= SHRINK_BATCH;
		count_vm_events(SLABS_SCANNED, SHRINK_BATCH);
		cond_resched();
	}
	return gone;
}

u32 shrink_slab(u32 scanned, gfp_t gfp, u32 lru_pages)
{
	struct shrinker *shrinker;
	u32 gone = 0;

	if (!mutex_trylock(&shrinkers_lock))
		return 0;
	list_for_each_entry(shrinker, &shrinkers, list) {
		add_due(shrinker, count_of(shrinker, gfp), scanned, lru_pages);
		gone += shrink_one(shrinker, gfp);
	}
	mutex_unlock(&shrinkers_lock);
	return gone;
}
