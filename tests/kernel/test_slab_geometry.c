/*
 * How many objects a slab has, where they and its management lie, and which
 * object an address belongs to. Computed, without a page; and of real slabs.
 */
#include "private_cache.h"

static struct kmem_cache shape;

/* As kmem_cache_create() would, without debugging. */
static bool shape_of(u32 size, u32 align, u32 flags, bool little_memory)
{
	memset(&shape, 0, sizeof(shape));
	shape.align = max(align, 4U);
	shape.size = ALIGN(size, shape.align);
	shape.flags = flags;
	return EXPECT(slab_geometry(&shape, little_memory));
}

static bool is_off_slab(void)
{
	return shape.flags & CACHE_OFF_SLAB;
}

struct row {
	u32 size, align;
	u32 num, order;
	bool off_slab;
	u32 colours;
};

static bool row_is(const struct row *row, u32 flags, bool little_memory)
{
	bool ok;

	if (!shape_of(row->size, row->align, flags, little_memory))
		return false;
	ok = EXPECT_EQ(shape.num, row->num) &
	     EXPECT_EQ(shape.order, row->order) &
	     EXPECT_EQ(is_off_slab(), row->off_slab) &
	     EXPECT_EQ(shape.colours, row->colours);
	/* which size it was */
	return ok || EXPECT_EQ(row->size, 0);
}

/*
 * Those of kmalloc(). struct slab takes 16 bytes and a bit for each object; the
 * reference's 24 and two bytes for each: so 127 objects of 32 bytes find room
 * and not 119, and there are 63, 42, 21 of 64, 96, 192 and not 61, 41, 20.
 */
static const struct row classes[] = {
	{ 8, 8, 502, 0, false, 1 },
	{ 16, 16, 253, 0, false, 1 },
	{ 32, 32, 127, 0, false, 1 },
	{ 64, 32, 63, 0, false, 2 },
	{ 96, 32, 42, 0, false, 2 },
	{ 128, 32, 31, 0, false, 4 },
	{ 192, 32, 21, 0, false, 2 },
	{ 256, 32, 15, 0, false, 8 },
	{ 512, 32, 8, 0, true, 1 },
	{ 1024, 32, 4, 0, true, 1 },
	{ 2048, 32, 2, 0, true, 1 },
	{ 4096, 32, 1, 0, true, 1 },
	{ 8192, 32, 1, 1, true, 1 },
	{ 16384, 32, 1, 2, true, 1 },
	{ 32768, 32, 1, 3, true, 1 },
	{ 65536, 32, 1, 4, true, 1 },
	{ 131072, 32, 1, 5, true, 1 },
};

TEST(slab_geometry, table_of_classes)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(classes); i++) {
		row_is(&classes[i], 0, false);
		/* they waste nothing: the order is the same everywhere */
		row_is(&classes[i], 0, true);
		row_is(&classes[i], SLAB_RECLAIM_ACCOUNT, false);
	}
}

/* The caches of kmalloc() that there are. */
TEST(slab_geometry, caches_of_kmalloc)
{
	u32 i, dma;

	REQUIRE(KMALLOC_CLASSES == ARRAY_SIZE(classes));
	if (private_cache_debugged(kmalloc_caches[0][0]))
		return;
	for (i = 0; i < ARRAY_SIZE(classes); i++)
		for (dma = 0; dma < 2; dma++) {
			const struct kmem_cache *cache =
				kmalloc_caches[dma][i];

			EXPECT_EQ(kmem_cache_size(cache), classes[i].size);
			EXPECT_EQ(cache->size, classes[i].size);
			EXPECT_EQ(cache->num, classes[i].num);
			EXPECT_EQ(cache->order, classes[i].order);
			EXPECT_EQ(cache->colours, classes[i].colours);
			EXPECT_EQ(!!(cache->flags & CACHE_OFF_SLAB),
				  classes[i].off_slab);
			EXPECT_EQ(!!(cache->flags & SLAB_CACHE_DMA), dma);
		}
}

/* Half a page less than 8 * 512, and what is left over takes them back. */
TEST(slab_geometry, off_slab_from_512_bytes)
{
	static const struct row rows[] = {
		{ 504, 4, 8, 0, false, 2 },
		{ 508, 4, 8, 0, false, 1 },
		{ 509, 4, 8, 0, true, 1 },	/* 512 in its buffer */
		{ 512, 4, 8, 0, true, 1 },
		{ 516, 4, 7, 0, false, 15 },	/* 484 left over: 20 of it */
		{ 680, 4, 6, 0, true, 1 },	/* 16 left over, not 20 */
		{ 1000, 4, 4, 0, false, 3 },
		{ 1360, 4, 3, 0, true, 1 },
		{ 2000, 4, 2, 0, false, 3 },
		{ 2040, 4, 2, 0, true, 1 },
		{ 2036, 4, 2, 0, false, 1 },	/* 24 left over */
		{ 256, 256, 15, 0, false, 1 },	/* 256 for 20 bytes */
		{ 2048, 2048, 2, 0, true, 1 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		row_is(&rows[i], 0, false);
}

/* Two pages where one would lose more than an eighth. */
TEST(slab_geometry, order_by_waste)
{
	static const struct row rows[] = {
		{ 600, 4, 6, 0, false, 15 },	/* 496 of 4096 */
		{ 700, 4, 11, 1, false, 15 },	/* 596 of 4096, 492 of 8192 */
		{ 1500, 4, 5, 1, false, 22 },
		{ 3000, 4, 2, 1, false, 68 },	/* no better: it stops here */
		{ 5000, 4, 1, 1, false, 100 },
		{ 9000, 4, 1, 2, false, 231 },
		{ 20000, 4, 1, 3, false, 399 },
		{ 70000, 4, 1, 5, false, 1908 },
		{ 100000, 4, 1, 5, false, 971 },
		{ 700, 32, 11, 1, false, 14 },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		row_is(&rows[i], 0, false);
}

/* One page where one object fits: blocks are hard to get, or to get back. */
static const struct row single_pages[] = {
	{ 700, 4, 5, 0, false, 19 },
	{ 1500, 4, 2, 0, false, 34 },
	{ 3000, 4, 1, 0, false, 34 },
	{ 5000, 4, 1, 1, false, 100 },
	{ 70000, 4, 1, 5, false, 1908 },
};

TEST(slab_geometry, single_pages_with_little_memory)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(single_pages); i++)
		row_is(&single_pages[i], 0, true);
}

TEST(slab_geometry, single_pages_that_can_be_had_back)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(single_pages); i++)
		row_is(&single_pages[i], SLAB_RECLAIM_ACCOUNT, false);
}

TEST(slab_geometry, what_fits_into_no_slab)
{
	memset(&shape, 0, sizeof(shape));
	shape.align = 4;
	shape.size = 131072;
	EXPECT(slab_geometry(&shape, false));
	EXPECT_EQ(shape.num, 1);
	shape.size = 131076;
	EXPECT(!slab_geometry(&shape, false));
}

/* --- each size --- */

/* Slab, bits, objects and all colours fit into the pages; one object more, or
 * one colour more, does not. */
static bool fits(void)
{
	u32 bytes = (u32)PAGE_SIZE << shape.order;
	u32 own = is_off_slab() ? 0 : shape.slab_bytes;
	u32 used = own + shape.num * shape.size;
	u32 last = (shape.colours - 1) * shape.colour_off;
	u32 more = is_off_slab() ? 0 : ALIGN((u32)sizeof(struct slab) +
			bits_words(shape.num + 1U) * 4, shape.align);

	return EXPECT(shape.num) &
	       EXPECT(shape.slab_bytes >= sizeof(struct slab) +
		      bits_words(shape.num) * 4) &
	       EXPECT_EQ(own % shape.align, 0) &
	       EXPECT_EQ(shape.colour_off % shape.align, 0) &
	       EXPECT(shape.colour_off >= 32) &
	       EXPECT(used + last <= bytes) &
	       EXPECT(used + last + shape.colour_off > bytes) &
	       EXPECT(more + (shape.num + 1U) * shape.size > bytes);
}

TEST(slab_geometry, each_size_fits)
{
	static const u32 aligns[] = { 4, 8, 32, 64, 4096 };
	u32 size, i;

	for (i = 0; i < ARRAY_SIZE(aligns); i++)
		for (size = 4; size <= 4096; size += size < 600 ? 4 : 20)
			if (!shape_of(size, aligns[i], 0, size & 8) || !fits())
				REQUIRE(EXPECT_EQ(size, 0));
	for (size = 4100; size <= 131072; size += 3988)
		if (!shape_of(size, 4, 0, size & 8) || !fits())
			REQUIRE(EXPECT_EQ(size, 0));
}

/* The multiplication says what a division would, for each byte of a slab. */
static bool index_is_exact(void)
{
	struct slab slab = { .s_mem = (char *)PAGE_OFFSET };
	u32 end = shape.num * shape.size, i, index = 0, next = shape.size;

	for (i = 0; i < end; i++) {
		if (i == next) {
			index++;
			next += shape.size;
		}
		if (buffer_index(&shape, &slab, slab.s_mem + i) != index)
			return EXPECT_EQ(i, 0) & EXPECT_EQ(shape.size, 0);
	}
	/* outside, in front and behind */
	return EXPECT(buffer_index(&shape, &slab, slab.s_mem + end) >=
		      shape.num) &
	       EXPECT(buffer_index(&shape, &slab, slab.s_mem - 1) >=
		      shape.num) &
	       EXPECT(buffer_index(&shape, &slab, slab.s_mem - 4096) >=
		      shape.num);
}

TEST(slab_geometry, index_of_each_byte)
{
	static const u32 sizes[] = {
		4, 8, 12, 20, 28, 36, 44, 52, 60, 68, 76, 92, 96, 100, 124,
		132, 192, 196, 252, 260, 308, 340, 364, 372, 400, 452, 504,
		512, 516, 580, 680, 700, 756, 820, 908, 1000, 1020, 1364, 1500,
		2000, 2044, 2048, 2340, 3000, 4092, 4096, 4100, 6552, 8192,
		9000, 20000, 32764, 43688, 65532, 65536, 70000, 131068, 131072,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		REQUIRE(shape_of(sizes[i], 4, 0, false) && index_is_exact());
}

/* --- real slabs --- */

/* An object's place in its slab, its alignment, and nothing else in it. */
static bool stands_right(const struct kmem_cache *cache, const void *object)
{
	const struct slab *slab = slab_of(object);
	const char *first = page_address(virt_to_page(object)), *begin, *end;

	while (page_slab(virt_to_page(first - PAGE_SIZE)) == slab)
		first -= PAGE_SIZE;
	begin = (const char *)object - cache->offset;
	end = begin + cache->size;
	return EXPECT((const char *)object + cache->object_size <= end) &
	       EXPECT(begin >= first + slab->colour) &
	       EXPECT(end <= first + (PAGE_SIZE << cache->order)) &
	       EXPECT(index_of(cache, object) < cache->num) &
	       EXPECT(object_in(cache, slab, index_of(cache, object)) ==
		      object) &
	       EXPECT_EQ((uintptr_t)object % cache->align, 0) &
	       EXPECT(cache->flags & CACHE_OFF_SLAB ||
		      begin >= (const char *)slab + sizeof(*slab) +
		      bits_words(cache->num) * 4);
}

#define OBJECTS_MOST 300
static void *objects[OBJECTS_MOST];

/* Fills some slabs; each object keeps what was written into it. */
static bool real_slabs(size_t size, size_t align, u32 flags)
{
	struct kmem_cache *cache = private_cache(size, align, flags, NULL);
	u32 i, n;
	bool ok = true;

	if (!cache)
		return false;
	n = min(cache->num * (size > 2048 ? 1U : 3U) + 1U, OBJECTS_MOST);
	ok = take_n(cache, objects, n);
	for (i = 0; ok && i < n; i++) {
		ok = stands_right(cache, objects[i]);
		memset(objects[i], (int)i, size);
	}
	for (i = 0; ok && i < n; i++)
		ok = EXPECT(object_is_filled(objects[i], (u32)size, (u8)i));
	ok = ok && EXPECT(books_are_right(cache, objects, n));
	free_n(cache, objects, n);
	ok = ok && EXPECT(books_are_right(cache, objects, 0));
	private_cache_end(cache);
	return ok;
}

TEST(slab_geometry, objects_of_each_size)
{
	u32 size;

	for (size = 4; size <= 4096; size += size < 64 ? 1 : size / 9)
		if (!real_slabs(size, 0, 0))
			REQUIRE(EXPECT_EQ(size, 0));
	REQUIRE(real_slabs(512, 0, 0));
	REQUIRE(real_slabs(700, 0, 0));
	REQUIRE(real_slabs(4096, 0, 0));
	REQUIRE(real_slabs(4097, 0, 0));
	REQUIRE(real_slabs(9000, 0, 0));
	REQUIRE(real_slabs(20000, 0, 0));
}

TEST(slab_geometry, objects_of_each_alignment)
{
	u32 align;

	for (align = 1; align <= PAGE_SIZE; align *= 2) {
		REQUIRE(real_slabs(4, align, 0));
		REQUIRE(real_slabs(100, align, 0));
		REQUIRE(real_slabs(700, align, SLAB_HWCACHE_ALIGN));
		REQUIRE(real_slabs(3000, align, 0));
	}
}

/* Lines of 32 bytes; several small objects share one, none lies across. */
TEST(slab_geometry, lines_of_the_cpu)
{
	static const u16 rows[][3] = {	/* size, align, what it becomes */
		{ 4, 0, 4 }, { 5, 0, 8 }, { 8, 0, 8 }, { 9, 0, 16 },
		{ 16, 0, 16 }, { 17, 0, 32 }, { 40, 0, 32 }, { 8, 64, 64 },
		{ 100, 16, 32 }, { 100, 128, 128 },
	};
	struct kmem_cache *cache;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		cache = private_cache(rows[i][0], rows[i][1],
				      SLAB_HWCACHE_ALIGN, NULL);
		REQUIRE(cache);
		EXPECT_EQ(cache->align, rows[i][2]);
		EXPECT_EQ(cache->size % cache->align, 0);
		EXPECT_EQ(kmem_cache_size(cache), rows[i][0]);
		private_cache_end(cache);
	}
}

/* --- colours --- */

/* Each new slab begins one line further, up to the last that fits; then from
 * the front. */
static void colours_of(size_t size, size_t align)
{
	struct kmem_cache *cache = private_cache(size, align, 0, NULL);
	u32 i, rounds, turn;
	void *object;

	REQUIRE(cache);
	rounds = cache->colours + 3;
	turn = cache->colours;
	for (i = 0; i < rounds; i++) {
		object = kmem_cache_alloc(cache, GFP_KERNEL);
		REQUIRE(object);
		EXPECT_EQ(slab_of(object)->colour,
			  i % turn * cache->colour_off);
		EXPECT(stands_right(cache, object));
		kmem_cache_free(cache, object);
		kmem_cache_shrink(cache);
		EXPECT_EQ(nr_slabs(cache), 0);
	}
	EXPECT_EQ(cache->grown, rounds);
	EXPECT_EQ(cache->reaped, rounds);
	private_cache_end(cache);
}

TEST(slab_geometry, colours_go_round)
{
	colours_of(700, 0);	/* many */
	colours_of(700, 64);
	colours_of(256, 32);
	colours_of(4096, 0);	/* one */
	colours_of(32, 32);
	colours_of(2000, 0);
}
