/*
 * Interrupts. irq.tick: all that a tick takes from whoever it interrupts, the
 * timers' softirq and the scheduler's part included: a loop reads the counter,
 * and what a reading lies further from the one before than usual is the tick's.
 * lock.irqsave.pair: a spin lock out and back.
 */
#include <kernel/cpu/spinlock.h>
#include <kernel/cpu/time.h>
#include "bench.h"

#define FAR 100U	/* guessed: a round takes 10, a tick more than this */

static void tick(struct bench *b)
{
	u32 left = b->ops, usual = ~0U, gap;
	u64 last, now;

	local_irq_enable();
	last = rdtsc();
	while (left) {
		now = rdtsc();
		gap = (u32)(now - last);
		last = now;
		if (gap < FAR) {
			usual = min(usual, gap);
		} else {
			b->ticks += gap - usual;
			left--;
		}
	}
	local_irq_disable();
}

static void irqsave_pair(struct bench *b)
{
	static spinlock_t lock = SPIN_LOCK_UNLOCKED("bench");
	u32 n = b->ops;

	bench_start(b);
	do
		spin_unlock_irqrestore(&lock, spin_lock_irqsave(&lock));
	while (--n);
	bench_stop(b);
}

static const struct bench_case cases[] = {
	{ .name = "irq.tick", .ops = 12, .batches = 2, .batch = tick },
	{ .name = "lock.irqsave.pair", .ops = BENCH_OPS,
	  .batches = BENCH_BATCHES, .batch = irqsave_pair },
};

BENCH_TABLE(bench_irq, cases);
