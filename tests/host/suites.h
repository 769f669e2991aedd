/*
 * tests/kernel/ktest.h for the host, included in front of a suite of the
 * kernel: the cases stand in a section whose begin and end the linker knows,
 * and between which ASan leaves no gaps.
 */
#ifndef TESTS_HOST_SUITES_H
#define TESTS_HOST_SUITES_H

#include "../kernel/ktest.h"

#undef TEST_CASE_
#define TEST_CASE_(suite_, name_, message_)				\
	static void test_##suite_##_##name_(void);			\
	static const struct test_case case_##suite_##_##name_		\
	__used __section("test_cases")					\
	__attribute__((no_sanitize("address"))) = {			\
		.suite = #suite_, .name = #name_,			\
		.run = test_##suite_##_##name_,				\
		.panic_message = (message_),				\
	};								\
	static void test_##suite_##_##name_(void)

#endif
