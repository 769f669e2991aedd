/* Memory of caches goes back: shrinking, reaping, memory pressure. */
#include <kernel/lib/errno.h>
#include "private_cache.h"
#include "private_node.h"

#define MOST 160
static void *object[MOST];

/* --- shrinking --- */

/* From the stack, the shared array, the free slabs; what is in use stays. */
TEST(slab_reap, shrink_takes_all_that_is_free)
{
	struct kmem_cache *cache = private_cache_tuned(256, 24, 12, 1);

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 60));
	EXPECT_EQ(nr_slabs(cache), 4);
	free_n(cache, object + 1, 59);
	EXPECT(nr_kept(cache));
	EXPECT_EQ(kmem_cache_shrink(cache), 3U << cache->order);
	EXPECT_EQ(nr_slabs(cache), 1);
	EXPECT_EQ(nr_kept(cache), 0);
	EXPECT(books_are_right(cache, object, 1));
	EXPECT_EQ(kmem_cache_shrink(cache), 0);
	kmem_cache_free(cache, object[0]);
	EXPECT_EQ(kmem_cache_shrink(cache), 1U << cache->order);
	EXPECT_EQ(cache->grown, cache->reaped);
	private_cache_end(cache);
}

TEST(slab_reap, shrink_of_all_caches)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	void *p = kmalloc(100, GFP_KERNEL);
	u32 free;

	REQUIRE(cache && take_n(cache, object, 60));
	kmem_caches_shrink();
	free = nr_unused_pages();
	free_n(cache, object, 60);
	kfree(p);
	EXPECT(kmem_caches_shrink() >= 4U << cache->order);
	EXPECT(nr_unused_pages() >= free + (4U << cache->order));
	EXPECT_EQ(nr_slabs(cache), 0);
	/* nothing is left to give: also not what slabs were managed with */
	EXPECT_EQ(kmem_caches_shrink(), 0);
	private_cache_end(cache);
}

/* Management off slab: an object of another cache, in use as long. */
TEST(slab_reap, management_off_slab_goes_too)
{
	struct kmem_cache *cache = private_cache(1024, 0, 0, NULL);
	u32 before;

	REQUIRE(cache);
	if (private_cache_debugged(cache)) {
		private_cache_end(cache);
		return;
	}
	REQUIRE(cache->flags & CACHE_OFF_SLAB);
	kmem_caches_shrink();
	before = nr_on_slabs(cache->slab_cache);
	REQUIRE(take_n(cache, object, 12));
	EXPECT_EQ(nr_on_slabs(cache->slab_cache) - before -
		  nr_kept(cache->slab_cache), 3);
	free_n(cache, object, 12);
	kmem_caches_shrink();
	EXPECT_EQ(nr_on_slabs(cache->slab_cache), before);
	private_cache_end(cache);
}

/* --- reaping --- */

/* limit 10: two of the oldest at a time, and not from a stack in use. */
TEST(slab_reap, stack)
{
	struct kmem_cache *cache = private_cache_tuned(256, 10, 5, 0);
	u32 i;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 15));
	free_n(cache, object, 10);
	EXPECT_EQ(stack_of(cache)->count, 10);
	EXPECT(cache->touched[0]);
	cache_reap(0, false);
	EXPECT_EQ(stack_of(cache)->count, 10);
	EXPECT(!cache->touched[0]);
	for (i = 8; i > 2; i -= 2) {
		cache_reap(0, false);
		EXPECT_EQ(stack_of(cache)->count, i);
		EXPECT(stack_of(cache)->entry[i - 1] == object[9]);
		EXPECT(stack_of(cache)->entry[0] == object[10 - i]);
		EXPECT(books_are_right(cache, object + 10, 5));
	}
	/* a batch was fetched: it is in use again */
	REQUIRE(take_n(cache, object, 5));
	EXPECT(cache->touched[0]);
	cache_reap(0, false);
	EXPECT_EQ(nr_kept(cache), 4);
	for (i = 0; i < 5; i++)
		cache_reap(0, false);
	EXPECT_EQ(stack_of(cache)->count, 0);
	for (i = 5; i < 10; i++)
		object[i] = object[i + 5];
	EXPECT(books_are_right(cache, object, 10));
	free_n(cache, object, 10);
	private_cache_end(cache);
}

/* Two batches of 5 are shared: a fifth of 10 at a time, from below. */
TEST(slab_reap, shared_array)
{
	struct kmem_cache *cache = private_cache_tuned(256, 10, 5, 2);
	struct shared_array *shared;
	u32 i;

	if (!cache)
		return;
	shared = node_of(cache)->shared;
	REQUIRE(take_n(cache, object, 30));
	free_n(cache, object, 20);
	EXPECT_EQ(shared->count, 10);
	cache->touched[0] = false;
	cache_reap(0, false);
	EXPECT_EQ(shared->count, 10);
	while (stack_of(cache)->count)
		cache_reap(0, false);
	EXPECT(shared->count == 10);
	EXPECT_EQ(nr_on_slabs(cache), 20);
	for (i = 8;; i -= 2) {
		cache_reap(0, true);
		EXPECT_EQ(shared->count, i);
		EXPECT_EQ(nr_on_slabs(cache), 10 + i);
		EXPECT(!i || shared->entry[i - 1]);
		EXPECT(books_are_right(cache, object + 20, 10));
		if (!i)
			break;
	}
	cache_reap(0, true);
	EXPECT(books_are_right(cache, object + 20, 10));
	free_n(cache, object + 20, 10);
	private_cache_end(cache);
}

/*
 * Objects of a page, limit 10, batch 5: up to 11 free ones are kept; each time
 * (11 + 5 - 1) / 5 slabs of them go.
 */
TEST(slab_reap, free_slabs)
{
	struct kmem_cache *cache = private_cache_tuned(4096, 10, 5, 0);
	u32 i;

	if (!cache)
		return;
	EXPECT_EQ(cache->num, 1);
	EXPECT_EQ(node_free_limit(cache), 11);
	REQUIRE(take_n(cache, object, 40));
	free_n(cache, object, 40);
	/* 6 to 10 on the stack, the rest down to the limit */
	EXPECT(nr_kept(cache) >= 6);
	EXPECT_EQ(nr_on_list(&node_of(cache)->free), 11);
	node_of(cache)->free_touched = false;
	cache->touched[0] = true;
	for (i = 8; i > 0; i = i > 3 ? i - 3 : 0) {
		EXPECT(cache_reap(0, true) >= 3);
		EXPECT_EQ(nr_on_list(&node_of(cache)->free), i);
		cache->touched[0] = true;	/* the stack stays */
	}
	cache_reap(0, true);
	EXPECT_EQ(nr_on_list(&node_of(cache)->free), 0);
	EXPECT(books_are_right(cache, NULL, 0));
	private_cache_end(cache);
}

/* A free slab was used since: none goes this time. */
TEST(slab_reap, free_slabs_in_use)
{
	struct kmem_cache *cache = private_cache_tuned(4096, 2, 1, 0);
	u32 left;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 8));
	free_n(cache, object, 8);
	/* new slabs are no free ones that were used */
	EXPECT(!node_of(cache)->free_touched);
	REQUIRE(take_n(cache, object, 8));
	free_n(cache, object, 8);
	EXPECT(node_of(cache)->free_touched);
	cache->touched[0] = true;
	left = nr_on_list(&node_of(cache)->free);
	EXPECT(left >= 2);
	cache_reap(0, true);
	EXPECT_EQ(nr_on_list(&node_of(cache)->free), left);
	EXPECT(!node_of(cache)->free_touched);
	cache->touched[0] = true;
	cache_reap(0, true);
	EXPECT(nr_on_list(&node_of(cache)->free) < left);
	private_cache_end(cache);
}

/* What is locked is left for the next time. */
TEST(slab_reap, skips_what_is_locked)
{
	struct kmem_cache *cache = private_cache_tuned(4096, 10, 5, 0);
	u32 left, flags;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 40));
	free_n(cache, object, 40);
	cache->touched[0] = false;
	node_of(cache)->free_touched = false;
	left = stack_of(cache)->count;
	EXPECT(left);
	flags = spin_lock_irqsave(&kmem_caches_lock);
	EXPECT_EQ(cache_reap(0, true), 0);
	spin_unlock_irqrestore(&kmem_caches_lock, flags);
	EXPECT_EQ(stack_of(cache)->count, left);
	EXPECT_EQ(nr_on_list(&node_of(cache)->free), 11);
	flags = spin_lock_irqsave(&node_of(cache)->lock);
	cache_reap(0, true);
	spin_unlock_irqrestore(&node_of(cache)->lock, flags);
	EXPECT_EQ(stack_of(cache)->count, left);
	EXPECT_EQ(nr_on_list(&node_of(cache)->free), 11);
	private_cache_end(cache);
}

/* --- memory pressure --- */

static struct list_head taken_pages;

#define TO_THE_MARKS (GFP_KERNEL | __GFP_NOWARN | __GFP_NORETRY)

/* Every page of lowmem that can be had, without a word to the caches. */
static void exhaust_all(gfp_t gfp)
{
	const struct reclaim_hooks hooks = reclaim_hooks;
	struct page *page;
	int order;

	INIT_LIST_HEAD(&taken_pages);
	/* nor do those who get pages back ask them */
	reclaim_hooks = (struct reclaim_hooks){ 0 };
	for (order = MAX_ORDER - 1; order >= 0; order--)
		while ((page = alloc_pages(gfp, (unsigned int)order))) {
			page->index = (u32)order;
			list_add(&page->lru, &taken_pages);
		}
	reclaim_hooks = hooks;
}

static void give_all_back(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken_pages, lru)
		__free_pages(page, page->index);
}

/* A cache that keeps many pages; nothing of it is in use. */
static struct kmem_cache *keeping_cache(void)
{
	struct kmem_cache *cache = private_cache(4096, 0, 0, NULL);

	if (!cache || !take_n(cache, object, 60))
		return NULL;
	free_n(cache, object, 60);
	return cache;
}

TEST(slab_reap, pressure_takes_pages_from_caches)
{
	struct kmem_cache *cache = keeping_cache();
	struct page *page = NULL;
	u32 kept;

	REQUIRE(cache);
	kept = nr_slabs(cache);
	EXPECT(kept >= 8);
	exhaust_all(TO_THE_MARKS);
	if (EXPECT_EQ(nr_slabs(cache), kept))
		page = alloc_page(TO_THE_MARKS);
	give_all_back();
	EXPECT(page);
	EXPECT_EQ(nr_slabs(cache), 0);
	if (page)
		__free_page(page);
	private_cache_end(cache);
}

/* Who may not wait gets it, too, when even his reserve is gone. */
TEST(slab_reap, pressure_by_who_may_not_wait)
{
	struct kmem_cache *cache = keeping_cache();
	struct page *page;
	u32 kept;

	REQUIRE(cache);
	kept = nr_slabs(cache);
	EXPECT(kept >= 8);
	exhaust_all(GFP_ATOMIC | __GFP_NOWARN);
	EXPECT_EQ(nr_slabs(cache), kept);
	page = alloc_page(GFP_ATOMIC | __GFP_NOWARN);
	give_all_back();
	EXPECT(page);
	EXPECT_EQ(nr_slabs(cache), 0);
	if (page)
		__free_page(page);
	private_cache_end(cache);
}

/* A cache in need gets what another one kept. */
TEST(slab_reap, pressure_by_another_cache)
{
	struct kmem_cache *cache = keeping_cache(), *needs;
	void *p;

	REQUIRE(cache);
	needs = kmem_cache_create("test-needs", 2000, 0, 0, NULL);
	REQUIRE(needs);
	exhaust_all(TO_THE_MARKS);
	p = kmem_cache_alloc(needs, GFP_ATOMIC | __GFP_NOWARN);
	if (p) {
		/* down into what GFP_ATOMIC alone may have */
		kmem_cache_free(needs, p);
		kmem_cache_shrink(needs);
	}
	p = kmem_cache_alloc(needs, TO_THE_MARKS);
	give_all_back();
	EXPECT(p);
	EXPECT_EQ(nr_slabs(cache), 0);
	kmem_cache_free(needs, p);
	private_cache_end(needs);
	private_cache_end(cache);
}

/* Caches have nothing for a zone of somebody's own. */
TEST_PRIVATE(slab_reap, no_pages_for_other_zones, 4)
{
	struct kmem_cache *cache = private_cache(4096, 0, 0, NULL);

	REQUIRE(cache && take_n(cache, object, 4));
	free_n(cache, object, 4);
	private_zone(0, ZONE_NORMAL, 0, private_pages());
	private_ready();
	EXPECT_EQ(slab_shrink_hook(&private_nodes.node[0]->node_zonelists[0]),
		  0);
	EXPECT(nr_slabs(cache));
	EXPECT(slab_shrink_hook(&NODE_DATA(0)->node_zonelists[0]));
	EXPECT_EQ(nr_slabs(cache), 0);
	private_cache_end(cache);
}
