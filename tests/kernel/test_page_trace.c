/*
 * The life of one page: which events are noted, in which order, with what; and
 * that others' are not.
 */
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/printf.h>
#include <mm/cache/writeback.h>
#include <mm/page/internal.h>
#include <mm/report/page_trace.h>
#include "private_file.h"
#include "rtc_irq.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

static const char *const words[NR_PAGE_EVENTS] = {
	[PAGE_ALLOC] = "alloc", [PAGE_FREE] = "free", [PAGE_CACHE_ADD] = "add",
	[PAGE_CACHE_REMOVE] = "remove", [PAGE_DIRTIED] = "dirty",
	[PAGE_CLEANED] = "clean", [PAGE_WRITE] = "write",
	[PAGE_WRITE_END] = "written", [PAGE_MAP] = "map",
	[PAGE_UNMAP] = "unmap",
};

/* The events so far, those of the lists of reclaim left out. */
static const char *life(void)
{
	static char text[400];
	struct page_trace_event event;
	u32 n, used = 0;

	text[0] = '\0';
	for (n = 0; page_trace_event(n, &event); n++)
		if (words[event.event] && used < sizeof(text))
			used += (u32)snprintf(text + used, sizeof(text) - used,
					      "%s%s", used ? " " : "",
					      words[event.event]);
	return text;
}

/* The first event of that kind; it must be there. */
static struct page_trace_event event_of(enum page_event kind)
{
	struct page_trace_event event;
	u32 n;

	for (n = 0; page_trace_event(n, &event); n++)
		if (event.event == kind)
			return event;
	EXPECT(!"an event of that kind");
	return (struct page_trace_event){ 0 };
}

static bool is_in(u32 site, const char *name)
{
	u32 offset, size;
	const char *found = symbol_lookup(site - 1, &offset, &size);

	return EXPECT_STREQ(found ? found : "?", name);
}

/* --- mm/page --- */

static __noinline struct page *who_allocates(unsigned int order)
{
	return alloc_pages(GFP_KERNEL, order);
}

static __noinline void who_frees(struct page *page, unsigned int order)
{
	__free_pages(page, order);
}

/* With the page that was freed last: it is given out again. */
TEST(page_trace, alloc_and_free)
{
	struct page *page = alloc_page(GFP_KERNEL), *again;
	struct page_trace_event event;
	u64 before = clock_ns();

	REQUIRE(page);
	page_trace_start(page);
	EXPECT(page_debugging);
	who_frees(page, 0);
	again = who_allocates(0);
	EXPECT(again == page);
	EXPECT_STREQ(life(), "free alloc");
	event = event_of(PAGE_ALLOC);
	is_in(event.site, "who_allocates");
	EXPECT(event.users == 1 && event.mapped == 0 && !event.interrupt);
	EXPECT(event.ns >= event_of(PAGE_FREE).ns && event.ns <= clock_ns());
	event = event_of(PAGE_FREE);
	is_in(event.site, "who_frees");
	EXPECT(event.users == 1 && event.ns >= before);
	page_trace_start(NULL);
	__free_page(again);
	EXPECT_STREQ(life(), "free alloc");
}

/* It need not be the first of its block. */
TEST(page_trace, middle_of_a_block)
{
	struct page *page = who_allocates(3);

	REQUIRE(page);
	page_trace_start(page + 7);
	who_frees(page, 3);
	EXPECT_STREQ(life(), "free");
	page_trace_start(NULL);
	page = who_allocates(3);
	REQUIRE(page);
	page_trace_start(page + 8);
	who_frees(page, 3);
	EXPECT_STREQ(life(), "");
	page_trace_start(NULL);
}

/* Many at once, and by address: who asked, not who served him. */
TEST(page_trace, ways_out_and_back)
{
	struct page *page = alloc_page(GFP_KERNEL), *pages[1];
	unsigned long address;

	REQUIRE(page);
	page_trace_start(page);
	__free_page(page);
	address = __get_free_page(GFP_KERNEL);
	EXPECT(virt_to_page((void *)address) == page);
	is_in(event_of(PAGE_ALLOC).site, "test_page_trace_ways_out_and_back");
	free_page(address);
	EXPECT_EQ(alloc_pages_bulk(GFP_KERNEL, node_zonelist(0, GFP_KERNEL), 1,
				   pages), 1);
	EXPECT(pages[0] == page);
	free_pages_bulk(1, pages);
	pages[0] = alloc_page(GFP_KERNEL);
	EXPECT(pages[0] == page);
	put_page(page);
	EXPECT_STREQ(life(), "free alloc free alloc free alloc free");
	page_trace_start(NULL);
}

/* What debug= or fail= want goes on behind it, and nothing else does. */
TEST(page_trace, debugging_is_as_before)
{
	struct page *page = alloc_page(GFP_KERNEL);
	bool before = page_debugging;

	REQUIRE(page);
	page_trace_start(page);
	EXPECT(page_debugging);
	page_trace_start(NULL);
	EXPECT(page_debugging == before);
	page_trace_start(page);
	page_alloc_fail_nth(1);
	page_trace_start(NULL);
	EXPECT(page_debugging);
	page_alloc_fail_nth(0);
	EXPECT(page_debugging == before);
	__free_page(page);
}

/* --- the ring --- */

TEST(page_trace, last_ones_are_kept)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct page_trace_event event;
	u32 i;

	REQUIRE(page);
	page_trace_start(page);
	EXPECT_EQ(page_trace_events(), 0);
	EXPECT(!page_trace_event(0, &event));
	for (i = 0; i < PAGE_TRACE_KEPT + 3; i++) {
		page->index = i;
		trace_page(page, PAGE_ROTATE);
		trace_page(page + 1, PAGE_ROTATE);
	}
	EXPECT_EQ(page_trace_events(), PAGE_TRACE_KEPT + 3);
	EXPECT(!page_trace_event(2, &event));
	EXPECT(page_trace_event(3, &event) && event.index == 3);
	EXPECT(page_trace_event(PAGE_TRACE_KEPT + 2, &event) &&
	       event.index == PAGE_TRACE_KEPT + 2);
	EXPECT(!page_trace_event(PAGE_TRACE_KEPT + 3, &event));
	page->index = 0;
	/* kept when it ends, forgotten when another begins */
	page_trace_start(NULL);
	trace_page(page, PAGE_ROTATE);
	EXPECT_EQ(page_trace_events(), PAGE_TRACE_KEPT + 3);
	page_trace_start(page);
	EXPECT_EQ(page_trace_events(), 0);
	page_trace_start(NULL);
	__free_page(page);
}

static volatile u32 handled;

static bool note_in_handler(unsigned int irq, void *dev)
{
	if (!rtc_was_it())
		return false;
	trace_page(dev, PAGE_ROTATE);
	handled++;
	return true;
}

/* Events of a handler, and of what it interrupts: none is lost or broken. */
TEST(page_trace, in_interrupts)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 noted = 0, end;

	REQUIRE(page);
	page_trace_start(page);
	REQUIRE(rtc_start(note_in_handler, page));
	for (end = jiffies + hz / 5; time_before(jiffies, end); noted++)
		trace_page(page, PAGE_ACTIVE);
	rtc_stop(page);
	EXPECT(handled > 20);
	EXPECT_EQ(page_trace_events(), noted + handled);
	page_trace_start(page);
	trace_page(page, PAGE_ACTIVE);
	EXPECT(!event_of(PAGE_ACTIVE).interrupt);
	handled = 0;
	REQUIRE(rtc_start(note_in_handler, page));
	while (!handled)
		;
	rtc_stop(page);
	EXPECT(event_of(PAGE_ROTATE).interrupt);
	page_trace_start(NULL);
	__free_page(page);
}

/* --- lives --- */

/* Private memory: by a fault, in a child, until the last entry goes. */
TEST(page_trace, life_of_private_memory)
{
	struct mm_struct *mm = space_begin(), *child;
	struct page *page;

	REQUIRE(mm);
	map_pages(mm, USER, 1, RW, MAP_PRIVATE);
	EXPECT(poke(USER, 1));
	page = page_at(mm, USER);
	REQUIRE(page);
	page_trace_start(page);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_STREQ(life(), "map");
	EXPECT_EQ(event_of(PAGE_MAP).mapped, 2);
	EXPECT(poke(USER, 2));
	EXPECT_STREQ(life(), "map unmap");
	mmput(child);
	EXPECT_STREQ(life(), "map unmap unmap free");
	EXPECT_EQ(event_of(PAGE_FREE).mapped, 0);
	page_trace_start(NULL);
	unmap_pages(mm, USER, 1);
	space_end(mm);
}

/* A page that a fault takes and gives back. */
TEST(page_trace, life_by_faults)
{
	struct mm_struct *mm = space_begin();
	struct page *page;

	REQUIRE(mm);
	map_pages(mm, USER, 1, RW, MAP_PRIVATE);
	EXPECT(poke(USER, 1));
	page = page_at(mm, USER);
	page_trace_start(page);
	unmap_pages(mm, USER, 1);
	map_pages(mm, USER, 1, RW, MAP_PRIVATE);
	EXPECT(poke(USER, 1));
	EXPECT(page_at(mm, USER) == page);
	unmap_pages(mm, USER, 1);
	EXPECT_STREQ(life(), "unmap free alloc map unmap free");
	page_trace_start(NULL);
	space_end(mm);
}

/* A page of a file: shown, written through the entry, written out, gone. */
TEST(page_trace, life_of_a_files_page)
{
	struct mm_struct *mm = space_begin();
	struct page *page;

	REQUIRE(mm);
	file_begin(PAGE_SIZE);
	REQUIRE(file_read(0));
	page = find_get_page(&file.mapping, 0);
	REQUIRE(page);
	page_trace_start(page);
	file_map(mm, USER, 1, RW, MAP_SHARED, 0);
	EXPECT(poke(USER, 1));
	EXPECT_STREQ(life(), "map");
	unmap_pages(mm, USER, 1);
	EXPECT_STREQ(life(), "map unmap dirty");
	EXPECT(event_of(PAGE_DIRTIED).flags >> PG_dirty & 1);
	EXPECT_EQ(filemap_write_and_wait(&file.mapping), 0);
	EXPECT_STREQ(life(), "map unmap dirty clean write written");
	EXPECT(event_of(PAGE_WRITE).flags >> PG_writeback & 1);
	file_truncate(0);
	put_page(page);
	EXPECT_STREQ(life(), "map unmap dirty clean write written remove "
		     "free");
	page_trace_start(NULL);
	file_end();
	space_end(mm);
}

/* --- in words --- */

TEST(page_trace, report)
{
	struct page *page = alloc_page(GFP_KERNEL);
	const char *text;
	char want[80];
	u32 i;

	REQUIRE(page);
	page_trace_start(page);
	record_start();
	report_page_trace();
	snprintf(want, sizeof(want), "frame 0x%x is traced: 0 events\n",
		 page_to_pfn(page));
	EXPECT_STREQ(record_stop(), want);
	page->flags |= 1U << PG_dirty | 1U << PG_uptodate;
	trace_page(page, PAGE_DIRTIED);
	record_start();
	report_page_trace();
	text = record_stop();
	EXPECT(strstr(text, " is traced: 1 event\n"));
	EXPECT(strstr(text, "  dirty         1 user, 0 entries; uptodate "
		      "dirty; test_page_trace_report+0x"));
	page->flags &= ~(1U << PG_dirty | 1U << PG_uptodate);
	for (i = 0; i < 9; i++)
		trace_page(page, PAGE_ROTATE);
	record_start();
	EXPECT_EQ(report_page_trace_from(1, 4), 10);
	text = record_stop();
	EXPECT(!strncmp(text, "  (5 more)\n", 11));
	EXPECT(strstr(text, "  goes next     1 user, 0 entries; none; "));
	page_trace_start(NULL);
	record_start();
	report_page_trace();
	EXPECT(strstr(record_stop(),
		      "no page is traced; 10 events of the last one\n"));
	/* another one, whose events are fewer than somebody had read */
	EXPECT_EQ(report_page_trace_from(10, 4), 10);
	page_trace_start(page);
	EXPECT_EQ(report_page_trace_from(10, 4), 0);
	page_trace_start(NULL);
	__free_page(page);
}
