/*
 * Where are we? One word of each CPU counts what must end before the CPU may
 * take up another thread. ULK3 section 4.6.1, table 4-10.
 *
 *	bits	counts				in_...
 *	0..7	preempt_disable(), spin locks
 *	8	a softirq runs			serving_softirq()
 *	9..15	local_bh_disable()		with 8: in_softirq()
 *	16..27	interrupt handlers		in_irq()
 *
 * in_interrupt(): one of the last two. in_atomic(): any. Any context.
 */
#ifndef KERNEL_CPU_HARDIRQ_H
#define KERNEL_CPU_HARDIRQ_H

#include <kernel/cpu/percpu.h>
#include <kernel/cpu/processor.h>

#define PREEMPT_OFFSET 0x1U
#define SOFTIRQ_OFFSET 0x100U
#define SOFTIRQ_DISABLE_OFFSET 0x200U
#define HARDIRQ_OFFSET 0x10000U
#define PREEMPT_MASK 0xffU
#define SOFTIRQ_MASK 0xff00U
#define HARDIRQ_MASK 0xfff0000U

extern u32 preempt_counts[NR_CPUS];

/* The CPU's own. It is the same before and after an interrupt. */
#define preempt_count() (preempt_counts[smp_processor_id()])

static inline bool in_irq(void)
{
	return preempt_count() & HARDIRQ_MASK;
}

static inline bool in_softirq(void)
{
	return preempt_count() & SOFTIRQ_MASK;
}

static inline bool serving_softirq(void)
{
	return preempt_count() & SOFTIRQ_OFFSET;
}

static inline bool in_interrupt(void)
{
	return preempt_count() & (HARDIRQ_MASK | SOFTIRQ_MASK);
}

static inline bool in_atomic(void)
{
	return preempt_count() != 0;
}

static inline bool irqs_disabled(void)
{
	return !(read_eflags() & EFLAGS_IF);
}

#endif
