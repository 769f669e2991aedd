/*
 * The invariants of bounce.c, section 6, recomputed, and those of its pools:
 * what a pool keeps and what transfers have lies within reach and has one user.
 */
#include <kernel/lib/differs.h>
#include <mm/high/bounce_books.h>
#include <mm/page/page_alloc.h>

struct check {
	check_report_t report;
	unsigned int differences;
	u32 kept_structs;		/* of transfers on the list */
	struct {
		u32 pages, kept;	/* theirs */
		u32 ready;		/* of them */
	} of[NR_BOUNCE_POOLS];
};

#define differs(c, ...) \
	say_differs((c)->report, &(c)->differences, __VA_ARGS__)

static void check_page(struct check *c, const struct bounce_pool *pool,
		       const struct page *page)
{
	u32 pfn = page_to_pfn(page);

	if (pfn >= (pool->zone & GFP_DMA ? MAX_DMA_PFN : max_low_pfn))
		differs(c, "bounce: frame 0x%x of the %s pool is out of reach",
			pfn, pool->name);
	if (page_count(page) != 1 || PageBuddy(page))
		differs(c, "bounce: frame 0x%x of the %s pool has %d users",
			pfn, pool->name, page_count(page));
}

static void check_transfer(struct check *c, const struct bounce *bounce)
{
	u32 i, pages = 0;

	for (i = 0; i < bounce->nr; i++) {
		const struct bio_vec *to = &bounce->vec[i];
		const struct bio_vec *from = &bounce->from[i];

		if (to->bv_len != from->bv_len ||
		    to->bv_offset != from->bv_offset)
			differs(c, "bounce: piece %u has another place in its "
				"page than the caller's", i);
		if (to->bv_page == from->bv_page)
			continue;
		if (pages < bounce->pages && to->bv_page != bounce->page[pages])
			differs(c, "bounce: piece %u has another page than was "
				"taken for it", i);
		check_page(c, bounce->pool, to->bv_page);
		pages++;
	}
	if (pages != bounce->pages || bounce->kept > pages)
		differs(c, "bounce: a transfer has %u pages, and says %u, of "
			"them %u kept", pages, bounce->pages, bounce->kept);
	c->of[bounce->pool - bounce_pools].pages += pages;
	c->of[bounce->pool - bounce_pools].kept += bounce->kept;
	c->of[bounce->pool - bounce_pools].ready += bounce->is_ready;
	c->kept_structs += bounce->kept_struct;
}

/* found: elements that transfers have. The pool's lock is held. */
static void check_numbers(struct check *c, const char *name,
			  const mempool_t *pool, u32 found)
{
	if (pool->curr_nr + pool->out != pool->min_nr)
		differs(c, "bounce: the %s pool keeps %u of %u, and %u are out",
			name, pool->curr_nr, pool->min_nr, pool->out);
	if (pool->out < found || (!bounce_moving && pool->out != found))
		differs(c, "bounce: %u elements of the %s pool are out, "
			"transfers have %u", pool->out, name, found);
}

/* Those at rest and those on the list are all there are. */
static void check_ready(struct check *c, u32 i)
{
	const struct bounce_pool *pool = &bounce_pools[i];
	const struct bounce *bounce;
	u32 n = c->of[i].ready;

	for (bounce = pool->ready; bounce && n <= pool->nr_ready;
	     bounce = bounce->next_ready) {
		if (!bounce->is_ready || bounce->pool != pool ||
		    bounce->vec[0].bv_page != bounce->page[0])
			differs(c, "bounce: one of the %s pool at rest is not "
				"ready", pool->name);
		check_page(c, pool, bounce->page[0]);
		n++;
	}
	if (n != pool->nr_ready)
		differs(c, "bounce: %u of the %s pool are ready or at work, "
			"%u were made", n, pool->name, pool->nr_ready);
}

static void check_pool(struct check *c, u32 i)
{
	struct bounce_pool *pool = &bounce_pools[i];
	mempool_t *kept = pool->pages;
	u32 flags, k;

	if (pool->used != c->of[i].pages)
		differs(c, "bounce: %u pages of the %s pool are noted, "
			"transfers have %u", pool->used, pool->name,
			c->of[i].pages);
	check_ready(c, i);
	if (!kept)
		return;
	flags = spin_lock_irqsave(&kept->lock);
	check_numbers(c, pool->name, kept, c->of[i].kept);
	for (k = 0; k < kept->curr_nr; k++)
		check_page(c, pool, kept->elements[k]);
	spin_unlock_irqrestore(&kept->lock, flags);
}

static void check_structs(struct check *c)
{
	u32 flags = spin_lock_irqsave(&bounce_structs->lock);

	check_numbers(c, "struct", bounce_structs, c->kept_structs);
	spin_unlock_irqrestore(&bounce_structs->lock, flags);
}

unsigned int check_bounce(check_report_t report)
{
	struct check c = { .report = report };
	const struct bounce *bounce;
	u32 flags, i;

	if (!bounce_structs)
		return 0;
	flags = spin_lock_irqsave(&bounce_lock);
	list_for_each_entry(bounce, &bounces_out, list)
		check_transfer(&c, bounce);
	for (i = 0; i < NR_BOUNCE_POOLS; i++)
		check_pool(&c, i);
	check_structs(&c);
	spin_unlock_irqrestore(&bounce_lock, flags);
	return c.differences;
}
