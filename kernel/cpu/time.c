/*
 * 1. The PIT divides its 1.193182 MHz by a whole number: a tick of hz=100 takes
 *    11932 counts, 10.000151 ms. So time is told in counts, not in 1 / hz.
 *
 * 2. Where there is a time-stamp counter it is measured against the PIT: from
 *    one change of the count to another, some 10 ms later; the best of a few
 *    times, as an emulator may lose the CPU in between.
 *
 * 3. The tick's interrupt says when to look; jiffies follow the counter. A
 *    tick that was lost while interrupts were off is made up for, and one that
 *    an emulator delivers late and twice is not counted twice. next_tick is
 *    when the next one is due, and a tick up to half a period early counts.
 *    Without a counter each interrupt is one tick.
 *
 * 4. clock_ns() scales the counter by a fixed-point factor; without one it adds
 *    to jiffies what the PIT has counted since.
 *
 * Lock: time_lock, for what a tick changes, with interrupts off.
 */
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/pit.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/math64.h>
#include <kernel/lock.h>

#define INITIAL_JIFFIES ((u32)-(300 * (s32)HZ_DEFAULT))
#define MEASURE_COUNTS (PIT_HZ / 100)	/* guessed: 10 ms, 1 ppm */
#define MEASURE_TIMES 3			/* guessed */
#define NS_SHIFT 22		/* derived: 4 GHz and 1 MHz keep 8 digits */

u32 hz = HZ_DEFAULT;
volatile u32 jiffies = INITIAL_JIFFIES;
u32 tsc_khz;
void (*tick_hook)(void);

static spinlock_t time_lock = SPIN_LOCK_UNLOCKED("time_lock");
static u64 ticks;		/* since boot */
static u32 latch;		/* counts of a tick */
static u32 tick_ns;
static struct tick_counts counts;

/* of the time-stamp counter */
static u64 tsc_base;		/* at clock_ns() 0 */
static u64 next_tick;		/* when the next one is due */
static u32 tsc_per_tick;
static u32 ns_factor;		/* ns = tsc * factor >> NS_SHIFT */

/* --- the counter --- */

/* Waits until the PIT's count changes: the count, and when that was. */
static u32 at_change(u64 *tsc)
{
	u32 before = pit_read(), count;

	do {
		count = pit_read();
		*tsc = rdtsc();
	} while (count == before);
	return count;
}

/* Counts from one reading to a later one, less than a tick apart. */
static u32 counts_between(u32 from, u32 to)
{
	return from >= to ? from - to : from + latch - to;
}

/* Kilohertz, measured once. */
static u32 measure(void)
{
	u32 last, now, counted = 0;
	u64 from, to;

	last = at_change(&from);
	do {
		now = at_change(&to);
		counted += counts_between(last, now);
		last = now;
	} while (counted < MEASURE_COUNTS);
	return (u32)div_u64((to - from) * (PIT_HZ / 2), counted * 500);
}

/* What the emulator lost in between makes it faster, never slower. */
static u32 measure_tsc(void)
{
	u32 khz, least = ~0U, i;

	if (!cpu_has(X86_FEATURE_TSC))
		return 0;
	for (i = 0; i < MEASURE_TIMES; i++) {
		khz = measure();
		least = min(least, khz);
	}
	return least;
}

static u64 scaled(u64 tsc)
{
	u64 low = (u64)(u32)tsc * ns_factor, high = (tsc >> 32) * ns_factor;

	return (low >> NS_SHIFT) + (high << (32 - NS_SHIFT));
}

/* --- the clock --- */

static u64 clock_by_pit(void)
{
	static u64 last;
	u32 flags = spin_lock_irqsave(&time_lock);
	u32 passed = latch - pit_read();
	u64 now = ticks * tick_ns + div_u64((u64)passed * tick_ns, latch);

	/* the count has begun again, but its interrupt did not come yet */
	last = max(last, now);
	now = last;
	spin_unlock_irqrestore(&time_lock, flags);
	return now;
}

u64 clock_ns(void)
{
	return tsc_khz ? scaled(rdtsc() - tsc_base) : clock_by_pit();
}

u64 get_jiffies_64(void)
{
	u32 flags = spin_lock_irqsave(&time_lock);
	u64 now = ticks;

	spin_unlock_irqrestore(&time_lock, flags);
	return now;
}

u32 msecs_to_jiffies(u32 ms)
{
	u64 n = div_u64((u64)ms * hz + 999, 1000);

	return n > INT32_MAX ? INT32_MAX : (u32)n;
}

u32 jiffies_to_msecs(u32 n)
{
	u64 ms = div_u64((u64)n * 1000, hz);

	return ms > UINT32_MAX ? UINT32_MAX : (u32)ms;
}

/* --- delays --- */

static void delay_by_pit(u32 us)
{
	u64 wanted = div_u64((u64)us * PIT_HZ, 1000000) + 1;
	u32 last = pit_read();

	while (wanted) {
		u32 now = pit_read(), passed = counts_between(last, now);

		wanted -= min(wanted, (u64)passed);
		last = now;
	}
}

static void delay_by_tsc(u32 us)
{
	u64 from = rdtsc(), wanted = div_u64((u64)us * tsc_khz, 1000) + 1;

	while (rdtsc() - from < wanted)
		cpu_relax();
}

void udelay(u32 us)
{
	BUG_ON(!latch, "udelay() before time_init()");
	if (tsc_khz)
		delay_by_tsc(us);
	else
		delay_by_pit(us);
}

void mdelay(u32 ms)
{
	while (ms--)
		udelay(1000);
}

/* --- ticks --- */

/* How many ticks are due: by the counter, or one. */
static u32 ticks_due(void)
{
	u64 now;
	u32 due = 0;

	if (!tsc_khz)
		return 1;
	for (now = rdtsc() + tsc_per_tick / 2; (s64)(now - next_tick) >= 0;
	     next_tick += tsc_per_tick)
		due++;
	return due;
}

static bool on_tick(unsigned int irq, void *dev)
{
	u32 due;

	spin_lock(&time_lock);
	due = ticks_due();
	counts.interrupts++;
	if (due)
		counts.made_up += due - 1;
	else
		counts.early++;
	ticks += due;
	jiffies += due;
	spin_unlock(&time_lock);
	while (due--) {
		timer_tick();
		if (tick_hook)
			tick_hook();
	}
	return true;
}

struct tick_counts tick_counts(void)
{
	return counts;
}

void time_init(u32 ticks_a_second)
{
	hz = ticks_a_second;
	latch = pit_latch(hz);
	tick_ns = (u32)div_u64((u64)latch * 1000000000U, PIT_HZ);
	pit_start(latch);
	tsc_khz = measure_tsc();
	if (tsc_khz) {
		ns_factor = (u32)div_u64(1000000ULL << NS_SHIFT, tsc_khz);
		tsc_per_tick = (u32)div_u64((u64)tsc_khz * tick_ns, 1000000);
	}
	/* the phase of the PIT becomes the counter's */
	pit_start(latch);
	if (tsc_khz) {
		tsc_base = rdtsc();
		next_tick = tsc_base + tsc_per_tick;
	}
	if (request_irq(IRQ_TIMER, on_tick, 0, "timer", NULL))
		BUG("the timer's line is taken");
}
