/*
 * /proc: reports as files. What is asked of them is true on Linux, too; the
 * text of pagemap is this kernel's own.
 */
#include "user.h"

#define ROOM 65536U

static char text[ROOM + 1], again[ROOM + 1];

/* All of it in pieces of so many bytes; 0: it cannot be had. */
static u32 read_all(const char *path, char *to, u32 piece)
{
	int fd = sys(SYS_open, path, O_RDONLY, 0), n;
	u32 have = 0;

	if (fd < 0)
		return 0;
	while (have < ROOM) {
		n = sys(SYS_read, fd, to + have,
			piece < ROOM - have ? piece : ROOM - have);
		if (n <= 0)
			break;
		have += (u32)n;
	}
	to[have] = 0;
	sys(SYS_close, fd);
	return have;
}

static const char *find(const char *in, const char *what)
{
	u32 i;

	for (; *in; in++) {
		for (i = 0; what[i] && in[i] == what[i]; i++)
			;
		if (!what[i])
			return in;
	}
	return NULL;
}

CASE(reports_of_memory)
{
	CHECK(read_all("/proc/meminfo", text, 100) > 100);
	CHECK(find(text, "MemTotal:") == text);
	CHECK(find(text, "\nMemFree:") != NULL);
	CHECK(read_all("/proc/buddyinfo", text, 7) > 50);
	CHECK(find(text, "Node 0, zone") == text);
	CHECK(read_all("/proc/zoneinfo", text, 1000) > 100);
	CHECK(find(text, "Node 0, zone") == text);
	CHECK(read_all("/proc/vmstat", text, 1000) > 100);
	CHECK(find(text, "nr_free_pages ") || find(text, "pgfault "));
}

CASE(caches_of_objects)
{
	if (!is_swapper())
		return;
	CHECK(read_all("/proc/slabinfo", text, 4096) > 1000);
	CHECK(find(text, "slabinfo - version: 2.1") == text);
	CHECK(find(text, "\nvm_area_struct ") != NULL);
}

CASE(text_stays_as_it_was)
{
	int fd = sys(SYS_open, "/proc/self/maps", O_RDONLY, 0), n, m;
	u8 *p;

	n = sys(SYS_pread64, fd, text, 100, 0, 0);
	CHECK_EQ(n, 100);
	p = map(PAGE);
	m = sys(SYS_pread64, fd, again, 100, 0, 0);
	text[100] = again[100] = 0;
	CHECK_EQ(m, 100);
	CHECK(same(text, again));
	sys(SYS_munmap, p, PAGE);
	sys(SYS_close, fd);
}

CASE(own_areas)
{
	u8 *p = map_at((void *)0x50000000, 3 * PAGE, RW, MAP_FIXED);

	CHECK_EQ(sys(SYS_mprotect, p + PAGE, PAGE, PROT_READ), 0);
	CHECK(read_all("/proc/self/maps", text, 33) > 100);
	CHECK(find(text, "50000000-50001000 rw-p 00000000 00:00 0") != NULL);
	CHECK(find(text, "50001000-50002000 r--p 00000000 00:00 0") != NULL);
	CHECK(find(text, "08048000-") == text);
	CHECK(find(text, "/procfs\n") != NULL);
	CHECK(find(text, "[stack]\n") != NULL);
	sys(SYS_munmap, p, 3 * PAGE);
	CHECK(read_all("/proc/self/maps", text, 33) > 100);
	CHECK(!find(text, "50000000-"));
}

CASE(own_pages)
{
	u8 *p = map_at((void *)0x50000000, 3 * PAGE, RW, MAP_FIXED);
	const char *at;

	p[0] = p[PAGE] = 1;
	CHECK(read_all("/proc/self/smaps", text, 1000) > 100);
	at = find(text, "50000000-50003000 rw-p");
	CHECK(at && find(at, "Size:                 12 kB\n"));
	CHECK(at && find(at, "Rss:                   8 kB\n"));
	CHECK(at && find(at, "Private_Dirty:         8 kB\n"));
	if (is_swapper()) {
		CHECK(read_all("/proc/self/pagemap", text, 1000) > 100);
		at = find(text, "\n50000000 ");
		/* the second letter depends on the machine: NX */
		CHECK(at && find(at, "dap\n50001000 ") ==
		      at + sizeof("\n50000000 ffffffff wx") - 1);
		CHECK(!find(text, "\n50002000 "));
	}
	sys(SYS_munmap, p, 3 * PAGE);
}

/* More than a report has room for at first. */
CASE(long_text)
{
	u8 *p = map(600 * PAGE);
	u32 i, lines = 0;

	for (i = 0; i < 600; i += 2)
		sys(SYS_mprotect, p + i * PAGE, PAGE, PROT_READ);
	CHECK(read_all("/proc/self/maps", text, 4096) > 600 * 40);
	for (i = 0; text[i]; i++)
		lines += text[i] == '\n';
	CHECK(lines >= 600);
	CHECK(find(text, "[stack]\n") != NULL);
	sys(SYS_munmap, p, 600 * PAGE);
}

/* Of a number, also that of another process. */
CASE(of_a_number)
{
	char path[32] = "/proc/", digits[12];
	u32 n = sys(SYS_getpid), i = 0, k = 6;

	do
		digits[i++] = (char)('0' + n % 10);
	while (n /= 10);
	while (i)
		path[k++] = digits[--i];
	memcpy(path + k, "/maps", 6);
	CHECK(read_all(path, text, 1000) > 100);
	CHECK(read_all("/proc/self/../self/maps", again, 1000) > 100);
	CHECK(read_all("/proc/self/maps", again, 1000) > 100);
	CHECK(same(text, again));
}

CASE(what_is_not_there)
{
	CHECK_EQ(sys(SYS_open, "/proc/none", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(sys(SYS_open, "/proc/self/none", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(sys(SYS_open, "/proc/99999999/maps", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(sys(SYS_open, "/proc/self", O_RDWR, 0), -EISDIR);
	CHECK_EQ(sys(SYS_open, "/proc/meminfo/a", O_RDONLY, 0), -ENOTDIR);
	CHECK(sys(SYS_open, "/proc/none", O_RDWR | O_CREAT, 0600) < 0);
	CHECK(sys(SYS_unlink, "/proc/meminfo") < 0);
	CHECK(sys(SYS_rmdir, "/proc") < 0);
}

/* Names of the directory that it finds, a bit each. */
static u32 names_of(const char *path)
{
	static const char *const known[] = {
		"meminfo", "self", "maps", "smaps", "pagemap", "..",
	};
	int fd = sys(SYS_open, path, O_RDONLY | O_DIRECTORY, 0), n, at;
	const struct dirent64 *d;
	u32 found = 0, i;

	while ((n = sys(SYS_getdents64, fd, text, 512)) > 0)
		for (at = 0; at < n; at += d->length) {
			d = (void *)(text + at);
			for (i = 0; i < 6; i++)
				if (same(d->name, known[i]))
					found |= 1U << i;
		}
	CHECK_EQ(n, 0);
	sys(SYS_close, fd);
	return found;
}

CASE(directories)
{
	CHECK_EQ(names_of("/proc"), 0x23);
	CHECK_EQ(names_of("/proc/self") & 0x3c, 0x3c);
	CHECK_EQ(names_of("/proc/self/.."), 0x23);
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(reports_of_memory), LIST(caches_of_objects),
		LIST(text_stays_as_it_was), LIST(own_areas), LIST(own_pages),
		LIST(long_text), LIST(of_a_number), LIST(what_is_not_there),
		LIST(directories),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
