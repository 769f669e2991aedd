/*
 * What an address space has, as text: Linux's /proc/PID/maps. Task context: the
 * space's mmap_sem is taken for reading, so the caller must not hold it.
 */
#ifndef MM_REPORT_MAPS_H
#define MM_REPORT_MAPS_H

#include <mm/space/mm.h>

#define MAPS_LINE_MAX 320	/* derived: 49, and a path of 255, rounded */

/*
 * Lines of the areas that end above *at, lowest first, as many whole ones as
 * fit into buf with a zero behind them (MAPS_LINE_MAX bytes take any line).
 * Returns the bytes without it; *at is where to go on. 0: there are no more.
 *
 *	for (at = 0; (n = maps_text(mm, &at, buf, sizeof(buf)));)
 *		...
 */
u32 maps_text(struct mm_struct *mm, u32 *at, char *buf, u32 size);

/* The line of one area: as snprintf(), its length if there is room. mmap_sem is
 * held. */
u32 maps_line(const struct vm_area_struct *vma, char *buf, u32 size);

/* All lines through printk(). */
void report_maps(struct mm_struct *mm);

/* Linux's /proc/PID/smaps (2.6.14): behind each line the KB of its pages. */
void report_smaps(struct mm_struct *mm);

/*
 * A line for each page that is mapped: its address, its frame, and its flags, a
 * '-' for each that is not set:
 *
 *	w	can be written		d	was written
 *	x	can be executed		a	was touched
 *	p f z	private memory; a file's; the zero page, or no RAM
 */
void report_pagemap(struct mm_struct *mm);

/* Which file an area shows: from the layer that knows what a file is. The path
 * goes to buf, with a zero at its end. While there is none, a file has no name.
 */
struct maps_file {
	u32 major, minor, ino;
};

extern void (*maps_file_hook)(const struct vm_area_struct *vma,
			      struct maps_file *file, char *buf, u32 size);

#endif
