/*
 * Which nodes this machine has: the command line, the firmware's tables, or one
 * node. Boot only.
 *
 * 1. The first that applies decides: numa=off, numa=fake=N, an SRAT that is
 *    sound and knows the RAM that is there, else one node. A machine without
 *    SRAT is the usual one: then nothing is said.
 * 2. Tables are read through the windows of early_memremap(), as they stand
 *    above lowmem on larger machines. All of a table is mapped at once: 64 KB
 *    less one page, as its first page may begin anywhere.
 */
#include <kernel/acpi.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/lib/bug.h>
#include <kernel/srat.h>
#include <mm/table/fixmap.h>

#define TABLE_MOST ((NR_FIX_BTMAPS - 1) * PAGE_SIZE)

/* Leaf 1, EBX 31..24: the id that the CPU had at reset (SDM 2A, CPUID). */
static u32 __init read_boot_apic_id(void)
{
	struct cpuid_regs regs;

	if (boot_cpu.max_leaf < 1)
		return 0;
	cpuid_instruction()(1, &regs);
	return regs.ebx >> 24;
}

static void *__init map_table(const struct acpi_table *table)
{
	if (table->length > TABLE_MOST)
		return NULL;
	return early_memremap(table->pa, table->length);
}

static const char *__init read_srat(const struct acpi_table *table,
				    struct srat_domains *domains,
				    struct numa_info *info)
{
	void *window = map_table(table);
	const char *wrong;

	if (!window)
		return "it is too long to be mapped";
	wrong = srat_parse(window, table->length, read_boot_apic_id(), domains,
			   info);
	early_memunmap(window, table->length);
	return wrong ? wrong : numa_cover_ram(info, &memblock);
}

/* Distances are preferences: a SLIT that is no use costs no node. */
static void __init read_slit(const struct srat_domains *domains,
			     struct numa_info *info)
{
	const struct acpi_table *table = acpi_find("SLIT");
	const char *wrong = "it is too long to be mapped";
	void *window;

	if (!table)
		return;
	window = map_table(table);
	if (window) {
		wrong = slit_parse(window, table->length, domains, info);
		early_memunmap(window, table->length);
	}
	if (wrong)
		pr_warn("SLIT: %s; each node is taken as %d from the others\n",
			wrong, REMOTE_DISTANCE);
}

static void __init setup_firmware_nodes(const struct acpi_table *table,
					struct numa_info *info)
{
	struct srat_domains domains;
	const char *wrong = read_srat(table, &domains, info);

	if (!wrong) {
		read_slit(&domains, info);
		return;
	}
	pr_warn("SRAT: %s; the machine is taken as one node\n", wrong);
	numa_one_node(info);
}

static void __init setup_fake_nodes(unsigned int wanted, struct numa_info *info)
{
	unsigned int nr = numa_fake(info, &memblock, wanted);

	if (nr < wanted)
		pr_warn("numa=fake=%u: RAM is enough for only %u\n", wanted,
			nr);
}

static bool __init has_memory(const struct numa_info *info, unsigned int node)
{
	unsigned int i;

	for (i = 0; i < info->nr_ranges; i++)
		if (info->range[i].node == (int)node)
			return true;
	return false;
}

static void __init report_ranges(const struct numa_info *info)
{
	unsigned int i;

	for (i = 0; i < info->nr_ranges; i++) {
		const struct numa_range *range = &info->range[i];

		pr_info("numa: node %d has %010llx-%010llx\n", range->node,
			PFN_PHYS(range->start), PFN_PHYS(range->end) - 1);
	}
	for (i = 0; i < info->nr_nodes; i++)
		if (!has_memory(info, i))
			pr_info("numa: node %u has no memory\n", i);
}

static void __init report_distances(const struct numa_info *info)
{
	unsigned int i, j;

	for (i = 0; i < info->nr_nodes; i++) {
		pr_info("numa: distances from node %u:", i);
		for (j = 0; j < info->nr_nodes; j++)
			pr_info(" %u", info->distance[i][j]);
		pr_info("\n");
	}
}

static void __init report_cpus(const struct numa_info *info)
{
	unsigned int i;

	pr_info("numa: %u nodes; with CPUs:", info->nr_nodes);
	for (i = 0; i < info->nr_nodes; i++)
		if (info->has_cpu[i])
			pr_info(" %u", i);
	pr_info("; booted on %d\n", info->boot_node);
}

void __init numa_setup(struct numa_info *info)
{
	const struct acpi_table *srat = acpi_find("SRAT");

	numa_one_node(info);
	if (numa_option_off()) {
		pr_info("numa: off: one node has all RAM\n");
		return;
	}
	if (numa_option_fake())
		setup_fake_nodes(numa_option_fake(), info);
	else if (srat)
		setup_firmware_nodes(srat, info);
	else
		return;
	BUG_ON(numa_check(info), "the nodes that were made up are not sound");
	if (info->nr_nodes == 1)
		return;
	report_ranges(info);
	report_distances(info);
	report_cpus(info);
}
