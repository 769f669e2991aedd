/*
 * Private nodes and zones over a mem_map on the heap, where ASan knows its end.
 * There is no memory behind the pages: nobody asks for addresses here.
 */
#ifndef TESTS_HOST_ZONES_H
#define TESTS_HOST_ZONES_H

#include "host.h"
#include <mm/page/check.h>
#include <mm/page/page_alloc.h>

#define HOST_NODES 4

struct host_nodes {
	struct node_set set;
	pg_data_t node[HOST_NODES];
};

/* Is there RAM at the frame? */
typedef bool (*host_ram_t)(u32 pfn);

/* A new mem_map, of `frames` rounded up as the kernel's: all reserved. */
void host_frames(u32 frames);

/* nr empty nodes, 20 from each other, with CPUs. */
void host_nodes_init(struct host_nodes *nodes, unsigned int nr);

/*
 * Makes frames [start, end) the zone's and gives those to the allocator where
 * is_ram says so (NULL: all). Call host_nodes_done() after the last zone.
 */
struct zone *host_zone(struct host_nodes *nodes, unsigned int node,
		       enum zone_type type, u32 start, u32 end,
		       host_ram_t is_ram);
void host_nodes_done(struct host_nodes *nodes);

/* Fails the test with the first sentence if anything differs. */
void host_check(const struct node_set *set);
void host_check_zone(struct zone *zone);

/* The free lists alone: while blocks of __rmqueue() are out. */
void host_check_lists(struct zone *zone);

/* How many differences there are, and what they say. */
unsigned int host_differences(struct zone *zone);
extern char host_difference[4096];

/* __rmqueue() and __free_one_page() with the lock. */
struct page *host_take(struct zone *zone, unsigned int order);
void host_give(struct zone *zone, struct page *page, unsigned int order);

static inline struct zonelist *host_zonelist(struct host_nodes *nodes,
					     unsigned int node, gfp_t gfp)
{
	return &nodes->node[node].node_zonelists[gfp & GFP_ZONEMASK];
}

/* Free pages of a zone, those kept for CPUs too. */
u32 host_free_pages(const struct zone *zone);

/* nr_free of all orders. */
struct host_areas {
	u32 nr[MAX_ORDER];
};
struct host_areas host_areas(const struct zone *zone);

#endif
