/* Slabs belong to the node of their pages; objects go home. And zones: DMA. */
#include <kernel/lib/errno.h>
#include "private_cache.h"

#define MOST 128
#define DMA_END 0x1000000U
static void *object[MOST];

/* The CPU's node, or the one that stands in for it. */
static int here(void)
{
	return home_node(kmalloc_caches[0][0], numa_node_id());
}

/* Where a page for slabs comes from that is asked of a node; -1: no memory. */
static int gives_pages(int nid)
{
	struct page *page = alloc_pages_node(nid, GFP_KERNEL, 1);
	int found = page ? page_to_nid(page) : -1;

	if (page)
		__free_pages(page, 1);
	return found;
}

/* Another node than the CPU's that has pages for slabs; -1: there is none. */
static int other_node(void)
{
	int nid;

	for (nid = 0; nid < (int)machine_nodes.nr; nid++)
		if (nid != here() && gives_pages(nid) == nid)
			return nid;
	test_skip("no other node with memory");
	return -1;
}

static int nid_of(const void *p)
{
	return page_to_nid(virt_to_page(p));
}

/* --- from a node, and home --- */

TEST(slab_nodes, each_node_gives_its_own)
{
	struct kmem_cache *cache;
	int nid, other = other_node();
	void *p;

	if (other < 0)
		return;
	cache = private_cache(256, 0, 0, NULL);
	REQUIRE(cache);
	for (nid = 0; nid < (int)machine_nodes.nr; nid++) {
		p = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
		REQUIRE(p);
		if (nid == other || nid == here())
			EXPECT_EQ(nid_of(p), nid);
		EXPECT_EQ((uintptr_t)virt_to_page(p)->mapping,
			  slab_tag(cache, nid_of(p)));
		EXPECT(cache->node[nid_of(p)]->nr_slabs);
		kmem_cache_free(cache, p);
	}
	p = kmem_cache_alloc_node(cache, GFP_KERNEL, -1);
	REQUIRE(p);
	EXPECT_EQ(nid_of(p), here());
	kmem_cache_free(cache, p);
	EXPECT(books_are_right(cache, NULL, 0));
	private_cache_end(cache);
}

#define SMALL_NODE 512U		/* pages; guessed */

/* Objects that are asked of it share the slabs of the nearest node. */
TEST(slab_nodes, nodes_without_memory)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	int nid, home, found = 0;
	u32 i;

	REQUIRE(cache);
	/* with so little, the nearest may have nothing to give either */
	for (nid = 0; nid < (int)machine_nodes.nr && totalram_pages >=
		      SMALL_NODE * machine_nodes.nr; nid++) {
		home = gives_pages(nid);
		if (home == nid)
			continue;
		found++;
		for (i = 0; i < cache->num; i++) {
			object[i] = kmem_cache_alloc_node(cache, GFP_KERNEL,
							  nid);
			REQUIRE(object[i] && nid_of(object[i]) == home);
		}
		EXPECT_EQ(nr_slabs(cache), 1);
		EXPECT(books_are_right(cache, object, cache->num));
		free_n(cache, object, cache->num);
		EXPECT_EQ(cache->remote_frees,
			  home == here() ? 0 : cache->num);
		cache->remote_frees = 0;
		kmem_cache_shrink(cache);
	}
	private_cache_end(cache);
	if (!found)
		test_skip("every node has memory for slabs");
}

TEST(slab_nodes, no_such_node)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);

	REQUIRE(cache);
	EXPECT(!kmem_cache_alloc_node(cache, GFP_KERNEL,
				      (int)machine_nodes.nr));
	EXPECT(!kmem_cache_alloc_node(cache, GFP_KERNEL, 1000));
	EXPECT(!kmalloc_node(100, GFP_KERNEL, (int)machine_nodes.nr));
	EXPECT(!kmalloc_node(200000, GFP_KERNEL, (int)machine_nodes.nr));
	private_cache_end(cache);
}

/* The CPU's own node: by its stack. */
TEST(slab_nodes, own_node_is_the_short_way)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 4, 0);
	void *p;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 1));
	p = stack_of(cache)->entry[2];
	EXPECT(kmem_cache_alloc_node(cache, GFP_KERNEL, numa_node_id()) == p);
	EXPECT_EQ(stack_of(cache)->count, 2);
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, object[0]);
	private_cache_end(cache);
}

/* Not onto the CPU's stack: to the slabs of its own node. */
TEST(slab_nodes, objects_go_home)
{
	struct kmem_cache *cache;
	int nid = other_node();
	u32 i;

	if (nid < 0)
		return;
	cache = private_cache_tuned(256, 8, 4, 2);
	if (!cache)
		return;
	for (i = 0; i < 20; i++) {
		object[i] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
		REQUIRE(object[i] && nid_of(object[i]) == nid);
		EXPECT_EQ(stack_of(cache)->count, 0);
	}
	/* one by one, no batch for the CPU */
	EXPECT_EQ(nr_on_slabs(cache), 20);
	EXPECT_EQ(node_of(cache)->nr_slabs, 0);
	EXPECT_EQ(cache->node[nid]->nr_slabs, 2);
	EXPECT(books_are_right(cache, object, 20));
	for (i = 0; i < 20; i++) {
		kmem_cache_free(cache, object[i]);
		EXPECT_EQ(cache->remote_frees, i + 1);
		EXPECT_EQ(stack_of(cache)->count, 0);
		/* 10 of 30 were free; above 23 an empty slab goes */
		EXPECT_EQ(cache->node[nid]->free_objects,
			  11 + i - (i < 14 ? 0 : 15));
	}
	EXPECT_EQ(nr_kept(cache), 0);
	EXPECT(books_are_right(cache, NULL, 0));
	private_cache_end(cache);
}

/* A node's objects and the CPU's own, mixed on a stack: each to its slab. */
TEST(slab_nodes, a_drain_sorts_them)
{
	struct kmem_cache *cache;
	int nid = other_node();
	u32 i;

	if (nid < 0)
		return;
	cache = private_cache_tuned(256, 16, 16, 0);
	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 8));
	kmem_cache_shrink(cache);
	for (i = 8; i < 16; i++) {
		object[i] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
		REQUIRE(object[i]);
	}
	/* as after times when one of the nodes had nothing */
	for (i = 0; i < 16; i++)
		stack_of(cache)->entry[i] = object[i / 2 + (i & 1 ? 8 : 0)];
	stack_of(cache)->count = 16;
	EXPECT(books_are_right(cache, NULL, 0));
	EXPECT_EQ(kmem_cache_shrink(cache), 2U << cache->order);
	EXPECT_EQ(nr_slabs(cache), 0);
	EXPECT(books_are_right(cache, NULL, 0));
	private_cache_end(cache);
}

/* --- nothing at home --- */

static struct list_head taken_pages;

/* All pages of a node, so that the next come from elsewhere. */
static void exhaust(int nid)
{
	int order;

	INIT_LIST_HEAD(&taken_pages);
	for (order = MAX_ORDER - 1; order >= 0; order--) {
		struct page *page;

		while ((page = alloc_pages_node(nid, GFP_KERNEL | __GFP_NOWARN |
						__GFP_NORETRY,
						(unsigned int)order))) {
			if (page_to_nid(page) != nid) {
				__free_pages(page, (unsigned int)order);
				break;
			}
			page->index = (u32)order;
			list_add(&page->lru, &taken_pages);
		}
	}
}

static void give_pages_back(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken_pages, lru)
		__free_pages(page, page->index);
}

TEST(slab_nodes, another_node_helps_out)
{
	struct kmem_cache *cache;
	u32 i;

	if (other_node() < 0)
		return;
	cache = private_cache_tuned(256, 8, 4, 2);
	if (!cache)
		return;
	exhaust(here());
	for (i = 0; i < 10; i++)
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	give_pages_back();
	for (i = 0; i < 10; i++)
		REQUIRE(object[i] && nid_of(object[i]) != here());
	EXPECT_EQ(node_of(cache)->nr_slabs, 0);
	EXPECT_EQ(stack_of(cache)->count, 2);
	EXPECT(books_are_right(cache, object, 10));
	free_n(cache, object, 10);
	EXPECT_EQ(cache->remote_frees, 10);
	EXPECT_EQ(stack_of(cache)->count, 2);
	/* they are used up first; then there is memory at home again */
	REQUIRE(take_n(cache, object, 3));
	EXPECT(nid_of(object[1]) != here());
	EXPECT_EQ(nid_of(object[2]), here());
	free_n(cache, object, 3);
	EXPECT(books_are_right(cache, NULL, 0));
	private_cache_end(cache);
}

TEST(slab_nodes, node_asked_for_has_nothing)
{
	struct kmem_cache *cache;
	int nid = other_node();

	if (nid < 0)
		return;
	cache = private_cache(256, 0, 0, NULL);
	REQUIRE(cache);
	exhaust(nid);
	object[0] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
	give_pages_back();
	REQUIRE(object[0]);
	EXPECT(nid_of(object[0]) != nid);
	object[1] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
	REQUIRE(object[1]);
	EXPECT_EQ(nid_of(object[1]), nid);
	free_n(cache, object, 2);
	private_cache_end(cache);
}

/* No page anywhere, but free objects on another node. */
TEST(slab_nodes, objects_of_others_when_there_is_no_page)
{
	struct kmem_cache *cache;
	int nid = other_node();
	u32 i;

	if (nid < 0)
		return;
	cache = private_cache(256, 0, 0, NULL);
	REQUIRE(cache);
	object[0] = kmem_cache_alloc_node(cache, GFP_KERNEL, nid);
	REQUIRE(object[0]);
	for (i = 1; i < cache->num; i++)
		object[i] = kmem_cache_alloc(cache,
					     GFP_KERNEL | __GFP_NO_GROW);
	for (i = 0; i < cache->num; i++)
		REQUIRE(object[i] && slab_of(object[i]) == slab_of(object[0]));
	EXPECT(!kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NO_GROW));
	EXPECT(books_are_right(cache, object, cache->num));
	/* by the long way, too; and from a node that has none itself */
	kmem_cache_free(cache, object[0]);
	object[0] = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_NO_GROW,
					  nid);
	EXPECT(object[0]);
	kmem_cache_free(cache, object[0]);
	slab_set_long_way(true);
	object[0] = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NO_GROW);
	slab_set_long_way(false);
	EXPECT(object[0]);
	free_n(cache, object, cache->num);
	EXPECT(books_are_right(cache, NULL, 0));
	private_cache_end(cache);
}

TEST(slab_nodes, kmalloc_node)
{
	static const size_t sizes[] = { 0, 8, 100, 1024, 5000, 131072, 200000 };
	int nid = other_node();
	u32 i;
	void *p;

	if (nid < 0)
		return;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = kmalloc_node(sizes[i], GFP_KERNEL | __GFP_ZERO, nid);
		REQUIRE(p);
		EXPECT(sizes[i] > 8192 || nid_of(p) == nid);
		EXPECT(object_is_filled(p, (u32)sizes[i], 0));
		kfree(p);
		p = kmalloc_node(sizes[i], GFP_KERNEL, -1);
		REQUIRE(p);
		kfree(p);
	}
}

/* --- below 16 MB --- */

static bool is_dma(const void *p)
{
	return page_to_phys(virt_to_page(p)) < DMA_END;
}

TEST(slab_nodes, dma_caches)
{
	struct kmem_cache *cache = private_cache(256, 0, SLAB_CACHE_DMA, NULL);
	u32 i;

	REQUIRE(cache);
	/* whatever the caller says: the zone is the cache's */
	for (i = 0; i < 40; i++) {
		object[i] = kmem_cache_alloc(cache, i & 1 ? GFP_KERNEL :
					     GFP_KERNEL | GFP_DMA);
		REQUIRE(object[i]);
		EXPECT(is_dma(object[i]));
	}
	EXPECT_EQ(cache->shared, 0);
	free_n(cache, object, 40);
	private_cache_end(cache);
}

static volatile size_t any;

TEST(slab_nodes, dma_twins)
{
	u32 class;
	void *p, *q;

	for (class = 0; class < KMALLOC_CLASSES; class++) {
		any = kmem_cache_size(kmalloc_caches[1][class]);
		p = kmalloc(any, GFP_KERNEL | GFP_DMA);
		q = kmalloc(any, GFP_KERNEL);
		if (!p) {
			/* a block that large may be gone */
			EXPECT(any > 8192);
			kfree(q);
			continue;
		}
		EXPECT(is_dma(p));
		EXPECT(page_cache(virt_to_page(p)) ==
		       kmalloc_caches[1][class]);
		EXPECT(!q || page_cache(virt_to_page(q)) ==
		       kmalloc_caches[0][class]);
		EXPECT_EQ(ksize(p), any);
		kfree(p);
		kfree(q);
	}
	p = kmalloc(100, GFP_KERNEL | GFP_DMA);		/* constant */
	REQUIRE(p);
	EXPECT(is_dma(p));
	EXPECT(page_cache(virt_to_page(p)) == kmalloc_caches[1][5]);
	kfree(p);
	p = kzalloc(100, GFP_ATOMIC | GFP_DMA);
	REQUIRE(p);
	EXPECT(is_dma(p) && object_is_filled(p, 100, 0));
	kfree(p);
	p = kmalloc_node(100, GFP_ATOMIC | GFP_DMA, numa_node_id());
	EXPECT(!p || is_dma(p));
	kfree(p);
	any = 150000;
	p = kmalloc(any, GFP_KERNEL | GFP_DMA | __GFP_NOWARN);
	EXPECT(!p || is_dma(p));
	kfree(p);
}
