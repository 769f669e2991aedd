/*
 * Mistakes of those who use objects, at random: frees of what must not be
 * freed, writes beside an object or after it was freed, books that were written over.
 * Each must be reported exactly once, under its name, and nothing may be lost:
 * afterwards the books are right and everybody's objects are as they were.
 */
#include "damage.h"
#include <kernel/base/debug.h>
#include <mm/object/slab_debug.h>

#define STEPS 4000U

/* --- frees --- */

/* The CPU's stack may hide a mistake until it is drained. */
static void wrong_free(struct kmem_cache *cache, void *p)
{
	if (host_below(2))
		kmem_cache_free(cache, p);
	else
		kmem_cache_free_bulk(cache, 1, &p);
	kmem_cache_shrink(cache);
}

static void free_to_another(struct host_cache *c)
{
	struct host_cache *other = &shadow[(u32)(c - shadow + 1) % CACHES];

	wrong_free(other->cache, c->object[host_below(c->nr)].at);
	must_report(SLAB_WRONG_CACHE, 1);
}

static void free_the_middle(struct host_cache *c)
{
	struct host_object *object = &c->object[host_below(c->nr)];
	char *p = (char *)object->at + 1 + host_below(c->size - 1);

	if (host_below(2)) {
		wrong_free(c->cache, p);
	} else {
		kfree(p);
		kmem_cache_shrink(c->cache);
	}
	must_report(SLAB_INSIDE_OBJECT, 1);
}

static void free_management(struct host_cache *c)
{
	struct slab *slab = page_slab(virt_to_page(c->object[0].at));

	if (c->cache->flags & CACHE_OFF_SLAB)
		return;
	wrong_free(c->cache, (char *)slab + host_below(sizeof(*slab)));
	must_report(SLAB_NO_OBJECT, 1);
}

/* Beyond the last buffer. */
static void free_the_end(struct host_cache *c)
{
	struct slab *slab = page_slab(virt_to_page(c->object[0].at));
	char *end = buffer_at(c->cache, slab, c->cache->num);

	if (slab_page(end) != virt_to_page(end) ||
	    page_slab(virt_to_page(end)) != slab)
		return;
	wrong_free(c->cache, end);
	must_report(SLAB_NO_OBJECT, 1);
}

static void free_twice(struct host_cache *c)
{
	void *p = host_object_back(c, host_below(c->nr));
	u32 n = 1 + host_below(3), i;

	kmem_cache_free(c->cache, p);
	for (i = 0; i < n; i++)
		kmem_cache_free(c->cache, p);
	kmem_cache_shrink(c->cache);
	must_report(SLAB_DOUBLE_FREE, n);
}

/* When it is in its slab already, or even that is gone. */
static void free_late(struct host_cache *c)
{
	void *p = host_object_back(c, host_below(c->nr));

	kmem_cache_free(c->cache, p);
	kmem_cache_shrink(c->cache);
	must_report(SLAB_DOUBLE_FREE, 0);
	if (slab_page(p)) {
		wrong_free(c->cache, p);
		must_report(SLAB_DOUBLE_FREE, 1);
	} else {
		wrong_free(c->cache, p);
		must_report(SLAB_NO_OBJECT, 1);
	}
}

static void free_a_stranger(struct host_cache *c)
{
	static char outside[64];
	struct page *page = alloc_pages(GFP, 0);
	void *p[] = {
		outside, (void *)(uintptr_t)(PAGE_OFFSET + 8),
		page_address(page),
		(char *)page_address(page) + 24, (void *)0x10,
		(char *)(uintptr_t)PAGE_OFFSET + host_lowmem, mem_map,
	};
	void *any = p[host_below(ARRAY_SIZE(p))];

	if (host_below(2))
		kfree(any);
	else
		wrong_free(c->cache, any);
	must_report(SLAB_NO_OBJECT, 1);
	__free_pages(page, 0);
}

/* Good ones among those that come twice, in one go. */
static void free_a_mixture(struct host_cache *c)
{
	void *p[OUT];
	u32 n = 0, twice = 0, wanted = host_below(c->nr - 1);

	while (n < wanted) {
		p[n++] = host_object_back(c, c->nr - 1);
		if (n < wanted && !host_below(4)) {
			p[n] = p[host_below(n)];
			n++;
			twice++;
		}
	}
	kmem_cache_free_bulk(c->cache, n, p);
	kmem_cache_shrink(c->cache);
	if (!c->nr || !twice) {
		must_report(SLAB_DOUBLE_FREE, twice);
		return;
	}
	/* of a slab that is gone it is no object, if it was seen that late */
	MUST(slab_errors[SLAB_DOUBLE_FREE] + slab_errors[SLAB_NO_OBJECT] ==
	     twice);
	MUST(host_log_count("slab error: ") == twice);
	slab_errors[SLAB_DOUBLE_FREE] = slab_errors[SLAB_NO_OBJECT] = 0;
	host_forget_log();
	must_report(SLAB_LEAK, 0);
}

static void (*const mistakes[])(struct host_cache *c) = {
	free_to_another, free_the_middle, free_management, free_the_end,
	free_twice, free_late, free_a_stranger,
};

static void make_mistakes(u32 flags)
{
	u32 step;

	make_caches(flags);
	forget_reports();
	for (step = 0; step < STEPS; step++) {
		struct host_cache *c = &shadow[host_below(CACHES)];

		some_life(c);
		while (c->nr < 6)
			alloc_one(c);
		mistakes[host_below(ARRAY_SIZE(mistakes))](c);
		judge(c);
	}
	end_caches();
}

static void mistakes_with(const void *arg)
{
	host_boot_objects(64, 1, 0);
	host_seed("mistakes");
	make_mistakes(*(const u32 *)arg);
}

static void wrong_frees(void **state)
{
	static const u32 flags[] = {
		0, SLAB_RED_ZONE, SLAB_POISON, SLAB_STORE_USER,
		SLAB_DEBUG_FLAGS,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		host_in_child(mistakes_with, &flags[i], "mistakes");
}

static void mixtures(const void *arg)
{
	u32 step;

	host_boot_objects(64, 1, 0);
	host_seed("mixtures");
	make_caches(*(const u32 *)arg);
	forget_reports();
	for (step = 0; step < STEPS; step++) {
		struct host_cache *c = &shadow[host_below(CACHES)];

		while (c->nr < 6 || (c->nr < OUT && host_below(20)))
			alloc_one(c);
		free_a_mixture(c);
		judge(c);
	}
	end_caches();
}

static void good_and_wrong_frees(void **state)
{
	static const u32 flags[] = { 0, SLAB_DEBUG_FLAGS };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		host_in_child(mixtures, &flags[i], "mixtures");
}

/* --- writes --- */

static void damage_byte(u8 *p)
{
	*p ^= (u8)(1 + host_below(255));
}

static u8 *buffer_of(const struct kmem_cache *cache, void *object)
{
	return (u8 *)object - cache->offset;
}

/* The mistake is seen by any of these. */
static void look_at(struct host_cache *c, u32 index)
{
	switch (host_below(3)) {
	case 0:
		MUST(kmem_cache_verify(c->cache) == 1);
		break;
	default:
		kmem_cache_free(c->cache, host_object_back(c, index));
	}
}

static void write_beside(struct host_cache *c)
{
	struct kmem_cache *cache = c->cache;
	u32 index = host_below(c->nr), end = red_word_at(cache) + 8, from;
	u8 *buffer = buffer_of(cache, c->object[index].at);

	/* its place: what the object does not fill, red word, size word */
	from = cache->offset + c->size;
	if (host_below(2)) {
		damage_byte(buffer + host_below(cache->offset));
		look_at(c, index);
		must_report(SLAB_UNDERRUN, 1);
	} else {
		damage_byte(buffer + from + host_below(end - from));
		look_at(c, index);
		must_report(SLAB_OVERRUN, 1);
	}
}

/* Behind all that is kept of it, up to the next one. */
static void write_padding(struct host_cache *c)
{
	struct kmem_cache *cache = c->cache;
	u32 index = host_below(c->nr);
	u32 from = tracks_at(cache) + (cache->flags & SLAB_STORE_USER ?
		   NR_TRACKS * (u32)sizeof(struct slab_track) : 0);

	if (from >= cache->size)
		return;
	damage_byte(buffer_of(cache, c->object[index].at) + from +
		    host_below(cache->size - from));
	look_at(c, index);
	must_report(SLAB_OVERRUN, 1);
}

/* Each byte of a free object: seen when it is used again, or looked at. */
static void write_late(struct host_cache *c)
{
	u8 *p = host_object_back(c, host_below(c->nr));
	u32 i;

	kmem_cache_free(c->cache, p);
	/* with its slab it is gone, or was seen then */
	if (!slab_page(p))
		return;
	for (i = 1 + host_below(3); i; i--)
		damage_byte(p + host_below(c->size) / i * i);
	/* two may have been one and the same */
	switch (host_below(3)) {
	case 0:
		kmem_cache_verify(c->cache);
		break;
	case 1:
		/* all there are */
		while (host_in_use(c->cache) % c->cache->num && c->nr < c->most)
			alloc_one(c);
		kmem_cache_verify(c->cache);
		break;
	default:
		kmem_cache_shrink(c->cache);
		kmem_cache_verify(c->cache);
	}
	MUST(slab_errors[SLAB_WRITE_AFTER_FREE] <= 1);
	must_report(SLAB_WRITE_AFTER_FREE,
		    slab_errors[SLAB_WRITE_AFTER_FREE]);
}

static void one_late_byte(struct host_cache *c)
{
	u8 *p = host_object_back(c, host_below(c->nr));

	kmem_cache_free(c->cache, p);
	if (!slab_page(p))
		return;
	damage_byte(p + host_below(c->size));
	/* used again, or looked at */
	while (host_below(16) && c->nr < c->most && !host_is_out(p))
		alloc_one(c);
	MUST(kmem_cache_verify(c->cache) == !host_is_out(p));
	must_report(SLAB_WRITE_AFTER_FREE, 1);
}

static void damage_objects(const void *arg)
{
	u32 flags = *(const u32 *)arg, step;

	host_boot_objects(64, 1, 0);
	host_seed("damage");
	make_caches(flags);
	forget_reports();
	for (step = 0; step < STEPS; step++) {
		struct host_cache *c = &shadow[host_below(CACHES)];

		some_life(c);
		while (c->nr < 6)
			alloc_one(c);
		if (flags & SLAB_RED_ZONE && host_below(2)) {
			if (host_below(4))
				write_beside(c);
			else
				write_padding(c);
		} else if (flags & SLAB_POISON) {
			if (host_below(2) && c->nr < OUT / 2)
				one_late_byte(c);
			else
				write_late(c);
		}
		judge(c);
		MUST(kmem_cache_verify(c->cache) == 0);
	}
	end_caches();
}

static void writes_beside_and_late(void **state)
{
	static const u32 flags[] = {
		SLAB_RED_ZONE, SLAB_POISON, SLAB_RED_ZONE | SLAB_POISON,
		SLAB_DEBUG_FLAGS,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		host_in_child(damage_objects, &flags[i], "damage");
}

/* kmalloc() knows how much was asked for, to the byte. */
static void kmalloc_to_the_byte(const void *arg)
{
	u32 size, step;
	u8 *p;

	host_boot_objects(64, 1, 1U << DEBUG_SLAB);
	host_seed("kmalloc, watched");
	for (step = 0; step < 1500; step++) {
		size = 1 + host_below(1 + host_below(9000));
		p = host_below(2) ? __kmalloc(size, GFP) :
				    kzalloc(size, GFP);
		MUST(p && ksize(p) == size);
		if (host_below(2)) {
			u32 was = size;

			size = 1 + host_below(2 * size);
			p = krealloc(p, size, GFP | __GFP_ZERO);
			MUST(p && ksize(p) == size);
			if (size > was)
				MUST(!p[size - 1]);
		}
		memset(p, 0, size);
		forget_reports();
		switch (host_below(4)) {
		case 0:
			p[size] ^= 0x80;
			kfree(p);
			must_report(SLAB_OVERRUN, 1);
			break;
		case 1:
			p[-1] ^= 1;
			p = krealloc(p, 1, GFP);
			must_report(SLAB_UNDERRUN, 1);
			kfree(p);
			break;
		case 2:
			kfree(p);
			kfree(p);
			must_report(SLAB_DOUBLE_FREE, 1);
			break;
		default:
			kfree(p);
		}
		must_report(SLAB_LEAK, 0);
	}
	host_check_objects();
}

static void kmalloc_watched(void **state)
{
	host_in_child(kmalloc_to_the_byte, NULL, "kmalloc, watched");
}

/* --- books --- */

static void damage_books(struct host_cache *c)
{
	struct kmem_cache *cache = c->cache;
	struct slab *slab = page_slab(virt_to_page(
		c->object[host_below(c->nr)].at));
	u32 index = host_below(cache->num), words = bits_words(cache->num);

	switch (host_below(4)) {
	case 0:
		slab->inuse ^= (u16)(1 + host_below(0xffff));
		break;
	case 1:
		if (cache->num % 32) {
			/* one that stands for nothing */
			slab->bits[words - 1] |= 1U << (cache->num % 32 +
				host_below(32 - cache->num % 32));
			break;
		}
		/* fall through */
	case 2:
		slab->bits[index / 32] ^= 1U << index % 32;
		break;
	default:
		/* wholly: but then it might be right by chance */
		memset(slab->bits, slab->inuse == cache->num ? 0xff : 0,
		       words * sizeof(u32));
	}
}

static void wrong_books(const void *arg)
{
	u32 step;

	host_boot_objects(64, 1, 0);
	host_seed("books");
	make_caches(*(const u32 *)arg);
	for (step = 0; step < STEPS; step++) {
		struct host_cache *c = &shadow[host_below(CACHES)];
		struct host_object first;

		some_life(c);
		while (c->nr < 6)
			alloc_one(c);
		forget_reports();
		/* always in the slab of the same one */
		first = c->object[0];
		c->object[0] = c->object[c->nr - 1];
		c->object[c->nr - 1] = first;
		MUST(kmem_cache_verify(c->cache) == 0);
		damage_books(c);
		if (host_below(2)) {
			MUST(kmem_cache_verify(c->cache) == 1);
		} else {
			/* until its slab is met */
			u32 all = c->nr;

			while (!slab_errors[SLAB_BAD_BOOKS] && all--)
				kmem_cache_free(c->cache,
						host_object_back(c, 0));
		}
		must_report(SLAB_BAD_BOOKS, 1);
		judge(c);
		MUST(kmem_cache_verify(c->cache) == 0);
	}
	end_caches();
}

static void books_written_over(void **state)
{
	static const u32 flags[] = {
		SLAB_RED_ZONE, SLAB_RED_ZONE | SLAB_POISON, SLAB_DEBUG_FLAGS,
	};
	u32 i;

	for (i = 0; i < ARRAY_SIZE(flags); i++)
		host_in_child(wrong_books, &flags[i], "books");
}

/* A bit says that somebody's object is free: he keeps it, alone. */
static void bit_of_anothers(const void *arg)
{
	u32 step;

	host_boot_objects(64, 1, 0);
	host_seed("bits");
	make_caches(SLAB_DEBUG_FLAGS);
	for (step = 0; step < STEPS / 4; step++) {
		struct host_cache *c = &shadow[host_below(CACHES)];
		struct host_object *object;
		struct slab *slab;
		u32 index;

		some_life(c);
		while (c->nr < 6)
			alloc_one(c);
		while (c->nr > OUT / 2)
			free_one(c);
		forget_reports();
		object = &c->object[host_below(c->nr)];
		slab = page_slab(virt_to_page(object->at));
		index = buffer_index(c->cache, slab, object->at);
		/* else no allocation asks it */
		if (slab->inuse == c->cache->num)
			continue;
		slab->bits[index / 32] |= 1U << index % 32;
		while (!slab_errors[SLAB_BAD_BOOKS] && c->nr < c->most)
			alloc_one(c);
		if (!slab_errors[SLAB_BAD_BOOKS])
			kmem_cache_verify(c->cache);
		must_report(SLAB_BAD_BOOKS, 1);
		judge(c);
	}
	end_caches();
}

static void bits_of_others(void **state)
{
	host_in_child(bit_of_anothers, NULL, "bits");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOST_TEST(wrong_frees),
		HOST_TEST(good_and_wrong_frees),
		HOST_TEST(writes_beside_and_late),
		HOST_TEST(kmalloc_watched),
		HOST_TEST(books_written_over),
		HOST_TEST(bits_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
