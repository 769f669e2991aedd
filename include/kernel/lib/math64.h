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

/* n / by for any by above 0, rounded down. A bit at a time: not for hot ways. */
static inline u64 div_u64(u64 n, u32 by)
{
	u64 quotient = 0, rest = 0;
	int bit;

	for (bit = 63; bit >= 0; bit--) {
		rest = rest << 1 | (n >> bit & 1);
		quotient <<= 1;
		if (rest >= by) {
			rest -= by;
			quotient |= 1;
		}
	}
	return quotient;
}

#endif
