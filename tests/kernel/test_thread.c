/* Threads: kernel/sched/sched.c and thread.c. */
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/sched/mutex.h>
#include <kernel/sched/wait.h>
#include "ktest.h"

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

TEST(thread, thousands_come_and_go)
{
	u32 i, before = nr_tasks();

	for (i = 0; i < 3000; i++) {
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

	REQUIRE(a);
	spins = 0;
	msleep(300);
	EXPECT(spins > 0);
	EXPECT_EQ(kthread_stop(a), 0);
}

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
	u32 i;

	REQUIRE(task);
	for (i = 0; i < 10000; i++) {
		ball = 1;
		wake_up(&ping);
		wait_event(pong, ball == 0);
	}
	task->should_stop = true;
	wake_up(&ping);
	EXPECT_EQ(kthread_join(task), 0);
}
