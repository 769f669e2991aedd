/*
 * Tests inside the kernel, reported as KTAP on the console.
 *
 *	#include "ktest.h"
 *
 *	TEST(memblock, adds_in_order)
 *	{
 *		EXPECT_EQ(memblock_add(&mb, 0x1000, 0x1000), 0);
 *		EXPECT_STREQ(name, "ram");
 *	}
 *
 * A case is a function; a suite is all cases with one suite name. A failed
 * expectation prints both values with file and line, and the case goes on; a
 * failed REQUIRE() also leaves the function. A case must leave no trace: the
 * ledger (memblock, page tables, warnings printed) is compared around each.
 *
 * TEST_PANIC() is a boot that must die: it runs only when it is named (as
 * test=SUITE.CASE), passes if the kernel panics with the message, and ends the
 * machine either way.
 *
 * Which tests run: test=all, test=SUITE, test=SUITE.CASE, several with commas,
 * on the command line or at the prompt; -SUITE or -SUITE.CASE: not those. The
 * word "short" among them: the same cases with fewer rounds, see test_rounds().
 */
#ifndef TESTS_KERNEL_KTEST_H
#define TESTS_KERNEL_KTEST_H

#include <kernel/lib/compiler.h>
#include <kernel/lib/string.h>

struct test_case {
	const char *suite;
	const char *name;
	void (*run)(void);
	const char *panic_message;	/* NULL: an ordinary case */
};

#define TEST_CASE_(suite_, name_, message_)				\
	static void test_##suite_##_##name_(void);			\
	static const struct test_case case_##suite_##_##name_		\
	__used __section(".test_cases") __aligned(4) = {		\
		.suite = #suite_, .name = #name_,			\
		.run = test_##suite_##_##name_,				\
		.panic_message = (message_),				\
	};								\
	static void test_##suite_##_##name_(void)

#define TEST(suite, name) TEST_CASE_(suite, name, NULL)
#define TEST_PANIC(suite, name, message) TEST_CASE_(suite, name, message)

struct test_site {
	const char *file;
	int line;
	const char *text;	/* the expression, as written */
};

#define TEST_SITE_(text_)						\
	(&(const struct test_site){					\
		.file = __FILE__, .line = __LINE__, .text = (text_) })

/* Each returns whether the expectation held (an int, so that several may be
 * joined by & and all be judged). Values are compared as 64 bits. */
int test_expect(bool ok, const struct test_site *site);
int test_expect_eq(u64 got, u64 want, const struct test_site *site);
int test_expect_streq(const char *got, const char *want,
		       const struct test_site *site);

#define AS_U64_(x) ((u64)(x))

#define EXPECT(cond) test_expect((cond), TEST_SITE_(#cond))
#define EXPECT_EQ(got, want)						\
	test_expect_eq(AS_U64_(got), AS_U64_(want),			\
		       TEST_SITE_(#got " == " #want))
#define EXPECT_STREQ(got, want)						\
	test_expect_streq((got), (want), TEST_SITE_(#got " is " #want))
#define REQUIRE(cond) do {						\
	if (!test_expect((cond), TEST_SITE_(#cond)))			\
		return;							\
} while (0)

/* This machine lacks what the case needs: say why, then return. */
void test_skip(const char *why);

/*
 * How often a case does what it does at random or many times over: `full`, or
 * an eighth of it in a short run, and once at least. Only for what finds the
 * rare; what a case expects stays the same.
 */
unsigned int test_rounds(unsigned int full);

/* Exactly n warnings are expected in this case; otherwise none may be. */
void test_allow_warnings(unsigned int n);

/*
 * The ledger outside of cases: as it is now, and whether it is the same again;
 * each difference is printed, mm_check() runs. One at a time. May sleep.
 */
struct test_ledger *test_ledger_take(void);
bool test_ledger_same(struct test_ledger *before);

/*
 * An access that must fault, and where. want_error: the bits of the page-fault
 * error code that must be set, and no others of PF_PRESENT|WRITE|INSTR.
 */
enum access { ACCESS_READ, ACCESS_WRITE, ACCESS_EXEC };
bool test_expect_fault(enum access access, u32 addr, u32 want_error,
		       const struct test_site *site);
bool test_expect_no_fault(enum access access, u32 addr,
			  const struct test_site *site);

#define EXPECT_FAULT(access, addr, want_error)				\
	test_expect_fault((access), (u32)(addr), (want_error),		\
			  TEST_SITE_(#access " of " #addr " faults"))
#define EXPECT_NO_FAULT(access, addr)					\
	test_expect_no_fault((access), (u32)(addr),			\
			     TEST_SITE_(#access " of " #addr " works"))

#endif
