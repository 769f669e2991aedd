/*
 * vmalloc, vmap and ioremap on the machine's own tables: what is mapped and
 * what must fault, bad calls, failure at each step, and other page directories.
 */
#include <boot/sections.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/traps.h>
#include <mm/page/page_debug.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include <mm/virt/vmalloc.h>
#include "ktest.h"

#define QUIET (GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN)
#define NO_PAGE 0		/* error code of a read of nothing */
#define MANY_AREAS 6000U	/* and what is lazy: within TABLES */
#define TABLES (64U << 20)	/* what ktest made tables for */

static u32 address(const void *p)
{
	return (u32)(uintptr_t)p;
}

/* Pages that a case may hold at once. */
static u32 affordable(u32 pages)
{
	return min(pages, nr_unused_pages() / 4);
}

static u32 state;

static u32 pick(u32 n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

/* Each page another frame, which is one's own; a word in each. */
static bool fill(u32 *p, u32 pages, u32 seed)
{
	u32 i;

	for (i = 0; i < pages; i++) {
		struct page *page = vmalloc_to_page(p + i * 1024);

		if (!EXPECT(page) || !EXPECT_EQ(page_count(page), 1))
			return false;
		p[i * 1024] = seed + i;
		p[i * 1024 + 1023] = ~(seed + i);
	}
	return true;
}

static bool holds(const u32 *p, u32 pages, u32 seed)
{
	u32 i;

	for (i = 0; i < pages; i++)
		if (p[i * 1024] != seed + i ||
		    p[i * 1024 + 1023] != ~(seed + i))
			return false;
	return true;
}

TEST(vmalloc, maps_and_guards)
{
	static const u32 sizes[] = { 1, 4095, 4096, 4097, 20 * 4096, 300000 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		u32 pages = (sizes[i] + 4095) / 4096;
		u32 *p = vmalloc(sizes[i]);

		REQUIRE(p && is_vmalloc_addr(p));
		EXPECT(IS_ALIGNED(address(p), PAGE_SIZE));
		EXPECT(fill(p, pages, i * 1000) && holds(p, pages, i * 1000));
		EXPECT_NO_FAULT(ACCESS_WRITE, address(p) + pages * 4096 - 1);
		EXPECT_FAULT(ACCESS_READ, address(p) + pages * 4096, NO_PAGE);
		EXPECT_FAULT(ACCESS_WRITE, address(p) + pages * 4096,
			     PF_WRITE);
		if (paging_mode.nx)
			EXPECT_FAULT(ACCESS_EXEC, p, PF_PRESENT | PF_INSTR);
		vfree(p);
		vm_unmap_aliases();
		EXPECT_FAULT(ACCESS_READ, p, NO_PAGE);
		EXPECT(!vmalloc_to_page(p) && !vmalloc_to_pfn(p));
	}
}

TEST(vmalloc, zeroed_and_low)
{
	u32 i, *p = vmalloc(10 * PAGE_SIZE);

	REQUIRE(p);
	memset(p, 0x5a, 10 * PAGE_SIZE);
	vfree(p);
	p = vzalloc(10 * PAGE_SIZE);
	REQUIRE(p);
	for (i = 0; i < 10 * 1024; i++)
		if (!EXPECT_EQ(p[i], 0))
			break;
	vfree(p);
	p = vmalloc_32(10 * PAGE_SIZE);
	REQUIRE(p);
	for (i = 0; i < 10; i++)
		EXPECT(!page_is_high(vmalloc_to_page(p + i * 1024)));
	vfree(p);
}

/* Each power of two up to 512 KB, dirty once and then zeroed. */
TEST(vmalloc, each_power_zeroed)
{
	u32 size, i, *p;

	for (size = 1; size <= 1U << 19; size <<= 1) {
		if (size > affordable(1U << 7) * PAGE_SIZE)
			break;
		p = vmalloc(size);
		REQUIRE(p);
		memset(p, 0xa5, PAGE_ALIGN(size));
		vfree(p);
		p = vzalloc(size);
		REQUIRE(p);
		for (i = 0; i < PAGE_ALIGN(size) / sizeof(*p); i++)
			if (!EXPECT_EQ(p[i], 0))
				break;
		vfree(p);
	}
}

/* Where its node has high memory, vmalloc() leaves lowmem to others. */
TEST(vmalloc, pages_of_high_memory)
{
	const struct zonelist *zones = node_zonelist(numa_node_id(),
						     __GFP_HIGHMEM);
	void *p;

	if (zones->zones[0]->type != ZONE_HIGHMEM) {
		test_skip("no high memory");
		return;
	}
	p = vmalloc(PAGE_SIZE);
	REQUIRE(p);
	EXPECT(page_is_high(vmalloc_to_page(p)));
	vfree(p);
}

TEST(vmalloc, read_only)
{
	void *p = __vmalloc(PAGE_SIZE, QUIET, PAGE_KERNEL_RO);

	REQUIRE(p);
	EXPECT_NO_FAULT(ACCESS_READ, p);
	EXPECT_FAULT(ACCESS_WRITE, p, PF_PRESENT | PF_WRITE);
	vfree(p);
}

TEST(vmalloc, bad_frees)
{
	u32 local, pages;
	char *p = vmalloc(3 * PAGE_SIZE);

	REQUIRE(p);
	pages = nr_unused_pages();
	vfree(NULL);
	vunmap(NULL);
	vfree(p + 1);
	vfree(p + PAGE_SIZE);
	vfree(&local);
	vfree((void *)(uintptr_t)(vmalloc_space.end - PAGE_SIZE));
	vunmap(p);
	iounmap(p);
	EXPECT_EQ(nr_unused_pages(), pages);
	EXPECT_NO_FAULT(ACCESS_WRITE, p + 2 * PAGE_SIZE);
	vfree(p);
	vfree(p);
	EXPECT_EQ(nr_unused_pages(), pages + 3);
	vm_unmap_aliases();
	vfree(p);
	test_allow_warnings(8);
}

TEST(vmalloc, more_than_there_is)
{
	u32 space = memory_layout.vmalloc_end - memory_layout.vmalloc_start;

	test_allow_warnings(5);
	EXPECT(!vmalloc(0));
	EXPECT(!vmalloc(~0U));
	EXPECT(!get_vm_area(space, VM_MAP));
	EXPECT(!get_vm_area(~0U, VM_MAP));
	EXPECT(!get_vm_area(0, VM_MAP));
	EXPECT(!__vmalloc(0, QUIET, PAGE_KERNEL));
	EXPECT(!__vmalloc(~0U - PAGE_SIZE, QUIET, PAGE_KERNEL));
}

/* All of the largest gap, to the last page: threads have stacks below it. */
TEST(vmalloc, whole_space)
{
	struct vmalloc_info before, info;
	struct vm_struct *vm;

	vm_unmap_aliases();
	vmalloc_info(&before);
	EXPECT_EQ(before.total, memory_layout.vmalloc_end -
				memory_layout.vmalloc_start);
	vm = get_vm_area(before.largest_chunk - PAGE_SIZE, VM_MAP);
	REQUIRE(vm);
	vmalloc_info(&info);
	EXPECT_EQ(info.used, before.used + before.largest_chunk);
	EXPECT(info.largest_chunk < before.largest_chunk);
	EXPECT_EQ(vm->area.end, memory_layout.vmalloc_end);
	EXPECT(!get_vm_area(before.largest_chunk - PAGE_SIZE, VM_MAP));
	test_allow_warnings(1);
	vunmap(vm->addr);
	vm_unmap_aliases();
	vmalloc_info(&info);
	EXPECT_EQ(info.largest_chunk, before.largest_chunk);
}

TEST(vmalloc, vmap_shows_pages_twice)
{
	struct page *pages[5];
	u32 *p, *q, i;

	for (i = 0; i < 5; i++)
		REQUIRE((pages[i] = alloc_page(GFP_KERNEL | __GFP_HIGHMEM)));
	p = vmap(pages, 5, VM_MAP, PAGE_KERNEL);
	q = vmap(pages, 5, VM_MAP, PAGE_KERNEL_RO);
	REQUIRE(p && q && p != q);
	for (i = 0; i < 5; i++) {
		p[i * 1024 + 7] = 100 + i;
		EXPECT_EQ(q[i * 1024 + 7], 100 + i);
		EXPECT(vmalloc_to_page(q + i * 1024) == pages[i]);
	}
	EXPECT_FAULT(ACCESS_WRITE, q, PF_PRESENT | PF_WRITE);
	EXPECT_FAULT(ACCESS_READ, p + 5 * 1024, NO_PAGE);
	vunmap(p);
	vunmap(q);
	for (i = 0; i < 5; i++) {
		EXPECT_EQ(page_count(pages[i]), 1);
		__free_page(pages[i]);
	}
	test_allow_warnings(2);
	EXPECT(!vmap(pages, 0, VM_MAP, PAGE_KERNEL));
	EXPECT(!vmap(pages, 1U << 20, VM_MAP, PAGE_KERNEL));
}

/* --- ioremap --- */

TEST(vmalloc, ioremap_anywhere_in_a_page)
{
	struct pt_walk walk;
	char *page = (char *)get_zeroed_page(GFP_KERNEL), *p;

	REQUIRE(page);
	strlcpy(page + 0x123, "here", 8);
	p = ioremap(__pa(page) + 0x123, 8);
	REQUIRE(p);
	EXPECT_EQ(address(p) & 4095, 0x123);
	EXPECT_STREQ(p, "here");
	EXPECT_FAULT(ACCESS_READ, (address(p) & PAGE_MASK) + PAGE_SIZE,
		     NO_PAGE);
	iounmap(p);
	p = ioremap_nocache(__pa(page) + 4095, 2);
	REQUIRE(p);
	EXPECT_EQ(pt_walk(&kernel_pgtable, address(p) + 1, &walk), 1);
	EXPECT_EQ(walk.phys, __pa(page) + 4096);
	EXPECT(walk.leaf & _PAGE_PCD);
	iounmap(p);
	free_page((unsigned long)page);
}

TEST(vmalloc, ioremap_refuses)
{
	test_allow_warnings(5);
	EXPECT(!ioremap(0x1000, 0));
	EXPECT(!ioremap(paging_mode.phys_limit - 1, 2));
	EXPECT(!ioremap(paging_mode.phys_limit, 1));
	EXPECT(!ioremap(~0ULL - 10, 100));
	EXPECT(!ioremap(0, ~0U));
}

TEST(vmalloc, ioremap_last_page)
{
	u64 last = paging_mode.phys_limit - PAGE_SIZE;
	void *p = ioremap(last, PAGE_SIZE);
	struct pt_walk walk = { .phys = 0 };

	REQUIRE(p && pt_walk(&kernel_pgtable, address(p), &walk));
	EXPECT_EQ(walk.phys, last);
	iounmap(p);
}

/* --- other page directories --- */

static struct pgtable other = { .name = "other" };
static struct pt_copy other_copy = { .pt = &other };
static u32 *other_level_2;

/* The low half of the level-2 entry of va in a table of that level. */
static u32 *entry_in(u32 *level_2, u32 va)
{
	return paging_mode.pae ? level_2 + (va >> 21 & 511) * 2 :
				 level_2 + (va >> 22);
}

static u32 *kernel_level_2(void)
{
	struct pt_walk walk;

	pt_walk(&kernel_pgtable, vmalloc_space.start, &walk);
	return __va((u32)walk.step[paging_mode.pae].table);
}

static void copy_kernel(void)
{
	u32 *root = (u32 *)get_zeroed_page(GFP_KERNEL | __GFP_NOFAIL);

	other.levels = kernel_pgtable.levels;
	other.root = root;
	pt_copy_add(&other_copy);
	other_level_2 = root;
	if (paging_mode.pae) {
		other_level_2 = (u32 *)get_zeroed_page(GFP_KERNEL |
						       __GFP_NOFAIL);
		memcpy(other_level_2, kernel_level_2(), PAGE_SIZE);
		root[6] = __pa(other_level_2) | (u32)_PAGE_PRESENT;
	}
}

static void drop_copy(void)
{
	pt_copy_remove(&other_copy);
	if (paging_mode.pae)
		free_page((unsigned long)other_level_2);
	free_page((unsigned long)other.root);
}

/* As if the table had been made after the copy. */
static void forget_table(u32 va)
{
	u32 *entry = entry_in(other_level_2, va);

	entry[0] = 0;
	if (paging_mode.pae)
		entry[1] = 0;
}

/* Nobody else may run there: other threads' stacks need not be known. */
static u32 enter_other(u32 *flags)
{
	u32 cr3 = read_cr3();

	*flags = local_irq_save();
	write_cr3(__pa(other.root));
	return cr3;
}

static void leave_other(u32 cr3, u32 flags)
{
	write_cr3(cr3);
	local_irq_restore(flags);
}

/* In another table than the stacks, which have to stay: behind *filler. */
static u32 *vmalloc_apart(u32 size, struct vm_struct **filler)
{
	*filler = get_vm_area(pt_level_size(&kernel_pgtable, 2), VM_MAP);
	return *filler ? vmalloc(size) : NULL;
}

TEST(vmalloc, other_directory_learns)
{
	struct vm_struct *filler;
	u32 cr3, flags, *p = vmalloc_apart(3 * PAGE_SIZE, &filler);

	REQUIRE(p);
	copy_kernel();
	forget_table(address(p));
	cr3 = enter_other(&flags);
	p[0] = 1234;				/* in the middle of code */
	EXPECT_NO_FAULT(ACCESS_WRITE, p + 1024);	/* under a probe */
	EXPECT_FAULT(ACCESS_READ, p + 3 * 1024, NO_PAGE);
	leave_other(cr3, flags);
	EXPECT_EQ(p[0], 1234);
	EXPECT_EQ(*entry_in(other_level_2, address(p)) & PAGE_MASK,
		  *entry_in(kernel_level_2(), address(p)) & PAGE_MASK);
	/* nothing there: nothing to learn, under either */
	forget_table(address(p));
	cr3 = enter_other(&flags);
	EXPECT_FAULT(ACCESS_READ, p + 3 * 1024, NO_PAGE);
	EXPECT_EQ(*entry_in(other_level_2, address(p)), 0);
	leave_other(cr3, flags);
	drop_copy();
	vfree(p);
	vunmap(filler->addr);
}

/* A probe does not even see that a table lacked. */
TEST(vmalloc, other_directory_learns_probed)
{
	struct vm_struct *filler;
	u32 cr3, flags, *p = vmalloc_apart(PAGE_SIZE, &filler);

	REQUIRE(p);
	copy_kernel();
	forget_table(address(p));
	cr3 = enter_other(&flags);
	EXPECT_NO_FAULT(ACCESS_READ, p);
	leave_other(cr3, flags);
	drop_copy();
	vfree(p);
	vunmap(filler->addr);
}

/* Addresses behind those that have tables; NULL: not enough of them. */
static struct vm_struct *hold_tables(void)
{
	u32 space = vmalloc_space.end - vmalloc_space.start;

	if (space < TABLES + 3 * pt_level_size(&kernel_pgtable, 2)) {
		test_skip("too few addresses");
		return NULL;
	}
	return get_vm_area(TABLES, VM_MAP);
}

/* Nobody else has seen it: the case alone may take it away again. */
static void remove_table(u32 va)
{
	u32 *entry = entry_in(kernel_level_2(), va);
	void *table = __va(*entry & PAGE_MASK);

	vm_unmap_aliases();
	entry[0] = 0;
	if (paging_mode.pae)
		entry[1] = 0;
	free_page((unsigned long)table);
}

TEST(vmalloc, new_table_is_learnt)
{
	struct vm_struct *hold = hold_tables();
	u32 cr3, flags, *p;

	if (!hold)
		return;
	EXPECT_EQ(*entry_in(kernel_level_2(), hold->area.end), 0);
	copy_kernel();
	p = vmalloc(2 * PAGE_SIZE);
	if (!EXPECT(p && address(p) == hold->area.end)) {
		vfree(p);
		vunmap(hold->addr);
		drop_copy();
		return;
	}
	EXPECT(*entry_in(kernel_level_2(), address(p)) & _PAGE_PRESENT);
	EXPECT_EQ(*entry_in(other_level_2, address(p)), 0);
	cr3 = enter_other(&flags);
	p[1024] = 77;
	leave_other(cr3, flags);
	EXPECT_EQ(p[1024], 77);
	vfree(p);
	vunmap(hold->addr);
	remove_table(address(p));
	drop_copy();
}

TEST(vmalloc, ioremap_large_pages)
{
	u32 size = pt_level_size(&kernel_pgtable, 2), cr3, flags;
	struct vm_struct *hold;
	struct pt_walk walk;
	char *p;

	if (!paging_mode.pse) {
		test_skip("no large pages here");
		return;
	}
	hold = hold_tables();
	if (!hold)
		return;
	copy_kernel();
	/* the kernel's image stands in it */
	p = ioremap(0, size);
	if (!EXPECT(p)) {
		vunmap(hold->addr);
		drop_copy();
		return;
	}
	EXPECT_EQ(pt_walk(&kernel_pgtable, address(p), &walk), 2);
	EXPECT(IS_ALIGNED(address(p), size));
	EXPECT_EQ(vmalloc_to_pfn(p + 0x123456), 0x123);
	cr3 = enter_other(&flags);
	EXPECT(!memcmp(p + __pa(_text), _text, 4096));
	leave_other(cr3, flags);
	EXPECT_EQ(pt_walk(&other, address(p), &walk), 2);
	iounmap(p + 5);
	EXPECT(!pt_walk(&kernel_pgtable, address(p), &walk));
	EXPECT(!pt_walk(&other, address(p), &walk));
	vunmap(hold->addr);
	drop_copy();
}

static phys_addr_t no_table(void)
{
	return 0;
}

TEST(vmalloc, no_page_table)
{
	phys_addr_t (*alloc_table)(void) = pt_alloc_table;
	struct vm_struct *hold = hold_tables();
	struct page *page;

	if (!hold)
		return;
	page = alloc_page(GFP_KERNEL);
	pt_alloc_table = no_table;
	EXPECT(!vmalloc(2 * PAGE_SIZE));
	EXPECT(!vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	EXPECT(!ioremap(0x1000, PAGE_SIZE));
	pt_alloc_table = alloc_table;
	__free_page(page);
	vunmap(hold->addr);
}

/* --- failure --- */

/* The n-th page for n = 1, 2, 3 ... until it works; later in larger steps. */
static void fail_each(u32 size)
{
	u32 n, step = 1;

	for (n = 1;; n += step) {
		u32 unused;
		void *p;

		vm_unmap_aliases();
		drain_all_pages();
		unused = nr_unused_pages();
		page_alloc_fail_nth(n);
		p = __vmalloc(size, QUIET, PAGE_KERNEL);
		page_alloc_fail_nth(0);
		if (p) {
			vfree(p);
			break;
		}
		vm_unmap_aliases();
		/* a slab may have been made, and is kept: a few pages */
		if (!EXPECT(nr_unused_pages() + 4 >= unused))
			break;
		if (n > 20)
			step = size / PAGE_SIZE / 16 + 1;
	}
	EXPECT(n > size / PAGE_SIZE);
}

TEST(vmalloc, each_page_fails)
{
	fail_each(1);
	fail_each(7 * PAGE_SIZE);
	fail_each(60 * PAGE_SIZE);
}

/* Its page array is vmalloc'ed, too. */
TEST(vmalloc, each_page_of_a_large_one_fails)
{
	if (nr_unused_pages() < 4000) {
		test_skip("too little memory");
		return;
	}
	fail_each(1100 * PAGE_SIZE);
}

TEST(vmalloc, large_page_array)
{
	u32 pages = 1500, *p;
	struct vmalloc_info before, info;

	if (nr_unused_pages() < 4000) {
		test_skip("too little memory");
		return;
	}
	vmalloc_info(&before);
	p = vmalloc(pages * PAGE_SIZE);
	REQUIRE(p);
	vmalloc_info(&info);
	EXPECT_EQ(info.areas, before.areas + 2);
	EXPECT(fill(p, pages, 5) && holds(p, pages, 5));
	vfree(p);
	vmalloc_info(&info);
	EXPECT_EQ(info.areas, before.areas);
}

/* --- many --- */

TEST(vmalloc, long_list)
{
	u32 room = (vmalloc_space.end - vmalloc_space.start) >> PAGE_SHIFT;
	u32 n = min(affordable(MANY_AREAS), room / 4), i;
	u32 **held = vmalloc(n * sizeof(*held));

	REQUIRE(held);
	for (i = 0; i < n; i++) {
		held[i] = vmalloc(PAGE_SIZE);
		REQUIRE(held[i]);
		held[i][3] = i;
	}
	for (i = 0; i < 50; i++) {
		u32 *p = vmalloc(affordable(100) * PAGE_SIZE);
		u32 *q = vmalloc(PAGE_SIZE);

		REQUIRE(p && q);
		*p = *q = i;
		vfree(p);
		vfree(q);
	}
	for (i = 0; i < n; i += 2)
		vfree(held[i]);
	for (i = 0; i < n; i += 2)
		REQUIRE((held[i] = vmalloc(PAGE_SIZE)));
	for (i = 0; i < n; i++) {
		if (i % 2)
			EXPECT_EQ(held[i][3], i);
		vfree(held[i]);
	}
	vfree(held);
}

#define SLOTS 16

TEST(vmalloc, random_sizes)
{
	u32 *slot[SLOTS] = { NULL }, pages[SLOTS], step;
	u32 most = affordable(100 * SLOTS) / SLOTS;

	state = 3;
	for (step = 0; step < 600; step++) {
		u32 i = pick(SLOTS);

		if (slot[i]) {
			REQUIRE(EXPECT(holds(slot[i], pages[i], i * 5000)));
			vfree(slot[i]);
			slot[i] = NULL;
			continue;
		}
		pages[i] = 1 + pick(most);
		slot[i] = vmalloc(pages[i] * PAGE_SIZE);
		REQUIRE(slot[i] && fill(slot[i], pages[i], i * 5000));
	}
	for (step = 0; step < SLOTS; step++)
		vfree(slot[step]);
}

TEST(vmalloc, no_address_twice_before_a_flush)
{
	struct vmalloc_info info;
	u32 flushes, highest = 0, n = 0;

	vm_unmap_aliases();
	vmalloc_info(&info);
	flushes = info.flushes;
	for (;;) {
		void *p = vmalloc(PAGE_SIZE);

		REQUIRE(p);
		vmalloc_info(&info);
		if (info.flushes != flushes) {
			vfree(p);
			break;
		}
		REQUIRE(EXPECT(address(p) > highest));
		highest = address(p);
		n++;
		vfree(p);
	}
	/* each is a page and its guard */
	EXPECT_EQ(n, vmalloc_space.lazy_most / 2 + 1);
	/* a flush serves many: a quarter of RAM, of which 4 MB leave little */
	EXPECT(n > (totalram_pages < 512 ? 20U : 50U));
}

/* --- reports --- */

static u32 seen, seen_pages;

static int look(const struct vm_struct *vm, void *arg)
{
	seen++;
	seen_pages += vm->nr_pages;
	EXPECT_EQ(address(vm->addr), vm->area.start);
	EXPECT(vm->caller && vm->size >= 2 * PAGE_SIZE);
	return arg && seen == *(u32 *)arg;
}

TEST(vmalloc, iterator)
{
	u32 i, stop = 2, areas, pages;
	void *p[4];

	/* those of threads are there already */
	seen = seen_pages = 0;
	EXPECT_EQ(vmap_for_each(look, NULL), 0);
	areas = seen;
	pages = seen_pages;
	for (i = 0; i < 4; i++)
		REQUIRE((p[i] = vmalloc((i + 1) * PAGE_SIZE)));
	vfree(p[1]);
	seen = seen_pages = 0;
	EXPECT_EQ(vmap_for_each(look, NULL), 0);
	EXPECT_EQ(seen, areas + 3);
	EXPECT_EQ(seen_pages, pages + 8);
	seen = 0;
	EXPECT_EQ(vmap_for_each(look, &stop), 1);
	EXPECT_EQ(seen, 2);
	vfree(p[0]);
	vfree(p[2]);
	vfree(p[3]);
	seen = 0;
	EXPECT_EQ(vmap_for_each(look, NULL), 0);
	EXPECT_EQ(seen, areas);
}

TEST_PANIC(vmalloc, fault_in_a_guard_page, "page fault")
{
	volatile char *p = vmalloc(PAGE_SIZE);

	p[PAGE_SIZE] = 1;
}
