/*
 * What becomes of private memory, and of pages of files that spaces show: by a
 * swap area of the tests'.
 */
#include <mm/page/vmstat.h>
#include "memory_swap.h"
#include "private_file.h"
#include "reclaim_pages.h"
#include "user_space.h"

#define SLOTS 64U
#define PAGE(n) (USER + (n) * PAGE_SIZE)

/* A space with so many pages; word 0 of each is its number and 100. */
static struct mm_struct *begin(u32 pages)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	if (!mm || !memory_swap_on(SLOTS) ||
	    !EXPECT(map_pages(mm, USER, pages, RW, MAP_FIXED) == USER))
		return NULL;
	for (i = 0; i < pages; i++)
		EXPECT(poke(PAGE(i), 100 + i));
	return mm;
}

static void end(struct mm_struct *mm)
{
	space_end(mm);
	memory_swap_off();
}

/* As if it had not been used since: then looked at. True: it went. */
static bool shrink_unused(struct page *page, struct scan_control *sc)
{
	lock_page(page);
	page_referenced(page);
	unlock_page(page);
	return shrink_this(page, sc);
}

static bool is_out(struct mm_struct *mm, u32 addr)
{
	pteval_t entry = entry_at(mm, addr);

	return entry && !(entry & (_PAGE_PRESENT | PTE_PROTNONE));
}

TEST(pageout_anon, goes_and_comes_back)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(2);

	REQUIRE(mm);
	EXPECT(PageActive(page_at(mm, USER)));
	EXPECT(shrink_unused(page_at(mm, USER), &sc));
	EXPECT(is_out(mm, USER) && !is_out(mm, PAGE(1)));
	EXPECT_EQ(memory_swap.writes, 1);
	EXPECT(mm->anon_rss == 1 && mm->swap_entries == 1);
	space_check(mm);
	EXPECT_EQ(peek(USER), 100);
	EXPECT_EQ(memory_swap.reads, 1);
	EXPECT(mm->anon_rss == 2 && mm->swap_entries == 0);
	/* not changed since: the slot still has it */
	EXPECT(shrink_unused(page_at(mm, USER), &sc));
	EXPECT_EQ(memory_swap.writes, 1);
	EXPECT_EQ(peek(USER), 100);
	/* and now it is */
	EXPECT(poke(USER, 7));
	EXPECT(shrink_unused(page_at(mm, USER), &sc));
	EXPECT_EQ(memory_swap.writes, 2);
	EXPECT_EQ(peek(USER), 7);
	end(mm);
}

TEST(pageout_anon, used_pages_become_active)
{
	u32 activated = vm_event_sum(PGACTIVATE);
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(1);
	struct page *page;

	REQUIRE(mm);
	page = page_at(mm, USER);
	lock_page(page);
	page_referenced(page);
	unlock_page(page);
	EXPECT_EQ(peek(USER), 100);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageActive(page) && !PageSwapCache(page));
	EXPECT_EQ(vm_event_sum(PGACTIVATE), activated + 1);
	EXPECT(shrink_unused(page, &sc));
	end(mm);
}

/* Both spaces lose their entry, and find the same bytes. */
TEST(pageout_anon, shared_by_fork)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(2), *child;

	REQUIRE(mm);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(shrink_unused(page_at(mm, USER), &sc));
	EXPECT(is_out(mm, USER) && is_out(child, USER));
	EXPECT_EQ(swap_count(pte_to_swp_entry(entry_at(mm, USER))), 2);
	EXPECT_EQ(memory_swap.writes, 1);
	EXPECT(poke(USER, 8));
	use_mm(child);
	EXPECT_EQ(peek(USER), 100);
	EXPECT(peek(PAGE(1)) == 101 && poke(PAGE(1), 9));
	space_check(child);
	use_mm(mm);
	EXPECT(peek(USER) == 8 && peek(PAGE(1)) == 101);
	mmput(child);
	end(mm);
}

TEST(pageout_anon, locked_memory_never_goes)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(2);
	struct page *page;
	u32 i, free;

	REQUIRE(mm);
	free = nr_swap_pages();
	mm->limit.memlock = RLIM_INFINITY;
	EXPECT_EQ(do_mlock(mm, USER, PAGE_SIZE, true), 0);
	page = page_at(mm, USER);
	for (i = 0; i < 3; i++) {
		EXPECT(!shrink_unused(page, &sc));
		EXPECT(PageActive(page) && page_at(mm, USER) == page);
		EXPECT(!PageSwapCache(page));
		EXPECT_EQ(nr_swap_pages(), free);
	}
	EXPECT_EQ(memory_swap.writes, 0);
	EXPECT_EQ(do_mlock(mm, USER, PAGE_SIZE, false), 0);
	EXPECT(shrink_unused(page, &sc));
	EXPECT_EQ(peek(USER), 100);
	end(mm);
}

TEST(pageout_anon, without_a_slot)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(1);
	struct page *page;

	REQUIRE(mm);
	page = page_at(mm, USER);
	/* nobody may begin to write */
	sc.gfp = GFP_NOIO;
	EXPECT(!shrink_unused(page, &sc) && !PageSwapCache(page));
	sc.gfp = GFP_NOFS;
	sc.may_swap = false;
	EXPECT(!shrink_unused(page, &sc) && !PageSwapCache(page));
	EXPECT(PageActive(page));
	sc.may_swap = true;
	EXPECT(shrink_unused(page, &sc));
	end(mm);
}

TEST(pageout_anon, write_that_takes_time)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(2);
	struct page *page;

	REQUIRE(mm);
	page = page_at(mm, USER);
	memory_swap.hold = true;
	EXPECT(!shrink_unused(page, &sc));
	EXPECT(memory_swap.held == page && PageWriteback(page));
	EXPECT(is_out(mm, USER) && sc.nr_writeback == 1);
	/* it is wanted again before it has gone, and changed */
	EXPECT(poke(USER, 5));
	EXPECT(page_at(mm, USER) == page || peek(USER) == 5);
	memory_swap_end_write(0);
	EXPECT_EQ(memory_swap.reads, 0);
	EXPECT(shrink_unused(page_at(mm, USER), &sc));
	EXPECT_EQ(peek(USER), 5);
	/* and one that nobody wants */
	page = page_at(mm, PAGE(1));
	memory_swap.hold = true;
	EXPECT(!shrink_unused(page, &sc));
	memory_swap_end_write(0);
	EXPECT_EQ(shrink_this(page, &sc), 1);
	EXPECT_EQ(peek(PAGE(1)), 101);
	end(mm);
}

/* The only copy stays in memory. */
TEST(pageout_anon, write_that_fails)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(1);
	struct page *page;

	REQUIRE(mm);
	test_allow_warnings(1);
	page = page_at(mm, USER);
	memory_swap.hold = true;
	EXPECT(!shrink_unused(page, &sc));
	memory_swap_end_write(-EIO);
	EXPECT(PageDirty(page) && PageSwapCache(page));
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT_EQ(memory_swap.writes, 1);
	EXPECT_EQ(peek(USER), 100);
	EXPECT(page_at(mm, USER) == page);
	/* it has lost the bad slot, and goes to another */
	EXPECT(shrink_unused(page, &sc));
	EXPECT_EQ(memory_swap.writes, 2);
	EXPECT_EQ(peek(USER), 100);
	end(mm);
}

/* Its space goes while the page is off the lists. */
TEST(pageout_anon, space_goes_meanwhile)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = begin(1);
	struct page *page;
	LIST_HEAD(list);

	REQUIRE(mm);
	page = page_at(mm, USER);
	get_page(page);
	lru_del_page(page);
	list_add_tail(&page->lru, &list);
	end(mm);
	EXPECT(page_count(page) == 1 && page_mapcount(page) == 0);
	EXPECT_EQ(shrink_page_list(&list, &sc), 1);
	EXPECT(list_empty(&list) && page_count(page) == 0);
}

/* --- files that spaces show --- */

/* Only the entry knows of the write: PG_dirty is asked behind it. */
TEST(pageout_anon, file_page_dirty_by_the_cpu_only)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = space_begin();

	REQUIRE(mm);
	file_begin(4 * PAGE_SIZE);
	EXPECT_EQ(file_map(mm, USER, 4, RW, MAP_SHARED, 0), USER);
	EXPECT(peek(PAGE(1)) == FILE_WORD(1) && poke(USER, 77));
	EXPECT(!file_is_dirty(0));
	EXPECT(shrink_unused(page_at(mm, USER), &sc));
	EXPECT(entry_at(mm, USER) == 0 && !file_has(0));
	EXPECT_EQ(file.writes, 1);
	/* one that was only read is not written */
	EXPECT(shrink_unused(page_at(mm, PAGE(1)), &sc));
	EXPECT(entry_at(mm, PAGE(1)) == 0 && file.writes == 1);
	EXPECT_EQ(peek(PAGE(1)), FILE_WORD(1));
	space_end(mm);
	file_end();
}

/* It was read just now, and is shown: worth keeping. */
TEST(pageout_anon, file_page_in_use)
{
	struct scan_control sc = scan_all();
	struct mm_struct *mm = space_begin();
	struct page *page;

	REQUIRE(mm);
	file_begin(4 * PAGE_SIZE);
	EXPECT_EQ(file_map(mm, USER, 4, RW, MAP_SHARED, 0), USER);
	EXPECT_EQ(peek(USER), FILE_WORD(0));
	page = page_at(mm, USER);
	EXPECT_EQ(shrink_this(page, &sc), 0);
	EXPECT(PageActive(page) && page_mapcount(page) == 1);
	/* locked memory of a file stays as well */
	mm->limit.memlock = RLIM_INFINITY;
	EXPECT_EQ(do_mlock(mm, USER, PAGE_SIZE, true), 0);
	EXPECT(!shrink_unused(page, &sc) && PageActive(page));
	EXPECT_EQ(do_mlock(mm, USER, PAGE_SIZE, false), 0);
	EXPECT(shrink_unused(page, &sc));
	space_end(mm);
	file_end();
}
