/* Mutexes, semaphores, reader-writer semaphores: kernel/sched/mutex.c. */
#include <kernel/cpu/lockcheck.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include "threads.h"

#define ROUNDS test_rounds(2000)

static struct {
	struct mutex mutex;
	struct semaphore sem;
	struct rw_semaphore rw;
	u32 counter, inside, readers, writers, wrong;
	u32 order[THREADS_MOST], came;
} shared;

static void start(void)
{
	memset(&shared, 0, sizeof(shared));
	mutex_init(&shared.mutex, "shared.mutex");
	init_rwsem(&shared.rw, "shared.rw");
}

/* Reads, lets others run, writes: only with the lock that is right. */
static void add_one(u32 *seed)
{
	u32 before = shared.counter;

	shared.wrong += shared.inside++ != 0;
	if (!random_below(seed, 4))
		yield();
	shared.counter = before + 1;
	shared.inside--;
}

static int adds(void *data)
{
	u32 seed = (u32)(uintptr_t)data, i;

	for (i = 0; i < ROUNDS; i++) {
		mutex_lock(&shared.mutex);
		add_one(&seed);
		mutex_unlock(&shared.mutex);
	}
	return 0;
}

TEST(mutex, one_at_a_time)
{
	struct crew crew = { .n = 0 };
	u32 i;

	start();
	for (i = 0; i < 4; i++)
		crew_add(&crew, PRIO_DEFAULT, adds, (void *)(17 + i));
	crew_join(&crew);
	EXPECT_EQ(shared.counter, 4 * ROUNDS);
	EXPECT_EQ(shared.wrong, 0);
	EXPECT(!mutex_is_locked(&shared.mutex));
}

static int locks_once(void *data)
{
	mutex_lock(&shared.mutex);
	shared.order[shared.came++] = (u32)(uintptr_t)data;
	mutex_unlock(&shared.mutex);
	return 0;
}

static int tries(void *data)
{
	bool got = mutex_trylock(&shared.mutex);

	if (got)
		mutex_unlock(&shared.mutex);
	return got;
}

TEST(mutex, in_the_order_of_arrival)
{
	struct crew crew = { .n = 0 };
	u32 i;

	start();
	mutex_lock(&shared.mutex);
	for (i = 0; i < 5; i++) {
		crew_add(&crew, PRIO_HIGH, locks_once, (void *)i);
		EXPECT(until_it_waits(crew.task[i]));
	}
	crew_add(&crew, PRIO_HIGH, tries, NULL);
	mutex_unlock(&shared.mutex);
	EXPECT_EQ(crew_join(&crew), 0);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(shared.order[i], i);
}

/* It is handed on: who releases it cannot take it again before the others. */
TEST(mutex, handed_on)
{
	struct crew crew = { .n = 0 };

	start();
	mutex_lock(&shared.mutex);
	crew_add(&crew, PRIO_DEFAULT + 1, locks_once, (void *)7);
	EXPECT(until_it_waits(crew.task[0]));
	mutex_unlock(&shared.mutex);
	EXPECT_EQ(shared.came, 0);	/* it is less urgent than this thread */
	EXPECT(!mutex_trylock(&shared.mutex));
	mutex_lock(&shared.mutex);
	EXPECT_EQ(shared.came, 1);
	mutex_unlock(&shared.mutex);
	crew_join(&crew);
}

/* --- semaphores --- */

static int downs(void *data)
{
	u32 seed = (u32)(uintptr_t)data, i;

	for (i = 0; i < ROUNDS; i++) {
		down(&shared.sem);
		shared.wrong += ++shared.inside > 2;
		if (!random_below(&seed, 4))
			yield();
		shared.inside--;
		up(&shared.sem);
	}
	return 0;
}

TEST(semaphore, so_many_at_a_time)
{
	struct crew crew = { .n = 0 };
	u32 i;

	start();
	sema_init(&shared.sem, 2);
	for (i = 0; i < 4; i++)
		crew_add(&crew, PRIO_DEFAULT, downs, (void *)(5 + i));
	crew_join(&crew);
	EXPECT_EQ(shared.wrong, 0);
	EXPECT_EQ(shared.sem.count, 2);
}

TEST(semaphore, tries_and_limits)
{
	start();
	sema_init(&shared.sem, 1);
	EXPECT(down_trylock(&shared.sem));
	EXPECT(!down_trylock(&shared.sem));
	EXPECT_EQ(down_timeout(&shared.sem, 2), -ETIME);
	EXPECT(list_empty(&shared.sem.waiters));
	up(&shared.sem);
	EXPECT_EQ(down_timeout(&shared.sem, 2), 0);
}

static void ups(unsigned long data)
{
	up(&shared.sem);
}

TEST(semaphore, up_by_a_timer)
{
	struct timer_list timer;

	start();
	sema_init(&shared.sem, 0);
	setup_timer(&timer, ups, 0);
	mod_timer(&timer, jiffies + 2);
	EXPECT_EQ(down_timeout(&shared.sem, 100 * hz), 0);
	del_timer_sync(&timer);
}

/* --- readers and writers --- */

static void check_inside(void)
{
	shared.wrong += shared.writers > 1 ||
			(shared.writers && shared.readers);
}

static int reads_and_writes(void *data)
{
	u32 seed = (u32)(uintptr_t)data, i;

	for (i = 0; i < ROUNDS; i++) {
		bool writer = !random_below(&seed, 4);
		u32 *inside = writer ? &shared.writers : &shared.readers;

		(writer ? down_write : down_read)(&shared.rw);
		++*inside;
		check_inside();
		if (!random_below(&seed, 4))
			yield();
		check_inside();
		--*inside;
		(writer ? up_write : up_read)(&shared.rw);
	}
	return 0;
}

/* With checks everybody comes by the lock; without, who need not wait does
 * not. */
static void mix_readers_and_writers(bool checks)
{
	struct crew crew = { .n = 0 };
	u32 i;

	lock_checks = checks;
	start();
	for (i = 0; i < 6; i++)
		crew_add(&crew, PRIO_DEFAULT, reads_and_writes,
			 (void *)(31 + i));
	crew_join(&crew);
	lock_checks = true;
	EXPECT_EQ(shared.wrong, 0);
	EXPECT_EQ(shared.rw.word, checks ? RW_SLOW : 0);
}

TEST(rwsem, readers_or_a_writer)
{
	mix_readers_and_writers(true);
}

TEST(rwsem, readers_or_a_writer_without_checks)
{
	mix_readers_and_writers(false);
}

TEST(rwsem, nobody_waits_takes_no_lock)
{
	lock_checks = false;
	start();
	down_read(&shared.rw);
	EXPECT_EQ(shared.rw.word, 1);
	down_read(&shared.rw);
	EXPECT_EQ(shared.rw.word, 2);
	up_read(&shared.rw);
	up_read(&shared.rw);
	down_write(&shared.rw);
	EXPECT_EQ(shared.rw.word, RW_WRITER);
	downgrade_write(&shared.rw);
	EXPECT_EQ(shared.rw.word, 1);
	up_read(&shared.rw);
	EXPECT_EQ(shared.rw.word, 0);
	lock_checks = true;
}

static int reads_once(void *data)
{
	down_read(&shared.rw);
	shared.order[shared.came++] = (u32)(uintptr_t)data;
	up_read(&shared.rw);
	return 0;
}

static int writes_once(void *data)
{
	down_write(&shared.rw);
	shared.order[shared.came++] = (u32)(uintptr_t)data;
	up_write(&shared.rw);
	return 0;
}

TEST(rwsem, a_writer_holds_later_readers_back)
{
	struct crew crew = { .n = 0 };
	u32 i;

	start();
	down_read(&shared.rw);
	EXPECT(down_read_trylock(&shared.rw));
	up_read(&shared.rw);
	crew_add(&crew, PRIO_HIGH, writes_once, (void *)0);
	EXPECT(until_it_waits(crew.task[0]));
	EXPECT(!down_read_trylock(&shared.rw));
	EXPECT(!down_write_trylock(&shared.rw));
	for (i = 1; i < 4; i++) {
		crew_add(&crew, PRIO_HIGH, reads_once, (void *)i);
		EXPECT(until_it_waits(crew.task[i]));
	}
	EXPECT_EQ(shared.came, 0);
	up_read(&shared.rw);
	crew_join(&crew);
	EXPECT_EQ(shared.came, 4);
	EXPECT_EQ(shared.order[0], 0);
}

TEST(rwsem, a_writer_becomes_a_reader)
{
	struct crew crew = { .n = 0 };

	start();
	down_write(&shared.rw);
	crew_add(&crew, PRIO_HIGH, reads_once, NULL);
	EXPECT(until_it_waits(crew.task[0]));
	downgrade_write(&shared.rw);
	/* it is in, though this thread is, too */
	EXPECT_EQ(crew_join(&crew), 0);
	EXPECT_EQ(shared.rw.word, RW_SLOW + 1);
	EXPECT(!down_write_trylock(&shared.rw));
	up_read(&shared.rw);
	EXPECT(down_write_trylock(&shared.rw));
	up_write(&shared.rw);
}

TEST_PANIC(rwsem, released_by_nobody, "that is not held so")
{
	start();
	down_read(&shared.rw);
	up_write(&shared.rw);
}
