/*
 * Memory that goes away and comes back: every word of it is looked at.
 *
 *	swap [MB [PATH]]	all cases, with so much memory; PATH: a disk,
 *				which is mapped (16 MB of it are overwritten)
 *	swap MB passes		the four passes of the benchmarks, a word a
 *				page; when it ends their ticks are ECX, EDX,
 *				ESI, EDI, and EBP is 100 times the pages scanned
 *				for one stolen in pass 2
 *	swap MB hold [SECONDS]	fills it, says so, sleeps, looks at it: its
 *				status is how many pages are bad
 *
 * Without numbers it takes 4 MB: nothing has to go, and all answers are the
 * same. Where it takes more than there is, something must go.
 */
#include "user.h"

#define SMALL_MB 4U
#define DISK_MB 16U
#define RANDOM_READS 10000U
#define ROUNDS 4U
#define FAR (u8 *)0x50000000

static u32 pages = SMALL_MB * 256;
static const char *path;

/* --- memory --- */

static u8 *map_pages(u32 n, int flags)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, n * PAGE, RW, flags | MAP_ANON, -1,
			  0);

	if (!CHECK(!is_error(p)))
		quit(1);
	return p;
}

static void unmap(u8 *p, u32 n)
{
	CHECK_EQ(sys(SYS_munmap, p, n * PAGE), 0);
}

static void fill(u8 *p, u32 n, u32 generation)
{
	u32 i;

	for (i = 0; i < n; i++)
		fill_page(p + i * PAGE, i, generation);
}

static u32 bad_in(const u8 *p, u32 n, u32 generation)
{
	u32 i, bad = 0;

	for (i = 0; i < n; i++)
		bad += bad_words(p + i * PAGE, i, generation);
	return bad;
}

/* Everybody else's pages are old now: two thirds of it are new. */
static void squeeze(void)
{
	u32 n = pages * 2 / 3, i, bad = 0;
	u8 *p = map_pages(n, MAP_PRIVATE);

	for (i = 0; i < n; i++)
		*(u32 *)(p + i * PAGE) = i;
	for (i = 0; i < n; i += 32)
		bad += *(u32 *)(p + i * PAGE) != i;
	CHECK_EQ(bad, 0);
	unmap(p, n);
}

static void says(const char *what, u32 n, u32 bad)
{
	print("# %s: %u pages, %u bad words\n", what, n, bad);
	CHECK_EQ(bad, 0);
}

/* --- the four passes, every word --- */

static u32 verify_and_rewrite(u8 *p, u32 n, u32 generation)
{
	u32 i, bad = 0;

	for (i = 0; i < n; i++) {
		bad += bad_words(p + i * PAGE, i, generation);
		fill_page(p + i * PAGE, i, generation + 1);
	}
	return bad;
}

static u32 read_at_random(const u8 *p, u32 generation)
{
	u32 i, at, x = 12345, bad = 0;

	for (i = 0; i < RANDOM_READS; i++) {
		x = x * 1664525 + 1013904223;
		at = (x >> 10) % pages;
		bad += bad_words(p + at * PAGE, at, generation);
	}
	return bad;
}

CASE(four_passes)
{
	u8 *p = map_pages(pages, MAP_PRIVATE);
	u32 hot = pages / 6, i, bad;

	fill(p, pages, 1);
	bad = verify_and_rewrite(p, pages, 1);
	bad += read_at_random(p, 2);
	for (i = 0; i < ROUNDS; i++)
		bad += verify_and_rewrite(p, hot, 2 + i);
	bad += bad_in(p, hot, 2 + ROUNDS);
	for (i = hot; i < pages; i++)
		bad += bad_words(p + i * PAGE, i, 2);
	says("passes", pages, bad);
	unmap(p, pages);
}

/* All of it is cold but a quarter, which fits: once it is there it stays. */
/* What was begun to be written is, and nothing more is. */
static void settle(void)
{
	const u32 moment[2] = { 0, 200000000 };
	u32 out = vmstat("pswpout"), now, tries = 100;

	do {
		now = out;
		sys(SYS_nanosleep, moment, NULL);
		out = vmstat("pswpout");
	} while (out != now && --tries);
}

CASE(what_fits_stays)
{
	u8 *p = map_pages(pages, MAP_PRIVATE);
	u32 hot = pages / 4, i, bad = 0, out, in;

	fill(p, pages, 1);
	for (i = 0; i < ROUNDS; i++)
		bad += verify_and_rewrite(p, hot, 1 + i);
	settle();
	out = vmstat("pswpout");
	in = vmstat("pswpin");
	for (; i < 4 * ROUNDS; i++)
		bad += verify_and_rewrite(p, hot, 1 + i);
	out = vmstat("pswpout") - out;
	in = vmstat("pswpin") - in;
	print("# it fits: %u pages, out %u, in %u\n", hot, out, in);
	says("fits", hot, bad);
	/* on Linux others may swap meanwhile */
	if (is_swapper()) {
		CHECK_EQ(out, 0);
		CHECK_EQ(in, 0);
	}
	unmap(p, pages);
}

/* --- forks --- */

/* Each second page, which is generation old, becomes generation own. */
static u32 rewrite_half(u8 *p, u32 n, u32 first, u32 old, u32 own)
{
	u32 i, bad = 0;

	for (i = first; i < n; i += 2) {
		bad += bad_words(p + i * PAGE, i, old);
		fill_page(p + i * PAGE, i, own);
	}
	return bad;
}

static u32 bad_halves(const u8 *p, u32 n, u32 even, u32 odd)
{
	u32 i, bad = 0;

	for (i = 0; i < n; i++)
		bad += bad_words(p + i * PAGE, i, i % 2 ? odd : even);
	return bad;
}

static u32 child_writes(u8 *p, u32 n)
{
	u32 bad = rewrite_half(p, n, 0, 1, 10);

	bad += bad_halves(p, n, 10, 1);
	bad += rewrite_half(p, n, 1, 1, 11);
	return bad + bad_halves(p, n, 10, 11);
}

static void await(long pid, int wanted)
{
	int status = -1;

	CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
	CHECK_EQ(how(status), wanted);
}

CASE(both_write_what_is_out)
{
	u32 n = pages * 5 / 12, bad;
	u8 *p = map_pages(n, MAP_PRIVATE);
	long pid;

	fill(p, n, 1);
	squeeze();
	pid = sys(SYS_fork);
	if (!pid)
		quit(child_writes(p, n) ? 1 : 0);
	CHECK(pid > 0);
	bad = rewrite_half(p, n, 1, 1, 20);
	bad += bad_halves(p, n, 1, 20);
	await(pid, EXITED(0));
	squeeze();
	bad += bad_halves(p, n, 1, 20);
	says("both write", n, bad);
	unmap(p, n);
}

static void looks(void *arg)
{
	CHECK_EQ(bad_in(arg, pages / 4, 1), 0);
}

static void has_a_child(void *arg)
{
	squeeze();
	CHECK_EQ(in_child(looks, arg), EXITED(0));
}

/* Nobody writes; who has the pages ends before, between and behind others. */
CASE(children_come_and_go)
{
	u32 n = pages / 4, i;
	u8 *p = map_pages(n, MAP_PRIVATE);
	long pid, last;

	fill(p, n, 1);
	squeeze();
	CHECK_EQ(in_child(has_a_child, p), EXITED(0));
	for (i = 0; i < 3; i++) {
		last = sys(SYS_fork);
		if (!last)
			quit(i == 1 && bad_in(p, n, 1) ? 1 : 0);
		pid = sys(SYS_fork);
		if (!pid)
			quit(bad_in(p, n, 1) ? 1 : 0);
		await(last, EXITED(0));
		await(pid, EXITED(0));
	}
	says("children", n, bad_in(p, n, 1));
	unmap(p, n);
}

/* --- pages that may not go --- */

static char text[65536];

/* Its line of pagemap as far as the frame: "50000000 00123456". */
static u32 frame_of(const u8 *address)
{
	int fd = sys(SYS_open, "/proc/self/pagemap", O_RDONLY, 0), n;
	u32 have = 0, i, k, digit, value;

	while (have < sizeof(text) - 20 &&
	       (n = sys(SYS_read, fd, text + have,
			sizeof(text) - 20 - have)) > 0)
		have += (u32)n;
	sys(SYS_close, fd);
	for (i = 0; i + 17 < have; i++) {
		if (i && text[i - 1] != '\n')
			continue;
		for (k = value = 0; k < 8; k++) {
			digit = (u8)text[i + k];
			value = value << 4 | (digit <= '9' ? digit - '0' :
					      digit - 'a' + 10);
		}
		if (value != (u32)address || text[i + 8] != ' ')
			continue;
		for (k = 9, value = 0; text[i + k] > ' '; k++)
			value = value * 31 + (u8)text[i + k];
		return value;
	}
	return 0;
}

#define LOCKED 16U

CASE(locked_pages_stay)
{
	u8 *p = map_at(FAR, LOCKED * PAGE, RW, MAP_FIXED), there[LOCKED];
	u32 frame[LOCKED], i, moved = 0, gone = 0;

	fill(p, LOCKED, 1);
	CHECK_EQ(sys(SYS_mlock, p, LOCKED * PAGE), 0);
	for (i = 0; i < LOCKED; i++)
		frame[i] = is_swapper() ? frame_of(p + i * PAGE) : 1;
	squeeze();
	squeeze();
	CHECK_EQ(sys(SYS_mincore, p, LOCKED * PAGE, there), 0);
	for (i = 0; i < LOCKED; i++) {
		gone += !(there[i] & 1);
		moved += !frame[i] || (is_swapper() &&
				       frame_of(p + i * PAGE) != frame[i]);
	}
	CHECK_EQ(gone, 0);
	CHECK_EQ(moved, 0);
	says("locked", LOCKED, bad_in(p, LOCKED, 1));
	unmap(p, LOCKED);
}

/* --- shared memory --- */

static void looks_and_writes(void *arg)
{
	squeeze();
	CHECK_EQ(verify_and_rewrite(arg, pages / 3, 1), 0);
	squeeze();
}

CASE(shared_by_two)
{
	u32 n = pages / 3, bad = 0, i;
	u8 *p = map_pages(n, MAP_SHARED);
	long pid;

	fill(p, n, 1);
	squeeze();
	CHECK_EQ(in_child(looks_and_writes, p), EXITED(0));
	bad += bad_in(p, n, 2);
	/* both at once, each its own half */
	pid = sys(SYS_fork);
	for (i = !pid; i < n; i += 2) {
		bad += bad_words(p + i * PAGE, i, 2);
		fill_page(p + i * PAGE, i, 3);
	}
	if (!pid)
		quit(bad ? 1 : 0);
	await(pid, EXITED(0));
	squeeze();
	bad += bad_in(p, n, 3);
	says("shared", n, bad);
	unmap(p, n);
}

/* --- areas that change while their pages are out --- */

CASE(moved_while_it_is_out)
{
	u32 n = pages / 6 / 4 * 4, quarter = n / 4, bad = 0, i;
	u8 *p = map_pages(n, MAP_PRIVATE), *there = map_pages(n, MAP_PRIVATE);

	fill(p, n, 1);
	squeeze();
	p = (u8 *)sys(SYS_mremap, p, n * PAGE, n * PAGE,
		      MREMAP_MAYMOVE | MREMAP_FIXED, there);
	CHECK_EQ(p, there);
	CHECK_EQ(sys(SYS_mprotect, p, quarter * PAGE, PROT_READ), 0);
	CHECK_EQ(sys(SYS_madvise, p + quarter * PAGE, quarter * PAGE,
		     MADV_DONTNEED), 0);
	CHECK_EQ(sys(SYS_munmap, p + 2 * quarter * PAGE, quarter * PAGE), 0);
	bad += bad_in(p, quarter, 1);
	for (i = quarter; i < 2 * quarter; i++)
		bad += *(u32 *)(p + i * PAGE) != 0;
	for (i = 3 * quarter; i < n; i++)
		bad += bad_words(p + i * PAGE, i, 1);
	CHECK_EQ(sys(SYS_mprotect, p, quarter * PAGE, RW), 0);
	bad += verify_and_rewrite(p, quarter, 1);
	squeeze();
	bad += bad_in(p, quarter, 2);
	says("moved", n, bad);
	unmap(p, n);
}

/* --- files --- */

static u8 buf[PAGE];

static u32 bad_in_file(int fd, u32 n, u32 generation)
{
	u32 i, bad = 0;

	for (i = 0; i < n; i++) {
		memset(buf, 0, PAGE);
		CHECK_EQ(sys(SYS_pread64, fd, buf, PAGE, i * PAGE, 0), PAGE);
		bad += bad_words(buf, i, generation);
	}
	return bad;
}

CASE(a_mapped_file)
{
	const char *name = path ? path : "swap.image";
	int fd = sys(SYS_open, name, path ? O_RDWR : O_RDWR | O_CREAT, 0600);
	u32 n = path ? DISK_MB * 256 : 256, bad = 0, i;
	u8 *p;

	CHECK(fd >= 0);
	if (!path)
		CHECK_EQ(sys(SYS_ftruncate64, fd, n * PAGE, 0), 0);
	p = (u8 *)sys(SYS_mmap2, NULL, n * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(!is_error(p));
	fill(p, n, 1);
	squeeze();
	bad += bad_in_file(fd, n, 1);
	bad += verify_and_rewrite(p, n, 1);
	squeeze();
	bad += bad_in(p, n, 2);
	for (i = 0; i < n; i++) {
		fill_page(buf, i, 3);
		CHECK_EQ(sys(SYS_pwrite64, fd, buf, PAGE, i * PAGE, 0), PAGE);
	}
	squeeze();
	bad += bad_in(p, n, 3);
	CHECK_EQ(sys(SYS_msync, p, n * PAGE, 4), 0);
	unmap(p, n);
	bad += bad_in_file(fd, n, 3);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
	sys(SYS_close, fd);
	if (!path)
		sys(SYS_unlink, name);
	says("file", n, bad);
}

/* --- the benchmark: a word a page --- */

#define WORD(p, i) (*(volatile u32 *)((p) + (i) * PAGE))

static u32 pass1(u8 *p)
{
	u32 i;

	for (i = 0; i < pages; i++)
		WORD(p, i) = i + 1;
	return 0;
}

static u32 pass2(u8 *p)
{
	u32 i, bad = 0;

	for (i = 0; i < pages; i++) {
		bad += WORD(p, i) != i + 1;
		WORD(p, i) = i + 2;
	}
	return bad;
}

static u32 pass3(u8 *p)
{
	u32 x = 12345, bad = 0, i, at;

	for (i = 0; i < RANDOM_READS; i++) {
		x = x * 1664525 + 1013904223;
		at = (x >> 10) % pages;
		bad += WORD(p, at) != at + 2;
	}
	return bad;
}

static u32 pass4(u8 *p)
{
	u32 i, round, bad = 0;

	for (round = 2; round < 2 + ROUNDS; round++)
		for (i = 0; i < pages / 6; i++) {
			bad += WORD(p, i) != i + round;
			WORD(p, i) = i + round + 1;
		}
	return bad;
}

static const char *const counted[] = {
	"pswpout", "pswpin", "pgmajfault", "pgscan_", "pgsteal_",
};

#define COUNTED (sizeof(counted) / sizeof(counted[0]))

static int passes(void)
{
	static u32 (*const run[])(u8 *p) = { pass1, pass2, pass3, pass4 };
	u8 *p = map_pages(pages, MAP_PRIVATE);
	u32 before[COUNTED], ticks[4], bad = 0, ratio = 0, i, k;
	u64 start;

	for (i = 0; i < 4; i++) {
		for (k = 0; k < COUNTED; k++)
			before[k] = vmstat(counted[k]);
		start = now();
		bad += run[i](p);
		ticks[i] = (u32)(now() - start);
		print("# pass %u: %u ticks", i + 1, ticks[i]);
		for (k = 0; k < COUNTED; k++) {
			before[k] = vmstat(counted[k]) - before[k];
			print(" %s %u", counted[k], before[k]);
		}
		print("\n");
		if (i == 1 && before[4])
			ratio = before[3] * 100 / before[4];
	}
	CHECK_EQ(bad, 0);
	return sys(SYS_exit_group, !!failures, ticks[0], ticks[1], ticks[2],
		   ticks[3], ratio);
}

/* --- and one that waits --- */

static int hold(u32 seconds)
{
	const u32 time[2] = { seconds, 0 };
	u8 *p = map_pages(pages, MAP_PRIVATE);
	u32 i, bad = 0;

	fill(p, pages, 1);
	print("# held: %u pages\n", pages);
	sys(SYS_nanosleep, time, NULL);
	for (i = 0; i < pages; i++)
		bad += !!bad_words(p + i * PAGE, i, 1);
	print("# held: %u bad pages\n", bad);
	return bad < 100 ? (int)bad : 100;
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(four_passes), LIST(what_fits_stays),
		LIST(both_write_what_is_out), LIST(children_come_and_go),
		LIST(locked_pages_stay), LIST(shared_by_two),
		LIST(moved_while_it_is_out), LIST(a_mapped_file),
	};

	(void)envp;
	if (argc > 1)
		pages = number(argv[1]) * 256;
	if (argc > 2 && same(argv[2], "passes"))
		return passes();
	if (argc > 2 && same(argv[2], "hold"))
		return hold(argc > 3 ? number(argv[3]) : 5);
	if (argc > 2)
		path = argv[2];
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
