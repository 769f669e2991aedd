/* The drivers of block devices. Boot, from block_init(): each looks for its
 * devices. May sleep. */
#ifndef KERNEL_BLOCK_DRIVERS_H
#define KERNEL_BLOCK_DRIVERS_H

void ide_init(void);
void ramdisk_init(void);

/* By what the CMOS says; turns no motor. */
void floppy_init(void);

#endif
