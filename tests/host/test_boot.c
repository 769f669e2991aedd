/*
 * page_alloc_init() on machines of all kinds: after it each frame is what
 * memblock says it is, counted frame by frame; all that is free can be had and
 * nothing else; and it comes back. Each machine boots in a process of its own.
 */
#include "boot.h"
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <mm/early/e820.h>
#include <mm/page/page_debug.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>

#define MACHINES 48U
#define FRAMES_MOST 0x10000U

/* --- what each frame must be --- */

enum state { NO_RAM, TAKEN, FREE };

static u8 frame[FRAMES_MOST];		/* enum state */
static u32 nr_free, nr_ram;

/* RAM that is whole; TAKEN if somebody has one byte of it. */
static void note_frames(void)
{
	u32 pfn;

	nr_free = nr_ram = 0;
	for (pfn = 0; pfn < FRAMES_MOST; pfn++) {
		u64 pa = PFN_PHYS(pfn);

		if (!memblock_is_memory(&memblock, pa, PAGE_SIZE))
			frame[pfn] = NO_RAM;
		else if (memblock_is_reserved(&memblock, pa, PAGE_SIZE))
			frame[pfn] = TAKEN;
		else
			frame[pfn] = FREE;
		nr_ram += frame[pfn] != NO_RAM;
		nr_free += frame[pfn] == FREE;
	}
}

static enum zone_type type_at(u32 pfn)
{
	if (pfn < MAX_DMA_PFN)
		return ZONE_DMA;
	return pfn < max_low_pfn ? ZONE_NORMAL : ZONE_HIGHMEM;
}

static void judge_frame(u32 pfn, const struct numa_info *numa)
{
	const struct page *page = pfn_to_page(pfn);
	const struct zone *zone = page_zone(page);

	MUST(PageReserved(page) == (frame[pfn] != FREE));
	MUST(page_count(page) == (frame[pfn] != FREE));
	MUST(page_mapcount(page) == 0 && !page->mapping);
	MUST(pfn_valid(pfn) == (frame[pfn] != NO_RAM));
	if (frame[pfn] == NO_RAM)
		return;
	MUST(zone->type == type_at(pfn));
	MUST(page_to_nid(page) == numa_node_of(numa, pfn));
	MUST(pfn >= zone->zone_start_pfn &&
	     pfn < zone->zone_start_pfn + zone->spanned_pages);
}

static void judge_sums(void)
{
	u32 present = 0, managed = 0, high = 0, i;
	struct zone *zone;

	for_each_zone_of(&machine_nodes, zone, i) {
		present += zone->present_pages;
		managed += zone->managed_pages;
		high += zone->type == ZONE_HIGHMEM ? zone->managed_pages : 0;
	}
	MUST(present == nr_ram && managed == nr_free);
	MUST(totalram_pages == nr_free && totalhigh_pages == high);
	MUST(handover.ram_pages == nr_ram && handover.free_pages == nr_free);
	MUST(handover.reserved_pages == nr_ram - nr_free);
	MUST(nr_unused_pages() == nr_free);
	for (i = 0, present = 0; i < machine_nodes.nr; i++) {
		const pg_data_t *node = NODE_DATA(i);

		present += node->node_present_pages;
		MUST(node->node_present_pages <= node->node_spanned_pages);
		if (node->node_present_pages)
			MUST(node->node_mem_map ==
			     pfn_to_page(node->node_start_pfn));
	}
	MUST(present == nr_ram);
}

static void judge_machine(const struct numa_info *numa)
{
	u32 pfn;

	note_frames();
	MUST(max_mapnr % 1024 == 0 && max_mapnr <= FRAMES_MOST);
	for (pfn = 0; pfn < max_mapnr; pfn++)
		judge_frame(pfn, numa);
	for (; pfn < FRAMES_MOST; pfn++)
		MUST(frame[pfn] == NO_RAM);
	MUST(!pfn_valid(max_mapnr) && !pfn_valid(~(u64)0 >> 12));
	judge_sums();
	host_boot_check();
	MUST(memblock_phys_alloc(&memblock, 1, 1, "late") == 0);
}

/* --- all that is free, and nothing else --- */

static struct page *block[FRAMES_MOST];
static u8 order_of[FRAMES_MOST];

static u32 take_all(void)
{
	const gfp_t gfp = __GFP_HIGHMEM | __GFP_NOWARN;
	u32 n = 0, pages = 0, i;
	struct zone *zone;

	for_each_zone_of(&machine_nodes, zone, i) {
		memset(zone->lowmem_reserve, 0, sizeof(zone->lowmem_reserve));
		zone_set_marks(zone, 0, 0, 0);
	}
	while (pages < nr_free) {
		unsigned int order = host_below(1 + host_below(11));
		struct page *page = alloc_pages_node(
			(int)host_below(machine_nodes.nr),
			gfp | (host_below(4) ? 0 : __GFP_ZERO), order);

		/* there may be no block that large, but there is a page */
		MUST(page || order);
		if (!page)
			continue;
		for (i = 0; i < 1U << order; i++) {
			MUST(frame[page_to_pfn(page) + i] == FREE);
			frame[page_to_pfn(page) + i] = TAKEN;
		}
		block[n] = page;
		order_of[n++] = (u8)order;
		pages += 1U << order;
	}
	MUST(!alloc_pages_node(0, gfp, 0));
	MUST(nr_unused_pages() == 0);
	return n;
}

/* The marks, too, are as they were at boot: the check makes them anew. */
static void give_all(u32 n)
{
	setup_per_zone_pages_min(&machine_nodes, min_free_kbytes);
	while (n) {
		u32 i = host_below(n--);

		__free_pages(block[i], order_of[i]);
		block[i] = block[n];
		order_of[i] = order_of[n];
	}
	drain_all_pages();
	MUST(nr_unused_pages() == nr_free);
	host_boot_check();
}

/* --- machines --- */

/* A mark in each range that is taken: the allocator's zeroes must miss it. */
static void mark_taken(const struct host_machine *m, bool check)
{
	unsigned int i;
	u64 end = PFN_PHYS(memory_layout.max_pfn), got;

	for (i = 0; m->taken[i].size; i++) {
		u64 base = m->taken[i].base, mark = base ^ 0x5a5a;

		if (base + sizeof(mark) > end)
			continue;
		if (!check) {
			host_memory_write(base, &mark, sizeof(mark));
			continue;
		}
		host_memory_read(base, &got, sizeof(got));
		MUST(got == mark);
	}
}

static void boot_and_judge(const void *arg)
{
	const struct host_machine *m = arg;
	struct numa_info numa = m->numa;

	host_boot(m);
	if (m->nodes)
		numa_fake(&numa, &memblock, m->nodes);
	judge_machine(&numa);
	mark_taken(m, false);
	give_all(take_all());
	mark_taken(m, true);
	MUST(host_warnings() == 0 && bad_pages == 0);
}

static void random_ranges(struct host_machine *m, u64 end)
{
	unsigned int i, n = host_below(HOST_RANGES - 4);
	u64 hole;

	/* the first 8 MB are whole; holes behind them, at odd bytes, too */
	m->ram[0] = (struct host_range){ 0, end, NULL };
	if (host_below(2)) {
		m->ram[0].size = 8 * HOST_MB + host_below(8 << 20);
		hole = m->ram[0].size + host_below(6 << 20);
		m->ram[1] = (struct host_range){ hole, end - hole, NULL };
	}
	for (i = 0; i < n; i++) {
		u64 base = 2 * HOST_MB + host_below((u32)(end - 3 * HOST_MB));
		u64 size = 8 + host_below(1U << (3 + host_below(17)));

		/* whole frames, or not */
		if (host_below(2)) {
			base &= ~(u64)0xfff;
			size = (size + 0xfff) & ~(u64)0xfff;
		}
		m->taken[i] = (struct host_range){ base, size, "somebody" };
	}
	/* firmware's own: frame 0, and something far above all RAM */
	m->taken[n++] = (struct host_range){ 0, 0x1000, "BIOS" };
	m->taken[n] = (struct host_range){ 0xfffc0000, 0x40000, "ROM" };
}

/* Ranges of firmware's kind: with gaps, and not all nodes have RAM. */
static void random_numa(struct host_machine *m, u64 end)
{
	unsigned int n = 2 + host_below(5), i;
	u64 from = 0, to;

	numa_clear(&m->numa);
	for (i = 0; i < n; i++) {
		to = i + 1 < n ? from + host_below((u32)(end >> 12)) / n :
				 1ULL << 52;
		numa_add_range(&m->numa, (int)host_below(5), from, to);
		from = to + (host_below(2) ? 0 : host_below(200));
	}
	m->numa.boot_node = (int)host_below(m->numa.nr_nodes);
	m->numa.has_cpu[m->numa.boot_node] = true;
}

static void random_machine(struct host_machine *m)
{
	u64 end = (18 + host_below(50)) * HOST_MB;

	if (host_below(2))
		end += host_below(1 << 20);
	memset(m, 0, sizeof(*m));
	m->lowmem = (u32)end & ~0xfffU;
	/* high memory begins above 16 MB: highmem= leaves 64 at least */
	if (host_below(2))
		m->lowmem = (16 << 20) +
			    (host_below((u32)end - (16 << 20)) & ~0xfffU);
	random_ranges(m, end);
	m->nodes = host_below(3) ? 1 + host_below(4) : 0;
	if (!m->nodes)
		random_numa(m, end);
}

static void random_machines(void **state)
{
	static struct host_machine m;
	u32 round;
	char what[32];

	host_seed("boot");
	for (round = 0; round < MACHINES; round++) {
		random_machine(&m);
		snprintf(what, sizeof(what), "machine %u", round);
		host_in_child(boot_and_judge, &m, what);
	}
}

/* Reservations that no frame number of 32 bits can name. */
static void reserved_beyond_16_tb(void **state)
{
	static struct host_machine m;

	host_simple_machine(&m, 0);
	m.taken[0] = (struct host_range){ 1ULL << 44, 0x1000, "far" };
	m.taken[1] = (struct host_range){ 0xfffffffffff00000, 0x1000, "top" };
	host_in_child(boot_and_judge, &m, "a machine with far reservations");
}

/* Below 16 MB all is DMA, and there is no other zone. */
static void small_machine(void **state)
{
	static struct host_machine m;

	host_simple_machine(&m, 0);
	m.lowmem = 4 << 20;
	m.ram[0].size = 4 << 20;
	host_in_child(boot_and_judge, &m, "a machine of 4 MB");
}

/* --- no room --- */

static void clipped(const void *arg)
{
	const struct host_machine *m = arg;
	u64 wanted = m->ram[0].size;

	host_boot(m);
	MUST(host_log_count("lowmem has no room for the pages of all RAM") ==
	     1);
	MUST(host_warnings() == 1);
	MUST(PFN_PHYS(memory_layout.max_pfn) < wanted);
	MUST(handover.ram_pages == memory_layout.max_pfn);
	MUST(e820_end_pfn(&e820_map) == memory_layout.max_pfn);
	MUST(max_low_pfn == m->lowmem >> 12);
	MUST(!pfn_valid(memory_layout.max_pfn));
	/* it took no more than it was allowed to */
	MUST(handover.mem_map_bytes <= m->lowmem / 4 * 3);
	host_boot_check();
}

/* 8 GB of RAM, of which 24 MB are mapped: their pages alone need 96 MB. */
static void ram_that_mem_map_has_no_room_for(void **state)
{
	static struct host_machine m;

	host_simple_machine(&m, 8192);
	m.lowmem = 24 << 20;
	host_in_child(clipped, &m, "a machine with much high memory");
}

static void dies(const void *arg)
{
	EXPECT_DEATH("no room for the pages of the kernel's own memory",
		     host_boot(arg));
}

/* Lowmem is full: there is no stretch that deserves the name. */
static void no_room_at_all(void **state)
{
	static struct host_machine m;

	host_simple_machine(&m, 0);
	m.taken[0] = (struct host_range){ 0, 0x100000, "all" };
	m.taken[1] = (struct host_range){ 0x200000, 32 * HOST_MB, "all" };
	host_in_child(dies, &m, "a machine without room");
}

static void nodes_die(const void *arg)
{
	EXPECT_DEATH("no room for 4 nodes", host_boot(arg));
}

/* mem_map leaves a quarter of the place it stands in: 16 KB. */
static void no_room_for_nodes(void **state)
{
	static struct host_machine m;
	u64 room = 1024 * sizeof(struct page) / 3 * 4;

	host_simple_machine(&m, 0);
	m.ram[0].size = m.lowmem = 4 << 20;
	m.nodes = 4;
	m.taken[0] = (struct host_range){ 0, 0x100000, "all" };
	m.taken[1] = (struct host_range){ 0x200000, 2 * HOST_MB - room,
					  "all" };
	host_in_child(nodes_die, &m, "a machine without room for nodes");
}

/* --- what boot leaves to others --- */

static void tables_and_init_sections(const void *arg)
{
	struct page *page;
	phys_addr_t table;
	u32 text, before;
	char *p;

	host_boot(arg);
	table = pt_alloc_table();
	MUST(table && IS_ALIGNED(table, PAGE_SIZE));
	for (p = __va((u32)table); p < (char *)__va((u32)table) + 4096; p++)
		MUST(!*p);
	pt_free_table(table);
	before = nr_unused_pages();
	text = __pa(_sinittext) >> 12;
	MUST(PageReserved(pfn_to_page(text)));
	free_initmem();
	MUST(nr_unused_pages() > before);
	MUST(totalram_pages == nr_unused_pages());
	for (page = pfn_to_page(text);
	     page < pfn_to_page(__pa(_einittext) >> 12); page++)
		MUST(!PageReserved(page) && !memblock_is_reserved(
			     &memblock, page_to_phys(page), 1));
	for (p = __init_data_begin; p < __init_data_end; p++)
		MUST(*p == (char)POISON_FREE_INITMEM);
	MUST(PageReserved(pfn_to_page(__pa(__init_data_end) >> 12)));
	host_boot_check();
	MUST(host_warnings() == 0);
	while (alloc_page(GFP_ATOMIC | __GFP_NOWARN))
		continue;
	/* now there is none */
	MUST(!pt_alloc_table());
}

static void after_boot(void **state)
{
	static struct host_machine m;

	host_simple_machine(&m, 0);
	host_in_child(tables_and_init_sections, &m, "tables and init");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(random_machines),
		HOST_TEST(reserved_beyond_16_tb),
		HOST_TEST(small_machine),
		HOST_TEST(ram_that_mem_map_has_no_room_for),
		HOST_TEST(no_room_at_all),
		HOST_TEST(no_room_for_nodes),
		HOST_TEST(after_boot),
	};

	return cmocka_run_group_tests_name("boot", tests, NULL, NULL);
}
