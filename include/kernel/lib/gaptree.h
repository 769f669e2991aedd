/*
 * Red-black trees of ranges that know the free gaps between them.
 *
 * Each element keeps the gap right below it, and the largest gap of its
 * subtree: so the lowest gap that is large enough is found in as many steps as
 * the tree is deep. What is free above the highest element belongs to none.
 *
 * Pure; any context; the caller holds whatever lock guards the tree. He sets
 * `gap`, before rb_link() of a new element and whenever it changes, then calls
 * gap_changed(); gap_update() is what rb_balance() and rb_erase() are given.
 */
#ifndef KERNEL_LIB_GAPTREE_H
#define KERNEL_LIB_GAPTREE_H

#include <kernel/lib/rbtree.h>
#include <kernel/lib/types.h>

struct gap_node {
	struct rb_node node;
	u32 gap;		/* free bytes right below the range */
	u32 max_gap;		/* the largest one of its subtree */
};

/* The largest gap of a subtree. NULL: 0. */
static inline u32 gap_of_subtree(const struct rb_node *node)
{
	return node ? rb_entry(node, struct gap_node, node)->max_gap : 0;
}

/* What max_gap must be, from its own gap and its children. */
u32 fastcall gap_largest(const struct gap_node *n);

bool fastcall gap_update(struct rb_node *node);

/* Those above it are told. */
static inline void gap_changed(struct gap_node *n)
{
	rb_propagate(&n->node, gap_update);
}

/* The lowest element of a subtree with a gap of `need`: there must be one. */
struct gap_node *fastcall gap_lowest(struct rb_node *node, u32 need);

/* The lowest one above n in the whole tree; NULL: none. */
struct gap_node *fastcall gap_next(struct gap_node *n, u32 need);

#endif
