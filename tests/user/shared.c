/* Memory that parent and child share, and advice about memory. */
#include "user.h"

static u32 *map_shared(u32 pages)
{
	return (u32 *)sys(SYS_mmap2, NULL, pages * PAGE, RW,
			  MAP_SHARED | MAP_ANON, -1, 0);
}

static void writes_shared(void *shared)
{
	((u32 *)shared)[1] = 42;
}

CASE(shared_stays_shared)
{
	u32 *shared = map_shared(1);

	shared[0] = 1;
	CHECK_EQ(in_child(writes_shared, shared), EXITED(0));
	CHECK_EQ(shared[1], 42);
	CHECK_EQ(sys(SYS_munmap, shared, PAGE), 0);
}

/* Word 0 says whose turn it is. */
static int wait_for(volatile u32 *turn, u32 value)
{
	u32 i;

	for (i = 0; i < 1000000 && *turn != value; i++)
		sys(SYS_sched_yield);
	return *turn == value;
}

#define ROUNDS 50U
#define WORD(page) ((page) * (PAGE / 4) + 1)

/* Each writes one of the pages in turn, and the other reads it. */
CASE(both_directions)
{
	volatile u32 *p = map_shared(4);
	int status = -1;
	u32 i;
	long child = sys(SYS_fork);

	if (child == 0) {
		for (i = 0; i < ROUNDS; i++) {
			if (!wait_for(p, 2 * i + 1) || p[WORD(i % 4)] != i)
				quit(1);
			p[WORD((i + 1) % 4)] = 1000 + i;
			p[0] = 2 * i + 2;
		}
		quit(0);
	}
	for (i = 0; i < ROUNDS; i++) {
		p[WORD(i % 4)] = i;
		p[0] = 2 * i + 1;
		if (!CHECK(wait_for(p, 2 * i + 2)) ||
		    !CHECK_EQ(p[WORD((i + 1) % 4)], 1000 + i))
			break;
	}
	CHECK_EQ(sys(SYS_waitpid, child, &status, 0), child);
	CHECK_EQ(status, EXITED(0));
	CHECK_EQ(sys(SYS_munmap, p, 4 * PAGE), 0);
}

static void writes_far(void *p)
{
	((u32 *)p)[WORD(2)] = 3;
}

static void has_a_child(void *p)
{
	u32 *word = p;

	word[WORD(1)] = 2;
	quit(in_child(writes_far, p) != EXITED(0) || word[WORD(2)] != 3);
}

/* A page that nobody had touched before the fork is one for all, too. */
CASE(grandchildren)
{
	u32 *p = map_shared(3);
	u8 *own = map(PAGE);

	own[0] = 5;
	CHECK_EQ(in_child(has_a_child, p), EXITED(0));
	CHECK_EQ(p[WORD(0)], 0);
	CHECK_EQ(p[WORD(1)], 2);
	CHECK_EQ(p[WORD(2)], 3);
	CHECK_EQ(own[0], 5);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
	CHECK_EQ(sys(SYS_munmap, own, PAGE), 0);
}

static void writes_read_only(void *p)
{
	sys(SYS_mprotect, p, PAGE, PROT_READ);
	((volatile u32 *)p)[0] = 9;
}

CASE(rights_are_each_its_own)
{
	u32 *p = map_shared(1);

	p[0] = 1;
	CHECK_EQ(in_child(writes_read_only, p), KILLED_BY(SIGSEGV));
	p[0]++;
	CHECK_EQ(p[0], 2);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

static void touches(void *p)
{
	*(volatile u32 *)p = 1;
}

/* It moves, and does not grow. */
CASE(shown_once_more)
{
	u32 *p = map_shared(2), *second = p + PAGE / 4, *q;
	u8 *own = map(2 * PAGE);

	*second = 11;
	q = (u32 *)sys(SYS_mremap, second, 0, PAGE, MREMAP_MAYMOVE);
	if (CHECK(!is_error(q))) {
		CHECK_EQ(*q, 11);
		*q = 12;
		CHECK_EQ(*second, 12);
		sys(SYS_munmap, p, 2 * PAGE);
		CHECK_EQ(*q, 12);
		sys(SYS_munmap, q, PAGE);
	}
	CHECK_EQ(sys(SYS_mremap, own, 0, PAGE, MREMAP_MAYMOVE), -EINVAL);
	sys(SYS_munmap, own, 2 * PAGE);
}

CASE(mremap_keeps_it)
{
	u32 *p = map_shared(3), *q;
	u8 *there = map(8 * PAGE);

	p[WORD(0)] = 10;
	p[WORD(1)] = 11;
	p[WORD(2)] = 12;
	q = (u32 *)sys(SYS_mremap, p, 3 * PAGE, 5 * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, there);
	CHECK_EQ((u32)q, (u32)there);
	CHECK(!can_read(p));
	CHECK_EQ(q[WORD(0)], 10);
	CHECK_EQ(q[WORD(2)], 12);
	CHECK_EQ(in_child(touches, &q[WORD(3)]), KILLED_BY(SIGBUS));
	CHECK_EQ(in_child(writes_far, q), EXITED(0));
	CHECK_EQ(q[WORD(2)], 3);
	CHECK_EQ(sys(SYS_munmap, there, 8 * PAGE), 0);
}

/* Two mappings are two memories, also where they touch. */
CASE(mappings_are_apart)
{
	u8 *there = map(2 * PAGE);
	u32 *p, *q;

	p = (u32 *)sys(SYS_mmap2, there, PAGE, RW,
		       MAP_SHARED | MAP_ANON | MAP_FIXED, -1, 0);
	q = (u32 *)sys(SYS_mmap2, there + PAGE, PAGE, RW,
		       MAP_SHARED | MAP_ANON | MAP_FIXED, -1, 0);
	p[0] = 1;
	CHECK_EQ(q[0], 0);
	q[0] = 2;
	CHECK_EQ(p[0], 1);
	CHECK_EQ(sys(SYS_munmap, there, 2 * PAGE), 0);
}

CASE(what_is_dropped_is_still_there)
{
	u32 *p = map_shared(3);
	u8 there[3] = { 9, 9, 9 };

	p[WORD(0)] = 1;
	p[WORD(1)] = 2;
	CHECK_EQ(sys(SYS_msync, p, 3 * PAGE, 4), 0);
	CHECK_EQ(sys(SYS_madvise, p, 3 * PAGE, MADV_DONTNEED), 0);
	CHECK_EQ(sys(SYS_mincore, p, 3 * PAGE, there), 0);
	CHECK(there[0] & 1 && there[1] & 1 && !(there[2] & 1));
	CHECK_EQ(p[WORD(0)], 1);
	CHECK_EQ(p[WORD(1)], 2);
	CHECK_EQ(sys(SYS_madvise, p, 3 * PAGE, MADV_WILLNEED), 0);
	CHECK_EQ(p[WORD(2)], 0);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
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
		LIST(both_directions),
		LIST(grandchildren),
		LIST(rights_are_each_its_own),
		LIST(shown_once_more), LIST(mremap_keeps_it),
		LIST(mappings_are_apart),
		LIST(what_is_dropped_is_still_there),
		LIST(dontneed_is_zero_again),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
