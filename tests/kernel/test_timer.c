/*
 * Timers: kernel/cpu/timer.c. What has to do with real time runs on the CPU's
 * own wheel; order, distances and wraps on a wheel of the test, which it turns
 * itself.
 */
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/preempt.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include "counted.h"
#include "ktest.h"

#define MANY 2000
#define START 1000U

static struct timer_base wheel;

/* What went off, in order: data, and at which tick. */
static struct {
	unsigned long data;
	u32 at;
} fired[MANY];
static u32 nr_fired;

static void note(unsigned long data)
{
	if (nr_fired < MANY) {
		fired[nr_fired].data = data;
		/* now is the next one already */
		fired[nr_fired].at = wheel.now - 1;
	}
	nr_fired++;
}

static void start_wheel(u32 now)
{
	timer_base_init(&wheel, now);
	nr_fired = 0;
}

static void on_wheel(struct timer_list *timer, u32 expires, unsigned long data)
{
	setup_timer(timer, note, data);
	timer->base = &wheel;
	timer->expires = expires;
	add_timer(timer);
}

/* Nothing happens before it: then the tick itself is run like any. */
static void turn_to(u32 tick)
{
	timer_base_run(&wheel, tick);
}

TEST(timer, goes_off_at_its_tick)
{
	struct timer_list t;

	start_wheel(START);
	on_wheel(&t, START + 3, 7);
	EXPECT(timer_pending(&t));
	turn_to(START + 2);
	EXPECT_EQ(nr_fired, 0);
	turn_to(START + 3);
	EXPECT_EQ(nr_fired, 1);
	EXPECT_EQ(fired[0].data, 7);
	EXPECT(!timer_pending(&t));
	EXPECT_EQ(wheel.pending, 0);
	turn_to(START + 600);
	EXPECT_EQ(nr_fired, 1);
}

TEST(timer, past_ones_go_off_with_the_next_tick)
{
	struct timer_list t[4];

	start_wheel(START);
	on_wheel(&t[0], START - 1, 0);
	on_wheel(&t[1], START - 0x7fffffff, 1);
	on_wheel(&t[2], START, 2);
	on_wheel(&t[3], START + 1, 3);
	turn_to(START);
	EXPECT_EQ(nr_fired, 3);
	turn_to(START + 1);
	EXPECT_EQ(nr_fired, 4);
}

/* One tick, from near and far: in the order in which they were added. */
TEST(timer, one_tick_keeps_the_order)
{
	static struct timer_list t[8];
	u32 tick = 0x8150, i, now = 0x100;

	start_wheel(now);
	for (i = 0; i < 8; i++) {
		on_wheel(&t[i], tick, i);
		/* from the third array down to the first; at a border, too */
		now = i == 5 ? 0x80ff : now + (tick - now) / 2;
		turn_to(now);
	}
	EXPECT_EQ(nr_fired, 0);
	turn_to(tick);
	REQUIRE(nr_fired == 8);
	for (i = 0; i < 8; i++)
		EXPECT_EQ(fired[i].data, i);
}

/* Where an array ends and the next one begins, from several places. */
TEST(timer, borders_of_the_arrays)
{
	static const u32 starts[] = {
		0, 1, 0xff, 0x100, 0x3fff, 0x4000, 0xfffff, 0xffffff00, ~0U,
	};
	static const u32 distances[] = {
		0, 1, 0xfe, 0xff, 0x100, 0x101, 0x1ff, 0x3fff, 0x4000, 0x4001,
		0x40ff,
	};
	static struct timer_list t[ARRAY_SIZE(distances)];
	u32 s, d;

	for (s = 0; s < ARRAY_SIZE(starts); s++) {
		start_wheel(starts[s]);
		for (d = 0; d < ARRAY_SIZE(distances); d++)
			on_wheel(&t[d], starts[s] + distances[d], d);
		turn_to(starts[s] + 0x4100);
		EXPECT_EQ(nr_fired, ARRAY_SIZE(distances));
		for (d = 0; d < ARRAY_SIZE(distances); d++) {
			EXPECT_EQ(fired[d].data, d);
			EXPECT_EQ(fired[d].at, starts[s] + distances[d]);
		}
	}
}

/* What list the wheel is made to serve next, far ahead of all that is there. */
static void jump_to(u32 now)
{
	struct timer_list *timer, *next;
	struct list_head all;
	u32 n, i;

	INIT_LIST_HEAD(&all);
	for (n = 0; n < TIMER_ARRAYS; n++)
		for (i = 0; i < TIMER_ARRAY_SIZE; i++)
			list_for_each_entry_safe(timer, next,
						 &wheel.array[n][i], entry) {
				list_del(&timer->entry);
				list_add_tail(&timer->entry, &all);
			}
	timer_base_init(&wheel, now);
	list_for_each_entry_safe(timer, next, &all, entry) {
		timer->entry.next = NULL;
		add_timer(timer);
	}
}

/* Days ahead: the wheel is turned near each border on the way. */
TEST(timer, far_ones)
{
	static const u32 far[] = {
		1U << 20, (1U << 20) + 1, 1U << 26, (1U << 26) - 1,
		(1U << 26) + 0x12345, 0x7fffffffU,
	};
	static struct timer_list t[ARRAY_SIZE(far)];
	u32 i, k;

	start_wheel(0);
	for (i = 0; i < ARRAY_SIZE(far); i++) {
		start_wheel(0);
		on_wheel(&t[i], far[i], i);
		for (k = 26; k >= 8; k -= 6) {
			u32 border = far[i] & ~((1U << k) - 1);

			if (border < 3 || border - 2 < wheel.now)
				continue;
			jump_to(border - 2);
			turn_to(border - 1);
			EXPECT_EQ(nr_fired, 0);
			turn_to(border);
			if (border != far[i])
				EXPECT_EQ(nr_fired, 0);
		}
		turn_to(far[i] - 1);
		if (far[i] & 0xff)
			EXPECT_EQ(nr_fired, 0);
		turn_to(far[i]);
		EXPECT_EQ(nr_fired, 1);
		EXPECT_EQ(fired[0].at, far[i]);
	}
}

TEST(timer, cancelled_ones_do_not_go_off)
{
	static struct timer_list t[3];
	u32 i;

	start_wheel(START);
	for (i = 0; i < 3; i++)
		on_wheel(&t[i], START + 5, i);
	EXPECT(del_timer(&t[1]));
	EXPECT(!del_timer(&t[1]));
	EXPECT(del_timer_sync(&t[2]));
	EXPECT_EQ(wheel.pending, 1);
	turn_to(START + 5);
	EXPECT_EQ(nr_fired, 1);
	EXPECT_EQ(fired[0].data, 0);
}

TEST(timer, mod_moves_it)
{
	struct timer_list t;

	start_wheel(START);
	on_wheel(&t, START + 5, 1);
	EXPECT(mod_timer(&t, START + 9));
	EXPECT_EQ(wheel.pending, 1);
	turn_to(START + 8);
	EXPECT_EQ(nr_fired, 0);
	EXPECT(mod_timer(&t, START + 300));
	turn_to(START + 299);
	EXPECT_EQ(nr_fired, 0);
	turn_to(START + 300);
	EXPECT_EQ(nr_fired, 1);
	EXPECT(!mod_timer(&t, START + 302));
	turn_to(START + 302);
	EXPECT_EQ(nr_fired, 2);
}

static struct timer_list self, other;

static void adds_itself(unsigned long left)
{
	note(left);
	if (left) {
		self.data = left - 1;
		/* past: not within this tick again */
		mod_timer(&self, wheel.now - 2);
	}
}

TEST(timer, function_adds_its_timer_again)
{
	u32 i;

	start_wheel(START);
	on_wheel(&self, START, 3);
	self.function = adds_itself;
	turn_to(START + 10);
	REQUIRE(nr_fired == 4);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(fired[i].at, START + i);
}

static void cancels_other(unsigned long data)
{
	note(data);
	EXPECT(del_timer(&other));
}

/* Of the same tick, off the list already: it can be had back. */
TEST(timer, function_cancels_one_of_its_tick)
{
	start_wheel(START);
	on_wheel(&self, START, 1);
	self.function = cancels_other;
	on_wheel(&other, START, 2);
	turn_to(START);
	EXPECT_EQ(nr_fired, 1);
	EXPECT_EQ(wheel.pending, 0);
}

static void stops_periodic(unsigned long data)
{
	note(data);
	if (nr_fired == 5)
		EXPECT(del_timer(&self));
}

TEST(timer, periodic_until_cancelled_by_itself)
{
	u32 i;

	start_wheel(START);
	setup_timer(&self, stops_periodic, 0);
	self.base = &wheel;
	self.period = 7;
	self.expires = START + 7;
	add_timer(&self);
	/* all at once, as if ticks had been missed: none is left out */
	turn_to(START + 100);
	EXPECT_EQ(nr_fired, 5);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(fired[i].at, START + 7 * (i + 1));
	EXPECT(!timer_pending(&self));
}

/* --- many, against a plain list --- */

static u32 seed;

static u32 draw(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static struct timer_list many[MANY];
static u32 due[MANY];		/* what the model says; pending or not */
static bool is_pending[MANY];

/* Distances of all sizes up to 2^15. */
static u32 any_distance(void)
{
	return draw() & ((1U << (1 + draw() % 15)) - 1);
}

static void change_any(void)
{
	u32 i = draw() % MANY;

	if (draw() % 3 == 0) {
		EXPECT(del_timer(&many[i]) == is_pending[i]);
		is_pending[i] = false;
		return;
	}
	due[i] = wheel.now + any_distance();
	EXPECT(mod_timer(&many[i], due[i]) == is_pending[i]);
	is_pending[i] = true;
}

/* Those that went off are those that were due, each at its tick. */
static u32 judge(u32 until)
{
	u32 i, wrong = 0, left = 0;

	for (i = 0; i < min(nr_fired, (u32)MANY); i++) {
		u32 n = (u32)fired[i].data;

		wrong += !is_pending[n] || due[n] != fired[i].at;
		wrong += i && time_before(fired[i].at, fired[i - 1].at);
		is_pending[n] = false;
	}
	for (i = 0; i < MANY; i++) {
		wrong += is_pending[i] && time_before_eq(due[i], until);
		left += is_pending[i];
	}
	wrong += left != wheel.pending;
	nr_fired = 0;
	return wrong;
}

/* The wheel begins shortly before its ticks wrap. */
TEST(timer, thousands_against_a_list)
{
	u32 i, round;

	seed = 5;
	start_wheel(0 - 20000U);
	for (i = 0; i < MANY; i++) {
		on_wheel(&many[i], wheel.now + any_distance(), i);
		due[i] = many[i].expires;
		is_pending[i] = true;
	}
	for (round = 0; round < 200; round++) {
		u32 until = wheel.now + any_distance() % 1000;

		turn_to(until);
		REQUIRE(judge(until) == 0);
		for (i = 0; i < 50; i++)
			change_any();
	}
	turn_to(wheel.now + (1U << 15));
	EXPECT_EQ(judge(wheel.now - 1), 0);
	EXPECT_EQ(wheel.pending, 0);
}

/* --- in real time --- */

static volatile u32 calls, called_at;
static volatile bool in_softirq_then, irqs_on_then;

static void count_call(unsigned long data)
{
	calls++;
	called_at = jiffies;
	in_softirq_then = in_softirq() && !in_irq();
	irqs_on_then = !irqs_disabled();
}

static void wait_until(u32 tick)
{
	while (time_before_eq(jiffies, tick))
		barrier();
}

TEST(timer, by_the_tick)
{
	struct timer_list t;
	u32 expires = jiffies + 3, pending = timers_pending();

	calls = 0;
	setup_timer(&t, count_call, 0);
	t.expires = expires;
	add_timer(&t);
	EXPECT_EQ(timers_pending(), pending + 1);
	wait_until(expires + 1);
	EXPECT_EQ(calls, 1);
	EXPECT(time_after_eq(called_at, expires));
	EXPECT(in_softirq_then && irqs_on_then);
	EXPECT(!del_timer_sync(&t));
}

TEST(timer, periodic_by_the_tick)
{
	struct timer_list t;
	u32 from = jiffies, before;

	calls = 0;
	setup_timer(&t, count_call, 0);
	t.period = 2;
	mod_timer(&t, from + 2);
	wait_until(from + 20);
	EXPECT(calls >= 10);
	EXPECT(del_timer_sync(&t));
	before = calls;
	/* as many as there were periods, late or not */
	EXPECT(before <= (jiffies - from) / 2);
	wait_until(jiffies + 5);
	EXPECT_EQ(calls, before);
}

#define AT_ONCE 64U

static struct timer_list real[AT_ONCE];
static u32 went_off[AT_ONCE], late_most;

static void note_when(unsigned long nr)
{
	if (nr_fired < AT_ONCE)
		went_off[nr_fired] = (u32)nr;
	nr_fired++;
	late_most = max(late_most, jiffies - real[nr].expires);
}

/* By the tick, in order, none early; exactly, where time is exact. */
TEST(timer, in_order_and_in_time)
{
	u32 i, from, flags, wrong = 0;

	seed = 3;
	nr_fired = late_most = 0;
	flags = local_irq_save();
	from = jiffies + 1;
	for (i = 0; i < AT_ONCE; i++) {
		setup_timer(&real[i], note_when, i);
		mod_timer(&real[i], from + draw() % 24);
	}
	local_irq_restore(flags);
	wait_until(from + 24);
	for (i = 0; i < AT_ONCE; i++)
		del_timer_sync(&real[i]);
	REQUIRE(nr_fired == AT_ONCE);
	for (i = 1; i < AT_ONCE; i++) {
		u32 a = real[went_off[i - 1]].expires,
		    b = real[went_off[i]].expires;

		wrong += time_after(a, b) ||
			 (a == b && went_off[i - 1] > went_off[i]);
	}
	EXPECT_EQ(wrong, 0);
	/* early would be late by nearly all ticks that there are */
	EXPECT(late_most < 1000 * hz);
	if (instructions_are_counted())
		EXPECT_EQ(late_most, 0);
}

/* Ticks that were missed run all that was due, in order. */
TEST(timer, missed_ticks)
{
	static struct timer_list t[5];
	u32 flags, i, from;

	nr_fired = 0;
	flags = local_irq_save();
	from = jiffies;
	for (i = 0; i < 5; i++) {
		setup_timer(&t[i], note, i);
		mod_timer(&t[i], from + 5 - i);
	}
	mdelay(6 * 1000 / hz);
	EXPECT_EQ(nr_fired, 0);
	local_irq_restore(flags);
	wait_until(from + 6);
	EXPECT_EQ(nr_fired, 5);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(fired[i].data, 4 - i);
}

TEST_PANIC(timer, added_twice, "add_timer() of a timer that is pending")
{
	struct timer_list t;

	setup_timer(&t, count_call, 0);
	t.expires = jiffies + 1000;
	add_timer(&t);
	add_timer(&t);
}

TEST_PANIC(timer, without_a_function, "a timer without a function")
{
	struct timer_list t;

	init_timer(&t);
	mod_timer(&t, jiffies + 1);
}

static void forgets_a_count(unsigned long data)
{
	preempt_disable();
}

TEST_PANIC(timer, forgets_a_count,
	   "a timer's function ended with another preempt count")
{
	struct timer_list t;

	setup_timer(&t, forgets_a_count, 0);
	mod_timer(&t, jiffies);
	wait_until(jiffies + 5);
}

static void deletes_itself(unsigned long data)
{
	del_timer_sync((struct timer_list *)data);
}

TEST_PANIC(timer, sync_in_its_function, "del_timer_sync() in an interrupt")
{
	struct timer_list t;

	setup_timer(&t, deletes_itself, (unsigned long)&t);
	mod_timer(&t, jiffies);
	wait_until(jiffies + 5);
}
