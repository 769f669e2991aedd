/*
 * Threads for the suites of kernel/sched: a few of them, begun together and
 * joined together.
 */
#ifndef TESTS_KERNEL_THREADS_H
#define TESTS_KERNEL_THREADS_H

#include <kernel/sched/mutex.h>
#include "ktest.h"

#define THREADS_MOST 16U

struct crew {
	struct task *task[THREADS_MOST];
	u32 n;
};

/* One more, of that priority; false (and a failed case): no memory. */
bool crew_add(struct crew *crew, u32 prio, int (*function)(void *data),
	      void *data);

/* Waits for the end of all: the sum of what they returned. */
int crew_join(struct crew *crew);

/* Tells all to stop first. */
int crew_stop(struct crew *crew);

/* Until the thread waits (or has ended); false: not within a second. */
bool until_it_waits(struct task *task);

/* The CPU goes to another one, as if an interrupt had said so right here. */
void be_preempted(void);

/* xorshift, each thread its own: below n. */
u32 random_below(u32 *seed, u32 n);

#endif
