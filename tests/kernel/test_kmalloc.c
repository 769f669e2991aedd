/* kmalloc() and what stands on it: classes, pages beyond, krealloc(). */
#include "private_cache.h"

/* What the compiler does not know. */
static volatile size_t any;

static void *get(size_t size, gfp_t gfp)
{
	any = size;
	return kmalloc(any, gfp);
}

static const u32 class_size[KMALLOC_CLASSES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384,
	32768, 65536, 131072,
};

static u32 class_of(size_t size)
{
	u32 class = 0;

	while (class_size[class] < size)
		class++;
	return class;
}

/* --- classes --- */

static bool in_class(const void *p, size_t size)
{
	u32 class = class_of(size);
	struct kmem_cache *cache = kmalloc_caches[0][class];

	return EXPECT(p) &&
	       EXPECT(page_cache(virt_to_page(p)) == cache) &
	       EXPECT_EQ((uintptr_t)p % min(class_size[class], 32U), 0) &
	       /* the largest ones have no room for what was asked for */
	       EXPECT_EQ(ksize(p), private_cache_has_sizes(cache) ? size :
			 class_size[class]);
}

TEST(kmalloc, each_size)
{
	size_t size;
	void *p;

	for (size = 1; size <= 2100; size++) {
		p = get(size, GFP_KERNEL);
		REQUIRE(in_class(p, size));
		memset(p, 0x77, size);
		kfree(p);
		EXPECT_EQ(kmalloc_class(size), class_of(size));
	}
	p = get(0, GFP_KERNEL);
	REQUIRE(p);
	EXPECT(page_cache(virt_to_page(p)) == kmalloc_caches[0][0]);
	kfree(p);
}

TEST(kmalloc, around_each_class)
{
	u32 class;
	int d;
	void *p;

	for (class = 0; class < KMALLOC_CLASSES; class++)
		for (d = -2; d <= 1; d++) {
			size_t size = class_size[class] + (size_t)d;

			if (size > KMALLOC_MAX_CLASS)
				continue;
			EXPECT_EQ(kmalloc_class(size), class_of(size));
			p = get(size, GFP_KERNEL | __GFP_NOWARN);
			if (!p) {
				/* a large block may not be there */
				EXPECT(size > 16384);
				continue;
			}
			REQUIRE(in_class(p, size));
			memset(p, 0x77, size);
			kfree(p);
		}
}

#define CONSTANT(size) do {						\
	void *p = kmalloc((size), GFP_KERNEL);				\
	in_class(p, (size));						\
	kfree(p);							\
	p = kzalloc((size), GFP_ATOMIC);				\
	EXPECT(in_class(p, (size)) && object_is_filled(p, (size), 0));	\
	kfree(p);							\
} while (0)

/* Found by the compiler. */
TEST(kmalloc, constant_sizes)
{
	CONSTANT(1);
	CONSTANT(8);
	CONSTANT(9);
	CONSTANT(16);
	CONSTANT(17);
	CONSTANT(32);
	CONSTANT(33);
	CONSTANT(64);
	CONSTANT(65);
	CONSTANT(96);
	CONSTANT(97);
	CONSTANT(128);
	CONSTANT(129);
	CONSTANT(192);
	CONSTANT(193);
	CONSTANT(256);
	CONSTANT(257);
	CONSTANT(1000);
	CONSTANT(1025);
	CONSTANT(4096);
	CONSTANT(4097);
}

TEST(kmalloc, names_of_the_caches)
{
	EXPECT_STREQ(kmem_cache_name(kmalloc_caches[0][0]), "size-8");
	EXPECT_STREQ(kmem_cache_name(kmalloc_caches[1][4]), "size-96(DMA)");
	EXPECT_STREQ(kmem_cache_name(kmalloc_caches[0][16]), "size-131072");
	EXPECT_STREQ(kmem_cache_name(kmalloc_caches[1][16]),
		     "size-131072(DMA)");
}

/* --- pages --- */

static void large(size_t size)
{
	u32 order = 0;
	u8 *p;

	while (((size_t)PAGE_SIZE << order) < size)
		order++;
	p = get(size, GFP_KERNEL | __GFP_NOWARN);
	if (!p)
		return;		/* no such block on this machine now */
	EXPECT(kmalloc_large_page(p) == virt_to_page(p));
	EXPECT_EQ(page_order(virt_to_page(p)), order);
	EXPECT_EQ(ksize(p), PAGE_SIZE << order);
	EXPECT_EQ((uintptr_t)p % PAGE_SIZE, 0);
	EXPECT(!PageSlab(virt_to_page(p)));
	p[0] = p[size - 1] = 1;
	/* only the block itself is one */
	EXPECT(!kmalloc_large_page(p + 1));
	EXPECT(!kmalloc_large_page(p + PAGE_SIZE));
	kfree(p);
	EXPECT(!kmalloc_large_page(p));
}

TEST(kmalloc, pages_beyond)
{
	void *p;

	large(131073);
	large(200000);
	large(262144);
	large(262145);
	large(1U << 20);
	large((1U << 20) + 1);
	large(KMALLOC_MAX_SIZE - 1);
	large(KMALLOC_MAX_SIZE);
	/* a word for the smallest machine: it is there */
	p = get(131073, GFP_KERNEL);
	EXPECT(p);
	kfree(p);
}

TEST(kmalloc, too_large)
{
	/* nobody is told: the caller asked for what cannot be */
	EXPECT(!get(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	EXPECT(!get(1U << 30, GFP_KERNEL));
	EXPECT(!get(~(size_t)0, GFP_KERNEL));
	EXPECT(!kmalloc(KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	EXPECT(!kzalloc(~(size_t)0 - 4095, GFP_KERNEL));
	EXPECT(!kmalloc_node(~(size_t)0, GFP_KERNEL, 0));
	EXPECT(!get(KMALLOC_MAX_SIZE + 1, GFP_KERNEL | GFP_DMA));
}

TEST(kmalloc, large_and_zeroed)
{
	u8 *p = get(150000, GFP_KERNEL);

	REQUIRE(p);
	memset(p, 0xee, 150000);
	kfree(p);
	any = 150000;
	p = kzalloc(any, GFP_KERNEL);
	REQUIRE(p);
	EXPECT(object_is_filled(p, 150000, 0));
	kfree(p);
}

TEST(kmalloc, nothing_to_free)
{
	kfree(NULL);
	EXPECT_EQ(ksize(NULL), 0);
	EXPECT(!kstrdup(NULL, GFP_KERNEL));
}

/* No bytes are a size, too; a watched object has one then. */
TEST(kmalloc, size_of_no_bytes)
{
	char *p = get(0, GFP_KERNEL);

	REQUIRE(p);
	EXPECT_EQ(ksize(p), private_cache_has_sizes(kmalloc_caches[0][0]) ?
		  1 : 8);
	p = krealloc(p, 7, GFP_KERNEL);
	REQUIRE(p);
	memset(p, 1, 7);
	p = krealloc(p, 100, GFP_KERNEL);
	REQUIRE(p);
	EXPECT(object_is_filled(p, 7, 1));
	kfree(p);
}

/* --- kcalloc --- */

TEST(kmalloc, kcalloc)
{
	u8 *p;
	u32 i;

	for (i = 1; i < 3000; i += i / 2 + 1) {
		p = get(3 * i, GFP_KERNEL);
		REQUIRE(p);
		memset(p, 0xaa, 3 * i);
		kfree(p);
		p = kcalloc(i, 3, GFP_KERNEL);
		REQUIRE(p && object_is_filled(p, 3 * i, 0));
		kfree(p);
	}
	p = kcalloc(0, 10, GFP_KERNEL);
	EXPECT(p);
	kfree(p);
}

TEST(kmalloc, kcalloc_overflow)
{
	EXPECT(!kcalloc(0x10000, 0x10000, GFP_KERNEL));
	EXPECT(!kcalloc(0x10001, 0x10000, GFP_KERNEL));
	EXPECT(!kcalloc(0x80000001, 2, GFP_KERNEL));
	EXPECT(!kcalloc(3, 0x55555556, GFP_KERNEL));
	EXPECT(!kcalloc(~(size_t)0, ~(size_t)0, GFP_KERNEL));
	EXPECT(!kcalloc(1, KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
}

/* --- krealloc --- */

static bool counts_up(const u8 *p, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		if (p[i] != (u8)(i * 7))
			return false;
	return true;
}

static void count_up(u8 *p, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		p[i] = (u8)(i * 7);
}

/* Grows and shrinks through these sizes; what fits into both is kept. */
TEST(kmalloc, krealloc_keeps_the_contents)
{
	static const u32 sizes[] = {
		1, 8, 9, 100, 90, 128, 129, 5000, 4097, 131072, 131073, 200000,
		262144, 300000, 140000, 131072, 70000, 300000, 20, 1,
	};
	u8 *p = NULL, *q;
	u32 i, kept = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		q = krealloc(p, sizes[i], GFP_KERNEL | __GFP_NOWARN);
		if (!q && sizes[i] > 8192) {
			EXPECT(counts_up(p, kept));	/* as it was */
			continue;
		}
		REQUIRE(q);
		p = q;
		EXPECT(counts_up(p, min(kept, sizes[i])));
		EXPECT(ksize(p) >= sizes[i]);
		kept = sizes[i];
		count_up(p, kept);
	}
	EXPECT(!krealloc(p, 0, GFP_KERNEL));
}

/* In its class it stays where it is. */
TEST(kmalloc, krealloc_in_place)
{
	void *p = get(40, GFP_KERNEL), *q;

	REQUIRE(p);
	EXPECT(krealloc(p, 64, GFP_KERNEL) == p);
	EXPECT(krealloc(p, 33, GFP_KERNEL) == p);
	EXPECT(krealloc(p, 1, GFP_KERNEL) == p);
	q = krealloc(p, 65, GFP_KERNEL);
	REQUIRE(q);
	EXPECT(page_cache(virt_to_page(q)) == kmalloc_caches[0][4]);
	kfree(q);
	p = get(200000, GFP_KERNEL);
	REQUIRE(p);
	EXPECT(krealloc(p, 262144, GFP_KERNEL) == p);
	EXPECT(krealloc(p, 131073, GFP_KERNEL) == p);
	/* half of it or less: the rest is to be had */
	q = krealloc(p, 131072, GFP_KERNEL);
	EXPECT(q && PageSlab(virt_to_page(q)));
	kfree(q);
}

TEST(kmalloc, krealloc_of_nothing)
{
	void *p = krealloc(NULL, 100, GFP_KERNEL);

	REQUIRE(p);
	EXPECT(in_class(p, 100));
	EXPECT(!krealloc(p, 0, GFP_KERNEL));
	p = krealloc(NULL, 0, GFP_KERNEL);
	EXPECT(p);
	kfree(p);
	EXPECT(!krealloc(NULL, KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
}

TEST(kmalloc, krealloc_that_fails)
{
	u8 *p = get(100, GFP_KERNEL);

	REQUIRE(p);
	count_up(p, 100);
	EXPECT(!krealloc(p, KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
	EXPECT(!krealloc(p, ~(size_t)0, GFP_KERNEL));
	page_alloc_fail_nth(1);
	EXPECT(!krealloc(p, 150000, GFP_KERNEL | __GFP_NOWARN));
	page_alloc_fail_nth(0);
	EXPECT(counts_up(p, 100));
	kfree(p);
}

/* A dirty object of the class lies on the stack's top: the next one gets it. */
static void leave_dirt(size_t size)
{
	void *p[8];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(p); i++)
		if ((p[i] = get(size, GFP_KERNEL | __GFP_NOWARN)))
			memset(p[i], 0xdd, size);
	for (i = 0; i < ARRAY_SIZE(p); i++)
		kfree(p[i]);
}

/* Asked for 10 and for 16 bytes, of the same class: what is new is zero. */
TEST(kmalloc, krealloc_zeroes_in_its_class)
{
	static const u32 rows[][2] = {
		{ 10, 16 }, { 1, 8 }, { 65, 96 }, { 130, 192 }, { 600, 1024 },
		{ 4097, 8192 }, { 100000, 131072 },
	};
	u32 i;
	u8 *p;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		leave_dirt(rows[i][1]);
		p = get(rows[i][0], GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN);
		if (!p) {
			/* a block that large may be gone */
			EXPECT(rows[i][0] > 8192);
			continue;
		}
		memset(p, 0x55, rows[i][0]);
		p = krealloc(p, rows[i][1], GFP_KERNEL | __GFP_ZERO);
		REQUIRE(p);
		EXPECT(object_is_filled(p, rows[i][0], 0x55));
		EXPECT(object_is_filled(p + rows[i][0],
					rows[i][1] - rows[i][0], 0));
		kfree(p);
	}
}

TEST(kmalloc, krealloc_zeroes_in_a_larger_one)
{
	u8 *p;

	leave_dirt(16);
	leave_dirt(192);
	p = get(12, GFP_KERNEL | __GFP_ZERO);
	REQUIRE(p);
	memset(p, 0x55, 12);
	p = krealloc(p, 180, GFP_KERNEL | __GFP_ZERO);
	REQUIRE(p);
	EXPECT(object_is_filled(p, 12, 0x55));
	EXPECT(object_is_filled(p + 12, 168, 0));
	p = krealloc(p, 150000, GFP_KERNEL | __GFP_ZERO);
	REQUIRE(p);
	EXPECT(object_is_filled(p, 12, 0x55));
	EXPECT(object_is_filled(p + 12, 149988, 0));
	kfree(p);
}

/* --- copies --- */

TEST(kmalloc, kstrdup)
{
	static const char long_one[] =
		"a string that is somewhat longer than sixty-four characters, "
		"so that it is in another class";
	char *p = kstrdup(long_one, GFP_KERNEL);

	REQUIRE(p);
	EXPECT_STREQ(p, long_one);
	EXPECT(p != long_one);
	EXPECT(page_cache(virt_to_page(p)) ==
	       kmalloc_caches[0][class_of(sizeof(long_one))]);
	kfree(p);
	p = kstrdup("", GFP_ATOMIC);
	REQUIRE(p);
	EXPECT_STREQ(p, "");
	kfree(p);
}

TEST(kmalloc, kmemdup)
{
	static u8 source[3000];
	u8 *p;

	count_up(source, sizeof(source));
	p = kmemdup(source, sizeof(source), GFP_KERNEL);
	REQUIRE(p);
	EXPECT(counts_up(p, sizeof(source)));
	kfree(p);
	p = kmemdup(source, 0, GFP_KERNEL);
	EXPECT(p);
	kfree(p);
	EXPECT(!kmemdup(source, KMALLOC_MAX_SIZE + 1, GFP_KERNEL));
}

/* --- what memory holds: the initialisation matrix --- */

TEST(kmalloc, pages_of_each_order_zeroed)
{
	unsigned int order;
	struct page *page;

	for (order = 0; order < MAX_ORDER; order++) {
		u32 size = (u32)PAGE_SIZE << order;

		page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, order);
		if (!page)
			continue;
		memset(page_address(page), 0xa5, size);
		__free_pages(page, order);
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
		REQUIRE(page);
		EXPECT(object_is_filled(page_address(page), size, 0));
		__free_pages(page, order);
	}
}

TEST(kmalloc, each_power_zeroed)
{
	u32 shift;
	void *p;

	for (shift = 0; shift < 20; shift++) {
		p = get(1U << shift, GFP_KERNEL | __GFP_NOWARN);
		if (!p) {
			EXPECT(shift > 13);
			continue;
		}
		memset(p, 0xa5, 1U << shift);
		kfree(p);
		p = get(1U << shift, GFP_KERNEL | __GFP_ZERO);
		REQUIRE(p);
		EXPECT(object_is_filled(p, 1U << shift, 0));
		kfree(p);
	}
}

#define CTOR_MARK 0x5eed5eedU

static void mark_it(void *p)
{
	*(u32 *)p = CTOR_MARK;
}

static void *bulk[100];

/* Ten rounds: dirty or as constructed, and one by one or a hundred. */
static void rounds_of(struct kmem_cache *cache, u32 size, bool ctor, bool zero)
{
	gfp_t gfp = GFP_KERNEL | (zero ? __GFP_ZERO : 0);
	u32 round, i, n = min(100U, 65536 / size);
	u32 *p;

	for (round = 0; round < 10; round++) {
		p = kmem_cache_alloc(cache, gfp);
		REQUIRE(p);
		EXPECT(!ctor || *p == CTOR_MARK);
		EXPECT(!zero || object_is_filled(p, size, 0));
		memset(p + ctor, 0xa5, size - 4U * ctor);
		kmem_cache_free(cache, p);
	}
	REQUIRE(kmem_cache_alloc_bulk(cache, gfp, n, bulk));
	for (i = 0; i < n; i++) {
		EXPECT(!ctor || *(u32 *)bulk[i] == CTOR_MARK);
		EXPECT(!zero || object_is_filled(bulk[i], size, 0));
	}
	kmem_cache_free_bulk(cache, n, bulk);
}

TEST(kmalloc, caches_of_each_size)
{
	struct kmem_cache *cache;
	u32 shift, how;

	for (shift = 0; shift < 10; shift++)
		for (how = 0; how < 3; how++) {
			/* both is not to be asked for */
			cache = private_cache(8U << shift, 0, 0,
					      how == 1 ? mark_it : NULL);
			REQUIRE(cache);
			rounds_of(cache, 8U << shift, how == 1, how == 2);
			private_cache_end(cache);
		}
}
