/* The command that runs a program. */
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/monitor/monitor.h>
#include <kernel/user/process.h>
#include <kernel/user/program.h>

static int cmd_run(int argc, char **argv)
{
	struct process *process;
	struct program program;
	u32 status;

	if (argc < 2)
		return -EINVAL;
	if (!program_find(argv[1], &program)) {
		pr_info("run: no module has a program %s\n", argv[1]);
		return 0;
	}
	process = process_run((u32)argc - 1, (const char *const *)argv + 1);
	if (!process)
		return -ENOMEM;
	status = process_join(process, NULL);
	if (status & 0x7f)
		pr_info("run: %s was ended by signal %u\n", argv[1],
			status & 0x7f);
	else
		pr_info("run: %s ended with status %u\n", argv[1], status >> 8);
	return 0;
}

MONITOR_COMMAND(run, "PROGRAM [ARG...]", "runs a program of a module",
		cmd_run);
