/*
 * How much is read ahead: nothing but numbers. readahead.c does it.
 *
 * 1. A group is what was begun at once. Its first one has twice the pages that
 *    were wanted (4 to 32), each other twice those of the one before:
 *
 *	page	what is asked for	what is done
 *	there	ra->async		the next group begins
 *	there	any other		nothing
 *	not	ra->async, the group's	the same; the reader waits
 *		end
 *	not	of the group		it was read, and went: memory is short.
 *				A group half as large begins here
 *	not	the next one		it goes on: a first group begins here
 *	not	any other		it jumps: what is wanted, and no group
 *
 * 2. ra->async of a group that the reader waits for is behind what was wanted,
 *    or in its middle: the reader is just at work on that. Of each other it is
 *    its first page: when the reader gets there, the one behind is begun, and
 *    has the time of a whole group.
 *
 * 3. Of a single page nothing is said: who asked for it reads it.
 */
#include <mm/cache/readahead.h>
#include <kernel/lib/compiler.h>

static u32 first_size(u32 wanted)
{
	u32 size = READAHEAD_MIN;

	while (size < READAHEAD_MAX && size < 2 * wanted)
		size *= 2;
	return size;
}

/* The group from start on becomes the last one. */
static struct page_run begin(struct file_ra_state *ra, u32 start, u32 size,
			     u32 async)
{
	ra->start = start;
	ra->size = size;
	ra->async = async;
	return (struct page_run){ .start = start, .n = size };
}

static struct page_run jump(struct file_ra_state *ra, u32 index, u32 wanted)
{
	ra->size = 0;
	return (struct page_run){
		.start = index, .n = wanted > 1 ? wanted : 0,
	};
}

struct page_run ra_decide(struct file_ra_state *ra, u32 index, u32 wanted,
			  bool present)
{
	u32 behind = ra->start + ra->size, size;

	wanted = min(wanted, READAHEAD_MAX);
	if (ra->size && index == ra->async && (present || index == behind)) {
		size = min(2 * ra->size, READAHEAD_MAX);
		return begin(ra, behind, size, present ? behind :
			     behind + min(wanted, size / 2));
	}
	if (present)
		return (struct page_run){ .n = 0 };
	if (ra->size && index - ra->start < ra->size) {
		size = max(ra->size / 2, READAHEAD_MIN);
		return begin(ra, index, size, index + size);
	}
	if (index != ra->next)
		return jump(ra, index, wanted);
	size = first_size(wanted);
	return begin(ra, index, size, index + min(wanted, size / 2));
}
