/*
 * The pages of an address_space. ULK3 section 15.1.
 *
 * 1. Being in it. A page is in the tree at page->index of page->mapping, or it
 *    is in none: tree_lock is held where both change. Being in it is one user,
 *    and who finds a page there gets another before the lock is let go: so a
 *    page that was found cannot be freed, though it may be taken out.
 *
 * 2. Filling. A page gets in locked and not up to date. Who put it there has
 *    it filled; whoever else finds it waits for the lock. So a page is read
 *    once, however many want it. Which one it was that could not be read does
 *    not matter: each of them, and each that comes later, tries once more.
 *
 * 3. Taken out. Only who has the page locked takes it out. So who has locked a
 *    page that it had found looks at page->mapping again: if it is another one
 *    now, it looks for the page anew.
 *
 * 4. Nobody else uses it. Under tree_lock nobody finds it; so if its users are
 *    the tree and the caller then, it stays so until it is out.
 *
 * Locks: tree_lock, interrupts off; inside of it those of the slab allocator
 * (nodes go back) and mappings_lock.
 *
 * Cost: one lock and a load a level for a page that is there.
 */
#include <mm/cache/internal.h>
#include <mm/cache/radix_nodes.h>
#include <mm/page/page_alloc.h>
#include <mm/page/page_trace.h>
#include <mm/reclaim/lru.h>

struct cache_counts cache_counts[NR_CPUS];

static u32 sum(u32 offset)
{
	unsigned int cpu;
	u32 n = 0;

	for_each_cpu(cpu)
		n += *(const u32 *)((const char *)&cache_counts[cpu] + offset);
	return n;
}

u32 page_cache_pages(void)
{
	return sum(offsetof(struct cache_counts, pages));
}

u32 nr_dirty_pages(void)
{
	return sum(offsetof(struct cache_counts, dirty));
}

u32 nr_writeback_pages(void)
{
	return sum(offsetof(struct cache_counts, writeback));
}

void address_space_init(struct address_space *mapping, void *host,
			const struct address_space_operations *a_ops,
			gfp_t gfp_mask)
{
	*mapping = (struct address_space){
		.host = host, .a_ops = a_ops, .gfp_mask = gfp_mask,
		.page_tree = RADIX_TREE_INIT(&page_tree_memory),
	};
	spin_lock_init(&mapping->tree_lock, "address_space.tree_lock");
	mutex_init(&mapping->i_mmap_lock, "address_space.i_mmap_lock");
	INIT_LIST_HEAD(&mapping->all);
	INIT_LIST_HEAD(&mapping->dirty);
	INIT_LIST_HEAD(&mapping->i_mmap);
}

/* --- finding --- */

struct page *find_lock_page(struct address_space *mapping, u32 index)
{
	struct page *page;

	while ((page = find_get_page(mapping, index))) {
		lock_page(page);
		if (likely(page->mapping == mapping && page->index == index))
			break;
		unlock_page(page);
		put_page(page);
	}
	return page;
}

/* Those that a gang lookup found; the lock is held. */
static u32 get_all(struct page **pages, u32 n)
{
	u32 i;

	for (i = 0; i < n; i++)
		atomic_inc(&pages[i]->_count);
	return n;
}

u32 find_get_pages(struct address_space *mapping, u32 first, u32 max,
		   struct page **pages)
{
	u32 flags = spin_lock_irqsave(&mapping->tree_lock);
	u32 n = get_all(pages, radix_tree_gang_lookup(&mapping->page_tree,
						      (void **)pages, first,
						      max));

	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	return n;
}

u32 get_pages_tag(struct address_space *mapping, u32 first, u32 tag, u32 max,
		  struct page **pages)
{
	return get_all(pages, radix_tree_gang_lookup_tag(&mapping->page_tree,
							 (void **)pages, first,
							 max, tag));
}

u32 find_get_pages_tag(struct address_space *mapping, u32 first, u32 tag,
		       u32 max, struct page **pages)
{
	u32 flags = spin_lock_irqsave(&mapping->tree_lock);
	u32 n = get_pages_tag(mapping, first, tag, max, pages);

	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	return n;
}

/* --- getting in and out --- */

/* The lock is held, and there are nodes enough. */
static __always_inline int insert_locked(struct address_space *mapping,
					 struct page *page, u32 index)
{
	int err = radix_tree_insert(&mapping->page_tree, index, page);

	if (err)
		return err;
	atomic_inc(&page->_count);
	page->mapping = mapping;
	page->index = index;
	if (!mapping->nrpages++)
		mapping_begins(mapping);
	own_counts()->pages++;
	trace_page(page, PAGE_CACHE_ADD);
	return 0;
}

int add_to_page_cache(struct page *page, struct address_space *mapping,
		      u32 index, gfp_t gfp)
{
	int err = radix_tree_preload(gfp);
	u32 flags;

	if (err)
		return err;
	BUG_ON(page->mapping, "a page that is in an address_space already");
	BUG_ON(!trylock_page(page), "a page to be added, and it is locked");
	flags = spin_lock_irqsave(&mapping->tree_lock);
	err = insert_locked(mapping, page, index);
	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	radix_tree_preload_end();
	if (err)
		unlock_page(page);
	return err;
}

/* The lock is held. */
static __always_inline void remove_locked(struct address_space *mapping,
					   struct page *page)
{
	void *was = radix_tree_delete(&mapping->page_tree, page->index);

	BUG_ON(was != page, "the tree has another page in this one's place");
	BUG_ON(PageWriteback(page), "a page that is being written goes");
	if (PageDirty(page)) {
		ClearPageDirty(page);
		own_counts()->dirty -= has_below(mapping);
		mapping_cleaned(mapping);
		quota_add(mapping, -1);
	}
	page->mapping = NULL;
	if (!--mapping->nrpages)
		mapping_ends(mapping);
	own_counts()->pages--;
	trace_page(page, PAGE_CACHE_REMOVE);
}

/* The tree's; the caller has another, so it is not the last one. */
static __always_inline void drop_user(struct page *page)
{
	BUG_ON(page_count(page) < 2, "a page leaves the cache that nobody has");
	atomic_dec(&page->_count);
}

void remove_from_page_cache(struct page *page)
{
	struct address_space *mapping = page->mapping;
	u32 flags;

	BUG_ON(!PageLocked(page), "a page is taken out that is not locked");
	flags = spin_lock_irqsave(&mapping->tree_lock);
	remove_locked(mapping, page);
	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	drop_user(page);
}

bool remove_unused_page(struct page *page)
{
	struct address_space *mapping = page->mapping;
	bool unused;
	u32 flags;

	BUG_ON(!PageLocked(page), "a page is taken out that is not locked");
	flags = spin_lock_irqsave(&mapping->tree_lock);
	/* the tree's and the caller's; in this order: who has a user more may
	 * make it dirty and go */
	unused = page_count(page) == 2 && !page_mapcount(page);
	barrier();
	unused = unused && !PageDirty(page) && !PageWriteback(page);
	if (unused)
		remove_locked(mapping, page);
	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	if (unused)
		drop_user(page);
	return unused;
}

struct page *add_new_page(struct address_space *mapping, u32 index, gfp_t gfp)
{
	struct page *page = alloc_page(gfp);
	int err;

	if (!page)
		return ERR_PAGE(-ENOMEM);
	err = add_to_page_cache(page, mapping, index, gfp);
	if (err) {
		__free_page(page);
		return ERR_PAGE(err);
	}
	lru_cache_add(page);
	return page;
}

struct page *find_or_create_page(struct address_space *mapping, u32 index)
{
	for (;;) {
		struct page *page = find_lock_page(mapping, index);

		if (page)
			return page;
		page = add_new_page(mapping, index, mapping->gfp_mask);
		if (!IS_ERR_PAGE(page))
			return page;
		if (PAGE_ERR(page) != -EEXIST)
			return NULL;
	}
}

/* --- filling --- */

/* A page that is locked and not up to date is read, and unlocked. */
static int fill_page(struct address_space *mapping, struct page *page)
{
	int err;

	ClearPageError(page);
	err = mapping->a_ops->readpage(mapping, page);
	if (err)
		return err;
	wait_on_page_locked(page);
	if (likely(PageUptodate(page)))
		return 0;
	/* it went meanwhile; or it could not be read */
	return page->mapping != mapping ? -EAGAIN : -EIO;
}

int read_locked_page(struct address_space *mapping, struct page *page)
{
	int err = fill_page(mapping, page);

	lock_page(page);
	if (!err && page->mapping != mapping)
		err = -EAGAIN;
	return err;
}

/* Up to date, and unlocked; or an error: -EAGAIN: it is not the mapping's any
 * more. */
static int bring_up_to_date(struct address_space *mapping, struct page *page,
			    bool *major)
{
	if (page->mapping == mapping && !PageUptodate(page)) {
		if (major)
			*major = true;
		return fill_page(mapping, page);
	}
	unlock_page(page);
	return page->mapping == mapping ? 0 : -EAGAIN;
}

/* As read_cache_page(), which is for those that are there. -EAGAIN: again. */
static struct page *read_page_slow(struct address_space *mapping, u32 index,
				   struct page *page, gfp_t more, bool *major)
{
	int err;

	if (page)
		lock_page(page);
	else
		page = add_new_page(mapping, index, mapping->gfp_mask | more);
	if (IS_ERR_PAGE(page))
		return page;
	err = bring_up_to_date(mapping, page, major);
	if (!err)
		return page;
	put_page(page);
	return ERR_PAGE(err);
}

static __always_inline struct page *read_page(struct address_space *mapping,
					      u32 index, gfp_t more,
					      bool *major)
{
	for (;;) {
		struct page *page = find_get_page(mapping, index);

		if (likely(page && PageUptodate(page)))
			return page;
		page = read_page_slow(mapping, index, page, more, major);
		if (!IS_ERR_PAGE(page) || (PAGE_ERR(page) != -EAGAIN &&
					   PAGE_ERR(page) != -EEXIST))
			return page;
	}
}

struct page *read_cache_page(struct address_space *mapping, u32 index,
			     bool *major)
{
	return read_page(mapping, index, 0, major);
}

struct page *read_cache_page_if(struct address_space *mapping, u32 index)
{
	return read_page(mapping, index, __GFP_NORETRY | __GFP_NOWARN, NULL);
}

void __init page_cache_init(void)
{
	radix_nodes_init();
	page_lock_init();
}
