/*
 * The elevator: which request goes next.
 *
 * 1. What for. A disk's arm takes milliseconds to move: requests for sectors
 *    near each other go one behind the other, and those for neighbours become
 *    one. ULK3 section 14.3.4 (the deadline scheduler).
 *
 * 2. Two lists hold each request that waits: by sector, and by age. The next is
 *    the first at or above the place where the last one ended, and from the
 *    lowest again if there is none. But if the oldest has waited `expire`
 *    ticks, it is next: so nothing waits longer than that and the time that
 *    those take which expired before it.
 *
 * 3. A bio joins a request of its direction that ends where it begins or begins
 *    where it ends, if max_sectors and max_segments permit. Its place in age is
 *    the request's: that is older.
 *
 *    nr_segments of a request that waits is a sum over its bios: an upper
 *    bound, as what is mapped together never needs more (segments.c, 2). Only
 *    where the sum is too much are they counted.
 *
 * 4. Two requests that touch are not joined: that takes a bio that fills the
 *    gap, and then the device sees two requests in a row without a move.
 *
 * 5. Cost: a walk over those that wait, from the end as what is written or read
 *    in a row belongs there; about 12 instructions each, BLK_REQUESTS at most.
 */
#include <kernel/block/elevator.h>
#include <kernel/cpu/time.h>

void elevator_init(struct elevator *e, const struct queue_limits *limits,
		   u32 expire)
{
	e->limits = limits;
	INIT_LIST_HEAD(&e->sorted);
	INIT_LIST_HEAD(&e->aged);
	e->position = 0;
	e->expire = expire;
}

/* Segments of both together; above max_segments if that is not enough. */
static u32 count_both(const struct elevator *e, const struct request *rq,
		      const struct bio *bio, bool back)
{
	struct seg_run run = { .nr = 0 };
	const struct bio *other;
	bool fits = back || seg_append_bio(&run, e->limits, bio);

	list_for_each_entry(other, &rq->bios, list)
		fits = fits && seg_append_bio(&run, e->limits, other);
	if (back)
		fits = fits && seg_append_bio(&run, e->limits, bio);
	return fits ? run.nr : e->limits->max_segments + 1;
}

static bool may_join(const struct elevator *e, struct request *rq,
		     const struct bio *bio, bool back)
{
	u32 segments = rq->nr_segments + bio->segments;

	if ((rq->rw & WRITE) != (bio->rw & WRITE) ||
	    rq->sectors + bio->sectors > e->limits->max_sectors)
		return false;
	if (segments > e->limits->max_segments)
		segments = count_both(e, rq, bio, back);
	if (segments > e->limits->max_segments)
		return false;
	rq->nr_segments = segments;
	return true;
}

/* At its place by sector. */
static void place(struct elevator *e, struct request *rq)
{
	struct list_head *at = e->sorted.prev;

	while (at != &e->sorted &&
	       list_entry(at, struct request, list)->sector > rq->sector)
		at = at->prev;
	list_add(&rq->list, at);
}

static void join(struct elevator *e, struct request *rq, struct bio *bio,
		 bool back)
{
	rq->sectors += bio->sectors;
	if (back) {
		list_add_tail(&bio->list, &rq->bios);
		return;
	}
	list_add(&bio->list, &rq->bios);
	rq->sector = bio->sector;
	/* another one, that overlaps, may begin in between */
	list_del(&rq->list);
	place(e, rq);
}

bool elevator_merge(struct elevator *e, struct bio *bio)
{
	struct list_head *at;

	for (at = e->sorted.prev; at != &e->sorted; at = at->prev) {
		struct request *rq = list_entry(at, struct request, list);
		bool back = rq->sector + rq->sectors == bio->sector;

		if (!back && bio->sector + bio->sectors != rq->sector)
			continue;
		if (may_join(e, rq, bio, back)) {
			join(e, rq, bio, back);
			return true;
		}
	}
	return false;
}

void elevator_add(struct elevator *e, struct request *rq)
{
	place(e, rq);
	list_add_tail(&rq->age, &e->aged);
}

static struct request *next_upwards(const struct elevator *e)
{
	struct request *rq;

	list_for_each_entry(rq, &e->sorted, list)
		if (rq->sector >= e->position)
			return rq;
	return list_first_entry(&e->sorted, struct request, list);
}

struct request *elevator_next(struct elevator *e, u32 now)
{
	struct request *rq;

	if (list_empty(&e->sorted))
		return NULL;
	rq = list_first_entry(&e->aged, struct request, age);
	if (time_before(now, rq->submitted + e->expire))
		rq = next_upwards(e);
	list_del(&rq->list);
	list_del(&rq->age);
	e->position = rq->sector + rq->sectors;
	return rq;
}
