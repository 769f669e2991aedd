/*
 * The first, second, third ... allocation of pages fails in the middle of an
 * operation: it fails as a whole, nothing is lost, and it works in the end.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include "ledger.h"
#include "private_cache.h"

#define QUIETLY (GFP_KERNEL | __GFP_NOWARN)
#define NTH_MOST 60

static struct ledger before, after;
static unsigned int differences;

static void differs(const char *sentence)
{
	differences++;
	printk("  # %s\n", sentence);
}

/*
 * attempt() is true if it worked; it has undone all then. How often it failed.
 * warnings: printed at each failure; -1: whatever.
 */
static u32 failures_of(bool (*attempt)(void), u32 *warnings)
{
	unsigned int printed = printk_warnings();
	bool worked = false;
	u32 n;

	for (n = 1; !worked && n < NTH_MOST; n++) {
		take_ledger(&before);
		page_alloc_fail_nth(n);
		worked = attempt();
		page_alloc_fail_nth(0);
		take_ledger(&after);
		differences = 0;
		compare_ledgers(&before, &after,
				after.warnings - before.warnings, differs);
		if (!EXPECT_EQ(differences, 0))
			break;
	}
	EXPECT(worked);
	*warnings += printk_warnings() - printed;
	test_allow_warnings(*warnings);
	return n - 2;
}

/* --- a cache --- */

static size_t cache_size;

static bool a_cache(void)
{
	struct kmem_cache *cache = kmem_cache_create("test", cache_size, 0, 0,
						     NULL);
	void *object = NULL;

	if (!cache)
		return false;
	object = kmem_cache_alloc(cache, QUIETLY);
	kmem_cache_free(cache, object);
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
	return object;
}

TEST(slab_fail, cache_alloc_free_destroy)
{
	static const size_t sizes[] = { 32, 700, 1024, 9000 };
	u32 i, n, warnings = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		cache_size = sizes[i];
		n = failures_of(a_cache, &warnings);
		/* the page of the first object, at least */
		EXPECT(n >= 1);
	}
}

/* --- kmalloc --- */

static volatile size_t any;

static bool some_sizes(void)
{
	static const size_t sizes[] = { 8, 100, 1024, 5000, 20000, 150000 };
	void *p[ARRAY_SIZE(sizes)];
	bool all = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		any = sizes[i];
		p[i] = kmalloc(any, QUIETLY);
		all &= p[i] != NULL;
	}
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		kfree(p[i]);
	return all;
}

TEST(slab_fail, kmalloc)
{
	u32 warnings = 0;

	EXPECT(failures_of(some_sizes, &warnings) >= 4);
	EXPECT_EQ(warnings, 0);
}

/* Each step fails or works; the last contents are there all the same. */
static bool grows(void)
{
	static const size_t sizes[] = { 20, 5000, 60000, 200000, 5000 };
	char *p = NULL, *q;
	bool all = true;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		q = krealloc(p, sizes[i], QUIETLY);
		all &= q != NULL;
		if (!q) {
			EXPECT(!p || *p == 'x');
			continue;
		}
		EXPECT(!p || *q == 'x');
		*q = 'x';
		p = q;
	}
	kfree(p);
	return all;
}

TEST(slab_fail, krealloc)
{
	u32 warnings = 0;

	EXPECT(failures_of(grows, &warnings) >= 3);
	EXPECT_EQ(warnings, 0);
}

/* --- tuning --- */

static struct kmem_cache *tuned;

static bool tunes(void)
{
	int err = kmem_cache_tune(tuned, 100, 50, 64);

	if (err) {
		EXPECT_EQ(err, -ENOMEM);
		EXPECT_EQ(tuned->limit, 8);
		EXPECT_EQ(tuned->batch, 4);
		EXPECT_EQ(tuned->shared, 0);
		return false;
	}
	EXPECT_EQ(node_of(tuned)->shared->limit, 3200);
	/* so that the ledger is as it was */
	EXPECT_EQ(kmem_cache_tune(tuned, 8, 4, 0), 0);
	return true;
}

TEST(slab_fail, tune)
{
	u32 warnings = 0;

	tuned = private_cache_tuned(256, 8, 4, 0);
	if (!tuned)
		return;
	EXPECT(failures_of(tunes, &warnings) >= 1);
	private_cache_end(tuned);
}

/* --- many at once --- */

static void *object[100];

static bool bulk(void)
{
	if (!kmem_cache_alloc_bulk(tuned, QUIETLY, 100, object))
		return false;
	EXPECT(books_are_right(tuned, object, 100));
	kmem_cache_free_bulk(tuned, 100, object);
	return true;
}

/* All or nothing: ten slabs of the objects, each may fail. */
TEST(slab_fail, bulk)
{
	u32 n, warnings = 0;

	tuned = private_cache(700, 0, SLAB_RECLAIM_ACCOUNT, NULL);
	REQUIRE(tuned);
	n = failures_of(bulk, &warnings);
	EXPECT(n >= 100U / tuned->num);
	EXPECT_EQ(warnings, 0);
	private_cache_end(tuned);
}

/* Takes all that slabs are managed with, so that the next needs a page. */
static void **take_managers(struct kmem_cache *cache)
{
	void **chain = NULL, **one;

	while ((one = kmem_cache_alloc(cache, QUIETLY | __GFP_NO_GROW))) {
		*one = chain;
		chain = one;
	}
	return chain;
}

static void free_managers(struct kmem_cache *cache, void **chain)
{
	while (chain) {
		void **next = *chain;

		kmem_cache_free(cache, chain);
		chain = next;
	}
}

static bool one_off_slab(void)
{
	void *p = kmem_cache_alloc(tuned, QUIETLY);

	if (!p) {
		EXPECT_EQ(nr_slabs(tuned), 0);
		return false;
	}
	kmem_cache_free(tuned, p);
	return true;
}

/* The slab's pages are there, but not what it is to be managed with. */
TEST(slab_fail, management_off_slab)
{
	u32 n, warnings = 0;
	void **chain;

	tuned = private_cache(1024, 0, 0, NULL);
	REQUIRE(tuned);
	if (!(tuned->flags & CACHE_OFF_SLAB)) {
		private_cache_end(tuned);
		test_skip("with debugging there is room on the slab");
		return;
	}
	chain = take_managers(tuned->slab_cache);
	n = failures_of(one_off_slab, &warnings);
	EXPECT_EQ(n, 2);
	EXPECT_EQ(warnings, 0);
	free_managers(tuned->slab_cache, chain);
	private_cache_end(tuned);
}
