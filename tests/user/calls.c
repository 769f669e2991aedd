/*
 * Calls about processes, signals, limits, time and the machine: what they
 * answer, and what they refuse. Limits are asked about by a child that is
 * nobody, as root may do more.
 */
#include "user.h"

#define INFINITY 0xffffffffU

/* --- signals --- */

enum { SIG_DFL, SIG_IGN };
enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

struct action {
	u32 handler, flags, restorer, mask[2];
};

static long action(int signal, u32 handler, struct action *old)
{
	const struct action new = { .handler = handler };

	return sys(SYS_rt_sigaction, signal, &new, old, 8);
}

static void kills_itself(void *signal)
{
	sys(SYS_kill, sys(SYS_getpid), signal);
}

static void ignores_it(void *signal)
{
	struct action old = { .handler = 5 };

	CHECK_EQ(action((int)signal, SIG_IGN, &old), 0);
	CHECK_EQ(old.handler, SIG_DFL);
	kills_itself(signal);
	CHECK_EQ(action((int)signal, SIG_DFL, &old), 0);
	CHECK_EQ(old.handler, SIG_IGN);
}

CASE(what_a_signal_does)
{
	CHECK_EQ(in_child(kills_itself, (void *)SIGTERM), KILLED_BY(SIGTERM));
	CHECK_EQ(in_child(kills_itself, (void *)SIGINT), KILLED_BY(SIGINT));
	CHECK_EQ(in_child(kills_itself, (void *)SIGCHLD), EXITED(0));
	CHECK_EQ(in_child(kills_itself, (void *)SIGWINCH), EXITED(0));
	CHECK_EQ(in_child(kills_itself, (void *)0), EXITED(0));
	CHECK_EQ(in_child(kills_itself, (void *)64), KILLED_BY(64));
	CHECK_EQ(in_child(ignores_it, (void *)SIGTERM), EXITED(0));
	CHECK_EQ(sys(SYS_kill, sys(SYS_getpid), 65), -EINVAL);
	CHECK_EQ(sys(SYS_tkill, sys(SYS_gettid), 0), 0);
	CHECK_EQ(sys(SYS_tkill, 0, 0), -EINVAL);
	CHECK_EQ(action(SIGKILL, SIG_IGN, NULL), -EINVAL);
	CHECK_EQ(action(0, SIG_IGN, NULL), -EINVAL);
	CHECK_EQ(action(65, SIG_IGN, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigaction, SIGTERM, NULL, NULL, 4), -EINVAL);
}

static void sends_while_it_waits(void *unblocks)
{
	u32 set[2] = { 1U << (SIGTERM - 1) | 1U << (SIGKILL - 1), 0 };
	u32 old[2] = { 7, 7 };

	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, set, old, 8), 0);
	CHECK(!old[0] && !old[1]);
	kills_itself((void *)SIGTERM);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, old, 8), 0);
	/* SIGKILL is never blocked */
	CHECK_EQ(old[0], 1U << (SIGTERM - 1));
	if (unblocks)
		sys(SYS_rt_sigprocmask, SIG_UNBLOCK, set, NULL, 8);
}

CASE(what_a_blocked_signal_does)
{
	CHECK_EQ(in_child(sends_while_it_waits, NULL), EXITED(0));
	CHECK_EQ(in_child(sends_while_it_waits, (void *)1),
		 KILLED_BY(SIGTERM));
	CHECK_EQ(sys(SYS_rt_sigprocmask, 3, &failures, NULL, 8), -EINVAL);
	CHECK_EQ(sys(SYS_rt_sigprocmask, 3, NULL, NULL, 8), 0);
	CHECK_EQ(sys(SYS_rt_sigprocmask, SIG_BLOCK, NULL, NULL, 4), -EINVAL);
}

/* --- limits --- */

struct limit {
	u32 cur, max;
};

static void has_limits(void *arg)
{
	struct limit a, b, new;

	becomes_nobody();
	CHECK_EQ(sys(SYS_ugetrlimit, RLIMIT_STACK, &a), 0);
	CHECK_EQ(a.cur, 8 << 20);
	CHECK_EQ(sys(SYS_ugetrlimit, RLIMIT_AS, &a), 0);
	CHECK_EQ(sys(SYS_getrlimit, RLIMIT_AS, &b), 0);
	CHECK_EQ(a.cur, INFINITY);
	CHECK_EQ(b.cur, 0x7fffffff);
	new = (struct limit){ 3 << 20, 2 << 20 };
	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_AS, &new), -EINVAL);
	new = (struct limit){ 64 << 20, 96 << 20 };
	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_AS, &new), 0);
	CHECK_EQ(sys(SYS_ugetrlimit, RLIMIT_AS, &a), 0);
	CHECK(a.cur == new.cur && a.max == new.max);
	CHECK_EQ(map(128 << 20), -ENOMEM);
	CHECK(!is_error(map(4 << 20)));
	new.max++;
	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_AS, &new), -EPERM);
	CHECK_EQ(sys(SYS_setrlimit, 99, &new), -EINVAL);
	CHECK_EQ(sys(SYS_ugetrlimit, 99, &new), -EINVAL);
}

static void still_has_them(void *arg)
{
	struct limit a;

	CHECK_EQ(sys(SYS_ugetrlimit, RLIMIT_DATA, &a), 0);
	CHECK(a.cur == 8 << 20 && a.max == 8 << 20);
}

static void gives_them_to_its_child(void *arg)
{
	const struct limit new = { 8 << 20, 8 << 20 };
	u8 *heap = (u8 *)sys(SYS_brk, 0);

	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_DATA, &new), 0);
	CHECK_EQ(in_child(still_has_them, NULL), EXITED(0));
	CHECK_EQ(sys(SYS_brk, heap + (16 << 20)), heap);
	CHECK_EQ(sys(SYS_brk, heap + (4 << 20)), heap + (4 << 20));
}

CASE(limits)
{
	CHECK_EQ(in_child(has_limits, NULL), EXITED(0));
	CHECK_EQ(in_child(gives_them_to_its_child, NULL), EXITED(0));
}

/* --- children --- */

#define CLONE_VM 0x100
#define CLONE_PARENT_SETTID 0x100000
#define CLONE_CHILD_CLEARTID 0x200000
#define CLONE_CHILD_SETTID 0x1000000
#define WNOHANG 1

CASE(clone_as_fork)
{
	u32 parents = 0, childs = 0, usage[18], i;
	int pid, status = -1;

	pid = sys(SYS_clone, SIGCHLD | CLONE_PARENT_SETTID |
		  CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID, 0, &parents, 0,
		  &childs);
	if (!pid)
		quit(childs == (u32)sys(SYS_getpid) ? 3 : 4);
	CHECK_EQ(parents, pid);
	CHECK_EQ(childs, 0);
	for (i = 0; i < 18; i++)
		usage[i] = 0xeeeeeeee;
	CHECK_EQ(sys(SYS_wait4, pid, &status, 0, usage), pid);
	CHECK_EQ(status, EXITED(3));
	CHECK(usage[1] != 0xeeeeeeee && usage[17] != 0xeeeeeeee);
	CHECK_EQ(sys(SYS_wait4, -1, NULL, 0, NULL), -ECHILD);
	CHECK_EQ(sys(SYS_wait4, -1, NULL, 0x100, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_waitpid, -1, NULL, 0x100), -EINVAL);
}

CASE(a_child_that_is_not_waited_for)
{
	static const u32 a_while[2] = { 0, 30 * 1000 * 1000 };
	int pid, status = -1;

	/* the child has the stack of its parent: it must not return */
	__asm__ volatile("int $0x80; testl %%eax, %%eax; jnz 1f\n\t"
			 "movl $5, %%ebx; movl $252, %%eax; int $0x80\n"
			 "1:"
			 : "=a"(pid) : "0"(SYS_vfork) : "ebx", "memory");
	CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
	CHECK_EQ(status, EXITED(5));
	pid = sys(SYS_fork);
	if (!pid) {
		sys(SYS_nanosleep, a_while, NULL);
		quit(6);
	}
	CHECK_EQ(sys(SYS_waitpid, pid, &status, WNOHANG), 0);
	CHECK_EQ(sys(SYS_waitpid, -1, &status, 0), pid);
	CHECK_EQ(status, EXITED(6));
}

/* --- the machine --- */

CASE(the_machine)
{
	struct {
		u32 uptime, loads[3], total, free, shared, buffer, swap,
			freeswap;
		uint16_t procs, pad;
		u32 high, freehigh, unit;
		u8 unused[8];
		u32 behind;
	} info;
	long result;

	memset(&info, 0x55, sizeof(info));
	CHECK_EQ(sys(SYS_sysinfo, &info), 0);
	CHECK(info.total && info.free && info.free <= info.total);
	CHECK(info.high <= info.total && info.freehigh <= info.high);
	CHECK(info.freeswap <= info.swap && info.procs);
	CHECK(info.unit == 1 || info.unit == PAGE);
	CHECK_EQ(info.behind, 0x55555555);
	/* only root is told what is wrong */
	result = sys(SYS_reboot, 0xfee1dead, 12345, 0x01234567, 0);
	CHECK(result == -EINVAL || result == -EPERM);
	result = sys(SYS_reboot, 12345, 672274793, 0x01234567, 0);
	CHECK(result == -EINVAL || result == -EPERM);
	result = sys(SYS_reboot, 0xfee1dead, 672274793, 0x12345678, 0);
	CHECK(result == -EINVAL || result == -EPERM);
}

CASE(time)
{
	u32 t[2], later[2], zone[2] = { 7, 7 };
	static const u32 bad[2] = { 0, 1000000000 }, past[2] = { 0x80000000 };
	static const u32 tick[2] = { 0, 20 * 1000 * 1000 };

	CHECK_EQ(sys(SYS_clock_gettime, 1, t), 0);
	CHECK_EQ(sys(SYS_nanosleep, tick, NULL), 0);
	CHECK_EQ(sys(SYS_clock_gettime, 1, later), 0);
	CHECK((later[0] - t[0]) * 1000000000 + later[1] - t[1] >= tick[1]);
	CHECK_EQ(sys(SYS_clock_gettime, 99, t), -EINVAL);
	CHECK_EQ(sys(SYS_nanosleep, bad, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_nanosleep, past, NULL), -EINVAL);
	CHECK_EQ(sys(SYS_gettimeofday, t, zone), 0);
	CHECK(t[1] < 1000000 && zone[0] != 7);
	CHECK_EQ(sys(SYS_gettimeofday, NULL, NULL), 0);
	CHECK_EQ(sys(SYS_sched_yield), 0);
	CHECK_EQ(sys(SYS_set_tid_address, t), sys(SYS_getpid));
}

/* calls restart, calls poweroff, calls halt: but no machine that is in use. */
static int ends_the_machine(const char *how)
{
	u32 command = same(how, "restart") ? 0x01234567 :
		      same(how, "poweroff") ? 0x4321fedc : 0xcdef0123;

	if (!is_swapper())
		return 2;
	return (int)sys(SYS_reboot, 0xfee1dead, 672274793, command, 0);
}

/* Whoever runs it may have signals ignored or blocked: a shell does so with
 * SIGINT in what it puts into the background. */
static void as_at_first(void)
{
	static const u32 none[2];
	int signal;

	for (signal = 1; signal <= 64; signal++)
		action(signal, SIG_DFL, NULL);
	sys(SYS_rt_sigprocmask, SIG_SETMASK, none, NULL, 8);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(what_a_signal_does),
		LIST(what_a_blocked_signal_does),
		LIST(limits),
		LIST(clone_as_fork),
		LIST(a_child_that_is_not_waited_for),
		LIST(the_machine),
		LIST(time),
	};

	(void)envp;
	if (argc == 2)
		return ends_the_machine(argv[1]);
	as_at_first();
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
