/*
 * Reading a cpio archive of the "newc" format: the files of a module. Pure: any
 * bytes may be given, in any context; nothing is copied.
 * The format: cpio(5), "New ASCII Format".
 */
#ifndef KERNEL_LIB_CPIO_H
#define KERNEL_LIB_CPIO_H

#include <kernel/lib/compiler.h>

#define CPIO_IFMT 0170000U	/* of a mode: the kind */
#define CPIO_IFREG 0100000U	/* a file */

struct cpio_entry {
	const char *name;	/* in the archive; never "" */
	u32 mode;
	u32 size;
	const u8 *data;		/* size bytes in the archive */
};

struct cpio {
	const u8 *start;
	u32 at, size;
	const char *wrong;	/* what it was that cpio_next() met */
};

/* From the first entry of the archive of so many bytes. */
void cpio_open(struct cpio *archive, const void *start, u32 size);

/*
 * 1: *entry is the next one. 0: there are no more. -EINVAL: the archive is
 * broken, archive->wrong says how, and each further call says the same.
 */
int cpio_next(struct cpio *archive, struct cpio_entry *entry);

#endif
