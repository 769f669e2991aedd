/*
 * Swap for tests of mm/space: a table of slots that are pages of memory, with
 * hooks of its own. Nothing goes by itself: the case says when.
 */
#ifndef TESTS_KERNEL_FAKE_SWAP_H
#define TESTS_KERNEL_FAKE_SWAP_H

#include <mm/table/swap_entry.h>
#include "user_space.h"

#define FAKE_SLOTS 128U

struct fake_slot {
	bool used;
	u32 count;			/* entries that say it */
	struct page *page;		/* the swap cache */
	u32 *data;			/* what was written; NULL: nothing */
};

struct fake_swap {
	spinlock_t lock;
	struct swap_hooks saved;
	u32 most;			/* entries of a slot */
	bool full;			/* there are no slots */
	u32 ins, outs;			/* pages read, and written */
	struct fake_slot slot[FAKE_SLOTS];
};

extern struct fake_swap fake_swap;

void fake_swap_begin(void);

/* What only is kept for a page goes; the case fails if an entry says a slot. */
void fake_swap_end(void);

/* The slot of an entry that is no page's; of a page in the swap cache. */
struct fake_slot *slot_of(pteval_t entry);
struct fake_slot *slot_of_page(const struct page *page);

/* All with the page locked meanwhile, by somebody who has a user of it: into
 * the swap cache (false: no slot), clean; what rmap.h says. */
bool add_page(struct page *page);
enum unmap_result unmap_page(struct page *page);
u32 referenced(struct page *page);

/* The page of a slot that no entry shows is written, if it is dirty, and goes:
 * false: somebody uses it. */
bool write_out(struct fake_slot *slot);

/* All of this with the page at an address of the space: true, its entry says a
 * slot now, and there is no page any more. */
bool swap_out(struct mm_struct *mm, u32 addr);

/* A user of the page that an address shows; NULL. */
struct page *get_page_at(struct mm_struct *mm, u32 addr);

#endif
