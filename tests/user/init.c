/*
 * Runs programs, one behind the other: those that are named, or a list of
 * tests. They lie where this one does. What they print is nobody's; one that
 * fails runs once more, and is heard. `init=/init` boots into it.
 */
#include "user.h"

static const char *const tests[] = {
	"hello", "brk", "mmap", "fork", "exec", "shared", "lock", "calls",
	"files", "xstack",
};

static char path[256];
static u32 folder;		/* so many characters of it */

static void find_folder(const char *self)
{
	u32 i;

	for (i = 0; self[i] && i < sizeof(path) / 2; i++) {
		path[i] = self[i];
		if (self[i] == '/')
			folder = i + 1;
	}
}

static int put_name(const char *name)
{
	u32 i = 0;

	do {
		if (folder + i == sizeof(path))
			return 0;
		path[folder + i] = name[i];
	} while (name[i++]);
	return 1;
}

static void runs(void *quietly)
{
	char *argv[] = { path, NULL };
	int null;

	if (quietly) {
		null = sys(SYS_open, "/dev/null", O_WRONLY, 0);
		sys(SYS_dup2, null, 1);
	}
	sys(SYS_execve, path, argv, NULL);
	quit(127);
}

/* Did it end with 0? */
static int went_well(const char *name)
{
	int status;

	if (!put_name(name))
		return 0;
	if (in_child(runs, path) == EXITED(0))
		return 1;
	status = in_child(runs, NULL);
	if (status & 0x7f)
		print("# %s was ended by signal %d\n", name, status & 0x7f);
	else
		print("# %s ended with status %d\n", name, status >> 8);
	return 0;
}

int main(int argc, char **argv, char **envp)
{
	const char *const *list = (const char *const *)argv + 1;
	u32 n = argc - 1, i, bad = 0;

	(void)envp;
	find_folder(argv[0]);
	if (!n) {
		list = tests;
		n = sizeof(tests) / sizeof(tests[0]);
	}
	print("KTAP version 1\n1..%u\n", n);
	for (i = 0; i < n; i++) {
		int good = went_well(list[i]);

		bad += !good;
		print("%s %u %s\n", good ? "ok" : "not ok", i + 1, list[i]);
	}
	return bad ? 1 : 0;
}
