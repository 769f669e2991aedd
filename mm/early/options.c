/*
 * mem= and memmap=: the map of RAM as the user wants it.
 *
 * 1. What for. A test boots one machine as many: with less RAM, with a hole in
 *    it, with the map that a bug report shows. And a user takes RAM out that
 *    is broken, or keeps a range for a device.
 *
 * 2. Two steps. The handlers run before there is a map and may only record
 *    (cmdline.h). A value with several ranges is recorded whole or not at all,
 *    so that "reported and ignored" is true of all of it. Later, when the
 *    firmware's map is sanitized, e820_apply_options() applies the record.
 *
 * 3. Order. exactmap, the ranges, mem=SIZE; within the ranges the order does
 *    not matter, as the highest type number wins. In the reference each option
 *    acts where it stands on the line, and one in the wrong order is lost
 *    without a word. The map is sanitized after each range, so that the log
 *    can say what each one did.
 *
 * 4. Bounds. mem= of 64 GB and more limits nothing that PAE could address
 *    (36 bits), and below 1 MB no kernel is loaded: both are slips of the pen.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/string.h>
#include <mm/early/options.h>

#define MEM_LEAST ((u64)1 << 20)	/* derived: KERNEL_PHYS */
#define MEM_LIMIT ((u64)1 << 36)	/* derived: PAE's physical addresses */

static struct memory_options given = { .log = true };

int memory_options_mem(struct memory_options *options, const char *value)
{
	const char *end;
	u64 size;
	int err;

	if (strcmp(value, "nopentium") == 0) {
		options->nopentium = true;
		return 0;
	}
	err = parse_size(value, &end, &size);
	if (err)
		return err;
	if (*end)
		return -EINVAL;
	if (size < MEM_LEAST || size >= MEM_LIMIT)
		return -ERANGE;
	if (options->mem)
		return -EEXIST;
	options->mem = size;
	return 0;
}

/* The type that stands for c in memmap=SIZE@ADDR, 0 if none does. */
static u32 separator_type(char c)
{
	switch (c) {
	case '@':
		return E820_RAM;
	case '#':
		return E820_ACPI;
	case '$':
		return E820_RESERVED;
	}
	return 0;
}

/* SIZE@ADDR, SIZE#ADDR or SIZE$ADDR; *text moves behind it. */
static int parse_range(const char **text, struct e820_entry *entry)
{
	const char *p = *text;
	int err;

	err = parse_size(p, &p, &entry->size);
	if (err)
		return err;
	entry->type = separator_type(*p);
	if (!entry->type)
		return -EINVAL;
	err = parse_size(p + 1, &p, &entry->addr);
	if (err)
		return err;
	if (!entry->size)
		return -EINVAL;
	if (entry->addr && entry->size > 0 - entry->addr)
		return -ERANGE;
	*text = p;
	return 0;
}

static bool skip_word(const char **text, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(*text, word, n))
		return false;
	*text += n;
	return true;
}

static int parse_item(const char **text, struct memory_options *options)
{
	struct e820_entry entry;
	int err;

	if (skip_word(text, "exactmap")) {
		options->exactmap = true;
		return 0;
	}
	err = parse_range(text, &entry);
	if (err)
		return err;
	if (options->nr == MEMMAP_MAX)
		return -ENOSPC;
	options->entry[options->nr++] = entry;
	return 0;
}

static int parse_items(const char *text, struct memory_options *options)
{
	int err;

	for (;;) {
		err = parse_item(&text, options);
		if (err || !*text)
			return err;
		if (*text++ != ',')
			return -EINVAL;
	}
}

int memory_options_memmap(struct memory_options *options, const char *value)
{
	bool exactmap = options->exactmap;
	unsigned int nr = options->nr;
	int err = parse_items(value, options);

	if (err) {
		options->exactmap = exactmap;
		options->nr = nr;
	}
	return err;
}

static int set_mem(const char *value)
{
	return memory_options_mem(&given, value);
}

static int set_memmap(const char *value)
{
	return memory_options_memmap(&given, value);
}

KERNEL_PARAM(mem, "mem", set_mem, PARAM_VALUE | PARAM_MANY,
	     "SIZE (1M or more, below 64G) or nopentium",
	     "use no RAM at and above SIZE; or: use no large pages");
KERNEL_PARAM(memmap, "memmap", set_memmap, PARAM_VALUE | PARAM_MANY,
	     "exactmap, SIZE@ADDR, SIZE#ADDR or SIZE$ADDR",
	     "add RAM, ACPI data or a reservation to the firmware's map; "
	     "exactmap: start from an empty one");

bool mem_option_cut_off(u64 *start, u64 *end)
{
	*start = given.cut_start;
	*end = given.cut_end;
	return *end > *start;
}

bool mem_option_nopentium(void)
{
	return given.nopentium;
}

static unsigned long long ram_kb(const struct e820_map *map)
{
	return e820_ram_in(map, 0, ~(u64)0) >> 10;
}

static bool gives_ram(const struct memory_options *options)
{
	unsigned int i;

	for (i = 0; i < options->nr; i++)
		if (options->entry[i].type == E820_RAM)
			return true;
	return false;
}

static int apply_exactmap(const struct memory_options *options,
			  struct e820_map *map)
{
	if (!gives_ram(options))
		return -EINVAL;
	if (options->log)
		pr_info("memmap=exactmap: the firmware's map is forgotten, "
			"%llu KB of RAM\n", ram_kb(map));
	map->nr = 0;
	return 0;
}

static int apply_range(const struct memory_options *options,
		       const struct e820_entry *entry, struct e820_map *map)
{
	unsigned long long first = entry->addr;
	unsigned long long last = entry->addr + (entry->size - 1);
	unsigned long long before = ram_kb(map);
	int full = e820_add(map, entry->addr, entry->size, entry->type);
	int err = e820_sanitize(map);

	if (options->log)
		pr_info("memmap: [0x%012llx-0x%012llx] %s: "
			"RAM was %llu KB, is %llu KB\n", first, last,
			e820_type_name(entry->type), before, ram_kb(map));
	return full ? full : err;
}

/* What the limit takes out: the largest piece is remembered. */
static void note_cut(struct memory_options *options,
		     const struct e820_map *map)
{
	unsigned int i;

	for (i = 0; i < map->nr; i++) {
		const struct e820_entry *e = &map->entry[i];
		u64 start = max(e->addr, options->mem);
		u64 end = e->addr + e->size;

		if (e->type != E820_RAM || start >= end ||
		    end - start <= options->cut_end - options->cut_start)
			continue;
		options->cut_start = start;
		options->cut_end = end;
	}
}

static void apply_limit(struct memory_options *options, struct e820_map *map)
{
	unsigned long long taken;

	note_cut(options, map);
	taken = e820_limit_ram(map, options->mem);

	if (options->log)
		pr_info("mem: no RAM from 0x%012llx on: "
			"%llu KB taken out, %llu KB left\n",
			(unsigned long long)options->mem, taken >> 10,
			ram_kb(map));
}

int memory_options_apply(struct memory_options *options,
			 struct e820_map *map)
{
	unsigned int i;
	int ret = 0, err;

	if (options->exactmap)
		ret = apply_exactmap(options, map);
	for (i = 0; i < options->nr; i++) {
		err = apply_range(options, &options->entry[i], map);
		if (err)
			ret = err;
	}
	if (options->mem)
		apply_limit(options, map);
	return ret;
}

void e820_apply_options(struct e820_map *map)
{
	unsigned int before = map->dropped;
	int err = memory_options_apply(&given, map);

	if (err == -ENOSPC)
		pr_warn("memmap: the map of RAM is full, %u ranges lost\n",
			map->dropped - before);
	if (given.exactmap && !gives_ram(&given))
		pr_warn("memmap=exactmap without a SIZE@ADDR: ignored\n");
}
