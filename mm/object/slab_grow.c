/*
 * Slabs are made from pages, and become pages again.
 *
 * While one is made, and after it was taken off its list, nobody else knows of
 * it: no lock is held, and its pages come and go as the page allocator likes.
 * slab.c has the rest of the theory.
 */
#include <mm/object/internal.h>

/* What of gfp the page allocator is told: the zone is the cache's own. */
#define GFP_OF_PAGES (__GFP_WAIT | __GFP_HIGH | __GFP_IO | __GFP_FS | \
	__GFP_NOWARN | __GFP_REPEAT | __GFP_NOFAIL | __GFP_NORETRY | \
	__GFP_NOMEMALLOC)

/* struct slab for the pages at addr; NULL: no memory for it. */
static struct slab *place_slab(struct kmem_cache *cache, char *addr,
			       u32 colour, gfp_t gfp)
{
	struct slab *slab;

	if (cache->flags & CACHE_OFF_SLAB) {
		slab = kmem_cache_alloc(cache->slab_cache, gfp);
		if (!slab)
			return NULL;
		slab->s_mem = addr + colour;
	} else {
		slab = (struct slab *)(addr + colour);
		slab->s_mem = (char *)slab + cache->slab_bytes;
	}
	slab->colour = (u16)colour;
	slab->inuse = 0;
	return slab;
}

static void mark_pages(struct kmem_cache *cache, struct slab *slab,
		       struct page *page)
{
	struct page *end = page + (1U << cache->order);
	uintptr_t tag = slab_tag(cache, page_to_nid(page));

	for (; page < end; page++) {
		page->flags |= 1U << PG_slab;
		page->mapping = (void *)tag;
		page->private = (unsigned long)slab;
	}
}

static void fill_slab(struct kmem_cache *cache, struct slab *slab)
{
	u32 words = bits_words(cache->num), i;

	for (i = 0; i < words; i++)
		slab->bits[i] = ~0U;
	if (cache->num % 32)
		slab->bits[words - 1] = (1U << cache->num % 32) - 1;
	if (cache_is_debugged(cache))
		slab_debug_new_slab(cache, slab);
	/* poison would destroy what it makes: it runs at each allocation */
	if (cache->ctor && !(cache->flags & SLAB_POISON))
		for (i = 0; i < cache->num; i++)
			cache->ctor((char *)buffer_at(cache, slab, i) +
				    cache->offset);
}

static struct page *slab_pages(const struct kmem_cache *cache, gfp_t gfp,
			       int nid)
{
	gfp = (gfp & GFP_OF_PAGES) |
	      (cache->flags & SLAB_CACHE_DMA ? __GFP_DMA : 0);
	/* the short way, where there is one */
	return nid < 0 && !cache->order ? alloc_page(gfp) :
	       alloc_pages_node(nid, gfp, cache->order);
}

struct slab *slab_make(struct kmem_cache *cache, gfp_t gfp, int nid,
		       struct kmem_node **node)
{
	struct page *page;
	struct slab *slab;

	if (gfp & __GFP_NO_GROW)
		return NULL;
	page = slab_pages(cache, gfp, nid);
	if (!page)
		return NULL;
	*node = cache->node[page_to_nid(page)];
	/* without the lock: two that are made at once may have one colour */
	slab = place_slab(cache, page_address(page),
			  (*node)->colour_next * cache->colour_off,
			  gfp & GFP_OF_PAGES);
	if (!slab) {
		__free_pages(page, cache->order);
		return NULL;
	}
	mark_pages(cache, slab, page);
	fill_slab(cache, slab);
	return slab;
}

void slab_destroy(struct kmem_cache *cache, struct slab *slab)
{
	char *addr = cache->flags & CACHE_OFF_SLAB ? slab->s_mem : (char *)slab;
	struct page *first = virt_to_page(addr - slab->colour), *page = first;
	struct page *end = first + (1U << cache->order);

	if (cache_is_debugged(cache))
		slab_debug_old_slab(cache, slab);
	do {
		page->flags &= ~(1U << PG_slab);
		page->mapping = NULL;
		page->private = 0;
	} while (++page < end);
	/* the short way, where there is one */
	if (!cache->order)
		__free_page(first);
	else
		__free_pages(first, cache->order);
	if (cache->flags & CACHE_OFF_SLAB)
		kmem_cache_free(cache->slab_cache, slab);
}

u32 slabs_destroy(struct kmem_cache *cache, struct list_head *slabs)
{
	struct slab *slab, *next;
	u32 pages = 0;

	list_for_each_entry_safe(slab, next, slabs, list) {
		slab_destroy(cache, slab);
		pages += 1U << cache->order;
	}
	INIT_LIST_HEAD(slabs);
	return pages;
}
