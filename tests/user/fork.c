/*
 * fork: parent and child see the same, and then each only what it writes itself;
 * trees of them; a thousand in a row.
 */
#include "user.h"

#define PAGES 16
#define FORKS 1000

static u32 word = 1;
static u8 *pages;

static void changes_all(void *arg)
{
	u32 i;

	(void)arg;
	CHECK_EQ(word, 1);
	word = 2;
	for (i = 0; i < PAGES; i++) {
		CHECK_EQ(pages[i * PAGE], i);
		pages[i * PAGE] = 0xee;
	}
	CHECK_EQ(word, 2);
}

CASE(the_child_changes_its_own)
{
	u32 i;

	pages = map(PAGES * PAGE);
	for (i = 0; i < PAGES; i++)
		pages[i * PAGE] = (u8)i;
	CHECK_EQ(in_child(changes_all, NULL), EXITED(0));
	CHECK_EQ(word, 1);
	for (i = 0; i < PAGES; i++)
		CHECK_EQ(pages[i * PAGE], i);
	CHECK_EQ(sys(SYS_munmap, pages, PAGES * PAGE), 0);
}

/* The child waits until the parent has written: it must not see that. */
CASE(the_parent_changes_its_own)
{
	static const u32 a_while[2] = { 0, 30 * 1000 * 1000 };
	volatile u32 *own = (u32 *)map(PAGE);
	int pid, status = -1;

	*own = 5;
	pid = sys(SYS_fork);
	if (!pid) {
		sys(SYS_nanosleep, a_while, NULL);
		quit(*own == 5 ? 0 : 1);
	}
	*own = 6;
	CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(0));
	CHECK_EQ(*own, 6);
	CHECK_EQ(sys(SYS_munmap, own, PAGE), 0);
}

/* Each of a tree of processes counts in its own copy of the same page. */
static void grow(void *arg)
{
	u32 depth = (u32)arg, *mine = (u32 *)pages;

	CHECK_EQ(mine[0], depth);
	mine[0]++;
	if (depth < 4) {
		CHECK_EQ(in_child(grow, (void *)(depth + 1)), EXITED(0));
		CHECK_EQ(mine[0], depth + 1);
		CHECK_EQ(in_child(grow, (void *)(depth + 1)), EXITED(0));
	}
	CHECK_EQ(mine[0], depth + 1);
}

CASE(a_tree)
{
	pages = map(PAGE);
	CHECK_EQ(in_child(grow, NULL), EXITED(0));
	CHECK_EQ(*(u32 *)pages, 0);
	CHECK_EQ(sys(SYS_munmap, pages, PAGE), 0);
}

/*
 * Each node of a tree writes some pages of its own and looks at all of them,
 * before its children, between and after them: what these write is theirs, and
 * they begin with what it has now.
 */
#define NODES_PAGES 24
#define DEPTH 4

static u32 expected[NODES_PAGES];

static void writes_some(u32 node)
{
	u32 i, n = 1 + random_below(8);

	while (n--) {
		i = random_below(NODES_PAGES);
		expected[i] = node * 1000 + random_below(1000);
		*(u32 *)(pages + i * PAGE + 8 * i) = expected[i];
	}
}

static void looks_at_all(void)
{
	u32 i;

	for (i = 0; i < NODES_PAGES; i++)
		CHECK_EQ(*(u32 *)(pages + i * PAGE + 8 * i), expected[i]);
}

static void node_of_many(void *arg)
{
	u32 node = (u32)arg, child;

	looks_at_all();
	writes_some(node);
	for (child = 2 * node; child < 2 * node + 2 && child < 1U << DEPTH;
	     child++) {
		CHECK_EQ(in_child(node_of_many, (void *)child), EXITED(0));
		looks_at_all();
		writes_some(node);
	}
	looks_at_all();
}

CASE(a_tree_of_many_pages)
{
	pages = map(NODES_PAGES * PAGE);
	memset(expected, 0, sizeof(expected));
	writes_some(1);
	node_of_many((void *)1);
	CHECK_EQ(sys(SYS_munmap, pages, NODES_PAGES * PAGE), 0);
}

/* All of them at once, each with its own copy of what the parent changes from
 * one to the next. */
#define AT_ONCE 20

CASE(many_at_once)
{
	static const u32 a_while[2] = { 0, 20 * 1000 * 1000 };
	int pid[AT_ONCE], status;
	volatile u32 *own = (u32 *)map(PAGE);
	u32 i;

	for (i = 0; i < AT_ONCE; i++) {
		*own = i + 1;
		pid[i] = sys(SYS_fork);
		if (pid[i])
			continue;
		sys(SYS_nanosleep, a_while, NULL);
		quit(*own == i + 1 ? (int)i : 99);
	}
	/* in another order than they end */
	for (i = AT_ONCE; i--;) {
		CHECK_EQ(sys(SYS_waitpid, pid[i], &status, 0), pid[i]);
		CHECK_EQ(status, EXITED(i));
	}
	CHECK_EQ(sys(SYS_munmap, own, PAGE), 0);
}

static void ends_with(void *status)
{
	quit((int)status);
}

CASE(status_of_the_child)
{
	int status = -1;

	CHECK_EQ(in_child(ends_with, (void *)7), EXITED(7));
	CHECK_EQ(in_child(ends_with, (void *)0x1ff), EXITED(255));
	CHECK_EQ(sys(SYS_waitpid, -1, &status, 0), -ECHILD);
	CHECK_EQ(sys(SYS_waitpid, sys(SYS_getpid), &status, 0), -ECHILD);
}

static void knows_its_parent(void *pid)
{
	CHECK_EQ(sys(SYS_getppid), pid);
	CHECK(sys(SYS_getpid) != (long)pid);
	CHECK_EQ(sys(SYS_gettid), sys(SYS_getpid));
}

CASE(who_is_who)
{
	CHECK_EQ(in_child(knows_its_parent, (void *)sys(SYS_getpid)),
		 EXITED(0));
}

static void nothing(void *arg)
{
	(void)arg;
}

CASE(a_thousand)
{
	u32 i;

	for (i = 0; i < FORKS && !failures; i++)
		CHECK_EQ(in_child(nothing, NULL), EXITED(0));
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(the_child_changes_its_own),
		LIST(the_parent_changes_its_own),
		LIST(a_tree),
		LIST(a_tree_of_many_pages),
		LIST(many_at_once),
		LIST(status_of_the_child),
		LIST(who_is_who),
		LIST(a_thousand),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
