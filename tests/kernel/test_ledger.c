/* The ledger: does it see what it must see? */
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <boot/sections.h>
#include <kernel/base/debug.h>
#include <mm/early/memblock.h>
#include <mm/page/page_alloc.h>
#include <mm/table/fixmap.h>
#include "ktest.h"
#include "ledger.h"

static struct ledger before_leak, after_leak;
static unsigned int differences;
static char last_difference[128];

static void note_difference(const char *sentence)
{
	differences++;
	strlcpy(last_difference, sentence, sizeof(last_difference));
}

/* How many differences between the two. */
static unsigned int compare_leak(void)
{
	differences = 0;
	*last_difference = '\0';
	compare_ledgers(&before_leak, &after_leak, 0, note_difference);
	return differences;
}

/* Compares the ledgers around leak(), which undo() takes back. */
static bool ledger_sees(void (*leak)(void), void (*undo)(void))
{
	take_ledger(&before_leak);
	leak();
	take_ledger(&after_leak);
	undo();
	return compare_leak();
}

static void nothing(void)
{
}

/* Where no RAM is: memblock has nothing to give any more. */
#define NOWHERE (1ULL << 48)

static void leak_range(void)
{
	memblock_reserve(&memblock, NOWHERE, PAGE_SIZE, "leak");
}

/* Joins a range that is there: there is not even one range more. */
static void leak_bytes(void)
{
	memblock_reserve(&memblock, NOWHERE + PAGE_SIZE, PAGE_SIZE, "leak");
}

static void free_bytes(void)
{
	memblock_free(&memblock, NOWHERE + PAGE_SIZE, PAGE_SIZE);
}

static void free_memory(void)
{
	memblock_free(&memblock, NOWHERE, PAGE_SIZE);
}

static struct page *leaked;

static void leak_page(void)
{
	leaked = alloc_page(GFP_KERNEL);
}

static void free_leaked(void)
{
	__free_page(leaked);
}

/* Of a block of four the first page is given back, and one more is taken: as
 * many are free, in other blocks. */
static struct page *four;

static void hold_first_two(void)
{
	four = alloc_pages(GFP_KERNEL, 2);
	split_page(four, 2);
	__free_page(four + 2);
	__free_page(four + 3);
}

/* 0 and 1 in use leave a block of two; 0 and 2 leave two single pages. */
static void hold_first_and_third(void)
{
	struct page *again;

	__free_page(four + 1);
	drain_all_pages();
	again = alloc_pages(GFP_KERNEL, 1);
	if (again == four + 2) {
		split_page(again, 1);
		__free_page(again + 1);
	}
}

static void give_back_all(void)
{
	__free_page(four);
	__free_page(four + 2);
}

static void leak_mapping(void)
{
	set_fixmap(FIX_TEST, 0, PAGE_KERNEL);
}

static void free_mapping(void)
{
	clear_fixmap(FIX_TEST);
}

static void leak_window(void)
{
	early_memremap(0, 1);
}

static void free_window(void)
{
	early_memunmap((void *)(uintptr_t)__fix_to_virt(FIX_BTMAP_BEGIN), 1);
}

/* The ledger of a change in protection alone. */
static void make_sections_writable(void)
{
	pt_protect(&kernel_pgtable, (u32)(uintptr_t)_text, PAGE_SIZE,
		   PAGE_KERNEL);
}

static void make_sections_read_only(void)
{
	pt_protect(&kernel_pgtable, (u32)(uintptr_t)_text, PAGE_SIZE,
		   PAGE_KERNEL_ROX);
}

TEST(ledger, sees_leaks)
{
	EXPECT(!ledger_sees(nothing, nothing));
	EXPECT(ledger_sees(leak_range, free_memory));
	leak_range();
	EXPECT(ledger_sees(leak_bytes, free_bytes));
	free_memory();
	EXPECT(ledger_sees(leak_page, free_leaked));
	EXPECT(ledger_sees(leak_window, free_window));
}

TEST(ledger, sees_mappings)
{
	if (debug_enabled(DEBUG_PAGEALLOC)) {
		test_skip("with debug=pagealloc mappings come and go");
		return;
	}
	EXPECT(ledger_sees(leak_mapping, free_mapping));
	EXPECT(ledger_sees(make_sections_writable, make_sections_read_only));
}

TEST(ledger, sees_which_pages)
{
	hold_first_two();
	EXPECT(ledger_sees(hold_first_and_third, give_back_all));
}

TEST(ledger, sees_warnings)
{
	take_ledger(&before_leak);
	after_leak = before_leak;
	before_leak.warnings--;		/* as if one had been printed */
	EXPECT_EQ(compare_leak(), 1);
	EXPECT(strstr(last_difference, "warnings printed"));
}

/* --- objects --- */

static struct kmem_cache *one, *other;
static void *object[2];

static void leak_object(void)
{
	object[0] = kmem_cache_alloc(one, GFP_KERNEL);
}

static void free_object(void)
{
	kmem_cache_free(one, object[0]);
}

static void create_other(void)
{
	other = kmem_cache_create("test-other", 40, 0, 0, NULL);
}

static void destroy_other(void)
{
	kmem_cache_destroy(other);
}

/* One more in one cache and one fewer in another. */
static void change_sides(void)
{
	object[0] = kmem_cache_alloc(one, GFP_KERNEL);
	kmem_cache_free(other, object[1]);
}

static bool told(const char *sentence)
{
	return EXPECT_STREQ(last_difference, sentence);
}

TEST(ledger, sees_objects)
{
	one = kmem_cache_create("test-one", 40, 0, 0, NULL);
	REQUIRE(one);
	object[1] = kmem_cache_alloc(one, GFP_KERNEL);
	REQUIRE(object[1]);
	/* no page more: only the count of objects says it */
	EXPECT(!ledger_sees(nothing, nothing));
	EXPECT(ledger_sees(leak_object, free_object));
	EXPECT_EQ(differences, 1);
	told("leak: objects of test-one: 1 before, 2 after");
	kmem_cache_free(one, object[1]);
	EXPECT_EQ(kmem_cache_destroy(one), 0);
}

TEST(ledger, sees_objects_that_change_sides)
{
	one = kmem_cache_create("test-one", 40, 0, 0, NULL);
	create_other();
	REQUIRE(one && other);
	object[1] = kmem_cache_alloc(other, GFP_KERNEL);
	REQUIRE(object[1]);
	take_ledger(&before_leak);
	change_sides();
	take_ledger(&after_leak);
	EXPECT(compare_leak() >= 2);
	after_leak = before_leak;
	after_leak.caches[after_leak.nr_caches - 1].objects--;
	after_leak.caches[after_leak.nr_caches - 2].objects++;
	EXPECT_EQ(compare_leak(), 2);
	told("leak: objects of test-other: 1 before, 0 after");
	free_object();
	EXPECT_EQ(kmem_cache_destroy(one), 0);
	destroy_other();
}

TEST(ledger, sees_caches)
{
	EXPECT(ledger_sees(create_other, destroy_other));
	/* left over, one more, and what it is made of */
	EXPECT(differences >= 4);
	take_ledger(&before_leak);
	after_leak = before_leak;
	strlcpy(after_leak.caches[2].name, "another",
		sizeof(after_leak.caches[2].name));
	EXPECT_EQ(compare_leak(), 2);
	EXPECT(strstr(last_difference, "is gone"));
}

static struct timer_list forgotten;

static void strikes(unsigned long data)
{
}

static void leak_timer(void)
{
	setup_timer(&forgotten, strikes, 0);
	mod_timer(&forgotten, jiffies + 1000 * hz);
}

static void free_timer(void)
{
	del_timer(&forgotten);
}

TEST(ledger, sees_counts)
{
	EXPECT(ledger_sees(leak_timer, free_timer));
	EXPECT(ledger_sees(preempt_disable, preempt_enable));
}

static void keep_many(void)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(object); i++)
		object[i] = kmem_cache_alloc(one, GFP_KERNEL);
	for (i = 0; i < ARRAY_SIZE(object); i++)
		kmem_cache_free(one, object[i]);
}

/* What caches keep for the next time is no leak. */
TEST(ledger, does_not_see_what_is_kept)
{
	one = kmem_cache_create("test-one", 1000, 0, 0, NULL);
	REQUIRE(one);
	EXPECT(!ledger_sees(keep_many, nothing));
	EXPECT_STREQ(last_difference, "");
	EXPECT_EQ(kmem_cache_destroy(one), 0);
}
