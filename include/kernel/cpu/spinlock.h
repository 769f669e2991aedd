/*
 * Spin locks. Any context; the holder must not sleep. A lock that interrupt
 * handlers take, too, is taken with the _irqsave form everywhere.
 * The order in which locks are taken stands in <kernel/lock.h>.
 * SDM volume 3A, section 8.1.2: XCHG with memory is locked by itself.
 */
#ifndef KERNEL_CPU_SPINLOCK_H
#define KERNEL_CPU_SPINLOCK_H

#include <kernel/cpu/processor.h>
#include <kernel/lib/bug.h>

typedef struct {
	volatile u32 locked;	/* 0 free, 1 held */
} spinlock_t;

#define SPIN_LOCK_UNLOCKED { 0 }

static inline bool spin_trylock(spinlock_t *lock)
{
	u32 old = 1;

	__asm__ volatile("xchgl %0, %1"
			 : "+r"(old), "+m"(lock->locked) : : "memory");
	return !old;
}

static inline void spin_lock(spinlock_t *lock)
{
	while (!spin_trylock(lock))
		cpu_relax();
}

/* Untrue at once, if another CPU takes or frees it. */
static inline bool spin_is_locked(const spinlock_t *lock)
{
	return lock->locked;
}

static inline void assert_held(const spinlock_t *lock)
{
	BUG_ON(!lock->locked, "the lock that this needs is not held");
}

static inline void spin_unlock(spinlock_t *lock)
{
	assert_held(lock);
	barrier();
	lock->locked = 0;
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
