/*
 * A file of a case's own: an address_space whose operations count, fail and are
 * slow on demand. Its page i begins with FILE_WORD(i).
 */
#ifndef TESTS_KERNEL_PRIVATE_FILE_H
#define TESTS_KERNEL_PRIVATE_FILE_H

#include <mm/space/filemap.h>
#include "user_space.h"

#define FILE_WORD(i) (0xf11e0000U + (i))
#define NO_INDEX (~0U)

struct private_file {
	struct address_space mapping;
	u64 size;
	u32 reads, writes;		/* pages */
	u32 bad;			/* index that cannot be read */
	bool bad_write;
	u32 slow;			/* ms that a read takes */
	u32 opens, closes;		/* areas */
	/* around the end of a read: the page is still locked, and is not */
	void (*before_unlock)(void), (*behind_unlock)(void);
};

/* One at a time. */
extern struct private_file file;

void file_begin(u64 size);
void file_end(void);		/* nothing of it is left, or the case fails */

/* As the owner of a file does it. */
void file_truncate(u64 size);

/* With mmap_sem: flags MAP_SHARED or MAP_PRIVATE, MAP_FIXED is added. */
u32 file_map(struct mm_struct *mm, u32 addr, u32 pages, u32 prot, u32 flags,
	     u32 pgoff);

/* The page is in the cache from now on: false, and a failed case, if not. */
bool file_read(u32 index);

/* Its first word, as it is in the cache; 0: it is not there. */
u32 file_word(u32 index);
/* Is it there; is it dirty? */
bool file_has(u32 index);
bool file_is_dirty(u32 index);

/* Entries that a walk finds from the page; _mapcount; NO_INDEX: no page. */
u32 file_walk(u32 index);
u32 file_mapcount(u32 index);

#endif
