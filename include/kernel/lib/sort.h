/*
 * Heapsort: in place, no recursion, n log n at worst, not stable. Pure.
 * base: n elements of size bytes (size <= 64); cmp as for qsort().
 */
#ifndef KERNEL_LIB_SORT_H
#define KERNEL_LIB_SORT_H

#include <kernel/lib/types.h>

void sort(void *base, size_t n, size_t size,
	  int (*cmp)(const void *a, const void *b));

#endif
