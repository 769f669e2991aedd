/*
 * Page frames: what the rest of the kernel calls. ULK3 section 8.1.7.
 *
 * Allocation. order: log2 of the number of pages, 0 to 10; above: NULL. The
 * block is aligned to its size; its first page has one user. May sleep with
 * __GFP_WAIT (once something reclaims), never without: GFP_ATOMIC works in
 * interrupt handlers. Takes zone->lock; see <kernel/lock.h>. NULL when nothing
 * is to be had, after one line of complaint unless __GFP_NOWARN.
 *
 * Freeing. Any context. What must not be freed (twice, reserved, the middle of
 * a block, with another order, still mapped, locked or in use) is reported by
 * name and left alone: lost, not handed out twice.
 */
#ifndef MM_PAGE_PAGE_ALLOC_H
#define MM_PAGE_PAGE_ALLOC_H

#include <mm/page/mmzone.h>

/*
 * What all others come down to: the zones of the list in their order.
 *
 * alloc_hot() is the shortest way to one page: what this CPU freed last, with
 * all that was said above. NULL: it takes more than that. alloc_single() is
 * __alloc_pages() of order 0; with constant flags it is one call.
 */
struct page *fastcall __alloc_pages(gfp_t gfp, unsigned int order,
				    struct zonelist *zonelist);
struct page *fastcall alloc_hot(struct zone *zone);
struct page *fastcall alloc_pages_slow(gfp_t gfp, unsigned int order,
				       struct zonelist *zonelist);

#define GFP_LONG_WAY (__GFP_COLD | __GFP_ZERO)	/* alloc_hot() cannot */

static __always_inline struct page *alloc_single(gfp_t gfp,
						 struct zonelist *zonelist)
{
	if (likely(!(gfp & GFP_LONG_WAY) && zonelist->zones[0])) {
		struct page *page = alloc_hot(zonelist->zones[0]);

		if (likely(page))
			return page;
	}
	return alloc_pages_slow(gfp, 0, zonelist);
}

static inline struct zonelist *node_zonelist(int node, gfp_t gfp)
{
	return &NODE_DATA(node)->node_zonelists[gfp & GFP_ZONEMASK];
}

/* node: 0 .. machine_nodes.nr - 1; falls back to others. -1: the CPU's own. */
static inline struct page *alloc_pages_node(int node, gfp_t gfp,
					    unsigned int order)
{
	return __alloc_pages(gfp, order, node_zonelist(
				     node < 0 ? numa_node_id() : node, gfp));
}

static __always_inline struct page *alloc_pages(gfp_t gfp, unsigned int order)
{
	struct zonelist *zonelist = node_zonelist(numa_node_id(), gfp);

	if (__builtin_constant_p(order) && order == 0)
		return alloc_single(gfp, zonelist);
	return __alloc_pages(gfp, order, zonelist);
}

static inline struct page *alloc_page(gfp_t gfp)
{
	return alloc_pages(gfp, 0);
}

/* Addresses in the direct map; 0 is failure. __GFP_HIGHMEM is a BUG. */
unsigned long __get_free_pages(gfp_t gfp, unsigned int order);
unsigned long get_zeroed_page(gfp_t gfp);

static inline unsigned long __get_free_page(gfp_t gfp)
{
	return __get_free_pages(gfp, 0);
}

static inline unsigned long __get_dma_pages(gfp_t gfp, unsigned int order)
{
	return __get_free_pages(gfp | __GFP_DMA, order);
}

/*
 * size bytes rounded up to pages, in one piece; the rest of the block goes back
 * at once. NULL is failure; size 0 and above 4 MB is failure, too. Free with
 * the same size.
 */
void *alloc_pages_exact(size_t size, gfp_t gfp);
void free_pages_exact(void *addr, size_t size);

/* order as it was allocated with. One user less; the last one frees. */
void fastcall __free_pages_ok(struct page *page, unsigned int order);
void fastcall free_hot_page(struct page *page);	/* order 0 */

static __always_inline void __free_pages(struct page *page, unsigned int order)
{
	if (__builtin_constant_p(order) && order == 0)
		free_hot_page(page);
	else
		__free_pages_ok(page, order);
}

void free_pages(unsigned long addr, unsigned int order);	/* 0: nothing */

static inline void __free_page(struct page *page)
{
	free_hot_page(page);
}

static inline void free_page(unsigned long addr)
{
	free_pages(addr, 0);
}

/*
 * n single pages, each as alloc_page() gives it: how many there were. Fewer
 * than n only if alloc_page() would have failed, too (and has complained). The
 * pages mostly follow each other. free_pages_bulk() gives pages back as
 * __free_page() does one by one, with all its checks.
 */
u32 fastcall alloc_pages_bulk(gfp_t gfp, struct zonelist *zonelist, u32 n,
			      struct page **pages);
void fastcall free_pages_bulk(u32 n, struct page *const *pages);

/*
 * A block that is not compound becomes single pages, each with one user and to
 * be freed by itself. The caller is its only user.
 */
void split_page(struct page *page, unsigned int order);

/*
 * The first page of the block that this page is in, free or in use; NULL: it is
 * in none (reserved, or kept for a CPU). Looks without locks: for reports.
 */
struct page *page_block(struct page *page);

/* The head of a compound block; any other page itself. */
static inline struct page *compound_head(struct page *page)
{
	return PageCompound(page) ? (struct page *)page->private : page;
}

/*
 * One user more; one less, and the last one frees. Of any page of a compound
 * block: its users are counted at the head.
 */
static __always_inline void get_page(struct page *page)
{
	page = compound_head(page);
	BUG_ON(page_count(page) <= 0, "get_page() of a page that nobody has");
	atomic_inc(&page->_count);
}

void fastcall put_page(struct page *page);

/* One user less, if that is not the last one of a page that is no part of a
 * block: false, and nothing has changed. */
static __always_inline bool put_page_of_others(struct page *page)
{
	s32 n = page_count(page);

	while (n > 1 && likely(!PageCompound(page)))
		if (likely(__atomic_compare_exchange_n(&page->_count.counter,
						       &n, n - 1, false,
						       __ATOMIC_SEQ_CST,
						       __ATOMIC_SEQ_CST)))
			return true;
	return false;
}

/* What the CPU's lists hold goes back to the buddy system. Any context. */
void drain_zone_pages(struct zone *zone);
void drain_local_pages(struct node_set *set);
void drain_all_pages(void);		/* of the machine */

/* Free pages of the machine: on the lists of zones, and kept for CPUs. */
u32 nr_unused_pages(void);
u32 nr_pcp_pages(const struct zone *zone);

/* Pages given to the allocator since boot: RAM less what is reserved. */
extern u32 totalram_pages, totalhigh_pages;

/* Allocations that had to reclaim by themselves. */
extern u32 allocstall;

/* --- the buddy system of one zone (mm/page/buddy.c) --- */

/*
 * A block from the free lists, below all watermarks; NULL: none that large. The
 * lock must be held. Its pages are as they were on the list: _count 0.
 */
struct page *__rmqueue(struct zone *zone, unsigned int order);

/* The smallest block there is of no more than `most` pages (1 and up), or a
 * part of a larger one. The lock must be held. */
struct page *__rmqueue_upto(struct zone *zone, u32 most, unsigned int *order);

/* n pages that follow each other, each as below. The lock must be held. */
void __free_run(struct zone *zone, struct page *page, u32 n);

/* A block with _count 0 and no flags to the free lists, merged. The lock must
 * be held. */
void __free_one_page(struct zone *zone, struct page *page, unsigned int order);

/*
 * [start, end) of one zone becomes free, in the largest blocks there are, and
 * counts in managed_pages: for pages that never were the allocator's. They have
 * _count 0 and no flags. Takes the lock.
 */
void free_page_range(struct zone *zone, u32 start, u32 end);

/* --- what mm/reclaim registers; NULL where there is nothing yet --- */

struct reclaim_hooks {
	/* below pages_low: start to work behind the scenes. Any context. */
	void (*wakeup_kswapd)(struct zone *zone, unsigned int order);
	/* The caller itself gets pages back: how many. May sleep. */
	u32 (*try_to_free_pages)(struct zonelist *zonelist, gfp_t gfp,
				 unsigned int order);
	/* Free objects of caches go back as pages: how many. Any context. */
	u32 (*shrink_caches)(const struct zonelist *zonelist);
	/* Nothing helped; kills somebody. False: nobody can be: the request
	 * fails. May sleep. */
	bool (*out_of_memory)(struct zonelist *zonelist, gfp_t gfp,
			      unsigned int order);
	/* Before another attempt: lets writes end. May sleep. */
	void (*congestion_wait)(void);
};

extern struct reclaim_hooks reclaim_hooks;

/* --- the n-th allocation from now fails; 0: none. For tests: fail.h --- */

void page_alloc_fail_nth(u32 n);

#endif
