/*
 * Floppy drives fd0 and fd1: kernel/block/floppy.c.
 *
 * The CMOS says which drives there are; what is in them is looked at when it is
 * read, and taken for the drive's own format.
 */
#ifndef KERNEL_BLOCK_FLOPPY_H
#define KERNEL_BLOCK_FLOPPY_H

#include <kernel/lib/types.h>

/* Does any motor turn? It goes off by itself. Any context. */
bool floppy_motor_on(void);

#endif
