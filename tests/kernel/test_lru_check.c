/*
 * The checker of the LRU lists finds each kind of damage, in its own words and
 * exactly as often as it is there, and nothing once it is mended.
 */
#include <boot/sections.h>
#include <kernel/base/printk.h>
#include <mm/report/check.h>
#include "private_lru.h"
#include "private_node.h"

static u32 found;
static char sentences[512];

static void note_sentence(const char *sentence)
{
	size_t at = strlen(sentences);

	found++;
	strlcpy(sentences + at, sentence, sizeof(sentences) - at);
}

static struct zone *zone;

static u32 look(void)
{
	u32 differences;

	found = 0;
	sentences[0] = '\0';
	differences = check_lru(zone, note_sentence);
	EXPECT_EQ(found, differences);
	return differences;
}

/* Three on the inactive list, two on the active one, and one on none. */
static struct page *page[3], *active[2], *off;

static void setup(void)
{
	u32 i;

	zone = lru_zone();
	off = private_alloc(GFP_KERNEL, 0);
	for (i = 0; i < 3; i++)
		page[i] = lru_page(false);
	for (i = 0; i < 2; i++)
		active[i] = lru_page(true);
	lru_add_drain();
	EXPECT(off && !look());
}

static void finish(void)
{
	u32 i;

	EXPECT_EQ(look(), 0);
	for (i = 0; i < 3; i++)
		put_page(page[i]);
	for (i = 0; i < 2; i++)
		put_page(active[i]);
	__free_page(off);
}

/* A word has another value for a moment: so many differences, in such words. */
#define FINDS(times, words, lvalue, value) do {				\
	__typeof__(lvalue) saved_ = (lvalue);				\
									\
	(lvalue) = (value);						\
	EXPECT_EQ(look(), (times));					\
	EXPECT(strstr(sentences, (words)));				\
	(lvalue) = saved_;						\
	EXPECT_EQ(look(), 0);						\
} while (0)

TEST_PRIVATE(lru_check, counts, 6)
{
	setup();
	FINDS(1, "lru, node 0 zone Normal: 3 pages are inactive, 4 are counted",
	      zone->nr_inactive, 4);
	FINDS(1, "2 pages are active, 0 are counted", zone->nr_active, 0);
	finish();
}

TEST_PRIVATE(lru_check, pages, 6)
{
	u32 *flags;

	setup();
	flags = &page[1]->flags;
	FINDS(2, "is there, and says it is not", *flags,
	      *flags & ~(1U << PG_lru));
	FINDS(2, "4 pages say they are on a list, 5 are", *flags,
	      *flags & ~(1U << PG_lru));
	FINDS(1, "is on the inactive list, and says it is not", *flags,
	      *flags | 1U << PG_active);
	FINDS(1, "is on the active list, and says it is not", active[0]->flags,
	      active[0]->flags & ~(1U << PG_active));
	FINDS(1, "with flags", *flags, *flags | 1U << PG_slab);
	FINDS(1, "with flags", *flags, *flags | 1U << PG_reserved);
	/* another zone has its number, and no pages */
	FINDS(2, "is of another zone", *flags,
	      *flags - (1U << ZONEID_SHIFT));
	FINDS(1, "is there, and has no user", page[1]->_count.counter, 0);
	FINDS(1, "6 pages say they are on a list, 5 are", off->flags,
	      off->flags | 1U << PG_lru);
	finish();
}

/* A broken link ends the walk: what is behind it is not found. */
TEST_PRIVATE(lru_check, links, 6)
{
	struct list_head *list, *link;

	setup();
	list = &zone->inactive_list;
	link = &page[1]->lru;
	FINDS(2, "the inactive list is broken", link->next, NULL);
	FINDS(2, "the inactive list is broken", link->next,
	      (struct list_head *)0xfffffff0);
	FINDS(2, "the inactive list is broken", link->next, link);
	FINDS(2, "the inactive list is broken", link->prev, list);
	FINDS(1, "the inactive list is broken", list->prev, link);
	FINDS(2, "the active list is broken", zone->active_list.next, link);
	finish();
}

/* Places of a batch, and pages that know them. */
TEST_PRIVATE(lru_check, batches, 6)
{
	struct lru_batch *batch = &lru_batches[0];
	struct page *waits;
	u32 at;

	setup();
	preempt_disable();
	at = batch->n;
	waits = lru_page(false);
	EXPECT(look() == 0 && batch->page[at] == waits);
	FINDS(1, "does not know its place in a batch", waits->lru.prev, NULL);
	FINDS(1, "does not know its place in a batch", waits->lru.next,
	      &page[0]->lru);
	FINDS(2, "is in a batch, which is no page", batch->page[at],
	      (struct page *)4);
	FINDS(1, "6 pages say they are on a list, 5 are", batch->page[at],
	      NULL);
	/* one that is on a list, too */
	FINDS(1, "does not know its place", batch->page[at], page[0]);
	put_page(waits);
	preempt_enable();
	finish();
}

/* mm_check() looks at the machine's zones, too. */
TEST(lru_check, is_in_mm_check)
{
	struct zone *of_machine = page_zone(virt_to_page(_text));
	unsigned int before = printk_warnings(), differences;

	preempt_disable();
	of_machine->nr_active++;
	differences = mm_check();
	of_machine->nr_active--;
	preempt_enable();
	EXPECT_EQ(differences, 1);
	EXPECT_EQ(printk_warnings() - before, 1);
	test_allow_warnings(1);
	EXPECT_EQ(mm_check(), 0);
}
