/*
 * execve: what a program finds on its stack, what is gone afterwards, and what
 * is refused. It calls itself: argv[0] must be the path.
 */
#include "user.h"

#define LONG_ARGS 200
#define TOO_LONG (33 * PAGE)	/* 32 are the most, there and here */

static char **old_envp;
static const char *self;

/* --- what runs after execve(); the number of the child's case comes first --- */

static int as_given(int argc, char **argv, char **envp)
{
	if (argc != 4 || !same(argv[2], "two words") || !same(argv[3], ""))
		return 1;
	if (argv[4] || !envp[0] || !same(envp[0], "A=b") || envp[1])
		return 2;
	return 0;
}

/* Numbers of the auxiliary vector: Linux's AT_PHDR, AT_PAGESZ, AT_ENTRY. */
static int auxiliary_vector(char **envp)
{
	extern const char _start[];
	u32 *aux, found = 0;

	while (*envp)
		envp++;
	for (aux = (u32 *)(envp + 1); aux[0]; aux += 2) {
		if (aux[0] == 6 && aux[1] == PAGE)
			found |= 1;
		if (aux[0] == 9 && aux[1] == (u32)_start)
			found |= 2;
		/* the first header is one that is loaded, or tells of them */
		if (aux[0] == 3 && *(u32 *)aux[1] <= 6)
			found |= 4;
		if (aux[0] == 5 && aux[1] >= 1 && aux[1] < 64)
			found |= 8;
	}
	return found == 15 ? 0 : 1;
}

static int many_args(int argc, char **argv)
{
	int i;

	if (argc != LONG_ARGS)
		return 1;
	for (i = 2; i < argc; i++)
		if (argv[i][0] != 'x' || argv[i][99] != 'x' || argv[i][100])
			return 2;
	return 0;
}

static u32 dirty = 1, zero;

static int second_life(int argc, char **argv, char **envp)
{
	if (dirty != 1 || zero)
		return 99;
	switch (argv[1][0]) {
	case 'a':
		return as_given(argc, argv, envp);
	case 'v':
		return auxiliary_vector(envp);
	case 'm':
		return many_args(argc, argv);
	case 'g':
		return can_read((void *)0x50000000) ? 1 : 0;
	}
	return 98;
}

/* --- cases --- */

static void execs(void *argv)
{
	static char *envp[] = { "A=b", NULL };

	dirty = zero = 77;
	map_at((void *)0x50000000, PAGE, RW, MAP_FIXED);
	sys(SYS_execve, self, argv, envp);
	quit(97);
}

CASE(arguments_and_environment)
{
	char *argv[] = { "exec", "a", "two words", "", NULL };

	CHECK_EQ(in_child(execs, argv), EXITED(0));
}

CASE(auxiliary)
{
	char *argv[] = { "exec", "v", NULL };

	CHECK_EQ(in_child(execs, argv), EXITED(0));
}

CASE(old_pages_are_gone)
{
	char *argv[] = { "exec", "g", NULL };

	CHECK_EQ(in_child(execs, argv), EXITED(0));
}

CASE(more_than_some_pages)
{
	static char *argv[LONG_ARGS + 1], text[101];
	int i;

	memset(text, 'x', 100);
	argv[0] = "exec";
	argv[1] = "m";
	for (i = 2; i < LONG_ARGS; i++)
		argv[i] = text;
	CHECK_EQ(in_child(execs, argv), EXITED(0));
}

CASE(what_is_refused)
{
	char name[400] = "";
	char *argv[] = { "exec", "a", NULL }, *bad[] = { (char *)8, NULL };
	char *too_long[] = { (char *)map(TOO_LONG), NULL };

	CHECK_EQ(sys(SYS_execve, "/nobody/has/this", argv, old_envp), -ENOENT);
	memset(name, 'x', sizeof(name) - 1);
	CHECK_EQ(sys(SYS_execve, name, argv, old_envp), -ENAMETOOLONG);
	CHECK_EQ(sys(SYS_execve, NULL, argv, old_envp), -EFAULT);
	CHECK_EQ(sys(SYS_execve, self, bad, old_envp), -EFAULT);
	CHECK_EQ(sys(SYS_execve, self, (void *)8, old_envp), -EFAULT);
	memset(too_long[0], 'x', TOO_LONG - 1);
	CHECK_EQ(sys(SYS_execve, self, too_long, old_envp), -E2BIG);
	CHECK_EQ(sys(SYS_execve, self, argv, too_long), -E2BIG);
	CHECK_EQ(sys(SYS_munmap, too_long[0], TOO_LONG), 0);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(arguments_and_environment),
		LIST(auxiliary),
		LIST(old_pages_are_gone),
		LIST(more_than_some_pages),
		LIST(what_is_refused),
	};

	if (argc > 1)
		return second_life(argc, argv, envp);
	self = argv[0];
	old_envp = envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
