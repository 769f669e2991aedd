/*
 * The page allocator in the words of Linux 2.6: what its files in /proc show,
 * to the blank. Printed with printk(). Any context; zone->lock is taken for
 * moments only, so that numbers may differ by what happens meanwhile.
 */
#ifndef MM_REPORT_PAGES_H
#define MM_REPORT_PAGES_H

#include <mm/page/mmzone.h>

/* Free blocks by order, a line for each zone that has pages. */
void report_buddyinfo(const struct node_set *set);

/* Watermarks, spans and the lists per CPU of each zone that has pages. */
void report_zoneinfo(const struct node_set *set);

/* Sums in KB. */
void report_meminfo(const struct node_set *set);

/* What was counted since boot. */
void report_vmstat(const struct node_set *set);

/*
 * Who has how many pages of the machine, by the place of the allocation, the
 * biggest first. Without debug=page_owner: a line that says so. Not for two
 * callers at once.
 */
void report_page_owners(void);

#endif
