#include <kernel/base/printk.h>
#include <kernel/lib/printf.h>
#include <mm/object/internal.h>

static const char *const names[NR_SLAB_ERRORS] = {
	"double free", "wrong cache", "inside of an object", "no object",
	"overrun", "underrun", "write after free", "bad books", "leak",
};

void slab_report(enum slab_error class, const struct kmem_cache *cache,
		 const void *object, const char *fmt, ...)
{
	char text[128];
	va_list args;

	slab_errors[class]++;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	pr_err("slab error: %s: cache %s, object %p: %s\n", names[class],
	       cache ? cache->name : "none", object, text);
}

bool slab_bad_free(struct kmem_cache *cache, const void *object, u32 site)
{
	struct page *page = slab_page(object);
	struct kmem_cache *real = page ? page_cache(page) : NULL;

	if (!page)
		slab_report(SLAB_NO_OBJECT, cache, object, "freed by %x", site);
	else if (cache && real != cache)
		slab_report(SLAB_WRONG_CACHE, real, object, "freed to %s",
			    cache->name);
	else
		slab_report(SLAB_DOUBLE_FREE, real, object, "freed by %x",
			    site);
	return true;
}

void slab_report_leaks(struct kmem_cache *cache)
{
	slab_report(SLAB_LEAK, cache, cache, "objects are in use");
}
