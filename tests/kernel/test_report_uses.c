/*
 * What meminfo and vmstat say of pages in use, step by step: entries, tables,
 * faults, pages of disks.
 */
#include <kernel/lib/parse.h>
#include <mm/page/vmstat.h>
#include <mm/report/pages.h>
#include <mm/report/pressure.h>
#include "private_file.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

TEST(report_uses, entries_and_tables)
{
	const struct space_counts before = sum_space_counts();
	struct mm_struct *mm = space_begin(), *child;
	struct space_counts now;

	REQUIRE(mm);
	map_pages(mm, USER, 4, RW, MAP_PRIVATE);
	EXPECT(poke(USER, 1) && poke(USER + PAGE_SIZE, 1));
	now = sum_space_counts();
	EXPECT_EQ(now.anon, before.anon + 2);
	EXPECT_EQ(now.file, before.file);
	EXPECT_EQ(now.tables, before.tables + mm->nr_tables);
	/* the zero page is nobody's */
	peek(USER + 2 * PAGE_SIZE);
	EXPECT_EQ(sum_space_counts().anon, before.anon + 2);
	/* each page once, and a copy is one more */
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(sum_space_counts().anon, before.anon + 2);
	EXPECT(poke(USER, 2));
	EXPECT_EQ(sum_space_counts().anon, before.anon + 3);
	mmput(child);
	EXPECT_EQ(sum_space_counts().anon, before.anon + 2);
	unmap_pages(mm, USER, 4);
	EXPECT_EQ(sum_space_counts().anon, before.anon);
	space_end(mm);
	EXPECT_EQ(sum_space_counts().tables, before.tables);
}

TEST(report_uses, entries_of_files)
{
	const struct space_counts before = sum_space_counts();
	struct mm_struct *mm = space_begin(), *child;

	REQUIRE(mm);
	file_begin(4 * PAGE_SIZE);
	REQUIRE(file_read(0) && file_read(1));
	file_map(mm, USER, 4, RW, MAP_SHARED, 0);
	EXPECT(poke(USER, 1) && poke(USER + PAGE_SIZE, 1));
	EXPECT_EQ(sum_space_counts().file, before.file + 2);
	EXPECT_EQ(sum_space_counts().anon, before.anon);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(sum_space_counts().file, before.file + 2);
	mmput(child);
	unmap_pages(mm, USER, 1);
	EXPECT_EQ(sum_space_counts().file, before.file + 1);
	file_truncate(0);
	EXPECT_EQ(sum_space_counts().file, before.file);
	unmap_pages(mm, USER + PAGE_SIZE, 3);
	file_end();
	space_end(mm);
	EXPECT_EQ(sum_space_counts().file, before.file);
}

/* Those that took a device are counted twice: in both. */
TEST(report_uses, faults)
{
	struct mm_struct *mm = space_begin();
	u32 all, major;

	REQUIRE(mm);
	file_begin(2 * PAGE_SIZE);
	map_pages(mm, USER, 2, RW, MAP_PRIVATE);
	file_map(mm, USER + 2 * PAGE_SIZE, 2, PROT_READ, MAP_SHARED, 0);
	all = vm_event_sum(PGFAULT);
	major = vm_event_sum(PGMAJFAULT);
	EXPECT(poke(USER, 1) && poke(USER, 2));
	EXPECT_EQ(vm_event_sum(PGFAULT), all + 1);
	EXPECT_EQ(vm_event_sum(PGMAJFAULT), major);
	EXPECT(peek(USER + 2 * PAGE_SIZE) == FILE_WORD(0));
	EXPECT_EQ(vm_event_sum(PGFAULT), all + 2);
	EXPECT_EQ(vm_event_sum(PGMAJFAULT), major + 1);
	unmap_pages(mm, USER, 4);
	file_truncate(0);
	file_end();
	space_end(mm);
	EXPECT_EQ(vm_event_sum(PGFAULT), all + 2);
}

TEST(report_uses, events_of_zones)
{
	struct zone zone = { .type = ZONE_HIGHMEM };
	u32 high = zone_vm_event_sum(ZONE_HIGHMEM, PGREFILL);
	u32 low = zone_vm_event_sum(ZONE_NORMAL, PGREFILL);
	u32 all = vm_event_sum(PGREFILL);

	count_zone_vm_events(&zone, PGREFILL, 5);
	zone.type = ZONE_NORMAL;
	count_zone_vm_event(&zone, PGREFILL);
	EXPECT_EQ(zone_vm_event_sum(ZONE_HIGHMEM, PGREFILL), high + 5);
	EXPECT_EQ(zone_vm_event_sum(ZONE_NORMAL, PGREFILL), low + 1);
	EXPECT_EQ(vm_event_sum(PGREFILL), all + 6);
	/* it did not happen */
	count_zone_vm_events(&zone, PGREFILL, -1U);
	zone.type = ZONE_HIGHMEM;
	count_zone_vm_events(&zone, PGREFILL, -5U);
}

static u32 line_of(const char *text, const char *name)
{
	const char *at = strstr(text, name), *end;
	u64 n = ~0ULL;

	if (!at)
		return ~0U;
	for (at += strlen(name); *at == ' '; at++)
		;
	parse_u64(at, &end, &n);
	return (u32)n;
}

/* A page of a disk is in Buffers, and not in Cached. */
TEST(report_uses, disks_are_buffers)
{
	u32 disks = page_cache_pages_of_disks(), kb, cached;

	file_begin(PAGE_SIZE);
	record_start();
	report_meminfo(&machine_nodes);
	cached = line_of(record_stop(), "\nCached:");
	kb = line_of(record_stop(), "\nBuffers:");
	EXPECT_EQ(kb, disks << (PAGE_SHIFT - 10));
	REQUIRE(file_read(0));
	file.mapping.flags |= AS_DISK;
	EXPECT_EQ(page_cache_pages_of_disks(), disks + 1);
	record_start();
	report_meminfo(&machine_nodes);
	EXPECT_EQ(line_of(record_stop(), "\nCached:"), cached);
	EXPECT_EQ(line_of(record_stop(), "\nBuffers:"), kb + 4);
	file.mapping.flags &= ~AS_DISK;
	EXPECT_EQ(page_cache_pages_of_disks(), disks);
	file_truncate(0);
	file_end();
}

/* --- pressure --- */

TEST(report_uses, pressure_a_second)
{
	const struct pressure before = {
		.ns = 5000000000ULL, .swap_in = 10, .swap_out = ~0U,
		.scanned = 1000, .stolen = 500,
	};
	struct pressure now = {
		.ns = 7000000000ULL, .free = 1234567, .active = 1,
		.inactive_dirty = 22, .inactive_clean = 333, .swap_in = 110,
		.swap_out = 19, .scanned = 5001, .stolen = 500,
	};

	record_start();
	report_pressure(&before, &now);
	EXPECT_STREQ(record_stop(), "  1234567        1       22      333"
		     "       50       10     2000        0\n");
	/* no time has passed */
	now.ns = before.ns;
	record_start();
	report_pressure(&before, &now);
	EXPECT(strstr(record_stop(), "   100000    20000  4001000        0\n"));
}

TEST(report_uses, pressure_now)
{
	struct pressure p;
	struct zone *zone;
	unsigned int i;
	u32 active = 0;

	pressure_now(&p);
	for_each_zone_of(&machine_nodes, zone, i)
		active += zone->nr_active;
	EXPECT_EQ(p.active, active);
	EXPECT(p.free > 0 && p.ns > 0);
	EXPECT_EQ(p.swap_in, vm_event_sum(PSWPIN));
	EXPECT_EQ(p.swap_out, vm_event_sum(PSWPOUT));
	EXPECT(p.stolen <= p.scanned);
}
