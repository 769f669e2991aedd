/* hz=, the clock's start, and the report of interrupts. */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

/* Softirqs, ticks, timers, from hz=. Once, with interrupts off. */
void clock_init(void);

/*
 * As Linux's /proc/interrupts: a row for each line that has handlers, with how
 * often somebody wanted it. ERR: spurious ones; MIS: those nobody wanted. May
 * not be called with a lock held that a console takes.
 */
void report_interrupts(void);

#endif
