/*
 * Who gets on the LRU lists by himself: private memory, and pages of files;
 * what makes them used; and that nothing of them stays there.
 */
#include <mm/cache/readahead.h>
#include "private_file.h"
#include "private_lru.h"
#include "user_space.h"

#define PAGE(n) (USER + (n) * PAGE_SIZE)

/* Are all of its pages on lists, or none? How many are. */
static u32 on_lists(struct mm_struct *mm, u32 pages, u32 state)
{
	u32 i, n = 0;

	for (i = 0; i < pages; i++)
		n += lru_state(page_at(mm, PAGE(i))) == state;
	return n;
}

/* Active from the beginning, and used: the fault is the first use. */
TEST(lru_users, private_memory)
{
	struct mm_struct *mm = space_begin(), *child;
	u32 i;

	REQUIRE(mm && map_pages(mm, USER, 40, RW, MAP_FIXED) == USER);
	for (i = 0; i < 40; i++)
		EXPECT(poke(PAGE(i), i + 1));
	EXPECT_EQ(on_lists(mm, 40, ACTIVE | REFERENCED), 40);
	/* the zero page is on none */
	EXPECT_EQ(unmap_pages(mm, PAGE(0), 20), 0);
	REQUIRE(map_pages(mm, USER, 20, RW, MAP_FIXED) == USER);
	EXPECT(peek(USER) == 0 && !PageLRU(page_at(mm, USER)));
	EXPECT(poke(USER, 1));
	EXPECT_EQ(lru_state(page_at(mm, USER)), ACTIVE | REFERENCED);
	/* a copy is a new page */
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(poke(PAGE(30), 5));
	EXPECT(page_at(mm, PAGE(30)) != page_at(child, PAGE(30)));
	EXPECT_EQ(lru_state(page_at(mm, PAGE(30))), ACTIVE | REFERENCED);
	EXPECT_EQ(lru_state(page_at(child, PAGE(30))), ACTIVE | REFERENCED);
	mmput(child);
	space_end(mm);
}

static u32 file_state(u32 index)
{
	struct page *page = find_get_page(&file.mapping, index);
	u32 state;

	if (!page)
		return NOWHERE;
	state = lru_state(page);
	put_page(page);
	return state;
}

/* Inactive, until somebody uses them; entries count when they go. */
TEST(lru_users, pages_of_a_file)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm);
	file_begin(32 * PAGE_SIZE);
	REQUIRE(file_read(0) && file_read(1) && file_read(2));
	EXPECT(file_state(0) == INACTIVE && file_state(3) == NOWHERE);
	REQUIRE(file_map(mm, USER, 3, PROT_READ, MAP_SHARED, 0) == USER);
	/* all three are entered, one is used */
	EXPECT_EQ(peek(PAGE(1)), FILE_WORD(1));
	EXPECT(entry_at(mm, PAGE(0)) && entry_at(mm, PAGE(2)));
	EXPECT_EQ(file_state(1), INACTIVE);
	EXPECT_EQ(unmap_pages(mm, USER, 3), 0);
	EXPECT(file_state(0) == INACTIVE && file_state(2) == INACTIVE);
	EXPECT_EQ(file_state(1), INACTIVE | REFERENCED);
	REQUIRE(file_map(mm, USER, 3, PROT_READ, MAP_SHARED, 0) == USER);
	EXPECT(peek(PAGE(1)) == FILE_WORD(1) && peek(PAGE(2)) == FILE_WORD(2));
	EXPECT_EQ(unmap_pages(mm, USER, 3), 0);
	EXPECT_EQ(file_state(0), INACTIVE);
	EXPECT_EQ(file_state(1), ACTIVE);
	space_end(mm);
	file_end();
}

/* A private copy is memory, and the file's page stays what it was. */
TEST(lru_users, copy_of_a_file)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm);
	file_begin(2 * PAGE_SIZE);
	REQUIRE(file_map(mm, USER, 2, RW, MAP_PRIVATE, 0) == USER);
	EXPECT(poke(PAGE(0) + 4, 7));
	EXPECT_EQ(lru_state(page_at(mm, PAGE(0))), ACTIVE | REFERENCED);
	EXPECT_EQ(file_state(0), INACTIVE);
	file_truncate(0);
	EXPECT_EQ(file_state(0), NOWHERE);
	space_end(mm);
	file_end();
}

/* Takes what it is given. */
static u32 take(struct page_sink *sink, const u8 *p, u32 n)
{
	return n;
}

static void read_bytes(struct file_ra_state *ra, u64 pos, u32 n)
{
	struct page_sink sink = { .take = take };

	EXPECT_EQ(mapping_read(&file.mapping, ra, pos, n, file.size, &sink), n);
}

/* Bit by bit is one use; from the begin again is another. */
TEST(lru_users, reading_a_file)
{
	struct file_ra_state ra = { 0 };
	u32 i;

	file_begin(4 * PAGE_SIZE);
	REQUIRE(file_read(0) && file_read(1) && file_read(2) && file_read(3));
	for (i = 0; i < 16; i++)
		read_bytes(&ra, i * 1024, 1024);
	for (i = 0; i < 4; i++)
		EXPECT_EQ(file_state(i), INACTIVE | REFERENCED);
	read_bytes(&ra, 0, 2 * PAGE_SIZE);
	EXPECT(file_state(0) == ACTIVE && file_state(1) == ACTIVE);
	EXPECT_EQ(file_state(2), INACTIVE | REFERENCED);
	read_bytes(&ra, 5, 10);
	EXPECT_EQ(file_state(0), ACTIVE | REFERENCED);
	file_end();
}

static bool ready(struct page_source *source, u32 n)
{
	return true;
}

static u32 give(struct page_source *source, u8 *p, u32 n)
{
	memset(p, 1, n);
	return n;
}

TEST(lru_users, writing_a_file)
{
	struct page_source source = { .ready = ready, .give = give };
	u32 i;

	file_begin(PAGE_SIZE);
	for (i = 0; i < 3; i++) {
		EXPECT_EQ(mapping_write(&file.mapping, 0, PAGE_SIZE, PAGE_SIZE,
					&source), PAGE_SIZE);
		EXPECT_EQ(file_state(0), i == 0 ? INACTIVE | REFERENCED :
			  i == 1 ? ACTIVE : ACTIVE | REFERENCED);
	}
	file_end();
}
