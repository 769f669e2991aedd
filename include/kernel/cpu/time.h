/*
 * Time: ticks, a clock and short delays. ULK3 chapter 6.
 *
 * jiffies counts ticks, HZ a second (hz=, 100 unless told otherwise); it begins
 * five minutes before it wraps, so that whoever compares it wrongly finds out.
 * Any context; none of these sleeps.
 */
#ifndef KERNEL_CPU_TIME_H
#define KERNEL_CPU_TIME_H

#include <kernel/cpu/processor.h>

#define HZ_DEFAULT 100U		/* the reference's on small machines */
#define HZ_LEAST 19U		/* derived: what the PIT can divide by */
#define HZ_MOST 1000U

#define NS_IN_SECOND 1000000000U

extern u32 hz;			/* ticks a second; constant after boot */
extern volatile u32 jiffies;
u64 get_jiffies_64(void);	/* since boot, from 0 */

/* Is a later than b? Right as long as they are no 2^31 ticks apart. */
#define time_after(a, b) ((s32)((u32)(b) - (u32)(a)) < 0)
#define time_before(a, b) time_after(b, a)
#define time_after_eq(a, b) ((s32)((u32)(a) - (u32)(b)) >= 0)
#define time_before_eq(a, b) time_after_eq(b, a)

/* Rounded up: as long as asked for, at least. */
u32 msecs_to_jiffies(u32 ms);
u32 jiffies_to_msecs(u32 ticks);

/*
 * Nanoseconds since time_init(), from the time-stamp counter, else from the
 * PIT: never backwards. Without a time-stamp counter it stands still after a
 * tick's time with interrupts off.
 */
u64 clock_ns(void);

/* Kilohertz of the time-stamp counter; 0: there is none, or it is too slow. */
extern u32 tsc_khz;

u64 clock_by_pit(void);		/* clock_ns() where there is none */

/*
 * The same for whoever asks often: ticks of the time-stamp counter, or, without
 * one, nanoseconds. Differences of it become nanoseconds by cycles_to_ns().
 */
static __always_inline u64 clock_cycles(void)
{
	return likely(tsc_khz) ? rdtsc() : clock_by_pit();
}

u64 cycles_to_ns(u64 cycles);

/* Busy for so many microseconds, at least. After time_init(). */
void udelay(u32 us);
void mdelay(u32 ms);

/*
 * Starts the PIT at that rate and measures the time-stamp counter against it.
 * Once; needs no interrupts. The tick's handler is registered; each calls
 * tick_hook, in the handler (the scheduler's).
 */
void time_init(u32 ticks_a_second);

struct pt_regs;
extern void (*tick_hook)(void);

/*
 * Since boot: ticks are interrupts + made_up - early. Where there is no
 * time-stamp counter made_up and early are 0, and what was lost is lost.
 */
struct tick_counts {
	u32 interrupts;		/* of the tick's line */
	u32 made_up;		/* ticks whose own interrupt was lost */
	u32 early;		/* interrupts that came before a tick was due */
};
struct tick_counts tick_counts(void);

#endif
