/* What the suites of the LRU lists have in common. */
#ifndef TESTS_KERNEL_PRIVATE_LRU_H
#define TESTS_KERNEL_PRIVATE_LRU_H

#include <mm/reclaim/lru.h>

/* What lru_state() is made of. */
#define INACTIVE (1U << PG_lru)
#define ACTIVE (1U << PG_lru | 1U << PG_active)
#define REFERENCED (1U << PG_referenced)

#define NOWHERE (~0U)

/* A private zone of all pages; nothing is in the CPU's batch. */
struct zone *lru_zone(void);

/* A new page of it, in the batch. */
struct page *lru_page(bool active);

/* PG_lru, PG_active, PG_referenced. */
u32 lru_state(const struct page *page);

/* How many pages stand before it there. */
u32 place_of(const struct list_head *list, const struct page *page);
u32 lru_place(const struct zone *zone, const struct page *page, bool active);

#endif
