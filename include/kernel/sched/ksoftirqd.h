/*
 * The thread of each CPU that goes on with softirqs when more of them are
 * pending than may run behind one interrupt: kernel/sched/ksoftirqd.c.
 */
#ifndef KERNEL_SCHED_KSOFTIRQD_H
#define KERNEL_SCHED_KSOFTIRQD_H

/* Boot, behind sched_init(): from now on softirq_overload_hook wakes it. */
void ksoftirqd_init(void);

#endif
