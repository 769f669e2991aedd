/*
 * The programmable interval timer, an 8253 or 8254: channel 0 ticks, on line 0.
 * Intel 8254 data sheet. Any context; the caller orders the accesses.
 */
#ifndef KERNEL_CPU_PIT_H
#define KERNEL_CPU_PIT_H

#include <kernel/lib/types.h>

#define PIT_HZ 1193182U		/* a third of the NTSC colour carrier */
#define PIT_HZ_LEAST 19U	/* derived: 65536 counts a tick at most */

/* Counts of a tick at that rate, rounded to the nearest. */
static inline u32 pit_latch(u32 hz)
{
	return (PIT_HZ + hz / 2) / hz;
}

/* Channel 0 counts down from latch (2 .. 65536) and starts again, for ever. */
void pit_start(u32 latch);

/* Where it is now: latch .. 1. */
u32 pit_read(void);

#endif
