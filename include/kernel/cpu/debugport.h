/*
 * Ports that only emulators have. Harmless where nobody listens.
 *
 * 0xE9: a console that takes bytes (Bochs, QEMU's -debugcon).
 * 0xF4: QEMU's isa-debug-exit ends QEMU with status (code << 1) | 1.
 * 0x8900: Bochs ends when it reads the word Shutdown.
 */
#ifndef KERNEL_CPU_DEBUGPORT_H
#define KERNEL_CPU_DEBUGPORT_H

#include <kernel/lib/types.h>

#define DEBUG_EXIT_PASS 0x10	/* QEMU exits with 33 */
#define DEBUG_EXIT_FAIL 0x11	/* QEMU exits with 35 */

bool debugport_present(void);
void debugport_write(const char *s, size_t n);

/* Ends the emulator; returns if there is none. Only test runs call it. */
void debug_exit(u32 code);

#endif
