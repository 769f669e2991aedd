/*
 * The shortest ways of an object, out and back. Compiled without frame pointers
 * (Makefile); who is called from here is told who called.
 *
 * Out: the top of the CPU's stack. Back: the page of the address says of which
 * cache and node it is; if that is what belongs on the CPU's stack, it goes
 * there. All else takes the long way (slab.c), from the beginning.
 */
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>

static __always_inline struct cpu_stack *own_stack(struct kmem_cache *cache)
{
	return &cache->cpu[smp_processor_id()];
}

void *fastcall kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object;

	if (likely(!(gfp & __GFP_ZERO)) &&
	    likely(cpu_stack_pop(own_stack(cache), &object)))
		return object;
	return slab_alloc_slow(cache, gfp, CALLER);
}

void *fastcall kmalloc_from(struct kmem_cache *cache, gfp_t gfp, u32 size)
{
	void *object;

	if (likely(!(gfp & __GFP_ZERO)) &&
	    likely(cpu_stack_pop(own_stack(cache), &object)))
		return object;
	return kmalloc_slow(cache, gfp, size, CALLER);
}

void *fastcall __kmalloc(size_t size, gfp_t gfp)
{
	struct kmem_cache *cache;
	void *object;

	if (likely(size <= KMALLOC_TABLE_MOST))
		cache = kmalloc_table[(size + 7) / 8];
	else if (likely(size <= KMALLOC_MAX_CLASS))
		cache = kmalloc_caches[0][kmalloc_class(size)];
	else
		return kmalloc_slow(NULL, gfp, size, CALLER);
	if (likely(!(gfp & (__GFP_ZERO | __GFP_DMA))) &&
	    likely(cpu_stack_pop(own_stack(cache), &object)))
		return object;
	if (gfp & __GFP_DMA)
		cache = kmalloc_caches[1][kmalloc_class(size)];
	return kmalloc_slow(cache, gfp, size, CALLER);
}

void fastcall kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct cpu_stack *stack = own_stack(cache);

	if (unlikely(!virt_addr_valid(object) ||
		     (uintptr_t)virt_to_page(object)->mapping != stack->tag ||
		     !cpu_stack_push(stack, object)))
		slab_free_slow(cache, object, CALLER);
}

void fastcall kfree(const void *p)
{
	void *object = (void *)(uintptr_t)p;

	if (likely(virt_addr_valid(p))) {
		uintptr_t tag = (uintptr_t)virt_to_page(p)->mapping;
		struct kmem_cache *cache = tag_cache(tag);

		if (likely(cache && own_stack(cache)->tag == tag) &&
		    likely(cpu_stack_push(own_stack(cache), object)))
			return;
	}
	kfree_slow(object, CALLER);
}
