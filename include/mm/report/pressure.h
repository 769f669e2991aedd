/*
 * How hard memory is pressed: what there is, and what is done per second to
 * have it back. Any context.
 */
#ifndef MM_REPORT_PRESSURE_H
#define MM_REPORT_PRESSURE_H

#include <kernel/lib/types.h>

/* Of one moment: pages, and events since boot. */
struct pressure {
	u64 ns;			/* when */
	u32 free, active, inactive_dirty, inactive_clean;
	u32 swap_in, swap_out, scanned, stolen;
};

void pressure_now(struct pressure *p);

/* The names of columns, and a line of pages now and events a second between the
 * two; printed with printk(). */
void report_pressure_head(void);
void report_pressure(const struct pressure *before, const struct pressure *now);

#endif
