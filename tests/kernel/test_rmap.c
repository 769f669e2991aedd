/*
 * From a page to its entries, and away with them: mm/space/rmap_unmap.c.
 */
#include <kernel/base/printk.h>
#include <mm/report/maps.h>
#include <mm/space/internal.h>
#include "fake_swap.h"
#include "private_file.h"
#include "threads.h"

#define PAGE(n) (USER + (n) * PAGE_SIZE)

/* A space with so many pages of private memory, word 0 of each is its number
 * and 100. */
static struct mm_struct *begin(u32 pages)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	fake_swap_begin();
	if (!mm || !EXPECT(map_pages(mm, USER, pages, RW, MAP_FIXED) == USER))
		return NULL;
	for (i = 0; i < pages; i++) {
		EXPECT(poke(PAGE(i), 100 + i));
		/* new pages begin as used ones */
		ClearPageReferenced(page_at(mm, PAGE(i)));
	}
	return mm;
}

static void end(struct mm_struct *mm)
{
	space_end(mm);
	fake_swap_end();
}

static u32 peek_in(struct mm_struct *mm, u32 addr)
{
	use_mm(mm);
	return peek(addr);
}

/* --- was it used --- */

TEST(rmap, a_use_is_seen_once)
{
	struct mm_struct *mm = begin(1), *child;
	struct page *page;

	REQUIRE(mm);
	page = get_page_at(mm, USER);
	EXPECT_EQ(referenced(page), 1);
	EXPECT(!(entry_at(mm, USER) & _PAGE_ACCESSED));
	EXPECT_EQ(referenced(page), 0);
	/* by the CPU, which had the entry in its TLB */
	EXPECT(peek(USER) == 100 && peek(USER) == 100);
	EXPECT_EQ(referenced(page), 1);
	SetPageReferenced(page);
	EXPECT_EQ(referenced(page), 1);
	EXPECT(!PageReferenced(page) && referenced(page) == 0);
	/* each entry by itself */
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(referenced(page), 0);
	EXPECT(peek(USER) == 100 && peek_in(child, USER) == 100);
	EXPECT(referenced(page) == 2 && referenced(page) == 0);
	EXPECT(peek(USER) == 100 && referenced(page) == 1);
	use_mm(mm);
	mmput(child);
	put_user_page(page);
	end(mm);
}

/* --- away --- */

TEST(rmap, private_memory_goes_and_comes)
{
	struct mm_struct *mm = begin(2);
	struct fake_slot *slot;
	struct page *page;

	REQUIRE(mm);
	page = get_page_at(mm, USER);
	/* it has no slot; then it was used just now */
	EXPECT(referenced(page) == 1 && unmap_page(page) == UNMAP_AGAIN);
	EXPECT(add_page(page) && peek(USER) == 100);
	EXPECT_EQ(unmap_page(page), UNMAP_AGAIN);
	EXPECT(page_at(mm, USER) == page && mm->swap_entries == 0);
	EXPECT(!PageDirty(page));
	EXPECT_EQ(unmap_page(page), UNMAP_SUCCESS);
	slot = slot_of_page(page);
	EXPECT(slot_of(entry_at(mm, USER)) == slot && slot->count == 1);
	EXPECT(mm->anon_rss == 1 && mm->swap_entries == 1);
	EXPECT(page_mapcount(page) == 0 && page_count(page) == 2);
	/* what the CPU had noted */
	EXPECT(PageDirty(page));
	space_check(mm);
	put_user_page(page);
	EXPECT(write_out(slot));
	EXPECT(fake_swap.outs == 1 && !slot->page);
	EXPECT(peek(USER) == 100 && peek(PAGE(1)) == 101);
	EXPECT(mm->anon_rss == 2 && mm->swap_entries == 0 && !slot->count);
	space_check(mm);
	end(mm);
}

/* Written, and nobody shows it: back it comes by a read of the slot. */
static void expect_away(struct mm_struct *mm, u32 addr, u32 count)
{
	struct fake_slot *slot = slot_of(entry_at(mm, addr));

	EXPECT(slot && slot->count == count);
}

/* Three copies of copies: four entries, and as many of the slot. Who writes
 * first copies, the last one has it for itself. */
TEST(rmap, forked_three_times)
{
	struct mm_struct *mm[4];
	struct page *page;
	u32 i;

	mm[0] = begin(1);
	REQUIRE(mm[0]);
	for (i = 1; i < 4; i++) {
		mm[i] = dup_mm(mm[i - 1]);
		REQUIRE(mm[i]);
	}
	page = get_page_at(mm[0], USER);
	EXPECT(page_mapcount(page) == 4 && referenced(page) == 1);
	EXPECT(add_page(page) && unmap_page(page) == UNMAP_SUCCESS);
	EXPECT(page_count(page) == 2 && PageDirty(page));
	for (i = 0; i < 4; i++) {
		expect_away(mm[i], USER, 4);
		space_check(mm[i]);
	}
	/* two from the cache: shared, so neither may write to it */
	EXPECT(peek_in(mm[0], USER) == 100 && peek_in(mm[1], USER) == 100);
	EXPECT(page_at(mm[0], USER) == page && page_at(mm[1], USER) == page);
	EXPECT(!(entry_at(mm[0], USER) & _PAGE_RW));
	EXPECT(slot_of_page(page)->count == 2 && page_mapcount(page) == 2);
	put_user_page(page);
	EXPECT(poke(USER, 1) && page_at(mm[1], USER) != page);
	/* one entry, one slot for two others: still a copy */
	use_mm(mm[0]);
	EXPECT(poke(USER, 2) && page_at(mm[0], USER) != page);
	EXPECT(page_mapcount(page) == 0 && slot_of_page(page)->count == 2);
	EXPECT(write_out(slot_of_page(page)));
	/* read; and what nobody else says is written without a copy */
	EXPECT(peek_in(mm[2], USER) == 100 && fake_swap.ins == 1);
	page = page_at(mm[2], USER);
	EXPECT_EQ(peek_in(mm[3], USER), 100);
	EXPECT(page_at(mm[3], USER) == page && page_mapcount(page) == 2);
	unuse_mm();
	mmput(mm[2]);
	use_mm(mm[3]);
	EXPECT(poke(USER, 3) && page_at(mm[3], USER) == page);
	EXPECT(PageSwapCache(page) && slot_of_page(page)->count == 0);
	EXPECT(peek_in(mm[0], USER) == 2 && peek_in(mm[1], USER) == 1);
	EXPECT_EQ(peek_in(mm[3], USER), 3);
	unuse_mm();
	for (i = 0; i < 4; i++)
		if (i != 2) {
			space_check(mm[i]);
			mmput(mm[i]);
		}
	fake_swap_end();
}

/* In the cache, and written to: whose is it? */
TEST(rmap, the_cache_is_no_second_owner)
{
	struct mm_struct *mm = begin(1), *child;
	struct page *page;

	REQUIRE(mm);
	page = get_page_at(mm, USER);
	EXPECT(add_page(page));
	child = dup_mm(mm);
	REQUIRE(child);
	mmput(child);
	/* somebody else has a use of it: a copy, and the page is left */
	EXPECT(!(entry_at(mm, USER) & _PAGE_RW) && poke(USER, 1));
	EXPECT(page_at(mm, USER) != page && page_count(page) == 2);
	put_user_page(page);
	EXPECT(page_mapcount(page) == 0 && PageSwapCache(page));
	page = get_page_at(mm, USER);
	EXPECT(add_page(page));
	put_user_page(page);
	child = dup_mm(mm);
	REQUIRE(child);
	mmput(child);
	EXPECT(poke(USER, 2) && page_at(mm, USER) == page);
	EXPECT(entry_at(mm, USER) & _PAGE_RW && PageSwapCache(page));
	/* with the space it goes from the cache, too */
	EXPECT_EQ(unmap_pages(mm, USER, 1), 0);
	EXPECT(!PageSwapCache(page) && page_count(page) == 0);
	end(mm);
}

TEST(rmap, locked_memory_and_windows_stay)
{
	struct mm_struct *mm = begin(2), *child;
	struct page *page;

	REQUIRE(mm);
	EXPECT_EQ(do_mlock(mm, USER, PAGE_SIZE, true), 0);
	child = dup_mm(mm);
	REQUIRE(child);
	page = get_page_at(mm, USER);
	EXPECT(add_page(page) && referenced(page) == 1);
	EXPECT_EQ(unmap_page(page), UNMAP_FAIL);
	EXPECT(page_at(mm, USER) == page && page_mapcount(page) >= 1);
	mmput(child);
	EXPECT_EQ(unmap_page(page), UNMAP_FAIL);
	EXPECT_EQ(do_mlock(mm, USER, PAGE_SIZE, false), 0);
	EXPECT_EQ(unmap_page(page), UNMAP_SUCCESS);
	put_user_page(page);
	/* as a driver's */
	page = get_page_at(mm, PAGE(1));
	mm->mmap->vm_flags |= VM_IO;
	EXPECT(add_page(page) && referenced(page) == 1);
	EXPECT_EQ(unmap_page(page), UNMAP_FAIL);
	mm->mmap->vm_flags &= ~VM_IO;
	/* mlock() brings in what is away */
	EXPECT(mm->swap_entries == 1 && !do_mlock(mm, USER, PAGE_SIZE, true));
	EXPECT(mm->swap_entries == 0 && peek(USER) == 100);
	put_user_page(page);
	end(mm);
}

/* --- areas that change --- */

TEST(rmap, moved_by_mremap)
{
	struct mm_struct *mm = begin(4);
	u32 i, far = USER + 0x10000000 - PAGE_SIZE;

	REQUIRE(mm);
	EXPECT(swap_out(mm, PAGE(1)) && swap_out(mm, PAGE(2)));
	EXPECT_EQ(move_pages(mm, PAGE(0), 4, 4, MREMAP_MAYMOVE | MREMAP_FIXED,
			     far), far);
	expect_away(mm, far + PAGE_SIZE, 1);
	EXPECT(mm->swap_entries == 2 && mm->anon_rss == 2);
	space_check(mm);
	/* where it is now */
	EXPECT(swap_out(mm, far) && swap_out(mm, far + 3 * PAGE_SIZE));
	EXPECT_EQ(mm->anon_rss, 0);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(peek(far + i * PAGE_SIZE), 100 + i);
	EXPECT(fake_swap.ins == 4 && mm->swap_entries == 0);
	end(mm);
}

TEST(rmap, split_areas_and_other_rights)
{
	struct mm_struct *mm = begin(6);
	u32 i;

	REQUIRE(mm);
	EXPECT(swap_out(mm, PAGE(1)) && swap_out(mm, PAGE(2)));
	/* entries of slots stay; one that nobody may touch goes, too */
	EXPECT_EQ(protect_pages(mm, PAGE(2), 2, PROT_NONE), 0);
	EXPECT_EQ(mm->map_count, 3);
	EXPECT(swap_out(mm, PAGE(3)) && swap_out(mm, PAGE(4)));
	expect_away(mm, PAGE(2), 1);
	expect_away(mm, PAGE(3), 1);
	space_check(mm);
	EXPECT(peek(PAGE(2)) == 0 && mm->swap_entries == 4);
	EXPECT_EQ(protect_pages(mm, PAGE(2), 2, RW), 0);
	EXPECT_EQ(mm->map_count, 1);
	for (i = 0; i < 6; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	EXPECT_EQ(mm->swap_entries, 0);
	end(mm);
}

/* A stack that grows has other borders. */
TEST(rmap, a_stack_that_grew)
{
	struct mm_struct *mm = begin(1);
	u32 top = USER + 0x1000000;

	REQUIRE(mm && map_pages(mm, top - PAGE_SIZE, 1, RW, MAP_FIXED |
				MAP_GROWSDOWN) == top - PAGE_SIZE);
	EXPECT(poke(top - PAGE_SIZE, 1) && swap_out(mm, top - PAGE_SIZE));
	EXPECT(poke(top - 3 * PAGE_SIZE, 3) && peek(top - PAGE_SIZE) == 1);
	EXPECT(swap_out(mm, top - 3 * PAGE_SIZE));
	EXPECT(swap_out(mm, top - PAGE_SIZE));
	EXPECT(peek(top - PAGE_SIZE) == 1 && peek(top - 3 * PAGE_SIZE) == 3);
	end(mm);
}

/* --- slots are counted --- */

TEST(rmap, fork_copies_what_is_away)
{
	struct mm_struct *mm = begin(3), *child, *none;

	REQUIRE(mm);
	EXPECT(swap_out(mm, PAGE(0)) && swap_out(mm, PAGE(2)));
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(child->swap_entries == 2 && child->anon_rss == 1);
	expect_away(mm, PAGE(0), 2);
	expect_away(child, PAGE(2), 2);
	/* full: no copy, and nothing else */
	fake_swap.most = 2;
	none = dup_mm(mm);
	EXPECT(!none);
	expect_away(mm, PAGE(0), 2);
	expect_away(mm, PAGE(2), 2);
	EXPECT_EQ(page_mapcount(page_at(mm, PAGE(1))), 2);
	space_check(mm);
	EXPECT(poke(PAGE(0), 1) && peek_in(child, PAGE(0)) == 100);
	EXPECT(peek(PAGE(1)) == 101 && peek(PAGE(2)) == 102);
	use_mm(mm);
	space_check(child);
	mmput(child);
	EXPECT(peek(PAGE(0)) == 1 && peek(PAGE(2)) == 102);
	end(mm);
}

/* A slot that is full already keeps the entry. */
TEST(rmap, a_full_slot_takes_no_entry)
{
	struct mm_struct *mm = begin(1), *child;
	struct page *page;

	REQUIRE(mm);
	child = dup_mm(mm);
	REQUIRE(child);
	page = get_page_at(mm, USER);
	fake_swap.most = 1;
	EXPECT(add_page(page) && referenced(page) == 1);
	EXPECT_EQ(unmap_page(page), UNMAP_AGAIN);
	EXPECT(page_mapcount(page) == 1 && slot_of_page(page)->count == 1);
	EXPECT_EQ(mm->swap_entries + child->swap_entries, 1);
	EXPECT(peek(USER) == 100 && peek_in(child, USER) == 100);
	use_mm(mm);
	mmput(child);
	put_user_page(page);
	end(mm);
}

TEST(rmap, what_is_away_goes_with_its_area)
{
	struct mm_struct *mm = begin(5), *child;
	u8 there[5];
	u32 i;

	REQUIRE(mm);
	for (i = 0; i < 4; i++)
		EXPECT(swap_out(mm, PAGE(i)));
	EXPECT_EQ(mincore_pages(mm, USER, 5, there), 5);
	for (i = 0; i < 5; i++)
		EXPECT_EQ(there[i], i == 4);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(do_madvise(mm, PAGE(0), PAGE_SIZE, MADV_DONTNEED), 0);
	EXPECT_EQ(unmap_pages(mm, PAGE(1), 1), 0);
	EXPECT(mm->swap_entries == 2 && peek(PAGE(0)) == 0);
	expect_away(child, PAGE(0), 1);
	expect_away(child, PAGE(1), 1);
	expect_away(child, PAGE(2), 2);
	space_check(mm);
	space_check(child);
	mmput(child);
	expect_away(mm, PAGE(2), 1);
	EXPECT(peek(PAGE(2)) == 102);
	/* the rest with the space */
	EXPECT_EQ(mm->swap_entries, 1);
	end(mm);
}

/* --- what the CPU noted --- */

static struct mm_struct *touched;

/* Between the look at the accessed bit and the taking of the entry: another CPU
 * writes, by an entry that its TLB has. */
static bool written_meanwhile(pteval_t entry)
{
	pt_set_bits(pt_find(&touched->pgd, USER),
		    (u32)(_PAGE_ACCESSED | _PAGE_DIRTY));
	return slot_of(entry)->count++ == 0;
}

TEST(rmap, a_write_at_the_last_moment)
{
	bool (*copy)(pteval_t entry);
	struct mm_struct *mm = begin(1);
	struct page *page;

	REQUIRE(mm);
	copy = swap_hooks.copy;
	page = get_page_at(mm, USER);
	EXPECT(add_page(page) && referenced(page) == 1);
	pt_clear_bits(pt_find(&mm->pgd, USER), (u32)_PAGE_DIRTY);
	touched = mm;
	swap_hooks.copy = written_meanwhile;
	EXPECT(unmap_page(page) == UNMAP_SUCCESS && PageDirty(page));
	EXPECT_EQ(page_mapcount(page), 0);
	/* what was not written is not dirty */
	swap_hooks.copy = copy;
	ClearPageDirty(page);
	EXPECT(peek(USER) == 100 && referenced(page) == 1);
	EXPECT(unmap_page(page) == UNMAP_SUCCESS && !PageDirty(page));
	put_user_page(page);
	end(mm);
}

/* The page is clean as long as it is only read; then it can go again without a
 * write. */
TEST(rmap, clean_pages_stay_clean)
{
	struct mm_struct *mm = begin(1);

	REQUIRE(mm);
	EXPECT(swap_out(mm, USER) && fake_swap.outs == 1);
	EXPECT(peek(USER) == 100 && swap_out(mm, USER));
	EXPECT(fake_swap.outs == 1 && fake_swap.ins == 1);
	EXPECT(peek(USER) == 100 && poke(USER, 7));
	EXPECT(swap_out(mm, USER) && fake_swap.outs == 2);
	EXPECT(peek(USER) == 7);
	end(mm);
}

/* The TLB knows the entry, though the accessed bit is clear: as if another
 * thread of the space had used it in between. */
TEST(rmap, no_write_behind_the_unmap)
{
	struct mm_struct *mm = begin(1);
	struct page *page;

	REQUIRE(mm);
	page = get_page_at(mm, USER);
	EXPECT(add_page(page) && poke(USER, 1));
	pt_clear_bits(pt_find(&mm->pgd, USER), (u32)_PAGE_ACCESSED);
	EXPECT_EQ(unmap_page(page), UNMAP_SUCCESS);
	EXPECT(poke(USER, 2) && mm->maj_faults == 1);
	EXPECT(mm->anon_rss == 1 && mm->swap_entries == 0);
	put_user_page(page);
	end(mm);
}

/* --- life of an anon_vma --- */

/* That of a new space, which goes again. */
static const void *next_anon_vma(void)
{
	struct mm_struct *mm = mm_alloc();
	const void *av;

	if (!EXPECT(mm))
		return NULL;
	use_mm(mm);
	EXPECT(map_pages(mm, USER, 1, RW, MAP_FIXED) == USER && poke(USER, 1));
	av = mm->mmap->anon_vma;
	unuse_mm();
	mmput(mm);
	return av;
}

/* An object that was freed is the next that is made. */
TEST(rmap, an_anon_vma_outlives_who_walks)
{
	struct mm_struct *mm = begin(1);
	struct page *page;
	const void *av;

	REQUIRE(mm);
	page = get_page_at(mm, USER);
	av = page_anon_vma(page);
	rmap_walk_begin();
	rmap_walk_begin();
	space_end(mm);
	EXPECT(next_anon_vma() != av);
	rmap_walk_end();
	EXPECT(next_anon_vma() != av);
	rmap_walk_end();
	EXPECT(next_anon_vma() == av);
	/* the page still points there */
	EXPECT(page_anon_vma(page) == av && page_mapcount(page) == 0);
	SetPageReferenced(page);
	EXPECT(referenced(page) == 1 && unmap_page(page) == UNMAP_SUCCESS);
	EXPECT(!page_lock_anon_vma(page) && page_count(page) == 1);
	put_user_page(page);
	EXPECT_EQ(page_count(page), 0);
	fake_swap_end();
}

/* --- pages of files --- */

static struct page *page_of_file(u32 index)
{
	return find_get_page(&file.mapping, index);
}

TEST(rmap, a_shared_file)
{
	struct mm_struct *mm = begin(1), *child;
	struct page *page;

	file_begin(4 * PAGE_SIZE);
	fault_around.pages = 1;
	REQUIRE(mm && file_map(mm, PAGE(1), 4, RW, MAP_SHARED, 0) == PAGE(1));
	EXPECT(poke(PAGE(2), 7) && peek(PAGE(1)) == FILE_WORD(0));
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(peek_in(child, PAGE(2)), 7);
	page = page_of_file(1);
	EXPECT(page_mapcount(page) == 2 && !PageDirty(page));
	EXPECT_EQ(unmap_page(page), UNMAP_AGAIN);
	EXPECT(referenced(page) >= 1 && referenced(page) == 0);
	EXPECT_EQ(unmap_page(page), UNMAP_SUCCESS);
	EXPECT(!entry_at(mm, PAGE(2)) && !entry_at(child, PAGE(2)));
	EXPECT(PageDirty(page) && page_mapcount(page) == 0);
	EXPECT(page_count(page) == 2 && child->file_rss == 0);
	EXPECT(mm->file_rss == 1 && mm->swap_entries == 0);
	space_check(mm);
	/* it is the same again, and dirty by the file only */
	EXPECT(peek(PAGE(2)) == 7 && page_at(child, PAGE(2)) == page);
	put_page(page);
	page = page_of_file(0);
	EXPECT(referenced(page) == 1 && unmap_page(page) == UNMAP_SUCCESS);
	EXPECT(!PageDirty(page));
	put_page(page);
	use_mm(mm);
	mmput(child);
	fault_around.pages = FAULT_AROUND_MAX;
	end(mm);
	file_end();
}

TEST(rmap, a_private_file)
{
	struct mm_struct *mm = begin(1);
	struct page *page;

	file_begin(2 * PAGE_SIZE);
	REQUIRE(mm && file_map(mm, PAGE(1), 2, RW, MAP_PRIVATE, 0) == PAGE(1));
	EXPECT(poke(PAGE(1) + 4, 7) && peek(PAGE(2)) == FILE_WORD(1));
	/* the copy is private memory, and goes to a slot */
	EXPECT(PageAnon(page_at(mm, PAGE(1))) && swap_out(mm, PAGE(1)));
	EXPECT_EQ(mm->swap_entries, 1);
	/* what is the file's comes from there */
	page = page_of_file(1);
	EXPECT(referenced(page) == 1 && unmap_page(page) == UNMAP_SUCCESS);
	EXPECT(!entry_at(mm, PAGE(2)) && mm->file_rss == 0);
	put_page(page);
	space_check(mm);
	EXPECT(peek(PAGE(1)) == FILE_WORD(0) && peek(PAGE(1) + 4) == 7);
	EXPECT_EQ(peek(PAGE(2)), FILE_WORD(1));
	/* entries of slots are not the file's: they stay, but for a cut */
	EXPECT(swap_out(mm, PAGE(1)));
	unmap_mapping_range(&file.mapping, 0, 0, false);
	EXPECT_EQ(mm->swap_entries, 1);
	unmap_mapping_range(&file.mapping, 0, 0, true);
	EXPECT(mm->swap_entries == 0 && peek(PAGE(1) + 4) == 0);
	end(mm);
	file_end();
}

/* Somebody has the list of areas: it counts as used, and nothing waits. */
TEST(rmap, a_busy_file)
{
	struct mm_struct *mm = begin(1);
	struct page *page;

	file_begin(PAGE_SIZE);
	REQUIRE(mm && file_map(mm, PAGE(1), 1, RW, MAP_SHARED, 0) == PAGE(1));
	EXPECT_EQ(peek(PAGE(1)), FILE_WORD(0));
	page = page_of_file(0);
	EXPECT_EQ(referenced(page), 1);
	lock_page(page);
	mutex_lock(&file.mapping.i_mmap_lock);
	EXPECT(page_referenced(page) == 1 && page_referenced(page) == 1);
	EXPECT_EQ(try_to_unmap(page), UNMAP_AGAIN);
	mutex_unlock(&file.mapping.i_mmap_lock);
	EXPECT(page_referenced(page) == 0);
	EXPECT_EQ(try_to_unmap(page), UNMAP_SUCCESS);
	unlock_page(page);
	/* one that is out of the file has no areas */
	EXPECT_EQ(peek(PAGE(1)), FILE_WORD(0));
	file_truncate(0);
	EXPECT(referenced(page) <= 1 && referenced(page) == 0);
	EXPECT_EQ(unmap_page(page), UNMAP_SUCCESS);
	put_page(page);
	end(mm);
	file_end();
}

/* --- reports --- */

static char text[2048];

static bool says(void (*report)(struct mm_struct *mm), struct mm_struct *mm,
		 const char *words)
{
	struct print_capture into = { .text = text, .size = sizeof(text) - 1 };

	memset(text, 0, sizeof(text));
	printk_capture(&into);
	report(mm);
	printk_capture(NULL);
	return strstr(text, words);
}

TEST(rmap, reports_say_what_is_away)
{
	struct mm_struct *mm = begin(3);
	struct page *page;

	REQUIRE(mm && swap_out(mm, PAGE(1)));
	EXPECT(says(report_smaps, mm, "Rss:                   8 kB\n"));
	EXPECT(says(report_smaps, mm, "Private_Dirty:         8 kB\n"
		    "Swap:                  4 kB\n"));
	EXPECT(says(report_pagemap, mm,
		    "\n40001000 31:00001 ----s\n40002000 "));
	/* nobody may touch one, and it is there; what another noted counts */
	EXPECT_EQ(protect_pages(mm, PAGE(2), 1, PROT_NONE), 0);
	page = page_at(mm, PAGE(2));
	pt_clear_bits(pt_find(&mm->pgd, PAGE(2)), (u32)_PAGE_DIRTY);
	EXPECT(says(report_smaps, mm, "Private_Clean:         4 kB\n"));
	SetPageDirty(page);
	EXPECT(!says(report_smaps, mm, "Private_Clean:         4 kB\n"));
	EXPECT(says(report_smaps, mm, "Rss:                   4 kB\n"));
	end(mm);
}
