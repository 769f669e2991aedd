/*
 * Pages of high memory: seen through windows, for a while. ULK3 section 8.1.6.
 *
 *	kmap()		may sleep	until kunmap(), across sleeping
 *	kmap_atomic()	any context	until kunmap_atomic(), the CPU is kept
 *
 * A page of lowmem is always seen in the direct map: both cost it nothing but
 * the question, and the same code serves both kinds of pages.
 */
#ifndef MM_HIGH_HIGHMEM_H
#define MM_HIGH_HIGHMEM_H

#include <kernel/lib/string.h>
#include <mm/high/kmap_atomic.h>
#include <mm/high/kmap_pool.h>

/* Once, in boot: there are threads. */
void kmap_init(void);

/*
 * Where the page is seen; the same address for all its users. May sleep, and
 * asserts so for each page. A thread should not need two at once: with all
 * windows in use it may wait for one who waits for it.
 */
static __always_inline void *kmap(struct page *page)
{
	might_sleep();
	if (!kmap_is_needed(page))
		return lowmem_page_address(page);
	return kmap_map(&kernel_kmaps, page, spin_site());
}

/* Each kmap() needs its kunmap(). Any context. It is a BUG if nobody has the
 * page mapped. */
static __always_inline void kunmap(struct page *page)
{
	if (kmap_is_needed(page))
		kmap_unmap(&kernel_kmaps, page);
}

/* The page that an address shows: of the direct map, or of a window of either
 * kind (also of one without a user, while it still shows its page). NULL: it
 * is neither. Any context. */
struct page *kmap_to_page(const void *va);

/* Windows of both kinds that nobody uses show nothing any more. Any context. */
void kmap_flush_unused(void);

/* --- contents of pages, wherever they are; any context --- */

/* As memset() and memcpy() of a page do it, without their questions. */
static __always_inline void clear_page(void *va)
{
	size_t words = PAGE_SIZE / 4;

	__asm__ volatile("rep stosl"
			 : "+D"(va), "+c"(words) : "a"(0) : "memory");
}

static __always_inline void copy_page(void *to, const void *from)
{
	size_t words = PAGE_SIZE / 4;

	__asm__ volatile("rep movsl"
			 : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

static __always_inline void clear_highpage(struct page *page)
{
	void *va = kmap_atomic(page);

	clear_page(va);
	kunmap_atomic(va);
}

static __always_inline void copy_highpage(struct page *to,
					  const struct page *from)
{
	const void *source = kmap_atomic(from);
	void *va = kmap_atomic(to);

	copy_page(va, source);
	kunmap_atomic(va);
	kunmap_atomic(source);
}

static inline void assert_in_page(u32 offset, u32 len)
{
	BUG_ON((u64)offset + len > PAGE_SIZE,
	       "a piece of a page that goes beyond it");
}

static inline void memcpy_to_page(struct page *page, u32 offset,
				  const void *from, u32 len)
{
	u8 *va;

	assert_in_page(offset, len);
	va = kmap_atomic(page);
	memcpy(va + offset, from, len);
	kunmap_atomic(va);
}

static inline void memcpy_from_page(void *to, const struct page *page,
				    u32 offset, u32 len)
{
	const u8 *va;

	assert_in_page(offset, len);
	va = kmap_atomic(page);
	memcpy(to, va + offset, len);
	kunmap_atomic(va);
}

/* len bytes from offset on become 0. */
static inline void zero_user(struct page *page, u32 offset, u32 len)
{
	u8 *va;

	assert_in_page(offset, len);
	va = kmap_atomic(page);
	memset(va + offset, 0, len);
	kunmap_atomic(va);
}

/* --- for reports --- */

struct kmap_info {
	u32 va;
	u32 pfn;		/* of the page that it shows */
	u32 users;		/* 0: of nobody, but still mapped */
	u32 site;		/* who opened it last */
};

/* What window i of the pool shows; false: nothing. Any context. */
bool kmap_pool_info(struct kmap_pool *pool, u32 i, struct kmap_info *info);

/* The window of that depth, from 0 on, of a CPU; false: it is not open. */
bool kmap_atomic_info(unsigned int cpu, u32 depth, struct kmap_info *info);

/* Windows of the pool with users. */
u32 kmap_pool_in_use(struct kmap_pool *pool);

#endif
