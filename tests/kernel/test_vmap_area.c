/*
 * Areas of addresses, in spaces of a test's own: nothing is mapped here. First
 * fit by size and alignment against a map of pages, holes, the impossible, and
 * that no address is used again before a flush.
 */
#include <kernel/lib/errno.h>
#include <mm/page/page_alloc.h>
#include <mm/virt/vmap_area.h>
#include <mm/virt/vmap_check.h>
#include "ktest.h"

#define START 0x10000000U
#define KIND 1U

static struct vmap_space space;
static u32 flushes, released;
static const char *why;

static void count_flush(void)
{
	flushes++;
}

static void count_release(struct vmap_area *area)
{
	released++;
}

static void fail_check(const char *sentence)
{
	EXPECT_STREQ(sentence, "sound");
}

static bool sound(void)
{
	return !check_vmap_space(&space, NULL, fail_check);
}

static void start(u32 pages, u32 lazy_most)
{
	flushes = released = 0;
	vmap_space_init(&space, START, START + pages * PAGE_SIZE, lazy_most,
			count_flush, count_release);
}

static int insert(struct vmap_area *area, u32 size, u32 align)
{
	area->kind = KIND;
	return vmap_area_insert(&space, area, size, align);
}

static bool release(struct vmap_area *area)
{
	struct vmap_area *taken;

	taken = vmap_area_take(&space, area->start, KIND, &why);
	if (!EXPECT(taken == area))
		return false;
	vmap_area_put(&space, area);
	return true;
}

static u32 page_of(const struct vmap_area *area)
{
	return (area->start - START) >> PAGE_SHIFT;
}

static u32 state;

static u32 pick(u32 n)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % n;
}

TEST(vmap_area, from_the_bottom_with_guards)
{
	struct vmap_area a = { .start = 0 }, b = a, c = a;

	start(100, 0);
	REQUIRE(!insert(&a, 1, 1) && !insert(&b, 3 * PAGE_SIZE, PAGE_SIZE) &&
		!insert(&c, PAGE_SIZE + 1, 4));
	EXPECT_EQ(page_of(&a), 0);
	EXPECT_EQ(page_of(&b), 2);
	EXPECT_EQ(page_of(&c), 6);
	EXPECT_EQ(c.end, START + 9 * PAGE_SIZE);
	EXPECT_EQ(vmap_counts(&space).areas, 3);
	EXPECT_EQ(vmap_counts(&space).pages, 9);
	EXPECT_EQ(vmap_largest_gap(&space), 91 * PAGE_SIZE);
	EXPECT(sound());
}

/* The lowest gap that is large enough, not the best and not the next. */
TEST(vmap_area, first_fit)
{
	struct vmap_area a[8], b;
	u32 i;

	start(100, 0);
	for (i = 0; i < 8; i++)
		REQUIRE(!insert(&a[i], (i + 1) * PAGE_SIZE, PAGE_SIZE));
	/* gaps of 3, 8 and 5 pages; nothing is lazy: 0 flushes at once */
	REQUIRE(release(&a[1]) && release(&a[6]) && release(&a[3]));
	EXPECT_EQ(flushes, 3);
	REQUIRE(!insert(&b, 4 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(b.start, a[3].start);
	REQUIRE(release(&b) && !insert(&b, 2 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(b.start, a[1].start);
	REQUIRE(!insert(&a[1], 5 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(a[1].start, a[6].start);
	EXPECT(sound());
}

TEST(vmap_area, holds_what_fits_and_not_more)
{
	struct vmap_area a, b;

	start(10, 0);
	EXPECT_EQ(insert(&a, 0, PAGE_SIZE), (u64)-EINVAL);
	EXPECT_EQ(insert(&a, PAGE_SIZE, 0), (u64)-EINVAL);
	EXPECT_EQ(insert(&a, PAGE_SIZE, 3 * PAGE_SIZE), (u64)-EINVAL);
	/* nothing is there: the end must be seen none the less */
	EXPECT_EQ(insert(&a, 10 * PAGE_SIZE, PAGE_SIZE), (u64)-ENOSPC);
	EXPECT_EQ(insert(&a, 9 * PAGE_SIZE + 1, PAGE_SIZE), (u64)-ENOSPC);
	EXPECT_EQ(insert(&a, ~0U, PAGE_SIZE), (u64)-ENOSPC);
	EXPECT_EQ(insert(&a, ~0U - PAGE_SIZE, 1U << 31), (u64)-ENOSPC);
	REQUIRE(!insert(&a, 9 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(insert(&b, 1, 1), (u64)-ENOSPC);
	EXPECT_EQ(vmap_largest_gap(&space), 0);
	REQUIRE(release(&a));
	EXPECT_EQ(vmap_largest_gap(&space), 10 * PAGE_SIZE);
	/* room for the page, but not for its guard */
	REQUIRE(!insert(&a, 8 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(insert(&b, PAGE_SIZE, PAGE_SIZE), (u64)-ENOSPC);
	EXPECT_EQ(vmap_largest_gap(&space), PAGE_SIZE);
	REQUIRE(release(&a));
	EXPECT(sound());
}

/* Of a space that ends where addresses end, or nearly so. */
TEST(vmap_area, near_the_end_of_addresses)
{
	struct vmap_area a, b;

	flushes = 0;
	vmap_space_init(&space, 0xf0000000U, 0xfffff000U, 0, count_flush,
			count_release);
	REQUIRE(!insert(&a, PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(insert(&b, 0x10000000U - 3 * PAGE_SIZE, PAGE_SIZE),
		  (u64)-ENOSPC);
	REQUIRE(!insert(&b, 0x10000000U - 4 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(b.end, 0xfffff000U);
	EXPECT_EQ(insert(&b, PAGE_SIZE, 1U << 31), (u64)-ENOSPC);
	EXPECT_EQ(insert(&b, PAGE_SIZE, PAGE_SIZE), (u64)-ENOSPC);
}

TEST(vmap_area, alignments)
{
	struct vmap_area a, b;
	u32 bit;

	start(1U << 14, 0);		/* 64 MB from 256 MB on */
	for (bit = 0; bit < 32; bit++) {
		bool fits = bit <= 25;

		REQUIRE(!insert(&a, PAGE_SIZE, 1));
		REQUIRE(EXPECT_EQ(insert(&b, 5 * PAGE_SIZE, 1U << bit),
				  fits ? 0 : (u64)-ENOSPC));
		if (fits) {
			EXPECT(IS_ALIGNED(b.start, 1U << bit));
			EXPECT(b.start < a.end + (1U << bit));
			REQUIRE(sound() && release(&b));
		}
		REQUIRE(release(&a));
	}
	/* where nothing stands, 256 MB is aligned to 256 MB */
	REQUIRE(!insert(&b, 5 * PAGE_SIZE, 1U << 28));
	EXPECT_EQ(b.start, START);
}

/* No gap fits wherever it begins, but one fits as it lies. */
TEST(vmap_area, aligned_gap_that_just_fits)
{
	struct vmap_area a[4], b;
	u32 i;

	start(32, 0);
	REQUIRE(!insert(&a[0], 3 * PAGE_SIZE, PAGE_SIZE));	/* 0..3 */
	REQUIRE(!insert(&a[1], 2 * PAGE_SIZE, PAGE_SIZE));	/* 4..6 */
	REQUIRE(!insert(&a[2], 8 * PAGE_SIZE, PAGE_SIZE));	/* 7..15 */
	REQUIRE(!insert(&a[3], 15 * PAGE_SIZE, PAGE_SIZE));	/* 16..31 */
	REQUIRE(release(&a[1]));
	REQUIRE(!insert(&b, 2 * PAGE_SIZE, 4 * PAGE_SIZE));
	EXPECT_EQ(page_of(&b), 4);
	REQUIRE(release(&b));
	/* the only gap of that size begins at 1 page of 4: none */
	REQUIRE(release(&a[0]) && !insert(&a[0], PAGE_SIZE, 1));
	REQUIRE(!insert(&b, PAGE_SIZE, 1));	/* 2..3 */
	EXPECT_EQ(insert(&a[1], 2 * PAGE_SIZE, 8 * PAGE_SIZE), (u64)-ENOSPC);
	for (i = 2; i < 4; i++)
		REQUIRE(release(&a[i]));
	REQUIRE(release(&b) && release(&a[0]) && sound());
}

TEST(vmap_area, no_reuse_before_a_flush)
{
	struct vmap_area a[5], b;
	u32 i;

	start(10, 100);
	for (i = 0; i < 5; i++)
		REQUIRE(!insert(&a[i], PAGE_SIZE, 1));
	REQUIRE(release(&a[1]) && release(&a[3]));
	EXPECT_EQ(flushes, 0);
	EXPECT_EQ(vmap_counts(&space).lazy, 2);
	EXPECT_EQ(vmap_counts(&space).lazy_pages, 4);
	EXPECT_EQ(vmap_largest_gap(&space), 0);
	EXPECT(!vmap_area_take(&space, a[1].start, KIND, &why));
	EXPECT_STREQ(why, "it was freed before");
	REQUIRE(sound());
	/* no gap: it must flush, and then takes the lowest */
	REQUIRE(!insert(&b, PAGE_SIZE, 1));
	EXPECT_EQ(flushes, 1);
	EXPECT_EQ(released, 2);
	EXPECT_EQ(page_of(&b), 2);
	EXPECT_EQ(vmap_counts(&space).lazy, 0);
	EXPECT_EQ(vmap_purge(&space), 0);
	EXPECT_EQ(flushes, 1);
	EXPECT(sound());
}

TEST(vmap_area, flushes_once_for_many)
{
	struct vmap_area *a;
	u32 i;

	a = (void *)get_zeroed_page(GFP_KERNEL);
	REQUIRE(a);
	start(1000, 64);
	for (i = 0; i < 64; i++)
		REQUIRE(!insert(&a[i], PAGE_SIZE, 1));
	for (i = 0; i < 64; i += 2)
		REQUIRE(release(&a[i]));
	/* 32 areas of 2 pages: not yet */
	EXPECT_EQ(flushes, 0);
	REQUIRE(sound() && release(&a[1]));
	EXPECT_EQ(flushes, 1);
	EXPECT_EQ(vmap_counts(&space).lazy_pages, 0);
	/* what was merged went at once; all are released once */
	EXPECT_EQ(released, 33);
	free_page((unsigned long)a);
}

/* Freed neighbours become one lazy area, which goes as a whole. */
TEST(vmap_area, lazy_neighbours_merge)
{
	struct vmap_area a[6];
	u32 i;

	start(100, 100);
	for (i = 0; i < 6; i++)
		REQUIRE(!insert(&a[i], PAGE_SIZE, 1));
	REQUIRE(release(&a[2]) && release(&a[3]));	/* below is lazy */
	EXPECT_EQ(vmap_counts(&space).lazy, 1);
	EXPECT_EQ(released, 1);
	REQUIRE(release(&a[1]) && sound());		/* above is lazy */
	EXPECT_EQ(vmap_counts(&space).lazy, 1);
	EXPECT_EQ(vmap_counts(&space).lazy_pages, 6);
	REQUIRE(release(&a[5]) && sound());		/* the highest */
	EXPECT_EQ(vmap_counts(&space).lazy, 2);
	REQUIRE(release(&a[4]) && sound());
	EXPECT(!vmap_area_take(&space, START + 8 * PAGE_SIZE, KIND, &why));
	EXPECT_STREQ(why, "it was freed before");
	EXPECT_EQ(vmap_purge(&space), 2);
	EXPECT_EQ(vmap_largest_gap(&space), 98 * PAGE_SIZE);
	EXPECT_EQ(released, 5);
	REQUIRE(release(&a[0]) && sound());
}

TEST(vmap_area, takes_what_is_right)
{
	struct vmap_area a = { .start = 0 }, b = a;

	start(100, 100);
	REQUIRE(!insert(&a, 3 * PAGE_SIZE, 1) && !insert(&b, PAGE_SIZE, 1));
	EXPECT(!vmap_area_take(&space, a.start + 1, KIND, &why));
	EXPECT_STREQ(why, "it is not the begin of a page");
	EXPECT(!vmap_area_take(&space, a.start + PAGE_SIZE, KIND, &why));
	EXPECT_STREQ(why, "it is in the middle of an area");
	EXPECT(!vmap_area_take(&space, b.end, KIND, &why));
	EXPECT_STREQ(why, "no area is there");
	EXPECT(!vmap_area_take(&space, START - PAGE_SIZE, KIND, &why));
	EXPECT_STREQ(why, "no area is there");
	EXPECT(!vmap_area_take(&space, a.start, 2 * KIND, &why));
	EXPECT_STREQ(why, "the area there is of another kind");
	EXPECT(vmap_area_take(&space, a.start, KIND, &why) == &a && !why);
	EXPECT(!vmap_area_take(&space, a.start, KIND, &why));
	EXPECT_STREQ(why, "it was freed before");
	vmap_area_put(&space, &a);
	REQUIRE(release(&b));
}

/* --- many --- */

#define FULL 8192U

/* A space full of one-page areas; every second one is freed; the holes serve
 * again and again. */
TEST(vmap_area, full_fit)
{
	u32 order = 0, bytes = FULL * sizeof(struct vmap_area), i;
	struct vmap_area *a;

	while ((u32)PAGE_SIZE << order < bytes)
		order++;
	a = (void *)__get_free_pages(GFP_KERNEL | __GFP_NOWARN, order);
	if (!a) {
		test_skip("no memory for 8192 areas");
		return;
	}
	start(2 * FULL, 1024);
	for (i = 0; i < FULL; i++)
		if (!EXPECT(!insert(&a[i], PAGE_SIZE, 1)))
			break;
	EXPECT_EQ(i, FULL);
	EXPECT(space.end - a[FULL - 1].end == 0);
	EXPECT(sound());
	for (i = 0; i < FULL; i += 2)
		release(&a[i]);
	/* before a structure serves again */
	vmap_purge(&space);
	for (i = 0; i < FULL; i++) {
		struct vmap_area *one = &a[i * 2 % FULL];

		if (!EXPECT(!insert(one, PAGE_SIZE, 1)) || !release(one))
			break;
	}
	EXPECT(sound());
	for (i = 1; i < FULL; i += 2)
		release(&a[i]);
	vmap_purge(&space);
	EXPECT(!space.tree.node && !space.highest);
	EXPECT_EQ(released, FULL + FULL);
	free_pages((unsigned long)a, order);
}

/* --- against a map of pages --- */

#define MAP_PAGES 512U
#define AREAS 48U
#define STEPS 6000U

static u8 map[MAP_PAGES];	/* 0 free, 1 used, 2 lazy */
static struct vmap_area areas[AREAS];
static bool live[AREAS];

static bool map_free(u32 at, u32 pages)
{
	for (; pages; pages--, at++)
		if (at >= MAP_PAGES || map[at])
			return false;
	return true;
}

/* Where first fit must put it: MAP_PAGES: nowhere. */
static u32 model_place(u32 pages, u32 align)
{
	u32 at;

	for (at = 0; at < MAP_PAGES; at++)
		if (IS_ALIGNED(at, align) && map_free(at, pages))
			return at;
	return MAP_PAGES;
}

static void model_flush(void)
{
	u32 i;

	for (i = 0; i < MAP_PAGES; i++)
		if (map[i] == 2)
			map[i] = 0;
}

static bool model_insert(u32 i)
{
	u32 pages = pick(8) ? 1 + pick(6) : 1 + pick(100);
	u32 align = pick(4) ? 1 : 1U << pick(7);
	u32 want = model_place(pages + 1, align), before = flushes;
	int err = insert(&areas[i], pages * PAGE_SIZE, align * PAGE_SIZE);

	if (want == MAP_PAGES) {
		model_flush();
		want = model_place(pages + 1, align);
	}
	if (!EXPECT_EQ(!err, want != MAP_PAGES) ||
	    !EXPECT(err || map_free(page_of(&areas[i]), pages + 1)) ||
	    !EXPECT(flushes == before || !space.lazy))
		return false;
	if (err)
		return true;
	/* above a page the lowest gap may be passed over for a sure one */
	if (align == 1 && !EXPECT_EQ(page_of(&areas[i]), want))
		return false;
	live[i] = true;
	memset(map + page_of(&areas[i]), 1, pages + 1);
	return EXPECT(IS_ALIGNED(page_of(&areas[i]), align));
}

static bool model_release(u32 i)
{
	u32 at = page_of(&areas[i]), before = flushes;
	u32 pages = (areas[i].end - areas[i].start) >> PAGE_SHIFT;

	live[i] = false;
	memset(map + at, 2, pages);
	if (!release(&areas[i]))
		return false;
	if (flushes != before)
		model_flush();
	return true;
}

/* A released structure is still in the tree while it is lazy: others serve
 * meanwhile. */
static bool in_tree(u32 i)
{
	const struct rb_node *node;

	for (node = rb_first(&space.tree); node; node = rb_next(node))
		if (node == &areas[i].place.node)
			return true;
	return false;
}

TEST(vmap_area, random_against_a_map)
{
	u32 step, i;

	start(MAP_PAGES, 64);
	memset(map, 0, sizeof(map));
	memset(live, 0, sizeof(live));
	state = 7;
	for (step = 0; step < STEPS; step++) {
		i = pick(AREAS);
		if (live[i])
			REQUIRE(model_release(i));
		else if (!in_tree(i))
			REQUIRE(model_insert(i));
		if (step % 16 == 0)
			REQUIRE(sound());
	}
	EXPECT(flushes > 10);
}
