/*
 * Spin locks of a program with one thread: there is nobody to wait for, so a
 * lock that is held already is a deadlock, and ends the program.
 */
#ifndef HOST_KERNEL_CPU_SPINLOCK_H
#define HOST_KERNEL_CPU_SPINLOCK_H

#include <kernel/cpu/processor.h>
#include <kernel/lib/bug.h>

typedef struct {
	u32 locked;
} spinlock_t;

#define SPIN_LOCK_UNLOCKED(name) { 0 }

static inline void spin_lock_init(spinlock_t *lock, const char *name)
{
	lock->locked = 0;
}

/* Nobody asks who has one. */
static inline u32 spin_site(void)
{
	return 0;
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return lock->locked;
}

extern unsigned int host_locks_held;
__noreturn __format_printf(1, 2) void host_die(const char *fmt, ...);

static inline bool spin_trylock(spinlock_t *lock)
{
	if (lock->locked)
		return false;
	lock->locked = 1;
	host_locks_held++;
	return true;
}

/* Interrupts must be off: handlers take the locks of mm/, too. */
static inline void spin_lock(spinlock_t *lock)
{
	if (read_eflags() & EFLAGS_IF)
		host_die("a lock is taken with interrupts on");
	if (!spin_trylock(lock))
		host_die("a lock is taken twice");
}

static inline void assert_held(const spinlock_t *lock)
{
	BUG_ON(!lock->locked, "the lock that this needs is not held");
}

static inline void spin_unlock(spinlock_t *lock)
{
	if (!lock->locked)
		host_die("a lock is released that nobody holds");
	lock->locked = 0;
	host_locks_held--;
}

static inline u32 spin_lock_irqsave(spinlock_t *lock)
{
	u32 flags = local_irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, u32 flags)
{
	spin_unlock(lock);
	local_irq_restore(flags);
}

#endif
