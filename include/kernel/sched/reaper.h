/* What a thread does for memory every two seconds: kernel/sched/reaper.c. */
#ifndef KERNEL_SCHED_REAPER_H
#define KERNEL_SCHED_REAPER_H

#include <kernel/lib/types.h>

#define REAP_ARRAYS_S 2U	/* the reference's REAPTIMEOUT_CPUC */
#define REAP_LISTS_S 4U		/* the reference's REAPTIMEOUT_LIST3 */

struct reap_counts {
	u32 rounds;		/* went over the stacks of CPUs */
	u32 list_rounds;	/* and of these, over the lists of nodes, too */
	u32 pages;		/* went back to the page allocator */
};

struct reap_counts reap_counts(void);

/*
 * From now on a round in so many ticks: how many it was until now. 0: none; one
 * that was to begin or runs has ended then. May sleep.
 */
u32 reap_every(u32 ticks);

/* Boot, behind workqueue_init(). */
void reaper_init(void);

#endif
