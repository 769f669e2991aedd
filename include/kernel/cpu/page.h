/*
 * The size of a page and the split of the address space.
 *
 * PAGE_OFFSET is where the direct map begins: physical address p of lowmem is
 * seen at p + PAGE_OFFSET. ULK3 section 2.5.5; shared by C, assembly and the
 * linker script.
 */
#ifndef KERNEL_CPU_PAGE_H
#define KERNEL_CPU_PAGE_H

#define PAGE_SHIFT 12
#define PAGE_SIZE 0x1000
#define PAGE_OFFSET 0xC0000000

#define KERNEL_PHYS 0x00100000	/* where the boot loader puts the image */
#define PROVISIONAL_END 0x00800000 /* the provisional tables map 0 .. this */
#define BOOT_STACK_SIZE 0x4000	/* guessed: twice the reference's 8 KB */

#ifndef __ASSEMBLER__

#include <kernel/lib/compiler.h>

#define PAGE_MASK (~(u32)(PAGE_SIZE - 1))
#define PAGE_ALIGN(x) ALIGN(x, PAGE_SIZE)

/* Direct-map addresses only; the answer is a physical address below 4 GB. */
static inline u32 __pa(const void *va)
{
	return (u32)(uintptr_t)va - PAGE_OFFSET;
}

/* Lowmem only: pa below the end of the direct map. */
static inline void *__va(u32 pa)
{
	return (void *)(uintptr_t)(pa + PAGE_OFFSET);
}

#define PFN_UP(pa) (((u64)(pa) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(pa) ((u64)(pa) >> PAGE_SHIFT)
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)

#endif
#endif
