/* Sum of n bytes modulo 256: zero for a sound ACPI table. Pure. */
#ifndef KERNEL_LIB_CHECKSUM_H
#define KERNEL_LIB_CHECKSUM_H

#include <kernel/lib/types.h>

static inline u8 byte_sum(const void *p, size_t n)
{
	const u8 *byte = p;
	u8 sum = 0;

	while (n--)
		sum += *byte++;
	return sum;
}

#endif
