/* The commands of the prompt that ask the page allocator. */
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/monitor.h>
#include <mm/report/check.h>
#include <mm/report/pages.h>
#include <mm/report/whatis.h>
#include <mm/report/windows.h>
#include <mm/table/layout.h>

static int cmd_buddyinfo(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_buddyinfo(&machine_nodes);
	return 0;
}

MONITOR_COMMAND(buddyinfo, "", "free blocks of each zone, by order",
		cmd_buddyinfo);

static int cmd_zoneinfo(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_zoneinfo(&machine_nodes);
	return 0;
}

MONITOR_COMMAND(zoneinfo, "", "watermarks and lists of each zone",
		cmd_zoneinfo);

static int cmd_meminfo(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_meminfo(&machine_nodes);
	return 0;
}

MONITOR_COMMAND(meminfo, "", "memory in KB: all, free, high and low",
		cmd_meminfo);

static int cmd_vmstat(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_vmstat(&machine_nodes);
	return 0;
}

MONITOR_COMMAND(vmstat, "", "what was counted since the start",
		cmd_vmstat);

static int cmd_kmaps(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_kmaps();
	return 0;
}

MONITOR_COMMAND(kmaps, "", "windows on high memory, and who has them",
		cmd_kmaps);

static int cmd_owners(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_page_owners();
	return 0;
}

MONITOR_COMMAND(owners, "", "pages in use, by the place of allocation",
		cmd_owners);

static int whatis_phys(const char *text)
{
	u64 addr;

	if (parse_hex(text, &addr) || addr >= MAX_PHYS_LIMIT)
		printk("whatis: %s is no physical address: up to 9 "
		       "hexadecimal digits were expected\n", text);
	else
		report_phys(addr);
	return 0;
}

static int cmd_whatis(int argc, char **argv)
{
	u64 addr;

	if (argc == 3 && !strcmp(argv[1], "phys"))
		return whatis_phys(argv[2]);
	if (argc != 2 || !strcmp(argv[1], "phys"))
		return -EINVAL;
	if (parse_hex(argv[1], &addr) || addr > UINT32_MAX)
		printk("whatis: %s is no address: up to 8 hexadecimal "
		       "digits were expected\n", argv[1]);
	else
		report_whatis((u32)addr);
	return 0;
}

MONITOR_COMMAND(whatis, "ADDR | phys ADDR",
		"the frame at an address, and who has it", cmd_whatis);

static int cmd_check(int argc, char **argv)
{
	unsigned int n;

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	n = mm_check();
	if (n)
		printk("mm_check: %u difference%s\n", n, n == 1 ? "" : "s");
	else
		printk("mm_check: nothing is wrong\n");
	return 0;
}

MONITOR_COMMAND(check, "", "look for mistakes in the books of mm",
		cmd_check);
