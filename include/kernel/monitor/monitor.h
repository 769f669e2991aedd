/*
 * The prompt on the serial console: commands are registered where they are
 * written, through a linker section.
 *
 *	static int cmd_mem(int argc, char **argv) { ... return 0; }
 *	MONITOR_COMMAND(mem, "", "who owns every range of RAM", cmd_mem);
 *
 * A handler gets argv[0] = the command's name; it returns 0, or -EINVAL for
 * arguments that it cannot use: the prompt then prints the usage line, so the
 * handler prints nothing in that case (or one line that says more). Any other
 * errno is printed as a number. It may print, and may take its time; Ctrl-C is
 * only seen between commands. argv[argc] is NULL.
 */
#ifndef KERNEL_MONITOR_MONITOR_H
#define KERNEL_MONITOR_MONITOR_H

#include <kernel/lib/compiler.h>
#include <kernel/lib/types.h>

struct monitor_command {
	const char *name;
	const char *args;	/* as usage shows them, e.g. "ADDR" */
	const char *help;	/* one line */
	int (*run)(int argc, char **argv);
};

#define MONITOR_COMMAND(name_, args_, help_, run_)			\
	static const struct monitor_command command_##name_		\
	__used __section(".monitor_commands") __aligned(4) = {		\
		.name = #name_, .args = (args_), .help = (help_),	\
		.run = (run_),						\
	}

extern const struct monitor_command __monitor_commands_start[];
extern const struct monitor_command __monitor_commands_end[];

#define MONITOR_ARGS 16	/* guessed: words of one line, with the command */

/*
 * Splits line in place at its blanks; argv ends with a NULL. Returns how many
 * words there are, or -E2BIG if they are more than MONITOR_ARGS. Pure.
 */
int monitor_split(char *line, char *argv[MONITOR_ARGS + 1]);

/*
 * Runs one line, which is changed; unknown commands and bad arguments get one
 * line of answer. A command may call it again.
 */
void monitor_run_line(char *line);

/*
 * Asks, and reads a line: is it "yes"? Anything else is no, Ctrl-C too. Only
 * from a command that was typed at the prompt.
 */
bool monitor_ask(const char *question);

/* Waits for a key, so many ticks at most: did one come? It is used up. As
 * monitor_ask(). */
bool monitor_key(u32 ticks);

/* Makes the thread that will read and run lines: before anything may be made to
 * fail. Once, in boot. */
void monitor_init(void);

/* It begins. Without a serial port the machine halts. Once, at the end. */
void monitor(void);

#endif
