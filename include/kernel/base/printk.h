/*
 * printk(): formatted text to every registered console.
 *
 * Any context, interrupts and panics included: it takes one spin lock with
 * interrupts off and never sleeps or allocates. One call is at most
 * PRINTK_MAX - 1 characters; what is longer is cut. "\n" ends a line; the
 * consoles add the carriage return.
 *
 * pr_info() is the boot log: `quiet` on the command line silences it on the
 * way to the prompt. pr_warn() and pr_err() are always printed, with their
 * word in front. printk() has neither rule: reports and answers use it.
 */
#ifndef KERNEL_BASE_PRINTK_H
#define KERNEL_BASE_PRINTK_H

#include <stdarg.h>
#include <kernel/lib/compiler.h>

#define PRINTK_MAX 512	/* guessed: the longest line of a report is 100 */

struct console {
	const char *name;
	void (*write)(const char *s, size_t n);
	struct console *next;	/* owned by printk */
};

/* The console stays registered for good. Boot only. */
void register_console(struct console *console);

__format_printf(1, 2) void printk(const char *fmt, ...);
void vprintk(const char *fmt, va_list args);
__format_printf(1, 2) void pr_info(const char *fmt, ...);
__format_printf(1, 2) void pr_warn(const char *fmt, ...);
__format_printf(1, 2) void pr_err(const char *fmt, ...);

/*
 * What a thread prints by printk() from here on goes to text instead of the
 * consoles, until it captures NULL: for reports that somebody wants to have as
 * text. used may become more than size: then the rest is lost, and used says
 * how much it would have been. What interrupts print, and warnings, goes to the
 * consoles all the same; a panic, too. A thread's.
 */
struct print_capture {
	char *text;		/* without a zero byte at its end */
	u32 size, used;		/* bytes */
};

void printk_capture(struct print_capture *capture);

/* The boot log ends: `quiet` has done its work, reports print again. */
void printk_boot_done(void);

/*
 * A panic calls this first: from then on printk() takes no lock, as the one
 * that holds it may be the one that died.
 */
void printk_enter_panic(void);

/* How many warnings and errors were printed since boot: tests compare it. */
unsigned int printk_warnings(void);

#endif
