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
#include <mm/cache/internal.h>
#include <mm/cache/writeback.h>
#include <mm/page/page_alloc.h>

#define AT_ONCE 16U		/* guessed: pages looked up in one go */

#define END_OF_ALL (1ULL << 32)	/* behind the last page there can be */

/* Pages [first, end) of a mapping, a batch at a time, that have a tag. */
struct tagged {
	struct address_space *mapping;
	u64 first, end;
	u32 tag, n;
	struct page *page[AT_ONCE];
};

/* The next ones, with a user each; false: there are none. */
static bool next_tagged(struct tagged *t)
{
	u64 first = t->first;
	u32 i, n;

	t->n = 0;
	if (first >= t->end)
		return false;
	n = find_get_pages_tag(t->mapping, (u32)first, t->tag, AT_ONCE,
			       t->page);
	for (i = 0; i < n; i++) {
		/* of one that was taken out meanwhile it says nothing */
		u64 index = t->page[i]->index;

		if (index - first < t->end - first) {
			t->first = max(t->first, index + 1);
			t->page[t->n++] = t->page[i];
		} else {
			put_page(t->page[i]);
		}
	}
	return t->n;
}

int write_one_page(struct address_space *mapping, struct page *page)
{
	lock_page(page);
	if (page->mapping == mapping) {
		wait_on_page_writeback(page);
		if (clear_page_dirty_for_io(page))
			return mapping->a_ops->writepage(mapping, page);
	}
	unlock_page(page);
	return 0;
}

static int write_range(struct address_space *mapping, u64 first, u64 end)
{
	struct tagged t = {
		.mapping = mapping, .first = first, .end = end,
		.tag = PAGECACHE_TAG_DIRTY,
	};
	int err = 0, result;
	u32 i;

	if (!has_below(mapping))
		return 0;
	while (next_tagged(&t))
		for (i = 0; i < t.n; i++) {
			result = write_one_page(mapping, t.page[i]);
			err = err ? err : result;
			put_page(t.page[i]);
		}
	return err;
}

static void wait_range(struct address_space *mapping, u64 first, u64 end)
{
	struct tagged t = {
		.mapping = mapping, .first = first, .end = end,
		.tag = PAGECACHE_TAG_WRITEBACK,
	};
	u32 i;

	while (next_tagged(&t))
		for (i = 0; i < t.n; i++) {
			wait_on_page_writeback(t.page[i]);
			put_page(t.page[i]);
		}
}

u32 write_some(struct address_space *mapping, u32 nr)
{
	struct tagged t = {
		.mapping = mapping, .end = END_OF_ALL,
		.tag = PAGECACHE_TAG_DIRTY,
	};
	u32 done = 0, i;

	while (done < nr && next_tagged(&t)) {
		for (i = 0; i < t.n; i++) {
			write_one_page(mapping, t.page[i]);
			put_page(t.page[i]);
		}
		done += t.n;
	}
	return done;
}

int filemap_fdatawrite(struct address_space *mapping)
{
	return write_range(mapping, 0, END_OF_ALL);
}

void filemap_fdatawait(struct address_space *mapping)
{
	wait_range(mapping, 0, END_OF_ALL);
}

int filemap_write_and_wait_range(struct address_space *mapping, u64 first,
				 u64 end)
{
	int err = write_range(mapping, first, end), noted;

	wait_range(mapping, first, end);
	noted = mapping_take_error(mapping);
	return noted ? noted : err;
}

int filemap_write_and_wait(struct address_space *mapping)
{
	return filemap_write_and_wait_range(mapping, 0, END_OF_ALL);
}
