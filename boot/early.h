/*
 * For the C files of boot/ only: they are linked at their physical addresses
 * and run before paging. The Makefile moves all of their sections into .boot.
 */
#ifndef BOOT_EARLY_H
#define BOOT_EARLY_H

#include <boot/bootinfo.h>
#include <boot/multiboot2.h>
#include <kernel/cpu/page.h>

/* A symbol of the rest of the kernel, where it stands without paging. */
#define PHYS(symbol) \
	((__typeof__(&(symbol)))((uintptr_t)&(symbol) - PAGE_OFFSET))

/* Copies n bytes; unlike a loop, never turned into a call of memcpy(). */
static inline void boot_copy(void *dst, const void *src, u32 n)
{
	__asm__ volatile("rep movsb"
			 : "+D"(dst), "+S"(src), "+c"(n) : : "memory");
}

/* Makes multiboot2 information in info->raw out of multiboot 1's. */
void multiboot1_convert(struct boot_info *info);

#endif
