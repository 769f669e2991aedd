/*
 * Shared memory in swap: mm/space/shmem_swap.c.
 */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <mm/object/slab.h>
#include <mm/space/filemap.h>
#include "swap_areas.h"

#define SLOTS 64U
#define PAGES 8U
#define PAGE(n) (USER + (n) * PAGE_SIZE)

struct scene {
	struct mm_struct *mm;
	struct test_area *area;
	struct swap_area *slots;
};

static void tell(const char *sentence)
{
	printk("%s\n", sentence);
	EXPECT(!"swap is not as it says");
}

static bool begin(struct scene *s)
{
	u32 i, at;

	s->area = area_begin("test", SLOTS, TEST_PRIO);
	if (!s->area)
		return false;
	s->slots = area_of(s->area);
	s->mm = space_begin();
	if (!s->mm)
		return false;
	down_write(&s->mm->mmap_sem);
	at = do_mmap(s->mm, NULL, USER, PAGES << PAGE_SHIFT, RW,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0);
	up_write(&s->mm->mmap_sem);
	for (i = 0; i < PAGES; i++)
		EXPECT(poke(PAGE(i), 100 + i));
	return EXPECT(at == USER);
}

static void end(struct scene *s)
{
	EXPECT_EQ(check_swap(tell), 0);
	space_end(s->mm);
	EXPECT_EQ(s->slots->inuse, 0);
	area_end(s->area);
}

/* Entries away, and to its slot; the page is not locked any more. */
static int send_out(struct page *page)
{
	struct address_space *mapping;
	int err = 0;

	lock_page(page);
	page_referenced(page);
	EXPECT_EQ(try_to_unmap(page), UNMAP_SUCCESS);
	mapping = page->mapping;
	if (clear_page_dirty_for_io(page))
		err = mapping->a_ops->swap_out(mapping, page);
	else
		unlock_page(page);
	return err;
}

static bool drop(struct page *page)
{
	bool gone;

	wait_on_page_writeback(page);
	lock_page(page);
	gone = remove_unused_page(page);
	unlock_page(page);
	return gone;
}

/* As reclaim does it: the page has left its mapping. */
static bool out(struct scene *s, u32 addr)
{
	struct page *page = grab_page(s->mm, addr);
	bool gone;

	if (!EXPECT(page))
		return false;
	gone = !send_out(page) && drop(page);
	put_user_page(page);
	return gone;
}

TEST(shmem_swap, a_page_goes_and_comes)
{
	struct mm_struct *child;
	struct scene s;

	REQUIRE(begin(&s));
	child = dup_mm(s.mm);
	REQUIRE(child);
	EXPECT(out(&s, USER) && s.slots->inuse == 1 && s.area->writes == 1);
	EXPECT_EQ(check_swap(tell), 0);
	/* both find the same page again */
	EXPECT(peek(USER) == 100 && s.area->reads == 1);
	use_mm(child);
	EXPECT(peek(USER) == 100 && poke(USER, 7) && s.area->reads == 1);
	use_mm(s.mm);
	EXPECT(peek(USER) == 7);
	mmput(child);
	end(&s);
}

/* The slot stays: a clean page goes without a write, a dirty one to the same
 * place. */
TEST(shmem_swap, the_slot_is_kept)
{
	struct scene s;

	REQUIRE(begin(&s));
	EXPECT(out(&s, USER) && peek(USER) == 100);
	EXPECT(out(&s, USER) && s.area->writes == 1);
	EXPECT(poke(USER, 9) && out(&s, USER) && s.area->writes == 2);
	EXPECT(peek(USER) == 9 && s.slots->inuse == 1);
	end(&s);
}

TEST(shmem_swap, what_is_in_swap_goes_with_it)
{
	struct scene s;
	u32 i;

	REQUIRE(begin(&s));
	for (i = 0; i < PAGES; i++)
		EXPECT(out(&s, PAGE(i)));
	EXPECT(s.slots->inuse == PAGES && peek(PAGE(3)) == 103);
	EXPECT_EQ(unmap_pages(s.mm, USER, PAGES), 0);
	EXPECT_EQ(s.slots->inuse, 0);
	end(&s);
}

TEST(shmem_swap, swapoff_brings_it_home)
{
	struct scene s;
	u32 i;

	REQUIRE(begin(&s));
	for (i = 0; i < PAGES; i++)
		EXPECT(out(&s, PAGE(i)));
	EXPECT(peek(PAGE(5)) == 105);
	EXPECT_EQ(swapoff("test"), 0);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	EXPECT_EQ(s.area->reads, PAGES);
	space_end(s.mm);
	area_destroy(s.area);
}

TEST(shmem_swap, a_write_that_fails)
{
	struct page *page;
	struct scene s;

	REQUIRE(begin(&s));
	s.area->no_write = 1;
	test_allow_warnings(1);
	page = grab_page(s.mm, USER);
	EXPECT(!send_out(page) && !drop(page) && PageDirty(page));
	EXPECT(s.slots->inuse == 0 && s.slots->usable == SLOTS - 2);
	EXPECT_EQ(check_swap(tell), 0);
	put_user_page(page);
	/* to another one, next time */
	EXPECT(peek(USER) == 100 && out(&s, USER) && peek(USER) == 100);
	EXPECT_EQ(s.area->writes, 2);
	end(&s);
}

TEST(shmem_swap, a_read_that_fails)
{
	struct scene s;

	REQUIRE(begin(&s));
	EXPECT(out(&s, USER));
	s.area->no_read = 1;
	test_allow_warnings(1);
	EXPECT(!fault_is_good(mm_fault(s.mm, USER, 0, 0)));
	EXPECT(peek(PAGE(1)) == 101);
	s.area->no_read = 0;
	EXPECT_EQ(peek(USER), 100);
	end(&s);
}

/* --- without memory --- */

static struct fail_point *fail_at(const char *name, u32 n)
{
	struct fail_point *point = fail_find(name, 4);

	kmem_caches_shrink();
	fail_nth(point, n);
	return point;
}

static bool was_unused(struct fail_point *point)
{
	bool unused = point->active;

	fail_nth(point, 0);
	return unused;
}

/* How often a fault failed, of a page that is out each time. */
static u32 faults_fail(struct scene *s, const char *name)
{
	enum fault_result result;
	struct fail_point *point;
	u32 n, failed = 0;
	bool unused = false;

	for (n = 1; !unused && n < 20; n++) {
		EXPECT(out(s, USER));
		point = fail_at(name, n);
		result = mm_fault(s->mm, USER, 0, 0);
		unused = was_unused(point);
		EXPECT(fault_is_good(result) || result == FAULT_OOM);
		failed += !fault_is_good(result);
		space_check(s->mm);
		EXPECT_EQ(peek(USER), 100);
	}
	EXPECT(unused);
	return failed;
}

TEST(shmem_swap, a_fault_without_memory)
{
	unsigned int warnings = printk_warnings();
	struct scene s;

	REQUIRE(begin(&s));
	EXPECT(faults_fail(&s, "page") >= 1);
	faults_fail(&s, "slab");
	test_allow_warnings(printk_warnings() - warnings);
	end(&s);
}

TEST(shmem_swap, swapoff_without_memory)
{
	unsigned int warnings = printk_warnings();
	struct fail_point *point;
	struct scene s;
	u32 i, n = 0;
	int err;

	REQUIRE(begin(&s));
	for (i = 0; i < PAGES; i++)
		EXPECT(out(&s, PAGE(i)));
	/* the first one each time: what is at home stays there */
	do {
		point = fail_at("page", 1);
		err = swapoff("test");
		was_unused(point);
		EXPECT(!err || (err == -ENOMEM && s.slots->writable));
		EXPECT_EQ(check_swap(tell), 0);
		n++;
	} while (err && n < 3);
	EXPECT_EQ(err, -ENOMEM);
	/* swapoff's sentence alone: who asks so kills nobody for it either */
	EXPECT_EQ(printk_warnings() - warnings, n);
	for (i = 0; i < PAGES; i += 2)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	EXPECT_EQ(swapoff("test"), 0);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
	test_allow_warnings(printk_warnings() - warnings);
	space_end(s.mm);
	area_destroy(s.area);
}

TEST(shmem_swap, without_slots_it_stays)
{
	struct mm_struct *mm = space_begin();
	struct page *page;
	u32 at;

	if (total_swap_pages()) {
		test_skip("there is swap");
		space_end(mm);
		return;
	}
	down_write(&mm->mmap_sem);
	at = do_mmap(mm, NULL, USER, PAGE_SIZE, RW,
		     MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, 0);
	up_write(&mm->mmap_sem);
	EXPECT(at == USER && poke(USER, 1));
	page = grab_page(mm, USER);
	EXPECT_EQ(send_out(page), -ENOSPC);
	EXPECT(PageDirty(page) && !PageWriteback(page) && !drop(page));
	put_user_page(page);
	EXPECT_EQ(peek(USER), 1);
	space_end(mm);
}
