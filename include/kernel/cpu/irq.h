/*
 * Device interrupts: the sixteen lines of the two 8259s. ULK3 section 4.6.
 *
 * A handler runs with interrupts off, on the CPU's interrupt stack, and says
 * whether the interrupt was its device's. It may not sleep; what takes long it
 * leaves to a softirq or tasklet (softirq.h). Several handlers share a line if
 * all of them say so.
 *
 * free_irq(): not from a handler. The rest: any context. The handlers of a line
 * are called in the order in which they came.
 */
#ifndef KERNEL_CPU_IRQ_H
#define KERNEL_CPU_IRQ_H

#include <kernel/lib/types.h>

#define NR_IRQS 16U
#define IRQ_TIMER 0U
#define IRQ_CASCADE 2U
#define IRQ_SERIAL 4U

#define SA_SHIRQ 0x04000000U	/* the reference's: the line may be shared */

typedef bool (*irq_handler_t)(unsigned int irq, void *dev);

/*
 * -EINVAL: no such line, no handler, or a shared one without dev; -EBUSY: the
 * line has a handler and not both share; -ENOMEM: IRQ_ACTIONS are taken. The
 * name stays the caller's. The line is unmasked.
 */
#define IRQ_ACTIONS 32U		/* guessed: two for each line */
int request_irq(unsigned int irq, irq_handler_t handler, u32 flags,
		const char *name, void *dev);

/* The one with that dev; -ENOENT. No handler of it runs when this returns. */
int free_irq(unsigned int irq, void *dev);

/* Masks a line; each disable needs its enable. */
void disable_irq(unsigned int irq);
void enable_irq(unsigned int irq);

struct irq_counts {
	u32 handled;		/* somebody's */
	u32 unhandled;		/* nobody's: counts towards being masked */
	u32 spurious;		/* gone before it was asked for: 7 and 15 */
};

struct irq_counts irq_counts(unsigned int irq);

/* The name of the n-th handler of a line; NULL: there are no more. */
const char *irq_action_name(unsigned int irq, unsigned int n);

/* Masks the line after so many that nobody wanted, one after the other: until
 * enable_irq(), or until its last handler is freed. */
#define IRQ_UNHANDLED_MOST 1000U	/* guessed */

extern void (*irq_masked_hook)(unsigned int irq);	/* is told then */

/* What the interrupt that is handled on this CPU has interrupted; NULL: none
 * is. In a handler or softirq. */
struct pt_regs;
const struct pt_regs *irq_regs(void);

/* Is the CPU on its interrupt stack? For the checks and back traces. */
bool on_irq_stack(u32 esp);

/* [0]: the guard page, not mapped; the stack grows down to it. */
#define IRQ_STACK_SIZE 8192U	/* guessed: a softirq and a handler on it */
extern u8 irq_stack_guard[];

/*
 * Behind the last handler, with interrupts off and nothing left to do: may take
 * the CPU away from what was interrupted. The scheduler registers itself.
 */
struct pt_regs;
extern void (*irq_return_hook)(struct pt_regs *regs);

/* fn(arg) on the CPU's interrupt stack, at its top or below whoever is on it
 * already. Interrupts are off. */
void call_on_irq_stack(void (*fn)(u32 arg), u32 arg);

/* From, and in, trap_entry.S. */
void call_on_stack(void (*fn)(u32 arg), u32 arg, void *top);
void do_irq(struct pt_regs *regs);

/* The address that do_irq(), or what was called on the stack, returns to: by
 * these a back trace knows where it goes over to what was interrupted. */
extern const char irq_return_address[], stack_return_address[];

#endif
