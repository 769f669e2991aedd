/*
 * Pages of files in areas: mm/space/filemap.c, rmap_file.c.
 */
#include <kernel/sched/task.h>
#include <mm/object/slab.h>
#include "private_file.h"
#include "threads.h"

#define PAGE(n) (USER + (n) * PAGE_SIZE)
#define PF_WRITES (PF_USER | PF_WRITE)

static enum fault_result try(struct mm_struct *mm, u32 addr, u32 error)
{
	return mm_fault(mm, addr, error, 0);
}

static struct mm_struct *begin(u64 size)
{
	struct mm_struct *mm = space_begin();

	fault_around.pages = 1;
	file_begin(size);
	return mm;
}

static void end(struct mm_struct *mm)
{
	fault_around.pages = FAULT_AROUND_MAX;
	space_end(mm);
	file_end();
}

/* --- one fault --- */

TEST(filemap, a_shared_file)
{
	struct mm_struct *mm = begin(3 * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, 3, RW, MAP_SHARED, 0) == USER);
	EXPECT(peek(PAGE(0)) == FILE_WORD(0) && peek(PAGE(2)) == FILE_WORD(2));
	EXPECT(file.reads == 2 && mm->maj_faults == 2 && mm->file_rss == 2);
	EXPECT((entry_at(mm, USER) & (_PAGE_RW | _PAGE_DIRTY)) == _PAGE_RW);
	EXPECT(poke(PAGE(2), 7) && poke(PAGE(1), 8));
	EXPECT(file_word(2) == 7 && file_word(1) == 8);
	/* noted in the entries, until they go */
	EXPECT(!file_is_dirty(0) && !file_is_dirty(1) && !file_is_dirty(2));
	EXPECT(entry_at(mm, PAGE(1)) & _PAGE_DIRTY);
	EXPECT(mm->anon_rss == 0 && !mm->mmap->anon_vma);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER, 3), 0);
	EXPECT(!file_is_dirty(0) && file_is_dirty(1) && file_is_dirty(2));
	EXPECT(mm->file_rss == 0 && file_mapcount(1) == 0);
	/* what is there needs no device */
	REQUIRE(file_map(mm, USER, 3, RW, MAP_SHARED, 0) == USER);
	EXPECT(peek(PAGE(1)) == 8 && mm->maj_faults == 3);
	EXPECT_EQ(file.reads, 3);
	end(mm);
}

TEST(filemap, a_private_file)
{
	struct mm_struct *mm = begin(3 * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, 2, RW, MAP_PRIVATE, 1) == USER);
	/* read, then written; and written at once */
	EXPECT_EQ(peek(PAGE(0)), FILE_WORD(1));
	EXPECT(!(entry_at(mm, USER) & _PAGE_RW) && mm->file_rss == 1);
	EXPECT(poke(PAGE(0) + 4, 7) && poke(PAGE(1) + 4, 8));
	EXPECT(peek(PAGE(0)) == FILE_WORD(1) && peek(PAGE(0) + 4) == 7);
	EXPECT(peek(PAGE(1)) == FILE_WORD(2) && peek(PAGE(1) + 4) == 8);
	EXPECT(peek(PAGE(1) + 8) == 0x02020202);
	EXPECT(mm->file_rss == 0 && mm->anon_rss == 2);
	EXPECT(PageAnon(page_at(mm, PAGE(0))));
	EXPECT(PageAnon(page_at(mm, PAGE(1))));
	EXPECT(file_mapcount(1) == 0 && file_mapcount(2) == 0);
	space_check(mm);
	EXPECT_EQ(unmap_pages(mm, USER, 2), 0);
	EXPECT(!file_is_dirty(1) && !file_is_dirty(2));
	/* the file never saw it */
	REQUIRE(file_map(mm, USER, 2, PROT_READ, MAP_PRIVATE, 1) == USER);
	EXPECT_EQ(peek(PAGE(0) + 4), 0x01010101);
	EXPECT_EQ(peek(PAGE(1) + 4), 0x02020202);
	end(mm);
}

/* Every row: what is shown, how it is touched, where the page is. */
enum where { CACHED, ON_DISK, UNREADABLE, LAST_BYTES, BEYOND, NR_WHERE };

static enum fault_result expected(enum where where)
{
	if (where == ON_DISK || where == LAST_BYTES)
		return FAULT_MAJOR;
	return where == CACHED ? FAULT_MINOR : FAULT_NO_PAGE;
}

TEST(filemap, truth_table)
{
	u32 row, pages = NR_WHERE;

	for (row = 0; row < 4; row++) {
		bool shared = row & 1, write = row & 2;
		u32 i;
		struct mm_struct *mm = begin(4 * PAGE_SIZE - 5);

		REQUIRE(mm && file_read(CACHED));
		file.bad = UNREADABLE;
		REQUIRE(file_map(mm, USER, pages, RW,
				 shared ? MAP_SHARED : MAP_PRIVATE, 0) == USER);
		for (i = 0; i < pages; i++) {
			pteval_t entry;

			EXPECT_EQ(try(mm, PAGE(i), write ? PF_WRITES : PF_USER),
				  expected(i));
			entry = entry_at(mm, PAGE(i));
			EXPECT_EQ(!entry, expected(i) == FAULT_NO_PAGE);
			if (!entry)
				continue;
			EXPECT_EQ(PageAnon(page_at(mm, PAGE(i))),
				  write && !shared);
			EXPECT_EQ(!(entry & _PAGE_RW), !write && !shared);
			EXPECT_EQ(!(entry & _PAGE_DIRTY), !write);
		}
		space_check(mm);
		end(mm);
	}
}

TEST(filemap, what_cannot_be_read_can_be_later)
{
	struct mm_struct *mm = begin(2 * PAGE_SIZE);

	REQUIRE(mm && file_map(mm, USER, 2, RW, MAP_PRIVATE, 0) == USER);
	file.bad = 1;
	EXPECT_EQ(try(mm, PAGE(1), PF_USER), FAULT_NO_PAGE);
	EXPECT_EQ(try(mm, PAGE(1), PF_WRITES), FAULT_NO_PAGE);
	EXPECT(!poke(PAGE(1), 1) && mm->anon_rss == 0);
	file.bad = NO_INDEX;
	EXPECT(poke(PAGE(1) + 4, 1) && peek(PAGE(1)) == FILE_WORD(1));
	/* and what grows is there */
	EXPECT_EQ(try(mm, PAGE(2), PF_USER), FAULT_NO_AREA);
	REQUIRE(file_map(mm, PAGE(2), 1, RW, MAP_SHARED, 2) == PAGE(2));
	EXPECT_EQ(try(mm, PAGE(2), PF_USER), FAULT_NO_PAGE);
	file.size++;
	EXPECT_EQ(peek(PAGE(2)), FILE_WORD(2));
	end(mm);
}

/* An area does not grow around the end of all offsets, to the file's begin. */
TEST(filemap, offsets_do_not_wrap)
{
	struct mm_struct *mm = begin(2 * PAGE_SIZE);

	REQUIRE(mm);
	EXPECT_EQ(file_map(mm, USER, 3, RW, MAP_SHARED, 0xfffffffe),
		  (u32)-EOVERFLOW);
	REQUIRE(file_map(mm, USER, 1, RW, MAP_SHARED, 0xfffffffe) == USER);
	EXPECT_EQ(try(mm, USER, PF_USER), FAULT_NO_PAGE);
	EXPECT_EQ(move_pages(mm, USER, 1, 3, 0, 0), (u32)-EINVAL);
	EXPECT_EQ(move_pages(mm, USER, 1, 3, MREMAP_MAYMOVE, 0), (u32)-EINVAL);
	file.size = 1ULL << 44;
	EXPECT_EQ(peek(USER), FILE_WORD(0xfffffffe));
	EXPECT_EQ(mm->mmap->vm_end, PAGE(1));
	end(mm);
}

/* --- many areas --- */

TEST(filemap, two_spaces_share_a_page)
{
	struct mm_struct *a = begin(2 * PAGE_SIZE), *b;

	REQUIRE(a && file_map(a, USER, 2, RW, MAP_SHARED, 0) == USER);
	EXPECT(poke(PAGE(0), 5));
	b = mm_alloc();
	REQUIRE(b);
	use_mm(b);
	REQUIRE(file_map(b, PAGE(16), 1, RW, MAP_SHARED, 0) == PAGE(16));
	EXPECT(peek(PAGE(16)) == 5 && poke(PAGE(16) + 4, 6));
	EXPECT(page_at(a, PAGE(0)) == page_at(b, PAGE(16)));
	EXPECT(file_mapcount(0) == 2 && file_walk(0) == 2);
	space_check(a);
	space_end(b);
	use_mm(a);
	EXPECT_EQ(peek(PAGE(0) + 4), 6);
	EXPECT(file_mapcount(0) == 1 && file_walk(0) == 1);
	end(a);
}

/* As many are found as there are, whatever happens to areas. */
static void expect_found(u32 pages)
{
	u32 i, n = 0;

	for (i = 0; i < pages; i++) {
		EXPECT_EQ(file_walk(i), file_mapcount(i));
		n += file_mapcount(i);
	}
	EXPECT(n);
}

TEST(filemap, every_entry_is_found)
{
	struct mm_struct *mm = begin(8 * PAGE_SIZE), *child;
	u32 i;

	REQUIRE(mm && file_map(mm, USER, 8, RW, MAP_SHARED, 0) == USER);
	for (i = 0; i < 8; i++)
		EXPECT(poke(PAGE(i), i));
	expect_found(8);
	/* split, and not present */
	EXPECT_EQ(protect_pages(mm, PAGE(2), 2, PROT_NONE), 0);
	EXPECT_EQ(mm->map_count, 3);
	expect_found(8);
	child = dup_mm(mm);
	REQUIRE(child);
	use_mm(child);
	for (i = 4; i < 8; i++)
		EXPECT_EQ(peek(PAGE(i)), i);
	EXPECT(file_mapcount(2) == 1 && file_mapcount(5) == 2);
	expect_found(8);
	EXPECT_EQ(move_pages(child, PAGE(4), 3, 4,
			     MREMAP_MAYMOVE | MREMAP_FIXED, PAGE(64)),
		  PAGE(64));
	EXPECT(entry_at(child, PAGE(65)) && !entry_at(child, PAGE(5)));
	expect_found(8);
	space_check(child);
	EXPECT_EQ(unmap_pages(child, PAGE(65), 1), 0);
	EXPECT_EQ(file_mapcount(5), 1);
	expect_found(8);
	space_end(child);
	/* joined */
	EXPECT_EQ(protect_pages(mm, PAGE(2), 2, RW), 0);
	EXPECT_EQ(mm->map_count, 1);
	expect_found(8);
	EXPECT_EQ(unmap_pages(mm, PAGE(3), 2), 0);
	EXPECT(file_mapcount(3) == 0 && file_mapcount(7) == 1);
	expect_found(8);
	use_mm(mm);
	end(mm);
}

TEST(filemap, the_checker_sees_what_is_wrong)
{
	struct mm_struct *mm = begin(2 * PAGE_SIZE);
	struct vm_area_struct *vma;
	struct page *page;

	REQUIRE(mm && file_map(mm, USER, 2, RW, MAP_SHARED, 0) == USER);
	EXPECT(poke(USER, 1) && space_differences(mm) == 0);
	page = page_at(mm, USER);
	vma = mm->mmap;
	/* an entry that no walk finds */
	atomic_inc(&page->_mapcount);
	EXPECT_EQ(space_differences(mm), 1);
	atomic_dec(&page->_mapcount);
	/* a page that belongs to another place: itself, and the walk */
	page->index = 1;
	EXPECT_EQ(space_differences(mm), 2);
	page->index = 0;
	/* one of another file; none is found from it there */
	page->mapping = (char *)page->mapping + 4;
	lock_page(page);
	EXPECT_EQ(space_differences(mm), 1);
	unlock_page(page);
	page->mapping = (char *)page->mapping - 4;
	/* an area that its file does not know: itself, and the walk */
	list_del_init(&vma->shared);
	EXPECT_EQ(space_differences(mm), 2);
	list_add(&vma->shared, &vma->vm_mapping->i_mmap);
	EXPECT_EQ(space_differences(mm), 0);
	end(mm);
}

/* A private area with pages of its own copies its entries: those of the file's
 * pages are found in the child, too. */
TEST(filemap, fork_of_a_private_file)
{
	struct mm_struct *mm = begin(3 * PAGE_SIZE), *child;

	REQUIRE(mm && file_map(mm, USER, 3, RW, MAP_PRIVATE, 0) == USER);
	EXPECT(poke(PAGE(0) + 4, 1) && peek(PAGE(1)) == FILE_WORD(1));
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(file_mapcount(1) == 2 && file_walk(1) == 2);
	use_mm(child);
	EXPECT(peek(PAGE(0) + 4) == 1 && poke(PAGE(0) + 4, 2));
	EXPECT(poke(PAGE(1) + 4, 3) && peek(PAGE(2)) == FILE_WORD(2));
	EXPECT(file_mapcount(1) == 1 && file_walk(1) == 1);
	space_check(child);
	use_mm(mm);
	EXPECT(peek(PAGE(0) + 4) == 1 && peek(PAGE(1) + 4) == 0x01010101);
	file_truncate(0);
	EXPECT(!entry_at(mm, PAGE(0)) && !entry_at(child, PAGE(0)));
	EXPECT(!entry_at(mm, PAGE(1)) && !entry_at(child, PAGE(1)));
	EXPECT(child->anon_rss == 0 && child->file_rss == 0);
	space_end(child);
	end(mm);
}

/* A small program's text: what the parent has of it the child has, too. */
TEST(filemap, fork_of_a_text)
{
	struct mm_struct *mm = begin(20 * PAGE_SIZE), *child;
	const u32 text = PROT_READ | PROT_EXEC;
	u32 most = FAULT_AROUND_MAX;

	/* the text, data that is only read, one page too many, and a shared one
	 */
	REQUIRE(mm && file_map(mm, USER, most, text, MAP_PRIVATE, 0) == USER);
	REQUIRE(file_map(mm, PAGE(32), 2, PROT_READ, MAP_PRIVATE, 0) ==
		PAGE(32));
	REQUIRE(file_map(mm, PAGE(64), most + 1, text, MAP_PRIVATE, 0) ==
		PAGE(64));
	REQUIRE(file_map(mm, PAGE(96), 2, text, MAP_SHARED, 0) == PAGE(96));
	EXPECT(peek(PAGE(0)) == FILE_WORD(0) && peek(PAGE(2)) == FILE_WORD(2));
	EXPECT_EQ(peek(PAGE(32)), FILE_WORD(0));
	EXPECT_EQ(peek(PAGE(64)), FILE_WORD(0));
	EXPECT(peek(PAGE(96)) == FILE_WORD(0) && mm->file_rss == 5);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(entry_at(child, PAGE(0)) && entry_at(child, PAGE(2)));
	EXPECT(!entry_at(child, PAGE(1)) && !entry_at(child, PAGE(32)));
	EXPECT(!entry_at(child, PAGE(64)) && !entry_at(child, PAGE(96)));
	EXPECT(!(entry_at(child, PAGE(0)) & (_PAGE_RW | _PAGE_ACCESSED)));
	EXPECT(child->file_rss == 2 && child->anon_rss == 0);
	EXPECT(file_mapcount(0) == 5 && file_walk(0) == 5);
	EXPECT(file_mapcount(2) == 2 && file_walk(2) == 2);
	space_check(child);
	use_mm(child);
	EXPECT(peek(PAGE(2)) == FILE_WORD(2) && child->min_faults == 0);
	EXPECT(peek(PAGE(1)) == FILE_WORD(1) && child->file_rss == 3);
	/* both are found when the file becomes shorter */
	file_truncate(2 * PAGE_SIZE);
	EXPECT(!entry_at(mm, PAGE(2)) && !entry_at(child, PAGE(2)));
	EXPECT(mm->file_rss == 4 && child->file_rss == 2);
	use_mm(mm);
	space_end(child);
	EXPECT(file_mapcount(0) == 4 && file_mapcount(1) == 0);
	end(mm);
}

/* --- truncation --- */

TEST(filemap, truncation_leaves_no_entry)
{
	struct mm_struct *mm = begin(6 * PAGE_SIZE), *child;
	u32 i;

	REQUIRE(mm && file_map(mm, USER, 6, RW, MAP_SHARED, 0) == USER);
	REQUIRE(file_map(mm, PAGE(32), 6, RW, MAP_PRIVATE, 0) == PAGE(32));
	for (i = 0; i < 6; i++) {
		EXPECT(poke(PAGE(i) + 8, i) && peek(PAGE(32 + i)));
		if (i & 1)
			EXPECT(poke(PAGE(32 + i) + 12, i));
	}
	child = dup_mm(mm);
	REQUIRE(child);
	/* page 2 stays, and is zero behind the end */
	file_truncate(2 * PAGE_SIZE + 8);
	for (i = 0; i < 6; i++) {
		EXPECT_EQ(!entry_at(mm, PAGE(i)), i > 2);
		EXPECT_EQ(!entry_at(mm, PAGE(32 + i)), i > 2);
		EXPECT_EQ(file_has(i), i <= 2);
	}
	EXPECT(peek(PAGE(2)) == FILE_WORD(2) && peek(PAGE(2) + 8) == 0);
	EXPECT(try(mm, PAGE(3), PF_USER) == FAULT_NO_PAGE);
	EXPECT(try(mm, PAGE(33), PF_WRITES) == FAULT_MINOR);
	EXPECT(try(mm, PAGE(35), PF_WRITES) == FAULT_NO_PAGE);
	EXPECT(child->anon_rss == 1 && mm->anon_rss == 1);
	space_check(mm);
	space_end(child);
	/* grown again, nothing old is seen */
	file.size = 6 * PAGE_SIZE;
	EXPECT(peek(PAGE(4)) == FILE_WORD(4));
	EXPECT_EQ(peek(PAGE(4) + 8), 0x04040404);
	end(mm);
}

/* The size becomes less while a fault has its page, and has seen the old size:
 * unmap_mapping_range() finds nothing yet. */
static struct crew truncaters;

static int truncates(void *data)
{
	file_truncate(0);
	return 0;
}

/* Without the second look for entries, which finds private ones. */
static int truncates_pages(void *data)
{
	file.size = 0;
	unmap_mapping_range(&file.mapping, 0, 0, true);
	truncate_inode_pages(&file.mapping, 0);
	return 0;
}

static struct page *overtaken_nopage(struct vm_area_struct *vma, u32 address,
				     bool *major)
{
	struct page *page = filemap_nopage(vma, address, major);

	if (EXPECT(page) &&
	    crew_add(&truncaters, PRIO_DEFAULT,
		     vma->vm_flags & VM_SHARED ? truncates_pages : truncates,
		     NULL))
		EXPECT(until_it_waits(truncaters.task[0]));
	EXPECT(!file.size && file.mapping.nrpages == 1);
	return page;
}

static void overtake(u32 flags, u32 error)
{
	struct mm_struct *mm = begin(PAGE_SIZE);
	struct vm_operations_struct ops;

	truncaters.n = 0;
	REQUIRE(mm && file_map(mm, USER, 1, RW, flags, 0) == USER);
	ops = *mm->mmap->vm_ops;
	ops.nopage = overtaken_nopage;
	mm->mmap->vm_ops = &ops;
	EXPECT_EQ(try(mm, USER, error), FAULT_MAJOR);
	crew_join(&truncaters);
	EXPECT(!file_has(0));
	space_check(mm);
	EXPECT(!entry_at(mm, USER) && !mm->file_rss && !mm->anon_rss);
	EXPECT_EQ(unmap_pages(mm, USER, 1), 0);
	end(mm);
}

TEST(filemap, truncation_overtakes_a_read)
{
	overtake(MAP_SHARED, PF_USER);
}

TEST(filemap, truncation_overtakes_a_write)
{
	overtake(MAP_SHARED, PF_WRITES);
}

TEST(filemap, truncation_overtakes_a_copy)
{
	overtake(MAP_PRIVATE, PF_WRITES);
}

/* The page is read, and leaves before the fault has it locked; by then the file
 * is as long as it was. */
static int truncates_and_grows(void *data)
{
	u64 size = file.size;

	file_truncate(0);
	file.size = size;
	return 0;
}

static void begin_truncation(void)
{
	file.before_unlock = NULL;
	if (crew_add(&truncaters, PRIO_HIGH, truncates_and_grows, NULL))
		EXPECT(until_it_waits(truncaters.task[0]));
}

static void end_truncation(void)
{
	file.behind_unlock = NULL;
	crew_join(&truncaters);
}

TEST(filemap, a_page_that_left_is_not_entered)
{
	struct mm_struct *mm = begin(PAGE_SIZE);

	truncaters.n = 0;
	REQUIRE(mm && file_map(mm, USER, 1, RW, MAP_SHARED, 0) == USER);
	file.before_unlock = begin_truncation;
	file.behind_unlock = end_truncation;
	EXPECT_EQ(try(mm, USER, PF_USER), FAULT_MAJOR);
	EXPECT_EQ(file.reads, 2);
	EXPECT(page_at(mm, USER)->mapping == &file.mapping);
	space_check(mm);
	/* or the file is written where nobody sees it */
	EXPECT(poke(USER, 77) && file_word(0) == 77);
	end(mm);
}

/* Two spaces touch the file all the time, while it becomes shorter and longer:
 * behind each truncation nobody shows what is cut off. */
#define RACE_PAGES 8U
#define RACE_ROUNDS 60U

static bool race_over;

static int toucher(void *data)
{
	struct mm_struct *mm = data;
	u32 seed = (u32)(uintptr_t)data | 1;

	use_mm(mm);
	while (!race_over) {
		u32 at = PAGE(random_below(&seed, 2 * RACE_PAGES));

		if (random_below(&seed, 2))
			poke(at + 4, 1);
		else
			peek(at);
		if (!random_below(&seed, 8))
			be_preempted();
	}
	unuse_mm();
	return 0;
}

static struct mm_struct *racing_space(void)
{
	struct mm_struct *mm = mm_alloc();

	if (!EXPECT(mm))
		return NULL;
	EXPECT_EQ(file_map(mm, USER, RACE_PAGES, RW, MAP_SHARED, 0), USER);
	EXPECT_EQ(file_map(mm, PAGE(RACE_PAGES), RACE_PAGES, RW, MAP_PRIVATE,
			   0), PAGE(RACE_PAGES));
	return mm;
}

static bool shows_beyond(struct mm_struct *mm, u32 pages)
{
	u32 i;

	for (i = pages; i < RACE_PAGES; i++)
		if (entry_at(mm, PAGE(i)) || entry_at(mm, PAGE(RACE_PAGES + i)))
			return true;
	return false;
}

static void race(u32 around)
{
	struct mm_struct *mm[2];
	struct crew crew = { .n = 0 };
	u32 i, seed = 77;

	file_begin(RACE_PAGES * PAGE_SIZE);
	fault_around.pages = around;
	race_over = false;
	for (i = 0; i < 2; i++) {
		mm[i] = racing_space();
		REQUIRE(mm[i]);
		crew_add(&crew, PRIO_DEFAULT, toucher, mm[i]);
	}
	for (i = 0; i < RACE_ROUNDS; i++) {
		u32 pages = random_below(&seed, RACE_PAGES);

		file.slow = i % 4 == 3 ? 1 : 0;
		file_truncate((u64)pages << PAGE_SHIFT);
		if (!EXPECT(!shows_beyond(mm[0], pages) &&
			    !shows_beyond(mm[1], pages)))
			break;
		msleep(random_below(&seed, 3));
		file.size = RACE_PAGES * PAGE_SIZE;
		msleep(1 + random_below(&seed, 2));
	}
	race_over = true;
	crew_join(&crew);
	EXPECT(file.reads > RACE_ROUNDS);
	for (i = 0; i < 2; i++) {
		space_check(mm[i]);
		mmput(mm[i]);
	}
	fault_around.pages = FAULT_AROUND_MAX;
	file_end();
}

TEST(filemap, truncation_races_with_faults)
{
	race(1);
}

TEST(filemap, truncation_races_with_pages_around)
{
	race(FAULT_AROUND_MAX);
}

/* Many want the same page, which is slow in coming: it is read once. */
static int reader(void *data)
{
	u32 word;

	use_mm(data);
	word = peek(USER);
	unuse_mm();
	return word == FILE_WORD(0);
}

TEST(filemap, a_page_is_read_once)
{
	struct mm_struct *mm = begin(PAGE_SIZE);
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(mm && file_map(mm, USER, 1, PROT_READ, MAP_SHARED, 0) == USER);
	file.slow = 30;
	for (i = 0; i < 6; i++)
		crew_add(&crew, PRIO_DEFAULT, reader, mm);
	EXPECT_EQ(crew_join(&crew), 6);
	EXPECT(file.reads == 1 && mm->file_rss == 1);
	EXPECT(file_mapcount(0) == 1 && file_walk(0) == 1);
	end(mm);
}

/* --- no memory --- */

static void fails_at_each_step(u32 flags, u32 error)
{
	struct mm_struct *mm = begin(PAGE_SIZE);
	enum fault_result result = FAULT_OOM;
	u32 n;

	REQUIRE(mm && file_map(mm, USER, 1, RW, flags, 0) == USER);
	for (n = 1; n < 20; n++) {
		kmem_caches_shrink();
		page_alloc_fail_nth(n);
		result = try(mm, USER, error);
		page_alloc_fail_nth(0);
		if (fault_is_good(result))
			break;
		EXPECT_EQ(result, FAULT_OOM);
		EXPECT(!entry_at(mm, USER) && !mm->anon_rss && !mm->file_rss);
		space_check(mm);
	}
	EXPECT(n > 2 && n < 20);
	EXPECT_EQ(peek(USER), FILE_WORD(0));
	end(mm);
	test_allow_warnings(n - 1);
}

/* A child, or a hole in the middle, that cannot be had: the list of the file's
 * areas is as it was. */
TEST(filemap, no_memory_for_areas)
{
	struct mm_struct *mm = begin(6 * PAGE_SIZE), *child = NULL;
	int err = -ENOMEM;
	u32 i, n;

	REQUIRE(mm && file_map(mm, USER, 6, RW, MAP_PRIVATE, 0) == USER);
	REQUIRE(file_map(mm, PAGE(16), 6, RW, MAP_SHARED, 0) == PAGE(16));
	for (i = 0; i < 6; i++)
		EXPECT(peek(PAGE(i)) && poke(PAGE(16 + i), 1));
	EXPECT(poke(PAGE(3), 3));
	for (n = 1; n < 40 && !child; n++) {
		kmem_caches_shrink();
		page_alloc_fail_nth(n);
		child = dup_mm(mm);
		page_alloc_fail_nth(0);
		expect_found(6);
		space_check(mm);
	}
	REQUIRE(child);
	EXPECT(n > 3 && file.opens - file.closes == 4);
	test_allow_warnings(n - 2);
	space_check(child);
	mmput(child);
	sysctl_max_map_count = mm->map_count;
	err = unmap_pages(mm, PAGE(17), 1);
	sysctl_max_map_count = DEFAULT_MAX_MAP_COUNT;
	EXPECT_EQ(err, -ENOMEM);
	EXPECT(file.opens - file.closes == 2);
	expect_found(6);
	end(mm);
}

TEST(filemap, no_memory_to_read)
{
	fails_at_each_step(MAP_SHARED, PF_USER);
}

TEST(filemap, no_memory_to_copy)
{
	fails_at_each_step(MAP_PRIVATE, PF_WRITES);
}
