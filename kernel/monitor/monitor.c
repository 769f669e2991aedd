/*
 * The prompt on the serial console.
 *
 * 1. What for. Whoever studies the kernel asks it: what does the buddy system
 *    hold, what maps this address. A report registers its command where it is
 *    written (section .monitor_commands); this file, above all of them, knows
 *    none but `help`.
 *
 * 2. A line is words between blanks: the command and its arguments. There are
 *    no quotes, variables or abbreviations. The words are cut in place and argv
 *    stands on the stack, so a command (a test, say) may run a line itself.
 *
 * 3. Answers. A command's own output; or, one line each,
 *
 *	foo: unknown command; try help	  not in the table
 *	usage: pgtable ADDR		  -EINVAL
 *	foo: more than 16 words		  -E2BIG from the splitting
 *	foo: error 12			  any other errno
 *
 * 4. The order of help is by name. The section's order is the linker's; with
 *    some 30 entries, looking for the next name each time is quicker than it
 *    would be to keep a sorted copy right.
 *
 * 5. Input is polled: the prompt is the idle work of a kernel that has nothing
 *    else to do, and must also answer when interrupts are what is broken. While
 *    a command runs nobody reads; the UART's FIFO keeps what fits.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/serial.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/lineedit.h>
#include <kernel/monitor/monitor.h>

#define HELP_COLUMN 28	/* guessed: leaves 50 columns for the sentence */

static struct lineedit editor;

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

int monitor_split(char *line, char *argv[MONITOR_ARGS + 1])
{
	int argc = 0;

	for (;;) {
		while (is_blank(*line))
			*line++ = '\0';
		if (!*line)
			break;
		if (argc == MONITOR_ARGS)
			return -E2BIG;
		argv[argc++] = line;
		while (*line && !is_blank(*line))
			line++;
	}
	argv[argc] = NULL;
	return argc;
}

static const struct monitor_command *find_command(const char *name)
{
	const struct monitor_command *command;

	for (command = __monitor_commands_start;
	     command < __monitor_commands_end; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}

/* The command that follows in the order of names; NULL: the first of all. */
static const struct monitor_command *
next_command(const struct monitor_command *last)
{
	const struct monitor_command *command, *best = NULL;

	for (command = __monitor_commands_start;
	     command < __monitor_commands_end; command++) {
		if (last && strcmp(command->name, last->name) <= 0)
			continue;
		if (!best || strcmp(command->name, best->name) < 0)
			best = command;
	}
	return best;
}

static const char *blank_before_args(const struct monitor_command *command)
{
	return *command->args ? " " : "";
}

static void print_usage(const struct monitor_command *command)
{
	printk("usage: %s%s%s\n", command->name, blank_before_args(command),
	       command->args);
}

static void print_unknown(const char *name)
{
	printk("%.40s: unknown command; try help\n", name);
}

static void print_help(const struct monitor_command *command)
{
	const char *blank = blank_before_args(command);
	size_t used = strlen(command->name) + strlen(blank) +
		      strlen(command->args);
	int pad = used < HELP_COLUMN ? (int)(HELP_COLUMN - used) : 0;

	printk("%s%s%s%*s  %s\n", command->name, blank, command->args,
	       pad, "", command->help);
}

static int cmd_help(int argc, char **argv)
{
	const struct monitor_command *command = NULL;

	if (argc > 2)
		return -EINVAL;
	if (argc == 2) {
		command = find_command(argv[1]);
		if (command)
			print_help(command);
		else
			print_unknown(argv[1]);
		return 0;
	}
	while ((command = next_command(command)))
		print_help(command);
	return 0;
}
MONITOR_COMMAND(help, "[NAME]", "the commands, or one of them", cmd_help);

void monitor_run_line(char *line)
{
	char *argv[MONITOR_ARGS + 1];
	const struct monitor_command *command;
	int argc, err;

	argc = monitor_split(line, argv);
	if (argc == -E2BIG)
		printk("%.40s: more than %d words\n", argv[0], MONITOR_ARGS);
	if (argc <= 0)
		return;
	command = find_command(argv[0]);
	if (!command) {
		print_unknown(argv[0]);
		return;
	}
	err = command->run(argc, argv);
	if (err == -EINVAL)
		print_usage(command);
	else if (err)
		printk("%s: error %d\n", command->name, -err);
}

static char wait_for_byte(void)
{
	int c;

	while ((c = serial_getc()) < 0)
		cpu_relax();
	return (char)c;
}

void monitor(void)
{
	enum lineedit_result result;

	if (!serial_present()) {
		pr_warn("no serial port, hence no prompt; halting\n");
		cpu_halt_forever();
	}
	lineedit_init(&editor, "swapper> ", serial_write);
	for (;;) {
		lineedit_start(&editor);
		do
			result = lineedit_feed(&editor, wait_for_byte());
		while (result == LINE_MORE);
		if (result == LINE_DONE)
			monitor_run_line(editor.line);
	}
}
