/* A page for each piece, until the slab caches are here. */
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>

void *kmalloc(size_t size, gfp_t gfp)
{
	if (size > PAGE_SIZE)
		return NULL;
	return (void *)__get_free_pages(gfp, 0);
}

void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

void kfree(const void *p)
{
	free_page((unsigned long)p);
}
