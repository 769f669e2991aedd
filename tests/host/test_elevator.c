/*
 * The elevator and its segments against a model that thinks sector by sector
 * and remembers each bio.
 */
#include "host.h"
#include "zones.h"
#include <kernel/block/elevator.h>

#define FRAMES 256U
#define BIOS 64U
#define PIECES 12U
#define STEPS 400000U
#define SECTORS 300U		/* few, so that neighbours are many */
#define EXPIRE 50U

struct bounce {
	struct bio_vec vec[PIECES];
};

const struct bio_vec *bounce_vec(const struct bounce *bounce)
{
	return bounce->vec;
}

static struct {
	struct bio bio;
	struct bio_vec vec[PIECES];
	struct bounce bounce;
	bool used;
} pool[BIOS];

static struct request requests[BIOS];
static struct bio_vec segments[BLK_SEGMENTS];
static struct queue_limits limits;
static struct elevator e;
static u32 now;

/* --- the model --- */

struct model_request {
	u32 rw, sector, sectors, submitted, nr;
	struct bio *bio[BIOS];
};

static struct model_request model[BIOS];	/* the oldest first */
static u32 nr_model, position;

/* Where each sector of a bio is in memory. */
static phys_addr_t phys_of(const struct bio *bio, u32 sector)
{
	const struct bio_vec *v = bio->bounce ? bio->bounce->vec : bio->vec;

	for (sector *= SECTOR_SIZE; sector >= v->bv_len; v++)
		sector -= v->bv_len;
	return page_to_phys(v->bv_page) + v->bv_offset + sector;
}

struct naive {
	u32 nr;
	phys_addr_t start[SECTORS], end[SECTORS];
};

/* One sector more: to the last segment if that is allowed. */
static void naive_add(struct naive *n, phys_addr_t phys)
{
	u32 last = n->nr - 1;

	if (n->nr && n->end[last] == phys &&
	    phys + SECTOR_SIZE - n->start[last] <= limits.max_segment_size &&
	    n->start[last] / (limits.seg_boundary_mask + 1) ==
	    phys / (limits.seg_boundary_mask + 1)) {
		n->end[last] += SECTOR_SIZE;
		return;
	}
	assert_true(n->nr < SECTORS);
	n->start[n->nr] = phys;
	n->end[n->nr++] = phys + SECTOR_SIZE;
}

/* Segments of these sectors of a row of bios. */
static void naive_map(struct naive *n, struct bio *const *bio, u32 nr,
		      u32 skip, u32 sectors)
{
	u32 i, s;

	n->nr = 0;
	for (i = 0; i < nr; i++)
		for (s = 0; s < bio[i]->sectors; s++) {
			if (skip) {
				skip--;
			} else if (sectors) {
				sectors--;
				naive_add(n, phys_of(bio[i], s));
			}
		}
}

/* Could the bio join this request? As it would then be. */
static bool could_join(const struct model_request *m, struct bio *bio,
		       struct model_request *joined)
{
	static struct naive n;
	bool back = m->sector + m->sectors == bio->sector;
	bool front = bio->sector + bio->sectors == m->sector;

	if (m->rw != bio->rw || (!back && !front) ||
	    m->sectors + bio->sectors > limits.max_sectors)
		return false;
	*joined = *m;
	joined->sectors += bio->sectors;
	if (back) {
		joined->bio[joined->nr++] = bio;
	} else {
		memmove(joined->bio + 1, m->bio, m->nr * sizeof(m->bio[0]));
		joined->bio[0] = bio;
		joined->nr++;
		joined->sector = (u32)bio->sector;
	}
	naive_map(&n, joined->bio, joined->nr, 0, joined->sectors);
	return n.nr <= limits.max_segments;
}

static bool same_bios(const struct request *rq, const struct model_request *m)
{
	struct bio *bio;
	u32 i = 0;

	list_for_each_entry(bio, &rq->bios, list)
		if (i == m->nr || m->bio[i++] != bio)
			return false;
	return i == m->nr;
}

/* The elevator's request that holds the bio. */
static struct request *holder(const struct bio *wanted)
{
	struct request *rq;
	struct bio *bio;

	list_for_each_entry(rq, &e.sorted, list)
		list_for_each_entry(bio, &rq->bios, list)
			if (bio == wanted)
				return rq;
	return NULL;
}

/* --- steps --- */

static u32 make_pieces(struct bio_vec *vec, u32 n)
{
	u32 pfn = host_below(FRAMES), i, sectors = 0;

	for (i = 0; i < n; i++) {
		u32 at = host_below(3) ? 0 : host_below(8);
		u32 len = host_below(3) ? 8 - at : 1 + host_below(8 - at);

		/* often the next page */
		pfn = host_below(4) ? (pfn + 1) % FRAMES : host_below(FRAMES);
		vec[i] = (struct bio_vec){ pfn_to_page(pfn),
					   len * SECTOR_SIZE,
					   at * SECTOR_SIZE };
		sectors += len;
	}
	return sectors;
}

static struct bio *make_bio(void)
{
	u32 i = host_below(BIOS), j;
	struct bio *bio = &pool[i].bio;
	struct seg_run run = { .nr = 0 };
	static struct naive n;

	if (pool[i].used)
		return NULL;
	memset(bio, 0, sizeof(*bio));
	bio->vec = pool[i].vec;
	bio->vcnt = 1 + host_below(host_below(3) ? 2 : PIECES);
	bio->sectors = make_pieces(pool[i].vec, bio->vcnt);
	bio->sector = host_below(SECTORS);
	bio->rw = host_below(4) ? READ : WRITE;
	if (!host_below(4)) {
		/* other pages, the same lengths */
		bio->bounce = &pool[i].bounce;
		memcpy(pool[i].bounce.vec, pool[i].vec, sizeof(pool[i].vec));
		for (j = 0; j < bio->vcnt; j++)
			pool[i].bounce.vec[j].bv_page =
				pfn_to_page(host_below(FRAMES));
	}
	naive_map(&n, &bio, 1, 0, bio->sectors);
	if (bio->sectors > limits.max_sectors || n.nr > limits.max_segments)
		return NULL;
	assert_true(seg_append_bio(&run, &limits, bio));
	assert_int_equal(run.nr, n.nr);
	/* with bounce pages it is only a bound */
	bio->segments = min(run.nr + host_below(2), limits.max_segments);
	pool[i].used = true;
	return bio;
}

static void new_request(struct bio *bio)
{
	struct request *rq = &requests[0];
	struct model_request *m = &model[nr_model++];

	while (rq->bios.next)
		rq++;
	memset(rq, 0, sizeof(*rq));
	rq->rw = bio->rw;
	rq->sector = bio->sector;
	rq->sectors = bio->sectors;
	rq->nr_segments = bio->segments;
	rq->segments = segments;
	rq->submitted = now;
	INIT_LIST_HEAD(&rq->bios);
	list_add(&bio->list, &rq->bios);
	elevator_add(&e, rq);
	*m = (struct model_request){
		.rw = bio->rw, .sector = (u32)bio->sector,
		.sectors = bio->sectors, .submitted = now, .nr = 1,
		.bio = { bio },
	};
}

static void step_in(void)
{
	struct bio *bio = make_bio();
	static struct model_request joined;
	u32 i, found = 0;

	if (!bio)
		return;
	if (elevator_merge(&e, bio)) {
		struct request *rq = holder(bio);

		assert_non_null(rq);
		for (i = 0; i < nr_model; i++)
			if (could_join(&model[i], bio, &joined) &&
			    same_bios(rq, &joined)) {
				model[i] = joined;
				found++;
			}
		assert_int_equal(found, 1);
		return;
	}
	for (i = 0; i < nr_model; i++)
		assert_false(could_join(&model[i], bio, &joined));
	new_request(bio);
}

/* The pieces that a driver walks over are the sectors, in order. */
static void check_walk(const struct request *rq, const struct naive *n)
{
	u32 most = 512 * (1 + host_below(8)), segment = 0, bytes = 0;
	struct request_walk walk = { .left = rq->sectors * SECTOR_SIZE };
	phys_addr_t at = n->nr ? n->start[0] : 0;
	struct bio_vec piece;

	while (rq_next_piece(rq, &walk, most, &piece)) {
		assert_true(piece.bv_len && piece.bv_len <= most);
		assert_true(piece.bv_offset + piece.bv_len <= PAGE_SIZE);
		assert_int_equal(page_to_phys(piece.bv_page) +
				 piece.bv_offset, at);
		at += piece.bv_len;
		bytes += piece.bv_len;
		if (at == n->end[segment] && ++segment < n->nr)
			at = n->start[segment];
	}
	assert_int_equal(bytes, rq->sectors * SECTOR_SIZE);
}

static void check_map(struct request *rq, const struct model_request *m,
		      u32 skip, u32 sectors)
{
	static struct naive n;
	u32 i;

	rq->sector = m->sector + skip;
	rq->sectors = sectors;
	/* bios that are wholly done are off the request by then */
	naive_map(&n, m->bio, m->nr, skip, sectors);
	rq_map(rq, &limits);
	assert_int_equal(rq->nr_segments, n.nr);
	for (i = 0; i < n.nr; i++) {
		assert_int_equal(page_to_phys(segments[i].bv_page) +
				 segments[i].bv_offset, n.start[i]);
		assert_int_equal(segments[i].bv_len, n.end[i] - n.start[i]);
		assert_true(segments[i].bv_offset < PAGE_SIZE);
	}
	check_walk(rq, &n);
}

/* Which the model would take: the oldest if it is time, else upwards. */
static u32 model_next(void)
{
	u32 i, best = 0, lowest = 0;
	bool above = false;

	if (now - model[0].submitted >= EXPIRE)
		return 0;
	for (i = 0; i < nr_model; i++) {
		if (model[i].sector < model[lowest].sector)
			lowest = i;
		if (model[i].sector >= position &&
		    (!above || model[i].sector < model[best].sector)) {
			best = i;
			above = true;
		}
	}
	return above ? best : lowest;
}

static void step_out(void)
{
	struct request *rq = elevator_next(&e, now);
	struct model_request *m;
	u32 i, skip;

	if (!nr_model) {
		assert_null(rq);
		return;
	}
	assert_non_null(rq);
	m = &model[model_next()];
	assert_int_equal(rq->sector, m->sector);
	/* of those that begin at one sector any may go */
	for (i = 0; !same_bios(rq, m); i++) {
		assert_true(i < nr_model);
		m = &model[i];
	}
	assert_int_equal(rq->sector, m->sector);
	assert_int_equal(rq->sectors, m->sectors);
	assert_true(rq->nr_segments <= limits.max_segments);
	position = m->sector + m->sectors;
	check_map(rq, m, 0, m->sectors);
	skip = host_below(m->bio[0]->sectors);
	check_map(rq, m, skip, 1 + host_below(m->sectors - skip));
	for (i = 0; i < m->nr; i++)
		pool[container_of(m->bio[i], __typeof__(pool[0]), bio) -
		     pool].used = false;
	memset(rq, 0, sizeof(*rq));
	nr_model--;
	memmove(m, m + 1, (size_t)(&model[nr_model] - m) * sizeof(*m));
}

static void start(void)
{
	static const u32 sizes[] = { 512, 1536, 4096, 0x10000, 0x100000 };
	static const u32 masks[] = { 511, 4095, 0x1fff, 0xffff, 0xffffffff };

	memset(pool, 0, sizeof(pool));
	memset(requests, 0, sizeof(requests));
	nr_model = 0;
	position = 0;
	limits = (struct queue_limits){
		.dma_mask = ~(phys_addr_t)0,
		.max_sectors = 1 + host_below(host_below(2) ? 128 : 20),
		.max_segments = 1 + host_below(host_below(2) ? 4 : BLK_SEGMENTS),
		.max_segment_size = sizes[host_below(ARRAY_SIZE(sizes))],
		.seg_boundary_mask = masks[host_below(ARRAY_SIZE(masks))],
	};
	elevator_init(&e, &limits, EXPIRE);
}

static void random_against_model(void **state)
{
	u32 step, pressure = 50, left = 0;

	host_seed("elevator");
	host_frames(FRAMES);
	for (step = 0; step < STEPS; step++) {
		if (!left--) {
			while (nr_model)
				step_out();
			start();
			/* over the end of the counter, too */
			now = host_below(2) ? now : 0 - host_below(100);
			left = 500;
			pressure = 30 + host_below(50);
		}
		now += host_below(8) == 0;
		if (host_below(100) < pressure && nr_model < BIOS)
			step_in();
		else
			step_out();
	}
}

/* While low sectors keep coming, how long the one above waits. */
static void nothing_starves(void **state)
{
	u32 begun;

	host_frames(FRAMES);
	host_seed("elevator, starving");
	start();
	limits.max_sectors = 8;
	limits.max_segments = 8;
	now = begun = 0xfffffff0;
	memset(&pool[0], 0, sizeof(pool[0]));
	for (; now - begun < 3 * EXPIRE; now++) {
		step_in();
		step_in();
		if (nr_model > BIOS / 2)
			step_out();
		/* two come and one goes: at last those that expired rule */
		if (nr_model)
			assert_true(now - model[0].submitted <=
				    EXPIRE + BIOS);
	}
	while (nr_model)
		step_out();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(random_against_model),
		HOST_TEST(nothing_starves),
	};

	return cmocka_run_group_tests_name("elevator", tests, NULL, NULL);
}
