/*
 * What an interrupt handler leaves for later: it runs behind the handler, with
 * interrupts on, on the CPU's interrupt stack. ULK3 section 4.7.
 *
 * A softirq is one of a fixed few; the same one may run on several CPUs at
 * once, never twice on one. A tasklet runs on one CPU at a time. Neither may
 * sleep. Any context may raise.
 */
#ifndef KERNEL_CPU_SOFTIRQ_H
#define KERNEL_CPU_SOFTIRQ_H

#include <kernel/lib/list.h>

/* The lower number runs first. */
enum softirq {
	HI_SOFTIRQ,		/* tasklet_hi_schedule() */
	TIMER_SOFTIRQ,
	TASKLET_SOFTIRQ,
	NR_SOFTIRQS,
};

void open_softirq(enum softirq nr, void (*action)(void));

/* One that is open. Raised by a thread it waits for the next interrupt; between
 * local_bh_disable() and local_bh_enable(), for the latter. */
void raise_softirq(enum softirq nr);
void raise_softirq_irqoff(enum softirq nr);	/* interrupts are off */
bool softirq_pending(void);

/* Runs what is pending unless inside of an interrupt or softirq. */
void do_softirq(void);

/* The same by the end of a handler: on the interrupt stack, interrupts off, not
 * inside of one. */
void run_softirqs(u32 unused);

/* Between the two no softirq runs on this CPU; they nest. The last enable runs
 * what was raised meanwhile, if interrupts are on. */
void local_bh_disable(void);
void local_bh_enable(void);

/* How often each ran since boot. */
u32 softirq_count(enum softirq nr);

/* More are pending than may run in one go: is told, with interrupts off. They
 * run behind the next interrupt anyway, or earlier if it makes a thread call
 * do_softirq() (kernel/sched/ksoftirqd.c). */
extern void (*softirq_overload_hook)(void);

struct tasklet {
	struct list_head list;
	u32 state;		/* TASKLET_* */
	void (*func)(unsigned long data);
	unsigned long data;
};

#define TASKLET_SCHEDULED 1U	/* on a list */
#define TASKLET_RUNNING 2U

void tasklet_init(struct tasklet *tasklet, void (*func)(unsigned long data),
		  unsigned long data);

/* Once, however often before it runs. Its function may schedule it again, but
 * not free it. */
void tasklet_schedule(struct tasklet *tasklet);
void tasklet_hi_schedule(struct tasklet *tasklet);

/* Neither scheduled nor running when it returns. Nobody schedules it any more,
 * itself neither. From a thread, with interrupts on. */
void tasklet_kill(struct tasklet *tasklet);

void softirq_init(void);

#endif
