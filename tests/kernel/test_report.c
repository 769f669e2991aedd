/*
 * What the page allocator prints: the formats of Linux's files in /proc on a
 * made-up node, the words of whatis for a page in each state, sums of owners.
 */
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <kernel/base/printk.h>
#include <kernel/lib/parse.h>
#include <kernel/lib/printf.h>
#include <kernel/block/blkdev.h>
#include <mm/early/memblock.h>
#include <mm/high/bounce.h>
#include <mm/high/kmap_pool.h>
#include <mm/cache/pagemap.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_debug.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/swap.h>
#include <mm/report/areas.h>
#include <mm/report/check.h>
#include <mm/report/pages.h>
#include <mm/report/slabs.h>
#include <mm/report/whatis.h>
#include <mm/space/rmap.h>
#include "ktest.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

/* --- formats --- */

static pg_data_t odd_node;

/* Numbers that are all different; ZONE_NORMAL has no pages. */
static struct zone odd_dma = {
	.free_pages = 1001, .name = "DMA", .type = ZONE_DMA,
	.zone_pgdat = &odd_node, .pages_min = 17, .pages_low = 21,
	.pages_high = 25, .lowmem_reserve = { 0, 880, 4080 },
	.free_area = {
		[0] = { .nr_free = 1 }, [3] = { .nr_free = 1234567 },
		[10] = { .nr_free = 33 },
	},
	.nr_active = 31, .nr_inactive = 32, .pages_scanned = 33,
	.nr_scan_active = 34, .nr_scan_inactive = 35,
	.all_unreclaimable = 1, .prev_priority = 12, .temp_priority = -1,
	.zone_start_pfn = 0, .spanned_pages = 4096, .present_pages = 4000,
	.managed_pages = 3000,
	.pageset = { {
		.pcp = { { .count = 1, .low = 2, .high = 6, .batch = 1 },
			 { .count = 0, .low = 0, .high = 2, .batch = 1 } },
		.count = { 101, 102, 103, 4, 107 },
	} },
};

static struct zone odd_high = {
	.free_pages = 299999, .name = "HighMem", .type = ZONE_HIGHMEM,
	.zone_pgdat = &odd_node, .zone_start_pfn = 229376,
	.spanned_pages = 4000000, .present_pages = 300000,
	.managed_pages = 300000, .prev_priority = 12, .temp_priority = 12,
	.pageset = { { .count = { 10, 20, 30, 40, 70 } } },
};

static const struct node_set *odd_nodes(void)
{
	static struct node_set set = { .nr = 1, .node = { &odd_node } };

	odd_node.node_id = 5;
	odd_node.node_zones[ZONE_DMA] = odd_dma;
	odd_node.node_zones[ZONE_NORMAL] = (struct zone){
		.name = "Normal", .type = ZONE_NORMAL,
		.zone_pgdat = &odd_node,
	};
	odd_node.node_zones[ZONE_HIGHMEM] = odd_high;
	return &set;
}

static const char *printed(void (*report)(const struct node_set *set))
{
	const struct node_set *set = odd_nodes();

	record_start();
	report(set);
	return record_stop();
}

TEST(report, buddyinfo)
{
	EXPECT_STREQ(printed(report_buddyinfo),
		"Node 5, zone      DMA      1      0      0 1234567      0 "
		"     0      0      0      0      0     33 \n"
		"Node 5, zone  HighMem      0      0      0      0      0 "
		"     0      0      0      0      0      0 \n");
}

TEST(report, zoneinfo)
{
	EXPECT_STREQ(printed(report_zoneinfo),
		"Node 5, zone      DMA\n"
		"  pages free     1001\n"
		"        min      17\n"
		"        low      21\n"
		"        high     25\n"
		"        active   31\n"
		"        inactive 32\n"
		"        scanned  33 (a: 34 i: 35)\n"
		"        spanned  4096\n"
		"        present  4000\n"
		"        protection: (0, 880, 4080)\n"
		"  pagesets\n"
		"    cpu: 0 pcp: 0\n"
		"              count: 1\n"
		"              low:   2\n"
		"              high:  6\n"
		"              batch: 1\n"
		"    cpu: 0 pcp: 1\n"
		"              count: 0\n"
		"              low:   0\n"
		"              high:  2\n"
		"              batch: 1\n"
		"            numa_hit:       101\n"
		"            numa_miss:      102\n"
		"            numa_foreign:   103\n"
		"            interleave_hit: 0\n"
		"            local_node:     0\n"
		"            other_node:     203\n"
		"  all_unreclaimable: 1\n"
		"  prev_priority:     12\n"
		"  temp_priority:     -1\n"
		"  start_pfn:         0\n"
		"Node 5, zone  HighMem\n"
		"  pages free     299999\n"
		"        min      0\n"
		"        low      0\n"
		"        high     0\n"
		"        active   0\n"
		"        inactive 0\n"
		"        scanned  0 (a: 0 i: 0)\n"
		"        spanned  4000000\n"
		"        present  300000\n"
		"        protection: (0, 0, 0)\n"
		"  pagesets\n"
		"  all_unreclaimable: 0\n"
		"  prev_priority:     12\n"
		"  temp_priority:     12\n"
		"  start_pfn:         229376\n");
}

/* A CPU that keeps pages has its lists shown, with the real numbers. */
TEST(report, zoneinfo_of_the_machine)
{
	struct page *page = alloc_page(GFP_KERNEL);
	const struct per_cpu_pageset *set;
	char want[200];

	REQUIRE(page);
	set = &page_zone(page)->pageset[0];
	__free_page(page);
	REQUIRE(set->pcp[0].count > 0);
	snprintf(want, sizeof(want), "\n  pagesets\n"
		 "    cpu: 0 pcp: 0\n"
		 "              count: %u\n"
		 "              low:   %u\n"
		 "              high:  %u\n"
		 "              batch: %u\n"
		 "    cpu: 0 pcp: 1\n", set->pcp[0].count, set->pcp[0].low,
		 set->pcp[0].high, set->pcp[0].batch);
	record_start();
	report_zoneinfo(&machine_nodes);
	EXPECT(strstr(record_stop(), want));
}

/* A format for each line, as Linux has it. */
TEST(report, meminfo)
{
	const u32 kb = PAGE_SIZE >> 10;
	const struct space_counts spaces = sum_space_counts();
	const u32 disks = page_cache_pages_of_disks();
	char want[900];

	/* zones are the set's, all else is the machine's */
	snprintf(want, sizeof(want),
		 "MemTotal:      1212000 kB\n"
		 "MemFree:       1204000 kB\n"
		 "Buffers:      %8u kB\n"
		 "Cached:       %8u kB\n"
		 "SwapCached:   %8u kB\n"
		 "Active:            124 kB\n"
		 "Inactive:          128 kB\n"
		 "HighTotal:     1200000 kB\n"
		 "HighFree:      1199996 kB\n"
		 "LowTotal:        12000 kB\n"
		 "LowFree:          4004 kB\n"
		 "SwapTotal:    %8u kB\n"
		 "SwapFree:     %8u kB\n"
		 "Dirty:        %8u kB\n"
		 "Writeback:    %8u kB\n"
		 "AnonPages:    %8u kB\n"
		 "Mapped:       %8u kB\n"
		 "Slab:         %8u kB\n"
		 "SReclaimable: %8u kB\n"
		 "SUnreclaim:   %8u kB\n"
		 "PageTables:   %8u kB\n"
		 "Bounce:              0 kB\n"
		 "CommitLimit:  %8u kB\n"
		 "Committed_AS: %8u kB\n"
		 "VmallocTotal: %8u kB\n"
		 "VmallocUsed:  %8u kB\n"
		 "VmallocChunk: %8u kB\n",
		 disks * kb, (page_cache_pages() - disks) * kb,
		 nr_swap_cached() * kb, total_swap_pages() * kb,
		 nr_swap_pages() * kb, nr_dirty_pages() * kb,
		 nr_writeback_pages() * kb, spaces.anon * kb, spaces.file * kb,
		 slab_pages_of_all() * kb, slab_pages_reclaimable() * kb,
		 (slab_pages_of_all() - slab_pages_reclaimable()) * kb,
		 spaces.tables * kb,
		 vm_commit_limit() * kb,
		 (u32)atomic_read(&overcommit.committed) * kb,
		 vmalloc_total() >> 10, vmalloc_used() >> 10,
		 vmalloc_chunk() >> 10);
	EXPECT_STREQ(printed(report_meminfo), want);
}

/* The lines from `first` on, up to the one that begins with `end`. */
static const char *lines_between(const char *text, const char *first,
				 const char *end)
{
	static char part[1000];
	const char *from = strstr(text, first), *to = strstr(text, end);

	strlcpy(part, from && to > from ? from : "",
		from && to > from ? min((size_t)(to - from) + 1, sizeof(part)) :
		1);
	return part;
}

TEST(report, vmstat_pages)
{
	const struct space_counts spaces = sum_space_counts();
	char want[500];

	snprintf(want, sizeof(want),
		 "nr_free_pages 301000\n"
		 "nr_inactive 32\n"
		 "nr_active 31\n"
		 "nr_anon_pages %u\n"
		 "nr_mapped %u\n"
		 "nr_file_pages %u\n"
		 "nr_dirty %u\n"
		 "nr_writeback %u\n"
		 "nr_slab_reclaimable %u\n"
		 "nr_slab_unreclaimable %u\n"
		 "nr_page_table_pages %u\n"
		 "nr_bounce 0\n"
		 "nr_vmscan_write %u\n"
		 "numa_hit 111\n"
		 "numa_miss 122\n"
		 "numa_foreign 133\n"
		 "numa_local 0\n"
		 "numa_other 233\n"
		 "pgpgin %u\n"
		 "pgpgout %u\n", spaces.anon, spaces.file,
		 page_cache_pages() + nr_swap_cached(), nr_dirty_pages(),
		 nr_writeback_pages(), slab_pages_reclaimable(),
		 slab_pages_of_all() - slab_pages_reclaimable(), spaces.tables,
		 vm_event_sum(VMSCAN_WRITE),
		 block_paged_kb(READ), block_paged_kb(WRITE));
	EXPECT(!strncmp(printed(report_vmstat), want, strlen(want)));
	EXPECT_STREQ(lines_between(record_stop(), "nr_free", "pswpin"), want);
}

TEST(report, vmstat_events)
{
	u32 before[NR_VM_EVENTS], i;
	char want[1000];
	int n;

	memcpy(before, vm_events[0], sizeof(before));
	/* all different; nothing that happens here is such an event */
	for (i = 0; i < NR_VM_EVENTS; i++)
		vm_events[0][i] = 1000 + i;
	n = snprintf(want, sizeof(want),
		 "pswpin 1000\npswpout 1001\n"
		 "pgalloc_dma 207\npgalloc_normal 0\npgalloc_high 70\n"
		 "pgfree 177\npgactivate 1002\npgdeactivate 1003\n"
		 "pgfault 1004\npgmajfault 1005\n"
		 "pgrefill_dma %u\npgrefill_normal %u\npgrefill_high %u\n"
		 "pgsteal_dma %u\npgsteal_normal %u\npgsteal_high %u\n",
		 1000U + PGREFILL, 1001U + PGREFILL, 1002U + PGREFILL,
		 2000U + PGSTEAL_KSWAPD + PGSTEAL_DIRECT,
		 2002U + PGSTEAL_KSWAPD + PGSTEAL_DIRECT,
		 2004U + PGSTEAL_KSWAPD + PGSTEAL_DIRECT);
	snprintf(want + n, sizeof(want) - (u32)n,
		 "pgscan_kswapd_dma %u\npgscan_kswapd_normal %u\n"
		 "pgscan_kswapd_high %u\n"
		 "pgscan_direct_dma %u\npgscan_direct_normal %u\n"
		 "pgscan_direct_high %u\n"
		 "slabs_scanned %u\nkswapd_steal %u\npageoutrun %u\n"
		 "allocstall %u\npgrotated %u\noom_kill %u\n",
		 1000U + PGSCAN_KSWAPD, 1001U + PGSCAN_KSWAPD,
		 1002U + PGSCAN_KSWAPD, 1000U + PGSCAN_DIRECT,
		 1001U + PGSCAN_DIRECT, 1002U + PGSCAN_DIRECT,
		 1000U + SLABS_SCANNED, 3003U + 3 * PGSTEAL_KSWAPD,
		 1000U + PAGEOUTRUN, allocstall, 1000U + PGROTATED,
		 1000U + OOM_KILL);
	EXPECT_STREQ(lines_between(printed(report_vmstat), "pswpin",
				   "kmap_new"), want);
	memcpy(vm_events[0], before, sizeof(before));
}

TEST(report, vmstat_of_this_kernel)
{
	char want[200];
	const char *text = printed(report_vmstat);

	snprintf(want, sizeof(want),
		 "kmap_new %u\n"
		 "kmap_flush %u\n"
		 "kmap_wait %u\n"
		 "bounce_read %u\n"
		 "bounce_write %u\n", kernel_kmaps.maps,
		 kernel_kmaps.flushes, kernel_kmaps.waits, nr_bounced(false),
		 nr_bounced(true));
	EXPECT_STREQ(strstr(text, "kmap_new"), want);
}

/* What zones were given, they were given of what memblock had. */
TEST(report, total_is_what_zones_manage)
{
	u32 managed = 0, high = 0;
	struct zone *zone;
	unsigned int i;

	for_each_zone_of(&machine_nodes, zone, i) {
		managed += zone->managed_pages;
		if (zone->type == ZONE_HIGHMEM)
			high += zone->managed_pages;
	}
	EXPECT_EQ(managed, totalram_pages);
	EXPECT_EQ(high, totalhigh_pages);
}

/* --- whatis --- */

static const char *frame_text(const struct page *page)
{
	record_start();
	report_frame(page_to_pfn(page));
	return record_stop();
}

/* Is what is said of a page, behind its place, this line? */
static bool says(const struct page *page, const char *line)
{
	const char *text = strchr(frame_text(page), '\n');
	size_t len = strlen(line);

	return text && !strncmp(text + 1, line, len) && text[len + 1] == '\n';
}

static bool says_inside(const struct page *page, const struct page *head,
			const char *before, const char *behind)
{
	char line[120];

	snprintf(line, sizeof(line), "  %s that begins at frame 0x%x%s",
		 before, page_to_pfn(head), behind);
	return says(page, line);
}

TEST(report, whatis_first_line)
{
	struct page *page = alloc_pages(GFP_KERNEL, 0);
	struct zone *zone;
	char want[120];

	REQUIRE(page);
	zone = page_zone(page);
	snprintf(want, sizeof(want),
		 "frame 0x%x, physical 0x%llx: node %d, zone %s\n",
		 page_to_pfn(page), page_to_phys(page),
		 zone->zone_pgdat->node_id, zone->name);
	EXPECT(!strncmp(frame_text(page), want, strlen(want)));
	__free_page(page);
}

TEST(report, whatis_block_in_use)
{
	struct page *page = alloc_pages(GFP_KERNEL, 3);

	REQUIRE(page);
	EXPECT(says(page, "  in use: first page of a block of order 3, "
		    "1 user"));
	EXPECT(strstr(frame_text(page), "\n  flags: none\n"));
	EXPECT(says_inside(page + 1, page, "in use: page 1 of a block of "
			   "order 3", ", 1 user"));
	EXPECT(says_inside(page + 7, page, "in use: page 7 of a block of "
			   "order 3", ", 1 user"));
	get_page(page);
	EXPECT(says(page, "  in use: first page of a block of order 3, "
		    "2 users"));
	put_page(page);
	SetPageLocked(page);
	EXPECT(strstr(frame_text(page), "\n  flags: locked\n"));
	ClearPageLocked(page);
	atomic_set(&page->_mapcount, 1);
	EXPECT(says(page, "  in use: first page of a block of order 3, "
		    "1 user, mapped 2 times"));
	atomic_set(&page->_mapcount, -1);
	__free_pages(page, 3);
}

TEST(report, whatis_compound_block)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 2);

	REQUIRE(page);
	EXPECT(says(page, "  in use: first page of a compound block of "
		    "order 2, 1 user"));
	EXPECT(says_inside(page + 3, page, "in use: page 3 of a compound "
			   "block of order 2", ", 1 user"));
	EXPECT(strstr(frame_text(page + 3), "\n  flags: compound\n"));
	__free_pages(page, 2);
}

/* A free page: on the CPU's list first, in a block after that was drained. */
TEST(report, whatis_free_page)
{
	struct page *page;

	drain_local_pages(&machine_nodes);
	page = alloc_page(GFP_KERNEL);
	REQUIRE(page);
	__free_page(page);
	EXPECT(says(page, "  free: kept for CPU 0"));
	drain_local_pages(&machine_nodes);
	EXPECT(strstr(frame_text(page), "\n  free: "));
	EXPECT(strstr(frame_text(page), " of a block of order "));
}

/* First and last page of a free block. The largest zone surely has one. */
TEST(report, whatis_free_block)
{
	struct page *page;
	char line[80];
	u32 order;

	drain_local_pages(&machine_nodes);
	page = alloc_pages(GFP_KERNEL, 4);
	REQUIRE(page);
	__free_pages(page, 4);
	/* it may have been merged, to either side */
	for (order = 4; order < MAX_ORDER; order++) {
		page = pfn_to_page(ALIGN_DOWN(page_to_pfn(page), 1U << order));
		if (PageBuddy(page) && page_order(page) == order)
			break;
	}
	REQUIRE(order < MAX_ORDER);
	snprintf(line, sizeof(line), "  free: first page of a block of order "
		 "%u", order);
	EXPECT(says(page, line));
	EXPECT(strstr(frame_text(page), "\n  flags: buddy\n"));
	snprintf(line, sizeof(line), "free: page %u of a block of order %u",
		 (1U << order) - 1, order);
	EXPECT(says_inside(page + (1U << order) - 1, page, line, ""));
}

TEST(report, whatis_lost_page)
{
	struct page *page = alloc_page(GFP_KERNEL);

	REQUIRE(page);
	atomic_set(&page->_count, 0);
	EXPECT(says(page, "  lost: neither free nor in use, order 0, "
		    "0 users"));
	atomic_set(&page->_count, 1);
	__free_page(page);
}

/* The block is found even if somebody wrote over what says where it is. */
TEST(report, whatis_compound_page_without_head)
{
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_COMP, 1);
	unsigned long head;

	REQUIRE(page);
	head = page[1].private;
	page[1].private = 0;
	EXPECT(says_inside(page + 1, page, "in use: page 1 of a compound "
			   "block of order 1", ", 1 user"));
	page[1].private = head;
	__free_pages(page, 1);
}

/* Of small blocks one is kept, too, unless each change of hands is noted. */
TEST(report, whatis_kept_block)
{
	struct page *page;

	if (debug_options) {
		test_skip("with debug= no block is kept");
		return;
	}
	drain_local_pages(&machine_nodes);
	page = alloc_pages(GFP_KERNEL, 2);
	REQUIRE(page);
	__free_pages(page, 2);
	EXPECT(says(page, "  free: kept for CPU 0"));
	EXPECT(says(page + 3, "  free: kept for CPU 0"));
	drain_local_pages(&machine_nodes);
	EXPECT(strstr(frame_text(page + 3), " of a block of order "));
}

TEST(report, whatis_reserved_and_holes)
{
	const char *text;

	EXPECT(says(pfn_to_page(__pa(_text) >> PAGE_SHIFT),
		    "  reserved: kernel text"));
	EXPECT(strstr(frame_text(mem_map), "\n  reserved: BIOS data\n"
		      "  flags: reserved\n"));
	EXPECT(says(pfn_to_page(0xa0), "  reserved: VGA and BIOS ROMs"));
	EXPECT(strstr(record_stop(), "frame 0xa0, physical 0xa0000: "
		      "no RAM there\n"));
	record_start();
	report_frame(~0ULL >> PAGE_SHIFT);
	text = record_stop();
	EXPECT_STREQ(text, "frame 0xfffffffffffff, physical "
		     "0xfffffffffffff000: no RAM there\n");
	record_start();
	report_frame(max_mapnr);
	EXPECT(strstr(record_stop(), ": no RAM there\n"));
}

TEST(report, whatis_high_memory)
{
	struct page *page;

	if (!totalhigh_pages) {
		test_skip("no high memory");
		return;
	}
	page = alloc_page(GFP_HIGHUSER);
	REQUIRE(page);
	EXPECT(page_is_high(page) == !!strstr(frame_text(page),
					      ", zone HighMem\n"));
	EXPECT(says(page, "  in use: first page of a block of order 0, "
		    "1 user"));
	__free_page(page);
}

static const char *address_text(const void *address)
{
	record_start();
	report_whatis((u32)(uintptr_t)address);
	return record_stop();
}

TEST(report, whatis_virtual_addresses)
{
	unsigned long address = __get_free_page(GFP_KERNEL);
	const char *text;
	char want[120];

	EXPECT_STREQ(address_text(NULL), "00000000 is not mapped\n");
	EXPECT(strstr(address_text(boot_stack_guard),
		      " is not mapped\n"
		      "the direct map leaves this frame out:\nframe "));
	EXPECT(strstr(record_stop(), "\n  reserved: boot stack guard\n"));
	EXPECT(strstr(address_text((const void *)mm_check), ", mm_check+0x0/"));
	/* the boot's own code is gone, and so is its name */
	text = address_text(_sinittext);
	EXPECT(strchr(text, '\n') < strchr(text, ','));
	REQUIRE(address);
	snprintf(want, sizeof(want), "%08lx is physical 0x%x\nframe 0x%x, ",
		 address + 12, __pa((void *)address) + 12,
		 __pa((void *)address) >> PAGE_SHIFT);
	EXPECT(!strncmp(address_text((void *)(address + 12)), want,
			strlen(want)));
	free_page(address);
}

/* --- owners --- */

/* Pages in use as the counters have them. */
static u32 pages_in_use(void)
{
	struct zone *zone;
	unsigned int i;
	u32 pages = 0;

	for_each_zone_of(&machine_nodes, zone, i)
		pages += zone->managed_pages - zone->free_pages -
			 nr_pcp_pages(zone);
	return pages;
}

static const char *owners_text(void)
{
	record_start();
	report_page_owners();
	return record_stop();
}

/* The line that starts with so many pages and blocks, and a name like that. */
static bool owners_say(const char *text, u32 pages, u32 blocks,
		       const char *name)
{
	char line[120];

	snprintf(line, sizeof(line), "%8u pages %6u blocks  %s", pages, blocks,
		 name);
	return strstr(text, line);
}

TEST(report, owners_need_the_option)
{
	if (page_owner(mem_map)) {
		test_skip("debug=page_owner is given");
		return;
	}
	EXPECT_STREQ(owners_text(), "nobody keeps book of that: boot with "
		     "debug=page_owner\n");
}

/* Called, so that the site has this name whatever becomes of the test. */
static __noinline bool take_three(struct page *page[3])
{
	u32 i, got = 0;

	for (i = 0; i < 3; i++) {
		page[i] = alloc_pages(GFP_KERNEL, 4);
		got += page[i] != NULL;
	}
	return got == 3;
}

TEST(report, owners_by_site)
{
	struct page *page[3];
	const char *text;
	char line[40];
	u32 i;

	if (!page_owner(mem_map)) {
		test_skip("only with debug=page_owner");
		return;
	}
	REQUIRE(take_three(page));
	text = owners_text();
	EXPECT(owners_say(text, 48, 3, "take_three+0x"));
	snprintf(line, sizeof(line), "\n%8u pages ", pages_in_use());
	EXPECT(strstr(text, line));
	EXPECT(strstr(text, " blocks  in all\n"));
	EXPECT(!strstr(text, "other places"));
	EXPECT(strstr(frame_text(page[0] + 3),
		      "\n  allocated last by take_three+0x"));
	EXPECT(strstr(record_stop(), ", order 4, gfp 0xd0\n"));
	EXPECT(!strstr(record_stop(), "freed last by"));
	for (i = 0; i < 3; i++)
		__free_pages(page[i], 4);
	EXPECT(strstr(frame_text(page[0]), "\n  freed last by "));
	EXPECT(!strstr(owners_text(), "take_three"));
}

/* Do the pages of the lines above this one fall? */
static bool falls_down_to(const char *text, const char *end)
{
	u64 last = ~0ULL, pages = 0;

	for (; text < end; text = strchr(text, '\n') + 1) {
		while (*text == ' ')
			text++;
		if (parse_u64(text, NULL, &pages) || pages > last)
			return false;
		last = pages;
	}
	return last < ~0ULL;
}

/*
 * More places than the table has: the rest is in one line, none is lost. Blocks
 * of one page and of two in turn, so that there is something to sort.
 */
TEST(report, owners_of_too_many_sites)
{
	static struct page *page[80];
	const char *text, *rest;
	char line[40];
	u32 i;

	if (!page_owner(mem_map)) {
		test_skip("only with debug=page_owner");
		return;
	}
	for (i = 0; i < ARRAY_SIZE(page); i++) {
		page[i] = alloc_pages(GFP_KERNEL, i % 2);
		REQUIRE(page[i]);
		((struct page_owner *)page_owner(page[i]))->alloc_site = i + 1;
	}
	text = owners_text();
	rest = strstr(text, " blocks  other places, more than the table "
		      "holds\n");
	REQUIRE(rest);
	while (rest > text && rest[-1] != '\n')
		rest--;
	EXPECT(falls_down_to(text, rest));
	snprintf(line, sizeof(line), "\n%8u pages ", pages_in_use());
	EXPECT(strstr(text, line));
	for (i = 0; i < ARRAY_SIZE(page); i++)
		__free_pages(page[i], i % 2);
}

/* --- mm_check --- */

TEST(report, check_finds_nothing)
{
	EXPECT_EQ(mm_check(), 0);
}

TEST(report, check_reports_what_it_finds)
{
	/* node 0 may have no memory; where the kernel stands there is some */
	struct zone *zone = page_zone(virt_to_page(_text));
	unsigned int before = printk_warnings(), zones, blocks;

	zone->free_pages++;
	zones = mm_check();
	zone->free_pages--;
	memblock.reserved.total_size++;
	blocks = mm_check();
	memblock.reserved.total_size--;
	EXPECT(zones > 0);
	EXPECT_EQ(blocks, 1);
	EXPECT_EQ(printk_warnings() - before, zones + blocks);
	test_allow_warnings(zones + blocks);
	EXPECT_EQ(mm_check(), 0);
}
