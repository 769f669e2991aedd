/*
 * Where all memory is, when there is none: the reference's show_free_areas(),
 * and who has it. Printed with printk(). Any context.
 */
#ifndef MM_REPORT_FREE_AREAS_H
#define MM_REPORT_FREE_AREAS_H

#include <mm/page/mmzone.h>

/* Sums, a line with the marks and lists of each zone, its free blocks, swap. */
void show_free_areas(const struct node_set *set);

/* A line for each thread that has a space. */
void show_tasks(void);

/* Boot: both are what out_of_memory() reports. */
void free_areas_init(void);

#endif
