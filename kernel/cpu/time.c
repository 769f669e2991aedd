/*
 * 1. The PIT divides its 1.193182 MHz by a whole number: a tick of hz=100 takes
 *    11932 counts, 10.000151 ms. So time is told in counts, not in 1 / hz.
 *
 * 2. Where there is a time-stamp counter it is measured against the PIT, from
 *    one reading of both to another some 10 ms later. An emulator may lose the
 *    CPU at any moment: so a reading is the quickest of several, the PIT counts
 *    its longest round meanwhile, and the median of three figures is taken.
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

#define WRAPS_AFTER 300		/* the reference's: seconds */
#define MEASURE_COUNTS (PIT_HZ / 100)	/* guessed: 10 ms */
#define MEASURE_LATCH 65536U	/* derived: the most that it counts; 55 ms */
#define READINGS 8		/* guessed */
#define NS_SHIFT 22	/* derived: ns_factor fits down to TSC_KHZ_LEAST */
#define TSC_KHZ_LEAST 1000U

u32 hz = HZ_DEFAULT;
volatile u32 jiffies;
u32 tsc_khz;
void (*tick_hook)(void);

static spinlock_t time_lock = SPIN_LOCK_UNLOCKED("time_lock");
static u64 ticks;		/* since boot */
static u32 latch;		/* counts of a tick */
static u32 tick_ns;
static struct {
	u32 interrupts, due, early;
} counts;

/* of the time-stamp counter */
static u64 tsc_base;		/* at clock_ns() 0 */
static u64 next_tick;		/* when the next one is due */
static u32 tsc_per_tick, half_tick;
static u32 ns_factor;		/* ns = tsc * factor >> NS_SHIFT */

/* --- the counter --- */

/* Both clocks at one moment. */
struct reading {
	u32 count;
	u64 tsc, took;
};

/* Right behind a change of the count; it takes two readings to see one. */
static struct reading at_change(void)
{
	u32 before = pit_read();
	struct reading r;

	do {
		r.tsc = rdtsc();
		r.count = pit_read();
		r.took = rdtsc() - r.tsc;
	} while (r.count == before);
	return r;
}

static struct reading quickest_reading(void)
{
	struct reading best = at_change(), r;
	u32 i;

	for (i = 1; i < READINGS; i++) {
		r = at_change();
		if (r.took < best.took)
			best = r;
	}
	return best;
}

/* Counts from one reading to a later one, less than a round apart. */
static u32 counts_between(u32 from, u32 to, u32 round)
{
	return from >= to ? from - to : from + round - to;
}

/* Kilohertz, measured once. */
static u32 measure(void)
{
	struct reading from = quickest_reading(), to;
	u32 counted;

	do
		counted = counts_between(from.count, pit_read(), MEASURE_LATCH);
	while (counted < MEASURE_COUNTS);
	to = quickest_reading();
	counted = counts_between(from.count, to.count, MEASURE_LATCH);
	return (u32)div_u64((to.tsc - from.tsc) * (PIT_HZ / 2), counted * 500);
}

static u32 median(u32 a, u32 b, u32 c)
{
	return max(min(a, b), min(max(a, b), c));
}

/* 0: there is none, or none that is of use. */
static u32 measure_tsc(void)
{
	u32 a, b, khz;

	if (!cpu_has(X86_FEATURE_TSC))
		return 0;
	pit_start(MEASURE_LATCH);
	a = measure();
	b = measure();
	khz = median(a, b, measure());
	return khz < TSC_KHZ_LEAST ? 0 : khz;
}

static u64 scaled(u64 tsc)
{
	u64 low = (u64)(u32)tsc * ns_factor, high = (tsc >> 32) * ns_factor;

	return (low >> NS_SHIFT) + (high << (32 - NS_SHIFT));
}

/* --- the clock --- */

u64 clock_by_pit(void)
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

u64 cycles_to_ns(u64 cycles)
{
	return tsc_khz ? scaled(cycles) : cycles;
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
		u32 now = pit_read(), passed = counts_between(last, now, latch);

		wanted -= min(wanted, (u64)passed);
		last = now;
	}
}

static void delay_by_tsc(u32 us)
{
	u64 from = rdtsc(), wanted = div_u64((u64)us * tsc_khz, 1000) + 1;

	/* no PAUSE: an emulator takes it for a wish to be kept waiting */
	while (rdtsc() - from < wanted)
		;
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
	u32 due = 0;
	s64 late;

	if (!tsc_khz)
		return 1;
	for (late = (s64)(rdtsc() + half_tick - next_tick); late >= 0;
	     late -= tsc_per_tick)
		due++;
	next_tick += (u64)due * tsc_per_tick;
	return due;
}

static u32 count_ticks(void)
{
	u32 due;

	spin_lock(&time_lock);
	due = ticks_due();
	counts.interrupts++;
	counts.due += due;
	counts.early += !due;
	ticks += due;
	jiffies += due;
	spin_unlock(&time_lock);
	return due;
}

static bool on_tick(unsigned int irq, void *dev)
{
	u32 due = count_ticks();

	(void)irq;
	(void)dev;
	if (due)
		timer_tick();
	for (; due && tick_hook; due--)
		tick_hook();
	return true;
}

struct tick_counts tick_counts(void)
{
	u32 flags = spin_lock_irqsave(&time_lock);
	struct tick_counts now = {
		.interrupts = counts.interrupts, .early = counts.early,
		.made_up = counts.due + counts.early - counts.interrupts,
	};

	spin_unlock_irqrestore(&time_lock, flags);
	return now;
}

void time_init(u32 ticks_a_second)
{
	hz = ticks_a_second;
	jiffies = 0 - WRAPS_AFTER * hz;
	latch = pit_latch(hz);
	tick_ns = (u32)div_u64((u64)latch * NS_IN_SECOND, PIT_HZ);
	tsc_khz = measure_tsc();
	if (tsc_khz) {
		ns_factor = (u32)div_u64(1000000ULL << NS_SHIFT, tsc_khz);
		tsc_per_tick = (u32)div_u64((u64)tsc_khz * tick_ns, 1000000);
		half_tick = tsc_per_tick / 2;
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
