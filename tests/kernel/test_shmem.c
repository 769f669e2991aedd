/*
 * Memory that is shared and is no file's: mm/space/shmem.c.
 */
#include <mm/object/slab.h>
#include "private_file.h"

#define PAGE(n) (USER + (n) * PAGE_SIZE)

static u32 map_shared(struct mm_struct *mm, u32 addr, u32 pages, u32 flags)
{
	u32 at;

	down_write(&mm->mmap_sem);
	at = do_mmap(mm, NULL, addr, pages << PAGE_SHIFT, RW,
		     MAP_SHARED | MAP_ANONYMOUS | flags, 0);
	up_write(&mm->mmap_sem);
	return at;
}

TEST(shmem, parent_and_child_see_what_either_writes)
{
	struct mm_struct *mm = space_begin(), *child, *grandchild;

	REQUIRE(mm && map_shared(mm, USER, 3, MAP_FIXED) == USER);
	EXPECT(peek(PAGE(1)) == 0 && poke(PAGE(0), 1));
	child = dup_mm(mm);
	REQUIRE(child);
	/* one that the parent has, one that it has not */
	use_mm(child);
	EXPECT(peek(PAGE(0)) == 1 && poke(PAGE(0), 2) && poke(PAGE(2), 3));
	use_mm(mm);
	EXPECT(peek(PAGE(0)) == 2 && peek(PAGE(2)) == 3);
	EXPECT(poke(PAGE(1), 4));
	EXPECT(page_at(mm, PAGE(0)) == page_at(child, PAGE(0)));
	grandchild = dup_mm(child);
	REQUIRE(grandchild);
	space_check(child);
	mmput(child);
	use_mm(grandchild);
	EXPECT(peek(PAGE(1)) == 4 && peek(PAGE(2)) == 3);
	EXPECT(poke(PAGE(1) + 4, 5));
	EXPECT(grandchild->anon_rss == 0 && mm->anon_rss == 0);
	space_check(mm);
	space_end(mm);
	/* the last one has it all */
	EXPECT(peek(PAGE(0)) == 2 && peek(PAGE(1) + 4) == 5);
	space_end(grandchild);
}

TEST(shmem, each_mapping_is_memory_of_its_own)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && map_shared(mm, PAGE(0), 2, MAP_FIXED) == PAGE(0));
	REQUIRE(map_shared(mm, PAGE(2), 2, MAP_FIXED) == PAGE(2));
	EXPECT_EQ(mm->map_count, 2);
	EXPECT(poke(PAGE(0), 1) && poke(PAGE(2), 2) && poke(PAGE(3), 3));
	EXPECT(peek(PAGE(0)) == 1 && peek(PAGE(1)) == 0 && peek(PAGE(3)) == 3);
	/* what is mapped there again is zero */
	REQUIRE(map_shared(mm, PAGE(2), 2, MAP_FIXED) == PAGE(2));
	EXPECT(peek(PAGE(2)) == 0 && peek(PAGE(3)) == 0);
	space_end(mm);
}

/* Moved, grown, cut: offsets stay. */
TEST(shmem, mremap_keeps_it)
{
	struct mm_struct *mm = space_begin(), *child;
	u32 i;

	REQUIRE(mm && map_shared(mm, USER, 4, MAP_FIXED) == USER);
	for (i = 0; i < 4; i++)
		EXPECT(poke(PAGE(i), 10 + i));
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(move_pages(mm, PAGE(1), 3, 5, MREMAP_MAYMOVE | MREMAP_FIXED,
			     PAGE(32)), PAGE(32));
	EXPECT(peek(PAGE(32)) == 11 && peek(PAGE(34)) == 13);
	/* it did not grow */
	EXPECT(!poke(PAGE(35), 1));
	EXPECT_EQ(mm_fault(mm, PAGE(36), PF_USER, 0), FAULT_NO_PAGE);
	EXPECT(poke(PAGE(33), 99));
	space_check(mm);
	use_mm(child);
	EXPECT(peek(PAGE(2)) == 99 && peek(PAGE(0)) == 10);
	space_end(child);
	use_mm(mm);
	EXPECT_EQ(unmap_pages(mm, PAGE(33), 1), 0);
	EXPECT(peek(PAGE(32)) == 11 && peek(PAGE(34)) == 13);
	EXPECT(!peek(PAGE(33)) && peek(PAGE(0)) == 10);
	space_end(mm);
}

TEST(shmem, what_is_dropped_or_synced_is_still_there)
{
	struct mm_struct *mm = space_begin();
	u32 pages = page_cache_pages();

	REQUIRE(mm && map_shared(mm, USER, 3, MAP_FIXED) == USER);
	EXPECT(poke(PAGE(0), 1) && poke(PAGE(1), 2) && peek(PAGE(2)) == 0);
	EXPECT_EQ(do_madvise(mm, USER, 3 * PAGE_SIZE, MADV_DONTNEED), 0);
	EXPECT(mm->file_rss == 0 && page_cache_pages() == pages + 3);
	/* nobody wrote the third */
	EXPECT_EQ(invalidate_inode_pages(mm->mmap->vm_mapping), 1);
	EXPECT_EQ(do_msync(mm, USER, 3 * PAGE_SIZE, MS_SYNC), 0);
	EXPECT(peek(PAGE(0)) == 1 && peek(PAGE(1)) == 2 && !peek(PAGE(2)));
	EXPECT_EQ(unmap_pages(mm, USER, 3), 0);
	EXPECT_EQ(page_cache_pages(), pages);
	space_end(mm);
}

/* Promised once, as a whole, until the last area goes. */
TEST(shmem, it_is_a_promise)
{
	struct mm_struct *mm = space_begin(), *child;
	s32 before = atomic_read(&overcommit.committed);

	REQUIRE(mm && map_shared(mm, USER, 10, MAP_FIXED) == USER);
	EXPECT_EQ(atomic_read(&overcommit.committed) - before, 10);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(unmap_pages(mm, PAGE(3), 4), 0);
	EXPECT_EQ(atomic_read(&overcommit.committed) - before, 10);
	space_end(mm);
	EXPECT_EQ(atomic_read(&overcommit.committed) - before, 10);
	mmput(child);
	EXPECT_EQ(atomic_read(&overcommit.committed), before);
}

TEST(shmem, what_cannot_be_promised)
{
	struct mm_struct *mm = space_begin();
	int mode = overcommit.mode;

	REQUIRE(mm);
	overcommit.mode = OVERCOMMIT_NEVER;
	EXPECT_EQ(map_shared(mm, USER, vm_commit_limit(), MAP_FIXED),
		  (u32)-ENOMEM);
	EXPECT(!mm->mmap && !shared_memory_alloc(1ULL << 44));
	overcommit.mode = mode;
	mm->limit.as = 4 * PAGE_SIZE;
	EXPECT_EQ(map_shared(mm, USER, 5, MAP_FIXED), (u32)-ENOMEM);
	EXPECT_EQ(map_shared(mm, USER, 4, MAP_FIXED), USER);
	space_end(mm);
}

TEST(shmem, each_allocation_fails)
{
	struct mm_struct *mm = space_begin();
	s32 before = atomic_read(&overcommit.committed);
	u32 at = (u32)-ENOMEM, n;

	REQUIRE(mm);
	for (n = 1; n < 20 && IS_ERR_VALUE(at); n++) {
		kmem_caches_shrink();
		page_alloc_fail_nth(n);
		at = map_shared(mm, USER, 2, MAP_FIXED);
		page_alloc_fail_nth(0);
		if (IS_ERR_VALUE(at))
			EXPECT(at == (u32)-ENOMEM && !mm->mmap &&
			       atomic_read(&overcommit.committed) == before);
	}
	EXPECT(n > 2 && at == USER);
	test_allow_warnings(n - 2);
	EXPECT(poke(USER, 1) && peek(USER) == 1);
	space_end(mm);
}
