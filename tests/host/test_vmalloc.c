/*
 * vmalloc.c and vmap_area.c over a model of page tables: one entry a page, in
 * an array. A shadow knows which area has which pages; no address may be given
 * out twice without a flush in between.
 *
 * STEPS in the environment changes how many random operations there are.
 */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "objects.h"
#include <kernel/cpu/tlb.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/errno.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include <mm/virt/vmalloc.h>
#include <mm/virt/vmap_check.h>

#define BASE 0x50000000U
#define SPACE_PAGES 8192U		/* 32 MB */
#define LARGE_PAGES 1024U
#define QUIET (GFP_KERNEL | __GFP_HIGHMEM | __GFP_NOWARN)

/* --- the model of page tables --- */

struct paging_mode paging_mode;
pteval_t supported_pte_mask = ~0ULL;

static pteval_t entries[SPACE_PAGES];
static bool stale[SPACE_PAGES];		/* was mapped; no flush since */
static bool wide, large_there[SPACE_PAGES / LARGE_PAGES];
static u32 tables_left = ~0U;
static bool table_there[SPACE_PAGES / LARGE_PAGES];
static u32 flushes;

static pteval_t *entry_of(u32 va)
{
	MUST(va >= BASE && va < BASE + SPACE_PAGES * PAGE_SIZE);
	return &entries[(va - BASE) >> PAGE_SHIFT];
}

static bool need_table(u32 va)
{
	bool *there = &table_there[(va - BASE) >> PAGE_SHIFT >> 10];

	if (!*there && !tables_left)
		return false;
	tables_left -= !*there;
	*there = true;
	return true;
}

static u32 run_buffer[LARGE_PAGES * 2];
static u32 run_va;
static bool run_is_open;

/* What pt_run_fill() wrote becomes entries. */
static void close_run(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		pteval_t *entry = entry_of(run_va + (i << PAGE_SHIFT));

		*entry = wide ? run_buffer[i * 2] |
				(u64)run_buffer[i * 2 + 1] << 32 :
				run_buffer[i];
		MUST(!stale[entry - entries]);
	}
	run_is_open = false;
}

static u32 run_n;

static void settle(void)
{
	if (run_is_open)
		close_run(run_n);
}

int pt_run_open(struct pgtable *pt, u32 va, u32 pages, pteval_t prot,
		struct pt_run *run)
{
	u32 in_table = LARGE_PAGES - ((va - BASE) >> PAGE_SHIFT) % LARGE_PAGES;
	u32 i;

	settle();
	MUST(pt == &kernel_pgtable && !host_locks_held);
	if (!need_table(va))
		return -ENOMEM;
	run_n = min(pages, in_table);
	run_va = va;
	run_is_open = true;
	for (i = 0; i < run_n; i++)
		MUST(!*entry_of(va + (i << PAGE_SHIFT)));
	memset(run_buffer, 0, sizeof(run_buffer));
	*run = (struct pt_run){
		.first = run_buffer, .n = run_n, .wide = wide,
		.low = (u32)prot, .high = (u32)(prot >> 32),
	};
	return 0;
}

void pt_clear_range(struct pgtable *pt, u32 va, u32 pages)
{
	settle();
	MUST(!host_locks_held);
	for (; pages; pages--, va += PAGE_SIZE) {
		stale[entry_of(va) - entries] |= *entry_of(va) != 0;
		*entry_of(va) = 0;
		large_there[(va - BASE) >> 22] = false;
	}
}

int pt_map(struct pgtable *pt, u32 va, phys_addr_t pa, u32 size,
	   pteval_t prot, bool large)
{
	u32 done;

	settle();
	MUST(!host_locks_held && IS_ALIGNED(va | (u32)pa | size, PAGE_SIZE));
	for (done = 0; done < size; done += PAGE_SIZE) {
		bool whole = large && IS_ALIGNED(va | (u32)pa, 1U << 22) &&
			     size >= 1U << 22;

		if (!whole && !need_table(va + done))
			return -ENOMEM;
		large_there[(va + done - BASE) >> 22] |= whole;
		MUST(!*entry_of(va + done) &&
		     !stale[entry_of(va + done) - entries]);
		*entry_of(va + done) = (pa + done) | prot;
	}
	return 0;
}

int pt_walk(const struct pgtable *pt, u32 addr, struct pt_walk *walk)
{
	settle();
	walk->addr = addr;
	walk->leaf = *entry_of(addr);
	walk->phys = (walk->leaf & PTE_FRAME_MASK) | (addr & 4095);
	walk->level = walk->leaf & _PAGE_PRESENT ? 1 : 0;
	return walk->level;
}

int pt_for_each_leaf(const struct pgtable *pt, u32 from, u32 to,
		     int (*fn)(const struct pt_walk *walk, void *arg),
		     void *arg)
{
	struct pt_walk walk;
	u64 va;

	for (va = from; va < to; va += PAGE_SIZE)
		if (pt_walk(pt, (u32)va, &walk))
			fn(&walk, arg);
	return 0;
}

void flush_tlb_all(void)
{
	MUST(!host_locks_held);
	memset(stale, 0, sizeof(stale));
	flushes++;
}

static trap_handler_t fault_handler;
u32 host_cr2, host_cr3;
static u32 learnt;

trap_handler_t set_trap_handler(unsigned int vector, trap_handler_t handler)
{
	MUST(vector == TRAP_PAGE_FAULT);
	fault_handler = handler;
	return NULL;
}

bool pt_learn(u32 cr3, u32 addr)
{
	MUST(cr3 == 0x1000 && addr == host_cr2);
	learnt++;
	return true;
}

/* --- the machine --- */

static void say(const char *sentence)
{
	host_die("%s", sentence);
}

static void check(void)
{
	settle();
	MUST(!check_vmap_space(&vmalloc_space, &kernel_pgtable, say));
	host_boot_check();
}

static void start(u32 mb)
{
	host_boot_objects(mb, 1, 0);
	memory_layout.vmalloc_start = BASE;
	memory_layout.vmalloc_end = BASE + SPACE_PAGES * PAGE_SIZE;
	paging_mode = (struct paging_mode){
		.pse = true, .phys_limit = 1ULL << 32,
	};
	/* arrays of pages may stand there, and are used */
	MUST(mmap((void *)(uintptr_t)BASE, SPACE_PAGES * PAGE_SIZE,
		  PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) ==
	     (void *)(uintptr_t)BASE);
	vmalloc_init();
	check();
}

/* What is free when all that is kept has gone. */
static u32 all_free(void)
{
	vm_unmap_aliases();
	return host_shrunk();
}

/* --- the shadow of areas --- */

#define SLOTS 60

static struct slot {
	char *at;
	u32 pages;
	enum { VMALLOCED, VMAPPED, REMAPPED } what;
	struct page *page[40];
} slot[SLOTS];

static void judge(const struct slot *s, pteval_t prot)
{
	u32 va = (u32)(uintptr_t)s->at & PAGE_MASK, i;

	settle();
	for (i = 0; i < s->pages; i++, va += PAGE_SIZE) {
		pteval_t entry = *entry_of(va);

		/* entries of 4 bytes have no NX */
		MUST((entry & PTE_FLAGS_MASK) ==
		     (wide || s->what == REMAPPED ? prot : (u32)prot));
		if (s->what == REMAPPED)
			continue;
		MUST(vmalloc_to_page((void *)(uintptr_t)(va + 5)) ==
		     pfn_to_page((u32)(entry >> PAGE_SHIFT & 0xfffff)));
		MUST(page_count(vmalloc_to_page((void *)(uintptr_t)va)) == 1);
	}
	MUST(!*entry_of(va));
	MUST(is_vmalloc_addr(s->at));
}

static void take_slot(struct slot *s)
{
	u32 i;

	s->what = host_below(4) ? VMALLOCED : 1 + host_below(2);
	s->pages = 1 + host_below(host_below(6) ? 12 : 40);
	if (s->what == VMALLOCED) {
		static void *(*const call[])(u32) = {
			vmalloc, vzalloc, vmalloc_32,
		};

		s->at = call[host_below(3)](s->pages * PAGE_SIZE -
					    host_below(PAGE_SIZE));
		MUST(s->at);
		judge(s, PAGE_KERNEL);
	} else if (s->what == VMAPPED) {
		for (i = 0; i < s->pages; i++)
			MUST((s->page[i] = alloc_page(GFP_KERNEL)));
		s->at = vmap(s->page, s->pages, VM_MAP, PAGE_KERNEL_RO);
		MUST(s->at);
		judge(s, PAGE_KERNEL_RO);
	} else {
		u32 offset = host_below(PAGE_SIZE);
		u32 size = s->pages * PAGE_SIZE - offset;

		s->at = ioremap_nocache(0xfe000000U + offset, size);
		MUST(s->at && ((uintptr_t)s->at & 4095) == offset);
		judge(s, PAGE_KERNEL | _PAGE_PCD | _PAGE_PWT);
	}
}

static void give_slot(struct slot *s)
{
	u32 i;

	if (s->what == VMALLOCED)
		vfree(s->at);
	else if (s->what == REMAPPED)
		iounmap(s->at);
	else
		vunmap(s->at);
	if (s->what == VMAPPED)
		for (i = 0; i < s->pages; i++)
			__free_page(s->page[i]);
	s->at = NULL;
}

static int count_one(const struct vm_struct *vm, void *arg)
{
	++*(u32 *)arg;
	return 0;
}

static void random_steps(const void *arg)
{
	u32 steps = host_env("STEPS", 60000), before, step, i, live = 0, n;
	struct vmalloc_info info;

	wide = arg != NULL;
	start(32);
	before = all_free();
	for (step = 0; step < steps; step++) {
		struct slot *s = &slot[host_below(SLOTS)];

		if (s->at)
			give_slot(s);
		else
			take_slot(s);
		live = 0;
		for (i = 0; i < SLOTS; i++)
			live += slot[i].at != NULL;
		if (step % 1000)
			continue;
		check();
		n = 0;
		MUST(!vmap_for_each(count_one, &n) && n == live);
		vmalloc_info(&info);
		MUST(info.areas == live);
	}
	MUST(flushes > 20 && flushes < steps / 10);
	for (i = 0; i < SLOTS; i++)
		if (slot[i].at)
			give_slot(&slot[i]);
	MUST(all_free() == before);
	check();
	for (i = 0; i < SPACE_PAGES; i++)
		MUST(!entries[i]);
}

static void test_random(void **state)
{
	host_seed("vmalloc");
	host_in_child(random_steps, NULL, "random steps");
	host_in_child(random_steps, "wide", "random steps, wide entries");
}

/* --- failure --- */

static void fail_each(u32 size)
{
	u32 before = all_free(), n, failed = 0, most = size / PAGE_SIZE + 40;

	for (n = 1; n < most; n++) {
		void *p;

		page_alloc_fail_nth(n);
		p = __vmalloc(size, QUIET, PAGE_KERNEL);
		page_alloc_fail_nth(0);
		failed += !p;
		vfree(p);
		MUST(all_free() == before);
		check();
		if (p)
			break;
	}
	MUST(n < most && failed >= size / PAGE_SIZE);
}

static void each_fails(const void *arg)
{
	struct page *page;
	u32 before;

	start(32);
	fail_each(PAGE_SIZE);
	fail_each(30 * PAGE_SIZE);
	/* its page array is vmalloc'ed, too */
	fail_each(600 * PAGE_SIZE);
	before = all_free();
	tables_left = 0;
	memset(table_there, 0, sizeof(table_there));
	page = alloc_page(GFP_KERNEL);
	MUST(!vmalloc(3 * PAGE_SIZE));
	MUST(!vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	MUST(!ioremap(0x1000, PAGE_SIZE));
	/* the second of two tables */
	tables_left = 1;
	vm_unmap_aliases();
	MUST(get_vm_area(1020 * PAGE_SIZE, VM_MAP));
	MUST(!__vmalloc(10 * PAGE_SIZE, QUIET, PAGE_KERNEL));
	__free_page(page);
	vunmap((void *)(uintptr_t)BASE);
	check();
	MUST(all_free() == before);
	MUST(!host_warnings());
}

static void test_failure(void **state)
{
	host_in_child(each_fails, NULL, "each page fails");
}

/* The structure itself is not to be had. */
static void no_structure(const void *arg)
{
	static void *held[20000];
	struct page *page;
	u32 n = 0;

	start(16);
	page = alloc_page(GFP_KERNEL);
	while ((held[n] = kmalloc(128, GFP_KERNEL | __GFP_NOWARN)))
		n += n < 19999;
	MUST(!__vmalloc(1, QUIET, PAGE_KERNEL));
	MUST(!__vmalloc(700 * PAGE_SIZE, QUIET, PAGE_KERNEL));
	MUST(!vmap(&page, 1, VM_MAP, PAGE_KERNEL));
	MUST(!ioremap(0, 1) && !get_vm_area(1, VM_MAP));
	exit(0);
}

static void test_no_structure(void **state)
{
	host_in_child(no_structure, NULL, "no structure");
}

/* --- bad calls --- */

static void bad_calls(const void *arg)
{
	char *p, *q;

	start(16);
	p = vmalloc(2 * PAGE_SIZE);
	q = ioremap(0x1234, 8);
	MUST(p && q);
	host_reset();
	vfree(NULL);
	MUST(!host_warnings());
	vfree(p + 1);
	host_expect_warnings(1, "it is not the begin of a page");
	vfree(p + PAGE_SIZE);
	host_expect_warnings(1, "it is in the middle of an area");
	vfree((void *)(uintptr_t)(BASE + 100 * PAGE_SIZE));
	host_expect_warnings(1, "no area is there");
	vunmap(p);
	host_expect_warnings(1, "the area there is of another kind");
	vfree((void *)((uintptr_t)q & ~4095UL));
	host_expect_warnings(1, "the area there is of another kind");
	vfree(p);
	MUST(!host_warnings());
	vfree(p);
	host_expect_warnings(1, "it was freed before");
	iounmap(q);
	MUST(!vmalloc(0) && !vmalloc(~0U));
	host_expect_warnings(2, "are nothing, or more than there is");
	MUST(!__vmalloc(0, QUIET, PAGE_KERNEL));
	MUST(!get_vm_area(SPACE_PAGES * PAGE_SIZE, VM_MAP));
	host_expect_warnings(1, "no room for");
	MUST(get_vm_area((SPACE_PAGES - 1) * PAGE_SIZE, VM_MAP));
	MUST(!__vmalloc(1, QUIET, PAGE_KERNEL) && !host_warnings());
	MUST(!vmap(NULL, ~0U, VM_MAP, PAGE_KERNEL));
	MUST(!vmap(NULL, 1U << 20, VM_MAP, PAGE_KERNEL));
	host_expect_warnings(2, "are more than there are");
	MUST(!ioremap(0, 0) && !ioremap(0xffffffffULL, 2) &&
	     !ioremap(~0ULL, 2) && !ioremap(0, ~0U));
	host_expect_warnings(4, "nothing can be shown");
	vunmap((void *)(uintptr_t)BASE);
	check();
}

static void test_bad_calls(void **state)
{
	host_in_child(bad_calls, NULL, "bad calls");
}

/* --- the rest --- */

static int stop(const struct vm_struct *vm, void *arg)
{
	return 7;
}

static void others(const void *arg)
{
	struct pt_regs regs = { .error_code = 0 };
	char *p;

	start(16);
	p = ioremap(0x40000000, 8U << 20);
	MUST(p && IS_ALIGNED((uintptr_t)p, 4U << 20));
	MUST(large_there[((uintptr_t)p - BASE) >> 22]);
	MUST(vmalloc_to_pfn(p + 0x5123) == 0x40005);
	MUST(!vmalloc_to_page(p));
	MUST(vmap_for_each(stop, NULL) == 7);
	iounmap(p);
	paging_mode.pse = false;
	p = ioremap(0x40000000, 4U << 20);
	MUST(p && !large_there[((uintptr_t)p - BASE) >> 22]);
	iounmap(p);
	MUST(!vmalloc_to_page(p) && !vmalloc_to_pfn(&regs));
	MUST(!is_vmalloc_addr((void *)(uintptr_t)(BASE - 1)) &&
	     !is_vmalloc_addr((void *)(uintptr_t)vmalloc_space.end));
	/* faults: the kernel's, of what is not present, and in the space */
	host_cr3 = 0x1000;
	host_cr2 = BASE + 5;
	MUST(fault_handler(&regs) && learnt == 1);
	regs.error_code = PF_WRITE;
	MUST(fault_handler(&regs) && learnt == 2);
	regs.error_code = PF_PRESENT;
	MUST(!fault_handler(&regs));
	regs.error_code = PF_USER;
	MUST(!fault_handler(&regs));
	regs.error_code = 0;
	regs.cs = 3;
	MUST(!fault_handler(&regs));
	regs.cs = 0;
	host_cr2 = BASE - 1;
	MUST(!fault_handler(&regs) && learnt == 2);
	check();
}

static void test_others(void **state)
{
	host_in_child(others, NULL, "ioremap, faults");
}

/* --- a space of addresses against a map of pages --- */

#define MAP_PAGES 2048U
#define AREAS 300U

static struct vmap_space space;
static struct vmap_area *area[AREAS];
static u32 size_of[AREAS];
static u8 map[MAP_PAGES];		/* 0 free, 1 used, 2 lazy */
static u32 structures;

static void flush_map(void)
{
	u32 i;

	for (i = 0; i < MAP_PAGES; i++)
		if (map[i] == 2)
			map[i] = 0;
	flushes++;
}

static void free_structure(struct vmap_area *a)
{
	structures--;
	free(a);
}

static u32 lowest(u32 pages)
{
	u32 at, run = 0;

	for (at = 0; at < MAP_PAGES; at++) {
		run = map[at] ? 0 : run + 1;
		if (run == pages)
			return at + 1 - pages;
	}
	return MAP_PAGES;
}

static void insert_area(u32 i)
{
	u32 pages = 1 + host_below(host_below(10) ? 8 : 200), at, before;
	u32 align = host_below(8) ? 1 : 1U << host_below(9);
	struct vmap_area *a = malloc(sizeof(*a));
	int err;

	at = lowest(pages + 1);
	before = flushes;
	a->kind = 1;
	err = vmap_area_insert(&space, a, pages * PAGE_SIZE -
			       host_below(PAGE_SIZE), align * PAGE_SIZE);
	if (flushes != before)
		at = lowest(pages + 1);
	if (err) {
		MUST(err == -ENOSPC && !space.lazy);
		MUST(align > 1 || at == MAP_PAGES);
		free(a);
		return;
	}
	structures++;
	MUST(IS_ALIGNED(a->start, align * PAGE_SIZE));
	MUST(a->end - a->start == (pages + 1) * PAGE_SIZE);
	if (align == 1)
		MUST(a->start == BASE + at * PAGE_SIZE);
	at = (a->start - BASE) >> PAGE_SHIFT;
	MUST(at + pages < MAP_PAGES);
	for (pages++; pages--;)
		MUST(!map[at + pages]);
	size_of[i] = (a->end - a->start) >> PAGE_SHIFT;
	memset(map + at, 1, size_of[i]);
	area[i] = a;
}

static void remove_area(u32 i)
{
	struct vmap_area *a;
	const char *why;
	u32 start = area[i]->start;

	a = vmap_area_take(&space, start, 1, &why);
	MUST(a == area[i] && !why);
	area[i] = NULL;
	memset(map + ((start - BASE) >> PAGE_SHIFT), 2, size_of[i]);
	vmap_area_put(&space, a);
}

static void many_areas(const void *arg)
{
	u32 steps = host_env("STEPS", 1000000), step, i;

	host_reset();
	vmap_space_init(&space, BASE, BASE + MAP_PAGES * PAGE_SIZE, 256,
			flush_map, free_structure);
	for (step = 0; step < steps; step++) {
		i = host_below(step & 0x8000 ? AREAS : AREAS / 8);
		if (area[i])
			remove_area(i);
		else
			insert_area(i);
		if (step % 2000 == 0)
			MUST(!check_vmap_space(&space, NULL, say));
	}
	for (i = 0; i < AREAS; i++)
		if (area[i])
			remove_area(i);
	vmap_purge(&space);
	MUST(!structures && !space.tree.node && !space.highest);
	MUST(vmap_largest_gap(&space) == MAP_PAGES * PAGE_SIZE);
}

static void test_areas(void **state)
{
	host_seed("areas");
	host_in_child(many_areas, NULL, "many areas");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_areas),
		HOST_TEST(test_random),
		HOST_TEST(test_failure),
		HOST_TEST(test_no_structure),
		HOST_TEST(test_bad_calls),
		HOST_TEST(test_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
