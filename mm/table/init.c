/*
 * From two provisional page tables to the final ones.
 *
 * 1. What is found. boot/head.S left swapper_pg_dir with two tables: physical
 *    0..8 MB at 0 and at PAGE_OFFSET, all writable and executable.
 *
 * 2. Which format. Two-level tables reach 4 GB. Where RAM lies above and the
 *    CPU has PAE, or `pae` asks for it, three-level tables are built: 64-bit
 *    entries, and NX where the CPU has it. The choice is made at run time.
 *
 * 3. First step, paging_init(): the final tables for what the provisional ones
 *    showed, and the fixmap. With two levels this happens in place, entry by
 *    entry: each new entry translates as the old one did. PAE's format is
 *    another, so its tree is built aside (swapper_pdpt) and loaded by
 *    paging_switch(), for a few instructions without paging. The identity map
 *    is still needed there; in the PAE tree it is the kernel's own level-2
 *    table hung in a second time.
 *
 * 4. Second step, kernel_physical_mapping_init(): the direct map grows upwards
 *    a level-2 entry at a time. Each needs at most one table, which memblock
 *    finds in what is mapped already. Modules behind the kernel may fill that:
 *    then the 600 KB below 1 MB must do, for 316 MB of modules under PAE
 *    without large pages, twice that with two levels. Beyond, it is a panic
 *    that says so.
 *
 * 5. Large pages where PSE is, small ones where a level-2 entry holds more than
 *    one protection (text, rodata, the guard page) or reaches past the end of
 *    lowmem. All entries are global where PGE is.
 *
 * 6. Third step, zap_low_mappings(): drops the identity map. What still points
 *    low (GDTR, IDTR, stacks) would fault at the next use: it is asserted
 *    before. From then on NULL faults.
 *
 * 7. CR0.WP makes ring 0 obey read-only pages; a 386 ignores it. It is tried on
 *    a page of the kernel's own text, as the reference does.
 *
 * 8. Some CPUs have PAE and yet decode 32 address bits only (QEMU's qemu32).
 *    CPUID cannot say so without leaf 0x80000008: a page above 4 GB is mapped
 *    and read, and a reserved-bit fault tells.
 */
#include <boot/sections.h>
#include <kernel/base/cmdline.h>
#include <kernel/base/debug.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/desc.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/tlb.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <mm/early/memblock.h>
#include <mm/early/options.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>

#define FOUR_GB (1ULL << 32)

extern u32 swapper_pg_dir[1024];		/* boot/head.S */
void paging_switch(u32 cr3, u32 cr4);		/* boot/head.S */

/* PAE's root: 32 bytes, for 1 GB each; CR3 holds its address to 32 bytes. */
static u64 swapper_pdpt[4] __aligned(32);

struct pgtable kernel_pgtable = {
	.name = "swapper_pg_dir", .root = swapper_pg_dir, .levels = 2,
	.lock = SPIN_LOCK_UNLOCKED("pgtable.lock"),
};

struct paging_mode paging_mode = {
	.phys_limit = FOUR_GB, .identity_mapped = true,
};

static bool no_nx;
static bool init_text_freed;

#define DEFINE_FLAG(name)						\
static bool name##_given;						\
									\
static int set_##name(const char *value)				\
{									\
	(void)value;							\
	name##_given = true;						\
	return 0;							\
}

DEFINE_FLAG(pae)
DEFINE_FLAG(nopae)
DEFINE_FLAG(nopse)
DEFINE_FLAG(nopge)

static int set_noexec(const char *value)
{
	if (strcmp(value, "off") && strcmp(value, "on"))
		return -EINVAL;
	no_nx = !strcmp(value, "off");
	return 0;
}

KERNEL_PARAM(pae, "pae", set_pae, PARAM_FLAG, "",
	     "three-level tables, whatever the size of RAM");
KERNEL_PARAM(nopae, "nopae", set_nopae, PARAM_FLAG, "",
	     "two-level tables, whatever the size of RAM");
KERNEL_PARAM(nopse, "nopse", set_nopse, PARAM_FLAG, "",
	     "no large pages");
KERNEL_PARAM(nopge, "nopge", set_nopge, PARAM_FLAG, "",
	     "no global pages");
KERNEL_PARAM(noexec, "noexec", set_noexec, PARAM_VALUE, "on|off",
	     "off: data stays executable even where the CPU has NX");

static bool __init choose_pae(u64 end_pfn)
{
	/* the writer of 64-bit entries needs CMPXCHG8B */
	bool can_pae = cpu_has(X86_FEATURE_PAE) && cpu_has(X86_FEATURE_CX8);

	if (pae_given && nopae_given)
		pr_warn("pae and nopae contradict each other; nopae counts\n");
	else if (pae_given && !can_pae)
		pr_warn("pae: this CPU has none; ignored\n");
	if (nopae_given || !can_pae)
		return false;
	return pae_given || end_pfn > PFN_DOWN(FOUR_GB);
}

void __init paging_choose(u64 end_pfn)
{
	struct paging_mode *m = &paging_mode;
	u64 reach;

	m->pae = choose_pae(end_pfn);
	/* single pages of the direct map come and go with debug=pagealloc */
	m->pse = cpu_has(X86_FEATURE_PSE) && !nopse_given &&
		 !mem_option_nopentium() && !debug_enabled(DEBUG_PAGEALLOC);
	m->pge = cpu_has(X86_FEATURE_PGE) && !nopge_given;
	m->nx = m->pae && cpu_has(X86_FEATURE_NX) && !no_nx;
	reach = 1ULL << boot_cpu.phys_bits;
	m->phys_limit = m->pae ? min(reach, MAX_PHYS_LIMIT) : FOUR_GB;
	if (m->pge)
		supported_pte_mask |= _PAGE_GLOBAL;
	if (m->nx)
		supported_pte_mask |= _PAGE_NX;
	pr_info("paging: %s tables, %s pages%s%s\n",
		m->pae ? "three-level (PAE)" : "two-level",
		!m->pse ? "4 KB" : m->pae ? "2 MB" : "4 MB",
		m->pge ? ", global" : "", m->nx ? ", NX" : "");
}

static phys_addr_t __init table_from_memblock(void)
{
	struct memblock *mb = &memblock;
	phys_addr_t pa;

	pa = memblock_phys_alloc_range(mb, PAGE_SIZE, PAGE_SIZE, KERNEL_PHYS,
				       mb->current_limit, "page tables");
	if (!pa)
		pa = memblock_phys_alloc_range(mb, PAGE_SIZE, PAGE_SIZE, 0,
					       KERNEL_PHYS, "page tables");
	if (pa)
		memset(__va((u32)pa), 0, PAGE_SIZE);
	return pa;
}

pteval_t kernel_page_prot(u32 va)
{
	const char *p = (const char *)(uintptr_t)va;

	if (p >= boot_stack_guard && p < boot_stack)
		return 0;
	if (p >= (const char *)irq_stack_guard &&
	    p < (const char *)irq_stack_guard + PAGE_SIZE)
		return 0;
	if (p >= (const char *)doublefault_guard &&
	    p < (const char *)doublefault_guard + PAGE_SIZE)
		return 0;
	if (p >= _text && p < _etext)
		return PAGE_KERNEL_ROX;
	if (p >= _sinittext && p < _einittext && !init_text_freed)
		return PAGE_KERNEL_ROX;
	if (p >= __start_rodata && p < __end_rodata)
		return PAGE_KERNEL_RO;
	return PAGE_KERNEL;
}

/* Is one protection right for all of [va, va + size)? */
static bool __init uniform(u32 va, u32 size)
{
	pteval_t prot = kernel_page_prot(va);
	u32 done;

	for (done = PAGE_SIZE; done < size; done += PAGE_SIZE)
		if (kernel_page_prot(va + done) != prot)
			return false;
	return true;
}

static __noreturn void map_failed(u32 va, int err)
{
	BUG_ON(err != -ENOMEM, "the direct map meets another mapping");
	panic("no memory for a page table to map %08x: all RAM below "
	      "%llu KB is taken", va, memblock.current_limit >> 10);
}

static void __init map_small(u32 pa, u32 size)
{
	u32 end = pa + size;

	for (; pa < end; pa += PAGE_SIZE) {
		u32 va = pa + PAGE_OFFSET;
		pteval_t prot = kernel_page_prot(va);
		int err = prot ? pt_map(&kernel_pgtable, va, pa, PAGE_SIZE,
					prot, false) :
				 pt_unmap(&kernel_pgtable, va, PAGE_SIZE);

		if (err)
			map_failed(va, err);
	}
}

/* Direct map of [pa, end), both within one level-2 entry. */
static void __init map_step(u32 pa, u32 end)
{
	u32 va = pa + PAGE_OFFSET, size = end - pa;
	bool whole = size == pt_level_size(&kernel_pgtable, 2);

	int err;

	if (!paging_mode.pse || !whole || !uniform(va, size) ||
	    !kernel_page_prot(va)) {
		map_small(pa, size);
		return;
	}
	err = pt_set_large(&kernel_pgtable, va, pa, kernel_page_prot(va));
	if (err)
		map_failed(va, err);
}

/* Maps [from, to), from on a border of level-2 entries. */
static void __init map_lowmem(u32 from, u32 to)
{
	u32 span = pt_level_size(&kernel_pgtable, 2);

	for (; from < to; from += span) {
		u32 end = min(from + span, to);

		map_step(from, end);
		if (end > direct_map_end) {
			direct_map_end = end;
			memblock.current_limit = end;
		}
	}
}

static void __init go_live(void)
{
	u32 flags = local_irq_save();

	if (paging_mode.nx)
		wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_NXE);
	/*
	 * With PAE the CPU does not look at CR4.PSE; one emulator does, and
	 * takes large pages for tables without it.
	 */
	if (paging_mode.pae)
		paging_switch(__pa(kernel_pgtable.root),
			      read_cr4() | CR4_PAE | CR4_PSE);
	write_cr0(read_cr0() | CR0_WP);
	if (paging_mode.pge)
		write_cr4(read_cr4() | CR4_PGE);
	flush_tlb_all();
	double_fault_set_cr3(read_cr3());
	local_irq_restore(flags);
}

static void write_byte(void *p)
{
	volatile char *byte = p;

	*byte = *byte;
}

static void read_byte(void *p)
{
	(void)*(volatile char *)p;
}

static void __init test_wp_bit(void)
{
	void *page = (void *)(uintptr_t)fix_to_virt(FIX_WP_TEST);
	struct trap_record record;
	bool wrote;

	set_fixmap(FIX_WP_TEST, __pa(_text), PAGE_KERNEL_RO);
	wrote = cpu_probe(write_byte, page, &record);
	clear_fixmap(FIX_WP_TEST);
	if (wrote)
		pr_warn("this CPU ignores CR0.WP: read-only pages protect "
			"nothing from the kernel\n");
	else
		pr_info("paging: CR0.WP works (write to %p refused)\n", page);
}

static void __init test_phys_width(void)
{
	void *page = (void *)(uintptr_t)fix_to_virt(FIX_PHYS_PROBE);
	struct trap_record record;
	bool reads;

	if (!paging_mode.pae || paging_mode.phys_limit <= FOUR_GB)
		return;
	set_fixmap(FIX_PHYS_PROBE, FOUR_GB, PAGE_KERNEL_RO);
	reads = cpu_probe(read_byte, page, &record);
	clear_fixmap(FIX_PHYS_PROBE);
	if (reads)
		return;
	pr_warn("this CPU has PAE but only 32 address bits (error code %x)\n",
		record.error_code);
	paging_mode.phys_limit = FOUR_GB;
}

void __init paging_init(void)
{
	/* in frames: RAM may end at 2^64, which bytes cannot say */
	u64 end_pfn = min(e820_end_pfn(&e820_map),
			  PFN_DOWN(PROVISIONAL_END));
	u32 first = (u32)PFN_PHYS(end_pfn);

	pt_alloc_table = table_from_memblock;
	memblock.current_limit = first;
	if (paging_mode.pae)
		kernel_pgtable = (struct pgtable){
			.name = "swapper_pdpt", .root = swapper_pdpt,
			.levels = 3,
		};
	else if (paging_mode.pse)
		write_cr4(read_cr4() | CR4_PSE);
	map_lowmem(0, first);
	/* paging_switch() runs in the identity map: still needed for a while */
	if (paging_mode.pae)
		pt_copy_root(&kernel_pgtable, 0, PAGE_OFFSET);
	/* RAM may end before what the provisional tables show */
	pt_unmap(&kernel_pgtable, PAGE_OFFSET + first,
		 PROVISIONAL_END - first);
	fixmap_init(&kernel_pgtable);
	go_live();
	direct_map_end = first;
	pr_info("paging: final tables live, root %s at %08x, CR0 %08x\n",
		kernel_pgtable.name, read_cr3(), read_cr0());
	test_wp_bit();
	test_phys_width();
}

void __init kernel_physical_mapping_init(u32 end_pfn)
{
	u32 span = pt_level_size(&kernel_pgtable, 2);
	u32 end = end_pfn << PAGE_SHIFT;

	map_lowmem(ALIGN_DOWN(direct_map_end, span), end);
	pr_info("paging: direct map %08x-%08x is physical 0-%08x\n",
		PAGE_OFFSET, PAGE_OFFSET + end - 1, end - 1);
}

static void __init assert_virtual(const char *name, u32 address)
{
	if (address < PAGE_OFFSET)
		panic("%s is still %08x: dropping the identity map would "
		      "lose it", name, address);
}

static void __init assert_all_virtual(void)
{
	struct table_register gdtr, idtr;
	u32 esp, eip;

	__asm__ volatile("sgdt %0" : "=m"(gdtr));
	__asm__ volatile("sidt %0" : "=m"(idtr));
	__asm__ volatile("movl %%esp, %0" : "=r"(esp));
	__asm__ volatile("call 1f\n1: popl %0" : "=r"(eip));
	assert_virtual("GDTR", gdtr.base);
	assert_virtual("IDTR", idtr.base);
	assert_virtual("ESP", esp);
	assert_virtual("EIP", eip);
	pr_info("paging: GDTR %08x IDTR %08x ESP %08x EIP %08x: all virtual\n",
		gdtr.base, idtr.base, esp, eip);
}

/* A provisional table that the final tree does not use goes to memblock. */
static void __init release_provisional(void)
{
	u32 table, used[2] = { 0, 0 };
	struct pt_walk walk;
	int i;

	for (i = 0; i < 2; i++) {
		pt_walk(&kernel_pgtable, PAGE_OFFSET + i * 0x400000, &walk);
		used[i] = (u32)walk.step[walk.nr_steps - 1].table;
	}
	for (table = __pa(pg0); table < __pa(__pg_tables_end);
	     table += PAGE_SIZE)
		if (table != used[0] && table != used[1])
			memblock_free(&memblock, table, PAGE_SIZE);
}

void __init zap_low_mappings(void)
{
	assert_all_virtual();
	pt_drop_root(&kernel_pgtable, PAGE_OFFSET);
	paging_mode.identity_mapped = false;
	release_provisional();
	pr_info("paging: identity map dropped, NULL faults from now on\n");
}

void free_init_text(void)
{
	int err;

	init_text_freed = true;
	err = pt_protect(&kernel_pgtable, (u32)(uintptr_t)_sinittext,
			 (u32)(_einittext - _sinittext), PAGE_KERNEL);
	BUG_ON(err, "the kernel's text is mapped by large pages");
}
