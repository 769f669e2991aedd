/* Softirqs and tasklets: kernel/cpu/softirq.c. */
#include <kernel/base/panic.h>
#include <kernel/cpu/atomic.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/preempt.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/bug.h>
#include <kernel/sched/wait.h>
#include "ktest.h"
#include "rtc_irq.h"

#define LINE 5U			/* nobody's */
#define MAX_ROUNDS 10U		/* softirq.c's */
#define RAISE(line) __asm__ volatile("int %0" : :			\
				     "i"(FIRST_IRQ_VECTOR + (line)) : "memory")

static char log[32];
static u32 logged;

static void note(unsigned long data)
{
	if (logged < sizeof(log) - 1)
		log[logged++] = (char)data;
	log[logged] = 0;
}

static void clear_log(void)
{
	logged = 0;
	log[0] = 0;
}

static struct tasklet a, b, c;

static void init_three(void)
{
	clear_log();
	tasklet_init(&a, note, 'a');
	tasklet_init(&b, note, 'b');
	tasklet_init(&c, note, 'c');
}

TEST(softirq, tasklets_run_once_in_order)
{
	init_three();
	local_bh_disable();
	tasklet_schedule(&a);
	tasklet_schedule(&b);
	tasklet_schedule(&a);
	tasklet_hi_schedule(&c);
	EXPECT_STREQ(log, "");
	local_bh_enable();
	EXPECT_STREQ(log, "cab");
	EXPECT_EQ(a.state | b.state | c.state, 0);
}

TEST(softirq, bh_disable_nests)
{
	init_three();
	local_bh_disable();
	local_bh_disable();
	EXPECT(in_softirq() && in_interrupt() && !in_irq());
	tasklet_schedule(&a);
	local_bh_enable();
	EXPECT_STREQ(log, "");
	/* neither behind a handler */
	RAISE(LINE);
	do_softirq();
	EXPECT_STREQ(log, "");
	local_bh_enable();
	EXPECT_STREQ(log, "a");
	EXPECT(!in_interrupt());
}

/* The last enable with interrupts off leaves them for the next interrupt. */
TEST(softirq, enable_with_interrupts_off)
{
	u32 flags;

	init_three();
	flags = local_irq_save();
	local_bh_disable();
	tasklet_schedule(&a);
	local_bh_enable();
	EXPECT_STREQ(log, "");
	EXPECT(softirq_pending());
	local_irq_restore(flags);
	RAISE(LINE);
	EXPECT_STREQ(log, "a");
}

static struct {
	bool in_irq, in_softirq, irqs_on, on_stack, nested_stack;
	u32 nested_calls;
} seen;

static bool nested(unsigned int irq, void *dev)
{
	seen.nested_calls++;
	seen.nested_stack = on_irq_stack((u32)__builtin_frame_address(0));
	return true;
}

static void look_around(unsigned long data)
{
	seen.in_irq = in_irq();
	seen.in_softirq = in_softirq();
	seen.irqs_on = !irqs_disabled();
	seen.on_stack = on_irq_stack((u32)__builtin_frame_address(0));
	if (data)
		RAISE(LINE);
}

static bool schedules(unsigned int irq, void *dev)
{
	tasklet_schedule(dev);
	note('h');
	return true;
}

/* Behind the handler, with interrupts on; a handler in it goes on below. */
TEST(softirq, runs_behind_the_handler)
{
	clear_log();
	memset(&seen, 0, sizeof(seen));
	tasklet_init(&a, look_around, 1);
	REQUIRE(!request_irq(LINE + 1, schedules, 0, "raises", &a));
	REQUIRE(!request_irq(LINE, nested, 0, "nested", NULL));
	RAISE(LINE + 1);
	EXPECT_STREQ(log, "h");
	EXPECT(!seen.in_irq && seen.in_softirq && seen.irqs_on);
	EXPECT(seen.on_stack && seen.nested_stack);
	EXPECT_EQ(seen.nested_calls, 1);
	free_irq(LINE, NULL);
	free_irq(LINE + 1, &a);
}

TEST(softirq, runs_on_the_interrupt_stack_for_a_thread)
{
	memset(&seen, 0, sizeof(seen));
	tasklet_init(&a, look_around, 0);
	local_bh_disable();
	tasklet_schedule(&a);
	local_bh_enable();
	EXPECT(seen.in_softirq && seen.irqs_on && seen.on_stack);
	EXPECT(!on_irq_stack((u32)__builtin_frame_address(0)));
}

/* What a handler schedules while a softirq runs waits for its end. */
static void scheduled_from(unsigned long data)
{
	note('(');
	RAISE(LINE);
	note(')');
}

TEST(softirq, no_softirq_in_a_softirq)
{
	init_three();
	tasklet_init(&a, scheduled_from, 0);
	REQUIRE(!request_irq(LINE, schedules, 0, "raises", &b));
	local_bh_disable();
	tasklet_schedule(&a);
	local_bh_enable();
	free_irq(LINE, &b);
	EXPECT_STREQ(log, "(h)b");
}

static u32 overloads, again;

static void count_overload(void)
{
	overloads++;
}

static void schedules_itself(unsigned long data)
{
	again++;
	if (data > again)
		tasklet_schedule(&a);
}

/* In one go MAX_ROUNDS of them; then somebody is told, and the rest waits. */
TEST(softirq, rounds_have_a_limit)
{
	void (*hook)(void) = softirq_overload_hook;
	u32 flags;

	overloads = again = 0;
	softirq_overload_hook = count_overload;
	tasklet_init(&a, schedules_itself, MAX_ROUNDS + 3);
	flags = local_irq_save();
	tasklet_schedule(&a);
	do_softirq();
	EXPECT_EQ(again, MAX_ROUNDS);
	EXPECT_EQ(overloads, 1);
	EXPECT(softirq_pending());
	EXPECT(irqs_disabled());
	do_softirq();
	local_irq_restore(flags);
	EXPECT_EQ(again, MAX_ROUNDS + 3);
	EXPECT_EQ(overloads, 1);
	softirq_overload_hook = hook;
}

/* --- more than can be served --- */

#define STORM 500U		/* times as many as run in one go */

static struct {
	u32 rounds, by_thread;
	volatile bool ends;
	struct completion done;
} storm;

static void rages(unsigned long most)
{
	storm.rounds++;
	/* nothing is interrupted: a thread has called do_softirq() */
	storm.by_thread += !irq_regs() &&
			   !strcmp(current->name, "ksoftirqd/0");
	if (storm.ends || storm.rounds == most)
		complete(&storm.done);
	else
		tasklet_schedule(&a);
}

static void begin_storm(u32 most)
{
	memset(&storm, 0, sizeof(storm));
	init_completion(&storm.done);
	tasklet_init(&a, rages, most);
	/* the thread goes to sleep first, if it has never run */
	msleep(1);
	local_bh_disable();
	tasklet_schedule(&a);
	local_bh_enable();
}

/* By interrupts alone it would take as many ticks. */
TEST(softirq, the_rest_is_left_to_a_thread)
{
	begin_storm(STORM * MAX_ROUNDS);
	EXPECT_EQ(storm.rounds, MAX_ROUNDS);
	EXPECT(softirq_pending());
	wait_for_completion(&storm.done);
	tasklet_kill(&a);
	EXPECT_EQ(storm.rounds, STORM * MAX_ROUNDS);
	EXPECT(storm.by_thread > storm.rounds / 2);
}

static int counts_in_a_storm(void *data)
{
	volatile u32 *turns = data;

	while (!kthread_should_stop()) {
		++*turns;
		yield();
	}
	return 0;
}

/* It never ends by itself: yet all threads run, the last one, too. */
TEST(softirq, a_storm_keeps_nobody_from_the_cpu)
{
	volatile u32 turns = 0;
	struct task *last;
	u32 before, i;

	begin_storm(0);
	last = kthread_run_prio(PRIO_IDLE - 1, counts_in_a_storm,
				(void *)&turns, "last");
	REQUIRE(last);
	for (i = 0; i < 5; i++) {
		before = storm.rounds;
		msleep(3000 / hz);
		EXPECT(storm.rounds > before);
	}
	/* it shares the CPU with the thread of softirqs */
	for (i = 0; i < 100 && turns < 2; i++)
		msleep(2 * TIME_SLICE_MS);
	EXPECT(turns >= 2);
	storm.ends = true;
	wait_for_completion(&storm.done);
	tasklet_kill(&a);
	EXPECT_EQ(kthread_stop(last), 0);
}

/* On another CPU, so to speak: it is not run here, and not lost. */
TEST(softirq, tasklet_that_runs_elsewhere_waits)
{
	void (*hook)(void) = softirq_overload_hook;

	init_three();
	softirq_overload_hook = NULL;
	a.state = TASKLET_RUNNING;
	local_bh_disable();
	tasklet_schedule(&a);
	tasklet_schedule(&b);
	local_bh_enable();
	EXPECT_STREQ(log, "b");
	EXPECT_EQ(a.state, TASKLET_RUNNING | TASKLET_SCHEDULED);
	atomic_clear_bits(&a.state, TASKLET_RUNNING);
	do_softirq();
	EXPECT_STREQ(log, "ba");
	EXPECT_EQ(a.state, 0);
	softirq_overload_hook = hook;
}

TEST(softirq, kill_waits_for_it)
{
	init_three();
	tasklet_kill(&a);
	EXPECT_STREQ(log, "");
	tasklet_schedule(&a);
	tasklet_kill(&a);
	EXPECT_STREQ(log, "a");
	EXPECT_EQ(a.state, 0);
	local_bh_disable();
	tasklet_schedule(&a);
	local_bh_enable();
	EXPECT_STREQ(log, "aa");
}

static volatile u32 ran;

static void count_run(unsigned long data)
{
	ran++;
}

static bool strike(unsigned int irq, void *dev)
{
	tasklet_schedule(dev);
	return rtc_was_it();
}

/* By handlers that come whenever they like, against threads that keep them
 * out: none is lost. */
TEST(softirq, none_is_lost)
{
	u32 end = jiffies + 20 * hz, before = softirq_count(TASKLET_SOFTIRQ);

	ran = 0;
	tasklet_init(&a, count_run, 0);
	REQUIRE(rtc_start(strike, &a));
	while (ran < 50 && time_before(jiffies, end)) {
		local_bh_disable();
		barrier();
		local_bh_enable();
	}
	rtc_stop(&a);
	tasklet_kill(&a);
	EXPECT(ran >= 50);
	EXPECT(softirq_count(TASKLET_SOFTIRQ) - before >= ran);
}

/* --- who takes the CPU behind it --- */

static u32 checks;

static void count_check(void)
{
	checks++;
	need_resched() = false;
}

static void wants_the_cpu(unsigned long data)
{
	need_resched() = true;
}

TEST(softirq, enable_gives_the_cpu_to_whom_it_woke)
{
	void (*hook)(void) = preempt_hook;

	checks = 0;
	tasklet_init(&a, wants_the_cpu, 0);
	preempt_disable();
	local_bh_disable();
	tasklet_schedule(&a);
	preempt_hook = count_check;
	preempt_enable_no_resched();
	local_bh_enable();
	preempt_hook = hook;
	EXPECT_EQ(checks, 1);
}

/* --- what must not be --- */

TEST_PANIC(softirq, enable_without_disable,
	   "local_bh_enable() without local_bh_disable()")
{
	local_bh_enable();
}

static void forgets_a_count(unsigned long data)
{
	preempt_disable();
}

TEST_PANIC(softirq, forgets_a_count,
	   "a softirq ended with another preempt count")
{
	tasklet_init(&a, forgets_a_count, 0);
	tasklet_schedule(&a);
	do_softirq();
}

static void masks_interrupts(unsigned long data)
{
	local_irq_disable();
}

TEST_PANIC(softirq, masks_interrupts, "a softirq ended with interrupts off")
{
	tasklet_init(&a, masks_interrupts, 0);
	tasklet_schedule(&a);
	do_softirq();
}

TEST_PANIC(softirq, kill_with_interrupts_off,
	   "tasklet_kill() where no tasklet can run")
{
	tasklet_init(&a, note, 0);
	local_irq_disable();
	tasklet_kill(&a);
}

static void panics(unsigned long data)
{
	panic("tasklet %lu gave up", data);
}

TEST_PANIC(softirq, panic_in_a_tasklet, "tasklet 7 gave up")
{
	tasklet_init(&a, panics, 7);
	tasklet_schedule(&a);
	do_softirq();
}
