/* The commands that run programs, and show what runs. */
#include <kernel/base/cmdline.h>
#include <kernel/base/init.h>
#include <kernel/base/printk.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/monitor.h>
#include <kernel/user/process.h>
#include <kernel/user/report.h>
#include <mm/report/maps.h>
#include <mm/report/walk.h>

static void tell_end(const char *who, const char *name, u32 status)
{
	if (status & 0x7f)
		pr_info("%s: %s was ended by signal %u\n", who, name,
			status & 0x7f);
	else
		pr_info("%s: %s ended with status %u\n", who, name,
			status >> 8);
}

static int cmd_run(int argc, char **argv)
{
	struct process *process;
	bool wait = strcmp(argv[argc - 1], "&");

	argc -= !wait;
	if (argc < 2)
		return -EINVAL;
	if (!path_exists(argv[1])) {
		pr_info("run: there is no file %s\n", argv[1]);
		return 0;
	}
	process = process_run((u32)argc - 1, (const char *const *)argv + 1);
	if (!process)
		return -ENOMEM;
	if (wait)
		tell_end("run", argv[1], process_join(process, NULL));
	else
		process_release(process);
	return 0;
}

MONITOR_COMMAND(run, "PROGRAM [ARG...] [&]", "runs a program of a file",
		cmd_run);

static int cmd_ps(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_processes();
	return 0;
}

MONITOR_COMMAND(ps, "", "processes, and what memory they have", cmd_ps);

/* --- init= --- */

#define INIT_MOST 256U	/* guessed: a path and some words */

static char init_words[INIT_MOST];

static int set_init(const char *value)
{
	if (!*value || *value == ',' || strlen(value) >= INIT_MOST)
		return -EINVAL;
	strlcpy(init_words, value, sizeof(init_words));
	return 0;
}

KERNEL_PARAM(init, "init", set_init, PARAM_VALUE, "PROGRAM[,ARG...]",
	     "run a program before there is a prompt");

/* Cut in place, as a command's line is. */
static int split_init(char *argv[MONITOR_ARGS + 1])
{
	char *at;

	for (at = init_words; *at; at++)
		if (*at == ',')
			*at = ' ';
	return monitor_split(init_words, argv);
}

static void run_init(void)
{
	char *argv[MONITOR_ARGS + 1];
	struct process *process;
	int argc;

	if (!*init_words)
		return;
	argc = split_init(argv);
	if (argc < 0) {
		pr_warn("init: more than %u words\n", MONITOR_ARGS);
		return;
	}
	if (!path_exists(argv[0])) {
		pr_warn("init: there is no file %s\n", argv[0]);
		return;
	}
	process = process_run((u32)argc, (const char *const *)argv);
	if (process)
		process_spare(process);
	if (process)
		tell_end("init", argv[0], process_join(process, NULL));
	else
		pr_warn("init: no memory for %s\n", argv[0]);
}

late_initcall(run_init);

/* The space of a process by the number in text; NULL, and one line says why. */
static struct mm_struct *named_mm(const char *command, const char *text)
{
	struct mm_struct *mm;
	const char *end;
	u64 pid;

	if (parse_u64(text, &end, &pid) || *end || pid > UINT32_MAX) {
		printk("%s: %s is no process: a number was expected; see ps\n",
		       command, text);
		return NULL;
	}
	mm = process_mm((u32)pid);
	if (!mm)
		printk("%s: no process %s has memory; see ps\n", command, text);
	return mm;
}

static int cmd_maps(int argc, char **argv)
{
	struct mm_struct *mm;

	if (argc != 2)
		return -EINVAL;
	mm = named_mm(argv[0], argv[1]);
	if (mm)
		report_maps(mm);
	mmput(mm);
	return 0;
}

MONITOR_COMMAND(maps, "PID", "what a process has mapped", cmd_maps);

static int cmd_pagetable(int argc, char **argv)
{
	struct mm_struct *mm;
	u64 addr = 0;

	if (argc != 2 && argc != 3)
		return -EINVAL;
	if (argc == 3 && (parse_hex(argv[2], &addr) || addr > UINT32_MAX)) {
		printk("pagetable: %s is no address: up to 8 hexadecimal "
		       "digits were expected\n", argv[2]);
		return 0;
	}
	mm = named_mm(argv[0], argv[1]);
	if (!mm)
		return 0;
	/* no table goes meanwhile */
	down_read(&mm->mmap_sem);
	if (argc == 3)
		report_walk(&mm->pgd, (u32)addr);
	else
		report_leaves(&mm->pgd, 0, TASK_SIZE - 1);
	up_read(&mm->mmap_sem);
	mmput(mm);
	return 0;
}

MONITOR_COMMAND(pagetable, "PID [ADDR]",
		"pages of a process, or the walk of an address",
		cmd_pagetable);
