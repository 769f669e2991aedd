/* Work queues, kernel/sched/workqueue.c, and what runs on them. */
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/sched/reaper.h>
#include <kernel/sched/workqueue.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>
#include <mm/virt/vmalloc.h>
#include "ktest.h"

#define MOST 16U

static struct {
	u32 n;
	u32 seen[MOST];
	bool in_task;
} ran;

static void note(void *data)
{
	ran.in_task = !in_interrupt() && !irqs_disabled();
	if (ran.n < MOST)
		ran.seen[ran.n] = (u32)(uintptr_t)data;
	ran.n++;
}

static void forget(void)
{
	memset(&ran, 0, sizeof(ran));
}

TEST(workqueue, runs_in_order_in_a_thread)
{
	struct work_struct work[MOST];
	u32 i;

	forget();
	for (i = 0; i < MOST; i++) {
		INIT_WORK(&work[i], note, (void *)(uintptr_t)i);
		EXPECT(schedule_work(&work[i]));
	}
	flush_scheduled_work();
	EXPECT_EQ(ran.n, MOST);
	EXPECT(ran.in_task);
	for (i = 0; i < MOST; i++)
		EXPECT_EQ(ran.seen[i], i);
}

TEST(workqueue, pending_work_is_queued_once)
{
	static DECLARE_WORK(work, note, NULL);

	forget();
	preempt_disable();
	EXPECT(schedule_work(&work));
	EXPECT(!schedule_work(&work));
	preempt_enable();
	flush_scheduled_work();
	EXPECT_EQ(ran.n, 1);
	EXPECT(schedule_work(&work));
	flush_scheduled_work();
	EXPECT_EQ(ran.n, 2);
}

/* Asked for while it runs: once more, whenever that was. */
static struct work_struct again;

static void runs_again(void *data)
{
	if (++ran.n < 5)
		schedule_work(&again);
}

TEST(workqueue, work_queues_itself)
{
	u32 i;

	forget();
	INIT_WORK(&again, runs_again, NULL);
	schedule_work(&again);
	for (i = 0; i < 5; i++)
		flush_scheduled_work();
	EXPECT_EQ(ran.n, 5);
}

static void frees_itself(void *data)
{
	ran.n++;
	kfree(data);
}

TEST(workqueue, work_frees_itself)
{
	u32 i;

	forget();
	for (i = 0; i < 100; i++) {
		struct work_struct *work = kmalloc(sizeof(*work), GFP_KERNEL);

		REQUIRE(work);
		INIT_WORK(work, frees_itself, work);
		schedule_work(work);
	}
	flush_scheduled_work();
	EXPECT_EQ(ran.n, 100);
}

static u32 ran_at;

static void note_time(void *data)
{
	ran_at = jiffies;
	ran.n++;
}

TEST(workqueue, delayed_work_waits)
{
	static DECLARE_WORK(work, note_time, NULL);
	u32 from = jiffies;

	forget();
	EXPECT(schedule_delayed_work(&work, 5));
	EXPECT(!schedule_delayed_work(&work, 1));
	flush_scheduled_work();
	while (!ran.n && jiffies - from < 50 * hz)
		msleep(10);
	EXPECT_EQ(ran.n, 1);
	EXPECT(ran_at - from >= 5);
	/* no time at all: at once */
	schedule_delayed_work(&work, 0);
	flush_scheduled_work();
	EXPECT_EQ(ran.n, 2);
}

TEST(workqueue, delayed_work_is_cancelled)
{
	static DECLARE_WORK(work, note_time, NULL);

	forget();
	EXPECT(!cancel_delayed_work(&work));
	schedule_delayed_work(&work, 3 * hz);
	EXPECT(cancel_delayed_work(&work));
	EXPECT(!cancel_delayed_work(&work));
	/* it can be queued again, and taken out of the queue, too */
	preempt_disable();
	EXPECT(schedule_work(&work));
	EXPECT(!cancel_delayed_work(&work));
	preempt_enable();
	cancel_delayed_work_sync(&work);
	EXPECT(!work.pending);
	EXPECT(schedule_delayed_work(&work, 3 * hz));
	EXPECT(cancel_delayed_work_sync(&work));
	EXPECT(!cancel_delayed_work_sync(&work));
}

static DECLARE_COMPLETION(has_begun);
static volatile bool has_ended;

static void slow_and_again(void *data)
{
	complete(&has_begun);
	msleep(30);
	has_ended = true;
	schedule_delayed_work(data, 1);
}

TEST(workqueue, cancel_waits_for_the_end)
{
	struct work_struct work;

	has_ended = false;
	init_completion(&has_begun);
	INIT_WORK(&work, slow_and_again, &work);
	schedule_work(&work);
	wait_for_completion(&has_begun);
	EXPECT(cancel_delayed_work_sync(&work));
	EXPECT(has_ended);
	EXPECT(!work.pending);
	EXPECT(!timer_pending(&work.timer));
}

TEST(workqueue, queues_have_a_thread_each)
{
	struct workqueue_struct *wq = create_workqueue("mine");
	struct work_struct slow, quick;

	REQUIRE(wq);
	forget();
	init_completion(&has_begun);
	INIT_WORK(&slow, slow_and_again, &slow);
	INIT_WORK(&quick, note, NULL);
	has_ended = false;
	schedule_work(&slow);
	wait_for_completion(&has_begun);
	queue_work(wq, &quick);
	flush_workqueue(wq);
	EXPECT_EQ(ran.n, 1);
	EXPECT(!has_ended);
	cancel_delayed_work_sync(&slow);
	/* what is queued still runs */
	queue_work(wq, &quick);
	destroy_workqueue(wq);
	EXPECT_EQ(ran.n, 2);
}

/* --- from interrupts --- */

static struct work_struct by_timer[2];

static void queue_from_softirq(unsigned long nr)
{
	schedule_work(&by_timer[nr]);
}

TEST(workqueue, queued_from_softirqs)
{
	struct timer_list timer;
	struct tasklet tasklet;
	u32 i;

	forget();
	for (i = 0; i < 2; i++)
		INIT_WORK(&by_timer[i], note, (void *)(uintptr_t)i);
	setup_timer(&timer, queue_from_softirq, 0);
	tasklet_init(&tasklet, queue_from_softirq, 1);
	mod_timer(&timer, jiffies + 1);
	tasklet_schedule(&tasklet);
	for (i = 0; i < 100 && ran.n < 2; i++)
		msleep(10);
	del_timer_sync(&timer);
	tasklet_kill(&tasklet);
	flush_scheduled_work();
	EXPECT_EQ(ran.n, 2);
	EXPECT(ran.in_task);
}

static struct work_struct by_handler;
static void (*old_tick)(void);
static volatile u32 queued_in_handler;

static void tick_queues(void)
{
	old_tick();
	if (in_irq() && schedule_work(&by_handler))
		queued_in_handler++;
}

TEST(workqueue, queued_from_handlers)
{
	forget();
	queued_in_handler = 0;
	INIT_WORK(&by_handler, note, NULL);
	old_tick = tick_hook;
	tick_hook = tick_queues;
	msleep(100);
	tick_hook = old_tick;
	flush_scheduled_work();
	EXPECT(queued_in_handler > 0);
	EXPECT_EQ(ran.n, queued_in_handler);
}

/* --- the reaper --- */

static void fill_and_empty(struct kmem_cache *cache, u32 n)
{
	void *objects[64];
	u32 i;

	for (i = 0; i < n; i++)
		objects[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	for (i = 0; i < n; i++)
		kmem_cache_free(cache, objects[i]);
}

/* Waits for so many rounds of the reaper, which has no patience meanwhile. */
static void wait_rounds(u32 n)
{
	u32 from = reap_counts().rounds, before = reap_every(hz / 10 + 1), i;

	for (i = 0; i < 400 && reap_counts().rounds - from < n; i++)
		msleep(20);
	reap_every(before);
}

/* Nobody makes it short: a round in two seconds, not more, not less. */
TEST(reaper, every_two_seconds)
{
	u32 before = reap_every(REAP_ARRAYS_S * hz), begin, from;

	from = reap_counts().rounds;
	begin = jiffies;
	while (reap_counts().rounds == from && jiffies - begin < 4 * hz)
		msleep(20);
	EXPECT(jiffies - begin >= REAP_ARRAYS_S * hz);
	EXPECT(jiffies - begin < 3 * hz);
	reap_every(before);
}

TEST(reaper, gives_back_by_itself)
{
	struct kmem_cache *cache = kmem_cache_create("reaped", 512, 0, 0, NULL);
	struct reap_counts before = reap_counts(), after;
	u32 left;

	REQUIRE(cache);
	fill_and_empty(cache, 64);
	wait_rounds(4);
	after = reap_counts();
	EXPECT(after.rounds - before.rounds >= 4);
	EXPECT(after.list_rounds - before.list_rounds >= 2);
	EXPECT(after.list_rounds - before.list_rounds <
	       after.rounds - before.rounds);
	EXPECT(after.pages > before.pages);
	left = kmem_cache_shrink(cache);
	/* 64 objects of 512 bytes fill eight pages */
	EXPECT(left < 8);
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
}

static int ends_at_once(void *data)
{
	*(struct task **)data = current;
	return 0;
}

TEST(reaper, frees_dead_threads)
{
	struct task *task, *seen = NULL;
	struct vmalloc_info before, after;

	vm_unmap_aliases();
	vmalloc_info(&before);
	task = kthread_run(ends_at_once, &seen, "shortlived");
	REQUIRE(task);
	put_task(task);
	wait_rounds(2);
	EXPECT(seen);
	vm_unmap_aliases();
	vmalloc_info(&after);
	EXPECT_EQ(after.areas, before.areas);
}
