/* Under -icount a time-stamp counter counts instructions, and time is exact. */
#ifndef TESTS_KERNEL_COUNTED_H
#define TESTS_KERNEL_COUNTED_H

#include <kernel/lib/types.h>

bool instructions_are_counted(void);

#endif
