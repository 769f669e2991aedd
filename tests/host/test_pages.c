/*
 * What the rest of the kernel calls, on a machine that has booted: by address,
 * by node, zeroed, exact; memory that is not mapped; and memory itself, which
 * the allocator must leave alone.
 */
#include "boot.h"
#include <mm/page/page_debug.h>

#define LOW_PAGES 8192U		/* 32 MB */

static const struct host_machine *machine;

static bool all_bytes(const struct page *page, int c)
{
	u8 byte[PAGE_SIZE];
	u32 i;

	host_memory_read(page_to_phys(page), byte, sizeof(byte));
	for (i = 0; i < PAGE_SIZE; i++)
		if (byte[i] != c)
			return false;
	return true;
}

/* Whatever was in memory before: not zeroes. */
static void dirty_all_memory(void)
{
	static u8 byte[1 << 20];
	u32 i, mb = (u32)(machine->ram[0].size >> 20);

	memset(byte, 0x77, sizeof(byte));
	for (i = 0; i < mb; i++)
		host_memory_write((u64)i << 20, byte, sizeof(byte));
}

static u32 nr_before;

static void start(const void *arg)
{
	machine = arg;
	host_boot_memory(machine);
	dirty_all_memory();
	host_boot_pages(machine);
	nr_before = nr_unused_pages();
}

/* All came back. */
static void finish(void)
{
	MUST(nr_unused_pages() == nr_before);
	drain_all_pages();
	MUST(nr_unused_pages() == nr_before);
	MUST(host_warnings() == 0);
	host_boot_check();
}

/* --- by address --- */

static void addresses(const void *arg)
{
	unsigned long addr;
	struct page *page;
	unsigned int order;

	start(arg);
	for (order = 0; order < MAX_ORDER; order++) {
		addr = __get_free_pages(GFP_KERNEL, order);
		MUST(addr >= PAGE_OFFSET && addr < PAGE_OFFSET + (32U << 20));
		MUST(IS_ALIGNED(addr - PAGE_OFFSET, PAGE_SIZE << order));
		page = virt_to_page((void *)addr);
		MUST(page_address(page) == (void *)addr);
		MUST(page_order(page) == order && page_count(page) == 1);
		memset((void *)addr, 1, PAGE_SIZE << order);
		free_pages(addr, order);
	}
	MUST(!__get_free_pages(GFP_KERNEL | __GFP_NOWARN, MAX_ORDER));
	addr = __get_free_page(GFP_ATOMIC);
	free_page(addr);
	addr = __get_dma_pages(GFP_KERNEL, 3);
	MUST(addr && addr + 8 * PAGE_SIZE <= PAGE_OFFSET + (16U << 20));
	free_pages(addr, 3);
	free_pages(0, 0);
	free_page(0);
	EXPECT_DEATH("a page of high memory has no address",
		     __get_free_pages(GFP_HIGHUSER, 0));
	finish();
}

static void bad_addresses(const void *arg)
{
	unsigned long addr;

	start(arg);
	addr = __get_free_page(GFP_KERNEL);
	free_pages(addr + 8, 0);
	MUST(host_warnings() == 1);
	MUST(host_log_count("an address that is no page's") == 1);
	free_pages(PAGE_SIZE, 0);		/* user space */
	free_pages(PAGE_OFFSET + (32U << 20), 0);	/* behind lowmem */
	free_pages(PAGE_OFFSET + (32U << 20) + PAGE_SIZE, 2);
	MUST(host_warnings() == 4 && bad_pages == 4);
	MUST(host_log_count("an address that is no page's") == 4);
	free_page(addr);
	host_reset();
	finish();
}

/* --- zeroed, and not --- */

static void zeroed(const void *arg)
{
	struct page *page;
	unsigned long addr;
	u32 i, high = 0;

	start(arg);
	page = alloc_pages(GFP_KERNEL, 2);
	MUST(all_bytes(page, 0x77));
	__free_pages(page, 2);
	page = alloc_pages(GFP_KERNEL | __GFP_ZERO, 4);
	for (i = 0; i < 16; i++)
		MUST(all_bytes(page + i, 0));
	/* its neighbours are as they were */
	MUST(all_bytes(page + 16, 0x77) || page_count(page + 16));
	__free_pages(page, 4);
	addr = get_zeroed_page(GFP_KERNEL);
	MUST(all_bytes(virt_to_page((void *)addr), 0));
	free_page(addr);
	/* high memory, through a window */
	page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 3);
	high = page_to_pfn(page);
	MUST(high >= LOW_PAGES && !page_address(page));
	for (i = 0; i < 8; i++)
		MUST(all_bytes(page + i, 0));
	MUST(all_bytes(pfn_to_page(high - 1), 0x77) || high == LOW_PAGES);
	__free_pages(page, 3);
	finish();
}

/* --- so many bytes --- */

static void exact(const void *arg)
{
	static const size_t sizes[] = {
		1, 4095, 4096, 4097, 5 * 4096, 12345, 64 * 4096,
		64 * 4096 + 1, 3 << 20, (4 << 20) - 4096, 4 << 20,
	};
	size_t i;
	u32 page, pages;

	start(arg);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = alloc_pages_exact(sizes[i], GFP_KERNEL);

		MUST(p);
		memset(p, 3, sizes[i]);
		pages = (u32)(sizes[i] + 4095) / 4096;
		MUST(nr_unused_pages() == nr_before - pages);
		for (page = 0; page < pages; page++)
			MUST(page_count(virt_to_page(p + page * 4096)) == 1);
		host_boot_check();
		free_pages_exact(p, sizes[i]);
		MUST(nr_unused_pages() == nr_before);
	}
	MUST(!alloc_pages_exact(0, GFP_KERNEL));
	MUST(!alloc_pages_exact((4 << 20) + 1, GFP_KERNEL));
	MUST(!alloc_pages_exact(~(size_t)0, GFP_KERNEL));
	EXPECT_DEATH("gives single pages with addresses",
		     alloc_pages_exact(1, GFP_HIGHUSER));
	EXPECT_DEATH("gives single pages with addresses",
		     alloc_pages_exact(1, GFP_KERNEL | __GFP_COMP));
	finish();
}

/* --- users of a compound block --- */

static void compound(const void *arg)
{
	struct page *page;
	unsigned int order;

	start(arg);
	for (order = 1; order < MAX_ORDER; order++) {
		page = alloc_pages(GFP_KERNEL | __GFP_COMP, order);
		MUST(compound_head(page + (1U << order) - 1) == page);
		get_page(page + 1);
		MUST(page_count(page) == 2 && page_count(page + 1) == 0);
		put_page(page + (1U << order) - 1);
		MUST(page_count(page) == 1);
		host_boot_check();
		put_page(page + 1);
		MUST(page_count(page) == 0 && !PageCompound(page));
	}
	finish();
}

/* --- none left --- */

static void exhausted(const void *arg)
{
	static unsigned long addr[LOW_PAGES];
	u32 n = 0;

	start(arg);
	while ((addr[n] = __get_free_page(GFP_ATOMIC | __GFP_NOWARN)))
		n++;
	MUST(!get_zeroed_page(GFP_ATOMIC | __GFP_NOWARN));
	MUST(!alloc_pages_exact(1, GFP_ATOMIC | __GFP_NOWARN));
	MUST(!get_zeroed_page(GFP_ATOMIC));
	MUST(host_warnings() == 1);
	host_reset();
	while (n)
		free_page(addr[--n]);
	finish();
}

/* --- what check_nodes() knows of the machine --- */

static const char *expected;
static unsigned int told;

static void tell(const char *sentence)
{
	told += strstr(sentence, expected) != NULL;
}

/* One difference, with that sentence in it; others may follow from it. */
static void expect_told(const char *sentence)
{
	expected = sentence;
	told = 0;
	MUST(check_nodes(&machine_nodes, tell) >= 1);
	MUST(told == 1);
}

static void rules(const void *arg)
{
	struct zone *zone, **z, *other;

	start(arg);
	zone = &NODE_DATA(0)->node_zones[ZONE_NORMAL];
	zone->lowmem_reserve[ZONE_HIGHMEM]++;
	expect_told("lowmem_reserve[2] is");
	zone->lowmem_reserve[ZONE_HIGHMEM]--;
	zone->pageset[0].pcp[0].high++;
	expect_told("other bounds than it should");
	zone->pageset[0].pcp[0].high--;
	zone->managed_pages--;
	expect_told("pages are not reserved");
	expect_told("zones manage");
	zone->managed_pages++;
	totalhigh_pages++;
	expect_told("zones manage");
	totalhigh_pages--;
	z = NODE_DATA(0)->node_zonelists[0].zones;
	other = z[0];
	z[0] = z[1];
	z[1] = other;
	expect_told("zonelist 0 of the node is not in order");
	z[1] = z[0];
	z[0] = other;
	finish();
}

/* --- nodes --- */

static void nodes(const void *arg)
{
	struct page *page[4], *near;
	int i;

	start(arg);
	MUST(machine_nodes.nr == 4);
	for (i = 0; i < 4; i++) {
		page[i] = alloc_pages_node(i, GFP_HIGHUSER, 1);
		MUST(page_to_nid(page[i]) == i);
	}
	near = alloc_pages_node(-1, GFP_HIGHUSER, 1);
	MUST(page_to_nid(near) == numa_node_id());
	__free_pages(near, 1);
	near = alloc_page(GFP_HIGHUSER);
	MUST(page_to_nid(near) == numa_node_id());
	__free_page(near);
	for (i = 0; i < 4; i++)
		__free_pages(page[i], 1);
	finish();
}

/* --- the tests --- */

static void run(void (*fn)(const void *arg), u32 high_mb, unsigned int nr)
{
	static struct host_machine m;

	host_simple_machine(&m, high_mb);
	m.nodes = nr;
	host_in_child(fn, &m, "the child");
}

#define PAGES_TEST(name, high_mb, nr)					\
	static void test_##name(void **state)				\
	{								\
		run(name, high_mb, nr);					\
	}

PAGES_TEST(addresses, 8, 1)
PAGES_TEST(bad_addresses, 8, 1)
PAGES_TEST(zeroed, 8, 1)
PAGES_TEST(exact, 0, 1)
PAGES_TEST(compound, 0, 2)
PAGES_TEST(exhausted, 8, 1)
PAGES_TEST(rules, 8, 1)
PAGES_TEST(nodes, 32, 4)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_addresses),
		HOST_TEST(test_bad_addresses),
		HOST_TEST(test_zeroed),
		HOST_TEST(test_exact),
		HOST_TEST(test_compound),
		HOST_TEST(test_exhausted),
		HOST_TEST(test_rules),
		HOST_TEST(test_nodes),
	};

	return cmocka_run_group_tests_name("pages", tests, NULL, NULL);
}
