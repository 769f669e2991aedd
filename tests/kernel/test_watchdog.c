/* Hung threads, lockups (kernel/sched/watchdog.c), and the list of threads. */
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/cpu/time.h>
#include <kernel/sched/top.h>
#include <kernel/sched/wait.h>
#include <kernel/sched/watchdog.h>
#include "ktest.h"

static DECLARE_COMPLETION(release);

static int waits(void *data)
{
	wait_for_completion(&release);
	return 0;
}

TEST(watchdog, a_hung_thread_is_reported_once)
{
	struct task *task;
	u32 before = watchdog_counts().hung;

	init_completion(&release);
	task = kthread_run(waits, NULL, "hangs");
	REQUIRE(task);
	msleep(220);
	EXPECT_EQ(check_hung_tasks(1000 * hz), 0);
	test_allow_warnings(1);
	EXPECT_EQ(check_hung_tasks(hz / 5), 1);
	EXPECT_EQ(check_hung_tasks(hz / 5), 0);
	EXPECT_EQ(watchdog_counts().hung, before + 1);
	complete(&release);
	EXPECT_EQ(kthread_join(task), 0);
}

TEST(watchdog, each_wait_counts_by_itself)
{
	struct task *task;

	init_completion(&release);
	task = kthread_run(waits, NULL, "hangs");
	REQUIRE(task);
	msleep(220);
	test_allow_warnings(2);
	EXPECT_EQ(check_hung_tasks(hz / 5), 1);
	/* woken for nothing: it waits again */
	wake_up_process(task);
	msleep(220);
	EXPECT_EQ(check_hung_tasks(hz / 5), 1);
	complete(&release);
	EXPECT_EQ(kthread_join(task), 0);
}

/* Until it is reported, or so long; its name is in the trace. */
static __noinline u32 keep_the_cpu(u32 ms)
{
	u32 before = watchdog_counts().lockups, i;

	for (i = 0; i < ms; i++) {
		mdelay(1);
		if (watchdog_counts().lockups != before)
			break;
	}
	return watchdog_counts().lockups - before;
}

TEST(watchdog, a_lockup_is_reported_once)
{
	u32 before = lockup_ticks;

	lockup_ticks = hz / 5;
	test_allow_warnings(1);
	preempt_disable();
	EXPECT_EQ(keep_the_cpu(20000), 1);
	EXPECT_EQ(keep_the_cpu(300), 0);
	preempt_enable();
	lockup_ticks = before;
}

TEST(watchdog, a_busy_thread_is_no_lockup)
{
	u32 before = lockup_ticks;

	lockup_ticks = hz / 5;
	EXPECT_EQ(keep_the_cpu(500), 0);
	lockup_ticks = before;
}

static void keeps_the_cpu(unsigned long reports)
{
	*(u32 *)reports = keep_the_cpu(20000);
}

/* A softirq lets interrupts in, and nobody else. */
TEST(watchdog, a_softirq_locks_up)
{
	u32 before = lockup_ticks, reports = 0;
	struct tasklet tasklet;

	lockup_ticks = hz / 5;
	test_allow_warnings(1);
	tasklet_init(&tasklet, keeps_the_cpu, (unsigned long)&reports);
	tasklet_schedule(&tasklet);
	tasklet_kill(&tasklet);
	EXPECT_EQ(reports, 1);
	lockup_ticks = before;
}

/* --- top --- */

static bool find(const char *name, struct thread_info *info)
{
	u32 pid;

	for (pid = 0; next_thread_info(pid, info); pid = info->pid + 1)
		if (!strcmp(info->name, name))
			return true;
	return false;
}

static int uses_stack_and_time(void *data)
{
	volatile u8 big[3000];

	memset((void *)big, 1, sizeof(big));
	/* no PAUSE: under -icount that is slow */
	while (!kthread_should_stop())
		barrier();
	return big[0] - 1;
}

TEST(top, shows_what_a_thread_uses)
{
	struct task *busy = kthread_run(uses_stack_and_time, NULL, "busy");
	struct thread_info info;
	u64 passed;

	REQUIRE(busy);
	thread_info_restart();
	msleep(300);
	REQUIRE(find("busy", &info));
	passed = thread_info_restart();
	EXPECT_EQ(info.pid, busy->pid);
	EXPECT_EQ(info.state, 'R');
	EXPECT_EQ(info.prio, PRIO_DEFAULT);
	EXPECT(info.switches > 0);
	EXPECT(info.stack_used > 3000 && info.stack_used < 8192);
	EXPECT(info.ran_now_ns > passed / 4 && info.ran_now_ns <= passed);
	EXPECT(info.ran_ns >= info.ran_now_ns);
	EXPECT_EQ(kthread_stop(busy), 0);
	EXPECT(!find("busy", &info));
}

TEST(top, shows_states)
{
	struct task *task;
	struct thread_info info;

	init_completion(&release);
	task = kthread_run(waits, NULL, "sleeper");
	REQUIRE(task);
	msleep(30);
	EXPECT(find("sleeper", &info) && info.state == 'D');
	EXPECT(find("events/0", &info) && info.state == 'S');
	EXPECT(find("watchdog/0", &info) && info.state == 'S' && !info.prio);
	EXPECT(find("ksoftirqd/0", &info) && info.state == 'S');
	EXPECT(find("idle", &info) && info.pid == 0 && info.state == 'R');
	EXPECT(find(current->name, &info) && info.state == 'R');
	complete(&release);
	kthread_join(task);
}

/* The times of all threads are the time that passed. */
TEST(top, times_add_up)
{
	struct thread_info info;
	u64 sum = 0, passed;
	u32 pid;

	thread_info_restart();
	msleep(200);
	preempt_disable();
	for (pid = 0; next_thread_info(pid, &info); pid = info.pid + 1)
		sum += info.ran_now_ns;
	passed = thread_info_restart();
	preempt_enable();
	EXPECT(sum <= passed);
	EXPECT(sum >= passed - passed / 4);
}

/* --- the word of each thread --- */

static volatile u32 others_flags;

static int looks(void *data)
{
	others_flags = current_flags;
	return 0;
}

static volatile bool reclaims_in_handler;
static void (*old_tick)(void);

static void tick_looks(void)
{
	old_tick();
	reclaims_in_handler |= thread_reclaims();
}

TEST(threadflags, are_the_threads_own)
{
	struct task *task;

	others_flags = ~0U;
	reclaims_in_handler = false;
	current_flags |= TF_RECLAIM;
	task = kthread_run(looks, NULL, "looks");
	old_tick = tick_hook;
	tick_hook = tick_looks;
	mdelay(50);
	tick_hook = old_tick;
	EXPECT(thread_reclaims());
	if (task)
		kthread_join(task);
	EXPECT_EQ(others_flags, 0);
	EXPECT(thread_reclaims());
	EXPECT(!reclaims_in_handler);
	current_flags &= ~TF_RECLAIM;
}
