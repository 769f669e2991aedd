/*
 * Segments: what a device is told of memory.
 *
 * 1. What for. A bio has pieces of pages; a device wants few long stretches of
 *    memory, none longer than max_segment_size, none across a line that its
 *    counter cannot cross (seg_boundary_mask; the 8237 counts 16 bits, and a
 *    descriptor of a bus-master IDE controller, too). So neighbours are joined
 *    and pieces that cross a line are cut.
 *
 * 2. Greedy is best. Each part of a segment that is allowed is allowed, too; so
 *    to fill each segment as far as it goes gives the least number of them, and
 *    a part of a request never needs more than the whole.
 *
 * 3. All is in whole sectors: the limits are (add_disk() looks), and so are
 *    pieces and their offsets (submit_bio() looks). No cut is inside a sector,
 *    and places in memory are counted in sectors, which fit into 32 bits.
 *
 * 4. Cost: about 25 instructions for each piece.
 */
#include <kernel/block/elevator.h>

/* Sectors from there on that one segment may have, if it begins there. */
static u32 to_boundary(const struct queue_limits *limits, u32 sector)
{
	u32 mask = (u32)(limits->seg_boundary_mask >> SECTOR_SHIFT);
	u32 most = limits->max_segment_size >> SECTOR_SHIFT;

	return min(mask - (sector & mask), most - 1) + 1;
}

/* Sectors that the last segment can still take there. */
static u32 room_behind(const struct seg_run *run,
		       const struct queue_limits *limits, u32 sector)
{
	u32 mask = (u32)(limits->seg_boundary_mask >> SECTOR_SHIFT);
	u32 room = (limits->max_segment_size >> SECTOR_SHIFT) - run->len;

	if (!run->nr || sector != run->end || !(sector & mask))
		return 0;
	return min(room, mask - (sector & mask) + 1);
}

static void put_segment(struct bio_vec *out, struct page *page, u32 offset)
{
	out->bv_page = page + (offset >> PAGE_SHIFT);
	out->bv_offset = offset & (PAGE_SIZE - 1);
	out->bv_len = 0;
}

u32 seg_append(struct seg_run *run, const struct queue_limits *limits,
	       const struct bio_vec *piece, u32 most, struct bio_vec *out)
{
	u32 at = page_to_pfn(piece->bv_page) << (PAGE_SHIFT - SECTOR_SHIFT);
	u32 left = piece->bv_len >> SECTOR_SHIFT, n;

	for (at += piece->bv_offset >> SECTOR_SHIFT; left; left -= n) {
		n = room_behind(run, limits, at);
		if (!n) {
			if (run->nr == most)
				break;
			if (out)
				put_segment(&out[run->nr], piece->bv_page,
					    piece->bv_offset + piece->bv_len -
					    (left << SECTOR_SHIFT));
			run->nr++;
			run->len = 0;
			n = to_boundary(limits, at);
		}
		n = min(n, left);
		if (out)
			out[run->nr - 1].bv_len += n << SECTOR_SHIFT;
		run->len += n;
		at += n;
		run->end = at;
	}
	return piece->bv_len - (left << SECTOR_SHIFT);
}

const struct bio_vec *bio_pieces(const struct bio *bio)
{
	return bio->bounce ? bounce_vec(bio->bounce) : bio->vec;
}

bool seg_append_bio(struct seg_run *run, const struct queue_limits *limits,
		    const struct bio *bio)
{
	const struct bio_vec *vec = bio_pieces(bio);
	u32 i;

	for (i = 0; i < bio->vcnt; i++)
		if (seg_append(run, limits, &vec[i], limits->max_segments,
			       NULL) < vec[i].bv_len)
			return false;
	return true;
}

/* Segments for `left` bytes of the bio behind its first `skip` bytes; returns
 * what is left then. */
static u32 map_bio(struct request *rq, struct seg_run *run,
		   const struct queue_limits *limits, const struct bio *bio,
		   u32 skip, u32 left)
{
	const struct bio_vec *vec = bio_pieces(bio);
	struct bio_vec piece;
	u32 i, done;

	for (i = 0; i < bio->vcnt && left; i++) {
		piece = vec[i];
		done = min(skip, piece.bv_len);
		skip -= done;
		piece.bv_offset += done;
		piece.bv_len = min(piece.bv_len - done, left);
		left -= piece.bv_len;
		done = seg_append(run, limits, &piece, limits->max_segments,
				  rq->segments);
		BUG_ON(done < piece.bv_len,
		       "a request needs more segments than were counted");
	}
	return left;
}

void rq_map(struct request *rq, const struct queue_limits *limits)
{
	u32 left = rq->sectors << SECTOR_SHIFT;
	struct seg_run run = { .nr = 0 };
	struct bio *bio;

	list_for_each_entry(bio, &rq->bios, list) {
		u32 skip = 0;

		if (!left)
			break;
		if (rq->sector > bio->sector)
			skip = (u32)(rq->sector - bio->sector) << SECTOR_SHIFT;
		left = map_bio(rq, &run, limits, bio, skip, left);
	}
	BUG_ON(left, "a request has fewer data than sectors");
	rq->nr_segments = run.nr;
}

bool rq_next_piece(const struct request *rq, struct request_walk *walk,
		   u32 most, struct bio_vec *piece)
{
	const struct bio_vec *segment = &rq->segments[walk->segment];
	u32 at, n;

	if (!walk->left)
		return false;
	at = segment->bv_offset + walk->done;
	piece->bv_page = segment->bv_page + (at >> PAGE_SHIFT);
	piece->bv_offset = at & (PAGE_SIZE - 1);
	n = min(segment->bv_len - walk->done, PAGE_SIZE - piece->bv_offset);
	n = min(n, walk->left);
	piece->bv_len = min(n, most);
	walk->left -= piece->bv_len;
	walk->done += piece->bv_len;
	if (walk->done == segment->bv_len) {
		walk->segment++;
		walk->done = 0;
	}
	return true;
}
