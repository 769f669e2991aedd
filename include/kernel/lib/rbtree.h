/*
 * Red-black trees whose nodes stand inside the elements. Knuth, volume 3,
 * 6.2.3; Cormen and others, "Introduction to Algorithms", chapter 13.
 *
 * Pure; any context; the caller holds whatever lock guards the tree. Inserting,
 * erasing and searching take at most 2 * log2(n + 1) steps.
 *
 * The caller searches by itself: it knows what is compared. To insert, go down
 * to an empty place, rb_link() the node there, make what is kept right (its
 * own, and rb_propagate() from its parent), and rb_balance().
 *
 * Augmentation: an element may keep something computed from itself and from
 * its two children (a maximum of the subtree). `update` recomputes that for one
 * node and says whether it changed; the tree calls it where it moves nodes or
 * takes one out. NULL: nothing is kept.
 */
#ifndef KERNEL_LIB_RBTREE_H
#define KERNEL_LIB_RBTREE_H

#include <kernel/lib/compiler.h>

#define RB_LEFT 0
#define RB_RIGHT 1

struct rb_node {
	uintptr_t parent_black;		/* the parent; bit 0: black */
	struct rb_node *child[2];
};

struct rb_root {
	struct rb_node *node;		/* NULL: empty */
};

typedef bool (fastcall *rb_update_t)(struct rb_node *node);

#define rb_entry(ptr, type, member) container_of(ptr, type, member)

static inline struct rb_node *rb_parent(const struct rb_node *node)
{
	return (struct rb_node *)(node->parent_black & ~(uintptr_t)1);
}

/* Hangs a node into the empty place parent->child[side], or makes it the first
 * one (parent NULL). rb_balance() must follow. */
static inline void rb_link(struct rb_root *root, struct rb_node *node,
			   struct rb_node *parent, int side)
{
	node->parent_black = (uintptr_t)parent;
	node->child[RB_LEFT] = node->child[RB_RIGHT] = NULL;
	*(parent ? &parent->child[side] : &root->node) = node;
}

/* After rb_link(): puts the rules in order again. */
void fastcall rb_balance(struct rb_root *root, struct rb_node *node,
			 rb_update_t update);

void fastcall rb_erase(struct rb_root *root, struct rb_node *node,
		       rb_update_t update);

/* Updates node, and those above it until nothing changes. NULL: nothing. */
void fastcall rb_propagate(struct rb_node *node, rb_update_t update);

/* In order; NULL: none. */
struct rb_node *rb_first(const struct rb_root *root);
struct rb_node *rb_last(const struct rb_root *root);
struct rb_node *fastcall rb_next(const struct rb_node *node);
struct rb_node *fastcall rb_prev(const struct rb_node *node);

/* Are the rules kept? NULL, or a sentence on the first that is not. */
const char *rb_check(const struct rb_root *root);

#endif
