/* Ending: by reset or by switching off. */
#ifndef KERNEL_POWER_H
#define KERNEL_POWER_H

#include <kernel/lib/compiler.h>

/* Keyboard controller, then port 0xCF9, then a triple fault. */
__noreturn void machine_reboot(void);

/* ACPI's S5, as FADT and DSDT describe it; returns where there is no ACPI. */
void machine_poweroff(void);

/* Boot: programs may ask for both, by reboot(). */
void power_init(void);

#endif
