/*
 * Time: kernel/cpu/time.c and pit.c. Under -icount a time-stamp counter counts
 * instructions, and all must be exact. Elsewhere an emulator may be kept from
 * its CPU for a while, so that ticks come late and several at once: then only
 * what holds whatever is late is judged.
 *
 * No loop here has PAUSE in it: under -icount that is slow.
 */
#include <kernel/base/cmdline.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/pit.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/math64.h>
#include "counted.h"
#include "ktest.h"

#define NS_PER_MS 1000000U

static void wait_for_tick(void)
{
	u32 now = jiffies;

	while (jiffies == now)
		barrier();
}

/* Nanoseconds of n ticks, rounded down. */
static u64 ticks_ns(u32 n)
{
	return div_u64((u64)n * pit_latch(hz) * 1000000000U, PIT_HZ);
}

TEST(time, jiffies_count_ticks)
{
	u32 before;
	u64 from, passed;

	wait_for_tick();
	before = jiffies;
	from = clock_ns();
	while (jiffies - before < 10)
		barrier();
	passed = clock_ns() - from;
	/* no tick too many: ten are nearly ten ticks' time at least */
	if (tsc_khz)
		EXPECT(passed >= ticks_ns(9));
	if (instructions_are_counted()) {
		EXPECT_EQ(jiffies - before, 10);
		EXPECT(passed + 20000 >= ticks_ns(10));
		EXPECT(passed <= ticks_ns(10) + 20000);
	}
}

/* Ticks and the clock over half a second: they do not part. */
TEST(time, jiffies_follow_the_clock)
{
	u64 from, passed;
	u32 before, n;

	wait_for_tick();
	before = jiffies;
	from = clock_ns();
	while (jiffies - before < 50)
		barrier();
	n = jiffies - before;
	passed = clock_ns() - from;
	if (!tsc_khz) {
		/* ticks may be lost, the clock is made of them */
		EXPECT(passed + ticks_ns(2) >= ticks_ns(n));
		return;
	}
	EXPECT(passed + ticks_ns(1) >= ticks_ns(n));
	if (!instructions_are_counted())
		return;
	EXPECT_EQ(n, 50);
	EXPECT(passed - ticks_ns(50) + 20000 < 40000);
}

TEST(time, lost_ticks_are_made_up_for)
{
	struct tick_counts before = tick_counts(), after;
	u32 flags, from, n;

	if (!tsc_khz) {
		test_skip("no time-stamp counter: what is lost is lost");
		return;
	}
	wait_for_tick();
	flags = local_irq_save();
	from = jiffies;
	mdelay(5 * 1000 / hz);
	EXPECT_EQ(jiffies, from);
	local_irq_restore(flags);
	/* one interrupt was kept by the 8259 */
	barrier();
	n = jiffies - from;
	after = tick_counts();
	EXPECT(n >= 4);
	EXPECT(after.made_up - before.made_up >= 3);
	if (instructions_are_counted()) {
		EXPECT(n <= 6);
		EXPECT_EQ(after.made_up - before.made_up, n - 1);
	}
}

/* What was counted is what came: nothing twice. */
TEST(time, ticks_add_up)
{
	struct tick_counts a, b;
	u32 flags, from;
	u64 from_64;

	/* what was made up for before has its early interrupt behind it */
	wait_for_tick();
	wait_for_tick();
	flags = local_irq_save();
	from = jiffies;
	from_64 = get_jiffies_64();
	a = tick_counts();
	local_irq_restore(flags);
	while (jiffies - from < 10)
		barrier();
	flags = local_irq_save();
	b = tick_counts();
	EXPECT_EQ(jiffies - from, b.interrupts - a.interrupts + b.made_up -
		  a.made_up - (b.early - a.early));
	EXPECT_EQ(get_jiffies_64() - from_64, jiffies - from);
	local_irq_restore(flags);
	if (instructions_are_counted()) {
		EXPECT_EQ(b.made_up, a.made_up);
		EXPECT_EQ(b.early, a.early);
	}
}

#define RAISE_TICK() __asm__ volatile("int $0x20" : : : "memory")

/* The first brings all ticks that are due; the second comes at once. */
static bool second_is_early(void)
{
	u32 flags = local_irq_save(), before, early;
	bool is_early;

	RAISE_TICK();
	before = jiffies;
	early = tick_counts().early;
	RAISE_TICK();
	is_early = jiffies == before && tick_counts().early == early + 1;
	local_irq_restore(flags);
	return is_early;
}

/* An interrupt of the tick's line between two ticks is none. Once in ten times
 * no tick comes between the two, however late all is. */
TEST(time, early_interrupt_is_no_tick)
{
	u32 tries = 10;

	if (!tsc_khz) {
		test_skip("no time-stamp counter: each interrupt counts");
		return;
	}
	while (tries && !second_is_early())
		tries--;
	EXPECT(tries);
}

TEST(time, clock_never_goes_back)
{
	u32 end = jiffies + 20, back = 0;
	u64 last = clock_ns(), now;

	do {
		now = clock_ns();
		back += now < last;
		last = now;
	} while (time_before(jiffies, end));
	EXPECT_EQ(back, 0);
}

/* Interrupts off: the clock goes on for a tick's time at least. */
TEST(time, clock_goes_on_without_interrupts)
{
	u32 flags;
	u64 from, passed;

	wait_for_tick();
	flags = local_irq_save();
	from = clock_ns();
	mdelay(3);
	passed = clock_ns() - from;
	local_irq_restore(flags);
	if (tsc_khz)
		EXPECT(passed >= 3 * NS_PER_MS - 1000);
	if (instructions_are_counted())
		EXPECT(passed <= 3 * NS_PER_MS + 20000);
}

TEST(time, udelay_waits_as_long_at_least)
{
	static const u32 us[] = { 0, 1, 10, 100, 1000, 15000 };
	u32 i, flags;
	u64 from, passed;

	for (i = 0; i < ARRAY_SIZE(us); i++) {
		flags = local_irq_save();
		from = clock_ns();
		udelay(us[i]);
		passed = clock_ns() - from;
		local_irq_restore(flags);
		if (!tsc_khz)
			continue;
		/* both are rounded: a nanosecond and a part in 10^5 */
		EXPECT(passed + 2 + us[i] / 100 >= us[i] * 1000);
		if (instructions_are_counted())
			EXPECT(passed <= us[i] * 1000 + 5000);
	}
}

/* Counts of the PIT that half a tick's udelay() takes, without whole rounds. */
static u32 counts_of_half_a_tick(void)
{
	u32 flags, from, to;

	wait_for_tick();
	flags = local_irq_save();
	from = pit_read();
	udelay(500000 / hz);
	to = pit_read();
	local_irq_restore(flags);
	return from >= to ? from - to : from + pit_latch(hz) - to;
}

/* By the PIT itself, which a machine without a counter has only. One that was
 * late may look short: but not each time. */
TEST(time, udelay_by_the_pit)
{
	u32 want = pit_latch(hz) / 2 - pit_latch(hz) / 100 - 2, tries = 10;

	while (tries && counts_of_half_a_tick() < want)
		tries--;
	EXPECT(tries);
}

TEST(time, pit_counts_down_from_its_latch)
{
	u32 i, n, last = 0, rose = 0;

	for (i = 0; i < 2000; i++) {
		n = pit_read();
		if (n < 1 || n > pit_latch(hz))
			break;
		rose += n > last;
		last = n;
	}
	EXPECT_EQ(i, 2000);
	EXPECT(rose < 2000);
}

TEST(time, comparisons_wrap)
{
	EXPECT(time_after(1U, 0U) && !time_after(0U, 1U));
	EXPECT(!time_after(5U, 5U) && time_after_eq(5U, 5U));
	EXPECT(time_after(0U, ~0U) && time_before(~0U, 0U));
	EXPECT(time_after_eq(0x7fffffffU, 0U));
	EXPECT(time_before(0x80000001U, 0U));
	EXPECT(time_before_eq(~0U, 3U) && !time_before_eq(3U, ~0U));
}

TEST(time, conversions_round_up)
{
	EXPECT_EQ(msecs_to_jiffies(0), 0);
	EXPECT_EQ(msecs_to_jiffies(1), 1);
	EXPECT_EQ(msecs_to_jiffies(1000), hz);
	EXPECT_EQ(msecs_to_jiffies(1001), hz + 1);
	if (hz == 100) {
		EXPECT_EQ(msecs_to_jiffies(11), 2);
		EXPECT_EQ(msecs_to_jiffies(~0U), 429496730);
		EXPECT_EQ(jiffies_to_msecs(7), 70);
	}
	if (hz == 1000)
		EXPECT_EQ(msecs_to_jiffies(~0U), INT32_MAX);
	EXPECT_EQ(jiffies_to_msecs(hz), 1000);
	EXPECT_EQ(jiffies_to_msecs(~0U), ~0U);
}

TEST(time, latch_of_a_rate)
{
	EXPECT_EQ(pit_latch(100), 11932);
	EXPECT_EQ(pit_latch(1000), 1193);
	EXPECT(pit_latch(HZ_LEAST) <= 65536);
	EXPECT(pit_latch(HZ_LEAST - 1) > 65536);
}

static void parse(const char *line)
{
	char copy[16];

	strlcpy(copy, line, sizeof(copy));
	parse_options(copy, __kernel_params_start, __kernel_params_end);
}

/* Refused values, each with a warning. */
TEST(time, hz_option)
{
	static const char *const bad[] = {
		"hz=0", "hz=18", "hz=1001", "hz=100x", "hz=", "hz",
	};
	unsigned int i;

	test_allow_warnings(ARRAY_SIZE(bad));
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		parse(bad[i]);
	/* after boot a good one changes nothing any more */
	parse("hz=19");
	parse("hz=1000");
	EXPECT(hz >= HZ_LEAST && hz <= HZ_MOST);
	EXPECT_EQ(msecs_to_jiffies(1000), hz);
}

/* The counter is measured: a clock by it agrees with the PIT. */
TEST(time, counter_agrees_with_the_pit)
{
	u64 from, passed;
	u32 n;

	if (!instructions_are_counted()) {
		test_skip("no instructions are counted: time may be lost");
		return;
	}
	EXPECT(tsc_khz - 999990 <= 20);
	wait_for_tick();
	from = clock_ns();
	for (n = 0; n < 20; n++)
		wait_for_tick();
	passed = clock_ns() - from;
	EXPECT(passed - ticks_ns(20) + 10000 < 20000);
}
