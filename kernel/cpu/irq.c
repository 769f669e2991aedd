/*
 * Interrupts of devices.
 *
 * 1. The way. A line of the 8259s raises vector 32 up; trap_entry.S saves the
 *    registers and calls do_irq(). A sequence that was disturbed is set back
 *    (cpustack.h), the handlers run, the chip is told, and then, with
 *    interrupts on again, the softirqs.
 *
 * 2. The stack. All that runs on the CPU's interrupt stack, whichever stack was
 *    interrupted: so each of those needs room for one set of registers only.
 *    A handler that interrupts a softirq goes on below it. The frame of
 *    call_on_stack() leads a back trace from this stack to the other one.
 *
 * 3. Nesting. Handlers run with interrupts off: they never interrupt each
 *    other. A softirq is interrupted by handlers, but by no softirq. So at most
 *    one of each stands on the interrupt stack.
 *
 *	runs		may be interrupted by
 *	handler		nothing (NMI, exceptions)
 *	softirq		handlers
 *	all else	handlers, and softirqs behind them
 *
 *    The thread is changed behind all of them, on its own stack
 *    (irq_return_hook).
 *
 * 4. Spurious. A line that falls back before the CPU asks for its number is
 *    reported as line 7 of its chip, without being in service there (pic.c).
 *
 * 5. A line that interrupts IRQ_UNHANDLED_MOST times in a row without any
 *    handler wanting it is masked: nothing else would ever run. That ends with
 *    the last handler, or by enable_irq().
 *
 * Lock: irq_lock, for handlers and masks, interrupts off. Handlers run without
 * it; who takes one off the list waits until the line is quiet. Counts, and the
 * 8259s' ports for what is in service, are of the one CPU that the 8259s
 * interrupt.
 */
#include <kernel/cpu/cpustack.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/pic.h>
#include <kernel/cpu/preempt.h>
#include <kernel/cpu/softirq.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/lock.h>

struct irq_action {
	irq_handler_t handler;	/* NULL: a free one */
	void *dev;
	const char *name;
	u32 flags;
	struct irq_action *next;
};

struct irq_line {
	struct irq_action *actions;
	u32 disabled;		/* masked while above 0 */
	u32 in_a_row;		/* that nobody wanted */
	bool running;
	bool given_up;		/* one of disabled is mask_unwanted()'s */
	struct irq_counts counts;
};

u32 preempt_counts[NR_CPUS];
bool need_resched_flags[NR_CPUS];
void (*preempt_hook)(void);
u8 irq_stack_guard[PAGE_SIZE + IRQ_STACK_SIZE] __aligned(PAGE_SIZE);
void (*irq_return_hook)(struct pt_regs *regs);
void (*irq_masked_hook)(unsigned int irq);

static spinlock_t irq_lock = SPIN_LOCK_UNLOCKED("irq_lock");
static struct irq_line lines[NR_IRQS];
static const struct pt_regs *interrupted[NR_CPUS];
static struct irq_action pool[IRQ_ACTIONS];

void preempt_slow(void)
{
	if (!preempt_count() && preempt_hook)
		preempt_hook();
}

/* --- who handles what --- */

static struct irq_action *free_action(void)
{
	unsigned int i;

	for (i = 0; i < IRQ_ACTIONS; i++)
		if (!pool[i].handler)
			return &pool[i];
	return NULL;
}

static int add_action(unsigned int irq, const struct irq_action *wanted)
{
	struct irq_action **end = &lines[irq].actions, *action;

	if (*end && !(wanted->flags & (*end)->flags & SA_SHIRQ))
		return -EBUSY;
	action = free_action();
	if (!action)
		return -ENOMEM;
	while (*end)
		end = &(*end)->next;
	*action = *wanted;
	*end = action;
	if (lines[irq].actions == action) {
		lines[irq].in_a_row = 0;
		if (!lines[irq].disabled)
			pic_unmask(irq);
	}
	return 0;
}

int request_irq(unsigned int irq, irq_handler_t handler, u32 flags,
		const char *name, void *dev)
{
	const struct irq_action wanted = {
		.handler = handler, .dev = dev, .name = name, .flags = flags,
	};
	u32 irq_flags;
	int err;

	if (irq >= NR_IRQS || irq == IRQ_CASCADE || !handler || !name ||
	    (flags & SA_SHIRQ && !dev))
		return -EINVAL;
	irq_flags = spin_lock_irqsave(&irq_lock);
	err = add_action(irq, &wanted);
	spin_unlock_irqrestore(&irq_lock, irq_flags);
	return err;
}

/* Its last handler is gone. */
static void leave_line(unsigned int irq)
{
	pic_mask_line(irq);
	lines[irq].disabled -= lines[irq].given_up;
	lines[irq].given_up = false;
}

int free_irq(unsigned int irq, void *dev)
{
	struct irq_action **at, *action = NULL;
	u32 flags;

	BUG_ON(in_irq(), "free_irq() in a handler");
	if (irq >= NR_IRQS)
		return -ENOENT;
	flags = spin_lock_irqsave(&irq_lock);
	for (at = &lines[irq].actions; *at; at = &(*at)->next)
		if ((*at)->dev == dev) {
			action = *at;
			*at = action->next;
			break;
		}
	if (action && !lines[irq].actions)
		leave_line(irq);
	spin_unlock_irqrestore(&irq_lock, flags);
	if (!action)
		return -ENOENT;
	/* on another CPU: here it cannot be, with interrupts off */
	while (*(volatile bool *)&lines[irq].running)
		cpu_relax();
	action->handler = NULL;
	return 0;
}

void disable_irq(unsigned int irq)
{
	u32 flags = spin_lock_irqsave(&irq_lock);

	BUG_ON(irq >= NR_IRQS, "disable_irq() of a line that is not there");
	if (!lines[irq].disabled++)
		pic_mask_line(irq);
	spin_unlock_irqrestore(&irq_lock, flags);
}

void enable_irq(unsigned int irq)
{
	u32 flags = spin_lock_irqsave(&irq_lock);

	BUG_ON(irq >= NR_IRQS || !lines[irq].disabled,
	       "enable_irq() of a line that is not disabled");
	if (!--lines[irq].disabled) {
		lines[irq].given_up = false;
		if (lines[irq].actions)
			pic_unmask(irq);
	}
	spin_unlock_irqrestore(&irq_lock, flags);
}

struct irq_counts irq_counts(unsigned int irq)
{
	return irq < NR_IRQS ? lines[irq].counts : (struct irq_counts){ 0 };
}

const char *irq_action_name(unsigned int irq, unsigned int n)
{
	u32 flags = spin_lock_irqsave(&irq_lock);
	const struct irq_action *action;
	const char *name = NULL;

	action = irq < NR_IRQS ? lines[irq].actions : NULL;
	while (action && n--)
		action = action->next;
	if (action)
		name = action->name;
	spin_unlock_irqrestore(&irq_lock, flags);
	return name;
}

/* --- an interrupt --- */

/* As by disable_irq(): somebody who mends the device may enable it. */
static void mask_unwanted(unsigned int irq)
{
	u32 flags = spin_lock_irqsave(&irq_lock);

	lines[irq].in_a_row = 0;
	lines[irq].disabled += !lines[irq].given_up;
	lines[irq].given_up = true;
	pic_mask_line(irq);
	spin_unlock_irqrestore(&irq_lock, flags);
	if (irq_masked_hook)
		irq_masked_hook(irq);
}

static void nobody_wanted(unsigned int irq)
{
	lines[irq].counts.unhandled++;
	if (++lines[irq].in_a_row >= IRQ_UNHANDLED_MOST)
		mask_unwanted(irq);
}

static bool call_handlers(u32 irq)
{
	const struct irq_action *action;
	bool wanted = false;

	for (action = lines[irq].actions; action; action = action->next)
		wanted |= action->handler(irq, action->dev);
	BUG_ON(!irqs_disabled(), "a handler ended with interrupts on");
	return wanted;
}

/* On the interrupt stack, interrupts off. */
static void run_handlers(u32 irq)
{
	struct irq_line *line = &lines[irq];
	bool wanted;

	line->running = true;
	wanted = call_handlers(irq);
	__atomic_store_n(&line->running, false, __ATOMIC_RELEASE);
	if (wanted) {
		line->counts.handled++;
		line->in_a_row = 0;
	} else {
		nobody_wanted(irq);
	}
}

/* Handlers, then what they left. On the interrupt stack, interrupts off. */
static void handle(u32 irq)
{
	u32 before = preempt_count();

	preempt_count() += HARDIRQ_OFFSET;
	run_handlers(irq);
	pic_end(irq);
	preempt_count() -= HARDIRQ_OFFSET;
	BUG_ON(preempt_count() != before,
	       "a handler ended with another preempt count");
	if (softirq_pending() && !in_interrupt())
		run_softirqs(0);
}

const struct pt_regs *irq_regs(void)
{
	return interrupted[smp_processor_id()];
}

bool on_irq_stack(u32 esp)
{
	return esp - (u32)(uintptr_t)irq_stack_guard < sizeof(irq_stack_guard);
}

void call_on_irq_stack(void (*fn)(u32 arg), u32 arg)
{
	if (on_irq_stack((u32)(uintptr_t)__builtin_frame_address(0)))
		fn(arg);
	else
		call_on_stack(fn, arg,
			      irq_stack_guard + sizeof(irq_stack_guard));
}

void do_irq(struct pt_regs *regs)
{
	const struct pt_regs *outer = irq_regs();
	u32 irq = regs->vector - FIRST_IRQ_VECTOR;

	restart_sequence(regs);
	if (pic_is_spurious(irq)) {
		lines[irq].counts.spurious++;
		return;
	}
	interrupted[smp_processor_id()] = regs;
	call_on_irq_stack(handle, irq);
	interrupted[smp_processor_id()] = outer;
	if (irq_return_hook && !in_atomic())
		irq_return_hook(regs);
}
