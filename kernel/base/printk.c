#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lock.h>

static spinlock_t printk_lock = SPIN_LOCK_UNLOCKED("printk_lock");
static struct console *consoles;
static bool in_panic;
static bool quiet;
static unsigned int warnings;

static int set_quiet(const char *value)
{
	(void)value;
	quiet = true;
	return 0;
}

KERNEL_PARAM(quiet, "quiet", set_quiet, PARAM_FLAG, "",
	     "no boot log, only warnings");

void register_console(struct console *console)
{
	console->next = consoles;
	consoles = console;
}

static void write_consoles(const char *s, size_t n)
{
	struct console *console;

	for (console = consoles; console; console = console->next)
		console->write(s, n);
}

static void print(const char *prefix, const char *fmt, va_list args)
{
	static char line[PRINTK_MAX];	/* under the lock */
	u32 flags = local_irq_save();
	size_t used;

	if (!in_panic)
		spin_lock(&printk_lock);
	used = strlcpy(line, prefix, sizeof(line));
	used += vsnprintf(line + used, sizeof(line) - used, fmt, args);
	write_consoles(line, min(used, sizeof(line) - 1));
	if (!in_panic)
		spin_unlock(&printk_lock);
	local_irq_restore(flags);
}

void printk_capture(struct print_capture *capture)
{
	thread_part()->capture = capture;
}

static struct print_capture *capture_of_this(void)
{
	return in_panic || in_interrupt() ? NULL : thread_part()->capture;
}

/* The zero byte behind what fits comes to lie on the next one's place. */
static void capture_text(struct print_capture *c, const char *fmt, va_list args)
{
	u32 room = c->used < c->size ? c->size - c->used : 0;

	c->used += (u32)vsnprintf(room ? c->text + c->used : c->text, room, fmt,
				  args);
}

void vprintk(const char *fmt, va_list args)
{
	struct print_capture *capture = capture_of_this();

	if (unlikely(capture))
		capture_text(capture, fmt, args);
	else
		print("", fmt, args);
}

void printk(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintk(fmt, args);
	va_end(args);
}

void pr_info(const char *fmt, ...)
{
	va_list args;

	if (quiet)
		return;
	va_start(args, fmt);
	print("", fmt, args);
	va_end(args);
}

void pr_warn(const char *fmt, ...)
{
	va_list args;

	warnings++;
	va_start(args, fmt);
	print("warning: ", fmt, args);
	va_end(args);
}

void pr_err(const char *fmt, ...)
{
	va_list args;

	warnings++;
	va_start(args, fmt);
	print("error: ", fmt, args);
	va_end(args);
}

void printk_boot_done(void)
{
	quiet = false;
}

void printk_enter_panic(void)
{
	in_panic = true;
}

unsigned int printk_warnings(void)
{
	return warnings;
}
