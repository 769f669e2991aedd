/*
 * Caches against a shadow: a million random operations over 20 caches, on
 * machines of one to four nodes, with interrupts that allocate and free
 * wherever they may come. The shadow knows who has which bytes and what stands
 * in them; the books are recomputed from time to time, and in the end all
 * memory must be back.
 *
 * STEPS in the environment changes how many there are on each machine.
 */
#include "objects.h"
#include <kernel/base/debug.h>
#include <kernel/lib/errno.h>

#define CACHES 20U
#define STEPS 250000U
#define CHECK_EACH 2000U
#define BULK_MOST 150U
#define GFP (GFP_ATOMIC | __GFP_NOWARN)

static struct host_cache shadow[CACHES];
static u32 ctor_runs[CACHES];

/* --- the caches --- */

#define CTOR(i, bytes)							\
static void ctor_##i(void *object)					\
{									\
	memset(object, HOST_CTOR_BYTE, bytes);				\
	ctor_runs[i]++;							\
}

CTOR(3, 40)
CTOR(7, 200)
CTOR(11, 700)
CTOR(15, 3000)

static const struct shape {
	u32 size, align, flags, most;
	void (*ctor)(void *object);
} shapes[CACHES] = {
	{ 4, 0, 0, 1500, NULL },
	{ 8, 0, 0, 1500, NULL },
	{ 20, 0, SLAB_HWCACHE_ALIGN, 1200, NULL },
	{ 40, 0, 0, 1200, ctor_3 },
	{ 33, 32, 0, 800, NULL },
	{ 64, 0, SLAB_CACHE_DMA, 600, NULL },
	{ 100, 64, SLAB_RECLAIM_ACCOUNT, 600, NULL },
	{ 200, 8, SLAB_HWCACHE_ALIGN, 400, ctor_7 },
	{ 256, 256, 0, 400, NULL },
	{ 300, 0, 0, 300, NULL },
	{ 511, 16, SLAB_RECLAIM_ACCOUNT, 300, NULL },
	{ 700, 0, 0, 250, ctor_11 },
	{ 1024, 1024, 0, 200, NULL },
	{ 1300, 0, SLAB_HWCACHE_ALIGN, 150, NULL },
	{ 2100, 0, SLAB_CACHE_DMA, 100, NULL },
	{ 3000, 128, SLAB_RECLAIM_ACCOUNT, 80, ctor_15 },
	{ 4096, 4096, 0, 60, NULL },
	{ 9000, 0, 0, 30, NULL },
	{ 40000, 0, 0, 12, NULL },
	{ 131072, 0, 0, 8, NULL },
};

static const char *name_of(u32 i)
{
	static char name[KMEM_NAME_MAX];

	snprintf(name, sizeof(name), "shadow-%u", i);
	return name;
}

static bool create(u32 i)
{
	const struct shape *s = &shapes[i];
	struct host_cache *c = &shadow[i];
	struct kmem_cache *cache;

	cache = kmem_cache_create(name_of(i), s->size, s->align, s->flags,
				  s->ctor);
	if (!cache)
		return false;
	MUST(kmem_cache_size(cache) == s->size);
	MUST(!strcmp(kmem_cache_name(cache), name_of(i)));
	c->size = s->size;
	c->align = s->align;
	if (s->flags & SLAB_HWCACHE_ALIGN && s->size > 16)
		c->align = max(c->align, 32U);
	c->flags = s->flags;
	c->ctor = s->ctor;
	c->most = s->most;
	ctor_runs[i] = 0;
	/* from here on interrupts use it */
	c->cache = cache;
	return true;
}

/* --- the machine as it is now --- */

static bool plenty;		/* no allocation may fail by itself */
static bool failing;		/* one was told to */
static u32 failed, interrupts;
static s32 pressure = 5;	/* of 10: allocations */

static void must_be_excused(void)
{
	MUST(failing || !plenty);
	failed++;
}

static struct host_cache *any_cache(void)
{
	return &shadow[host_below(CACHES)];
}

static void *alloc_some_way(struct host_cache *c, bool *zeroed)
{
	int node = (int)host_below(machine_nodes.nr);
	void *p;

	*zeroed = false;
	switch (host_below(8)) {
	case 0:
		*zeroed = !c->ctor;
		return c->ctor ? kmem_cache_alloc(c->cache, GFP) :
				 kmem_cache_zalloc(c->cache, GFP);
	case 1:
		p = kmem_cache_alloc_node(c->cache, GFP, node);
		/*
		 * There is some on each, but DMA on the first one alone. On the
		 * CPU's own stack may be what others had when a request failed.
		 */
		if (p && node && plenty && !failing &&
		    !(c->flags & SLAB_CACHE_DMA))
			MUST(page_to_nid(virt_to_page(p)) == node);
		return p;
	case 2:
		return kmem_cache_alloc_node(c->cache, GFP, -1);
	case 3:
		/* only what is there */
		p = kmem_cache_alloc(c->cache, GFP | __GFP_NO_GROW);
		return p ? p : kmem_cache_alloc(c->cache, GFP);
	default:
		return kmem_cache_alloc(c->cache, GFP);
	}
}

static void alloc_one(struct host_cache *c)
{
	bool zeroed;
	void *p;

	/* room for what interrupts take meanwhile */
	if (!c->cache || c->nr + 4 > c->most)
		return;
	p = alloc_some_way(c, &zeroed);
	if (p)
		host_object_out(c, p, zeroed);
	else
		must_be_excused();
}

static void free_one(struct host_cache *c)
{
	if (c->cache && c->nr)
		kmem_cache_free(c->cache,
				host_object_back(c, host_below(c->nr)));
}

static void alloc_many(struct host_cache *c)
{
	void *objects[BULK_MOST];
	u32 n = host_below(BULK_MOST), i;

	if (!c->cache || c->nr + n + 4 > c->most)
		return;
	if (!kmem_cache_alloc_bulk(c->cache, GFP, n, objects)) {
		must_be_excused();
		return;
	}
	for (i = 0; i < n; i++)
		if (c->nr < c->most)
			host_object_out(c, objects[i], false);
		else
			kmem_cache_free(c->cache, objects[i]);
}

static void free_many(struct host_cache *c)
{
	void *objects[BULK_MOST];
	u32 n = host_below(BULK_MOST), i;

	n = min(n, c->nr);
	/* the last ones are neighbours, mostly */
	for (i = 0; i < n; i++)
		objects[i] = host_object_back(c, host_below(4) ? c->nr - 1 :
						 host_below(c->nr));
	if (c->cache)
		kmem_cache_free_bulk(c->cache, n, objects);
}

/* --- interrupts --- */

static bool interrupt(void)
{
	u32 n;

	if (host_below(64))
		return false;
	for (n = 1 + host_below(3); n; n--) {
		struct host_cache *c = any_cache();

		if (host_below(2))
			alloc_one(c);
		else
			free_one(c);
	}
	/* now and then the timer's work is done in one */
	if (!host_below(500))
		cache_reap(0, host_below(2));
	interrupts++;
	return true;
}

/* --- what is done to caches --- */

static void tune(struct host_cache *c)
{
	u32 limit = 1 + host_below(host_below(2) ? 6 : CPU_STACK_MOST);
	u32 batch = 1 + host_below(limit), shared = host_below(9);
	int err;

	if (!c->cache)
		return;
	err = kmem_cache_tune(c->cache, limit, batch, shared);
	if (cache_is_debugged(c->cache)) {
		MUST(err == -EINVAL);
		return;
	}
	if (err) {
		MUST(err == -ENOMEM);
		must_be_excused();
		return;
	}
	MUST(c->cache->limit == limit && c->cache->batch == batch);
}

/* With all objects back; else it must refuse, and go on. */
static void destroy(u32 i)
{
	struct host_cache *c = &shadow[i];
	struct kmem_cache *cache = c->cache;
	u32 errors;

	if (!cache)
		return;
	if (host_below(2)) {
		while (c->nr)
			free_many(c);
	}
	/* nobody may use it meanwhile */
	c->cache = NULL;
	errors = slab_errors[SLAB_LEAK];
	if (c->nr) {
		MUST(kmem_cache_destroy(cache) == -EBUSY);
		MUST(slab_errors[SLAB_LEAK] > errors);
		c->cache = cache;
		return;
	}
	MUST(!kmem_cache_destroy(cache));
	MUST(slab_errors[SLAB_LEAK] == errors);
}

static void toggle_long_way(void)
{
	slab_set_long_way(!slab_long_way);
}

/* The next few requests for pages fail, one of them. */
static void provoke_failure(void)
{
	u32 n;

	failing = true;
	page_alloc_fail_nth(1 + host_below(3));
	for (n = 0; n < 40; n++)
		alloc_one(any_cache());
	page_alloc_fail_nth(0);
	failing = false;
}

static void recreate(u32 i)
{
	if (shadow[i].cache)
		return;
	if (!host_below(8)) {
		failing = true;
		page_alloc_fail_nth(1 + host_below(4));
	}
	if (!create(i))
		must_be_excused();
	page_alloc_fail_nth(0);
	failing = false;
	host_forget_log();
}

static void rare_step(void)
{
	u32 i = host_below(CACHES);
	struct host_cache *c = &shadow[i];

	switch (host_below(14)) {
	case 0:
		kmem_caches_shrink();
		break;
	case 1:
		tune(c);
		break;
	case 2:
		destroy(i);
		break;
	case 3:
		toggle_long_way();
		break;
	case 4:
		provoke_failure();
		break;
	case 5:
		pressure = 2 + (s32)host_below(7);
		break;
	case 6:
	case 7:
		recreate(i);
		break;
	default:
		cache_reap(0, host_below(2));
	}
}

static void step(void)
{
	u32 what = host_below(1000);
	struct host_cache *c = any_cache();

	if (what < 10)
		rare_step();
	else if (what < 20 && c->cache)
		kmem_cache_shrink(c->cache);
	else if (what < 45)
		free_many(c);
	else if (what < 70)
		alloc_many(c);
	else if ((s32)host_below(10) < pressure)
		alloc_one(c);
	else
		free_one(c);
}

/* --- judging --- */

static void compare(void)
{
	bool (*handler)(void) = host_interrupts;
	u32 i;

	host_interrupts = NULL;
	for (i = 0; i < CACHES; i++) {
		struct host_cache *c = &shadow[i];

		if (!c->cache)
			continue;
		host_objects_hold(c);
		host_check_cache(c->cache, c->nr);
		/* watched ones are made anew for each owner */
		if (c->ctor && !cache_is_debugged(c->cache))
			MUST(ctor_runs[i] == c->cache->grown * c->cache->num);
	}
	host_check_objects();
	host_interrupts = handler;
}

/* --- machines --- */

struct machine {
	const char *name;
	u32 mb, nodes;
	bool plenty;
	u32 debug;		/* debug_options */
};

static void give_all_back(void)
{
	u32 i;

	for (i = 0; i < CACHES; i++) {
		while (shadow[i].nr)
			free_many(&shadow[i]);
		MUST(!kmem_cache_destroy(shadow[i].cache));
		shadow[i].cache = NULL;
	}
}

static void random_on(const void *arg)
{
	const struct machine *m = arg;
	u32 steps = host_env("STEPS", STEPS), n, i, before;

	/* what is watched takes ten times as long */
	steps /= m->debug ? 8 : 1;
	host_boot_objects(m->mb, m->nodes, m->debug);
	host_seed(m->name);
	plenty = m->plenty;
	before = host_shrunk();
	for (i = 0; i < CACHES; i++)
		MUST(create(i));
	host_interrupts = interrupt;
	for (n = 0; n < steps; n++) {
		step();
		if (n % CHECK_EACH == 0)
			compare();
	}
	host_interrupts = NULL;
	compare();
	slab_set_long_way(false);
	give_all_back();
	MUST(host_shrunk() == before);
	host_boot_check();
	MUST(interrupts > steps / 50 && failed);
	for (i = 0; i < NR_SLAB_ERRORS; i++)
		MUST(i == SLAB_LEAK || !slab_errors[i]);
	print_message("# %u interrupts, %u allocations failed\n", interrupts,
		      failed);
}

static void random_against_shadow(void **state)
{
	static const struct machine machines[] = {
		{ "slab, 64 MB", 64, 1, true, 0 },
		{ "slab, 10 MB", 10, 1, false, 0 },
		{ "slab, two nodes", 96, 2, true, 0 },
		{ "slab, four nodes", 160, 4, true, 0 },
		{ "slab, watched", 96, 2, true, 1U << DEBUG_SLAB },
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(machines); i++)
		host_in_child(random_on, &machines[i], machines[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(random_against_shadow),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
