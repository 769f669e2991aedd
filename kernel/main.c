/* The order of boot, one line a step. Entered from boot/head.S. */
#include <kernel/acpi.h>
#include <kernel/base/bootmark.h>
#include <kernel/base/cmdline.h>
#include <kernel/base/fail.h>
#include <kernel/base/init.h>
#include <kernel/base/lock_report.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/block/blkdev.h>
#include <kernel/clock.h>
#include <kernel/cpu/desc.h>
#include <kernel/cpu/pic.h>
#include <kernel/fs/fs.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/ksoftirqd.h>
#include <kernel/sched/poolwait.h>
#include <kernel/sched/reaper.h>
#include <kernel/sched/task.h>
#include <kernel/sched/watchdog.h>
#include <kernel/sched/workqueue.h>
#include <kernel/setup.h>
#include <kernel/srat.h>
#include <kernel/power.h>
#include <kernel/user/process.h>
#include <mm/cache/pagemap.h>
#include <mm/cache/writeback.h>
#include <mm/early/e820.h>
#include <mm/early/memblock.h>
#include <mm/high/bounce.h>
#include <mm/high/highmem.h>
#include <mm/object/slab.h>
#include <mm/page/init.h>
#include <mm/reclaim/oom.h>
#include <mm/reclaim/swap.h>
#include <mm/reclaim/vmscan.h>
#include <mm/report/free_areas.h>
#include <mm/report/memory.h>
#include <mm/report/pages.h>
#include <mm/report/walk.h>
#include <mm/space/mm.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include <mm/virt/vmalloc.h>

void start_kernel(void);

static void do_initcalls(void)
{
	const initcall_t *call;

	for (call = __initcalls_start; call < __initcalls_end; call++)
		(*call)();
}

static void __init setup_paging(void)
{
	paging_choose(e820_end_pfn(&e820_map));
	paging_init();
	setup_clip_memory(paging_mode.phys_limit);
	acpi_init(boot_params.rsdp, boot_params.rsdp_size);
	memory_layout_init(e820_end_pfn(&e820_map), paging_mode.pae);
	kernel_physical_mapping_init(memory_layout.max_low_pfn);
	/* tables were packed low; all else spares the memory of old devices */
	memblock.bottom_up = false;
	zap_low_mappings();
}

static void __init setup_pages(void)
{
	static struct numa_info numa __initdata;

	boot_mark(BOOT_MARK_TABLES);
	numa_setup(&numa);
	page_alloc_init(&numa);
	boot_mark(BOOT_MARK_PAGES);
	report_zones();
}

void start_kernel(void)
{
	gdt_init();
	idt_init();
	pic_init();
	setup_consoles();
	panic_init();
	report_fault_init();
	pr_info("swapper: an i386 kernel that is all memory management\n");
	setup_boot_info();
	parse_command_line(boot_params.cmdline);
	lock_checks_init();
	setup_cpu();
	setup_memory();
	setup_paging();
	report_owners();
	setup_pages();
	kmem_cache_init();
	vmalloc_init();
	clock_init();
	sched_init();
	workqueue_init();
	reaper_init();
	poolwait_init();
	watchdog_init();
	ksoftirqd_init();
	kmap_init();
	bounce_init();
	block_init();
	page_cache_init();
	writeback_init();
	mm_space_init();
	swap_init();
	oom_init();
	free_areas_init();
	vmscan_init();
	user_init();
	fs_init();
	power_init();
	setup_files();
	swap_begin();
	monitor_init();
	report_layout();
	free_initmem();
	printk_boot_done();
	fail_arm();
	do_initcalls();
	monitor();
	/* init has done its work */
	thread_exit(0);
}
