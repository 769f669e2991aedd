/*
 * The files of programs, as modules of the boot loader brought them.
 */
#ifndef KERNEL_USER_PROGRAM_H
#define KERNEL_USER_PROGRAM_H

#include <kernel/lib/compiler.h>

struct program {
	const u8 *data;
	u32 size;
};

/* Boot: a module that stays where it is. False: it is no archive of programs
 * (nothing is said), or a broken one (a warning). */
bool programs_add(const void *start, u32 size);

/* By its name in an archive, slashes before it do not count. Any context. */
bool program_find(const char *path, struct program *program);

#endif
