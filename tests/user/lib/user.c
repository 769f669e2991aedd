#include "user.h"

/* --- strings --- */

void *memset(void *to, int c, size_t n)
{
	u8 *p = to;

	while (n--)
		*p++ = (u8)c;
	return to;
}

void *memcpy(void *to, const void *from, size_t n)
{
	const u8 *q = from;
	u8 *p = to;

	while (n--)
		*p++ = *q++;
	return to;
}

int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

u32 number(const char *text)
{
	u32 n = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (u32)(*text - '0');
	return n;
}

/* --- printing --- */

static char line[256];
static u32 used;

static void put(char c)
{
	if (used < sizeof(line))
		line[used++] = c;
}

static void put_number(u32 n, u32 base)
{
	char digit[12];
	u32 i = 0;

	do
		digit[i++] = "0123456789abcdef"[n % base];
	while (n /= base);
	while (i)
		put(digit[--i]);
}

static void put_value(char kind, va_list *args)
{
	const char *s;
	int d;

	switch (kind) {
	case 's':
		for (s = va_arg(*args, const char *); *s; s++)
			put(*s);
		return;
	case 'd':
		d = va_arg(*args, int);
		if (d < 0)
			put('-');
		put_number(d < 0 ? 0 - (u32)d : (u32)d, 10);
		return;
	case 'u':
		put_number(va_arg(*args, u32), 10);
		return;
	case 'x':
		put_number(va_arg(*args, u32), 16);
		return;
	}
	put(kind);
}

void print(const char *fmt, ...)
{
	va_list args;

	used = 0;
	va_start(args, fmt);
	for (; *fmt; fmt++) {
		if (*fmt == '%')
			put_value(*++fmt, &args);
		else
			put(*fmt);
	}
	va_end(args);
	sys(SYS_write, 1, line, used);
}

void quit(int status)
{
	for (;;)
		sys(SYS_exit_group, status);
}

/* --- memory --- */

u8 *map_at(void *at, u32 bytes, int prot, int flags)
{
	return (u8 *)sys(SYS_mmap2, at, bytes, prot,
			 MAP_PRIVATE | MAP_ANON | flags, -1, 0);
}

int can_read(const void *p)
{
	/* no time at all to sleep */
	return sys(SYS_nanosleep, p, NULL) != -EFAULT;
}

int can_write(void *p)
{
	return sys(SYS_gettimeofday, p, NULL) != -EFAULT;
}

int is_swapper(void)
{
	char names[6 * 65];

	return !sys(SYS_uname, names) && same(names, "swapper");
}

u32 random_below(u32 n)
{
	static u32 seed = 1;

	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

/* --- pages that verify themselves --- */

static u32 first_word(u32 number, u32 generation)
{
	return number * 0x9e3779b1U ^ generation * 0x85ebca6bU;
}

void fill_page(void *page, u32 number, u32 generation)
{
	u32 *word = page, value = first_word(number, generation), i;

	for (i = 0; i < PAGE / 4; i++, value += 0xc2b2ae35U)
		word[i] = value;
	word[0] = number;
	word[1] = generation;
	word[2] = PAGE_MAGIC;
}

u32 bad_words(const void *page, u32 number, u32 generation)
{
	u32 value = first_word(number, generation) + 3 * 0xc2b2ae35U;
	const u32 *word = page;
	u32 i, bad = (word[0] != number) + (word[1] != generation) +
		     (word[2] != PAGE_MAGIC);

	for (i = 3; i < PAGE / 4; i++, value += 0xc2b2ae35U)
		bad += word[i] != value;
	return bad;
}

/* --- time --- */

/* CPUID is there if bit 21 of EFLAGS can be changed (SDM 1, 3.4.3.3). */
static int has_counter(void)
{
	u32 before, after, a = 1, b, c, d;

	__asm__ volatile("pushfl; popl %0; movl %0, %1; xorl $0x200000, %1\n\t"
			 "pushl %1; popfl; pushfl; popl %1; pushl %0; popfl"
			 : "=&r"(before), "=&r"(after));
	if (!((before ^ after) & 0x200000))
		return 0;
	__asm__("cpuid" : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	return d >> 4 & 1;
}

u64 now(void)
{
	static int counter = -1;
	u32 low, high;

	if (counter < 0)
		counter = has_counter();
	if (!counter)
		return 0;
	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/* --- /proc/vmstat --- */

static int begins(const char *line, const char *with)
{
	while (*with && *line == *with)
		line++, with++;
	return !*with;
}

static u32 value_of(const char *at)
{
	while (*at && *at != ' ' && *at != '\n')
		at++;
	return *at == ' ' ? number(at + 1) : 0;
}

u32 vmstat(const char *name)
{
	static char text[16384];
	int fd = sys(SYS_open, "/proc/vmstat", O_RDONLY, 0), n;
	u32 have = 0, sum = 0, i;

	while (have < sizeof(text) - 1 &&
	       (n = sys(SYS_read, fd, text + have,
			sizeof(text) - 1 - have)) > 0)
		have += (u32)n;
	sys(SYS_close, fd);
	text[have] = 0;
	for (i = 0; i < have; i++)
		if ((!i || text[i - 1] == '\n') && begins(text + i, name))
			sum += value_of(text + i);
	return sum;
}

/* --- children --- */

int in_child(void (*fn)(void *arg), void *arg)
{
	int status = -1, pid = sys(SYS_fork);

	if (!pid) {
		failures = 0;
		fn(arg);
		quit(failures ? 1 : 0);
	}
	if (!CHECK(pid > 0))
		return -1;
	CHECK_EQ(sys(SYS_waitpid, pid, &status, 0), pid);
	return how(status);
}

/* --- cases --- */

int failures;

int check(int ok, long got, long want, const char *text, int where)
{
	if (ok)
		return 1;
	failures++;
	print("# line %d: %s: got %d (%x), want %d (%x)\n", where, text,
	      (int)got, (u32)got, (int)want, (u32)want);
	return 0;
}

int run_cases(const struct user_case *cases, u32 n)
{
	u32 i, bad = 0;

	print("KTAP version 1\n1..%u\n", n);
	for (i = 0; i < n; i++) {
		failures = 0;
		cases[i].run();
		print("%s %u %s\n", failures ? "not ok" : "ok", i + 1,
		      cases[i].name);
		bad += !!failures;
	}
	return bad ? 1 : 0;
}
