/*
 * The page allocator from first principles: every counter, list and flag is
 * recomputed, and what differs is named. DESIGN section 7.
 *
 * Takes zone->lock of each zone in turn, with interrupts off; any context.
 */
#ifndef MM_PAGE_CHECK_H
#define MM_PAGE_CHECK_H

#include <mm/page/mmzone.h>

/* Called for each difference, with the sentence. May not allocate. */
typedef void (*check_report_t)(const char *sentence);

/* Each returns how many differences there are. */
unsigned int check_zone(struct zone *zone, check_report_t report);
unsigned int check_nodes(const struct node_set *set, check_report_t report);

/*
 * Every page of the zone's span belongs to one state: free (and then the sum is
 * what the lists say), reserved, or in use. Reads all of mem_map's slice.
 */
unsigned int check_zone_pages(struct zone *zone, check_report_t report);

#endif
