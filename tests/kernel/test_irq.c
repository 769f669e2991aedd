/*
 * Interrupts: kernel/cpu/irq.c and pic.c. Lines that nobody has are raised by
 * `int`: to the 8259s that is an interrupt which is not in service, and to the
 * CPU the same as any. Those that must come by themselves are the real-time
 * clock's (rtc_irq.h).
 */
#include <kernel/base/panic.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/cpustack.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/pic.h>
#include <kernel/cpu/preempt.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include "ktest.h"
#include "rtc_irq.h"

#define LINE 5U			/* nobody's */
#define OTHER_LINE 10U		/* on the second chip, nobody's */

#define RAISE_VECTOR(n) __asm__ volatile("int %0" : : "i"(n) : "memory")
#define RAISE(line) RAISE_VECTOR(FIRST_IRQ_VECTOR + (line))

static u32 calls, order;
static bool answer;

static bool count_call(unsigned int irq, void *dev)
{
	calls++;
	if (dev)
		*(u32 *)dev = ++order;
	return answer;
}

static void reset(bool answers)
{
	calls = order = 0;
	answer = answers;
}

TEST(irq, handler_is_called_and_counted)
{
	struct irq_counts before = irq_counts(LINE);

	reset(true);
	REQUIRE(!request_irq(LINE, count_call, 0, "test", NULL));
	EXPECT_STREQ(irq_action_name(LINE, 0), "test");
	EXPECT(!irq_action_name(LINE, 1));
	RAISE(LINE);
	RAISE(LINE);
	EXPECT_EQ(calls, 2);
	EXPECT_EQ(irq_counts(LINE).handled, before.handled + 2);
	EXPECT_EQ(irq_counts(LINE).unhandled, before.unhandled);
	EXPECT_EQ(free_irq(LINE, NULL), 0);
	EXPECT(!irq_action_name(LINE, 0));
	RAISE(LINE);
	EXPECT_EQ(calls, 2);
	EXPECT_EQ(irq_counts(LINE).unhandled, before.unhandled + 1);
}

TEST(irq, bad_arguments)
{
	u32 dev;

	EXPECT_EQ(request_irq(NR_IRQS, count_call, 0, "x", NULL), -EINVAL);
	EXPECT_EQ(request_irq(IRQ_CASCADE, count_call, 0, "x", NULL), -EINVAL);
	EXPECT_EQ(request_irq(LINE, NULL, 0, "x", NULL), -EINVAL);
	EXPECT_EQ(request_irq(LINE, count_call, 0, NULL, NULL), -EINVAL);
	EXPECT_EQ(request_irq(LINE, count_call, SA_SHIRQ, "x", NULL), -EINVAL);
	EXPECT_EQ(request_irq(IRQ_TIMER, count_call, 0, "x", NULL), -EBUSY);
	EXPECT_EQ(request_irq(IRQ_TIMER, count_call, SA_SHIRQ, "x", &dev),
		  -EBUSY);
	EXPECT_EQ(free_irq(NR_IRQS, NULL), -ENOENT);
	EXPECT_EQ(free_irq(LINE, &dev), -ENOENT);
	EXPECT_EQ(irq_counts(NR_IRQS).handled, 0);
	EXPECT(!irq_action_name(NR_IRQS, 0));
}

/* In the order in which they came; each is told of each interrupt. */
TEST(irq, handlers_share_a_line)
{
	u32 a = 0, b = 0, c = 0;

	reset(false);
	REQUIRE(!request_irq(LINE, count_call, SA_SHIRQ, "a", &a));
	EXPECT_EQ(request_irq(LINE, count_call, 0, "x", &b), -EBUSY);
	EXPECT_EQ(request_irq(LINE, count_call, SA_SHIRQ, "b", &b), 0);
	EXPECT_EQ(request_irq(LINE, count_call, SA_SHIRQ, "c", &c), 0);
	EXPECT_STREQ(irq_action_name(LINE, 2), "c");
	RAISE(LINE);
	EXPECT(a == 1 && b == 2 && c == 3);
	EXPECT_EQ(free_irq(LINE, &b), 0);
	RAISE(LINE);
	EXPECT(a == 4 && b == 2 && c == 5);
	EXPECT_EQ(free_irq(LINE, &a), 0);
	EXPECT_EQ(pic_mask() & 1U << LINE, 0);
	EXPECT_EQ(free_irq(LINE, &c), 0);
	EXPECT(pic_mask() & 1U << LINE);
}

static bool wants_none(unsigned int irq, void *dev)
{
	return false;
}

/* One handler of several wants it: that is one that is handled. */
TEST(irq, one_of_several_is_enough)
{
	struct irq_counts before = irq_counts(LINE);
	u32 a, b;

	reset(true);
	REQUIRE(!request_irq(LINE, count_call, SA_SHIRQ, "a", &a));
	REQUIRE(!request_irq(LINE, wants_none, SA_SHIRQ, "b", &b));
	RAISE(LINE);
	EXPECT_EQ(irq_counts(LINE).handled, before.handled + 1);
	EXPECT_EQ(irq_counts(LINE).unhandled, before.unhandled);
	free_irq(LINE, &a);
	free_irq(LINE, &b);
}

/* All descriptions taken, and each can be had again. */
TEST(irq, descriptions_run_out)
{
	static u32 devs[IRQ_ACTIONS + 1];
	u32 n, err = 0;

	for (n = 0; n <= IRQ_ACTIONS; n++) {
		err = (u32)-request_irq(LINE, wants_none, SA_SHIRQ, "many",
					&devs[n]);
		if (err)
			break;
	}
	EXPECT_EQ(err, ENOMEM);
	EXPECT(n > 1 && n < IRQ_ACTIONS);
	EXPECT_EQ(request_irq(OTHER_LINE, wants_none, 0, "x", NULL), -ENOMEM);
	EXPECT_EQ(free_irq(LINE, &devs[1]), 0);
	EXPECT_EQ(request_irq(OTHER_LINE, wants_none, 0, "x", NULL), 0);
	EXPECT_EQ(free_irq(OTHER_LINE, NULL), 0);
	while (n--)
		EXPECT_EQ(free_irq(LINE, &devs[n]), n == 1 ? -ENOENT : 0);
}

TEST(irq, disable_nests)
{
	u16 bit = 1U << OTHER_LINE;

	disable_irq(OTHER_LINE);
	EXPECT_EQ(request_irq(OTHER_LINE, wants_none, 0, "x", NULL), 0);
	EXPECT(pic_mask() & bit);
	disable_irq(OTHER_LINE);
	enable_irq(OTHER_LINE);
	EXPECT(pic_mask() & bit);
	enable_irq(OTHER_LINE);
	EXPECT_EQ(pic_mask() & bit, 0);
	EXPECT_EQ(pic_mask() & 1U << IRQ_CASCADE, 0);
	free_irq(OTHER_LINE, NULL);
	EXPECT(pic_mask() & bit);
	/* without a handler there is nothing to be unmasked for */
	disable_irq(OTHER_LINE);
	enable_irq(OTHER_LINE);
	EXPECT(pic_mask() & bit);
}

/* While it is disabled the tick does not come; its line keeps one of them. */
TEST(irq, disabled_line_is_silent)
{
	u32 before, after, i;

	disable_irq(IRQ_TIMER);
	before = tick_counts().interrupts;
	mdelay(2500 / hz);
	after = tick_counts().interrupts;
	enable_irq(IRQ_TIMER);
	EXPECT_EQ(after, before);
	/* an emulator may be late */
	for (i = 0; i < 100 && tick_counts().interrupts == before; i++)
		mdelay(1500 / hz);
	EXPECT(tick_counts().interrupts > before);
}

static u32 told, told_line;

static void note_masked(unsigned int irq)
{
	told++;
	told_line = irq;
}

TEST(irq, unwanted_line_is_masked_and_told_once)
{
	void (*hook)(unsigned int) = irq_masked_hook;
	u32 i;

	reset(false);
	told = 0;
	irq_masked_hook = note_masked;
	REQUIRE(!request_irq(LINE, count_call, 0, "deaf", NULL));
	for (i = 0; i < IRQ_UNHANDLED_MOST - 1; i++)
		RAISE(LINE);
	EXPECT(!told && !(pic_mask() & 1U << LINE));
	/* one that is wanted, and all begins again */
	answer = true;
	RAISE(LINE);
	answer = false;
	for (i = 0; i < IRQ_UNHANDLED_MOST - 1; i++)
		RAISE(LINE);
	EXPECT(!told && !(pic_mask() & 1U << LINE));
	RAISE(LINE);
	EXPECT_EQ(told, 1);
	EXPECT_EQ(told_line, LINE);
	EXPECT(pic_mask() & 1U << LINE);
	RAISE(LINE);
	EXPECT_EQ(told, 1);
	enable_irq(LINE);
	EXPECT_EQ(pic_mask() & 1U << LINE, 0);
	free_irq(LINE, NULL);
	irq_masked_hook = hook;
}

/* The last handler takes the verdict with it: the line is free for another. */
TEST(irq, a_line_given_up_can_be_had_again)
{
	void (*hook)(unsigned int) = irq_masked_hook;
	u32 i;

	reset(false);
	irq_masked_hook = NULL;
	REQUIRE(!request_irq(LINE, count_call, 0, "deaf", NULL));
	for (i = 0; i < IRQ_UNHANDLED_MOST; i++)
		RAISE(LINE);
	EXPECT(pic_mask() & 1U << LINE);
	free_irq(LINE, NULL);
	EXPECT_EQ(request_irq(LINE, count_call, 0, "hears", NULL), 0);
	EXPECT_EQ(pic_mask() & 1U << LINE, 0);
	/* with a disable_irq() of its own in between, and given up once more */
	for (i = 0; i < IRQ_UNHANDLED_MOST; i++)
		RAISE(LINE);
	disable_irq(LINE);
	enable_irq(LINE);
	EXPECT(pic_mask() & 1U << LINE);
	enable_irq(LINE);
	EXPECT_EQ(pic_mask() & 1U << LINE, 0);
	free_irq(LINE, NULL);
	EXPECT_EQ(request_irq(LINE, count_call, 0, "hears", NULL), 0);
	EXPECT_EQ(pic_mask() & 1U << LINE, 0);
	free_irq(LINE, NULL);
	irq_masked_hook = hook;
}

TEST(irq, masked_line_is_reported)
{
	u32 i;

	test_allow_warnings(1);
	reset(false);
	REQUIRE(!request_irq(LINE, count_call, 0, "deaf", NULL));
	for (i = 0; i < IRQ_UNHANDLED_MOST; i++)
		RAISE(LINE);
	enable_irq(LINE);
	free_irq(LINE, NULL);
}

/* Lines 7 and 15 are in service only if they are real. */
TEST(irq, spurious_ones_are_told_apart)
{
	struct irq_counts seven = irq_counts(7), fifteen = irq_counts(15);

	reset(true);
	REQUIRE(!request_irq(7, count_call, 0, "seven", NULL));
	RAISE(7);
	EXPECT_EQ(calls, 0);
	EXPECT_EQ(irq_counts(7).spurious, seven.spurious + 1);
	EXPECT_EQ(irq_counts(7).handled, seven.handled);
	free_irq(7, NULL);
	RAISE(15);
	EXPECT_EQ(irq_counts(15).spurious, fifteen.spurious + 1);
	EXPECT_EQ(irq_counts(15).unhandled, fifteen.unhandled);
}

/* --- where a handler is --- */

static struct {
	bool in_irq, in_softirq, in_interrupt, in_atomic, irqs_off, on_stack;
} seen;

static bool look_around(unsigned int irq, void *dev)
{
	seen.in_irq = in_irq();
	seen.in_softirq = in_softirq();
	seen.in_interrupt = in_interrupt();
	seen.in_atomic = in_atomic();
	seen.irqs_off = irqs_disabled();
	seen.on_stack = on_irq_stack((u32)__builtin_frame_address(0));
	return true;
}

TEST(irq, handlers_know_where_they_are)
{
	u32 before = preempt_count();

	REQUIRE(!request_irq(LINE, look_around, 0, "test", NULL));
	RAISE(LINE);
	EXPECT(seen.in_irq && seen.in_interrupt && seen.in_atomic);
	EXPECT(seen.irqs_off && seen.on_stack && !seen.in_softirq);
	EXPECT_EQ(preempt_count(), before);
	EXPECT(!in_irq() && !irqs_disabled());
	/* where softirqs are kept out, handlers are not */
	local_bh_disable();
	RAISE(LINE);
	EXPECT(seen.in_irq && seen.in_softirq);
	local_bh_enable();
	free_irq(LINE, NULL);
}

/* Each register comes back, whichever stack the handler was on. */
TEST(irq, registers_are_kept)
{
	u32 eax = 1, ebx = 2, ecx = 3, edx = 4, esi = 5, edi = 6;

	REQUIRE(!request_irq(LINE, look_around, 0, "test", NULL));
	__asm__ volatile("stc; int %6; jnc 1f; addl $10, %0; 1:"
			 : "+a"(eax), "+b"(ebx), "+c"(ecx), "+d"(edx),
			   "+S"(esi), "+D"(edi)
			 : "i"(FIRST_IRQ_VECTOR + LINE) : "cc", "memory");
	free_irq(LINE, NULL);
	EXPECT(eax == 11 && ebx == 2 && ecx == 3 && edx == 4 && esi == 5 &&
	       edi == 6);
}

/* --- interrupts that come by themselves --- */

static volatile u32 strikes;

static bool strike(unsigned int irq, void *dev)
{
	strikes++;
	return rtc_was_it();
}

static bool wait_for_strikes(u32 n)
{
	u32 end = jiffies + 20 * hz;

	while (strikes < n && time_before(jiffies, end))
		barrier();
	return strikes >= n;
}

/* The first one may have waited since before the clock was asked. */
static u32 counted(unsigned int line)
{
	return irq_counts(line).handled + irq_counts(line).unhandled;
}

/* Through both chips, again and again: each one is ended at both. */
TEST(irq, second_chip_interrupts)
{
	u32 before = counted(RTC_LINE);

	strikes = 0;
	REQUIRE(rtc_start(strike, NULL));
	EXPECT(wait_for_strikes(20));
	EXPECT_STREQ(irq_action_name(RTC_LINE, 0), "rtc");
	rtc_stop(NULL);
	EXPECT_EQ(counted(RTC_LINE), before + strikes);
}

static bool strike_and_stop(unsigned int irq, void *dev)
{
	strikes++;
	disable_irq(irq);
	return rtc_was_it();
}

/* Each interrupt masks the line; the next one waits until a thread lets it. */
TEST(irq, handler_disables_its_own_line)
{
	u32 enabled;

	strikes = 0;
	REQUIRE(rtc_start(strike_and_stop, NULL));
	for (enabled = 0; enabled < 10; enabled++) {
		if (!wait_for_strikes(enabled + 1))
			break;
		mdelay(3);
		EXPECT_EQ(strikes, enabled + 1);
		enable_irq(RTC_LINE);
	}
	rtc_stop(NULL);
	EXPECT_EQ(enabled, 10);
	/* the last enable may have let one more in */
	for (; enabled < strikes; enabled++)
		enable_irq(RTC_LINE);
}

/* EBP, EBX and the flags over interrupts between any two instructions. */
TEST(irq, nothing_is_disturbed)
{
	u32 wrong = 0, a, b;

	strikes = 0;
	REQUIRE(rtc_start(strike, NULL));
	do {
		__asm__ volatile("movl $1000, %1; xorl %0, %0\n"
				 "1: addl %1, %0; decl %1; jnz 1b"
				 : "=&r"(a), "=&r"(b) : : "cc");
		wrong += a != 500500 || b;
	} while (strikes < 50 && jiffies);
	rtc_stop(NULL);
	EXPECT_EQ(wrong, 0);
}

extern const struct restart_range __restart_ranges_start[];
extern const struct restart_range __restart_ranges_end[];

static u32 restarted(u32 eip)
{
	struct pt_regs regs = { .eip = eip };

	restart_sequence(&regs);
	return regs.eip;
}

/* From each byte of them; what is outside is left alone. */
TEST(irq, sequences_begin_again)
{
	const struct restart_range *range;
	u32 k, wrong = 0;

	for (range = __restart_ranges_start; range < __restart_ranges_end;
	     range++) {
		u32 end = range->begin + range->length;

		for (k = 0; k < range->length; k++)
			wrong += restarted(range->begin + k) != range->begin;
		wrong += restarted(end) != end;
		wrong += restarted(range->begin - 1) != range->begin - 1;
	}
	EXPECT_EQ(wrong, 0);
}

/* --- back traces and ends --- */

static u32 trace[32], traced;

static bool take_trace(unsigned int irq, void *dev)
{
	struct unwind walk;

	traced = 0;
	unwind_start(&walk, (u32)__builtin_frame_address(0));
	while (traced < ARRAY_SIZE(trace) &&
	       (trace[traced] = unwind_next(&walk)))
		traced++;
	return true;
}

static u32 __noinline interrupted_function(void)
{
	u32 here;

	__asm__ volatile("int %1; 1: movl $1b, %0" : "=r"(here)
			 : "i"(FIRST_IRQ_VECTOR + LINE) : "memory");
	return here;
}

static bool in_trace(u32 eip)
{
	u32 i;

	for (i = 0; i < traced; i++)
		if (trace[i] == eip)
			return true;
	return false;
}

TEST(irq, trace_goes_over_to_what_was_interrupted)
{
	u32 here, caller;

	REQUIRE(!request_irq(LINE, take_trace, 0, "test", NULL));
	here = interrupted_function();
	caller = (u32)__builtin_return_address(0);
	free_irq(LINE, NULL);
	EXPECT(in_trace((u32)stack_return_address));
	EXPECT(in_trace((u32)irq_return_address));
	EXPECT(in_trace(here));
	EXPECT(in_trace(caller));
}

static bool panics(unsigned int irq, void *dev)
{
	panic("the handler of line %u gave up", irq);
}

TEST_PANIC(irq, panic_in_a_handler, "the handler of line 5 gave up")
{
	request_irq(LINE, panics, 0, "test", NULL);
	RAISE(LINE);
}

static bool faults(unsigned int irq, void *dev)
{
	*(volatile u32 *)dev = 1;
	return true;
}

TEST_PANIC(irq, fault_in_a_handler, "a NULL pointer was used (offset 4)")
{
	request_irq(LINE, faults, 0, "test", (void *)4);
	RAISE(LINE);
}

static volatile u32 depth_wanted;

static u32 __noinline recurse(u32 depth)
{
	volatile u32 frame[32];

	frame[depth % 32] = depth;
	if (depth == depth_wanted)
		return 0;
	return recurse(depth + 1) + frame[depth % 32];
}

static bool overflows(unsigned int irq, void *dev)
{
	depth_wanted = ~0U;
	return recurse(0);
}

TEST_PANIC(irq, stack_overflow,
	   "the interrupt stack overflowed into its guard page")
{
	request_irq(LINE, overflows, 0, "test", NULL);
	RAISE(LINE);
}

static bool forgets_a_count(unsigned int irq, void *dev)
{
	preempt_disable();
	return true;
}

TEST_PANIC(irq, handler_forgets_a_count,
	   "a handler ended with another preempt count")
{
	request_irq(LINE, forgets_a_count, 0, "test", NULL);
	RAISE(LINE);
}

static bool lets_interrupts_in(unsigned int irq, void *dev)
{
	local_irq_enable();
	return true;
}

TEST_PANIC(irq, handler_lets_interrupts_in,
	   "a handler ended with interrupts on")
{
	request_irq(LINE, lets_interrupts_in, 0, "test", NULL);
	RAISE(LINE);
}

static bool frees_itself(unsigned int irq, void *dev)
{
	free_irq(irq, dev);
	return true;
}

TEST_PANIC(irq, handler_frees_itself, "free_irq() in a handler")
{
	request_irq(LINE, frees_itself, 0, "test", NULL);
	RAISE(LINE);
}

TEST_PANIC(irq, enable_without_disable, "a line that is not disabled")
{
	enable_irq(LINE);
}
