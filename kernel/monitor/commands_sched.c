/* The commands that show threads. */
#include <kernel/lib/errno.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/top.h>

static int cmd_top(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_threads();
	return 0;
}

MONITOR_COMMAND(top, "", "threads, and who has had the CPU", cmd_top);
