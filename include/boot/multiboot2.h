/*
 * Multiboot2 boot information, as tables say it: Multiboot2 Specification
 * version 2.0, section 3.6. All fields little-endian; tags start 8-aligned.
 */
#ifndef BOOT_MULTIBOOT2_H
#define BOOT_MULTIBOOT2_H

#include <kernel/lib/compiler.h>

enum multiboot2_tag_type {
	MB2_TAG_END = 0,
	MB2_TAG_CMDLINE = 1,
	MB2_TAG_LOADER = 2,
	MB2_TAG_MODULE = 3,
	MB2_TAG_BASIC_MEMORY = 4,
	MB2_TAG_MMAP = 6,
	MB2_TAG_OLD_RSDP = 14,
	MB2_TAG_NEW_RSDP = 15,
};

struct mb2_info {
	u32 total_size;		/* with this header */
	u32 reserved;
};

struct mb2_tag {
	u32 type;
	u32 size;		/* with this header, without padding */
};

struct mb2_tag_string {		/* command line, loader name */
	struct mb2_tag tag;
	char string[];
};

struct mb2_tag_module {
	struct mb2_tag tag;
	u32 mod_start;
	u32 mod_end;		/* behind the last byte */
	char string[];
};

struct mb2_tag_basic_memory {
	struct mb2_tag tag;
	u32 mem_lower;		/* KB from 0 */
	u32 mem_upper;		/* KB from 1 MB */
};

struct mb2_mmap_entry {
	u64 addr;
	u64 len;
	u32 type;		/* E820 types; 1 is RAM */
	u32 zero;
};

struct mb2_tag_mmap {
	struct mb2_tag tag;
	u32 entry_size;		/* stride: a multiple of 8, at least 24 */
	u32 entry_version;
	u8 entries[];
};

struct mb2_tag_rsdp {
	struct mb2_tag tag;
	u8 rsdp[];		/* a copy of the ACPI RSDP */
};

#endif
