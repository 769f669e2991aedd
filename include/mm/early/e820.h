/*
 * The map of RAM as the firmware gives it, and what is made of it.
 *
 * A map is an instance that the caller owns; e820_map below is the machine's.
 * Boot only: no locks, no interrupts, nothing here sleeps. Pure C.
 *
 * Source: ACPI 6.4 section 15 (INT 15h E820h); multiboot2 3.6.8 (memory map
 * tag); the rules of the sweep are the reference's (ULK3 appendix A).
 */
#ifndef MM_EARLY_E820_H
#define MM_EARLY_E820_H

#include <kernel/lib/compiler.h>

enum e820_type {
	E820_RAM = 1,
	E820_RESERVED = 2,
	E820_ACPI = 3,		/* tables; RAM once they are read */
	E820_NVS = 4,
	E820_UNUSABLE = 5,	/* RAM with errors */
	/* anything else: unknown to us, and so reserved */
};

#define E820_MAX 512	/* guessed: the reference has 32; UEFI gives 200 */

struct e820_entry {
	u64 addr;	/* bytes */
	u64 size;	/* bytes; addr + size <= 2^64 */
	u32 type;
};

struct e820_map {
	unsigned int nr;
	unsigned int dropped;	/* entries that did not fit */
	struct e820_entry entry[E820_MAX];
};

/* The machine's map: raw until e820_sanitize(), then sorted, no overlaps. */
extern struct e820_map e820_map;

/*
 * Appends one range as the loader gave it. Zero length: dropped, 0. Running
 * past 2^64: cut there. Type 0 is kept as reserved: 0 means a hole here.
 * -ENOSPC when the map is full (counted in dropped): the range is lost. If it
 * is a reservation, the highest RAM above it is lost in its place, or, where
 * there is none, RAM is cut at its address.
 */
int e820_add(struct e820_map *map, u64 addr, u64 size, u32 type);

/*
 * Sorts; resolves overlaps (the highest type number wins); joins neighbours of
 * one type. Should the result not fit, RAM ranges at the end are lost first,
 * never a reservation while there is RAM to lose. 0, or -ENOSPC (then
 * map->dropped counts what was lost).
 */
int e820_sanitize(struct e820_map *map);

/*
 * Gives [addr, addr + size) the type `to` where it was `from`; from = 0: all
 * types, and holes too; to = 0: makes a hole. The map must be sanitized, and is
 * again after it. Past 2^64: cut there. 0, or -ENOSPC as e820_sanitize().
 */
int e820_update(struct e820_map *map, u64 addr, u64 size, u32 from, u32 to);

/* Takes RAM at and above limit (bytes) out. Returns the bytes taken. */
u64 e820_limit_ram(struct e820_map *map, u64 limit);

/* Bytes of RAM in [from, to). */
u64 e820_ram_in(const struct e820_map *map, u64 from, u64 to);

/*
 * The whole frames of a range: [*from, *to). False if there are none. In
 * frames, because a range may end at 2^64.
 */
bool e820_frames(const struct e820_entry *entry, u64 *from, u64 *to);

/* The first frame number behind the last whole frame of RAM; 0 without RAM. */
u64 e820_end_pfn(const struct e820_map *map);

/* The type at addr (the highest in a raw map), 0 in a hole. */
u32 e820_type_at(const struct e820_map *map, u64 addr);

/*
 * "usable", "reserved", "ACPI data", "ACPI NVS", "unusable", "type N". The last
 * one is good until the next call.
 */
const char *e820_type_name(u32 type);

#endif
