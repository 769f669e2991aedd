/*
 * Pools: what the allocator below is asked, in which order and with what flags;
 * what is kept when it gives nothing; and that each kind of pool works.
 */
#include <kernel/base/fail.h>
#include <kernel/lib/errno.h>
#include <mm/object/kmalloc.h>
#include <mm/object/mempool.h>
#include <mm/page/page_alloc.h>
#include "ktest.h"
#include "private_node.h"

#define GENTLE (__GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC)
#define NOT_WAITING(gfp) \
	(((gfp) & ~(__GFP_WAIT | __GFP_IO | __GFP_FS)) | GENTLE)
#define MOST 32

/* --- an allocator that writes down what it is asked --- */

enum mood { GIVES, GIVES_WHO_WAITS, GIVES_NOTHING };

static struct {
	enum mood mood;
	u32 calls, frees, live;
	u32 fail_at;		/* this call fails; 0: none */
	gfp_t gfp[MOST];	/* of each call */
	void *data;
	bool used[MOST];
	bool bad_free;
} mock;

static char mock_elements[MOST];

static void *mock_alloc(gfp_t gfp, void *data)
{
	u32 i;

	mock.gfp[mock.calls++ % MOST] = gfp;
	mock.data = data;
	if (mock.mood == GIVES_NOTHING || mock.calls == mock.fail_at ||
	    (mock.mood == GIVES_WHO_WAITS && !(gfp & __GFP_WAIT)))
		return NULL;
	for (i = 0; i < MOST && mock.used[i]; i++)
		;
	if (i == MOST)
		return NULL;
	mock.used[i] = true;
	mock.live++;
	return &mock_elements[i];
}

static void mock_free(void *element, void *data)
{
	u32 i = (u32)((char *)element - mock_elements);

	mock.frees++;
	mock.data = data;
	if (i >= MOST || !mock.used[i]) {
		mock.bad_free = true;
		return;
	}
	mock.used[i] = false;
	mock.live--;
}

static mempool_t *mock_pool(u32 min_nr)
{
	mempool_t *pool;

	memset(&mock, 0, sizeof(mock));
	pool = mempool_create(min_nr, mock_alloc, mock_free, &mock);
	mock.calls = 0;
	return pool;
}

static bool mock_end(mempool_t *pool)
{
	return EXPECT_EQ(mempool_destroy(pool), 0) & EXPECT_EQ(mock.live, 0) &
	       EXPECT(!mock.bad_free);
}

/* Calls since the last look, and the flags of the first two. */
static bool asked(u32 calls, gfp_t first, gfp_t second)
{
	bool ok = EXPECT_EQ(mock.calls, calls);

	if (calls > 0)
		ok &= EXPECT_EQ(mock.gfp[0], first);
	if (calls > 1)
		ok &= EXPECT_EQ(mock.gfp[1], second);
	mock.calls = 0;
	return ok;
}

static bool numbers(const mempool_t *pool, u32 min_nr, u32 curr_nr, u32 out)
{
	return EXPECT_EQ(pool->min_nr, min_nr) &
	       EXPECT_EQ(pool->curr_nr, curr_nr) & EXPECT_EQ(pool->out, out);
}

/* --- create and destroy --- */

TEST(mempool, is_filled)
{
	mempool_t *pool;

	memset(&mock, 0, sizeof(mock));
	pool = mempool_create(5, mock_alloc, mock_free, &mock);
	REQUIRE(pool);
	EXPECT_EQ(mock.calls, 5);
	EXPECT_EQ(mock.gfp[4], GFP_KERNEL);
	EXPECT(mock.data == &mock);
	EXPECT_EQ(mock.live, 5);
	numbers(pool, 5, 5, 0);
	mock.data = NULL;
	mock_end(pool);
	EXPECT_EQ(mock.frees, 5);
	EXPECT(mock.data == &mock);
}

TEST(mempool, bad_numbers)
{
	mempool_t *pool;

	memset(&mock, 0, sizeof(mock));
	EXPECT(!mempool_create(0, mock_alloc, mock_free, NULL));
	EXPECT(!mempool_create(0x40000001, mock_alloc, mock_free, NULL));
	EXPECT_EQ(mock.calls, 0);
	EXPECT_EQ(mempool_destroy(NULL), 0);
	pool = mock_pool(2);
	REQUIRE(pool);
	EXPECT_EQ(mempool_resize(pool, 0, GFP_KERNEL), -EINVAL);
	EXPECT_EQ(mempool_resize(pool, 0x40000001, GFP_KERNEL), -ENOMEM);
	numbers(pool, 2, 2, 0);
	mempool_free(NULL, pool);
	numbers(pool, 2, 2, 0);
	EXPECT_EQ(mock.frees, 0);
	mock_end(pool);
}

TEST(mempool, create_fails_at_each_element)
{
	u32 n;

	for (n = 1; n <= 4; n++) {
		memset(&mock, 0, sizeof(mock));
		mock.fail_at = n;
		EXPECT(!mempool_create(4, mock_alloc, mock_free, NULL));
		EXPECT_EQ(mock.calls, n);
		EXPECT_EQ(mock.frees, n - 1);
		EXPECT_EQ(mock.live, 0);
	}
}

TEST(mempool, destroy_with_elements_out)
{
	mempool_t *pool = mock_pool(3);
	void *element[2];

	REQUIRE(pool);
	test_allow_warnings(2);
	element[0] = mempool_alloc(pool, GFP_ATOMIC);
	mock.mood = GIVES_NOTHING;
	element[1] = mempool_alloc(pool, GFP_ATOMIC);
	EXPECT(element[0] && element[1]);
	EXPECT_EQ(mempool_destroy(pool), -EBUSY);
	numbers(pool, 3, 2, 2);
	mempool_free(element[0], pool);
	EXPECT_EQ(mempool_destroy(pool), -EBUSY);
	numbers(pool, 3, 3, 1);
	EXPECT_EQ(mock.frees, 0);
	mempool_free(element[1], pool);
	EXPECT_EQ(mock.frees, 1);
	mock_end(pool);
}

/* --- the order of attempts --- */

TEST(mempool, allocator_first)
{
	mempool_t *pool = mock_pool(4);
	void *element;

	REQUIRE(pool);
	element = mempool_alloc(pool, GFP_KERNEL);
	asked(1, NOT_WAITING(GFP_KERNEL), 0);
	numbers(pool, 4, 4, 1);
	mempool_free(element, pool);
	EXPECT_EQ(mock.frees, 1);
	element = mempool_alloc(pool, GFP_ATOMIC);
	asked(1, NOT_WAITING(GFP_ATOMIC), 0);
	EXPECT(NOT_WAITING(GFP_ATOMIC) & __GFP_HIGH);
	mempool_free(element, pool);
	mock_end(pool);
}

/* Takes one with the flags: so many calls, then one less in the pool. */
static void *from_pool(mempool_t *pool, gfp_t gfp, u32 calls)
{
	u32 before = pool->curr_nr;
	void *element = mempool_alloc(pool, gfp);

	EXPECT(element);
	EXPECT_EQ(pool->curr_nr, before - 1);
	asked(calls, NOT_WAITING(gfp), gfp | GENTLE);
	return element;
}

TEST(mempool, reclaim_only_from_half_down)
{
	mempool_t *pool = mock_pool(5);
	void *element[5];
	u32 i;

	REQUIRE(pool);
	mock.mood = GIVES_NOTHING;
	for (i = 0; i < 5; i++)
		element[i] = from_pool(pool, GFP_KERNEL, 5 - i <= 2 ? 2 : 1);
	numbers(pool, 5, 0, 5);
	/* not the pool, but what reclaim finds */
	mempool_free(element[0], pool);
	mock.mood = GIVES_WHO_WAITS;
	element[0] = mempool_alloc(pool, GFP_KERNEL);
	asked(2, NOT_WAITING(GFP_KERNEL), GFP_KERNEL | GENTLE);
	numbers(pool, 5, 1, 5);
	for (i = 0; i < 5; i++)
		mempool_free(element[i], pool);
	numbers(pool, 5, 5, 0);
	EXPECT_EQ(mock.frees, 1);
	mock_end(pool);
}

/* Who may not wait, or not call into file systems, has no second try. */
TEST(mempool, no_reclaim_where_it_is_forbidden)
{
	static const gfp_t gfps[] = { GFP_ATOMIC, GFP_NOFS, GFP_NOIO,
				      __GFP_FS, 0 };
	mempool_t *pool = mock_pool(10);
	void *element[10];
	u32 i;

	REQUIRE(pool);
	mock.mood = GIVES_NOTHING;
	/* to the half, and from there on down */
	for (i = 0; i < 5; i++)
		element[i] = from_pool(pool, GFP_ATOMIC, 1);
	for (; i < 10; i++)
		element[i] = from_pool(pool, gfps[i - 5], 1);
	for (i = 0; i < 10; i++)
		mempool_free(element[i], pool);
	mock_end(pool);
}

TEST(mempool, stubborn_flags_stay_here)
{
	const gfp_t gfp = GFP_KERNEL | __GFP_NOFAIL | __GFP_REPEAT;
	mempool_t *pool = mock_pool(1);
	void *element[2];

	REQUIRE(pool);
	mock.mood = GIVES_WHO_WAITS;
	element[0] = mempool_alloc(pool, gfp);
	asked(1, NOT_WAITING(GFP_KERNEL), 0);
	numbers(pool, 1, 0, 1);
	element[1] = mempool_alloc(pool, gfp);
	asked(2, NOT_WAITING(GFP_KERNEL), GFP_KERNEL | GENTLE);
	numbers(pool, 1, 0, 2);
	mempool_free(element[0], pool);
	mempool_free(element[1], pool);
	mock_end(pool);
}

TEST(mempool, atomic_gets_null_when_all_is_out)
{
	mempool_t *pool = mock_pool(2);
	void *element[2];

	REQUIRE(pool);
	mock.mood = GIVES_NOTHING;
	element[0] = from_pool(pool, GFP_ATOMIC, 1);
	element[1] = from_pool(pool, GFP_ATOMIC, 1);
	EXPECT(element[0] != element[1]);
	EXPECT(!mempool_alloc(pool, GFP_ATOMIC));
	asked(1, NOT_WAITING(GFP_ATOMIC), 0);
	numbers(pool, 2, 0, 2);
	mempool_free(element[0], pool);
	element[0] = from_pool(pool, GFP_ATOMIC, 1);
	mempool_free(element[0], pool);
	mempool_free(element[1], pool);
	mock_end(pool);
}

/* --- the steady state --- */

/*
 * Random moods, takes and returns: what is missing is out, and whatever comes
 * back, the pool is filled before the allocator gets any.
 */
TEST(mempool, steady_state_keeps_its_number)
{
	mempool_t *pool = mock_pool(6);
	void *held[16];
	u32 step, n = 0;

	REQUIRE(pool);
	for (step = 0; step < 3000; step++) {
		mock.mood = private_random(3);
		if (private_random(2) && n < ARRAY_SIZE(held)) {
			held[n] = mempool_alloc(pool, GFP_ATOMIC);
			n += !!held[n];
		} else if (n) {
			u32 frees = mock.frees;
			bool full = pool->curr_nr == 6;

			mempool_free(held[--n], pool);
			REQUIRE(EXPECT_EQ(mock.frees - frees, full));
		}
		REQUIRE(EXPECT_EQ(pool->out, n) &
			EXPECT(pool->curr_nr + pool->out >= 6) &
			EXPECT(pool->curr_nr <= 6) &
			EXPECT_EQ(mock.live, pool->curr_nr + n));
	}
	while (n)
		mempool_free(held[--n], pool);
	numbers(pool, 6, 6, 0);
	mock_end(pool);
}

/* --- more, or fewer --- */

TEST(mempool, grows)
{
	mempool_t *pool = mock_pool(3);
	void *element[2];

	REQUIRE(pool);
	mock.mood = GIVES_NOTHING;
	element[0] = mempool_alloc(pool, GFP_ATOMIC);
	element[1] = mempool_alloc(pool, GFP_ATOMIC);
	mock.mood = GIVES;
	mock.calls = 0;
	EXPECT_EQ(mempool_resize(pool, 7, GFP_NOIO), 0);
	EXPECT_EQ(mock.calls, 4);
	EXPECT_EQ(mock.gfp[0], GFP_NOIO);
	numbers(pool, 7, 5, 2);
	mempool_free(element[0], pool);
	mempool_free(element[1], pool);
	numbers(pool, 7, 7, 0);
	EXPECT_EQ(mock.frees, 0);
	mock_end(pool);
	EXPECT_EQ(mock.frees, 7);
}

TEST(mempool, shrinks)
{
	mempool_t *pool = mock_pool(7);
	void *element;

	REQUIRE(pool);
	mock.mood = GIVES_NOTHING;
	element = mempool_alloc(pool, GFP_ATOMIC);
	mock.calls = 0;
	EXPECT_EQ(mempool_resize(pool, 2, GFP_KERNEL), 0);
	EXPECT_EQ(mock.calls, 0);
	EXPECT_EQ(mock.frees, 4);
	numbers(pool, 2, 2, 1);
	EXPECT_EQ(mempool_resize(pool, 2, GFP_KERNEL), 0);
	mempool_free(element, pool);
	EXPECT_EQ(mock.frees, 5);
	numbers(pool, 2, 2, 0);
	/* what is missing is more than what remains */
	element = mempool_alloc(pool, GFP_ATOMIC);
	EXPECT_EQ(mempool_resize(pool, 1, GFP_KERNEL), 0);
	numbers(pool, 1, 1, 1);
	mempool_free(element, pool);
	mock.mood = GIVES;
	EXPECT_EQ(mempool_resize(pool, 4, GFP_KERNEL), 0);
	numbers(pool, 4, 4, 0);
	mock_end(pool);
}

TEST(mempool, resize_fails_at_each_element)
{
	mempool_t *pool = mock_pool(2);
	u32 n;

	REQUIRE(pool);
	for (n = 1; n <= 3; n++) {
		mock.calls = mock.frees = 0;
		mock.fail_at = n;
		EXPECT_EQ(mempool_resize(pool, 5, GFP_KERNEL), -ENOMEM);
		EXPECT_EQ(mock.frees, n - 1);
		EXPECT_EQ(mock.live, 2);
		numbers(pool, 2, 2, 0);
	}
	mock.fail_at = 0;
	EXPECT_EQ(mempool_resize(pool, 5, GFP_KERNEL), 0);
	numbers(pool, 5, 5, 0);
	mock_end(pool);
}

/* --- waiting --- */

static struct {
	u32 waits, wakes;
	u32 free_at;		/* this wait gives the element back */
	void *element;
	mempool_t *pool;
	bool other_pool;
	bool locked;
} hooked;

static void hook_wait(mempool_t *pool)
{
	hooked.other_pool |= pool != hooked.pool;
	hooked.locked |= spin_is_locked(&pool->lock);
	if (++hooked.waits == hooked.free_at)
		mempool_free(hooked.element, pool);
}

static void hook_wake(mempool_t *pool)
{
	hooked.other_pool |= pool != hooked.pool;
	hooked.locked |= spin_is_locked(&pool->lock);
	hooked.wakes++;
}

static void hook_on(mempool_t *pool)
{
	memset(&hooked, 0, sizeof(hooked));
	hooked.pool = pool;
	mempool_hooks.wait = hook_wait;
	mempool_hooks.wake = hook_wake;
}

static void hook_off(const struct mempool_hooks *old)
{
	mempool_hooks = *old;
	EXPECT(!hooked.other_pool);
	EXPECT(!hooked.locked);
}

TEST(mempool, waits_until_one_is_freed)
{
	struct mempool_hooks old = mempool_hooks;
	mempool_t *pool = mock_pool(1);
	void *element;

	REQUIRE(pool);
	hook_on(pool);
	mock.mood = GIVES_NOTHING;
	hooked.element = mempool_alloc(pool, GFP_NOIO);
	EXPECT_EQ(hooked.waits, 0);
	EXPECT_EQ(hooked.wakes, 0);
	hooked.free_at = 3;
	mock.calls = 0;
	element = mempool_alloc(pool, GFP_NOIO);
	EXPECT(element && element == hooked.element);
	EXPECT_EQ(hooked.waits, 3);
	EXPECT_EQ(hooked.wakes, 1);
	/* each time from the beginning */
	asked(4, NOT_WAITING(GFP_NOIO), NOT_WAITING(GFP_NOIO));
	/* who may not wait does not */
	EXPECT(!mempool_alloc(pool, GFP_ATOMIC));
	EXPECT_EQ(hooked.waits, 3);
	mempool_free(element, pool);
	EXPECT_EQ(hooked.wakes, 2);
	hook_off(&old);
	mock_end(pool);
}

TEST(mempool, wakes_for_what_comes_into_the_pool)
{
	struct mempool_hooks old = mempool_hooks;
	mempool_t *pool = mock_pool(2);
	void *element;

	REQUIRE(pool);
	hook_on(pool);
	/* the pool is full: it goes to the allocator */
	mempool_free(mempool_alloc(pool, GFP_KERNEL), pool);
	EXPECT_EQ(hooked.wakes, 0);
	mock.mood = GIVES_NOTHING;
	element = mempool_alloc(pool, GFP_KERNEL);
	mempool_free(element, pool);
	EXPECT_EQ(hooked.wakes, 1);
	mock.mood = GIVES;
	EXPECT_EQ(mempool_resize(pool, 5, GFP_KERNEL), 0);
	EXPECT_EQ(hooked.wakes, 4);
	EXPECT_EQ(mempool_resize(pool, 1, GFP_KERNEL), 0);
	EXPECT_EQ(hooked.wakes, 4);
	hook_off(&old);
	mock_end(pool);
}

static void wait_gives_memory(mempool_t *pool)
{
	hooked.waits++;
	mock.mood = GIVES;
}

/* Memory may come from elsewhere: the allocator is asked again, too. */
TEST(mempool, what_waits_asks_the_allocator_again)
{
	struct mempool_hooks old = mempool_hooks;
	mempool_t *pool = mock_pool(1);
	void *element[2];

	REQUIRE(pool);
	hook_on(pool);
	mempool_hooks.wait = wait_gives_memory;
	mock.mood = GIVES_NOTHING;
	element[0] = mempool_alloc(pool, GFP_KERNEL);
	element[1] = mempool_alloc(pool, GFP_KERNEL);
	EXPECT(element[0] && element[1]);
	EXPECT_EQ(hooked.waits, 1);
	numbers(pool, 1, 0, 2);
	mempool_free(element[0], pool);
	mempool_free(element[1], pool);
	EXPECT_EQ(mock.frees, 1);
	hook_off(&old);
	mock_end(pool);
}

TEST_PANIC(mempool, zeroed_is_a_bug, "an element of a pool is not to be zeroed")
{
	mempool_t *pool = mock_pool(1);

	mempool_alloc(pool, GFP_KERNEL | __GFP_ZERO);
}

TEST_PANIC(mempool, free_too_often_is_a_bug,
	   "more comes back to a pool than it gave away")
{
	mempool_t *pool = mock_pool(1);
	void *element = mempool_alloc(pool, GFP_KERNEL);

	mempool_free(element, pool);
	mempool_free(element, pool);
}

/* --- each kind --- */

#define KINDS 3
#define KEPT 4

static struct kmem_cache *kind_cache;

static mempool_t *kind_pool(u32 kind)
{
	if (kind == 0)
		return mempool_create_slab_pool(KEPT, kind_cache);
	return kind == 1 ? mempool_create_kmalloc_pool(KEPT, 3000) :
			   mempool_create_page_pool(KEPT, 1);
}

/* Fills what was given, so that two of one place would be seen. */
static void fill(u32 kind, void *element, u8 with)
{
	if (kind == 2)
		memset(page_address(element), with, 2 * PAGE_SIZE);
	else
		memset(element, with, kind ? 3000 : 200);
}

static bool is_filled(u32 kind, const void *element, u8 with)
{
	const u8 *p = kind == 2 ? page_address(element) : element;
	u32 size = kind == 2 ? 2 * PAGE_SIZE : kind ? 3000 : 200;

	return p[0] == with && p[size / 2] == with && p[size - 1] == with;
}

/* More than are kept, with memory and without; each is one's own. */
static void use_kind(u32 kind)
{
	struct fail_point *point = fail_find(kind == 2 ? "page" : "slab", 4);
	mempool_t *pool = kind_pool(kind);
	void *element[2 * KEPT];
	u32 i;

	REQUIRE(pool);
	for (i = 0; i < KEPT; i++)
		element[i] = mempool_alloc(pool, GFP_KERNEL);
	numbers(pool, KEPT, KEPT, KEPT);
	for (; i < 2 * KEPT; i++) {
		fail_nth(point, 1);
		element[i] = mempool_alloc(pool, GFP_ATOMIC);
	}
	fail_nth(point, 0);
	numbers(pool, KEPT, 0, 2 * KEPT);
	for (i = 0; i < 2 * KEPT; i++)
		if (EXPECT(element[i]))
			fill(kind, element[i], (u8)i);
	for (i = 0; i < 2 * KEPT; i++)
		EXPECT(element[i] && is_filled(kind, element[i], (u8)i));
	for (i = 0; i < 2 * KEPT; i++)
		mempool_free(element[i], pool);
	numbers(pool, KEPT, KEPT, 0);
	EXPECT_EQ(mempool_destroy(pool), 0);
}

static u32 unused(void)
{
	kmem_caches_shrink();
	return nr_unused_pages();
}

TEST(mempool, each_kind)
{
	u32 kind;

	kind_cache = kmem_cache_create("kind", 200, 0, 0, NULL);
	REQUIRE(kind_cache);
	for (kind = 0; kind < KINDS; kind++)
		use_kind(kind);
	EXPECT_EQ(kmem_cache_destroy(kind_cache), 0);
}

/* The n-th page is not to be had: no pool, and nothing is left behind. */
TEST(mempool, create_without_the_nth_page)
{
	u32 kind, n, free, failed = 0;
	mempool_t *pool;

	kind_cache = kmem_cache_create("kind", 200, 0, 0, NULL);
	REQUIRE(kind_cache);
	for (kind = 0; kind < KINDS; kind++) {
		n = 0;
		free = unused();
		do {
			page_alloc_fail_nth(++n);
			pool = kind_pool(kind);
			page_alloc_fail_nth(0);
			if (!pool)
				EXPECT_EQ(unused(), free);
		} while (!pool && n < 20);
		/* the pool's own, its elements' room, the elements */
		EXPECT(n > 1 && n < 20);
		failed += n - 1;
		EXPECT_EQ(mempool_destroy(pool), 0);
		EXPECT_EQ(unused(), free);
	}
	EXPECT_EQ(kmem_cache_destroy(kind_cache), 0);
	test_allow_warnings(failed);
}
