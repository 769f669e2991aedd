/*
 * Areas of an address space: mm/space/vma.c, mmap.c. What random operations
 * make of them is tested on the host (tests/host/test_vma.c).
 */
#include "user_space.h"

static u32 free_range(struct mm_struct *mm, u32 pages)
{
	u32 at;

	down_read(&mm->mmap_sem);
	at = find_free_range(mm, pages << PAGE_SHIFT, USER);
	up_read(&mm->mmap_sem);
	return at;
}

/* Holes of 1, 2, 3 ... pages: each length finds its own, and what is longer
 * than all of them the end. */
TEST(vma, lowest_range_that_fits)
{
	struct mm_struct *mm = space_begin();
	u32 i, at = USER, hole[40];

	REQUIRE(mm);
	for (i = 1; i < 40; i++) {
		REQUIRE(map_pages(mm, at, 1, RW, MAP_FIXED) == at);
		hole[i] = at + PAGE_SIZE;
		at += (i + 1) << PAGE_SHIFT;
	}
	REQUIRE(map_pages(mm, at, 1, RW, MAP_FIXED) == at);
	for (i = 1; i < 40; i++)
		EXPECT_EQ(free_range(mm, i), hole[i]);
	EXPECT_EQ(free_range(mm, 40), at + PAGE_SIZE);
	EXPECT_EQ(free_range(mm, (TASK_SIZE - at) >> PAGE_SHIFT),
		  (u32)-ENOMEM);
	EXPECT_EQ(map_pages(mm, hole[7], 7, RW, 0), hole[7]);
	EXPECT_EQ(free_range(mm, 7), hole[8]);
	/* a hint that is free is taken, one that is not does not count */
	EXPECT_EQ(map_pages(mm, hole[9] + PAGE_SIZE, 2, RW, 0),
		  hole[9] + PAGE_SIZE);
	EXPECT_EQ(map_pages(mm, at, 2, RW, 0), hole[2]);
	space_end(mm);
}

static struct vm_area_struct *area_of(struct mm_struct *mm, u32 addr)
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_sem);
	vma = find_vma(mm, addr);
	up_read(&mm->mmap_sem);
	return vma;
}

TEST(vma, found_by_address)
{
	struct mm_struct *mm = space_begin();
	struct vm_area_struct *low, *high;

	REQUIRE(mm && !area_of(mm, 0) && !area_of(mm, USER));
	REQUIRE(map_pages(mm, USER, 2, RW, MAP_FIXED) == USER);
	REQUIRE(map_pages(mm, USER + 0x4000, 1, RW, MAP_FIXED) < TASK_SIZE);
	low = mm->mmap;
	high = low->vm_next;
	EXPECT(area_of(mm, 0) == low && area_of(mm, USER) == low);
	EXPECT(area_of(mm, USER + 0x1fff) == low);
	EXPECT(area_of(mm, USER + 0x2000) == high);
	EXPECT(area_of(mm, USER + 0x4fff) == high);
	EXPECT(!area_of(mm, USER + 0x5000) && !area_of(mm, ~0U));
	/* the one that was found last goes */
	EXPECT(area_of(mm, USER) == low);
	EXPECT_EQ(unmap_pages(mm, USER, 2), 0);
	EXPECT(area_of(mm, USER) == high && area_of(mm, 0) == high);
	EXPECT_EQ(unmap_pages(mm, USER + 0x4000, 1), 0);
	EXPECT(!area_of(mm, USER + 0x4000) && !area_of(mm, 0));
	space_end(mm);
}

TEST(vma, the_heap)
{
	struct mm_struct *mm = space_begin();
	u32 heap = USER + 0x123;

	REQUIRE(mm);
	mm->start_brk = mm->brk = heap;
	mm->start_data = USER - PAGE_SIZE;
	EXPECT_EQ(mm_brk(mm, 0), heap);
	EXPECT_EQ(mm_brk(mm, heap + 3 * PAGE_SIZE), heap + 3 * PAGE_SIZE);
	EXPECT(poke(USER + PAGE_SIZE, 7) && poke(USER + 3 * PAGE_SIZE, 8));
	EXPECT(!poke(USER + 4 * PAGE_SIZE, 9) && !poke(USER, 9));
	EXPECT_EQ(mm->map_count, 1);
	EXPECT_EQ(mm_brk(mm, heap + 5 * PAGE_SIZE), heap + 5 * PAGE_SIZE);
	EXPECT(mm->map_count == 1 && mm->total_vm == 5);
	EXPECT_EQ(mm_brk(mm, heap + PAGE_SIZE), heap + PAGE_SIZE);
	EXPECT(mm->total_vm == 1 && peek(USER + PAGE_SIZE) == 7);
	/* what comes back is zero */
	EXPECT_EQ(mm_brk(mm, heap + 3 * PAGE_SIZE), heap + 3 * PAGE_SIZE);
	EXPECT_EQ(peek(USER + 3 * PAGE_SIZE), 0);
	/* not into what is mapped above, nor right up to it */
	REQUIRE(map_pages(mm, USER + 0x8000, 1, RW, MAP_FIXED) < TASK_SIZE);
	EXPECT_EQ(mm_brk(mm, USER + 0x8000), heap + 3 * PAGE_SIZE);
	EXPECT_EQ(mm_brk(mm, USER + 0x7000), USER + 0x7000);
	mm->limit.data = 8 * PAGE_SIZE - 1;
	EXPECT_EQ(mm_brk(mm, USER + 0x6fff), USER + 0x6fff);
	EXPECT_EQ(mm_brk(mm, USER + 0x7000), USER + 0x6fff);
	space_end(mm);
}

/* A thousand areas, every second one goes, and all come back as one. */
TEST(vma, many_areas)
{
	struct mm_struct *mm = space_begin();
	u32 i, n = 1000, base = USER + 0x10000000;

	REQUIRE(mm);
	for (i = 0; i < n; i++)
		if (!EXPECT(map_pages(mm, base + i * PAGE_SIZE, 1, i & 1 ? RW :
				      PROT_READ, MAP_FIXED) < TASK_SIZE))
			break;
	EXPECT_EQ(mm->map_count, n);
	space_check(mm);
	for (i = 0; i < n; i += 2)
		EXPECT_EQ(unmap_pages(mm, base + i * PAGE_SIZE, 1), 0);
	EXPECT_EQ(mm->map_count, n / 2);
	space_check(mm);
	for (i = 0; i < n; i += 2)
		EXPECT_EQ(map_pages(mm, 0, 1, RW, 0), TASK_UNMAPPED_BASE +
			  (i / 2 << PAGE_SHIFT));
	for (i = 0; i < n; i += 2)
		EXPECT_EQ(map_pages(mm, base + i * PAGE_SIZE, 1, RW, 0),
			  base + i * PAGE_SIZE);
	EXPECT_EQ(mm->map_count, 2);
	space_end(mm);
}

/* --- the checker finds what is wrong --- */

TEST(vma, checks_find_damage)
{
	struct mm_struct *mm = space_begin();
	struct vm_area_struct *vma;
	u32 *entry;

	REQUIRE(mm && map_pages(mm, USER, 2, RW, MAP_FIXED) == USER);
	REQUIRE(map_pages(mm, USER + 0x4000, 2, PROT_READ, MAP_FIXED) <
		TASK_SIZE);
	EXPECT(poke(USER, 1) && !peek(USER + 0x4000));
	vma = mm->mmap;
	EXPECT_EQ(space_differences(mm), 0);
	mm->total_vm++;
	EXPECT_EQ(space_differences(mm), 1);
	mm->total_vm--;
	mm->anon_rss++;
	mm->nr_tables++;
	EXPECT_EQ(space_differences(mm), 2);
	mm->anon_rss--;
	mm->nr_tables--;
	vma->vm_next->vm_rb.max_gap += PAGE_SIZE;
	EXPECT(space_differences(mm) >= 1);
	vma->vm_next->vm_rb.max_gap -= PAGE_SIZE;
	vma->vm_next->vm_rb.gap += PAGE_SIZE;
	EXPECT(space_differences(mm) >= 1);
	vma->vm_next->vm_rb.gap -= PAGE_SIZE;
	vma->vm_flags &= ~VM_WRITE;
	EXPECT(space_differences(mm) >= 1);
	vma->vm_flags |= VM_WRITE;
	page_at(mm, USER)->index++;
	EXPECT_EQ(space_differences(mm), 1);
	page_at(mm, USER)->index--;
	/* an entry that permits more than its area */
	entry = pt_find(&mm->pgd, USER + 0x4000);
	pt_set_bits(entry, (u32)_PAGE_RW);
	EXPECT_EQ(space_differences(mm), 1);
	pt_clear_bits(entry, (u32)_PAGE_RW);
	EXPECT_EQ(space_differences(mm), 0);
	space_end(mm);
}
