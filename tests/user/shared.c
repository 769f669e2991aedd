/* Memory that parent and child share, and madvise(). */
#include "user.h"

static void writes_shared(void *shared)
{
	((u32 *)shared)[1] = 42;
}

CASE(shared_stays_shared)
{
	u32 *shared = (u32 *)sys(SYS_mmap2, NULL, PAGE, RW,
				 MAP_SHARED | MAP_ANON, -1, 0);

	shared[0] = 1;
	CHECK_EQ(in_child(writes_shared, shared), EXITED(0));
	CHECK_EQ(shared[1], 42);
	CHECK_EQ(sys(SYS_munmap, shared, PAGE), 0);
}

CASE(dontneed_is_zero_again)
{
	u8 *p = map(3 * PAGE);

	memset(p, 6, 3 * PAGE);
	CHECK_EQ(sys(SYS_madvise, p + PAGE, PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(p[PAGE - 1], 6);
	CHECK_EQ(p[PAGE], 0);
	CHECK_EQ(p[2 * PAGE], 6);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(shared_stays_shared),
		LIST(dontneed_is_zero_again),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
