#include "boot.h"
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <mm/early/e820.h>
#include <mm/table/layout.h>

void host_simple_machine(struct host_machine *m, u32 high_mb)
{
	memset(m, 0, sizeof(*m));
	m->lowmem = 32 << 20;
	m->ram[0].size = (32 + high_mb) * HOST_MB;
	m->nodes = 1;
}

static u64 end_of_ram(const struct host_machine *m)
{
	u64 end = 0;
	unsigned int i;

	for (i = 0; m->ram[i].size; i++)
		end = max(end, m->ram[i].base + m->ram[i].size);
	return end;
}

void host_boot_memory(const struct host_machine *m)
{
	u64 end = end_of_ram(m);
	unsigned int i;

	host_reset();
	host_memory_init(ALIGN(end, (u64)PAGE_SIZE), m->lowmem);
	debug_options = m->debug;
	memblock_init(&memblock);
	for (i = 0; m->ram[i].size; i++) {
		memblock_add(&memblock, m->ram[i].base, m->ram[i].size);
		e820_add(&e820_map, m->ram[i].base, m->ram[i].size, E820_RAM);
	}
	e820_sanitize(&e820_map);
	memblock_reserve(&memblock, HOST_IMAGE, HOST_IMAGE_SIZE, "kernel");
	for (i = 0; m->taken[i].size; i++)
		memblock_reserve(&memblock, m->taken[i].base, m->taken[i].size,
				 m->taken[i].owner);
	memory_layout.max_pfn = PFN_DOWN(end);
	memory_layout.max_low_pfn = (u32)min(PFN_DOWN(end),
					     PFN_DOWN((u64)m->lowmem));
	memblock.current_limit = PFN_PHYS(memory_layout.max_low_pfn);
}

void host_boot_pages(const struct host_machine *m)
{
	struct numa_info numa = m->numa;

	if (m->nodes)
		numa_fake(&numa, &memblock, m->nodes);
	MUST(!numa_check(&numa));
	page_alloc_init(&numa);
}

void host_boot(const struct host_machine *m)
{
	host_boot_memory(m);
	host_boot_pages(m);
}

static void die_of_difference(const char *sentence)
{
	host_die("the books are wrong: %s", sentence);
}

void host_boot_check(void)
{
	MUST(check_nodes(&machine_nodes, die_of_difference) == 0);
	MUST(!memblock_check(&memblock));
	MUST(!host_locks_held && host_eflags == EFLAGS_IF && !host_windows);
}
