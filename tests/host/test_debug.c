/*
 * debug=page_owner, page_poison and pagealloc, and failures on demand. Each
 * needs what boot sets up, so each runs in a process of its own.
 */
#include <signal.h>

#include "boot.h"
#include <kernel/base/debug.h>
#include <mm/page/page_debug.h>
#include <mm/table/fixmap.h>

#define OWNER (1U << DEBUG_PAGE_OWNER)
#define POISON (1U << DEBUG_PAGE_POISON)
#define PAGEALLOC (1U << DEBUG_PAGEALLOC)

static const struct host_machine *machine;

static void start(const void *arg)
{
	machine = arg;
	host_boot(machine);
}

/* Everything is free again, and was reported as often as expected. */
static void finish(u32 free_before, u32 bad)
{
	MUST(nr_unused_pages() == free_before);
	drain_all_pages();
	host_boot_check();
	MUST(bad_pages == bad && host_warnings() == bad);
}

/* --- owners --- */

/* A function's address is known, and none here is longer than that. */
static bool inside(u32 site, unsigned long (*fn)(unsigned int))
{
	u32 begin = (u32)(uintptr_t)fn;

	return site > begin && site < begin + 0x800;
}

static unsigned long __noinline by_page(unsigned int order)
{
	return (unsigned long)page_address(alloc_pages(GFP_KERNEL, order));
}

static unsigned long __noinline by_address(unsigned int order)
{
	return __get_free_pages(GFP_KERNEL, order);
}

static unsigned long __noinline by_exact(unsigned int order)
{
	return (unsigned long)alloc_pages_exact(PAGE_SIZE << order,
						GFP_KERNEL);
}

static unsigned long __noinline by_zeroed(unsigned int order)
{
	return get_zeroed_page(GFP_KERNEL);
}

static unsigned long __noinline give_back(unsigned int order)
{
	free_pages(0, order);
	return 0;
}

static void judge_owner(unsigned long (*fn)(unsigned int), unsigned int order)
{
	const struct page_owner *owner;
	unsigned long addr = fn(order);

	owner = page_owner(virt_to_page((void *)addr));
	MUST(inside(owner->alloc_site, fn));
	MUST(!inside(owner->alloc_site, give_back));
	MUST(owner->free_site == 0);
	if (fn == by_exact) {
		MUST(owner->order == 0);
		MUST(owner[1].alloc_site == owner->alloc_site);
		free_pages_exact((void *)addr, PAGE_SIZE << order);
	} else {
		MUST(owner->order == order);
		free_pages(addr, order);
	}
	MUST(owner->free_site);
}

static void owners(const void *arg)
{
	const struct page_owner *owner;
	struct page *page;
	u32 before;

	start(arg);
	before = nr_unused_pages();
	judge_owner(by_page, 0);
	judge_owner(by_page, 3);
	judge_owner(by_address, 0);
	judge_owner(by_address, 5);
	judge_owner(by_zeroed, 0);
	judge_owner(by_exact, 3);

	page = alloc_pages(GFP_ATOMIC | __GFP_HIGH, 2);
	owner = page_owner(page);
	MUST(owner->order == 2 && owner->gfp == (GFP_ATOMIC | __GFP_HIGH));
	__free_pages(page, 1);
	MUST(host_log_count("last freed by nobody") == 1);
	__free_pages(page, 2);
	__free_pages(page, 2);
	MUST(host_log_count("allocated by site_") == 2);
	MUST(host_log_count("last freed by site_") == 1);
	/* one that nobody ever had has no owner to tell of */
	__free_pages(pfn_to_page(HOST_IMAGE >> PAGE_SHIFT), 0);
	MUST(host_log_count("it is reserved") == 1);
	MUST(host_log_count("allocated by site_") == 2);
	finish(before, 3);
}

static void no_room_for_owners(const void *arg)
{
	start(arg);
	MUST(host_log_count("debug=page_owner: no room for 128 KB") == 1);
	MUST(host_warnings() == 1 && !page_debugging);
	MUST(!page_owner(pfn_to_page(0)));
	host_reset();
	host_boot_check();
}

static void without_owners(const void *arg)
{
	struct page *page;

	start(arg);
	MUST(!page_debugging);
	page = alloc_pages(GFP_KERNEL, 1);
	MUST(!page_owner(page));
	page_debug_set_site(page, 1);
	__free_pages(page, 0);
	MUST(host_log_count("allocated by") == 0 && host_warnings() == 1);
	__free_pages(page, 1);
}

/* --- poison --- */

static bool filled(const struct page *page)
{
	u8 byte[PAGE_SIZE];
	u32 i;

	host_memory_read(page_to_phys(page), byte, sizeof(byte));
	for (i = 0; i < PAGE_SIZE; i++)
		if (byte[i] != PAGE_POISON)
			return false;
	return true;
}

/* Frees it, writes to it, and has it given out again. */
static void write_after_free(gfp_t gfp, u32 offset, const char *text)
{
	struct page *page = alloc_pages(gfp, 0), *again;
	u32 word = 0xdeadbeef, bad = bad_pages;

	MUST(page);
	__free_pages(page, 0);
	MUST(filled(page));
	host_memory_write(page_to_phys(page) + offset, &word, sizeof(word));
	again = alloc_pages(gfp, 0);
	MUST(again == page);
	MUST(bad_pages == bad + 1 && host_log_count(text) == 1);
	/* told once: it is the owner's now */
	__free_pages(again, 0);
	again = alloc_pages(gfp, 0);
	MUST(bad_pages == bad + 1);
	__free_pages(again, 0);
}

static void poison(const void *arg)
{
	struct page *page;
	u32 before, i;

	start(arg);
	before = nr_unused_pages();
	/* what never was allocated is filled, too: low and high */
	MUST(filled(pfn_to_page(5000)) && filled(pfn_to_page(8192 + 17)));
	MUST(!filled(pfn_to_page(HOST_IMAGE >> PAGE_SHIFT)));
	page = alloc_pages(GFP_KERNEL, 4);
	for (i = 0; i < 16; i++)
		host_memory_write(page_to_phys(page + i), &i, sizeof(i));
	__free_pages(page, 4);
	for (i = 0; i < 16; i++)
		MUST(filled(page + i));
	MUST(host_warnings() == 0);
	write_after_free(GFP_KERNEL, 0, "deadbeef at offset 0\n");
	write_after_free(GFP_KERNEL, 4092, "deadbeef at offset ffc");
	write_after_free(GFP_HIGHUSER, 256, "deadbeef at offset 100");
	page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 3);
	MUST(page_to_pfn(page) >= 8192);
	/* there is nobody to note the parts for */
	split_page(page, 3);
	for (i = 0; i < 8; i++)
		__free_page(page + i);
	finish(before, 3);
}

/* Only what was filled is looked at: the mark says so. */
static void poison_without_mark(const void *arg)
{
	struct page *page;
	u32 before, word = 1;

	start(arg);
	before = nr_unused_pages();
	page = alloc_page(GFP_KERNEL);
	__free_page(page);
	host_memory_write(page_to_phys(page), &word, sizeof(word));
	page->index = 0;
	MUST(alloc_page(GFP_KERNEL) == page);
	__free_page(page);
	finish(before, 0);
}

/* With both: who wrote to it may be the one who had it last. */
static void poison_with_owner(const void *arg)
{
	start(arg);
	write_after_free(GFP_KERNEL, 8, "deadbeef at offset 8\n");
	MUST(host_log_count("allocated by site_") == 1);
	finish(nr_unused_pages(), 1);
}

/* --- free pages that are not mapped --- */

static sigjmp_buf fault;
static void *fault_address;

static void on_fault(int number, siginfo_t *info, void *context)
{
	fault_address = info->si_addr;
	siglongjmp(fault, 1);
}

static bool faults(volatile char *p)
{
	if (sigsetjmp(fault, 1)) {
		MUST(fault_address == (void *)p);
		return true;
	}
	*p = 1;
	return false;
}

static void pagealloc(const void *arg)
{
	const struct sigaction action = {
		.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO,
	};
	struct page *page;
	char *p;
	u32 before, i;

	start(arg);
	sigaction(SIGSEGV, &action, NULL);
	before = nr_unused_pages();
	page = alloc_pages(GFP_KERNEL, 3);
	p = page_address(page);
	for (i = 0; i < 8; i++)
		MUST(!faults(p + i * PAGE_SIZE));
	__free_pages(page, 3);
	for (i = 0; i < 8; i++)
		MUST(faults(p + i * PAGE_SIZE + 4095));
	/* never allocated; the kernel's own; high memory has no entry */
	MUST(faults(__va(5000 << PAGE_SHIFT)));
	MUST(!faults(__va((u32)HOST_IMAGE)));
	page = alloc_pages(GFP_HIGHUSER | __GFP_ZERO, 2);
	MUST(page_to_pfn(page) >= 8192);
	__free_pages(page, 2);
	p = (char *)get_zeroed_page(GFP_KERNEL);
	for (i = 0; i < PAGE_SIZE; i++)
		MUST(!p[i]);
	free_page((unsigned long)p);
	MUST(faults(p));
	finish(before, 0);
}

/* --- the n-th fails --- */

static void the_nth_fails(const void *arg)
{
	struct page *page;
	u32 before, n, i;

	start(arg);
	before = nr_unused_pages();
	for (n = 1; n < 6; n++) {
		page_alloc_fail_nth(n);
		for (i = 1; i < 10; i++) {
			page = alloc_page(GFP_KERNEL | __GFP_NOWARN);
			MUST(!page == (i == n));
			if (page)
				__free_page(page);
		}
		MUST(!page_debugging);
	}
	/* it is told as any failure, blocks and the hot way included */
	page_alloc_fail_nth(2);
	page = alloc_pages(GFP_KERNEL, 2);
	MUST(page && !alloc_pages(GFP_KERNEL, 2));
	MUST(host_log_count("page allocation failure. order:2") == 1);
	__free_pages(page, 2);
	page_alloc_fail_nth(3);
	page_alloc_fail_nth(0);
	for (i = 0; i < 10; i++) {
		page = alloc_page(GFP_KERNEL);
		MUST(page);
		__free_page(page);
	}
	MUST(host_warnings() == 1);
	host_reset();
	finish(before, 0);
}

/* --- random, with all of it on --- */

static void everything_on(const void *arg)
{
	static struct page *page[512];
	static u8 order[512];
	u32 step, before;

	start(arg);
	before = nr_unused_pages();
	for (step = 0; step < 6000; step++) {
		u32 i = host_below(512);

		if (page[i]) {
			__free_pages(page[i], order[i]);
			page[i] = NULL;
			continue;
		}
		order[i] = (u8)host_below(1 + host_below(5));
		page[i] = alloc_pages(host_below(2) ? GFP_HIGHUSER :
				      GFP_KERNEL | __GFP_ZERO, order[i]);
		MUST(page[i]);
	}
	for (step = 0; step < 512; step++)
		if (page[step])
			__free_pages(page[step], order[step]);
	finish(before, 0);
}

/* --- the tests --- */

static void run(void (*fn)(const void *arg), u32 debug)
{
	static struct host_machine m;

	host_simple_machine(&m, 8);
	m.debug = debug;
	if (fn == no_room_for_owners) {
		/* a quarter is left of what mem_map stands in: 128 KB less
		 * the node */
		m.taken[0] = (struct host_range){ 0, 0x100000, "all" };
		m.ram[0].size = 32 * HOST_MB;
		m.taken[1] = (struct host_range){
			0x200000, 30 * HOST_MB -
			8192 * sizeof(struct page) / 3 * 4, "all",
		};
	}
	host_seed("debug");
	host_in_child(fn, &m, "the child");
}

#define DEBUG_TEST(name, debug)						\
	static void test_##name(void **state)				\
	{								\
		run(name, debug);					\
	}

DEBUG_TEST(owners, OWNER)
DEBUG_TEST(no_room_for_owners, OWNER)
DEBUG_TEST(without_owners, 0)
DEBUG_TEST(poison, POISON)
DEBUG_TEST(poison_without_mark, POISON)
DEBUG_TEST(poison_with_owner, POISON | OWNER)
DEBUG_TEST(pagealloc, PAGEALLOC)
DEBUG_TEST(the_nth_fails, 0)
DEBUG_TEST(everything_on, OWNER | POISON | PAGEALLOC)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_owners),
		HOST_TEST(test_no_room_for_owners),
		HOST_TEST(test_without_owners),
		HOST_TEST(test_poison),
		HOST_TEST(test_poison_without_mark),
		HOST_TEST(test_poison_with_owner),
		HOST_TEST(test_pagealloc),
		HOST_TEST(test_the_nth_fails),
		HOST_TEST(test_everything_on),
	};

	return cmocka_run_group_tests_name("debug", tests, NULL, NULL);
}
