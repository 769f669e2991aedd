/*
 * Radix trees: from an index of 32 bits to a pointer, with two tags an item.
 * ULK3 section 15.1.2.
 *
 * A node has 64 slots, a level 6 bits of the index; a tree is as high as its
 * largest index needs. A tag that an item has is set in every node above it, so
 * that items with a tag are found without looking at those that have none.
 *
 * Pure; any context; the caller holds whatever lock guards the tree. Items are
 * pointers that are not NULL.
 */
#ifndef KERNEL_LIB_RADIX_TREE_H
#define KERNEL_LIB_RADIX_TREE_H

#include <kernel/lib/compiler.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/types.h>

#ifndef RADIX_TREE_MAP_SHIFT
#define RADIX_TREE_MAP_SHIFT 6		/* the reference's; tests take 3, too */
#endif
#define RADIX_TREE_MAP_SIZE (1U << RADIX_TREE_MAP_SHIFT)
#define RADIX_TREE_MAX_TAGS 2U
#define RADIX_TREE_TAG_WORDS ((RADIX_TREE_MAP_SIZE + 31) / 32)
#define RADIX_TREE_MAX_HEIGHT						\
	((32 + RADIX_TREE_MAP_SHIFT - 1) / RADIX_TREE_MAP_SHIFT)

/*
 * The most nodes that one insertion takes, derived: into a tree of height 1 at
 * the largest index, all levels above that, and all below the topmost. (The
 * reference keeps 7, which such an insertion can use up.)
 */
#define RADIX_TREE_MAX_INSERT (2 * (RADIX_TREE_MAX_HEIGHT - 1))

struct radix_tree_node {
	u32 count;			/* slots that are not NULL */
	void *slots[RADIX_TREE_MAP_SIZE];
	u32 tags[RADIX_TREE_MAX_TAGS][RADIX_TREE_TAG_WORDS];
};

/* Where nodes come from. get: zeroed, or NULL; put takes one that is zeroed
 * again. Both are called under the tree's lock. */
struct radix_tree_memory {
	struct radix_tree_node *(*get)(void);
	void (*put)(struct radix_tree_node *node);
};

struct radix_tree_root {
	u32 height;			/* levels of nodes; 0: empty */
	u32 largest;			/* index that these can have */
	u32 shift;			/* of the index, for the root's slot */
	struct radix_tree_node *rnode;
	const struct radix_tree_memory *memory;
};

#define RADIX_TREE_INIT(mem) { .memory = (mem) }

/* 0; -EEXIST: there is one; -ENOMEM: get() gave none, and nothing changed. */
int radix_tree_insert(struct radix_tree_root *root, u32 index, void *item);

/* NULL: there is none. */
static __always_inline void *
radix_tree_lookup(const struct radix_tree_root *root, u32 index)
{
	const struct radix_tree_node *node = root->rnode;
	u32 shift = root->shift;

	if (unlikely(index > root->largest))
		return NULL;
	/* an empty tree has no root */
	for (; node; shift -= RADIX_TREE_MAP_SHIFT) {
		node = node->slots[index >> shift & (RADIX_TREE_MAP_SIZE - 1)];
		if (!shift)
			break;
	}
	return (void *)node;
}

/* What was there, with its tags; NULL. Nodes without items go, and levels that
 * are not needed any more. */
void *radix_tree_delete(struct radix_tree_root *root, u32 index);

/* Up to max items from first on, ascending. How many. */
u32 radix_tree_gang_lookup(const struct radix_tree_root *root, void **results,
			   u32 first, u32 max);
u32 radix_tree_gang_lookup_tag(const struct radix_tree_root *root,
			       void **results, u32 first, u32 max, u32 tag);

/* Of an item that is there: it; NULL: there is none, nothing changed. */
void *radix_tree_tag_set(struct radix_tree_root *root, u32 index, u32 tag);
void *radix_tree_tag_clear(struct radix_tree_root *root, u32 index, u32 tag);

bool radix_tree_tag_get(const struct radix_tree_root *root, u32 index, u32 tag);

/* Has any item the tag? */
bool radix_tree_tagged(const struct radix_tree_root *root, u32 tag);

#endif
