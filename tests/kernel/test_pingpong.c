/*
 * A ball goes to and fro between two threads, by each of the means to wait:
 * each throw is a switch of threads, and the next one begins only when it came.
 * Who is not woken waits for ever, and the boot with it.
 */
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/sched/workqueue.h>
#include "threads.h"

#define THROWS test_rounds(2000)
#define BY_TIMER test_rounds(200)	/* each of them waits for a tick */

static struct {
	volatile u32 ball;	/* how often it was thrown */
	wait_queue_head_t queue[2];
	struct completion done[2];
	struct semaphore sem[2];
	struct mutex mutex;
	struct rw_semaphore rw;
	u32 wrong;
} match;

static void start(void)
{
	u32 i;

	memset(&match, 0, sizeof(match));
	mutex_init(&match.mutex, "match.mutex");
	init_rwsem(&match.rw, "match.rw");
	for (i = 0; i < 2; i++) {
		init_waitqueue_head(&match.queue[i]);
		init_completion(&match.done[i]);
		sema_init(&match.sem[i], 0);
	}
}

/* The ball is this side's; it goes over. */
static void throw(u32 side)
{
	match.wrong += match.ball % 2 != side;
	match.ball++;
}

/* Both sides play; side 1 is a thread of its own. */
static void play(int (*function)(void *side))
{
	struct crew crew = { .n = 0 };
	u32 before;

	start();
	if (!crew_add(&crew, PRIO_DEFAULT, function, (void *)1))
		return;
	before = crew.task[0]->switches;
	function((void *)0);
	/* it never had the CPU for two throws */
	EXPECT(crew.task[0]->switches - before >= THROWS - 1);
	crew_join(&crew);
	EXPECT_EQ(match.ball, 2 * THROWS);
	EXPECT_EQ(match.wrong, 0);
}

static int by_queue(void *data)
{
	u32 side = (u32)(uintptr_t)data, i;

	for (i = 0; i < THROWS; i++) {
		wait_event(match.queue[side], match.ball % 2 == side);
		throw(side);
		wake_up(&match.queue[!side]);
	}
	return 0;
}

TEST(pingpong, wait_queue)
{
	play(by_queue);
}

static int by_completion(void *data)
{
	u32 side = (u32)(uintptr_t)data, i;

	for (i = 0; i < THROWS; i++) {
		if (i || side)
			wait_for_completion(&match.done[side]);
		throw(side);
		complete(&match.done[!side]);
	}
	return 0;
}

TEST(pingpong, completion)
{
	play(by_completion);
	EXPECT_EQ(match.done[0].done, 1);	/* the last throw */
}

static int by_semaphore(void *data)
{
	u32 side = (u32)(uintptr_t)data, i;

	for (i = 0; i < THROWS; i++) {
		if (i || side)
			down(&match.sem[side]);
		throw(side);
		up(&match.sem[!side]);
	}
	return 0;
}

TEST(pingpong, semaphore)
{
	play(by_semaphore);
	EXPECT_EQ(match.sem[0].count, 1);
}

/* With the lock held the other one is let run, so that it waits for the lock,
 * which is handed on. */
static int by_mutex(void *data)
{
	u32 side = (u32)(uintptr_t)data, thrown = 0;

	while (thrown < THROWS) {
		mutex_lock(&match.mutex);
		if (match.ball % 2 == side) {
			throw(side);
			thrown++;
		}
		yield();
		mutex_unlock(&match.mutex);
	}
	return 0;
}

TEST(pingpong, mutex)
{
	play(by_mutex);
	EXPECT(!mutex_is_locked(&match.mutex));
}

/* A writer throws, a reader looks on: the lock goes from kind to kind. */
static int by_rwsem(void *data)
{
	u32 side = (u32)(uintptr_t)data, thrown = 0;

	while (thrown < THROWS) {
		down_write(&match.rw);
		if (match.ball % 2 == side) {
			throw(side);
			thrown++;
		}
		yield();
		up_write(&match.rw);
		down_read(&match.rw);
		yield();
		up_read(&match.rw);
	}
	return 0;
}

TEST(pingpong, rwsem)
{
	play(by_rwsem);
	EXPECT_EQ(match.rw.word & ~RW_SLOW, 0);
}

/* --- with a thread that is there already --- */

static void thrown_back(void *done)
{
	match.ball++;
	complete(done);
}

TEST(pingpong, work_queue)
{
	static struct work_struct work;
	u32 i;

	start();
	INIT_WORK(&work, thrown_back, &match.done[0]);
	for (i = 0; i < THROWS; i++) {
		if (!schedule_work(&work))
			break;
		wait_for_completion(&match.done[0]);
	}
	flush_scheduled_work();
	EXPECT_EQ(i, THROWS);
	EXPECT_EQ(match.ball, THROWS);
}

static void wakes(unsigned long data)
{
	match.ball++;
	wake_up((wait_queue_head_t *)data);
}

/* Each wake-up by a timer, and each at its tick or later. */
TEST(pingpong, timer)
{
	struct timer_list timer;
	u32 i, early = 0;

	start();
	setup_timer(&timer, wakes, (unsigned long)&match.queue[0]);
	for (i = 0; i < BY_TIMER; i++) {
		u32 due = jiffies + 1 + i % 2;

		mod_timer(&timer, due);
		wait_event(match.queue[0], match.ball == i + 1);
		early += time_before(jiffies, due);
	}
	del_timer_sync(&timer);
	EXPECT_EQ(match.ball, BY_TIMER);
	EXPECT_EQ(early, 0);
}
