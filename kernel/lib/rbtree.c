/*
 * Red-black trees.
 *
 * 1. The rules. Every node is red or black; the root is black, and an empty
 *    place counts as black. A red node has no red child. Every way from a node
 *    down to an empty place has the same number of black nodes. So no way is
 *    more than twice as long as another.
 *
 * 2. Inserting. The new node is red: only "no red child" can be broken, at its
 *    parent. A red uncle: both become black, the grandparent red, and the
 *    question moves up. A black uncle: one or two rotations end it.
 *
 * 3. Erasing. A node with two children is replaced by its successor, which has
 *    no left one; so what is taken out of the tree has one child at most. If it
 *    was black, the ways through its place lack one black node. A rotation
 *    brings one over from the other side, or that side gives one up, too, and
 *    the question moves up.
 *
 * 4. The two sides are the same but for left and right: child[side] and
 *    child[!side].
 *
 * 5. What elements keep (update) depends on their children alone. A rotation
 *    changes those of two nodes, the lower one first. Elsewhere it is
 *    recomputed on the way up until nothing changes.
 */
#include <kernel/lib/rbtree.h>

static bool is_black(const struct rb_node *node)
{
	return !node || node->parent_black & 1;
}

static void set_black(struct rb_node *node)
{
	node->parent_black |= 1;
}

static void set_red(struct rb_node *node)
{
	node->parent_black &= ~(uintptr_t)1;
}

static void set_parent(struct rb_node *node, struct rb_node *parent)
{
	node->parent_black = (uintptr_t)parent | (node->parent_black & 1);
}

/* Where old hangs, now hangs new (which may be NULL). */
static void replace(struct rb_root *root, struct rb_node *old,
		    struct rb_node *new)
{
	struct rb_node *parent = rb_parent(old);

	if (!parent)
		root->node = new;
	else
		parent->child[parent->child[RB_RIGHT] == old] = new;
	if (new)
		set_parent(new, parent);
}

/* node moves down to the side; its child on the other side takes its place. */
static void rotate(struct rb_root *root, struct rb_node *node, int side,
		   rb_update_t update)
{
	struct rb_node *up = node->child[!side];

	replace(root, node, up);
	node->child[!side] = up->child[side];
	if (up->child[side])
		set_parent(up->child[side], node);
	up->child[side] = node;
	set_parent(node, up);
	if (update) {
		update(node);
		update(up);
	}
}

void fastcall rb_propagate(struct rb_node *node, rb_update_t update)
{
	while (node && update(node))
		node = rb_parent(node);
}

void fastcall rb_balance(struct rb_root *root, struct rb_node *node,
			 rb_update_t update)
{
	struct rb_node *parent, *grand, *uncle;

	while (!is_black(parent = rb_parent(node))) {
		int side;

		grand = rb_parent(parent);
		side = grand->child[RB_RIGHT] == parent;
		uncle = grand->child[!side];
		if (!is_black(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(grand);
			node = grand;
			continue;
		}
		if (node == parent->child[!side]) {
			rotate(root, parent, side, update);
			parent = node;
		}
		set_black(parent);
		set_red(grand);
		rotate(root, grand, !side, update);
		break;
	}
	set_black(root->node);
}

/*
 * The ways through parent->child[side] lack one black node. One round; returns
 * the parent if the ways through that lack one now.
 */
static struct rb_node *lend_black(struct rb_root *root, struct rb_node *parent,
				  int side, rb_update_t update)
{
	struct rb_node *sibling = parent->child[!side];

	if (!is_black(sibling)) {
		set_black(sibling);
		set_red(parent);
		rotate(root, parent, side, update);
		sibling = parent->child[!side];
	}
	if (is_black(sibling->child[side]) && is_black(sibling->child[!side])) {
		set_red(sibling);
		return parent;
	}
	if (is_black(sibling->child[!side])) {
		set_black(sibling->child[side]);
		set_red(sibling);
		rotate(root, sibling, !side, update);
		sibling = parent->child[!side];
	}
	if (!is_black(parent))
		set_red(sibling);
	set_black(parent);
	set_black(sibling->child[!side]);
	rotate(root, parent, side, update);
	return NULL;
}

/* node (maybe an empty place) below parent lacks a black one. */
static void restore_black(struct rb_root *root, struct rb_node *node,
			  struct rb_node *parent, rb_update_t update)
{
	while (parent && is_black(node)) {
		node = lend_black(root, parent,
				  parent->child[RB_RIGHT] == node, update);
		if (!node)
			return;
		parent = rb_parent(node);
	}
	if (node)
		set_black(node);
}

/* From node up, until nothing changes; not before moved was seen, which has
 * another place now. */
static void refresh(struct rb_node *node, const struct rb_node *moved,
		    rb_update_t update)
{
	bool may_end = !moved;

	for (; node; node = rb_parent(node)) {
		if (!update(node) && may_end)
			return;
		may_end |= node == moved;
	}
}

/* The successor of a node with two children takes its place and its colour. */
static void put_in_place(struct rb_root *root, struct rb_node *node,
			 struct rb_node *next)
{
	struct rb_node *child = next->child[RB_RIGHT];

	if (next != node->child[RB_RIGHT]) {
		struct rb_node *parent = rb_parent(next);

		parent->child[RB_LEFT] = child;
		if (child)
			set_parent(child, parent);
		next->child[RB_RIGHT] = node->child[RB_RIGHT];
		set_parent(next->child[RB_RIGHT], next);
	}
	next->child[RB_LEFT] = node->child[RB_LEFT];
	set_parent(next->child[RB_LEFT], next);
	replace(root, node, next);
	set_red(next);
	if (is_black(node))
		set_black(next);
}

void fastcall rb_erase(struct rb_root *root, struct rb_node *node,
		       rb_update_t update)
{
	struct rb_node *child, *parent, *next = NULL;
	bool lacks_black;

	if (node->child[RB_LEFT] && node->child[RB_RIGHT]) {
		next = rb_next(node);
		child = next->child[RB_RIGHT];
		parent = rb_parent(next) == node ? next : rb_parent(next);
		lacks_black = is_black(next);
		put_in_place(root, node, next);
	} else {
		child = node->child[!node->child[RB_LEFT]];
		parent = rb_parent(node);
		lacks_black = is_black(node);
		replace(root, node, child);
	}
	if (update)
		refresh(parent, next, update);
	if (lacks_black)
		restore_black(root, child, parent, update);
}

static __always_inline struct rb_node *outermost(struct rb_node *node, int side)
{
	while (node && node->child[side])
		node = node->child[side];
	return node;
}

struct rb_node *rb_first(const struct rb_root *root)
{
	return outermost(root->node, RB_LEFT);
}

struct rb_node *rb_last(const struct rb_root *root)
{
	return outermost(root->node, RB_RIGHT);
}

static __always_inline struct rb_node *
neighbour(const struct rb_node *node, int side)
{
	const struct rb_node *parent;

	if (node->child[side])
		return outermost(node->child[side], !side);
	while ((parent = rb_parent(node)) && parent->child[side] == node)
		node = parent;
	return rb_parent(node);
}

struct rb_node *fastcall rb_next(const struct rb_node *node)
{
	return neighbour(node, RB_RIGHT);
}

struct rb_node *fastcall rb_prev(const struct rb_node *node)
{
	return neighbour(node, RB_LEFT);
}

#define RB_DEEPEST 64	/* derived: twice the bits of the largest count */

/* Black nodes on every way down from node; 0, and *wrong: not sound. */
static unsigned int black_height(const struct rb_node *node,
				 unsigned int depth, const char **wrong)
{
	unsigned int height[2];
	int side;

	if (!node)
		return 1;
	if (depth > RB_DEEPEST) {
		*wrong = "a tree is deeper than any sound one";
		return 0;
	}
	for (side = RB_LEFT; side <= RB_RIGHT; side++) {
		const struct rb_node *child = node->child[side];

		if (child && rb_parent(child) != node)
			*wrong = "a node's child has another parent";
		else if (!is_black(node) && !is_black(child))
			*wrong = "a red node has a red child";
		else
			height[side] = black_height(child, depth + 1, wrong);
		if (*wrong)
			return 0;
	}
	if (height[RB_LEFT] != height[RB_RIGHT])
		*wrong = "two ways down differ in black nodes";
	return height[RB_LEFT] + is_black(node);
}

const char *rb_check(const struct rb_root *root)
{
	const char *wrong = NULL;

	if (!root->node)
		return NULL;
	if (!is_black(root->node) || rb_parent(root->node))
		return "the root of a tree is red or has a parent";
	black_height(root->node, 0, &wrong);
	return wrong;
}
