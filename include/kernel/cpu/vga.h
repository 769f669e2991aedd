/*
 * VGA text, 80x25 at physical 0xB8000, where there is one. Any context; no lock
 * (printk's lock orders its callers).
 */
#ifndef KERNEL_CPU_VGA_H
#define KERNEL_CPU_VGA_H

#include <kernel/lib/types.h>

/* Looks for text memory and clears it; false if there is none. */
bool vga_init(void);
void vga_write(const char *s, size_t n);

#endif
