/*
 * Formatted output into a buffer. Pure; any context.
 *
 * Conversions: %d %i %u %x %X %o %c %s %p %% with the flags '-', '0', '+', ' ',
 * '#', a width and a precision (numbers or '*'), and the lengths hh h l ll z.
 * %p prints 0x and eight digits. No floating point, no %n.
 *
 * Both return the length the whole text would have had, as C99's do; at most
 * size - 1 characters are written and a NUL ends them if size > 0.
 */
#ifndef KERNEL_LIB_PRINTF_H
#define KERNEL_LIB_PRINTF_H

#include <stdarg.h>
#include <kernel/lib/compiler.h>

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args);
__format_printf(3, 4)
int snprintf(char *buf, size_t size, const char *fmt, ...);

#endif
