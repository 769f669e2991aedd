/* Caches and their slabs, as a caller sees them and as they are kept. */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include "private_cache.h"

void record_start(void);	/* test_cmdline.c */
const char *record_stop(void);

#define MOST 600
static void *object[MOST];

/* --- create and destroy --- */

TEST(slab, create_and_destroy)
{
	struct kmem_cache *cache = kmem_cache_create("test", 100, 0, 0, NULL);
	char *p;

	REQUIRE(cache);
	EXPECT_STREQ(kmem_cache_name(cache), "test");
	EXPECT_EQ(kmem_cache_size(cache), 100);
	EXPECT_EQ(nr_slabs(cache), 0);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	REQUIRE(p);
	memset(p, 0x11, 100);
	EXPECT_EQ(nr_slabs(cache), 1);
	kmem_cache_free(cache, p);
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
	EXPECT_EQ(kmem_cache_destroy(NULL), 0);
	kmem_cache_shrink(kmalloc_caches[0][0]);
}

/* The name is the cache's own copy. */
TEST(slab, name_is_copied)
{
	char name[] = "test-name";
	struct kmem_cache *cache = kmem_cache_create(name, 8, 0, 0, NULL);

	REQUIRE(cache);
	name[0] = 'b';
	EXPECT_STREQ(kmem_cache_name(cache), "test-name");
	private_cache_end(cache);
}

static const char taken[] = "there is one of that name";

/* Refused, and that is said in this one sentence. */
static void refused(const char *name, size_t size, size_t align, u32 flags,
		    const char *why)
{
	struct kmem_cache *cache;
	char sentence[120];

	snprintf(sentence, sizeof(sentence),
		 "error: kmem_cache_create(\"%s\", %lu): %s\n",
		 name ? name : "(null)", (unsigned long)size, why);
	record_start();
	cache = kmem_cache_create(name, size, align, flags, NULL);
	EXPECT_STREQ(record_stop(), sentence);
	EXPECT(!cache);
	if (cache)
		private_cache_end(cache);
}

TEST(slab, bad_arguments)
{
	unsigned int before = printk_warnings();

	static const char no_size[] =
		"its objects are not of 4 bytes to 128 KB";
	static const char no_align[] =
		"its alignment is no power of two up to a page";
	static const char no_flags[] = "it has unknown flags";

	refused(NULL, 32, 0, 0, "it has no name");
	refused("", 32, 0, 0, "it has no name");
	refused("a name of 24 characters.", 32, 0, 0, "its name is too long");
	refused("test", 0, 0, 0, no_size);
	refused("test", 3, 0, 0, no_size);
	refused("test", 131073, 0, 0, no_size);
	refused("test", (size_t)-1, 0, 0, no_size);
	refused("test", 32, 3, 0, no_align);
	refused("test", 32, 48, 0, no_align);
	refused("test", 32, 8192, 0, no_align);
	refused("test", 32, 0, 1, no_flags);
	/* the cache's own flag */
	refused("test", 32, 0, 0x80000000, no_flags);
	/* one sentence each */
	EXPECT_EQ(printk_warnings() - before, 12);
	test_allow_warnings(12);
}

TEST(slab, limits_of_arguments)
{
	static const size_t sizes[] = { 4, 5, 131071, 131072 };
	struct kmem_cache *cache;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cache = private_cache(sizes[i], 0, 0, NULL);
		REQUIRE(cache);
		EXPECT_EQ(kmem_cache_size(cache), sizes[i]);
		private_cache_end(cache);
	}
	cache = kmem_cache_create("a name of 23 characters", 8, 4096,
				  SLAB_HWCACHE_ALIGN | SLAB_RECLAIM_ACCOUNT,
				  NULL);
	REQUIRE(cache);
	EXPECT_STREQ(kmem_cache_name(cache), "a name of 23 characters");
	private_cache_end(cache);
}

TEST(slab, one_of_a_name)
{
	struct kmem_cache *cache = private_cache(32, 0, 0, NULL);

	refused("test", 64, 0, 0, taken);
	refused("size-32", 32, 0, 0, taken);
	refused("kmem_cache", 32, 0, 0, taken);
	test_allow_warnings(3);
	private_cache_end(cache);
	/* free again */
	private_cache_end(private_cache(64, 0, 0, NULL));
}

TEST(slab, creating_must_not_fail_and_does_not)
{
	struct fail_point *point;
	struct kmem_cache *cache;

	for (point = __fail_points_start; point < __fail_points_end; point++)
		if (point->active) {
			test_skip("requests fail on purpose");
			return;
		}
	cache = kmem_cache_create("test", 64, 0, SLAB_PANIC, NULL);
	REQUIRE(cache);
	private_cache_end(cache);
}

TEST_PANIC(slab, creating_must_not_fail,
	   "no cache \"size-64\" of 64 bytes: there is one of that name")
{
	kmem_cache_create("size-64", 64, 0, SLAB_PANIC, NULL);
}

TEST(slab, destroy_with_objects_in_use)
{
	struct kmem_cache *cache = private_cache(64, 0, 0, NULL);
	u32 leaks = slab_errors[SLAB_LEAK];

	REQUIRE(cache && take_n(cache, object, 3));
	EXPECT_EQ(kmem_cache_destroy(cache), -EBUSY);
	EXPECT(slab_errors[SLAB_LEAK] > leaks);
	test_allow_warnings(1);
	/* as it was: found by its name, and of use */
	refused("test", 64, 0, 0, taken);
	test_allow_warnings(2);
	REQUIRE(take_n(cache, object + 3, 100));
	EXPECT(books_are_right(cache, object, 103));
	free_n(cache, object, 103);
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
}

TEST(slab, destroy_of_no_cache)
{
	struct kmem_cache *cache = private_cache(64, 0, 0, NULL);
	unsigned int before = printk_warnings();

	REQUIRE(cache);
	EXPECT_EQ(kmem_cache_destroy(NULL), 0);
	EXPECT_EQ(printk_warnings() - before, 0);
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
	record_start();
	EXPECT_EQ(kmem_cache_destroy(cache), -EINVAL);
	EXPECT(strstr(record_stop(), ": there is no such cache\n"));
	record_start();
	EXPECT_EQ(kmem_cache_destroy((void *)16), -EINVAL);
	EXPECT_STREQ(record_stop(), "error: kmem_cache_destroy(0x00000010): "
		     "there is no such cache\n");
	EXPECT_EQ(printk_warnings() - before, 2);
	test_allow_warnings(2);
}

/* --- pages --- */

static bool is_marked(struct kmem_cache *cache, const struct page *page,
		      const struct slab *slab)
{
	return EXPECT(PageSlab(page)) &
	       EXPECT(page_cache(page) == cache) &
	       EXPECT(page_slab(page) == slab) &
	       EXPECT_EQ((uintptr_t)page->mapping,
			 slab_tag(cache, page_to_nid(page)));
}

static void pages_of(size_t size)
{
	struct kmem_cache *cache = private_cache(size, 0, 0, NULL);
	struct page *page;
	u32 i;

	REQUIRE(cache);
	object[0] = kmem_cache_alloc(cache, GFP_KERNEL);
	REQUIRE(object[0]);
	page = virt_to_page((char *)slab_of(object[0])->s_mem -
			    slab_of(object[0])->colour -
			    (cache->flags & CACHE_OFF_SLAB ? 0 :
			     cache->slab_bytes));
	EXPECT_EQ(page_order(page), cache->order);
	for (i = 0; i < 1U << cache->order; i++)
		is_marked(cache, page + i, slab_of(object[0]));
	EXPECT(slab_page(object[0]));
	kmem_cache_free(cache, object[0]);
	EXPECT_EQ(kmem_cache_shrink(cache), 1U << cache->order);
	for (i = 0; i < 1U << cache->order; i++) {
		EXPECT(!PageSlab(page + i));
		EXPECT(!page[i].mapping);
		EXPECT(!page[i].private);
	}
	EXPECT(!slab_page(object[0]));
	private_cache_end(cache);
}

TEST(slab, pages_carry_cache_and_slab)
{
	pages_of(64);
	pages_of(700);
	pages_of(1024);
	pages_of(9000);
	EXPECT(!slab_page(NULL));
	EXPECT(!slab_page((void *)0x1000));
}

/* --- which object --- */

TEST(slab, new_slab_ascends)
{
	struct kmem_cache *cache = private_cache(64, 0, 0, NULL);
	u32 i;

	REQUIRE(cache && take_n(cache, object, cache->num));
	for (i = 0; i < cache->num; i++)
		EXPECT_EQ(index_of(cache, object[i]), i);
	EXPECT_EQ(nr_slabs(cache), 1);
	free_n(cache, object, cache->num);
	private_cache_end(cache);
}

/* Whatever lies between: each gets the lowest that is free. */
TEST(slab, holes_are_filled_from_below)
{
	struct kmem_cache *cache = private_cache(32, 0, 0, NULL);
	static const u8 holes[] = { 2, 3, 4, 31, 32, 33, 40, 62, 63, 64, 90 };
	u32 i, n = ARRAY_SIZE(holes);
	struct slab *slab;

	REQUIRE(cache && take_n(cache, object, cache->num));
	/* with debugging a slab has fewer */
	while (holes[n - 1] >= cache->num)
		n--;
	slab = slab_of(object[0]);
	slab_set_long_way(true);
	for (i = n; i-- > 0;)
		kmem_cache_free(cache, object[holes[i]]);
	EXPECT_EQ(slab->inuse, cache->num - n);
	EXPECT(buffer_is_free(slab, 2) && !buffer_is_free(slab, 5));
	for (i = 0; i < n; i++) {
		void *p = kmem_cache_alloc(cache, GFP_KERNEL);

		EXPECT(p == object[holes[i]]);
	}
	slab_set_long_way(false);
	EXPECT(books_are_right(cache, object, cache->num));
	free_n(cache, object, cache->num);
	private_cache_end(cache);
}

/* A slab's list is what inuse says, at each step of a way out and back. */
TEST(slab, lists_follow_inuse)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	struct kmem_node *node;
	u32 i, n;

	REQUIRE(cache);
	slab_set_long_way(true);
	n = cache->num;
	for (i = 1; i <= n; i++) {
		object[i - 1] = kmem_cache_alloc(cache, GFP_KERNEL);
		node = cache->node[page_to_nid(virt_to_page(object[0]))];
		EXPECT_EQ(nr_on_list(&node->partial), i < n);
		EXPECT_EQ(nr_on_list(&node->full), i == n);
		EXPECT_EQ(nr_on_list(&node->free), 0);
		EXPECT_EQ(node->free_objects, n - i);
		EXPECT_EQ(slab_of(object[0])->inuse, i);
	}
	for (i = n; i-- > 0;) {
		kmem_cache_free(cache, object[i]);
		EXPECT_EQ(nr_on_list(&node->partial), i > 0);
		EXPECT_EQ(nr_on_list(&node->free), i == 0);
		EXPECT_EQ(nr_on_list(&node->full), 0);
		EXPECT_EQ(node->free_objects, n - i);
	}
	slab_set_long_way(false);
	private_cache_end(cache);
}

/* One slab in use, one partly, one free: the next come from the second. */
TEST(slab, partial_before_free_before_new)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	u32 i, n;

	REQUIRE(cache);
	slab_set_long_way(true);
	n = cache->num;
	REQUIRE(take_n(cache, object, 3 * n));
	EXPECT_EQ(cache->grown, 3);
	for (i = n + 2; i < 3 * n; i++)
		kmem_cache_free(cache, object[i]);
	EXPECT_EQ(nr_slabs(cache), 3);
	for (i = n + 2; i < 2 * n; i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		EXPECT(slab_of(object[i]) == slab_of(object[n]));
	}
	for (; i < 3 * n; i++) {
		object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
		EXPECT(slab_of(object[i]) != slab_of(object[0]) &&
		       slab_of(object[i]) != slab_of(object[n]));
	}
	EXPECT_EQ(cache->grown, 3);
	object[i] = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT_EQ(cache->grown, 4);
	free_n(cache, object, 3 * n + 1);
	slab_set_long_way(false);
	private_cache_end(cache);
}

/* What became partial last is used last. */
TEST(slab, oldest_partial_first)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	void *p;
	u32 n;

	REQUIRE(cache);
	slab_set_long_way(true);
	n = cache->num;
	REQUIRE(take_n(cache, object, 3 * n));
	kmem_cache_free(cache, object[n]);
	kmem_cache_free(cache, object[0]);
	kmem_cache_free(cache, object[2 * n]);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p == object[n]);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p == object[0]);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p == object[2 * n]);
	free_n(cache, object, 3 * n);
	slab_set_long_way(false);
	private_cache_end(cache);
}

/* Nothing new is taken with __GFP_NO_GROW. */
TEST(slab, no_grow)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	u32 n = 1;

	REQUIRE(cache);
	EXPECT(!kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NO_GROW));
	REQUIRE(take_n(cache, object, 1));
	while (n < MOST &&
	       (object[n] = kmem_cache_alloc(cache,
					     GFP_KERNEL | __GFP_NO_GROW)))
		n++;
	EXPECT_EQ(n, cache->num);
	EXPECT_EQ(cache->grown, 1);
	free_n(cache, object, n);
	private_cache_end(cache);
}

/* --- the free limit --- */

/* Empty slabs stay while no more than the limit is free. */
TEST(slab, free_limit)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	u32 i, n, limit, slabs;

	REQUIRE(cache);
	slab_set_long_way(true);
	limit = node_free_limit(cache);
	EXPECT_EQ(limit, 2 * cache->batch + cache->num);
	slabs = limit / cache->num + 4;
	n = slabs * cache->num;
	REQUIRE(n <= MOST && take_n(cache, object, n));
	REQUIRE(nr_slabs(cache) == slabs);
	for (i = 0; i < n; i++) {
		u32 kept;

		kmem_cache_free(cache, object[i]);
		kept = nr_slabs(cache) * cache->num - nr_on_slabs(cache);
		/* a slab that is not empty yet may stand above it */
		EXPECT(kept < limit + cache->num);
		/* not one slab too early */
		EXPECT(i + 1 > limit || nr_slabs(cache) == slabs);
	}
	EXPECT_EQ(nr_slabs(cache), limit / cache->num);
	EXPECT_EQ(cache->reaped, slabs - limit / cache->num);
	slab_set_long_way(false);
	private_cache_end(cache);
}

/* --- constructors --- */

static u32 constructed;
static bool bad_alignment;

static void count_ctor(void *p)
{
	constructed++;
	bad_alignment |= (uintptr_t)p % 4 != 0;
	*(u32 *)p = 0xc0de0000;
}

static bool ctor_at_each_allocation(const struct kmem_cache *cache)
{
	return cache->flags & SLAB_POISON;
}

TEST(slab, constructor_runs_once_a_slab)
{
	struct kmem_cache *cache;
	u32 i, n, round;

	constructed = 0;
	bad_alignment = false;
	cache = private_cache(100, 0, 0, count_ctor);
	REQUIRE(cache);
	EXPECT_EQ(constructed, 0);
	n = 3 * cache->num;
	for (round = 0; round < 4; round++) {
		REQUIRE(n <= MOST && take_n(cache, object, n));
		for (i = 0; i < n; i++)
			EXPECT_EQ(*(u32 *)object[i], 0xc0de0000);
		free_n(cache, object, n);
	}
	EXPECT_EQ(constructed, ctor_at_each_allocation(cache) ? 4 * n :
		  cache->grown * cache->num);
	EXPECT(ctor_at_each_allocation(cache) || cache->grown == 3);
	/* new slabs, new objects */
	kmem_cache_shrink(cache);
	constructed = 0;
	REQUIRE(take_n(cache, object, 1));
	EXPECT_EQ(constructed, ctor_at_each_allocation(cache) ? 1 :
		  cache->num);
	EXPECT(!bad_alignment);
	free_n(cache, object, 1);
	private_cache_end(cache);
}

/* Who frees an object leaves it as constructed; so it is found again. */
TEST(slab, contents_survive)
{
	struct kmem_cache *cache = private_cache(64, 0, 0, count_ctor);
	u32 i;

	REQUIRE(cache);
	if (private_cache_debugged(cache)) {
		private_cache_end(cache);
		return;
	}
	REQUIRE(take_n(cache, object, cache->num));
	for (i = 0; i < cache->num; i++)
		((u32 *)object[i])[1] = index_of(cache, object[i]);
	free_n(cache, object, cache->num);
	REQUIRE(take_n(cache, object, cache->num));
	for (i = 0; i < cache->num; i++)
		EXPECT_EQ(((u32 *)object[i])[1], index_of(cache, object[i]));
	free_n(cache, object, cache->num);
	private_cache_end(cache);
}

TEST_PANIC(slab, constructed_is_not_zeroed,
	   "an object with a constructor is not to be zeroed")
{
	kmem_cache_zalloc(private_cache(64, 0, 0, count_ctor), GFP_KERNEL);
}

/* --- zeroed, many --- */

TEST(slab, zalloc_of_dirty_objects)
{
	struct kmem_cache *cache = private_cache(100, 0, 0, NULL);
	u32 i, n, round;

	REQUIRE(cache);
	n = cache->num;
	for (round = 0; round < 3; round++) {
		for (i = 0; i < n; i++) {
			object[i] = round & 1 ?
				kmem_cache_alloc(cache,
						 GFP_KERNEL | __GFP_ZERO) :
				kmem_cache_zalloc(cache, GFP_KERNEL);
			REQUIRE(object[i]);
			EXPECT(object_is_filled(object[i], 100, 0));
			memset(object[i], 0xaa, 100);
		}
		/* from the slabs, from the stack, by the long way */
		free_n(cache, object, n);
		if (round == 0)
			kmem_cache_shrink(cache);
		slab_set_long_way(round == 1);
	}
	slab_set_long_way(false);
	object[0] = kmem_cache_alloc_node(cache, GFP_KERNEL | __GFP_ZERO,
					  numa_node_id());
	REQUIRE(object[0]);
	EXPECT(object_is_filled(object[0], 100, 0));
	kmem_cache_free(cache, object[0]);
	private_cache_end(cache);
}

TEST(slab, bulk)
{
	struct kmem_cache *cache = private_cache(128, 0, 0, NULL);
	u32 i, n;

	REQUIRE(cache);
	EXPECT(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 0, NULL));
	EXPECT_EQ(nr_slabs(cache), 0);
	for (n = 1; n <= 300; n = n * 3 + 1) {
		REQUIRE(kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO,
					      n, object));
		for (i = 0; i < n; i++) {
			EXPECT(object_is_filled(object[i], 128, 0));
			memset(object[i], 0x55, 128);
		}
		REQUIRE(books_are_right(cache, object, n));
		kmem_cache_free_bulk(cache, n, object);
		REQUIRE(books_are_right(cache, object, 0));
	}
	kmem_cache_free_bulk(cache, 0, NULL);
	object[0] = NULL;
	kmem_cache_free_bulk(cache, 1, object);
	private_cache_end(cache);
}

TEST(slab, free_of_null)
{
	struct kmem_cache *cache = private_cache(128, 0, 0, NULL);

	REQUIRE(cache);
	kmem_cache_free(cache, NULL);
	EXPECT_EQ(nr_kept(cache), 0);
	private_cache_end(cache);
}

/* --- all together --- */

/* Random steps, against what is held: contents, and every book. */
static void random_steps(size_t size, u32 flags, u32 seed)
{
	struct kmem_cache *cache = private_cache(size, 0, flags, NULL);
	u32 step, n = 0, i, most;

	REQUIRE(cache);
	most = min(3 * cache->num + 20U, 200U);
	for (step = 0; step < 3000; step++) {
		bool takes = next_random(&seed) % 8 < (step & 256 ? 6 : 2);

		if (takes && n < most) {
			object[n] = kmem_cache_alloc(cache, GFP_KERNEL);
			REQUIRE(object[n]);
			memset(object[n], (u8)((uintptr_t)object[n] >> 5),
			       size);
			n++;
		} else if (n) {
			i = next_random(&seed) % n;
			EXPECT(object_is_filled(object[i], (u32)size,
				(u8)((uintptr_t)object[i] >> 5)));
			kmem_cache_free(cache, object[i]);
			object[i] = object[--n];
		}
		if (step % 128 == 0)
			REQUIRE(books_are_right(cache, object, n));
		if (step % 701 == 700)
			kmem_cache_shrink(cache);
	}
	free_n(cache, object, n);
	EXPECT(books_are_right(cache, object, 0));
	private_cache_end(cache);
}

TEST(slab, random_steps)
{
	random_steps(16, 0, 1);
	random_steps(60, SLAB_HWCACHE_ALIGN, 2);
	random_steps(256, 0, 3);
	random_steps(700, 0, 4);
	random_steps(1024, 0, 5);
	slab_set_long_way(true);
	random_steps(256, 0, 6);
	slab_set_long_way(false);
}
