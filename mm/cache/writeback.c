/*
 * Writing out.
 *
 * 1. Dirty pages are found by their tag, in the order of their indexes, which
 *    is the order that a disk likes. Each is locked, looked at again (it may
 *    have been cut off or written by another thread), loses PG_dirty and is
 *    handed to writepage().
 *
 * 2. A page that is on its way, and was dirtied again, waits for its first
 *    write: two of the same page under way could arrive in either order.
 *
 * 3. One pass goes upwards once: who dirties pages faster than they are written
 *    keeps nobody here for ever.
 */
#include <mm/cache/writeback.h>
#include <mm/page/page_alloc.h>

#define BATCH 16U			/* the reference's, of a pagevec */

/* One page that was dirty when it was found. */
static int write_one(struct address_space *mapping, struct page *page)
{
	lock_page(page);
	if (page->mapping != mapping) {
		unlock_page(page);
		return 0;
	}
	wait_on_page_writeback(page);
	if (!clear_page_dirty_for_io(page)) {
		unlock_page(page);
		return 0;
	}
	return mapping->a_ops->writepage(mapping, page);
}

/* Calls fn for each page with the tag, upwards: the first error. */
static int for_each_tagged(struct address_space *mapping, u32 tag,
			   int (*fn)(struct address_space *mapping,
				     struct page *page))
{
	struct page *pages[BATCH];
	u32 first = 0, i, n;
	int err = 0, one;

	do {
		n = find_get_pages_tag(mapping, first, tag, BATCH, pages);
		for (i = 0; i < n; i++) {
			/* who takes it out meanwhile changes it */
			u32 index = *(volatile u32 *)&pages[i]->index;

			first = max(first, index + 1);
			one = fn(mapping, pages[i]);
			err = err ? err : one;
			put_page(pages[i]);
		}
		/* behind the last index there is none */
	} while (n == BATCH && first);
	return err;
}

static int wait_one(struct address_space *mapping, struct page *page)
{
	(void)mapping;
	wait_on_page_writeback(page);
	return 0;
}

int filemap_fdatawrite(struct address_space *mapping)
{
	if (!mapping->a_ops || !mapping->a_ops->writepage)
		return 0;
	return for_each_tagged(mapping, PAGECACHE_TAG_DIRTY, write_one);
}

void filemap_fdatawait(struct address_space *mapping)
{
	for_each_tagged(mapping, PAGECACHE_TAG_WRITEBACK, wait_one);
}

int filemap_write_and_wait(struct address_space *mapping)
{
	int err = filemap_fdatawrite(mapping), noted;

	filemap_fdatawait(mapping);
	noted = mapping_take_error(mapping);
	return noted ? noted : err;
}
