/*
 * kmap(): windows on pages of high memory, for threads.
 *
 * 1. What for. Above 896 MB a frame has no address. There are LAST_PKMAP
 *    windows (1024; 512 under PAE, whose tables are half as long) on one page
 *    table at PKMAP_BASE; kmap() lets one of them show the page.
 *
 * 2. Late flushes. A window that loses its last user keeps its entry (count 1),
 *    and its page finds it there again. Windows are given out round and round;
 *    at the wrap all without a user are cleared, and one flush of the TLB makes
 *    them free (count 0). So the TLB is flushed once for up to 1024 kmap(), and
 *    no window shows another page before that:
 *
 *	   kmap(): a new page	   last kunmap()
 *	0 ------------------> n ------------------> 1
 *	^		        <------------------ |
 *	|		       kmap(): the same page|
 *	+-------------------------------------------+
 *	      the wrap: clear all of these, flush once
 *
 * 3. From page to window: a hash, whose nodes are the windows themselves. There
 *    is one for each page that is mapped, so it cannot run out.
 *
 * 4. Without the lock. kmap() of a page that is the first of its bucket, and
 *    kunmap(), take no lock: one locked instruction counts. The order is what
 *    makes this right: kmap() counts first and looks at the page then. A window
 *    with count above 1 changes its page no more, so the page that is seen is
 *    that of the count; if it is another one, the count is taken back, as
 *    kunmap() does it. Who frees windows makes 1 to 0 by compare and exchange:
 *    either that is seen by kmap(), or its count by him.
 *
 * 5. Waiting. With all windows in use a thread waits, uninterruptible. It looks
 *    again (also for the page, which another may have mapped) behind being
 *    queued; kunmap() counts first and looks at the queue then. All are woken:
 *    one alone might find its page mapped, and leave the free window to nobody.
 *
 * Lock: pool->lock, interrupts off; the flush is made under it. Nobody is woken
 * under it.
 * Cost: 33 instructions for both calls, of a page that is mapped; 109 if it is
 * not, its part of the flush included.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/tlb.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/parse.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>

#define KMAP_POOL_MOST 1024U	/* derived: entries of a table */

struct kmap_window kmap_nobody;
struct kmap_pool kernel_kmaps;

static u32 pool_wanted = KMAP_POOL_MOST;

static int set_kmap_pool(const char *value)
{
	const char *end;
	u64 n;
	int err = parse_size(value, &end, &n);

	if (err || *end)
		return -EINVAL;
	if (!n || n > KMAP_POOL_MOST)
		return -ERANGE;
	pool_wanted = (u32)n;
	return 0;
}

KERNEL_PARAM(kmap_pool, "kmap_pool", set_kmap_pool, PARAM_VALUE, "1..1024",
	     "windows that kmap() has");

/* --- the hash; pool->lock is held --- */

/* NULL: no window shows the page. */
static __always_inline
struct kmap_window *find_locked(struct kmap_window *const *bucket,
				const struct page *page)
{
	struct kmap_window *w;

	for (w = *bucket; w != &kmap_nobody; w = w->next)
		if (w->page == page)
			return w;
	return NULL;
}

static __always_inline void hash_locked(struct kmap_window **bucket,
					struct kmap_window *w)
{
	w->next = *bucket;
	*bucket = w;
}

static void clear_hash_locked(struct kmap_pool *pool)
{
	u32 i;

	for (i = 0; i < KMAP_BUCKETS; i++)
		pool->bucket[i] = &kmap_nobody;
}

/* --- windows; pool->lock is held --- */

/* All of count 1: how many. The others are hashed anew. wide, a constant: so
 * each format of tables has its own code. */
static __always_inline u32 clear_unused_locked(struct kmap_pool *pool,
					       bool wide)
{
	const struct pt_run run = { .wide = wide };
	struct kmap_window *w, *end = pool->end;
	u32 n = 0;

	clear_hash_locked(pool);
	for (w = pool->window; w < end; w++) {
		if (kmap_change_count(w, 1, 0)) {
			w->page = NULL;
			pt_run_clear(&run, w->entry);
			n++;
		} else if (w->page) {
			hash_locked(&pool->bucket[kmap_hash(w->page)], w);
		}
	}
	return n;
}

/* Makes all of count 1 free: how many. */
static __noinline u32 fastcall flush_locked(struct kmap_pool *pool)
{
	u32 n = pool->run.wide ? clear_unused_locked(pool, true) :
				 clear_unused_locked(pool, false);

	if (n) {
		flush_tlb_range(pool->base, pool->base + pool->nr * PAGE_SIZE);
		pool->flushes++;
	}
	return n;
}

/* The next free one; NULL: all have users. */
static __always_inline struct kmap_window *take_locked(struct kmap_pool *pool)
{
	struct kmap_window *w = pool->next;
	bool wrapped = false;

	for (;; w++) {
		if (unlikely(w == pool->end)) {
			BUG_ON(!pool->nr, "kmap() where no high memory is");
			if (wrapped)
				return NULL;
			wrapped = true;
			flush_locked(pool);
			w = pool->window;
		}
		if (!kmap_count(w))
			break;
	}
	pool->next = w + 1;
	return w;
}

static __always_inline void show_locked(struct kmap_pool *pool,
					struct kmap_window *w,
					struct page *page)
{
	w->page = page;
	if (likely(!pool->run.wide))
		pt_store_narrow(w->entry, kmap_entry(page));
	else
		pt_run_set(&pool->run, w->entry, page_to_pfn(page));
	pool->maps++;
	/* the last of all: from now on others count it without the lock */
	__atomic_store_n(&w->count, 2, __ATOMIC_RELEASE);
}

/* The page's window with one more user; NULL: there is none to be had. */
static __always_inline struct kmap_window *try_map(struct kmap_pool *pool,
						   struct page *page)
{
	struct kmap_window **bucket = &pool->bucket[kmap_hash(page)];
	struct kmap_window *w;

	spin_lock_irq(&pool->lock);
	w = find_locked(bucket, page);
	if (unlikely(w)) {
		__atomic_add_fetch(&w->count, 1, __ATOMIC_SEQ_CST);
	} else if (likely(w = take_locked(pool))) {
		show_locked(pool, w, page);
		hash_locked(bucket, w);
	}
	spin_unlock_irq(&pool->lock);
	return w;
}

static __noinline
struct kmap_window *fastcall wait_for_window(struct kmap_pool *pool,
					     struct page *page)
{
	struct kmap_window *w;

	__atomic_fetch_add(&pool->waits, 1, __ATOMIC_RELAXED);
	wait_event(pool->wait, (w = try_map(pool, page)));
	return w;
}

/* --- mapping --- */

struct kmap_window *fastcall kmap_pool_map_slow(struct kmap_pool *pool,
						struct page *page)
{
	struct kmap_window *w = try_map(pool, page);

	return likely(w) ? w : wait_for_window(pool, page);
}

void *kmap_pool_map(struct kmap_pool *pool, struct page *page, u32 site)
{
	might_sleep();
	return kmap_map(pool, page, site);
}

void fastcall kmap_pool_wake(struct kmap_pool *pool)
{
	wake_up_all(&pool->wait);
}

/* Its window is not the first of its bucket, or there is none. */
void fastcall kmap_pool_unmap_slow(struct kmap_pool *pool, struct page *page)
{
	u32 flags = spin_lock_irqsave(&pool->lock);
	struct kmap_window *w = find_locked(&pool->bucket[kmap_hash(page)],
					    page);

	spin_unlock_irqrestore(&pool->lock, flags);
	BUG_ON(!w, "kunmap() of a page that is not mapped");
	kmap_leave(pool, w);
}

void kmap_pool_unmap(struct kmap_pool *pool, struct page *page)
{
	kmap_unmap(pool, page);
}

/* --- questions --- */

void *kmap_pool_address(struct kmap_pool *pool, const struct page *page)
{
	u32 flags = spin_lock_irqsave(&pool->lock);
	const struct kmap_window *w =
		find_locked(&pool->bucket[kmap_hash(page)], page);
	u32 va = w && kmap_count(w) > 1 ? w->va : 0;

	spin_unlock_irqrestore(&pool->lock, flags);
	return (void *)(uintptr_t)va;
}

u32 kmap_pool_flush(struct kmap_pool *pool)
{
	u32 flags = spin_lock_irqsave(&pool->lock);
	u32 n = flush_locked(pool);

	spin_unlock_irqrestore(&pool->lock, flags);
	return n;
}

bool kmap_pool_info(struct kmap_pool *pool, u32 i, struct kmap_info *info)
{
	const struct kmap_window *w = &pool->window[i];
	bool shows = false;
	u32 flags, count;

	if (i >= pool->nr)
		return false;
	flags = spin_lock_irqsave(&pool->lock);
	count = kmap_count(w);
	if (count) {
		*info = (struct kmap_info){
			.va = w->va, .pfn = page_to_pfn(w->page),
			.users = count - 1, .site = w->site,
		};
		shows = true;
	}
	spin_unlock_irqrestore(&pool->lock, flags);
	return shows;
}

u32 kmap_pool_in_use(struct kmap_pool *pool)
{
	u32 i, n = 0;

	for (i = 0; i < pool->nr; i++)
		n += kmap_count(&pool->window[i]) > 1;
	return n;
}

static bool in_pool(const struct kmap_pool *pool, u32 va)
{
	return va - pool->base < pool->nr * PAGE_SIZE;
}

static bool in_atomic_windows(u32 va)
{
	return va >= __fix_to_virt(FIX_KMAP_END) &&
	       va < __fix_to_virt(FIX_KMAP_BEGIN);
}

struct page *kmap_to_page(const void *addr)
{
	u32 va = (u32)(uintptr_t)addr;
	struct pt_walk walk;

	if (va < PAGE_OFFSET)
		return NULL;
	if (virt_addr_valid(addr))
		return virt_to_page(addr);
	if ((!in_pool(&kernel_kmaps, va) && !in_atomic_windows(va)) ||
	    !pt_walk(&kernel_pgtable, va, &walk))
		return NULL;
	return pfn_to_page((u32)(walk.phys >> PAGE_SHIFT));
}

void kmap_flush_unused(void)
{
	kmap_pool_flush(&kernel_kmaps);
	kmap_atomic_forget();
}

/* --- boot --- */

int kmap_pool_init(struct kmap_pool *pool, u32 base, u32 nr,
		   struct kmap_window *window)
{
	u32 i;

	*pool = (struct kmap_pool){
		.base = base, .nr = nr, .window = window, .end = window + nr,
		.next = window,
	};
	spin_lock_init(&pool->lock, "kmap_pool.lock");
	init_waitqueue_head(&pool->wait);
	clear_hash_locked(pool);
	if (!nr)
		return 0;
	if (pt_run_open(&kernel_pgtable, base, nr, PAGE_KERNEL, &pool->run))
		return -ENOMEM;
	BUG_ON(pool->run.n != nr, "windows of kmap() in two page tables");
	for (i = 0; i < nr; i++)
		window[i] = (struct kmap_window){
			.va = base + i * PAGE_SIZE,
			.entry = pt_run_entry(&pool->run, i),
		};
	return 0;
}

static void *kernel_address(const struct page *page)
{
	return kmap_pool_address(&kernel_kmaps, page);
}

void kmap_init(void)
{
	const struct memory_layout *l = &memory_layout;
	u32 nr = l->max_pfn > l->max_low_pfn ? min(pool_wanted, l->last_pkmap) :
					       0;
	struct kmap_window *window = NULL;

	kmap_atomic_init();
	if (nr)
		window = kcalloc(nr, sizeof(*window), GFP_KERNEL);
	if (kmap_pool_init(&kernel_kmaps, l->pkmap_base, window ? nr : 0,
			   window) || (nr && !window))
		panic("no memory for the windows of kmap()");
	high_page_address = kernel_address;
	if (nr)
		pr_info("kmap: %u windows for high memory, %u a CPU for "
			"kmap_atomic()\n", nr, KMAP_DEPTH);
}
