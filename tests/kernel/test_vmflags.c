/*
 * Flags of areas that say what must not be done: VM_IO, VM_DONTCOPY,
 * VM_DONTEXPAND; and VM_LOCKED with its account.
 */
#include "user_space.h"

/* The area of USER gets flags more, as whoever makes such areas would set. */
static struct mm_struct *with_flags(u32 pages, u32 flags)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	if (!mm || !EXPECT(map_pages(mm, USER, pages, RW, MAP_FIXED) == USER))
		return NULL;
	mm->mmap->vm_flags |= flags;
	for (i = 0; i < pages; i++)
		EXPECT(poke(USER + i * PAGE_SIZE, i + 1));
	return mm;
}

#define HERE MREMAP_MAYMOVE

TEST(vmflags, dontexpand)
{
	struct mm_struct *mm = with_flags(4, VM_DONTEXPAND);

	REQUIRE(mm);
	EXPECT_EQ((int)move_pages(mm, USER, 4, 5, 0, 0), -EFAULT);
	EXPECT_EQ((int)move_pages(mm, USER, 4, 5, HERE, 0), -EFAULT);
	EXPECT_EQ((int)move_pages(mm, USER + 3 * PAGE_SIZE, 1, 2, HERE, 0),
		  -EFAULT);
	/* shorter, and to another place, it may */
	EXPECT_EQ(move_pages(mm, USER, 4, 3, 0, 0), USER);
	EXPECT_EQ(move_pages(mm, USER, 3, 3, HERE | MREMAP_FIXED,
			     USER + 0x1000000), USER + 0x1000000);
	EXPECT(peek(USER + 0x1000000) == 1 && !peek(USER));
	/* and what is mapped behind it does not become a part of it */
	EXPECT_EQ(map_pages(mm, USER + 0x1003000, 1, RW, MAP_FIXED),
		  USER + 0x1003000);
	EXPECT_EQ(mm->map_count, 2);
	space_end(mm);
}

TEST(vmflags, dontcopy)
{
	s32 promised = atomic_read(&overcommit.committed);
	struct mm_struct *mm = with_flags(4, VM_DONTCOPY), *child;

	REQUIRE(mm && map_pages(mm, USER + 0x10000, 2, RW, MAP_FIXED) <
		      TASK_SIZE);
	EXPECT(poke(USER + 0x10000, 9));
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(child->map_count == 1 && child->total_vm == 2);
	EXPECT_EQ(child->anon_rss, 1);
	EXPECT_EQ(atomic_read(&overcommit.committed) - promised, 6 + 2);
	EXPECT_EQ(page_mapcount(page_at(mm, USER)), 1);
	/* it is nobody else's: no right was lost */
	EXPECT(entry_at(mm, USER) & _PAGE_RW);
	space_check(child);
	use_mm(child);
	EXPECT(!peek(USER) && !poke(USER, 1) && peek(USER + 0x10000) == 9);
	use_mm(mm);
	EXPECT(peek(USER) == 1);
	mmput(child);
	space_end(mm);
}

/* What comes before a hole is locked, or protected; advice goes over it. */
TEST(vmflags, a_hole_in_the_range)
{
	const u32 above = USER + 2 * PAGE_SIZE;
	struct mm_struct *mm = with_flags(1, 0);
	const struct vm_area_struct *low, *high;

	REQUIRE(mm && map_pages(mm, above, 1, RW, MAP_FIXED) == above);
	low = mm->mmap;
	high = low->vm_next;
	EXPECT_EQ(do_mlock(mm, USER, 3 * PAGE_SIZE, true), -ENOMEM);
	EXPECT(low->vm_flags & VM_LOCKED && !(high->vm_flags & VM_LOCKED));
	EXPECT_EQ(mm->locked_vm, 1);
	EXPECT_EQ(protect_pages(mm, USER, 3, PROT_READ), -ENOMEM);
	EXPECT(!poke(USER, 2) && poke(above, 2));
	EXPECT_EQ(do_madvise(mm, USER, 3 * PAGE_SIZE, MADV_DONTFORK), -ENOMEM);
	EXPECT(low->vm_flags & high->vm_flags & VM_DONTCOPY);
	/* from a hole on, and up to one */
	EXPECT_EQ(do_mlock(mm, USER + PAGE_SIZE, 2 * PAGE_SIZE, true), -ENOMEM);
	EXPECT_EQ(do_mlock(mm, above, 2 * PAGE_SIZE, true), -ENOMEM);
	EXPECT(high->vm_flags & VM_LOCKED && mm->locked_vm == 2);
	space_end(mm);
}

TEST(vmflags, io)
{
	struct mm_struct *mm = with_flags(4, VM_IO);

	REQUIRE(mm);
	EXPECT_EQ((int)move_pages(mm, USER, 4, 5, HERE, 0), -EFAULT);
	EXPECT_EQ(do_madvise(mm, USER, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	EXPECT_EQ(do_madvise(mm, USER, PAGE_SIZE, MADV_DOFORK), -EINVAL);
	EXPECT_EQ(peek(USER), 1);
	/* it is there: nothing to lock, and nothing counts */
	EXPECT_EQ(do_mlock(mm, USER, 4 * PAGE_SIZE, true), 0);
	EXPECT(!mm->locked_vm && !(mm->mmap->vm_flags & VM_LOCKED));
	space_end(mm);
}

/* --- locked --- */

TEST(vmflags, locked_pages_are_counted)
{
	struct mm_struct *mm = with_flags(8, 0), *child;

	REQUIRE(mm);
	EXPECT_EQ(do_mlock(mm, USER + PAGE_SIZE, 3 * PAGE_SIZE, true), 0);
	EXPECT(mm->locked_vm == 3 && mm->map_count == 3);
	EXPECT_EQ(do_mlock(mm, USER + PAGE_SIZE, 3 * PAGE_SIZE, true), 0);
	EXPECT_EQ(mm->locked_vm, 3);
	space_check(mm);
	EXPECT_EQ(protect_pages(mm, USER + PAGE_SIZE, 1, PROT_READ), 0);
	EXPECT_EQ(mm->locked_vm, 3);
	EXPECT_EQ(unmap_pages(mm, USER + 2 * PAGE_SIZE, 1), 0);
	EXPECT_EQ(mm->locked_vm, 2);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(child->locked_vm, 0);
	space_check(child);
	mmput(child);
	EXPECT_EQ(do_munlockall(mm), 0);
	EXPECT_EQ(mm->locked_vm, 0);
	space_end(mm);
}

TEST(vmflags, lengths_that_wrap_lock_nothing)
{
	struct mm_struct *mm = with_flags(2, 0);

	REQUIRE(mm);
	EXPECT_EQ(do_mlock(mm, USER + 1, ~0U, true), -ENOMEM);
	EXPECT_EQ(do_mlock(mm, 0, ~0U, true), -ENOMEM);
	EXPECT_EQ(do_mlock(mm, USER, 0U - USER, true), -EINVAL);
	EXPECT_EQ(do_mlock(mm, USER, 0xfffff001 - USER, true), -EINVAL);
	EXPECT_EQ(mm->locked_vm, 0);
	EXPECT_EQ(do_mlock(mm, USER, 0, true), 0);
	EXPECT_EQ(do_mlock(mm, USER + PAGE_SIZE - 1, 2, true), 0);
	EXPECT_EQ(mm->locked_vm, 2);
	space_end(mm);
}

/* One area joins the one below as it is marked: nobody may look at it then. (It
 * is seen with debug=slab.) */
TEST(vmflags, all_are_locked_though_some_join)
{
	struct mm_struct *mm = with_flags(8, 0);
	u32 above = USER + 16 * PAGE_SIZE;

	REQUIRE(mm && map_pages(mm, above, 2, RW, MAP_FIXED) == above);
	EXPECT_EQ(do_mlock(mm, USER, 4 * PAGE_SIZE, true), 0);
	EXPECT_EQ(mm->map_count, 3);
	EXPECT_EQ(do_mlockall(mm, MCL_CURRENT), 0);
	EXPECT(mm->map_count == 2 && mm->locked_vm == 10);
	EXPECT_EQ(do_mlock(mm, USER, 4 * PAGE_SIZE, false), 0);
	EXPECT_EQ(do_munlockall(mm), 0);
	EXPECT(mm->map_count == 2 && mm->locked_vm == 0);
	space_end(mm);
}

/* What is shared becomes a copy at once, what was the zero page a page. */
TEST(vmflags, locked_pages_are_its_own)
{
	struct mm_struct *mm = with_flags(2, 0), *child;

	REQUIRE(mm && map_pages(mm, USER + 2 * PAGE_SIZE, 1, RW, MAP_FIXED) <
		      TASK_SIZE);
	EXPECT_EQ(peek(USER + 2 * PAGE_SIZE), 0);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(mm->anon_rss, 2);
	EXPECT_EQ(do_mlock(mm, USER, 3 * PAGE_SIZE, true), 0);
	EXPECT_EQ(mm->anon_rss, 3);
	EXPECT(page_at(mm, USER) != page_at(child, USER));
	EXPECT(entry_at(mm, USER + 2 * PAGE_SIZE) & _PAGE_RW);
	EXPECT(peek(USER) == 1 && peek(USER + PAGE_SIZE) == 2);
	mmput(child);
	space_end(mm);
}

TEST(vmflags, a_locked_stack_counts_as_it_grows)
{
	struct mm_struct *mm = space_begin();
	u32 top = USER + 0x100000;

	REQUIRE(mm && map_pages(mm, top, 1, RW, MAP_FIXED | MAP_GROWSDOWN) ==
		      top);
	EXPECT_EQ(do_mlockall(mm, MCL_CURRENT), 0);
	mm->limit.memlock = 3 * PAGE_SIZE;
	EXPECT(poke(top - 4, 1) && mm->locked_vm == 2);
	EXPECT(poke(top - PAGE_SIZE - 4, 1) && mm->locked_vm == 3);
	EXPECT(!poke(top - 2 * PAGE_SIZE - 4, 1));
	EXPECT_EQ(mm->locked_vm, 3);
	space_end(mm);
}

/* --- advice --- */

#define ADVISED 70U	/* derived: more than a batch; 4 MB have them */

TEST(vmflags, dontneed_gives_pages_back)
{
	struct mm_struct *mm = with_flags(ADVISED, 0);
	u32 unused, tables;

	REQUIRE(mm);
	tables = mm->nr_tables;
	unused = nr_unused_pages();
	EXPECT_EQ(do_madvise(mm, USER + PAGE_SIZE, (ADVISED - 2) * PAGE_SIZE,
			     MADV_DONTNEED), 0);
	EXPECT_EQ(nr_unused_pages(), unused + ADVISED - 2);
	EXPECT(mm->anon_rss == 2 && mm->nr_tables == tables);
	EXPECT(mm->map_count == 1 && mm->total_vm == ADVISED);
	space_check(mm);
	EXPECT(peek(USER) == 1 && !peek(USER + PAGE_SIZE));
	EXPECT(peek(USER + (ADVISED - 1) * PAGE_SIZE) == ADVISED);
	space_end(mm);
}
