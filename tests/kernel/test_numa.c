/*
 * Nodes: descriptions, ranges that grow over forgotten RAM, fake nodes, the
 * option. The firmware's tables have test_srat.c.
 */
#include "ktest.h"
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <mm/page/numa.h>

#define KB ((u64)1 << 10)
#define MB ((u64)1 << 20)
#define GB ((u64)1 << 30)
#define BLOCK ((u64)1 << (MAX_ORDER - 1))	/* frames */
#define SEED 20260119

static struct numa_info info;
static struct memblock mb;
static u32 random_state;

static u32 random_below(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 16) % n;
}

static const char *verdict(const char *wrong)
{
	return wrong ? wrong : "sound";
}

#define EXPECT_SOUND() EXPECT_STREQ(verdict(numa_check(&info)), "sound")

#define EXPECT_RANGE(i, start_, end_, node_) do {			\
	EXPECT_EQ(info.range[i].start, start_);				\
	EXPECT_EQ(info.range[i].end, end_);				\
	EXPECT_EQ(info.range[i].node, node_);				\
} while (0)

/* --- descriptions --- */

TEST(numa, one_node)
{
	numa_one_node(&info);
	EXPECT_SOUND();
	EXPECT_EQ(info.nr_nodes, 1);
	EXPECT_EQ(info.nr_ranges, 1);
	EXPECT_RANGE(0, 0, 1ULL << 52, 0);
	EXPECT(info.has_cpu[0]);
	EXPECT_EQ(info.distance[0][0], 10);
	EXPECT_EQ(info.distance[0][1], 20);
	EXPECT_EQ(info.distance[15][14], 20);
	EXPECT_EQ(info.distance[15][15], 10);
}

/* The checker finds what a test breaks. */
TEST(numa, check_sees)
{
	numa_one_node(&info);
	info.nr_nodes = 0;
	EXPECT_STREQ(verdict(numa_check(&info)), "a count is out of bounds");
	numa_one_node(&info);
	info.boot_node = 1;
	EXPECT_STREQ(verdict(numa_check(&info)),
		     "it was booted on a node without CPUs");
	numa_one_node(&info);
	info.range[0].node = 1;
	EXPECT_STREQ(verdict(numa_check(&info)), "a range is of no node");
	numa_one_node(&info);
	info.range[0].start = info.range[0].end;
	EXPECT_STREQ(verdict(numa_check(&info)),
		     "ranges are empty, overlap or are out of order");
	numa_one_node(&info);
	info.nr_ranges = 2;
	info.range[0].end = 10;
	info.range[1] = (struct numa_range){ .start = 9, .end = 20 };
	EXPECT_STREQ(verdict(numa_check(&info)),
		     "ranges are empty, overlap or are out of order");
	numa_one_node(&info);
	info.distance[3][3] = 11;
	EXPECT_STREQ(verdict(numa_check(&info)), "a distance is wrong");
	numa_one_node(&info);
	info.distance[3][4] = 9;
	EXPECT_STREQ(verdict(numa_check(&info)), "a distance is wrong");
}

TEST(numa, add_range)
{
	numa_clear(&info);
	EXPECT_EQ(info.nr_nodes, 0);
	EXPECT_EQ(numa_add_range(&info, 1, 10, 20), 0);
	EXPECT_EQ(info.nr_nodes, 2);
	EXPECT_EQ(numa_add_range(&info, 0, 30, 40), 0);
	EXPECT_EQ(numa_add_range(&info, 3, 0, 5), 0);
	EXPECT_EQ(numa_add_range(&info, 0, 20, 30), 0);	/* fits in exactly */
	EXPECT_EQ(info.nr_nodes, 4);
	EXPECT_EQ(info.nr_ranges, 4);
	EXPECT_RANGE(0, 0, 5, 3);
	EXPECT_RANGE(1, 10, 20, 1);
	EXPECT_RANGE(2, 20, 30, 0);
	EXPECT_RANGE(3, 30, 40, 0);
	/* nothing to add: not even the node */
	EXPECT_EQ(numa_add_range(&info, 9, 50, 50), 0);
	EXPECT_EQ(numa_add_range(&info, 9, 50, 49), 0);
	EXPECT_EQ(numa_add_range(&info, -1, 50, 60), -EINVAL);
	EXPECT_EQ(numa_add_range(&info, 16, 50, 60), -EINVAL);
	/* over the end, the begin, inside, around, all; of the same node */
	EXPECT_EQ(numa_add_range(&info, 2, 39, 41), -EEXIST);
	EXPECT_EQ(numa_add_range(&info, 2, 5, 11), -EEXIST);
	EXPECT_EQ(numa_add_range(&info, 2, 11, 12), -EEXIST);
	EXPECT_EQ(numa_add_range(&info, 2, 9, 21), -EEXIST);
	EXPECT_EQ(numa_add_range(&info, 2, 0, 100), -EEXIST);
	EXPECT_EQ(numa_add_range(&info, 1, 10, 20), -EEXIST);
	EXPECT_EQ(info.nr_nodes, 4);
	EXPECT_EQ(info.nr_ranges, 4);
	EXPECT_EQ(numa_add_range(&info, 15, 1ULL << 40, 1ULL << 52), 0);
	EXPECT_EQ(info.nr_nodes, 16);
	info.has_cpu[0] = true;
	EXPECT_SOUND();
}

TEST(numa, add_range_until_full)
{
	unsigned int i;

	numa_clear(&info);
	info.has_cpu[0] = true;
	/* each in front of all others */
	for (i = NUMA_RANGES; i > 0; i--)
		EXPECT_EQ(numa_add_range(&info, i % 3, i * 10, i * 10 + 5), 0);
	EXPECT_EQ(numa_add_range(&info, 0, 1000, 1001), -ENOSPC);
	EXPECT_EQ(numa_add_range(&info, 0, 0, 1), -ENOSPC);
	EXPECT_EQ(info.nr_ranges, NUMA_RANGES);
	EXPECT_RANGE(0, 10, 15, 1);
	EXPECT_RANGE(63, 640, 645, 1);
	EXPECT_SOUND();
}

#define FRAMES 64
static u8 owner_of[FRAMES];		/* node + 1; 0: none */

static bool is_free(u32 start, u32 end)
{
	for (; start < end; start++)
		if (owner_of[start])
			return false;
	return true;
}

/* What the ranges say of each frame, and numa_node_of() of all of them. */
static bool ranges_are_as_owned(void)
{
	int below = info.nr_ranges ? info.range[0].node : 0;
	unsigned int i = 0;
	u32 pfn;

	for (pfn = 0; pfn < FRAMES; pfn++) {
		bool inside;

		while (i < info.nr_ranges && info.range[i].end <= pfn)
			i++;
		inside = i < info.nr_ranges && info.range[i].start <= pfn;
		if (inside)
			below = info.range[i].node;
		if (owner_of[pfn] != (inside ? below + 1 : 0) ||
		    numa_node_of(&info, pfn) != below)
			return false;
	}
	return true;
}

TEST(numa, random_ranges_against_a_shadow)
{
	u32 round, step, start, end;
	int node, want;

	random_state = SEED;
	for (round = 0; round < 100; round++) {
		numa_clear(&info);
		memset(owner_of, 0, sizeof(owner_of));
		for (step = 0; step < 20; step++) {
			start = random_below(FRAMES);
			end = start + random_below(8);
			end = min(end, (u32)FRAMES);
			node = (int)random_below(MAX_NUMNODES);
			want = is_free(start, end) ? 0 : -EEXIST;
			EXPECT_EQ(numa_add_range(&info, node, start, end),
				  want);
			if (!want)
				memset(owner_of + start, node + 1, end - start);
		}
		REQUIRE(ranges_are_as_owned());
	}
}

TEST(numa, node_of)
{
	numa_clear(&info);
	EXPECT_EQ(numa_node_of(&info, 0), 0);
	numa_add_range(&info, 2, 100, 200);
	numa_add_range(&info, 1, 300, 400);
	EXPECT_EQ(numa_node_of(&info, 0), 2);	/* below all */
	EXPECT_EQ(numa_node_of(&info, 99), 2);
	EXPECT_EQ(numa_node_of(&info, 100), 2);
	EXPECT_EQ(numa_node_of(&info, 199), 2);
	EXPECT_EQ(numa_node_of(&info, 250), 2);	/* in the hole */
	EXPECT_EQ(numa_node_of(&info, 299), 2);
	EXPECT_EQ(numa_node_of(&info, 300), 1);
	EXPECT_EQ(numa_node_of(&info, 1ULL << 51), 1);
}

/* --- all RAM has a node --- */

static const char *cover(void)
{
	return verdict(numa_cover_ram(&info, &mb));
}

/* RAM as a PC has it: 639 KB, and 1 MB to 64 MB less 128 KB. */
static void setup_pc(void)
{
	memblock_init(&mb);
	memblock_add(&mb, 0, 0x9fc00);
	memblock_add(&mb, MB, 63 * MB - 128 * KB);
	numa_clear(&info);
	info.has_cpu[0] = true;
}

TEST(numa, cover_exact)
{
	setup_pc();
	numa_add_range(&info, 0, 0, 0xa0);
	numa_add_range(&info, 0, 0x100, 0x2100);
	numa_add_range(&info, 1, 0x2100, 0x4000);
	EXPECT_STREQ(cover(), "sound");
	EXPECT_RANGE(0, 0, 0xa0, 0);
	EXPECT_RANGE(1, 0x100, 0x2100, 0);
	EXPECT_RANGE(2, 0x2100, 0x4000, 1);
	EXPECT_SOUND();
}

/* One MB is forgiven, one page more is not; then nothing has changed. */
TEST(numa, cover_forgives_one_mb)
{
	setup_pc();
	numa_add_range(&info, 0, 0, 0x2000);
	numa_add_range(&info, 1, 0x2100, 0x4000);
	EXPECT_STREQ(cover(), "sound");
	EXPECT_RANGE(0, 0, 0x2100, 0);
	EXPECT_RANGE(1, 0x2100, 0x4000, 1);
	setup_pc();
	numa_add_range(&info, 0, 0, 0x2000);
	numa_add_range(&info, 1, 0x2101, 0x4000);
	EXPECT_STREQ(cover(), "more than 1 MB of RAM has no node");
	EXPECT_RANGE(0, 0, 0x2000, 0);
	EXPECT_RANGE(1, 0x2101, 0x4000, 1);
}

/* It is the sum that counts: below, between and above. */
TEST(numa, cover_counts_the_sum)
{
	unsigned int above;

	for (above = 0; above < 2; above++) {
		setup_pc();
		/* 0x9f frames in front, 0x31 between, 0x30 or 0x31 above */
		numa_add_range(&info, 1, 0x100, 0x2000);
		numa_add_range(&info, 0, 0x2031, 0x3fe0 - 0x30 - above);
		EXPECT_STREQ(cover(), above ?
			     "more than 1 MB of RAM has no node" : "sound");
	}
	setup_pc();
	numa_add_range(&info, 1, 0x100, 0x2000);
	numa_add_range(&info, 0, 0x2031, 0x3fe0 - 0x30);
	EXPECT_STREQ(cover(), "sound");
	EXPECT_EQ(info.nr_ranges, 2);
	EXPECT_RANGE(0, 0, 0x2031, 1);
	EXPECT_RANGE(1, 0x2031, 0x3fe0, 0);
	EXPECT_SOUND();
}

/* Growth stops at the RAM's end, and does not jump over the next range. */
TEST(numa, cover_holes)
{
	memblock_init(&mb);
	memblock_add(&mb, 0x10000, 0x10000);
	memblock_add(&mb, 0x40000, 0x10000);
	memblock_add(&mb, 0x80000, 0x10000);
	numa_clear(&info);
	info.has_cpu[0] = true;
	numa_add_range(&info, 0, 0x18, 0x1c);
	numa_add_range(&info, 1, 0x60, 0x70);		/* no RAM at all */
	numa_add_range(&info, 2, 0x88, 0x200);		/* beyond RAM */
	EXPECT_STREQ(cover(), "sound");
	EXPECT_RANGE(0, 0x10, 0x50, 0);
	EXPECT_RANGE(1, 0x60, 0x88, 1);
	EXPECT_RANGE(2, 0x88, 0x200, 2);
	EXPECT_SOUND();
}

TEST(numa, cover_without_ranges)
{
	setup_pc();
	EXPECT_STREQ(cover(), "no memory has a node");
	memblock_init(&mb);
	numa_add_range(&info, 0, 0x100, 0x200);
	EXPECT_STREQ(cover(), "sound");		/* no RAM to cover */
	EXPECT_RANGE(0, 0x100, 0x200, 0);
}

/* --- fake nodes --- */

struct ram_case {
	const char *name;
	struct { u64 base, size; } ram[4];
	u64 frames;
};

static const struct ram_case ram_cases[] = {
	{ "a PC", { { 0, 0x9fc00 }, { MB, 63 * MB - 128 * KB } },
	  0x9f + 0x3f00 - 0x20 },
	{ "sixteen largest blocks", { { 0, 64 * MB } }, 16 * BLOCK },
	{ "one page less", { { 0x1000, 64 * MB - 0x1000 } }, 16 * BLOCK - 1 },
	{ "moved by half a block", { { 2 * MB, 64 * MB } }, 16 * BLOCK },
	{ "moved by less than half", { { 2 * MB - 0x1000, 64 * MB } },
	  16 * BLOCK },
	{ "holes", { { 0x1000, 7 * MB }, { 16 * MB, 0x3000 },
	  { 33 * MB, 63 * MB }, { GB, 5 * MB + 0x7000 } },
	  7 * 256 + 3 + 63 * 256 + 5 * 256 + 7 },
	{ "60 GB", { { 0, 0xa0000 }, { MB, 3 * GB - MB },
	  { 4 * GB, 57 * GB } }, 0xa0 + 0xbff00 + 57 * 0x40000ULL },
	{ "five pages", { { 0x5000, 0x5000 } }, 5 },
	{ "parts of pages", { { 0x1800, 0x2000 }, { 0x8fff, 2 },
	  { 0x10000, 0xfff }, { 0x20fff, 0x1001 } }, 2 },
	{ "one page", { { MB, 0x1000 } }, 1 },
	{ "none", { { 0, 0 } }, 0 },
};

static void setup_ram(const struct ram_case *c)
{
	unsigned int i;

	memblock_init(&mb);
	for (i = 0; i < ARRAY_SIZE(c->ram); i++)
		memblock_add(&mb, c->ram[i].base, c->ram[i].size);
}

/* Whole frames of RAM in [start, end). */
static u64 ram_between(u64 start, u64 end)
{
	u64 frames = 0;
	unsigned int i;

	for (i = 0; i < mb.memory.cnt; i++) {
		const struct memblock_region *r = &mb.memory.regions[i];
		u64 from = max(start, PFN_UP(r->base));
		u64 to = min(end, PFN_DOWN(r->base + r->size));

		frames += from < to ? to - from : 0;
	}
	return frames;
}

/* One range a node, in order, and none differs by more than slack frames. */
static bool nodes_are_fair(const struct ram_case *c, unsigned int n, u64 slack)
{
	u64 end = 0, sum = 0, share, frames;
	unsigned int i;
	u16 rest;

	share = div_u64_rem16(c->frames, n, &rest);
	for (i = 0; i < n; i++) {
		const struct numa_range *r = &info.range[i];

		frames = ram_between(r->start, r->end);
		if (r->node != (int)i || r->start != end || !frames ||
		    frames + slack < share || frames > share + 1 + slack)
			return false;
		if (slack && i && !IS_ALIGNED(r->start, BLOCK))
			return false;
		end = r->end;
		sum += frames;
	}
	return sum == c->frames && ram_between(0, end) == sum;
}

static void fake(const struct ram_case *c, unsigned int wanted)
{
	unsigned int n = (unsigned int)min((u64)min(wanted, 16U), c->frames);

	setup_ram(c);
	n = max(n, 1U);
	test_expect_eq(numa_fake(&info, &mb, wanted), n, TEST_SITE_(c->name));
	test_expect_eq(info.nr_nodes, n, TEST_SITE_(c->name));
	test_expect_eq(info.nr_ranges, n, TEST_SITE_(c->name));
	test_expect_streq(verdict(numa_check(&info)), "sound",
			  TEST_SITE_(c->name));
	test_expect(info.has_cpu[0] && !info.has_cpu[1], TEST_SITE_(c->name));
	if (n > 1)
		test_expect(nodes_are_fair(c, n, c->frames >= n * BLOCK ?
					   BLOCK - 1 : 0), TEST_SITE_(c->name));
}

TEST(numa, fake)
{
	unsigned int wanted;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(ram_cases); i++)
		for (wanted = 0; wanted <= 20; wanted++)
			fake(&ram_cases[i], wanted);
}

/* To the nearest multiple of 4 MB, up from the middle on. */
TEST(numa, fake_borders)
{
	memblock_init(&mb);
	memblock_add(&mb, 2 * MB, 64 * MB);
	EXPECT_EQ(numa_fake(&info, &mb, 2), 2);
	EXPECT_RANGE(0, 0, 0x2400, 0);
	EXPECT_RANGE(1, 0x2400, 0x4200, 1);
	memblock_init(&mb);
	memblock_add(&mb, 2 * MB - 0x1000, 64 * MB);
	EXPECT_EQ(numa_fake(&info, &mb, 2), 2);
	EXPECT_RANGE(0, 0, 0x2000, 0);
	EXPECT_RANGE(1, 0x2000, 0x41ff, 1);
	/* half of all ends where a hole begins: the border is behind it */
	memblock_init(&mb);
	memblock_add(&mb, MB, 4 * MB);
	memblock_add(&mb, 16 * MB, 4 * MB);
	EXPECT_EQ(numa_fake(&info, &mb, 2), 2);
	EXPECT_RANGE(0, 0, 0x1000, 0);
	EXPECT_RANGE(1, 0x1000, 0x1400, 1);
	/* too little for 4 MB each: to the page */
	memblock_init(&mb);
	memblock_add(&mb, 0x3000, 0x5000);
	EXPECT_EQ(numa_fake(&info, &mb, 2), 2);
	EXPECT_RANGE(0, 0, 5, 0);
	EXPECT_RANGE(1, 5, 8, 1);
}

/* Every frame of the RAM that all this runs on has a node. */
TEST(numa, fake_on_this_machine)
{
	unsigned int n, i;

	for (n = 1; n <= MAX_NUMNODES; n++) {
		u64 frames = 0;

		mb = memblock;
		EXPECT_EQ(numa_fake(&info, &mb, n), n);
		EXPECT_SOUND();
		EXPECT_STREQ(cover(), "sound");
		for (i = 0; i < info.nr_ranges; i++)
			frames += ram_between(info.range[i].start,
					      info.range[i].end);
		EXPECT_EQ(frames, ram_between(0, 1ULL << 52));
	}
}

/* --- the option --- */

struct option_case {
	const char *value;
	int err;
	bool off;
	unsigned int fake;
};

static const struct option_case option_cases[] = {
	{ "off", 0, true, 0 },
	{ "fake=1", 0, false, 1 },
	{ "fake=4", 0, false, 4 },
	{ "fake=16", 0, false, 16 },
	{ "fake=0x10", 0, false, 16 },
	{ "fake=0", -EINVAL, false, 0 },
	{ "fake=17", -EINVAL, false, 0 },
	{ "fake=4294967297", -EINVAL, false, 0 },
	{ "fake=18446744073709551617", -EINVAL, false, 0 },
	{ "fake=", -EINVAL, false, 0 },
	{ "fake", -EINVAL, false, 0 },
	{ "fake=4M", -EINVAL, false, 0 },
	{ "fake=4 ", -EINVAL, false, 0 },
	{ "fake=-1", -EINVAL, false, 0 },
	{ "fake=x", -EINVAL, false, 0 },
	{ "offf", -EINVAL, false, 0 },
	{ "of", -EINVAL, false, 0 },
	{ "on", -EINVAL, false, 0 },
	{ "4", -EINVAL, false, 0 },
	{ "", -EINVAL, false, 0 },
};

TEST(numa, options)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(option_cases); i++) {
		const struct option_case *c = &option_cases[i];
		struct numa_options options = { .off = false };

		test_expect_eq(numa_options_set(&options, c->value), c->err,
			       TEST_SITE_(c->value));
		test_expect(options.off == c->off, TEST_SITE_(c->value));
		test_expect_eq(options.fake, c->fake, TEST_SITE_(c->value));
	}
}
