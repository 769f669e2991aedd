/*
 * What lockcheck.c must find, provoked with locks of the suite's own classes,
 * whose names begin with "t_": they are forgotten at the end of each case.
 */
#include <kernel/cpu/irq.h>
#include <kernel/cpu/lockcheck.h>
#include <kernel/cpu/softirq.h>
#include <kernel/sched/mutex.h>
#include "ktest.h"

#define TEST_IRQ 5U		/* guessed: no device of the machines has it */

static u32 seen[NR_LOCK_MISTAKES];

static bool begin(void)
{
	if (!lock_checks) {
		test_skip("locks are looked after with test= and debug=locks");
		return false;
	}
	lock_forget("t_");
	memcpy(seen, lock_mistakes, sizeof(seen));
	return true;
}

/* So many of that kind were told since begin(), and nothing else. */
static void end(enum lock_mistake mistake, u32 n)
{
	u32 i;

	for (i = 0; i < NR_LOCK_MISTAKES; i++)
		EXPECT_EQ(lock_mistakes[i] - seen[i], i == mistake ? n : 0);
	test_allow_warnings(n);
	lock_forget("t_");
}

static void take_both(spinlock_t *outer, spinlock_t *inner)
{
	u32 flags = spin_lock_irqsave(outer);

	spin_lock(inner);
	spin_unlock(inner);
	spin_unlock_irqrestore(outer, flags);
}

TEST(lockcheck, same_order_is_right)
{
	spinlock_t a = SPIN_LOCK_UNLOCKED("t_a"), b = SPIN_LOCK_UNLOCKED("t_b");
	u32 i, orders;

	if (!begin())
		return;
	take_both(&a, &b);
	orders = lock_orders();
	for (i = 0; i < 10; i++)
		take_both(&a, &b);
	EXPECT_EQ(lock_orders(), orders);
	end(LOCK_ORDER, 0);
}

TEST(lockcheck, two_orders_are_told_once)
{
	spinlock_t a = SPIN_LOCK_UNLOCKED("t_a"), b = SPIN_LOCK_UNLOCKED("t_b");
	u32 i;

	if (!begin())
		return;
	take_both(&a, &b);
	for (i = 0; i < 10; i++)
		take_both(&b, &a);
	end(LOCK_ORDER, 1);
}

/* a b, b c, and then c a: no two of them are taken in both orders. */
TEST(lockcheck, a_circle_of_three)
{
	spinlock_t a = SPIN_LOCK_UNLOCKED("t_a"), b = SPIN_LOCK_UNLOCKED("t_b"),
		   c = SPIN_LOCK_UNLOCKED("t_c");

	if (!begin())
		return;
	take_both(&a, &b);
	take_both(&b, &c);
	EXPECT_EQ(lock_mistakes[LOCK_ORDER], seen[LOCK_ORDER]);
	take_both(&c, &a);
	end(LOCK_ORDER, 1);
}

/* Each has another lock of the class: it is the class that counts. */
TEST(lockcheck, classes_count_not_locks)
{
	spinlock_t a1 = SPIN_LOCK_UNLOCKED("t_a"),
		   a2 = SPIN_LOCK_UNLOCKED("t_a"),
		   b1 = SPIN_LOCK_UNLOCKED("t_b"),
		   b2 = SPIN_LOCK_UNLOCKED("t_b");

	if (!begin())
		return;
	take_both(&a1, &b1);
	take_both(&b2, &a2);
	end(LOCK_ORDER, 1);
}

TEST(lockcheck, one_that_is_released_first_is_not_held)
{
	spinlock_t a = SPIN_LOCK_UNLOCKED("t_a"), b = SPIN_LOCK_UNLOCKED("t_b"),
		   c = SPIN_LOCK_UNLOCKED("t_c");
	u32 flags, orders;

	if (!begin())
		return;
	orders = lock_orders();
	flags = spin_lock_irqsave(&a);
	spin_lock(&b);
	spin_unlock(&a);
	spin_lock(&c);		/* inside of b alone */
	spin_unlock(&c);
	spin_unlock_irqrestore(&b, flags);
	EXPECT_EQ(lock_orders() - orders, 2);
	end(LOCK_ORDER, 0);
}

/* Who only tries does not wait: nobody waits for ever. */
TEST(lockcheck, trying_has_no_order)
{
	spinlock_t a = SPIN_LOCK_UNLOCKED("t_a"), b = SPIN_LOCK_UNLOCKED("t_b");
	u32 flags;

	if (!begin())
		return;
	take_both(&a, &b);
	flags = spin_lock_irqsave(&b);
	EXPECT(spin_trylock(&a));
	spin_unlock(&a);
	spin_unlock_irqrestore(&b, flags);
	end(LOCK_ORDER, 0);
}

/* --- contexts --- */

static spinlock_t shared = SPIN_LOCK_UNLOCKED("t_shared");

static bool takes_it(unsigned int irq, void *dev)
{
	spin_lock(&shared);
	spin_unlock(&shared);
	return true;
}

static void interrupt(void)
{
	REQUIRE(!request_irq(TEST_IRQ, takes_it, 0, "lockcheck", NULL));
	__asm__ volatile("int $0x25" : : : "memory");
	EXPECT_EQ(free_irq(TEST_IRQ, NULL), 0);
}

TEST(lockcheck, interrupts_off_is_right)
{
	u32 flags;

	if (!begin())
		return;
	interrupt();
	flags = spin_lock_irqsave(&shared);
	spin_unlock_irqrestore(&shared, flags);
	end(LOCK_IRQ, 0);
}

TEST(lockcheck, interrupts_on_is_told_once)
{
	u32 i;

	if (!begin())
		return;
	interrupt();
	for (i = 0; i < 3; i++) {
		spin_lock(&shared);
		spin_unlock(&shared);
	}
	end(LOCK_IRQ, 1);
}

/* The other way round: the handler comes later. */
TEST(lockcheck, interrupts_on_before)
{
	if (!begin())
		return;
	spin_lock(&shared);
	spin_unlock(&shared);
	interrupt();
	end(LOCK_IRQ, 1);
}

static bool tries_it(unsigned int irq, void *dev)
{
	if (spin_trylock(&shared))
		spin_unlock(&shared);
	return true;
}

/* A handler that only tries does not wait for who it has interrupted. */
TEST(lockcheck, trying_in_a_handler)
{
	if (!begin())
		return;
	REQUIRE(!request_irq(TEST_IRQ, tries_it, 0, "lockcheck", NULL));
	__asm__ volatile("int $0x25" : : : "memory");
	EXPECT_EQ(free_irq(TEST_IRQ, NULL), 0);
	spin_lock(&shared);
	__asm__ volatile("int $0x25" : : : "memory");
	spin_unlock(&shared);
	end(LOCK_IRQ, 0);
}

static void takes_it_softly(unsigned long data)
{
	spin_lock(&shared);
	spin_unlock(&shared);
}

static void run_tasklet(void)
{
	struct tasklet tasklet;

	tasklet_init(&tasklet, takes_it_softly, 0);
	tasklet_schedule(&tasklet);
	tasklet_kill(&tasklet);
}

TEST(lockcheck, softirqs_kept_away_is_right)
{
	if (!begin())
		return;
	run_tasklet();
	local_bh_disable();
	spin_lock(&shared);
	spin_unlock(&shared);
	local_bh_enable();
	end(LOCK_IRQ, 0);
}

TEST(lockcheck, softirqs_not_kept_away)
{
	if (!begin())
		return;
	run_tasklet();
	spin_lock(&shared);
	spin_unlock(&shared);
	end(LOCK_IRQ, 1);
}

/* --- locks whose holders sleep --- */

/* One inside of the other; then the other way round, by trying or waiting. */
static void nest_both_ways(bool tries)
{
	static DEFINE_MUTEX(t_m);
	static DEFINE_MUTEX(t_n);

	mutex_lock(&t_m);
	mutex_lock(&t_n);
	mutex_unlock(&t_n);
	mutex_unlock(&t_m);
	EXPECT_EQ(lock_mistakes[LOCK_ORDER], seen[LOCK_ORDER]);
	mutex_lock(&t_n);
	if (!tries)
		mutex_lock(&t_m);
	else
		EXPECT(mutex_trylock(&t_m));
	mutex_unlock(&t_m);
	mutex_unlock(&t_n);
}

TEST(lockcheck, mutexes_have_an_order)
{
	if (!begin())
		return;
	nest_both_ways(false);
	end(LOCK_ORDER, 1);
}

TEST(lockcheck, trying_a_mutex_has_no_order)
{
	if (!begin())
		return;
	nest_both_ways(true);
	end(LOCK_ORDER, 0);
}

static DEFINE_MUTEX(t_first);
static DEFINE_MUTEX(t_second);

static int locks_both(void *data)
{
	mutex_lock(&t_first);
	mutex_lock(&t_second);
	mutex_unlock(&t_second);
	mutex_unlock(&t_first);
	return 0;
}

/* Two threads that wait for each other's mutex never get it: so the order is
 * noted by who begins to wait, and the second one tells. */
TEST(lockcheck, a_deadlock_is_told_in_time)
{
	struct task *task;

	if (!begin())
		return;
	mutex_lock(&t_second);
	task = kthread_run_prio(PRIO_HIGH, locks_both, NULL, "locks");
	REQUIRE(task);
	EXPECT(mutex_is_locked(&t_first));
	EXPECT_EQ(task->state, TASK_UNINTERRUPTIBLE);
	EXPECT_EQ(lock_mistakes[LOCK_ORDER], seen[LOCK_ORDER]);
	/* what mutex_lock() does before it would wait for ever */
	sleeping_lock_wanted(t_first.name, spin_site());
	EXPECT_EQ(lock_mistakes[LOCK_ORDER], seen[LOCK_ORDER] + 1);
	mutex_unlock(&t_second);
	kthread_join(task);
	end(LOCK_ORDER, 1);
}

TEST(lockcheck, readers_and_writers_have_an_order)
{
	static DEFINE_MUTEX(t_m);
	struct rw_semaphore rw;
	u32 i;

	if (!begin())
		return;
	init_rwsem(&rw, "t_rw");
	down_read(&rw);
	mutex_lock(&t_m);
	mutex_unlock(&t_m);
	up_read(&rw);
	for (i = 0; i < 3; i++) {
		mutex_lock(&t_m);
		down_write(&rw);
		downgrade_write(&rw);
		up_read(&rw);
		mutex_unlock(&t_m);
	}
	EXPECT_EQ(current->part.held.count, 0);
	end(LOCK_ORDER, 1);
}

/* More are held than there is room to note: what is released is still right. */
TEST(lockcheck, more_than_are_noted)
{
	struct mutex mutex[LOCK_CHAIN_MOST + 3];
	u32 i;

	if (!begin())
		return;
	for (i = 0; i < ARRAY_SIZE(mutex); i++) {
		mutex_init(&mutex[i], i < LOCK_CHAIN_MOST ? "t_many" :
						"t_rest");
		mutex_lock(&mutex[i]);
	}
	EXPECT_EQ(current->part.held.count, ARRAY_SIZE(mutex));
	while (i--)
		mutex_unlock(&mutex[i]);
	EXPECT_EQ(current->part.held.count, 0);
	end(LOCK_ORDER, 0);
}

/* --- what cannot go on --- */

TEST_PANIC(lockcheck, taken_twice, "a lock is taken twice")
{
	spinlock_t lock = SPIN_LOCK_UNLOCKED("t_twice");

	spin_lock(&lock);
	spin_lock(&lock);
}

/* By the thread, and by the handler that interrupts it. */
TEST_PANIC(lockcheck, taken_in_its_interrupt, "a lock is taken twice")
{
	request_irq(TEST_IRQ, takes_it, 0, "takes", NULL);
	spin_lock(&shared);
	__asm__ volatile("int $0x25" : : : "memory");
}

TEST_PANIC(lockcheck, mutex_taken_twice, "a mutex is taken twice")
{
	static DEFINE_MUTEX(t_mutex);

	mutex_lock(&t_mutex);
	mutex_lock(&t_mutex);
}

static int locks_it(void *mutex)
{
	mutex_lock(mutex);
	return 0;
}

static int locks_and_stays(void *mutex)
{
	mutex_lock(mutex);
	msleep(100000);
	return 0;
}

TEST_PANIC(lockcheck, mutex_of_another, "by who does not hold it")
{
	static DEFINE_MUTEX(t_mutex);

	kthread_run_prio(PRIO_HIGH, locks_and_stays, &t_mutex, "locks");
	mutex_unlock(&t_mutex);
}

TEST_PANIC(lockcheck, sleeping_with_a_lock, "the CPU must be kept")
{
	spinlock_t lock = SPIN_LOCK_UNLOCKED("t_sleep");
	static DEFINE_MUTEX(t_mutex);

	spin_lock(&lock);
	mutex_lock(&t_mutex);
}

TEST_PANIC(lockcheck, sleeping_with_interrupts_off, "the CPU must be kept")
{
	local_irq_disable();
	msleep(1);
}

static bool tries_a_mutex(unsigned int irq, void *mutex)
{
	if (mutex_trylock(mutex))
		mutex_unlock(mutex);
	return true;
}

/* It would be the mutex of whom the handler has interrupted. */
TEST_PANIC(lockcheck, mutex_in_a_handler, "a mutex has no owner in an")
{
	static DEFINE_MUTEX(t_mutex);

	request_irq(TEST_IRQ, tries_a_mutex, 0, "tries", &t_mutex);
	__asm__ volatile("int $0x25" : : : "memory");
}

TEST_PANIC(lockcheck, sleeping_without_preemption, "the CPU must be kept")
{
	preempt_disable();
	msleep(1);
}

static bool sleeps(unsigned int irq, void *dev)
{
	msleep(1);
	return true;
}

TEST_PANIC(lockcheck, sleeping_in_a_handler, "the CPU must be kept")
{
	request_irq(TEST_IRQ, sleeps, 0, "sleeps", NULL);
	__asm__ volatile("int $0x25" : : : "memory");
}

static void sleeps_softly(unsigned long data)
{
	static DEFINE_MUTEX(t_mutex);

	mutex_lock(&t_mutex);
}

TEST_PANIC(lockcheck, sleeping_in_a_softirq, "the CPU must be kept")
{
	struct tasklet tasklet;

	tasklet_init(&tasklet, sleeps_softly, 0);
	tasklet_schedule(&tasklet);
	tasklet_kill(&tasklet);
}

static bool unbalanced(unsigned int irq, void *dev)
{
	preempt_disable();
	return true;
}

TEST_PANIC(lockcheck, handler_keeps_the_cpu, "another preempt count")
{
	request_irq(TEST_IRQ, unbalanced, 0, "unbalanced", NULL);
	__asm__ volatile("int $0x25" : : : "memory");
}

static int ends_unbalanced(void *data)
{
	preempt_disable();
	return 0;
}

TEST_PANIC(lockcheck, thread_keeps_the_cpu,
	   "a thread ended with another preempt count")
{
	kthread_join(kthread_run(ends_unbalanced, NULL, "unbalanced"));
}

static int ends_deaf(void *data)
{
	local_irq_disable();
	return 0;
}

TEST_PANIC(lockcheck, thread_leaves_interrupts_off,
	   "a thread ended with interrupts off")
{
	kthread_join(kthread_run(ends_deaf, NULL, "deaf"));
}

TEST_PANIC(lockcheck, thread_keeps_a_mutex, "a thread ended with a lock held")
{
	static DEFINE_MUTEX(t_mutex);

	kthread_join(kthread_run(locks_it, &t_mutex, "keeps"));
}
