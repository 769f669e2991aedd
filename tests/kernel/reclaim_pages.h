/*
 * Pages for tests of mm/reclaim, and reclaim of these alone: the case says
 * which pages are looked at, in which order, and no others are touched.
 */
#ifndef TESTS_KERNEL_RECLAIM_PAGES_H
#define TESTS_KERNEL_RECLAIM_PAGES_H

#include <mm/reclaim/internal.h>
#include <mm/reclaim/lru.h>
#include "fake_file.h"

/* May write everything, swap everything. */
struct scan_control scan_all(void);

/*
 * Page index of the file, up to date, on no list but a user of the cache alone;
 * page belongs to nobody. False: a failed case.
 */
bool give_to_file(struct fake_file *fake, struct page *page, u32 index);

/* The same with a page of the machine's, on the inactive list: it; NULL. */
struct page *file_page(struct fake_file *fake, u32 index);

/* As a batch of the inactive list: how many of these pages went. Those that
 * stay are on a list again, if they are to be on one. */
u32 shrink_these(struct page **pages, u32 n, struct scan_control *sc);

static inline u32 shrink_this(struct page *page, struct scan_control *sc)
{
	return shrink_these(&page, 1, sc);
}

#endif
