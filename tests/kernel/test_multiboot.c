/* Boot information, sound and broken: blocks are made tag by tag. */
#include <boot/bootinfo.h>
#include <boot/multiboot2.h>
#include <boot/sections.h>
#include <kernel/base/symbols.h>
#include <kernel/multiboot.h>
#include <kernel/setup.h>
#include "ktest.h"

#define BLOCK_SIZE 2048

static u8 block[BLOCK_SIZE] __aligned(8);
static u32 used;
static struct boot_params params;
static struct e820_map map;

static void put_u32(u32 value)
{
	memcpy(block + used, &value, sizeof(value));
	used += sizeof(value);
}

static void begin(void)
{
	memset(block, 0, sizeof(block));
	memset(&map, 0, sizeof(map));
	used = sizeof(struct mb2_info);
}

static void tag(u32 type, u32 size)
{
	used = ALIGN(used, 8U);
	put_u32(type);
	put_u32(size);
}

static void text(const char *s)
{
	memcpy(block + used, s, strlen(s) + 1);
	used += strlen(s) + 1;
}

static const char *finish(void)
{
	tag(MB2_TAG_END, 8);
	((struct mb2_info *)block)->total_size = used;
	return multiboot2_parse(block, used, &params, &map);
}

TEST(multiboot, reads_what_it_knows)
{
	begin();
	tag(MB2_TAG_CMDLINE, 8 + 6);
	text("hello");
	tag(99, 8 + 3);		/* unknown: passed over */
	text("xx");
	tag(MB2_TAG_LOADER, 8 + 5);
	text("GRUB");
	tag(MB2_TAG_MODULE, 16 + 4);
	put_u32(0x200000);
	put_u32(0x200001);
	text("mod");
	tag(MB2_TAG_BASIC_MEMORY, 16);
	put_u32(639);
	put_u32(65000);
	EXPECT(!finish());
	EXPECT_STREQ(params.cmdline, "hello");
	EXPECT_STREQ(params.loader, "GRUB");
	EXPECT_EQ(params.nr_modules, 1);
	EXPECT_EQ(params.module[0].start, 0x200000);
	EXPECT_EQ(params.module[0].end, 0x200001);
	EXPECT_STREQ(params.module[0].string, "mod");
	EXPECT(params.has_basic_memory);
	EXPECT_EQ(params.mem_upper_kb, 65000);
	EXPECT(!params.has_mmap);
}

static void put_range(u64 addr, u64 len, u32 type, u32 stride)
{
	memcpy(block + used, &addr, 8);
	memcpy(block + used + 8, &len, 8);
	memcpy(block + used + 16, &type, 4);
	used += stride;
}

static void map_with_stride(u32 stride)
{
	begin();
	tag(MB2_TAG_MMAP, 16 + 2 * stride);
	put_u32(stride);
	put_u32(0);
	put_range(0, 0x9fc00, E820_RAM, stride);
	put_range(0x100000000ULL, 0x40000000, E820_RESERVED, stride);
	EXPECT(!finish());
	EXPECT(params.has_mmap);
	EXPECT_EQ(map.nr, 2);
	EXPECT_EQ(map.entry[0].size, 0x9fc00);
	EXPECT_EQ(map.entry[1].addr, 0x100000000ULL);
	EXPECT_EQ(map.entry[1].type, E820_RESERVED);
}

TEST(multiboot, memory_map)
{
	map_with_stride(24);
	map_with_stride(32);	/* larger entries of a later version */
}

TEST(multiboot, bad_entry_sizes)
{
	static const u32 sizes[] = { 0, 8, 23, 25, 28 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin();
		tag(MB2_TAG_MMAP, 16 + 24);
		put_u32(sizes[i]);
		put_u32(0);
		put_range(0, 4096, E820_RAM, 24);
		EXPECT_STREQ(finish(), "a memory map with a bad entry size");
		EXPECT_EQ(map.nr, 0);
	}
}

TEST(multiboot, too_short)
{
	begin();
	finish();
	EXPECT_STREQ(multiboot2_parse(block, 0, &params, &map),
		     "it is shorter than its own head");
	EXPECT_STREQ(multiboot2_parse(block, 7, &params, &map),
		     "it is shorter than its own head");
	((struct mb2_info *)block)->total_size = 4;
	EXPECT_STREQ(multiboot2_parse(block, used, &params, &map),
		     "it is shorter than its own head");
}

TEST(multiboot, truncated)
{
	u32 size;

	begin();
	tag(MB2_TAG_CMDLINE, 8 + 6);
	text("hello");
	finish();
	for (size = sizeof(struct mb2_info); size < used; size++)
		EXPECT_STREQ(multiboot2_parse(block, size, &params, &map),
			     "it is truncated");
}

TEST(multiboot, end_tag_missing)
{
	begin();
	tag(MB2_TAG_CMDLINE, 8 + 6);
	text("hello");
	((struct mb2_info *)block)->total_size = used;
	EXPECT_STREQ(multiboot2_parse(block, used, &params, &map),
		     "its end tag is missing");
}

TEST(multiboot, lengths_past_the_end)
{
	static const u32 sizes[] = { 0, 7, 4096, 0x7fffffff, 0xfffffff8,
				     0xffffffff };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		begin();
		tag(MB2_TAG_CMDLINE, sizes[i]);
		text("hello");
		EXPECT_STREQ(finish(), "a tag runs past its end");
	}
}

TEST(multiboot, strings_without_end)
{
	begin();
	tag(MB2_TAG_CMDLINE, 8 + 5);	/* the NUL is left out */
	text("hello");
	EXPECT_STREQ(finish(), "a string tag without an end");
	begin();
	tag(MB2_TAG_LOADER, 8);
	EXPECT_STREQ(finish(), "a string tag without an end");
}

TEST(multiboot, bad_modules)
{
	begin();
	tag(MB2_TAG_MODULE, 16);
	put_u32(0x200000);
	put_u32(0x300000);
	EXPECT_STREQ(finish(), "a module tag that is too short");
	begin();
	tag(MB2_TAG_MODULE, 16 + 2);
	put_u32(0x300000);
	put_u32(0x200000);
	text("m");
	EXPECT_STREQ(finish(), "a module that ends before it starts");
}

TEST(multiboot, modules_that_do_not_fit_are_bounded)
{
	unsigned int i;

	begin();
	for (i = 0; i < BOOT_MODULES_MAX + 3; i++) {
		tag(MB2_TAG_MODULE, 16 + 2);
		put_u32(0x1000000 + i * 0x2000);
		put_u32(0x1001000 + i * 0x2000);
		text("m");
	}
	EXPECT(!finish());
	EXPECT_EQ(params.nr_modules, BOOT_MODULES_MAX);
	EXPECT_EQ(params.modules_lost, 3);
	EXPECT_EQ(params.lost_start, 0x1000000 + BOOT_MODULES_MAX * 0x2000);
	EXPECT_EQ(params.lost_end, 0x1001000 + (BOOT_MODULES_MAX + 2) * 0x2000);
}

TEST(multiboot, newer_rsdp_wins)
{
	begin();
	tag(MB2_TAG_NEW_RSDP, 8 + 4);
	text("new");
	tag(MB2_TAG_OLD_RSDP, 8 + 4);
	text("old");
	EXPECT(!finish());
	EXPECT_STREQ((const char *)params.rsdp, "new");
	EXPECT_EQ(params.rsdp_size, 4);
}

/* Any byte may be any value: no parse may leave the block (seeded). */
TEST(multiboot, random_bytes)
{
	u32 x = 12345;
	int round, i;

	for (round = 0; round < 300; round++) {
		begin();
		tag(MB2_TAG_CMDLINE, 8 + 6);
		text("hello");
		tag(MB2_TAG_MMAP, 16 + 24);
		put_u32(24);
		put_u32(0);
		put_range(0, 4096, E820_RAM, 24);
		finish();
		for (i = 0; i < 4; i++) {
			x = x * 1664525 + 1013904223;
			block[(x >> 16) % used] = (u8)(x >> 8);
		}
		multiboot2_parse(block, used, &params, &map);
		EXPECT(map.nr <= E820_MAX);
		EXPECT((const u8 *)params.cmdline < block + used);
	}
}

TEST(multiboot, of_this_machine)
{
	EXPECT(boot_info.size <= BOOT_INFO_MAX);
	EXPECT(boot_info.magic == MULTIBOOT1_MAGIC ||
	       boot_info.magic == MULTIBOOT2_MAGIC);
	EXPECT(boot_params.has_mmap || boot_params.has_basic_memory);
}

TEST(symbols, finds_functions)
{
	u32 addr = (u32)(uintptr_t)multiboot2_parse, offset, size;

	EXPECT_STREQ(symbol_lookup(addr, &offset, &size), "multiboot2_parse");
	EXPECT_EQ(offset, 0);
	EXPECT(size > 16);
	EXPECT_STREQ(symbol_lookup(addr + size - 1, &offset, &size),
		     "multiboot2_parse");
	EXPECT_EQ(offset, size - 1);
}

TEST(symbols, finds_data)
{
	u32 offset, size;

	EXPECT_STREQ(symbol_lookup((u32)(uintptr_t)&boot_info, &offset,
				   &size), "boot_info");
}

TEST(symbols, knows_its_borders)
{
	char buf[SYMBOL_TEXT];
	u32 offset, size;

	EXPECT(!symbol_lookup(0, &offset, &size));
	EXPECT(!symbol_lookup(0xbfffffff, &offset, &size));
	EXPECT(!symbol_lookup(0xffffffff, &offset, &size));
	EXPECT_STREQ(symbol_text(0, buf), "?");
}
