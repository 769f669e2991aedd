/* The command line: every line is parsed against the scratch table below. */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include "ktest.h"

/* The ledger: exactly n warnings belong to this case. */

/* What printk() prints between the two calls; shared with test_monitor.c. */
void record_start(void);
const char *record_stop(void);

static char recorded[16384];	/* guessed: help prints 30 lines of 80 */
static size_t recorded_len;
static bool recording;

static void record_write(const char *s, size_t n)
{
	if (!recording)
		return;
	n = min(n, sizeof(recorded) - 1 - recorded_len);
	memcpy(recorded + recorded_len, s, n);
	recorded_len += n;
	recorded[recorded_len] = '\0';
}

static struct console recorder = { .name = "record", .write = record_write };

void record_start(void)
{
	static bool registered;

	if (!registered)
		register_console(&recorder);
	registered = true;
	recorded_len = 0;
	recorded[0] = '\0';
	recording = true;
}

const char *record_stop(void)
{
	recording = false;
	return recorded;
}

/* What the handlers saw since the last parse(). */
struct seen {
	unsigned int calls;
	const char *value;	/* the last one */
};

static struct seen mem, memmap, quiet, debug, title, busy;

static int note(struct seen *seen, const char *value)
{
	seen->calls++;
	seen->value = value;
	return 0;
}

static int set_mem(const char *value)
{
	const char *end;
	u64 size;

	note(&mem, value);
	return parse_size(value, &end, &size) || *end ? -EINVAL : 0;
}

static int set_memmap(const char *value)
{
	return note(&memmap, value);
}

static int set_quiet(const char *value)
{
	return note(&quiet, value);
}

static int set_debug(const char *value)
{
	note(&debug, value);
	return strcmp(value, "bad") ? 0 : -EINVAL;
}

static int set_title(const char *value)
{
	return note(&title, value);
}

static int set_busy(const char *value)
{
	note(&busy, value);
	return -EBUSY;
}

static const struct kernel_param table[] = {
	{ "memmap", set_memmap, PARAM_VALUE | PARAM_MANY, "SIZE@START", "" },
	{ "mem", set_mem, PARAM_VALUE, "SIZE", "" },
	{ "quiet", set_quiet, PARAM_FLAG, "", "" },
	{ "debug", set_debug, PARAM_OPTIONAL, "LIST", "" },
	{ "title", set_title, PARAM_VALUE, "TEXT", "" },
	{ "busy", set_busy, PARAM_FLAG, "", "" },
};

static char line[2 * COMMAND_LINE_SIZE + 16];

/* Parses text; returns how many warnings that made. */
static unsigned int parse(const char *text)
{
	unsigned int before = printk_warnings();

	mem = memmap = quiet = debug = title = busy = (struct seen){ 0, "" };
	strlcpy(line, text, sizeof(line));
	record_start();
	parse_options(line, table, table + ARRAY_SIZE(table));
	record_stop();
	return printk_warnings() - before;
}

static unsigned int all_calls(void)
{
	return mem.calls + memmap.calls + quiet.calls + debug.calls +
	       title.calls + busy.calls;
}

TEST(cmdline, nothing_given)
{
	EXPECT_EQ(parse(""), 0);
	EXPECT_EQ(parse(" "), 0);
	EXPECT_EQ(parse("  \t \n \r\v\f "), 0);
	EXPECT_EQ(all_calls(), 0);
}

TEST(cmdline, options_reach_their_handlers)
{
	EXPECT_EQ(parse(" mem=16M\tquiet  debug title=swapper "), 0);
	EXPECT_EQ(mem.calls, 1);
	EXPECT_STREQ(mem.value, "16M");
	EXPECT_EQ(quiet.calls, 1);
	EXPECT_STREQ(quiet.value, "");
	EXPECT_EQ(debug.calls, 1);
	EXPECT_STREQ(debug.value, "");
	EXPECT_STREQ(title.value, "swapper");
	EXPECT_EQ(all_calls(), 4);
}

TEST(cmdline, optional_value)
{
	test_allow_warnings(1);
	EXPECT_EQ(parse("debug=slab,page"), 0);
	EXPECT_STREQ(debug.value, "slab,page");
	EXPECT_EQ(parse("debug=bad"), 1);
	EXPECT_STREQ(recorded, "warning: option debug=bad: "
		     "expected debug[=LIST]; ignored\n");
}

TEST(cmdline, name_is_compared_as_a_whole)
{
	test_allow_warnings(3);
	EXPECT_EQ(parse("me=1 memm=2 Mem=3 mem=4 memmap=5"), 3);
	EXPECT_EQ(mem.calls, 1);
	EXPECT_STREQ(mem.value, "4");
	EXPECT_EQ(memmap.calls, 1);
	EXPECT_STREQ(memmap.value, "5");
}

TEST(cmdline, unknown)
{
	test_allow_warnings(1);
	EXPECT_EQ(parse("foo mem=1M"), 1);
	EXPECT_STREQ(recorded, "warning: option foo is unknown; ignored\n");
	EXPECT_EQ(mem.calls, 1);
}

TEST(cmdline, long_names_are_cut)
{
	test_allow_warnings(1);
	memset(line, 'n', 1000);
	line[1000] = '\0';
	EXPECT_EQ(parse(line), 1);
	EXPECT_STREQ(recorded, "warning: option "
		     "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"
		     " is unknown; ignored\n");
}

TEST(cmdline, refused_value)
{
	test_allow_warnings(2);
	EXPECT_EQ(parse("mem=zzz quiet"), 1);
	EXPECT_STREQ(recorded, "warning: option mem=zzz: "
		     "expected mem=SIZE; ignored\n");
	EXPECT_EQ(quiet.calls, 1);
	EXPECT_EQ(parse("mem="), 1);
	EXPECT_EQ(mem.calls, 1);
	EXPECT_STREQ(mem.value, "");
}

TEST(cmdline, refused_flag)
{
	test_allow_warnings(1);
	EXPECT_EQ(parse("busy"), 1);
	EXPECT_STREQ(recorded, "warning: option busy is refused; ignored\n");
}

TEST(cmdline, flag_with_value)
{
	test_allow_warnings(2);
	EXPECT_EQ(parse("quiet=1"), 1);
	EXPECT_STREQ(recorded, "warning: option quiet=1: "
		     "expected quiet; ignored\n");
	EXPECT_EQ(parse("quiet="), 1);
	EXPECT_EQ(quiet.calls, 0);
}

TEST(cmdline, value_missing)
{
	test_allow_warnings(1);
	EXPECT_EQ(parse("mem"), 1);
	EXPECT_STREQ(recorded, "warning: option mem: "
		     "expected mem=SIZE; ignored\n");
	EXPECT_EQ(mem.calls, 0);
}

TEST(cmdline, first_of_two_counts)
{
	test_allow_warnings(3);
	EXPECT_EQ(parse("mem=1M quiet mem=2M"), 1);
	EXPECT_STREQ(recorded, "warning: option mem is given twice; "
		     "the first counts\n");
	EXPECT_EQ(mem.calls, 1);
	EXPECT_STREQ(mem.value, "1M");
	EXPECT_EQ(parse("quiet quiet quiet"), 2);
	EXPECT_EQ(quiet.calls, 1);
}

TEST(cmdline, ignored_option_does_not_count)
{
	test_allow_warnings(1);
	EXPECT_EQ(parse("mem=zzz mem=2M"), 1);
	EXPECT_EQ(mem.calls, 2);
	EXPECT_STREQ(mem.value, "2M");
}

TEST(cmdline, many_may_be_given)
{
	EXPECT_EQ(parse("memmap=1M@2M memmap=3M@4M memmap=5M@6M"), 0);
	EXPECT_EQ(memmap.calls, 3);
	EXPECT_STREQ(memmap.value, "5M@6M");
}

TEST(cmdline, quotes_keep_blanks)
{
	EXPECT_EQ(parse("title=\"two words\" quiet"), 0);
	EXPECT_STREQ(title.value, "two words");
	EXPECT_EQ(quiet.calls, 1);
	EXPECT_EQ(parse("\"title= a=b \""), 0);
	EXPECT_STREQ(title.value, " a=b ");
	EXPECT_EQ(parse("title=x\" \"y"), 0);
	EXPECT_STREQ(title.value, "x y");
	EXPECT_EQ(parse("title=\"\""), 0);
	EXPECT_EQ(title.calls, 1);
	EXPECT_STREQ(title.value, "");
}

TEST(cmdline, open_quote)
{
	test_allow_warnings(2);
	EXPECT_EQ(parse("quiet title=\"two words"), 1);
	EXPECT_STREQ(recorded, "warning: option title=two words: "
		     "a quote is not closed; ignored\n");
	EXPECT_EQ(title.calls, 0);
	EXPECT_EQ(quiet.calls, 1);
	EXPECT_EQ(parse("\""), 1);
}

TEST(cmdline, no_name)
{
	test_allow_warnings(3);
	EXPECT_EQ(parse("=1M quiet"), 1);
	EXPECT_STREQ(recorded, "warning: option \"=1M\" has no name; "
		     "ignored\n");
	EXPECT_EQ(quiet.calls, 1);
	EXPECT_EQ(parse("\"\" ="), 2);
}

TEST(cmdline, only_the_first_equals_divides)
{
	EXPECT_EQ(parse("title=a=b=c"), 0);
	EXPECT_STREQ(title.value, "a=b=c");
}

static void fill_line(const char *option, size_t len)
{
	size_t n = strlen(option), i;

	for (i = 0; i < len; i++)
		line[i] = option[i % n];
	line[len] = '\0';
}

TEST(cmdline, line_of_4k)
{
	fill_line("memmap=1 ", 9 * 455);
	strlcpy(line + 9 * 455 - 1, " quiet", 7);
	EXPECT(strlen(line) >= 4096);
	EXPECT_EQ(parse(line), 0);
	EXPECT_EQ(memmap.calls, 455);
	EXPECT_STREQ(memmap.value, "1");
	EXPECT_EQ(quiet.calls, 1);
}

static char copy[COMMAND_LINE_SIZE];

/* Copies the line; returns how many warnings that made. */
static unsigned int copy_line(void)
{
	unsigned int before = printk_warnings();

	memset(copy, '#', sizeof(copy));
	record_start();
	copy_command_line(copy, line);
	record_stop();
	return printk_warnings() - before;
}

TEST(cmdline, longest_line_is_kept)
{
	fill_line("memmap=1 ", COMMAND_LINE_SIZE - 1);
	EXPECT_EQ(copy_line(), 0);
	EXPECT_STREQ(copy, line);
	line[0] = '\0';
	EXPECT_EQ(copy_line(), 0);
	EXPECT_STREQ(copy, "");
}

TEST(cmdline, longer_line_is_cut_at_a_blank)
{
	test_allow_warnings(2);
	/* 2048 = 9 * 227 + 5: the last blank stands at 9 * 227 - 1 = 2042 */
	fill_line("memmap=1 ", COMMAND_LINE_SIZE);
	EXPECT_EQ(copy_line(), 1);
	EXPECT_EQ(strlen(copy), 2042);
	EXPECT_EQ(memcmp(copy, line, 2042), 0);
	EXPECT_STREQ(recorded, "warning: the command line has 2048 characters;"
		     " cut after 2042\n");
	/* a blank where the NUL would be: all before it is whole */
	fill_line("memmap=1", COMMAND_LINE_SIZE - 1);
	strlcpy(line + COMMAND_LINE_SIZE - 1, " quiet", 7);
	EXPECT_EQ(copy_line(), 1);
	EXPECT_EQ(strlen(copy), COMMAND_LINE_SIZE - 1);
}

TEST(cmdline, cut_keeps_quoted_values_whole)
{
	test_allow_warnings(1);
	fill_line("a b ", 4096);
	memcpy(line, "quiet title=\"", 13);
	EXPECT_EQ(copy_line(), 1);
	EXPECT_STREQ(copy, "quiet");
}

TEST(cmdline, cut_without_blank_keeps_nothing)
{
	test_allow_warnings(1);
	fill_line("x", 4096);
	EXPECT_EQ(copy_line(), 1);
	EXPECT_STREQ(copy, "");
	EXPECT_STREQ(recorded, "warning: the command line has 4096 characters;"
		     " cut after 0\n");
}

TEST(cmdline, line_that_was_given_is_saved)
{
	EXPECT(strlen(saved_command_line()) < COMMAND_LINE_SIZE);
}

/* Two options of one name would hide each other. */
TEST(cmdline, registered_names_differ)
{
	const struct kernel_param *a, *b;

	for (a = __kernel_params_start; a < __kernel_params_end; a++) {
		EXPECT(*a->name && !strchr(a->name, '='));
		for (b = a + 1; b < __kernel_params_end; b++)
			EXPECT(strcmp(a->name, b->name) != 0);
	}
}
