/* Boot: softirqs, the tick, the clock and timers. Once, interrupts off. */
#ifndef KERNEL_CLOCK_H
#define KERNEL_CLOCK_H

void clock_init(void);

#endif
