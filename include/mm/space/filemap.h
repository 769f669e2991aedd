/*
 * Files in areas, and memory that is shared. ULK3 section 16.2.
 *
 * An area that shows a file has vm_mapping, the file's pages, and is on its
 * i_mmap: so from a page of the file all entries are found. What a file gives
 * for it is a vm_operations_struct of its own:
 *
 *	static const struct vm_operations_struct ramfs_vm_ops = {
 *		.nopage = filemap_nopage, .dirtied = filemap_dirtied,
 *		.size = ...,		i_size_read() of the area's file
 *		.open = ..., .close = ...,	one user of vm_file more, less
 *	};
 *
 * and its mmap calls map_file(vma, mapping, &ramfs_vm_ops).
 *
 * Locks, outermost first: mmap_sem; page lock; i_mmap_lock; page_table_lock;
 * tree_lock. Entries of a page of a file are made by who has the page locked
 * and has seen its mapping, and size(): so who truncates says the new size
 * first, then takes the pages out, each under its lock.
 */
#ifndef MM_SPACE_FILEMAP_H
#define MM_SPACE_FILEMAP_H

#include <mm/cache/pagemap.h>
#include <mm/space/mm.h>

/*
 * A new area, not linked, shows the mapping from vm_pgoff on. ops has nopage
 * and size; its open() is called for this area, too. 0. May not sleep but as
 * open() does.
 */
int map_file(struct vm_area_struct *vma, struct address_space *mapping,
	     const struct vm_operations_struct *ops);

/* For ops: the locked page of an address (NOPAGE_SIGBUS beyond size(), and
 * where it cannot be read); its bytes were written through an entry. */
struct page *filemap_nopage(struct vm_area_struct *vma, u32 address,
			    bool *major);
void filemap_dirtied(struct vm_area_struct *vma, struct page *page);

/*
 * No area shows the bytes [from, from + len) of the mapping any more (len 0:
 * all from `from` on); whole pages, `from` rounded up. even_private: private
 * copies go, too, which is right for what the file has no more. May sleep; no
 * page lock is held.
 */
void unmap_mapping_range(struct address_space *mapping, u64 from, u64 len,
			 bool even_private);

/*
 * A file became shorter, its size() says so already: what lies behind is shown
 * by nobody, and not in the cache; of the last page the rest is zero. May
 * sleep; no page lock is held.
 */
void truncate_pagecache(struct address_space *mapping, u64 size);

/* --- memory that is shared (mm/space/shmem.c) --- */

/*
 * Pages that are nowhere but in memory, or in swap: zero at first, of that size
 * for ever, promised as a whole. An area has a user of it each.
 */
struct shared_memory {
	struct address_space mapping;	/* no writepage: see shmem.c */
	u64 size;			/* bytes */
	atomic_t users;
	struct list_head list;		/* of all */
	spinlock_t lock;		/* slots, swapped */
	u32 **slots;			/* in swap, by index: shmem_swap.c */
	u32 swapped;			/* of them that are not 0 */
};

/* With one user. NULL: no memory, or no more may be promised. */
struct shared_memory *shared_memory_alloc(u64 size);
void shared_memory_put(struct shared_memory *shared);	/* the last: it goes */

/*
 * A new area shows new memory of its own size: MAP_SHARED | MAP_ANONYMOUS, and
 * the mmap of /dev/zero if the area is VM_SHARED. -ENOMEM.
 */
int map_shared_memory(struct vm_area_struct *vma);

/* Of all shared memory: brings home what is in slots that are wanted: 0,
 * -ENOMEM, -EIO; and calls fn for each slot. May sleep. */
int shared_bring_home(bool (*wanted)(u32 slot, u32 area), u32 area);
void shared_for_each_slot(void (*fn)(void *arg, u32 slot), void *arg);

/* --- pages around a fault (mm/space/filemap.c) --- */

/* A read fault enters what is in memory already around it, too: so many pages,
 * aligned. A power of two up to FAULT_AROUND_MAX; 1: none. */
#define FAULT_AROUND_MAX 16U

struct fault_around {
	u32 pages;
	atomic_t entered;	/* entries beside the ones asked for */
};

extern struct fault_around fault_around;

#endif
