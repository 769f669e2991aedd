/*
 * Spin locks. Any context; the holder must not sleep, and keeps the CPU. A lock
 * that interrupt handlers take, too, is taken with the _irqsave form
 * everywhere.
 * The order in which locks are taken stands in <kernel/lock.h>.
 * SDM volume 3A, section 8.1.2.2: BTS with LOCK is one access.
 */
#ifndef KERNEL_CPU_SPINLOCK_H
#define KERNEL_CPU_SPINLOCK_H

#include <kernel/cpu/preempt.h>
#include <kernel/lib/bug.h>

typedef struct {
	volatile u32 locked;	/* bit 0: held */
} spinlock_t;

#define SPIN_LOCK_UNLOCKED { 0 }

/* Was it held already? It is now. */
static __always_inline bool spin_test_and_set(spinlock_t *lock)
{
	bool held;

	__asm__ volatile("lock; btsl $0, %0"
			 : "+m"(lock->locked), "=@ccc"(held) : : "memory");
	return held;
}

static inline bool spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (likely(!spin_test_and_set(lock)))
		return true;
	preempt_enable();
	return false;
}

static inline void spin_lock(spinlock_t *lock)
{
	preempt_disable();
	while (unlikely(spin_test_and_set(lock)))
		cpu_relax();
}

static inline void assert_held(const spinlock_t *lock)
{
	BUG_ON(!lock->locked, "the lock that this needs is not held");
}

/* Nobody else writes it, but to set the bit that is set: no LOCK. */
static __always_inline void spin_release(spinlock_t *lock)
{
	bool held;

	__asm__ volatile("btrl $0, %0"
			 : "+m"(lock->locked), "=@ccc"(held) : : "memory");
	BUG_ON(!held, "a lock is released that is not held");
}

static inline void spin_unlock(spinlock_t *lock)
{
	spin_release(lock);
	preempt_enable();
}

static inline u32 spin_lock_irqsave(spinlock_t *lock)
{
	u32 flags = local_irq_save();

	spin_lock(lock);
	return flags;
}

static inline void spin_unlock_irqrestore(spinlock_t *lock, u32 flags)
{
	spin_release(lock);
	local_irq_restore(flags);
	preempt_enable();
}

#endif
