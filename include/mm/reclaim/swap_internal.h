/* What the files of swap share and nobody else includes; tests of slots. */
#ifndef MM_RECLAIM_SWAP_INTERNAL_H
#define MM_RECLAIM_SWAP_INTERNAL_H

#include <kernel/sched/mutex.h>
#include <mm/reclaim/swap.h>

struct vm_area_struct;

/* --- slots of one area (mm/reclaim/swap_slots.c); its lock is held --- */

/* All are free but the header's. The caller has set slots, map (zeroed),
 * cluster, page (zeroed). */
void swap_slots_init(struct swap_area *area);

/* Of u16 in area->cluster. */
static inline u32 swap_clusters(u32 slots)
{
	return (slots + SWAP_CLUSTER - 1) / SWAP_CLUSTER;
}

/* One that is free gets a count, or a page, or both; 0: there is none. */
u32 swap_slot_take(struct swap_area *area, u16 count, struct page *page);

/* Entries: see swap_duplicate(). What was the last one: true. */
bool swap_slot_get(struct swap_area *area, u32 offset);
bool swap_slot_put(struct swap_area *area, u32 offset);

/* The cache: a page gets into a slot that has none, and out. */
void swap_slot_enter(struct swap_area *area, u32 offset, struct page *page);
void swap_slot_leave(struct swap_area *area, u32 offset);

/* It cannot be written: when it was good until now, true. */
bool swap_slot_spoil(struct swap_area *area, u32 offset);

static inline u32 swap_slot_count(const struct swap_area *area, u32 offset)
{
	return area->map[offset] & ~SWAP_MAP_BAD;
}

static inline bool swap_slot_is_bad(const struct swap_area *area, u32 offset)
{
	return area->map[offset] & SWAP_MAP_BAD;
}

/* What an area says of itself, from first principles: how many differences. */
u32 swap_check_slots(struct swap_area *area,
		     void (*report)(const char *sentence));

/* --- areas (mm/reclaim/swapfile.c) --- */

extern struct swap_area swap_areas[MAX_SWAPFILES];

/* swapon() and swapoff(): one at a time. Sleeps. */
extern struct mutex swapon_mutex;

/* The area of an entry, locked, interrupts off; NULL: there is no such slot,
 * or no such area any more. */
static __always_inline struct swap_area *lock_swap_area(swp_entry_t entry,
							u32 *flags)
{
	struct swap_area *area = &swap_areas[swp_type(entry)];

	*flags = spin_lock_irqsave(&area->lock);
	if (likely(swp_offset(entry) && swp_offset(entry) < area->slots))
		return area;
	spin_unlock_irqrestore(&area->lock, *flags);
	return NULL;
}

static inline void unlock_swap_area(struct swap_area *area, u32 flags)
{
	spin_unlock_irqrestore(&area->lock, flags);
}

/* swap_count() of an area that cannot go meanwhile: its page is in the cache
 * and locked, or an entry of a space says it whose page_table_lock is held. */
static __always_inline u32 swap_count_kept(swp_entry_t entry)
{
	const struct swap_area *area = &swap_areas[swp_type(entry)];
	const volatile u16 *map = area->map;

	return map[swp_offset(entry)] & ~SWAP_MAP_BAD;
}

/* A slot for a locked page, which is in the cache then; val 0: none. */
swp_entry_t swap_take_for(struct page *page);

/* The write of a slot failed: it is bad from now on. Any context. */
void swap_spoil(swp_entry_t entry);

/* Does the page's slot have to go, if it can: it is bad, there are few, or its
 * area ends? */
bool swap_wants_back(const struct page *page);
bool swap_slot_wanted_back(swp_entry_t entry);

/* A page to or from a slot that has a count (mm/reclaim/page_io.c). */
void swap_slot_io(swp_entry_t entry, struct page *page, u32 rw,
		  void (*done)(struct page *page, int error));

/* By its backing's name; NULL. And an area that has nothing goes. swapon_mutex
 * is held. */
struct swap_area *swap_area_named(const char *name);
void swap_area_retire(struct swap_area *area);

/* --- the cache (mm/reclaim/swap_state.c) --- */

/*
 * The page of an entry that was not in the cache just now: read, perhaps still
 * being read (locked), with a user more. NULL: no memory, or the slot is free
 * meanwhile. May sleep.
 */
struct page *read_new_swap_cache(swp_entry_t entry, gfp_t gfp);

/* Do entries say the slot, and it has no page? */
bool swap_is_out(swp_entry_t entry);

/* As swap_free(), which gives the page back that went, if one did; here that
 * use of it is the caller's, who has a lock. */
struct page *swap_free_take(swp_entry_t entry);

/* As swap_free(), of a slot whose page the caller has locked, so that it stays:
 * how many entries still say it. */
u32 swap_put_locked_page(swp_entry_t entry);

/* --- faults (mm/reclaim/swap_fault.c) --- */

/* Brings home what an entry of the area says; -ENOMEM, -EIO; 0, too: it is
 * another by now. mmap_sem is held. May sleep. */
int swap_bring_home(struct vm_area_struct *vma, u32 address, pteval_t value);

void swap_fault_init(void);

#endif
