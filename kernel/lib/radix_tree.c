/*
 * Radix trees. ULK3 section 15.1.2.
 *
 * 1. Levels. A node of level 0 has items in its slots, one of level n has nodes
 *    of level n - 1. SHIFT bits of the index choose the slot of a level. The
 *    root is a node of level height - 1.
 *
 * 2. Invariants. A node has count slots that are not NULL, and at least one.
 *    The height is the least for the largest index: the root of two levels or
 *    more has a slot other than the first in use. A tag bit is set for a slot
 *    if and only if the item has the tag, or an item below the node.
 *
 * 3. Growing: new roots, each with the old one in its first slot, and with the
 *    tags that the old one has anywhere. Shrinking is the opposite. All nodes
 *    that an insertion needs are had before it changes anything: so it fails as
 *    a whole.
 *
 * 4. Searching goes down as far as there is something at the index or behind
 *    it. Where a node has nothing any more the search begins anew behind that
 *    node. From there on the first slots lead to an item, so that happens at
 *    most once a level.
 *
 * Cost: a level is a shift, a mask and a load. No recursion: the stack is
 * short, and the path is as long as the tree is high.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/radix_tree.h>

#define SHIFT RADIX_TREE_MAP_SHIFT
#define SIZE RADIX_TREE_MAP_SIZE
#define MAX_HEIGHT RADIX_TREE_MAX_HEIGHT
#define ANY_ITEM RADIX_TREE_MAX_TAGS	/* a search that asks for no tag */

/* The nodes on the way to an index, by level. */
struct path {
	struct radix_tree_node *node[MAX_HEIGHT];
};

/* Nodes that an insertion is going to use. */
struct spare {
	struct radix_tree_node *node[RADIX_TREE_MAX_INSERT];
	u32 n;
};

static __always_inline u32 slot_of(u32 index, u32 level)
{
	return index >> level * SHIFT & (SIZE - 1);
}

/* The largest index of a tree of that height; also: the bits that the levels
 * below that one choose by. */
static __always_inline u32 largest(u32 height)
{
	return height * SHIFT >= 32 ? ~0U : (1U << height * SHIFT) - 1;
}

static __always_inline bool is_beyond(const struct radix_tree_root *root,
				      u32 index)
{
	return !root->rnode || index > root->largest;
}

/* --- tags of one node --- */

static __always_inline bool has_tag(const struct radix_tree_node *node,
				    u32 slot, u32 tag)
{
	return node->tags[tag][slot / 32] >> slot % 32 & 1;
}

static void give_tag(struct radix_tree_node *node, u32 slot, u32 tag)
{
	node->tags[tag][slot / 32] |= 1U << slot % 32;
}

static void take_tag(struct radix_tree_node *node, u32 slot, u32 tag)
{
	node->tags[tag][slot / 32] &= ~(1U << slot % 32);
}

static bool has_tag_anywhere(const struct radix_tree_node *node, u32 tag)
{
	u32 i, bits = 0;

	for (i = 0; i < RADIX_TREE_TAG_WORDS; i++)
		bits |= node->tags[tag][i];
	return bits;
}

/* --- ways down --- */

/* The item, and the way to it; NULL: there is none. */
static __always_inline void *walk(const struct radix_tree_root *root, u32 index,
				  struct path *path)
{
	u32 level = root->height;
	void *at = root->rnode;

	if (is_beyond(root, index))
		return NULL;
	while (level-- && at) {
		path->node[level] = at;
		at = path->node[level]->slots[slot_of(index, level)];
	}
	return at;
}

static void set_height(struct radix_tree_root *root, u32 height)
{
	root->height = height;
	root->largest = height ? largest(height) : 0;
	root->shift = height ? (height - 1) * SHIFT : 0;
}

/* --- inserting --- */

static u32 height_for(const struct radix_tree_root *root, u32 index)
{
	u32 height = root->height;

	while (unlikely(!height || index > largest(height)))
		height++;
	return height;
}

/* Nodes that there must be more for the index, in a tree of that height.
 * -EEXIST: there is an item. */
static int nodes_needed(const struct radix_tree_root *root, u32 index,
			u32 height)
{
	const void *at = root->rnode;
	u32 level = root->height;

	if (!at)
		return (int)height;
	/* new roots, and from the topmost all the way down */
	if (height > level)
		return (int)(height - level + height - 1);
	while (level--) {
		at = ((const struct radix_tree_node *)at)
			->slots[slot_of(index, level)];
		if (!at)
			return (int)level;
	}
	return -EEXIST;
}

/* All of them, or none. */
static bool gather(const struct radix_tree_root *root, struct spare *spare,
		   u32 n)
{
	for (spare->n = 0; spare->n < n; spare->n++) {
		spare->node[spare->n] = root->memory->get();
		if (spare->node[spare->n])
			continue;
		while (spare->n)
			root->memory->put(spare->node[--spare->n]);
		return false;
	}
	return true;
}

/* The old root is the first slot of a new one. */
static void add_root(struct radix_tree_root *root, struct radix_tree_node *node)
{
	u32 tag;

	for (tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++)
		if (has_tag_anywhere(root->rnode, tag))
			give_tag(node, 0, tag);
	node->slots[0] = root->rnode;
	node->count = 1;
	root->rnode = node;
}

static void extend(struct radix_tree_root *root, u32 height,
		   struct spare *spare)
{
	u32 n;

	if (!root->rnode)
		root->rnode = spare->node[--spare->n];
	else
		for (n = root->height; n < height; n++)
			add_root(root, spare->node[--spare->n]);
	set_height(root, height);
}

int radix_tree_insert(struct radix_tree_root *root, u32 index, void *item)
{
	u32 height = height_for(root, index), level;
	int need = nodes_needed(root, index, height);
	struct radix_tree_node *node;
	struct spare spare;

	BUG_ON(!item, "NULL is no item of a radix tree");
	if (need < 0)
		return need;
	if (need) {
		if (!gather(root, &spare, (u32)need))
			return -ENOMEM;
		extend(root, height, &spare);
	}
	node = root->rnode;
	for (level = height - 1; level; level--) {
		void **slot = &node->slots[slot_of(index, level)];

		if (!*slot) {
			*slot = spare.node[--spare.n];
			node->count++;
		}
		node = *slot;
	}
	node->slots[slot_of(index, 0)] = item;
	node->count++;
	return 0;
}

/* --- tags of items --- */

void *radix_tree_tag_set(struct radix_tree_root *root, u32 index, u32 tag)
{
	struct path path;
	void *item = walk(root, index, &path);
	u32 level;

	for (level = 0; item && level < root->height; level++)
		give_tag(path.node[level], slot_of(index, level), tag);
	return item;
}

/* Up to the first node that has it still. */
static void untag(const struct radix_tree_root *root, u32 index, u32 tag,
		  const struct path *path)
{
	u32 level;

	for (level = 0; level < root->height; level++) {
		take_tag(path->node[level], slot_of(index, level), tag);
		if (has_tag_anywhere(path->node[level], tag))
			break;
	}
}

void *radix_tree_tag_clear(struct radix_tree_root *root, u32 index, u32 tag)
{
	struct path path;
	void *item = walk(root, index, &path);

	if (item)
		untag(root, index, tag, &path);
	return item;
}

bool radix_tree_tag_get(const struct radix_tree_root *root, u32 index, u32 tag)
{
	struct path path;

	return walk(root, index, &path) &&
	       has_tag(path.node[0], slot_of(index, 0), tag);
}

bool radix_tree_tagged(const struct radix_tree_root *root, u32 tag)
{
	return root->rnode && has_tag_anywhere(root->rnode, tag);
}

/* --- deleting --- */

/* Takes away roots that have nothing but the first slot. */
static void shrink(struct radix_tree_root *root)
{
	while (root->height > 1 && root->rnode->count == 1 &&
	       root->rnode->slots[0]) {
		struct radix_tree_node *old = root->rnode;
		u32 tag;

		root->rnode = old->slots[0];
		set_height(root, root->height - 1);
		old->slots[0] = NULL;
		old->count = 0;
		for (tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++)
			take_tag(old, 0, tag);
		root->memory->put(old);
	}
}

void *radix_tree_delete(struct radix_tree_root *root, u32 index)
{
	struct path path;
	void *item = walk(root, index, &path);
	u32 level, tag;

	if (!item)
		return NULL;
	for (tag = 0; tag < RADIX_TREE_MAX_TAGS; tag++)
		if (has_tag(path.node[0], slot_of(index, 0), tag))
			untag(root, index, tag, &path);
	for (level = 0; level < root->height; level++) {
		struct radix_tree_node *node = path.node[level];

		node->slots[slot_of(index, level)] = NULL;
		if (--node->count)
			break;
		root->memory->put(node);
	}
	if (level == root->height) {
		root->rnode = NULL;
		set_height(root, 0);
	}
	if (unlikely(root->height > 1 && root->rnode->count == 1))
		shrink(root);
	return item;
}

/* --- several at once --- */

static __always_inline bool is_wanted(const struct radix_tree_node *node,
				      u32 slot, u32 tag)
{
	return node->slots[slot] &&
	       (tag == ANY_ITEM || has_tag(node, slot, tag));
}

/* Moves on to the first slot of the node that is wanted, from the index's own
 * on, and to its first index if it is another one; false: there is none. */
static bool seek(const struct radix_tree_node *node, u32 *index, u32 level,
		 u32 tag)
{
	u32 own = slot_of(*index, level), slot = own;

	while (slot < SIZE && !is_wanted(node, slot, tag))
		slot++;
	if (slot == SIZE)
		return false;
	if (slot != own)
		*index = (*index & ~largest(level + 1)) | slot << level * SHIFT;
	return true;
}

/* Behind the node of that level which the index is in; false: that is all. */
static bool leave(u32 *index, u32 level)
{
	u32 inside = largest(level + 1);

	*index |= inside;
	return ++*index != 0;
}

/* Where the first item that is wanted stands, from the index on, which becomes
 * its own; NULL: nowhere. */
static const struct radix_tree_node *next_leaf(
	const struct radix_tree_root *root, u32 *index, u32 tag)
{
	while (!is_beyond(root, *index)) {
		const struct radix_tree_node *node = root->rnode;
		u32 level = root->height - 1;

		while (seek(node, index, level, tag)) {
			if (!level)
				return node;
			node = node->slots[slot_of(*index, level--)];
		}
		if (!leave(index, level))
			break;
	}
	return NULL;
}

static u32 gang_lookup(const struct radix_tree_root *root, void **results,
		       u32 index, u32 max, u32 tag)
{
	const struct radix_tree_node *leaf;
	u32 n = 0, slot;

	while (n < max && (leaf = next_leaf(root, &index, tag))) {
		for (slot = slot_of(index, 0); slot < SIZE && n < max; slot++)
			if (is_wanted(leaf, slot, tag))
				results[n++] = leaf->slots[slot];
		if (!leave(&index, 0))
			break;
	}
	return n;
}

u32 radix_tree_gang_lookup(const struct radix_tree_root *root, void **results,
			   u32 first, u32 max)
{
	return gang_lookup(root, results, first, max, ANY_ITEM);
}

u32 radix_tree_gang_lookup_tag(const struct radix_tree_root *root,
			       void **results, u32 first, u32 max, u32 tag)
{
	return gang_lookup(root, results, first, max, tag);
}
