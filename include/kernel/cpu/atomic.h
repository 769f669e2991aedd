/*
 * Counters and flag words that several CPUs change at once. SDM volume 3A,
 * section 8.1.2 (the LOCK prefix). Any context; none of them sleeps.
 */
#ifndef KERNEL_CPU_ATOMIC_H
#define KERNEL_CPU_ATOMIC_H

#include <kernel/lib/types.h>

typedef struct {
	s32 counter;
} atomic_t;

#define ATOMIC_INIT(n) { (n) }

static inline s32 atomic_read(const atomic_t *v)
{
	return *(const volatile s32 *)&v->counter;
}

/* Not against others: while nobody else knows of it. */
static inline void atomic_set(atomic_t *v, s32 n)
{
	*(volatile s32 *)&v->counter = n;
}

static inline void atomic_inc(atomic_t *v)
{
	__atomic_fetch_add(&v->counter, 1, __ATOMIC_SEQ_CST);
}

static inline void atomic_add(s32 n, atomic_t *v)
{
	__asm__ volatile("lock; addl %1, %0" : "+m"(v->counter) : "ir"(n));
}

static inline void atomic_dec(atomic_t *v)
{
	__atomic_fetch_sub(&v->counter, 1, __ATOMIC_SEQ_CST);
}

/* One more, unless it is zero: then false. */
static inline bool atomic_inc_not_zero(atomic_t *v)
{
	s32 n = atomic_read(v);

	while (n && !__atomic_compare_exchange_n(&v->counter, &n, n + 1, false,
						 __ATOMIC_SEQ_CST,
						 __ATOMIC_SEQ_CST))
		;
	return n;
}

/* One less; is it zero now? */
static inline bool atomic_dec_and_test(atomic_t *v)
{
	return __atomic_sub_fetch(&v->counter, 1, __ATOMIC_SEQ_CST) == 0;
}

/* One more; is it zero now? */
static inline bool atomic_inc_and_test(atomic_t *v)
{
	bool zero;

	__asm__ volatile("lock; incl %0" : "+m"(v->counter), "=@ccz"(zero)
			 : : "memory");
	return zero;
}

/* One less; is it below zero now? */
static inline bool atomic_dec_negative(atomic_t *v)
{
	bool negative;

	__asm__ volatile("lock; decl %0" : "+m"(v->counter), "=@ccs"(negative)
			 : : "memory");
	return negative;
}

static inline void atomic_set_bits(u32 *word, u32 bits)
{
	__atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

/* What the word was before. */
static inline u32 atomic_fetch_set_bits(u32 *word, u32 bits)
{
	return __atomic_fetch_or(word, bits, __ATOMIC_SEQ_CST);
}

static inline void atomic_clear_bits(u32 *word, u32 bits)
{
	__atomic_fetch_and(word, ~bits, __ATOMIC_SEQ_CST);
}

#endif
