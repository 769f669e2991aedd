/*
 * Each kind of fault ends the process that made it, by its signal, and nobody
 * else; guard pages and the stack's limit; bad pointers to the kernel.
 */
#include "user.h"

static void reads(void *p)
{
	*(volatile u8 *)p;
}

static void writes(void *p)
{
	*(volatile u8 *)p = 1;
}

static void calls(void *p)
{
	((void (*)(void))p)();
}

CASE(nothing_is_mapped_there)
{
	CHECK_EQ(in_child(reads, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(writes, (void *)0x20000), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(calls, (void *)0x30000), KILLED_BY(SIGSEGV));
}

CASE(the_kernel_is_out_of_reach)
{
	/* the last two pages are no program's on any kernel */
	CHECK_EQ(in_child(reads, (void *)0xffffe800), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(writes, (void *)0xfffff000), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(calls, (void *)0xfffff000), KILLED_BY(SIGSEGV));
}

static const u32 constant = 5;

CASE(what_is_read_only)
{
	u8 *p = map_at(NULL, PAGE, PROT_READ, 0);

	CHECK_EQ(in_child(writes, p), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(reads, p), EXITED(0));
	CHECK_EQ(in_child(writes, (void *)main), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(writes, (void *)&constant), KILLED_BY(SIGSEGV));
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

/* A write that made the page present must not keep it writable. */
CASE(read_only_after_a_write)
{
	u8 *p = map(PAGE);

	*p = 3;
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_READ), 0);
	CHECK_EQ(in_child(writes, p), KILLED_BY(SIGSEGV));
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, RW), 0);
	CHECK_EQ(in_child(writes, p), EXITED(0));
	CHECK_EQ(*p, 3);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

CASE(guard_pages)
{
	u8 *p = map(3 * PAGE);

	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_NONE), 0);
	CHECK_EQ(sys(SYS_mprotect, p + 2 * PAGE, PAGE, PROT_NONE), 0);
	CHECK_EQ(in_child(writes, p + PAGE), EXITED(0));
	CHECK_EQ(in_child(writes, p + PAGE - 1), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(reads, p + 2 * PAGE), KILLED_BY(SIGSEGV));
	CHECK_EQ(sys(SYS_munmap, p, 3 * PAGE), 0);
}

static void divides(void *arg)
{
	__asm__ volatile("xorl %%ecx, %%ecx; divl %%ecx"
			 : : : "eax", "ecx", "edx");
}

static void is_undefined(void *arg)
{
	__asm__ volatile("ud2");
}

static void wants_ring_0(void *arg)
{
	__asm__ volatile("cli");
}

static void wants_a_port(void *arg)
{
	__asm__ volatile("outb %%al, $0x80" : : : "memory");
}

static void raises_another_vector(void *arg)
{
	__asm__ volatile("int $0x21");
}

static void loads_a_kernel_segment(void *arg)
{
	__asm__ volatile("movl $0x60, %%eax; movl %%eax, %%ds" : : : "eax");
}

CASE(instructions)
{
	CHECK_EQ(in_child(divides, NULL), KILLED_BY(SIGFPE));
	CHECK_EQ(in_child(is_undefined, NULL), KILLED_BY(SIGILL));
	CHECK_EQ(in_child(wants_ring_0, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(wants_a_port, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(raises_another_vector, NULL), KILLED_BY(SIGSEGV));
	CHECK_EQ(in_child(loads_a_kernel_segment, NULL), KILLED_BY(SIGSEGV));
}

static void kills_itself(void *signal)
{
	sys(SYS_kill, sys(SYS_getpid), signal);
}

CASE(signals_to_itself)
{
	CHECK_EQ(in_child(kills_itself, (void *)SIGKILL), KILLED_BY(SIGKILL));
	CHECK_EQ(in_child(kills_itself, (void *)SIGBUS), KILLED_BY(SIGBUS));
	CHECK_EQ(in_child(kills_itself, (void *)SIGSEGV), KILLED_BY(SIGSEGV));
}

/* --- data that is executed --- */

/* ret */
#define RETURN 0xc3

static void runs_its_stack(void *arg)
{
	volatile u8 code[4] = { RETURN };

	calls((void *)code);
}

static u8 in_data[4] = { RETURN };

/* Where the CPU can forbid it (SIGSEGV) it is forbidden everywhere, and never
 * where it was asked for. */
CASE(data_is_not_code)
{
	u8 *p = map(2 * PAGE);
	int how = in_child(runs_its_stack, NULL);

	CHECK(how == EXITED(0) || how == KILLED_BY(SIGSEGV));
	p[0] = p[PAGE] = RETURN;
	CHECK_EQ(in_child(calls, p), how);
	CHECK_EQ(in_child(calls, in_data), how);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_READ | PROT_EXEC), 0);
	CHECK_EQ(in_child(calls, p), EXITED(0));
	CHECK_EQ(in_child(calls, p + PAGE), how);
	CHECK_EQ(sys(SYS_mprotect, p, PAGE, PROT_READ), 0);
	CHECK_EQ(in_child(calls, p), how);
	print("# data %s be executed\n", how ? "cannot" : "can");
	CHECK_EQ(sys(SYS_munmap, p, 2 * PAGE), 0);
}

/* --- the stack --- */

static __attribute__((noinline)) u32 deeper(u32 kb)
{
	volatile u8 kilobyte[1024];

	kilobyte[0] = (u8)kb;
	return kb ? deeper(kb - 1) + kilobyte[0] : 0;
}

static void goes_down(void *kb)
{
	deeper((u32)kb);
}

CASE(the_stack_grows)
{
	CHECK_EQ(in_child(goes_down, (void *)1024), EXITED(0));
}

/* 8 MB unless told otherwise, here and there. */
CASE(up_to_its_limit)
{
	CHECK_EQ(in_child(goes_down, (void *)(16 * 1024)), KILLED_BY(SIGSEGV));
}

static void goes_down_less(void *kb)
{
	const u32 limit[2] = { 1 << 20, 8 << 20 };

	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_STACK, limit), 0);
	deeper((u32)kb);
}

CASE(up_to_another_limit)
{
	CHECK_EQ(in_child(goes_down_less, (void *)512), EXITED(0));
	CHECK_EQ(in_child(goes_down_less, (void *)2048), KILLED_BY(SIGSEGV));
}

/* --- pointers --- */

CASE(bad_pointers)
{
	static const u32 bad[] = { 0, 0x20000, 0xffffe000, 0xfffff800,
				   0xfffffffc };
	u32 i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		void *p = (void *)bad[i];

		CHECK_EQ(sys(SYS_uname, p), -EFAULT);
		CHECK_EQ(sys(SYS_nanosleep, p, NULL), -EFAULT);
		CHECK_EQ(sys(SYS_clock_gettime, 0, p), -EFAULT);
		CHECK_EQ(sys(SYS_mincore, map(PAGE), PAGE, p), -EFAULT);
	}
}

/*
 * Every call that takes pointers, with one of them bad: P; the others are good:
 * 0 to 9 are numbers, L is a page's length, G a page that may be written, S a
 * path, N is NULL.
 */
static const struct {
	int number;
	const char *args;
} with_pointers[] = {
	{ SYS_write, "1P9" }, { SYS_writev, "1P1" }, { SYS_open, "P0" },
	{ SYS_execve, "PNN" }, { SYS_execve, "SPN" }, { SYS_execve, "SNP" },
	{ SYS_setrlimit, "9P" }, { SYS_getrlimit, "9P" },
	{ SYS_ugetrlimit, "9P" }, { SYS_gettimeofday, "PN" },
	{ SYS_gettimeofday, "NP" }, { SYS_gettimeofday, "GP" },
	{ SYS_sysinfo, "P" }, { SYS_uname, "P" }, { SYS_nanosleep, "PN" },
	{ SYS_rt_sigaction, "2PN8" }, { SYS_rt_sigaction, "2NP8" },
	{ SYS_rt_sigprocmask, "0PN8" }, { SYS_rt_sigprocmask, "0NP8" },
	{ SYS_mincore, "GLP" }, { SYS_set_thread_area, "P" },
	{ SYS_clock_gettime, "1P" },
};

static const char *self;

/* What each letter is. S: the program's own path. */
static u32 meaning(char letter, u32 bad, u32 good)
{
	switch (letter) {
	case 'P':
		return bad;
	case 'G':
		return good;
	case 'S':
		return (u32)self;
	case 'L':
		return PAGE;
	case 'N':
		return 0;
	}
	return (u32)(letter - '0');
}

static void expect_efault(u32 row, u32 bad, u32 good)
{
	const char *args = with_pointers[row].args;
	u32 a[4] = { 0 }, i;
	long result;

	for (i = 0; args[i]; i++)
		a[i] = meaning(args[i], bad, good);
	result = sys(with_pointers[row].number, a[0], a[1], a[2], a[3]);
	if (result == -EFAULT)
		return;
	failures++;
	print("# call %d(%s) with %x: %d\n", with_pointers[row].number, args,
	      bad, (int)result);
}

CASE(every_call_with_each_pointer_bad)
{
	u8 *p = map(4 * PAGE), *good = map(PAGE);
	u32 bad[6] = { 0x20000, 0xffffe000, 0xfffff800, 0xfffffffc }, i, k;
	const u32 n = sizeof(with_pointers) / sizeof(with_pointers[0]);

	/* nothing there; no access; two bytes of it are there */
	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_mprotect, p + 2 * PAGE, PAGE, PROT_NONE), 0);
	bad[4] = (u32)p + PAGE;
	bad[5] = (u32)p + 2 * PAGE;
	memset(p, 'x', PAGE);
	for (i = 0; i < n; i++) {
		for (k = 0; k < 6; k++)
			expect_efault(i, bad[k], (u32)good);
		/* a child's status, below, and mincore's byte need no more */
		if (with_pointers[i].number != SYS_mincore)
			expect_efault(i, (u32)p + PAGE - 2, (u32)good);
	}
	CHECK_EQ(sys(SYS_munmap, p, 4 * PAGE), 0);
	CHECK_EQ(sys(SYS_munmap, good, PAGE), 0);
}

/* What the kernel would write is read-only; NULL is no pointer where one must
 * be. */
CASE(results_that_cannot_be_written)
{
	u8 *p = map_at(NULL, PAGE, PROT_READ, 0), *good = map(PAGE);
	static const struct {
		int number, place;
	} out[] = {
		{ SYS_getrlimit, 1 }, { SYS_ugetrlimit, 1 },
		{ SYS_gettimeofday, 0 }, { SYS_gettimeofday, 1 },
		{ SYS_sysinfo, 0 }, { SYS_uname, 0 }, { SYS_clock_gettime, 1 },
	};
	u32 i, a[2];

	for (i = 0; i < sizeof(out) / sizeof(out[0]); i++) {
		a[0] = a[1] = 0;
		a[out[i].place] = (u32)p;
		CHECK_EQ(sys(out[i].number, a[0], a[1]), -EFAULT);
	}
	CHECK_EQ(sys(SYS_mincore, good, PAGE, p), -EFAULT);
	CHECK_EQ(sys(SYS_uname, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_nanosleep, NULL, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_setrlimit, RLIMIT_AS, NULL), -EFAULT);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

static void quits(void *status)
{
	quit((int)status);
}

CASE(a_status_that_cannot_be_written)
{
	int pid = sys(SYS_fork);

	if (!pid)
		quits((void *)3);
	CHECK_EQ(sys(SYS_waitpid, pid, 0x20000, 0), -EFAULT);
	pid = sys(SYS_fork);
	if (!pid)
		quits((void *)3);
	CHECK_EQ(sys(SYS_wait4, pid, NULL, 0, 0x20000), -EFAULT);
}

/* Half of it is there. */
CASE(a_pointer_across_the_edge)
{
	u8 *p = map(2 * PAGE);

	CHECK_EQ(sys(SYS_munmap, p + PAGE, PAGE), 0);
	CHECK_EQ(sys(SYS_uname, p + PAGE - 100), -EFAULT);
	CHECK_EQ(sys(SYS_uname, p), 0);
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

CASE(no_such_call)
{
	CHECK_EQ(sys(9999), -ENOSYS);
	CHECK_EQ(sys(-1), -ENOSYS);
	CHECK_EQ(sys(0x7fffffff), -ENOSYS);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(nothing_is_mapped_there),
		LIST(the_kernel_is_out_of_reach),
		LIST(what_is_read_only),
		LIST(read_only_after_a_write),
		LIST(guard_pages),
		LIST(instructions),
		LIST(signals_to_itself),
		LIST(data_is_not_code),
		LIST(the_stack_grows),
		LIST(up_to_its_limit),
		LIST(up_to_another_limit),
		LIST(bad_pointers),
		LIST(every_call_with_each_pointer_bad),
		LIST(results_that_cannot_be_written),
		LIST(a_status_that_cannot_be_written),
		LIST(a_pointer_across_the_edge),
		LIST(no_such_call),
	};

	(void)argc, (void)envp;
	self = argv[0];
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
