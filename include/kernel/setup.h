/* The steps of boot that join the machine and mm/. Once each, from main.c. */
#ifndef KERNEL_SETUP_H
#define KERNEL_SETUP_H

#include <kernel/multiboot.h>

/* What the loader said; strings point into the copied block. */
extern struct boot_params boot_params;

/* Serial port, debug port and VGA text, whichever there are. */
void setup_consoles(void);

/* Judges and reads the boot information; panics if it cannot be used. */
void setup_boot_info(void);

/* The names of all features of the CPU, in one line. */
void report_cpu_features(void);

/* Physical address of the extended BIOS data area; 0 if there is none. */
u32 bios_ebda(void);

/* Identifies the CPU; honours nocpuid. */
void setup_cpu(void);

/*
 * The memory map, sanitised, after mem= and memmap=; memblock, with all that is
 * taken reserved. Panics if there is no RAM to speak of.
 */
void setup_memory(void);

/* What is in modules that the direct map shows is in / from now on. */
void setup_files(void);

/* Takes out RAM that the CPU cannot address, and says so. */
void setup_clip_memory(u64 limit);

#endif
