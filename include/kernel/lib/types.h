/* Fixed-width types, and the one type for a physical address. */
#ifndef KERNEL_LIB_TYPES_H
#define KERNEL_LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Not uint32_t: that is a long in some compilers, and %x wants an int. */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;

_Static_assert(sizeof(u32) == 4 && sizeof(u64) == 8, "sizes of integers");

/* 64 bits on every machine: with PAE a frame may lie above 4 GB. */
typedef u64 phys_addr_t;

#endif
