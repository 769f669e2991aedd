/* What GCC and clang offer beyond the language, under short names. */
#ifndef KERNEL_LIB_COMPILER_H
#define KERNEL_LIB_COMPILER_H

#include <kernel/lib/types.h>

#define __packed __attribute__((packed))
#define __aligned(n) __attribute__((aligned(n)))
#define __section(name) __attribute__((section(name)))
#define __used __attribute__((used))
#define __always_inline inline __attribute__((always_inline))
#define __noinline __attribute__((noinline))

/* Arguments in registers: for the few functions that are called most. */
#ifdef __i386__
#define fastcall __attribute__((regparm(3)))
#else
#define fastcall
#endif

/* Boot only: free_initmem() gives their memory away. */
#define __init __section(".init.text") __noinline
#define __initdata __section(".init.data")

#define __noreturn __attribute__((noreturn))
#define __format_printf(fmt, args) __attribute__((format(printf, fmt, args)))

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* The compiler may move no memory access across this. */
#define barrier() __asm__ volatile("" : : : "memory")

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* The structure of that type whose member ptr points to. */
#define container_of(ptr, type, member) \
	((type *)((char *)(ptr) - offsetof(type, member)))

#define BUILD_BUG_ON(cond) _Static_assert(!(cond), "BUILD_BUG_ON: " #cond)

#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))

/* n is a power of two, of a type at least as wide as x */
#define ALIGN_DOWN(x, n) ((x) & ~((n) - 1))
#define ALIGN(x, n) ALIGN_DOWN((x) + (n) - 1, (n))
#define IS_ALIGNED(x, n) (((x) & ((n) - 1)) == 0)

#endif
