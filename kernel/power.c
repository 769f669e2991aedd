/*
 * 1. Reset: pulse the reset line through the keyboard controller; PCs since PCI
 *    also have port 0xCF9; an exception without an IDT always works.
 * 2. Off: write SLP_TYP and SLP_EN to the PM1 control registers (ACPI 6.4,
 *    4.8.3.2.1). Where they are, the FADT says; which SLP_TYP means off stands
 *    in the DSDT as AML, Name(_S5, Package {a, b, ...}): an interpreter would
 *    be far larger than the kernel, so the bytes of that name are looked for.
 */
#include <kernel/acpi.h>
#include <kernel/cpu/io.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/page.h>
#include <kernel/lib/string.h>
#include <kernel/power.h>
#include <kernel/user/syscall.h>
#include <mm/table/fixmap.h>

#define KBC_STATUS 0x64
#define KBC_INPUT_FULL 0x02
#define KBC_PULSE_RESET 0xfe
#define RESET_CONTROL 0xcf9
#define PATIENCE 100000		/* guessed: 0.1 s of port reads */
#define UNUSED_PORT 0x80	/* the BIOS's own progress codes: 1 us a read */

#define FADT_PM1A_CNT 64	/* offsets, ACPI 6.4, 5.2.9 */
#define FADT_PM1B_CNT 68
#define FADT_MIN 72

#define SLP_EN 0x2000
#define SLP_TYP_SHIFT 10

#define AML_BYTE_PREFIX 0x0a
#define AML_PACKAGE 0x12
#define S5_CHUNK (8U * PAGE_SIZE)
#define S5_TAIL 16U		/* derived: name, package head, two values */

void machine_reboot(void)
{
	const struct table_register no_idt = { 0 };
	int patience = PATIENCE;

	__asm__ volatile("cli");
	while (inb(KBC_STATUS) & KBC_INPUT_FULL && --patience)
		cpu_relax();
	outb(KBC_STATUS, KBC_PULSE_RESET);
	for (patience = PATIENCE; patience; patience--)
		cpu_relax();
	outb(RESET_CONTROL, 0x02);
	outb(RESET_CONTROL, 0x06);
	for (patience = PATIENCE; patience; patience--)
		cpu_relax();
	__asm__ volatile("lidt %0; int3" : : "m"(no_idt));
	cpu_halt_forever();
}

static u8 aml_value(const u8 **p)
{
	if (**p == AML_BYTE_PREFIX)
		(*p)++;
	return *(*p)++;
}

/* p stands at "_S5_": Package, its length and count, then the two types. */
static bool parse_s5(const u8 *p, u8 *type_a, u8 *type_b)
{
	p += 4;
	if (*p++ != AML_PACKAGE)
		return false;
	p += 1 + (*p >> 6);	/* the length's own bytes */
	p++;			/* how many elements */
	*type_a = aml_value(&p) & 7;
	*type_b = aml_value(&p) & 7;
	return true;
}

static bool search_s5(const u8 *p, u32 size, u8 *type_a, u8 *type_b)
{
	for (; size >= S5_TAIL; p++, size--)
		if (!memcmp(p, "_S5_", 4) && parse_s5(p, type_a, type_b))
			return true;
	return false;
}

/* In pieces that overlap, so that no border cuts the name. */
static bool find_s5(const struct acpi_table *dsdt, u8 *type_a, u8 *type_b)
{
	u32 at = 0;

	for (;;) {
		u32 size = min(dsdt->length - at, S5_CHUNK);
		void *window = early_memremap(dsdt->pa + at, size);
		bool found;

		if (!window)
			return false;
		found = search_s5(window, size, type_a, type_b);
		early_memunmap(window, size);
		if (found || at + size == dsdt->length)
			return found;
		at += size - S5_TAIL;
	}
}

void machine_poweroff(void)
{
	const struct acpi_table *fadt = acpi_find("FACP");
	const struct acpi_table *dsdt = acpi_find("DSDT");
	u32 control[2];
	u8 type_a, type_b;
	void *window;
	int patience;

	if (!fadt || !dsdt || fadt->length < FADT_MIN ||
	    !find_s5(dsdt, &type_a, &type_b))
		return;
	window = early_memremap(fadt->pa, FADT_MIN);
	if (!window)
		return;
	memcpy(control, (u8 *)window + FADT_PM1A_CNT, sizeof(control));
	early_memunmap(window, FADT_MIN);
	if (control[0])
		outw((u16)control[0], type_a << SLP_TYP_SHIFT | SLP_EN);
	if (control[1])
		outw((u16)control[1], type_b << SLP_TYP_SHIFT | SLP_EN);
	/* the power goes off some time after the write */
	for (patience = PATIENCE; patience; patience--)
		inb(UNUSED_PORT);
}

void power_init(void)
{
	power_hooks.restart = machine_reboot;
	power_hooks.power_off = machine_poweroff;
}
