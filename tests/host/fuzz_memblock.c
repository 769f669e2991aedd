/*
 * memblock: a stream of operations from the bytes. After each the lists must be
 * sound, and what was asked for must be so.
 */
#include "fuzz.h"
#include <kernel/lib/errno.h>
#include <mm/early/memblock.h>

static struct memblock mb, before;

static const char *const owners[] = { "kernel", "mem_map", "tables", "acpi" };

/* What the call must leave behind: done, or nothing changed. */
static bool done(int err)
{
	if (!err)
		return true;
	MUST(err == -ENOSPC);
	MUST(!memcmp(&mb, &before, sizeof(mb)));
	return false;
}

/* The bytes of a range that there are: memblock ends at 2^64 - 1. */
static u64 cut(u64 base, u64 size)
{
	return min(size, ~base);
}

static void change(u8 what, u64 base, u64 size)
{
	const char *owner = owners[what >> 4 & 3];
	u64 bytes = cut(base, size);

	switch (what & 3) {
	case 0:
		if (done(memblock_add(&mb, base, size)))
			MUST(memblock_is_memory(&mb, base, bytes) || !bytes);
		break;
	case 1:
		if (done(memblock_remove(&mb, base, size)) && bytes)
			MUST(!memblock_is_memory(&mb, base, 1) &&
			     !memblock_is_memory(&mb, base + bytes - 1, 1));
		break;
	case 2:
		if (done(memblock_reserve(&mb, base, size, owner)) && bytes)
			MUST(memblock_owner(&mb, base) &&
			     memblock_owner(&mb, base + bytes - 1));
		break;
	default:
		if (done(memblock_free(&mb, base, size)))
			MUST(!memblock_is_reserved(&mb, base, size));
	}
}

static void allocate(u8 what, u64 size, u64 start, u64 end)
{
	const char *owner = owners[what >> 4 & 3];
	u64 align = (u64)1 << (what & 63), got;

	mb.bottom_up = what & 64;
	got = memblock_phys_alloc_range(&mb, size, align, start, end, owner);
	if (!got)
		return;
	MUST(got >= start && size <= end && got <= end - size);
	MUST(got >= 4096 && got <= mb.current_limit - size);
	MUST((got & (align - 1)) == 0);
	MUST(memblock_is_memory(&mb, got, size));
	MUST(!memblock_is_reserved(&before, got, size));
	MUST(!strcmp(memblock_owner(&mb, got), owner));
}

/* The free ranges and the reserved parts of RAM must add up to RAM. */
static void must_add_up(void)
{
	u64 from = 0, base, end, sum = 0;
	unsigned int i, j;

	while (memblock_next_free(&mb, &from, &base, &end)) {
		MUST(base < end && from == end);
		MUST(memblock_is_memory(&mb, base, end - base));
		MUST(!memblock_is_reserved(&mb, base, end - base));
		sum += end - base;
	}
	for (i = 0; i < mb.memory.cnt; i++)
		for (j = 0; j < mb.reserved.cnt; j++) {
			const struct memblock_region *m =
				&mb.memory.regions[i];
			const struct memblock_region *r =
				&mb.reserved.regions[j];

			base = max(m->base, r->base);
			end = min(m->base + m->size, r->base + r->size);
			sum += base < end ? end - base : 0;
		}
	MUST(sum == mb.memory.total_size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, data + size };
	const char *wrong;
	u64 a, b;

	host_reset();
	memblock_init(&mb);
	while (in.at < in.end) {
		u8 op = input_byte(&in), what = input_byte(&in);

		a = input_number(&in);
		b = input_number(&in);
		before = mb;
		if ((op & 7) < 5)
			change(what, a, b);
		else if ((op & 7) < 7)
			allocate(what, a, b, input_number(&in));
		else
			mb.current_limit = a;
		wrong = memblock_check(&mb);
		if (wrong)
			host_die("memblock_check: %s", wrong);
	}
	must_add_up();
	return 0;
}
