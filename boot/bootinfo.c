/*
 * Runs before paging, at physical addresses.
 *
 * The loader may leave its information anywhere below 4 GB, the provisional
 * tables show 8 MB. So it is copied now, whole or as far as it fits, and judged
 * later, when there is a console to complain on.
 */
#include "early.h"



static void copy_multiboot2(struct boot_info *info)
{
	const struct mb2_info *from = (const void *)(uintptr_t)info->address;

	info->claimed = from->total_size;
	info->size = min(info->claimed, (u32)BOOT_INFO_MAX);
	boot_copy(info->raw, from, info->size);
}

void boot_copy_info(u32 magic, u32 address);

void boot_copy_info(u32 magic, u32 address)
{
	struct boot_info *info = PHYS(boot_info);

	info->magic = magic;
	info->address = address;
	if (magic == MULTIBOOT2_MAGIC)
		copy_multiboot2(info);
	else if (magic == MULTIBOOT1_MAGIC)
		multiboot1_convert(info);
}
