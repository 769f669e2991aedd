/*
 * The programs of tests/user, each as a process, if a module has them: it ends
 * with 0, and the ledger finds nothing of it. What they check themselves is the
 * same on Linux.
 */
#include <kernel/cpu/cpuid.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/printf.h>
#include <kernel/user/process.h>
#include "ktest.h"

/* ~0: it could not be begun. */
static u32 run_with(u32 argc, const char *const *argv)
{
	struct process *process;

	if (!path_exists(argv[0])) {
		test_skip("no module has this program");
		return 0;
	}
	process = process_run(argc, argv);
	return process ? process_join(process, NULL) : ~0U;
}

static u32 run(const char *name)
{
	return run_with(1, &name);
}

#define PROGRAM(name)							\
	TEST(program, name)						\
	{								\
		EXPECT_EQ(run(#name), 0);				\
	}

PROGRAM(hello)
PROGRAM(brk)
PROGRAM(mmap)
PROGRAM(fork)
PROGRAM(faults)
PROGRAM(exec)
PROGRAM(files)
PROGRAM(procfs)
PROGRAM(devices)
PROGRAM(disk)
PROGRAM(shared)
PROGRAM(sleep)
PROGRAM(calls)
PROGRAM(lock)
PROGRAM(fuzz)
PROGRAM(nomem)
PROGRAM(full)
PROGRAM(oom)
PROGRAM(swap)
PROGRAM(soak)
PROGRAM(init)
PROGRAM(xstack)
PROGRAM(bench)

/* Debian's musl is built for what has CMOV. */
static void run_musl(const char *name)
{
	if (cpu_has(X86_FEATURE_CMOV))
		EXPECT_EQ(run(name), 0);
	else
		test_skip("the C library is for a newer CPU");
}

TEST(program, libc)
{
	run_musl("libc");
}

TEST(program, stdio)
{
	run_musl("stdio");
}

/* --- random calls: 10^5 of them, and nothing is left of it --- */

static u32 fuzz(const char *seed)
{
	char calls[12];
	const char *const argv[] = { "fuzz", seed, calls };

	snprintf(calls, sizeof(calls), "%u", test_rounds(20000));
	return run_with(3, argv);
}

TEST(fuzz, seed_1)
{
	EXPECT_EQ(fuzz("1"), 0);
}

TEST(fuzz, seed_2)
{
	EXPECT_EQ(fuzz("2"), 0);
}

TEST(fuzz, seed_3)
{
	EXPECT_EQ(fuzz("3"), 0);
}

TEST(fuzz, seed_4)
{
	EXPECT_EQ(fuzz("4"), 0);
}

TEST(fuzz, seed_5)
{
	EXPECT_EQ(fuzz("5"), 0);
}

TEST(program, what_is_not_there)
{
	static const char *const argv[] = { "no such program" };
	struct process *process = process_run(1, argv);

	REQUIRE(process);
	EXPECT_EQ(process_join(process, NULL), STATUS_EXITED(127));
}
