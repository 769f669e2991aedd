/*
 * The lists of pages that can be had back. ULK3 section 17.3.1.
 *
 * 1. What for. Reclaim wants pages that were not used for long. Nobody knows
 *    when a page is used, only (by asking its entries, or by who reads files)
 *    that it was. So each zone has two queues. What comes in, or is used twice
 *    while it waits, goes to the begin; what comes to the end of the inactive
 *    one was not used while the queue moved by its length. lru.h has the states
 *    of a page.
 *
 * 2. Batches. To take the lock for each new page costs as much as all the rest,
 *    so a CPU collects LRU_BATCH of them. They become a chain, and the chain
 *    the begin of the list: pages of one zone and kind that follow each other
 *    are linked with two stores each. The last one in is the first of the list.
 *
 *    A batch holds no user of its pages, or a page that was freed by its owner
 *    would stay with the batch for who knows how long. So a page knows its
 *    place in the batch (lru.prev), and who takes it off the lists empties the
 *    place, from any CPU: places of a zone's pages change under its lru_lock.
 *    Only the batch's own CPU adds: without a lock, but nobody may get the CPU
 *    between the page's place and the number of places (lru_cache_add_new()).
 *    Interrupts may: they empty places, and add nothing.
 *
 * 3. The last user. A page on a list has users, and those who isolate it from
 *    there become one more: under lru_lock, and only if it has any. So whoever
 *    holds lru_lock, and sees that a page has one user, which is his, has it
 *    alone: nobody has it to raise the count, and nobody can find it on the
 *    list. He takes it off, and it is his to free. Without the lock that could
 *    not be said: the page may be on its way through isolate and putback just
 *    when its count and its flags are read. Who frees without it (put_page())
 *    therefore takes the count from one to zero in one step, which isolate
 *    passes over, and looks at PG_lru behind that.
 *
 *    Isolated pages may lose all other users; then putback's was the last, and
 *    who isolated it frees it.
 *
 * 4. Rotation. A page that reclaim has sent to be written was at the end of the
 *    inactive list, and is back at its begin when the write ends. It has waited
 *    once: PG_reclaim says that it goes to the end again (in the interrupt that
 *    ends the write, while PG_writeback still keeps it from being freed).
 *
 * Locks: zone->lru_lock, interrupts off; nothing is taken inside of it.
 *
 * Cost: 12 instructions to put a page into a batch and 12 from there to the
 * list; 25 to take it off, with others.
 */
#include <kernel/cpu/processor.h>
#include <kernel/lib/bug.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/lru.h>

/* What decides about the list that a page is on. */
#define KIND_MASK (~0U << ZONEID_SHIFT | 1U << PG_active)

struct lru_batch lru_batches[NR_CPUS];

static __always_inline struct list_head *list_of(struct zone *zone, bool active)
{
	return active ? &zone->active_list : &zone->inactive_list;
}

static __always_inline u32 *count_of(struct zone *zone, bool active)
{
	return active ? &zone->nr_active : &zone->nr_inactive;
}

/* --- getting on --- */

/*
 * Those from *place on that are of one kind get to the begin of its list: the
 * place behind them. The zone's lock is held, and the first page is one of it,
 * if it is still there. *end is NULL: one jump says that a page is there, and
 * that it is none of those behind.
 */
static __always_inline struct page **add_run(struct zone *zone,
					     struct page **place,
					     struct page **end)
{
	struct page *page = *place, **from = place;
	struct list_head *head, *first;
	u32 kind;

	if (unlikely(!page))
		return place + 1;
	kind = page->flags;
	head = list_of(zone, kind & 1U << PG_active);
	first = head->next;
	for (;; place++) {
		page = *place;
		if (unlikely(!page)) {
			if (place == end)
				break;
			from++;
			continue;
		}
		if (unlikely((page->flags ^ kind) & KIND_MASK))
			break;
		page->lru.next = first;
		first->prev = &page->lru;
		first = &page->lru;
	}
	head->next = first;
	first->prev = head;
	*count_of(zone, kind & 1U << PG_active) += (u32)(place - from);
	return place;
}

/* All that are of one zone, from *place on. Interrupts are off. */
static struct page **add_zone(struct zone *zone, struct page **place,
			      struct page **end)
{
	spin_lock(&zone->lru_lock);
	do
		place = add_run(zone, place, end);
	while (unlikely(place < end) && (!*place || page_zone(*place) == zone));
	spin_unlock(&zone->lru_lock);
	return place;
}

/* Once a batch, instead of a comparison for each page. */
static __noinline void note_traced(const struct lru_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->n; i++)
		if (batch->page[i] && batch->page[i] == traced_page)
			page_trace_note(traced_page, PageActive(traced_page) ?
					PAGE_ACTIVE : PAGE_INACTIVE);
}

void fastcall lru_add_drain(void)
{
	u32 flags = local_irq_save();
	struct lru_batch *batch = &lru_batches[smp_processor_id()];
	struct page **place = batch->page, **end = place + batch->n;

	if (unlikely(traced_page))
		note_traced(batch);
	batch->n = 0;
	*end = NULL;
	while (place < end) {
		/* it may go before the lock is there; its zone stays */
		struct page *page = *(struct page *volatile *)place;

		place = page ? add_zone(page_zone(page), place, end) :
			       place + 1;
	}
	local_irq_restore(flags);
}

static __always_inline void add(struct page *page, bool active)
{
	struct lru_batch *batch;
	struct page **place;
	u32 flags;

	BUG_ON(page->flags & (1U << PG_lru | 1U << PG_reserved),
	       "a page gets on a list that is on one, or is reserved");
	flags = local_irq_save();
	batch = &lru_batches[smp_processor_id()];
	place = &batch->page[batch->n];
	page->lru.next = NULL;
	page->lru.prev = (struct list_head *)place;
	*place = page;
	/* others may know it, and rely on all that once they see PG_lru */
	if (active)
		SetPageActive(page);
	else
		ClearPageActive(page);
	SetPageLRU(page);
	if (++batch->n == LRU_BATCH)
		lru_add_drain();
	local_irq_restore(flags);
}

void fastcall lru_cache_add(struct page *page)
{
	add(page, false);
}

void fastcall lru_cache_add_active(struct page *page)
{
	add(page, true);
}

/* --- getting off --- */

/* Takes a page that has PG_lru from where it is, but for that flag. The lock is
 * held. */
static __always_inline void unlink_page(struct zone *zone, struct page *page)
{
	if (likely(page->lru.next)) {
		list_del(&page->lru);
		--*count_of(zone, PageActive(page));
	} else {
		*(struct page **)page->lru.prev = NULL;
	}
	trace_page(page, PAGE_LRU_OFF);
}

void fastcall lru_del_page(struct page *page)
{
	struct zone *zone = page_zone(page);
	u32 flags = spin_lock_irqsave(&zone->lru_lock);

	if (PageLRU(page)) {
		unlink_page(zone, page);
		atomic_clear_bits(&page->flags, 1U << PG_lru | 1U << PG_active);
	}
	spin_unlock_irqrestore(&zone->lru_lock, flags);
}

/* The lock is held, and the caller's was the last user: it is his alone. */
static __always_inline void take_off(struct zone *zone, struct page *page)
{
	u32 flags = page->flags;

	if (likely(flags & 1U << PG_lru))
		unlink_page(zone, page);
	page->flags = flags & ~(1U << PG_lru | 1U << PG_active);
}

u32 fastcall lru_release_pages(u32 n, struct page **pages)
{
	struct zone *locked = NULL;
	u32 last = 0, flags = 0, i;

	for (i = 0; i < n; i++) {
		struct page *page = pages[i];
		struct zone *zone;

		if (put_page_of_others(page))
			continue;
		zone = page_zone(page);
		if (unlikely(zone != locked)) {
			if (locked)
				spin_unlock_irqrestore(&locked->lru_lock,
						       flags);
			flags = spin_lock_irqsave(&zone->lru_lock);
			locked = zone;
		}
		/* it may just have been isolated */
		if (unlikely(page_count(page) != 1) && put_page_of_others(page))
			continue;
		take_off(zone, page);
		pages[last++] = page;
	}
	if (locked)
		spin_unlock_irqrestore(&locked->lru_lock, flags);
	return last;
}

/* --- moving --- */

void fastcall activate_page(struct page *page)
{
	struct zone *zone = page_zone(page);
	u32 flags = spin_lock_irqsave(&zone->lru_lock);

	if (PageLRU(page) && !PageActive(page)) {
		if (page->lru.next) {
			list_del(&page->lru);
			list_add(&page->lru, &zone->active_list);
			zone->nr_inactive--;
			zone->nr_active++;
		}
		SetPageActive(page);
		ClearPageReferenced(page);
		count_vm_event(PGACTIVATE);
		trace_page(page, PAGE_ACTIVE);
	}
	spin_unlock_irqrestore(&zone->lru_lock, flags);
}

bool rotate_reclaimable_page(struct page *page)
{
	struct zone *zone = page_zone(page);
	bool moved;
	u32 flags;

	ClearPageReclaim(page);
	/* newer again, or somebody works on it: it cannot go next */
	if (page->flags & (1U << PG_dirty | 1U << PG_locked))
		return false;
	flags = spin_lock_irqsave(&zone->lru_lock);
	moved = PageLRU(page) && !PageActive(page) && page->lru.next;
	if (moved) {
		list_del(&page->lru);
		list_add_tail(&page->lru, &zone->inactive_list);
		count_vm_event(PGROTATED);
		trace_page(page, PAGE_ROTATE);
	}
	spin_unlock_irqrestore(&zone->lru_lock, flags);
	return moved;
}

/* --- for who takes pages back --- */

u32 isolate_lru_pages(struct zone *zone, bool active, u32 nr,
		      struct list_head *dst, u32 *scanned)
{
	struct list_head *list = list_of(zone, active);
	u32 flags = spin_lock_irqsave(&zone->lru_lock);
	u32 looked = 0, taken = 0;

	while (looked < nr && !list_empty(list)) {
		struct page *page = list_entry(list->prev, struct page, lru);

		looked++;
		list_del(&page->lru);
		if (unlikely(!atomic_inc_not_zero(&page->_count))) {
			list_add(&page->lru, list);
			continue;
		}
		ClearPageLRU(page);
		list_add_tail(&page->lru, dst);
		trace_page(page, PAGE_LRU_OFF);
		taken++;
	}
	*count_of(zone, active) -= taken;
	spin_unlock_irqrestore(&zone->lru_lock, flags);
	*scanned = looked;
	return taken;
}

/* On its list before the user goes: else who has the last one would find it on
 * none, and free it. False: there is nobody else. The lock is held. */
static bool put_back(struct zone *zone, struct page *page)
{
	bool active = PageActive(page);

	BUG_ON(PageLRU(page) || page_zone(page) != zone,
	       "a page is put back that was not isolated from there");
	list_del(&page->lru);
	list_add(&page->lru, list_of(zone, active));
	++*count_of(zone, active);
	SetPageLRU(page);
	trace_page(page, active ? PAGE_ACTIVE : PAGE_INACTIVE);
	if (likely(put_page_of_others(page)))
		return true;
	take_off(zone, page);
	return false;
}

void putback_lru_pages(struct zone *zone, struct list_head *pages)
{
	u32 flags = spin_lock_irqsave(&zone->lru_lock);
	struct page *page, *next;
	LIST_HEAD(last);

	list_for_each_entry_safe(page, next, pages, lru)
		if (unlikely(!put_back(zone, page)))
			list_add_tail(&page->lru, &last);
	spin_unlock_irqrestore(&zone->lru_lock, flags);
	list_move_all(&last, pages);
}

/* --- counting --- */

/* Must it be written before it can go? */
static bool must_be_written(const struct page *page, u32 flags)
{
	if (flags & (1U << PG_dirty | 1U << PG_writeback))
		return true;
	/* bit 0: private memory, see <mm/space/rmap.h> */
	return (uintptr_t)page->mapping & 1 && !(flags & 1U << PG_swapcache);
}

static void count_zone(const struct zone *zone, u32 *dirty, u32 *clean)
{
	const struct page *page = pfn_to_page(zone->zone_start_pfn);
	const struct page *end = page + zone->spanned_pages;
	u32 kind = zone->id << ZONEID_SHIFT | 1U << PG_lru;

	for (; page < end; page++) {
		u32 flags = *(const volatile u32 *)&page->flags;

		if ((flags & (KIND_MASK | 1U << PG_lru)) != kind)
			continue;
		if (must_be_written(page, flags))
			++*dirty;
		else
			++*clean;
	}
}

void lru_count_inactive(const struct node_set *set, u32 *dirty, u32 *clean)
{
	const struct zone *zone;
	unsigned int i;

	*dirty = *clean = 0;
	for_each_zone_of(set, zone, i)
		if (populated_zone(zone))
			count_zone(zone, dirty, clean);
}
