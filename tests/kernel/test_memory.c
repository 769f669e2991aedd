/* Who has what on this machine: nothing that is in use may be free. */
#include <boot/bootinfo.h>
#include <boot/sections.h>
#include <kernel/cpu/page.h>
#include <kernel/setup.h>
#include <mm/early/e820.h>
#include <mm/early/memblock.h>
#include "ktest.h"

static bool owned_by(const void *start, const void *end, const char *owner)
{
	u32 at = __pa(start);

	for (; at < __pa(end); at += PAGE_SIZE) {
		const char *found = memblock_owner(&memblock, at);

		if (!found || strcmp(found, owner))
			return false;
	}
	return true;
}

TEST(memory, parts_of_the_kernel_have_their_owners)
{
	EXPECT(owned_by(_text, _etext, "kernel text"));
	EXPECT(owned_by(__start_rodata, __start_symtab, "kernel rodata"));
	EXPECT(owned_by(__start_symtab, __end_symtab, "kernel symbols"));
	EXPECT(owned_by(_sdata, _edata, "kernel data"));
	EXPECT(owned_by(boot_stack_guard, boot_stack, "boot stack guard"));
	EXPECT(owned_by(boot_stack, boot_stack_top, "boot stack"));
	EXPECT(owned_by(&boot_info, &boot_info + 1, "boot information"));
}

static bool in_init_sections(phys_addr_t base, phys_addr_t end)
{
	return (base == __pa(_sinittext) && end == __pa(_einittext)) ||
	       (base == __pa(__init_data_begin) &&
		end == __pa(__init_data_end));
}

/* Nothing of it is free but what free_initmem() gave back. */
TEST(memory, the_image_is_reserved_whole)
{
	phys_addr_t from = KERNEL_PHYS, base = 0, end = 0;
	unsigned int given_back = 0;

	EXPECT(memblock_is_memory(&memblock, KERNEL_PHYS,
				  __pa(_end) - KERNEL_PHYS));
	while (memblock_next_free(&memblock, &from, &base, &end) &&
	       base < __pa(_end)) {
		EXPECT(in_init_sections(base, end));
		given_back++;
	}
	EXPECT_EQ(given_back, 2);
}

TEST(memory, firmware_is_reserved)
{
	EXPECT_STREQ(memblock_owner(&memblock, 0), "BIOS data");
	EXPECT_STREQ(memblock_owner(&memblock, 0xa0000),
		     "VGA and BIOS ROMs");
	EXPECT_STREQ(memblock_owner(&memblock, 0xfffff),
		     "VGA and BIOS ROMs");
}

TEST(memory, modules_are_reserved)
{
	unsigned int i;

	for (i = 0; i < boot_params.nr_modules; i++) {
		const struct boot_module *m = &boot_params.module[i];

		if (m->start == m->end)
			continue;
		EXPECT_STREQ(memblock_owner(&memblock, m->start), "module");
		EXPECT_STREQ(memblock_owner(&memblock, m->end - 1), "module");
		EXPECT(memblock_is_reserved(&memblock, m->start,
					    m->end - m->start));
	}
}

/* Both lists from first principles, and RAM against the firmware's map. */
TEST(memory, lists_are_sound)
{
	const struct memblock_type *ram = &memblock.memory;
	unsigned int i;

	EXPECT(!memblock_check(&memblock));
	for (i = 0; i < ram->cnt; i++) {
		phys_addr_t base = ram->regions[i].base;
		phys_addr_t end = base + ram->regions[i].size;

		EXPECT_EQ(e820_ram_in(&e820_map, base, end), end - base);
	}
}

TEST(memory, all_whole_frames_of_ram_are_known)
{
	unsigned int i;

	for (i = 0; i < e820_map.nr; i++) {
		const struct e820_entry *e = &e820_map.entry[i];
		phys_addr_t base = PFN_PHYS(PFN_UP(e->addr));
		phys_addr_t end = PFN_PHYS(PFN_DOWN(e->addr + e->size));

		if (e->type == E820_RAM && base < end)
			EXPECT(memblock_is_memory(&memblock, base,
						  end - base));
	}
}
