/*
 * One of those who use memory at random: soak SEED SECONDS MB [PATH PAGE].
 *
 * 1. It has areas, private and shared, up to MB altogether. Each page of one is
 *    filled with words that follow from a number of its own and a generation
 *    (0: it is still empty); which one it has is kept in a table. So each page
 *    tells whether it is what it was made, wherever it has been meanwhile.
 *
 * 2. Each round does one thing: a new area, some pages looked at and written
 *    anew, an area moved, emptied in part, given back, a child that does
 *    likewise with its copy, a file, some pages of a disk (PATH, DISK_PAGES of
 *    them from PAGE on). Then it sleeps: time that nobody uses costs nothing.
 *
 * 3. While there is a file /soak.quiet it only sleeps: somebody looks at books.
 *
 * 4. What it found goes out in its registers: ECX pages looked at, EDX those
 *    that were not as they should be. Children count in a page that is shared.
 *
 * The same seed does the same.
 */
#include "user.h"

#define AREAS 8U
#define AREA_PAGES 2048U	/* of one, at most */
#define DISK_PAGES 512U
#define FILE_PAGES 16U
#define QUIET "/soak.quiet"
#define UNKNOWN 255U		/* generation of what another one wrote */

struct area {
	u8 *at;			/* NULL: there is none */
	u32 pages, number, shared;
	u8 generation[AREA_PAGES];
};

/* Shared with all children. */
static struct {
	u32 seen, bad;
} *found;

static struct area areas[AREAS];
static u8 disk_generation[DISK_PAGES], buf[PAGE];
static u32 state, left, numbers, disk_page;
static int disk = -1;

static u32 below(u32 n)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % n;
}

static void count(int good, const char *what, u32 number)
{
	__atomic_fetch_add(&found->seen, 1, __ATOMIC_RELAXED);
	if (good)
		return;
	__atomic_fetch_add(&found->bad, 1, __ATOMIC_RELAXED);
	print("# soak: %s %x is not as it was left\n", what, number);
}

/* A refusal, of which nobody dies: memory may be short. */
static int refused(long result)
{
	return (u32)result >= ERRORS_FROM;
}

/* --- pages of an area --- */

static int is_empty(const u8 *page)
{
	const u32 *word = (const u32 *)page;
	u32 i, sum = 0;

	for (i = 0; i < PAGE / 4; i++)
		sum |= word[i];
	return !sum;
}

static void look(const struct area *a, u32 i)
{
	const u8 *page = a->at + i * PAGE;

	count(a->generation[i] ?
	      !bad_words(page, a->number + i, a->generation[i]) :
	      is_empty(page), a->shared ? "shared page" : "page",
	      a->number + i);
}

static void renew(struct area *a, u32 i)
{
	a->generation[i] = (u8)(1 + a->generation[i] % 250);
	fill_page(a->at + i * PAGE, a->number + i, a->generation[i]);
}

static void look_at_all(const struct area *a)
{
	u32 i;

	for (i = 0; i < a->pages; i++)
		look(a, i);
}

/* --- areas --- */

static struct area *any_area(void)
{
	struct area *a = &areas[below(AREAS)];

	return a->at ? a : NULL;
}

static void begin_area(void)
{
	struct area *a = &areas[below(AREAS)];
	u32 most = left < AREA_PAGES ? left : AREA_PAGES, i;
	long at;

	if (a->at || !most)
		return;
	a->pages = 1 + below(most);
	a->shared = !below(3);
	at = sys(SYS_mmap2, NULL, a->pages * PAGE, RW,
		 (a->shared ? MAP_SHARED : MAP_PRIVATE) | MAP_ANON, -1, 0);
	if (refused(at))
		return;
	a->at = (u8 *)at;
	a->number = numbers;
	numbers += a->pages;
	left -= a->pages;
	memset(a->generation, 0, a->pages);
	for (i = 0; i < a->pages; i++)
		if (below(16))
			renew(a, i);
}

static void end_area(struct area *a)
{
	look_at_all(a);
	sys(SYS_munmap, a->at, a->pages * PAGE);
	left += a->pages;
	a->at = NULL;
}

static void work_on(struct area *a)
{
	u32 i, n = 1 + below(100), at;

	for (i = 0; i < n; i++) {
		at = below(a->pages);
		look(a, at);
		if (below(2))
			renew(a, at);
	}
}

/* In a row, as programs mostly do. */
static void go_through(struct area *a)
{
	u32 at = below(a->pages), n = 1 + below(200);

	for (; at < a->pages && n; at++, n--) {
		look(a, at);
		if (!below(4))
			renew(a, at);
	}
}

static void move(struct area *a)
{
	long there = sys(SYS_mmap2, NULL, a->pages * PAGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANON, -1, 0), at;

	if (refused(there))
		return;
	at = sys(SYS_mremap, a->at, a->pages * PAGE, a->pages * PAGE,
		 MREMAP_MAYMOVE | MREMAP_FIXED, there);
	if (refused(at))
		sys(SYS_munmap, there, a->pages * PAGE);
	else
		a->at = (u8 *)at;
}

static void empty(struct area *a)
{
	u32 first = below(a->pages), n = 1 + below(a->pages - first);

	if (a->shared ||
	    refused(sys(SYS_madvise, a->at + first * PAGE, n * PAGE,
			MADV_DONTNEED)))
		return;
	memset(a->generation + first, 0, n);
}

/* --- others --- */

static void child_acts(struct area *a)
{
	u32 i, n = 1 + below(4);

	/* what parent and child share is the parent's to write */
	for (i = 0; i < n; i++) {
		if (a->shared)
			look(a, below(a->pages));
		else if (below(2))
			work_on(a);
		else
			go_through(a);
	}
	quit(0);
}

static void fork_one(struct area *a)
{
	int status = 0;
	long pid = sys(SYS_fork);

	if (!pid)
		child_acts(a);
	if (refused(pid))
		return;
	if (!a->shared)
		work_on(a);
	sys(SYS_waitpid, pid, &status, 0);
	/* a child that was killed is told of by the kernel's log */
	if (status && how(status) != KILLED_BY(SIGKILL))
		count(0, "end of a child", (u32)status);
}

static void a_file(u32 seed)
{
	char name[] = "soak.00000000";
	u32 n = 1 + below(FILE_PAGES), i;
	int fd;

	for (i = 0; i < 8; i++)
		name[5 + i] = (char)('a' + (seed >> 4 * i & 15));
	fd = sys(SYS_open, name, O_RDWR | O_CREAT, 0600);
	if (fd < 0)
		return;
	for (i = 0; i < n; i++) {
		fill_page(buf, i, seed);
		if (sys(SYS_pwrite64, fd, buf, PAGE, i * PAGE, 0) != PAGE)
			break;
	}
	for (n = i, i = 0; i < n; i++) {
		memset(buf, 0, PAGE);
		sys(SYS_pread64, fd, buf, PAGE, i * PAGE, 0);
		count(!bad_words(buf, i, seed), "page of a file", i);
	}
	sys(SYS_close, fd);
	sys(SYS_unlink, name);
}

/* --- the disk --- */

static void read_disk(u32 i)
{
	u32 number = disk_page + i, generation = disk_generation[i];

	memset(buf, 0, PAGE);
	if (sys(SYS_pread64, disk, buf, PAGE, number * PAGE, 0) != PAGE)
		return;
	if (generation != UNKNOWN)
		count(!bad_words(buf, number, generation), "page of the disk",
		      number);
}

static void write_disk(u32 i)
{
	u32 number = disk_page + i;
	u8 generation = (u8)(1 + disk_generation[i] % 250);

	fill_page(buf, number, generation);
	if (sys(SYS_pwrite64, disk, buf, PAGE, number * PAGE, 0) == PAGE)
		disk_generation[i] = generation;
}

/* The same pages through a mapping. */
static void map_disk(u32 first, u32 n)
{
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, n * PAGE, RW, MAP_SHARED, disk,
			  disk_page + first);
	u32 i;

	if (is_error(p))
		return;
	for (i = 0; i < n; i++) {
		u32 number = disk_page + first + i;
		u8 *generation = &disk_generation[first + i];

		if (*generation != UNKNOWN)
			count(!bad_words(p + i * PAGE, number, *generation),
			      "mapped page of the disk", number);
		*generation = (u8)(1 + *generation % 250);
		fill_page(p + i * PAGE, number, *generation);
	}
	if (!below(4))
		sys(SYS_msync, p, n * PAGE, 4);
	sys(SYS_munmap, p, n * PAGE);
}

static void use_disk(void)
{
	u32 first = below(DISK_PAGES - 64), n = 1 + below(64), i;

	switch (below(4)) {
	case 0:
		map_disk(first, n);
		return;
	case 1:
		sys(SYS_fsync, disk);
		return;
	}
	for (i = first; i < first + n; i++) {
		read_disk(i);
		if (below(2))
			write_disk(i);
	}
}

/* --- rounds --- */

static void rest(u32 ms)
{
	const u32 time[2] = { ms / 1000, ms % 1000 * 1000000 };

	sys(SYS_nanosleep, time, NULL);
}

static void act(void)
{
	struct area *a = any_area();
	u32 what = below(16);

	if (what == 0)
		a_file(state);
	else if (what <= 3 && disk >= 0)
		use_disk();
	else if (!a)
		begin_area();
	else if (what <= 5)
		fork_one(a);
	else if (what == 6)
		end_area(a);
	else if (what == 7)
		move(a);
	else if (what == 8)
		empty(a);
	else if (what <= 12)
		work_on(a);
	else
		go_through(a);
}

static u32 seconds(void)
{
	u32 time[2] = { 0 };

	sys(SYS_clock_gettime, 1, time);
	return time[0];
}

int main(int argc, char **argv, char **envp)
{
	u32 end = seconds(), i;

	(void)envp;
	state = (argc > 1 ? number(argv[1]) : 1) * 2654435761U | 1;
	end += argc > 2 ? number(argv[2]) : 1;
	left = (argc > 3 ? number(argv[3]) : 4) * 256;
	if (argc > 5) {
		disk = sys(SYS_open, argv[4], O_RDWR, 0);
		disk_page = number(argv[5]);
	}
	memset(disk_generation, UNKNOWN, DISK_PAGES);
	found = (void *)sys(SYS_mmap2, NULL, PAGE, RW, MAP_SHARED | MAP_ANON,
			    -1, 0);
	if (is_error(found))
		return 1;
	do {
		while (!sys(SYS_access, QUIET, 0))
			rest(200);
		act();
		rest(20 + below(400));
	} while (seconds() < end);
	for (i = 0; i < AREAS; i++)
		if (areas[i].at)
			end_area(&areas[i]);
	if (argc == 1)
		print("KTAP version 1\n1..1\n%s 1 soak\n",
		      found->bad ? "not ok" : "ok");
	return sys(SYS_exit_group, !!found->bad, found->seen, found->bad);
}
