/*
 * Memory is refused in the middle of a program's life: one allocation fails,
 * the first, the second, ... until a run asks for fewer. The program (tests/
 * user/nomem.c) loads, maps, splits, moves, forks, writes what is shared, and
 * calls execve() in the child; so each allocation of all of these fails once.
 *
 *	where				becomes
 *	before it runs			no process, or status 127
 *	a call				-ENOMEM; it is tried again
 *	a touch				SIGKILL, and a line in the log
 *	a touch of its child		the same; the parent goes on
 *
 * Nothing is lost in any of them, and the books are right.
 */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/fs/fs.h>
#include <kernel/user/process.h>
#include "ktest.h"
#include "ledger.h"

#define NTH_MOST 1000U

static struct ledger before, after;
static u32 differences;

/* How runs ended. */
static struct {
	u32 not_begun, not_loaded, killed, good;
} ends;

static void differs(const char *sentence)
{
	differences++;
	printk("  # %s\n", sentence);
}

static bool run_once(void)
{
	static const char *const argv[] = { "nomem" };
	struct process *process = process_run(1, argv);
	u32 status;

	if (!process) {
		ends.not_begun++;
		return true;
	}
	status = process_join(process, NULL);
	ends.not_loaded += status == STATUS_EXITED(127);
	ends.killed += status == STATUS_KILLED(SIGKILL);
	ends.good += !status;
	return status == STATUS_EXITED(127) || !status ||
	       status == STATUS_KILLED(SIGKILL);
}

/* The n-th request of the point fails. True: there were not so many. */
static bool nth_fails(struct fail_point *point, u32 n)
{
	bool right, unused;

	take_ledger(&before);
	fail_nth(point, n);
	right = run_once();
	unused = point->active;
	fail_nth(point, 0);
	take_ledger(&after);
	differences = 0;
	compare_ledgers(&before, &after, after.warnings - before.warnings,
			differs);
	if (!EXPECT(right) || !EXPECT_EQ(differences, 0)) {
		printk("  # request %u of %s\n", n, point->name);
		return true;
	}
	return unused;
}

static void each_fails(const char *name, u32 least)
{
	struct fail_point *point = fail_find(name, strlen(name));
	u32 n, warnings = printk_warnings();

	REQUIRE(point);
	if (!path_exists("nomem")) {
		test_skip("no module has this program");
		return;
	}
	memset(&ends, 0, sizeof(ends));
	for (n = 1; n < NTH_MOST; n++)
		if (nth_fails(point, n))
			break;
	printk("  # %u requests of %s: %u times no process, %u no program, "
	       "%u were killed, %u went on\n", n - 1, name, ends.not_begun,
	       ends.not_loaded, ends.killed, ends.good);
	EXPECT(n > least && n < NTH_MOST);
	EXPECT(ends.not_begun && ends.not_loaded && ends.good > 1);
	test_allow_warnings(printk_warnings() - warnings);
}

TEST(nomem, each_page)
{
	each_fails("page", 20);
	/* without the module nothing was run */
	EXPECT(ends.killed || !ends.good);
}

TEST(nomem, each_object)
{
	each_fails("slab", 40);
}

/* A file takes all that files may have. */
TEST(nomem, no_room_for_files)
{
	static const char *const argv[] = { "full", "room" };
	s32 used = atomic_read(&ramfs_quota.used);
	struct process *process;

	if (!path_exists("full")) {
		test_skip("no module has this program");
		return;
	}
	process = process_run(2, argv);
	REQUIRE(process);
	EXPECT_EQ(process_join(process, NULL), 0);
	EXPECT_EQ(atomic_read(&ramfs_quota.used), used);
}

/* A file takes all of it: what gives it back must go without. The one process
 * is not killed for it. */
TEST(nomem, a_full_memory)
{
	static const char *const argv[] = { "full", "memory" };
	u32 warnings = printk_warnings(), limit = ramfs_quota.limit;
	struct process *process;

	if (!path_exists("full")) {
		test_skip("no module has this program");
		return;
	}
	ramfs_quota.limit = ~0U;
	process = process_run(2, argv);
	EXPECT(process);
	if (process) {
		process_spare(process);
		EXPECT_EQ(process_join(process, NULL), 0);
	}
	/* if it was killed: all others need that memory */
	path_unlink("full.tmp");
	ramfs_quota.limit = limit;
	EXPECT(printk_warnings() > warnings);
	test_allow_warnings(printk_warnings() - warnings);
}
