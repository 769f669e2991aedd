/*
 * The map of RAM.
 *
 * 1. What for. The firmware says which ranges of physical addresses are RAM
 *    and which must be left alone. It may say so in any order, twice, in
 *    contradiction to itself, and with gaps. Everything that stands above
 *    wants one list that is sorted and says one thing of each byte. This
 *    file makes that list.
 *
 * 2. States. A map is raw while e820_add() fills it, and sanitized after
 *    e820_sanitize(). Of a sanitized map holds:
 *	a. the ranges are sorted by address, and no two overlap;
 *	b. two ranges that touch have different types;
 *	c. no range is empty, no type is 0 (0 is the hole: no range there).
 *    e820_update() and e820_limit_ram() keep it so.
 *
 * 3. The sweep. Each range has two change points: its first byte, and the
 *    byte behind its last. Between two neighbouring points of all ranges
 *    nothing changes, so each such stretch has one set of ranges over it.
 *    The highest type number in the set wins: of two claims, the one that
 *    is more careful with the bytes (RAM is 1, the lowest). Stretches of one
 *    type that touch become one range. With n ranges there are at most
 *    2n - 1 stretches.
 *
 * 4. The end of the address space. A range may end at 2^64, which no u64
 *    holds. A range is therefore worked on by its first and its last byte,
 *    and one that ends at 2^64 has no second change point: it is open still
 *    when the sweep ends. The one list that would break this, a range of all
 *    2^64 bytes, is not joined: it stays two ranges that touch.
 *
 * 5. What does not fit. The table has E820_MAX places. What is lost must be
 *    RAM, from the top down: less RAM is a smaller machine, a reservation
 *    less is a broken one. A reservation takes the place of RAM above it, or,
 *    where there is none, ends RAM at its own address. In a list without RAM
 *    the last range goes; that machine cannot run anyway.
 *
 * 6. Cost. The sweep asks all n ranges at each of 2n points: 524,288 compares
 *    for a full table, once at boot and once for each range of memmap=. A list
 *    of active ranges would save the square and cost the proof. The rest is
 *    one pass over the list.
 *
 * A new list is built aside, in next, and copied back: boot has one CPU and no
 * interrupts, so one such place does for all maps.
 */
#include <kernel/cpu/page.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/sort.h>
#include <kernel/lib/string.h>
#include <mm/early/e820.h>

#define LAST_BYTE (~(u64)0)

#define HOLE 0	/* a type that no range has */

#define STRETCHES_MAX (2 * E820_MAX)	/* derived: (3); an update: n + 2 */

struct e820_map e820_map;

static struct {
	unsigned int nr;
	struct e820_entry entry[STRETCHES_MAX];
} next;

static u64 last_byte(const struct e820_entry *entry)
{
	return entry->addr + (entry->size - 1);
}

/* The bytes of [addr, addr + size) that lie below 2^64. */
static u64 cut_size(u64 addr, u64 size)
{
	u64 room = 0 - addr;	/* 2^64 - addr; 0 where addr is 0 */

	return addr ? min(size, room) : size;
}

/* The place of the highest range of RAM in the list, or nr without RAM. */
static unsigned int highest_ram(const struct e820_entry *list, unsigned int nr)
{
	unsigned int found = nr, i;

	for (i = 0; i < nr; i++) {
		if (list[i].type != E820_RAM)
			continue;
		if (found == nr || list[i].addr > list[found].addr)
			found = i;
	}
	return found;
}

/* Can prev grow by [first, last]? Not if that made it all 2^64 bytes (4). */
static bool joins(const struct e820_entry *prev, u64 first, u64 last, u32 type)
{
	return prev->type == type && last_byte(prev) + 1 == first &&
	       !(prev->addr == 0 && last == LAST_BYTE);
}

static void next_add(u64 first, u64 last, u32 type)
{
	if (type == HOLE)
		return;
	if (next.nr && joins(&next.entry[next.nr - 1], first, last, type)) {
		next.entry[next.nr - 1].size += last - first + 1;
		return;
	}
	BUG_ON(next.nr == STRETCHES_MAX, "more stretches than change points");
	next.entry[next.nr++] = (struct e820_entry){
		.addr = first, .size = last - first + 1, .type = type,
	};
}

static void next_drop(unsigned int i)
{
	next.nr--;
	memmove(&next.entry[i], &next.entry[i + 1],
		(next.nr - i) * sizeof(next.entry[0]));
}

static int next_commit(struct e820_map *map)
{
	unsigned int lost = 0;

	for (; next.nr > E820_MAX; lost++)
		next_drop(min(highest_ram(next.entry, next.nr), next.nr - 1));
	memcpy(map->entry, next.entry, next.nr * sizeof(next.entry[0]));
	map->nr = next.nr;
	map->dropped += lost;
	return lost ? -ENOSPC : 0;
}

/* Ends RAM before addr, where a reservation is that finds no place. */
static void cut_ram_at(struct e820_map *map, u64 addr)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		struct e820_entry *entry = &map->entry[i];

		if (entry->type == E820_RAM && entry->addr < addr)
			entry->size = min(entry->size, addr - entry->addr);
	}
}

int e820_add(struct e820_map *map, u64 addr, u64 size, u32 type)
{
	struct e820_entry entry = {
		.addr = addr,
		.size = cut_size(addr, size),
		.type = type == HOLE ? E820_RESERVED : type,
	};
	unsigned int ram;

	if (!size)
		return 0;
	if (map->nr < E820_MAX) {
		map->entry[map->nr++] = entry;
		return 0;
	}
	map->dropped++;
	if (entry.type == E820_RAM)
		return -ENOSPC;
	ram = highest_ram(map->entry, map->nr);
	if (ram < map->nr && map->entry[ram].addr >= addr)
		map->entry[ram] = entry;
	else
		cut_ram_at(map, addr);
	return -ENOSPC;
}

static int compare_points(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return (x > y) - (x < y);
}

/* Sorted; a point may stand there more than once. */
static unsigned int change_points(const struct e820_map *map, u64 *point)
{
	unsigned int n = 0, i;

	for (i = 0; i < map->nr; i++) {
		u64 last = last_byte(&map->entry[i]);

		point[n++] = map->entry[i].addr;
		if (last != LAST_BYTE)
			point[n++] = last + 1;
	}
	sort(point, n, sizeof(point[0]), compare_points);
	return n;
}

int e820_sanitize(struct e820_map *map)
{
	static u64 point[2 * E820_MAX];
	unsigned int n = change_points(map, point);
	unsigned int i;

	next.nr = 0;
	for (i = 0; i < n; i++) {
		bool open_end = i + 1 == n;

		if (!open_end && point[i] == point[i + 1])
			continue;
		next_add(point[i], open_end ? LAST_BYTE : point[i + 1] - 1,
			 e820_type_at(map, point[i]));
	}
	return next_commit(map);
}

/* Adds the parts in [first, last]; those of type `from` become `to`. */
static void next_add_parts(const struct e820_map *map, u64 first, u64 last,
			   u32 from, u32 to)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct e820_entry *entry = &map->entry[i];
		u64 begin = max(first, entry->addr);
		u64 end = min(last, last_byte(entry));

		if (begin <= end)
			next_add(begin, end,
				 entry->type == from ? to : entry->type);
	}
}

static int update(struct e820_map *map, u64 first, u64 last, u32 from, u32 to)
{
	next.nr = 0;
	if (first > 0)
		next_add_parts(map, 0, first - 1, HOLE, HOLE);
	if (from)
		next_add_parts(map, first, last, from, to);
	else
		next_add(first, last, to);
	if (last < LAST_BYTE)
		next_add_parts(map, last + 1, LAST_BYTE, HOLE, HOLE);
	return next_commit(map);
}

int e820_update(struct e820_map *map, u64 addr, u64 size, u32 from, u32 to)
{
	if (!size)
		return 0;
	return update(map, addr, addr + (cut_size(addr, size) - 1), from, to);
}

/* Bytes of RAM in [first, last]. */
static u64 ram_between(const struct e820_map *map, u64 first, u64 last)
{
	u64 sum = 0;
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct e820_entry *entry = &map->entry[i];
		u64 begin = max(first, entry->addr);
		u64 end = min(last, last_byte(entry));

		if (entry->type == E820_RAM && begin <= end)
			sum += end - begin + 1;
	}
	return sum;
}

u64 e820_limit_ram(struct e820_map *map, u64 limit)
{
	u64 taken = ram_between(map, limit, LAST_BYTE);
	int err = update(map, limit, LAST_BYTE, E820_RAM, HOLE);

	BUG_ON(err, "a map grew when RAM was taken out of it");
	return taken;
}

u64 e820_ram_in(const struct e820_map *map, u64 from, u64 to)
{
	return from < to ? ram_between(map, from, to - 1) : 0;
}

/* PFN_UP() and PFN_DOWN(last + 1), right up to 2^64. */
static u64 frame_up(u64 addr)
{
	return (addr >> PAGE_SHIFT) + !IS_ALIGNED(addr, (u64)PAGE_SIZE);
}

static u64 frame_behind(u64 last)
{
	u64 rest = last & (PAGE_SIZE - 1);

	return (last >> PAGE_SHIFT) + (rest == PAGE_SIZE - 1);
}

bool e820_frames(const struct e820_entry *entry, u64 *from, u64 *to)
{
	*from = frame_up(entry->addr);
	*to = frame_behind(last_byte(entry));
	return *from < *to;
}

u64 e820_end_pfn(const struct e820_map *map)
{
	u64 end_pfn = 0;
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct e820_entry *entry = &map->entry[i];
		u64 begin, end;

		if (entry->type == E820_RAM && e820_frames(entry, &begin, &end))
			end_pfn = max(end_pfn, end);
	}
	return end_pfn;
}

u32 e820_type_at(const struct e820_map *map, u64 addr)
{
	u32 type = HOLE;
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct e820_entry *entry = &map->entry[i];

		if (addr >= entry->addr && addr - entry->addr < entry->size)
			type = max(type, entry->type);
	}
	return type;
}

const char *e820_type_name(u32 type)
{
	static char other[sizeof("type 4294967295")];

	switch (type) {
	case E820_RAM:
		return "usable";
	case E820_RESERVED:
		return "reserved";
	case E820_ACPI:
		return "ACPI data";
	case E820_NVS:
		return "ACPI NVS";
	case E820_UNUSABLE:
		return "unusable";
	}
	snprintf(other, sizeof(other), "type %u", (unsigned int)type);
	return other;
}
