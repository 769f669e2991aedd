/*
 * Random system calls: fuzz [SEED [CALLS]].
 *
 * 1. Calls are made by children, CHUNK of them each: what a call breaks in a
 *    child's memory is the end of that child, and the next one goes on. Each
 *    chunk has random numbers of its own (seed and number of the chunk), so the
 *    same seed makes the same calls, whatever they answer.
 *
 * 2. Arguments are mostly borders: of the own area, of the addresses a program
 *    has, of what a word can say; flags that mean something; sometimes anything.
 *
 * 3. On Linux it makes only those calls that are in the table: they can hurt
 *    nobody but the child. Here it takes any number, but for those that end the
 *    machine or the child, or wait for ever.
 *
 * 4. What a child may have is bounded, so that the machine has memory left.
 *
 * 5. Here mkdir() is among any numbers: directories that were not there before
 *    go in the end. open() is not: nothing would bound what is written to a
 *    file that it makes.
 */
#include "user.h"

#define CHUNK 100U
#define CALLS 1000U		/* unless told otherwise */
#define MEMORY (8U << 20)	/* of a child */
#define AREA_PAGES 16U
#define NUMBERS 300U

static const struct {
	int number;
	const char *args;	/* a kind for each */
} calls[] = {
	/* p: pointer or address; n: length or number; f: flags; s: a path;
	 * d: a descriptor that is nobody's; u: flags of waitpid() */
	{ SYS_brk, "p" }, { SYS_mmap2, "pnffnn" }, { SYS_mmap2, "pnffnn" },
	{ SYS_munmap, "pn" }, { SYS_mprotect, "pnf" }, { SYS_mprotect, "pnf" },
	{ SYS_mremap, "pnnfp" }, { SYS_mremap, "pnnfp" },
	{ SYS_madvise, "pnf" }, { SYS_mincore, "pnp" }, { SYS_msync, "pnf" },
	{ SYS_mlock, "pn" }, { SYS_munlock, "pn" }, { SYS_mlockall, "f" },
	{ SYS_munlockall, "" }, { SYS_getpid, "" }, { SYS_getppid, "" },
	{ SYS_uname, "p" }, { SYS_sysinfo, "p" },
	{ SYS_gettimeofday, "pp" }, { SYS_clock_gettime, "np" },
	{ SYS_rt_sigaction, "nppn" }, { SYS_rt_sigprocmask, "fppn" },
	{ SYS_getrlimit, "np" }, { SYS_ugetrlimit, "np" },
	{ SYS_setrlimit, "np" }, { SYS_set_thread_area, "p" },
	{ SYS_write, "dpn" }, { SYS_read, "dpn" }, { SYS_writev, "dpn" },
	{ SYS_close, "d" }, { SYS_ioctl, "dnp" }, { SYS_open, "s" },
	{ SYS_execve, "spp" }, { SYS_fork, "" }, { SYS_waitpid, "npu" },
	{ SYS_wait4, "npup" }, { SYS_sched_yield, "" },
	{ SYS_set_tid_address, "p" }, { SYS_gettid, "" },
};

#define ROWS (sizeof(calls) / sizeof(calls[0]))

/* What ends the machine or the child, waits, signals, or shares a stack. */
static int is_left_out(u32 number)
{
	switch (number) {
	case SYS_exit: case SYS_exit_group: case SYS_reboot:
	case SYS_nanosleep: case SYS_kill: case SYS_tkill: case SYS_clone:
	case SYS_vfork: case SYS_fork: case SYS_waitpid: case SYS_wait4:
	case SYS_execve: case SYS_write: case SYS_writev: case SYS_read:
	case SYS_open:
		return 1;
	}
	return 0;
}

static u32 state, sum;
static u8 *area;
static u32 here;		/* HERE: it is not Linux */
#define HERE 0x5afe5afe		/* nothing that a call may leave there */

static u32 below(u32 n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

static u32 any(void)
{
	u32 high = below(1 << 16);

	return high << 16 | below(1 << 16);
}

static u32 border(void)
{
	static const u32 borders[] = {
		0, 1, 0xffffffff, 0xc0000000, 0xbfffffff, 0xc0001000,
		0xbffff000, 0x7fffffff, 0x80000000, 0xfffff000, 0xfffffffc,
		0x1000, 0xfff, 0x1001, 0xffffe000, 0x400000, 0x3fffff,
	};

	return borders[below(sizeof(borders) / sizeof(borders[0]))];
}

static u32 pointer(void)
{
	/* own data, with room for what calls write around it */
	static u32 spare[3 * PAGE / 4];
	u32 base = (u32)area + below(AREA_PAGES + 1) * PAGE;

	switch (below(16)) {
	case 0:
		return border();
	case 1:
		return any();
	case 2:
		return (u32)&spare[PAGE / 2] + below(3) - 1;
	case 3:
		return below(4) ? (u32)area + below(AREA_PAGES * PAGE) :
				  (u32)main;
	case 4:
		return base - 1 - below(8);
	case 5:
		return base + 1 + below(8);
	}
	return base;
}

static u32 length(void)
{
	switch (below(8)) {
	case 0:
		return border();
	case 1:
		return any();
	case 2:
		return below(64);
	case 3:
		return below(AREA_PAGES * PAGE);
	}
	return (1 + below(AREA_PAGES / 2)) * PAGE;
}

static u32 flags(void)
{
	switch (below(8)) {
	case 0:
		return any();
	case 1:
		return border();
	case 2:
		return below(12);
	case 3:
		return MAP_ANON | MAP_PRIVATE | MAP_FIXED;
	case 4:
		return MAP_ANON | MAP_PRIVATE | (1U << below(16));
	case 5:
		return MREMAP_MAYMOVE | MREMAP_FIXED;
	}
	return below(8);
}

static u32 path(void)
{
	static const char *const paths[] = { "", "/", "/no such file",
		"//", "/no/such/file" };

	return below(3) ? (u32)paths[below(5)] : pointer();
}

static u32 argument(char kind)
{
	switch (kind) {
	case 'p':
		return pointer();
	case 'n':
		return length();
	case 'f':
		return flags();
	case 's':
		return path();
	case 'd':
		return below(4) ? 1000 + below(10) : 0x80000000 | any();
	case 'u':
		return 1 | (below(2) ? flags() : 0);
	}
	return 0;
}

/* fork(): the child ends at once, or it would go on as its parent does. */
static void make(int number, const u32 *a)
{
	if (number == SYS_fork && !sys(SYS_fork))
		quit(0);
	else if (number != SYS_fork)
		sys(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static void one_call(void)
{
	u32 a[6] = { 0 }, row = below(ROWS), i, number = below(NUMBERS);
	const char *args = calls[row].args;
	int is_any = !below(8);

	/* drawn in any case, so that Linux makes the same calls otherwise */
	for (i = 0; args[i]; i++)
		a[i] = argument(args[i]);
	if (!is_any || here != HERE || is_left_out(number)) {
		make(calls[row].number, a);
		return;
	}
	for (i = 0; i < 6; i++)
		a[i] = argument("pnf"[below(3)]);
	make((int)number, a);
}

static void chunk(void *first)
{
	static const u32 limit[2] = { MEMORY, MEMORY };
	u32 i;

	sys(SYS_setrlimit, RLIMIT_AS, limit);
	state = (u32)first;
	area = map(AREA_PAGES * PAGE);
	sys(SYS_munmap, area + 5 * PAGE, PAGE);
	sys(SYS_mprotect, area + 9 * PAGE, PAGE, PROT_READ);
	sys(SYS_mprotect, area + 12 * PAGE, PAGE, PROT_NONE);
	for (i = 0; i < CHUNK; i++)
		one_call();
	quit(0);
}

/* What the calls of a chunk will be: as a number. */
static u32 plan(u32 first)
{
	u32 i, hash = first;

	state = first;
	for (i = 0; i < CHUNK; i++)
		hash = hash * 31 + any();
	return hash;
}

/* --- directories that were made --- */

#define MOST_NAMES 256

static u32 known[MOST_NAMES], nr_known;

static int is_known(u32 ino)
{
	u32 i;

	for (i = 0; i < nr_known && known[i] != ino; i++)
		;
	return i < nr_known;
}

/* All names of / : those that are there are learned, or those that are new go.
 * How many went. */
static u32 visit_names(int learn)
{
	static char names[4096];
	int fd = sys(SYS_open, "/", 0), n, at;
	u32 gone = 0;

	while ((n = sys(SYS_getdents64, fd, names, sizeof(names))) > 0)
		for (at = 0; at < n;) {
			struct dirent64 *d = (void *)(names + at);

			at += d->length;
			if (learn && nr_known < MOST_NAMES)
				known[nr_known++] = (u32)d->ino;
			else if (!learn && !is_known((u32)d->ino))
				gone += !sys(SYS_rmdir, d->name);
		}
	sys(SYS_close, fd);
	return gone;
}

/* Names may be passed over while others go. */
static void remove_new_names(void)
{
	while (visit_names(0))
		;
}

int main(int argc, char **argv, char **envp)
{
	u32 seed = argc > 1 ? number(argv[1]) : 1;
	u32 wanted = argc > 2 ? number(argv[2]) : CALLS;
	u32 done, whole = 0, ended = 0;

	(void)envp;
	here = is_swapper() ? HERE : 0;
	if (here)
		visit_names(1);
	print("KTAP version 1\n1..1\n");
	for (done = 0; done < wanted; done += CHUNK) {
		u32 first = seed * 2654435761U + done;
		int status = in_child(chunk, (void *)first);

		sum = sum * 31 + plan(first);
		/* a signal is right, a status is one of chunk()'s */
		CHECK(status == EXITED(0) || (status > 0 && status < 64));
		if (status)
			ended++;
		else
			whole++;
	}
	if (here)
		remove_new_names();
	print("# seed %u: %u calls (%x), %u chunks whole, %u ended before\n",
	      seed, done, sum, whole, ended);
	CHECK(whole || wanted < 10 * CHUNK);
	print("%s 1 fuzz\n", failures ? "not ok" : "ok");
	return !!failures;
}
