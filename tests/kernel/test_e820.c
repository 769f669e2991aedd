/*
 * The map of RAM: a table of maps before and after the sweep, each drawn, then
 * the edges of every call, then random maps against one byte a page.
 */
#include "ktest.h"
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/cpu/page.h>
#include <mm/early/e820.h>

#define KB ((u64)1 << 10)
#define MB ((u64)1 << 20)
#define GB ((u64)1 << 30)
#define TOP (~(u64)0)	/* the last byte there is */

#define RAM E820_RAM
#define RSV E820_RESERVED

#define CASE_RANGES 8

struct map_case {
	const char *name;
	struct e820_entry in[CASE_RANGES];	/* up to the first of type 0 */
	struct e820_entry want[CASE_RANGES];
};

static struct e820_map map;

static void map_clear(struct e820_map *m)
{
	memset(m, 0, sizeof(*m));
}

static void map_print(const struct e820_map *m)
{
	unsigned int i;

	for (i = 0; i < m->nr; i++)
		printk("# %2u: 0x%016llx + 0x%016llx %s\n", i,
		       (unsigned long long)m->entry[i].addr,
		       (unsigned long long)m->entry[i].size,
		       e820_type_name(m->entry[i].type));
}

static bool same_entry(const struct e820_entry *a, const struct e820_entry *b)
{
	return a->addr == b->addr && a->size == b->size && a->type == b->type;
}

/* want ends after CASE_RANGES ranges, or before the first of type 0. */
static bool map_is(const struct e820_map *m, const struct e820_entry *want)
{
	unsigned int n = 0, i = 0;

	while (n < CASE_RANGES && want[n].type)
		n++;
	while (i < n && i < m->nr && same_entry(&m->entry[i], &want[i]))
		i++;
	if (i == n && n == m->nr)
		return true;
	map_print(m);
	return false;
}

static const struct map_case sweep_cases[] = {
	/* (nothing) */
	{ "empty", { { 0 } }, { { 0 } } },
	/* [ RAM ] */
	{ "one range",
	  { { 0, 640 * KB, RAM } },
	  { { 0, 640 * KB, RAM } } },
	/* given as [ NVS ][ RAM ]  [ RAM ]   [ rsv ] in the order 3 1 0 2 */
	{ "unsorted",
	  { { 4 * GB - 256 * KB, 256 * KB, RSV }, { MB, MB, RAM },
	    { 0, 640 * KB, E820_NVS }, { 2 * GB, MB, RAM } },
	  { { 0, 640 * KB, E820_NVS }, { MB, MB, RAM }, { 2 * GB, MB, RAM },
	    { 4 * GB - 256 * KB, 256 * KB, RSV } } },
	/* [ RAM ][ RAM ][ RAM ] -> [      RAM      ] */
	{ "neighbours of one type join",
	  { { 2 * MB, MB, RAM }, { 0, MB, RAM }, { MB, MB, RAM } },
	  { { 0, 3 * MB, RAM } } },
	/* [ RAM ][ rsv ][ RAM ] stays */
	{ "neighbours of two types do not join",
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM } },
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM } } },
	/* [ RAM ] [ RAM ] stays: one byte of hole */
	{ "a hole of one byte keeps ranges apart",
	  { { 0, MB - 1, RAM }, { MB, MB, RAM } },
	  { { 0, MB - 1, RAM }, { MB, MB, RAM } } },
	/* [ RAM  [ RAM*RAM ]  RAM ] -> [     RAM     ] */
	{ "overlap of one type",
	  { { 0, 2 * MB, RAM }, { MB, 2 * MB, RAM } },
	  { { 0, 3 * MB, RAM } } },
	/* [ RAM ] twice -> [ RAM ] */
	{ "the same range twice",
	  { { MB, MB, RAM }, { MB, MB, RAM } },
	  { { MB, MB, RAM } } },
	/* [ RAM ] and [ rsv ] on the same bytes -> [ rsv ] */
	{ "the same bytes, two types: the highest wins",
	  { { MB, MB, RSV }, { MB, MB, RAM } },
	  { { MB, MB, RSV } } },
	/* [ RAM [ RAM*rsv ] rsv ] -> [ RAM ][    rsv    ] */
	{ "tail of RAM under a reservation",
	  { { 0, 2 * MB, RAM }, { MB, 2 * MB, RSV } },
	  { { 0, MB, RAM }, { MB, 2 * MB, RSV } } },
	/* [ rsv [ RAM*rsv ] RAM ] -> [    rsv    ][ RAM ] */
	{ "head of RAM under a reservation",
	  { { MB, 2 * MB, RAM }, { 0, 2 * MB, RSV } },
	  { { 0, 2 * MB, RSV }, { 2 * MB, MB, RAM } } },
	/* [ RAM [ rsv ] RAM ] -> [ RAM ][ rsv ][ RAM ] */
	{ "a reservation inside RAM splits it",
	  { { 0, 3 * MB, RAM }, { MB, MB, RSV } },
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM } } },
	/* [ rsv [ RAM ] rsv ] -> [     rsv     ] */
	{ "RAM inside a reservation vanishes",
	  { { 0, 3 * MB, RSV }, { MB, MB, RAM } },
	  { { 0, 3 * MB, RSV } } },
	/*
	 * RAM  [---------------]
	 * ACPI     [-------]
	 * NVS          [-------]	-> [ RAM ][ ACPI ][ NVS ][ RAM ]
	 */
	{ "three types over one another",
	  { { 0, 4 * MB, RAM }, { MB, 2 * MB, E820_ACPI },
	    { 2 * MB, MB + 512 * KB, E820_NVS } },
	  { { 0, MB, RAM }, { MB, MB, E820_ACPI },
	    { 2 * MB, MB + 512 * KB, E820_NVS },
	    { 3 * MB + 512 * KB, 512 * KB, RAM } } },
	/*
	 * NVS      [-]
	 * rsv    [-----]
	 * RAM  [---------]	-> [ RAM ][ rsv ][ NVS ][ rsv ][ RAM ]
	 */
	{ "a staircase, the top step first",
	  { { 4 * MB, MB, E820_NVS }, { 2 * MB, 5 * MB, RSV },
	    { 0, 9 * MB, RAM } },
	  { { 0, 2 * MB, RAM }, { 2 * MB, 2 * MB, RSV },
	    { 4 * MB, MB, E820_NVS }, { 5 * MB, 2 * MB, RSV },
	    { 7 * MB, 2 * MB, RAM } } },
	/* [ RAM ][type 12][ RAM ]: an unknown number is higher, and wins */
	{ "an unknown type wins over RAM",
	  { { 0, 3 * MB, RAM }, { MB, MB, 12 } },
	  { { 0, MB, RAM }, { MB, MB, 12 }, { 2 * MB, MB, RAM } } },
	/* [ RAM ], and nothing of length 0 inside it */
	{ "a zero length splits nothing",
	  { { 0, 3 * MB, RAM }, { MB, 0, RSV }, { 0, 0, E820_NVS } },
	  { { 0, 3 * MB, RAM } } },
	/* [ RAM        4 GB        ] stays one */
	{ "across 4 GB",
	  { { GB, 3 * GB, RAM }, { 4 * GB, 2 * GB, RAM } },
	  { { GB, 5 * GB, RAM } } },
	/* [ RAM 2^64, cut here ) what ran past it */
	{ "past 2^64 is cut there",
	  { { TOP - MB + 1, 3 * MB, RAM } },
	  { { TOP - MB + 1, MB, RAM } } },
	/* [ RAM 2^64 exactly ) with [ rsv ] in it */
	{ "up to 2^64 exactly",
	  { { TOP - 4 * MB + 1, 4 * MB, RAM }, { TOP - 2 * MB + 1, MB, RSV } },
	  { { TOP - 4 * MB + 1, 2 * MB, RAM }, { TOP - 2 * MB + 1, MB, RSV },
	    { TOP - MB + 1, MB, RAM } } },
	/* both end at 2^64: [ RAM ][ rsv 2^64 */
	{ "two ranges up to 2^64",
	  { { TOP - 4 * MB + 1, 4 * MB, RAM }, { TOP - MB + 1, 9 * MB, RSV } },
	  { { TOP - 4 * MB + 1, 3 * MB, RAM }, { TOP - MB + 1, MB, RSV } } },
	/* [ RAM ] on the last byte alone */
	{ "the last byte there is",
	  { { TOP, 1, RAM }, { TOP, TOP, RAM } },
	  { { TOP, 1, RAM } } },
	/* [ RAM ... ][ RAM 2^64: 2^64 bytes have no u64, so they stay two */
	{ "all 2^64 bytes stay two ranges",
	  { { 0, TOP, RAM }, { TOP, 1, RAM } },
	  { { 0, TOP, RAM }, { TOP, 1, RAM } } },
	/* [ RAM   ] [ rsv ] at odd bytes: no rounding here */
	{ "odd bytes",
	  { { 1, 0x9fbff, RAM }, { 0x9fbff, 0x401, RSV } },
	  { { 1, 0x9fbfe, RAM }, { 0x9fbff, 0x401, RSV } } },
};

/* Machines as they are: what the loader gives, and what must come out. */
static const struct map_case machine_cases[] = {
	/* [ RAM ] [rsv]  [rsv][ RAM ... ][rsv]      [rsv] */
	{ "QEMU, 128 MB",
	  { { 0, 0x9fc00, RAM }, { 0x9fc00, 0x400, RSV },
	    { 0xf0000, 0x10000, RSV }, { MB, 0x7ee0000, RAM },
	    { 0x7fe0000, 0x20000, RSV }, { 0xfffc0000, 0x40000, RSV } },
	  { { 0, 0x9fc00, RAM }, { 0x9fc00, 0x400, RSV },
	    { 0xf0000, 0x10000, RSV }, { MB, 0x7ee0000, RAM },
	    { 0x7fe0000, 0x20000, RSV }, { 0xfffc0000, 0x40000, RSV } } },
	/* [ RAM ] [ RAM ][ hole at 15 MB ][ RAM ] */
	{ "a hole at 15 MB for ISA cards",
	  { { MB, 14 * MB, RAM }, { 16 * MB, 48 * MB, RAM },
	    { 0, 640 * KB, RAM } },
	  { { 0, 640 * KB, RAM }, { MB, 14 * MB, RAM },
	    { 16 * MB, 48 * MB, RAM } } },
	/* [ RAM ... [ACPI][NVS] ][ rsv ]   4 GB [ RAM ] */
	{ "ACPI tables at the end of RAM, and RAM above 4 GB",
	  { { MB, 2 * GB - MB, RAM }, { 2 * GB - 64 * KB, 48 * KB, E820_ACPI },
	    { 2 * GB - 16 * KB, 16 * KB, E820_NVS }, { 2 * GB, GB, RSV },
	    { 4 * GB, 2 * GB, RAM } },
	  { { MB, 2 * GB - MB - 64 * KB, RAM },
	    { 2 * GB - 64 * KB, 48 * KB, E820_ACPI },
	    { 2 * GB - 16 * KB, 16 * KB, E820_NVS }, { 2 * GB, GB, RSV },
	    { 4 * GB, 2 * GB, RAM } } },
	/* UEFI: [RAM][RAM][RAM][rsv][RAM] from a list of small descriptors */
	{ "many small descriptors of UEFI",
	  { { MB, 64 * KB, RAM }, { MB + 64 * KB, 4 * KB, RAM },
	    { MB + 68 * KB, 956 * KB, RAM }, { 2 * MB, 4 * KB, RSV },
	    { 2 * MB + 4 * KB, 4 * KB, RAM } },
	  { { MB, MB, RAM }, { 2 * MB, 4 * KB, RSV },
	    { 2 * MB + 4 * KB, 4 * KB, RAM } } },
};

static void map_fill(const struct e820_entry *in)
{
	unsigned int i;

	map_clear(&map);
	for (i = 0; i < CASE_RANGES && in[i].type; i++)
		EXPECT_EQ(e820_add(&map, in[i].addr, in[i].size, in[i].type),
			  0);
}

static void run_cases(const struct map_case *c, size_t n)
{
	for (; n; n--, c++) {
		map_fill(c->in);
		test_expect(e820_sanitize(&map) == 0, TEST_SITE_(c->name));
		test_expect(map_is(&map, c->want), TEST_SITE_(c->name));
		e820_sanitize(&map);
		test_expect(map_is(&map, c->want), TEST_SITE_(c->name));
	}
}

TEST(e820, sweep)
{
	run_cases(sweep_cases, ARRAY_SIZE(sweep_cases));
}

TEST(e820, machines)
{
	run_cases(machine_cases, ARRAY_SIZE(machine_cases));
}

TEST(e820, type_zero_is_reserved)
{
	map_clear(&map);
	EXPECT_EQ(e820_add(&map, MB, MB, 0), 0);
	EXPECT_EQ(map.nr, 1);
	EXPECT_EQ(map.entry[0].type, RSV);
}

TEST(e820, add_cuts_at_the_end_of_all)
{
	map_clear(&map);
	EXPECT_EQ(e820_add(&map, TOP - MB + 1, MB + 1, RSV), 0);
	EXPECT_EQ(e820_add(&map, TOP, TOP, RSV), 0);
	EXPECT_EQ(e820_add(&map, 0, TOP, RSV), 0);
	EXPECT_EQ(map.entry[0].size, MB);
	EXPECT_EQ(map.entry[1].size, 1);
	EXPECT_EQ(map.entry[2].size, TOP);
}

TEST(e820, zero_length_takes_no_place)
{
	map_clear(&map);
	EXPECT_EQ(e820_add(&map, MB, 0, RAM), 0);
	EXPECT_EQ(e820_add(&map, 0, 0, RSV), 0);
	EXPECT_EQ(map.nr, 0);
	EXPECT_EQ(map.dropped, 0);
}

/* [RAM] [RAM] [RAM] ... E820_MAX of them, in MBs 0 2 4 ... */
static void map_fill_up(u32 type)
{
	unsigned int i;

	map_clear(&map);
	for (i = 0; i < E820_MAX; i++)
		EXPECT_EQ(e820_add(&map, 2 * i * MB, MB, type), 0);
}

TEST(e820, add_to_a_full_map)
{
	map_fill_up(RAM);
	EXPECT_EQ(e820_add(&map, GB, MB, RAM), -ENOSPC);
	EXPECT_EQ(map.nr, E820_MAX);
	EXPECT_EQ(map.dropped, 1);
	EXPECT_EQ(e820_type_at(&map, GB), 0);
	EXPECT_EQ(e820_sanitize(&map), 0);
	EXPECT_EQ(e820_ram_in(&map, 0, TOP), E820_MAX * MB);
}

/* A reservation finds a place: the highest RAM makes room. */
TEST(e820, add_reservation_to_a_full_map)
{
	map_fill_up(RAM);
	EXPECT_EQ(e820_add(&map, 0, MB, RSV), -ENOSPC);
	EXPECT_EQ(map.dropped, 1);
	EXPECT_EQ(e820_type_at(&map, 0), RSV);
	EXPECT_EQ(e820_type_at(&map, 2 * (E820_MAX - 1) * MB), 0);
	EXPECT_EQ(e820_ram_in(&map, 2 * MB, TOP), (E820_MAX - 2) * MB);

	/* [ RAM   [rsv] RAM [rsv] ... RAM ]: no RAM above to make room */
	map_fill_up(RSV);
	map.entry[0] = (struct e820_entry){ 0, 4 * GB, RAM };
	EXPECT_EQ(e820_add(&map, 2 * GB, MB, RSV), -ENOSPC);
	EXPECT_EQ(e820_type_at(&map, 2 * GB - 1), RAM);
	EXPECT_EQ(e820_type_at(&map, 2 * GB), 0);
	EXPECT_EQ(e820_type_at(&map, 4 * GB - 1), 0);

	map_fill_up(RSV);
	EXPECT_EQ(e820_add(&map, GB, MB, E820_NVS), -ENOSPC);
	EXPECT_EQ(map.dropped, 1);
	EXPECT_EQ(e820_type_at(&map, GB), 0);
}

/*
 * [ RAM [rsv] RAM [rsv] RAM ... ] from E820_MAX ranges makes 2 * E820_MAX - 1
 * stretches: all of RAM but the lowest range must go, no reservation.
 */
TEST(e820, result_that_does_not_fit_loses_ram)
{
	unsigned int i;

	map_clear(&map);
	e820_add(&map, 0, GB, RAM);
	for (i = 1; i < E820_MAX; i++)
		e820_add(&map, 2 * i * MB, MB, RSV);
	EXPECT_EQ(e820_sanitize(&map), -ENOSPC);
	EXPECT_EQ(map.nr, E820_MAX);
	EXPECT_EQ(map.dropped, E820_MAX - 1);
	EXPECT_EQ(e820_ram_in(&map, 0, TOP), 2 * MB);
	EXPECT_EQ(e820_type_at(&map, MB), RAM);
	for (i = 1; i < E820_MAX; i++)
		EXPECT_EQ(e820_type_at(&map, 2 * i * MB), RSV);
}

/* [ rsv [NVS] rsv [NVS] ... ] without RAM: the end of the list is lost. */
TEST(e820, result_that_does_not_fit_without_ram)
{
	unsigned int i;

	map_clear(&map);
	e820_add(&map, 0, GB, RSV);
	for (i = 1; i < E820_MAX; i++)
		e820_add(&map, 2 * i * MB, MB, E820_NVS);
	EXPECT_EQ(e820_sanitize(&map), -ENOSPC);
	EXPECT_EQ(map.nr, E820_MAX);
	EXPECT_EQ(map.dropped, E820_MAX - 1);
	EXPECT_EQ(e820_type_at(&map, 0), RSV);
	EXPECT_EQ(e820_type_at(&map, 2 * MB), E820_NVS);
	EXPECT_EQ(e820_type_at(&map, GB - 1), 0);
}

struct update_case {
	const char *name;
	u64 addr, size;
	u32 from, to;
	struct e820_entry want[CASE_RANGES];
};

/* Each starts from [ RAM ][ rsv ][ RAM ] hole [ NVS ], one MB each. */
static const struct e820_entry update_from[] = {
	{ 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM },
	{ 4 * MB, MB, E820_NVS }, { 0 },
};

static const struct update_case update_cases[] = {
	/* [ RAM ][ rsv ][ RAM ] hole [ NVS ] */
	{ "no bytes", MB, 0, 0, RAM,
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM },
	    { 4 * MB, MB, E820_NVS } } },
	/* [    RAM    ] hole [ NVS ] */
	{ "joins on both sides", MB, MB, RSV, RAM,
	  { { 0, 3 * MB, RAM }, { 4 * MB, MB, E820_NVS } } },
	/* [ACPI][ rsv ][ACPI] hole [ NVS ] */
	{ "only what is of the type", 0, TOP, RAM, E820_ACPI,
	  { { 0, MB, E820_ACPI }, { MB, MB, RSV }, { 2 * MB, MB, E820_ACPI },
	    { 4 * MB, MB, E820_NVS } } },
	/* [RAM][ACPI][ rsv ][ACPI][RAM] hole [ NVS ] */
	{ "splits at both ends", 512 * KB, 2 * MB, RAM, E820_ACPI,
	  { { 0, 512 * KB, RAM }, { 512 * KB, 512 * KB, E820_ACPI },
	    { MB, MB, RSV }, { 2 * MB, 512 * KB, E820_ACPI },
	    { 2 * MB + 512 * KB, 512 * KB, RAM },
	    { 4 * MB, MB, E820_NVS } } },
	/* [RAM][bad][RAM][ rsv ][ RAM ] hole [ NVS ] */
	{ "inside one range", 256 * KB, 4 * KB, 0, E820_UNUSABLE,
	  { { 0, 256 * KB, RAM }, { 256 * KB, 4 * KB, E820_UNUSABLE },
	    { 260 * KB, 764 * KB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM },
	    { 4 * MB, MB, E820_NVS } } },
	/* [ RAM ][ rsv ][ RAM    hole and part of NVS ][NVS] */
	{ "holes and all types", 2 * MB + 4 * KB, 2 * MB, 0, RAM,
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, 2 * MB + 4 * KB, RAM },
	    { 4 * MB + 4 * KB, MB - 4 * KB, E820_NVS } } },
	/* [ RAM ][ rsv ][ RAM ] hole [ NVS ] hole [ rsv ] */
	{ "far behind the end", GB, MB, 0, RSV,
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM },
	    { 4 * MB, MB, E820_NVS }, { GB, MB, RSV } } },
	/* [RAM] hole [RAM] hole [ NVS ] */
	{ "to a hole", 512 * KB, 2 * MB, 0, 0,
	  { { 0, 512 * KB, RAM }, { 2 * MB + 512 * KB, 512 * KB, RAM },
	    { 4 * MB, MB, E820_NVS } } },
	/* [ rsv    up to 2^64 */
	{ "past 2^64", MB, TOP, 0, RSV,
	  { { 0, MB, RAM }, { MB, TOP - MB + 1, RSV } } },
	/* [ RAM ][ rsv ][ RAM ] hole [ NVS ] */
	{ "a type that is not there", 0, TOP, E820_ACPI, RAM,
	  { { 0, MB, RAM }, { MB, MB, RSV }, { 2 * MB, MB, RAM },
	    { 4 * MB, MB, E820_NVS } } },
};

TEST(e820, update)
{
	const struct update_case *c = update_cases;
	size_t n = ARRAY_SIZE(update_cases);

	for (; n; n--, c++) {
		map_fill(update_from);
		test_expect(e820_update(&map, c->addr, c->size, c->from,
					c->to) == 0, TEST_SITE_(c->name));
		test_expect(map_is(&map, c->want), TEST_SITE_(c->name));
	}
}

/* One more stretch than there are places: the highest RAM goes. */
TEST(e820, update_of_a_full_map)
{
	map_fill_up(RAM);
	EXPECT_EQ(e820_sanitize(&map), 0);
	EXPECT_EQ(e820_update(&map, 4 * KB, 4 * KB, RAM, RSV), -ENOSPC);
	EXPECT_EQ(map.nr, E820_MAX);
	EXPECT_EQ(map.dropped, 2);
	EXPECT_EQ(e820_type_at(&map, 4 * KB), RSV);
	EXPECT_EQ(e820_type_at(&map, 8 * KB), RAM);
	EXPECT_EQ(e820_type_at(&map, 2 * (E820_MAX - 2) * MB), 0);
}

/* [ RAM ][ rsv ][ RAM ] with the limit |: at, inside, and between. */
TEST(e820, limit_ram)
{
	map_fill(update_from);
	EXPECT_EQ(e820_limit_ram(&map, 3 * MB), 0);
	EXPECT(map_is(&map, update_from));
	EXPECT_EQ(e820_limit_ram(&map, 2 * MB + 1), MB - 1);
	EXPECT_EQ(map.entry[2].size, 1);
	EXPECT_EQ(e820_limit_ram(&map, MB + 1), 1);
	EXPECT_EQ(map.nr, 3);
	EXPECT_EQ(e820_type_at(&map, MB), RSV);
	EXPECT_EQ(e820_type_at(&map, 4 * MB), E820_NVS);
	EXPECT_EQ(e820_limit_ram(&map, 0), MB);
	EXPECT_EQ(map.nr, 2);
	EXPECT_EQ(e820_limit_ram(&map, 0), 0);
}

TEST(e820, limit_ram_at_the_last_byte)
{
	map_clear(&map);
	e820_add(&map, TOP - MB + 1, MB, RAM);
	EXPECT_EQ(e820_limit_ram(&map, TOP), 1);
	EXPECT_EQ(map.entry[0].size, MB - 1);
}

TEST(e820, ram_in)
{
	map_fill(update_from);
	EXPECT_EQ(e820_ram_in(&map, 0, TOP), 2 * MB);
	EXPECT_EQ(e820_ram_in(&map, 0, 2 * MB), MB);
	EXPECT_EQ(e820_ram_in(&map, MB - 1, 2 * MB + 1), 2);
	EXPECT_EQ(e820_ram_in(&map, MB, 2 * MB), 0);
	EXPECT_EQ(e820_ram_in(&map, 3 * MB, TOP), 0);
	EXPECT_EQ(e820_ram_in(&map, MB, MB), 0);
	EXPECT_EQ(e820_ram_in(&map, 2 * MB, MB), 0);
	EXPECT_EQ(e820_ram_in(&map, 5, 6), 1);
}

TEST(e820, type_at)
{
	map_fill(update_from);
	EXPECT_EQ(e820_type_at(&map, 0), RAM);
	EXPECT_EQ(e820_type_at(&map, MB - 1), RAM);
	EXPECT_EQ(e820_type_at(&map, MB), RSV);
	EXPECT_EQ(e820_type_at(&map, 3 * MB - 1), RAM);
	EXPECT_EQ(e820_type_at(&map, 3 * MB), 0);
	EXPECT_EQ(e820_type_at(&map, 4 * MB), E820_NVS);
	EXPECT_EQ(e820_type_at(&map, TOP), 0);
	e820_add(&map, TOP, 1, RAM);
	EXPECT_EQ(e820_type_at(&map, TOP), RAM);
	EXPECT_EQ(e820_type_at(&map, TOP - 1), 0);
}

struct end_case {
	u64 addr, size, end_pfn;
};

static const struct end_case end_cases[] = {
	{ 0, 0, 0 },			/* no RAM */
	{ 0, 0x1000, 1 },		/* [ one frame ] */
	{ 0, 0xfff, 0 },		/* [ one byte short ) */
	{ 1, 0x1fff, 2 },		/* ( frame 1 is whole ] */
	{ 1, 0x1ffe, 0 },		/* ( none is whole ) */
	{ 0x1800, 0x1000, 0 },		/* ( two halves ) */
	{ 0, 0x9fc00, 0x9f },		/* the EBDA's page is no whole one */
	{ 4 * GB, 2 * GB, 0x180000 },
	{ TOP - 0xfff, 0x1000, (u64)1 << 52 },	/* up to 2^64 exactly */
	{ TOP - 0xffe, 0xfff, 0 },	/* ( the last, less one byte ] */
	{ TOP, 1, 0 },
};

TEST(e820, end_pfn)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(end_cases); i++) {
		map_clear(&map);
		e820_add(&map, end_cases[i].addr, end_cases[i].size, RAM);
		EXPECT_EQ(e820_end_pfn(&map), end_cases[i].end_pfn);
	}
	/* [ RAM ] [ rsv ]: a reservation is no RAM; the order is not asked */
	map_clear(&map);
	e820_add(&map, 8 * MB, MB, RSV);
	e820_add(&map, 4 * MB, MB, RAM);
	e820_add(&map, 0, MB, RAM);
	EXPECT_EQ(e820_end_pfn(&map), 5 * MB >> 12);
}

TEST(e820, frames_up_to_the_last_byte)
{
	struct e820_entry entry = { ~0ULL << 12, PAGE_SIZE, E820_RAM };
	u64 from, to;

	EXPECT(e820_frames(&entry, &from, &to));
	EXPECT_EQ(from, (1ULL << 52) - 1);
	EXPECT_EQ(to, 1ULL << 52);
	entry = (struct e820_entry){ 0x1001, 2 * PAGE_SIZE - 2, E820_RAM };
	EXPECT(!e820_frames(&entry, &from, &to));
	entry = (struct e820_entry){ 0x1001, 2 * PAGE_SIZE - 1, E820_RAM };
	EXPECT(e820_frames(&entry, &from, &to));
	EXPECT_EQ(from, 2);
	EXPECT_EQ(to, 3);
}

TEST(e820, type_names)
{
	EXPECT_STREQ(e820_type_name(E820_RAM), "usable");
	EXPECT_STREQ(e820_type_name(E820_RESERVED), "reserved");
	EXPECT_STREQ(e820_type_name(E820_ACPI), "ACPI data");
	EXPECT_STREQ(e820_type_name(E820_NVS), "ACPI NVS");
	EXPECT_STREQ(e820_type_name(E820_UNUSABLE), "unusable");
	EXPECT_STREQ(e820_type_name(12), "type 12");
	EXPECT_STREQ(e820_type_name(0xffffffff), "type 4294967295");
}

/*
 * The random test: a space of SPACE pages of one KB; shadow holds the type of
 * each. For every other map the space ends at 2^64.
 */
#define SPACE 96
#define UNIT KB
#define ROUNDS 400	/* of 8 steps; measured: 20 million instructions */
#define SEED 20260117

static u8 shadow[SPACE], painted[SPACE];
static u64 origin;
static u32 random_state;

static u32 random_below(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 16) % n;
}

static void shadow_set(u32 first, u32 n, u32 from, u32 to)
{
	for (; n; n--, first++)
		if (!from || shadow[first] == from)
			shadow[first] = to;
}

/* Paints the map's ranges; false if one breaks an invariant of the list. */
static bool paint(const struct e820_map *m)
{
	u32 i, page, behind = 0, behind_type = 0;

	memset(painted, 0, sizeof(painted));
	for (i = 0; i < m->nr; i++) {
		const struct e820_entry *entry = &m->entry[i];
		u32 first = (u32)((entry->addr - origin) >> 10);
		u32 n = (u32)(entry->size >> 10);

		if (!n || !entry->type || first + n > SPACE || first < behind)
			return false;
		if (first == behind && entry->type == behind_type)
			return false;
		for (page = first; page < first + n; page++)
			painted[page] = entry->type;
		behind = first + n;
		behind_type = entry->type;
	}
	return true;
}

static bool same_as_shadow(void)
{
	u64 ram = 0, end = origin + (SPACE * UNIT - 1);
	u32 i;

	for (i = 0; i < SPACE; i++)
		ram += shadow[i] == RAM ? UNIT : 0;
	/* [from, to) cannot name the last byte */
	if (end == TOP && shadow[SPACE - 1] == RAM)
		ram--;
	return paint(&map) && !memcmp(shadow, painted, SPACE) &&
	       e820_ram_in(&map, origin, end == TOP ? TOP : end + 1) == ram;
}

static bool random_sweep(void)
{
	u32 ranges = random_below(24);

	map_clear(&map);
	memset(shadow, 0, sizeof(shadow));
	while (ranges--) {
		u32 first = random_below(SPACE);
		u32 n = random_below(min(SPACE - first + 1, 24U));
		u32 type = 1 + random_below(5), page;

		e820_add(&map, origin + first * UNIT, n * UNIT, type);
		for (page = first; page < first + n; page++)
			shadow[page] = max(shadow[page], type);
	}
	e820_sanitize(&map);
	return same_as_shadow();
}

static bool random_update(void)
{
	u32 first = random_below(SPACE);
	u32 n = random_below(SPACE - first + 1);
	u32 from = random_below(6), to = random_below(6);

	if (random_below(8) == 0) {
		e820_limit_ram(&map, origin + first * UNIT);
		shadow_set(first, SPACE - first, RAM, 0);
	} else {
		e820_update(&map, origin + first * UNIT, n * UNIT, from, to);
		shadow_set(first, n, from, to);
	}
	return same_as_shadow();
}

TEST(e820, random_maps_against_a_shadow)
{
	u32 round, step;
	bool ok = true;

	random_state = SEED;
	for (round = 0; ok && round < ROUNDS; round++) {
		origin = round & 1 ? 0 - SPACE * UNIT : 0;
		ok = random_sweep();
		for (step = 0; ok && step < 7; step++)
			ok = random_update();
	}
	if (!EXPECT(ok)) {
		printk("# seed %u, round %u\n", SEED, (unsigned int)round);
		map_print(&map);
	}
}
