/* The commands of the prompt; what they print stands in mm/report. */
#include <kernel/acpi.h>
#include <kernel/base/fail.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/clock.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/tlb.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <kernel/monitor/monitor.h>
#include <kernel/power.h>
#include <kernel/setup.h>
#include <mm/report/memory.h>
#include <mm/report/walk.h>
#include <mm/table/paging.h>

static int cmd_mem(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_memory_map();
	report_owners();
	return 0;
}

MONITOR_COMMAND(mem, "", "every range of RAM and its owner", cmd_mem);

static int cmd_layout(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_layout();
	return 0;
}

MONITOR_COMMAND(layout, "", "the kernel's address map", cmd_layout);

static int cmd_pgtable(int argc, char **argv)
{
	u64 addr;

	if (argc != 2)
		return -EINVAL;
	if (!strcmp(argv[1], "all")) {
		report_leaves(&kernel_pgtable, 0, ~0U);
		return 0;
	}
	if (parse_hex(argv[1], &addr) || addr > UINT32_MAX) {
		printk("pgtable: %s is no address: up to 8 hexadecimal "
		       "digits were expected\n", argv[1]);
		return 0;
	}
	report_walk(&kernel_pgtable, (u32)addr);
	return 0;
}

MONITOR_COMMAND(pgtable, "ADDR | all",
		"the walk of an address, or every page mapped",
		cmd_pgtable);

static int cmd_cpu(int argc, char **argv)
{
	struct tlb_counts tlb = tlb_counts();

	(void)argv;
	if (argc > 1)
		return -EINVAL;
	printk("vendor: %s\nmodel name: %s\n",
	       boot_cpu.has_cpuid ? boot_cpu.vendor : "(no CPUID)",
	       boot_cpu.model_name[0] ? boot_cpu.model_name : "(not told)");
	printk("family: %u model: %u stepping: %u\naddress bits: %u\n",
	       boot_cpu.family, boot_cpu.model, boot_cpu.stepping,
	       boot_cpu.phys_bits);
	report_cpu_features();
	printk("CR0: %08x CR3: %08x", read_cr0(), read_cr3());
	if (cpu_has_cr4())
		printk(" CR4: %08x", read_cr4());
	printk("\npaging: %s, large pages %s, global %s, NX %s\n",
	       paging_mode.pae ? "PAE" : "two-level",
	       paging_mode.pse ? "yes" : "no", paging_mode.pge ? "yes" : "no",
	       paging_mode.nx ? "yes" : "no");
	printk("TLB flushes: %u pages, %u local, %u all\n", tlb.one,
	       tlb.local, tlb.all);
	return 0;
}

MONITOR_COMMAND(cpu, "", "what the CPU is and can do", cmd_cpu);

static void show_fail_points(void)
{
	const struct fail_point *point;
	char text[FAIL_TEXT];

	for (point = __fail_points_start; point < __fail_points_end; point++)
		printk("%s: %s; %u requests seen, %u failed since the "
		       "start\n", point->name,
		       fail_text(&point->plan, text), point->asked,
		       point->injected);
}

static int cmd_fail(int argc, char **argv)
{
	struct fail_point *point;
	struct fail_plan plan;

	if (argc > 2)
		return -EINVAL;
	if (argc == 1)
		show_fail_points();
	else if (!strcmp(argv[1], "off"))
		fail_all_off();
	else if (fail_parse(argv[1], &point, &plan))
		return -EINVAL;
	else
		fail_set(point, &plan);
	return 0;
}

MONITOR_COMMAND(fail, "[POINT,nth=N... | off]",
		"let requests fail on purpose", cmd_fail);

static int cmd_interrupts(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	report_interrupts();
	return 0;
}

MONITOR_COMMAND(interrupts, "", "how often each line interrupted",
		cmd_interrupts);

static int cmd_panic(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	panic("asked for at the prompt");
}

MONITOR_COMMAND(panic, "", "stop with a report", cmd_panic);

static int cmd_reboot(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	fs_sync();
	machine_reboot();
}

MONITOR_COMMAND(reboot, "", "reset the machine", cmd_reboot);

static int cmd_poweroff(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return -EINVAL;
	fs_sync();
	machine_poweroff();
	printk("poweroff: this machine cannot be switched off by ACPI; "
	       "it is safe to switch it off by hand\n");
	return 0;
}

MONITOR_COMMAND(poweroff, "", "switch the machine off", cmd_poweroff);
