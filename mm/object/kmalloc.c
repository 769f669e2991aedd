/*
 * kmalloc(): caches of 17 sizes, and pages beyond. ULK3 section 8.2.13.
 *
 * 1. A request gets an object of the smallest class that holds it. A constant
 *    size finds its cache while it is compiled; up to 1 KB a table has it, by
 *    eights of bytes; above, the position of the highest bit says it.
 *
 * 2. Above 128 KB it is a block of the page allocator. Its first page carries a
 *    mark (in index, which is the owner's), so that kfree() knows it from
 *    other people's pages.
 *
 * 3. The classes 96 and 192 halve the worst loss where it matters most. All are
 *    aligned to 32 bytes, smaller ones to their size.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>

#define LARGE_MARK 0x6b6d616cU	/* guessed: nobody's index */
#define CLASS_ALIGN_MOST 32U	/* derived: a cache line */

struct kmem_cache *kmalloc_caches[2][KMALLOC_CLASSES];
struct kmem_cache *kmalloc_table[KMALLOC_TABLE_MOST / 8 + 1];

static const u32 class_size[KMALLOC_CLASSES] = {
	8, 16, 32, 64, 96, 128, 192, 256, 512, 1024, 2048, 4096, 8192, 16384,
	32768, 65536, 131072,
};

void kmalloc_init(void)
{
	unsigned int class, dma;
	char name[KMEM_NAME_MAX];
	u32 i;

	for (class = 0; class < KMALLOC_CLASSES; class++)
		for (dma = 0; dma < 2; dma++) {
			u32 size = class_size[class];

			snprintf(name, sizeof(name), "size-%u%s", size,
				 dma ? "(DMA)" : "");
			kmalloc_caches[dma][class] = kmem_cache_create(name,
				size, min(size, CLASS_ALIGN_MOST),
				SLAB_PANIC | (dma ? SLAB_CACHE_DMA : 0), NULL);
		}
	for (i = 0; i < ARRAY_SIZE(kmalloc_table); i++)
		kmalloc_table[i] = kmalloc_caches[0][kmalloc_class(i * 8)];
}

/* --- beyond the classes --- */

static void *alloc_large(size_t size, gfp_t gfp, int node)
{
	unsigned int order = 0;
	struct page *page;

	if (size > KMALLOC_MAX_SIZE)
		return NULL;
	while ((size_t)PAGE_SIZE << order < size)
		order++;
	page = alloc_pages_node(node, (gfp & ~__GFP_HIGHMEM) | __GFP_COMP,
				order);
	if (!page)
		return NULL;
	page->index = LARGE_MARK;
	return page_address(page);
}

struct page *kmalloc_large_page(const void *p)
{
	struct page *page;

	if (!virt_addr_valid(p) || !IS_ALIGNED((uintptr_t)p, PAGE_SIZE))
		return NULL;
	page = virt_to_page(p);
	if (!PageCompound(page) || compound_head(page) != page ||
	    page->index != LARGE_MARK)
		return NULL;
	return page;
}

static void *alloc_sized(struct kmem_cache *cache, gfp_t gfp, size_t size,
			 int node, u32 site)
{
	if (!cache)
		return alloc_large(size, gfp, node);
	return slab_alloc(cache, gfp, node, (u32)size, site);
}

void *fastcall kmalloc_slow(struct kmem_cache *cache, gfp_t gfp, size_t size,
			    u32 site)
{
	void *object = cache ? slab_pop_zeroed(cache, gfp) : NULL;

	return object ? object : alloc_sized(cache, gfp, size, -1, site);
}

void *kmalloc_node(size_t size, gfp_t gfp, int node)
{
	struct kmem_cache *cache = NULL;

	if (node >= (int)machine_nodes.nr)
		return NULL;
	if (size <= KMALLOC_MAX_CLASS)
		cache = kmalloc_caches[!!(gfp & __GFP_DMA)]
				      [kmalloc_class(size)];
	return alloc_sized(cache, gfp, size,
			   node == numa_node_id() ? -1 : node, CALLER);
}

void fastcall kfree_slow(void *object, u32 site)
{
	struct page *page = slab_page(object);

	if (!object)
		return;
	if (page) {
		slab_free_slow(page_cache(page), object, site);
		return;
	}
	page = kmalloc_large_page(object);
	if (!page) {
		slab_bad_free(NULL, object, site);
		return;
	}
	page->index = 0;
	__free_pages(page, page_order(page));
}

/* --- sizes --- */

/* Bytes of p that are its owner's; false: it is not from here (reported). */
static bool find_size(const void *p, size_t *size)
{
	struct page *page = slab_page(p);

	if (page) {
		struct kmem_cache *cache = page_cache(page);

		if (slab_bad_size(cache, p))
			return false;
		*size = cache_is_debugged(cache) ?
			slab_debug_get_size(cache, p) : cache->object_size;
		return true;
	}
	page = kmalloc_large_page(p);
	if (!page) {
		slab_report(SLAB_NO_OBJECT, NULL, p, "ksize() of it");
		return false;
	}
	*size = PAGE_SIZE << page_order(page);
	return true;
}

size_t ksize(const void *p)
{
	size_t size;

	return p && find_size(p, &size) ? size : 0;
}

/* May it stay where it is? Then it has the new size from now on. */
static bool resize_in_place(const void *p, size_t old, size_t size, gfp_t gfp)
{
	struct page *page = slab_page(p);
	struct kmem_cache *cache;

	if (!page)
		return size <= old && size > old / 2;
	cache = page_cache(page);
	if (size > cache->object_size)
		return false;
	if (cache_is_debugged(cache))
		slab_debug_set_size(cache, (void *)(uintptr_t)p, (u32)size);
	if (gfp & __GFP_ZERO && size > old)
		memset((char *)(uintptr_t)p + old, 0, size - old);
	return true;
}

void *krealloc(const void *p, size_t size, gfp_t gfp)
{
	size_t old;
	void *new;

	if (!p)
		return kmalloc(size, gfp);
	if (!size) {
		kfree(p);
		return NULL;
	}
	if (!find_size(p, &old))
		return NULL;
	if (resize_in_place(p, old, size, gfp))
		return (void *)(uintptr_t)p;
	new = kmalloc(size, gfp);
	if (new) {
		memcpy(new, p, min(old, size));
		kfree(p);
	}
	return new;
}

void *kcalloc(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return kzalloc(bytes, gfp);
}

char *kstrdup(const char *s, gfp_t gfp)
{
	return s ? kmemdup(s, strlen(s) + 1, gfp) : NULL;
}

void *kmemdup(const void *src, size_t len, gfp_t gfp)
{
	void *p = kmalloc(len, gfp);

	return p ? memcpy(p, src, len) : NULL;
}
