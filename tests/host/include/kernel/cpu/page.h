/*
 * The direct map is host_memory_init()'s arena. It stands below 2 GB, so that
 * an address fits into 32 bits here, too.
 */
#ifndef HOST_KERNEL_CPU_PAGE_H
#define HOST_KERNEL_CPU_PAGE_H

#define __pa kernel_pa
#define __va kernel_va
#include_next <kernel/cpu/page.h>
#undef __pa
#undef __va
#undef PAGE_OFFSET

#define PAGE_OFFSET 0x20000000U

extern u32 host_lowmem;		/* bytes of the direct map */
__noreturn __format_printf(1, 2) void host_die(const char *fmt, ...);

/*
 * Outside of the direct map: an address that no frame has, as the kernel's own
 * subtraction wraps to one.
 */
static inline u32 __pa(const void *va)
{
	uintptr_t pa = (uintptr_t)va - PAGE_OFFSET;

	return pa < host_lowmem ? (u32)pa : ~0U;
}

static inline void *__va(u32 pa)
{
	if (pa >= host_lowmem)
		host_die("__va(%#x): not in the direct map", pa);
	return (void *)(uintptr_t)(pa + PAGE_OFFSET);
}

#endif
