/* Every invariant of highmem.c and kmap_atomic.c, recomputed from the page
 * tables: no count and no bucket is believed. */
#include <kernel/base/debug.h>
#include <kernel/lib/differs.h>
#include <mm/high/check.h>
#include <mm/high/highmem.h>

struct check {
	check_report_t report;
	unsigned int differences;
};

#define differ(c, ...) \
	say_differs((c)->report, &(c)->differences, __VA_ARGS__)

/* --- kmap() --- */

/* How many windows the buckets have; more than most: they have a circle. */
static u32 count_nodes(const struct kmap_pool *pool, u32 most)
{
	const struct kmap_window *w;
	u32 i, n = 0;

	for (i = 0; i < KMAP_BUCKETS; i++)
		for (w = pool->bucket[i]; w != &kmap_nobody; w = w->next)
			if (++n > most)
				return n;
	return n;
}

/* The first one that the bucket has for the page. */
static const struct kmap_window *window_of(const struct kmap_pool *pool,
					   const struct page *page)
{
	const struct kmap_window *w = pool->bucket[kmap_hash(page)];

	while (w != &kmap_nobody && w->page != page)
		w = w->next;
	return w;
}

static void check_free(struct check *c, const struct kmap_window *w)
{
	struct pt_walk walk;

	if (w->page)
		differ(c, "the window %08x is free and has a page", w->va);
	if (pt_walk(&kernel_pgtable, w->va, &walk))
		differ(c, "the window %08x is free and mapped", w->va);
}

static void check_mapped(struct check *c, const struct kmap_pool *pool,
			 const struct kmap_window *w)
{
	struct pt_walk walk;

	if (!w->page) {
		differ(c, "the window %08x has %u users and no page", w->va,
		       w->count - 1);
		return;
	}
	if (pt_walk(&kernel_pgtable, w->va, &walk) != 1 ||
	    walk.phys != page_to_phys(w->page) || !walk.writable || walk.user)
		differ(c, "the window %08x does not show its page %x", w->va,
		       page_to_pfn(w->page));
	if (window_of(pool, w->page) != w)
		differ(c, "the window %08x is not where its page %x is looked "
		       "for", w->va, page_to_pfn(w->page));
}

static void check_windows(struct check *c, const struct kmap_pool *pool)
{
	const struct kmap_window *w;
	u32 mapped = 0, nodes = count_nodes(pool, pool->nr);

	if (nodes > pool->nr) {
		differ(c, "the buckets of kmap() have more windows than there "
		       "are");
		return;
	}
	for (w = pool->window; w < pool->end; w++) {
		if (w->va != pool->base + (u32)(w - pool->window) * PAGE_SIZE)
			differ(c, "window %u has the address %08x",
			       (u32)(w - pool->window), w->va);
		if (!kmap_count(w)) {
			check_free(c, w);
			continue;
		}
		mapped++;
		check_mapped(c, pool, w);
	}
	if (nodes != mapped)
		differ(c, "the buckets of kmap() have %u windows, %u show a "
		       "page", nodes, mapped);
	if (pool->next < pool->window || pool->next > pool->end)
		differ(c, "the next window of kmap() is none");
}

unsigned int check_kmap_pool(struct kmap_pool *pool, check_report_t report)
{
	struct check c = { .report = report };
	u32 flags = spin_lock_irqsave(&pool->lock);

	check_windows(&c, pool);
	spin_unlock_irqrestore(&pool->lock, flags);
	return c.differences;
}

/* --- kmap_atomic() --- */

static bool is_mapped(u32 va)
{
	struct pt_walk walk;

	return pt_walk(&kernel_pgtable, va, &walk);
}

static void check_slot(struct check *c, u32 va, bool open)
{
	if (is_mapped(va + PAGE_SIZE) || is_mapped(va - PAGE_SIZE))
		differ(c, "a page next to the window %08x is mapped", va);
	if (open && !is_mapped(va))
		differ(c, "the window %08x is open and not mapped", va);
	if (!open && debug_enabled(DEBUG_HIGHMEM) && is_mapped(va))
		differ(c, "the window %08x is closed and mapped", va);
}

unsigned int check_kmap_atomic(check_report_t report)
{
	struct check c = { .report = report };
	u32 flags = local_irq_save(), i, va;
	unsigned int cpu = smp_processor_id();
	u32 depth = kmap_atomic_depth();

	if (depth > KMAP_DEPTH)
		differ(&c, "%u windows of kmap_atomic() are open", depth);
	for (i = 0; i < KMAP_DEPTH; i++) {
		va = __fix_to_virt(FIX_KMAP_BEGIN + 1 +
				   2 * (cpu * KMAP_DEPTH + i));
		if (kmap_slots[cpu][i + 1].va != va)
			differ(&c, "window %u of kmap_atomic() has the address "
			       "%08x", i, kmap_slots[cpu][i + 1].va);
		check_slot(&c, va, i < depth);
	}
	local_irq_restore(flags);
	return c.differences;
}
