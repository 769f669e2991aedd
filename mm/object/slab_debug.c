#include <mm/object/internal.h>

void slab_debug_prepare(struct kmem_cache *cache)
{
	cache->flags &= ~SLAB_DEBUG_FLAGS;
}

void slab_debug_new_slab(struct kmem_cache *cache, struct slab *slab)
{
}

bool slab_debug_alloc(struct kmem_cache *cache, void *buffer, u32 size,
		      gfp_t gfp, u32 site)
{
	return true;
}

bool slab_debug_free(struct kmem_cache *cache, void *buffer, u32 site)
{
	return true;
}

void slab_debug_old_slab(struct kmem_cache *cache, struct slab *slab)
{
}

void slab_debug_set_size(struct kmem_cache *cache, void *object, u32 size)
{
}

u32 slab_debug_get_size(struct kmem_cache *cache, const void *object)
{
	return cache->object_size;
}

void slab_print_tracks(const struct kmem_cache *cache, const void *buffer)
{
}

bool slab_fails(gfp_t gfp)
{
	return false;
}
