/* Threads: kernel/sched/sched.c and thread.c. */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include "threads.h"

static int returns_data(void *data)
{
	return (int)(uintptr_t)data;
}

TEST(thread, returns_its_result)
{
	struct task *task = kthread_run(returns_data, (void *)42, "forty");

	REQUIRE(task);
	EXPECT_EQ(kthread_join(task), 42);
}

static int has_children(void *data)
{
	volatile char room[1024];
	u32 n = (u32)(uintptr_t)data, sum = n;

	memset((void *)room, 0x11, sizeof(room));
	if (n) {
		struct task *a = kthread_run(has_children, (void *)(n - 1),
					     "a%u", n),
			    *b = kthread_run_prio(PRIO_HIGH, has_children,
						  (void *)(n - 1), "b%u", n);

		sum += a ? (u32)kthread_join(a) : 0;
		sum += b ? (u32)kthread_join(b) : 0;
	}
	/* each frees the stacks of its own children, and stands on its own */
	return (int)(sum + (room[0] != 0x11) + (room[1023] != 0x11));
}

TEST(thread, threads_make_threads)
{
	struct task *task = kthread_run(has_children, (void *)4, "root");

	REQUIRE(task);
	/* 4 + 2 * (3 + 2 * (2 + 2 * (1 + 2 * 0))) */
	EXPECT_EQ(kthread_join(task), 26);
}

static int until_stopped(void *data)
{
	u32 *rounds = data;

	while (!kthread_should_stop()) {
		++*rounds;
		set_current_state(TASK_INTERRUPTIBLE);
		if (!kthread_should_stop())
			schedule_timeout(1);
		set_current_state(TASK_RUNNING);
	}
	return -EINTR;
}

TEST(thread, stops_when_told)
{
	u32 rounds = 0;
	struct task *task = kthread_run(until_stopped, &rounds, "loop");

	REQUIRE(task);
	msleep(50);
	EXPECT(rounds > 0);
	EXPECT_EQ(kthread_stop(task), -EINTR);
}

static int nothing(void *data)
{
	return 0;
}

/* Told to stop, or woken, when it has ended: nothing happens any more. */
TEST(thread, a_dead_one_is_stopped_and_woken)
{
	struct task *task = kthread_run_prio(PRIO_HIGH, returns_data,
					     (void *)9, "quick");
	u32 before = nr_tasks();

	REQUIRE(task);
	EXPECT_EQ(task->state, TASK_DEAD);
	EXPECT(!task->on_cpu && !task->queued);
	EXPECT(!wake_up_process(task));
	EXPECT(!try_to_wake_up(task, TASK_NORMAL));
	set_prio(task, PRIO_DEFAULT);
	EXPECT_EQ(task->state, TASK_DEAD);
	EXPECT_EQ(kthread_stop(task), 9);
	EXPECT_EQ(nr_tasks(), before);
}

static volatile bool comes_back;

/* As an interrupt may do between the last words of a thread and schedule(). */
static int is_preempted_when_dead(void *data)
{
	set_current_state(TASK_DEAD);
	be_preempted();
	comes_back = true;
	return 5;
}

/* It has not ended while it is on the run queue, whatever its state says. */
TEST(thread, preempted_behind_its_last_words)
{
	struct task *task;

	comes_back = false;
	task = kthread_run(is_preempted_when_dead, NULL, "dies");
	REQUIRE(task);
	while (task->state != TASK_DEAD)
		yield();
	EXPECT(!comes_back);
	EXPECT_EQ(kthread_join(task), 5);
	EXPECT(comes_back);
}

/* Told to stop before it had the CPU for the first time. */
TEST(thread, stopped_before_it_began)
{
	u32 rounds = 0;
	struct task *task = kthread_run_prio(PRIO_DEFAULT + 1, until_stopped,
					     &rounds, "late");

	REQUIRE(task);
	EXPECT_EQ(task->switches, 0);
	EXPECT_EQ(kthread_stop(task), -EINTR);
	EXPECT_EQ(rounds, 0);
}

TEST(thread, thousands_come_and_go)
{
	u32 i, before = nr_tasks(), rounds = test_rounds(3000);

	for (i = 0; i < rounds; i++) {
		struct task *task = kthread_run(nothing, NULL, "n%u", i);

		REQUIRE(task);
		if (i % 2)
			kthread_join(task);
		else
			put_task(task);
	}
	msleep(20);
	free_dead_tasks();
	EXPECT_EQ(nr_tasks(), before);
}

/* Each request on the way fails once: no thread then, and nothing is lost. */
static u32 failures_at(struct fail_point *point)
{
	struct task *task = NULL;
	u32 n;

	for (n = 1; !task && n < 50; n++) {
		fail_nth(point, n);
		task = kthread_run(returns_data, (void *)n, "n%u", n);
		fail_nth(point, 0);
	}
	if (EXPECT(task))
		EXPECT_EQ(kthread_join(task), n - 1);
	return n - 2;
}

TEST(thread, no_memory_for_it)
{
	u32 warnings = printk_warnings();

	EXPECT(failures_at(fail_find("slab", 4)) >= 2);
	EXPECT(failures_at(fail_find("page", 4)) >= 2);
	test_allow_warnings(printk_warnings() - warnings);
}

static volatile u32 spins;

static int never_yields(void *data)
{
	while (!kthread_should_stop())
		spins++;
	return 0;
}

TEST(thread, a_loop_is_preempted)
{
	struct task *a = kthread_run(never_yields, NULL, "spin");
	u32 i;

	REQUIRE(a);
	spins = 0;
	for (i = 0; i < 30 && !spins; i++)
		msleep(10);
	EXPECT(spins > 0);
	EXPECT_EQ(kthread_stop(a), 0);
}

/* --- who runs --- */

static u32 order[8], came;

static int waits_and_notes(void *go)
{
	wait_for_completion(go);
	came++;
	return 0;
}

static int notes(void *data)
{
	order[came++] = (u32)(uintptr_t)data;
	return 0;
}

/* None of them is more urgent than this thread: they run when it waits. */
TEST(thread, in_the_order_of_priority)
{
	static const u32 prio[] = { 20, 17, 30, 18 };
	struct crew crew = { .n = 0 };
	u32 i;

	came = 0;
	for (i = 0; i < ARRAY_SIZE(prio); i++)
		crew_add(&crew, prio[i], notes, (void *)prio[i]);
	EXPECT_EQ(came, 0);
	EXPECT_EQ(crew_join(&crew), 0);
	EXPECT_EQ(order[0], 17);
	EXPECT_EQ(order[1], 18);
	EXPECT_EQ(order[2], 20);
	EXPECT_EQ(order[3], 30);
}

TEST(thread, a_more_urgent_one_runs_at_once)
{
	struct crew crew = { .n = 0 };

	came = 0;
	crew_add(&crew, PRIO_HIGH, notes, (void *)1);
	EXPECT_EQ(came, 1);
	crew_join(&crew);
}

static int joins(void *task)
{
	kthread_join(task);
	came++;
	return 0;
}

/* Whoever waits for an end is woken in the middle of a switch to another. */
TEST(thread, a_more_urgent_joiner_runs_at_once)
{
	struct crew crew = { .n = 0 };
	struct task *ends;
	u32 i;

	/* again, if a tick let it end before it was waited for */
	for (i = 0; i < 5; i++) {
		came = 0;
		ends = kthread_run(nothing, NULL, "ends");
		REQUIRE(ends);
		crew_add(&crew, PRIO_HIGH, joins, ends);
		if (!came)
			break;
		crew_join(&crew);
		crew.n = 0;
	}
	EXPECT_EQ(came, 0);
	yield();
	EXPECT_EQ(came, 1);
	crew_join(&crew);
}

TEST(thread, preempt_disable_keeps_the_cpu)
{
	struct completion go;
	struct crew crew = { .n = 0 };

	came = 0;
	init_completion(&go);
	crew_add(&crew, PRIO_HIGH, waits_and_notes, &go);
	preempt_disable();
	complete(&go);
	EXPECT(need_resched());
	EXPECT_EQ(came, 0);
	preempt_enable();
	EXPECT_EQ(came, 1);
	crew_join(&crew);
}

static int takes_turns(void *data)
{
	u32 i;

	for (i = 0; i < 3; i++) {
		order[came++] = (u32)(uintptr_t)data;
		yield();
	}
	return 0;
}

static void wakes(unsigned long task)
{
	wake_up_process((struct task *)task);
}

/* Between "I wait" and schedule() it loses the CPU to one that it wakes; nobody
 * wakes it, and it must come back to look again. */
TEST(thread, a_preempted_one_that_waits_comes_back)
{
	struct completion go;
	struct crew crew = { .n = 0 };
	struct timer_list rescue;

	came = 0;
	init_completion(&go);
	crew_add(&crew, PRIO_HIGH, waits_and_notes, &go);
	setup_timer(&rescue, wakes, (unsigned long)current);
	mod_timer(&rescue, jiffies + hz);
	set_current_state(TASK_UNINTERRUPTIBLE);
	complete(&go);
	EXPECT_EQ(current->state, TASK_UNINTERRUPTIBLE);
	set_current_state(TASK_RUNNING);
	EXPECT(del_timer_sync(&rescue));
	EXPECT_EQ(came, 1);
	crew_join(&crew);
}

TEST(thread, yield_is_a_turn)
{
	struct crew crew = { .n = 0 };
	u32 i;

	came = 0;
	crew_add(&crew, PRIO_DEFAULT + 1, takes_turns, (void *)0);
	crew_add(&crew, PRIO_DEFAULT + 1, takes_turns, (void *)1);
	crew_join(&crew);
	EXPECT_EQ(came, 6);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(order[i], i % 2);
}

TEST(thread, set_prio_moves_it)
{
	struct crew crew = { .n = 0 };

	came = 0;
	crew_add(&crew, 20, notes, (void *)1);
	crew_add(&crew, 21, notes, (void *)2);
	EXPECT_EQ(came, 0);
	set_prio(crew.task[1], PRIO_HIGH);
	EXPECT_EQ(came, 1);
	EXPECT_EQ(order[0], 2);
	crew_join(&crew);
}

static bool both_ran_twice(const struct crew *crew, const u32 *before)
{
	return crew->n == 2 && crew->task[0]->switches - before[0] >= 2 &&
	       crew->task[1]->switches - before[1] >= 2;
}

/* Two that never give the CPU up share it: within ten time slices. */
TEST(thread, time_slices_are_shared)
{
	struct crew crew = { .n = 0 };
	u32 before[2] = { 0 }, slice, i;

	for (i = 0; i < 2; i++)
		crew_add(&crew, PRIO_DEFAULT + 1, never_yields, NULL);
	for (i = 0; i < 2 && i < crew.n; i++)
		before[i] = crew.task[i]->switches;
	for (slice = 0; slice < 10 && !both_ran_twice(&crew, before); slice++)
		msleep(TIME_SLICE_MS);
	EXPECT(both_ran_twice(&crew, before));
	crew_stop(&crew);
}

/* --- waiting --- */

static DECLARE_WAIT_QUEUE_HEAD(ping);
static DECLARE_WAIT_QUEUE_HEAD(pong);
static volatile u32 ball;

static int player(void *data)
{
	while (!kthread_should_stop()) {
		wait_event(ping, ball == 1 || kthread_should_stop());
		ball = 0;
		wake_up(&pong);
	}
	return 0;
}

TEST(thread, ping_pong)
{
	struct task *task = kthread_run(player, NULL, "player");
	u32 i, rounds = test_rounds(10000);

	REQUIRE(task);
	for (i = 0; i < rounds; i++) {
		ball = 1;
		wake_up(&ping);
		wait_event(pong, ball == 0);
	}
	task->should_stop = true;
	wake_up(&ping);
	EXPECT_EQ(kthread_join(task), 0);
}

/* --- the end of a stack --- */

static int __noinline goes_down(u32 depth)
{
	volatile char room[256];

	room[0] = (char)depth;
	return depth ? goes_down(depth - 1) + room[0] : 0;
}

static int overflows(void *data)
{
	return goes_down(1000);
}

TEST_PANIC(thread, stack_overflow, "the thread's stack overflowed")
{
	kthread_join(kthread_run(overflows, NULL, "deep"));
}

TEST_PANIC(thread, wrong_priority, "no such priority for a thread")
{
	kthread_run_prio(PRIO_IDLE, nothing, NULL, "idler");
}

static int joins_itself(void *data)
{
	return kthread_join(current);
}

TEST_PANIC(thread, waits_for_itself, "a thread that waits for its own end")
{
	kthread_join(kthread_run(joins_itself, NULL, "self"));
}

TEST_PANIC(thread, joined_with_a_lock, "the CPU must be kept")
{
	struct task *task = kthread_run_prio(PRIO_HIGH, nothing, NULL, "quick");

	/* it has ended: nobody would have to wait */
	preempt_disable();
	kthread_join(task);
}
