/*
 * What must not be freed, with caches that are not watched and, under
 * debug=slab, with those that are: each is reported once under its class and
 * left alone; without debugging double frees and pointers into objects are seen
 * when the CPU's stack is drained.
 */
#include <boot/sections.h>
#include <kernel/lib/errno.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/table/layout.h>
#include "slab_expect.h"

#define SIZE 64U

static struct kmem_cache *cache;

static bool open_cache(void)
{
	reports_begin();
	cache = kmem_cache_create("bad", SIZE, 0, 0, NULL);
	return EXPECT(cache);
}

static void close_cache(void)
{
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
	EXPECT_NO_REPORT();
	reports_end();
}

static u8 *take(void)
{
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOFAIL);

	EXPECT(object);
	return object;
}

TEST(slab_bad, double_free)
{
	u8 *p, *q;

	REQUIRE(open_cache());
	p = take();
	q = take();
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, p);
	kmem_cache_shrink(cache);
	EXPECT_REPORT(SLAB_DOUBLE_FREE, "slab error: double free: cache bad, "
		      "object ");
	if (!cache_is_debugged(cache))
		EXPECT(strstr(reports_text(), "seen when a CPU's stack was "
			      "drained"));
	EXPECT_EQ(page_slab(virt_to_page(q))->inuse, 1);
	kmem_cache_free(cache, q);
	close_cache();
}

/* The first one of them went to its slab long ago. */
TEST(slab_bad, double_free_of_an_object_at_home)
{
	u8 *p, *q;

	REQUIRE(open_cache());
	p = take();
	q = take();
	kmem_cache_free(cache, p);
	kmem_cache_shrink(cache);
	EXPECT_NO_REPORT();
	kmem_cache_free(cache, p);
	kmem_cache_shrink(cache);
	EXPECT_REPORT(SLAB_DOUBLE_FREE, NULL);
	kmem_cache_free(cache, q);
	close_cache();
}

TEST(slab_bad, inside_of_an_object)
{
	static const s32 at[] = { 1, 4, 8, 32, 63 };
	u32 i;
	u8 *p;

	REQUIRE(open_cache());
	p = take();
	for (i = 0; i < ARRAY_SIZE(at); i++) {
		kmem_cache_free(cache, p + at[i]);
		kmem_cache_shrink(cache);
		EXPECT_REPORT(SLAB_INSIDE_OBJECT, "slab error: inside of an "
			      "object: cache bad, object ");
	}
	kmem_cache_free(cache, p);
	close_cache();
}

/* Where its management stands, and what is left over behind the last one. */
TEST(slab_bad, what_a_slab_keeps_for_itself)
{
	struct slab *slab;
	u8 *p, *end;

	REQUIRE(open_cache());
	p = take();
	slab = page_slab(virt_to_page(p));
	EXPECT((u8 *)slab < p);
	kmem_cache_free(cache, slab);
	kmem_cache_shrink(cache);
	EXPECT_REPORT(SLAB_NO_OBJECT, "what a slab keeps for itself");
	end = buffer_at(cache, slab, cache->num);
	if ((u32)(uintptr_t)end % PAGE_SIZE) {
		kmem_cache_free(cache, end);
		kmem_cache_shrink(cache);
		EXPECT_REPORT(SLAB_NO_OBJECT, "what a slab keeps for itself");
	}
	kmem_cache_free(cache, p);
	close_cache();
}

TEST(slab_bad, wrong_cache)
{
	u8 *p, *q = kmalloc(SIZE, GFP_KERNEL);

	REQUIRE(q);
	REQUIRE(open_cache());
	p = take();
	kmem_cache_free(kmalloc_caches[0][0], p);
	EXPECT_REPORT(SLAB_WRONG_CACHE, "slab error: wrong cache: cache bad, "
		      "object ");
	EXPECT(strstr(reports_text(), "freed by "));
	EXPECT(strstr(reports_text(), "to the cache size-8"));
	kmem_cache_free(cache, q);
	EXPECT_REPORT(SLAB_WRONG_CACHE, "wrong cache: cache size-64, object ");
	EXPECT(strstr(reports_text(), "to the cache bad"));
	/* both are still their owners' */
	memset(p, 0, SIZE);
	memset(q, 0, SIZE);
	kfree(q);
	kfree(p);
	close_cache();
}

/* --- no slab's address --- */

static void expect_no_object(const void *p, const char *says)
{
	kfree(p);
	EXPECT_REPORT(SLAB_NO_OBJECT, "slab error: no object: cache none, "
		      "object ");
	EXPECT(strstr(reports_text(), says));
	kmem_cache_free(cache, (void *)(uintptr_t)p);
	EXPECT_REPORT(SLAB_NO_OBJECT, says);
	EXPECT(strstr(reports_text(), "freed by "));
}

TEST(slab_bad, addresses_of_others)
{
	unsigned long page;
	u8 *large;

	REQUIRE(open_cache());
	expect_no_object((void *)8, "it is no address of the kernel");
	expect_no_object((void *)0xbffffff8, "it is no address of the kernel");
	expect_no_object(_text, "it is reserved: the kernel's image");
	expect_no_object(&cache, "it is reserved: the kernel's image");
	expect_no_object((void *)(uintptr_t)memory_layout.vmalloc_start,
			 "it is not in the direct map");
	expect_no_object((void *)0xfffffff8, "it is not in the direct map");
	page = __get_free_page(GFP_KERNEL);
	REQUIRE(page);
	expect_no_object((void *)page, "it is a page that has another owner");
	expect_no_object((void *)(page + 40),
			 "it is a page that has another owner");
	free_page(page);
	expect_no_object((void *)page, "it is a free page");
	large = kmalloc(300000, GFP_KERNEL | __GFP_NOWARN);
	if (large) {
		expect_no_object(large + 1, "inside a block of kmalloc()");
		expect_no_object(large + 200000,
				 "inside a block of kmalloc()");
		kmem_cache_free(cache, large);
		EXPECT_REPORT(SLAB_NO_OBJECT, "it is a block of kmalloc()");
		kfree(large);
		EXPECT_NO_REPORT();
	}
	close_cache();
}

TEST(slab_bad, nothing_is_nothing)
{
	REQUIRE(open_cache());
	kfree(NULL);
	kmem_cache_free(cache, NULL);
	EXPECT_NO_REPORT();
	close_cache();
}

TEST(slab_bad, large_block_twice)
{
	u8 *large = kmalloc(200000, GFP_KERNEL | __GFP_NOWARN);

	if (!large) {
		test_skip("too little memory");
		return;
	}
	reports_begin();
	kfree(large);
	kfree(large);
	EXPECT_REPORT(SLAB_NO_OBJECT, "it is a free page");
	reports_end();
}

TEST(slab_bad, size_of_no_object)
{
	reports_begin();
	EXPECT_EQ(ksize(NULL), 0);
	EXPECT_NO_REPORT();
	EXPECT_EQ(ksize(_text), 0);
	EXPECT_REPORT(SLAB_NO_OBJECT, "ksize() of it");
	EXPECT(!krealloc(_text, 10, GFP_KERNEL));
	EXPECT_REPORT(SLAB_NO_OBJECT, NULL);
	reports_end();
}

/* krealloc() would move a border in the middle of it. */
TEST(slab_bad, size_of_a_part_of_an_object)
{
	u8 *p, *q;

	REQUIRE(open_cache());
	p = take();
	q = take();
	memset(p, 0x3c, SIZE);
	EXPECT_EQ(ksize(p), SIZE);
	EXPECT_EQ(ksize(p + 4), 0);
	EXPECT_REPORT(SLAB_INSIDE_OBJECT, "ksize() of it; the object begins 4 "
		      "bytes before");
	EXPECT(!krealloc(p + 8, 20, GFP_KERNEL));
	EXPECT_REPORT(SLAB_INSIDE_OBJECT, NULL);
	EXPECT_EQ(ksize((u8 *)page_slab(virt_to_page(p))), 0);
	EXPECT_REPORT(SLAB_NO_OBJECT, "it is what a slab keeps for itself");
	EXPECT(p[8] == 0x3c && p[27] == 0x3c && p[28] == 0x3c &&
	       p[SIZE - 1] == 0x3c);
	kmem_cache_free(cache, p);
	kmem_cache_shrink(cache);	/* from the stack to its slab */
	EXPECT_EQ(ksize(p), 0);
	EXPECT_REPORT(SLAB_NO_OBJECT, "ksize() of it; it is free");
	EXPECT(!krealloc(p, 20, GFP_KERNEL));
	EXPECT_REPORT(SLAB_NO_OBJECT, NULL);
	kmem_cache_free(cache, q);
	close_cache();
}

TEST(slab_bad, leaks_at_the_end_of_a_cache)
{
	u8 *p, *q;

	REQUIRE(open_cache());
	p = take();
	q = take();
	kmem_cache_free(cache, q);
	EXPECT_EQ(kmem_cache_destroy(cache), -EBUSY);
	EXPECT_REPORT(SLAB_LEAK, "slab error: leak: cache bad, object ");
	EXPECT(strstr(reports_text(), "the first of 1 that are in use"));
	EXPECT(strstr(reports_text(), "64 bytes; in use"));
	q = take();
	EXPECT(q && q != p);
	kmem_cache_free(cache, q);
	kmem_cache_free(cache, p);
	close_cache();
}
