/*
 * Threads.
 *
 * 1. wakeup.switch: two threads hand a ball over by two wait queues; one op is
 *    one throw: a wake_up(), the wait of who threw, the switch to the other.
 * 2. thread.create_join: kthread_run() of a function that returns at once, and
 *    kthread_join().
 *
 * Interrupts are on in these: who waits must be able to be woken.
 */
#include <kernel/sched/wait.h>
#include "bench.h"

static DECLARE_WAIT_QUEUE_HEAD(there);
static DECLARE_WAIT_QUEUE_HEAD(back);
static volatile u32 turn;
static struct task *partner;

/* An odd turn is the partner's. */
static int throws_back(void *unused)
{
	for (;;) {
		wait_event(there, turn & 1 || kthread_should_stop());
		if (kthread_should_stop())
			return 0;
		turn++;
		wake_up(&back);
	}
}

static void play_begin(void)
{
	turn = 0;
	partner = kthread_run(throws_back, NULL, "partner");
}

static void play_end(void)
{
	if (!partner)
		return;
	__atomic_store_n(&partner->should_stop, true, __ATOMIC_SEQ_CST);
	wake_up(&there);
	kthread_join(partner);
}

static void play(struct bench *b)
{
	u32 n = b->ops / 2;

	if (!partner)
		return;
	local_irq_enable();
	bench_start(b);
	do {
		turn++;
		wake_up(&there);
		wait_event(back, !(turn & 1));
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static int nothing(void *unused)
{
	return 0;
}

static void create_join(struct bench *b)
{
	u32 n = b->ops;

	local_irq_enable();
	bench_start(b);
	do {
		struct task *task = kthread_run(nothing, NULL, "bench");

		if (task)
			kthread_join(task);
	} while (--n);
	bench_stop(b);
	local_irq_disable();
}

static const struct bench_case cases[] = {
	{ .name = "wakeup.switch", .ops = BENCH_OPS, .batches = BENCH_BATCHES,
	  .batch = play, .begin = play_begin, .end = play_end },
	{ .name = "thread.create_join", .ops = 200, .batches = BENCH_BATCHES,
	  .batch = create_join },
};

BENCH_TABLE(bench_sched, cases);
