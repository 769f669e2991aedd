/*
 * Red-black trees: the rules after every step, what elements keep about their
 * subtrees, and that the checker sees each rule broken.
 */
#include <kernel/lib/rbtree.h>
#include "ktest.h"

#define NODES 200U
#define STEPS 4000U

struct item {
	struct rb_node node;
	u32 key, weight;
	u32 heaviest;		/* of the subtree */
	bool inside;
};

static struct item items[NODES];
static struct rb_root root;
static u32 random_state;

static struct item *item_of(const struct rb_node *node)
{
	return rb_entry(node, struct item, node);
}

static u32 pick(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % n;
}

static u32 heaviest(const struct rb_node *node)
{
	u32 most = item_of(node)->weight;
	int side;

	for (side = RB_LEFT; side <= RB_RIGHT; side++)
		if (node->child[side])
			most = max(most, item_of(node->child[side])->heaviest);
	return most;
}

static bool fastcall update(struct rb_node *node)
{
	u32 old = item_of(node)->heaviest;

	item_of(node)->heaviest = heaviest(node);
	return item_of(node)->heaviest != old;
}

static void insert(struct item *item)
{
	struct rb_node *node = root.node, *parent = NULL;
	int side = RB_LEFT;

	while (node) {
		parent = node;
		side = item->key > item_of(node)->key;
		node = node->child[side];
	}
	item->heaviest = item->weight;
	rb_link(&root, &item->node, parent, side);
	rb_propagate(parent, update);
	rb_balance(&root, &item->node, update);
	item->inside = true;
}

static void erase(struct item *item)
{
	rb_erase(&root, &item->node, update);
	item->inside = false;
}

static void start(void)
{
	u32 i;

	memset(items, 0, sizeof(items));
	root.node = NULL;
	random_state = 1;
	for (i = 0; i < NODES; i++) {
		items[i].key = i;
		items[i].weight = pick(1000);
	}
}

/* As the array says, in both directions, with all that is kept. */
static bool tree_is_right(void)
{
	const struct rb_node *up = rb_first(&root), *down = rb_last(&root);
	u32 i;

	if (!EXPECT(!rb_check(&root)))
		return false;
	for (i = 0; i < NODES; i++)
		if (items[i].inside) {
			if (!EXPECT(up == &items[i].node) ||
			    !EXPECT_EQ(items[i].heaviest,
				       heaviest(&items[i].node)))
				return false;
			up = rb_next(up);
		}
	for (i = NODES; i-- > 0;)
		if (items[i].inside) {
			if (!EXPECT(down == &items[i].node))
				return false;
			down = rb_prev(down);
		}
	return EXPECT(!up && !down);
}

TEST(rbtree, ascending_descending)
{
	u32 i;

	start();
	EXPECT(!rb_first(&root) && !rb_last(&root) && !rb_check(&root));
	for (i = 0; i < NODES; i++)
		insert(&items[i]);
	REQUIRE(tree_is_right());
	for (i = 0; i < NODES; i++) {
		erase(&items[i]);
		REQUIRE(tree_is_right());
	}
	EXPECT(!root.node);
	for (i = NODES; i-- > 0;)
		insert(&items[i]);
	REQUIRE(tree_is_right());
	for (i = NODES; i-- > 0;)
		erase(&items[i]);
	EXPECT(!root.node);
}

TEST(rbtree, random_steps)
{
	u32 step;

	start();
	for (step = 0; step < STEPS; step++) {
		struct item *item = &items[pick(NODES)];

		if (!item->inside)
			insert(item);
		else if (pick(4))
			erase(item);
		if (pick(16) == 0)
			REQUIRE(tree_is_right());
		REQUIRE(!rb_check(&root));
	}
	REQUIRE(tree_is_right());
}

/* A node with two children, whose successor is its child, or is not. */
TEST(rbtree, each_node_of_small_trees)
{
	u32 n, out, i;

	for (n = 1; n <= 16; n++)
		for (out = 0; out < n; out++) {
			start();
			for (i = 0; i < n; i++)
				insert(&items[i]);
			erase(&items[out]);
			REQUIRE(tree_is_right());
		}
}

TEST(rbtree, propagates_weight)
{
	u32 i;

	start();
	for (i = 0; i < NODES; i++)
		insert(&items[i]);
	for (i = 0; i < NODES; i++) {
		items[i].weight = pick(2000);
		rb_propagate(&items[i].node, update);
	}
	REQUIRE(tree_is_right());
	EXPECT_EQ(item_of(root.node)->heaviest, heaviest(root.node));
}

TEST(rbtree, is_not_deep)
{
	u32 i, depth, deepest = 0;

	start();
	for (i = 0; i < NODES; i++)
		insert(&items[i]);
	for (i = 0; i < NODES; i++) {
		const struct rb_node *node = &items[i].node;

		for (depth = 0; node; depth++)
			node = rb_parent(node);
		deepest = max(deepest, depth);
	}
	EXPECT(deepest <= 15);		/* 2 * log2(201) */
}

static bool says(const char *text)
{
	return EXPECT_STREQ(rb_check(&root), text);
}

TEST(rbtree, checker_sees)
{
	struct rb_node *leaf, *inner, *old;
	u32 i;

	start();
	for (i = 0; i < 31; i++)
		insert(&items[i]);
	root.node->parent_black &= ~(uintptr_t)1;
	says("the root of a tree is red or has a parent");
	root.node->parent_black |= 1;
	leaf = rb_first(&root);
	leaf->parent_black ^= 1;
	EXPECT(rb_check(&root));
	leaf->parent_black ^= 1;
	inner = rb_parent(leaf);
	leaf->parent_black ^= (uintptr_t)inner ^ (uintptr_t)root.node;
	if (inner != root.node)
		says("a node's child has another parent");
	leaf->parent_black ^= (uintptr_t)inner ^ (uintptr_t)root.node;
	old = inner->child[RB_LEFT];
	leaf->parent_black |= 1;
	inner->child[RB_LEFT] = NULL;
	says("two ways down differ in black nodes");
	inner->child[RB_LEFT] = old;
}
