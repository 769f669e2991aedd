/* 64-bit division by a small number, without the compiler's library. Pure. */
#ifndef KERNEL_LIB_MATH64_H
#define KERNEL_LIB_MATH64_H

#include <kernel/lib/types.h>

/* n / base for 1 <= base <= 65535; the rest goes to *rem. */
static inline u64 div_u64_rem16(u64 n, u16 base, u16 *rem)
{
	u64 quotient = 0;
	u32 rest = 0;
	int shift;

	for (shift = 48; shift >= 0; shift -= 16) {
		u32 part = rest << 16 | (u16)(n >> shift);

		quotient = quotient << 16 | part / base;
		rest = part % base;
	}
	*rem = rest;
	return quotient;
}

/* n / by for any by above 0, rounded down. DIV divides 64 bits by 32 if the
 * quotient has 32: the rest of the upper half is below by. */
static inline u64 div_u64(u64 n, u32 by)
{
	u32 high = (u32)(n >> 32), low = (u32)(n & 0xffffffff), rest;

	rest = high % by;
	__asm__("divl %2" : "+a"(low), "+d"(rest) : "rm"(by) : "cc");
	return (u64)(high / by) << 32 | low;
}

#endif
