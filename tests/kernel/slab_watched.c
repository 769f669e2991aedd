#include "slab_watched.h"

/* fail= on the command line is not meant for what a case only needs */
#define NEVER_FAILS (GFP_KERNEL | __GFP_NOFAIL)

struct kmem_cache *cache;

bool open_another(u32 size, u32 align, u32 flags)
{
	reports_go_on();
	cache = kmem_cache_create("watched", size, align, flags, NULL);
	return EXPECT(cache);
}

bool open_cache(u32 size, u32 align, u32 flags)
{
	reports_begin();
	return open_another(size, align, flags);
}

void close_cache(void)
{
	EXPECT_EQ(kmem_cache_verify(cache), 0);
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
	EXPECT_NO_REPORT();
	reports_end();
}

u8 *take(void)
{
	u8 *object = kmem_cache_alloc(cache, NEVER_FAILS);

	EXPECT(object);
	return object;
}

bool all_are(const u8 *p, u32 n, u8 value)
{
	while (n--)
		if (*p++ != value)
			return false;
	return true;
}

u8 *__noinline slab_debug_taker(void)
{
	return kmem_cache_alloc(cache, NEVER_FAILS);
}

void __noinline slab_debug_giver(void *object)
{
	kmem_cache_free(cache, object);
}

bool in_order(const char *text, const char *const *words)
{
	for (; *words; words++) {
		text = strstr(text, *words);
		if (!text)
			return false;
		text += strlen(*words);
	}
	return true;
}
