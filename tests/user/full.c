/*
 * A file that takes all memory there is, and who takes it away again. Only with
 * an argument: Linux has more than a test should take, and its own ways to get
 * it back. Without, the file has a megabyte.
 */
#include "user.h"

static u8 buf[4 * PAGE];
static u32 most = 64;		/* times the buffer */

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
	CHECK(n == most ? done == sizeof(buf) : done == -ENOMEM);
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

	(void)argv;
	(void)envp;
	if (argc > 1)
		most = ~0U;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
