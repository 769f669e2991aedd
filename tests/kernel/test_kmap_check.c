/*
 * The checkers of windows see each thing that can be wrong, and say so in
 * exactly as many sentences; kmaps and whatis say what is there.
 */
#include <kernel/base/debug.h>
#include <kernel/base/symbols.h>
#include <kernel/lib/printf.h>
#include <mm/high/check.h>
#include <mm/page/page_alloc.h>
#include <mm/report/whatis.h>
#include <mm/report/windows.h>
#include "private_kmaps.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

static struct page *pages[6];
static const char *wanted;
static bool found;

static void listen(const char *sentence)
{
	found |= strstr(sentence, wanted) != NULL;
}

static bool says(const char *text, unsigned int n)
{
	wanted = text;
	found = false;
	return EXPECT_EQ(check_kmap_pool(&kmaps, listen), n) &
	       EXPECT(found || !n);
}

/* Windows: 0 has a user, 1 has none, 2 has two, 3 is free. */
static bool begin(void)
{
	if (!pages_get(pages, 3))
		return false;
	if (!kmaps_begin(4))
		return false;
	kmaps_map(pages[0]);
	kmaps_map(pages[1]);
	kmaps_unmap(pages[1]);
	kmaps_map(pages[2]);
	kmaps_map(pages[2]);
	return true;
}

static void end(void)
{
	says("", 0);
	kmaps_unmap(pages[0]);
	kmaps_unmap(pages[2]);
	kmaps_unmap(pages[2]);
	kmaps_end();
	pages_put(pages, 3);
}

TEST(kmap_check, counts_and_pages)
{
	struct kmap_window *w = kmaps.window;

	REQUIRE(begin());
	w = kmaps.window;
	says("", 0);
	/* users of a window that is free: no page, and no bucket has it */
	w[3].count = 2;
	says("has 1 users and no page", 2);
	w[3].count = 0;
	/* free, but for what it shows: its page, its entry, its bucket */
	w[1].count = 0;
	says("is free and mapped", 3);
	w[1].count = 1;
	w[0].page = pages[1];
	says("does not show its page", 2);
	w[0].page = pages[0];
	w[3].page = pages[0];
	says("is free and has a page", 1);
	w[3].page = NULL;
	w[2].va += PAGE_SIZE;
	says("window 2 has the address", 2);
	w[2].va -= PAGE_SIZE;
	end();
}

TEST(kmap_check, buckets)
{
	struct kmap_window **bucket, *w, *next;

	REQUIRE(begin());
	w = &kmaps.window[2];
	bucket = &kmaps.bucket[kmap_hash(pages[2])];
	next = *bucket;
	*bucket = &kmap_nobody;
	says("is not where its page", 2);
	*bucket = next;
	next = w->next;
	w->next = w;
	says("more windows than there are", 1);
	w->next = next;
	end();
}

TEST(kmap_check, page_tables)
{
	struct kmap_window *w;

	REQUIRE(begin());
	w = kmaps.window;
	pt_set_page(&kernel_pgtable, w[1].va, 0);
	says("does not show its page", 1);
	pt_set_page(&kernel_pgtable, w[1].va,
		    page_to_phys(pages[0]) | PAGE_KERNEL);
	says("does not show its page", 1);
	pt_set_page(&kernel_pgtable, w[1].va,
		    page_to_phys(pages[1]) | PAGE_KERNEL_RO);
	says("does not show its page", 1);
	pt_set_page(&kernel_pgtable, w[1].va,
		    page_to_phys(pages[1]) | PAGE_KERNEL);
	pt_set_page(&kernel_pgtable, w[3].va,
		    page_to_phys(pages[1]) | PAGE_KERNEL);
	says("is free and mapped", 1);
	pt_set_page(&kernel_pgtable, w[3].va, 0);
	end();
}

static bool atomic_says(const char *text, unsigned int n)
{
	wanted = text;
	found = false;
	return EXPECT_EQ(check_kmap_atomic(listen), n) & EXPECT(found || !n);
}

TEST(kmap_check, kmap_atomic)
{
	u32 *p, va;

	REQUIRE(pages_get(pages, 1));
	preempt_disable();
	p = kmap_window_open(pages[0], spin_site());
	va = (u32)(uintptr_t)p;
	atomic_says("", 0);
	pt_set_page(&kernel_pgtable, va, 0);
	atomic_says("is open and not mapped", 1);
	pt_set_page(&kernel_pgtable, va,
		    page_to_phys(pages[0]) | PAGE_KERNEL);
	/* two windows have that for their neighbour */
	set_fixmap(FIX_KMAP_BEGIN + 2, page_to_phys(pages[0]), PAGE_KERNEL);
	atomic_says("a page next to the window", 2);
	clear_fixmap(FIX_KMAP_BEGIN + 2);
	kunmap_atomic(p);
	set_fixmap(FIX_KMAP_BEGIN + 3, page_to_phys(pages[0]), PAGE_KERNEL);
	atomic_says("is closed and mapped", debug_enabled(DEBUG_HIGHMEM));
	clear_fixmap(FIX_KMAP_BEGIN + 3);
	pages_put(pages, 1);
}

/* --- for people --- */

static char want[400], site[SYMBOL_TEXT];

TEST(kmap_check, report_of_a_pool)
{
	struct kmap_info info;

	REQUIRE(begin());
	EXPECT(kmap_pool_info(&kmaps, 1, &info) && info.users == 0);
	EXPECT(kmap_pool_info(&kmaps, 2, &info) && info.users == 2);
	EXPECT(!kmap_pool_info(&kmaps, 3, &info));
	EXPECT(!kmap_pool_info(&kmaps, 4, &info));
	symbol_text(kmaps.window[0].site, site);
	EXPECT(!strncmp(site, "kmaps_map+", 10));
	snprintf(want, sizeof(want),
		 "kmap: 4 windows, 3 show a page, 2 have users; 3 mapped so "
		 "far, 0 flushes, 0 waits\n"
		 "  %08x frame 0x%x, 1 user, last %s\n"
		 "  %08x frame 0x%x, no user, last %s\n"
		 "  %08x frame 0x%x, 2 users, last %s\n",
		 kmaps.base, page_to_pfn(pages[0]), site,
		 kmaps.base + PAGE_SIZE, page_to_pfn(pages[1]), site,
		 kmaps.base + 2 * PAGE_SIZE, page_to_pfn(pages[2]), site);
	record_start();
	report_kmap_pool(&kmaps);
	EXPECT_STREQ(record_stop(), want);
	end();
}

static bool whatis_has(u32 addr, const char *text)
{
	record_start();
	report_whatis(addr);
	return strstr(record_stop(), text) != NULL;
}

TEST(kmap_check, whatis_of_kmap_atomic)
{
	u32 *p, va;

	REQUIRE(pages_get(pages, 1));
	preempt_disable();
	p = kmap_window_open(pages[0], spin_site());
	va = (u32)(uintptr_t)p;
	EXPECT(whatis_has(va + 5, "  window 0 of kmap_atomic(), CPU 0: "
				  "test_kmap_check_whatis_of_kmap_atomic+"));
	EXPECT(whatis_has(va + PAGE_SIZE, "  a page between two windows"));
	EXPECT(whatis_has(va - 2 * PAGE_SIZE, "  window 1 of kmap_atomic(), "
					      "CPU 0: closed\n"));
	record_start();
	report_kmaps();
	snprintf(want, sizeof(want), "kmap_atomic: CPU 0 has 16 windows, 1 are "
		 "open\n  %08x frame 0x%x, test_kmap_check_whatis", va,
		 page_to_pfn(pages[0]));
	EXPECT(strstr(record_stop(), want));
	kunmap_atomic(p);
	kmap_atomic_forget();
	EXPECT_STREQ(window_place(va), "a window of kmap_atomic() that was "
				       "closed");
	EXPECT(strstr(window_place(va + PAGE_SIZE), "ran off its end"));
	EXPECT(!window_place(FIXADDR_TOP));
	EXPECT(!window_place(memory_layout.vmalloc_start));
	pages_put(pages, 1);
}

TEST(kmap_check, whatis_of_kmap)
{
	struct page *page = high_page();
	u32 base = memory_layout.pkmap_base, va;

	EXPECT_STREQ(window_place(base), "a window of kmap() that shows no "
					 "page");
	if (!page) {
		EXPECT(whatis_has(base, kernel_kmaps.nr ?
				  "  window 0 of kmap(), free\n" :
				  "  window 0 of kmap(), which does not use "
				  "it\n"));
		return;
	}
	kmap(page);
	va = (u32)(uintptr_t)page_address(page);
	snprintf(want, sizeof(want), "  window %u of kmap(): 1 user, last "
		 "test_kmap_check_whatis_of_kmap+", (va - base) >> PAGE_SHIFT);
	EXPECT(whatis_has(va, want));
	kunmap(page);
	EXPECT(whatis_has(va, ": no user, last test_kmap"));
	kmap_flush_unused();
	EXPECT(whatis_has(va, " of kmap(), free\n"));
	__free_page(page);
}
