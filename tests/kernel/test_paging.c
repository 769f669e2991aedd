/* The live tables: what is mapped, how, and what must fault. */
#include <boot/bootinfo.h>
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <kernel/base/cmdline.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/desc.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/tlb.h>
#include <kernel/cpu/traps.h>
#include <kernel/setup.h>
#include <mm/early/memblock.h>
#include <mm/page/page_alloc.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include "ktest.h"

#define READ_FAULT 0
#define WRITE_FAULT PF_WRITE
#define FORBIDDEN_WRITE (PF_PRESENT | PF_WRITE)

/* The error code tells instruction fetches apart only with NX. */
static u32 fetch_bit(void)
{
	return paging_mode.nx ? PF_INSTR : 0;
}

TEST(paging, control_registers)
{
	EXPECT(read_cr0() & CR0_PG);
	EXPECT(read_cr0() & CR0_WP);
	EXPECT_EQ(read_cr0() & (CR0_CD | CR0_NW), 0);
	EXPECT_EQ(read_cr3() & PAGE_MASK,
		  __pa(kernel_pgtable.root) & PAGE_MASK);
	if (!cpu_has_cr4())
		return;
	EXPECT_EQ(!!(read_cr4() & CR4_PAE), paging_mode.pae);
	EXPECT_EQ(!!(read_cr4() & CR4_PGE), paging_mode.pge);
	if (paging_mode.pse)
		EXPECT(read_cr4() & CR4_PSE);
	if (paging_mode.nx)
		EXPECT(rdmsr(MSR_EFER) & EFER_NXE);
}

TEST(paging, mode_follows_the_cpu)
{
	EXPECT(!paging_mode.pae || cpu_has(X86_FEATURE_PAE));
	EXPECT(!paging_mode.pse || cpu_has(X86_FEATURE_PSE));
	EXPECT(!paging_mode.pge || cpu_has(X86_FEATURE_PGE));
	EXPECT(!paging_mode.nx || cpu_has(X86_FEATURE_NX));
	EXPECT(!paging_mode.nx || paging_mode.pae);
	EXPECT_EQ(kernel_pgtable.levels, paging_mode.pae ? 3 : 2);
	EXPECT(!paging_mode.identity_mapped);
}

/* Does the loader's own map have RAM above 4 GB? */
static bool has_ram_above_4g(void)
{
	static struct boot_params params;
	static struct e820_map raw;

	memset(&raw, 0, sizeof(raw));
	multiboot2_parse(boot_info.raw, boot_info.size, &params, &raw);
	return e820_end_pfn(&raw) > 1 << 20;
}

TEST(paging, three_levels_where_ram_needs_them)
{
	const char *line = saved_command_line();

	if (strstr(line, "pae") || strstr(line, "mem")) {
		test_skip("the command line decides");
		return;
	}
	EXPECT_EQ(paging_mode.pae,
		  has_ram_above_4g() && cpu_has(X86_FEATURE_PAE));
}

TEST(paging, last_frame_of_ram_can_be_reached)
{
	u64 last = memory_layout.max_pfn - 1;

	EXPECT(PFN_PHYS(last) < paging_mode.phys_limit);
	set_fixmap(FIX_TEST, PFN_PHYS(last), PAGE_KERNEL);
	EXPECT_NO_FAULT(ACCESS_READ, fix_to_virt(FIX_TEST));
	EXPECT_NO_FAULT(ACCESS_WRITE, fix_to_virt(FIX_TEST) + PAGE_SIZE - 1);
	clear_fixmap(FIX_TEST);
}

/* debug=pagealloc takes free pages out of the direct map. */
static bool taken_out(u32 pa)
{
	struct page *page = pfn_to_page(pa >> PAGE_SHIFT);
	const struct page *block = page_block(page);

	return debug_enabled(DEBUG_PAGEALLOC) && !PageReserved(page) &&
	       (!block || PageBuddy(block));
}

TEST(paging, direct_map_is_whole)
{
	u32 pa, end = memory_layout.max_low_pfn << PAGE_SHIFT;
	unsigned int wrong = 0;

	for (pa = 0; pa < end; pa += PAGE_SIZE) {
		u32 va = pa + PAGE_OFFSET;
		struct pt_walk walk;
		bool mapped = pt_walk(&kernel_pgtable, va, &walk);

		if (!kernel_page_prot(va) || taken_out(pa))
			wrong += mapped;
		else
			wrong += !mapped || walk.phys != pa || walk.user;
	}
	EXPECT_EQ(wrong, 0);
}

TEST(paging, direct_map_ends_with_lowmem)
{
	struct pt_walk walk;

	EXPECT_EQ(pt_walk(&kernel_pgtable, memory_layout.high_memory - 1,
			  &walk) > 0, 1);
	EXPECT_EQ(pt_walk(&kernel_pgtable, memory_layout.high_memory, &walk),
		  0);
	EXPECT_FAULT(ACCESS_READ, memory_layout.high_memory, READ_FAULT);
}

/* Large wherever one protection rules a whole level-2 entry of lowmem. */
TEST(paging, large_pages_where_they_may_be)
{
	u32 span = pt_level_size(&kernel_pgtable, 2);
	u32 pa, end = memory_layout.max_low_pfn << PAGE_SHIFT;
	u32 image_end = __pa(__pg_tables_end);
	struct pt_walk walk;

	for (pa = ALIGN(image_end, span); pa + span <= end; pa += span)
		if (!taken_out(pa) && !test_expect_eq(
			pt_walk(&kernel_pgtable, pa + PAGE_OFFSET, &walk),
			paging_mode.pse ? 2 : 1,
			TEST_SITE_("level of a page in free lowmem")))
			return;
	EXPECT_EQ(pt_walk(&kernel_pgtable, (u32)(uintptr_t)_text, &walk), 1);
}

static int check_leaf_bits(const struct pt_walk *walk, void *arg)
{
	unsigned int *wrong = arg;

	*wrong += !!(walk->leaf & _PAGE_GLOBAL) != paging_mode.pge;
	*wrong += walk->user;
	*wrong += !(walk->leaf & _PAGE_ACCESSED);
	return 0;
}

TEST(paging, global_where_the_cpu_has_it)
{
	unsigned int wrong = 0;

	pt_for_each_leaf(&kernel_pgtable, 0, ~0U, check_leaf_bits, &wrong);
	EXPECT_EQ(wrong, 0);
}

static int check_w_xor_x(const struct pt_walk *walk, void *arg)
{
	unsigned int *wrong = arg;

	*wrong += walk->writable && walk->executable;
	return 0;
}

TEST(paging, nothing_is_writable_and_executable)
{
	unsigned int wrong = 0;

	if (!paging_mode.nx) {
		test_skip("no NX on this machine");
		return;
	}
	pt_for_each_leaf(&kernel_pgtable, 0, ~0U, check_w_xor_x, &wrong);
	EXPECT_EQ(wrong, 0);
}

TEST(paging, text_is_read_only)
{
	EXPECT_NO_FAULT(ACCESS_READ, _text);
	EXPECT_FAULT(ACCESS_WRITE, _text, FORBIDDEN_WRITE);
	EXPECT_FAULT(ACCESS_WRITE, (u32)_etext - 1, FORBIDDEN_WRITE);
}

TEST(paging, rodata_is_read_only)
{
	EXPECT_NO_FAULT(ACCESS_READ, __start_rodata);
	EXPECT_FAULT(ACCESS_WRITE, __start_rodata, FORBIDDEN_WRITE);
	EXPECT_FAULT(ACCESS_WRITE, (u32)__end_rodata - 1, FORBIDDEN_WRITE);
}

TEST(paging, data_is_writable)
{
	EXPECT_NO_FAULT(ACCESS_WRITE, _sdata);
	EXPECT_NO_FAULT(ACCESS_WRITE, __bss_start);
	EXPECT_NO_FAULT(ACCESS_WRITE, (u32)__bss_stop - 1);
}

static u8 ret_instruction = 0xc3;

TEST(paging, nx)
{
	u32 data = (u32)(uintptr_t)&ret_instruction;

	if (!paging_mode.nx) {
		EXPECT_NO_FAULT(ACCESS_EXEC, data);
		test_skip("no NX on this machine: data can be executed");
		return;
	}
	EXPECT_FAULT(ACCESS_EXEC, data, PF_PRESENT | PF_INSTR);
	EXPECT_FAULT(ACCESS_EXEC, __start_rodata, PF_PRESENT | PF_INSTR);
	EXPECT_FAULT(ACCESS_EXEC, boot_stack, PF_PRESENT | PF_INSTR);
}

TEST(paging, null_faults)
{
	EXPECT_FAULT(ACCESS_READ, 0, READ_FAULT);
	EXPECT_FAULT(ACCESS_WRITE, 0, WRITE_FAULT);
	EXPECT_FAULT(ACCESS_EXEC, 0, fetch_bit());
	EXPECT_FAULT(ACCESS_READ, PAGE_SIZE - 1, READ_FAULT);
}

TEST(paging, identity_map_is_gone)
{
	u32 addr;

	for (addr = 0; addr < PROVISIONAL_END; addr += PAGE_SIZE) {
		struct pt_walk walk;

		if (!test_expect_eq(pt_walk(&kernel_pgtable, addr, &walk), 0,
				    TEST_SITE_("a low page is mapped")))
			return;
	}
	EXPECT_FAULT(ACCESS_READ, KERNEL_PHYS, READ_FAULT);
	EXPECT_FAULT(ACCESS_READ, PROVISIONAL_END - 1, READ_FAULT);
}

static int count_one(const struct pt_walk *walk, void *arg)
{
	(void)walk;
	++*(unsigned int *)arg;
	return 0;
}

TEST(paging, nothing_is_mapped_for_users)
{
	unsigned int n = 0;

	pt_for_each_leaf(&kernel_pgtable, 0, PAGE_OFFSET - 1, count_one, &n);
	EXPECT_EQ(n, 0);
}

TEST(paging, stacks_have_guard_pages)
{
	EXPECT_FAULT(ACCESS_READ, (u32)boot_stack - 1, READ_FAULT);
	EXPECT_FAULT(ACCESS_WRITE, boot_stack_guard, WRITE_FAULT);
	EXPECT_NO_FAULT(ACCESS_READ, boot_stack);
	EXPECT_FAULT(ACCESS_WRITE, irq_stack_guard, WRITE_FAULT);
	EXPECT_FAULT(ACCESS_READ, irq_stack_guard + PAGE_SIZE - 1, READ_FAULT);
	EXPECT_NO_FAULT(ACCESS_READ, irq_stack_guard + PAGE_SIZE);
	EXPECT_FAULT(ACCESS_WRITE, doublefault_guard, WRITE_FAULT);
	EXPECT_NO_FAULT(ACCESS_READ, doublefault_guard + PAGE_SIZE);
}

TEST(paging, top_page_is_not_mapped)
{
	EXPECT_FAULT(ACCESS_READ, 0xffffffffU, READ_FAULT);
	EXPECT_FAULT(ACCESS_READ, FIXADDR_TOP, READ_FAULT);
}

TEST(paging, tables_are_reserved)
{
	u32 va = PAGE_OFFSET;
	struct pt_walk walk;

	/* every table on the way of every level-2 entry of lowmem */
	for (; va < memory_layout.high_memory;
	     va += pt_level_size(&kernel_pgtable, 2)) {
		struct pt_step *last;

		pt_walk(&kernel_pgtable, va, &walk);
		last = &walk.step[walk.nr_steps - 1];
		if (!test_expect(memblock_owner(&memblock, last->table) &&
				 memblock_owner(&memblock, last->table +
						PAGE_SIZE - 1),
				 TEST_SITE_("a live table is reserved")))
			return;
	}
}

static u8 spare_tables[2][PAGE_SIZE] __aligned(PAGE_SIZE);
static unsigned int spare_used;

static phys_addr_t spare_table(void)
{
	memset(spare_tables[spare_used], 0, PAGE_SIZE);
	return __pa(spare_tables[spare_used++]);
}

/* Two frames in turn behind one address: what was read must follow. */
static u32 frames[2][PAGE_SIZE / 4] __aligned(PAGE_SIZE);

/* In the live tree: under PAE the CPU must also hear of a new top entry. */
TEST(paging, new_tables_are_seen_by_the_cpu)
{
	phys_addr_t (*saved)(void) = pt_alloc_table;
	u32 addr = 0x40000000;

	spare_used = 0;
	pt_alloc_table = spare_table;
	EXPECT_FAULT(ACCESS_READ, addr, READ_FAULT);
	EXPECT_EQ(pt_map(&kernel_pgtable, addr, __pa(frames), PAGE_SIZE,
			 PAGE_KERNEL, false), 0);
	EXPECT_NO_FAULT(ACCESS_WRITE, addr);
	pt_alloc_table = saved;
	EXPECT_EQ(pt_unmap(&kernel_pgtable, addr, PAGE_SIZE), 0);
	EXPECT_FAULT(ACCESS_READ, addr, READ_FAULT);
	pt_drop_root(&kernel_pgtable, PAGE_OFFSET);
}

TEST(tlb, set_fixmap_flushes)
{
	volatile u32 *window = (void *)(uintptr_t)fix_to_virt(FIX_TEST);
	int i;

	frames[0][0] = 0x11111111;
	frames[1][0] = 0x22222222;
	for (i = 0; i < 4; i++) {
		set_fixmap(FIX_TEST, __pa(frames[i % 2]), PAGE_KERNEL);
		EXPECT_EQ(*window, frames[i % 2][0]);
	}
	clear_fixmap(FIX_TEST);
	EXPECT_FAULT(ACCESS_READ, window, READ_FAULT);
}

TEST(tlb, protection_change_flushes)
{
	u32 addr = fix_to_virt(FIX_TEST);

	set_fixmap(FIX_TEST, __pa(frames[0]), PAGE_KERNEL);
	EXPECT_NO_FAULT(ACCESS_WRITE, addr);
	EXPECT_EQ(pt_protect(&kernel_pgtable, addr, PAGE_SIZE,
			     PAGE_KERNEL_RO), 0);
	EXPECT_FAULT(ACCESS_WRITE, addr, FORBIDDEN_WRITE);
	EXPECT_EQ(pt_protect(&kernel_pgtable, addr, PAGE_SIZE, PAGE_KERNEL),
		  0);
	EXPECT_NO_FAULT(ACCESS_WRITE, addr);
	clear_fixmap(FIX_TEST);
}

/* Changes the entry of FIX_TEST behind the writer's back: no flush. */
static void poke_frame(u32 pa)
{
	struct pt_walk walk;
	volatile u32 *table;

	pt_walk(&kernel_pgtable, fix_to_virt(FIX_TEST), &walk);
	table = __va((u32)walk.step[walk.nr_steps - 1].table);
	table += walk.step[walk.nr_steps - 1].index *
		 (pt_entry_bytes(&kernel_pgtable) / 4);
	*table = (*table & (PAGE_SIZE - 1)) | pa;
}

/* The entry is global: a CR3 reload may keep it, flush_tlb_all() must not. */
static void check_flush(void (*flush)(void))
{
	volatile u32 *window = (void *)(uintptr_t)fix_to_virt(FIX_TEST);

	frames[0][0] = 0x33333333;
	frames[1][0] = 0x44444444;
	set_fixmap(FIX_TEST, __pa(frames[0]), PAGE_KERNEL);
	EXPECT_EQ(*window, 0x33333333);
	poke_frame(__pa(frames[1]));
	flush();
	EXPECT_EQ(*window, 0x44444444);
	clear_fixmap(FIX_TEST);
}

TEST(tlb, flush_all_drops_global_pages)
{
	check_flush(flush_tlb_all);
}

static void flush_window(void)
{
	flush_tlb_one(fix_to_virt(FIX_TEST));
}

TEST(tlb, flush_one_drops_global_pages)
{
	check_flush(flush_window);
}

static void flush_small_range(void)
{
	u32 addr = fix_to_virt(FIX_TEST);

	flush_tlb_range(addr - 2 * PAGE_SIZE, addr + PAGE_SIZE);
}

static void flush_large_range(void)
{
	flush_tlb_range(PAGE_OFFSET, FIXADDR_TOP);
}

TEST(tlb, flush_range)
{
	check_flush(flush_small_range);
	check_flush(flush_large_range);
}

TEST(tlb, flushes_are_counted)
{
	struct tlb_counts before = tlb_counts(), after;

	flush_tlb_one(PAGE_OFFSET);
	flush_tlb_range(PAGE_OFFSET, PAGE_OFFSET + 3 * PAGE_SIZE);
	flush_tlb_local();
	flush_tlb_all();
	after = tlb_counts();
	EXPECT_EQ(after.one - before.one, 4);
	EXPECT_EQ(after.local - before.local, 1);
	EXPECT_EQ(after.all - before.all, 1);
}

TEST(tlb, last_page_of_the_address_space)
{
	struct tlb_counts before = tlb_counts();

	flush_tlb_one(0xffffffff);
	flush_tlb_range(0xffffe000, 0);
	EXPECT_EQ(tlb_counts().one - before.one, 3);
}
