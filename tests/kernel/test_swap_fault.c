/*
 * Pages that go to swap and come home, entry by entry: mm/reclaim.
 */
#include <kernel/base/printk.h>
#include <mm/page/vmstat.h>
#include "private_cache.h"
#include "swap_areas.h"

#define SLOTS 64U
#define PAGE(n) (USER + (n) * PAGE_SIZE)

struct scene {
	struct mm_struct *mm;
	struct test_area *area;
	struct swap_area *slots;
};

/* A space with so many pages, word 0 of each is its number and 100, and an
 * area. */
static bool begin(struct scene *s, u32 pages)
{
	u32 i;

	s->area = area_begin("test", SLOTS, TEST_PRIO);
	if (!s->area)
		return false;
	s->slots = area_of(s->area);
	s->mm = space_begin();
	if (!s->mm ||
	    !EXPECT(map_pages(s->mm, USER, pages, RW, MAP_FIXED) == USER))
		return false;
	for (i = 0; i < pages; i++)
		EXPECT(poke(PAGE(i), 100 + i));
	return true;
}

static void tell(const char *sentence)
{
	printk("%s\n", sentence);
	EXPECT(!"swap is not as it says");
}

static void end(struct scene *s)
{
	EXPECT_EQ(check_swap(tell), 0);
	space_end(s->mm);
	EXPECT_EQ(s->slots->inuse, 0);
	EXPECT_EQ(s->slots->cached, 0);
	area_end(s->area);
}

static u32 peek_in(struct mm_struct *mm, u32 addr)
{
	use_mm(mm);
	return peek(addr);
}

static bool poke_in(struct mm_struct *mm, u32 addr, u32 value)
{
	use_mm(mm);
	return poke(addr, value);
}

static swp_entry_t slot_at(struct scene *s, u32 n)
{
	return swap_entry_at(s->mm, PAGE(n));
}

/* --- there and back --- */

TEST(swap_fault, a_page_goes_and_comes)
{
	u32 ins = vm_event_sum(PSWPIN), outs = vm_event_sum(PSWPOUT);
	struct scene s;

	REQUIRE(begin(&s, 2));
	EXPECT(swap_out_page(s.mm, USER));
	EXPECT(s.mm->swap_entries == 1 && s.mm->anon_rss == 1);
	EXPECT(swap_count(slot_at(&s, 0)) == 1 && s.slots->inuse == 1);
	EXPECT(s.slots->cached == 0 && s.area->writes == 1);
	EXPECT_EQ(check_swap(tell), 0);
	EXPECT(peek(USER) == 100 && s.area->reads == 1);
	EXPECT(s.mm->swap_entries == 0 && s.mm->anon_rss == 2);
	/* it keeps its slot, and may be written */
	EXPECT(s.slots->inuse == 1 && s.slots->cached == 1);
	EXPECT(entry_at(s.mm, USER) & _PAGE_RW);
	EXPECT(!(entry_at(s.mm, USER) & _PAGE_DIRTY));
	EXPECT_EQ(vm_event_sum(PSWPIN) - ins, 1);
	EXPECT_EQ(vm_event_sum(PSWPOUT) - outs, 1);
	end(&s);
}

/* What was only read needs no second write; what was written does. */
TEST(swap_fault, a_clean_page_goes_without_a_write)
{
	struct scene s;

	REQUIRE(begin(&s, 1));
	EXPECT(swap_out_page(s.mm, USER) && peek(USER) == 100);
	EXPECT(swap_out_page(s.mm, USER) && s.area->writes == 1);
	EXPECT(peek(USER) == 100 && poke(USER, 7));
	EXPECT(swap_out_page(s.mm, USER) && s.area->writes == 2);
	EXPECT(peek(USER) == 7);
	/* a fault for writing: dirty at once */
	EXPECT(swap_out_page(s.mm, USER) && poke(USER, 8));
	EXPECT(entry_at(s.mm, USER) & _PAGE_DIRTY);
	EXPECT(swap_out_page(s.mm, USER) && peek(USER) == 8);
	end(&s);
}

/* Found in the cache before it ever was written. */
TEST(swap_fault, a_page_that_did_not_get_away)
{
	struct page *page;
	struct scene s;

	REQUIRE(begin(&s, 1));
	page = grab_page(s.mm, USER);
	EXPECT(swap_unmap(s.mm, USER) && is_swapped(s.mm, USER));
	EXPECT(PageDirty(page) && PageSwapCache(page));
	EXPECT(peek(USER) == 100 && page_at(s.mm, USER) == page);
	EXPECT(s.area->reads == 0 && s.area->writes == 0);
	put_user_page(page);
	end(&s);
}

/* A fault that was answered meanwhile by another thread. */
TEST(swap_fault, an_entry_that_has_changed)
{
	struct vm_area_struct *vma;
	struct page *page;
	struct scene s;
	pteval_t old;

	REQUIRE(begin(&s, 1));
	EXPECT(swap_out_page(s.mm, USER));
	old = entry_at(s.mm, USER);
	EXPECT(peek(USER) == 100);
	page = page_at(s.mm, USER);
	EXPECT(PageSwapCache(page));
	down_read(&s.mm->mmap_sem);
	vma = find_vma(s.mm, USER);
	EXPECT_EQ(swap_hooks.fault(vma, USER, old, 0), FAULT_MINOR);
	up_read(&s.mm->mmap_sem);
	EXPECT(page_mapcount(page) == 1 && s.mm->anon_rss == 1);
	EXPECT(s.mm->swap_entries == 0);
	end(&s);
}

/* --- shared --- */

/* Each entry counts; each comes home by itself, to the same page; the first
 * write copies. */
TEST(swap_fault, a_page_of_two_spaces)
{
	struct mm_struct *child;
	swp_entry_t entry;
	struct scene s;

	REQUIRE(begin(&s, 1));
	child = dup_mm(s.mm);
	REQUIRE(child);
	EXPECT(swap_out_page(s.mm, USER));
	entry = slot_at(&s, 0);
	EXPECT(swap_count(entry) == 2 && child->swap_entries == 1);
	EXPECT_EQ(check_swap(tell), 0);
	EXPECT(peek(USER) == 100 && swap_count(entry) == 1);
	EXPECT(!(entry_at(s.mm, USER) & _PAGE_RW));
	/* the other one still is in swap: so this is a copy */
	EXPECT(poke(USER, 5) && peek_in(child, USER) == 100);
	EXPECT(swap_count(entry) == 0 && s.area->reads == 1);
	EXPECT(poke(USER, 6) && peek_in(s.mm, USER) == 5);
	EXPECT(peek_in(child, USER) == 6);
	space_check(child);
	use_mm(s.mm);
	mmput(child);
	end(&s);
}

TEST(swap_fault, fork_copies_entries)
{
	struct mm_struct *child;
	swp_entry_t entry;
	struct scene s;

	REQUIRE(begin(&s, 3));
	EXPECT(swap_out_page(s.mm, PAGE(1)));
	entry = slot_at(&s, 1);
	child = dup_mm(s.mm);
	REQUIRE(child);
	EXPECT(swap_count(entry) == 2 && child->swap_entries == 1);
	EXPECT_EQ(check_swap(tell), 0);
	/* written by a fault for writing */
	EXPECT(poke_in(child, PAGE(1), 9) && swap_count(entry) == 1);
	EXPECT(peek_in(s.mm, PAGE(1)) == 101);
	EXPECT(peek_in(child, PAGE(1)) == 9);
	use_mm(s.mm);
	mmput(child);
	end(&s);
}

/* The child goes; what is left alone is written without a copy. */
TEST(swap_fault, alone_again)
{
	struct mm_struct *child;
	struct page *page;
	struct scene s;

	REQUIRE(begin(&s, 1));
	child = dup_mm(s.mm);
	REQUIRE(child);
	EXPECT(swap_out_page(s.mm, USER) && peek(USER) == 100);
	page = page_at(s.mm, USER);
	EXPECT(!(entry_at(s.mm, USER) & _PAGE_RW));
	mmput(child);
	EXPECT(poke(USER, 3) && page_at(s.mm, USER) == page);
	EXPECT(swap_out_page(s.mm, USER) && peek(USER) == 3);
	end(&s);
}

/* Forks of forks, what is away read and written by all of them, and all end, in
 * another order: no slot has a count. */
TEST(swap_fault, nothing_is_left_of_forks)
{
	struct mm_struct *mm[4];
	struct scene s;
	u32 i, n, left = 0;

	REQUIRE(begin(&s, 12));
	mm[0] = s.mm;
	for (n = 1; n < ARRAY_SIZE(mm); n++) {
		use_mm(mm[(n - 1) / 2]);
		for (i = n; i < 12; i += 2)
			swap_out_page(mm[(n - 1) / 2], PAGE(i));
		mm[n] = dup_mm(mm[(n - 1) / 2]);
		REQUIRE(mm[n]);
	}
	for (n = 0; n < ARRAY_SIZE(mm); n++) {
		EXPECT(peek_in(mm[n], PAGE(3 + n)) == 103 + n);
		EXPECT(poke_in(mm[n], PAGE(4 + n), n));
		swap_out_page(mm[n], PAGE(4 + n));
	}
	EXPECT(s.slots->inuse >= 12);
	EXPECT_EQ(check_swap(tell), 0);
	use_mm(mm[0]);
	mmput(mm[2]);
	mmput(mm[1]);
	mmput(mm[3]);
	EXPECT_EQ(unmap_pages(s.mm, USER, 12), 0);
	for (i = 1; i < SLOTS; i++)
		left += swap_slot_count(s.slots, i);
	EXPECT(left == 0 && s.slots->inuse == 0 && s.slots->cached == 0);
	end(&s);
}

TEST(swap_fault, unmapping_frees_slots)
{
	struct scene s;
	u32 i;

	REQUIRE(begin(&s, 8));
	for (i = 0; i < 8; i++)
		EXPECT(swap_out_page(s.mm, PAGE(i)));
	EXPECT(s.slots->inuse == 8 && peek(PAGE(7)) == 107);
	/* those that are only in swap, that which is home again, and those
	 * that were read ahead with it */
	EXPECT_EQ(unmap_pages(s.mm, USER, 8), 0);
	EXPECT(s.slots->inuse == 0 && s.slots->cached == 0);
	end(&s);
}

/* --- reading ahead --- */

TEST(swap_fault, in_a_row_more_and_more_is_read)
{
	struct scene s;
	u32 i, majors;

	REQUIRE(begin(&s, 48));
	for (i = 0; i < 48; i++)
		EXPECT(swap_out_page(s.mm, PAGE(i)));
	majors = s.mm->maj_faults;
	for (i = 0; i < 48; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	EXPECT_EQ(s.area->reads, 48);
	EXPECT(s.mm->maj_faults - majors <= 12);
	end(&s);
}

TEST(swap_fault, at_random_one_is_read)
{
	struct scene s;
	u32 i;

	REQUIRE(begin(&s, 48));
	for (i = 0; i < 48; i++)
		EXPECT(swap_out_page(s.mm, PAGE(i)));
	/* never a neighbour */
	for (i = 0; i < 12; i++)
		EXPECT_EQ(peek(PAGE(i * 29 % 48)), 100 + i * 29 % 48);
	EXPECT(s.area->reads <= 13);
	end(&s);
}

/* --- scarce slots --- */

TEST(swap_fault, half_full_slots_go_back)
{
	struct scene s;
	u32 i;

	REQUIRE(begin(&s, 40));
	for (i = 0; i < 40; i++)
		EXPECT(swap_out_page(s.mm, PAGE(i)));
	if (nr_swap_pages() > total_swap_pages() / 2)
		test_skip("there is other swap, which is free");
	else
		EXPECT(vm_swap_full());
	for (i = 0; i < 40; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	EXPECT(s.slots->inuse <= SLOTS / 2);
	for (i = 0; i < 40; i++) {
		const struct page *page = page_at(s.mm, PAGE(i));

		EXPECT(PageSwapCache(page) || PageDirty(page));
	}
	/* a page whose slot went is dirty, and goes again with all it has */
	EXPECT(swap_out_page(s.mm, USER) && peek(USER) == 100);
	end(&s);
}

TEST(swap_fault, a_full_area_gives_no_slots)
{
	struct scene s;
	struct page *page;
	u32 i;

	REQUIRE(begin(&s, SLOTS));
	if (total_swap_pages() > SLOTS) {
		test_skip("there is other swap");
		end(&s);
		return;
	}
	for (i = 0; i < SLOTS - 1; i++)
		EXPECT(swap_out_page(s.mm, PAGE(i)));
	EXPECT_EQ(nr_swap_pages(), 0);
	page = grab_page(s.mm, PAGE(SLOTS - 1));
	lock_page(page);
	EXPECT(!add_to_swap(page) && !PageSwapCache(page));
	EXPECT_EQ(page_count(page), 2);
	unlock_page(page);
	put_user_page(page);
	for (i = 0; i < SLOTS; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	end(&s);
}

/* --- errors --- */

TEST(swap_fault, a_write_that_fails)
{
	struct page *page;
	swp_entry_t entry;
	struct scene s;
	u32 usable;

	REQUIRE(begin(&s, 2));
	usable = s.slots->usable;
	page = grab_page(s.mm, USER);
	EXPECT(swap_unmap(s.mm, USER));
	entry = slot_at(&s, 0);
	s.area->no_write = swp_offset(entry);
	test_allow_warnings(1);
	EXPECT(swap_write(page));
	EXPECT(PageDirty(page) && PageSwapCache(page) && !swap_drop(page));
	EXPECT(s.slots->usable == usable - 1 && s.slots->inuse == 0);
	EXPECT_EQ(check_swap(tell), 0);
	/* not again, and no second sentence */
	EXPECT(!swap_write(page) && PageDirty(page));
	EXPECT_EQ(s.area->writes, 1);
	put_user_page(page);
	/* home: the slot is nobody's from now on */
	EXPECT(peek(USER) == 100 && page_at(s.mm, USER) == page);
	EXPECT(!PageSwapCache(page) && PageDirty(page));
	EXPECT(swap_slot_is_bad(s.slots, swp_offset(entry)));
	/* and it goes elsewhere */
	EXPECT(swap_out_page(s.mm, USER));
	EXPECT(slot_at(&s, 0).val != entry.val && peek(USER) == 100);
	end(&s);
}

TEST(swap_fault, a_read_that_fails)
{
	struct scene s;

	REQUIRE(begin(&s, 2));
	EXPECT(swap_out_page(s.mm, USER));
	s.area->no_read = swp_offset(slot_at(&s, 0));
	test_allow_warnings(1);
	EXPECT_EQ(mm_fault(s.mm, USER, 0, 0), FAULT_SWAP);
	EXPECT(is_swapped(s.mm, USER) && s.area->reads == 2);
	space_check(s.mm);
	/* others are not touched, and it may be possible later */
	EXPECT(peek(PAGE(1)) == 101);
	s.area->no_read = 0;
	EXPECT(peek(USER) == 100);
	end(&s);
}

/* What nobody needs may fail. */
TEST(swap_fault, reading_ahead_may_fail)
{
	struct scene s;
	u32 i;

	REQUIRE(begin(&s, 16));
	for (i = 0; i < 16; i++)
		EXPECT(swap_out_page(s.mm, PAGE(i)));
	s.area->no_read = swp_offset(slot_at(&s, 9));
	for (i = 0; i < 16; i++)
		if (i != 9)
			EXPECT_EQ(peek(PAGE(i)), 100 + i);
	s.area->no_read = 0;
	EXPECT_EQ(peek(PAGE(9)), 109);
	end(&s);
}

/* --- a write under way --- */

TEST(swap_fault, written_while_it_is_written)
{
	struct page *page;
	struct scene s;

	REQUIRE(begin(&s, 1));
	page = grab_page(s.mm, USER);
	EXPECT(swap_unmap(s.mm, USER));
	s.area->hold = true;
	lock_page(page);
	EXPECT(clear_page_dirty_for_io(page) && !swap_writepage(page));
	EXPECT(PageWriteback(page) && s.area->held == page);
	/* it is found, and changed behind the write's back */
	EXPECT(peek(USER) == 100 && poke(USER, 55));
	s.area->hold = false;
	area_release(s.area, 0);
	EXPECT(!PageWriteback(page));
	put_user_page(page);
	EXPECT(swap_out_page(s.mm, USER) && s.area->writes == 2);
	EXPECT_EQ(peek(USER), 55);
	end(&s);
}

/* The entry goes while its page is being written. */
TEST(swap_fault, unmapped_while_it_is_written)
{
	struct page *page;
	struct scene s;

	REQUIRE(begin(&s, 1));
	page = grab_page(s.mm, USER);
	EXPECT(swap_unmap(s.mm, USER));
	s.area->hold = true;
	lock_page(page);
	EXPECT(clear_page_dirty_for_io(page) && !swap_writepage(page));
	EXPECT_EQ(unmap_pages(s.mm, USER, 1), 0);
	EXPECT(PageSwapCache(page) && s.slots->inuse == 1);
	s.area->hold = false;
	area_release(s.area, 0);
	EXPECT(swap_drop(page));
	put_user_page(page);
	end(&s);
}

/* --- against a shadow --- */

#define RANDOM_PAGES 40U

static bool random_step(struct scene *s, u32 *shadow, u32 *seed)
{
	u32 n = next_random(seed) % RANDOM_PAGES;

	switch (next_random(seed) % 4) {
	case 0:
		shadow[n] = next_random(seed);
		return EXPECT(poke(PAGE(n), shadow[n]));
	case 1:
		return EXPECT_EQ(peek(PAGE(n)), shadow[n]);
	case 2:
		swap_unmap(s->mm, PAGE(n));
		return true;
	}
	swap_out_page(s->mm, PAGE(n));
	return true;
}

TEST(swap_fault, random_against_a_shadow)
{
	u32 shadow[RANDOM_PAGES], i, seed = 1;
	struct scene s;

	REQUIRE(begin(&s, RANDOM_PAGES));
	for (i = 0; i < RANDOM_PAGES; i++)
		shadow[i] = 100 + i;
	for (i = 0; i < test_rounds(3000); i++)
		if (!random_step(&s, shadow, &seed))
			break;
	for (i = 0; i < RANDOM_PAGES; i++)
		EXPECT_EQ(peek(PAGE(i)), shadow[i]);
	end(&s);
}
