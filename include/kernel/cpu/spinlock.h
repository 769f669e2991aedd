/*
 * Spin locks. Any context; the holder must not sleep, and keeps the CPU. A lock
 * that interrupt handlers take, too, is taken with the _irqsave form
 * everywhere.
 * The order in which locks are taken stands in <kernel/lock.h>.
 *
 * The word of a lock, and who sees it how:
 *
 *	LOCK_HELD	LOCK_LOOK	LOCK_OWNED
 *	0		0		0		free
 *	1		0		0		held
 *	1		1		0		free, but looked after
 *	1		1		1		held, and looked after
 *
 * A lock that is looked after seems to be held, so every use of it takes the
 * long way (lockcheck.c), where its order and contexts are checked; the short
 * way pays nothing for that. Each lock begins so; one that is taken while the
 * checks are off becomes an ordinary one.
 *
 * SDM volume 3A, section 8.1.2.2: BTS with LOCK is one access.
 */
#ifndef KERNEL_CPU_SPINLOCK_H
#define KERNEL_CPU_SPINLOCK_H

#include <kernel/cpu/preempt.h>
#include <kernel/lib/bug.h>

#define LOCK_HELD 1U
#define LOCK_LOOK 2U
#define LOCK_OWNED 4U

typedef struct {
	volatile u32 word;
	const char *name;	/* its class: all of one name are alike */
} spinlock_t;

#define SPIN_LOCK_UNLOCKED(name_) \
	{ .word = LOCK_HELD | LOCK_LOOK, .name = (name_) }

static inline void spin_lock_init(spinlock_t *lock, const char *name)
{
	*lock = (spinlock_t)SPIN_LOCK_UNLOCKED(name);
}

/* lockcheck.c: what seems to be held. site: who wants it. */
void fastcall spin_lock_slow(spinlock_t *lock, u32 site);
bool fastcall spin_trylock_slow(spinlock_t *lock, u32 site);
void fastcall spin_unlock_slow(spinlock_t *lock);

/*
 * lockcall.S: the same, with the lock in EAX, for whoever called it. All
 * registers stay as they are, so that whoever takes a lock need not keep his
 * for a call that is hardly ever made.
 */
#define SPIN_CALL(function, lock) do {					\
	/* not before the frame is there: back traces need it */	\
	register u32 esp_ __asm__("esp");				\
									\
	__asm__ volatile("call " #function				\
			 : "+r"(esp_) : "a"(lock) : "memory", "cc");	\
} while (0)

/* Where this is expanded: good enough to name the function. */
static __always_inline u32 spin_site(void)
{
	u32 here;

	__asm__("movl $., %0" : "=r"(here));
	return here;
}

/* Was it held already, or does it seem so? It does now. */
static __always_inline bool spin_test_and_set(spinlock_t *lock)
{
	bool held;

	__asm__ volatile("lock; btsl $0, %0"
			 : "+m"(lock->word), "=@ccc"(held) : : "memory");
	return held;
}

static __always_inline bool spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (likely(!spin_test_and_set(lock)) ||
	    spin_trylock_slow(lock, spin_site()))
		return true;
	preempt_enable();
	return false;
}

/* By who keeps the CPU anyway, from before to behind spin_release(): interrupts
 * are off, and nothing in between gives it up. */
static __always_inline void spin_acquire(spinlock_t *lock)
{
	if (unlikely(spin_test_and_set(lock)))
		SPIN_CALL(spin_lock_call, lock);
}

static __always_inline void spin_lock(spinlock_t *lock)
{
	preempt_disable();
	spin_acquire(lock);
}

static inline bool spin_is_locked(const spinlock_t *lock)
{
	return (lock->word & (LOCK_LOOK | LOCK_OWNED)) != LOCK_LOOK &&
	       lock->word;
}

static inline void assert_held(const spinlock_t *lock)
{
	BUG_ON(!spin_is_locked(lock),
	       "the lock that this needs is not held");
}

static __always_inline void spin_release(spinlock_t *lock)
{
	bool special;

	/* one instruction: the compiler would load it first */
	__asm__ volatile("cmpl $1, %1" : "=@ccne"(special)
			 : "m"(lock->word) : "memory");
	if (likely(!special))
		lock->word = 0;
	else
		SPIN_CALL(spin_unlock_call, lock);
}

static __always_inline void spin_unlock(spinlock_t *lock)
{
	spin_release(lock);
	preempt_enable();
}

/* Where interrupts are known to be on, as in what may sleep. */
static __always_inline void spin_lock_irq(spinlock_t *lock)
{
	local_irq_disable();
	spin_lock(lock);
}

static __always_inline void spin_unlock_irq(spinlock_t *lock)
{
	spin_release(lock);
	local_irq_enable();
	preempt_enable();
}

static __always_inline u32 spin_lock_irqsave(spinlock_t *lock)
{
	u32 flags = local_irq_save();

	spin_lock(lock);
	return flags;
}

static __always_inline void spin_unlock_irqrestore(spinlock_t *lock, u32 flags)
{
	spin_release(lock);
	local_irq_restore(flags);
	preempt_enable();
}

#endif
