/*
 * Checks of locks: what goes wrong only when two things meet is found when each
 * happened once. Any context; nothing sleeps.
 *
 *	LOCK_TWICE	taken by who holds it
 *	LOCK_NOT_HELD	released by who does not
 *	LOCK_ORDER	taken in an order that another time was the opposite
 *	LOCK_IRQ	taken in an interrupt, and elsewhere with interrupts on
 *
 * Each is reported once for a class, or a pair of classes. On with debug=locks,
 * and in each boot that runs tests.
 */
#ifndef KERNEL_CPU_LOCKCHECK_H
#define KERNEL_CPU_LOCKCHECK_H

#include <kernel/cpu/spinlock.h>
#include <kernel/cpu/threadflags.h>

enum lock_mistake {
	LOCK_TWICE, LOCK_NOT_HELD, LOCK_ORDER, LOCK_IRQ, NR_LOCK_MISTAKES
};

/* How many of each were reported: tests compare them. */
extern u32 lock_mistakes[NR_LOCK_MISTAKES];

extern bool lock_checks;

/* "name was taken at site". */
struct lock_link {
	const char *name;
	u32 site;
};

struct lock_report {
	enum lock_mistake mistake;
	struct lock_link lock;		/* which one, now */
	/* what is held now, the outermost first; the order of before */
	struct lock_link now[LOCK_CHAIN_MOST], before[LOCK_CHAIN_MOST];
	u32 nr_now, nr_before;
};

/* Told of each, with the locks as they are: it may not wait for any. */
extern void (*lock_report_hook)(const struct lock_report *report);

/*
 * Locks that are not spin locks (mutexes): another thread may have the CPU by
 * the time they are released, so each has its own list.
 */
/* Before it waits for one: if two wait for each other's, neither comes further.
 * Who only tries does not call it. */
void sleeping_lock_wanted(const char *name, u32 site);
void sleeping_lock_acquired(const char *name);
void sleeping_lock_released(const char *name);

/* Pairs that were seen, and forgetting them: for tests. */
u32 lock_orders(void);
void lock_forget(const char *prefix);

#endif
