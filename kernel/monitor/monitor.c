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
 * 5. The prompt is a thread. The serial port's handler collects bytes, also
 *    while a command runs, and wakes the thread (serial.c). The thread looks by
 *    itself, too: once a second, and at every tick from when a byte was found
 *    that no interrupt had told of, as the prompt must also answer when
 *    interrupts are what is broken. What did not fit is told before the next
 *    prompt.
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/serial.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/lineedit.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/wait.h>

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

/* --- the thread --- */

static DECLARE_WAIT_QUEUE_HEAD(received);
static bool interrupts_fail;

static void bytes_came(void)
{
	wake_up(&received);
}

/* No interrupt came for some time: is there a byte all the same? */
static void look_by_itself(void)
{
	static u32 interrupts;
	u32 now = serial_counts().interrupts;

	if (serial_poll())
		interrupts_fail = true;
	else if (now != interrupts)
		interrupts_fail = false;
	interrupts = now;
}

/* -1: none came in that time, which is cut to a second. */
static int wait_for_byte_upto(u32 ticks)
{
	int c;

	wait_event_interruptible_timeout(received, (c = serial_getc()) >= 0,
					 min(ticks, interrupts_fail ? 1 : hz));
	if (c < 0)
		look_by_itself();
	return c;
}

static char wait_for_byte(void)
{
	int c;

	while ((c = wait_for_byte_upto(hz)) < 0)
		;
	return (char)c;
}

/* Is it the second half of the end of the command's line? */
static bool is_rest_of_line_end(int c)
{
	bool is = c == '\n' && editor.last_was_cr;

	if (is)
		editor.last_was_cr = false;
	return is;
}

static void tell_losses(void)
{
	static u32 told;
	const struct serial_counts counts = serial_counts();
	u32 lost = counts.dropped + counts.overruns;

	if (lost != told)
		printk("prompt: %u bytes of input came too fast and are "
		       "lost\n", lost - told);
	told = lost;
}

#define ANSWER_SIZE 8U

bool monitor_ask(const char *question)
{
	char answer[ANSWER_SIZE], c;
	u32 n = 0;

	printk("%s (yes or no) ", question);
	for (;;) {
		c = wait_for_byte();
		if (!n && is_rest_of_line_end(c))
			continue;
		if (c == '\r' || c == '\n' || c == 3)
			break;
		if (c < ' ' || c == 0x7f)
			continue;
		serial_write(&c, 1);
		if (n < ANSWER_SIZE - 1)
			answer[n++] = c;
	}
	printk("\n");
	editor.last_was_cr = c == '\r';
	answer[n] = '\0';
	return c != 3 && !strcmp(answer, "yes");
}

bool monitor_key(u32 ticks)
{
	u32 end = jiffies + ticks;

	while (time_before(jiffies, end)) {
		int c = wait_for_byte_upto(end - jiffies);

		if (c < 0 || is_rest_of_line_end(c))
			continue;
		editor.last_was_cr = c == '\r';
		return true;
	}
	return false;
}

static DECLARE_WAIT_QUEUE_HEAD(may_begin);
static volatile bool begun;

static int prompt(void *unused)
{
	enum lineedit_result result;

	/* interruptible: so long a wait is no hung thread */
	wait_event_interruptible(may_begin, begun);
	lineedit_init(&editor, "swapper> ", serial_write);
	for (;;) {
		tell_losses();
		lineedit_start(&editor);
		do
			result = lineedit_feed(&editor, wait_for_byte());
		while (result == LINE_MORE);
		if (result == LINE_DONE)
			monitor_run_line(editor.line);
	}
	return 0;
}


void monitor_init(void)
{
	struct task *task = kthread_run(prompt, NULL, "prompt");

	if (!task)
		panic("no memory for the prompt's thread");
	put_task(task);
}

void monitor(void)
{
	if (!serial_present()) {
		pr_warn("no serial port, hence no prompt; halting\n");
		cpu_halt_forever();
	}
	interrupts_fail = serial_listen(bytes_came) != 0;
	begun = true;
	wake_up(&may_begin);
}
