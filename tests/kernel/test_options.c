/*
 * mem= and memmap=: what each value records or why it is refused, and what the
 * record makes of a map.
 */
#include "ktest.h"
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include <mm/early/options.h>

#define KB ((u64)1 << 10)
#define MB ((u64)1 << 20)
#define GB ((u64)1 << 30)
#define TOP (~(u64)0)

static struct memory_options options;
static struct e820_map map;

static void forget(void)
{
	memset(&options, 0, sizeof(options));
}

struct mem_case {
	const char *value;
	int err;
	u64 mem;
	bool nopentium;
};

static const struct mem_case mem_cases[] = {
	{ "64M", 0, 64 * MB, false },
	{ "0x4000000", 0, 64 * MB, false },
	{ "65536k", 0, 64 * MB, false },
	{ "1M", 0, MB, false },
	{ "1048577", 0, MB + 1, false },
	{ "63G", 0, 63 * GB, false },
	{ "0xfffffffff", 0, 64 * GB - 1, false },
	{ "nopentium", 0, 0, true },
	{ "", -EINVAL, 0, false },
	{ "zzz", -EINVAL, 0, false },
	{ "nopentiu", -EINVAL, 0, false },
	{ "nopentium4", -EINVAL, 0, false },
	{ "64M@16M", -EINVAL, 0, false },
	{ "64MB", -EINVAL, 0, false },
	{ "64 M", -EINVAL, 0, false },
	{ "-64M", -EINVAL, 0, false },
	{ "M", -EINVAL, 0, false },
	{ "0x", -EINVAL, 0, false },
	{ "0", -ERANGE, 0, false },
	{ "64", -ERANGE, 0, false },
	{ "0xfffff", -ERANGE, 0, false },
	{ "64G", -ERANGE, 0, false },
	{ "1T", -ERANGE, 0, false },
	{ "0xffffffffffffffff", -ERANGE, 0, false },
	{ "16777216T", -ERANGE, 0, false },
	{ "99999999999999999999", -ERANGE, 0, false },
};

TEST(options, mem)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(mem_cases); i++) {
		const struct mem_case *c = &mem_cases[i];

		forget();
		test_expect_eq(memory_options_mem(&options, c->value), c->err,
			       TEST_SITE_(c->value));
		test_expect_eq(options.mem, c->mem, TEST_SITE_(c->value));
		test_expect(options.nopentium == c->nopentium,
			    TEST_SITE_(c->value));
	}
}

/* The first size counts; a refused one is no first; nopentium is no size. */
TEST(options, mem_twice)
{
	forget();
	EXPECT_EQ(memory_options_mem(&options, "1T"), -ERANGE);
	EXPECT_EQ(memory_options_mem(&options, "nopentium"), 0);
	EXPECT_EQ(memory_options_mem(&options, "64M"), 0);
	EXPECT_EQ(memory_options_mem(&options, "32M"), -EEXIST);
	EXPECT_EQ(memory_options_mem(&options, "nopentium"), 0);
	EXPECT_EQ(options.mem, 64 * MB);
	EXPECT(options.nopentium);
}

#define CASE_RANGES 4

struct memmap_case {
	const char *value;
	int err;
	bool exactmap;
	unsigned int nr;
	struct e820_entry want[CASE_RANGES];
};

static const struct memmap_case memmap_cases[] = {
	{ "exactmap", 0, true, 0, { { 0 } } },
	{ "127M@1M", 0, false, 1, { { MB, 127 * MB, E820_RAM } } },
	{ "64K#0x7ff0000", 0, false, 1,
	  { { 0x7ff0000, 64 * KB, E820_ACPI } } },
	{ "4K$0x9f000", 0, false, 1, { { 0x9f000, 4 * KB, E820_RESERVED } } },
	{ "640K@0", 0, false, 1, { { 0, 640 * KB, E820_RAM } } },
	{ "exactmap,640K@0,127M@1M,16K#128M", 0, true, 3,
	  { { 0, 640 * KB, E820_RAM }, { MB, 127 * MB, E820_RAM },
	    { 128 * MB, 16 * KB, E820_ACPI } } },
	{ "1@0,exactmap,exactmap", 0, true, 1, { { 0, 1, E820_RAM } } },
	/* up to 2^64 exactly, and one byte more */
	{ "1M$0xfffffffffff00000", 0, false, 1,
	  { { TOP - MB + 1, MB, E820_RESERVED } } },
	{ "0x100001$0xfffffffffff00000", -ERANGE, false, 0, { { 0 } } },
	{ "0xffffffffffffffff$0", 0, false, 1,
	  { { 0, TOP, E820_RESERVED } } },
	{ "0xffffffffffffffff$2", -ERANGE, false, 0, { { 0 } } },
	{ "1T@16777216T", -ERANGE, false, 0, { { 0 } } },
	{ "", -EINVAL, false, 0, { { 0 } } },
	{ "zzz", -EINVAL, false, 0, { { 0 } } },
	{ "exactmaps", -EINVAL, false, 0, { { 0 } } },
	{ "exact", -EINVAL, false, 0, { { 0 } } },
	{ "0@0", -EINVAL, false, 0, { { 0 } } },
	{ "0$1M", -EINVAL, false, 0, { { 0 } } },
	{ "64M", -EINVAL, false, 0, { { 0 } } },
	{ "64M@", -EINVAL, false, 0, { { 0 } } },
	{ "@1M", -EINVAL, false, 0, { { 0 } } },
	{ "64M!1M", -EINVAL, false, 0, { { 0 } } },
	{ "64M@1Mx", -EINVAL, false, 0, { { 0 } } },
	{ "64M@1M@2M", -EINVAL, false, 0, { { 0 } } },
	{ "64M@1M,", -EINVAL, false, 0, { { 0 } } },
	{ ",64M@1M", -EINVAL, false, 0, { { 0 } } },
	/* one slip, and nothing of the value is kept */
	{ "exactmap,64M@1M,zzz", -EINVAL, false, 0, { { 0 } } },
	{ "64M@1M,,64M@1G", -EINVAL, false, 0, { { 0 } } },
};

static bool recorded(const struct e820_entry *want)
{
	unsigned int i;

	for (i = 0; i < options.nr; i++)
		if (options.entry[i].addr != want[i].addr ||
		    options.entry[i].size != want[i].size ||
		    options.entry[i].type != want[i].type)
			return false;
	return true;
}

TEST(options, memmap)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(memmap_cases); i++) {
		const struct memmap_case *c = &memmap_cases[i];

		forget();
		test_expect_eq(memory_options_memmap(&options, c->value),
			       c->err, TEST_SITE_(c->value));
		test_expect(options.exactmap == c->exactmap,
			    TEST_SITE_(c->value));
		if (test_expect_eq(options.nr, c->nr, TEST_SITE_(c->value)))
			test_expect(recorded(c->want), TEST_SITE_(c->value));
	}
}

/* What stood there before a refused value stays. */
TEST(options, memmap_repeated)
{
	forget();
	EXPECT_EQ(memory_options_memmap(&options, "exactmap,64M@1M"), 0);
	EXPECT_EQ(memory_options_memmap(&options, "640K@0,4K$?"), -EINVAL);
	EXPECT(options.exactmap);
	EXPECT_EQ(options.nr, 1);
	EXPECT_EQ(memory_options_memmap(&options, "640K@0"), 0);
	EXPECT_EQ(options.nr, 2);
	EXPECT_EQ(options.entry[0].addr, MB);
	EXPECT_EQ(options.entry[1].size, 640 * KB);
}

TEST(options, memmap_too_many)
{
	char value[16];
	unsigned int i;

	forget();
	for (i = 0; i < MEMMAP_MAX - 1; i++) {
		snprintf(value, sizeof(value), "4K$%uM", i);
		EXPECT_EQ(memory_options_memmap(&options, value), 0);
	}
	EXPECT_EQ(memory_options_memmap(&options, "4K$1G,4K$2G"), -ENOSPC);
	EXPECT_EQ(options.nr, MEMMAP_MAX - 1);
	EXPECT_EQ(memory_options_memmap(&options, "4K$1G"), 0);
	EXPECT_EQ(memory_options_memmap(&options, "4K$2G"), -ENOSPC);
	EXPECT_EQ(options.nr, MEMMAP_MAX);
	EXPECT_EQ(memory_options_memmap(&options, "exactmap"), 0);
}

#define MEMMAPS 3

struct apply_case {
	const char *name;
	const char *mem;	/* NULL: not given */
	const char *memmap[MEMMAPS];
	int err;
	struct e820_entry want[8];	/* up to the first of type 0 */
};

/* The firmware's: [ RAM ] [ rsv ][ RAM 1 MB .. 32 MB ][ NVS ] */
#define FIRMWARE_LOW { 0, 640 * KB, E820_RAM }, { 960 * KB, 64 * KB, 2 }
#define FIRMWARE_NVS { 32 * MB, MB, E820_NVS }

static const struct apply_case apply_cases[] = {
	/* [ RAM ] [ rsv ][ RAM ][ NVS ] */
	{ "nothing asked", NULL, { NULL }, 0,
	  { FIRMWARE_LOW, { MB, 31 * MB, E820_RAM }, FIRMWARE_NVS } },
	/* [ RAM ] [ rsv ][ RAM | hole ][ NVS ] */
	{ "mem=", "16M", { NULL }, 0,
	  { FIRMWARE_LOW, { MB, 15 * MB, E820_RAM }, FIRMWARE_NVS } },
	/* [ RAM ] [ rsv ][ RAM ][ NVS ]  | */
	{ "mem= above all RAM", "1G", { NULL }, 0,
	  { FIRMWARE_LOW, { MB, 31 * MB, E820_RAM }, FIRMWARE_NVS } },
	/* [ RAM ] [ rsv ][ RAM ][rsv][ RAM ][ NVS ] */
	{ "a reservation inside RAM", NULL, { "4K$8M" }, 0,
	  { FIRMWARE_LOW, { MB, 7 * MB, E820_RAM },
	    { 8 * MB, 4 * KB, E820_RESERVED },
	    { 8 * MB + 4 * KB, 24 * MB - 4 * KB, E820_RAM }, FIRMWARE_NVS } },
	/* [ RAM ] [ rsv ][ RAM ][ACPI][ NVS ] */
	{ "ACPI data at the end of RAM", NULL, { "1M#31M" }, 0,
	  { FIRMWARE_LOW, { MB, 30 * MB, E820_RAM }, { 31 * MB, MB, E820_ACPI },
	    FIRMWARE_NVS } },
	/* [ RAM ] [ rsv ][ RAM ][ NVS ][ RAM ]: the NVS is not taken over */
	{ "RAM over a reservation and behind it", NULL, { "32M@16M" }, 0,
	  { FIRMWARE_LOW, { MB, 31 * MB, E820_RAM }, FIRMWARE_NVS,
	    { 33 * MB, 15 * MB, E820_RAM } } },
	/* [ RAM ]  [ RAM ] and nothing of the firmware's */
	{ "exactmap", NULL, { "exactmap", "640K@0", "15M@1M" }, 0,
	  { { 0, 640 * KB, E820_RAM }, { MB, 15 * MB, E820_RAM } } },
	/* [ RAM ]  [ RAM ][rsv][ RAM ] */
	{ "exactmap last, and ranges in any order", NULL,
	  { "4K$2M,15M@1M", "640K@0", "exactmap" }, 0,
	  { { 0, 640 * KB, E820_RAM }, { MB, MB, E820_RAM },
	    { 2 * MB, 4 * KB, E820_RESERVED },
	    { 2 * MB + 4 * KB, 14 * MB - 4 * KB, E820_RAM } } },
	/* [ RAM ]  [ RAM | */
	{ "mem= limits what memmap= adds", "8M", { "exactmap,640K@0,1G@1M" }, 0,
	  { { 0, 640 * KB, E820_RAM }, { MB, 7 * MB, E820_RAM } } },
	/* [ RAM ] [ rsv ][ RAM ][ NVS ][rsv] */
	{ "exactmap without RAM is ignored", NULL,
	  { "exactmap", "1M$33M" }, -EINVAL,
	  { FIRMWARE_LOW, { MB, 31 * MB, E820_RAM }, FIRMWARE_NVS,
	    { 33 * MB, MB, E820_RESERVED } } },
	/* [ RAM ] [ rsv ][ RAM ][ NVS ]   [ rsv 2^64 */
	{ "a reservation up to 2^64", NULL, { "1M$0xfffffffffff00000" }, 0,
	  { FIRMWARE_LOW, { MB, 31 * MB, E820_RAM }, FIRMWARE_NVS,
	    { TOP - MB + 1, MB, E820_RESERVED } } },
};

static void firmware_map(void)
{
	memset(&map, 0, sizeof(map));
	e820_add(&map, 0, 640 * KB, E820_RAM);
	e820_add(&map, 960 * KB, 64 * KB, E820_RESERVED);
	e820_add(&map, MB, 31 * MB, E820_RAM);
	e820_add(&map, 32 * MB, MB, E820_NVS);
	EXPECT_EQ(e820_sanitize(&map), 0);
}

static bool map_is(const struct e820_entry *want, unsigned int most)
{
	unsigned int i;

	for (i = 0; i < map.nr; i++)
		if (i == most || map.entry[i].addr != want[i].addr ||
		    map.entry[i].size != want[i].size ||
		    map.entry[i].type != want[i].type)
			return false;
	return i == most || !want[i].type;
}

TEST(options, apply)
{
	size_t i;
	unsigned int k;

	for (i = 0; i < ARRAY_SIZE(apply_cases); i++) {
		const struct apply_case *c = &apply_cases[i];

		forget();
		firmware_map();
		if (c->mem)
			EXPECT_EQ(memory_options_mem(&options, c->mem), 0);
		for (k = 0; k < MEMMAPS && c->memmap[k]; k++)
			EXPECT_EQ(memory_options_memmap(&options,
							c->memmap[k]), 0);
		test_expect_eq(memory_options_apply(&options, &map), c->err,
			       TEST_SITE_(c->name));
		test_expect(map_is(c->want, ARRAY_SIZE(c->want)),
			    TEST_SITE_(c->name));
	}
}

/* A full map: the reservation asked for is kept, RAM at the end is lost. */
TEST(options, apply_to_a_full_map)
{
	unsigned int i;

	forget();
	memset(&map, 0, sizeof(map));
	for (i = 0; i < E820_MAX; i++)
		e820_add(&map, 2 * i * MB, MB, E820_RAM);
	EXPECT_EQ(memory_options_memmap(&options, "4K$0"), 0);
	EXPECT_EQ(memory_options_apply(&options, &map), -ENOSPC);
	EXPECT_EQ(map.nr, E820_MAX);
	EXPECT_EQ(map.dropped, 1);
	EXPECT_EQ(e820_type_at(&map, 0), E820_RESERVED);
	EXPECT_EQ(e820_type_at(&map, 4 * KB), E820_RAM);
	EXPECT_EQ(e820_type_at(&map, 2 * (E820_MAX - 1) * MB), 0);
}
