/*
 * ACPI's SRAT and SLIT, good and broken.
 *
 * Tables are parsed at the end of a page behind which nothing is mapped: a
 * parser that reads one byte too many faults.
 */
#include "ktest.h"
#include <kernel/srat.h>
#include <mm/table/fixmap.h>

#define MB ((u64)1 << 20)
#define GB ((u64)1 << 30)
#define FRAMES_END (1ULL << 52)

#define ENABLED 1U
#define HOT_PLUG 2U
#define NON_VOLATILE 4U
#define HEAD 48U		/* of a SRAT; a SLIT's matrix begins at 44 */
#define SLIT_MATRIX 44U
#define BOOT_CPU 5U		/* an APIC id */

static struct numa_info info;
static u8 table[PAGE_SIZE];
static u8 page[PAGE_SIZE] __aligned(PAGE_SIZE);
static u32 used;
static struct srat_domains domains;

static void put(u32 at, u64 value, u32 bytes)
{
	memcpy(table + at, &value, bytes);
}

static void begin(u8 revision)
{
	memset(table, 0, sizeof(table));
	memcpy(table, "SRAT", 4);
	table[8] = revision;
	used = HEAD;
}

static void add_entry(u8 type, u8 length)
{
	table[used] = type;
	table[used + 1] = length;
	used += length;
}

static void add_cpu(u32 domain, u8 apic_id, u32 flags)
{
	put(used + 2, domain & 0xff, 1);
	put(used + 3, apic_id, 1);
	put(used + 4, flags, 4);
	put(used + 9, domain >> 8, 3);
	add_entry(0, 16);
}

static void add_x2apic(u32 domain, u32 x2apic_id, u32 flags)
{
	put(used + 4, domain, 4);
	put(used + 8, x2apic_id, 4);
	put(used + 12, flags, 4);
	add_entry(2, 24);
}

static void add_memory(u32 domain, u64 base, u64 size, u32 flags)
{
	put(used + 2, domain, 4);
	put(used + 8, base, 8);
	put(used + 16, size, 8);
	put(used + 28, flags, 4);
	add_entry(1, 40);
}

/* The first `length` bytes of table, with nothing behind them. */
static const void *at_the_edge(u32 length)
{
	memcpy(page + PAGE_SIZE - length, table, length);
	set_fixmap(FIX_TEST, __pa(page), PAGE_KERNEL_RO);
	return (const void *)(uintptr_t)(fix_to_virt(FIX_TEST) + PAGE_SIZE -
					 length);
}

static const char *parse(u32 length)
{
	const char *wrong = srat_parse(at_the_edge(length), length, BOOT_CPU,
				       &domains, &info);

	clear_fixmap(FIX_TEST);
	return wrong ? wrong : "sound";
}

#define EXPECT_SRAT(verdict) EXPECT_STREQ(parse(used), verdict)

static const char *parse_slit(u32 length)
{
	const char *wrong = slit_parse(at_the_edge(length), length, &domains,
				       &info);

	clear_fixmap(FIX_TEST);
	return wrong ? wrong : "sound";
}

#define EXPECT_SRAT(verdict) EXPECT_STREQ(parse(used), verdict)

#define EXPECT_SOUND() EXPECT(!numa_check(&info))

#define EXPECT_RANGE(i, start_, end_, node_) do {			\
	EXPECT_EQ(info.range[i].start, start_);				\
	EXPECT_EQ(info.range[i].end, end_);				\
	EXPECT_EQ(info.range[i].node, node_);				\
} while (0)

TEST(srat, nothing_is_mapped_behind_the_table)
{
	at_the_edge(1);
	EXPECT_NO_FAULT(ACCESS_READ, fix_to_virt(FIX_TEST) + PAGE_SIZE - 1);
	EXPECT_FAULT(ACCESS_READ, fix_to_virt(FIX_TEST) + PAGE_SIZE, 0);
	clear_fixmap(FIX_TEST);
}

/* --- what is accepted --- */

/* 33 MB and 63 MB, as QEMU describes them; unused entries are filled up. */
static void two_nodes(u8 revision)
{
	begin(revision);
	add_cpu(0, 0, ENABLED);
	add_cpu(1, BOOT_CPU, ENABLED);
	add_memory(0, 0, 0xa0000, ENABLED);
	add_memory(0, MB, 32 * MB, ENABLED);
	add_memory(1, 33 * MB, 63 * MB, ENABLED);
	add_memory(0, 0, 0, 0);
	add_memory(0, 0, 0, 0);
}

TEST(srat, two_nodes)
{
	two_nodes(1);
	EXPECT_SRAT("sound");
	EXPECT_SOUND();
	EXPECT_EQ(info.nr_nodes, 2);
	EXPECT_EQ(info.nr_ranges, 3);
	EXPECT_RANGE(0, 0, 0xa0, 0);
	EXPECT_RANGE(1, 0x100, 0x2100, 0);
	EXPECT_RANGE(2, 0x2100, 0x6000, 1);
	EXPECT(info.has_cpu[0] && info.has_cpu[1] && !info.has_cpu[2]);
	EXPECT_EQ(info.boot_node, 1);
	EXPECT_EQ(domains.nr, 2);
	EXPECT_EQ(info.distance[0][1], 20);
}

/* Nodes are ranks of domains; ranges come in any order. */
TEST(srat, domains_become_ranks)
{
	begin(3);
	add_memory(0xfffffffe, 5 * GB, GB, ENABLED);
	add_memory(0x01020304, 0, GB, ENABLED);
	add_cpu(0xfffffffe, 1, ENABLED);
	add_memory(7, 4 * GB, GB, ENABLED);
	add_x2apic(0x01020304, 300, ENABLED);
	add_memory(0x01020304, 3 * GB, GB / 2, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_SOUND();
	EXPECT_EQ(domains.nr, 3);
	EXPECT_EQ(domains.domain[0], 7);
	EXPECT_EQ(domains.domain[1], 0x01020304);
	EXPECT_EQ(domains.domain[2], 0xfffffffe);
	EXPECT_EQ(info.nr_nodes, 3);
	EXPECT_EQ(info.nr_ranges, 4);
	EXPECT_RANGE(0, 0, 0x40000, 1);
	EXPECT_RANGE(1, 0xc0000, 0xe0000, 1);
	EXPECT_RANGE(2, 0x100000, 0x140000, 0);
	EXPECT_RANGE(3, 0x140000, 0x180000, 2);
	EXPECT(!info.has_cpu[0] && info.has_cpu[1] && info.has_cpu[2]);
}

/* In revision 1 the upper bytes of a domain are anything. */
TEST(srat, revision_decides_the_width)
{
	u8 revision;

	for (revision = 0; revision < 4; revision++) {
		begin(revision);
		add_cpu(0x55443303, 1, ENABLED);
		add_memory(0x99887703, 0, GB, ENABLED);
		add_memory(0x11111105, GB, GB, ENABLED);
		EXPECT_SRAT("sound");
		EXPECT_SOUND();
		EXPECT_EQ(info.nr_nodes, revision < 2 ? 2 : 3);
		EXPECT_EQ(domains.domain[0], revision < 2 ? 3 : 0x11111105);
		EXPECT_EQ(info.range[0].node, revision < 2 ? 0 : 2);
		EXPECT_EQ(info.range[1].node, revision < 2 ? 1 : 0);
	}
}

/* Not enabled, not volatile, empty: they bring neither range nor domain. */
TEST(srat, what_does_not_count)
{
	begin(3);
	add_memory(4, 0, GB, ENABLED | HOT_PLUG);
	add_memory(1, GB, GB, 0);
	add_memory(1, GB, GB, HOT_PLUG);
	add_memory(2, GB, GB, ENABLED | NON_VOLATILE);
	add_memory(3, GB, 0, ENABLED);
	add_cpu(5, BOOT_CPU, 0);
	add_x2apic(6, BOOT_CPU, ~ENABLED);
	add_entry(3, 18);
	add_entry(4, 12);
	add_entry(5, 32);
	add_entry(6, 2);
	EXPECT_SRAT("sound");
	EXPECT_SOUND();
	EXPECT_EQ(domains.nr, 1);
	EXPECT_EQ(domains.domain[0], 4);
	EXPECT_EQ(info.nr_ranges, 1);
	EXPECT_RANGE(0, 0, 0x40000, 0);
}

/* Overlaps and sizes of what does not count are not judged, either. */
TEST(srat, what_does_not_count_may_be_wrong)
{
	begin(3);
	add_memory(0, 0, GB, ENABLED);
	add_memory(0, 0, GB, 0);
	add_memory(1, 4, ~(u64)0, NON_VOLATILE | ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_EQ(info.nr_ranges, 1);
}

/* A later revision may make entries longer. */
TEST(srat, longer_entries)
{
	begin(9);
	add_memory(0, 0, GB, ENABLED);
	table[used - 40 + 1] = 77;
	used += 37;
	add_cpu(1, BOOT_CPU, ENABLED);
	table[used - 16 + 1] = 255;
	used += 239;
	EXPECT_SRAT("sound");
	EXPECT_EQ(info.nr_nodes, 2);
	EXPECT_EQ(info.boot_node, 1);
}

/* CPUs without memory and memory without CPUs are nodes. */
TEST(srat, lone_cpus_and_lone_memory)
{
	begin(3);
	add_cpu(3, BOOT_CPU, ENABLED);
	add_memory(5, 0, GB, ENABLED);
	add_x2apic(9, 0, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_SOUND();
	EXPECT_EQ(info.nr_nodes, 3);
	EXPECT_EQ(info.nr_ranges, 1);
	EXPECT_EQ(info.range[0].node, 1);
	EXPECT(info.has_cpu[0] && !info.has_cpu[1] && info.has_cpu[2]);
	EXPECT_EQ(info.boot_node, 0);
}

TEST(srat, boot_node)
{
	/* by its x2APIC id */
	begin(3);
	add_memory(0, 0, GB, ENABLED);
	add_memory(1, GB, GB, ENABLED);
	add_x2apic(1, BOOT_CPU, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_EQ(info.boot_node, 1);
	/* the id has 32 bits there, and 8 in the old form */
	begin(3);
	add_memory(0, GB, GB, ENABLED);
	add_memory(1, 0, GB, ENABLED);
	add_x2apic(0, BOOT_CPU + 256, ENABLED);
	EXPECT_SRAT("sound");
	/* not listed: where the first memory is, which then has a CPU */
	EXPECT_EQ(info.boot_node, 1);
	EXPECT(info.has_cpu[0] && info.has_cpu[1]);
	EXPECT_SOUND();
}

/* --- what is broken --- */

TEST(srat, heads)
{
	begin(3);
	EXPECT_SRAT("no memory has a node");
	for (used = 0; used < HEAD; used++)
		EXPECT_SRAT("it is shorter than its own head");
}

TEST(srat, no_memory)
{
	begin(3);
	add_cpu(0, 0, ENABLED);
	EXPECT_SRAT("no memory has a node");
	add_memory(0, 0, GB, 0);
	EXPECT_SRAT("no memory has a node");
	add_memory(0, 0, 0, ENABLED);
	EXPECT_SRAT("no memory has a node");
	add_memory(0, 0, GB, ENABLED | NON_VOLATILE);
	EXPECT_SRAT("no memory has a node");
	add_memory(0, 0, GB, ENABLED);
	EXPECT_SRAT("sound");
}

TEST(srat, unknown_types)
{
	u32 type;

	for (type = 0; type < 256; type++) {
		two_nodes(3);
		add_entry((u8)type, 40);
		EXPECT_SRAT(type < 7 ? "sound" :
			    "an entry is of an unknown type");
	}
}

TEST(srat, lengths)
{
	static const u8 least[] = { 16, 40, 24, 2, 2, 2, 2 };
	u32 type, length;

	for (type = 0; type < ARRAY_SIZE(least); type++)
		for (length = 0; length < 50; length++) {
			two_nodes(3);
			add_entry((u8)type, (u8)length);
			/* of length 0 nothing is there, of 1 half a head */
			EXPECT_SRAT(length == 1 ?
				    "an entry runs past the end of the table" :
				    length && length < least[type] ?
				    "an entry is too short for its type" :
				    "sound");
		}
	/* a loop, if it were followed */
	two_nodes(3);
	for (length = 0; length < 2; length++) {
		table[HEAD + 1] = (u8)length;
		EXPECT_SRAT("an entry is shorter than its own head");
	}
	/* the last entry, one byte too long */
	two_nodes(3);
	table[used - 40 + 1]++;
	EXPECT_SRAT("an entry runs past the end of the table");
	/* one byte is left over */
	two_nodes(3);
	used++;
	EXPECT_SRAT("an entry runs past the end of the table");
}

/* Cut anywhere: sound on a border behind the first memory, else a sentence. */
TEST(srat, every_truncation)
{
	static const u32 borders[] = { 120, 160, 200, 240, 280 };
	u32 whole, i;

	two_nodes(3);
	whole = used;
	EXPECT_EQ(whole, borders[ARRAY_SIZE(borders) - 1]);
	for (used = 0; used <= whole; used++) {
		bool sound = false;

		for (i = 0; i < ARRAY_SIZE(borders); i++)
			sound |= used == borders[i];
		EXPECT_EQ(!strcmp(parse(used), "sound"), sound);
		if (sound)
			EXPECT_SOUND();
	}
}

TEST(srat, wraps)
{
	begin(3);
	add_memory(0, 0, GB, ENABLED);
	add_memory(0, 0 - GB, GB, ENABLED);	/* to 2^64 exactly */
	EXPECT_SRAT("sound");
	EXPECT_RANGE(1, FRAMES_END - 0x40000, FRAMES_END, 0);
	add_memory(0, GB, ~(u64)0 - GB + 2, ENABLED);
	EXPECT_SRAT("a range of memory runs past 2^64");
	begin(3);
	add_memory(0, 0, ~(u64)0, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_RANGE(0, 0, FRAMES_END, 0);
	begin(3);
	add_memory(0, ~(u64)0, 1, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_RANGE(0, FRAMES_END - 1, FRAMES_END, 0);
	begin(3);
	add_memory(0, ~(u64)0, 2, ENABLED);
	EXPECT_SRAT("a range of memory runs past 2^64");
	begin(3);
	add_memory(0, 1, ~(u64)0, ENABLED);
	EXPECT_SRAT("sound");
	begin(3);
	add_memory(0, 2, ~(u64)0, ENABLED);
	EXPECT_SRAT("a range of memory runs past 2^64");
}

struct overlap_case {
	const char *name;
	u64 base, size;
	bool overlaps;
};

/* Against [16 MB, 32 MB). */
static const struct overlap_case overlap_cases[] = {
	{ "the same", 16 * MB, 16 * MB, true },
	{ "inside", 20 * MB, MB, true },
	{ "around", 8 * MB, 64 * MB, true },
	{ "over the begin", 8 * MB, 8 * MB + 1, true },
	{ "over the end", 32 * MB - 1, MB, true },
	{ "the first byte", 16 * MB, 1, true },
	{ "the last byte", 32 * MB - 1, 1, true },
	{ "up to the begin", 8 * MB, 8 * MB, false },
	{ "from the end on", 32 * MB, MB, false },
	{ "apart", GB, GB, false },
};

TEST(srat, overlaps)
{
	u32 i, order, same;

	for (i = 0; i < ARRAY_SIZE(overlap_cases) * 4; i++) {
		const struct overlap_case *c = &overlap_cases[i / 4];

		order = i & 1;
		same = i >> 1 & 1;
		begin(3);
		if (order)
			add_memory(same, c->base, c->size, ENABLED);
		add_memory(1, 16 * MB, 16 * MB, ENABLED);
		if (!order)
			add_memory(same, c->base, c->size, ENABLED);
		test_expect_streq(parse(used), c->overlaps ?
				  "two ranges of memory overlap" : "sound",
				  TEST_SITE_(c->name));
	}
}

/* A frame has one node: a border inside of it is an overlap. */
TEST(srat, borders_inside_a_frame)
{
	begin(3);
	add_memory(0, 0, 0x9fc00, ENABLED);
	add_memory(0, MB, GB, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_RANGE(0, 0, 0xa0, 0);
	add_memory(1, 0x9fc00, 0x400, ENABLED);
	EXPECT_SRAT("two ranges of memory overlap");
}

TEST(srat, too_many_domains)
{
	u32 i;

	begin(3);
	for (i = 16; i > 0; i--)
		add_memory(i * 1000, i * GB, GB, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_SOUND();
	EXPECT_EQ(info.nr_nodes, 16);
	EXPECT_RANGE(15, 16 * GB >> 12, 17 * GB >> 12, 15);
	add_cpu(16000, BOOT_CPU, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_EQ(info.boot_node, 15);
	add_cpu(1, BOOT_CPU, ENABLED);
	EXPECT_SRAT("too many proximity domains");
}

TEST(srat, too_many_ranges)
{
	u32 i;

	begin(3);
	for (i = 64; i > 0; i--)
		add_memory(i & 1, i * GB, GB, ENABLED);
	EXPECT_SRAT("sound");
	EXPECT_SOUND();
	EXPECT_EQ(info.nr_ranges, 64);
	EXPECT_RANGE(0, GB >> 12, 2 * GB >> 12, 1);
	add_memory(0, 0, MB, ENABLED);
	EXPECT_SRAT("too many ranges of memory");
}

/* Bytes of a good table are damaged: a sentence, or something that is sound. */
TEST(srat, random_damage)
{
	u32 state = 20260119, round, i;
	bool ok = true;

	for (round = 0; ok && round < 3000; round++) {
		two_nodes(round & 3);
		for (i = 0; i < 1 + round % 5; i++) {
			state = state * 1664525 + 1013904223;
			table[(state >> 8) % used] = (u8)(state >> 24);
		}
		ok = strcmp(parse(used), "sound") || !numa_check(&info);
	}
	EXPECT_EQ(round, 3000);
	EXPECT(ok);
}

/* --- SLIT --- */

/* Nodes 0, 1, 2 are the domains 0, 2, 3. */
static void three_nodes(void)
{
	begin(3);
	add_memory(0, 0, GB, ENABLED);
	add_memory(2, GB, GB, ENABLED);
	add_memory(3, 2 * GB, GB, ENABLED);
	EXPECT_SRAT("sound");
}

/* 10 on the diagonal, else 20 + 10 * row + column. */
static void begin_slit(u32 count)
{
	u32 i, j;

	memset(table, 0, sizeof(table));
	memcpy(table, "SLIT", 4);
	put(36, count, 8);
	used = SLIT_MATRIX;
	for (i = 0; i < count; i++)
		for (j = 0; j < count; j++)
			table[used++] = (u8)(i == j ? 10 : 20 + 10 * i + j);
}

#define EXPECT_SLIT(verdict) EXPECT_STREQ(parse_slit(used), verdict)

static bool distances_are(u8 a01, u8 a02, u8 a10, u8 a12, u8 a20, u8 a21)
{
	const u8 want[3][3] = {
		{ 10, a01, a02 }, { a10, 10, a12 }, { a20, a21, 10 },
	};
	u32 i;

	for (i = 0; i < 3; i++)
		if (memcmp(info.distance[i], want[i], 3) ||
		    info.distance[i][3] != 20)
			return false;
	return !numa_check(&info);
}

TEST(srat, slit)
{
	three_nodes();
	begin_slit(4);
	EXPECT_SLIT("sound");
	EXPECT(distances_are(22, 23, 40, 43, 50, 52));
	/* what stands behind the matrix is not looked at */
	three_nodes();
	begin_slit(4);
	used += 100;
	EXPECT_SLIT("sound");
	EXPECT(distances_are(22, 23, 40, 43, 50, 52));
}

/* Domains that it lacks are as far as if nobody had said anything. */
TEST(srat, slit_lacks_domains)
{
	three_nodes();
	begin_slit(3);
	EXPECT_SLIT("sound");
	EXPECT(distances_are(22, 20, 40, 20, 20, 20));
	three_nodes();
	begin_slit(1);
	EXPECT_SLIT("sound");
	EXPECT(distances_are(20, 20, 20, 20, 20, 20));
}

TEST(srat, slit_distances)
{
	u32 distance;

	for (distance = 0; distance < 256; distance++) {
		three_nodes();
		begin_slit(4);
		table[SLIT_MATRIX + 2] = (u8)distance;
		EXPECT_SLIT(distance < 10 ? "a distance is below 10" : "sound");
		EXPECT_EQ(info.distance[0][1], distance < 10 ? 20 : distance);
		three_nodes();
		begin_slit(4);
		/* of domain 1, which has no node: broken is broken */
		table[SLIT_MATRIX + 5] = (u8)distance;
		EXPECT_SLIT(distance == 10 ? "sound" :
			    "a domain is not 10 from itself");
	}
}

/* Whatever is wrong, not one distance has changed. */
TEST(srat, slit_broken)
{
	u32 whole;

	three_nodes();
	begin_slit(4);
	whole = used;
	for (used = 0; used < SLIT_MATRIX; used++)
		EXPECT_SLIT("it is shorter than its own head");
	for (; used < whole; used++)
		EXPECT_SLIT("it is shorter than its matrix");
	put(36, 0, 8);
	EXPECT_SLIT("its number of domains is absurd");
	put(36, 65536, 8);
	EXPECT_SLIT("its number of domains is absurd");
	put(36, 1ULL << 32 | 4, 8);
	EXPECT_SLIT("its number of domains is absurd");
	put(36, ~0ULL, 8);
	EXPECT_SLIT("its number of domains is absurd");
	put(36, 65535, 8);
	EXPECT_SLIT("it is shorter than its matrix");
	begin_slit(4);
	table[used - 2] = 9;
	EXPECT_SLIT("a distance is below 10");
	table[used - 1] = 0;
	EXPECT_SLIT("a distance is below 10");
	table[used - 2] = 11;
	EXPECT_SLIT("a domain is not 10 from itself");
	EXPECT(distances_are(20, 20, 20, 20, 20, 20));
}
