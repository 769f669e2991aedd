/*
 * The memory map: a raw map from the bytes, then whatever may be done to a
 * sanitized one. What must come out is asked byte by byte where it changes.
 * Inputs are too short to fill the table: test_early.c does that.
 */
#include "fuzz.h"

static struct e820_map raw, map;

/* Before the first byte of a range, there, at its last, behind it. */
static void compare_around(u64 addr)
{
	int d;

	for (d = -1; d <= 1; d++)
		MUST(e820_type_at(&map, addr + (u64)d) ==
		     e820_type_at(&raw, addr + (u64)d));
}

/* Did every claim come through? */
static void compare_with_raw(void)
{
	unsigned int i;

	for (i = 0; i < raw.nr; i++) {
		const struct e820_entry *e = &raw.entry[i];
		u64 last = e->addr + (e->size - 1);

		compare_around(e->addr);
		compare_around(last);
	}
}

static void change(struct input *in)
{
	u8 what = input_byte(in);
	u64 addr = input_number(in), size = input_number(in);
	u32 from = what & 7, to = what >> 3 & 7, before;

	if (what & 128) {
		u64 ram = e820_ram_in(&map, 0, ~(u64)0);
		u64 taken = e820_limit_ram(&map, addr);

		/* the last byte of all is in no [0, x) */
		MUST(ram - e820_ram_in(&map, 0, ~(u64)0) + 1 >= taken);
		MUST(e820_type_at(&map, addr) != E820_RAM);
	} else if (size) {
		before = e820_type_at(&map, addr);
		e820_update(&map, addr, size, from, to);
		MUST(e820_type_at(&map, addr) ==
		     (!from || from == before ? to : before));
	} else {
		MUST(e820_update(&map, addr, 0, from, to) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	u8 ranges = input_byte(&in) & 63;
	unsigned int i;

	host_reset();
	memset(&raw, 0, sizeof(raw));
	for (i = 0; i < ranges; i++) {
		u64 addr = input_number(&in), bytes = input_number(&in);
		u8 type = input_byte(&in);

		e820_add(&raw, addr, bytes, type & 7);
	}
	map = raw;
	e820_sanitize(&map);
	map_must_be_sane(&map);
	compare_with_raw();
	while (in.at < in.end) {
		change(&in);
		map_must_be_sane(&map);
	}
	return 0;
}
