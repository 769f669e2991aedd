/* Wait queues and completions: kernel/sched/wait.c. */
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include "counted.h"
#include "rtc_irq.h"
#include "threads.h"

static DECLARE_WAIT_QUEUE_HEAD(queue);
static u32 order[THREADS_MOST], came;
static volatile u32 permits;

static void start(void)
{
	came = permits = 0;
}

/* One that was given, if there is one. */
static bool take_permit(void)
{
	u32 flags = local_irq_save();
	bool got = permits;

	permits -= got;
	local_irq_restore(flags);
	return got;
}

static int waits(void *data)
{
	wait_event(queue, take_permit());
	order[came++] = (u32)(uintptr_t)data;
	return 1;
}

static int waits_alone(void *data)
{
	wait_event_exclusive(queue, take_permit());
	order[came++] = (u32)(uintptr_t)data;
	return 1;
}

static bool add_waiters(struct crew *crew, int (*function)(void *data), u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (!crew_add(crew, PRIO_HIGH, function,
			      (void *)(uintptr_t)crew->n) ||
		    !EXPECT(until_it_waits(crew->task[crew->n - 1])))
			return false;
	return true;
}

TEST(wait, one_that_is_exclusive)
{
	struct crew crew = { .n = 0 };
	u32 i;

	start();
	add_waiters(&crew, waits_alone, 4);
	for (i = 0; i < 4; i++) {
		permits = 1;
		EXPECT_EQ(wake_up(&queue), 1);
		msleep(1);
		EXPECT_EQ(came, i + 1);
		/* who came first is first */
		EXPECT_EQ(order[i], i);
	}
	EXPECT_EQ(crew_join(&crew), 4);
	EXPECT(!waitqueue_active(&queue));
}

TEST(wait, all_that_are_not)
{
	struct crew crew = { .n = 0 };

	start();
	add_waiters(&crew, waits, 3);
	add_waiters(&crew, waits_alone, 2);
	permits = 4;
	/* all three, and one of the two */
	EXPECT_EQ(wake_up(&queue), 4);
	msleep(1);
	EXPECT_EQ(came, 4);
	permits = 1;
	EXPECT_EQ(wake_up_all(&queue), 1);
	EXPECT_EQ(crew_join(&crew), 5);
}

TEST(wait, by_number)
{
	struct crew crew = { .n = 0 };

	start();
	add_waiters(&crew, waits_alone, 5);
	permits = 5;
	EXPECT_EQ(wake_up_nr(&queue, TASK_NORMAL, 3), 3);
	msleep(1);
	EXPECT_EQ(came, 3);
	EXPECT_EQ(wake_up_nr(&queue, TASK_INTERRUPTIBLE, 0), 0);
	EXPECT_EQ(wake_up_all(&queue), 2);
	EXPECT_EQ(crew_join(&crew), 5);
}

/* Woken, and the condition is not true: it goes on waiting. */
TEST(wait, looks_again)
{
	struct crew crew = { .n = 0 };
	u32 i;

	start();
	add_waiters(&crew, waits, 1);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(wake_up(&queue), 1);
		EXPECT(until_it_waits(crew.task[0]));
		EXPECT_EQ(came, 0);
	}
	permits = 1;
	wake_up(&queue);
	EXPECT_EQ(crew_join(&crew), 1);
}

TEST(wait, a_true_condition_does_not_wait)
{
	u32 before = current->switches;

	wait_event(queue, true);
	wait_event_exclusive(queue, true);
	EXPECT_EQ(wait_event_interruptible(queue, true), 0);
	EXPECT_EQ(wait_event_timeout(queue, true, 10), 10);
	EXPECT(current->switches - before <= 1);
	EXPECT_EQ(current->state, TASK_RUNNING);
}

static int until_told(void *data)
{
	return wait_event_interruptible(queue, permits) == -EINTR;
}

TEST(wait, kthread_stop_ends_it)
{
	struct crew crew = { .n = 0 };

	start();
	add_waiters(&crew, until_told, 2);
	EXPECT_EQ(crew_stop(&crew), 2);
	EXPECT(!waitqueue_active(&queue));
}

TEST(wait, a_time_limit)
{
	u32 from = jiffies;

	EXPECT_EQ(wait_event_timeout(queue, false, 3), 0);
	EXPECT(jiffies - from >= 3);
	EXPECT(!waitqueue_active(&queue));
}

static void give_permit(unsigned long data)
{
	permits = 1;
	wake_up(&queue);
}

TEST(wait, a_timer_wakes)
{
	struct timer_list timer;

	start();
	setup_timer(&timer, give_permit, 0);
	mod_timer(&timer, jiffies + 2);
	EXPECT(wait_event_timeout(queue, take_permit(), 100 * hz) > 0);
	del_timer_sync(&timer);
}

/* Limits at both ends of what there is. */
TEST(wait, odd_time_limits)
{
	u32 from = jiffies;

	EXPECT_EQ(wait_event_timeout(queue, false, 0), 0);
	EXPECT_EQ(wait_event_timeout(queue, true, 0), 1);
	EXPECT_EQ(wait_event_timeout(queue, true, MAX_SCHEDULE_TIMEOUT),
		  MAX_SCHEDULE_TIMEOUT);
	set_current_state(TASK_INTERRUPTIBLE);
	EXPECT_EQ(schedule_timeout(0), 0);
	EXPECT_EQ(current->state, TASK_RUNNING);
	msleep(0);
	EXPECT(jiffies - from < hz);
	EXPECT(!waitqueue_active(&queue));
}

/* As long as it was asked for at least; and two ticks more, if time is exact:
 * the one under way, and what it is rounded up to. */
TEST(wait, msleep_is_in_time)
{
	static const u32 ms[] = { 1, 10, 15, 99, 250 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ms); i++) {
		u64 from = clock_ns(), passed;

		msleep(ms[i]);
		passed = clock_ns() - from;
		if (tsc_khz)
			EXPECT(passed >= ms[i] * 1000000ULL);
		if (instructions_are_counted())
			EXPECT(passed <= ms[i] * 1000000ULL +
			       2 * 1001000000ULL / hz);
	}
}

static int sleeps_for_ticks(void *ticks)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	return (int)(schedule_timeout((u32)(uintptr_t)ticks) >> 16);
}

/* More ticks than jiffies can tell apart are for ever, not the past. */
TEST(wait, the_longest_times)
{
	static const u32 ticks[] = {
		MAX_SCHEDULE_TIMEOUT - 100, MAX_SCHEDULE_TIMEOUT,
		MAX_SCHEDULE_TIMEOUT + 1, ~0U,
	};
	struct crew crew = { .n = 0 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(ticks); i++)
		crew_add(&crew, PRIO_DEFAULT, sleeps_for_ticks,
			 (void *)ticks[i]);
	msleep(5000 / hz);
	for (i = 0; i < crew.n; i++) {
		EXPECT_EQ(crew.task[i]->state, TASK_UNINTERRUPTIBLE);
		wake_up_process(crew.task[i]);
	}
	/* all that they had asked for was left, but a few ticks */
	EXPECT_EQ(crew_join(&crew), 0x7fff * 2 + 0x8000 + 0xffff);
}

/* --- woken by handlers --- */

#define STRIKES 300U

static volatile u32 strikes;
static u32 device_seed = 521288629U;

static bool strike(unsigned int irq, void *dev)
{
	strikes++;
	wake_up(&queue);
	return rtc_was_it();
}

/* A device that interrupts whenever it likes: before the look, behind it, while
 * the thread gives the CPU up. Each time it is seen. */
TEST(wait, a_device_wakes)
{
	u32 seen = 0, missed = 0, n;

	strikes = 0;
	REQUIRE(rtc_start(strike, NULL));
	while (seen < STRIKES && !missed) {
		/* so few interrupts are no time limit's length apart */
		missed += !wait_event_timeout(queue, strikes != seen, 20 * hz);
		seen = strikes;
		for (n = random_below(&device_seed, 3000); n; n--)
			barrier();
	}
	rtc_stop(NULL);
	EXPECT_EQ(missed, 0);
	EXPECT(!waitqueue_active(&queue));
}

/* --- completions --- */

static struct completion done;

static int completes(void *data)
{
	complete(&done);
	return 1;
}

static int awaits(void *data)
{
	wait_for_completion(&done);
	return 1;
}

TEST(completion, before_and_after)
{
	struct crew crew = { .n = 0 };

	init_completion(&done);
	/* counted: two that come before who waits for them */
	complete(&done);
	complete(&done);
	wait_for_completion(&done);
	wait_for_completion(&done);
	EXPECT_EQ(done.done, 0);
	crew_add(&crew, PRIO_DEFAULT, completes, NULL);
	wait_for_completion(&done);
	EXPECT_EQ(crew_join(&crew), 1);
}

TEST(completion, one_lets_one_through)
{
	struct crew crew = { .n = 0 };

	init_completion(&done);
	add_waiters(&crew, awaits, 3);
	complete(&done);
	msleep(1);
	EXPECT(until_it_waits(crew.task[1]));
	EXPECT(until_it_waits(crew.task[2]));
	EXPECT_EQ(crew.task[0]->state, TASK_DEAD);
	EXPECT(crew.task[1]->state != TASK_DEAD);
	complete_all(&done);
	EXPECT_EQ(crew_join(&crew), 3);
	/* for good */
	wait_for_completion(&done);
	wait_for_completion(&done);
}

TEST(completion, a_time_limit)
{
	init_completion(&done);
	EXPECT_EQ(wait_for_completion_timeout(&done, 2), 0);
	complete(&done);
	EXPECT_EQ(wait_for_completion_timeout(&done, 5), 5);
	EXPECT_EQ(wait_for_completion_timeout(&done, 0), 0);
}

/* --- nothing is lost --- */

#define PAIRS 100000U

static struct {
	volatile u32 turn;	/* how often the ball was thrown */
	wait_queue_head_t there, back;
	u32 missed;
} match;

/* Is it? Who asks has said that it waits, and does not wait yet: that is where
 * a wake-up could be lost. So now and then the other one runs just then, before
 * the look or behind it. */
static bool look(u32 *seed, u32 turn)
{
	u32 n = random_below(seed, 16);
	bool it_is;

	if (n == 0)
		be_preempted();
	it_is = match.turn == turn;
	if (n == 1)
		be_preempted();
	return it_is;
}

/* Each throw is awaited with a limit that no throw needs: a lost wake-up. */
static bool await_turn(wait_queue_head_t *where, u32 *seed, u32 turn)
{
	if (wait_event_timeout(*where, look(seed, turn), 40 * hz))
		return true;
	match.missed++;
	return false;
}

static void dawdle(u32 *seed)
{
	u32 n = random_below(seed, 8);

	if (n == 0)
		yield();
	else if (n < 4)
		for (n = random_below(seed, 200); n; n--)
			barrier();
}

static int throws_back(void *data)
{
	u32 seed = 2463534242U, turn;

	for (turn = 1; turn < 2 * PAIRS; turn += 2) {
		if (!await_turn(&match.there, &seed, turn))
			return 1;
		dawdle(&seed);
		match.turn = turn + 1;
		wake_up(&match.back);
	}
	return 0;
}

TEST(wait, a_hundred_thousand_pairs)
{
	struct crew crew = { .n = 0 };
	u32 seed = 88675123U, turn;

	memset(&match, 0, sizeof(match));
	init_waitqueue_head(&match.there);
	init_waitqueue_head(&match.back);
	crew_add(&crew, PRIO_DEFAULT, throws_back, NULL);
	for (turn = 0; turn < 2 * PAIRS; turn += 2) {
		dawdle(&seed);
		match.turn = turn + 1;
		wake_up(&match.there);
		if (!await_turn(&match.back, &seed, turn + 2))
			break;
	}
	EXPECT_EQ(match.turn, 2 * PAIRS);
	EXPECT_EQ(crew_join(&crew), 0);
	EXPECT_EQ(match.missed, 0);
}
