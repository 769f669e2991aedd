/* Boot: from now on who waits for an element of a mempool sleeps. */
#ifndef KERNEL_SCHED_POOLWAIT_H
#define KERNEL_SCHED_POOLWAIT_H

void poolwait_init(void);

#endif
