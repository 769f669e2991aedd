/*
 * Whole pages to and from a disk: what the page cache of a disk and swap need.
 */
#ifndef KERNEL_BLOCK_PAGE_IO_H
#define KERNEL_BLOCK_PAGE_IO_H

#include <kernel/block/blkdev.h>

#define SECTORS_OF_PAGE (PAGE_SIZE / SECTOR_SIZE)

/*
 * Begins to transfer a page: from `sector` on as many sectors as a page has, or
 * as the device has from there. It needs no memory but what is kept for it.
 * done() is told of the end from a softirq, or before this returns: error is 0,
 * or a negative errno of struct bio. May sleep.
 */
void bdev_start_page(struct block_device *bdev, sector_t sector,
		     struct page *page, u32 rw,
		     void (*done)(struct page *page, int error));

/* Boot: panics without memory. */
void page_io_init(void);

#endif
