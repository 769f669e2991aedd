/* The prompt: splitting, answers, and the table of commands. */
#include <kernel/lib/errno.h>
#include <kernel/monitor/monitor.h>
#include "ktest.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

static char line[512];
static char *argv[MONITOR_ARGS + 1];

static int split(const char *text)
{
	strlcpy(line, text, sizeof(line));
	return monitor_split(line, argv);
}

/* Runs text as a line; returns what was printed. */
static const char *answer(const char *text)
{
	strlcpy(line, text, sizeof(line));
	record_start();
	monitor_run_line(line);
	return record_stop();
}

TEST(monitor, no_words)
{
	EXPECT_EQ(split(""), 0);
	EXPECT(!argv[0]);
	EXPECT_EQ(split(" \t  "), 0);
	EXPECT(!argv[0]);
}

TEST(monitor, words_between_blanks)
{
	EXPECT_EQ(split("pgtable"), 1);
	EXPECT_STREQ(argv[0], "pgtable");
	EXPECT(!argv[1]);
	EXPECT_EQ(split("  pgtable\t0xc0000000   x "), 3);
	EXPECT_STREQ(argv[0], "pgtable");
	EXPECT_STREQ(argv[1], "0xc0000000");
	EXPECT_STREQ(argv[2], "x");
	EXPECT(!argv[3]);
}

TEST(monitor, as_many_words_as_fit)
{
	REQUIRE(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 ") == 16);
	EXPECT_STREQ(argv[15], "16");
	EXPECT(!argv[16]);
	EXPECT_EQ(split("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"),
		  -E2BIG);
	EXPECT_STREQ(answer("help 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17"),
		     "help: more than 16 words\n");
}

TEST(monitor, empty_line_has_no_answer)
{
	EXPECT_STREQ(answer(""), "");
	EXPECT_STREQ(answer("   "), "");
}

TEST(monitor, unknown_command)
{
	EXPECT_STREQ(answer("foo 1 2"), "foo: unknown command; try help\n");
	EXPECT_STREQ(answer("hel"), "hel: unknown command; try help\n");
	EXPECT_STREQ(answer("helpx"), "helpx: unknown command; try help\n");
}

TEST(monitor, bad_arguments_show_usage)
{
	EXPECT_STREQ(answer("help a b"), "usage: help [NAME]\n");
}

/* The name that a line of help is about, and its next line; NULL at the end. */
static const char *help_name(const char *text, char name[40])
{
	const char *newline = strchr(text, '\n');
	size_t n = 0;

	if (!newline)
		return NULL;
	while (n < 39 && text[n] != ' ' && text[n] != '\n') {
		name[n] = text[n];
		n++;
	}
	name[n] = '\0';
	return newline + 1;
}

static unsigned int times_listed(const char *help, const char *wanted)
{
	unsigned int n = 0;
	char name[40];

	while ((help = help_name(help, name)))
		n += !strcmp(name, wanted);
	return n;
}

TEST(monitor, help_lists_every_command_once)
{
	const char *help = answer("help");
	const struct monitor_command *command;
	unsigned int lines = 0, commands = 0;
	char name[40];

	for (command = __monitor_commands_start;
	     command < __monitor_commands_end; command++, commands++) {
		EXPECT_EQ(times_listed(help, command->name), 1);
		EXPECT(strstr(help, command->help));
	}
	while ((help = help_name(help, name)))
		lines++;
	EXPECT_EQ(lines, commands);
	EXPECT(commands > 0);
}

TEST(monitor, help_is_sorted)
{
	const char *help = answer("help");
	char last[40] = "", name[40];

	while ((help = help_name(help, name))) {
		EXPECT(strcmp(last, name) < 0);
		strlcpy(last, name, sizeof(last));
	}
}

TEST(monitor, help_for_one)
{
	const char *help = answer("help help");
	char name[40];

	EXPECT_EQ(times_listed(help, "help"), 1);
	EXPECT(strstr(help, "help [NAME] "));
	help = help_name(help, name);
	REQUIRE(help);
	EXPECT_STREQ(help, "");
	EXPECT_STREQ(answer("help foo"), "foo: unknown command; try help\n");
}

/* One line of answer each, and help in 80 columns. */
TEST(monitor, commands_are_well_formed)
{
	const struct monitor_command *command;

	for (command = __monitor_commands_start;
	     command < __monitor_commands_end; command++) {
		EXPECT(command->run);
		EXPECT(*command->name && !strchr(command->name, ' '));
		EXPECT(!strchr(command->args, '\n'));
		EXPECT(*command->help && !strchr(command->help, '\n'));
		EXPECT(strlen(command->help) <= 50);
	}
}
