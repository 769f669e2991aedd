/*
 * What a CPU keeps of a cache, and what CPUs share: batches in and out, their
 * order, tuning. And allocation in interrupts.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/processor.h>
#include <kernel/lib/errno.h>
#include "private_cache.h"
#include "rtc_irq.h"

#define MOST 512
static void *object[MOST];

/* --- the stack --- */

TEST(slab_array, last_freed_goes_first)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 4, 0);
	void *p;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 6));
	kmem_cache_free(cache, object[2]);
	kmem_cache_free(cache, object[5]);
	kmem_cache_free(cache, object[0]);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p == object[0]);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p == object[5]);
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	EXPECT(p == object[2]);
	free_n(cache, object, 6);
	private_cache_end(cache);
}

/* A batch when it is empty; one of it is the caller's. */
TEST(slab_array, refill_by_the_batch)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 5, 0);
	u32 i;

	if (!cache)
		return;
	for (i = 0; i < 15; i++) {
		EXPECT_EQ(stack_of(cache)->count, i % 5 ? 5 - i % 5 : 0);
		EXPECT_EQ(nr_on_slabs(cache), (i + 4) / 5 * 5);
		REQUIRE(take_n(cache, object + i, 1));
		EXPECT_EQ(index_of(cache, object[i]), i);
	}
	EXPECT_EQ(cache->grown, 1);
	/* one slab gives no more than it has */
	EXPECT_EQ(cache->num, 15);
	REQUIRE(take_n(cache, object + 15, 1));
	EXPECT_EQ(cache->grown, 2);
	EXPECT_EQ(stack_of(cache)->count, 4);
	free_n(cache, object, 16);
	private_cache_end(cache);
}

/* What is left of a slab, though it is less than a batch. */
TEST(slab_array, less_than_a_batch)
{
	struct kmem_cache *cache = private_cache_tuned(256, 60, 30, 0);
	u32 n;

	if (!cache)
		return;
	n = cache->num;
	REQUIRE(n < 30 && take_n(cache, object, 1));
	EXPECT_EQ(cache->grown, 1);
	EXPECT_EQ(stack_of(cache)->count, n - 1);
	REQUIRE(take_n(cache, object + 1, n - 1));
	EXPECT_EQ(stack_of(cache)->count, 0);
	EXPECT_EQ(cache->grown, 1);
	EXPECT(books_are_right(cache, object, n));
	free_n(cache, object, n);
	private_cache_end(cache);
}

/* At the limit the oldest batch goes; what was freed last stays on top. */
TEST(slab_array, oldest_batch_goes)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 3, 0);
	u32 i;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 15));
	kmem_cache_shrink(cache);
	EXPECT_EQ(stack_of(cache)->count, 0);
	for (i = 0; i < 8; i++) {
		kmem_cache_free(cache, object[i]);
		EXPECT_EQ(stack_of(cache)->count, i + 1);
	}
	EXPECT_EQ(nr_on_slabs(cache), 15);
	kmem_cache_free(cache, object[8]);
	EXPECT_EQ(stack_of(cache)->count, 6);
	EXPECT_EQ(nr_on_slabs(cache), 12);
	for (i = 0; i < 15; i++)
		EXPECT_EQ(buffer_is_free(slab_of(object[0]), i), i < 3);
	for (i = 0; i < 6; i++)
		EXPECT(stack_of(cache)->entry[i] == object[3 + i]);
	free_n(cache, object + 9, 6);
	EXPECT(books_are_right(cache, object, 0));
	private_cache_end(cache);
}

/* Rising, falling, mixed and scattered: all come back to their places. */
static void give_back_in_order(struct kmem_cache *cache, u32 n, u32 step)
{
	u32 i;

	REQUIRE(take_n(cache, object, n));
	for (i = 0; i < n; i++)
		kmem_cache_free(cache, object[i * step % n]);
	EXPECT(books_are_right(cache, object, 0));
	kmem_cache_shrink(cache);
	EXPECT_EQ(nr_slabs(cache), 0);
}

TEST(slab_array, runs_in_every_order)
{
	static const u32 limits[][2] = {
		{ 1, 1 }, { 2, 1 }, { 8, 4 }, { 33, 33 }, { 64, 40 },
		{ 120, 60 }, { 120, 120 },
	};
	struct kmem_cache *cache = private_cache_tuned(32, 8, 4, 0);
	u32 i, n = 257;		/* a prime: each step meets all */

	if (!cache)
		return;
	for (i = 0; i < ARRAY_SIZE(limits); i++) {
		EXPECT_EQ(kmem_cache_tune(cache, limits[i][0], limits[i][1],
					  0), 0);
		give_back_in_order(cache, n, 1);
		give_back_in_order(cache, n, n - 1);	/* falling */
		give_back_in_order(cache, n, 2);
		give_back_in_order(cache, n, 33);
		give_back_in_order(cache, n, n - 32);
		EXPECT_EQ(stack_of(cache)->count, 0);
	}
	private_cache_end(cache);
}

/* By the rule of the reference: large objects are not kept in numbers. */
TEST(slab_array, limit_by_size)
{
	static const u32 rows[][2] = {
		{ 4, 120 }, { 256, 120 }, { 260, 54 }, { 1024, 54 },
		{ 1028, 24 }, { 4096, 24 }, { 4100, 8 }, { 131072, 8 },
	};
	struct kmem_cache *cache;
	u32 i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		cache = private_cache(rows[i][0], 0, 0, NULL);
		REQUIRE(cache);
		if (!cache_is_debugged(cache)) {
			EXPECT_EQ(cache->limit, rows[i][1]);
			EXPECT_EQ(cache->batch, (rows[i][1] + 1) / 2);
			EXPECT_EQ(stack_of(cache)->limit, rows[i][1]);
		}
		private_cache_end(cache);
	}
}

/* --- the shared array --- */

TEST(slab_array, shared_by_the_batch)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 4, 2);
	struct shared_array *shared;
	u32 i;

	if (!cache)
		return;
	shared = node_of(cache)->shared;
	REQUIRE(shared);
	EXPECT_EQ(shared->limit, 8);
	REQUIRE(take_n(cache, object, 28));
	kmem_cache_shrink(cache);
	EXPECT_EQ(nr_on_slabs(cache), 28);
	/* eight on the stack, then two batches shared, then to the slabs */
	for (i = 0; i < 28; i++) {
		kmem_cache_free(cache, object[i]);
		EXPECT_EQ(shared->count, i < 8 ? 0 : i < 12 ? 4 : 8);
		EXPECT_EQ(nr_on_slabs(cache), 28 - (i < 16 ? 0 :
						    (i - 12) / 4 * 4));
	}
	for (i = 0; i < 8; i++)
		EXPECT(shared->entry[i] == object[i]);
	EXPECT(books_are_right(cache, object, 0));
	/* the way back: the stack, then what was shared last */
	REQUIRE(take_n(cache, object, 8));
	EXPECT_EQ(stack_of(cache)->count, 0);
	object[8] = shared->entry[7];
	EXPECT(kmem_cache_alloc(cache, GFP_KERNEL) == object[8]);
	EXPECT_EQ(shared->count, 4);
	EXPECT_EQ(stack_of(cache)->count, 3);
	EXPECT(books_are_right(cache, object, 9));
	free_n(cache, object, 9);
	private_cache_end(cache);
}

/* Half a batch is shared, the rest of it comes from the slabs. */
TEST(slab_array, shared_and_slabs_make_a_batch)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 6, 1);
	struct shared_array *shared;

	if (!cache)
		return;
	shared = node_of(cache)->shared;
	REQUIRE(take_n(cache, object, 12));
	kmem_cache_shrink(cache);
	/* by hand: three of them are shared */
	memcpy(shared->entry, object + 9, 3 * sizeof(void *));
	shared->count = 3;
	REQUIRE(take_n(cache, object + 9, 1));
	EXPECT_EQ(shared->count, 0);
	EXPECT_EQ(stack_of(cache)->count, 5);
	EXPECT_EQ(nr_on_slabs(cache), 15);
	EXPECT(books_are_right(cache, object, 10));
	free_n(cache, object, 10);
	private_cache_end(cache);
}

TEST(slab_array, shared_by_default)
{
	struct kmem_cache *small = private_cache(4096, 0, 0, NULL);
	struct kmem_cache *large = kmem_cache_create("test-large", 4100, 0, 0,
						     NULL);
	bool much = totalram_pages > 8192;

	REQUIRE(small && large);
	if (!private_cache_debugged(small)) {
		EXPECT_EQ(small->shared, much ? 8 : 0);
		EXPECT_EQ(!!node_of(small)->shared, much);
		if (much)
			EXPECT_EQ(node_of(small)->shared->limit,
				  8 * small->batch);
		EXPECT_EQ(large->shared, 0);
		EXPECT(!node_of(large)->shared);
	}
	private_cache_end(small);
	private_cache_end(large);
}

/* --- tuning --- */

static void tune_refused(struct kmem_cache *cache, u32 limit, u32 batch,
			 u32 shared)
{
	EXPECT_EQ(kmem_cache_tune(cache, limit, batch, shared), -EINVAL);
	EXPECT_EQ(cache->limit, 8);
	EXPECT_EQ(cache->batch, 4);
	EXPECT_EQ(cache->shared, 1);
	EXPECT_EQ(stack_of(cache)->limit, 8);
}

TEST(slab_array, tune_refuses)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 4, 1);

	if (!cache)
		return;
	tune_refused(cache, 0, 0, 0);
	tune_refused(cache, 8, 0, 0);
	tune_refused(cache, 0, 1, 0);
	tune_refused(cache, 8, 9, 0);
	tune_refused(cache, 121, 60, 0);
	tune_refused(cache, 120, 121, 0);
	tune_refused(cache, 8, 4, 65);
	tune_refused(cache, ~0U, ~0U, ~0U);
	private_cache_end(cache);
}

/* Objects are held, on the stack and shared while it is tuned: none is lost. */
TEST(slab_array, tune_loses_nothing)
{
	static const u32 rows[][3] = {
		{ 1, 1, 0 }, { 120, 120, 2 }, { 8, 4, 64 }, { 4, 4, 1 },
		{ 8, 8, 0 }, { 120, 1, 3 },
	};
	struct kmem_cache *cache = private_cache_tuned(64, 16, 8, 4);
	u32 i;

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 200));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		free_n(cache, object + 100, 100);
		EXPECT(nr_kept(cache));
		EXPECT_EQ(kmem_cache_tune(cache, rows[i][0], rows[i][1],
					  rows[i][2]), 0);
		EXPECT_EQ(cache->limit, rows[i][0]);
		EXPECT_EQ(cache->batch, rows[i][1]);
		EXPECT_EQ(cache->shared, rows[i][2]);
		EXPECT_EQ(stack_of(cache)->limit, rows[i][0]);
		EXPECT(books_are_right(cache, object, 100));
		REQUIRE(take_n(cache, object + 100, 100));
		EXPECT(books_are_right(cache, object, 200));
	}
	free_n(cache, object, 200);
	private_cache_end(cache);
}

/* The new array is an object of the cache that it is for. */
TEST(slab_array, tune_a_cache_that_arrays_come_from)
{
	struct kmem_cache *cache = kmalloc_caches[0][kmalloc_class(512)];
	u32 limit = cache->limit, batch = cache->batch;
	u32 shared = cache->shared, i;

	if (private_cache_debugged(cache))
		return;
	for (i = 0; i < 3; i++)
		EXPECT_EQ(kmem_cache_tune(cache, 60, 30, 4), 0);
	EXPECT_EQ(kmem_cache_tune(cache, limit, batch, shared), 0);
}

/* --- the long way --- */

TEST(slab_array, long_way_goes_by_no_stack)
{
	struct kmem_cache *cache = private_cache_tuned(256, 8, 4, 1);

	if (!cache)
		return;
	REQUIRE(take_n(cache, object, 2));
	EXPECT_EQ(stack_of(cache)->count, 2);
	slab_set_long_way(true);
	EXPECT_EQ(stack_of(cache)->count, 0);
	EXPECT_EQ(stack_of(cache)->limit, 0);
	REQUIRE(take_n(cache, object + 2, 8));
	kmem_cache_free(cache, object[9]);
	EXPECT_EQ(stack_of(cache)->count, 0);
	EXPECT(books_are_right(cache, object, 9));
	/* tuned meanwhile: it counts afterwards */
	EXPECT_EQ(kmem_cache_tune(cache, 6, 3, 1), 0);
	EXPECT_EQ(stack_of(cache)->limit, 0);
	slab_set_long_way(false);
	EXPECT_EQ(stack_of(cache)->limit, 6);
	EXPECT_EQ(kmalloc_caches[0][0]->cpu[0].limit,
		  stack_limit(kmalloc_caches[0][0]));
	free_n(cache, object, 9);
	private_cache_end(cache);
}

/* --- interrupts --- */

static bool irq_is(bool on)
{
	return !!(read_eflags() & EFLAGS_IF) == on;
}

/* Each way leaves the flag as it was. */
static void all_ways(struct kmem_cache *cache, bool on)
{
	u32 i, n = 3 * cache->num;

	for (i = 0; i < n; i++) {
		object[i] = kmem_cache_alloc(cache, GFP_ATOMIC);
		EXPECT(object[i] && irq_is(on));
	}
	for (i = 0; i < n; i++) {
		kmem_cache_free(cache, object[i]);
		EXPECT(irq_is(on));
	}
	EXPECT(kmem_cache_alloc_bulk(cache, GFP_ATOMIC, 9, object));
	EXPECT(irq_is(on));
	kmem_cache_free_bulk(cache, 9, object);
	EXPECT(irq_is(on));
	kfree(kmalloc(1000, GFP_ATOMIC));
	kfree(kzalloc(200000, GFP_ATOMIC));
	kfree(kmalloc_node(50, GFP_ATOMIC, 0));
	EXPECT(irq_is(on));
	kmem_cache_shrink(cache);
	EXPECT(irq_is(on));
	cache_reap(0, true);
	EXPECT(irq_is(on));
	slab_set_long_way(true);
	kmem_cache_free(cache, kmem_cache_alloc(cache, GFP_ATOMIC));
	EXPECT(irq_is(on));
	slab_set_long_way(false);
	EXPECT(irq_is(on));
}

TEST(slab_array, interrupt_flag_is_kept)
{
	struct kmem_cache *cache = private_cache(256, 0, 0, NULL);
	u32 flags = local_irq_save();

	REQUIRE(cache);
	all_ways(cache, false);
	local_irq_enable();
	all_ways(cache, true);
	local_irq_restore(flags);
	private_cache_end(cache);
}

#define TEST_IRQ 5U	/* guessed: no device of the machines has it */

static struct kmem_cache *in_handler;
static u32 handled;

static bool handle(unsigned int irq, void *dev)
{
	u32 i;

	handled = 0;
	for (i = 0; i < 40; i++) {
		object[i] = kmem_cache_alloc(in_handler, GFP_ATOMIC);
		handled += object[i] != NULL;
	}
	for (i = 0; i < 40; i += 2)
		kmem_cache_free(in_handler, object[i]);
	kfree(kmalloc(100, GFP_ATOMIC));
	return true;
}

TEST(slab_array, in_an_interrupt_handler)
{
	u32 i;

	in_handler = private_cache(256, 0, 0, NULL);
	REQUIRE(in_handler);
	REQUIRE(!request_irq(TEST_IRQ, handle, 0, "slab_array", NULL));
	__asm__ volatile("int %0" : : "i"(FIRST_IRQ_VECTOR + TEST_IRQ)
			 : "memory");
	free_irq(TEST_IRQ, NULL);
	EXPECT_EQ(handled, 40);
	for (i = 0; i < 20; i++)
		object[i] = object[2 * i + 1];
	EXPECT(books_are_right(in_handler, object, 20));
	free_n(in_handler, object, 20);
	private_cache_end(in_handler);
}

#define TICKS 100
#define MOST_ROUNDS 20000000U	/* guessed: some seconds without a tick */

static volatile u32 ticks;
static void *of_tick[16];

/* Exchanges one of its own; now and then it takes all the CPU keeps. */
static bool tick(unsigned int irq, void *dev)
{
	u32 i = ticks++ % ARRAY_SIZE(of_tick);

	kmem_cache_free(in_handler, of_tick[i]);
	of_tick[i] = kmem_cache_alloc(in_handler, GFP_ATOMIC);
	if (ticks % 32 == 0)
		kmem_cache_shrink(in_handler);
	return rtc_was_it();
}

static void work(u32 round)
{
	u32 i, n = round % 24;

	for (i = 0; i < n; i++)
		object[i] = kmem_cache_alloc(in_handler, GFP_KERNEL);
	for (i = 0; i < n; i++)
		kmem_cache_free(in_handler, object[i]);
}

/* It strikes wherever it likes. */
TEST(slab_array, interrupts_allocate_too)
{
	u32 round;

	in_handler = private_cache(256, 0, 0, NULL);
	REQUIRE(in_handler);
	ticks = 0;
	REQUIRE(rtc_start(tick, NULL));
	for (round = 0; ticks < TICKS && round < MOST_ROUNDS; round++)
		work(round);
	rtc_stop(NULL);
	EXPECT(ticks >= TICKS);
	EXPECT(books_are_right(in_handler, of_tick, ARRAY_SIZE(of_tick)));
	free_n(in_handler, of_tick, ARRAY_SIZE(of_tick));
	memset(of_tick, 0, sizeof(of_tick));
	private_cache_end(in_handler);
}
