/*
 * Names of the kernel's functions and data, linked into the image. Pure;
 * any context.
 */
#ifndef KERNEL_BASE_SYMBOLS_H
#define KERNEL_BASE_SYMBOLS_H

#include <kernel/lib/compiler.h>

#define SYMBOL_TEXT 64		/* enough for "a_long_name+0x123/0x456" */

/*
 * The symbol that addr lies in; its offset into it goes to *offset and its
 * size (to the next symbol) to *size. NULL outside of the image.
 */
const char *symbol_lookup(u32 addr, u32 *offset, u32 *size);

/* "name+0x12/0x40" or "?" into buf of SYMBOL_TEXT bytes; returns buf. */
const char *symbol_text(u32 addr, char *buf);

#endif
