/*
 * Out of memory: who is killed for it.
 *
 *	oom		what /proc says of it, and may be told
 *	oom hog MB	takes so much, looks at it again and again, never ends
 *	oom all		takes all there is, and never ends by itself
 *	oom scenario	an init, a small worker, and a hog that takes all there
 *			is: the hog is killed, the others have lost nothing; once
 *			more; and then with somebody who is to go first
 *
 * The last three are not for Linux, which has more memory than a test should take.
 */
#include "user.h"

#define WORKER_PAGES 256U
#define CHUNK_PAGES 256U
#define HOG_PAGES 16U	/* so few are promised as long as there is one */

/* --- /proc/self/oom_score_adj --- */

static char text[16];

static long put(const char *what)
{
	int fd = sys(SYS_open, "/proc/self/oom_score_adj", O_WRONLY, 0);
	u32 n = 0;
	long done;

	if (!CHECK(fd >= 0))
		return fd;
	while (what[n])
		n++;
	done = sys(SYS_write, fd, what, n);
	sys(SYS_close, fd);
	return done == (long)n ? 0 : done;
}

/* As it stands there, without the line's end. */
static const char *get(const char *path)
{
	int fd = sys(SYS_open, path, O_RDONLY, 0);
	long n;

	text[0] = 0;
	if (!CHECK(fd >= 0))
		return text;
	n = sys(SYS_read, fd, text, sizeof(text) - 1);
	sys(SYS_close, fd);
	if (CHECK(n > 1 && text[n - 1] == '\n'))
		text[n - 1] = 0;
	return text;
}

static int is(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

static int adj_is(const char *what)
{
	return is(get("/proc/self/oom_score_adj"), what);
}

static void has_500(void *arg)
{
	(void)arg;
	CHECK(adj_is("500"));
	CHECK_EQ(put("700"), 0);
	CHECK(adj_is("700"));
}

static void in_a_child(void *arg)
{
	u32 before = number(get("/proc/self/oom_score"));

	(void)arg;
	CHECK_EQ(put("500"), 0);
	CHECK(adj_is("500"));
	CHECK(number(get("/proc/self/oom_score")) > before);
	/* a child begins with it, and has its own then */
	CHECK_EQ(in_child(has_500, NULL), EXITED(0));
	CHECK(adj_is("500"));
	CHECK_EQ(put("501\n"), 0);
	CHECK(adj_is("501"));
	CHECK_EQ(put("1001"), -EINVAL);
	CHECK_EQ(put("-1001"), -EINVAL);
	CHECK_EQ(put("half"), -EINVAL);
	CHECK_EQ(put("5 5"), -EINVAL);
	CHECK(adj_is("501"));
}

CASE(a_score_that_is_changed)
{
	CHECK_EQ(in_child(in_a_child, NULL), EXITED(0));
	CHECK(get("/proc/self/oom_score")[0]);
}

/* --- hogs --- */

/* A word of each page says which it is. */
static void write_all(u8 *p, u32 pages)
{
	u32 i;

	for (i = 0; i < pages; i++)
		*(volatile u32 *)(p + i * PAGE) = i + 1;
}

static u32 wrong_ones(const u8 *p, u32 pages)
{
	u32 i, wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += *(const volatile u32 *)(p + i * PAGE) != i + 1;
	return wrong;
}

static void hog(u32 mb)
{
	u8 *p = map(mb << 20);

	if (is_error(p))
		quit(1);
	write_all(p, mb << 8);
	while (!wrong_ones(p, mb << 8))
		;
	quit(2);
}

/* Until something gives up: it should be this one's end. */
static void takes_all(void *arg)
{
	(void)arg;
	for (;;) {
		u8 *p = map(HOG_PAGES * PAGE);

		if (is_error(p))
			quit(3);
		write_all(p, HOG_PAGES);
	}
}

/* --- the scenario --- */

static volatile u32 *shared;		/* [0]: the worker may end; [1]: has
					 * begun; [2]: how often it looked */

static void works(void *arg)
{
	u8 *p = map(WORKER_PAGES * PAGE);

	(void)arg;
	if (is_error(p))
		quit(4);
	write_all(p, WORKER_PAGES);
	shared[1] = 1;
	while (!shared[0]) {
		CHECK_EQ(wrong_ones(p, WORKER_PAGES), 0);
		shared[2]++;
		sys(SYS_sched_yield);
	}
	CHECK_EQ(wrong_ones(p, WORKER_PAGES), 0);
}

/* Small, but the first to go. */
static void waits_for_its_end(void *arg)
{
	static const u32 a_while[2] = { 100, 0 };

	(void)arg;
	CHECK_EQ(put("1000"), 0);
	shared[1] = 1;
	for (;;)
		sys(SYS_nanosleep, a_while, NULL);
}

static int begin(void (*fn)(void *arg))
{
	int pid;

	shared[1] = 0;
	pid = sys(SYS_fork);
	if (!pid) {
		fn(NULL);
		quit(failures ? 1 : 0);
	}
	CHECK(pid > 0);
	while (!shared[1])
		sys(SYS_sched_yield);
	return pid;
}

static void ends_with(int pid, int want)
{
	int status = -1;

	CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
	CHECK_EQ(how(status), want);
}

static void round_of(const char *what, void (*first)(void *arg))
{
	u8 *own = map(CHUNK_PAGES * PAGE);
	int worker, other = 0;
	u32 looked;

	write_all(own, CHUNK_PAGES);
	shared[0] = shared[2] = 0;
	worker = begin(works);
	if (first)
		other = begin(first);
	looked = shared[2];
	CHECK_EQ(in_child(takes_all, NULL), KILLED_BY(SIGKILL));
	if (first)
		ends_with(other, KILLED_BY(SIGKILL));
	while (shared[2] == looked)
		sys(SYS_sched_yield);
	shared[0] = 1;
	ends_with(worker, EXITED(0));
	CHECK_EQ(wrong_ones(own, CHUNK_PAGES), 0);
	CHECK_EQ(sys(SYS_munmap, own, CHUNK_PAGES * PAGE), 0);
	print("# %s: %s\n", what, failures ? "no" : "yes");
}

static int scenario(void)
{
	shared = (u32 *)sys(SYS_mmap2, NULL, PAGE, RW, MAP_SHARED | MAP_ANON,
			    -1, 0);
	if (!CHECK(!is_error((void *)shared)))
		return 1;
	round_of("the hog was killed, nobody else", NULL);
	round_of("and once more", NULL);
	round_of("the one that was to go first, then the hog",
		 waits_for_its_end);
	return failures ? 1 : 0;
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(a_score_that_is_changed),
	};

	(void)envp;
	if (argc > 2)
		hog(number(argv[2]));
	if (argc > 1 && argv[1][0] == 'a')
		takes_all(NULL);
	if (argc > 1)
		return scenario();
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
