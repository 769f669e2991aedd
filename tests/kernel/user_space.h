/*
 * An address space of a case's own, in the thread that runs it: user memory is
 * read and written as the kernel does it for a program.
 */
#ifndef TESTS_KERNEL_USER_SPACE_H
#define TESTS_KERNEL_USER_SPACE_H

#include <mm/page/page_alloc.h>
#include <mm/space/fault.h>
#include <mm/space/mm.h>
#include <mm/space/rmap.h>
#include <mm/space/uaccess.h>
#include "ktest.h"

#define RW (PROT_READ | PROT_WRITE)
#define USER 0x40000000U	/* where cases map, on a border of all tables */

/* A new space, that this thread has from now on. NULL: a failed case. */
struct mm_struct *space_begin(void);

/* Checks it, and gives up both of its users. */
void space_end(struct mm_struct *mm);

/* Checks it; each difference fails the case. */
void space_check(struct mm_struct *mm);

/* How many differences the checker says; each has its sentence. */
u32 space_differences(struct mm_struct *mm);

/* With mmap_sem: so many pages of private memory there; the rest is flags. */
u32 map_pages(struct mm_struct *mm, u32 addr, u32 pages, u32 prot, u32 flags);
int unmap_pages(struct mm_struct *mm, u32 addr, u32 pages);
int protect_pages(struct mm_struct *mm, u32 addr, u32 pages, u32 prot);
u32 move_pages(struct mm_struct *mm, u32 addr, u32 old_pages, u32 new_pages,
	       u32 flags, u32 to);

/* A word of the space this thread has: read (0 also if it cannot be read), and
 * written: true, or it cannot be. */
u32 peek(u32 addr);
bool poke(u32 addr, u32 value);

/* The entry of an address; 0: none. */
pteval_t entry_at(struct mm_struct *mm, u32 addr);
struct page *page_at(struct mm_struct *mm, u32 addr);

#endif
