/*
 * The machine under the kernel's sources when they run as a host program:
 * physical memory, a log that tests read, panics that tests survive, and random
 * numbers that can be repeated.
 */
#ifndef TESTS_HOST_HOST_H
#define TESTS_HOST_HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <kernel/lib/compiler.h>

/* --- physical memory: a sparse file; its begin is the direct map --- */

/*
 * From now on there are `bytes` of physical memory, zeroed, of which the first
 * `lowmem` are seen at PAGE_OFFSET. What was there before is gone.
 */
void host_memory_init(u64 bytes, u32 lowmem);

/* Shows the frame of pa at another address, too. */
void host_memory_map(void *at, u64 pa);

/* Frames that the kernel shows by the fixmap now. */
extern unsigned int host_windows;

/* Reads and writes physical memory wherever it lies, mapped or not. */
void host_memory_read(u64 pa, void *buf, size_t size);
void host_memory_write(u64 pa, const void *buf, size_t size);

/* --- what the kernel printed --- */

/* pr_warn() and pr_err() since host_reset(). */
unsigned int host_warnings(void);

/* How often text stands in the log since host_reset(). */
unsigned int host_log_count(const char *text);
const char *host_log(void);

/* Exactly n more warnings; each holds text. Takes them from the account. */
void host_expect_warnings(unsigned int n, const char *text);

/* --- before and after each test --- */

/* Forgets the log and the warnings. */
void host_forget_log(void);

/* And locks; interrupts are on, but none come. */
void host_reset(void);

/* cmocka's set-up and tear-down: no lock held, interrupts on, no warnings. */
int host_setup(void **state);
int host_teardown(void **state);

#define HOST_TEST(function) \
	cmocka_unit_test_setup_teardown(function, host_setup, host_teardown)

/* --- BUG_ON() and panic() --- */

extern jmp_buf host_death;
extern bool host_death_armed;
extern char host_death_text[];

/* The statement must end in a panic with that text. Locks are forgotten. */
#define EXPECT_DEATH(text, statement) do {				\
	host_death_armed = true;					\
	if (!setjmp(host_death)) {					\
		statement;						\
		host_death_armed = false;				\
		fail_msg("%s does not die", #statement);		\
	}								\
	host_died();							\
	if (!strstr(host_death_text, text))				\
		fail_msg("%s dies of \"%s\"", #statement,		\
			 host_death_text);				\
} while (0)

void host_died(void);

/*
 * fn(arg) in a process of its own, whose globals nobody else sees. The test
 * fails if that does not end by itself, well. what: named then.
 */
void host_in_child(void (*fn)(const void *arg), const void *arg,
		   const char *what);

/* Ends the program: what a test cannot survive. */
__noreturn __format_printf(1, 2) void host_die(const char *fmt, ...);

/* For fuzz targets and children, where cmocka's asserts lead nowhere. */
#define MUST(cond) do {							\
	if (!(cond))							\
		host_die("%s:%d: not true: %s", __FILE__, __LINE__,	\
			 #cond);					\
} while (0)

/* --- random numbers: xorshift, seeded by SEED in the environment --- */

/* Prints the seed that a failure can be repeated with. */
void host_seed(const char *what);
u32 host_random(void);
u32 host_below(u32 n);		/* 0 .. n - 1; n > 0 */

/* A number from the environment, or the one given. */
u32 host_env(const char *name, u32 otherwise);

#endif
