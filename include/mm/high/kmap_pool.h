/*
 * A pool of windows: addresses that kmap() gives to pages for a while. The
 * kernel has one, at PKMAP_BASE; a test may have its own, which shows any page.
 *
 * count of a window, the reference's pkmap_count[]:
 *
 *	count	users	the window
 *	0	0	is free: not mapped, and no TLB knows it
 *	1	0	still shows its page, as a TLB may: not free
 *	n	n - 1	shows its page
 *
 * 0 becomes 2, and 1 becomes 0, under pool->lock; every other change is one
 * locked instruction, and never one from 0.
 */
#ifndef MM_HIGH_KMAP_POOL_H
#define MM_HIGH_KMAP_POOL_H

#include <kernel/sched/wait.h>
#include <mm/page/page.h>
#include <mm/table/pgtable.h>

#define KMAP_HASH_BITS 10	/* derived: a bucket for each of 1024 windows */
#define KMAP_BUCKETS (1U << KMAP_HASH_BITS)

struct kmap_window {
	u32 count;
	u32 va;
	struct page *page;		/* NULL while it is free */
	struct kmap_window *next;	/* of its bucket, or kmap_nobody */
	void *entry;			/* of the page table */
	u32 site;			/* who called kmap() last */
};

struct kmap_pool {
	spinlock_t lock;	/* buckets; a window's page, next, count 0 */
	u32 base, nr;		/* address of the first window; how many */
	struct kmap_window *window, *end;
	struct kmap_window *next;	/* is looked at first; may be end */
	struct pt_run run;	/* their page-table entries */
	u32 maps, flushes, waits;	/* so far */
	wait_queue_head_t wait;	/* for a window without a user */
	struct kmap_window *bucket[KMAP_BUCKETS];
};

/* Ends each bucket: shows no page. */
extern struct kmap_window kmap_nobody;

/* PKMAP_BASE; without high memory it has no window. */
extern struct kmap_pool kernel_kmaps;

/*
 * nr windows (1 to 1024) from base on, which nobody else has: all within one
 * page table, which is made where it lacks. window: room for nr of them.
 * 0, or -ENOMEM: no table. Any context.
 */
int kmap_pool_init(struct kmap_pool *pool, u32 base, u32 nr,
		   struct kmap_window *window);

/*
 * The window of a page, high or not; one more user. site: who asks. May sleep
 * until a window has no user: a thread that has one and waits for a second may
 * wait for another that does the same.
 */
void *kmap_pool_map(struct kmap_pool *pool, struct page *page, u32 site);

/* One user less, and whoever waits for a window is woken. Any context. It is a
 * BUG if the page had none. */
void kmap_pool_unmap(struct kmap_pool *pool, struct page *page);

/* Where the page is shown; NULL if it has no user. Any context. */
void *kmap_pool_address(struct kmap_pool *pool, const struct page *page);

/* Frees all windows without a user, with one flush: how many. Any context. */
u32 kmap_pool_flush(struct kmap_pool *pool);

/*
 * The bucket of a page. A struct page has 32 bytes, so the factor is 2^32
 * divided by the golden ratio and by these: pages that follow each other come
 * to buckets far apart (Knuth, volume 3, section 6.4).
 */
static __always_inline u32 kmap_hash(const struct page *page)
{
	return (u32)(uintptr_t)page * 0x04f1bbcdU >> (32 - KMAP_HASH_BITS);
}

/* --- the short way, for kmap() and kunmap(): highmem.c, section 4 --- */

struct kmap_window *fastcall kmap_pool_map_slow(struct kmap_pool *pool,
						struct page *page);
void fastcall kmap_pool_unmap_slow(struct kmap_pool *pool, struct page *page);
void fastcall kmap_pool_wake(struct kmap_pool *pool);

static __always_inline u32 kmap_count(const struct kmap_window *w)
{
	return *(const volatile u32 *)&w->count;
}

/* From what it is now; false: somebody was faster. */
static __always_inline bool kmap_change_count(struct kmap_window *w, u32 from,
					      u32 to)
{
	return __atomic_compare_exchange_n(&w->count, &from, to, false,
					   __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* One user less. */
static __always_inline void kmap_leave(struct kmap_pool *pool,
				       struct kmap_window *w)
{
	bool none = __atomic_sub_fetch(&w->count, 1, __ATOMIC_SEQ_CST) == 0;

	BUG_ON(none, "kunmap() of a page that nobody has mapped");
	if (unlikely(waitqueue_active(&pool->wait)))
		kmap_pool_wake(pool);
}

/* The first of the bucket with one user more; NULL: it is not the page's. */
static __always_inline struct kmap_window *kmap_map_short(
	struct kmap_pool *pool, const struct page *page)
{
	struct kmap_window *w = pool->bucket[kmap_hash(page)];
	u32 count;

	/* the first look saves trouble, the second one decides */
	if (unlikely(w->page != page))
		return NULL;
	count = kmap_count(w);
	if (unlikely(!count || !kmap_change_count(w, count, count + 1)))
		return NULL;
	if (likely(w->page == page))
		return w;
	kmap_leave(pool, w);
	return NULL;
}

/* kmap_pool_map(), inline; the caller has asserted that it may sleep. */
static __always_inline void *kmap_map(struct kmap_pool *pool,
				      struct page *page, u32 site)
{
	struct kmap_window *w = kmap_map_short(pool, page);

	if (unlikely(!w))
		w = kmap_pool_map_slow(pool, page);
	w->site = site;
	return (void *)(uintptr_t)w->va;
}

/* kmap_pool_unmap(): its user asks, so the window stays the page's. */
static __always_inline void kmap_unmap(struct kmap_pool *pool,
				       struct page *page)
{
	struct kmap_window *w = pool->bucket[kmap_hash(page)];

	if (likely(w->page == page))
		kmap_leave(pool, w);
	else
		kmap_pool_unmap_slow(pool, page);
}

#endif
