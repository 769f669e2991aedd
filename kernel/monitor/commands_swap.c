/* The commands of the prompt for swap areas. */
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/monitor/monitor.h>
#include <mm/reclaim/swap.h>
#include <mm/report/swaps.h>

#define PRIO_MOST 32767U		/* the reference's */

static int cmd_swaps(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_swaps();
	return 0;
}

MONITOR_COMMAND(swaps, "", "swap areas, and how much is in them", cmd_swaps);

/* Why it is refused was said. */
static int cmd_swapon(int argc, char **argv)
{
	const char *end;
	s32 prio = -1;
	u64 n;

	if (argc < 2 || argc > 3)
		return -EINVAL;
	if (argc == 3) {
		if (parse_u64(argv[2], &end, &n) || *end || n > PRIO_MOST)
			return -EINVAL;
		prio = (s32)n;
	}
	return swapon_path(argv[1], prio) == -ENOMEM ? -ENOMEM : 0;
}

MONITOR_COMMAND(swapon, "PATH [PRIORITY]", "begins to swap to a disk or file",
		cmd_swapon);

static int cmd_swapoff(int argc, char **argv)
{
	(void)argv;
	if (argc != 2)
		return -EINVAL;
	swapoff(argv[1]);
	return 0;
}

MONITOR_COMMAND(swapoff, "PATH", "brings all of a swap area home",
		cmd_swapoff);
