/*
 * What the loader and the firmware say becomes what mm/ works with.
 *
 * 1. Boot information that cannot be used ends here with a sentence: wrong
 *    magic, truncated, malformed, or without a memory map.
 * 2. The memory map is sanitised, then changed as the command line asks, then
 *    handed to memblock as RAM. What is taken is reserved, each with its owner;
 *    the loader's map says nothing of kernel, modules or tables.
 * 3. Specific owners are reserved before general ones: what has an owner keeps
 *    it (memblock.h).
 */
#include <boot/bootinfo.h>
#include <boot/sections.h>
#include <kernel/base/cmdline.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/block/ramdisk.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/debugport.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/serial.h>
#include <kernel/cpu/vga.h>
#include <kernel/fs/initramfs.h>
#include <kernel/setup.h>
#include <mm/early/memblock.h>
#include <mm/table/layout.h>
#include <mm/early/options.h>
#include <mm/report/memory.h>

#define MIN_RAM (3U << 20)	/* guessed: the image takes about 1 MB */
#define BIOS_DATA_EBDA 0x40e	/* segment of the extended BIOS data area */
#define EBDA_LEAST 0x80000U	/* guessed: lower ones are other data */
#define LOW_MEMORY_END 0xa0000U

struct boot_info boot_info;	/* filled by boot/bootinfo.c */
struct boot_params boot_params;

static bool no_cpuid;

static int set_nocpuid(const char *value)
{
	(void)value;
	no_cpuid = true;
	return 0;
}

KERNEL_PARAM(nocpuid, "nocpuid", set_nocpuid, PARAM_FLAG, "",
	     "take the CPU for an early 486, which has no CPUID");

void __init setup_consoles(void)
{
	static struct console serial = {
		.name = "serial", .write = serial_write,
	};
	static struct console debugport = {
		.name = "debugport", .write = debugport_write,
	};
	static struct console vga = { .name = "vga", .write = vga_write };

	if (serial_init())
		register_console(&serial);
	if (debugport_present())
		register_console(&debugport);
	if (vga_init())
		register_console(&vga);
}

void __init setup_boot_info(void)
{
	const struct boot_info *info = &boot_info;
	const char *wrong;

	if (info->magic != MULTIBOOT1_MAGIC && info->magic != MULTIBOOT2_MAGIC)
		panic("not started by a multiboot loader: EAX was %08x, "
		      "not %08x or %08x", info->magic, MULTIBOOT1_MAGIC,
		      MULTIBOOT2_MAGIC);
	if (info->claimed > info->size)
		panic("boot information of %u bytes; %u is the most that "
		      "is kept", info->claimed, BOOT_INFO_MAX);
	wrong = multiboot2_parse(info->raw, info->size, &boot_params,
				 &e820_map);
	if (wrong)
		panic("boot information at %08x is unusable: %s",
		      info->address, wrong);
	pr_info("boot: multiboot%d by %s, %u bytes of information at %08x\n",
		info->magic == MULTIBOOT2_MAGIC ? 2 : 1,
		boot_params.loader[0] ? boot_params.loader : "(no name)",
		info->size, info->address);
	pr_info("boot: command line: %.400s\n", boot_params.cmdline);
}

void report_cpu_features(void)
{
	unsigned int word, bit;

	pr_info("cpu: features:");
	for (word = 0; word < CPU_FEATURE_WORDS; word++)
		for (bit = 0; bit < 32; bit++) {
			const char *name = cpu_feature_name(word, bit);

			if (name && boot_cpu.features[word] >> bit & 1)
				pr_info(" %s", name);
		}
	pr_info("\n");
}

void __init setup_cpu(void)
{
	struct cpu_info *cpu = &boot_cpu;

	cpu_identify(cpu, no_cpuid ? NULL : cpuid_instruction());
	if (!cpu->has_cpuid) {
		pr_info("cpu: no CPUID: taken for an early 486; 4 KB pages\n");
		return;
	}
	pr_info("cpu: %s %s, family %u model %u stepping %u, "
		"%u address bits\n", cpu->vendor,
		cpu->model_name[0] ? cpu->model_name : "(no model name)",
		cpu->family, cpu->model, cpu->stepping, cpu->phys_bits);
	report_cpu_features();
}

static void __init reserve(u32 start, u32 end, const char *owner)
{
	if (memblock_reserve(&memblock, start, end - start, owner))
		panic("no room to note that %s is at %08x-%08x", owner,
		      start, end - 1);
}

static void __init reserve_symbols(const char *start, const char *end,
			    const char *owner)
{
	reserve(__pa(start), PAGE_ALIGN(__pa(end)), owner);
}

static void __init reserve_kernel(void)
{
	const char *info = (const char *)&boot_info;

	reserve(__pa(info), __pa(info + sizeof(boot_info)),
		"boot information");
	reserve_symbols(boot_stack_guard, boot_stack, "boot stack guard");
	reserve_symbols(boot_stack, boot_stack_top, "boot stack");
	reserve_symbols(_text, _etext, "kernel text");
	reserve_symbols(_sinittext, _einittext, "kernel init text");
	reserve_symbols(__init_data_begin, __init_data_end,
			"kernel init data");
	reserve_symbols(__start_symtab, __end_symtab, "kernel symbols");
	reserve_symbols(__start_rodata, __end_rodata, "kernel rodata");
	reserve_symbols(_sdata, _edata, "kernel data");
	reserve_symbols(__bss_start, __bss_stop, "kernel bss");
	reserve_symbols(pg0, __pg_tables_end, "provisional page tables");
}

static void __init reserve_modules(void)
{
	u32 kernel_end = __pa(__pg_tables_end);
	unsigned int i;

	for (i = 0; i < boot_params.nr_modules; i++) {
		const struct boot_module *m = &boot_params.module[i];

		pr_info("boot: module %u at %08x, %u bytes: %.60s\n", i,
			m->start, m->end - m->start, m->string);
		if (m->start == m->end)
			continue;
		if (!i)
			ramdisk_offer_module(m->start, m->end - m->start);
		if (m->start < kernel_end && m->end > KERNEL_PHYS)
			pr_warn("module %u overlaps the kernel\n", i);
		if (!memblock_is_memory(&memblock, m->start,
					m->end - m->start))
			pr_warn("module %u is not all in RAM\n", i);
		reserve(m->start, m->end, "module");
	}
	if (!boot_params.modules_lost)
		return;
	pr_warn("%u modules more than the %u that are listed; all of "
		"%08x-%08x is theirs\n", boot_params.modules_lost,
		BOOT_MODULES_MAX, boot_params.lost_start,
		boot_params.lost_end - 1);
	reserve(boot_params.lost_start, boot_params.lost_end, "module");
}

u32 bios_ebda(void)
{
	u32 ebda = (u32)*(const volatile u16 *)__va(BIOS_DATA_EBDA) << 4;

	return ebda >= EBDA_LEAST && ebda < LOW_MEMORY_END ? ebda : 0;
}

/* What firmware left below 1 MB, whatever the map says of it. */
static void __init reserve_firmware(void)
{
	u32 ebda = bios_ebda();

	reserve(0, PAGE_SIZE, "BIOS data");
	if (ebda)
		reserve(ALIGN_DOWN(ebda, (u32)PAGE_SIZE), LOW_MEMORY_END,
			"extended BIOS data");
	reserve(LOW_MEMORY_END, KERNEL_PHYS, "VGA and BIOS ROMs");
}

static void __init add_ram(void)
{
	unsigned int i;

	for (i = 0; i < e820_map.nr; i++) {
		const struct e820_entry *e = &e820_map.entry[i];
		u64 from, to;

		if (e->type != E820_RAM || !e820_frames(e, &from, &to))
			continue;
		if (memblock_add(&memblock, PFN_PHYS(from),
				 PFN_PHYS(to - from)))
			pr_warn("RAM at %llx lost: more ranges than fit\n",
				e->addr);
	}
}

/* A loader without a map may still tell two sizes. */
static void __init map_from_basic_memory(void)
{
	if (!boot_params.has_basic_memory)
		panic("the boot loader gave no memory map");
	pr_warn("no memory map; RAM taken from the loader's two sizes\n");
	e820_add(&e820_map, 0, (u64)boot_params.mem_lower_kb << 10, E820_RAM);
	e820_add(&e820_map, KERNEL_PHYS, (u64)boot_params.mem_upper_kb << 10,
		 E820_RAM);
}

static void __init require_ram(void)
{
	u64 ram = memblock.memory.total_size;

	if (ram < MIN_RAM)
		panic("%llu KB of RAM are too little: at least %u KB are "
		      "needed", ram >> 10, MIN_RAM >> 10);
	if (!memblock_is_memory(&memblock, KERNEL_PHYS,
				__pa(__pg_tables_end) - KERNEL_PHYS))
		panic("the kernel at %08x-%08x is not in the RAM of the "
		      "memory map", KERNEL_PHYS, __pa(__pg_tables_end) - 1);
}

void __init setup_memory(void)
{
	if (!boot_params.has_mmap)
		map_from_basic_memory();
	if (e820_map.dropped)
		pr_warn("%u ranges of the memory map did not fit\n",
			e820_map.dropped);
	if (e820_sanitize(&e820_map))
		pr_warn("the memory map is too fragmented; some RAM is lost\n");
	e820_apply_options(&e820_map);
	report_memory_map();
	memblock_init(&memblock);
	memblock.bottom_up = true;
	add_ram();
	require_ram();
	reserve_firmware();
	reserve_kernel();
	reserve_modules();
}

void __init setup_clip_memory(u64 limit)
{
	u64 lost = e820_limit_ram(&e820_map, limit);

	if (!lost)
		return;
	memblock_remove(&memblock, limit, 0 - limit);
	pr_warn("%llu MB of RAM at and above %llu GB are out of reach and "
		"not used\n", lost >> 20, limit >> 30);
}

void setup_files(void)
{
	unsigned int i;

	for (i = 0; i < boot_params.nr_modules; i++) {
		const struct boot_module *m = &boot_params.module[i];

		if (m->end <= m->start ||
		    m->end > PFN_PHYS(memory_layout.max_low_pfn) ||
		    ramdisk_has_module(m->start))
			continue;
		initramfs_add(i, m->string, __va(m->start), m->end - m->start);
	}
}
