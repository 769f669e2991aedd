/*
 * A small pool of windows of a suite's own, at addresses of vmalloc: so kmap()
 * is tried on machines without high memory, too, as it shows any page.
 */
#ifndef TESTS_KERNEL_PRIVATE_KMAPS_H
#define TESTS_KERNEL_PRIVATE_KMAPS_H

#include <mm/high/highmem.h>
#include "ktest.h"

#define KMAPS_MOST 64U		/* guessed: more than RANGE_LIMIT of tlb.c */

extern struct kmap_pool kmaps;

/* With nr windows. False, and a failed case: no memory. One at a time. */
bool kmaps_begin(u32 nr);

/* The pool is sound and has no users; then it is gone. */
void kmaps_end(void);

u32 *kmaps_map(struct page *page);
void kmaps_unmap(struct page *page);

/* n pages from wherever there are, each with its number in the first word; all
 * or none. */
bool pages_get(struct page **pages, u32 n);
void pages_put(struct page **pages, u32 n);

/* A page of high memory, of whichever node has some; NULL: none has. */
struct page *high_page(void);

/* The first word of a page, by kmap_atomic(). */
u32 first_word(const struct page *page);
void set_first_word(struct page *page, u32 word);

#endif
