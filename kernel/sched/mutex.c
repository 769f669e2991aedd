/*
 * Mutexes, semaphores and reader-writer semaphores.
 *
 * 1. All three have a count, or an owner, and a list of who waits, under a spin
 *    lock. Who finds it taken puts itself at the end and sleeps until it is
 *    granted: the one who releases hands it over, with the lock held, before it
 *    wakes. So the waiter has it when it wakes, whoever else comes meanwhile.
 *
 * 2. A waiter that gives up (down_timeout()) looks once more under the lock:
 *    granted in the last moment is granted.
 *
 * 3. Readers at the front of the list are let in together.
 *
 * 4. Every fault takes a reader-writer semaphore, nearly always with nobody
 *    near. So its state is one word, changed by compare and exchange (mutex.h).
 *    Who finds that he must wait, or that somebody does, takes the spin lock
 *    and sets RW_SLOW: all others come by the lock then, too, until the last
 *    one who waits is in. With lock checks on RW_SLOW stays.
 *
 * Locks: their own, interrupts off; the run queue's inside.
 * Cost of a reader-writer semaphore, nobody near: 13 instructions to come in as
 * a reader and 6 to go; 16 and 9 as a writer.
 */
#include <kernel/cpu/lockcheck.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/sched/mutex.h>

#define CALLER ((u32)(uintptr_t)__builtin_return_address(0))

struct waiter {
	struct list_head list;
	struct task *task;
	volatile bool granted;
	bool writer;		/* rwsem */
};

/* The first one has it now. The lock is held. */
static struct task *grant_first(struct list_head *waiters)
{
	struct waiter *waiter = list_first_entry(waiters, struct waiter, list);
	struct task *task = waiter->task;

	list_del(&waiter->list);
	waiter->granted = true;
	/* it may be gone as soon as it sees that: not touched again */
	try_to_wake_up(task, TASK_NORMAL);
	return task;
}

/* Sleeps until it is granted, or the ticks are over. The lock is let go of. */
static bool wait_for_grant(spinlock_t *lock, struct list_head *waiters,
			   bool writer, u32 ticks, u32 *flags)
{
	struct waiter waiter = { .task = current, .writer = writer };

	list_add_tail(&waiter.list, waiters);
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (waiter.granted || !ticks)
			break;
		spin_unlock_irqrestore(lock, *flags);
		ticks = schedule_timeout(ticks);
		*flags = spin_lock_irqsave(lock);
	}
	set_current_state(TASK_RUNNING);
	if (!waiter.granted)
		list_del(&waiter.list);
	spin_unlock_irqrestore(lock, *flags);
	return waiter.granted;
}

/* --- mutexes --- */

void mutex_init(struct mutex *mutex, const char *name)
{
	spin_lock_init(&mutex->lock, "mutex.lock");
	INIT_LIST_HEAD(&mutex->waiters);
	mutex->owner = NULL;
	mutex->name = name;
}

bool mutex_trylock(struct mutex *mutex)
{
	u32 flags = spin_lock_irqsave(&mutex->lock);
	bool free = !mutex->owner;

	BUG_ON(in_interrupt(), "a mutex has no owner in an interrupt");
	if (free)
		mutex->owner = current;
	spin_unlock_irqrestore(&mutex->lock, flags);
	if (free && lock_checks)
		sleeping_lock_acquired(mutex->name);
	return free;
}

void mutex_lock(struct mutex *mutex)
{
	u32 flags;

	might_sleep();
	if (lock_checks)
		sleeping_lock_wanted(mutex->name, CALLER);
	flags = spin_lock_irqsave(&mutex->lock);
	BUG_ON(mutex->owner == current, "a mutex is taken twice");
	if (mutex->owner) {
		wait_for_grant(&mutex->lock, &mutex->waiters, true,
			       MAX_SCHEDULE_TIMEOUT, &flags);
	} else {
		mutex->owner = current;
		spin_unlock_irqrestore(&mutex->lock, flags);
	}
	if (lock_checks)
		sleeping_lock_acquired(mutex->name);
}

void mutex_unlock(struct mutex *mutex)
{
	u32 flags = spin_lock_irqsave(&mutex->lock);

	BUG_ON(mutex->owner != current,
	       "a mutex is released by who does not hold it");
	if (lock_checks)
		sleeping_lock_released(mutex->name);
	mutex->owner = list_empty(&mutex->waiters) ? NULL :
		       grant_first(&mutex->waiters);
	spin_unlock_irqrestore(&mutex->lock, flags);
}

/* --- semaphores --- */

void sema_init(struct semaphore *sem, u32 count)
{
	spin_lock_init(&sem->lock, "semaphore.lock");
	sem->count = count;
	INIT_LIST_HEAD(&sem->waiters);
}

bool down_trylock(struct semaphore *sem)
{
	u32 flags = spin_lock_irqsave(&sem->lock);
	bool got = sem->count;

	sem->count -= got;
	spin_unlock_irqrestore(&sem->lock, flags);
	return got;
}

int down_timeout(struct semaphore *sem, u32 ticks)
{
	u32 flags;

	might_sleep();
	flags = spin_lock_irqsave(&sem->lock);
	if (!sem->count)
		return wait_for_grant(&sem->lock, &sem->waiters, true, ticks,
				      &flags) ? 0 : -ETIME;
	sem->count--;
	spin_unlock_irqrestore(&sem->lock, flags);
	return 0;
}

void down(struct semaphore *sem)
{
	down_timeout(sem, MAX_SCHEDULE_TIMEOUT);
}

void up(struct semaphore *sem)
{
	u32 flags = spin_lock_irqsave(&sem->lock);

	if (list_empty(&sem->waiters))
		sem->count++;
	else
		grant_first(&sem->waiters);
	spin_unlock_irqrestore(&sem->lock, flags);
}

/* --- readers and writers --- */

void init_rwsem(struct rw_semaphore *sem, const char *name)
{
	spin_lock_init(&sem->lock, "rw_semaphore.lock");
	sem->name = name;
	/* the first one comes by the slow way, and sees who looks after it */
	sem->word = RW_SLOW;
	INIT_LIST_HEAD(&sem->waiters);
}

/* From now on nobody changes the word but who holds the lock. */
static u32 rw_lock(struct rw_semaphore *sem)
{
	u32 flags = spin_lock_irqsave(&sem->lock);

	atomic_set_bits(&sem->word, RW_SLOW);
	return flags;
}

static void rw_unlock(struct rw_semaphore *sem, u32 flags)
{
	if (list_empty(&sem->waiters) && !lock_checks)
		atomic_clear_bits(&sem->word, RW_SLOW);
	spin_unlock_irqrestore(&sem->lock, flags);
}

/* One more comes in, if who is in permits that. The lock is held. */
static bool let_one_in(struct rw_semaphore *sem, bool writer)
{
	if (sem->word & RW_WRITER || (writer && sem->word != RW_SLOW))
		return false;
	sem->word += writer ? RW_WRITER : 1;
	return true;
}

/* May one more come in now, ahead of nobody who waits? */
static bool let_in(struct rw_semaphore *sem, bool writer)
{
	return list_empty(&sem->waiters) && let_one_in(sem, writer);
}

/* Whoever may come in from the front of the list does. The lock is held. */
static void let_in_waiters(struct rw_semaphore *sem)
{
	while (!list_empty(&sem->waiters)) {
		bool writer = list_first_entry(&sem->waiters, struct waiter,
					       list)->writer;

		if (!let_one_in(sem, writer))
			break;
		grant_first(&sem->waiters);
	}
}

void fastcall down_slow(struct rw_semaphore *sem, bool writer, u32 site)
{
	u32 flags;

	if (lock_checks)
		sleeping_lock_wanted(sem->name, site);
	flags = rw_lock(sem);
	if (let_in(sem, writer))
		rw_unlock(sem, flags);
	else
		wait_for_grant(&sem->lock, &sem->waiters, writer,
			       MAX_SCHEDULE_TIMEOUT, &flags);
	if (lock_checks)
		sleeping_lock_acquired(sem->name);
}

static bool try_to_enter(struct rw_semaphore *sem, bool writer)
{
	u32 flags = rw_lock(sem);
	bool in = let_in(sem, writer);

	rw_unlock(sem, flags);
	if (in && lock_checks)
		sleeping_lock_acquired(sem->name);
	return in;
}

/* readers: how many more there are then, of one who was a writer. */
static void leave(struct rw_semaphore *sem, bool writer, u32 readers)
{
	u32 flags = rw_lock(sem);

	BUG_ON(writer ? sem->word != (RW_SLOW | RW_WRITER) :
			sem->word & RW_WRITER || sem->word == RW_SLOW,
	       "a reader-writer semaphore is released that is not held so");
	if (lock_checks && !readers)
		sleeping_lock_released(sem->name);
	sem->word = writer ? RW_SLOW + readers : sem->word - 1;
	let_in_waiters(sem);
	rw_unlock(sem, flags);
}

void fastcall up_slow(struct rw_semaphore *sem, bool writer)
{
	leave(sem, writer, 0);
}

void down_write(struct rw_semaphore *sem)
{
	might_sleep();
	if (unlikely(!rw_change(sem, 0, RW_WRITER)))
		down_slow(sem, true, CALLER);
}

void up_write(struct rw_semaphore *sem)
{
	if (unlikely(!rw_change(sem, RW_WRITER, 0)))
		up_slow(sem, true);
}

bool down_read_trylock(struct rw_semaphore *sem)
{
	return try_to_enter(sem, false);
}

bool down_write_trylock(struct rw_semaphore *sem)
{
	return try_to_enter(sem, true);
}

void downgrade_write(struct rw_semaphore *sem)
{
	leave(sem, true, 1);
}
