/* What the prompt shows of block devices: kernel/block/report.c. May sleep. */
#ifndef KERNEL_BLOCK_REPORT_H
#define KERNEL_BLOCK_REPORT_H

#include <kernel/block/blkdev.h>

/* Each device: who it is, what it can, what it did. */
void report_disks(void);

/* Sectors as bytes and as text, up to the first that cannot be had. */
void report_sectors(struct block_device *bdev, sector_t sector, u32 count);

#endif
