/*
 * ACPI's static tables: where they are, and reading them. ACPI 6.4, 5.2.
 * After paging_init(). Never sleeps. What is inside a table is read through
 * early_memremap(), as tables may lie outside of the direct map.
 */
#ifndef KERNEL_ACPI_H
#define KERNEL_ACPI_H

#include <kernel/lib/compiler.h>

struct acpi_header {		/* 5.2.6: in front of every table */
	char signature[4];
	u32 length;		/* bytes, with this header */
	u8 revision, checksum;
	char oem_id[6], oem_table_id[8];
	u32 oem_revision, creator_id, creator_revision;
} __packed;

#define ACPI_TABLES_MAX 64	/* guessed: PCs have about a dozen */

struct acpi_table {
	char signature[5];
	phys_addr_t pa;
	u32 length;
};

/*
 * Finds the tables from the RSDP the loader gave, or by searching for one, and
 * reserves their memory. What is broken is reported and left out.
 * rsdp: a copy, or NULL.
 */
void acpi_init(const u8 *rsdp, u32 size);

/* The first sound table of that signature, or NULL. */
const struct acpi_table *acpi_find(const char *signature);

/* All of them, for lists: i = 0, 1, ... until NULL. */
const struct acpi_table *acpi_table(unsigned int i);

#endif
