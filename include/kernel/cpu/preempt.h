/*
 * Keeping the CPU: between preempt_disable() and preempt_enable() no other
 * thread gets it. They nest. Any context. ULK3 section 5.1.1.
 *
 * The scheduler stands above: it says by need_resched that somebody should run
 * more than who runs, and preempt_hook gives him the CPU.
 */
#ifndef KERNEL_CPU_PREEMPT_H
#define KERNEL_CPU_PREEMPT_H

#include <kernel/cpu/hardirq.h>

extern bool need_resched_flags[NR_CPUS];
#define need_resched() (need_resched_flags[smp_processor_id()])

/* Somebody should run more, and nothing keeps the CPU but interrupts. */
extern void (*preempt_hook)(void);

static inline void preempt_disable(void)
{
	preempt_count()++;
	barrier();
}

static inline void preempt_enable_no_resched(void)
{
	barrier();
	preempt_count()--;
}

/* irq.c: if nothing keeps the CPU any more, it goes to who should have it. */
void preempt_slow(void);

static __always_inline void preempt_check(void)
{
	if (unlikely(need_resched()))
		preempt_slow();
}

static __always_inline void preempt_enable(void)
{
	preempt_enable_no_resched();
	preempt_check();
}

#endif
