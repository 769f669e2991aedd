/*
 * Pages that a read fault enters beside the one it was asked for: section 4 of
 * mm/space/filemap.c.
 */
#include "private_file.h"

#define PAGE(n) (USER + (n) * PAGE_SIZE)
#define MANY 48U

static u32 entered;

static struct mm_struct *begin(u64 size)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	file_begin(size);
	for (i = 0; i < (u32)(size >> PAGE_SHIFT); i++)
		if (!file_read(i))
			return NULL;
	entered = (u32)atomic_read(&fault_around.entered);
	return mm;
}

static void end(struct mm_struct *mm)
{
	fault_around.pages = FAULT_AROUND_MAX;
	space_end(mm);
	file_end();
}

/* Exactly the pages [from, to) have entries, and so much was counted. */
static void expect_entries(struct mm_struct *mm, u32 from, u32 to)
{
	u32 i;

	for (i = 0; i < MANY; i++)
		if (!EXPECT_EQ(!entry_at(mm, PAGE(i)), i < from || i >= to))
			break;
	EXPECT_EQ(mm->file_rss, to - from);
	EXPECT_EQ((u32)atomic_read(&fault_around.entered) - entered,
		  to > from ? to - from - 1 : 0);
}

TEST(fault_around, an_aligned_window)
{
	struct mm_struct *mm = begin(MANY * PAGE_SIZE);
	u32 i;

	REQUIRE(mm && file_map(mm, USER, MANY, RW, MAP_SHARED, 0) == USER);
	EXPECT_EQ(peek(PAGE(20)), FILE_WORD(20));
	expect_entries(mm, 16, 32);
	EXPECT_EQ(mm->min_faults, 1);
	for (i = 16; i < 32; i++) {
		EXPECT(entry_at(mm, PAGE(i)) & _PAGE_RW);
		EXPECT(!(entry_at(mm, PAGE(i)) & _PAGE_DIRTY));
		EXPECT_EQ(!(entry_at(mm, PAGE(i)) & _PAGE_ACCESSED), i != 20);
	}
	for (i = 16; i < 32; i++)
		EXPECT(peek(PAGE(i)) == FILE_WORD(i) && file_mapcount(i) == 1);
	EXPECT_EQ(mm->min_faults, 1);
	space_check(mm);
	end(mm);
}

/* Neither below nor above the area, whatever the file has there. */
TEST(fault_around, borders_of_the_area)
{
	struct mm_struct *mm = begin(MANY * PAGE_SIZE);

	REQUIRE(mm);
	REQUIRE(file_map(mm, PAGE(3), 10, PROT_READ, MAP_PRIVATE, 7) ==
		PAGE(3));
	EXPECT_EQ(peek(PAGE(5)), FILE_WORD(9));
	expect_entries(mm, 3, 13);
	space_check(mm);
	end(mm);
}

TEST(fault_around, the_end_of_the_file)
{
	struct mm_struct *mm = begin(MANY * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, MANY, RW, MAP_SHARED, 0) == USER);
	/* the pages are still in the cache: somebody is truncating */
	file.size = 21 * PAGE_SIZE + 1;
	EXPECT_EQ(peek(PAGE(18)), FILE_WORD(18));
	expect_entries(mm, 16, 22);
	EXPECT_EQ(mm_fault(mm, PAGE(22), PF_USER, 0), FAULT_NO_PAGE);
	end(mm);
}

/* It waits for nothing, and reads nothing. */
TEST(fault_around, only_what_is_ready)
{
	struct mm_struct *mm = begin(16 * PAGE_SIZE);
	struct page *locked, *stale;

	REQUIRE(mm && file_map(mm, USER, 16, RW, MAP_SHARED, 0) == USER);
	file_truncate(12 * PAGE_SIZE);
	file.size = 16 * PAGE_SIZE;
	locked = find_lock_page(&file.mapping, 3);
	stale = find_lock_page(&file.mapping, 4);
	REQUIRE(locked && stale);
	ClearPageUptodate(stale);
	unlock_page(stale);
	EXPECT_EQ(peek(PAGE(8)), FILE_WORD(8));
	EXPECT(!entry_at(mm, PAGE(3)) && !entry_at(mm, PAGE(4)));
	EXPECT(entry_at(mm, PAGE(2)) && entry_at(mm, PAGE(11)));
	EXPECT(!entry_at(mm, PAGE(12)) && file.reads == 16);
	EXPECT_EQ(mm->file_rss, 10);
	SetPageUptodate(stale);
	put_page(stale);
	unlock_page(locked);
	put_page(locked);
	/* another fault adds those that are ready now */
	EXPECT(peek(PAGE(12)) == FILE_WORD(12) && mm->maj_faults == 1);
	EXPECT(entry_at(mm, PAGE(3)) && entry_at(mm, PAGE(4)));
	EXPECT_EQ(mm->file_rss, 13);
	space_check(mm);
	end(mm);
}

/* Entries that are there stay: private copies above all. */
TEST(fault_around, what_is_there_stays)
{
	struct mm_struct *mm = begin(16 * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, 16, RW, MAP_PRIVATE, 0) == USER);
	EXPECT(poke(PAGE(6), 66) && poke(PAGE(0), 60));
	EXPECT(mm->anon_rss == 2 && mm->file_rss == 0);
	EXPECT_EQ(peek(PAGE(7)), FILE_WORD(7));
	EXPECT(mm->anon_rss == 2 && mm->file_rss == 14);
	EXPECT(peek(PAGE(6)) == 66 && peek(PAGE(0)) == 60);
	EXPECT(!(entry_at(mm, PAGE(5)) & _PAGE_RW));
	/* writing copies one of them, alone */
	EXPECT(poke(PAGE(5) + 4, 1) && file_mapcount(5) == 0);
	EXPECT(mm->anon_rss == 3 && mm->file_rss == 13);
	space_check(mm);
	end(mm);
}

TEST(fault_around, not_for_writes)
{
	struct mm_struct *mm = begin(16 * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, 16, RW, MAP_SHARED, 0) == USER);
	EXPECT(poke(PAGE(9), 1));
	expect_entries(mm, 9, 10);
	end(mm);
}

TEST(fault_around, other_sizes)
{
	u32 pages;

	for (pages = 1; pages <= FAULT_AROUND_MAX; pages *= 2) {
		struct mm_struct *mm = begin(MANY * PAGE_SIZE);
		u32 first = ALIGN_DOWN(21, pages);

		fault_around.pages = pages;
		REQUIRE(mm);
		REQUIRE(file_map(mm, USER, MANY, RW, MAP_SHARED, 0) == USER);
		EXPECT_EQ(peek(PAGE(21)), FILE_WORD(21));
		expect_entries(mm, first, first + pages);
		end(mm);
	}
}

/* Where it is not allowed to be touched nothing is entered. */
TEST(fault_around, rights_of_the_area)
{
	struct mm_struct *mm = begin(16 * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, 16, RW, MAP_SHARED, 0) == USER);
	EXPECT_EQ(protect_pages(mm, PAGE(4), 4, PROT_NONE), 0);
	EXPECT_EQ(peek(PAGE(1)), FILE_WORD(1));
	expect_entries(mm, 0, 4);
	EXPECT_EQ(protect_pages(mm, PAGE(8), 8, PROT_READ), 0);
	EXPECT_EQ(peek(PAGE(15)), FILE_WORD(15));
	EXPECT(!(entry_at(mm, PAGE(10)) & _PAGE_RW) && !entry_at(mm, PAGE(6)));
	space_check(mm);
	end(mm);
}
