/*
 * Which RAM belongs to which node, before there are any nodes.
 *
 * A description is an instance: whoever reads the firmware's tables fills one
 * (kernel/srat.h), has it judged against RAM, and the page allocator builds its
 * nodes from it. Ranges may reach beyond RAM and over its holes, and a node may
 * have none. No locks, nothing sleeps. Pure C.
 *
 * Source: ACPI 6.4 sections 5.2.16 (SRAT) and 5.2.17 (SLIT).
 */
#ifndef MM_PAGE_NUMA_H
#define MM_PAGE_NUMA_H

#include <mm/early/memblock.h>
#include <mm/page/mmzone.h>

#define NUMA_RANGES 64		/* guessed: the reference has 4 a node */
#define LOCAL_DISTANCE 10	/* SLIT: a node to itself */
#define REMOTE_DISTANCE 20	/* where nobody says */

struct numa_range {
	u64 start, end;		/* frames: [start, end) */
	int node;
};

struct numa_info {
	unsigned int nr_nodes;	/* >= 1 */
	unsigned int nr_ranges;
	struct numa_range range[NUMA_RANGES];	/* sorted by start */
	u8 distance[MAX_NUMNODES][MAX_NUMNODES];
	bool has_cpu[MAX_NUMNODES];
	int boot_node;		/* of the CPU that boots */
};

/* One node that has all frames there can be, and all CPUs. */
void numa_one_node(struct numa_info *info);

/* No nodes, no ranges; distances 10 and 20. */
void numa_clear(struct numa_info *info);

/*
 * Frames [start, end) belong to node, which makes nr_nodes at least node + 1.
 * An empty range is nothing done. 0; -EINVAL: no such node number; -EEXIST: it
 * overlaps a range that is there, of whichever node; -ENOSPC: too many ranges.
 */
int numa_add_range(struct numa_info *info, int node, u64 start, u64 end);

/*
 * Does every frame of RAM have a node? NULL, or the sentence that says what is
 * wrong; then info is as it was. Up to 1 MB of RAM may have none (firmware
 * forgets the odd page): ranges grow to take it in, each upwards, and the first
 * one down to the first frame.
 */
const char *numa_cover_ram(struct numa_info *info, const struct memblock *mb);

/*
 * Divides the RAM of mb among n nodes of the same size, with borders at 4 MB
 * where each has that much. All CPUs are on node 0. Returns how many nodes it
 * became: fewer than n if RAM is less than a page for each, or n more than
 * MAX_NUMNODES; never 0.
 */
unsigned int numa_fake(struct numa_info *info, const struct memblock *mb,
		       unsigned int n);

/*
 * The node of a frame; of the range below it where it has none, and of the
 * first range where there is none below.
 */
int numa_node_of(const struct numa_info *info, u64 pfn);

/*
 * Recomputes what must hold of a description that is to be used: order, bounds,
 * distances, a boot node with CPUs. NULL, or the sentence that says what is
 * wrong.
 */
const char *numa_check(const struct numa_info *info);

/* numa= as it was given. */
struct numa_options {
	bool off;
	unsigned int fake;	/* 0: no fake nodes */
};

/* Records the value of one numa=; -EINVAL: refused, nothing is recorded. */
int numa_options_set(struct numa_options *options, const char *value);

/* What stands on the machine's command line. */
bool numa_option_off(void);
unsigned int numa_option_fake(void);

#endif
