/*
 * ACPI's tables of locality: SRAT says which RAM and which CPU belong together,
 * SLIT how far such groups are apart. ACPI 6.4, 5.2.16 and 5.2.17.
 *
 * The two parsers are pure: any bytes may be given to them, at any address and
 * in any context. numa_setup() is boot only.
 */
#ifndef KERNEL_SRAT_H
#define KERNEL_SRAT_H

#include <mm/page/numa.h>

/*
 * The firmware numbers its groups (proximity domains) as it likes, within 32
 * bits. A node's number is the rank of its domain: domain[] is ascending.
 */
struct srat_domains {
	unsigned int nr;
	u32 domain[MAX_NUMNODES];
};

/*
 * Fills *domains and *info (all but distances) from a whole SRAT of length
 * bytes, header included; its signature and sum were judged before. A domain
 * that has CPUs and no memory becomes a node without ranges. boot_apic_id: the
 * CPU that asks; if the table does not list it, it is of the first node that
 * has memory. NULL, or the sentence that says what is wrong: then both are to
 * be thrown away.
 */
const char *srat_parse(const void *table, u32 length, u32 boot_apic_id,
		       struct srat_domains *domains, struct numa_info *info);

/*
 * Distances of *info from a whole SLIT, for the nodes that srat_parse() found.
 * Domains that it does not have stay REMOTE_DISTANCE away. NULL, or what is
 * wrong: then info is as it was.
 */
const char *slit_parse(const void *table, u32 length,
		       const struct srat_domains *domains,
		       struct numa_info *info);

/*
 * Decides for this machine, and says what it decided if there is anything to
 * say: numa=off, numa=fake=N, SRAT and SLIT, else one node. After acpi_init()
 * and the clipping of RAM, with the direct map whole. Never fails: what is
 * broken is reported, and the machine is then one node.
 */
void numa_setup(struct numa_info *info);

#endif
