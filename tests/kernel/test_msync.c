/*
 * What was written through areas, advice, and what is in memory: mm/space/
 * msync.c, madvise.c.
 */
#include "private_file.h"

#define PAGE(n) (USER + (n) * PAGE_SIZE)

static struct mm_struct *begin(u32 pages)
{
	struct mm_struct *mm = space_begin();

	fault_around.pages = 1;
	file_begin((u64)pages << PAGE_SHIFT);
	return mm;
}

static void end(struct mm_struct *mm)
{
	fault_around.pages = FAULT_AROUND_MAX;
	space_end(mm);
	file_end();
}

static int sync_pages(struct mm_struct *mm, u32 addr, u32 pages, u32 flags)
{
	return do_msync(mm, addr, pages << PAGE_SHIFT, flags);
}

static int advise(struct mm_struct *mm, u32 addr, u32 pages, u32 advice)
{
	return do_madvise(mm, addr, pages << PAGE_SHIFT, advice);
}

/* --- msync() --- */

TEST(msync, writes_are_known_and_written_out)
{
	struct mm_struct *mm = begin(4);

	REQUIRE(mm && file_map(mm, USER, 4, RW, MAP_SHARED, 0) == USER);
	EXPECT(poke(PAGE(0), 1) && poke(PAGE(2), 2) && peek(PAGE(3)));
	EXPECT_EQ(sync_pages(mm, USER, 4, MS_ASYNC), 0);
	EXPECT(file_is_dirty(0) && file_is_dirty(2) && !file_is_dirty(3));
	EXPECT(!(entry_at(mm, PAGE(0)) & _PAGE_DIRTY) && file.writes == 0);
	EXPECT_EQ(sync_pages(mm, PAGE(1), 3, MS_SYNC), 0);
	EXPECT(file_is_dirty(0) && !file_is_dirty(2) && file.writes == 1);
	EXPECT_EQ(sync_pages(mm, USER, 4, MS_SYNC | MS_INVALIDATE), 0);
	EXPECT(!file_is_dirty(0) && file.writes == 2);
	/* the next write is noted again */
	EXPECT(poke(PAGE(0), 3) && entry_at(mm, PAGE(0)) & _PAGE_DIRTY);
	EXPECT_EQ(sync_pages(mm, USER, 1, MS_SYNC), 0);
	EXPECT_EQ(file.writes, 3);
	space_check(mm);
	end(mm);
}

TEST(msync, an_error_is_told_once)
{
	struct mm_struct *mm = begin(2);

	REQUIRE(mm && file_map(mm, USER, 2, RW, MAP_SHARED, 0) == USER);
	EXPECT(poke(PAGE(0), 1));
	file.bad_write = true;
	EXPECT_EQ(sync_pages(mm, USER, 2, MS_SYNC), -EIO);
	EXPECT_EQ(sync_pages(mm, USER, 2, MS_SYNC), 0);
	end(mm);
}

TEST(msync, arguments)
{
	struct mm_struct *mm = begin(4);

	REQUIRE(mm && file_map(mm, USER, 2, RW, MAP_SHARED, 0) == USER);
	REQUIRE(file_map(mm, PAGE(3), 1, RW, MAP_SHARED, 3) == PAGE(3));
	EXPECT_EQ(do_msync(mm, USER + 1, 1, MS_SYNC), -EINVAL);
	EXPECT_EQ(sync_pages(mm, USER, 1, MS_SYNC | MS_ASYNC), -EINVAL);
	EXPECT_EQ(sync_pages(mm, USER, 1, 8), -EINVAL);
	EXPECT_EQ(do_msync(mm, USER, 0, MS_SYNC), 0);
	EXPECT_EQ(do_msync(mm, USER, 0xfffff001, MS_SYNC), -ENOMEM);
	EXPECT_EQ(do_msync(mm, USER, 0xfffff000, MS_SYNC), -ENOMEM);
	/* around a hole both sides are done */
	EXPECT(poke(PAGE(0), 1) && poke(PAGE(3), 1));
	EXPECT_EQ(sync_pages(mm, USER, 4, MS_SYNC), -ENOMEM);
	EXPECT_EQ(file.writes, 2);
	EXPECT_EQ(sync_pages(mm, PAGE(3), 2, MS_SYNC), -ENOMEM);
	EXPECT_EQ(sync_pages(mm, PAGE(8), 2, MS_SYNC), -ENOMEM);
	mm->mmap->vm_flags |= VM_LOCKED;
	EXPECT_EQ(sync_pages(mm, USER, 1, MS_INVALIDATE), -EBUSY);
	mm->mmap->vm_flags &= ~VM_LOCKED;
	end(mm);
}

TEST(msync, private_copies_are_no_concern)
{
	struct mm_struct *mm = begin(1);

	REQUIRE(mm && file_map(mm, USER, 1, RW, MAP_PRIVATE, 0) == USER);
	REQUIRE(map_pages(mm, PAGE(1), 1, RW, MAP_FIXED) == PAGE(1));
	EXPECT(poke(PAGE(0), 1) && poke(PAGE(1), 1));
	EXPECT_EQ(sync_pages(mm, USER, 2, MS_SYNC), 0);
	EXPECT(file.writes == 0 && !file_is_dirty(0));
	EXPECT(entry_at(mm, PAGE(0)) & _PAGE_DIRTY);
	end(mm);
}

/* What the CPU noted goes to the page by whatever way the entry goes. */
TEST(msync, no_dirty_bit_is_lost)
{
	struct mm_struct *mm = begin(5);
	u32 i;

	REQUIRE(mm && file_map(mm, USER, 5, RW, MAP_SHARED, 0) == USER);
	for (i = 0; i < 5; i++)
		EXPECT(poke(PAGE(i), i));
	EXPECT_EQ(protect_pages(mm, PAGE(0), 1, PROT_READ), 0);
	EXPECT_EQ(sync_pages(mm, PAGE(0), 1, MS_ASYNC), 0);
	EXPECT(file_is_dirty(0));
	EXPECT_EQ(advise(mm, PAGE(1), 1, MADV_DONTNEED), 0);
	EXPECT(file_is_dirty(1));
	EXPECT_EQ(move_pages(mm, PAGE(2), 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED,
			     PAGE(9)), PAGE(9));
	EXPECT(!file_is_dirty(2));
	EXPECT_EQ(unmap_pages(mm, PAGE(9), 1), 0);
	EXPECT(file_is_dirty(2));
	unmap_mapping_range(&file.mapping, 3 * PAGE_SIZE, PAGE_SIZE, false);
	EXPECT(file_is_dirty(3) && !entry_at(mm, PAGE(3)));
	EXPECT(entry_at(mm, PAGE(4)) && !file_is_dirty(4));
	EXPECT(peek(PAGE(3)) == 3 && peek(PAGE(1)) == 1);
	space_check(mm);
	end(mm);
}

/* --- madvise() --- */

TEST(madvise, what_is_not_needed)
{
	struct mm_struct *mm = begin(2);

	REQUIRE(mm && file_map(mm, PAGE(0), 1, RW, MAP_SHARED, 0) == PAGE(0));
	REQUIRE(file_map(mm, PAGE(1), 1, RW, MAP_PRIVATE, 1) == PAGE(1));
	REQUIRE(map_pages(mm, PAGE(2), 2, RW, MAP_FIXED) == PAGE(2));
	EXPECT(poke(PAGE(0), 1) && poke(PAGE(1), 2) && poke(PAGE(2), 3));
	EXPECT(poke(PAGE(3), 4));
	EXPECT_EQ(advise(mm, PAGE(0), 3, MADV_DONTNEED), 0);
	EXPECT(mm->anon_rss == 1 && mm->file_rss == 0);
	space_check(mm);
	EXPECT(peek(PAGE(0)) == 1 && peek(PAGE(1)) == FILE_WORD(1));
	EXPECT(peek(PAGE(2)) == 0 && peek(PAGE(3)) == 4);
	end(mm);
}

TEST(madvise, what_will_be_needed)
{
	struct mm_struct *mm = begin(6);

	REQUIRE(mm && file_map(mm, USER, 8, RW, MAP_PRIVATE, 1) == USER);
	EXPECT(file_read(3));
	EXPECT_EQ(advise(mm, PAGE(1), 7, MADV_WILLNEED), 0);
	/* below the end, each once */
	EXPECT(!file_has(1) && file_has(2) && file_has(5) && !file_has(6));
	EXPECT(file.reads == 4 && mm->file_rss == 0);
	EXPECT(peek(PAGE(4)) == FILE_WORD(5) && mm->maj_faults == 0);
	/* memory: nothing is there to be read */
	REQUIRE(map_pages(mm, PAGE(16), 1, RW, MAP_FIXED) == PAGE(16));
	EXPECT_EQ(advise(mm, PAGE(16), 1, MADV_WILLNEED), 0);
	EXPECT_EQ(mm->anon_rss, 0);
	end(mm);
}

TEST(madvise, arguments)
{
	struct mm_struct *mm = begin(4);

	REQUIRE(mm && map_pages(mm, PAGE(1), 2, RW, MAP_FIXED) == PAGE(1));
	EXPECT(poke(PAGE(1), 1) && poke(PAGE(2), 2));
	EXPECT_EQ(do_madvise(mm, PAGE(1) + 1, 1, MADV_DONTNEED), -EINVAL);
	EXPECT_EQ(advise(mm, PAGE(1), 1, 999), -EINVAL);
	EXPECT_EQ(do_madvise(mm, PAGE(1), 0xfffff001, MADV_NORMAL), -EINVAL);
	EXPECT_EQ(do_madvise(mm, PAGE(1), 0, MADV_DONTNEED), 0);
	EXPECT_EQ(advise(mm, PAGE(8), 1, MADV_DONTNEED), -ENOMEM);
	EXPECT_EQ(advise(mm, PAGE(1), 2, MADV_SEQUENTIAL), 0);
	EXPECT_EQ(mm->anon_rss, 2);
	/* before and behind a hole */
	EXPECT_EQ(advise(mm, PAGE(0), 2, MADV_DONTNEED), -ENOMEM);
	EXPECT_EQ(mm->anon_rss, 1);
	EXPECT_EQ(advise(mm, PAGE(2), 2, MADV_DONTNEED), -ENOMEM);
	EXPECT_EQ(mm->anon_rss, 0);
	mm->mmap->vm_flags |= VM_LOCKED;
	EXPECT_EQ(advise(mm, PAGE(1), 1, MADV_DONTNEED), -EINVAL);
	mm->mmap->vm_flags &= ~VM_LOCKED;
	end(mm);
}

/* --- mincore() --- */

TEST(madvise, what_is_in_memory)
{
	struct mm_struct *mm = begin(4);
	u8 there[8];

	REQUIRE(mm && file_map(mm, USER, 4, RW, MAP_PRIVATE, 0) == USER);
	REQUIRE(map_pages(mm, PAGE(4), 2, RW, MAP_FIXED) == PAGE(4));
	EXPECT(file_read(1) && poke(PAGE(2), 1) && poke(PAGE(5), 1));
	EXPECT_EQ(protect_pages(mm, PAGE(5), 1, PROT_NONE), 0);
	down_read(&mm->mmap_sem);
	EXPECT_EQ(mincore_pages(mm, USER, 8, there), 4);
	EXPECT(!there[0] && there[1] == 1 && there[2] == 1 && !there[3]);
	EXPECT_EQ(mincore_pages(mm, PAGE(4), 4, there), 1);
	EXPECT_EQ(there[0], 0);
	EXPECT_EQ(mincore_pages(mm, PAGE(5), 1, there), 1);
	EXPECT_EQ(there[0], 1);
	EXPECT_EQ(mincore_pages(mm, PAGE(6), 1, there), 0);
	up_read(&mm->mmap_sem);
	end(mm);
}
