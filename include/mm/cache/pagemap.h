/*
 * The page cache: pages of files, and of whatever else is kept in pages by
 * offset. ULK3 chapter 15.
 *
 * An address_space is what one file has in memory: a tree from page number to
 * struct page, and operations that fill a page and write it out. It is an
 * instance that is passed in; tests make their own.
 *
 * A page of an address_space has page->mapping and page->index, one user for
 * being in the tree (in _count), and these states:
 *
 *	PG_locked	somebody fills it, takes it out or enters it into page
 *			tables; who finds it waits with lock_page()
 *	PG_uptodate	its bytes are those of the file
 *	PG_error	filling or writing it failed
 *	PG_dirty	its bytes are newer than what is below; also the tag
 *	PG_writeback	it is being written; also the tag
 *	PG_waiters	somebody may wait for PG_locked or PG_writeback
 *
 * The tag of PG_dirty stays when the flag is cleared for writing, until
 * PG_writeback is set: so who looks for pages to write, and then for those
 * that are being written, misses none.
 *
 * Who has the page locked may rely on page->mapping and index: a page that was
 * found, then locked, and has another mapping now, was truncated meanwhile.
 *
 * Locks, outermost first: page lock (sleeps); i_mmap_lock (sleeps); tree_lock
 * (interrupts off). Calls that may sleep say so. tree_lock guards the tree,
 * nrpages, and of each page mapping, PG_dirty and PG_writeback.
 */
#ifndef MM_CACHE_PAGEMAP_H
#define MM_CACHE_PAGEMAP_H

#include <kernel/lib/errno.h>
#include <kernel/lib/radix_tree.h>
#include <kernel/lock.h>
#include <kernel/sched/mutex.h>
#include <mm/cache/readahead.h>
#include <mm/page/gfp.h>
#include <mm/page/page.h>

struct address_space;

struct address_space_operations {
	/*
	 * Fills a page, which is locked and not up to date: sets PG_uptodate or
	 * PG_error, and unlocks it, at once or from end_io(). 0, or why it
	 * could not even begin (then the page is unlocked, too). May sleep.
	 */
	int (*readpage)(struct address_space *mapping, struct page *page);

	/*
	 * Writes out a page that is locked, its PG_dirty already cleared: sets
	 * PG_writeback, unlocks it, and calls end_page_writeback() when it is
	 * done. If it cannot begin, the page is dirty again, then unlocked. May
	 * sleep. NULL: this file is nowhere but here; its pages stay dirty, and
	 * are not among nr_dirty_pages().
	 */
	int (*writepage)(struct address_space *mapping, struct page *page);

	/*
	 * Begins to read n pages that follow each other, as n times readpage().
	 * The caller has a user of each until it returns. NULL: no read-ahead.
	 * May sleep.
	 */
	void (*readpages)(struct address_space *mapping, struct page **pages,
			  u32 n);

	/*
	 * Of memory that is no file's: as writepage, for who needs the page:
	 * the bytes go to swap, from where readpage gets them. -ENOSPC: there
	 * is no swap; then the page is dirty, and unlocked. NULL: its pages
	 * cannot go.
	 */
	int (*swap_out)(struct address_space *mapping, struct page *page);
};

/* address_space.flags: an error of writing that nobody was told of yet. */
#define AS_EIO 1U
#define AS_ENOSPC 2U
/* A disk's: the pages are those of a device, not of a file. */
#define AS_DISK 4U

#define PAGECACHE_TAG_DIRTY 0U
#define PAGECACHE_TAG_WRITEBACK 1U

/*
 * How many dirty pages the address_spaces may have together that have it: for
 * files that are nowhere but in memory. Who writes gets -ENOSPC then. Those
 * that write at the same time may be over it by one page each.
 */
struct page_quota {
	u32 limit;
	atomic_t used;
};

struct address_space {
	spinlock_t tree_lock;		/* first: looked up most */
	struct radix_tree_root page_tree;
	u32 nrpages;
	struct list_head all;		/* of all that have pages */
	struct list_head dirty;		/* of those with dirty ones; empty: it
					 * has none, or no writepage */
	u32 dirtied_when;		/* jiffies: none of its dirty pages is
					 * so for longer */

	void *host;			/* its owner's: a struct inode */
	const struct address_space_operations *a_ops;
	gfp_t gfp_mask;			/* of its pages */
	u32 flags;
	struct page_quota *quota;	/* NULL: none. Set while empty */

	/* areas that show it: mm/space's, by vm_area_struct.shared */
	struct mutex i_mmap_lock;
	struct list_head i_mmap;
};

void address_space_init(struct address_space *mapping, void *host,
			const struct address_space_operations *a_ops,
			gfp_t gfp_mask);

/* Boot: behind kmem_cache_init() and threads. */
void page_cache_init(void);

/* Pages that are in any address_space; of these: newer than what is below, and
 * being written. Any context. */
u32 page_cache_pages(void);
u32 page_cache_pages_of_disks(void);	/* of these, those of AS_DISK */
u32 nr_dirty_pages(void);
u32 nr_writeback_pages(void);

/* The address_space of a page; NULL: it is in none, or it is private memory
 * (bit 0: <mm/space/rmap.h>). */
static inline struct address_space *page_mapping(const struct page *page)
{
	uintptr_t mapping = (uintptr_t)page->mapping;

	return mapping & 1 ? NULL : (struct address_space *)mapping;
}

/* --- locks of pages (mm/cache/page_lock.c) --- */

void fastcall lock_page_slow(struct page *page);
void fastcall wake_page(struct page *page, enum page_flag flag);

/* True: it is the caller's. Any context. */
static __always_inline bool trylock_page(struct page *page)
{
	return !(atomic_fetch_set_bits(&page->flags, 1U << PG_locked) &
		 1U << PG_locked);
}

/* May sleep. */
static __always_inline void lock_page(struct page *page)
{
	might_sleep();
	if (unlikely(!trylock_page(page)))
		lock_page_slow(page);
}

_Static_assert(PG_locked == 0, "unlock_page() subtracts PG_locked");

/* Any context, anybody. One instruction: it takes the flag away and says who
 * waits. */
static __always_inline void unlock_page(struct page *page)
{
	u32 flags = __atomic_fetch_sub(&page->flags, 1U << PG_locked,
				       __ATOMIC_SEQ_CST);

	BUG_ON(!(flags & 1U << PG_locked), "unlock_page() of no locked page");
	if (unlikely(flags & 1U << PG_waiters))
		wake_page(page, PG_locked);
}

/* Until it is not locked, or not being written; the caller has a user of it.
 * May sleep. */
void wait_on_page_locked(struct page *page);
void wait_on_page_writeback(struct page *page);

/* --- pages of an address_space (mm/cache/filemap.c) --- */

/* The page, with a user more; NULL: it is not there. Any context. */
struct page *fastcall find_get_page(struct address_space *mapping, u32 index);

/* The same, locked: it is in the tree as long as it is. May sleep. */
struct page *find_lock_page(struct address_space *mapping, u32 index);

/* Up to max of them from first on, ascending, a user more each. How many. */
u32 find_get_pages(struct address_space *mapping, u32 first, u32 max,
		   struct page **pages);
u32 find_get_pages_tag(struct address_space *mapping, u32 first, u32 tag,
		       u32 max, struct page **pages);

/*
 * A page that belongs to nobody gets in, locked, with a user more for being
 * there. 0; -EEXIST: there is one; -ENOMEM. May sleep if gfp may.
 */
int add_to_page_cache(struct page *page, struct address_space *mapping,
		      u32 index, gfp_t gfp);

/* Takes a page out, which is locked and not being written: its user goes, the
 * caller has another. It is not dirty any more. Any context. */
void remove_from_page_cache(struct page *page);

/* The same if nobody but the caller uses it, and it is neither dirty nor
 * mapped: then true. */
bool remove_unused_page(struct page *page);

/*
 * Locked, with a user more: that which is there, or a new one that is not up to
 * date. NULL: no memory. May sleep.
 */
struct page *find_or_create_page(struct address_space *mapping, u32 index);

/*
 * Up to date, not locked, with a user more; read, if it was not there (*major
 * becomes true; major may be NULL). Or an error, see IS_ERR_PAGE(): -ENOMEM,
 * -EIO. May sleep.
 */
struct page *read_cache_page(struct address_space *mapping, u32 index,
			     bool *major);

/* The same for who can do without: nobody is killed for its memory, and nobody
 * warned. */
struct page *read_cache_page_if(struct address_space *mapping, u32 index);

#define ERR_PAGE(err) ((struct page *)(intptr_t)(err))
#define PAGE_ERR(page) ((int)(intptr_t)(page))
#define IS_ERR_PAGE(page) ((uintptr_t)(page) >= (uintptr_t)-4095)

/* --- reading and writing bytes (mm/cache/file_rw.c) --- */

/*
 * Where bytes go that are read: takes up to n of them at p, which is the
 * kernel's; how many. May sleep (it copies to a user, say).
 */
struct page_sink {
	u32 (*take)(struct page_sink *sink, const u8 *p, u32 n);
};

/*
 * Where bytes come from that are written. Two steps, since a page is locked
 * while it is written, and what it is written from may be that same page, which
 * a fault would lock again: ready() may sleep, and sees to it that some of the
 * next n bytes can be had at once (false: none can, ever); give() must not
 * sleep: puts up to n to p; how many, which moves the source on.
 */
struct page_source {
	bool (*ready)(struct page_source *source, u32 n);
	u32 (*give)(struct page_source *source, u8 *p, u32 n);
};

/*
 * The bytes [pos, pos + n) that are below size, page by page; ra: of the file
 * they are read through. How many were taken, which ends at the first that was
 * not; or an error, if none: -EFAULT (the sink takes none), -EIO, -ENOMEM. At
 * most 2 GB less a page. May sleep.
 */
long mapping_read(struct address_space *mapping, struct file_ra_state *ra,
		  u64 pos, u32 n, u64 size, struct page_sink *sink);

/*
 * Writes [pos, pos + n), page by page; pages become dirty. A page of which only
 * a part is written is read first if it has bytes below size. How many bytes;
 * or an error, if none: as above, -EFBIG (beyond 2^32 pages), -ENOSPC. The
 * caller holds what guards size, and sets it behind this. May sleep.
 */
long mapping_write(struct address_space *mapping, u64 pos, u32 n, u64 size,
		   struct page_source *source);

/* May the page of that index become dirty, or is it already: struct page_quota.
 * Any context. */
bool fastcall mapping_quota_allows(struct address_space *mapping, u32 index);

static inline bool mapping_has_room(struct address_space *mapping, u32 index)
{
	return likely(!mapping->quota) || mapping_quota_allows(mapping, index);
}

/* --- dirty pages (mm/cache/dirty.c) --- */

/* True: it was not dirty before. Any context. The caller has the page locked,
 * or something else that keeps its address_space. */
bool set_page_dirty(struct page *page);

/*
 * It is going to be written out: false: it was not dirty. Locked; before it is
 * unlocked it has PG_writeback, or is dirty again.
 */
bool clear_page_dirty_for_io(struct page *page);

void set_page_writeback(struct page *page);	/* locked */
void end_page_writeback(struct page *page);	/* any context */

/* An error of writing, to be told once: -ENOSPC, or any other, which becomes
 * -EIO. Any context. */
void mapping_set_error(struct address_space *mapping, int err);

/* The error of writing that nobody was told of yet: 0, -EIO, -ENOSPC. */
int mapping_take_error(struct address_space *mapping);

/* --- truncation (mm/cache/truncate.c) --- */

/*
 * The pages from byte `from` on leave it, whoever still uses them; the rest of
 * the page that `from` is in becomes zero. No area shows them any more
 * (unmap_mapping_range()). Waits for pages that are locked or written. May
 * sleep.
 */
void truncate_inode_pages(struct address_space *mapping, u64 from);

/* Only that rest of one page, if the cache has it: for a file that grows, whose
 * end was `from`. May sleep. */
void clear_page_from(struct address_space *mapping, u64 from);

/* mm/space stands above: no entry shows the page any more, which is locked. May
 * sleep. truncate_inode_pages() calls it for pages that have entries. */
extern void (*unmap_page_hook)(struct page *page);

/* Clean pages that nobody else uses leave it: how many. May sleep. */
u32 invalidate_inode_pages(struct address_space *mapping);

/* --- checks (mm/cache/check.c) --- */

/* Tree, counts, tags and pages agree: how many differences. */
u32 check_mapping(struct address_space *mapping,
		  void (*report)(const char *sentence));

/* All that have pages, and the counts of the machine. May sleep. */
u32 check_page_cache(void (*report)(const char *sentence));

#endif
