/* Waiting for an element of a pool: kernel/sched/poolwait.c. */
#include <kernel/cpu/time.h>
#include <kernel/sched/wait.h>
#include <mm/object/mempool.h>
#include "ktest.h"

/* Two elements, and not one more. */
static u32 elements[2], given;

static void *give(gfp_t gfp, void *data)
{
	return given < ARRAY_SIZE(elements) ? &elements[given++] : NULL;
}

static void take_back(void *element, void *data)
{
}

static void *got;
static u32 got_at;

static int wants_one(void *data)
{
	got = mempool_alloc(data, GFP_KERNEL);
	got_at = jiffies;
	return 0;
}

TEST(poolwait, sleeps_until_one_comes_back)
{
	mempool_t *pool;
	struct task *task;
	void *first, *second;
	u32 freed_at;

	given = 0;
	got = NULL;
	pool = mempool_create(2, give, take_back, NULL);
	REQUIRE(pool);
	first = mempool_alloc(pool, GFP_KERNEL);
	second = mempool_alloc(pool, GFP_KERNEL);
	task = kthread_run(wants_one, pool, "wants");
	REQUIRE(task);
	msleep(50);
	EXPECT(!got);
	EXPECT_EQ(task->state, TASK_UNINTERRUPTIBLE);
	EXPECT(task->switches < 10);
	freed_at = jiffies;
	mempool_free(second, pool);
	kthread_join(task);
	EXPECT(got == second);
	/* woken, and not by the time that he looks again */
	EXPECT(got_at - freed_at < 4 * hz);
	mempool_free(got, pool);
	mempool_free(first, pool);
	EXPECT_EQ(mempool_destroy(pool), 0);
}
