/*
 * The stack of a CPU in plain C, for one thread: an interrupt comes where the
 * test wants one (host_interrupts, processor.h), between any two instructions
 * of the real sequences. Then the sequence begins again, as restart_sequence()
 * has it.
 */
#ifndef HOST_KERNEL_CPU_CPUSTACK_H
#define HOST_KERNEL_CPU_CPUSTACK_H

#include <kernel/cpu/processor.h>
#include <kernel/lib/compiler.h>

#define CPU_STACK_MOST 120

struct cpu_stack {
	u32 count;
	u32 limit;
	uintptr_t tag;
	void *entry[CPU_STACK_MOST];
};

static inline bool cpu_stack_pop(struct cpu_stack *stack, void **entry)
{
	for (;;) {
		u32 count = stack->count;
		void *top;

		if (host_interrupt())
			continue;
		/* behind the comparison, and before it is acted upon */
		if (!count)
			return false;
		if (host_interrupt())
			continue;
		top = stack->entry[count - 1];
		if (host_interrupt())
			continue;
		stack->count--;
		host_interrupt();
		*entry = top;
		return true;
	}
}

static inline bool cpu_stack_push(struct cpu_stack *stack, void *entry)
{
	for (;;) {
		u32 count = stack->count;

		if (host_interrupt())
			continue;
		if (count >= stack->limit)
			return false;
		if (host_interrupt())
			continue;
		stack->entry[count] = entry;
		if (host_interrupt())
			continue;
		stack->count++;
		host_interrupt();
		return true;
	}
}

#endif
