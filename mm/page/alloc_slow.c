/*
 * When the hot way does not serve. ULK3 section 8.1.8.2: the passes of
 * __alloc_pages().
 *
 *	pass	zones must keep		who
 *	1	pages_low		everybody
 *	-	(wake kswapd for every zone of the list)
 *	2	pages_min; half of it if __GFP_HIGH; a quarter less if the
 *		request may not wait	everybody
 *	3	nothing			who is reclaiming, or was killed for
 *					its memory: it gives back more
 *	-	(the lists per CPU are emptied, pass 2 again; so are the caches
 *		of objects)
 *	-	who may not wait fails here; so does who was in pass 3
 *	4	reclaim; then as pass 2, if that got something
 *	5	pages_high, if it did not: has another OOM kill helped?
 *		No: out_of_memory(), and all over again, or it fails, as nobody
 *		can be killed; pages_min for who may not cause a kill
 *
 * A kill gives back single pages, anywhere. So nobody is killed for a large
 * block (order above 3) nor for memory that only old devices need (__GFP_DMA),
 * nor by who holds locks of a file system (no __GFP_FS) or wants but one try.
 *
 * Pass 4 is repeated for small blocks (order 3 and below) and __GFP_REPEAT
 * unless __GFP_NORETRY, for __GFP_NOFAIL always, and for everybody after a
 * kill. While neither has registered in reclaim_hooks there is nothing to wait
 * for: a request that pass 2 cannot meet fails, whatever its flags;
 * __GFP_NOFAIL then panics, as its caller has no way to go on.
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/cpu/threadflags.h>
#include <mm/page/internal.h>

#define PAGE_ALLOC_COSTLY_ORDER 3	/* the reference's */
#define NO_MARK (-1)

struct reclaim_hooks reclaim_hooks;
u32 allocstall;

struct request {
	gfp_t gfp;
	unsigned int order;
	struct zonelist *zonelist;
	unsigned int flags;	/* ALLOC_HIGH | ALLOC_HARDER */
	u32 site;
};

static u32 zone_mark(const struct zone *zone, int mark)
{
	if (mark == WMARK_LOW)
		return zone->pages_low;
	return mark == WMARK_MIN ? zone->pages_min : zone->pages_high;
}

/* One pass: the first zone that has a block and keeps its mark. */
static struct page *try_zones(const struct request *rq, int mark,
			      unsigned int flags)
{
	enum zone_type class = zonelist_class(rq->zonelist);
	struct zone **z = rq->zonelist->zones;
	struct zone *wanted = *z;

	for (; *z; z++) {
		struct page *page;

		if (mark != NO_MARK &&
		    !zone_watermark_ok(*z, rq->order, zone_mark(*z, mark),
				       class, flags))
			continue;
		page = buffered_rmqueue(*z, wanted, rq->order, rq->gfp);
		if (page)
			return page;
	}
	return NULL;
}

static void wake_all_kswapd(const struct request *rq)
{
	struct zone **z;

	if (!reclaim_hooks.wakeup_kswapd)
		return;
	for (z = rq->zonelist->zones; *z; z++)
		reclaim_hooks.wakeup_kswapd(*z, rq->order);
}

static void drain_zonelist(const struct request *rq)
{
	struct zone **z;

	for (z = rq->zonelist->zones; *z; z++)
		drain_zone_pages(*z);
}

/* Who reclaims gives back more than it takes; and so does who ends. */
static bool gives_back(void)
{
	return thread_reclaims() || thread_is_victim();
}

static bool may_take_all(const struct request *rq)
{
	return gives_back() && !(rq->gfp & __GFP_NOMEMALLOC);
}

/* Again, after something was given back. */
static struct page *try_emptied(const struct request *rq)
{
	struct page *page = try_zones(rq, WMARK_MIN, rq->flags);

	if (!page && may_take_all(rq))
		page = try_zones(rq, NO_MARK, 0);
	return page;
}

/* Passes 1 to 3: what can be had without waiting. */
static struct page *alloc_without_waiting(const struct request *rq)
{
	struct page *page = try_zones(rq, WMARK_LOW, 0);

	if (page)
		return page;
	wake_all_kswapd(rq);
	page = try_zones(rq, WMARK_MIN, rq->flags);
	if (page)
		return page;
	if (may_take_all(rq))
		page = try_zones(rq, NO_MARK, 0);
	if (page)
		return page;
	drain_zonelist(rq);
	page = try_emptied(rq);
	/* nobody knows whether that helps: it is better than to fail */
	if (!page && reclaim_hooks.shrink_caches &&
	    reclaim_hooks.shrink_caches(rq->zonelist)) {
		drain_zonelist(rq);
		page = try_emptied(rq);
	}
	return page;
}

static u32 reclaim(const struct request *rq)
{
	u32 progress;

	if (!reclaim_hooks.try_to_free_pages)
		return 0;
	__atomic_fetch_add(&allocstall, 1, __ATOMIC_RELAXED);
	set_thread_flags(thread_part(), TF_RECLAIM);
	progress = reclaim_hooks.try_to_free_pages(rq->zonelist, rq->gfp,
						   rq->order);
	clear_thread_flags(thread_part(), TF_RECLAIM);
	/* what came back page by page is with the CPU: no mark counts that */
	drain_zonelist(rq);
	return progress;
}

static bool may_retry(const struct request *rq)
{
	if (rq->gfp & __GFP_NOFAIL)
		return true;
	if (rq->gfp & __GFP_NORETRY)
		return false;
	return rq->order <= PAGE_ALLOC_COSTLY_ORDER || rq->gfp & __GFP_REPEAT;
}

/* May somebody die for it, and would that help? */
static bool may_kill(const struct request *rq)
{
	return rq->gfp & __GFP_FS && !(rq->gfp & __GFP_NORETRY) &&
	       !(rq->gfp & __GFP_DMA) && rq->order <= PAGE_ALLOC_COSTLY_ORDER;
}

/* What comes behind a pass without a page. */
enum next_step {
	TRY_AGAIN,		/* if it may be: later */
	START_OVER,		/* at once: somebody dies */
	GIVE_UP,		/* nobody can be killed */
};

/* No progress: a kill may have freed something, or must now. */
static struct page *last_resort(const struct request *rq, enum next_step *next)
{
	struct page *page;

	/* others may have freed something meanwhile, too */
	if (!may_kill(rq))
		return try_zones(rq, WMARK_MIN, rq->flags);
	page = try_zones(rq, WMARK_HIGH, 0);
	if (page || !reclaim_hooks.out_of_memory)
		return page;
	if (reclaim_hooks.out_of_memory(rq->zonelist, rq->gfp, rq->order)) {
		*next = START_OVER;
		return alloc_without_waiting(rq);
	}
	/* it may have taken long to find that out */
	*next = rq->gfp & __GFP_NOFAIL ? TRY_AGAIN : GIVE_UP;
	return try_zones(rq, WMARK_MIN, rq->flags);
}

/* Passes 4 and 5. */
static struct page *alloc_by_reclaim(const struct request *rq)
{
	for (;;) {
		enum next_step next = TRY_AGAIN;
		bool progress = reclaim(rq);
		struct page *page;

		if (progress)
			page = try_zones(rq, WMARK_MIN, rq->flags);
		else
			page = last_resort(rq, &next);
		if (page || next == GIVE_UP)
			return page;
		if (gives_back() && !(rq->gfp & __GFP_NOFAIL))
			return NULL;
		if (next == START_OVER)
			continue;
		if (!may_retry(rq) ||
		    (!progress && !reclaim_hooks.out_of_memory))
			return NULL;
		if (reclaim_hooks.congestion_wait)
			reclaim_hooks.congestion_wait();
	}
}

static void failed(const struct request *rq)
{
	char text[SYMBOL_TEXT];

	if (rq->gfp & __GFP_NOFAIL)
		panic("no memory for a request that must not fail: order %u, "
		      "mode 0x%x, by %s", rq->order, rq->gfp,
		      symbol_text(rq->site, text));
	if (rq->gfp & __GFP_NOWARN)
		return;
	pr_warn("swapper: page allocation failure. order:%u, mode:0x%x\n",
		rq->order, rq->gfp);
	printk("  asked for by %s\n", symbol_text(rq->site, text));
}

static struct page *find_pages(const struct request *rq)
{
	struct page *page;

	if (!rq->zonelist->zones[0])
		return NULL;
	page = alloc_without_waiting(rq);
	if (page || !(rq->gfp & __GFP_WAIT) ||
	    (!reclaim_hooks.try_to_free_pages && !reclaim_hooks.out_of_memory))
		return page;
	/* what reclaims must not wait for itself; what ends kills nobody */
	if (thread_reclaims() ||
	    (thread_is_victim() && !(rq->gfp & __GFP_NOFAIL)))
		return NULL;
	return alloc_by_reclaim(rq);
}

struct page *alloc_pages_from(gfp_t gfp, unsigned int order,
			      struct zonelist *zonelist, u32 site)
{
	struct request rq = {
		.gfp = gfp, .order = order, .zonelist = zonelist,
		.flags = (gfp & __GFP_HIGH ? ALLOC_HIGH : 0) |
			 (gfp & __GFP_WAIT ? 0 : ALLOC_HARDER),
		.site = site,
	};
	struct page *page;
	u32 i;

	if (order >= MAX_ORDER)
		return NULL;
	if (page_debugging && !(gfp & __GFP_NOFAIL) && fail_now(&fail_page))
		page = NULL;
	else
		page = find_pages(&rq);
	if (!page) {
		failed(&rq);
		return NULL;
	}
	if (page_debugging)
		page_debug_alloc(page, order, gfp, site);
	if (gfp & __GFP_ZERO)
		for (i = 0; i < 1U << order; i++)
			page_zero(page + i);
	return page;
}

struct page *fastcall alloc_pages_slow(gfp_t gfp, unsigned int order,
				       struct zonelist *zonelist)
{
	return alloc_pages_from(gfp, order, zonelist, CALLER);
}
