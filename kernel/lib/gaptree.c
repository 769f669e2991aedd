/*
 * Finding the lowest gap. Down from the root: left if the left subtree has a
 * gap that is large enough, else here, else right. From an element on: into its
 * right subtree, else up to the first one that was gone left of.
 *
 * Cost: 2 * log2(elements) steps.
 */
#include <kernel/lib/gaptree.h>

static struct gap_node *gap_entry(struct rb_node *node)
{
	return rb_entry(node, struct gap_node, node);
}

u32 fastcall gap_largest(const struct gap_node *n)
{
	u32 left = gap_of_subtree(n->node.child[RB_LEFT]);
	u32 right = gap_of_subtree(n->node.child[RB_RIGHT]);
	u32 most = max(left, right);

	return max(n->gap, most);
}

bool fastcall gap_update(struct rb_node *node)
{
	struct gap_node *n = gap_entry(node);
	u32 old = n->max_gap;

	n->max_gap = gap_largest(n);
	return n->max_gap != old;
}

struct gap_node *fastcall gap_lowest(struct rb_node *node, u32 need)
{
	for (;;) {
		struct rb_node *left = node->child[RB_LEFT];

		if (gap_of_subtree(left) >= need)
			node = left;
		else if (gap_entry(node)->gap >= need)
			return gap_entry(node);
		else
			node = node->child[RB_RIGHT];
	}
}

struct gap_node *fastcall gap_next(struct gap_node *n, u32 need)
{
	struct rb_node *node = &n->node, *parent;

	if (gap_of_subtree(node->child[RB_RIGHT]) >= need)
		return gap_lowest(node->child[RB_RIGHT], need);
	for (; (parent = rb_parent(node)); node = parent) {
		if (parent->child[RB_RIGHT] == node)
			continue;
		if (gap_entry(parent)->gap >= need)
			return gap_entry(parent);
		if (gap_of_subtree(parent->child[RB_RIGHT]) >= need)
			return gap_lowest(parent->child[RB_RIGHT], need);
	}
	return NULL;
}
