/*
 * Watched objects: each mistake is made on purpose, reported once under its
 * class, and mended: a second look finds nothing.
 */
#include <boot/sections.h>
#include <kernel/base/fail.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/errno.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab_debug.h>
#include "slab_watched.h"

/* --- what is around an object --- */

static void judge_layout(u32 size, u32 align)
{
	u32 step = max(align, 4U);
	u8 *a, *b;

	if (!open_another(size, align, SLAB_DEBUG_FLAGS))
		return;
	a = take();
	b = take();
	EXPECT(IS_ALIGNED((u32)(uintptr_t)a, step));
	EXPECT(IS_ALIGNED((u32)(uintptr_t)b, step));
	EXPECT_EQ(kmem_cache_size(cache), size);
	EXPECT(cache->offset >= 4);
	EXPECT(tracks_at(cache) + sizeof(struct slab_track) * NR_TRACKS <=
	       cache->size);
	memset(a, 0xff, size);
	memset(b, 0xff, size);
	kmem_cache_free(cache, a);
	kmem_cache_free(cache, b);
	close_cache();
}

TEST(slab_debug, layout)
{
	static const u32 size[] = { 4, 5, 7, 8, 18, 64, 100, 512, 2000, 4096,
				    9000 };
	static const u32 align[] = { 0, 8, 32, 64, 512, 4096 };
	u32 i, k;

	reports_begin();
	for (i = 0; i < ARRAY_SIZE(size); i++)
		for (k = 0; k < ARRAY_SIZE(align); k++)
			judge_layout(size[i], align[k]);
}

TEST(slab_debug, states_of_an_object)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	EXPECT(all_are(p, SIZE - 1, POISON_INUSE) &&
	       p[SIZE - 1] == POISON_END);
	EXPECT_EQ(*word_at(p, SIZE), RED_ACTIVE);
	EXPECT_EQ(*word_at(p - 4, 0), RED_ACTIVE);
	memset(p, 1, SIZE);
	kmem_cache_free(cache, p);
	EXPECT(all_are(p, SIZE - 1, POISON_FREE) && p[SIZE - 1] == POISON_END);
	EXPECT_EQ(*word_at(p, SIZE), RED_INACTIVE);
	EXPECT_EQ(*word_at(p - 4, 0), RED_INACTIVE);
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	EXPECT(kmem_cache_zalloc(cache, GFP_KERNEL) == p);
	EXPECT(all_are(p, SIZE, 0));
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	kmem_cache_free(cache, p);
	close_cache();
}

/* --- red zones --- */

/* The byte at that offset of an object in use is changed, then it is freed. */
static void damage_and_free(s32 at, enum slab_error class, const char *says)
{
	u8 *p = take();

	p[at] ^= 0x40;
	kmem_cache_free(cache, p);
	EXPECT_REPORT(class, says);
	EXPECT_EQ(kmem_cache_verify(cache), 0);
}

TEST(slab_debug, one_byte_behind)
{
	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	damage_and_free(SIZE, SLAB_OVERRUN, "slab error: overrun: cache "
			"watched, object ");
	EXPECT(strstr(reports_text(),
		      "behind its 64 bytes, seen when it was freed"));
	EXPECT(strstr(reports_text(), "from its byte 64 on expected a5 c2 0f "
		      "17\n  found e5 c2 0f 17\n"));
	close_cache();
}

TEST(slab_debug, one_byte_before)
{
	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	damage_and_free(-1, SLAB_UNDERRUN, "slab error: underrun: cache "
			"watched, object ");
	EXPECT(strstr(reports_text(), "from its byte -1 on expected 17\n"
		      "  found 57\n"));
	close_cache();
}

/* Every byte of both zones, of the word with the size and of the end. */
static void damage_all_zones(u32 size, u32 align)
{
	s32 before;
	u32 at, end;

	/* without the lines that say who */
	if (!open_another(size, align, SLAB_RED_ZONE))
		return;
	for (before = 1; before <= (s32)cache->offset; before++)
		damage_and_free(-before, SLAB_UNDERRUN, NULL);
	for (at = cache->offset + size; at < tracks_at(cache); at++)
		damage_and_free((s32)(at - cache->offset), SLAB_OVERRUN, NULL);
	end = tracks_at(cache);
	if (cache->flags & SLAB_STORE_USER)
		end += sizeof(struct slab_track) * NR_TRACKS;
	for (at = end; at < cache->size; at++)
		damage_and_free((s32)(at - cache->offset), SLAB_OVERRUN, NULL);
	close_cache();
}

TEST(slab_debug, every_byte_of_the_zones)
{
	reports_begin();
	damage_all_zones(64, 0);
	damage_all_zones(61, 0);
	damage_all_zones(20, 32);
}

/* A free object's zones are looked at when it is handed out. */
TEST(slab_debug, zones_of_a_free_object)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	kmem_cache_free(cache, p);
	p[SIZE + 2] = 0;
	EXPECT(take() == p);
	EXPECT_REPORT(SLAB_OVERRUN, "seen when it was allocated");
	kmem_cache_free(cache, p);
	p[-3] = 0;
	EXPECT(take() == p);
	EXPECT_REPORT(SLAB_UNDERRUN, "seen when it was allocated");
	kmem_cache_free(cache, p);
	close_cache();
}

/* Far behind: the zone, the size, who had it. One report of one mistake. */
TEST(slab_debug, many_bytes_behind)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	memset(p + 60, 0x41, 40);
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_OVERRUN, "found 41 41 41 41\n");
	close_cache();
}

TEST(slab_debug, both_sides_at_once)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	memset(p - 1, 0, SIZE + 2);
	EXPECT_EQ(kmem_cache_verify(cache), 2);
	EXPECT_TWO_REPORTS(SLAB_UNDERRUN, SLAB_OVERRUN);
	kmem_cache_free(cache, p);
	close_cache();
}

/* --- after free --- */

static void write_after_free(u32 at, const char *says)
{
	u8 *p = take();

	kmem_cache_free(cache, p);
	p[at] = 0x41;
	EXPECT(take() == p);
	EXPECT_REPORT(SLAB_WRITE_AFTER_FREE, says);
	/* the new owner has it as if nothing had been */
	EXPECT(all_are(p, SIZE - 1, POISON_INUSE));
	kmem_cache_free(cache, p);
	EXPECT_EQ(kmem_cache_verify(cache), 0);
}

TEST(slab_debug, write_after_free)
{
	u32 at;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	for (at = 0; at < SIZE; at += 9)
		write_after_free(at, "slab error: write after free: cache "
				 "watched, object ");
	write_after_free(0, "from its byte 0 on expected 6b 6b");
	write_after_free(49, "from its byte 49 on expected 6b 6b");
	EXPECT(strstr(reports_text(), "found 41 6b 6b"));
	write_after_free(63, "from its byte 63 on expected a5\n  found 41\n");
	close_cache();
}

/* However many bytes: one mistake, one report. */
TEST(slab_debug, all_of_it_written_after_free)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	kmem_cache_free(cache, p);
	memset(p, 0, SIZE);
	EXPECT(take() == p);
	EXPECT_REPORT(SLAB_WRITE_AFTER_FREE, "from its byte 0 on expected 6b "
		      "6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b 6b\n  found "
		      "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n");
	kmem_cache_free(cache, p);
	close_cache();
}

TEST(slab_debug, write_after_free_seen_late)
{
	u8 *p, *q;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	q = take();
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, q);
	p[7] = 1;
	q[8] = 1;
	EXPECT_EQ(kmem_cache_verify(cache), 2);
	EXPECT_REPORTS(SLAB_WRITE_AFTER_FREE, 2);
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	q[9] = 1;
	kmem_cache_shrink(cache);
	EXPECT_REPORT(SLAB_WRITE_AFTER_FREE, "given back with its slab");
	close_cache();
}

/* --- less than the object was asked for --- */

static u8 *take_bytes(u32 size)
{
	u8 *p = slab_alloc(cache, GFP_KERNEL | __GFP_NOFAIL, -1, size, CALLER);

	EXPECT(p);
	return p;
}

TEST(slab_debug, bytes_that_were_not_asked_for)
{
	static const u32 sizes[] = { 1, 2, 17, 18, 19, 31, 32 };
	u32 size, at, i;
	u8 *p;

	REQUIRE(open_cache(32, 0, SLAB_RED_ZONE));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		size = sizes[i];
		p = take_bytes(size);
		memset(p, 0xee, size);
		EXPECT_EQ(slab_debug_get_size(cache, p), size);
		EXPECT_EQ(kmem_cache_verify(cache), 0);
		for (at = size; at < 36; at += at == size ? 1 : 5) {
			p[at] ^= 1;
			EXPECT_EQ(kmem_cache_verify(cache), 1);
			EXPECT_REPORTS(SLAB_OVERRUN, 1);
		}
		EXPECT(all_are(p, size, 0xee));
		kmem_cache_free(cache, p);
	}
	close_cache();
}

TEST(slab_debug, changes_of_size)
{
	u8 *p;

	REQUIRE(open_cache(256, 32, SLAB_DEBUG_FLAGS));
	p = take_bytes(201);
	memset(p, 0xee, 201);
	slab_debug_set_size(cache, p, 235);
	EXPECT(all_are(p, 201, 0xee) && all_are(p + 201, 34, POISON_INUSE));
	memset(p, 0xdd, 235);
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	p[235] = 1;
	slab_debug_set_size(cache, p, 201);
	EXPECT_REPORT(SLAB_OVERRUN, "behind its 235 bytes, seen when it was "
		      "resized");
	EXPECT(all_are(p, 201, 0xdd));
	p[201] = 0xdd;
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_OVERRUN, "behind its 201 bytes");
	p = take_bytes(256);
	EXPECT_EQ(slab_debug_get_size(cache, p), 256);
	slab_debug_set_size(cache, p, 0);
	EXPECT_EQ(slab_debug_get_size(cache, p), 1);
	kmem_cache_free(cache, p);
	/* nothing was asked for: it is an object all the same */
	p = take_bytes(0);
	EXPECT_EQ(slab_debug_get_size(cache, p), 1);
	p[1] ^= 1;
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_OVERRUN, "behind its 1 bytes");
	close_cache();
}

/* --- kmalloc(), with debug=slab --- */

/* Are its caches watched? Else says why the case ends. */
static bool kmalloc_is_watched(void)
{
	static const size_t used[] = { 32, 128, 256 };
	bool all = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(used); i++)
		all &= cache_is_debugged(
			kmalloc_caches[0][kmalloc_class(used[i])]);
	if (all)
		return true;
	test_skip("only with debug=slab");
	return false;
}

TEST(slab_debug, kmalloc_of_18)
{
	u32 at;
	u8 *p;

	if (!kmalloc_is_watched())
		return;
	reports_begin();
	for (at = 17; at < 36; at += at < 20 ? 1 : 5) {
		p = kmalloc(18, GFP_KERNEL);
		REQUIRE(p);
		EXPECT_EQ(ksize(p), 18);
		p[at] = 0;
		kfree(p);
		EXPECT_REPORTS(SLAB_OVERRUN, at > 17);
	}
	reports_end();
}

/* Each byte behind the new size of a block that grew or shrank. */
static void probe_krealloc(size_t from, size_t to)
{
	size_t at;
	u8 *p, *q;

	for (at = min(from, to) - 1; at < 260; at += 3) {
		p = kmalloc(from, GFP_KERNEL);
		REQUIRE(p);
		memset(p, 0x5c, from);
		q = krealloc(p, to, GFP_KERNEL);
		REQUIRE(q);
		EXPECT(all_are(q, min(from, to), 0x5c));
		EXPECT_EQ(ksize(q), to);
		EXPECT_NO_REPORT();
		q[at] = 0;
		kfree(q);
		EXPECT_REPORTS(SLAB_OVERRUN, at >= to);
	}
}

TEST(slab_debug, krealloc_up_and_down)
{
	if (!kmalloc_is_watched())
		return;
	reports_begin();
	probe_krealloc(201, 235);
	probe_krealloc(235, 201);
	reports_end();
}

TEST(slab_debug, krealloc_to_another_class)
{
	u8 *p, *q;

	if (!kmalloc_is_watched())
		return;
	reports_begin();
	p = kmalloc(30, GFP_KERNEL);
	REQUIRE(p);
	memset(p, 0x5c, 30);
	q = krealloc(p, 100, GFP_KERNEL);
	REQUIRE(q && q != p);
	EXPECT(all_are(q, 30, 0x5c) && all_are(q + 30, 70, POISON_INUSE));
	EXPECT_NO_REPORT();
	q[100] = 0;
	EXPECT(krealloc(q, 50, GFP_KERNEL) == q);
	EXPECT_REPORT(SLAB_OVERRUN, "behind its 100 bytes");
	kfree(q);
	EXPECT_NO_REPORT();
	reports_end();
}

/* --- frees that must not be --- */

TEST(slab_debug, double_free)
{
	u8 *p, *other, *third;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = take();
	other = take();
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_DOUBLE_FREE, "slab error: double free: cache "
		      "watched, object ");
	EXPECT(strstr(reports_text(), "; free;"));
	/* it is handed out once, not twice */
	EXPECT(take() == p);
	third = take();
	EXPECT(third != p && third != other);
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, other);
	kfree(other);
	EXPECT_REPORT(SLAB_DOUBLE_FREE, "freed by ");
	kmem_cache_free(cache, third);
	close_cache();
}

TEST(slab_debug, inside_of_an_object)
{
	s32 at;
	u8 *p;

	REQUIRE(open_cache(SIZE, 32, SLAB_RED_ZONE));
	p = take();
	for (at = -(s32)cache->offset; at < (s32)(cache->size - cache->offset);
	     at += at == -1 ? 2 : 1)
		if (at < 9 || at > 60) {
			kmem_cache_free(cache, p + at);
			EXPECT_REPORT(SLAB_INSIDE_OBJECT, NULL);
		}
	kmem_cache_free(cache, p + 8);
	EXPECT_REPORT(SLAB_INSIDE_OBJECT, "the object begins 8 bytes before");
	EXPECT(strstr(reports_text(), "slab error: inside of an object: cache "
		      "watched, object "));
	EXPECT(strstr(reports_text(), "in use"));
	kmem_cache_free(cache, p);
	close_cache();
}

TEST(slab_debug, wrong_cache)
{
	struct kmem_cache *other;
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	other = kmem_cache_create("other", SIZE, 0, SLAB_DEBUG_FLAGS, NULL);
	REQUIRE(other);
	p = take();
	kmem_cache_free(other, p);
	EXPECT_REPORT(SLAB_WRONG_CACHE, "slab error: wrong cache: cache "
		      "watched, object ");
	EXPECT(strstr(reports_text(), "to the cache other"));
	memset(p, 0, SIZE);
	kmem_cache_free(cache, p);
	EXPECT_EQ(kmem_cache_destroy(other), 0);
	close_cache();
}

/* --- who --- */

TEST(slab_debug, who_had_it)
{
	static const char *const words[] = {
		"last allocated ", " ticks ago:\n [<c", "] slab_debug_taker+",
		"] test_slab_debug_who_had_it+", "] run_tests+",
		"last freed ", " ticks ago:\n [<c", "] slab_debug_giver+",
		"] test_slab_debug_who_had_it+", "] run_tests+", NULL
	};
	const struct slab_track *track;
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = slab_debug_taker();
	REQUIRE(p);
	slab_debug_giver(p);
	slab_debug_giver(p);
	EXPECT_REPORT(SLAB_DOUBLE_FREE, "freed by slab_debug_giver+");
	EXPECT(in_order(reports_text(), words));
	/* nothing of the allocator itself */
	EXPECT(!strstr(reports_text(), "slab_alloc"));
	EXPECT(!strstr(reports_text(), "] kmem_cache"));
	track = track_of(cache, p - cache->offset, TRACK_ALLOC);
	EXPECT(track[TRACK_FREE].time[0] != track->time[0]);
	close_cache();
}

/* By ways that have a frame of their own in the allocator. */
TEST(slab_debug, who_by_longer_ways)
{
	const struct slab_track *track;
	u32 here = (u32)(uintptr_t)&slab_debug_taker;
	void *bulk[2];
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	p = slab_debug_taker();
	track = track_of(cache, p - cache->offset, TRACK_ALLOC);
	EXPECT(track->entry[0] - here < 0x40);
	kmem_cache_free(cache, p);
	p = kmem_cache_zalloc(cache, GFP_KERNEL);
	EXPECT(track->entry[0] - here > 0x40);
	EXPECT(track->entry[0] >= (u32)(uintptr_t)__object_text_end);
	kmem_cache_free(cache, p);
	EXPECT(kmem_cache_alloc_bulk(cache, GFP_KERNEL, 2, bulk));
	EXPECT(track->entry[0] >= (u32)(uintptr_t)__object_text_end);
	kmem_cache_free_bulk(cache, 2, bulk);
	EXPECT(track[1].entry[0] >= (u32)(uintptr_t)__object_text_end);
	close_cache();
}

static void free_twice(void *object)
{
	kmem_cache_free(cache, object);
	kmem_cache_free(cache, object);
}

/* A report does not need a probe of its own. */
TEST(slab_debug, inside_a_probe)
{
	REQUIRE(open_cache(SIZE, 0, SLAB_DEBUG_FLAGS));
	EXPECT(cpu_probe(free_twice, take(), NULL));
	EXPECT_REPORT(SLAB_DOUBLE_FREE, NULL);
	close_cache();
}

/* --- one flag at a time --- */

/* With debug=slab all of them are on. */
static bool alone(u32 flags)
{
	return (cache->flags & SLAB_DEBUG_FLAGS) == flags;
}

TEST(slab_debug, red_zones_alone)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_RED_ZONE));
	damage_and_free(SIZE, SLAB_OVERRUN, NULL);
	damage_and_free(-1, SLAB_UNDERRUN, NULL);
	p = take();
	kmem_cache_free(cache, p);
	p[5]++;
	EXPECT_EQ(kmem_cache_verify(cache), !alone(SLAB_RED_ZONE));
	EXPECT_REPORTS(SLAB_WRITE_AFTER_FREE, !alone(SLAB_RED_ZONE));
	close_cache();
}

TEST(slab_debug, poison_alone)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_POISON));
	write_after_free(3, NULL);
	if (alone(SLAB_POISON)) {
		EXPECT_EQ(cache->size, SIZE);
		EXPECT_EQ(cache->offset, 0);
		p = take();
		memset(p, 0, SIZE);
		EXPECT_EQ(slab_debug_get_size(cache, p), SIZE);
		kmem_cache_free(cache, p);
	}
	close_cache();
}

TEST(slab_debug, users_alone)
{
	u8 *p;

	REQUIRE(open_cache(SIZE, 0, SLAB_STORE_USER));
	p = slab_debug_taker();
	kmem_cache_free(cache, p);
	kmem_cache_free(cache, p);
	EXPECT_REPORT(SLAB_DOUBLE_FREE, "last allocated ");
	close_cache();
}

/* No slab has room for more than the object itself. */
TEST(slab_debug, largest_objects)
{
	u8 *p;

	REQUIRE(open_cache(KMALLOC_MAX_CLASS, 0, SLAB_DEBUG_FLAGS));
	EXPECT_EQ(cache->flags & SLAB_DEBUG_FLAGS, SLAB_POISON);
	p = kmem_cache_alloc(cache, GFP_KERNEL | __GFP_NOWARN);
	if (p) {
		kmem_cache_free(cache, p);
		kmem_cache_free(cache, p);
		EXPECT_REPORT(SLAB_DOUBLE_FREE, NULL);
		p[100000] = 0;
		kmem_cache_shrink(cache);
		EXPECT_REPORT(SLAB_WRITE_AFTER_FREE, "from its byte 100000");
	}
	close_cache();
}

/* --- no false alarm --- */

#define HELD 64

static u32 random_state;

static u32 random_below(u32 n)
{
	random_state = random_state * 1664525 + 1013904223;
	return (u32)((u64)random_state * n >> 32);
}

static void random_walk(u32 size, u32 align)
{
	static u8 *held[HELD];
	u32 i, k;

	if (!open_another(size, align, SLAB_DEBUG_FLAGS))
		return;
	for (i = 0; i < 1000; i++) {
		k = random_below(HELD);
		if (held[k]) {
			kmem_cache_free(cache, held[k]);
			held[k] = NULL;
		} else {
			u32 bytes = random_below(size + 1);

			held[k] = take_bytes(bytes);
			memset(held[k], (int)i, bytes);
		}
	}
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	for (k = 0; k < HELD; k++)
		if (held[k])
			kmem_cache_free(cache, held[k]);
	memset(held, 0, sizeof(held));
	close_cache();
}

TEST(slab_debug, no_false_alarm)
{
	reports_begin();
	random_state = 4711;
	random_walk(4, 0);
	random_walk(33, 0);
	random_walk(64, 32);
	random_walk(300, 0);
	random_walk(1500, 0);
}
