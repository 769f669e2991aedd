/*
 * The books of watched caches: what says which objects are free is broken in
 * each of the ways there are, and mended by whoever meets it; constructors,
 * leaks, and failures on purpose.
 */
#include <kernel/base/fail.h>
#include <kernel/lib/errno.h>
#include <mm/object/kmalloc.h>
#include "slab_watched.h"

static struct slab *slab_of(const void *p)
{
	return page_slab(virt_to_page(p));
}

static void flip_bit(const void *p)
{
	struct slab *slab = slab_of(p);
	u32 index = buffer_index(cache, slab, p);

	slab->bits[index / 32] ^= 1U << index % 32;
}

/* Its bit says that it is free: nobody else may get it. */
TEST(slab_books, in_use_but_free_by_its_bit)
{
	u8 *p, *q;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	memset(p, 0x77, SIZE);
	flip_bit(p);
	q = take();
	EXPECT_REPORT(SLAB_BAD_BOOKS, "slab error: bad books: cache watched");
	EXPECT(q != p && all_are(p, SIZE, 0x77));
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, q);
	close_cache();
}

/* The same of one that is not the next to be handed out. */
TEST(slab_books, bits_are_mended_by_any_use)
{
	u8 *p, *q;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	q = take();
	flip_bit(q);
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
	EXPECT(take() == p);
	EXPECT(take() != q);
	kmem_cache_free(cache, (u8 *)max(p, q) + cache->size);
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, q);
	close_cache();
}

TEST(slab_books, free_but_in_use_by_its_bit)
{
	u8 *p, *q;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	q = take();
	kmem_cache_free(cache, p);
	flip_bit(p);
	kmem_cache_free(cache, q);
	EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
	EXPECT(!slab_of(p)->inuse);
	EXPECT(take() == p);
	kmem_cache_free(cache, p);
	close_cache();
}

TEST(slab_books, wrong_count_and_stray_bits)
{
	struct slab *slab;
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	slab = slab_of(p);
	slab->inuse++;
	EXPECT_EQ(kmem_cache_verify(cache), 1);
	EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
	EXPECT_EQ(slab->inuse, 1);
	slab->inuse = cache->num;
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
	EXPECT(take() == p);
	if (cache->num % 32) {
		slab->bits[cache->num / 32] |= 1U << cache->num % 32;
		kmem_cache_free(cache, p);
		EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
		EXPECT(take() == p);
	}
	kmem_cache_free(cache, p);
	close_cache();
}

/* One that looks full goes to the full ones, and must come back from there. */
TEST(slab_books, mended_slab_has_room_again)
{
	u8 *p, *q, *r;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	slab_of(p)->inuse = cache->num - 1;
	q = take();
	EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
	r = take();
	EXPECT(slab_of(q) == slab_of(p) && slab_of(r) == slab_of(p));
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, q);
	kmem_cache_free(cache, r);
	close_cache();
}

/* Two wrong bits make the right number. */
TEST(slab_books, bits_of_two_objects_exchanged)
{
	u8 *p, *q;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	q = take();
	kmem_cache_free(cache, q);
	flip_bit(p);
	flip_bit(q);
	EXPECT_EQ(kmem_cache_verify(cache), 1);
	EXPECT_REPORT(SLAB_BAD_BOOKS, NULL);
	EXPECT(take() == q);
	kmem_cache_free(cache, q);
	kmem_cache_free(cache, p);
	close_cache();
}

TEST(slab_books, lost_objects_of_an_old_slab)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	kmem_cache_free(cache, p);
	flip_bit(p);
	kmem_cache_shrink(cache);
	EXPECT_REPORT(SLAB_BAD_BOOKS, "a slab without objects in use");
	close_cache();
}

/* --- constructors --- */

static u32 constructed;

static void construct(void *object)
{
	constructed++;
	memset(object, 0xc7, SIZE);
}

TEST(slab_books, constructor_at_each_allocation)
{
	u8 *p;

	reports_begin();
	constructed = 0;
	cache = kmem_cache_create("watched", SIZE, 0, SLAB_DEBUG_FLAGS,
				  construct);
	REQUIRE(cache);
	p = take();
	EXPECT_EQ(constructed, 1);
	EXPECT(all_are(p, SIZE, 0xc7));
	kmem_cache_free(cache, p);
	EXPECT(all_are(p, SIZE - 1, POISON_FREE));
	EXPECT(take() == p && all_are(p, SIZE, 0xc7));
	EXPECT_EQ(constructed, 2);
	kmem_cache_free(cache, p);
	close_cache();
}

/* --- leaks --- */

TEST(slab_books, leaks_are_listed)
{
	static const char *const words[] = {
		"slab error: leak: cache watched, object ",
		"the first of 3 that are in use", "in use; its buffer is ",
		"last allocated ", "in use; its buffer is ",
		"last allocated ", "in use; its buffer is ",
		"last allocated ", NULL
	};
	u8 *object[3];
	u32 i;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	for (i = 0; i < 3; i++)
		object[i] = slab_debug_taker();
	EXPECT_EQ(kmem_cache_destroy(cache), -EBUSY);
	EXPECT_REPORT(SLAB_LEAK, NULL);
	EXPECT(in_order(reports_text(), words));
	/* it stays usable */
	kmem_cache_free(cache, take());
	for (i = 0; i < 3; i++)
		kmem_cache_free(cache, object[i]);
	close_cache();
}

TEST(slab_books, many_leaks)
{
	u8 *object[40];
	u32 i;

	REQUIRE(open_cache(SIZE, 0, SLAB_STORE_USER));
	for (i = 0; i < ARRAY_SIZE(object); i++)
		object[i] = take();
	EXPECT_EQ(kmem_cache_destroy(cache), -EBUSY);
	EXPECT_REPORT(SLAB_LEAK, "  ... and 24 more\n");
	for (i = 0; i < ARRAY_SIZE(object); i++)
		kmem_cache_free(cache, object[i]);
	close_cache();
}

/* --- fail=slab --- */

TEST(slab_books, fail_slab)
{
	struct fail_point *point = fail_find("slab", 4);
	u32 injected, i;
	void *p[5];

	REQUIRE(point);
	injected = point->injected;
	fail_nth(point, 3);
	EXPECT(slab_long_way);
	for (i = 0; i < 5; i++)
		p[i] = kmalloc(24, GFP_KERNEL);
	EXPECT(p[0] && p[1] && !p[2] && p[3] && p[4]);
	EXPECT(!slab_long_way);
	EXPECT_EQ(point->injected, injected + 1);
	for (i = 0; i < 5; i++)
		kfree(p[i]);
	fail_nth(point, 1);
	p[0] = kmalloc(24, GFP_KERNEL | __GFP_NOFAIL);
	EXPECT(p[0] && slab_long_way);
	kfree(p[0]);
	fail_nth(point, 0);
	EXPECT(!slab_long_way);
	EXPECT_EQ(point->injected, injected + 1);
}
