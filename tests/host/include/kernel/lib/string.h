/* The C library's, which the sanitizers watch. */
#ifndef HOST_KERNEL_LIB_STRING_H
#define HOST_KERNEL_LIB_STRING_H

#include <string.h>
#include <kernel/lib/compiler.h>

/* not in every C library */
size_t host_strlcpy(char *dst, const char *src, size_t size);
#define strlcpy host_strlcpy

#endif
