/*
 * Reading the boot information. Pure: no printing, no memory but the block and
 * the result; any bytes may be given. Multiboot2 2.0, section 3.6.
 */
#ifndef KERNEL_MULTIBOOT_H
#define KERNEL_MULTIBOOT_H

#include <kernel/lib/compiler.h>
#include <mm/early/e820.h>

#define BOOT_MODULES_MAX 32	/* guessed */

struct boot_module {
	u32 start, end;		/* physical, [start, end) */
	const char *string;	/* in the block */
};

struct boot_params {
	const char *cmdline;	/* in the block; "" if there was none */
	const char *loader;	/* in the block; "" if there was none */
	bool has_mmap;
	unsigned int nr_modules;
	unsigned int modules_lost;	/* did not fit; they lie in */
	u32 lost_start, lost_end;	/* physical, [start, end) */
	struct boot_module module[BOOT_MODULES_MAX];
	bool has_basic_memory;
	u32 mem_lower_kb, mem_upper_kb;
	const u8 *rsdp;		/* in the block, or NULL; the newer one */
	u32 rsdp_size;
};

/*
 * Fills *params and adds the ranges of the memory map to *map. NULL, or the
 * sentence that says what is wrong with the block; *params and *map then hold
 * what came before.
 */
const char *multiboot2_parse(const void *block, u32 size,
			     struct boot_params *params, struct e820_map *map);

#endif
