/*
 * Radix trees, and the nodes kept back for them. tests/host has the same with
 * more steps, and looks at each node.
 */
#include <kernel/lib/radix_tree.h>
#include <mm/cache/radix_nodes.h>
#include <mm/object/kmalloc.h>
#include "threads.h"

#define WINDOW 512U
#define STEPS 20000U

static u32 nodes, gets_left;

static struct radix_tree_node *get_node(void)
{
	struct radix_tree_node *node = NULL;

	if (gets_left)
		node = kzalloc(sizeof(*node), GFP_KERNEL);
	if (!node)
		return NULL;
	gets_left--;
	nodes++;
	return node;
}

static void put_node(struct radix_tree_node *node)
{
	nodes--;
	kfree(node);
}

static const struct radix_tree_memory memory = {
	.get = get_node, .put = put_node,
};

static struct radix_tree_root tree;

static void start(void)
{
	tree = (struct radix_tree_root)RADIX_TREE_INIT(&memory);
	nodes = 0;
	gets_left = ~0U;
}

/* Never read: a number that says which one it is. */
static void *item(u32 index)
{
	return (void *)(index | 1);
}

static bool insert(u32 index)
{
	return EXPECT_EQ(radix_tree_insert(&tree, index, item(index)), 0);
}

static bool is_empty(void)
{
	return EXPECT(!tree.rnode) & EXPECT_EQ(tree.height, 0) &
	       EXPECT_EQ(nodes, 0);
}

TEST(radix_tree, neighbours_are_absent)
{
	static const u32 at[] = {
		1, 64, 4097, 1U << 30, 1U << 31, 0xffff0000, 0xfffffffe,
	};
	u32 i;

	start();
	for (i = 0; i < ARRAY_SIZE(at); i++)
		insert(at[i]);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		EXPECT(radix_tree_lookup(&tree, at[i]) == item(at[i]));
		EXPECT(!radix_tree_lookup(&tree, at[i] - 1));
		EXPECT(!radix_tree_lookup(&tree, at[i] + 1));
		EXPECT_EQ(radix_tree_insert(&tree, at[i], item(0)), -EEXIST);
	}
	for (i = ARRAY_SIZE(at); i--;)
		EXPECT(radix_tree_delete(&tree, at[i]) == item(at[i]));
	is_empty();
}

TEST(radix_tree, height_is_least)
{
	static const struct {
		u32 index, height;
	} steps[] = {
		{ 0, 1 }, { 63, 1 }, { 64, 2 }, { 4095, 2 }, { 4096, 3 },
		{ 1U << 18, 4 }, { 1U << 24, 5 }, { 1U << 30, 6 },
		{ 0xffffffff, 6 },
	};
	u32 i;

	start();
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		insert(steps[i].index);
		EXPECT_EQ(tree.height, steps[i].height);
	}
	while (i--) {
		EXPECT_EQ(tree.height, steps[i].height);
		radix_tree_delete(&tree, steps[i].index);
	}
	is_empty();
}

TEST(radix_tree, tag_survives_other_heights)
{
	void *found[2];

	start();
	insert(43);
	radix_tree_tag_set(&tree, 43, 1);
	insert(1000000);
	EXPECT(radix_tree_tagged(&tree, 1));
	EXPECT(!radix_tree_tagged(&tree, 0));
	EXPECT(radix_tree_tag_get(&tree, 43, 1));
	EXPECT_EQ(radix_tree_gang_lookup_tag(&tree, found, 0, 2, 1), 1);
	EXPECT(found[0] == item(43));
	radix_tree_delete(&tree, 1000000);
	EXPECT_EQ(tree.height, 1);
	EXPECT(radix_tree_tag_get(&tree, 43, 1));
	radix_tree_tag_clear(&tree, 43, 1);
	EXPECT(!radix_tree_tagged(&tree, 1));
	radix_tree_delete(&tree, 43);
	is_empty();
}

TEST(radix_tree, gangs_over_gaps)
{
	static const u32 at[] = {
		3, 4, 200, 5000, 1U << 20, (1U << 30) - 1, 1U << 30,
		0xfffffffe, 0xffffffff,
	};
	void *found[16];
	u32 i, k, n;

	start();
	for (i = 0; i < ARRAY_SIZE(at); i++)
		insert(at[i]);
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		n = radix_tree_gang_lookup(&tree, found, at[i], 16);
		EXPECT_EQ(n, ARRAY_SIZE(at) - i);
		for (k = 0; k < n; k++)
			EXPECT(found[k] == item(at[i + k]));
		EXPECT_EQ(radix_tree_gang_lookup(&tree, found, at[i], 1), 1);
	}
	for (i = 0; i < ARRAY_SIZE(at); i++)
		radix_tree_delete(&tree, at[i]);
	is_empty();
}

/* Into a tree of height 1 at the largest index takes the most. */
TEST(radix_tree, failure_changes_nothing)
{
	u32 n;

	start();
	insert(0);
	for (n = 0; n < RADIX_TREE_MAX_INSERT; n++) {
		gets_left = n;
		EXPECT_EQ(radix_tree_insert(&tree, ~0U, item(~0U)), -ENOMEM);
		EXPECT_EQ(nodes, 1);
		EXPECT_EQ(tree.height, 1);
	}
	gets_left = n;
	insert(~0U);
	EXPECT_EQ(gets_left, 0);
	radix_tree_delete(&tree, ~0U);
	radix_tree_delete(&tree, 0);
	is_empty();
}

/* Bit 0: there; 1 and 2: its tags. */
static u8 shadow[WINDOW];

static bool same(u32 base, u32 i)
{
	bool there = shadow[i] & 1;

	return radix_tree_lookup(&tree, base + i) ==
		       (there ? item(base + i) : NULL) &&
	       radix_tree_tag_get(&tree, base + i, 0) == !!(shadow[i] & 2) &&
	       radix_tree_tag_get(&tree, base + i, 1) == !!(shadow[i] & 4);
}

static void one_step(u32 *seed, u32 base)
{
	u32 i = random_below(seed, WINDOW), tag = random_below(seed, 2);

	switch (random_below(seed, 4)) {
	case 0:
		radix_tree_insert(&tree, base + i, item(base + i));
		shadow[i] |= 1;
		break;
	case 1:
		radix_tree_delete(&tree, base + i);
		shadow[i] = 0;
		break;
	case 2:
		if (radix_tree_tag_set(&tree, base + i, tag))
			shadow[i] |= 2U << tag;
		break;
	default:
		if (radix_tree_tag_clear(&tree, base + i, tag))
			shadow[i] &= (u8)~(2U << tag);
	}
}

TEST(radix_tree, thrash)
{
	u32 seed = 20261128, base = (1U << 30) - WINDOW / 2, step, i;
	bool ok = true;

	start();
	memset(shadow, 0, sizeof(shadow));
	for (step = 0; step < STEPS; step++) {
		one_step(&seed, base);
		ok &= same(base, random_below(&seed, WINDOW));
	}
	for (i = 0; i < WINDOW; i++) {
		ok &= same(base, i);
		radix_tree_delete(&tree, base + i);
	}
	EXPECT(ok);
	is_empty();
}

/* --- the nodes of a CPU --- */

/* Nothing is allocated between preload and its end, whatever is inserted. */
TEST(radix_tree, preloaded_insertion_lacks_nothing)
{
	struct radix_tree_root root = RADIX_TREE_INIT(&page_tree_memory);
	u32 flags;

	radix_nodes_drain();
	REQUIRE(!radix_tree_preload(GFP_KERNEL));
	EXPECT(in_atomic());
	flags = local_irq_save();
	EXPECT_EQ(radix_tree_insert(&root, 0, item(0)), 0);
	local_irq_restore(flags);
	radix_tree_preload_end();
	EXPECT(!in_atomic());
	REQUIRE(!radix_tree_preload(GFP_KERNEL));
	flags = local_irq_save();
	EXPECT_EQ(radix_tree_insert(&root, ~0U, item(~0U)), 0);
	radix_tree_delete(&root, 0);
	radix_tree_delete(&root, ~0U);
	local_irq_restore(flags);
	radix_tree_preload_end();
	EXPECT_EQ(radix_nodes_drain(), RADIX_TREE_MAX_INSERT);
	EXPECT_EQ(radix_nodes_drain(), 0);
}

/* Without it there is no node. */
TEST(radix_tree, nodes_come_from_the_preload_only)
{
	struct radix_tree_root root = RADIX_TREE_INIT(&page_tree_memory);
	u32 flags;

	radix_nodes_drain();
	flags = local_irq_save();
	EXPECT_EQ(radix_tree_insert(&root, 0, item(0)), -ENOMEM);
	local_irq_restore(flags);
	EXPECT(!root.rnode);
}
