/*
 * Disks that are memory, physically in one piece: ramdisk= makes "ram0" at
 * boot, of the RAM that mem= cut off or of the boot loader's first module.
 */
#ifndef KERNEL_BLOCK_RAMDISK_H
#define KERNEL_BLOCK_RAMDISK_H

#include <kernel/block/blkdev.h>

/*
 * [start, start + bytes) as a disk, wherever it lies within paging_mode's
 * reach; what is no whole sector at the end is left out. It stays its owner's.
 * NULL: no memory, the name is taken, or it is less than a sector; with a
 * sentence. May sleep.
 */
struct block_device *ramdisk_create(const char *name, const char *model,
				    phys_addr_t start, u64 bytes);

/* Ends what is under way. May sleep. */
void ramdisk_destroy(struct block_device *bdev);

/* Boot, before block_init(): where the first module is. */
void ramdisk_offer_module(phys_addr_t start, phys_addr_t bytes);

/* Does the disk ram0 have what the boot loader put there? */
bool ramdisk_has_module(phys_addr_t start);

#endif
