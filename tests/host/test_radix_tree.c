/*
 * Radix trees against a shadow; after each step the tree is looked at node by
 * node: counts, tags, height, and that nothing is lost. test_radix_tree3.c is
 * the same with 8 slots a node. STEPS in the environment: of the thrash.
 */
#include "host.h"
#include <kernel/lib/radix_tree.h>

#define SHIFT RADIX_TREE_MAP_SHIFT
#define SIZE RADIX_TREE_MAP_SIZE
#define TAGS RADIX_TREE_MAX_TAGS

/* --- nodes --- */

static u32 nodes;		/* that are out */
static u32 gets_left = ~0U;	/* before one fails */

static struct radix_tree_node *get_node(void)
{
	if (!gets_left)
		return NULL;
	gets_left--;
	nodes++;
	return calloc(1, sizeof(struct radix_tree_node));
}

static void put_node(struct radix_tree_node *node)
{
	static const struct radix_tree_node zero;

	MUST(!memcmp(node, &zero, sizeof(zero)));
	nodes--;
	free(node);
}

static const struct radix_tree_memory memory = {
	.get = get_node, .put = put_node,
};

static struct radix_tree_root tree = RADIX_TREE_INIT(&memory);

/* An item for each index: never read, and odd ones are as good as others. */
static void *item(u32 index)
{
	return (void *)(((uintptr_t)index << 2) + 4);
}

static u32 index_of(const void *p)
{
	return (u32)(((uintptr_t)p - 4) >> 2);
}

/* --- the tree, node by node --- */

static u32 found_nodes, found_items, found_most;

/* Which tags there are below, a bit each. */
static u32 look(const void *at, u32 level, u32 first)
{
	const struct radix_tree_node *node = at;
	u32 slot, tag, count = 0, tags = 0;

	found_nodes++;
	for (slot = 0; slot < SIZE; slot++) {
		u32 index = first + (slot << level * SHIFT), here = 0;

		for (tag = 0; tag < TAGS; tag++)
			here |= (node->tags[tag][slot / 32] >> slot % 32 & 1)
				<< tag;
		tags |= here;
		if (!node->slots[slot]) {
			MUST(!here);
			continue;
		}
		count++;
		if (level) {
			MUST(look(node->slots[slot], level - 1, index) == here);
			continue;
		}
		MUST(node->slots[slot] == item(index));
		found_items++;
		found_most = index;
	}
	MUST(count && count == node->count);
	return tags;
}

static u32 least_height(u32 index)
{
	u32 height = 1;

	while (height * SHIFT < 32 && index >> height * SHIFT)
		height++;
	return height;
}

static u32 nr_items;

static void look_at_all(void)
{
	found_nodes = found_items = 0;
	if (tree.rnode)
		look(tree.rnode, tree.height - 1, 0);
	MUST(found_nodes == nodes);
	MUST(found_items == nr_items);
	MUST(tree.height == (nr_items ? least_height(found_most) : 0));
}

static void insert(u32 index)
{
	assert_int_equal(radix_tree_insert(&tree, index, item(index)), 0);
	nr_items++;
}

static void delete(u32 index)
{
	assert_ptr_equal(radix_tree_delete(&tree, index), item(index));
	nr_items--;
}

static void is_empty(void)
{
	assert_null(tree.rnode);
	assert_int_equal(tree.height, 0);
	assert_int_equal(nodes, 0);
	assert_int_equal(nr_items, 0);
	assert_false(radix_tree_tagged(&tree, 0) || radix_tree_tagged(&tree, 1));
}

/* --- cases --- */

static const u32 edges[] = {
	0, 1, 7, 8, 63, 64, 4095, 4096, 0x3ffff, 0x40000, 0xffffff, 0x1000000,
	(1U << 30) - 1, 1U << 30, 0x7fffffff, 1U << 31, 0xffff0000, 0xfffffffe,
	0xffffffff,
};

static void neighbours_are_absent(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		u32 at = edges[i];

		assert_null(radix_tree_lookup(&tree, at));
		assert_null(radix_tree_delete(&tree, at));
		insert(at);
		look_at_all();
		assert_ptr_equal(radix_tree_lookup(&tree, at), item(at));
		assert_null(radix_tree_lookup(&tree, at + 1));
		assert_null(radix_tree_lookup(&tree, at - 1));
		assert_int_equal(radix_tree_insert(&tree, at, item(0)), -EEXIST);
		assert_null(radix_tree_delete(&tree, at + 1));
		assert_null(radix_tree_tag_set(&tree, at + 1, 0));
		look_at_all();
		delete(at);
		is_empty();
	}
}

static void all_edges_at_once(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		insert(edges[i]);
		look_at_all();
	}
	for (i = 0; i < ARRAY_SIZE(edges); i++)
		assert_ptr_equal(radix_tree_lookup(&tree, edges[i]),
				 item(edges[i]));
	for (i = ARRAY_SIZE(edges); i--;) {
		delete(edges[i]);
		look_at_all();
	}
	is_empty();
}

static void height_is_least(void **state)
{
	u32 i, at[1000];

	host_seed("heights");
	for (i = 0; i < 1000; i++) {
		do
			at[i] = host_random() >> host_below(32);
		while (radix_tree_lookup(&tree, at[i]));
		insert(at[i]);
		look_at_all();
	}
	for (i = 0; i < 1000; i++) {
		u32 other = i + host_below(1000 - i), swap = at[i];

		at[i] = at[other];
		at[other] = swap;
		delete(at[i]);
		look_at_all();
	}
	is_empty();
}

/* From each place on, with each length; the shadow is a sorted list. */
static void gang_around(u32 base)
{
	u32 n = 0, i, first, max, at[64];
	void *results[64];

	/* groups with gaps that grow: within a leaf, and over several */
	for (i = 0; n < 64; i++) {
		u32 index = base - 40 + i * i / 3;

		if (i && index < at[n - 1])
			break;
		if (!n || index != at[n - 1])
			at[n++] = index;
	}
	for (i = 0; i < n; i++)
		insert(at[i]);
	for (first = 0; first < n; first++) {
		for (max = 0; max <= 64; max += 1 + max / 2) {
			u32 got = radix_tree_gang_lookup(&tree, results,
							 at[first], max);

			assert_int_equal(got, min(max, n - first));
			for (i = 0; i < got; i++)
				assert_ptr_equal(results[i],
						 item(at[first + i]));
		}
		if (at[first] != ~0U)
			assert_int_equal(radix_tree_gang_lookup(
				&tree, results, at[first] + 1, 64),
				n - first - 1);
	}
	assert_int_equal(radix_tree_gang_lookup(&tree, results, 0, 64), n);
	for (i = 0; i < n; i++)
		delete(at[i]);
	is_empty();
}

static void gangs(void **state)
{
	gang_around(40);
	gang_around(1U << 30);
	gang_around(1U << 31);
	gang_around(0xffff0000);
	gang_around(0xfffffffe);
}

/* A tag that leads to nothing in the first nodes that are looked at. */
static void gangs_of_tags(void **state)
{
	void *results[8];
	u32 i;

	for (i = 0; i < 10000; i += 7)
		insert(i);
	insert(1U << 31);
	assert_int_equal(radix_tree_gang_lookup_tag(&tree, results, 0, 8, 1), 0);
	radix_tree_tag_set(&tree, 9800, 1);
	radix_tree_tag_set(&tree, 700, 1);
	radix_tree_tag_set(&tree, 1U << 31, 1);
	radix_tree_tag_set(&tree, 707, 0);
	look_at_all();
	assert_int_equal(radix_tree_gang_lookup_tag(&tree, results, 0, 8, 1), 3);
	assert_int_equal(index_of(results[0]), 700);
	assert_int_equal(index_of(results[1]), 9800);
	assert_ptr_equal(results[2], item(1U << 31));
	assert_int_equal(radix_tree_gang_lookup_tag(&tree, results, 701, 1, 1),
			 1);
	assert_int_equal(index_of(results[0]), 9800);
	assert_int_equal(radix_tree_gang_lookup_tag(&tree, results, 701, 8, 0),
			 1);
	assert_int_equal(index_of(results[0]), 707);
	for (i = 0; i < 10000; i += 7)
		delete(i);
	delete(1U << 31);
	is_empty();
}

static void tags_come_and_go(void **state)
{
	u32 tag;

	insert(5);
	insert(70000);
	for (tag = 0; tag < TAGS; tag++) {
		assert_false(radix_tree_tag_get(&tree, 5, tag));
		assert_ptr_equal(radix_tree_tag_set(&tree, 5, tag), item(5));
		assert_true(radix_tree_tag_get(&tree, 5, tag));
		assert_false(radix_tree_tag_get(&tree, 70000, tag));
		assert_true(radix_tree_tagged(&tree, tag));
		assert_ptr_equal(radix_tree_tag_clear(&tree, 5, tag), item(5));
		assert_false(radix_tree_tag_get(&tree, 5, tag));
		assert_false(radix_tree_tagged(&tree, tag));
		radix_tree_tag_set(&tree, 5, tag);
		radix_tree_tag_set(&tree, 70000, tag);
		look_at_all();
		/* another one's stays */
		radix_tree_tag_clear(&tree, 5, tag);
		assert_true(radix_tree_tagged(&tree, tag));
		radix_tree_tag_set(&tree, 5, tag);
	}
	/* what is deleted loses them */
	delete(5);
	insert(5);
	look_at_all();
	for (tag = 0; tag < TAGS; tag++) {
		assert_false(radix_tree_tag_get(&tree, 5, tag));
		assert_true(radix_tree_tag_get(&tree, 70000, tag));
	}
	assert_null(radix_tree_tag_set(&tree, 6, 0));
	assert_null(radix_tree_tag_clear(&tree, 6, 0));
	assert_false(radix_tree_tag_get(&tree, 6, 0));
	assert_false(radix_tree_tag_get(&tree, 0xffffffff, 0));
	delete(5);
	delete(70000);
	is_empty();
}

static void tags_survive_other_heights(void **state)
{
	insert(43);
	radix_tree_tag_set(&tree, 43, 1);
	insert(1000000);
	look_at_all();
	assert_true(radix_tree_tag_get(&tree, 43, 1));
	assert_true(radix_tree_tagged(&tree, 1));
	assert_false(radix_tree_tagged(&tree, 0));
	radix_tree_tag_set(&tree, 1000000, 0);
	/* and lower again */
	delete(1000000);
	look_at_all();
	assert_true(radix_tree_tag_get(&tree, 43, 1));
	assert_false(radix_tree_tagged(&tree, 0));
	radix_tree_tag_clear(&tree, 43, 1);
	assert_false(radix_tree_tagged(&tree, 1));
	delete(43);
	is_empty();
}

/* Into a tree of height 1 at the largest index: the longest way. */
static void insertion_takes_at_most(void **state)
{
	u32 before;

	insert(0);
	before = nodes;
	gets_left = RADIX_TREE_MAX_INSERT;
	insert(0xffffffff);
	assert_int_equal(gets_left, 0);
	assert_int_equal(nodes - before, RADIX_TREE_MAX_INSERT);
	gets_left = ~0U;
	delete(0);
	delete(0xffffffff);
	is_empty();
}

/* Each get() of an insertion fails once: then nothing has changed. */
static void failing(u32 index)
{
	struct radix_tree_root before = tree;
	u32 n, nodes_before = nodes;

	for (n = 0;; n++) {
		int err;

		gets_left = n;
		err = radix_tree_insert(&tree, index, item(index));
		gets_left = ~0U;
		if (!err)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_memory_equal(&tree, &before, sizeof(tree));
		assert_int_equal(nodes, nodes_before);
		look_at_all();
	}
	nr_items++;
	look_at_all();
	assert_int_equal(n, nodes - nodes_before);
}

static void failures_change_nothing(void **state)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(edges); i++)
		failing(edges[i]);
	for (i = 0; i < ARRAY_SIZE(edges); i++)
		delete(edges[i]);
	is_empty();
	for (i = ARRAY_SIZE(edges); i--;)
		failing(edges[i]);
	for (i = 0; i < ARRAY_SIZE(edges); i++)
		delete(edges[i]);
	is_empty();
}

/* --- thrash --- */

#define WINDOW 4096U

static struct {
	bool there;
	bool tag[TAGS];
} shadow[WINDOW];

static u32 base;

static void one_step(void)
{
	u32 i = host_below(WINDOW), at = base + i, tag = host_below(TAGS);

	switch (host_below(5)) {
	case 0:
		MUST(radix_tree_insert(&tree, at, item(at)) ==
		     (shadow[i].there ? -EEXIST : 0));
		nr_items += !shadow[i].there;
		shadow[i].there = true;
		break;
	case 1:
		MUST(radix_tree_delete(&tree, at) ==
		     (shadow[i].there ? item(at) : NULL));
		nr_items -= shadow[i].there;
		memset(&shadow[i], 0, sizeof(shadow[i]));
		break;
	case 2:
		MUST(!!radix_tree_tag_set(&tree, at, tag) == shadow[i].there);
		shadow[i].tag[tag] = shadow[i].there;
		break;
	case 3:
		MUST(!!radix_tree_tag_clear(&tree, at, tag) ==
		     shadow[i].there);
		shadow[i].tag[tag] = false;
		break;
	default:
		MUST(radix_tree_lookup(&tree, at) ==
		     (shadow[i].there ? item(at) : NULL));
		MUST(radix_tree_tag_get(&tree, at, tag) == shadow[i].tag[tag]);
	}
}

/* A gang from anywhere, with a tag or without. */
static void compare_gang(void)
{
	u32 from = host_below(WINDOW), tag = host_below(TAGS + 1), n, i, k = 0;
	u32 max = 1 + host_below(40);
	void *results[40];

	n = tag == TAGS ?
	    radix_tree_gang_lookup(&tree, results, base + from, max) :
	    radix_tree_gang_lookup_tag(&tree, results, base + from, max, tag);
	for (i = from; i < WINDOW && k < max; i++)
		if (shadow[i].there && (tag == TAGS || shadow[i].tag[tag])) {
			MUST(k < n && results[k] == item(base + i));
			k++;
		}
	MUST(k == n);
}

static void thrash_at(u32 where, u32 steps)
{
	u32 step, i;

	base = where;
	for (step = 0; step < steps; step++) {
		one_step();
		if (step % 8 == 0)
			compare_gang();
		if (step % 64 == 0)
			look_at_all();
	}
	for (i = 0; i < WINDOW; i++)
		if (shadow[i].there)
			delete(base + i);
	memset(shadow, 0, sizeof(shadow));
	is_empty();
}

static void thrash(void **state)
{
	u32 steps = host_env("STEPS", 20000);

	host_seed("thrash");
	thrash_at(0, steps);
	thrash_at((1U << 30) - WINDOW / 2, steps);
	thrash_at((1U << 31) - WINDOW / 2, steps);
	thrash_at(0U - WINDOW, steps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(neighbours_are_absent),
		HOST_TEST(all_edges_at_once),
		HOST_TEST(height_is_least),
		HOST_TEST(gangs),
		HOST_TEST(gangs_of_tags),
		HOST_TEST(tags_come_and_go),
		HOST_TEST(tags_survive_other_heights),
		HOST_TEST(insertion_takes_at_most),
		HOST_TEST(failures_change_nothing),
		HOST_TEST(thrash),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
