/*
 * Data that belongs to a CPU: an array with NR_CPUS places, of which each CPU
 * uses its own, with interrupts off.
 */
#ifndef KERNEL_CPU_PERCPU_H
#define KERNEL_CPU_PERCPU_H

#define NR_CPUS 1	/* so far; nothing but this and the two below knows */

/* The CPU that asks. Interrupts off, or the answer may be stale. */
static inline unsigned int smp_processor_id(void)
{
	return 0;
}

#define for_each_cpu(cpu) for ((cpu) = 0; (cpu) < NR_CPUS; (cpu)++)

#endif
