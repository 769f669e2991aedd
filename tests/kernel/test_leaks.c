/*
 * Objects lost on purpose, and what `leaks` says: exactly those, whatever hides
 * or holds them. A lost object's address is kept as its complement, which is no
 * address of lowmem, and stack frames are wiped: nothing leads to it but
 * what the case wants.
 */
#include <boot/sections.h>
#include <kernel/lib/printf.h>
#include <mm/object/internal.h>
#include <mm/object/kmalloc.h>
#include <mm/report/leaks.h>
#include <mm/table/paging.h>
#include <mm/virt/vmalloc.h>
#include "ktest.h"

void record_start(void);
const char *record_stop(void);

#define IN_TABLE 1400U	/* more than the stack of marks has room for */
#define MOST 1500U
#define BLOCK 262144U	/* what kmalloc() makes of 200000 bytes */

static struct kmem_cache *cache;
static u32 hidden[MOST];	/* complements of addresses */
static void *held;		/* a root in bss */
static u32 nr_lost;
static const char *text;

static void *found_again(u32 i)
{
	return (void *)(uintptr_t)~hidden[i];
}

static __noinline void wipe_stack(void)
{
	volatile u8 room[2048];
	u32 i;

	for (i = 0; i < sizeof(room); i++)
		room[i] = 0;
}

static __noinline void run_report(void)
{
	record_start();
	nr_lost = report_leaks();
	text = record_stop();
}

/* Inline: a frame of its own would have words that nobody wiped. */
static __always_inline void look_for_leaks(void)
{
	wipe_stack();
	run_report();
}

static bool create(u32 size)
{
	cache = kmem_cache_create("leaks-test", size, 0, 0, NULL);
	return EXPECT(cache != NULL);
}

/* --- losing --- */

/* Complements, too. What is named is no use: see lose(). */
static u32 candidate[4096];
static bool named[4096];
static u32 nr_candidates;

static void note_named(u32 word)
{
	const void *p = (const void *)(uintptr_t)word;
	const struct page *page;
	u32 i, size = cache->size;

	if (!virt_addr_valid(p))
		return;
	page = virt_to_page(p);
	if (PageCompound(page))
		size = BLOCK;
	else if (!PageSlab(page) || page_cache(page) != cache)
		return;
	for (i = 0; i < nr_candidates; i++)
		if (word - ~candidate[i] < size)
			named[i] = true;
}

static void note_all_named(const char *start, const char *end)
{
	const u32 *word;

	for (word = (const u32 *)start; word < (const u32 *)end; word++)
		note_named(*word);
}

/* How many candidates does no word of data and bss name? */
static u32 count_unnamed(void)
{
	const char *at;
	u32 i, n = 0;

	memset(named, 0, sizeof(named));
	note_all_named(_sdata, _edata);
	/* page by page: some guard stacks, and others are stacks */
	for (at = __bss_start; at < __bss_stop; at += PAGE_SIZE)
		if (kernel_page_prot((u32)(uintptr_t)at) &&
		    !(at >= boot_stack && at < boot_stack_top))
			note_all_named(at, at + PAGE_SIZE);
	for (i = 0; i < nr_candidates; i++)
		n += !named[i];
	return n;
}

static bool add_candidates(u32 n)
{
	while (n-- && nr_candidates < ARRAY_SIZE(candidate)) {
		void *p = kmem_cache_zalloc(cache, GFP_KERNEL);

		if (!p)
			return EXPECT(p != NULL);
		candidate[nr_candidates++] = ~(u32)(uintptr_t)p;
	}
	return true;
}

/*
 * n zeroed objects that only hidden[] knows. The tables of other cases still
 * name addresses that they had: those would hold an object that is there now,
 * so others are chosen.
 */
static __noinline bool lose(u32 n)
{
	u32 i, got = 0;

	nr_candidates = 0;
	do {
		if (!add_candidates(n + 64))
			return false;
	} while (count_unnamed() < n &&
		 nr_candidates < ARRAY_SIZE(candidate));
	for (i = 0; i < nr_candidates; i++)
		if (got < n && !named[i])
			hidden[got++] = candidate[i];
		else
			kmem_cache_free(cache,
					(void *)(uintptr_t)~candidate[i]);
	return EXPECT_EQ(got, n);
}

/* --- around it --- */

/* Object i points to k, offset bytes into it. */
static __noinline void point(u32 i, u32 k, u32 offset)
{
	*(u32 *)found_again(i) = ~hidden[k] + offset;
}

static __noinline void hold(u32 i, u32 offset)
{
	held = (char *)found_again(i) + offset;
}

static void end(u32 n)
{
	u32 i;

	held = NULL;
	for (i = 0; i < n; i++)
		kmem_cache_free(cache, found_again(i));
	EXPECT_EQ(kmem_cache_destroy(cache), 0);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	EXPECT_STREQ(text, "leaks: 0 objects, 0 bytes\n");
}

/* Is there a line for object i, with or without the remark? Not inline: the
 * address would stay among the arguments in the case's own frame. */
static __noinline bool told(u32 i, bool from_lost)
{
	char line[100];

	snprintf(line, sizeof(line), "lost: %08x, %u bytes of leaks-test%s\n",
		 ~hidden[i], kmem_cache_size(cache),
		 from_lost ? ", reachable only from lost objects" : "");
	return strstr(text, line);
}

static bool sum_is(u32 objects, u32 bytes)
{
	char line[60];

	snprintf(line, sizeof(line), "leaks: %u object%s, %u bytes\n", objects,
		 objects == 1 ? "" : "s", bytes);
	return nr_lost == objects && strstr(text, line);
}

TEST(leaks, nothing_is_lost)
{
	look_for_leaks();
	EXPECT_STREQ(text, "leaks: 0 objects, 0 bytes\n");
	EXPECT_EQ(nr_lost, 0);
}

TEST(leaks, one_object)
{
	if (!create(64) || !lose(1))
		return;
	look_for_leaks();
	EXPECT(sum_is(1, 64) && told(0, false));
	end(1);
}

/* The first and the last word, and one in between. */
TEST(leaks, pointer_to_begin_or_inside)
{
	if (!create(64) || !lose(1))
		return;
	hold(0, 0);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	hold(0, 17);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	hold(0, 63);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	hold(0, 64);
	look_for_leaks();
	EXPECT(sum_is(1, 64));
	end(1);
}

TEST(leaks, chain)
{
	if (!create(40) || !lose(3))
		return;
	point(0, 1, 0);
	point(1, 2, 36);
	look_for_leaks();
	EXPECT(sum_is(3, 120));
	EXPECT(told(0, false) && told(1, true) && told(2, true));
	hold(1, 0);
	look_for_leaks();
	EXPECT(sum_is(1, 40) && told(0, false));
	hold(0, 0);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	end(3);
}

/* Whoever points only to himself is found by nobody else. */
TEST(leaks, ring)
{
	if (!create(32) || !lose(3))
		return;
	point(0, 1, 0);
	point(1, 0, 8);
	point(2, 2, 0);
	look_for_leaks();
	EXPECT(sum_is(3, 96));
	EXPECT(told(0, true) && told(1, true) && told(2, false));
	end(3);
}

/* An object of an automatic variable is not lost; in a register neither. */
TEST(leaks, the_stack_holds)
{
	void *p;

	if (!create(64))
		return;
	p = kmem_cache_alloc(cache, GFP_KERNEL);
	REQUIRE(p);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	kmem_cache_free(cache, p);
	end(0);
}

/* Freed and allocated: it was the top of the CPU's stack, whose entry stays. */
static __noinline void pop_again(u32 i)
{
	void *p = found_again(i);

	kmem_cache_free(cache, p);
	EXPECT(kmem_cache_alloc(cache, GFP_KERNEL) == p);
}

TEST(leaks, old_entry_does_not_hold)
{
	if (!create(64) || !lose(1))
		return;
	if (cache_is_debugged(cache))
		test_skip("a watched cache has no stack");
	else
		pop_again(0);
	look_for_leaks();
	EXPECT(sum_is(1, 64) && told(0, false));
	end(1);
}

/* Management off slab names the first object. */
TEST(leaks, allocator_does_not_hold)
{
	if (!create(2048) || !lose(2))
		return;
	look_for_leaks();
	EXPECT(sum_is(2, 4096) && told(0, false) && told(1, false));
	end(2);
}

/* What is free points to nothing. */
TEST(leaks, free_objects_do_not_hold)
{
	u32 last;

	if (!create(64) || !lose(2))
		return;
	point(1, 0, 0);
	hold(1, 0);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	last = hidden[1];
	kmem_cache_free(cache, found_again(1));
	look_for_leaks();
	EXPECT(sum_is(1, 64) && told(0, false));
	kmem_cache_shrink(cache);
	look_for_leaks();
	EXPECT(sum_is(1, 64) && told(0, false));
	EXPECT_EQ(last, hidden[1]);
	end(1);
}

/* One object with pointers to more than the stack of marks holds at once. */
TEST(leaks, more_than_the_marks_stack)
{
	u32 i, **table;

	if (!create(16) || !lose(MOST))
		return;
	table = kzalloc(MOST * sizeof(u32), GFP_KERNEL);
	REQUIRE(table);
	held = table;
	/* the last of the table, which find no room, have children */
	for (i = 0; i < IN_TABLE; i++)
		table[i] = found_again(i);
	for (i = IN_TABLE; i < MOST; i++)
		point(i - (MOST - IN_TABLE), i, 4);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	table[IN_TABLE - 1] = NULL;
	table = NULL;
	look_for_leaks();
	EXPECT(sum_is(2, 32) && told(IN_TABLE - 1, false) &&
	       told(MOST - 1, true));
	kfree(held);
	end(MOST);
}

/* A list as long, whose links go down in memory: no recursion. */
TEST(leaks, long_list)
{
	u32 i;

	if (!create(16) || !lose(MOST))
		return;
	for (i = 1; i < MOST; i++)
		point(i, i - 1, 0);
	hold(MOST - 1, 0);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	end(MOST);
}

#define BLOCKS 4U

/* Of some blocks the one that no table of other cases names. */
static __noinline bool lose_block(void)
{
	u32 i, good = BLOCKS;
	u32 *p;

	nr_candidates = BLOCKS;
	for (i = 0; i < BLOCKS; i++)
		candidate[i] = ~(u32)(uintptr_t)kzalloc(200000, GFP_KERNEL |
							__GFP_NOWARN);
	count_unnamed();
	for (i = 0; i < BLOCKS; i++) {
		p = (u32 *)(uintptr_t)~candidate[i];
		if (p && !named[i] && good == BLOCKS)
			good = i;
		else
			kfree(p);
	}
	if (good == BLOCKS)
		return false;
	p = (u32 *)(uintptr_t)~candidate[good];
	p[49999] = ~hidden[0];
	hidden[1] = candidate[good];
	return true;
}

TEST(leaks, large_block)
{
	char line[80];

	if (!create(64) || !lose(1))
		return;
	if (!lose_block()) {
		test_skip("each block is named by a table of another case");
		end(1);
		return;
	}
	hold(1, 150000);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	held = NULL;
	look_for_leaks();
	EXPECT(sum_is(2, BLOCK + 64) && told(0, true));
	snprintf(line, sizeof(line), "lost: %08x, 262144 bytes of kmalloc\n",
		 ~hidden[1]);
	EXPECT(strstr(text, line));
	kfree(found_again(1));
	end(1);
}

TEST(leaks, vmalloc_holds)
{
	void **p;

	if (!create(64) || !lose(1))
		return;
	p = vzalloc(3 * PAGE_SIZE);
	REQUIRE(p);
	look_for_leaks();
	EXPECT(sum_is(1, 64) && told(0, false));
	p[3 * PAGE_SIZE / sizeof(void *) - 1] = found_again(0);
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	p[3 * PAGE_SIZE / sizeof(void *) - 1] = NULL;
	vfree(p);
	vm_unmap_aliases();
	end(1);
}

/* An owner's pointer in struct page; not that of a page which is free. */
TEST(leaks, page_holds)
{
	struct page *page;

	if (!create(64) || !lose(1))
		return;
	page = alloc_pages(GFP_KERNEL, 1);
	REQUIRE(page);
	page[1].private = ~hidden[0];
	look_for_leaks();
	EXPECT_EQ(nr_lost, 0);
	page[1].private = 0;
	look_for_leaks();
	EXPECT(sum_is(1, 64) && told(0, false));
	__free_pages(page, 1);
	end(1);
}
