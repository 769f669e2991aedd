/*
 * The walker and the writer on private trees of both formats, which no CPU
 * loads: two-level and PAE are tested on every machine. Tables come from a
 * small pool, so that running out can be tried at every step.
 */
#include <kernel/cpu/cpuid.h>
#include <kernel/lib/errno.h>
#include <mm/table/paging.h>
#include <mm/table/pgtable.h>
#include "ktest.h"

#define POOL_PAGES 12

static u8 pool[POOL_PAGES][PAGE_SIZE] __aligned(PAGE_SIZE);
static unsigned int pool_used, pool_limit;
static u8 root[PAGE_SIZE] __aligned(PAGE_SIZE);
static phys_addr_t (*saved_alloc)(void);
static pteval_t saved_mask;

static phys_addr_t table_from_pool(void)
{
	if (pool_used >= pool_limit)
		return 0;
	memset(pool[pool_used], 0, PAGE_SIZE);
	return __pa(pool[pool_used++]);
}

/* An empty tree; its tables come from the pool until stop(). */
static void start(struct pgtable *pt, int levels, unsigned int limit)
{
	memset(root, 0, sizeof(root));
	*pt = (struct pgtable){ .name = "test", .root = root,
				.levels = levels };
	pool_used = 0;
	pool_limit = limit;
	saved_alloc = pt_alloc_table;
	saved_mask = supported_pte_mask;
	pt_alloc_table = table_from_pool;
	/* 64-bit entries can hold NX whatever the CPU says of it */
	supported_pte_mask = ~(levels == 3 ? 0 : _PAGE_NX);
}

static void stop(void)
{
	pt_alloc_table = saved_alloc;
	supported_pte_mask = saved_mask;
}

static bool can_do(int levels)
{
	if (levels == 2 || cpu_has(X86_FEATURE_CX8))
		return true;
	test_skip("no CMPXCHG8B on this CPU: PAE entries not tried");
	return false;
}

#define BOTH_FORMATS(fn)						\
	TEST(pgtable, two_level_##fn) { fn(2); }			\
	TEST(pgtable, pae_##fn) { if (can_do(3)) fn(3); }

static void expect_page(struct pgtable *pt, u32 va, u64 pa, int level)
{
	struct pt_walk walk;

	EXPECT_EQ(pt_walk(pt, va, &walk), level);
	if (level)
		EXPECT_EQ(walk.phys, pa);
}

static void maps_small_pages(int levels)
{
	u64 high = levels == 3 ? 0x100000000ULL : 0;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	EXPECT_EQ(pt_map(&pt, 0x40003000, 0x5000 + high, 3 * PAGE_SIZE,
			 PAGE_KERNEL, false), 0);
	expect_page(&pt, 0x40002fff, 0, 0);
	expect_page(&pt, 0x40003000, 0x5000 + high, 1);
	expect_page(&pt, 0x40004abc, 0x6abc + high, 1);
	expect_page(&pt, 0x40005fff, 0x7fff + high, 1);
	expect_page(&pt, 0x40006000, 0, 0);
	EXPECT_EQ(pool_used, levels - 1);
	stop();
}

BOTH_FORMATS(maps_small_pages)

/* [small tail][ large ][small head]: the middle alone is aligned. */
static void mixes_large_and_small(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	EXPECT_EQ(pt_map(&pt, span - PAGE_SIZE, span - PAGE_SIZE,
			 span + 2 * PAGE_SIZE, PAGE_KERNEL, true), 0);
	expect_page(&pt, span - PAGE_SIZE, span - PAGE_SIZE, 1);
	expect_page(&pt, span, span, 2);
	expect_page(&pt, 2 * span - 1, 2 * span - 1, 2);
	expect_page(&pt, 2 * span, 2 * span, 1);
	expect_page(&pt, 2 * span + PAGE_SIZE, 0, 0);
	stop();
}

BOTH_FORMATS(mixes_large_and_small)

/* An emptied table stays: small pages go in where a large one would fit. */
static void large_over_an_empty_table(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, span, span, PAGE_SIZE, PAGE_KERNEL, false);
	pt_unmap(&pt, span, PAGE_SIZE);
	EXPECT_EQ(pt_map(&pt, span, span, span, PAGE_KERNEL, true), 0);
	expect_page(&pt, span, span, 1);
	expect_page(&pt, 2 * span - 1, 2 * span - 1, 1);
	stop();
}

BOTH_FORMATS(large_over_an_empty_table)

static void refuses_other_frames(int levels)
{
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	EXPECT_EQ(pt_map(&pt, 0x1000, 0x5000, PAGE_SIZE, PAGE_KERNEL, false),
		  0);
	EXPECT_EQ(pt_map(&pt, 0x1000, 0x6000, PAGE_SIZE, PAGE_KERNEL, false),
		  -EEXIST);
	expect_page(&pt, 0x1000, 0x5000, 1);
	/* the same frame with another protection is a change, not a clash */
	EXPECT_EQ(pt_map(&pt, 0x1000, 0x5000, PAGE_SIZE, PAGE_KERNEL_RO,
			 false), 0);
	EXPECT_EQ(pt_set_large(&pt, 0x800000, 0x800000, PAGE_KERNEL), 0);
	EXPECT_EQ(pt_map(&pt, 0x801000, 0x1000, PAGE_SIZE, PAGE_KERNEL,
			 false), -EEXIST);
	stop();
}

BOTH_FORMATS(refuses_other_frames)

static void rights_are_anded(int levels)
{
	struct pt_walk walk;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0x1000, 0x1000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_map(&pt, 0x2000, 0x2000, PAGE_SIZE, PAGE_KERNEL_ROX, false);
	pt_map(&pt, 0x3000, 0x3000, PAGE_SIZE, PAGE_KERNEL | _PAGE_USER,
	       false);
	pt_walk(&pt, 0x1000, &walk);
	EXPECT(walk.writable && !walk.user);
	EXPECT_EQ(walk.executable, levels == 2);
	pt_walk(&pt, 0x2000, &walk);
	EXPECT(!walk.writable && !walk.user && walk.executable);
	pt_walk(&pt, 0x3000, &walk);
	EXPECT(walk.writable && walk.user);
	stop();
}

BOTH_FORMATS(rights_are_anded)

static void splits_on_unmap(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0, 0, 2 * span, PAGE_KERNEL, true);
	EXPECT_EQ(pt_unmap(&pt, span - PAGE_SIZE, 2 * PAGE_SIZE), 0);
	expect_page(&pt, 0, 0, 1);
	expect_page(&pt, span - PAGE_SIZE - 1, span - PAGE_SIZE - 1, 1);
	expect_page(&pt, span - PAGE_SIZE, 0, 0);
	expect_page(&pt, span, 0, 0);
	expect_page(&pt, span + PAGE_SIZE, span + PAGE_SIZE, 1);
	EXPECT_EQ(pt_unmap(&pt, 0, 2 * span), 0);
	expect_page(&pt, 0, 0, 0);
	expect_page(&pt, 2 * span - 1, 0, 0);
	stop();
}

BOTH_FORMATS(splits_on_unmap)

static void whole_large_pages_are_not_split(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct pt_walk walk;
	struct pgtable pt;
	unsigned int tables;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0, 0, 2 * span, PAGE_KERNEL, true);
	tables = pool_used;
	EXPECT_EQ(pt_protect(&pt, span, span, PAGE_KERNEL_RO), 0);
	EXPECT_EQ(pool_used, tables);
	EXPECT_EQ(pt_walk(&pt, span, &walk), 2);
	EXPECT(!walk.writable);
	EXPECT_EQ(pt_unmap(&pt, 0, span), 0);
	EXPECT_EQ(pool_used, tables);
	expect_page(&pt, 0, 0, 0);
	expect_page(&pt, span, span, 2);
	stop();
}

BOTH_FORMATS(whole_large_pages_are_not_split)

static void protect_splits_and_keeps_frames(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct pt_walk walk;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, span, 3 * span, span, PAGE_KERNEL, true);
	EXPECT_EQ(pt_protect(&pt, span + 5 * PAGE_SIZE, PAGE_SIZE,
			     PAGE_KERNEL_ROX), 0);
	pt_walk(&pt, span + 5 * PAGE_SIZE, &walk);
	EXPECT_EQ(walk.phys, 3 * span + 5 * PAGE_SIZE);
	EXPECT(!walk.writable && walk.executable);
	pt_walk(&pt, span + 6 * PAGE_SIZE, &walk);
	EXPECT_EQ(walk.phys, 3 * span + 6 * PAGE_SIZE);
	EXPECT(walk.writable);
	EXPECT_EQ(walk.executable, levels == 2);
	stop();
}

BOTH_FORMATS(protect_splits_and_keeps_frames)

/* With n tables to be had, for n = 0, 1, ...: -ENOMEM until it works. */
static void out_of_tables_at_every_step(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct pgtable pt;
	unsigned int n;

	for (n = 0; ; n++) {
		int err;

		start(&pt, levels, n);
		err = pt_map(&pt, span - PAGE_SIZE, 0, 2 * PAGE_SIZE,
			     PAGE_KERNEL, false);
		stop();
		if (!err)
			break;
		EXPECT_EQ(err, -ENOMEM);
		expect_page(&pt, span, 0, 0);
		REQUIRE(n < POOL_PAGES);
	}
	/* one table for each side of the border, and PAE's level 2 */
	EXPECT_EQ(n, levels == 3 ? 3 : 2);
	expect_page(&pt, span - PAGE_SIZE, 0, 1);
	expect_page(&pt, span, PAGE_SIZE, 1);
}

BOTH_FORMATS(out_of_tables_at_every_step)

static void split_without_a_table(int levels)
{
	struct pgtable pt;

	start(&pt, levels, levels - 2);
	EXPECT_EQ(pt_set_large(&pt, 0, 0, PAGE_KERNEL), 0);
	EXPECT_EQ(pt_unmap(&pt, 0x1000, PAGE_SIZE), -ENOMEM);
	expect_page(&pt, 0x1000, 0x1000, 2);
	stop();
}

BOTH_FORMATS(split_without_a_table)

static void drop_root_leaves_the_rest(int levels)
{
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0x1000, 0x1000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_map(&pt, 0xbffff000, 0x2000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_map(&pt, 0xc0000000, 0x3000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_drop_root(&pt, PAGE_OFFSET);
	expect_page(&pt, 0x1000, 0, 0);
	expect_page(&pt, 0xbffff000, 0, 0);
	expect_page(&pt, 0xc0000000, 0x3000, 1);
	stop();
}

BOTH_FORMATS(drop_root_leaves_the_rest)

static void copied_root_shows_the_same(int levels)
{
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0xc0005000, 0x3000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_copy_root(&pt, 0, 0xc0000000);
	expect_page(&pt, 0x5000, 0x3000, 1);
	/* one table: what changes here changes there */
	pt_unmap(&pt, 0x5000, PAGE_SIZE);
	expect_page(&pt, 0xc0005000, 0, 0);
	stop();
}

BOTH_FORMATS(copied_root_shows_the_same)

static void census_sees_every_change(int levels)
{
	struct pt_census empty, one, moved;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0, 0, 4 * PAGE_SIZE, PAGE_KERNEL, false);
	pt_unmap(&pt, 0, 4 * PAGE_SIZE);
	pt_take_census(&pt, &empty);
	EXPECT_EQ(empty.leaves, 0);
	pt_map(&pt, 0x1000, 0x5000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_take_census(&pt, &one);
	EXPECT_EQ(one.leaves, 1);
	EXPECT_EQ(one.entries[0], 1);
	pt_unmap(&pt, 0x1000, PAGE_SIZE);
	pt_map(&pt, 0x2000, 0x5000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_take_census(&pt, &moved);
	EXPECT_EQ(moved.leaves, 1);
	EXPECT(moved.sum != one.sum);
	stop();
}

BOTH_FORMATS(census_sees_every_change)

static void last_page_of_the_address_space(int levels)
{
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	EXPECT_EQ(pt_map(&pt, 0xfffff000, 0x7000, PAGE_SIZE, PAGE_KERNEL,
			 true), 0);
	expect_page(&pt, 0xffffffff, 0x7fff, 1);
	EXPECT_EQ(pt_unmap(&pt, 0xfffff000, PAGE_SIZE), 0);
	expect_page(&pt, 0xfffff000, 0, 0);
	stop();
}

BOTH_FORMATS(last_page_of_the_address_space)

struct leaf_list {
	unsigned int n;
	u32 last;
	bool ascending;
};

static int list_leaf(const struct pt_walk *walk, void *arg)
{
	struct leaf_list *list = arg;

	list->ascending &= !list->n || walk->addr > list->last;
	list->last = walk->addr;
	return ++list->n == 100;	/* a stop that a runaway would hit */
}

static void for_each_finds_every_leaf(int levels)
{
	u32 span = levels == 3 ? 2U << 20 : 4U << 20;
	struct leaf_list list = { .ascending = true };
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	pt_map(&pt, 0, 0x1000, PAGE_SIZE, PAGE_KERNEL, false);
	pt_map(&pt, 8 * span, 0, span, PAGE_KERNEL, true);
	pt_map(&pt, 0xfffff000, 0x7000, PAGE_SIZE, PAGE_KERNEL, false);
	EXPECT_EQ(pt_for_each_leaf(&pt, 0, ~0U, list_leaf, &list), 0);
	EXPECT_EQ(list.n, 3);
	EXPECT(list.ascending);
	EXPECT_EQ(list.last, 0xfffff000);
	stop();
}

BOTH_FORMATS(for_each_finds_every_leaf)

/* An entry that points where no table can be ends the walk, not the kernel. */
static void wild_entries_end_the_walk(int levels)
{
	struct pt_walk walk;
	struct pgtable pt;

	start(&pt, levels, POOL_PAGES);
	EXPECT_EQ(pt_set_table(&pt, 0, 0xfffff000), 0);
	EXPECT_EQ(pt_walk(&pt, 0x1234, &walk), 0);
	EXPECT_EQ(walk.nr_steps, levels - 1);
	stop();
}

BOTH_FORMATS(wild_entries_end_the_walk)

#define WORLD_PAGES 2048U	/* 8 MB: several level-2 entries */
#define THRASH_STEPS test_rounds(600)

struct shadow {
	bool mapped, writable;
};

static struct shadow shadow[WORLD_PAGES];

static u32 next_random(u32 *x)
{
	*x = *x * 1664525 + 1013904223;
	return *x >> 8;
}

static void shadow_set(u32 first, u32 n, struct shadow value, bool only_mapped)
{
	for (; n; n--, first++)
		if (!only_mapped || shadow[first].mapped)
			shadow[first] = value;
}

static unsigned int compare_world(struct pgtable *pt)
{
	unsigned int i, wrong = 0;
	struct pt_walk walk;

	for (i = 0; i < WORLD_PAGES; i++) {
		u32 va = i << PAGE_SHIFT;
		bool mapped = pt_walk(pt, va, &walk);

		wrong += mapped != shadow[i].mapped ||
			 (mapped && (walk.phys != va ||
				     walk.writable != shadow[i].writable));
	}
	return wrong;
}

static void thrash_step(struct pgtable *pt, u32 *seed)
{
	u32 first = next_random(seed) % WORLD_PAGES;
	u32 n = 1 + next_random(seed) % (WORLD_PAGES - first);
	u32 va = first << PAGE_SHIFT, size = n << PAGE_SHIFT;
	struct shadow value = { true, next_random(seed) & 1 };
	pteval_t prot = value.writable ? PAGE_KERNEL : PAGE_KERNEL_RO;

	switch (next_random(seed) % 3) {
	case 0:
		/* a large page over a table is refused: map small then */
		if (pt_unmap(pt, va, size) ||
		    pt_map(pt, va, va, size, prot, false))
			return;
		shadow_set(first, n, value, false);
		break;
	case 1:
		EXPECT_EQ(pt_unmap(pt, va, size), 0);
		shadow_set(first, n, (struct shadow){ 0 }, false);
		break;
	case 2:
		EXPECT_EQ(pt_protect(pt, va, size, prot), 0);
		shadow_set(first, n, value, true);
		break;
	}
}

static void random_changes_against_a_shadow(int levels)
{
	struct pgtable pt;
	u32 seed = 12345;
	u32 i;

	start(&pt, levels, POOL_PAGES);
	memset(shadow, 0, sizeof(shadow));
	EXPECT_EQ(pt_map(&pt, 0, 0, WORLD_PAGES << PAGE_SHIFT, PAGE_KERNEL,
			 true), 0);
	shadow_set(0, WORLD_PAGES, (struct shadow){ true, true }, false);
	for (i = 0; i < THRASH_STEPS; i++) {
		thrash_step(&pt, &seed);
		if (i % 50 == 0 &&
		    !test_expect_eq(compare_world(&pt), 0,
				    TEST_SITE_("seed 12345: tree == shadow")))
			break;
	}
	EXPECT_EQ(compare_world(&pt), 0);
	stop();
}

BOTH_FORMATS(random_changes_against_a_shadow)
