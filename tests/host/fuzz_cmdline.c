/*
 * The command line: the input is the line. It goes to a table whose handlers
 * fill instances, and then, as at boot, to all options that are linked in.
 */
#include "fuzz.h"
#include <kernel/base/cmdline.h>
#include <mm/early/options.h>
#include <mm/page/numa.h>

static char *line;		/* on the heap: ASan knows where it ends */
static size_t length;
static struct memory_options memory;
static struct numa_options numa;

/* A value must lie in the line, with its end. */
static void value_must_be_inside(const char *value)
{
	MUST(value >= line && value <= line + length);
	MUST(value + strlen(value) <= line + length);
}

static int set_mem(const char *value)
{
	value_must_be_inside(value);
	return memory_options_mem(&memory, value);
}

static int set_memmap(const char *value)
{
	struct memory_options before = memory;
	int err = memory_options_memmap(&memory, value);

	value_must_be_inside(value);
	MUST(memory.nr <= MEMMAP_MAX);
	if (err)
		MUST(memory.nr == before.nr &&
		     memory.exactmap == before.exactmap);
	return err;
}

static int set_numa(const char *value)
{
	value_must_be_inside(value);
	return numa_options_set(&numa, value);
}

static int set_flag(const char *value)
{
	value_must_be_inside(value);
	MUST(!*value);
	return 0;
}

static const struct kernel_param table[] = {
	{ "mem", set_mem, PARAM_VALUE | PARAM_MANY, "SIZE", "" },
	{ "memmap", set_memmap, PARAM_VALUE | PARAM_MANY, "RANGE", "" },
	{ "numa", set_numa, PARAM_VALUE, "off|fake=N", "" },
	{ "maybe", set_mem, PARAM_OPTIONAL, "SIZE", "" },
	{ "quiet", set_flag, PARAM_FLAG, "", "" },
};

/* Whatever was accepted leaves a sound map. */
static void apply(void)
{
	static struct e820_map map;

	MUST(!memory.mem || (memory.mem >= 1 << 20 && memory.mem >> 36 == 0));
	MUST(numa.fake <= MAX_NUMNODES);
	memset(&map, 0, sizeof(map));
	e820_add(&map, 0, 0x9fc00, E820_RAM);
	e820_add(&map, 0x100000, 0x7ee0000, E820_RAM);
	e820_add(&map, 0xfffc0000, 0x40000, E820_RESERVED);
	e820_sanitize(&map);
	memory_options_apply(&memory, &map);
	map_must_be_sane(&map);
	if (memory.mem)
		MUST(e820_end_pfn(&map) <= (memory.mem + 4095) >> 12);
}

/* What is kept of a line: it, or what stands before a blank. */
static void copy_must_be_right(void)
{
	char copy[COMMAND_LINE_SIZE];
	size_t n;

	copy_command_line(copy, line);
	n = strlen(copy);
	MUST(n < COMMAND_LINE_SIZE && !strncmp(copy, line, n));
	MUST(length < COMMAND_LINE_SIZE ? n == length :
	     !n || strchr(" \t\n\v\f\r", line[n]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	host_reset();
	length = strnlen((const char *)data, size);
	line = malloc(length + 1);
	memcpy(line, data, length);
	line[length] = '\0';
	memset(&memory, 0, sizeof(memory));
	memset(&numa, 0, sizeof(numa));
	copy_must_be_right();
	parse_command_line(line);
	MUST(!strncmp(saved_command_line(), line,
		      strlen(saved_command_line())));
	parse_options(line, table, table + ARRAY_SIZE(table));
	apply();
	free(line);
	/* so that the linker takes the options of these files, too */
	return mem_option_nopentium() || numa_option_off() ? 0 : 0;
}
