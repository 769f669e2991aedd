/*
 * Object caches: bytes become three caches and a stream of operations on them,
 * right ones and mistakes, with interrupts in between. What is out keeps its
 * contents, each mistake is reported once, the books are right, and in the end
 * all memory is back.
 *
 * The machine is booted once; an input leaves it as it was.
 */
#include "fuzz.h"
#include "objects.h"
#include <kernel/lib/errno.h>
#include <mm/page/page_debug.h>

#define CACHES 3U
#define GFP (GFP_ATOMIC | __GFP_NOWARN)
#define BULK_MOST 40U
#define OUT 100U

static struct host_cache shadow[CACHES];
static struct input in;
static u32 mistakes;		/* each is to be reported */

static u32 reports(void)
{
	u32 i, n = 0;

	for (i = 0; i < NR_SLAB_ERRORS; i++)
		n += slab_errors[i];
	return n;
}

/* --- caches --- */

static void construct(void *object)
{
	memset(object, HOST_CTOR_BYTE, 4);
}

static bool make_cache(u32 i)
{
	static const u32 sizes[] = {
		4, 8, 12, 24, 40, 96, 130, 200, 300, 512, 800, 1300, 2000, 3000,
		4096, 9000,
	};
	static const u32 flags[] = {
		0, 0, 0, SLAB_HWCACHE_ALIGN, SLAB_CACHE_DMA,
		SLAB_RECLAIM_ACCOUNT, SLAB_DEBUG_FLAGS, SLAB_RED_ZONE,
	};
	static const char *const names[CACHES] = { "one", "two", "three" };
	u8 what = input_byte(&in), how = input_byte(&in);
	struct host_cache *c = &shadow[i];

	c->size = sizes[what % ARRAY_SIZE(sizes)];
	c->flags = flags[what / 16 % ARRAY_SIZE(flags)];
	c->align = how & 8 ? 8U << (how & 7) : 0;
	c->ctor = c->size == 4 && how & 16 ? construct : NULL;
	c->most = OUT;
	c->nr = 0;
	c->cache = kmem_cache_create(names[i], c->size, c->align, c->flags,
				     c->ctor);
	/* a page per request may be told to fail */
	return c->cache;
}

/* --- operations --- */

static void alloc_one(struct host_cache *c, u8 how)
{
	bool zeroed = how & 1 && !c->ctor;
	gfp_t gfp = GFP | (zeroed ? __GFP_ZERO : 0);
	void *p;

	if (!c->cache || c->nr + 4 > c->most)
		return;
	p = how & 2 ? kmem_cache_alloc_node(c->cache, gfp, how >> 2 & 1) :
		      kmem_cache_alloc(c->cache, gfp);
	if (p)
		host_object_out(c, p, zeroed);
}

static void free_one(struct host_cache *c, u8 which)
{
	void *p;

	if (!c->cache || !c->nr)
		return;
	p = host_object_back(c, which % c->nr);
	if (which & 1)
		kfree(p);
	else
		kmem_cache_free(c->cache, p);
}

static void alloc_many(struct host_cache *c, u8 n)
{
	void *objects[BULK_MOST];
	u32 i;

	n %= BULK_MOST;
	if (!c->cache || c->nr + n + 4 > c->most ||
	    !kmem_cache_alloc_bulk(c->cache, GFP, n, objects))
		return;
	for (i = 0; i < n; i++)
		host_object_out(c, objects[i], false);
}

static void free_many(struct host_cache *c, u8 n)
{
	void *objects[BULK_MOST];
	u32 i;

	n = (u8)min(n % BULK_MOST, c->nr);
	for (i = 0; i < n; i++)
		objects[i] = host_object_back(c, (u32)n * 7 % c->nr);
	if (n)
		kmem_cache_free_bulk(c->cache, n, objects);
}

static void free_twice(struct host_cache *c, u8 which)
{
	void *p;

	if (!c->cache || !c->nr)
		return;
	p = host_object_back(c, which % c->nr);
	kmem_cache_free(c->cache, p);
	kmem_cache_free(c->cache, p);
	/* until then the stack hides it */
	kmem_cache_shrink(c->cache);
	mistakes++;
}

static void free_wrongly(struct host_cache *c, u8 which)
{
	struct host_cache *other = &shadow[which % CACHES];
	char *p;

	if (!c->cache || !other->cache || !c->nr)
		return;
	p = c->object[which % c->nr].at;
	if (c == other)
		p += 1 + which % (c->size - 1);
	kmem_cache_free(other->cache, p);
	kmem_cache_shrink(other->cache);
	mistakes++;
}

static void tune(struct host_cache *c, u8 how)
{
	u32 limit = 1 + how % 16, batch = 1 + how / 16 % limit;
	int err;

	if (!c->cache)
		return;
	err = kmem_cache_tune(c->cache, limit, batch, how % 3);
	MUST(!err || err == -ENOMEM ||
	     (err == -EINVAL && cache_is_debugged(c->cache)));
}

static void destroy_and_create(u32 i)
{
	struct host_cache *c = &shadow[i];
	struct kmem_cache *cache = c->cache;
	int err;

	/* nobody may use it meanwhile */
	c->cache = NULL;
	err = kmem_cache_destroy(cache);
	if (cache && c->nr) {
		MUST(err == -EBUSY);
		mistakes++;
		c->cache = cache;
		return;
	}
	MUST(!err);
	make_cache(i);
}

/* Once, at the point that the input says. */
static u8 strike;

static bool interrupt(void)
{
	struct host_cache *c = &shadow[strike % CACHES];

	if (!strike || strike-- & 7)
		return false;
	if (strike & 32)
		alloc_one(c, 0);
	else
		free_one(c, strike);
	return true;
}

enum { FREE_TWICE = 2, FREE_WRONGLY };

static void operate(u8 op, struct host_cache *c, u8 arg)
{
	switch (op % 16) {
	case 0:
		alloc_many(c, arg);
		break;
	case 1:
		free_many(c, arg);
		break;
	case FREE_TWICE:
		free_twice(c, arg);
		break;
	case FREE_WRONGLY:
		free_wrongly(c, arg);
		break;
	case 4:
		if (c->cache)
			kmem_cache_shrink(c->cache);
		break;
	case 5:
		cache_reap(0, arg & 1);
		break;
	case 6:
		tune(c, arg);
		break;
	case 7:
		destroy_and_create((u32)(c - shadow));
		break;
	case 8:
		page_alloc_fail_nth(arg % 4);
		break;
	case 9:
		strike = arg;
		break;
	case 10:
		slab_set_long_way(arg & 1);
		break;
	case 11:
		kmem_caches_shrink();
		break;
	case 12:
	case 13:
		free_one(c, arg);
		break;
	default:
		alloc_one(c, arg);
	}
}

/* --- an input --- */

static void judge(void)
{
	u32 i;

	MUST(!host_interrupts);
	for (i = 0; i < CACHES; i++)
		if (shadow[i].cache) {
			host_objects_hold(&shadow[i]);
			host_check_cache(shadow[i].cache, shadow[i].nr);
		}
	MUST(reports() == mistakes);
}

static void end(void)
{
	u32 i;

	page_alloc_fail_nth(0);
	slab_set_long_way(false);
	for (i = 0; i < CACHES; i++) {
		struct host_cache *c = &shadow[i];

		while (c->nr)
			kmem_cache_free(c->cache,
					host_object_back(c, c->nr - 1));
		MUST(!kmem_cache_destroy(c->cache));
		c->cache = NULL;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static u32 before;
	u32 i, n = 0;

	if (!before) {
		host_boot_objects(40, 2, 0);
		before = host_shrunk();
	}
	host_reset();
	memset(slab_errors, 0, sizeof(slab_errors));
	mistakes = strike = 0;
	in = (struct input){ data, data + size };
	for (i = 0; i < CACHES; i++)
		MUST(make_cache(i));
	while (in.at < in.end) {
		u8 op = input_byte(&in), arg = input_byte(&in);

		/* a handler would be given what was freed by mistake */
		host_interrupts = op % 16 == FREE_TWICE ||
				  op % 16 == FREE_WRONGLY ? NULL : interrupt;
		operate(op, &shadow[op / 16 % CACHES], arg);
		host_interrupts = NULL;
		if (++n % 32 == 0)
			judge();
	}
	judge();
	end();
	MUST(reports() == mistakes);
	kmem_caches_shrink();
	MUST(nr_unused_pages() == before);
	return 0;
}
