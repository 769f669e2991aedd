/*
 * From a page to its entries, and away with them: mm/space/rmap_unmap.c.
 */
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
	for (i = 0; i < pages; i++)
		EXPECT(poke(PAGE(i), 100 + i));
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
