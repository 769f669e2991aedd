/* The command of the prompt that looks on while memory is reclaimed. */
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/monitor/monitor.h>
#include <mm/report/pressure.h>

#define LINES_OF_PAGE 20U	/* then the head comes again */

static void show_pressure(u64 seconds)
{
	struct pressure before, now;
	u64 line;

	pressure_now(&before);
	for (line = 0; line < seconds; line++) {
		if (line % LINES_OF_PAGE == 0)
			report_pressure_head();
		if (monitor_key(hz))
			break;
		pressure_now(&now);
		report_pressure(&before, &now);
		before = now;
	}
}

static int cmd_pressure(int argc, char **argv)
{
	u64 seconds = ~0ULL;
	const char *end;

	if (argc > 2)
		return -EINVAL;
	if (argc == 2 && (parse_u64(argv[1], &end, &seconds) || *end ||
			  !seconds || seconds > 1000000))
		return -EINVAL;
	show_pressure(seconds);
	return 0;
}

MONITOR_COMMAND(pressure, "[SECONDS]",
		"memory as it is reclaimed, a line a second", cmd_pressure);
