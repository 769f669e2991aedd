/* glibc has an __always_inline of its own, with another spelling. */
#ifndef HOST_KERNEL_LIB_COMPILER_H
#define HOST_KERNEL_LIB_COMPILER_H

#include <sys/cdefs.h>
#undef __always_inline
#include_next <kernel/lib/compiler.h>

#endif
