/* The C library's: a superset of the kernel's. */
#ifndef HOST_KERNEL_LIB_PRINTF_H
#define HOST_KERNEL_LIB_PRINTF_H

#include <stdarg.h>
#include <stdio.h>
#include <kernel/lib/compiler.h>

#endif
