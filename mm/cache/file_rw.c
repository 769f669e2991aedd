/*
 * Bytes of a file, in and out of its pages. ULK3 section 16.1.
 *
 * 1. Reading needs no lock: a page that is up to date once stays so, and its
 *    user keeps it. Who writes at the same time is seen in part.
 *
 * 2. Writing locks the page: who reads it from below, writes it out or takes it
 *    away is shut out. Bytes come from memory that may be the very page, and a
 *    fault on it would wait for the lock that its own thread holds. So the
 *    source is made ready before (that may sleep), and gives its bytes in an
 *    atomic section, where a fault is an error: it gave too little then, and is
 *    made ready again.
 *
 * 3. A page that is not up to date, before a part of it is written:
 *
 *	has bytes of the file	all of it is written	what is done
 *	no			-			the rest becomes zero
 *	yes			no			it is read first
 *	yes			yes			nothing; section 4
 *
 *    It is up to date behind the last byte, never before.
 *
 * 4. The source may give less than a page where nothing was read, as all was
 *    to be overwritten. Then what it gave is put aside, the page is read, and
 *    it is put back: rare, and the source cannot be asked twice.
 *
 * Pages of high memory are seen through kmap() where the sink may sleep, else
 * through kmap_atomic(). A sink that waits for a window itself, with all of
 * them in use, would wait for its like: there are hundreds.
 *
 * Locks: one page's at a time; while it is held nothing of the source's sleeps.
 */
#include <mm/cache/internal.h>
#include <mm/cache/writeback.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include <mm/reclaim/lru.h>

/* The reference's: the count is told as a long, and ends with a page. */
#define MOST_BYTES (0x7fffffffU & PAGE_MASK)

/* A piece of one page. */
struct piece {
	u32 index, offset, len;
};

/* What comes next of n bytes at pos; false: no page has that number. */
static bool next_piece(struct piece *piece, u64 pos, u32 n)
{
	if (pos >> PAGE_SHIFT > ~0U)
		return false;
	piece->index = (u32)(pos >> PAGE_SHIFT);
	piece->offset = (u32)pos & (PAGE_SIZE - 1);
	piece->len = min(n, PAGE_SIZE - piece->offset);
	return true;
}

/* --- reading --- */

/* What is read; index, offset and left: where it stands. */
struct reading {
	struct address_space *mapping;
	struct file_ra_state *ra;
	u64 size;			/* of the file */
	u32 index, offset, left;
};

static __noinline void fastcall read_ahead(const struct reading *r)
{
	u32 wanted = (r->offset + r->left + PAGE_SIZE - 1) >> PAGE_SHIFT;

	page_cache_readahead(r->mapping, r->ra, r->index, wanted,
			     (r->size + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/* As read_cache_page(), for one that is not there, or not yet. */
static __noinline struct page *fastcall wait_for_page(const struct reading *r,
						      struct page *page)
{
	if (page)
		put_page(page);
	else
		read_ahead(r);
	return read_cache_page(r->mapping, r->index, NULL);
}

/* How many bytes the sink took, or an error. */
static __always_inline int read_piece(struct reading *r, u32 len,
				      struct page_sink *sink)
{
	struct page *page;
	const u8 *va;
	u32 took;

	if (unlikely(r->index == r->ra->async && r->ra->size))
		read_ahead(r);
	page = find_get_page(r->mapping, r->index);
	if (unlikely(!page || !PageUptodate(page)))
		page = wait_for_page(r, page);
	if (unlikely(IS_ERR_PAGE(page)))
		return PAGE_ERR(page);
	/* who reads a page bit by bit uses it once */
	if (likely(r->ra->next != r->index + 1))
		mark_page_accessed(page);
	r->ra->next = r->index + 1;
	va = kmap(page);
	took = sink->take(sink, va + r->offset, len);
	kunmap(page);
	put_page(page);
	return took ? (int)took : -EFAULT;
}

/* So many bytes are there from pos on, which is below size; at most n. */
static __always_inline u32 bytes_from(u64 pos, u32 n, u64 size)
{
	u64 there = size - pos;

	n = min(n, MOST_BYTES);
	return there >> 32 || n < (u32)there ? n : (u32)there;
}

long mapping_read(struct address_space *mapping, struct file_ra_state *ra,
		  u64 pos, u32 n, u64 size, struct page_sink *sink)
{
	struct reading r = {
		.mapping = mapping, .ra = ra, .size = size,
		.index = (u32)(pos >> PAGE_SHIFT),
		.offset = (u32)pos & (PAGE_SIZE - 1),
	};
	u32 len;
	int took;

	if (pos >= size)
		return 0;
	n = r.left = bytes_from(pos, n, size);
	if (unlikely(n && pos >> PAGE_SHIFT > ~0U))
		return -EFBIG;
	while (r.left) {
		len = min(r.left, PAGE_SIZE - r.offset);
		took = read_piece(&r, len, sink);
		if (unlikely(took < 0))
			return n == r.left ? took : (long)(n - r.left);
		r.left -= (u32)took;
		cond_resched();
		/* behind the last page there can be is none */
		if ((u32)took < len || !++r.index)
			break;
		r.offset = 0;
	}
	return (long)(n - r.left);
}

/* --- writing --- */

static bool has_bytes(const struct piece *piece, u64 size)
{
	return (u64)piece->index << PAGE_SHIFT < size;
}

static bool is_whole(const struct piece *piece)
{
	return piece->len == PAGE_SIZE;
}

/* Before bytes are put to a page that is locked: section 3. */
static int prepare(struct address_space *mapping, struct page *page,
		   const struct piece *piece, u64 size)
{
	u32 end = piece->offset + piece->len;

	if (PageUptodate(page) || is_whole(piece))
		return 0;
	if (has_bytes(piece, size))
		return read_locked_page(mapping, page);
	zero_user(page, 0, piece->offset);
	zero_user(page, end, PAGE_SIZE - end);
	return 0;
}

/* How many bytes the source gave. */
static u32 put_bytes(struct page *page, const struct piece *piece,
		     struct page_source *source)
{
	u32 given;
	u8 *va;

	preempt_disable();
	va = kmap_atomic(page);
	given = source->give(source, va + piece->offset, piece->len);
	kunmap_atomic(va);
	preempt_enable();
	return given;
}

/* The first bytes of a page are new, the rest is still to be read. */
static int read_behind(struct address_space *mapping, struct page *page,
		       u32 given)
{
	void *aside = kmalloc(given, GFP_KERNEL);
	int err;

	if (!aside)
		return -ENOMEM;
	memcpy_from_page(aside, page, 0, given);
	err = read_locked_page(mapping, page);
	if (!err)
		memcpy_to_page(page, 0, aside, given);
	kfree(aside);
	return err;
}

/* Behind the bytes that were given: the page becomes up to date. */
static int complete_page(struct address_space *mapping, struct page *page,
			 const struct piece *piece, u32 given, u64 size)
{
	int err = 0;

	if (PageUptodate(page) || !given)
		return 0;
	if (given < piece->len && has_bytes(piece, size))
		err = read_behind(mapping, page, given);
	else
		zero_user(page, piece->offset + given, piece->len - given);
	if (!err)
		SetPageUptodate(page);
	return err;
}

/* How many bytes got into a page that is locked; 0: try again; an error. */
static int fill_piece(struct address_space *mapping, struct page *page,
		      const struct piece *piece, u64 size,
		      struct page_source *source)
{
	int err = prepare(mapping, page, piece, size);
	u32 given;

	if (err)
		return err == -EAGAIN ? 0 : err;
	given = put_bytes(page, piece, source);
	err = complete_page(mapping, page, piece, given, size);
	if (err)
		return err == -EAGAIN ? -EIO : err;
	if (given)
		set_page_dirty(page);
	return (int)given;
}

static int write_piece(struct address_space *mapping, const struct piece *piece,
		       u64 size, struct page_source *source)
{
	for (;;) {
		struct page *page;
		int done;

		if (!source->ready(source, piece->len))
			return -EFAULT;
		if (!mapping_has_room(mapping, piece->index))
			return -ENOSPC;
		page = find_or_create_page(mapping, piece->index);
		if (!page)
			return -ENOMEM;
		done = fill_piece(mapping, page, piece, size, source);
		unlock_page(page);
		mark_page_accessed(page);
		put_page(page);
		if (done)
			return done;
		cond_resched();
	}
}

long mapping_write(struct address_space *mapping, u64 pos, u32 n, u64 size,
		   struct page_source *source)
{
	u32 done = 0;

	n = min(n, MOST_BYTES);
	while (done < n) {
		struct piece piece;
		int err = -EFBIG;

		if (next_piece(&piece, pos + done, n - done))
			err = write_piece(mapping, &piece, size, source);
		if (err < 0)
			return done ? (long)done : err;
		done += (u32)err;
		size = max(size, pos + done);
		if (has_below(mapping))
			balance_dirty_pages_ratelimited(mapping);
		cond_resched();
	}
	return (long)done;
}
