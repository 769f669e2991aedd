/*
 * Caches, one rule at a time: their geometry for each size, creation and end,
 * tuning, reaping, pressure, and frees of what must not be freed.
 */
#include "objects.h"
#include <kernel/lib/errno.h>
#include <mm/page/page_debug.h>

#define GFP (GFP_ATOMIC | __GFP_NOWARN)
#define MANY 400U

static void *object[MANY];

static void take(struct kmem_cache *cache, u32 n)
{
	u32 i;

	MUST(n <= MANY);
	for (i = 0; i < n; i++) {
		object[i] = kmem_cache_alloc(cache, GFP);
		MUST(object[i]);
	}
}

static void give(struct kmem_cache *cache, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		kmem_cache_free(cache, object[i]);
}

static struct kmem_cache *create(const char *name, size_t size, u32 flags)
{
	struct kmem_cache *cache = kmem_cache_create(name, size, 0, flags,
						     NULL);

	MUST(cache);
	return cache;
}

/* --- geometry --- */

/* As many buffers as there can be, and none more. */
static void judge_room(const struct kmem_cache *cache)
{
	u32 bytes = (u32)PAGE_SIZE << cache->order;
	bool off = cache->flags & CACHE_OFF_SLAB;
	u32 used = cache->num * cache->size + (off ? 0 : cache->slab_bytes);
	u32 most = (cache->colours - 1) * cache->colour_off;

	MUST(cache->num && cache->order <= 5);
	MUST(used + most <= bytes);
	MUST(used + most + cache->colour_off > bytes);
	MUST(cache->slab_bytes >= sizeof(struct slab) +
	     bits_words(cache->num) * sizeof(u32));
	MUST(off || IS_ALIGNED(cache->slab_bytes, cache->align));
	/* one more would not fit beside what manages it */
	MUST(used + cache->size + cache->align > bytes || off);
	MUST(!off || (cache->num + 1) * cache->size > bytes);
}

/* S1 and S2: small buffers have it in the slab, and whoever has room. */
static void judge_place(const struct kmem_cache *cache)
{
	u32 bytes = (u32)PAGE_SIZE << cache->order;
	u32 left = bytes - cache->num * cache->size;

	if (cache->size < PAGE_SIZE / 8)
		MUST(!(cache->flags & CACHE_OFF_SLAB));
	else
		MUST(!(cache->flags & CACHE_OFF_SLAB) ==
		     (left >= ALIGN(cache->slab_bytes, cache->align)));
}

/* The smallest order that wastes an eighth at most, or is high enough. */
static void judge_order(const struct kmem_cache *cache, bool little)
{
	u32 bytes = (u32)PAGE_SIZE << cache->order, order;
	u32 left = bytes - cache->num * cache->size;

	if (!(cache->flags & CACHE_OFF_SLAB))
		left -= cache->slab_bytes;
	for (order = 0; order < cache->order; order++) {
		/* all the lower ones: nothing fits, or too much is left */
		u32 room = (u32)PAGE_SIZE << order;

		if (cache->size > room)
			continue;
		MUST(!(cache->flags & SLAB_RECLAIM_ACCOUNT) ||
		     cache->size + sizeof(struct slab) > room);
		MUST(order < (little ? 0 : 1) ||
		     cache->size + cache->slab_bytes > room);
	}
	if (cache->order < 1 && !little &&
	    !(cache->flags & SLAB_RECLAIM_ACCOUNT))
		MUST(left * 8 <= bytes + cache->slab_bytes * 8);
}

/* The multiplication must find what a division does. */
static void judge_index(const struct kmem_cache *cache)
{
	static char nothing[1];
	struct slab slab = { .s_mem = nothing };
	u32 i, at;

	for (i = 0; i < cache->num; i++)
		for (at = 0; at < 4; at++) {
			static const u32 parts[] = { 0, 1, 2, 3 };
			u32 offset = i * cache->size +
				parts[at] * (cache->size - 1) / 3;
			const char *p = (const char *)((uintptr_t)nothing +
						       offset);

			MUST(buffer_index(cache, &slab, p) == i);
		}
}

static void geometry_of(u32 size, u32 align, u32 flags, bool little)
{
	struct kmem_cache cache = {
		.align = align, .flags = flags, .size = ALIGN(size, align),
	};

	MUST(slab_geometry(&cache, little));
	judge_room(&cache);
	judge_place(&cache);
	judge_order(&cache, little);
	judge_index(&cache);
}

static void geometry(void **state)
{
	struct kmem_cache cache = { .align = 8, .size = 132 << 10 };
	u32 size, align;

	for (size = 8; size <= KMALLOC_MAX_CLASS;
	     size += size < 5000 ? 8 : 1 + size / 100)
		for (align = 8; align <= PAGE_SIZE; align *= 4) {
			geometry_of(size, align, 0, false);
			geometry_of(size, align, 0, true);
			geometry_of(size, align, SLAB_RECLAIM_ACCOUNT, false);
		}
	/* larger than any slab */
	MUST(!slab_geometry(&cache, false));
}

/* Each slab is shifted by one line more, then it begins anew. */
static void colours(const void *arg)
{
	struct kmem_cache *cache;
	u32 i, next = 0, seen = 0;
	struct slab *last = NULL;

	host_boot_objects(64, 1, 0);
	cache = create("colours", 1240, 0);
	MUST(cache->num == 3 && cache->colours > 5);
	/* one at a time: each new slab is met */
	MUST(!kmem_cache_tune(cache, 1, 1, 0));
	for (i = 0; i < 3 * (cache->colours + 2); i++) {
		struct slab *slab;

		object[i] = kmem_cache_alloc(cache, GFP);
		slab = page_slab(virt_to_page(object[i]));
		if (slab == last)
			continue;
		last = slab;
		MUST(slab->colour == next * cache->colour_off);
		next = (next + 1) % cache->colours;
		seen++;
	}
	MUST(seen == cache->colours + 2);
	host_check_cache(cache, i);
	give(cache, i);
	MUST(!kmem_cache_destroy(cache));
}

/* --- create and destroy --- */

static void never(void *p)
{
	host_die("a constructor that must not run");
}

static void bad_arguments(const void *arg)
{
	static const struct {
		const char *name;
		size_t size, align;
		u32 flags;
		const char *why;
	} wrong[] = {
		{ NULL, 8, 0, 0, "no name" },
		{ "", 8, 0, 0, "no name" },
		{ "a-name-of-twenty-four-xx", 8, 0, 0, "too long" },
		{ "small", 3, 0, 0, "4 bytes to 128 KB" },
		{ "nothing", 0, 0, 0, "4 bytes to 128 KB" },
		{ "large", KMALLOC_MAX_CLASS + 1, 0, 0, "4 bytes to 128 KB" },
		{ "odd", 8, 24, 0, "power of two" },
		{ "far", 8, 8192, 0, "power of two" },
		{ "flags", 8, 0, 0x80000000U, "unknown flags" },
		{ "flags", 8, 0, 1, "unknown flags" },
		{ "size-32", 32, 0, 0, "one of that name" },
	};
	u32 i, before;
	struct kmem_cache *cache;

	host_boot_objects(64, 1, 0);
	before = host_shrunk();
	for (i = 0; i < ARRAY_SIZE(wrong); i++) {
		host_forget_log();
		MUST(!kmem_cache_create(wrong[i].name, wrong[i].size,
					wrong[i].align, wrong[i].flags,
					never));
		MUST(host_warnings() == 1 && host_log_count(wrong[i].why) == 1);
		EXPECT_DEATH(wrong[i].why, kmem_cache_create(
			     wrong[i].name, wrong[i].size, wrong[i].align,
			     wrong[i].flags | SLAB_PANIC, never));
	}
	host_forget_log();
	MUST(host_shrunk() == before);
	cache = kmem_cache_create("a-name-of-23-characters", 4, 4096, 0, NULL);
	MUST(cache && cache->align == 4096);
	MUST(!strcmp(kmem_cache_name(cache), "a-name-of-23-characters"));
	MUST(!kmem_cache_destroy(cache) && !kmem_cache_destroy(NULL));
	MUST(host_shrunk() == before);
}

/* In use: it refuses and stays; then it goes, and its name is free again. */
static void destroy(const void *arg)
{
	struct kmem_cache *cache;
	u32 before;

	host_boot_objects(64, 2, 0);
	before = host_shrunk();
	cache = create("twice", 200, 0);
	take(cache, 50);
	object[50] = kmem_cache_alloc_node(cache, GFP, 1);
	give(cache, 49);
	MUST(kmem_cache_destroy(cache) == -EBUSY);
	MUST(slab_errors[SLAB_LEAK] && host_log_count("leak"));
	host_check_cache(cache, 2);
	kmem_cache_free(cache, object[49]);
	/* one is left, on the other node */
	MUST(kmem_cache_destroy(cache) == -EBUSY);
	take(cache, 10);
	give(cache, 10);
	kmem_cache_free(cache, object[50]);
	MUST(!kmem_cache_destroy(cache));
	cache = create("twice", 300, 0);
	MUST(!kmem_cache_destroy(cache));
	MUST(host_shrunk() == before);
	host_forget_log();
}

/* Whatever page is missing, nothing is left behind. */
static void create_fails(const void *arg)
{
	static const u32 sizes[] = { 24, 600, 2000, 40000 };
	struct kmem_cache *cache;
	u32 before, n, i, failed = 0;

	host_boot_objects(64, 3, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++)
		for (n = 1; n < 12; n++) {
			before = host_shrunk();
			page_alloc_fail_nth(n);
			cache = kmem_cache_create("nth", sizes[i], 0, 0, NULL);
			page_alloc_fail_nth(0);
			failed += !cache;
			MUST(cache || host_log_count("no memory for it"));
			MUST(!kmem_cache_destroy(cache));
			MUST(host_shrunk() == before);
			host_boot_check();
			host_forget_log();
		}
	MUST(failed >= ARRAY_SIZE(sizes));
	page_alloc_fail_nth(1);
	EXPECT_DEATH("there is no memory for it",
		     kmem_cache_create("nth", 24, 0, SLAB_PANIC, NULL));
}

/* No place for what manages a slab: the pages go back. */
static void no_management(const void *arg)
{
	struct kmem_cache *cache;
	u32 managed = 0, before;

	host_boot_objects(64, 1, 0);
	cache = create("off", 4096, 0);
	MUST(cache->flags & CACHE_OFF_SLAB);
	while (kmem_cache_alloc(cache->slab_cache, GFP | __GFP_NO_GROW))
		managed++;
	before = host_shrunk();
	page_alloc_fail_nth(2);
	MUST(!kmem_cache_alloc(cache, GFP));
	page_alloc_fail_nth(0);
	host_check_cache(cache, 0);
	MUST(host_shrunk() == before);
	take(cache, 40);
	host_check_cache(cache, 40);
	give(cache, 40);
	MUST(host_shrunk() == before && managed);
	MUST(!kmem_cache_destroy(cache));
}

/* All or none. */
static void bulk_fails(const void *arg)
{
	struct kmem_cache *cache;

	host_boot_objects(64, 1, 0);
	cache = create("bulk", 1000, 0);
	page_alloc_fail_nth(5);
	MUST(!kmem_cache_alloc_bulk(cache, GFP, 300, object));
	page_alloc_fail_nth(0);
	host_check_cache(cache, 0);
	MUST(kmem_cache_alloc_bulk(cache, GFP, 300, object));
	host_check_cache(cache, 300);
	kmem_cache_free_bulk(cache, 300, object);
	kmem_cache_free(cache, NULL);
	host_check_cache(cache, 0);
	MUST(!kmem_cache_destroy(cache));
}

static void construct(void *p)
{
	memset(p, 0x11, 100);
}

static void zeroed(const void *arg)
{
	struct kmem_cache *cache;
	u32 i;

	host_boot_objects(64, 1, 0);
	cache = create("zeroed", 100, 0);
	for (i = 0; i < 200; i++) {
		u32 at;

		object[i] = i % 2 ? kmem_cache_zalloc(cache, GFP) :
				    kmem_cache_alloc(cache, GFP | __GFP_ZERO);
		for (at = 0; at < 100; at++)
			MUST(!((u8 *)object[i])[at]);
		memset(object[i], 0xff, 100);
		if (i % 3 == 0)
			kmem_cache_free(cache, object[i]);
	}
	cache = kmem_cache_create("constructed", 100, 0, 0, construct);
	EXPECT_DEATH("is not to be zeroed", kmem_cache_zalloc(cache, GFP));
}

/* --- tuning --- */

static void tune(const void *arg)
{
	static const u32 wrong[][3] = {
		{ 0, 0, 0 }, { 10, 0, 0 }, { 10, 11, 0 },
		{ CPU_STACK_MOST + 1, 1, 0 }, { 10, 5, 65 },
	};
	struct kmem_cache *cache;
	u32 i, before;

	host_boot_objects(64, 2, 0);
	before = host_shrunk();
	cache = create("tuned", 100, 0);
	MUST(cache->limit == 120 && cache->batch == 60 && cache->shared == 8);
	for (i = 0; i < ARRAY_SIZE(wrong); i++)
		MUST(kmem_cache_tune(cache, wrong[i][0], wrong[i][1],
				     wrong[i][2]) == -EINVAL);
	/* from full stacks and arrays to small ones: all goes home */
	take(cache, MANY);
	give(cache, MANY);
	MUST(cache->node[0]->shared->count && cache->cpu[0].count);
	MUST(!kmem_cache_tune(cache, 3, 2, 1));
	MUST(!cache->cpu[0].count && cache->cpu[0].limit == 3);
	MUST(cache->node[0]->shared->count <= 2);
	MUST(cache->node[0]->shared->limit == 2);
	host_check_cache(cache, 0);
	take(cache, MANY);
	host_check_cache(cache, MANY);
	give(cache, MANY);
	MUST(cache->cpu[0].count <= 3);
	MUST(!kmem_cache_tune(cache, 120, 120, 64));
	page_alloc_fail_nth(1);
	MUST(kmem_cache_tune(cache, 120, 120, 64) == -ENOMEM);
	page_alloc_fail_nth(0);
	MUST(cache->limit == 120 && cache->shared == 64);
	take(cache, MANY);
	host_check_cache(cache, MANY);
	give(cache, MANY);
	MUST(!kmem_cache_tune(cache, 1, 1, 0) && !cache->node[0]->shared);
	MUST(!kmem_cache_destroy(cache));
	MUST(host_shrunk() == before);
}

/* The reference's limits by size; no shared arrays with little memory. */
static void defaults(const void *arg)
{
	static const u32 sizes[][2] = {
		{ 16, 120 }, { 256, 120 }, { 257, 54 }, { 1024, 54 },
		{ 1025, 24 }, { 4096, 24 }, { 4097, 8 }, { 131072, 8 },
	};
	static const u32 aligned[][2] = {
		{ 4, 8 }, { 8, 8 }, { 9, 16 }, { 16, 16 }, { 17, 32 },
		{ 100, 32 },
	};
	u32 i, mb = *(const u32 *)arg;

	host_boot_objects(mb, 1, 0);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct kmem_cache *cache = create("limits", sizes[i][0], 0);

		MUST(cache->limit == sizes[i][1]);
		MUST(cache->batch == (cache->limit + 1) / 2);
		MUST(!!cache->shared == (mb > 32 && sizes[i][0] <= 4096));
		MUST(!kmem_cache_destroy(cache));
	}
	/* a line of the CPU's cache, or a part of it where several fit */
	for (i = 0; i < ARRAY_SIZE(aligned); i++) {
		struct kmem_cache *cache = create("aligned", aligned[i][0],
						  SLAB_HWCACHE_ALIGN);

		MUST(cache->align == aligned[i][1]);
		MUST(!kmem_cache_destroy(cache));
	}
}

/* --- giving back --- */

/* Nobody uses it: it becomes smaller by parts, and in the end nothing. */
static void reap(const void *arg)
{
	struct kmem_cache *cache;
	u32 rounds, pages = 0, grown;

	host_boot_objects(64, 1, 0);
	cache = create("reaped", 200, 0);
	take(cache, MANY);
	give(cache, MANY);
	grown = cache->grown;
	MUST(grown >= MANY / cache->num);
	/* used since the last time: nothing but the mark goes */
	cache->touched[0] = true;
	rounds = cache->cpu[0].count;
	cache_reap(0, false);
	MUST(!cache->touched[0] && cache->cpu[0].count == rounds);
	/* a fifth of the limit */
	cache_reap(0, false);
	MUST(cache->cpu[0].count == rounds - min(rounds, 24U));
	for (rounds = 0; cache->grown != cache->reaped; rounds++) {
		pages += cache_reap(0, true);
		host_check_cache(cache, 0);
		MUST(rounds < 60);
	}
	MUST(rounds > 5 && pages >= grown / 2);
	/* with locks that somebody holds it does nothing, and does not wait */
	take(cache, MANY);
	give(cache, MANY);
	cache->touched[0] = true;
	host_eflags = 0;
	spin_lock(&kmem_caches_lock);
	MUST(!cache_reap(0, true) && cache->touched[0]);
	spin_unlock(&kmem_caches_lock);
	spin_lock(&cache->node[0]->lock);
	grown = cache->node[0]->nr_slabs;
	rounds = cache->cpu[0].count;
	MUST(rounds);
	cache->touched[0] = false;
	cache_reap(0, true);
	MUST(cache->cpu[0].count == rounds &&
	     cache->node[0]->nr_slabs == grown);
	spin_unlock(&cache->node[0]->lock);
	host_eflags = EFLAGS_IF;
	MUST(!kmem_cache_destroy(cache));
}

/* A request that would fail gets what caches keep. */
static void pressure(const void *arg)
{
	struct kmem_cache *cache;
	struct page *page, *first = NULL;
	u32 n = 0, i;

	host_boot_objects(16, 1, 0);
	cache = create("pressed", 4000, 0);
	MUST(!kmem_cache_tune(cache, 120, 120, 2));
	take(cache, MANY);
	while ((page = alloc_pages(GFP, 0))) {
		page->private = (unsigned long)first;
		first = page;
		n++;
	}
	MUST(n > 100 && !kmem_cache_alloc(cache, GFP));
	/* nothing is to be had; but what is given back is found at once */
	give(cache, MANY);
	for (i = 0; i < 300; i++) {
		page = alloc_pages(GFP, 0);
		MUST(page);
		page->private = (unsigned long)first;
		first = page;
	}
	host_check_cache(cache, 0);
	while ((page = first)) {
		first = (struct page *)page->private;
		page->private = 0;
		__free_pages(page, 0);
	}
	MUST(!kmem_cache_destroy(cache));
	host_shrunk();
	host_boot_check();
}

/* A test's own zones get nothing from the machine's caches. */
static void foreign_zones(const void *arg)
{
	struct zonelist list = { { NULL } };
	pg_data_t other;

	host_boot_objects(64, 1, 0);
	kmem_cache_shrink(kmalloc_caches[0][5]);
	kfree(kmalloc(128, GFP));
	node_init(&other, 0, ZONEID_PRIVATE);
	list.zones[0] = &other.node_zones[ZONE_NORMAL];
	MUST(reclaim_hooks.shrink_caches == slab_shrink_hook);
	MUST(slab_shrink_hook(&list) == 0);
	MUST(kmalloc_caches[0][5]->cpu[0].count);
	MUST(slab_shrink_hook(node_zonelist(0, 0)) > 0);
	MUST(!kmalloc_caches[0][5]->cpu[0].count);
}

/* More than node_free_limit() objects free: empty slabs go at once. */
static void free_limit(const void *arg)
{
	struct kmem_cache *cache;
	u32 limit;

	host_boot_objects(64, 1, 0);
	cache = create("limited", 200, 0);
	MUST(!kmem_cache_tune(cache, 4, 2, 0));
	limit = node_free_limit(cache);
	take(cache, MANY);
	give(cache, MANY);
	/* looked at when a slab becomes empty: less than one more may come */
	MUST(cache->node[0]->free_objects < limit + cache->num);
	MUST(cache->reaped + 3 >= cache->grown);
	host_check_cache(cache, 0);
	MUST(!kmem_cache_destroy(cache));
}

/* --- nodes --- */

/* Objects of another node go home, and count. */
static void nodes(const void *arg)
{
	struct kmem_cache *cache;
	u32 i, before;

	host_boot_objects(128, 4, 0);
	before = host_shrunk();
	cache = create("nodes", 500, 0);
	for (i = 0; i < MANY; i++) {
		object[i] = kmem_cache_alloc_node(cache, GFP, (int)(i % 4));
		MUST(page_to_nid(virt_to_page(object[i])) == (int)(i % 4));
	}
	host_check_cache(cache, MANY);
	MUST(!cache->remote_frees);
	give(cache, MANY);
	MUST(cache->remote_frees == MANY / 4 * 3);
	host_check_cache(cache, 0);
	MUST(!kmem_cache_alloc_node(cache, GFP, 4));
	MUST(!kmem_cache_alloc_node(cache, GFP, MAX_NUMNODES));
	MUST(!kmem_cache_destroy(cache));
	MUST(host_shrunk() == before);
}

/* Nothing on the own node and no growth: what others have is taken. */
static void from_others(const void *arg)
{
	struct kmem_cache *cache;
	u32 i;

	host_boot_objects(128, 3, 0);
	cache = create("others", 1000, 0);
	MUST(!kmem_cache_alloc(cache, GFP | __GFP_NO_GROW));
	for (i = 0; i < 20; i++)
		object[i] = kmem_cache_alloc_node(cache, GFP, 2);
	give(cache, 10);
	object[0] = kmem_cache_alloc(cache, GFP | __GFP_NO_GROW);
	MUST(object[0] && page_to_nid(virt_to_page(object[0])) == 2);
	/* all that was free is on the CPU's stack now */
	kmem_cache_shrink(cache);
	object[1] = kmem_cache_alloc_node(cache, GFP | __GFP_NO_GROW, 1);
	MUST(object[1] && page_to_nid(virt_to_page(object[1])) == 2);
	host_check_cache(cache, 12);
	for (i = 2; i < 10; i++)
		object[i] = kmem_cache_alloc_node(cache, GFP, 2);
	give(cache, 20);
	host_check_cache(cache, 0);
	MUST(!kmem_cache_destroy(cache));
}

/* --- frees by mistake --- */

/* So many reports in all, of which one more of this class. */
static void must_report(enum slab_error class, u32 n)
{
	u32 sum = 0, i;

	for (i = 0; i < NR_SLAB_ERRORS; i++) {
		MUST(i == class ? slab_errors[i] == n : !slab_errors[i]);
		sum += slab_errors[i];
		slab_errors[i] = 0;
	}
	MUST(sum == n && host_log_count("slab error") == n);
	host_forget_log();
}

/* Where there is no debugging: when the stack is drained, at the latest. */
static void wrong_frees(const void *arg)
{
	struct kmem_cache *cache, *other;
	static int outside;
	struct page *page;

	host_boot_objects(64, 1, 0);
	cache = create("right", 100, 0);
	other = create("wrong", 100, 0);
	page = alloc_pages(GFP, 0);
	take(cache, 10);
	host_forget_log();
	kmem_cache_free(other, object[0]);
	must_report(SLAB_WRONG_CACHE, 1);
	kmem_cache_free(cache, &outside);
	must_report(SLAB_NO_OBJECT, 1);
	kmem_cache_free(cache, page_address(page));
	must_report(SLAB_NO_OBJECT, 1);
	host_check_cache(cache, 10);
	host_check_cache(other, 0);
	/* twice, one after the other, and through the array, too */
	kmem_cache_free(cache, object[9]);
	kmem_cache_free(cache, object[9]);
	kmem_cache_shrink(cache);
	must_report(SLAB_DOUBLE_FREE, 1);
	host_check_cache(cache, 9);
	/* what is free in its slab already */
	kmem_cache_free(cache, object[9]);
	kmem_cache_shrink(cache);
	must_report(SLAB_DOUBLE_FREE, 1);
	host_check_cache(cache, 9);
	give(cache, 9);
	MUST(!kmem_cache_destroy(cache) && !kmem_cache_destroy(other));
	__free_pages(page, 0);
	host_check_objects();
}

/* A run of which one is free already; and all the ways a run may lie. */
static void runs(const void *arg)
{
	struct kmem_cache *cache;
	LIST_HEAD(gone);
	u32 i, n;

	host_boot_objects(64, 1, 0);
	cache = create("runs", 64, 0);
	MUST(!kmem_cache_tune(cache, 1, 1, 0));
	n = 3 * cache->num;
	take(cache, n);
	kmem_cache_shrink(cache);
	host_forget_log();
	host_eflags = 0;
	/* downwards and upwards, over the borders of words and slabs */
	free_to_slabs(cache, object, n / 2, &gone);
	for (i = n / 2; i < n / 2 + (n - n / 2) / 2; i++) {
		void *p = object[i];

		object[i] = object[n - 1 - (i - n / 2)];
		object[n - 1 - (i - n / 2)] = p;
	}
	free_to_slabs(cache, object + n / 2, 20, &gone);
	/* again, in the middle of others that are good */
	object[n / 2 + 25] = object[n / 2 + 5];
	free_to_slabs(cache, object + n / 2 + 20, 10, &gone);
	must_report(SLAB_DOUBLE_FREE, 1);
	host_eflags = EFLAGS_IF;
	slabs_destroy(cache, &gone);
	host_check_cache(cache, n - n / 2 - 29);
}

/* Books that somebody wrote over: found, and not met again. */
static void bad_books(const void *arg)
{
	struct kmem_cache *cache;
	struct slab *slab;

	host_boot_objects(64, 1, 0);
	cache = create("books", 200, 0);
	MUST(!kmem_cache_tune(cache, 1, 1, 0));
	take(cache, 1);
	kmem_cache_shrink(cache);
	host_forget_log();
	slab = page_slab(virt_to_page(object[0]));
	memset(slab->bits, 0, bits_words(cache->num) * sizeof(u32));
	MUST(kmem_cache_alloc(cache, GFP));
	must_report(SLAB_BAD_BOOKS, 1);
	MUST(kmem_cache_alloc(cache, GFP));
	must_report(SLAB_BAD_BOOKS, 0);
}

static void test_defaults(void **state)
{
	static const u32 mb[] = { 16, 32, 40 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(mb); i++)
		host_in_child(defaults, &mb[i], "defaults");
}

#define IN_CHILD(name)							\
static void test_##name(void **state)					\
{									\
	host_in_child(name, NULL, #name);				\
}

IN_CHILD(colours)
IN_CHILD(bad_arguments)
IN_CHILD(destroy)
IN_CHILD(create_fails)
IN_CHILD(no_management)
IN_CHILD(bulk_fails)
IN_CHILD(zeroed)
IN_CHILD(tune)
IN_CHILD(reap)
IN_CHILD(pressure)
IN_CHILD(foreign_zones)
IN_CHILD(free_limit)
IN_CHILD(nodes)
IN_CHILD(from_others)
IN_CHILD(wrong_frees)
IN_CHILD(runs)
IN_CHILD(bad_books)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(geometry),
		HOST_TEST(test_colours),
		HOST_TEST(test_bad_arguments),
		HOST_TEST(test_destroy),
		HOST_TEST(test_create_fails),
		HOST_TEST(test_no_management),
		HOST_TEST(test_bulk_fails),
		HOST_TEST(test_zeroed),
		HOST_TEST(test_tune),
		HOST_TEST(test_defaults),
		HOST_TEST(test_reap),
		HOST_TEST(test_pressure),
		HOST_TEST(test_foreign_zones),
		HOST_TEST(test_free_limit),
		HOST_TEST(test_nodes),
		HOST_TEST(test_from_others),
		HOST_TEST(test_wrong_frees),
		HOST_TEST(test_runs),
		HOST_TEST(test_bad_books),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
