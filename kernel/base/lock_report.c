/* What lockcheck.c finds, in words; and debug=locks. */
#include <kernel/base/debug.h>
#include <kernel/base/lock_report.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/lockcheck.h>

#define TRACE_OWN 4U		/* guessed: an inlined one more or less */
#define TRACE 13U

static const char *const sentences[NR_LOCK_MISTAKES] = {
	[LOCK_TWICE] = "it is taken by who holds it",
	[LOCK_NOT_HELD] = "it is released and nobody holds it",
	[LOCK_ORDER] = "it is taken inside of another, which was taken inside "
		       "of it before",
	[LOCK_IRQ] = "an interrupt takes it, and others take it with "
		     "interrupts on",
};

static const char *const names[NR_LOCK_MISTAKES] = {
	"taken twice", "not held", "order", "context",
};

static void print_chain(const char *what, const struct lock_link *links,
			u32 n)
{
	char text[SYMBOL_TEXT];
	u32 i;

	if (!n)
		return;
	printk("  %s:", what);
	for (i = 0; i < n; i++) {
		printk("%s %s", i ? " ->" : "", links[i].name);
		if (links[i].site)
			printk(" (by %s)", symbol_text(links[i].site, text));
	}
	printk("\n");
}

/* Where the trace leaves lockcheck.c. */
static u32 first_outside(const u32 *entries, u32 n, u32 site)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (entries[i] == site)
			return i;
	return TRACE_OWN;
}

static void print_report(const struct lock_report *report)
{
	u32 entries[TRACE], i, n = trace_stack(entries, TRACE);
	char text[SYMBOL_TEXT];

	pr_err("lock error: %s: %s: %s\n", names[report->mistake],
	       report->lock.name, sentences[report->mistake]);
	printk("  taken now by %s\n", symbol_text(report->lock.site, text));
	print_chain("held now", report->now, report->nr_now);
	print_chain("before", report->before, report->nr_before);
	for (i = first_outside(entries, n, report->lock.site); i < n; i++)
		trace_print(entries[i]);
}

void lock_checks_init(void)
{
	lock_report_hook = print_report;
	if (debug_enabled(DEBUG_LOCKS))
		lock_checks = true;
}
