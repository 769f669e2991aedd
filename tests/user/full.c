/*
 * A file that takes all there is for it, and who takes it away again.
 *
 *	full		a megabyte: Linux has more than a test should take
 *	full room	all that files in memory may have: -ENOSPC, and SIGBUS
 *			for who writes through an area
 *	full memory	all memory, if files may have it: -ENOMEM
 */
#include "user.h"

#define MCL_BOTH 3		/* MCL_CURRENT | MCL_FUTURE */

static u8 buf[4 * PAGE];
static u32 most = 64;		/* times the buffer */
static long want;		/* what it ends with */

/* A page behind the end is a page more. */
static void writes_an_area(void *arg)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, PAGE, RW, MAP_SHARED, (int)arg, 0);

	CHECK_EQ(sys(SYS_ftruncate, (int)arg, PAGE), 0);
	*(volatile u8 *)p = 1;
}

/* While there is no room: old pages can be written, a new one cannot. */
static void no_room(int fd)
{
	int other = sys(SYS_open, "more.tmp", O_RDWR | O_CREAT | O_EXCL, 0600);

	CHECK_EQ(sys(SYS_pwrite64, fd, buf, sizeof(buf), PAGE, 0), sizeof(buf));
	CHECK(other >= 0);
	CHECK_EQ(sys(SYS_write, other, buf, 1), -ENOSPC);
	CHECK_EQ(in_child(writes_an_area, (void *)other), KILLED_BY(SIGBUS));
	CHECK_EQ(sys(SYS_close, other), 0);
	CHECK_EQ(sys(SYS_unlink, "more.tmp"), 0);
}

static void ends(void *arg)
{
	(void)arg;
}

CASE(a_file_fills_it)
{
	int fd = sys(SYS_open, "full.tmp", O_WRONLY | O_CREAT | O_EXCL, 0600);
	long done = sizeof(buf);
	u32 n;

	CHECK(fd >= 0);
	memset(buf, 1, sizeof(buf));
	for (n = 0; n < most && done == sizeof(buf); n++)
		done = sys(SYS_write, fd, buf, sizeof(buf));
	/* some fitted, and then none; it is told either way */
	if (n < most)
		done = sys(SYS_write, fd, buf, sizeof(buf));
	CHECK_EQ(done, n == most ? (long)sizeof(buf) : want);
	if (n < most && want == -ENOSPC)
		no_room(fd);
	/* neither asks for memory, as there is none */
	CHECK_EQ(sys(SYS_close, fd), 0);
	CHECK_EQ(sys(SYS_unlink, "full.tmp"), 0);
	CHECK_EQ(in_child(ends, NULL), EXITED(0));
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(a_file_fills_it),
	};

	(void)envp;
	if (argc > 1) {
		most = ~0U;
		want = argv[1][0] == 'm' ? -ENOMEM : -ENOSPC;
	}
	/* its own code could go to make room, and not come back */
	if (want == -ENOMEM && !CHECK_EQ(sys(SYS_mlockall, MCL_BOTH), 0))
		return 1;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
