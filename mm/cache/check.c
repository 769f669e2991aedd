/*
 * The page cache from first principles: the tree, the counts, the tags and the
 * pages of each address_space say the same.
 *
 * All address_spaces that have pages are on a list: one gets on it with its
 * first page and leaves it with the last, under its tree_lock. So nobody needs
 * to say when one begins and ends, and one that is found there exists. The
 * checker goes along the list with a place of its own in it. It would take the
 * two locks in the wrong order, so it only tries the second.
 *
 * Locks: mappings_lock inside of tree_lock; interrupts off.
 */
#include <kernel/lib/printf.h>
#include <mm/cache/internal.h>

static LIST_HEAD(mappings);
static spinlock_t mappings_lock = SPIN_LOCK_UNLOCKED("mappings_lock");
static DEFINE_MUTEX(checking);		/* its place in the list is one */

typedef void (*report_t)(const char *sentence);

void mapping_begins(struct address_space *mapping)
{
	spin_lock(&mappings_lock);
	list_add_tail(&mapping->all, &mappings);
	spin_unlock(&mappings_lock);
}

void mapping_ends(struct address_space *mapping)
{
	spin_lock(&mappings_lock);
	list_del_init(&mapping->all);
	spin_unlock(&mappings_lock);
}

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

static u32 check_locked(struct address_space *mapping, report_t report)
{
	struct check c = { .mapping = mapping, .report = report };

	check_pages(&c);
	check_counts(&c);
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

/* Moves the place behind the next one, whose lock is taken (interrupts off);
 * NULL: it was at the end, and is off the list. */
static struct address_space *next_mapping(struct list_head *place)
{
	struct address_space *mapping;

	for (;;) {
		spin_lock_irq(&mappings_lock);
		if (place->next == &mappings) {
			list_del(place);
			spin_unlock_irq(&mappings_lock);
			return NULL;
		}
		mapping = list_entry(place->next, struct address_space, all);
		if (spin_trylock(&mapping->tree_lock))
			break;
		spin_unlock_irq(&mappings_lock);
		cpu_relax();
	}
	list_del(place);
	list_add(place, &mapping->all);
	spin_unlock(&mappings_lock);
	return mapping;
}

/* Nothing changes while no other CPU runs; so a difference is looked at once
 * more, should there be one. */
static bool counts_agree(void)
{
	const struct address_space *mapping;
	u32 n = 0;
	bool same;

	spin_lock_irq(&mappings_lock);
	list_for_each_entry(mapping, &mappings, all)
		n += mapping->nrpages;
	same = n == page_cache_pages();
	spin_unlock_irq(&mappings_lock);
	return same;
}

u32 check_page_cache(report_t report)
{
	struct address_space *mapping;
	struct list_head place;
	u32 wrong = 0;

	mutex_lock(&checking);
	spin_lock_irq(&mappings_lock);
	list_add(&place, &mappings);
	spin_unlock_irq(&mappings_lock);
	while ((mapping = next_mapping(&place))) {
		wrong += check_locked(mapping, report);
		spin_unlock_irq(&mapping->tree_lock);
	}
	if (!counts_agree() && !counts_agree()) {
		report("page_cache_pages() is not the sum of all nrpages");
		wrong++;
	}
	mutex_unlock(&checking);
	return wrong;
}
