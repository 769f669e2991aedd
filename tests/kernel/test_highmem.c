/*
 * kmap(): mm/high/highmem.c. Most of it on a small pool of the suite's own, so
 * on machines without high memory, too; then on the kernel's, all of it.
 */
#include <kernel/cpu/time.h>
#include <mm/page/page_alloc.h>
#include "private_kmaps.h"
#include "threads.h"

#define PAGES 64U

static struct page *pages[PAGES];

static void *shown(u32 i)
{
	return kmap_pool_address(&kmaps, pages[i]);
}

TEST(highmem, a_page_has_one_window)
{
	u32 *a, *b;

	REQUIRE(pages_get(pages, 2));
	if (!kmaps_begin(4))
		return;
	EXPECT(!shown(0));
	a = kmaps_map(pages[0]);
	b = kmaps_map(pages[0]);
	EXPECT(a == b && shown(0) == a && !shown(1));
	EXPECT_EQ(kmap_pool_in_use(&kmaps), 1);
	EXPECT_EQ(kmaps.maps, 1);
	kmaps_unmap(pages[0]);
	EXPECT(shown(0) == a);
	kmaps_unmap(pages[0]);
	EXPECT(!shown(0));
	/* it is still there for who comes back */
	EXPECT(kmaps_map(pages[0]) == a);
	EXPECT_EQ(kmaps.maps, 1);
	kmaps_unmap(pages[0]);
	kmaps_end();
	pages_put(pages, 2);
}

/* kmap(), kmap_atomic() and another pool: all see the same bytes. */
TEST(highmem, one_frame_through_several_windows)
{
	u32 *a, *b, *c;

	REQUIRE(pages_get(pages, 1));
	if (!kmaps_begin(2))
		return;
	a = kmaps_map(pages[0]);
	b = kmap(pages[0]);
	preempt_disable();
	c = kmap_window_open(pages[0], spin_site());
	EXPECT(a != b && b != c && a != c);
	a[1023] = 0x600d0001;
	EXPECT(b[1023] == 0x600d0001 && c[1023] == 0x600d0001);
	b[0] = 0x600d0002;
	EXPECT(a[0] == 0x600d0002 && c[0] == 0x600d0002);
	c[512] = 0x600d0003;
	EXPECT(a[512] == 0x600d0003 && b[512] == 0x600d0003);
	kunmap_atomic(c);
	kunmap(pages[0]);
	kmaps_unmap(pages[0]);
	kmaps_end();
	pages_put(pages, 1);
}

/* --- flushes --- */

static void map_and_unmap(u32 from, u32 to)
{
	for (; from < to; from++) {
		EXPECT_EQ(*kmaps_map(pages[from]), from);
		kmaps_unmap(pages[from]);
	}
}

/* All windows first, then one flush for all of them: pages of the TLB (one) if
 * they are few, else everything (all). */
static void expect_one_flush(u32 nr, u32 one, u32 all)
{
	struct tlb_counts before, after;

	if (!kmaps_begin(nr))
		return;
	map_and_unmap(0, nr);
	EXPECT_EQ(kmaps.flushes, 0);
	map_and_unmap(0, nr);
	EXPECT_EQ(kmaps.maps, nr);
	before = tlb_counts();
	map_and_unmap(nr, nr + 1);
	after = tlb_counts();
	EXPECT_EQ(kmaps.flushes, 1);
	EXPECT_EQ(after.one - before.one, one);
	EXPECT_EQ(after.all - before.all, all);
	/* the others lost their windows by it, and get them one by one */
	map_and_unmap(0, nr - 1);
	EXPECT_EQ(kmaps.flushes, 1);
	EXPECT_EQ(kmaps.maps, 2 * nr);
	kmaps_end();
}

TEST(highmem, flushed_at_the_wrap_only)
{
	REQUIRE(pages_get(pages, 41));
	expect_one_flush(1, 1, 0);
	expect_one_flush(4, 4, 0);
	expect_one_flush(40, 0, 1);
	pages_put(pages, 41);
}

/* What has users stays where it is. */
TEST(highmem, a_flush_spares_windows_in_use)
{
	u32 *a, *c;

	REQUIRE(pages_get(pages, 8));
	if (!kmaps_begin(4))
		return;
	a = kmaps_map(pages[0]);
	map_and_unmap(1, 2);
	c = kmaps_map(pages[2]);
	map_and_unmap(3, 8);
	EXPECT(kmaps.flushes > 1);
	EXPECT(shown(0) == a && shown(2) == c && *a == 0 && *c == 2);
	/* the last two of them: 6 and 7 */
	EXPECT_EQ(kmap_pool_flush(&kmaps), 2);
	EXPECT_FAULT(ACCESS_READ, kmaps.base + PAGE_SIZE, 0);
	EXPECT_FAULT(ACCESS_READ, kmaps.base + 3 * PAGE_SIZE, 0);
	EXPECT(*a == 0 && *c == 2);
	kmaps_unmap(pages[0]);
	kmaps_unmap(pages[2]);
	kmaps_end();
	pages_put(pages, 8);
}

/* --- no translation is ever stale --- */

#define ROUNDS 5000U

/* Writes through windows, and looks whether it came to the right pages. */
static void write_and_look(u32 nr, u32 *seed)
{
	static u32 word[PAGES];
	u32 i, k, held = PAGES;

	for (i = 0; i < PAGES; i++)
		word[i] = first_word(pages[i]);
	for (i = 0; i < ROUNDS; i++) {
		u32 *p = kmaps_map(pages[k = random_below(seed, PAGES)]);

		if (!EXPECT_EQ(*p, word[k]))
			break;
		*p = word[k] = i * PAGES + k;
		/* one stays mapped for a while */
		if (held == PAGES && nr > 1 && !random_below(seed, 4)) {
			held = k;
			continue;
		}
		kmaps_unmap(pages[k]);
		if (held < PAGES && !random_below(seed, 8)) {
			kmaps_unmap(pages[held]);
			held = PAGES;
		}
	}
	if (i < ROUNDS)
		kmaps_unmap(pages[k]);
	if (held < PAGES)
		kmaps_unmap(pages[held]);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(first_word(pages[i]), word[i]);
}

TEST(highmem, no_translation_is_stale)
{
	static const u32 sizes[] = { 1, 2, 3, 7, 40, 63 };
	u32 seed = 362436069, i;

	REQUIRE(pages_get(pages, PAGES));
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (!kmaps_begin(sizes[i]))
			break;
		write_and_look(sizes[i], &seed);
		kmaps_end();
	}
	pages_put(pages, PAGES);
}

/* --- waiting --- */

/* Maps the page with that number, says where, unmaps it. */
static u32 *volatile got[THREADS_MOST];

static int wants_page(void *data)
{
	u32 i = (u32)(uintptr_t)data;
	u32 *p = kmaps_map(pages[i]);
	bool right = *p == i;

	got[i] = p;
	kmaps_unmap(pages[i]);
	return right;
}

static void want(struct crew *crew, u32 i)
{
	crew_add(crew, PRIO_DEFAULT, wants_page, (void *)(uintptr_t)i);
}

static bool waits(const struct crew *crew, u32 i)
{
	return until_it_waits(crew->task[i]) &&
	       crew->task[i]->state == TASK_UNINTERRUPTIBLE;
}

static bool ended(const struct crew *crew, u32 i)
{
	return until_it_waits(crew->task[i]) &&
	       crew->task[i]->state == TASK_DEAD;
}

/* The n-th order of the windows: each digit says which of those left. */
static void nth_order(u32 n, u32 nr, u32 *order)
{
	u32 i, k;

	for (i = 0; i < nr; i++)
		order[i] = i;
	for (i = nr; i > 1; i--) {
		u32 from = n % i, last = order[from];

		for (k = from; k < i - 1; k++)
			order[k] = order[k + 1];
		order[i - 1] = last;
		n /= i;
	}
}

/* All in use; one who waits gets the first that is let go of. */
static void exhaust(u32 nr, const u32 *order)
{
	struct crew crew = { .n = 0 };
	u32 *window[4], i;

	if (!kmaps_begin(nr))
		return;
	got[nr] = NULL;
	for (i = 0; i < nr; i++)
		window[i] = kmaps_map(pages[i]);
	want(&crew, nr);
	EXPECT(waits(&crew, 0));
	EXPECT(!got[nr] && kmaps.waits == 1);
	kmaps_unmap(pages[order[0]]);
	EXPECT(ended(&crew, 0));
	EXPECT(got[nr] == window[order[0]]);
	for (i = 1; i < nr; i++)
		kmaps_unmap(pages[order[i]]);
	EXPECT_EQ(crew_join(&crew), 1);
	kmaps_end();
}

TEST(highmem, used_up_in_every_order)
{
	static const u32 orders[] = { 0, 1, 2, 6, 24 };
	u32 order[4], nr, n;

	REQUIRE(pages_get(pages, 5));
	for (nr = 1; nr <= 4; nr++)
		for (n = 0; n < orders[nr]; n++) {
			nth_order(n, nr, order);
			exhaust(nr, order);
		}
	pages_put(pages, 5);
}

/* Each window that is let go of brings the others on, one after the other. */
TEST(highmem, several_wait)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(pages_get(pages, 8));
	if (!kmaps_begin(2))
		return;
	kmaps_map(pages[0]);
	kmaps_map(pages[1]);
	for (i = 2; i < 8; i++)
		want(&crew, i);
	for (i = 0; i < crew.n; i++)
		EXPECT(waits(&crew, i));
	EXPECT_EQ(kmaps.waits, 6);
	kmaps_unmap(pages[1]);
	for (i = 0; i < crew.n; i++)
		EXPECT(ended(&crew, i));
	kmaps_unmap(pages[0]);
	EXPECT_EQ(crew_join(&crew), 6);
	kmaps_end();
	pages_put(pages, 8);
}

static u32 *volatile kept[2];

static int keeps_page(void *data)
{
	u32 *p = kmaps_map(pages[2]);
	bool right = *p == 2;

	kept[(u32)(uintptr_t)data] = p;
	msleep(20);
	kmaps_unmap(pages[2]);
	return right;
}

/* Two want one page: the window that one of them gets is the other's, too,
 * though there is a free one. */
TEST(highmem, who_waits_looks_for_its_page_again)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(pages_get(pages, 3));
	if (!kmaps_begin(2))
		return;
	kmaps_map(pages[0]);
	kmaps_map(pages[1]);
	for (i = 0; i < 2; i++)
		crew_add(&crew, PRIO_DEFAULT, keeps_page,
			 (void *)(uintptr_t)i);
	EXPECT(waits(&crew, 0) && waits(&crew, 1));
	kmaps_unmap(pages[0]);
	kmaps_unmap(pages[1]);
	EXPECT_EQ(crew_join(&crew), 2);
	EXPECT(kept[0] && kept[0] == kept[1]);
	EXPECT_EQ(kmaps.maps, 3);
	kmaps_end();
	pages_put(pages, 3);
}

/* A page that is mapped needs no window: nobody waits for it. */
TEST(highmem, a_mapped_page_never_waits)
{
	struct crew crew = { .n = 0 };

	REQUIRE(pages_get(pages, 2));
	if (!kmaps_begin(1))
		return;
	kmaps_map(pages[1]);
	want(&crew, 1);
	EXPECT(ended(&crew, 0));
	EXPECT_EQ(kmaps.waits, 0);
	kmaps_unmap(pages[1]);
	EXPECT_EQ(crew_join(&crew), 1);
	kmaps_end();
	pages_put(pages, 2);
}

/* --- many threads --- */

#define THREADS 6U
#define STEPS 3000U

/* Pages of its own have its words, the others nobody's: 0. */
static int maps_at_random(void *data)
{
	u32 own = (u32)(uintptr_t)data, seed = own * 2654435761U, i, wrong = 0;
	u32 word = own;

	for (i = 0; i < STEPS; i++) {
		bool mine = random_below(&seed, 2);
		u32 *p = kmaps_map(pages[mine ? own : 0]);

		wrong += *p != (mine ? word : 0);
		if (mine)
			*p = word += THREADS + 1;
		if (!random_below(&seed, 4))
			yield();
		wrong += *p != (mine ? word : 0);
		kmaps_unmap(pages[mine ? own : 0]);
	}
	return (int)wrong;
}

TEST(highmem, threads_at_random)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(pages_get(pages, THREADS + 1));
	if (!kmaps_begin(3))
		return;
	for (i = 1; i <= THREADS; i++)
		crew_add(&crew, PRIO_DEFAULT, maps_at_random,
			 (void *)(uintptr_t)i);
	EXPECT_EQ(crew_join(&crew), 0);
	EXPECT(kmaps.flushes && kmaps.maps > kmaps.flushes);
	kmaps_end();
	pages_put(pages, THREADS + 1);
}

/* --- the kernel's own pool --- */

static struct page *many[1025];

static bool high_pages(u32 n)
{
	u32 i;

	for (i = 0; i < n; i++) {
		many[i] = high_page();
		if (!many[i]) {
			pages_put(many, i);
			return false;
		}
		set_first_word(many[i], i);
	}
	return true;
}

static volatile bool last_is_mapped;

static int wants_last(void *data)
{
	u32 *p = kmap(many[kernel_kmaps.nr]);
	bool right = *p == kernel_kmaps.nr;

	last_is_mapped = true;
	kunmap(many[kernel_kmaps.nr]);
	return right;
}

static void *map_all(u32 nr)
{
	void *first = NULL, *va;
	u32 i, wrong = 0;

	for (i = 0; i < nr; i++) {
		va = kmap(many[i]);
		first = i ? first : va;
		wrong += page_address(many[i]) != va || *(u32 *)va != i ||
			 kmap_to_page((u8 *)va + 17) != many[i];
	}
	EXPECT_EQ(wrong, 0);
	return first;
}

TEST(highmem, all_windows_and_one_who_waits)
{
	struct crew crew = { .n = 0 };
	u32 nr = kernel_kmaps.nr, i, wrong = 0;
	void *first;

	if (!nr || !high_pages(nr + 1)) {
		test_skip("there is too little high memory");
		return;
	}
	last_is_mapped = false;
	first = map_all(nr);
	EXPECT_EQ(kmap_pool_in_use(&kernel_kmaps), nr);
	EXPECT(!page_address(many[nr]));
	crew_add(&crew, PRIO_DEFAULT, wants_last, NULL);
	EXPECT(waits(&crew, 0));
	EXPECT(!last_is_mapped);
	for (i = 0; i < nr; i++)
		wrong += page_address(many[i]) == NULL;
	kunmap(many[0]);
	EXPECT(ended(&crew, 0));
	EXPECT(last_is_mapped);
	EXPECT(!page_address(many[0]) && !page_address(many[nr]) && first);
	for (i = 1; i < nr; i++)
		kunmap(many[i]);
	for (i = 0; i < nr; i++)
		wrong += page_address(many[i]) != NULL;
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(crew_join(&crew), 1);
	pages_put(many, nr + 1);
}

/* Page after page through the kernel's windows, several times round. */
TEST(highmem, round_and_round)
{
	u32 n = min(2 * kernel_kmaps.nr, 1025U), i, wrong = 0;
	u32 maps = kernel_kmaps.maps, flushes = kernel_kmaps.flushes;

	if (!n || !high_pages(n)) {
		test_skip("there is too little high memory");
		return;
	}
	for (i = 0; i < 5 * n; i++) {
		u32 *p = kmap(many[i % n]);

		wrong += *p != i;
		*p += n;
		kunmap(many[i % n]);
	}
	EXPECT_EQ(wrong, 0);
	/* no more flushes than whole rounds */
	EXPECT(kernel_kmaps.flushes - flushes <=
	       (kernel_kmaps.maps - maps) / kernel_kmaps.nr + 1);
	pages_put(many, n);
}

TEST(highmem, lowmem_needs_no_window)
{
	struct page *page = alloc_page(GFP_KERNEL);
	u32 maps = kernel_kmaps.maps;

	REQUIRE(page);
	EXPECT(kmap(page) == lowmem_page_address(page));
	EXPECT(page_address(page) == lowmem_page_address(page));
	EXPECT(kmap_to_page(page_address(page)) == page);
	kunmap(page);
	EXPECT_EQ(kernel_kmaps.maps, maps);
	EXPECT(!kmap_to_page((void *)4096));
	EXPECT(!kmap_to_page((void *)(uintptr_t)memory_layout.vmalloc_start));
	EXPECT(!kmap_to_page((void *)(uintptr_t)FIXADDR_TOP));
	__free_page(page);
}

/* --- above 4 GB --- */

#define FOUR_GB (1U << (32 - PAGE_SHIFT))	/* in frames */

/* The largest blocks of high memory, one after the other, until one is above
 * 4 GB. NULL: none is. All others are free again. */
static struct page *block_above_4_gb(void)
{
	const unsigned int order = MAX_ORDER - 1;
	struct page *page, *next, *found = NULL;
	LIST_HEAD(others);

	while (!found) {
		page = alloc_pages(GFP_HIGHUSER | __GFP_NOWARN, order);
		if (!page)
			break;
		if (page_to_pfn(page) >= FOUR_GB) {
			found = page;
			break;
		}
		list_add(&page->lru, &others);
		if (!page_is_high(page))
			break;
	}
	list_for_each_entry_safe(page, next, &others, lru)
		__free_pages(page, order);
	return found;
}

/* Frames whose numbers differ by what an entry of 4 bytes would lose. */
static void look_at_alias(struct page *page, const struct page *alias)
{
	u32 *p, before = first_word(alias);

	p = kmaps_map(page);
	*p = ~before;
	EXPECT(first_word(page) == ~before && first_word(alias) == before);
	kmaps_unmap(page);
	p = kmap(page);
	EXPECT(*p == ~before && kmap_to_page(p) == page);
	*p = before ^ 1;
	EXPECT(first_word(page) == (before ^ 1) && first_word(alias) == before);
	kunmap(page);
}

TEST(highmem, frames_above_4_gb)
{
	struct page *page = NULL;

	if (memory_layout.max_pfn > FOUR_GB)
		page = block_above_4_gb();
	if (!page || !kmaps_begin(1)) {
		test_skip("there is no RAM above 4 GB");
		return;
	}
	/* what is 4 GB below it, which may be the image: it is only read */
	look_at_alias(page + 1, pfn_to_page(page_to_pfn(page + 1) - FOUR_GB));
	kmaps_end();
	__free_pages(page, MAX_ORDER - 1);
}

/* --- contents --- */

static u32 sum_of(const struct page *page)
{
	const u32 *p = kmap_atomic(page);
	u32 i, sum = 0;

	for (i = 0; i < PAGE_SIZE / 4; i++)
		sum += p[i] * (i + 1);
	kunmap_atomic(p);
	return sum;
}

TEST(highmem, contents)
{
	static u8 text[PAGE_SIZE];
	u32 i;

	REQUIRE(pages_get(pages, 2));
	for (i = 0; i < PAGE_SIZE; i++)
		text[i] = (u8)(i * 7 + (i >> 8));
	memcpy_to_page(pages[0], 0, text, PAGE_SIZE);
	clear_highpage(pages[1]);
	EXPECT_EQ(sum_of(pages[1]), 0);
	copy_highpage(pages[1], pages[0]);
	EXPECT_EQ(sum_of(pages[1]), sum_of(pages[0]));
	zero_user(pages[1], 1, PAGE_SIZE - 2);
	memset(text + 1, 0, PAGE_SIZE - 2);
	memcpy_to_page(pages[1], 4090, "page", 4);
	memcpy(text + 4090, "page", 4);
	memcpy_to_page(pages[1], PAGE_SIZE, "", 0);
	memset(text + 2048, 1, 2048);
	memcpy_from_page(text + 2048, pages[1], 2048, 2048);
	/* the last byte is that of the beginning, which nobody wiped */
	EXPECT_EQ(text[PAGE_SIZE - 1], ((PAGE_SIZE - 1) * 7 + 15) & 0xff);
	EXPECT(!memcmp(text + 4090, "page", 4) && !text[2048] && !text[4089]);
	pages_put(pages, 2);
}

TEST_PANIC(highmem, beyond_a_page, "a piece of a page that goes beyond it")
{
	struct page *page = alloc_page(GFP_KERNEL);

	REQUIRE(page);
	memcpy_to_page(page, 4093, "page", 4);
}

/* --- mistakes --- */

TEST_PANIC(highmem, kmap_where_the_cpu_is_kept, "this may sleep")
{
	REQUIRE(pages_get(pages, 1));
	preempt_disable();
	kmap(pages[0]);
}

TEST_PANIC(highmem, kmap_with_interrupts_off, "this may sleep")
{
	REQUIRE(pages_get(pages, 1));
	REQUIRE(kmaps_begin(1));
	local_irq_disable();
	kmaps_map(pages[0]);
}

TEST_PANIC(highmem, kunmap_of_what_is_not_mapped,
	   "kunmap() of a page that is not mapped")
{
	REQUIRE(pages_get(pages, 1));
	REQUIRE(kmaps_begin(1));
	kmaps_unmap(pages[0]);
}

TEST_PANIC(highmem, kunmap_once_too_often,
	   "kunmap() of a page that nobody has mapped")
{
	REQUIRE(pages_get(pages, 1));
	REQUIRE(kmaps_begin(1));
	kmaps_map(pages[0]);
	kmaps_unmap(pages[0]);
	kmaps_unmap(pages[0]);
}
