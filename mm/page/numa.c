/*
 * Which RAM belongs to which node. ULK3 section 8.1.2.
 *
 * 1. What for. On a machine of several nodes a CPU reaches the RAM of its own
 *    node sooner than that of others, and the page allocator wants a small
 *    number for each frame: its node. The firmware knows it by bytes and with
 *    numbers of its own, the command line may ask for nodes that do not exist.
 *    struct numa_info stands between those who know and the one who asks.
 *
 * 2. Invariants of a description:
 *	a. ranges are sorted by start; none is empty, none overlap;
 *	b. nodes are numbered 0 .. nr_nodes - 1; a range's node is one of them;
 *	c. each node is 10 from itself, and no node is nearer;
 *	d. the node that the machine was booted on has CPUs.
 *    A node without a range has no memory: it has CPUs, and they use the RAM of
 *    others.
 *
 * 3. Ranges need not be RAM. Firmware draws them over holes and over places
 *    where memory may be plugged in. What must hold is the reverse: each frame
 *    of RAM is in a range. numa_cover_ram() forgives up to 1 MB without, as
 *    firmware leaves out what it keeps for itself and then gives some of it
 *    back. More than that is a table of another machine: nothing of it is
 *    believed.
 *
 * 4. Fake nodes. numa=fake=N cuts the RAM of one node in N pieces, so that
 *    zonelists, fallback and counters can be tried where there is no such
 *    machine. The border behind node k is the frame below which there are
 *    (k + 1) / N of all frames of RAM, moved to the nearest multiple of the
 *    largest block: else the block across a border could never be whole. A
 *    border moves up by at most 512 frames and down by at most 511, so a node
 *    loses at most 1023 at both ends: none becomes empty, if each was to have
 *    1024. Where there is less, borders stay where they are, and nodes differ
 *    by one frame at most.
 *
 * 5. Cost. All is a walk of at most 64 ranges and 128 regions, done once.
 */
#include <kernel/base/cmdline.h>
#include <kernel/cpu/page.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <mm/page/numa.h>

#define FRAMES_END (1ULL << (64 - PAGE_SHIFT))
#define FORGOTTEN_MOST ((1U << 20) >> PAGE_SHIFT)	/* guessed */
#define LARGEST_BLOCK (1ULL << (MAX_ORDER - 1))		/* frames */

static struct numa_options given;

int numa_options_set(struct numa_options *options, const char *value)
{
	const char *end;
	u64 n;

	if (strcmp(value, "off") == 0) {
		options->off = true;
		return 0;
	}
	if (strncmp(value, "fake=", 5) || parse_u64(value + 5, &end, &n) ||
	    *end || !n || n > MAX_NUMNODES)
		return -EINVAL;
	options->fake = (unsigned int)n;
	return 0;
}

static int set_numa(const char *value)
{
	return numa_options_set(&given, value);
}

KERNEL_PARAM(numa, "numa", set_numa, PARAM_VALUE, "off|fake=N",
	     "take the machine as one node; or: divide its RAM among N nodes");

bool numa_option_off(void)
{
	return given.off;
}

unsigned int numa_option_fake(void)
{
	return given.fake;
}

void numa_clear(struct numa_info *info)
{
	unsigned int i;

	memset(info, 0, sizeof(*info));
	memset(info->distance, REMOTE_DISTANCE, sizeof(info->distance));
	for (i = 0; i < MAX_NUMNODES; i++)
		info->distance[i][i] = LOCAL_DISTANCE;
}

void numa_one_node(struct numa_info *info)
{
	numa_clear(info);
	numa_add_range(info, 0, 0, FRAMES_END);
	info->has_cpu[0] = true;
}

int numa_add_range(struct numa_info *info, int node, u64 start, u64 end)
{
	struct numa_range *range = info->range;
	unsigned int at = 0, i;

	if (node < 0 || node >= MAX_NUMNODES)
		return -EINVAL;
	if (start >= end)
		return 0;
	while (at < info->nr_ranges && range[at].end <= start)
		at++;
	if (at < info->nr_ranges && range[at].start < end)
		return -EEXIST;
	if (info->nr_ranges == NUMA_RANGES)
		return -ENOSPC;
	for (i = info->nr_ranges++; i > at; i--)
		range[i] = range[i - 1];
	range[at] = (struct numa_range){
		.start = start, .end = end, .node = node,
	};
	info->nr_nodes = max(info->nr_nodes, (unsigned int)node + 1);
	return 0;
}

int numa_node_of(const struct numa_info *info, u64 pfn)
{
	unsigned int i;

	for (i = info->nr_ranges; i > 1; i--)
		if (info->range[i - 1].start <= pfn)
			break;
	return i ? info->range[i - 1].node : 0;
}

static const char *check_ranges(const struct numa_info *info)
{
	unsigned int i;
	u64 end = 0;

	for (i = 0; i < info->nr_ranges; i++) {
		const struct numa_range *range = &info->range[i];

		if (range->start < end || range->start >= range->end)
			return "ranges are empty, overlap or are out of order";
		if (range->node < 0 || range->node >= (int)info->nr_nodes)
			return "a range is of no node";
		end = range->end;
	}
	return NULL;
}

static const char *check_distances(const struct numa_info *info)
{
	unsigned int i, j;

	for (i = 0; i < MAX_NUMNODES; i++)
		for (j = 0; j < MAX_NUMNODES; j++)
			if (i == j ? info->distance[i][j] != LOCAL_DISTANCE :
				     info->distance[i][j] < LOCAL_DISTANCE)
				return "a distance is wrong";
	return NULL;
}

const char *numa_check(const struct numa_info *info)
{
	const char *wrong;

	if (!info->nr_nodes || info->nr_nodes > MAX_NUMNODES ||
	    info->nr_ranges > NUMA_RANGES)
		return "a count is out of bounds";
	if (info->boot_node < 0 || info->boot_node >= (int)info->nr_nodes ||
	    !info->has_cpu[info->boot_node])
		return "it was booted on a node without CPUs";
	wrong = check_ranges(info);
	return wrong ? wrong : check_distances(info);
}

/* --- RAM as whole frames, [first_frame, end_frame) of each region --- */

static u64 first_frame(const struct memblock_region *region)
{
	return PFN_UP(region->base);
}

static u64 end_frame(const struct memblock_region *region)
{
	u64 end = PFN_DOWN(region->base + region->size);

	return max(end, first_frame(region));
}

/* The end of the last stretch of RAM that begins below limit, cut there. */
static u64 ram_end_below(const struct memblock *mb, u64 limit)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; i < mb->memory.cnt; i++) {
		const struct memblock_region *region = &mb->memory.regions[i];

		if (first_frame(region) < limit)
			end = min(end_frame(region), limit);
	}
	return end;
}

static u64 frames_without_node(const struct numa_info *info, u64 start,
			       u64 end)
{
	u64 missing = end - start;
	unsigned int i;

	for (i = 0; i < info->nr_ranges; i++) {
		u64 from = max(start, info->range[i].start);
		u64 to = min(end, info->range[i].end);

		if (from < to)
			missing -= to - from;
	}
	return missing;
}

const char *numa_cover_ram(struct numa_info *info, const struct memblock *mb)
{
	struct numa_range *range = info->range;
	u64 forgotten = 0;
	unsigned int i;

	if (!info->nr_ranges)
		return "no memory has a node";
	for (i = 0; i < mb->memory.cnt; i++)
		forgotten += frames_without_node(
			info, first_frame(&mb->memory.regions[i]),
			end_frame(&mb->memory.regions[i]));
	if (forgotten > FORGOTTEN_MOST)
		return "more than 1 MB of RAM has no node";
	for (i = 0; i < info->nr_ranges; i++) {
		u64 limit = i + 1 < info->nr_ranges ? range[i + 1].start :
						      FRAMES_END;

		range[i].end = max(range[i].end, ram_end_below(mb, limit));
	}
	if (mb->memory.cnt)
		range[0].start = min(range[0].start,
				     first_frame(&mb->memory.regions[0]));
	return NULL;
}

/* --- fake nodes --- */

static u64 frames_of(const struct memblock *mb)
{
	u64 frames = 0;
	unsigned int i;

	for (i = 0; i < mb->memory.cnt; i++)
		frames += end_frame(&mb->memory.regions[i]) -
			  first_frame(&mb->memory.regions[i]);
	return frames;
}

/* The frame below which there are n frames of RAM. n: fewer than there are. */
static u64 frame_after(const struct memblock *mb, u64 n)
{
	const struct memblock_region *region = mb->memory.regions;

	for (;; region++) {
		u64 frames = end_frame(region) - first_frame(region);

		if (n < frames)
			return first_frame(region) + n;
		n -= frames;
	}
}

static u64 fake_border(const struct memblock *mb, u64 frames, unsigned int k,
		       unsigned int n)
{
	u16 rest;
	u64 border = frame_after(mb, div_u64_rem16(frames * k, (u16)n, &rest));

	if (frames < n * LARGEST_BLOCK)
		return border;
	return ALIGN_DOWN(border + LARGEST_BLOCK / 2, LARGEST_BLOCK);
}

unsigned int numa_fake(struct numa_info *info, const struct memblock *mb,
		       unsigned int n)
{
	u64 frames = frames_of(mb), start = 0, end;
	unsigned int k;

	n = (unsigned int)min((u64)min(n, MAX_NUMNODES), frames);
	if (n <= 1) {
		numa_one_node(info);
		return 1;
	}
	numa_clear(info);
	for (k = 0; k < n; k++) {
		end = k + 1 < n ? fake_border(mb, frames, k + 1, n) :
				  ram_end_below(mb, FRAMES_END);
		numa_add_range(info, (int)k, start, end);
		start = end;
	}
	info->has_cpu[0] = true;
	return n;
}
