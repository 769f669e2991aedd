/*
 * Who called: return addresses, read from the saved frame pointers. Functions
 * keep one (-fno-omit-frame-pointer), but for those of files that the Makefile
 * lists: trace.c, section 6. Any context; nothing sleeps.
 */
#ifndef KERNEL_BASE_TRACE_H
#define KERNEL_BASE_TRACE_H

#include <kernel/lib/compiler.h>

/*
 * A walk of any kernel stack, however broken: each frame is read under
 * cpu_probe(), so not from inside a probe.
 *
 *	unwind_start(&walk, ebp);
 *	while ((eip = unwind_next(&walk)))
 *		...
 */
struct unwind {
	u32 frame;		/* to be read next; 0: that was the last */
	u32 unreadable;		/* the walk ended at this one; 0: by itself */
	u32 interrupted;	/* come next: where an interrupt or trap came */
	bool other_stack;	/* it has left the interrupt stack */
};

void unwind_start(struct unwind *walk, u32 ebp);

/*
 * The next return address, from the inside out; 0 at the end. Behind the
 * entry of an interrupt or trap comes what was interrupted, and the walk goes
 * over from the interrupt stack to the other one.
 */
u32 unwind_next(struct unwind *walk);

/* One word of a stack, read as a frame is. False if it cannot be read. */
bool unwind_read(u32 at, u32 *word);

/*
 * Up to n return addresses of the calling function: entries[0] is where that
 * returns to. Returns how many there are. Cheap (some ten instructions each)
 * and without a probe; works inside one, too.
 */
unsigned int trace_stack(u32 *entries, unsigned int n);

/* A line with a return address: the call it belongs to, by name. */
void trace_print(u32 eip);

/* Ticks of the time-stamp counter; on a CPU without: calls of this. */
u64 trace_time(void);

#endif
