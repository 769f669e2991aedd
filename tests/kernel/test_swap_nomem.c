/*
 * Swap without memory: each request for pages and for objects fails once, on
 * each way: the begin of an area, its end, a fault with what is read ahead, and
 * a page that is written.
 */
#include <kernel/base/fail.h>
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <mm/object/slab.h>
#include "fake_disk.h"
#include "swap_areas.h"

#define SLOTS 64U
#define PAGES 16U
#define TRIES_MOST 60U
#define PAGE(n) (USER + (n) * PAGE_SIZE)

static const char *const points[] = { "page", "slab" };

static unsigned int warnings_before;

static void tell(const char *sentence)
{
	printk("%s\n", sentence);
	EXPECT(!"swap is not as it says");
}

/* The n-th request from now on; what is kept back is given back. */
static struct fail_point *arm(u32 point, u32 n)
{
	struct fail_point *fail = fail_find(points[point], 4);

	kmem_caches_shrink();
	if (fail)
		fail_nth(fail, n);
	return fail;
}

/* True: it was not asked so often. */
static bool disarm(struct fail_point *fail)
{
	bool unused = fail->active;

	fail_nth(fail, 0);
	EXPECT_EQ(check_swap(tell), 0);
	EXPECT_EQ(preempt_count(), 0);
	return unused;
}

/* Who fails for lack of memory says it, and so do the allocators. */
static void sentences_begin(void)
{
	warnings_before = printk_warnings();
}

static void sentences_end(void)
{
	test_allow_warnings(printk_warnings() - warnings_before);
}

/* Word 0 of each page is its number and 100. */
static struct mm_struct *space_of_pages(void)
{
	struct mm_struct *mm = space_begin();
	u32 i;

	if (!mm ||
	    !EXPECT(map_pages(mm, USER, PAGES, RW, MAP_FIXED) == USER))
		return NULL;
	for (i = 0; i < PAGES; i++)
		EXPECT(poke(PAGE(i), 100 + i));
	return mm;
}

/* None is in memory, nor is a copy of what is in a slot. */
static void all_go(struct mm_struct *mm)
{
	struct page *page;
	u32 i;

	for (i = 0; i < PAGES; i++) {
		if (!is_swapped(mm, PAGE(i))) {
			EXPECT(swap_out_page(mm, PAGE(i)));
			continue;
		}
		page = lookup_swap_cache(swap_entry_at(mm, PAGE(i)));
		if (!page)
			continue;
		EXPECT(swap_drop(page));
		put_user_page(page);
	}
}

static void all_are_right(void)
{
	u32 i;

	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(peek(PAGE(i)), 100 + i);
}

/* --- the begin --- */

/* How often it failed. */
static u32 begin_fails(struct test_area *a, u32 point)
{
	u32 total = total_swap_pages(), n = 0;
	struct fail_point *fail;
	int err;

	do {
		fail = arm(point, ++n);
		err = swapon(&a->backing, TEST_PRIO);
		disarm(fail);
		EXPECT(!err || (err == -ENOMEM && !area_of(a)));
		EXPECT_EQ(total_swap_pages(), total + (err ? 0 : SLOTS - 1));
	} while (err && n < TRIES_MOST);
	EXPECT_EQ(swapoff("a"), 0);
	return n - 1;
}

TEST(swap_nomem, an_area_begins)
{
	struct test_area *a = area_create("a", SLOTS);

	REQUIRE(a);
	sentences_begin();
	/* the header's, and of each of the arrays one at least */
	EXPECT(begin_fails(a, 0) >= 4);
	EXPECT(begin_fails(a, 1) >= 1);
	sentences_end();
	area_destroy(a);
}

/* --- the end --- */

/* How often it failed: it stays an area then, and nothing is lost. What is only
 * read ahead may lack. */
static u32 end_fails(struct mm_struct *mm, u32 point)
{
	struct fail_point *fail;
	struct test_area *a;
	u32 n = 0, failed = 0;
	bool unused = false;
	int err;

	while (!unused && ++n < TRIES_MOST) {
		a = area_begin("a", SLOTS, TEST_PRIO);
		if (!a)
			break;
		all_go(mm);
		fail = arm(point, n);
		err = swapoff("a");
		unused = disarm(fail);
		failed += err != 0;
		EXPECT(!err || (err == -ENOMEM && area_of(a)->writable));
		space_check(mm);
		all_are_right();
		if (err)
			area_end(a);
		else
			area_destroy(a);
	}
	EXPECT(unused);
	return failed;
}

TEST(swap_nomem, an_area_ends)
{
	struct mm_struct *mm = space_of_pages();

	REQUIRE(mm);
	sentences_begin();
	/* one at least in as many as are read ahead; of objects none */
	EXPECT(end_fails(mm, 0) >= PAGES / SWAP_READ_AHEAD);
	EXPECT_EQ(end_fails(mm, 1), 0);
	sentences_end();
	space_end(mm);
}

/* --- faults --- */

/* The one that is wanted is asked for first: only that may be told. */
TEST(swap_nomem, a_fault)
{
	struct test_area *a = area_begin("a", SLOTS, TEST_PRIO);
	struct mm_struct *mm = space_of_pages();
	enum fault_result result;
	struct fail_point *fail;
	u32 point, n, ahead = 0;
	bool unused;

	REQUIRE(a && mm);
	sentences_begin();
	for (point = 0; point < ARRAY_SIZE(points); point++) {
		for (n = 1, unused = false; !unused; n++) {
			all_go(mm);
			/* in a row: the next one reads ahead */
			EXPECT(peek(PAGE(0)) == 100 && peek(PAGE(1)) == 101);
			all_go(mm);
			fail = arm(point, n);
			result = mm_fault(mm, PAGE(2), 0, PF_WRITE);
			unused = disarm(fail);
			EXPECT_EQ(result, n == 1 && !point ? FAULT_OOM :
							     FAULT_MAJOR);
			EXPECT_EQ(is_swapped(mm, PAGE(2)), n == 1 && !point);
			space_check(mm);
			REQUIRE(n < TRIES_MOST);
		}
		ahead += n - 2;
	}
	/* something was read ahead, and failed */
	EXPECT(ahead >= 2);
	sentences_end();
	all_are_right();
	space_end(mm);
	area_end(a);
}

/* --- a disk --- */

/* What a page needs on its way to a disk and back is kept: it never fails, and
 * no slot is taken for a bad one. */
TEST(swap_nomem, a_disk)
{
	struct fake_disk *fake = fake_create();
	struct mm_struct *mm = space_of_pages();
	struct fail_point *fail;
	u32 n;

	REQUIRE(fake && mm);
	fake->way = FAKE_LATER;
	write_swap_header(fake->data, FAKE_SECTORS / 8 - 1, 0, NULL);
	EXPECT_EQ(swapon_path("/dev/fake0", TEST_PRIO), 0);
	for (n = 1; n < 8; n++) {
		fail = arm(1, n);
		EXPECT(poke(PAGE(n), 100 + n) && swap_out_page(mm, PAGE(n)));
		disarm(fail);
		fail = arm(1, n);
		EXPECT_EQ(peek(PAGE(n)), 100 + n);
		disarm(fail);
	}
	all_are_right();
	space_end(mm);
	EXPECT_EQ(swapoff("/dev/fake0"), 0);
	fake_destroy(fake);
}
