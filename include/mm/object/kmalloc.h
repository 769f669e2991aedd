/*
 * Memory of any size up to 4 MB. ULK3 section 8.2.13.
 *
 * Sizes are rounded up to a class (8, 16, 32, 64, 96, 128, 192, 256, 512 ...
 * 128 KB; caches size-8 to size-131072), larger ones to a power of two of
 * pages. The alignment is that of the class, 32 bytes at most; of large ones a
 * page. With __GFP_DMA the memory is below 16 MB.
 *
 * Context, sleeping and failure are those of kmem_cache_alloc(). Size 0 gives
 * the smallest class. NULL: no memory, or the size is above 4 MB.
 */
#ifndef MM_OBJECT_KMALLOC_H
#define MM_OBJECT_KMALLOC_H

#include <mm/object/slab.h>

#define KMALLOC_MAX_CLASS 0x20000U	/* 128 KB: the largest cache */
#define KMALLOC_MAX_SIZE 0x400000U	/* 4 MB: the largest block */
#define KMALLOC_CLASSES 17

/* By class: normal ones, and their DMA twins. */
extern struct kmem_cache *kmalloc_caches[2][KMALLOC_CLASSES];

/* The class of a size up to KMALLOC_MAX_CLASS, as the compiler finds it. */
static __always_inline unsigned int kmalloc_class(size_t size)
{
	if (size <= 8)
		return 0;
	if (size <= 16)
		return 1;
	if (size <= 32)
		return 2;
	if (size <= 64)
		return 3;
	if (size <= 96)
		return 4;
	if (size <= 128)
		return 5;
	if (size <= 192)
		return 6;
	/* 256: 7, 512: 8, ... */
	return 31 - (unsigned int)__builtin_clz((u32)size - 1);
}

void *fastcall __kmalloc(size_t size, gfp_t gfp);

/* From the class that size, a constant, belongs to. */
void *fastcall kmalloc_from(struct kmem_cache *cache, gfp_t gfp, u32 size);

static __always_inline void *kmalloc(size_t size, gfp_t gfp)
{
	if (__builtin_constant_p(size) && size <= KMALLOC_MAX_CLASS &&
	    __builtin_constant_p(gfp))
		return kmalloc_from(kmalloc_caches[!!(gfp & __GFP_DMA)]
						  [kmalloc_class(size)],
				    gfp, (u32)size);
	return __kmalloc(size, gfp);
}

/* From that node if it has memory; -1: the CPU's own. */
void *kmalloc_node(size_t size, gfp_t gfp, int node);

/* NULL is nothing. What is not from kmalloc() or a cache is reported. */
void fastcall kfree(const void *p);

static __always_inline void *kzalloc(size_t size, gfp_t gfp)
{
	return kmalloc(size, gfp | __GFP_ZERO);
}

/* n times size, zeroed. NULL, too, if that does not fit into 32 bits. */
void *kcalloc(size_t n, size_t size, gfp_t gfp);

/*
 * As much of the contents as fits into both. p NULL: as kmalloc(). size 0:
 * frees p, and gives NULL. NULL, and p stays as it is, on failure and if
 * ksize() of it would be 0. With __GFP_ZERO what lies behind the old size is
 * zero, if p was asked for with __GFP_ZERO, too.
 */
void *krealloc(const void *p, size_t size, gfp_t gfp);

/* Bytes that may be used: those of the class; with debugging, as many as were
 * asked for. 0 for NULL, and for what is no object in use (reported; without
 * debugging some that are free look as if they were in use). */
size_t ksize(const void *p);

char *kstrdup(const char *s, gfp_t gfp);	/* NULL for NULL */
void *kmemdup(const void *src, size_t len, gfp_t gfp);

/* Called by kmem_cache_init(). */
void kmalloc_init(void);

#endif
