/* hz=, and what is printed about time and interrupts. */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/clock.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>

static u32 wanted_hz = HZ_DEFAULT;

static int set_hz(const char *value)
{
	u64 n;
	const char *end;
	int err = parse_size(value, &end, &n);

	if (err || *end)
		return -EINVAL;
	if (n < HZ_LEAST || n > HZ_MOST)
		return -ERANGE;
	wanted_hz = (u32)n;
	return 0;
}

KERNEL_PARAM(hz, "hz", set_hz, PARAM_VALUE, "19..1000",
	     "ticks a second");

static void line_is_masked(unsigned int irq)
{
	pr_err("interrupt %u: nobody wanted it %u times in a row; masked\n",
	       irq, IRQ_UNHANDLED_MOST);
}

/* --- /proc/interrupts --- */

static void print_names(unsigned int irq)
{
	const char *name;
	unsigned int n;

	for (n = 0; (name = irq_action_name(irq, n)); n++)
		printk("%s%s", n ? ", " : "  ", name);
}

void report_interrupts(void)
{
	u32 spurious = 0, unhandled = 0;
	unsigned int irq;

	printk("           CPU0\n");
	for (irq = 0; irq < NR_IRQS; irq++) {
		struct irq_counts counts = irq_counts(irq);

		spurious += counts.spurious;
		unhandled += counts.unhandled;
		if (irq != IRQ_CASCADE && !irq_action_name(irq, 0))
			continue;
		printk("%3u: %10u          XT-PIC", irq, counts.handled);
		if (irq == IRQ_CASCADE)
			printk("  cascade");
		print_names(irq);
		printk("\n");
	}
	printk("ERR: %10u\nMIS: %10u\n", spurious, unhandled);
}

void clock_init(void)
{
	irq_masked_hook = line_is_masked;
	softirq_init();
	time_init(wanted_hz);
	timer_init();
	if (tsc_khz)
		pr_info("time: %u ticks a second; time-stamp counter of "
			"%u.%03u MHz\n", hz, tsc_khz / 1000, tsc_khz % 1000);
	else
		pr_info("time: %u ticks a second; no time-stamp counter\n",
			hz);
}
