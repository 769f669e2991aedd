/*
 * The kernel command line: `name`, `name=value`, separated by blanks.
 *
 * Whoever wants an option declares it where it is used:
 *
 *	static int set_mem(const char *value) { ... }
 *	KERNEL_PARAM(mem, "mem", set_mem, PARAM_VALUE, "SIZE",
 *		     "use only the first SIZE of RAM");
 *
 * The handler runs once, before memory is set up: it may record the value and
 * nothing else. It returns 0, or a negative errno for a value that it refuses,
 * which is then reported with `form` as what was expected, and ignored. The
 * value is never NULL ("" where none was given, and for `name=`) and lives for
 * good. Double quotes keep blanks inside a value and are themselves removed.
 *
 * Reported and ignored: unknown names, values that are refused, an option given
 * twice (the first one that was accepted counts) unless PARAM_MANY allows it, a
 * value where none belongs or none where one does, a quote that is not closed,
 * and what is longer than COMMAND_LINE_SIZE - 1 characters (cut at the last
 * blank before that which stands outside quotes).
 */
#ifndef KERNEL_BASE_CMDLINE_H
#define KERNEL_BASE_CMDLINE_H

#include <kernel/lib/compiler.h>

#define COMMAND_LINE_SIZE 2048	/* the reference's later value */

enum {
	PARAM_FLAG = 0,		/* a name alone */
	PARAM_VALUE = 1,	/* name=value */
	PARAM_MANY = 2,		/* may be given more than once */
	PARAM_OPTIONAL = 4,	/* name or name=value */
};

struct kernel_param {
	const char *name;
	int (*set)(const char *value);
	unsigned int flags;
	const char *form;	/* what a value looks like, for messages */
	const char *help;
};

#define KERNEL_PARAM(id, name_, set_, flags_, form_, help_)		\
	static const struct kernel_param param_##id			\
	__used __section(".kernel_params") __aligned(4) = {		\
		.name = (name_), .set = (set_), .flags = (flags_),	\
		.form = (form_), .help = (help_),			\
	}

extern const struct kernel_param __kernel_params_start[];
extern const struct kernel_param __kernel_params_end[];

/* Copies line, splits it and calls the handlers. Once, early in boot. */
void parse_command_line(const char *line);

/*
 * A scratch table instead of the registered one: for tests. line, of any
 * length, is changed: the values that the handlers get point into it.
 */
void parse_options(char *line, const struct kernel_param *from,
		   const struct kernel_param *to);

/* Copies what fits of line, and reports what does not. For tests, too. */
void copy_command_line(char dst[COMMAND_LINE_SIZE], const char *line);

/* The line as it was given, at most COMMAND_LINE_SIZE - 1 characters. */
const char *saved_command_line(void);

#endif
