/*
 * Swap areas of a case's own, in memory: what is read and written is counted,
 * and fails where the case says so. Their priority is above all others, so that
 * what a case swaps goes there.
 */
#ifndef TESTS_KERNEL_SWAP_AREAS_H
#define TESTS_KERNEL_SWAP_AREAS_H

#include <mm/reclaim/swap_internal.h>
#include "user_space.h"

#define TEST_PRIO 30000

struct test_area {
	struct swap_backing backing;
	u8 *data;
	u32 no_read, no_write;		/* slots that cannot be; 0: none */
	u32 reads, writes;
	bool hold;			/* writes do not end by themselves */
	u32 held_offset;
	struct page *held;		/* NULL: none is under way */
	void (*held_done)(struct page *page, int error);
};

/* A header as mkswap writes one. */
void write_swap_header(u8 *page, u32 last_page, u32 nr_bad, const u32 *bad);

/* Slots with the header's, all good; no area yet. NULL: a failed case. */
struct test_area *area_create(const char *name, u32 slots);
void area_destroy(struct test_area *area);

/* create and swapon(); swapoff(), which must succeed, and destroy. */
struct test_area *area_begin(const char *name, u32 slots, s32 prio);
void area_end(struct test_area *area);
struct swap_area *area_of(const struct test_area *area);

/* Of a held write: it happens, or fails. */
void area_release(struct test_area *area, int error);

/* The page at an address of the space, step by step as reclaim does it. Into
 * the cache, entries away; written, if it is dirty, and waited for; out of the
 * cache, if nobody else uses it. Each false: it is not so. */
bool swap_unmap(struct mm_struct *mm, u32 addr);
bool swap_write(struct page *page);
bool swap_drop(struct page *page);

/* All of them: the entry says a slot, and there is no page any more. */
bool swap_out_page(struct mm_struct *mm, u32 addr);

/* A user of the page at an address; NULL. */
struct page *grab_page(struct mm_struct *mm, u32 addr);

/* Does the entry of an address say a slot? */
bool is_swapped(struct mm_struct *mm, u32 addr);
swp_entry_t swap_entry_at(struct mm_struct *mm, u32 addr);

#endif
