/*
 * kmap_atomic(): mm/high/kmap_atomic.c. Lowmem needs no window, so the windows
 * are opened for any page here, below the question whether it needs one.
 */
#include <kernel/base/debug.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/cpu/traps.h>
#include <mm/page/page_alloc.h>
#include "private_kmaps.h"
#include "threads.h"

#define LINE 5U			/* nobody's */
#define OTHER_LINE 10U		/* on the second chip, nobody's */
#define RAISE(line) __asm__ volatile("int %0" : :			\
				     "i"(FIRST_IRQ_VECTOR + (line)) : "memory")
#define PAGES 32U

static struct page *pages[PAGES];

static __noinline u32 *open_window(const struct page *page)
{
	preempt_disable();
	return kmap_window_open(page, spin_site());
}

static u32 va_of(const void *p)
{
	return (u32)(uintptr_t)p;
}

TEST(kmap_atomic, shows_the_page_and_keeps_the_cpu)
{
	u32 depth = kmap_atomic_depth(), *p;

	REQUIRE(pages_get(pages, 2));
	p = open_window(pages[1]);
	EXPECT(in_atomic() && kmap_atomic_depth() == depth + 1);
	EXPECT(*p == 1 && kmap_to_page(p) == pages[1]);
	EXPECT(kmap_to_page(p + 1023) == pages[1]);
	p[1023] = 0x600d;
	/* any address in it does */
	kunmap_atomic(p + 1023);
	EXPECT(!in_atomic() && kmap_atomic_depth() == depth);
	p = open_window(pages[0]);
	EXPECT(*p == 0 && p[1023] != 0x600d);
	kunmap_atomic(p);
	p = open_window(pages[1]);
	EXPECT(p[1023] == 0x600d);
	kunmap_atomic(p);
	pages_put(pages, 2);
}

TEST(kmap_atomic, lowmem_needs_no_window)
{
	struct page *page = alloc_page(GFP_KERNEL);
	void *p;

	REQUIRE(page);
	p = kmap_atomic(page);
	EXPECT(p == lowmem_page_address(page) && in_atomic());
	EXPECT_EQ(kmap_atomic_depth(), 0);
	kunmap_atomic(p);
	EXPECT(!in_atomic());
	__free_page(page);
}

TEST(kmap_atomic, high_memory_gets_one)
{
	struct page *page = high_page();
	u32 *p;

	if (!page) {
		test_skip("there is no high memory");
		return;
	}
	p = kmap_atomic(page);
	EXPECT_EQ(kmap_atomic_depth(), 1);
	EXPECT(va_of(p) >= memory_layout.fixaddr_start);
	EXPECT(kmap_to_page(p) == page);
	kunmap_atomic(p);
	__free_page(page);
}

/* --- nesting --- */

TEST(kmap_atomic, as_deep_as_there_are_windows)
{
	u32 *p[KMAP_DEPTH], i, k;

	REQUIRE(pages_get(pages, KMAP_DEPTH));
	for (i = 0; i < KMAP_DEPTH; i++) {
		p[i] = open_window(pages[i]);
		for (k = 0; k <= i; k++)
			EXPECT_EQ(*p[k], k);
	}
	EXPECT_EQ(preempt_count(), KMAP_DEPTH);
	for (i = KMAP_DEPTH; i--;) {
		EXPECT_EQ(*p[i], i);
		kunmap_atomic(p[i]);
	}
	pages_put(pages, KMAP_DEPTH);
}

TEST(kmap_atomic, a_page_twice)
{
	u32 *a, *b;

	REQUIRE(pages_get(pages, 1));
	a = open_window(pages[0]);
	b = open_window(pages[0]);
	EXPECT(a != b);
	a[7] = 0x600d;
	EXPECT_EQ(b[7], 0x600d);
	kunmap_atomic(b);
	kunmap_atomic(a);
	pages_put(pages, 1);
}

/* Who runs off either end faults, and touches no other window. */
TEST(kmap_atomic, fences)
{
	u32 *p[KMAP_DEPTH], i;

	REQUIRE(pages_get(pages, KMAP_DEPTH));
	for (i = 0; i < KMAP_DEPTH; i++)
		p[i] = open_window(pages[i]);
	for (i = 0; i < KMAP_DEPTH; i++) {
		EXPECT_FAULT(ACCESS_READ, va_of(p[i]) + PAGE_SIZE, 0);
		EXPECT_FAULT(ACCESS_READ, va_of(p[i]) - 1, 0);
	}
	while (i--)
		kunmap_atomic(p[i]);
	pages_put(pages, KMAP_DEPTH);
}

/* --- no translation is stale --- */

TEST(kmap_atomic, no_translation_is_stale)
{
	static u32 word[PAGES];
	u32 *p[KMAP_DEPTH], on[KMAP_DEPTH], depth = 0;
	u32 seed = 521288629, i, k, wrong = 0;

	REQUIRE(pages_get(pages, PAGES));
	for (i = 0; i < PAGES; i++)
		word[i] = i;
	for (i = 0; i < 20000; i++) {
		if (depth && (depth == KMAP_DEPTH || random_below(&seed, 2))) {
			depth--;
			wrong += *p[depth] != word[on[depth]];
			kunmap_atomic(p[depth]);
			continue;
		}
		k = random_below(&seed, PAGES);
		on[depth] = k;
		p[depth] = open_window(pages[k]);
		wrong += *p[depth] != word[k];
		*p[depth++] = word[k] = i * PAGES + k;
	}
	while (depth)
		kunmap_atomic(p[--depth]);
	EXPECT_EQ(wrong, 0);
	for (i = 0; i < PAGES; i++)
		EXPECT_EQ(first_word(pages[i]), word[i]);
	pages_put(pages, PAGES);
}

/* What is closed is not seen: at once, or when somebody asks for that. */
TEST(kmap_atomic, a_closed_window_faults)
{
	u32 *p;

	REQUIRE(pages_get(pages, 1));
	p = open_window(pages[0]);
	EXPECT_EQ(*p, 0);
	kunmap_atomic(p);
	if (!debug_enabled(DEBUG_HIGHMEM)) {
		EXPECT(kmap_to_page(p) == pages[0]);
		kmap_atomic_forget();
	}
	EXPECT_FAULT(ACCESS_READ, p, 0);
	EXPECT_FAULT(ACCESS_WRITE, p, PF_WRITE);
	EXPECT(!kmap_to_page(p));
	pages_put(pages, 1);
}

/* An open window stays, whatever is forgotten. */
TEST(kmap_atomic, forgetting_spares_open_windows)
{
	u32 *p;

	REQUIRE(pages_get(pages, 2));
	p = open_window(pages[1]);
	kunmap_atomic(open_window(pages[0]));
	kmap_flush_unused();
	EXPECT_EQ(*p, 1);
	kunmap_atomic(p);
	pages_put(pages, 2);
}

/* --- interrupts --- */

static u32 visits, mistakes;

/* Two windows on two pages: both are seen before and after, and written. */
static void two_windows(u32 first, void (*inside)(void))
{
	u32 *a = open_window(pages[first]);
	u32 *b = open_window(pages[first + 1]);

	mistakes += *a != first || *b != first + 1;
	a[1] = first + 100;
	b[1] = first + 101;
	if (inside)
		inside();
	mistakes += *a != first || *b != first + 1;
	mistakes += a[1] != first + 100 || b[1] != first + 101;
	kunmap_atomic(b);
	kunmap_atomic(a);
	visits++;
}

static void raise_other(void)
{
	RAISE(OTHER_LINE);
}

static bool handler(unsigned int irq, void *dev)
{
	two_windows(2, raise_other);
	return true;
}

static bool other_handler(unsigned int irq, void *dev)
{
	two_windows(4, NULL);
	return true;
}

static void raise_line(void)
{
	RAISE(LINE);
}

static bool handlers_begin(void)
{
	visits = mistakes = 0;
	if (!pages_get(pages, 8))
		return false;
	return EXPECT_EQ(request_irq(LINE, handler, 0, "kmap", NULL), 0) &&
	       EXPECT_EQ(request_irq(OTHER_LINE, other_handler, 0, "kmap",
				     NULL), 0);
}

static void handlers_end(u32 wanted)
{
	EXPECT_EQ(visits, wanted);
	EXPECT_EQ(mistakes, 0);
	EXPECT_EQ(free_irq(LINE, NULL), 0);
	EXPECT_EQ(free_irq(OTHER_LINE, NULL), 0);
	pages_put(pages, 8);
}

TEST(kmap_atomic, a_handler_on_a_thread)
{
	REQUIRE(handlers_begin());
	two_windows(0, raise_other);
	handlers_end(2);
}

/* `int` comes where interrupts are off, too. */
TEST(kmap_atomic, a_handler_on_a_handler)
{
	REQUIRE(handlers_begin());
	two_windows(0, raise_line);
	handlers_end(3);
}

static void in_tasklet(unsigned long data)
{
	two_windows(6, raise_line);
}

TEST(kmap_atomic, handlers_on_a_softirq_on_a_thread)
{
	struct tasklet tasklet;

	REQUIRE(handlers_begin());
	tasklet_init(&tasklet, in_tasklet, 0);
	local_bh_disable();
	tasklet_schedule(&tasklet);
	two_windows(0, raise_line);
	local_bh_enable();
	tasklet_kill(&tasklet);
	handlers_end(6);
}

static struct timer_list timer;
static volatile bool again;

static void on_tick(unsigned long data)
{
	two_windows(2, NULL);
	if (again)
		mod_timer(&timer, jiffies + 1);
}

/* They come wherever they like, between any two instructions. */
TEST(kmap_atomic, ticks_that_come_by_themselves)
{
	u32 end = jiffies + hz / 2, rounds = 0;

	visits = mistakes = 0;
	REQUIRE(pages_get(pages, 4));
	again = true;
	setup_timer(&timer, on_tick, 0);
	mod_timer(&timer, jiffies + 1);
	while (time_before(jiffies, end)) {
		u32 *p = open_window(pages[rounds & 1]);

		mistakes += *p != (rounds++ & 1);
		kunmap_atomic(p);
	}
	again = false;
	del_timer_sync(&timer);
	EXPECT_EQ(mistakes, 0);
	EXPECT(rounds > 1000 && visits > 1);
	pages_put(pages, 4);
}

static int opens_windows(void *data)
{
	u32 own = (u32)(uintptr_t)data, i, wrong = 0;

	for (i = 0; i < 5000; i++) {
		u32 *p = open_window(pages[own]);

		wrong += *p != own || kmap_atomic_depth() != 1;
		kunmap_atomic(p);
		if (i % 64 == 0)
			yield();
	}
	return (int)wrong;
}

/* No thread ever sees another one's windows: the CPU is kept. */
TEST(kmap_atomic, threads)
{
	struct crew crew = { .n = 0 };
	u32 i;

	REQUIRE(pages_get(pages, 4));
	for (i = 0; i < 4; i++)
		crew_add(&crew, PRIO_DEFAULT, opens_windows,
			 (void *)(uintptr_t)i);
	EXPECT_EQ(crew_join(&crew), 0);
	pages_put(pages, 4);
}

/* --- mistakes --- */

TEST_PANIC(kmap_atomic, wrong_order, "kunmap_atomic() in the wrong order")
{
	u32 *first;

	REQUIRE(pages_get(pages, 2));
	first = open_window(pages[0]);
	open_window(pages[1]);
	kunmap_atomic(first);
}

TEST_PANIC(kmap_atomic, closed_twice, "of what is no open window")
{
	u32 *first, *second;

	REQUIRE(pages_get(pages, 2));
	first = open_window(pages[0]);
	second = open_window(pages[1]);
	kunmap_atomic(second);
	kunmap_atomic(second);
	kunmap_atomic(first);
}

TEST_PANIC(kmap_atomic, nothing_is_open, "of what is no open window")
{
	preempt_disable();
	kunmap_atomic((void *)(uintptr_t)__fix_to_virt(FIX_KMAP_BEGIN + 1));
}

TEST_PANIC(kmap_atomic, a_fence_is_no_window, "of what is no open window")
{
	u32 *p;

	REQUIRE(pages_get(pages, 1));
	p = open_window(pages[0]);
	kunmap_atomic((u8 *)p + PAGE_SIZE);
}

TEST_PANIC(kmap_atomic, too_deep, "all windows of this CPU are open")
{
	u32 i;

	REQUIRE(pages_get(pages, 1));
	for (i = 0; i <= KMAP_DEPTH; i++)
		open_window(pages[0]);
}

TEST_PANIC(kmap_atomic, sleeping_with_a_window, "this may sleep")
{
	REQUIRE(pages_get(pages, 1));
	open_window(pages[0]);
	might_sleep();
}
