/*
 * Swap: areas with slots of a page each, pages that are in one and in memory at
 * once (the swap cache), and the way out and in. ULK3 section 17.4.
 *
 * A slot has a count: entries of user spaces (and memory files) that say it. A
 * page in the swap cache keeps its slot, too, without being counted there:
 * swap_area.page[offset]. A slot is free when its count is 0 and no page has
 * it. The cache is that array, not a tree: no memory is needed to swap.
 *
 *	count	page	the slot
 *	0	-	is free
 *	0	yes	is only kept for the page: it can go at any time
 *	n	-	has the only copy
 *	n	yes	both; they are the same unless the page is dirty
 *	BAD	-	cannot be used: the header said so, or a write failed
 *	BAD+n	yes	a write failed: the page is dirty and stays in memory.
 *			Once the page is out, and nobody says the slot: BAD
 *
 * A page in the swap cache: PG_swapcache, private = entry, one user more; it is
 * private memory (PageAnon) or was just read and belongs to nobody yet. It gets
 * in and out locked.
 *
 * Lock: swap_area.lock, interrupts off; inside of page_table_lock. Threads; may
 * sleep where it says so.
 */
#ifndef MM_RECLAIM_SWAP_H
#define MM_RECLAIM_SWAP_H

#include <kernel/block/bio.h>
#include <kernel/lock.h>
#include <mm/cache/pagemap.h>
#include <mm/table/swap_entry.h>

#define SWAP_CLUSTER 256U		/* the reference's: slots in a row */
#define SWAP_CLUSTER_MAX 32U		/* the reference's: pages in one go */
#define SWAP_READ_AHEAD 8U		/* the reference's, at most */
#define SWAP_MAP_MAX 0x7ffeU
#define SWAP_MAP_BAD 0x8000U

/* --- the header, mm/reclaim/swap_header.c: pure --- */

/* What mkswap writes: page 0 of the area, <linux/swap.h>. */
struct swap_header {
	u32 last_page;			/* of the area: the last slot */
	u32 nr_badpages;
	const u32 *badpages;		/* in the page that was parsed */
	char label[17];
	u8 uuid[16];
};

/*
 * page: PAGE_SIZE bytes; pages: that the device has. NULL: it is good; or why
 * it is not, a sentence: no signature, an old or unknown version, the other
 * byte order, no slots, longer than the device, too many bad pages, one out of
 * range or twice.
 */
const char *swap_header_parse(const void *page, u32 pages,
			      struct swap_header *header);

/* --- areas, mm/reclaim/swapfile.c --- */

/*
 * Where an area's pages are. Begins a transfer of a page that is locked (read)
 * or has PG_writeback (write), and calls done() when it has ended, from any
 * context, also before it returns. May sleep.
 */
struct swap_backing {
	char name[24];			/* "/dev/hdb" */
	bool is_file;
	u32 pages;
	void (*start)(struct swap_backing *backing, u32 offset,
		      struct page *page, u32 rw,
		      void (*done)(struct page *page, int error));
	/* the area ends; NULL: nothing to do. May sleep. */
	void (*release)(struct swap_backing *backing);
	void *private;
};

struct swap_area {
	spinlock_t lock;
	u32 type;			/* its number */
	s32 prio;			/* the highest first; equal: in turns */
	bool writable;			/* slots are given out */
	u32 slots;			/* with the header's; 0: it is none */
	u32 usable, inuse;		/* slots: good; of these not free */
	u32 cached;			/* pages in the swap cache */
	u32 lowest, highest;		/* no free slot is outside of these */
	u32 cluster_next, cluster_left;
	u16 *map;			/* counts, and SWAP_MAP_BAD */
	u16 *cluster;			/* free slots of each SWAP_CLUSTER */
	struct page **page;		/* the swap cache */
	struct list_head list;		/* of all that are in use, by prio */
	struct swap_backing *backing;
	/* how much to read ahead: a guess, so without a lock */
	u32 ahead_prev, ahead_size, ahead_hits;
};

/*
 * Begins to swap there. prio < 0: below all there are. 0; or a negative errno,
 * and a sentence in the log: -EINVAL (the header), -EBUSY (it is one already),
 * -EIO, -ENOMEM, -EPERM (32 areas). May sleep.
 */
int swapon(struct swap_backing *backing, s32 prio);

/*
 * Everything comes home, then it is no area any more. -EINVAL: there is none of
 * that name; -ENOMEM: what is there does not fit; -EINTR; -EIO: a page cannot
 * be read. Then it goes on as before. May sleep, long.
 */
int swapoff(const char *name);

/*
 * "/dev/hdb": swapon() of a block device; or of a file, if swap_file_hook knows
 * how: it makes a backing, or says with a negative errno why not. -ENOENT,
 * -ENAMETOOLONG, -EROFS, too.
 */
int swapon_path(const char *path, s32 prio);
extern int (*swap_file_hook)(const char *path, struct swap_backing **backing);

/* What reports say of an area. */
struct swap_area_info {
	char name[24];
	bool is_file;
	u32 usable, inuse, bad;		/* slots */
	s32 prio;
};

/* The area at *place or behind it, from 0 on; *place moves on. False: there is
 * none. May sleep. */
bool next_swap_area(struct swap_area_info *info, u32 *place);

/* Entries that are in no page table: who has them brings those of an area home,
 * as swapoff(): 0 or its errors. NULL: there are none. */
extern int (*swap_owners_hook)(u32 area);

/* Pages. Any context. */
u32 total_swap_pages(void);
u32 nr_swap_pages(void);		/* free */
u32 nr_swap_cached(void);		/* in the swap cache */

/* More than half is in use: who comes in gives its slot back. */
bool vm_swap_full(void);

/* A slot with a count of 1, which is the caller's; val 0: there is none. */
swp_entry_t get_swap_page(void);

/*
 * One entry more and less. False: it has SWAP_MAP_MAX, or is free, or none. The
 * last entry that goes takes the page in the cache along, if nobody uses it and
 * it is not locked: it would be of no use.
 */
bool fastcall swap_duplicate(swp_entry_t entry);
void fastcall swap_free(swp_entry_t entry);
u32 swap_count(swp_entry_t entry);	/* 0, too: bad, or there is no such */

/* --- the swap cache, mm/reclaim/swap_state.c --- */

/* A private page that is locked gets a slot, is in the cache and dirty. False:
 * there is no slot. */
bool fastcall add_to_swap(struct page *page);

/* With a user more; NULL. */
struct page *fastcall lookup_swap_cache(swp_entry_t entry);

/* Locked, and not being written: it is out, and a user goes. */
void delete_from_swap_cache(struct page *page);

/* The same, if nobody but its one entry and the caller use it, and no other
 * entry says its slot; it is dirty then, as it is nowhere else. Does not sleep.
 * Locked. */
bool fastcall remove_exclusive_swap_page(struct page *page);

/* The same of one that is clean, if nobody but the caller uses it and no entry
 * shows it: the slot has its bytes. Does not sleep. Locked. */
bool fastcall remove_unused_swap_page(struct page *page);

/* --- pages of slots, mm/reclaim/page_io.c --- */

/* Writes a page of the swap cache that is locked, its PG_dirty cleared: as
 * address_space_operations.writepage. */
int fastcall swap_writepage(struct page *page);

/* Reads one that is locked and not up to date, as readpage. */
void fastcall swap_readpage(struct page *page);

/* --- --- */

/* Boot: hooks of mm/space are set. Then, with disks and files: swap=. */
void swap_init(void);
void swap_begin(void);

/* Areas, counts and the cache from first principles: how many differences. May
 * sleep. */
u32 check_swap(void (*report)(const char *sentence));

#endif
