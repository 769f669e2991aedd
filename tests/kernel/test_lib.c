/*
 * kernel/lib: printf, numbers in text, sort, string, 64-bit division. The
 * expected texts are C99's.
 */
#include "ktest.h"
#include <kernel/base/printk.h>
#include <kernel/lib/checksum.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/sort.h>

/*
 * vsnprintf() by way of no format attribute: the tables hold formats that a
 * compiler rightly warns of.
 */
static int format(char *buf, size_t size, const char *fmt, ...)
{
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(buf, size, fmt, args);
	va_end(args);
	return len;
}

struct int_format {
	const char *fmt;
	int value;
	const char *want;
};

static const struct int_format int_formats[] = {
	{ "%d", 0, "0" },
	{ "%d", 42, "42" },
	{ "%i", -42, "-42" },
	{ "%d", INT32_MAX, "2147483647" },
	{ "%d", INT32_MIN, "-2147483648" },
	{ "%u", -1, "4294967295" },
	{ "%x", 0xbeef, "beef" },
	{ "%X", 0xbeef, "BEEF" },
	{ "%x", -1, "ffffffff" },
	{ "%o", 8, "10" },
	{ "%o", -1, "37777777777" },
	{ "%5d", 42, "   42" },
	{ "%5d", -42, "  -42" },
	{ "%1d", 12345, "12345" },
	{ "%-5d|", 42, "42   |" },
	{ "%05d", 42, "00042" },
	{ "%05d", -42, "-0042" },
	{ "%-05d|", 42, "42   |" },
	{ "%+d", 42, "+42" },
	{ "%+d", -42, "-42" },
	{ "%+d", 0, "+0" },
	{ "% d", 42, " 42" },
	{ "% d", -42, "-42" },
	{ "%+ d", 42, "+42" },
	{ "%+05d", 42, "+0042" },
	{ "%+u", 42, "42" },
	{ "%#x", 0xff, "0xff" },
	{ "%#X", 0xff, "0XFF" },
	{ "%#x", 0, "0" },
	{ "%#010x", 0xff, "0x000000ff" },
	{ "%#10x", 0xff, "      0xff" },
	{ "%-#10x|", 0xff, "0xff      |" },
	{ "%#o", 8, "010" },
	{ "%.5d", 42, "00042" },
	{ "%.5d", -42, "-00042" },
	{ "%8.5d", 42, "   00042" },
	{ "%-8.5d|", 42, "00042   |" },
	{ "%08.5d", 42, "   00042" },
	{ "%.1d", 42, "42" },
	{ "%.0d", 0, "" },
	{ "%.0d", 7, "7" },
	{ "%.d", 0, "" },
	{ "%3.0d", 0, "   " },
	{ "%hhd", 0x1ff, "-1" },
	{ "%hhu", 0x1ff, "255" },
	{ "%hd", 0x18000, "-32768" },
	{ "%hu", -1, "65535" },
	{ "%hhx", -2, "fe" },
	{ "%ld", -42, "-42" },
	{ "%lx", 0xbeef, "beef" },
	{ "%zu", 42, "42" },
	{ "%c", 'x', "x" },
	{ "%3c", 'x', "  x" },
	{ "%-3c|", 'x', "x  |" },
	{ "%%", 0, "%" },
	{ "100%%|%d", 3, "100%|3" },
	{ "plain", 0, "plain" },
	{ "", 0, "" },
	{ "end%", 0, "end" },
	{ "a%db", 1, "a1b" },
};

TEST(printf, ints)
{
	char buf[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(int_formats); i++) {
		const struct int_format *c = &int_formats[i];
		int len = format(buf, sizeof(buf), c->fmt, c->value);

		test_expect_streq(buf, c->want, TEST_SITE_(c->fmt));
		test_expect_eq(len, strlen(c->want), TEST_SITE_(c->fmt));
	}
}

struct wide_format {
	const char *fmt;
	u64 value;
	const char *want;
};

static const struct wide_format wide_formats[] = {
	{ "%llu", 0, "0" },
	{ "%llu", 4294967296, "4294967296" },
	{ "%llu", UINT64_MAX, "18446744073709551615" },
	{ "%lld", UINT64_MAX, "-1" },
	{ "%lld", INT64_MAX, "9223372036854775807" },
	{ "%lld", (u64)1 << 63, "-9223372036854775808" },
	{ "%llx", 0x123456789abcdef0, "123456789abcdef0" },
	{ "%llX", 0x123456789abcdef0, "123456789ABCDEF0" },
	{ "%016llx", 0xfee00000, "00000000fee00000" },
	{ "%#018llx", 0xfee00000, "0x00000000fee00000" },
	{ "%llo", UINT64_MAX, "1777777777777777777777" },
	{ "%24llu|", UINT64_MAX, "    18446744073709551615|" },
	{ "%-24llu|", UINT64_MAX, "18446744073709551615    |" },
	{ "%+lld", 5000000000, "+5000000000" },
	{ "%.25llu", 10000000000, "0000000000000010000000000" },
};

TEST(printf, 64_bits)
{
	char buf[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(wide_formats); i++) {
		const struct wide_format *c = &wide_formats[i];
		int len = format(buf, sizeof(buf), c->fmt, c->value);

		test_expect_streq(buf, c->want, TEST_SITE_(c->fmt));
		test_expect_eq(len, strlen(c->want), TEST_SITE_(c->fmt));
	}
}

struct text_format {
	const char *fmt, *value, *want;
};

static const struct text_format text_formats[] = {
	{ "%s", "buddy", "buddy" },
	{ "%s", "", "" },
	{ "%s", NULL, "(null)" },
	{ "%8s", "buddy", "   buddy" },
	{ "%-8s|", "buddy", "buddy   |" },
	{ "%2s", "buddy", "buddy" },
	{ "%.3s", "buddy", "bud" },
	{ "%.0s", "buddy", "" },
	{ "%.9s", "buddy", "buddy" },
	{ "%5.2s|", "buddy", "   bu|" },
	{ "%-5.2s|", "buddy", "bu   |" },
	{ "<%s>", "a%db", "<a%db>" },
};

TEST(printf, texts)
{
	char buf[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(text_formats); i++) {
		const struct text_format *c = &text_formats[i];
		int len = format(buf, sizeof(buf), c->fmt, c->value);

		test_expect_streq(buf, c->want, TEST_SITE_(c->fmt));
		test_expect_eq(len, strlen(c->want), TEST_SITE_(c->fmt));
	}
}

/* Without a NUL behind them: the precision must stop the reading. */
TEST(printf, precision_bounds_the_reading)
{
	static const char raw[3] = { 'E', '8', '2' };
	char buf[8];

	snprintf(buf, sizeof(buf), "%.3s", raw);
	EXPECT_STREQ(buf, "E82");
}

TEST(printf, star_and_several)
{
	char buf[64];

	snprintf(buf, sizeof(buf), "%*d|%-*d|%.*d", 4, 1, 4, 2, 3, 3);
	EXPECT_STREQ(buf, "   1|2   |003");
	snprintf(buf, sizeof(buf), "%*d|%.*d", -4, 1, -1, 3);
	EXPECT_STREQ(buf, "1   |3");
	snprintf(buf, sizeof(buf), "%*.*s|", 5, 2, "abc");
	EXPECT_STREQ(buf, "   ab|");
	snprintf(buf, sizeof(buf), "%d %llx %s %c %u", -1, 1ULL << 32, "s",
		 'c', 7U);
	EXPECT_STREQ(buf, "-1 100000000 s c 7");
}

TEST(printf, pointers)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%p", (void *)0xc0100000);
	EXPECT_STREQ(buf, "0xc0100000");
	snprintf(buf, sizeof(buf), "%p", (void *)0x10);
	EXPECT_STREQ(buf, "0x00000010");
	snprintf(buf, sizeof(buf), "%p", NULL);
	EXPECT_STREQ(buf, "0x00000000");
}

/* Every size from 0 on: what is written, the NUL, the length, the guard. */
TEST(printf, truncation)
{
	static const char whole[] = "-000042 buddy";
	char buf[20], want[20];
	size_t size;

	for (size = 0; size < 18; size++) {
		memset(buf, '#', sizeof(buf));
		memset(want, '#', sizeof(want));
		EXPECT_EQ(format(buf, size, "%07d %s", -42, "buddy"), 13);
		if (size) {
			size_t n = min(size - 1, sizeof(whole) - 1);

			memcpy(want, whole, n);
			want[n] = '\0';
		}
		EXPECT_EQ(memcmp(buf, want, sizeof(buf)), 0);
	}
	EXPECT_EQ(format(NULL, 0, "%s", "only the length"), 15);
}

struct number_case {
	const char *text;
	int err;
	u64 value;
	unsigned int used;	/* characters of the number */
};

static const struct number_case u64_cases[] = {
	{ "0", 0, 0, 1 },
	{ "42", 0, 42, 2 },
	{ "42x", 0, 42, 2 },
	{ "010", 0, 8, 3 },
	{ "08", 0, 0, 1 },
	{ "0x1F", 0, 31, 4 },
	{ "0XfFg", 0, 255, 4 },
	{ "4294967296", 0, 4294967296, 10 },
	{ "18446744073709551615", 0, UINT64_MAX, 20 },
	{ "0xffffffffffffffff", 0, UINT64_MAX, 18 },
	{ "01777777777777777777777", 0, UINT64_MAX, 23 },
	{ "0x00000000000000000001", 0, 1, 22 },
	{ "18446744073709551616", -ERANGE, 0, 0 },
	{ "0x10000000000000000", -ERANGE, 0, 0 },
	{ "02000000000000000000000", -ERANGE, 0, 0 },
	{ "99999999999999999999999", -ERANGE, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ "x", -EINVAL, 0, 0 },
	{ "0x", -EINVAL, 0, 0 },
	{ "0xg", -EINVAL, 0, 0 },
	{ " 1", -EINVAL, 0, 0 },
	{ "-1", -EINVAL, 0, 0 },
	{ "+1", -EINVAL, 0, 0 },
	{ "a", -EINVAL, 0, 0 },
};

static const struct number_case size_cases[] = {
	{ "0", 0, 0, 1 },
	{ "512", 0, 512, 3 },
	{ "1k", 0, 1024, 2 },
	{ "1K", 0, 1024, 2 },
	{ "16M@", 0, 16 << 20, 3 },
	{ "64m", 0, 64 << 20, 3 },
	{ "4G", 0, 4294967296, 2 },
	{ "1g", 0, 1 << 30, 2 },
	{ "1T", 0, 1099511627776, 2 },
	{ "2t", 0, 2199023255552, 2 },
	{ "0x10K", 0, 16384, 5 },
	{ "1KK", 0, 1024, 2 },
	{ "1KB", 0, 1024, 2 },
	{ "0T", 0, 0, 2 },
	{ "1P", 0, 1, 1 },
	{ "16777215T", 0, (u64)16777215 << 40, 9 },
	{ "18014398509481983K", 0, (u64)18014398509481983 << 10, 18 },
	{ "16777216T", -ERANGE, 0, 0 },
	{ "18014398509481984K", -ERANGE, 0, 0 },
	{ "18446744073709551616", -ERANGE, 0, 0 },
	{ "K", -EINVAL, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ "-1K", -EINVAL, 0, 0 },
};

static const struct number_case hex_cases[] = {
	{ "0", 0, 0, 0 },
	{ "c0100000", 0, 0xc0100000, 0 },
	{ "0xC0100000", 0, 0xc0100000, 0 },
	{ "0Xf", 0, 15, 0 },
	{ "ffffffffffffffff", 0, UINT64_MAX, 0 },
	{ "010", 0, 16, 0 },
	{ "10000000000000000", -ERANGE, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ "0x", -EINVAL, 0, 0 },
	{ "12g", -EINVAL, 0, 0 },
	{ "12 ", -EINVAL, 0, 0 },
	{ "0x0x1", -EINVAL, 0, 0 },
};

#define NOT_STORED 0x5a5a5a5a5a5a5a5a

static void number_cases(const struct number_case *c, size_t n,
			 int (*parse)(const char *, const char **, u64 *))
{
	for (; n; n--, c++) {
		const char *end = NULL;
		u64 value = NOT_STORED;

		test_expect_eq(parse(c->text, &end, &value), c->err,
			       TEST_SITE_(c->text));
		test_expect_eq(value, c->err ? NOT_STORED : c->value,
			       TEST_SITE_(c->text));
		test_expect(end == (c->err ? NULL : c->text + c->used),
			    TEST_SITE_(c->text));
		test_expect_eq(parse(c->text, NULL, &value), c->err,
			       TEST_SITE_(c->text));
	}
}

TEST(parse, u64)
{
	number_cases(u64_cases, ARRAY_SIZE(u64_cases), parse_u64);
}

TEST(parse, size)
{
	number_cases(size_cases, ARRAY_SIZE(size_cases), parse_size);
}

TEST(parse, hex)
{
	const struct number_case *c = hex_cases;
	size_t n = ARRAY_SIZE(hex_cases);

	for (; n; n--, c++) {
		u64 value = NOT_STORED;

		test_expect_eq(parse_hex(c->text, &value), c->err,
			       TEST_SITE_(c->text));
		test_expect_eq(value, c->err ? NOT_STORED : c->value,
			       TEST_SITE_(c->text));
	}
}

TEST(math64, division_by_a_small_number)
{
	u16 rem;

	EXPECT_EQ(div_u64_rem16(0, 10, &rem), 0);
	EXPECT_EQ(rem, 0);
	EXPECT_EQ(div_u64_rem16(UINT64_MAX, 10, &rem), 1844674407370955161);
	EXPECT_EQ(rem, 5);
	EXPECT_EQ(div_u64_rem16(UINT64_MAX, 65535, &rem), 0x0001000100010001);
	EXPECT_EQ(rem, 0);
	EXPECT_EQ(div_u64_rem16(UINT64_MAX, 1, &rem), UINT64_MAX);
	EXPECT_EQ(rem, 0);
	EXPECT_EQ(div_u64_rem16(999, 1000, &rem), 0);
	EXPECT_EQ(rem, 999);
}

TEST(math64, division_by_any_number)
{
	EXPECT_EQ(div_u64(0, 1), 0);
	EXPECT_EQ(div_u64(UINT64_MAX, 1), UINT64_MAX);
	EXPECT_EQ(div_u64(UINT64_MAX, UINT32_MAX), 0x100000001);
	EXPECT_EQ(div_u64(0xfffffffeffffffff, UINT32_MAX), 0xffffffff);
	EXPECT_EQ(div_u64(0x123456789abcdef0, 1000), 0x4a90be587de6e);
	EXPECT_EQ(div_u64(999, 1000), 0);
}

TEST(checksum, byte_sum)
{
	static const u8 bytes[] = { 0xff, 2, 0x7f, 0x80 };

	EXPECT_EQ(byte_sum(bytes, 0), 0);
	EXPECT_EQ(byte_sum(bytes, 1), 0xff);
	EXPECT_EQ(byte_sum(bytes, 2), 1);
	EXPECT_EQ(byte_sum(bytes, 4), 0);
}

#define SORT_MOST 200
#define SEED 20260119

/* serial: which of equal keys this is; weight: is each there still once? */
struct element {
	u32 key;
	u32 weight;
	u32 serial;
};

static struct element elements[SORT_MOST];
static u32 random_state;

static u32 random_below(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 16) % n;
}

static int by_key(const void *a, const void *b)
{
	const struct element *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

/* In order, and the very elements that were put in. */
static bool sorted(u32 n, u32 weights)
{
	u32 i, sum = 0;

	for (i = 0; i < n; i++) {
		sum += elements[i].weight;
		if (elements[i].weight != elements[i].serial * 7919 + 1)
			return false;
		if (i && elements[i - 1].key > elements[i].key)
			return false;
	}
	return sum == weights;
}

static bool sort_random(u32 n, u32 keys)
{
	u32 i, sum = 0;

	for (i = 0; i < n; i++) {
		elements[i] = (struct element){
			.key = random_below(keys), .serial = i,
			.weight = i * 7919 + 1,
		};
		sum += elements[i].weight;
	}
	sort(elements, n, sizeof(elements[0]), by_key);
	return sorted(n, sum);
}

/* 0, 1, 2, 3 ... elements, with many equal keys and with few. */
TEST(sort, random_elements)
{
	u32 n;

	random_state = SEED;
	for (n = 0; n < SORT_MOST; n += 1 + n / 16) {
		if (!EXPECT(sort_random(n, 5)) ||
		    !EXPECT(sort_random(n, 60000)))
			printk("# seed %u, %u elements\n", SEED,
			       (unsigned int)n);
	}
}

static int by_byte(const void *a, const void *b)
{
	return *(const u8 *)a - *(const u8 *)b;
}

/* Ascending, descending, all equal, and nothing outside is touched. */
TEST(sort, bytes)
{
	char up[] = "<abcdefgh>", down[] = "<hgfedcba>", same[] = "<aaaa>";
	char two[] = "<ba>", one[] = "<z>", none[] = "<>";

	sort(up + 1, 8, 1, by_byte);
	EXPECT_STREQ(up, "<abcdefgh>");
	sort(down + 1, 8, 1, by_byte);
	EXPECT_STREQ(down, "<abcdefgh>");
	sort(same + 1, 4, 1, by_byte);
	EXPECT_STREQ(same, "<aaaa>");
	sort(two + 1, 2, 1, by_byte);
	EXPECT_STREQ(two, "<ab>");
	sort(one + 1, 1, 1, by_byte);
	EXPECT_STREQ(one, "<z>");
	sort(none + 1, 0, 1, by_byte);
	EXPECT_STREQ(none, "<>");
}

#define ARENA 96

static u8 arena[ARENA], wanted[ARENA];

/* Both hold 0 1 2 3 ... : no two bytes are alike. */
static void number_bytes(void)
{
	u32 i;

	for (i = 0; i < ARENA; i++) {
		arena[i] = i;
		wanted[i] = i;
	}
}

static bool as_wanted(void)
{
	u32 i;

	for (i = 0; i < ARENA; i++)
		if (arena[i] != wanted[i])
			return false;
	return true;
}

/* Every length and both alignments: words, the rest, and no byte more. */
TEST(string, memcpy)
{
	u32 n, to, from, i;
	bool ok = true;

	for (n = 0; n < 21; n++)
		for (to = 40; to < 44; to++)
			for (from = 4; from < 8; from++) {
				number_bytes();
				for (i = 0; i < n; i++)
					wanted[to + i] = from + i;
				ok &= memcpy(arena + to, arena + from, n) ==
				      arena + to;
				ok &= as_wanted();
			}
	EXPECT(ok);
}

/* Every distance from -24 to +24: the whole overlaps, a part, or nothing. */
TEST(string, memmove_overlap)
{
	u32 n, to, i;
	bool ok = true;

	for (n = 0; n < 23; n++)
		for (to = 16; to <= 64; to++) {
			number_bytes();
			for (i = 0; i < n; i++)
				wanted[to + i] = 40 + i;
			ok &= memmove(arena + to, arena + 40, n) == arena + to;
			ok &= as_wanted();
		}
	EXPECT(ok);
}

TEST(string, memset)
{
	u32 n, to, i;
	bool ok = true;

	for (n = 0; n < 21; n++)
		for (to = 40; to < 44; to++) {
			number_bytes();
			for (i = 0; i < n; i++)
				wanted[to + i] = 0xa5;
			ok &= memset(arena + to, 0x5a5, n) == arena + to;
			ok &= as_wanted();
		}
	EXPECT(ok);
}

TEST(string, memcmp)
{
	EXPECT(memcmp("abc", "abd", 3) < 0);
	EXPECT(memcmp("abd", "abc", 3) > 0);
	EXPECT_EQ(memcmp("abc", "abd", 2), 0);
	EXPECT_EQ(memcmp("a", "b", 0), 0);
	EXPECT(memcmp("\x80", "\x7f", 1) > 0);
	EXPECT(memcmp("a\0b", "a\0c", 3) < 0);
}

TEST(string, lengths)
{
	EXPECT_EQ(strlen(""), 0);
	EXPECT_EQ(strlen("buddy"), 5);
	EXPECT_EQ(strnlen("buddy", 9), 5);
	EXPECT_EQ(strnlen("buddy", 5), 5);
	EXPECT_EQ(strnlen("buddy", 3), 3);
	EXPECT_EQ(strnlen("buddy", 0), 0);
}

TEST(string, comparisons)
{
	EXPECT_EQ(strcmp("", ""), 0);
	EXPECT_EQ(strcmp("slab", "slab"), 0);
	EXPECT(strcmp("slab", "slac") < 0);
	EXPECT(strcmp("slab", "sla") > 0);
	EXPECT(strcmp("", "a") < 0);
	EXPECT(strcmp("\x80", "\x7f") > 0);
	EXPECT_EQ(strncmp("slab", "slac", 3), 0);
	EXPECT(strncmp("slab", "slac", 4) < 0);
	EXPECT_EQ(strncmp("slab", "slab", 99), 0);
	EXPECT_EQ(strncmp("a", "b", 0), 0);
	EXPECT_EQ(strncmp("a\0b", "a\0c", 3), 0);
}

TEST(string, searches)
{
	static const char text[] = "mem=64M quiet";

	EXPECT(strchr(text, '=') == text + 3);
	EXPECT(strchr(text, 'm') == text);
	EXPECT(strchr(text, 'z') == NULL);
	EXPECT(strchr(text, '\0') == text + 13);
	EXPECT(strstr(text, "64M") == text + 4);
	EXPECT(strstr(text, "mem") == text);
	EXPECT(strstr(text, "quiet") == text + 8);
	EXPECT(strstr(text, "quiets") == NULL);
	EXPECT(strstr(text, "") == text);
	EXPECT(strstr("", "") != NULL);
	EXPECT(strstr("", "a") == NULL);
	EXPECT(strstr("aaab", "aab") != NULL);
}

TEST(string, strlcpy)
{
	char buf[8] = "#######";

	EXPECT_EQ(strlcpy(buf, "buddy", 8), 5);
	EXPECT_STREQ(buf, "buddy");
	EXPECT_EQ(buf[6], '#');
	EXPECT_EQ(strlcpy(buf, "watermark", 8), 9);
	EXPECT_STREQ(buf, "waterma");
	EXPECT_EQ(strlcpy(buf, "slab", 5), 4);
	EXPECT_STREQ(buf, "slab");
	EXPECT_EQ(strlcpy(buf, "slab", 4), 4);
	EXPECT_STREQ(buf, "sla");
	EXPECT_EQ(strlcpy(buf, "x", 1), 1);
	EXPECT_STREQ(buf, "");
}
