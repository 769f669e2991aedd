/*
 * Copies of address spaces, and threads that have different ones: dup_mm(), use
 * of spaces by the scheduler, reverse mappings.
 */
#include <kernel/cpu/processor.h>
#include <kernel/cpu/time.h>
#include <mm/object/slab.h>
#include <mm/table/layout.h>
#include <mm/virt/vmalloc.h>
#include "threads.h"
#include "user_space.h"

#define PAGES 8U

/* A space with PAGES pages: all but the last one written. */
static struct mm_struct *parent_begin(void)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	if (!mm || !EXPECT(map_pages(mm, USER, PAGES, RW, MAP_FIXED) == USER))
		return NULL;
	for (i = 0; i < PAGES - 1; i++)
		EXPECT(poke(USER + i * PAGE_SIZE, 100 + i));
	EXPECT_EQ(peek(USER + (PAGES - 1) * PAGE_SIZE), 0);
	return mm;
}

/* This thread has another space from now on. */
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

static void child_end(struct mm_struct *child)
{
	space_check(child);
	EXPECT_EQ(atomic_read(&child->mm_users), current->mm == child ? 2 : 1);
	if (current->mm == child)
		unuse_mm();
	mmput(child);
}

/* What either writes the other never sees. */
TEST(fork, copy_on_write_in_both_directions)
{
	struct mm_struct *mm = parent_begin(), *child;
	struct page *page;
	u32 i;

	REQUIRE(mm);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT(child->anon_rss == PAGES - 1 && child->total_vm == PAGES);
	page = page_at(mm, USER);
	EXPECT(page == page_at(child, USER));
	EXPECT(page_mapcount(page) == 2 && page_count(page) == 2);
	EXPECT(!(entry_at(mm, USER) & _PAGE_RW));
	EXPECT(!(entry_at(child, USER) & _PAGE_RW));
	space_check(mm);
	space_check(child);
	/* 0: the parent writes; 1: the child; 2: both; 3: neither */
	EXPECT(poke(USER, 1) && poke(USER + 2 * PAGE_SIZE, 2));
	EXPECT(poke_in(child, USER + PAGE_SIZE, 3));
	EXPECT(poke_in(child, USER + 2 * PAGE_SIZE, 4));
	EXPECT(peek(USER) == 100 && peek(USER + PAGE_SIZE) == 3);
	EXPECT(peek(USER + 2 * PAGE_SIZE) == 4);
	EXPECT(poke(USER + (PAGES - 1) * PAGE_SIZE, 5));
	EXPECT(peek_in(mm, USER) == 1 && peek(USER + PAGE_SIZE) == 101);
	EXPECT(peek(USER + 2 * PAGE_SIZE) == 2);
	EXPECT(peek(USER + (PAGES - 1) * PAGE_SIZE) == 0);
	for (i = 3; i < PAGES - 1; i++)
		EXPECT(page_at(mm, USER + i * PAGE_SIZE) ==
		       page_at(child, USER + i * PAGE_SIZE));
	child_end(child);
	/* what it shared is the parent's alone again */
	EXPECT_EQ(page_mapcount(page_at(mm, USER + 3 * PAGE_SIZE)), 1);
	space_end(mm);
}

/* The last owner writes to the page itself. */
TEST(fork, one_owner_left_does_not_copy)
{
	struct mm_struct *mm = parent_begin(), *child;
	struct page *page;
	u32 unused;

	REQUIRE(mm);
	page = page_at(mm, USER);
	child = dup_mm(mm);
	REQUIRE(child);
	child_end(child);
	EXPECT(!(entry_at(mm, USER) & _PAGE_RW));
	unused = nr_unused_pages();
	EXPECT(poke(USER, 7) && peek(USER) == 7);
	EXPECT(page_at(mm, USER) == page && nr_unused_pages() == unused);
	/* somebody else has a use of it: then it is copied */
	child = dup_mm(mm);
	REQUIRE(child);
	get_page(page);
	child_end(child);
	EXPECT(poke(USER, 8) && page_at(mm, USER) != page);
	EXPECT(page_count(page) == 1 && page_mapcount(page) == 0);
	put_user_page(page);
	space_end(mm);
}

#define GENERATIONS 6U

/* A child of a child of ...: each writes a page of its own, all see the rest.*/
TEST(fork, generations)
{
	struct mm_struct *mm[GENERATIONS];
	u32 i, k;

	mm[0] = parent_begin();
	REQUIRE(mm[0]);
	for (i = 1; i < GENERATIONS; i++) {
		mm[i] = dup_mm(mm[i - 1]);
		REQUIRE(mm[i]);
		EXPECT(poke_in(mm[i], USER + i * PAGE_SIZE, 1000 + i));
	}
	EXPECT_EQ(page_mapcount(page_at(mm[0], USER)), GENERATIONS);
	for (i = 0; i < GENERATIONS; i++) {
		for (k = 1; k < PAGES - 1; k++)
			EXPECT_EQ(peek_in(mm[i], USER + k * PAGE_SIZE),
				  k <= i ? 1000 + k : 100 + k);
		space_check(mm[i]);
	}
	/* those in the middle first */
	for (i = 1; i < GENERATIONS; i += 2)
		child_end(mm[i]);
	for (i = 2; i < GENERATIONS; i += 2) {
		EXPECT_EQ(peek_in(mm[i], USER + PAGE_SIZE), 1001);
		child_end(mm[i]);
	}
	EXPECT_EQ(peek_in(mm[0], USER + PAGE_SIZE), 101);
	space_end(mm[0]);
}

TEST(fork, a_thousand_children)
{
	struct mm_struct *mm = parent_begin(), *child;
	u32 i, unused;

	REQUIRE(mm);
	child = dup_mm(mm);
	REQUIRE(child);
	mmput(child);
	kmem_caches_shrink();
	unused = nr_unused_pages();
	for (i = 0; i < 1000; i++) {
		child = dup_mm(mm);
		if (!EXPECT(child))
			break;
		if (!(i % 8)) {
			EXPECT(poke_in(child, USER, i));
			EXPECT_EQ(peek_in(mm, USER), 100);
		}
		mmput(child);
	}
	kmem_caches_shrink();
	/* what the first writes of the parent took were its own pages */
	EXPECT_EQ(nr_unused_pages(), unused);
	space_end(mm);
}

/* The n-th page is refused, for each n: the parent is as it was. */
TEST(fork, each_allocation_fails)
{
	struct mm_struct *mm = parent_begin(), *child = NULL;
	u32 n, i;

	REQUIRE(mm);
	REQUIRE(map_pages(mm, USER + 0x800000, 2, RW, MAP_FIXED) < TASK_SIZE);
	EXPECT(poke(USER + 0x800000, 9));
	for (n = 1; n < 40 && !child; n++) {
		kmem_caches_shrink();
		page_alloc_fail_nth(n);
		child = dup_mm(mm);
		page_alloc_fail_nth(0);
		space_check(mm);
		for (i = 0; i < PAGES - 1; i++)
			EXPECT_EQ(peek(USER + i * PAGE_SIZE), 100 + i);
	}
	REQUIRE(child);
	EXPECT(n > 4);
	test_allow_warnings(n - 2);
	EXPECT_EQ(peek_in(child, USER + 0x800000), 9);
	child_end(child);
	space_end(mm);
}

TEST(fork, promises_are_kept_twice)
{
	s32 before = atomic_read(&overcommit.committed);
	struct mm_struct *mm = parent_begin(), *child;

	REQUIRE(mm);
	EXPECT_EQ(atomic_read(&overcommit.committed) - before, PAGES);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(atomic_read(&overcommit.committed) - before, 2 * PAGES);
	child_end(child);
	use_mm(mm);
	EXPECT_EQ(atomic_read(&overcommit.committed) - before, PAGES);
	space_end(mm);
}

/* --- who shows a page --- */

static int count_one(struct vm_area_struct *vma, u32 address, void *arg)
{
	u32 *n = arg;

	(*n)++;
	return 0;
}

static u32 shown_at(struct page *page)
{
	u32 n = 0;

	rmap_walk_anon(page, count_one, &n);
	return n;
}

/* As many as are counted, whatever was split, joined, moved and copied. */
TEST(fork, every_entry_is_found_from_the_page)
{
	struct mm_struct *mm = parent_begin(), *child;
	u32 i, far = USER + 0x10000000;

	REQUIRE(mm);
	EXPECT_EQ(protect_pages(mm, USER + PAGE_SIZE, 2, PROT_READ), 0);
	child = dup_mm(mm);
	REQUIRE(child);
	EXPECT_EQ(protect_pages(mm, USER + PAGE_SIZE, 2, RW), 0);
	EXPECT_EQ(move_pages(mm, USER + 4 * PAGE_SIZE, 2, 2,
			     MREMAP_MAYMOVE | MREMAP_FIXED, far), far);
	EXPECT_EQ(unmap_pages(child, USER, 1), 0);
	EXPECT(peek(far) == 104 && peek(far + PAGE_SIZE) == 105);
	EXPECT(!peek(USER + 4 * PAGE_SIZE));
	for (i = 0; i < PAGES - 1; i++) {
		u32 at = i == 4 || i == 5 ? far + (i - 4) * PAGE_SIZE :
					    USER + i * PAGE_SIZE;
		struct page *page = page_at(mm, at);

		EXPECT_EQ(page_mapcount(page), i ? 2 : 1);
		EXPECT_EQ(shown_at(page), i ? 2 : 1);
	}
	/* one that nobody may touch, too */
	EXPECT_EQ(protect_pages(mm, USER + 3 * PAGE_SIZE, 1, PROT_NONE), 0);
	EXPECT_EQ(shown_at(page_at(mm, USER + 3 * PAGE_SIZE)), 2);
	EXPECT(poke(far, 1) && shown_at(page_at(mm, far)) == 1);
	EXPECT_EQ(peek_in(child, USER + 4 * PAGE_SIZE), 104);
	child_end(child);
	use_mm(mm);
	space_end(mm);
}

/* --- mremap with pages --- */

TEST(fork, moved_pages_keep_what_they_hold)
{
	struct mm_struct *mm = parent_begin();
	u32 i, to = USER + 0x400000 - 3 * PAGE_SIZE, far = USER + 0x2000000;

	REQUIRE(mm);
	/* across a border of tables, and longer */
	EXPECT_EQ(move_pages(mm, USER, PAGES, PAGES + 2,
			     MREMAP_MAYMOVE | MREMAP_FIXED, to), to);
	for (i = 0; i < PAGES + 2; i++)
		EXPECT_EQ(peek(to + i * PAGE_SIZE),
			  i < PAGES - 1 ? 100 + i : 0);
	EXPECT(!poke(USER, 1) && poke(to + (PAGES + 1) * PAGE_SIZE, 1));
	space_check(mm);
	/* a page in the middle moves off, and comes back */
	EXPECT_EQ(move_pages(mm, to + PAGE_SIZE, 1, 1,
			     MREMAP_MAYMOVE | MREMAP_FIXED, far), far);
	EXPECT(peek(far) == 101 && !peek(to + PAGE_SIZE));
	EXPECT_EQ(mm->map_count, 3);
	EXPECT_EQ(move_pages(mm, far, 1, 1, MREMAP_MAYMOVE | MREMAP_FIXED,
			     to + PAGE_SIZE), to + PAGE_SIZE);
	EXPECT(peek(to + PAGE_SIZE) == 101 && mm->map_count == 1);
	space_end(mm);
}

/* --- threads with spaces of their own --- */

struct user {
	struct mm_struct *mm;
	u32 number, rounds;
};

static int writes_and_reads(void *data)
{
	const struct user *user = data;
	u32 i, right = 0;

	use_mm(user->mm);
	for (i = 0; i < user->rounds; i++) {
		right += poke(USER, user->number + i);
		yield();
		right += peek(USER) == user->number + i;
	}
	unuse_mm();
	return (int)right;
}

/* At the same address, each its own memory, in turn with threads of the kernel
 * that have none. */
TEST(fork, each_thread_sees_its_own_memory)
{
	static struct user user[4];
	struct crew crew = { .n = 0 };
	u32 i;

	for (i = 0; i < 4; i++) {
		user[i] = (struct user){ .mm = mm_alloc(), .rounds = 50,
					 .number = 1000 * (i + 1) };
		REQUIRE(user[i].mm);
		REQUIRE(map_pages(user[i].mm, USER, 1, RW, MAP_FIXED) == USER);
	}
	for (i = 0; i < 4; i++)
		crew_add(&crew, PRIO_DEFAULT, writes_and_reads, &user[i]);
	msleep(30);
	EXPECT_EQ(crew_join(&crew), 4 * 100);
	for (i = 0; i < 4; i++) {
		space_check(user[i].mm);
		mmput(user[i].mm);
	}
}

/* Threads that share one: each fault is answered once. */
static int touches_all(void *data)
{
	struct mm_struct *mm = data;
	u32 i, right = 0;

	use_mm(mm);
	for (i = 0; i < 64; i++) {
		right += poke(USER + i * PAGE_SIZE + current->pid % 64 * 4,
			      current->pid);
		if (!(i % 8))
			yield();
	}
	unuse_mm();
	return (int)right;
}

TEST(fork, threads_share_a_space)
{
	struct mm_struct *mm = mm_alloc();
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(mm && map_pages(mm, USER, 64, RW, MAP_FIXED) == USER);
	for (i = 0; i < 4; i++)
		crew_add(&crew, PRIO_DEFAULT, touches_all, mm);
	EXPECT_EQ(crew_join(&crew), 4 * 64);
	EXPECT_EQ(mm->anon_rss, 64);
	space_check(mm);
	mmput(mm);
}

/*
 * Parent and child give back the same pages at once, each preempted anywhere:
 * one of them is the last user of a page, and must know it. What is wrong is
 * told when the page is freed, and the page is lost.
 */
static u32 shared_pages;

static int gives_all_back(void *data)
{
	/* until the next tick */
	current->time_slice = 1;
	unmap_pages(data, USER, shared_pages);
	return 0;
}

static bool share_and_give_back(struct mm_struct *mm)
{
	struct crew crew = { .n = 0 };
	struct mm_struct *child;
	u32 i;

	if (map_pages(mm, USER, shared_pages, RW, MAP_FIXED) != USER)
		return false;
	for (i = 0; i < shared_pages; i++)
		poke(USER + i * PAGE_SIZE, i);
	child = dup_mm(mm);
	if (!child)
		return false;
	crew_add(&crew, PRIO_DEFAULT, gives_all_back, mm);
	crew_add(&crew, PRIO_DEFAULT, gives_all_back, child);
	crew_join(&crew);
	mmput(child);
	return true;
}

TEST(fork, both_give_back_at_once)
{
	struct mm_struct *mm = space_begin();
	u32 unused, i;

	/* so many that a tick comes in between */
	shared_pages = min(3000U, nr_unused_pages() / 4);
	REQUIRE(mm && share_and_give_back(mm));
	unused = nr_unused_pages();
	for (i = 0; i < 60; i++)
		EXPECT(share_and_give_back(mm));
	EXPECT(nr_unused_pages() + 20 >= unused);
	space_end(mm);
}

static int does_nothing(void *data)
{
	volatile u32 deep[64];

	deep[63] = 1;
	yield();
	return (int)deep[63];
}

#define STRANGERS 6U

/* As if tables of vmalloc()'s from there on had been made later than this space
 * (the suites make them all before the first case). PAE shares them all. */
static void forget_tables(struct mm_struct *mm, u32 from)
{
	u32 *root = mm->pgd.root;

	if (mm->pgd.levels == 2)
		memset(root + (from >> 22), 0, STRANGERS * 4);
}

/* A stack that was made while the CPU had another page directory: in a table
 * that the directory it has now has never seen. */
TEST(fork, new_stacks_are_known_to_all_spaces)
{
	struct mm_struct *mm = space_begin(), *other = mm_alloc();
	struct crew crew = { .n = 0 };
	void *area[STRANGERS];
	u32 i, n = 0;

	REQUIRE(mm && other);
	/* those further down have stacks of others */
	forget_tables(other, memory_layout.vmalloc_start + (8U << 20));
	/* addresses only, so that each stack begins in another table */
	for (i = 0; i < STRANGERS; i++) {
		struct vm_struct *vm = get_vm_area(4U << 20, VM_MAP);

		if (vm)
			area[n++] = vm->addr;
		/* they begin when this thread waits */
		crew_add(&crew, PRIO_IDLE - 1, does_nothing, NULL);
	}
	use_mm(other);
	EXPECT_EQ(crew_join(&crew), STRANGERS);
	use_mm(mm);
	while (n)
		vunmap(area[--n]);
	space_end(other);
	space_end(mm);
}

/* The CPU keeps a space for threads without any, but not one that has gone. */
TEST(fork, a_space_that_goes_is_left)
{
	struct mm_struct *mm = space_begin();

	REQUIRE(mm && map_pages(mm, USER, 1, RW, MAP_FIXED) == USER);
	EXPECT(poke(USER, 1));
	EXPECT_EQ(read_cr3() & ~0x1fU, __pa(mm->pgd.root));
	unuse_mm();
	EXPECT_EQ(read_cr3() & ~0x1fU, __pa(mm->pgd.root));
	mmput(mm);
	EXPECT_EQ(read_cr3() & ~0x1fU, __pa(kernel_pgtable.root));
}
