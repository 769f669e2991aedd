/*
 * struct page: one for each page frame, 32 bytes. ULK3 section 8.1.1.
 *
 * The states of a frame, and what its page holds in each:
 *
 *	state			flags		order	_count	lru
 *	hole, reserved		PG_reserved	0	1	-
 *	free, head of a block	PG_buddy	block's	0	free list
 *	free, rest of a block	-		0	0	-
 *	free, kept for a CPU	-		0	0	-
 *	allocated, first page	owner's		block's	>= 1	owner's
 *	the same, on a list	PG_lru		0	>= 1	reclaim list
 *	allocated, other pages	-		0	0	owner's
 *	compound, head		PG_compound	block's	>= 1	owner's
 *	compound, other pages	PG_compound	0	0	owner's
 *
 * "order" stands in flags, 0 for a single page. So one comparison of flags says
 * whether a block is free, of which order and in which zone (mm/page/buddy.c),
 * and a block that comes back with another order is noticed.
 *
 * On a reclaim list (<mm/reclaim/lru.h>) are pages of files and of memory, and
 * the list is no user of theirs: the last one takes them off. So a page that is
 * freed with PG_lru or PG_active is one that somebody forgot to take off, and
 * is not freed.
 *
 * _count is the number of users: 0 is free. _mapcount is the number of
 * page-table entries of user spaces less one: -1 is not mapped.
 */
#ifndef MM_PAGE_PAGE_H
#define MM_PAGE_PAGE_H

#include <kernel/cpu/atomic.h>
#include <kernel/cpu/page.h>
#include <kernel/lib/list.h>

enum page_flag {
	PG_locked,		/* its owner works on it */
	PG_error,
	PG_referenced,
	PG_uptodate,
	PG_dirty,
	PG_lru,			/* on a reclaim list */
	PG_active,
	PG_slab,
	PG_checked,
	PG_reserved,		/* never the allocator's */
	PG_private,		/* its owner uses private */
	PG_writeback,
	PG_compound,
	PG_swapcache,
	PG_mappedtodisk,
	PG_reclaim,
	PG_buddy,		/* first page of a free block */
	PG_waiters,		/* somebody may wait for it (mm/cache) */
	__NR_PAGE_FLAGS,
};

/* flags: bits 0 up: the flags above; 20..23: order; 24..31: zone id. */
#define PAGE_ORDER_SHIFT 20
#define PAGE_ORDER_MASK (0xfU << PAGE_ORDER_SHIFT)
#define ZONEID_SHIFT 24
#define MAX_ZONEIDS 256		/* derived: 8 bits */

_Static_assert(__NR_PAGE_FLAGS <= PAGE_ORDER_SHIFT, "too many page flags");

struct page {
	u32 flags;
	atomic_t _count;
	atomic_t _mapcount;
	u32 index;		/* owner's; in a file: which page of it */
	unsigned long private;	/* owner's; compound: the head */
	void *mapping;		/* owner's: the address space it is in */
	struct list_head lru;
};

_Static_assert(sizeof(void *) > 4 || sizeof(struct page) == 32,
	       "struct page is not 32 bytes");

/* Set and Clear are safe against other CPUs; with __ the caller is alone. */
#define PAGE_FLAG(name, flag)						\
static inline bool Page##name(const struct page *page)			\
{									\
	return page->flags >> (flag) & 1;				\
}									\
static inline void SetPage##name(struct page *page)			\
{									\
	atomic_set_bits(&page->flags, 1U << (flag));			\
}									\
static inline void ClearPage##name(struct page *page)			\
{									\
	atomic_clear_bits(&page->flags, 1U << (flag));			\
}									\
static inline void __SetPage##name(struct page *page)			\
{									\
	page->flags |= 1U << (flag);					\
}									\
static inline void __ClearPage##name(struct page *page)			\
{									\
	page->flags &= ~(1U << (flag));					\
}

PAGE_FLAG(Locked, PG_locked)
PAGE_FLAG(Error, PG_error)
PAGE_FLAG(Uptodate, PG_uptodate)
PAGE_FLAG(Dirty, PG_dirty)
PAGE_FLAG(Referenced, PG_referenced)
PAGE_FLAG(LRU, PG_lru)
PAGE_FLAG(Active, PG_active)
PAGE_FLAG(Slab, PG_slab)
PAGE_FLAG(Reserved, PG_reserved)
PAGE_FLAG(Writeback, PG_writeback)
PAGE_FLAG(Compound, PG_compound)
PAGE_FLAG(SwapCache, PG_swapcache)
PAGE_FLAG(Reclaim, PG_reclaim)
PAGE_FLAG(Waiters, PG_waiters)
PAGE_FLAG(Buddy, PG_buddy)

/* log2 of the pages of the block that this page is the first one of. */
static inline unsigned int page_order(const struct page *page)
{
	return (page->flags & PAGE_ORDER_MASK) >> PAGE_ORDER_SHIFT;
}

/*
 * One array for all of RAM, indexed by frame number; it stands in lowmem and
 * each node has a slice of it (node_mem_map). Rounded up to the largest block,
 * so that the buddy of a frame has a page, too. Frames of holes have pages
 * that are reserved for good.
 */
extern struct page *mem_map;
extern u32 max_mapnr;		/* pages in mem_map */
extern uintptr_t mem_map_bytes;	/* its size */

static inline struct page *pfn_to_page(u32 pfn)
{
	return mem_map + pfn;
}

static inline u32 page_to_pfn(const struct page *page)
{
	return (u32)(page - mem_map);
}

static inline phys_addr_t page_to_phys(const struct page *page)
{
	return PFN_PHYS(page_to_pfn(page));
}

/* The page of an address in the direct map. */
static inline struct page *virt_to_page(const void *va)
{
	return pfn_to_page(__pa(va) >> PAGE_SHIFT);
}

/* Is there RAM, be it reserved, behind the frame number? In a hole: false. */
bool pfn_valid(u64 pfn);

/*
 * Where the page is seen: in the direct map, or in the window that kmap() gave
 * it; NULL: a page of high memory that nobody has mapped. Any context.
 */
void *page_address(const struct page *page);

/* mm/high stands above and says it for pages of high memory. */
extern void *(*high_page_address)(const struct page *page);

/* The first frame without a place in the direct map. */
extern u32 max_low_pfn;

/* Is it an address in the direct map, so that virt_to_page() may be used? */
static inline bool virt_addr_valid(const void *va)
{
	return __pa(va) >> PAGE_SHIFT < max_low_pfn;
}

static inline bool page_is_high(const struct page *page)
{
	return page_to_pfn(page) >= max_low_pfn;
}

/* Of a page that is not high. */
static inline void *lowmem_page_address(const struct page *page)
{
	return __va(page_to_pfn(page) << PAGE_SHIFT);
}

static inline s32 page_count(const struct page *page)
{
	return atomic_read(&page->_count);
}

static inline s32 page_mapcount(const struct page *page)
{
	return atomic_read(&page->_mapcount) + 1;
}

#endif
