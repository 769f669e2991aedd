/*
 * A stack of pointers that belongs to a CPU, pushed and popped without masking
 * interrupts: each is a sequence that is begun again when it is disturbed.
 *
 * 1. The sequence reads the count, reads or writes an entry, and ends with the
 *    one instruction that changes the count. Until that one nothing has
 *    happened: what was written above the top is nobody's.
 *
 * 2. An interrupt handler may push and pop, too. So whoever interrupts looks at
 *    the address that it will return to: inside of a sequence it is set back to
 *    its begin (restart_sequence(), called for each interrupt before its
 *    handler). The sequence then sees the stack as the handler left it. One
 *    instruction cannot be interrupted in its middle (SDM volume 3A, 6.6).
 *
 * 3. So the usual way costs five instructions and neither CLI nor POPF, which
 *    take longer than all of them on most CPUs. The idea is Bershad's: "Fast
 *    mutual exclusion for uniprocessors", ASPLOS 1992.
 *
 * 4. What is longer than that (a batch in or out) masks interrupts, and may
 *    then use the members as it likes.
 *
 * Any context, but not NMI and machine check: those do not restart anything.
 *
 * There is one CPU. With several, a segment whose base is the CPU's number
 * times sizeof(struct cpu_stack) goes before each operand below, and an array
 * of stacks takes the place of the one: a thread that is moved to another CPU
 * was interrupted, and so begins again there.
 */
#ifndef KERNEL_CPU_CPUSTACK_H
#define KERNEL_CPU_CPUSTACK_H

#include <kernel/cpu/traps.h>

#define CPU_STACK_MOST 120	/* the reference's largest limit of slab */

struct cpu_stack {
	u32 count;		/* entries that are there */
	u32 limit;		/* push up to here; 0: never */
	uintptr_t tag;		/* the owner's: what belongs here */
	void *entry[CPU_STACK_MOST];	/* the oldest first */
};

/* Where a sequence begins, and its bytes. */
struct restart_range {
	u32 begin, length;
};

#define RESTART_RANGE(begin, end)					\
	".pushsection .restart_ranges, \"a\"\n\t"			\
	".long " begin ", " end " - " begin "\n\t"			\
	".popsection\n\t"

/* The top of the stack goes to *entry; false: it is empty. */
static __always_inline bool cpu_stack_pop(struct cpu_stack *stack, void **entry)
{
	void *top;
	bool empty;

	/* DEC leaves the carry of CMP as it is */
	__asm__ volatile(
		"661:	movl	%c[count](%[stack]), %[top]\n\t"
		"cmpl	$1, %[top]\n\t"
		"jb	662f\n\t"
		"movl	%c[below](%[stack],%[top],4), %[top]\n\t"
		"decl	%c[count](%[stack])\n"
		"662:\n\t"
		RESTART_RANGE("661b", "662b")
		: [top] "=&r"(top), "=@ccb"(empty)
		: [stack] "r"(stack),
		  [count] "i"(offsetof(struct cpu_stack, count)),
		  [below] "i"(offsetof(struct cpu_stack, entry) -
			      sizeof(void *))
		: "memory");
	*entry = top;
	return !empty;
}

/* false: there are limit entries already. */
static __always_inline bool cpu_stack_push(struct cpu_stack *stack, void *entry)
{
	u32 count;
	bool pushed;

	__asm__ volatile(
		"661:	movl	%c[at](%[stack]), %[count]\n\t"
		"cmpl	%c[limit](%[stack]), %[count]\n\t"
		"jae	662f\n\t"
		"movl	%[entry], %c[entries](%[stack],%[count],4)\n\t"
		"incl	%c[at](%[stack])\n"
		"662:\n\t"
		RESTART_RANGE("661b", "662b")
		: [count] "=&r"(count), "=@ccb"(pushed)
		: [stack] "r"(stack), [entry] "r"(entry),
		  [at] "i"(offsetof(struct cpu_stack, count)),
		  [limit] "i"(offsetof(struct cpu_stack, limit)),
		  [entries] "i"(offsetof(struct cpu_stack, entry))
		: "memory");
	return pushed;
}

/* An interrupt came at regs: a sequence that it disturbed begins again. */
void restart_sequence(struct pt_regs *regs);

#endif
