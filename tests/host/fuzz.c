#include "fuzz.h"
#include <kernel/cpu/page.h>

u64 input_number(struct input *in)
{
	u8 how = input_byte(in);
	u64 n = input_byte(in);

	n = (n | (u64)input_byte(in) << 8) << (how & 63);
	return how & 64 ? 0 - n : n;
}

static u64 last_byte(const struct e820_entry *e)
{
	return e->addr + (e->size - 1);
}

static void entry_must_follow(const struct e820_entry *e,
			      const struct e820_entry *prev)
{
	MUST(e->addr > last_byte(prev));
	if (e->addr - 1 != last_byte(prev) || e->type != prev->type)
		return;
	/* all 2^64 bytes are the one range that no u64 can count */
	MUST(prev->addr == 0 && last_byte(e) == ~(u64)0);
}

void map_must_be_sane(const struct e820_map *map)
{
	u64 ram = 0, from, to;
	unsigned int i;

	MUST(map->nr <= E820_MAX);
	for (i = 0; i < map->nr; i++) {
		const struct e820_entry *e = &map->entry[i];

		MUST(e->size && e->type);
		MUST(last_byte(e) >= e->addr);
		MUST(e820_type_at(map, e->addr) == e->type);
		MUST(e820_type_at(map, last_byte(e)) == e->type);
		if (i)
			entry_must_follow(e, e - 1);
		if (e->type != E820_RAM)
			continue;
		/* [0, ~0) leaves out the last byte */
		ram += e->size - (last_byte(e) == ~(u64)0);
		if (e820_frames(e, &from, &to))
			MUST(e820_end_pfn(map) >= to &&
			     PFN_PHYS(from) >= e->addr &&
			     PFN_PHYS(to) - 1 <= last_byte(e));
	}
	MUST(e820_ram_in(map, 0, ~(u64)0) == ram);
}
