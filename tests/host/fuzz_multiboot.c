/*
 * Boot information: the input is the block. Whatever it says, all that comes
 * out points into it, and the map can be worked with.
 */
#include "fuzz.h"
#include <kernel/multiboot.h>

static struct boot_params params;
static struct e820_map map;

static void string_must_be_inside(const char *string, const u8 *block,
				  size_t size)
{
	const u8 *at = (const u8 *)string;

	if (!*string && (at < block || at >= block + size))
		return;		/* the "" of a tag that is not there */
	MUST(at >= block && at < block + size);
	MUST(strnlen(string, (size_t)(block + size - at)) <
	     (size_t)(block + size - at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 total = (u32)size;
	unsigned int i;
	u8 *block;

	host_reset();
	/* aligned to 8, as the loader's; and not a byte longer */
	block = malloc(size ? size : 1);
	memcpy(block, data, size);
	/* most inputs would not get past the first number by themselves */
	if (size >= 8 && block[4] & 1)
		memcpy(block, &total, sizeof(total));
	memset(&map, 0, sizeof(map));
	multiboot2_parse(block, total, &params, &map);

	string_must_be_inside(params.cmdline, block, size);
	string_must_be_inside(params.loader, block, size);
	MUST(params.nr_modules <= BOOT_MODULES_MAX);
	for (i = 0; i < params.nr_modules; i++) {
		MUST(params.module[i].start <= params.module[i].end);
		string_must_be_inside(params.module[i].string, block, size);
	}
	MUST(!params.modules_lost || params.lost_start <= params.lost_end);
	if (params.rsdp)
		MUST(params.rsdp >= block &&
		     params.rsdp + params.rsdp_size <= block + size);
	e820_sanitize(&map);
	map_must_be_sane(&map);
	free(block);
	return 0;
}
