/*
 * The first serial port, a 16550 at 0x3F8: 115200 baud, 8N1, polled.
 * National Semiconductor PC16550D data sheet. Any context; no lock (printk's
 * lock orders its callers).
 */
#ifndef KERNEL_CPU_SERIAL_H
#define KERNEL_CPU_SERIAL_H

#include <kernel/lib/types.h>

#define SERIAL_PORT 0x3f8

/* Programs the port; false if there is none, and then the rest does nothing. */
bool serial_init(void);
bool serial_present(void);

/* "\n" goes out as "\r\n". A port that stops taking bytes does not stop us. */
void serial_write(const char *s, size_t n);

/* The next byte received, or -1. */
int serial_getc(void);

#endif
