/*
 * The order of requests, and what they may hold. ULK3 section 14.3.4.
 *
 * Pure: an elevator is an instance; the caller has the lock that guards it.
 * Nothing sleeps.
 */
#ifndef KERNEL_BLOCK_ELEVATOR_H
#define KERNEL_BLOCK_ELEVATOR_H

#include <kernel/block/blkdev.h>

struct elevator {
	const struct queue_limits *limits;
	struct list_head sorted;	/* struct request, by sector */
	struct list_head aged;		/* the same, the oldest first */
	sector_t position;		/* behind the last that went */
	u32 expire;			/* ticks that one waits at most */
};

void elevator_init(struct elevator *e, const struct queue_limits *limits,
		   u32 expire);

/* Joins a request that waits. False: there is none that it fits to. */
bool elevator_merge(struct elevator *e, struct bio *bio);

/* A request with one bio. */
void elevator_add(struct elevator *e, struct request *rq);

/* The next one is taken out; NULL: there is none. */
struct request *elevator_next(struct elevator *e, u32 now);

/* --- segments --- */

/* The pieces that the device is to see: the bio's own, or bounce pages. */
const struct bio_vec *bio_pieces(const struct bio *bio);

/* While segments are made of pieces. */
struct seg_run {
	u32 nr;			/* segments */
	u32 len;		/* sectors of the last one */
	u32 end;		/* sector of memory behind the last one */
};

#define SEG_CLOSED ~0U		/* as `end`: nothing joins the last one */

/*
 * Appends one piece, joined or cut as the limits want it, as long as there are
 * no more than most segments: so many bytes of it. out: room for most, or NULL
 * (only counts).
 */
u32 seg_append(struct seg_run *run, const struct queue_limits *limits,
	       const struct bio_vec *piece, u32 most, struct bio_vec *out);

/* All of a bio, counted only. False: it takes more than max_segments. */
bool seg_append_bio(struct seg_run *run, const struct queue_limits *limits,
		    const struct bio *bio);

/* Writes rq->segments for rq->sectors sectors from rq->sector on. */
void rq_map(struct request *rq, const struct queue_limits *limits);

#endif
