/*
 * Nodes of a test's own, made of real pages (DESIGN section 6).
 *
 * One aligned block comes from the running allocator. What of it a private zone
 * gets has another zone id (ZONEID_PRIVATE up), so it never meets the machine's
 * pages. At the end all is checked and goes back as it was.
 *
 *	TEST_PRIVATE(buddy, pair_merges, 6)
 *	{
 *		struct zone *zone = private_zone(0, ZONE_NORMAL, 0, 64);
 *		...
 *	}
 *
 * The body may leave by REQUIRE(). It must have freed what it allocated.
 */
#ifndef TESTS_KERNEL_PRIVATE_NODE_H
#define TESTS_KERNEL_PRIVATE_NODE_H

#include <mm/page/page_alloc.h>
#include "ktest.h"

#define PRIVATE_NODES 4
#define PRIVATE_LARGEST 11	/* order: two of the largest blocks, adjacent */

extern struct node_set private_nodes;

/*
 * Pages of the machine's largest zone: a block lies in one zone, however much
 * RAM all of them have.
 */
u32 largest_zone(void);

/*
 * 1 << order pages, order as large as the machine has it, in [least, most].
 * Skips the case (and returns false) where the machine is too small for that.
 */
bool private_start(unsigned int least, unsigned int most);
void private_stop(void);

/* How many pages there are, and the i-th. */
u32 private_pages(void);
struct page *private_page(u32 i);
u32 private_index(const struct page *page);

/*
 * A zone that spans pages [first, first + spanned) and says of present that
 * they are there; without pages as yet, and with all marks 0.
 */
struct zone *private_span(unsigned int node, enum zone_type type, u32 first,
			  u32 spanned, u32 present);

/* Gives it pages [first, first + pages). */
void private_give(struct zone *zone, u32 first, u32 pages);

/* Both, without holes. */
struct zone *private_zone(unsigned int node, enum zone_type type, u32 first,
			  u32 pages);

/* The lists per CPU as those of a zone of so many pages. */
void private_pcp_as_of(struct zone *zone, u32 present);

/* Zonelists; distances are 10 and 20 and all nodes have CPUs until changed. */
void private_ready(void);

/* From the zones of node 0. */
struct page *private_alloc(gfp_t gfp, unsigned int order);

/* Free pages, those kept for the CPU too. */
u32 private_free(const struct zone *zone);

/* Sound? Each difference is printed. */
bool private_sound(struct zone *zone);

/*
 * Nodes of numbers alone: pages[node][type] is what their zones say they have.
 * Distances are 10 and 20, all have CPUs; zonelists and marks are not made yet.
 * NULL: no memory for them.
 */
struct node_set *numbers_start(unsigned int nr,
			       const u32 (*present)[MAX_NR_ZONES]);
void numbers_stop(void);

/* The same numbers in every run: below n. */
u32 private_random(u32 n);

#define TEST_PRIVATE_SIZES(suite, name, least, most)			\
	static void private_##suite##_##name(void);			\
	TEST(suite, name)						\
	{								\
		if (!private_start((least), (most)))			\
			return;						\
		private_##suite##_##name();				\
		private_stop();						\
	}								\
	static void private_##suite##_##name(void)

#define TEST_PRIVATE(suite, name, order) \
	TEST_PRIVATE_SIZES(suite, name, (order), (order))

#endif
