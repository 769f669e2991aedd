/*
 * What the tests of mistakes with objects share: eight caches of all sizes with
 * some life in them, and the account of what was reported.
 */
#ifndef TESTS_HOST_DAMAGE_H
#define TESTS_HOST_DAMAGE_H

#include "objects.h"

#define GFP (GFP_ATOMIC | __GFP_NOWARN)
#define CACHES 8U
#define OUT 60U

static struct host_cache shadow[CACHES];

/* --- reports --- */

static inline void forget_reports(void)
{
	memset(slab_errors, 0, sizeof(slab_errors));
	host_forget_log();
}

/* n of the class, and no others. */
static inline void must_report(enum slab_error class, u32 n)
{
	u32 i;

	for (i = 0; i < NR_SLAB_ERRORS; i++)
		if (slab_errors[i] != (i == class ? n : 0))
			host_die("%u reports of class %u, not %u of %u:\n%s",
				 slab_errors[i], i, n, class, host_log());
	MUST(host_log_count("slab error: ") == n);
	forget_reports();
}

/* --- caches --- */

static inline void construct(void *object)
{
	memset(object, HOST_CTOR_BYTE, 72);
}

static const struct shape {
	u32 size, align;
	void (*ctor)(void *object);
} shapes[CACHES] = {
	{ 4, 0, NULL }, { 20, 0, NULL }, { 64, 64, NULL },
	{ 72, 0, construct }, { 250, 0, NULL }, { 1000, 0, NULL },
	{ 3000, 128, NULL }, { 10000, 0, NULL },
};

static inline void make_caches(u32 flags)
{
	char name[KMEM_NAME_MAX];
	u32 i;

	for (i = 0; i < CACHES; i++) {
		struct host_cache *c = &shadow[i];

		snprintf(name, sizeof(name), "damage-%u", i);
		c->size = shapes[i].size;
		c->align = shapes[i].align;
		c->ctor = shapes[i].ctor;
		c->most = OUT;
		c->cache = kmem_cache_create(name, c->size, c->align, flags,
					     c->ctor);
		MUST(c->cache);
	}
}

static inline void end_caches(void)
{
	u32 i;

	for (i = 0; i < CACHES; i++) {
		struct host_cache *c = &shadow[i];

		while (c->nr)
			kmem_cache_free(c->cache,
					host_object_back(c, c->nr - 1));
		MUST(!kmem_cache_destroy(c->cache));
	}
	must_report(SLAB_LEAK, 0);
	host_check_objects();
}

static inline void alloc_one(struct host_cache *c)
{
	void *p;

	if (c->nr == c->most)
		return;
	p = kmem_cache_alloc(c->cache, GFP);
	MUST(p);
	host_object_out(c, p, false);
}

static inline void free_one(struct host_cache *c)
{
	if (c->nr)
		kmem_cache_free(c->cache,
				host_object_back(c, host_below(c->nr)));
}

/* Never all of them: somebody's object holds its slab. */
static inline void some_life(struct host_cache *c)
{
	u32 n;

	for (n = host_below(10); n; n--)
		if (host_below(2) || c->nr < 4)
			alloc_one(c);
		else
			free_one(c);
}

static inline void judge(struct host_cache *c)
{
	host_objects_hold(c);
	host_check_cache(c->cache, c->nr);
}

#endif
