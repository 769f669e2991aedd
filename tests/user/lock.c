/*
 * mlock() and its like, mincore(), madvise(), msync(). Root may lock what it
 * likes, so a child that is nobody asks.
 */
#include "user.h"

#define LIMIT 16U		/* pages */
enum { MCL_CURRENT = 1, MCL_FUTURE };
enum { MS_ASYNC = 1, MS_INVALIDATE = 2, MS_SYNC = 4 };

/* Pages of [p, p + n) that are there: a bit for each; ~0: an error. */
static u32 there(u8 *p, u32 n)
{
	u8 vec[32] = { 0 };
	u32 bits = 0, i;

	if (sys(SYS_mincore, p, n * PAGE, vec))
		return ~0U;
	for (i = 0; i < n; i++)
		bits |= (u32)(vec[i] & 1) << i;
	return bits;
}

CASE(what_is_there)
{
	u8 *p = map(8 * PAGE);

	CHECK_EQ(there(p, 8), 0);
	p[0] = p[3 * PAGE] = 1;
	CHECK_EQ(there(p, 8), 9);
	CHECK_EQ(sys(SYS_munmap, p + 6 * PAGE, PAGE), 0);
	CHECK_EQ(there(p, 6), 9);
	CHECK_EQ(sys(SYS_mincore, p, 8 * PAGE, p), -ENOMEM);
	CHECK_EQ(sys(SYS_mincore, p + 1, PAGE, p), -EINVAL);
	CHECK_EQ(sys(SYS_mincore, p, 0xffffffff, p), -ENOMEM);
	CHECK_EQ(sys(SYS_mincore, p, PAGE, p + 6 * PAGE), -EFAULT);
	CHECK_EQ(sys(SYS_munmap, p, 8 * PAGE), 0);
}

/* A range that wraps: with 64 bits it does not, it only ends too high. */
static int is_refused(long result)
{
	return result == -EINVAL || result == -ENOMEM;
}

/* --- mlock --- */

static void set_limit(u32 bytes)
{
	const u32 limit[2] = { bytes, bytes };

	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_MEMLOCK, limit), 0);
	becomes_nobody();
}

static void locks(void *arg)
{
	u8 *p = map(2 * LIMIT * PAGE);

	set_limit(LIMIT * PAGE);
	CHECK_EQ(sys(SYS_mlock, p, (LIMIT + 1) * PAGE), -ENOMEM);
	CHECK_EQ(sys(SYS_mlock, p + 5, (LIMIT - 1) * PAGE), 0);
	CHECK_EQ(there(p, LIMIT + 1), 0xffff);
	CHECK_EQ(sys(SYS_mlock, p + LIMIT * PAGE, PAGE), -ENOMEM);
	CHECK_EQ(map_at(NULL, PAGE, RW, MAP_LOCKED), -EAGAIN);
	CHECK_EQ(sys(SYS_munlock, p, 8 * PAGE), 0);
	CHECK_EQ(sys(SYS_mlock, p + LIMIT * PAGE, 8 * PAGE), 0);
	CHECK_EQ(sys(SYS_munmap, p, 2 * LIMIT * PAGE), 0);
	/* what is gone does not count */
	p = map_at(NULL, LIMIT * PAGE, RW, MAP_LOCKED);
	CHECK(!is_error(p));
	CHECK_EQ(there(p, LIMIT), 0xffff);
	CHECK_EQ(sys(SYS_mremap, p, LIMIT * PAGE, (LIMIT + 1) * PAGE, 1),
		 -EAGAIN);
	CHECK_EQ(sys(SYS_mremap, p, LIMIT * PAGE, 4 * PAGE, 0), p);
	p = (u8 *)sys(SYS_mremap, p, 4 * PAGE, 8 * PAGE, 1);
	CHECK_EQ(there(p, 8), 0xff);
}

CASE(locked_up_to_the_limit)
{
	CHECK_EQ(in_child(locks, NULL), EXITED(0));
}

static void may_not_lock(void *arg)
{
	u8 *p = map(PAGE);

	set_limit(0);
	CHECK_EQ(sys(SYS_mlock, p, PAGE), -EPERM);
	CHECK_EQ(sys(SYS_mlockall, MCL_CURRENT), -EPERM);
	CHECK_EQ(sys(SYS_munlock, p, PAGE), 0);
	CHECK_EQ(sys(SYS_munlockall), 0);
}

CASE(nothing_may_be_locked)
{
	CHECK_EQ(in_child(may_not_lock, NULL), EXITED(0));
}

CASE(what_cannot_be_locked)
{
	u8 *p = map(3 * PAGE);

	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_mlock, p, 3 * PAGE), -ENOMEM);
	CHECK_EQ(sys(SYS_mlock, p + PAGE, PAGE), -ENOMEM);
	CHECK_EQ(sys(SYS_mlock, p, 0), 0);
	CHECK(is_refused(sys(SYS_mlock, 0xfffff000, 0x2000)));
	CHECK_EQ(sys(SYS_mlock, p, ~0U), -ENOMEM);
	CHECK_EQ(sys(SYS_munlock, p + PAGE, PAGE), -ENOMEM);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_NONE), 0);
	CHECK_EQ(sys(SYS_mlock, p, PAGE), -ENOMEM);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

static void locks_all(void *arg)
{
	u8 *p = map(4 * PAGE), *q, *heap;

	CHECK_EQ(sys(SYS_mlockall, 0), -EINVAL);
	CHECK_EQ(sys(SYS_mlockall, 0x10), -EINVAL);
	CHECK_EQ(sys(SYS_mlockall, MCL_CURRENT), 0);
	CHECK_EQ(there(p, 4), 15);
	q = map(4 * PAGE);
	CHECK_EQ(there(q, 4), 0);
	CHECK_EQ(sys(SYS_mlockall, MCL_FUTURE), 0);
	CHECK_EQ(there(q, 4), 0);
	q = map(4 * PAGE);
	CHECK_EQ(there(q, 4), 15);
	heap = (u8 *)((sys(SYS_brk, 0) + PAGE - 1) & -(long)PAGE);
	CHECK_EQ(sys(SYS_brk, heap + 2 * PAGE), heap + 2 * PAGE);
	CHECK_EQ(there(heap, 2), 3);
	CHECK_EQ(sys(SYS_munlockall), 0);
	q = map(4 * PAGE);
	CHECK_EQ(there(q, 4), 0);
}

CASE(all_that_there_is)
{
	CHECK_EQ(in_child(locks_all, NULL), EXITED(0));
}

/* --- madvise --- */

static void reads(void *p)
{
	*(volatile u8 *)p;
}

CASE(advice)
{
	u8 *p = map(4 * PAGE);

	memset(p, 6, 4 * PAGE);
	CHECK_EQ(sys(SYS_madvise, p + PAGE, 1, MADV_DONTNEED), 0);
	CHECK_EQ(there(p, 4), 13);
	CHECK_EQ(p[PAGE - 1] + p[PAGE] + p[2 * PAGE], 12);
	CHECK_EQ(sys(SYS_madvise, p, 0, MADV_DONTNEED), 0);
	CHECK_EQ(sys(SYS_madvise, p, 4 * PAGE, 0), 0);
	CHECK_EQ(sys(SYS_madvise, p, 4 * PAGE, 99), -EINVAL);
	CHECK_EQ(sys(SYS_madvise, p + 1, PAGE, 0), -EINVAL);
	CHECK(is_refused(sys(SYS_madvise, p, 0xffffffff, 0)));
	CHECK_EQ(sys(SYS_mlock, p, PAGE), 0);
	CHECK_EQ(sys(SYS_madvise, p, PAGE, MADV_DONTNEED), -EINVAL);
	CHECK_EQ(p[0], 6);
	/* around a hole all is done */
	CHECK_EQ(sys(SYS_munmap, p + 2 * PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_madvise, p + PAGE, 3 * PAGE, MADV_DONTNEED),
		 -ENOMEM);
	CHECK_EQ(p[3 * PAGE], 0);
	CHECK_EQ(sys(SYS_munmap, p, 4 * PAGE), 0);
}

CASE(not_for_children)
{
	u8 *p = map(3 * PAGE);

	memset(p, 6, 3 * PAGE);
	CHECK_EQ(sys(SYS_madvise, p + PAGE, PAGE, MADV_DONTFORK), 0);
	CHECK_EQ(in_child(reads, p), EXITED(0));
	CHECK_EQ(in_child(reads, p + PAGE), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(reads, p + 2 * PAGE), EXITED(0));
	CHECK_EQ(p[PAGE], 6);
	CHECK_EQ(sys(SYS_madvise, p, 3 * PAGE, MADV_DOFORK), 0);
	CHECK_EQ(in_child(reads, p + PAGE), EXITED(0));
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

/* --- msync --- */

CASE(synchronous)
{
	u8 *p = map(3 * PAGE);

	CHECK_EQ(sys(SYS_msync, p, 3 * PAGE, MS_SYNC), 0);
	CHECK_EQ(sys(SYS_msync, p, 3 * PAGE, MS_ASYNC | MS_INVALIDATE), 0);
	CHECK_EQ(sys(SYS_msync, p, 0, 0), 0);
	CHECK_EQ(sys(SYS_msync, p, PAGE, MS_ASYNC | MS_SYNC), -EINVAL);
	CHECK_EQ(sys(SYS_msync, p, PAGE, 8), -EINVAL);
	CHECK_EQ(sys(SYS_msync, p + 1, PAGE, MS_SYNC), -EINVAL);
	CHECK_EQ(sys(SYS_mlock, p, PAGE), 0);
	CHECK_EQ(sys(SYS_msync, p, PAGE, MS_INVALIDATE), -EBUSY);
	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_msync, p, 3 * PAGE, MS_SYNC), -ENOMEM);
	CHECK_EQ(sys(SYS_msync, p + PAGE, PAGE, MS_SYNC), -ENOMEM);
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(what_is_there),
		LIST(locked_up_to_the_limit),
		LIST(nothing_may_be_locked),
		LIST(what_cannot_be_locked),
		LIST(all_that_there_is),
		LIST(advice),
		LIST(not_for_children),
		LIST(synchronous),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
