/*
 * The page cache from first principles: the tree, the counts, the tags and the
 * pages of each address_space say the same.
 *
 * The checker goes along the list of all that have pages: mappings.c.
 *
 * Lock: tree_lock of each, interrupts off.
 */
#include <kernel/lib/printf.h>
#include <mm/cache/internal.h>

typedef void (*report_t)(const char *sentence);

/* --- one of them --- */

struct check {
	struct address_space *mapping;
	report_t report;
	u32 wrong;
	u32 pages;
};

static void is_wrong(struct check *c, const struct page *page,
		     const char *what)
{
	char sentence[128];

	snprintf(sentence, sizeof(sentence), "page %u of address_space %p: %s",
		 page->index, (void *)c->mapping, what);
	c->report(sentence);
	c->wrong++;
}

static void check_tags(struct check *c, const struct page *page)
{
	const struct radix_tree_root *tree = &c->mapping->page_tree;
	bool dirty = radix_tree_tag_get(tree, page->index, PAGECACHE_TAG_DIRTY);
	bool written = radix_tree_tag_get(tree, page->index,
					  PAGECACHE_TAG_WRITEBACK);

	if (PageDirty(page) && !dirty)
		is_wrong(c, page, "it is dirty, and its tag says it is not");
	if (!PageDirty(page) && dirty && !PageLocked(page))
		is_wrong(c, page, "it is not dirty, and its tag says it is");
	if (PageWriteback(page) != written)
		is_wrong(c, page, "its tag of being written is wrong");
}

static void check_page(struct check *c, const struct page *page)
{
	if (page->mapping != c->mapping)
		is_wrong(c, page, "it says that it is another one's");
	if (radix_tree_lookup(&c->mapping->page_tree, page->index) != page)
		is_wrong(c, page, "it is not where it says it is");
	if (page_count(page) < 1)
		is_wrong(c, page, "it has no user");
	else if (page_count(page) < 1 + page_mapcount(page))
		is_wrong(c, page, "it is mapped more often than used");
	check_tags(c, page);
}

/* All of them, in batches; each has a larger index than the one before. */
static void check_pages(struct check *c)
{
	struct page *pages[16];
	u32 first = 0, n, i;

	while ((n = radix_tree_gang_lookup(&c->mapping->page_tree,
					   (void **)pages, first,
					   ARRAY_SIZE(pages)))) {
		for (i = 0; i < n; i++)
			check_page(c, pages[i]);
		c->pages += n;
		if (pages[n - 1]->index < first || pages[n - 1]->index == ~0U)
			break;
		first = pages[n - 1]->index + 1;
	}
}

static void check_counts(struct check *c)
{
	char sentence[128];

	if (c->pages == c->mapping->nrpages)
		return;
	snprintf(sentence, sizeof(sentence), "address_space %p: its tree has "
		 "%u pages, nrpages says %u", (void *)c->mapping, c->pages,
		 c->mapping->nrpages);
	c->report(sentence);
	c->wrong++;
}

/* Dirty pages are found by the list: a mapping that lacks there loses data. */
static void check_lists(struct check *c)
{
	bool dirty = has_below(c->mapping) &&
		     radix_tree_tagged(&c->mapping->page_tree,
				       PAGECACHE_TAG_DIRTY);
	char sentence[128];

	if (list_empty(&c->mapping->dirty) != dirty)
		return;
	snprintf(sentence, sizeof(sentence), "address_space %p: it is %s the "
		 "list of those with dirty pages", (void *)c->mapping,
		 dirty ? "not on" : "without reason on");
	c->report(sentence);
	c->wrong++;
}

static u32 check_locked(struct address_space *mapping, report_t report)
{
	struct check c = { .mapping = mapping, .report = report };

	check_pages(&c);
	check_counts(&c);
	check_lists(&c);
	return c.wrong;
}

u32 check_mapping(struct address_space *mapping, report_t report)
{
	u32 flags = spin_lock_irqsave(&mapping->tree_lock);
	u32 wrong = check_locked(mapping, report);

	spin_unlock_irqrestore(&mapping->tree_lock, flags);
	return wrong;
}

/* --- all of them --- */

/* Nothing changes while no other CPU runs; so a difference is looked at once
 * more, should there be one. */
static bool counts_agree(void)
{
	u32 counted, sum = mappings_pages(&counted);

	return sum == counted;
}

u32 check_page_cache(report_t report)
{
	struct address_space *mapping;
	struct mapping_walk walk;
	u32 wrong = 0;

	mapping_walk_begin(&walk, ALL_MAPPINGS);
	while ((mapping = mapping_walk_next(&walk))) {
		wrong += check_locked(mapping, report);
		spin_unlock_irq(&mapping->tree_lock);
	}
	mapping_walk_end(&walk);
	if (!counts_agree() && !counts_agree()) {
		report("page_cache_pages() is not the sum of all nrpages");
		wrong++;
	}
	return wrong;
}
