/*
 * Pools on caches, kmalloc() and pages: random use against a count of what is
 * out, while the allocator below fails; and waiting, resizing, mistakes.
 */
#include "objects.h"
#include <kernel/lib/errno.h>
#include <mm/object/mempool.h>
#include <mm/page/page_debug.h>

#define STEPS 30000U
#define OUT_MOST 40U
#define GFP (GFP_ATOMIC | __GFP_NOWARN)

static mempool_t *pool;
static void *out[OUT_MOST];
static u32 nr_out, waits;

/* What is missing is out, and no more is kept than there is room for. */
static void judge(void)
{
	MUST(pool->out == nr_out);
	MUST(pool->curr_nr <= pool->min_nr);
	MUST(pool->curr_nr + nr_out >= pool->min_nr);
	MUST(!host_locks_held && host_eflags == EFLAGS_IF);
}

static void give(void)
{
	u32 i, before = pool->curr_nr;

	if (!nr_out)
		return;
	i = host_below(nr_out);
	mempool_free(out[i], pool);
	out[i] = out[--nr_out];
	/* the pool first */
	MUST(pool->curr_nr == min(before + 1, pool->min_nr));
}

static void take(gfp_t gfp)
{
	void *p;

	if (nr_out == OUT_MOST)
		return;
	p = mempool_alloc(pool, gfp);
	if (p)
		out[nr_out++] = p;
	else
		MUST(!pool->curr_nr && !(gfp & __GFP_WAIT));
}

/* Somebody else frees one, the second time that it is waited. */
static void wait(mempool_t *waiting)
{
	MUST(waiting == pool && !pool->curr_nr);
	if (++waits % 2 == 0)
		give();
}

static u32 wakes;

static void wake(mempool_t *woken)
{
	MUST(woken == pool && !host_locks_held);
	wakes++;
}

static void resize(void)
{
	u32 wanted = host_below(20), was = pool->min_nr;
	int err = mempool_resize(pool, wanted, GFP);

	if (!err)
		MUST(pool->min_nr == wanted);
	else
		MUST(pool->min_nr == was &&
		     err == (wanted ? -ENOMEM : -EINVAL));
}

static void random_use(void)
{
	u32 step;

	for (step = 0; step < STEPS; step++) {
		page_alloc_fail_nth(host_below(3));
		slab_set_long_way(!host_below(4));
		switch (host_below(20)) {
		case 0:
			resize();
			break;
		case 1:
			kmem_caches_shrink();
			break;
		default:
			if (host_below(2))
				take(host_below(2) ? GFP : GFP_KERNEL |
						     __GFP_NOWARN);
			else
				give();
		}
		page_alloc_fail_nth(0);
		judge();
	}
	slab_set_long_way(false);
	while (nr_out)
		give();
	judge();
	MUST(!mempool_destroy(pool));
}

static void kinds(const void *arg)
{
	struct kmem_cache *cache;
	u32 before;

	host_boot_objects(64, 1, 0);
	host_seed("mempool");
	mempool_hooks.wake = wake;
	before = host_shrunk();
	cache = kmem_cache_create("pool", 3000, 0, 0, NULL);
	pool = mempool_create_slab_pool(8, cache);
	random_use();
	MUST(!kmem_cache_destroy(cache));
	pool = mempool_create_kmalloc_pool(6, 20000);
	random_use();
	pool = mempool_create(7, mempool_alloc_pages, mempool_free_pages,
			      (void *)1);
	random_use();
	MUST(wakes);
	MUST(host_shrunk() == before);
	host_boot_check();
}

/* --- one rule at a time --- */

static u32 asked, gives_from;	/* from which call on; 0: never */

static void *mock_alloc(gfp_t gfp, void *data)
{
	static char elements[100];

	MUST(!(gfp & (__GFP_NOFAIL | __GFP_REPEAT)));
	return ++asked >= gives_from && gives_from ? &elements[asked % 100] :
						     NULL;
}

static void mock_free(void *element, void *data)
{
	MUST(element);
}

static void make_mock(u32 nr)
{
	asked = 0;
	gives_from = 1;
	pool = mempool_create(nr, mock_alloc, mock_free, NULL);
	MUST(pool && asked == nr && pool->curr_nr == nr);
	asked = gives_from = 0;
}

static void rules(const void *arg)
{
	u32 i;

	host_boot_objects(64, 1, 0);
	make_mock(4);
	/* nothing below: the pool, and for who may wait a second try first */
	for (i = 0; i < 4; i++) {
		asked = 0;
		take(GFP_KERNEL | __GFP_NOFAIL);
		MUST(asked == (i < 2 ? 1U : 2U));
	}
	take(GFP);
	MUST(nr_out == 4);
	/* who may wait waits until somebody frees, with a hook and without */
	mempool_hooks.wait = wait;
	take(GFP_KERNEL);
	MUST(waits == 2 && nr_out == 4);
	mempool_hooks.wait = NULL;
	asked = 0;
	gives_from = 9;
	take(GFP_NOFS);
	MUST(asked == 9 && nr_out == 5);
	host_forget_log();
	MUST(mempool_destroy(pool) == -EBUSY && host_warnings() == 1);
	host_forget_log();
	while (nr_out)
		give();
	mempool_free(NULL, pool);
	EXPECT_DEATH("than it gave away", mempool_free(out, pool));
	pool->lock.locked = 0;
	EXPECT_DEATH("not to be zeroed", mempool_alloc(pool, __GFP_ZERO));
	MUST(!mempool_destroy(pool) && !mempool_destroy(NULL));
}

/* Each allocation that creating and growing make may fail. */
static void failures(const void *arg)
{
	u32 n, before;

	host_boot_objects(64, 1, 0);
	MUST(!mempool_create(0, mock_alloc, mock_free, NULL));
	MUST(!mempool_create(~0U, mock_alloc, mock_free, NULL));
	before = host_shrunk();
	for (n = 1; n <= 5; n++) {
		page_alloc_fail_nth(n);
		pool = mempool_create(4, mempool_alloc_pages,
				      mempool_free_pages, NULL);
		page_alloc_fail_nth(0);
		MUST(!pool || n > 4);
		MUST(!mempool_destroy(pool));
		MUST(host_shrunk() == before);
	}
	pool = mempool_create(2, mempool_alloc_pages, mempool_free_pages, NULL);
	for (n = 1; n <= 3; n++) {
		page_alloc_fail_nth(n);
		MUST(mempool_resize(pool, 5, GFP) == -ENOMEM);
		MUST(pool->min_nr == 2 && pool->curr_nr == 2);
	}
	page_alloc_fail_nth(0);
	MUST(!mempool_resize(pool, 5, GFP) && pool->curr_nr == 5);
	MUST(!mempool_resize(pool, 1, GFP) && pool->curr_nr == 1);
	MUST(!mempool_destroy(pool));
	MUST(host_shrunk() == before);
}

static void test_kinds(void **state)
{
	host_in_child(kinds, NULL, "kinds");
}

static void test_rules(void **state)
{
	host_in_child(rules, NULL, "rules");
}

static void test_failures(void **state)
{
	host_in_child(failures, NULL, "failures");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(test_kinds),
		HOST_TEST(test_rules),
		HOST_TEST(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
