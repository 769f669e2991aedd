/*
 * Reading ahead.
 *
 * 1. A page that is read ahead gets into the cache locked, as any that is read:
 *    who comes before it is there waits for its lock. So nothing has to be
 *    told to the reader, and a page that could not be read is tried again by
 *    who needs it.
 *
 * 2. Pages that follow each other and are not there go to readpages() together;
 *    one that is there ends such a run. Where there is no memory, less is read
 *    ahead: nobody is warned, and nobody waits for long.
 *
 * 3. A group that was in the cache as a whole ends the reading ahead: the next
 *    page that is not there begins it again.
 *
 * 4. Faults of areas come in no order: they get what lies around the page
 *    (page_cache_readaround()), which is what a fault enters at once.
 *
 * How much and when: ra_window.c. Locks: tree_lock; the new pages' are held
 * while more are made, for which nobody waits under a page's lock.
 */
#include <mm/cache/internal.h>
#include <mm/cache/readahead.h>
#include <mm/page/page_alloc.h>

static bool is_there(struct address_space *mapping, u32 index)
{
	u32 flags = spin_lock_irqsave(&mapping->tree_lock);
	bool there = radix_tree_lookup(&mapping->page_tree, index);

	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	return there;
}

static void read_run(struct address_space *mapping, struct page **page, u32 n)
{
	u32 i;

	if (!n)
		return;
	mapping->a_ops->readpages(mapping, page, n);
	for (i = 0; i < n; i++)
		put_page(page[i]);
}

/* Those of [start, start + n) that are not there: how many. */
static u32 read_missing(struct address_space *mapping, u32 start, u32 n)
{
	gfp_t gfp = mapping->gfp_mask | __GFP_NORETRY | __GFP_NOWARN |
		    __GFP_COLD;
	struct page *run[READAHEAD_MAX];
	u32 i, begun = 0, in_run = 0;

	for (i = 0; i < n; i++) {
		struct page *page = is_there(mapping, start + i) ?
				    ERR_PAGE(-EEXIST) :
				    add_new_page(mapping, start + i, gfp);

		if (!IS_ERR_PAGE(page)) {
			run[in_run++] = page;
			continue;
		}
		if (PAGE_ERR(page) != -EEXIST)
			break;
		read_run(mapping, run, in_run);
		begun += in_run;
		in_run = 0;
	}
	read_run(mapping, run, in_run);
	return begun + in_run;
}

void page_cache_readahead(struct address_space *mapping,
			  struct file_ra_state *ra, u32 index, u32 wanted,
			  u64 end)
{
	struct file_ra_state now = *ra;
	struct page_run run;

	might_sleep();
	if (!mapping->a_ops->readpages || index >= end)
		return;
	wanted = (u32)min((u64)wanted, end - index);
	run = ra_decide(&now, index, wanted, is_there(mapping, index));
	/* behind the last page there can be comes the first */
	if (run.start >= end || run.start < index)
		run.n = 0;
	run.n = (u32)min((u64)run.n, end - run.start);
	if (run.n && !read_missing(mapping, run.start, run.n))
		now.size = 0;
	*ra = now;
}

u32 page_cache_readaround(struct address_space *mapping, u32 index, u32 first,
			  u64 end)
{
	u32 start = max(ALIGN_DOWN(index, READAROUND), first);
	u64 behind = min((u64)ALIGN_DOWN(index, READAROUND) + READAROUND, end);

	might_sleep();
	if (!mapping->a_ops->readpages || start >= behind)
		return 0;
	return read_missing(mapping, start, (u32)(behind - start));
}
