/*
 * The boot loader's modules as files.
 */
#ifndef KERNEL_FS_INITRAMFS_H
#define KERNEL_FS_INITRAMFS_H

#include <kernel/lib/compiler.h>

/*
 * Boot: a module that stays where it is. An archive's files appear in /; what
 * is no archive appears as one file, by the last name of the path in text (the
 * loader's, with arguments behind it). What cannot be is left out, with a line
 * in the log; a broken archive as a whole, with a warning.
 */
void initramfs_add(u32 number, const char *text, const void *start, u32 size);

#endif
