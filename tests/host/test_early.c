/*
 * mm/early beyond what its suites in tests/kernel/ try: the options by way of
 * the command line, misuse that must end in a panic, and a hundred thousand
 * random operations each against plain arrays, one byte a unit of memory.
 */
#include "host.h"
#include <kernel/base/cmdline.h>
#include <kernel/base/debug.h>
#include <kernel/lib/errno.h>
#include <mm/early/e820.h>
#include <mm/early/memblock.h>
#include <mm/early/options.h>
#include <mm/page/numa.h>

#define STEPS 100000U
#define UNITS 320U	/* more than 2 * MEMBLOCK_REGIONS: lists fill up */
#define MB ((u64)1 << 20)
#define GB ((u64)1 << 30)

/* --- memblock against an array of owners --- */

/* A place and a scale for the units; the last one ends at 2^64. */
static const struct place {
	u64 origin, unit;
} places[] = {
	{ 0, 4096 }, { MB, 1 }, { 4 * GB - 64 * 4096, 4096 },
	{ 0x12340, 16 }, { 0ULL - UNITS, 1 },
};

static const char *const owners[] = { NULL, "kernel", "mem_map", "tables" };

static struct memblock mb;
static const struct place *at;
static u8 ram[UNITS], taken[UNITS];	/* taken: an index of owners */
static u8 painted[UNITS];

/* How many units there are: memblock ends one byte below 2^64. */
static u32 units(void)
{
	return at->origin + UNITS * at->unit ? UNITS : UNITS - 1;
}

static u64 addr_of(u32 unit)
{
	return at->origin + unit * at->unit;
}

static u32 unit_of(u64 addr)
{
	return (u32)((addr - at->origin) / at->unit);
}

static u32 runs(const u8 *array)
{
	u32 n = 0, i;

	for (i = 0; i < UNITS; i++)
		n += array[i] && (!i || array[i] != array[i - 1]);
	return n;
}

static u8 owner_index(const char *owner)
{
	u8 i = 1;

	while (owner && owners[i] != owner)
		i++;
	return i;
}

static void paint(const struct memblock_type *type)
{
	unsigned int i;

	memset(painted, 0, sizeof(painted));
	for (i = 0; i < type->cnt; i++) {
		const struct memblock_region *r = &type->regions[i];

		assert_true(unit_of(r->base) + r->size / at->unit <= UNITS);
		memset(painted + unit_of(r->base), owner_index(r->owner),
		       (size_t)(r->size / at->unit));
	}
}

static void compare_free_ranges(void)
{
	phys_addr_t from = 0, base, end;
	u32 i = 0;

	while (memblock_next_free(&mb, &from, &base, &end)) {
		for (; i < unit_of(base); i++)
			assert_false(ram[i] && !taken[i]);
		for (; i < unit_of(end); i++)
			assert_true(ram[i] && !taken[i]);
	}
	for (; i < UNITS; i++)
		assert_false(ram[i] && !taken[i]);
}

static void compare_memblock(void)
{
	const char *wrong = memblock_check(&mb);

	if (wrong)
		fail_msg("memblock_check: %s", wrong);
	paint(&mb.memory);
	assert_memory_equal(painted, ram, UNITS);
	paint(&mb.reserved);
	assert_memory_equal(painted, taken, UNITS);
	compare_free_ranges();
}

/* Puts the new array in place if its list has room for it. */
static void adopt(u8 *array, const u8 *wanted, int err)
{
	if (runs(wanted) > MEMBLOCK_REGIONS) {
		assert_int_equal(err, -ENOSPC);
		return;
	}
	assert_int_equal(err, 0);
	memcpy(array, wanted, UNITS);
}

static void random_change(u32 first, u32 n)
{
	u8 wanted[UNITS], owner = (u8)(1 + host_below(3));
	u32 what = host_below(4), i;
	u64 base = addr_of(first), size = n * at->unit;

	memcpy(wanted, what < 2 ? ram : taken, UNITS);
	for (i = first; i < first + n; i++) {
		if (what == 0)
			wanted[i] = 1;
		else if (what != 2)
			wanted[i] = 0;
		else if (!wanted[i])
			wanted[i] = owner;
	}
	if (what == 0)
		adopt(ram, wanted, memblock_add(&mb, base, size));
	else if (what == 1)
		adopt(ram, wanted, memblock_remove(&mb, base, size));
	else if (what == 2)
		adopt(taken, wanted, memblock_reserve(&mb, base, size,
						      owners[owner]));
	else
		adopt(taken, wanted, memblock_free(&mb, base, size));
}

static bool fits(u32 unit, u32 n, u64 align)
{
	u64 addr = addr_of(unit);

	if (addr < 4096 || addr & (align - 1))
		return false;
	for (; n; n--, unit++)
		if (!ram[unit] || taken[unit])
			return false;
	return true;
}

/* The unit where memblock must find room; UNITS: nowhere. */
static u32 find_unit(u32 from, u32 to, u32 n, u64 align)
{
	u32 found = UNITS, i;

	for (i = from; i + n <= to; i++) {
		if (!fits(i, n, align))
			continue;
		found = i;
		if (mb.bottom_up)
			break;
	}
	return found;
}

static void random_alloc(u32 from, u32 to)
{
	u32 n = 1 + host_below(1U << host_below(7)), limit = units();
	/* to a unit: finer ones would be places the array does not know */
	u64 align = at->unit << host_below(7);
	u8 owner = (u8)(1 + host_below(3)), wanted[UNITS];
	phys_addr_t got;
	u32 unit;

	if (at->origin & (at->unit - 1))
		align = at->unit;
	mb.bottom_up = host_below(2);
	mb.current_limit = MEMBLOCK_ALLOC_ANYWHERE;
	if (host_below(4) == 0) {
		limit = host_below(units() + 1);
		mb.current_limit = addr_of(limit);
	}
	unit = find_unit(from, min(to, limit), n, align);
	got = memblock_phys_alloc_range(&mb, n * at->unit, align,
					addr_of(from), addr_of(to),
					owners[owner]);
	if (unit < UNITS) {
		memcpy(wanted, taken, UNITS);
		memset(wanted + unit, owner, n);
	}
	if (unit == UNITS || runs(wanted) > MEMBLOCK_REGIONS) {
		assert_int_equal(got, 0);
		return;
	}
	assert_int_equal(got, addr_of(unit));
	memcpy(taken, wanted, UNITS);
}

static void random_questions(u32 first, u32 n)
{
	u64 base = addr_of(first), size = n * at->unit;
	bool all_ram = n, any_taken = false;
	u32 i;

	for (i = first; i < first + n; i++) {
		all_ram &= ram[i];
		any_taken |= taken[i];
	}
	assert_int_equal(memblock_is_memory(&mb, base, size), all_ram);
	assert_int_equal(memblock_is_reserved(&mb, base, size), any_taken);
	if (n)
		assert_ptr_equal(memblock_owner(&mb, base),
				 owners[taken[first]]);
}

/* Which kind of step comes how often; now and then all begins anew. */
static void random_memblock_step(void)
{
	u32 first = host_below(units());
	u32 most = units() - first, n = 1U << host_below(9);

	n = host_below(min(most, n) + 1);
	if (host_below(2000) == 0) {
		memblock_init(&mb);
		memset(ram, 0, sizeof(ram));
		memset(taken, 0, sizeof(taken));
	} else if (host_below(3)) {
		random_change(first, n);
	} else if (host_below(2)) {
		random_alloc(first, first + host_below(most + 1));
	} else {
		random_questions(first, n);
	}
}

static void memblock_random(void **state)
{
	u32 place, step;

	host_seed("memblock");
	for (place = 0; place < ARRAY_SIZE(places); place++) {
		at = &places[place];
		memblock_init(&mb);
		memset(ram, 0, sizeof(ram));
		memset(taken, 0, sizeof(taken));
		for (step = 0; step < STEPS / ARRAY_SIZE(places); step++) {
			random_memblock_step();
			compare_memblock();
		}
	}
}

/* Single units: the lists are full, or nearly, most of the time. */
static void memblock_full_lists(void **state)
{
	u32 step, i, full = 0;

	host_seed("memblock, full lists");
	at = &places[1];
	for (step = 0; step < STEPS / 5; step++) {
		if (step % 500 == 0) {
			memblock_init(&mb);
			memset(ram, 0, sizeof(ram));
			memset(taken, 0, sizeof(taken));
		}
		for (i = 0; step % 500 == 0 && i < MEMBLOCK_REGIONS; i++) {
			memblock_add(&mb, addr_of(2 * i), 1);
			memblock_reserve(&mb, addr_of(2 * i), 1, owners[1]);
			ram[2 * i] = taken[2 * i] = 1;
		}
		random_change(host_below(UNITS - 1), 1 + host_below(2));
		full += mb.reserved.cnt == MEMBLOCK_REGIONS ||
			mb.memory.cnt == MEMBLOCK_REGIONS;
		compare_memblock();
	}
	assert_true(full > STEPS / 100);
}

static void memblock_misuse(void **state)
{
	phys_addr_t found;

	memblock_init(&mb);
	EXPECT_DEATH("a reservation of memory has no owner",
		     memblock_reserve(&mb, 0, 1, NULL));
	EXPECT_DEATH("an alignment is no power of two",
		     memblock_find(&mb, 1, 0, 0, MB, &found));
	EXPECT_DEATH("an alignment is no power of two",
		     memblock_find(&mb, 1, 24, 0, MB, &found));
}

/* An owner on one side only: they do not join, and the check says so. */
static void memblock_check_mixed_owners(void **state)
{
	memblock_init(&mb);
	memblock_reserve(&mb, 0x1000, 0x1000, "a");
	memblock_reserve(&mb, 0x2000, 0x1000, "b");
	mb.reserved.regions[0].owner = NULL;
	assert_string_equal(memblock_check(&mb),
			    "a reserved range has no owner");
	mb.reserved.regions[0].owner = "a";
	assert_null(memblock_check(&mb));
}

/* --- e820 against an array of types --- */

static struct e820_map map;
static u8 types[UNITS];
static u64 origin;

static u64 place_of(u32 unit)
{
	return origin + (u64)unit * 4096;
}

static void paint_map(void)
{
	u64 end = 0;
	u32 i, type = 0;

	memset(painted, 0, sizeof(painted));
	for (i = 0; i < map.nr; i++) {
		const struct e820_entry *e = &map.entry[i];
		u64 first = (e->addr - origin) / 4096;

		assert_true(e->size && e->type);
		assert_true(!i || e->addr > end ||
			    (e->addr == end && e->type != type));
		assert_true(first + e->size / 4096 <= UNITS);
		memset(painted + first, (int)e->type, e->size / 4096);
		end = e->addr + e->size;
		type = e->type;
	}
}

static void compare_map(void)
{
	u64 behind = place_of(UNITS), end_pfn = 0, sum = 0;
	u32 probe = host_below(UNITS), i;

	paint_map();
	assert_memory_equal(painted, types, UNITS);
	for (i = 0; i < UNITS; i++) {
		if (types[i] != E820_RAM)
			continue;
		end_pfn = (place_of(i) >> 12) + 1;
		sum += 4096;
	}
	/* the last byte of all cannot be named by [from, to) */
	if (!behind)
		sum -= types[UNITS - 1] == E820_RAM;
	assert_int_equal(e820_ram_in(&map, origin, behind - !behind), sum);
	assert_int_equal(e820_end_pfn(&map), end_pfn);
	assert_int_equal(e820_type_at(&map, place_of(probe)), types[probe]);
}

static void random_new_map(void)
{
	u32 ranges = host_below(40), i;

	memset(&map, 0, sizeof(map));
	memset(types, 0, sizeof(types));
	while (ranges--) {
		u32 first = host_below(UNITS);
		u32 n = host_below(min(UNITS - first, 60U) + 1);
		u8 type = (u8)(1 + host_below(7));

		assert_int_equal(e820_add(&map, place_of(first),
					  (u64)n * 4096, type), 0);
		for (i = first; i < first + n; i++)
			types[i] = max(types[i], type);
	}
	assert_int_equal(e820_sanitize(&map), 0);
}

static void random_change_of_map(void)
{
	u32 first = host_below(UNITS), n = host_below(UNITS - first + 1), i;
	u8 from = (u8)host_below(8), to = (u8)host_below(8);
	u64 taken_out = 0;

	if (host_below(8) == 0) {
		for (i = first; i < UNITS; i++) {
			taken_out += types[i] == E820_RAM ? 4096 : 0;
			types[i] = types[i] == E820_RAM ? 0 : types[i];
		}
		assert_int_equal(e820_limit_ram(&map, place_of(first)),
				 taken_out);
		return;
	}
	for (i = first; i < first + n; i++)
		if (!from || types[i] == from)
			types[i] = to;
	assert_int_equal(e820_update(&map, place_of(first), (u64)n * 4096,
				     from, to), 0);
}

static void e820_random(void **state)
{
	u32 step;

	host_seed("e820");
	for (step = 0; step < STEPS; step++) {
		if (step % 10 == 0) {
			origin = step % 20 ? 0 : 0 - (u64)UNITS * 4096;
			random_new_map();
		} else {
			random_change_of_map();
		}
		compare_map();
	}
}

/*
 * Maps of more ranges than there are places. Whatever is lost: what a
 * reservation claimed is never RAM, and the list is sound.
 */
#define MANY 4096U

static u8 claimed[MANY];

/* one_ram: all of RAM is a single range, below everything that is claimed. */
static void random_overfull_map(bool one_ram)
{
	u32 i, most = 2 + host_below(30);

	memset(&map, 0, sizeof(map));
	memset(claimed, 0, sizeof(claimed));
	if (one_ram)
		e820_add(&map, 0, (u64)MANY * 4096, E820_RAM);
	for (i = 0; i < 700; i++) {
		u32 first = host_below(MANY);
		u32 n = 1 + host_below(min(MANY - first, most));
		u32 type = !one_ram && host_below(3) ? E820_RAM :
						       E820_RESERVED;

		e820_add(&map, (u64)first * 4096, (u64)n * 4096, type);
		if (type != E820_RAM)
			memset(claimed + first, 1, n);
	}
}

static void compare_overfull_map(void)
{
	u32 i, unit;

	for (i = 0; i < map.nr; i++) {
		const struct e820_entry *e = &map.entry[i];

		assert_true(e->size && e->type);
		assert_true(!i || e->addr >= e[-1].addr + e[-1].size);
		if (e->type != E820_RAM)
			continue;
		for (unit = (u32)(e->addr / 4096);
		     unit < (e->addr + e->size) / 4096; unit++)
			assert_false(claimed[unit]);
	}
}

static void e820_overfull(void **state)
{
	u32 round;

	host_seed("e820, too many ranges");
	for (round = 0; round < 60; round++) {
		random_overfull_map(round & 1);
		assert_true(map.dropped);
		e820_sanitize(&map);
		compare_overfull_map();
		e820_update(&map, host_random() & 0xfff000, 0x4000, 0,
			    E820_NVS);
		compare_overfull_map();
	}
}

/* --- options, as they come: on the command line --- */

static u64 map_ram(void)
{
	return e820_ram_in(&map, 0, ~(u64)0);
}

static void make_map(u64 size)
{
	memset(&map, 0, sizeof(map));
	e820_add(&map, 0, size, E820_RAM);
	e820_sanitize(&map);
}

/* The machine's options can be given once in a program. */
static void options_on_the_command_line(void **state)
{
	assert_false(mem_option_nopentium());
	parse_command_line("mem=0x4000000 memmap=1M$16M,1M#32M mem=nopentium "
			   "memmap=exactmap debug=pagealloc,page_owner "
			   "numa=fake=3");
	assert_int_equal(numa_option_fake(), 3);
	assert_false(numa_option_off());
	assert_true(mem_option_nopentium());
	assert_true(debug_enabled(DEBUG_PAGEALLOC));
	assert_true(debug_enabled(DEBUG_PAGE_OWNER));
	assert_false(debug_enabled(DEBUG_PAGE_POISON));
	debug_options = 0;
	make_map(128 * MB);
	e820_apply_options(&map);
	assert_int_equal(map_ram(), 62 * MB);
	assert_int_equal(e820_type_at(&map, 16 * MB), E820_RESERVED);
	assert_int_equal(e820_type_at(&map, 32 * MB), E820_ACPI);
	host_expect_warnings(1, "memmap=exactmap without a SIZE@ADDR");

	/* no place for the ranges: told, with the number of what is lost */
	make_map(128 * MB);
	while (map.nr < E820_MAX)
		e820_add(&map, 4 * GB + map.nr * 2 * MB, MB, E820_RESERVED);
	e820_sanitize(&map);
	e820_apply_options(&map);
	assert_int_equal(host_log_count("the map of RAM is full"), 1);
	host_reset();

	/* with RAM of its own the map is taken */
	parse_command_line("memmap=8M@0");
	make_map(128 * MB);
	e820_apply_options(&map);
	assert_int_equal(map_ram(), 8 * MB);
	assert_int_equal(host_log_count("the firmware's map is forgotten"), 1);
}

static void options_that_are_refused(void **state)
{
	parse_command_line("mem=64G memmap=1M memmap=1M@2M,x debug=slob "
			   "debug=page_owner, debug=");
	host_expect_warnings(6, "expected");
	assert_int_equal(debug_options, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(memblock_random),
		HOST_TEST(memblock_full_lists),
		HOST_TEST(memblock_misuse),
		HOST_TEST(memblock_check_mixed_owners),
		HOST_TEST(e820_random),
		HOST_TEST(e820_overfull),
		HOST_TEST(options_that_are_refused),
		HOST_TEST(options_on_the_command_line),
	};

	return cmocka_run_group_tests_name("early", tests, NULL, NULL);
}
