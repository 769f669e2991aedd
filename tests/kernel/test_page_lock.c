/*
 * Locks of pages: one at a time, nobody forgotten, nobody woken for nothing.
 * A thread that is not woken fails its case within a second; then it is woken.
 */
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <mm/cache/internal.h>
#include <mm/page/page_alloc.h>
#include "threads.h"

static struct page *page;
static volatile u32 done;		/* threads that had what they want */
static u32 order[THREADS_MOST];		/* which one came when */

static bool start(void)
{
	page = alloc_page(GFP_HIGHUSER);
	done = 0;
	return EXPECT(page);
}

static void end(void)
{
	EXPECT(!PageLocked(page) && !PageWriteback(page));
	EXPECT_EQ(page_count(page), 1);
	__free_page(page);
}

/* Within a second. If not, it is helped, so that the case can end. */
static bool until_done(u32 n, enum page_flag flag)
{
	u32 limit = jiffies + hz;

	while (done < n && !time_after(jiffies, limit))
		msleep(10);
	if (EXPECT(done >= n))
		return true;
	while (done < n) {
		wake_page(page, flag);
		msleep(10);
	}
	return false;
}

static int lock_and_unlock(void *data)
{
	lock_page(page);
	order[done++] = (u32)(uintptr_t)data;
	unlock_page(page);
	return 1;
}

static int wait_locked(void *data)
{
	wait_on_page_locked(page);
	done++;
	return 1;
}

static int wait_written(void *data)
{
	wait_on_page_writeback(page);
	done++;
	return 1;
}

/* Threads that wait, one behind the other. */
static void wait_in_line(struct crew *crew, int (*function)(void *), u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		crew_add(crew, PRIO_DEFAULT, function, (void *)(uintptr_t)i);
		EXPECT(until_it_waits(crew->task[crew->n - 1]));
	}
}

TEST(page_lock, one_at_a_time)
{
	REQUIRE(start());
	EXPECT(trylock_page(page));
	EXPECT(PageLocked(page) && !trylock_page(page));
	unlock_page(page);
	EXPECT(!PageLocked(page));
	lock_page(page);
	EXPECT(!trylock_page(page));
	unlock_page(page);
	EXPECT(!PageWaiters(page));
	wait_on_page_locked(page);
	wait_on_page_writeback(page);
	end();
}

TEST(page_lock, waiter_is_woken)
{
	struct crew crew = { .n = 0 };

	REQUIRE(start());
	lock_page(page);
	wait_in_line(&crew, lock_and_unlock, 1);
	EXPECT(PageWaiters(page));
	EXPECT_EQ(done, 0);
	unlock_page(page);
	until_done(1, PG_locked);
	EXPECT_EQ(crew_join(&crew), 1);
	EXPECT(!PageWaiters(page));
	end();
}

TEST(page_lock, first_come_first_served)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(start());
	lock_page(page);
	wait_in_line(&crew, lock_and_unlock, 6);
	unlock_page(page);
	until_done(6, PG_locked);
	EXPECT_EQ(crew_join(&crew), 6);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(order[i], i);
	end();
}

/* Of those who want to lock one is woken; of those who wait, all. */
TEST(page_lock, no_more_are_woken_than_can_go_on)
{
	struct crew lockers = { .n = 0 }, waiters = { .n = 0 };
	u32 i;

	REQUIRE(start());
	lock_page(page);
	wait_in_line(&lockers, lock_and_unlock, 3);
	wait_in_line(&waiters, wait_locked, 3);
	preempt_disable();
	unlock_page(page);
	/* none of them has run yet */
	EXPECT(lockers.task[0]->state == TASK_RUNNING);
	EXPECT(lockers.task[1]->state == TASK_UNINTERRUPTIBLE);
	EXPECT(lockers.task[2]->state == TASK_UNINTERRUPTIBLE);
	for (i = 0; i < 3; i++)
		EXPECT(waiters.task[i]->state == TASK_RUNNING);
	EXPECT(PageWaiters(page));
	preempt_enable();
	until_done(6, PG_locked);
	EXPECT_EQ(crew_join(&lockers), 3);
	EXPECT_EQ(crew_join(&waiters), 3);
	end();
}

/* Who is woken to lock may come too late, and must not be forgotten then. */
TEST(page_lock, woken_too_late)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(start());
	lock_page(page);
	wait_in_line(&crew, lock_and_unlock, 3);
	for (i = 0; i < 20; i++) {
		preempt_disable();
		unlock_page(page);
		EXPECT(trylock_page(page));
		preempt_enable();
		/* the one that was woken sees that it is locked again */
		msleep(10);
		EXPECT_EQ(done, 0);
	}
	unlock_page(page);
	until_done(3, PG_locked);
	EXPECT_EQ(crew_join(&crew), 3);
	end();
}

TEST(page_lock, writeback_is_waited_for_apart)
{
	struct crew lockers = { .n = 0 }, writers = { .n = 0 };

	REQUIRE(start());
	lock_page(page);
	set_page_writeback(page);
	wait_in_line(&lockers, lock_and_unlock, 1);
	wait_in_line(&writers, wait_written, 2);
	preempt_disable();
	unlock_page(page);
	/* not even woken for nothing */
	EXPECT(lockers.task[0]->state == TASK_RUNNING);
	EXPECT(writers.task[0]->state == TASK_UNINTERRUPTIBLE);
	preempt_enable();
	until_done(1, PG_locked);
	msleep(10);
	EXPECT_EQ(done, 1);
	EXPECT(PageWaiters(page));
	end_page_writeback(page);
	until_done(3, PG_writeback);
	EXPECT_EQ(crew_join(&lockers) + crew_join(&writers), 3);
	EXPECT(!PageWaiters(page));
	end();
}

static void unlock_it(unsigned long data)
{
	unlock_page((struct page *)data);
}

TEST(page_lock, unlocked_from_a_timer)
{
	struct timer_list timer;

	REQUIRE(start());
	lock_page(page);
	setup_timer(&timer, unlock_it, (unsigned long)page);
	mod_timer(&timer, jiffies + 2);
	lock_page(page);
	EXPECT(!timer_pending(&timer));
	unlock_page(page);
	del_timer_sync(&timer);
	end();
}

/* --- pages that share a place --- */

#define SHARING 4U

static struct page *pages[SHARING];
static volatile u32 got[SHARING];

/* Takes pages until so many are waited for in the place of the first. */
static bool find_sharing(void)
{
	LIST_HEAD(others);
	u32 n = 0;

	while (n < SHARING) {
		struct page *new = alloc_page(GFP_HIGHUSER | __GFP_NOWARN);

		if (!new)
			break;
		if (!n || page_place(new) == page_place(pages[0]))
			pages[n++] = new;
		else
			list_add(&new->lru, &others);
	}
	while (!list_empty(&others)) {
		struct page *other = list_first_entry(&others, struct page,
						      lru);

		list_del(&other->lru);
		__free_page(other);
	}
	return EXPECT_EQ(n, SHARING);
}

static int lock_own(void *data)
{
	u32 i = (u32)(uintptr_t)data;

	lock_page(pages[i]);
	got[i]++;
	unlock_page(pages[i]);
	return 1;
}

/* Unlocks one: only who waits for it can run then. */
static void unlock_one(const struct crew *crew, u32 i)
{
	u32 k;

	preempt_disable();
	unlock_page(pages[i]);
	for (k = 0; k < SHARING; k++)
		EXPECT(got[k] || (k == i) ==
		       (crew->task[k]->state == TASK_RUNNING));
	preempt_enable();
	while (!got[i])
		msleep(10);
}

TEST(page_lock, waiters_of_other_pages_sleep_on)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(find_sharing());
	for (i = 0; i < SHARING; i++) {
		got[i] = 0;
		lock_page(pages[i]);
	}
	wait_in_line(&crew, lock_own, SHARING);
	/* not in the order in which they came */
	for (i = 0; i < SHARING; i++)
		unlock_one(&crew, (i * 3 + 2) % SHARING);
	EXPECT_EQ(crew_join(&crew), SHARING);
	for (i = 0; i < SHARING; i++) {
		EXPECT(!PageWaiters(pages[i]));
		__free_page(pages[i]);
	}
}

/* --- contention --- */

#define ROUNDS 400U

static volatile u32 inside, entered;

static int contend(void *data)
{
	u32 seed = (u32)(uintptr_t)data + 1, i;
	bool ok = true;

	for (i = 0; i < ROUNDS; i++) {
		lock_page(page);
		ok &= inside++ == 0;
		entered++;
		if (random_below(&seed, 4) == 0)
			be_preempted();
		inside--;
		unlock_page(page);
		if (random_below(&seed, 8) == 0)
			wait_on_page_locked(page);
		if (random_below(&seed, 4) == 0)
			be_preempted();
	}
	return ok;
}

TEST(page_lock, many_threads)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(start());
	inside = entered = 0;
	for (i = 0; i < 10; i++)
		crew_add(&crew, PRIO_DEFAULT, contend, (void *)(uintptr_t)i);
	EXPECT_EQ(crew_join(&crew), 10);
	EXPECT_EQ(entered, 10 * ROUNDS);
	end();
}

TEST_PANIC(page_lock, unlocked_twice_panics, "unlock_page() of no locked page")
{
	page = alloc_page(GFP_KERNEL);
	lock_page(page);
	unlock_page(page);
	unlock_page(page);
}
