/*
 * Locks whose holders may sleep. ULK3 sections 5.2.8 and 5.2.9.
 *
 * Who waits sleeps, in the order of arrival: the lock is handed on, so that
 * nobody who comes late takes it away. All of these may sleep but those that
 * try and those that release. A mutex is tried and released by threads, and
 * released by the one that holds it; a semaphore by anybody, in any context.
 */
#ifndef KERNEL_SCHED_MUTEX_H
#define KERNEL_SCHED_MUTEX_H

#include <kernel/sched/wait.h>

struct mutex {
	spinlock_t lock;
	const char *name;		/* its class, for the order of locks */
	struct task *owner;		/* NULL: free */
	struct list_head waiters;	/* struct waiter, the first next */
};

#define MUTEX_INIT(mutex_)						\
	{ .lock = SPIN_LOCK_UNLOCKED("mutex.lock"), .name = #mutex_,	\
	  .waiters = LIST_HEAD_INIT((mutex_).waiters) }
#define DEFINE_MUTEX(name) struct mutex name = MUTEX_INIT(name)

void mutex_init(struct mutex *mutex, const char *name);
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

static inline bool mutex_is_locked(const struct mutex *mutex)
{
	return mutex->owner != NULL;
}

struct semaphore {
	spinlock_t lock;
	u32 count;			/* how many may still come */
	struct list_head waiters;
};

void sema_init(struct semaphore *sem, u32 count);
void down(struct semaphore *sem);
bool down_trylock(struct semaphore *sem);	/* true: has it */
int down_timeout(struct semaphore *sem, u32 ticks);	/* 0, -ETIME */
void up(struct semaphore *sem);

/*
 * Many readers or one writer. Who waits, and whoever comes later, keeps the
 * order of arrival: a writer that waits holds back the readers behind it. So
 * nobody may enter twice, as a reader neither.
 *
 * While nobody waits, coming and going is one locked instruction on the word
 * (SDM 3A, 8.1.2.2). With RW_SLOW it is changed by who holds the spin lock.
 */
#define RW_SLOW 0x80000000U	/* somebody waits, or looks, or checks are on */
#define RW_WRITER 0x40000000U	/* a writer has it; else: how many readers */

struct rw_semaphore {
	u32 word;
	spinlock_t lock;
	const char *name;		/* as a mutex's */
	struct list_head waiters;
};

void init_rwsem(struct rw_semaphore *sem, const char *name);
void down_write(struct rw_semaphore *sem);
void up_write(struct rw_semaphore *sem);
bool down_read_trylock(struct rw_semaphore *sem);
bool down_write_trylock(struct rw_semaphore *sem);
void downgrade_write(struct rw_semaphore *sem);	/* becomes a reader */

/* mutex.c: what one instruction does not do. site: who wants it. */
void fastcall down_slow(struct rw_semaphore *sem, bool writer, u32 site);
void fastcall up_slow(struct rw_semaphore *sem, bool writer);

/* The word was `from` (without RW_SLOW), and is `to`. */
static __always_inline bool rw_change(struct rw_semaphore *sem, u32 from,
				      u32 to)
{
	return __atomic_compare_exchange_n(&sem->word, &from, to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

static __always_inline void down_read(struct rw_semaphore *sem)
{
	u32 word = __atomic_load_n(&sem->word, __ATOMIC_RELAXED);

	might_sleep();
	if (unlikely(word >= RW_WRITER || !rw_change(sem, word, word + 1)))
		down_slow(sem, false, spin_site());
}

static __always_inline void up_read(struct rw_semaphore *sem)
{
	u32 word = __atomic_load_n(&sem->word, __ATOMIC_RELAXED);

	/* nobody is in: up_slow() says so */
	if (unlikely(word - 1 >= RW_WRITER - 1 ||
		     !rw_change(sem, word, word - 1)))
		up_slow(sem, false);
}

#endif
