/* Pages with known contents, wherever they lie, and the lack of any. */
#ifndef TESTS_KERNEL_BOUNCE_PAGES_H
#define TESTS_KERNEL_BOUNCE_PAGES_H

#include <kernel/base/debug.h>
#include <mm/high/bounce_books.h>
#include <mm/page/page_alloc.h>
#include "ktest.h"

/* What byte `at` of a page is that was filled with this seed. */
static inline u8 page_byte(u32 seed, u32 at)
{
	return (u8)(seed * 151 + at + (at >> 8) * 89);
}

/* Any context. A piece is filled, and looked at, by its place in the page. */
void piece_fill(const struct bio_vec *v, u32 seed);
bool piece_is(const struct bio_vec *v, u32 seed);
void page_fill(struct page *page, u32 seed);
bool page_is(struct page *page, u32 seed);
bool page_is_outside(const struct bio_vec *v, u32 seed);

/* A large block whose frames are pfn and up; NULL: there is none. One at a
 * time, until block_end(). */
struct page *block_above(u32 pfn);
void block_end(void);

/*
 * Every free page of the machine that who may not wait can get; false: some
 * are left. Until hog_end(). One at a time.
 */
bool hog_all(void);
void hog_end(void);

#endif
