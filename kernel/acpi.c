/*
 * 1. RSDP -> RSDT (32-bit addresses) or XSDT (64-bit) -> tables; the FADT names
 *    one more, the DSDT. The RSDP comes with the boot information, else it is
 *    searched for where the BIOS puts it: in the first KB of the extended BIOS
 *    data and from 0xE0000 to 1 MB, on 16-byte borders (5.2.5.1).
 * 2. Tables stand anywhere, on PCs at the end of RAM: above lowmem. They are
 *    read through the fixmap's windows, in pieces.
 * 3. All is checked before it is believed: signature, length, sum. A table that
 *    fails is named and left out; its memory is not reserved, as its length is
 *    not known.
 */
#include <kernel/acpi.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/page.h>
#include <kernel/setup.h>
#include <kernel/lib/checksum.h>
#include <kernel/lib/string.h>
#include <mm/early/memblock.h>
#include <mm/table/fixmap.h>

#define RSDP_V1_SIZE 20
#define RSDP_V2_SIZE 36
#define RSDP_SEARCH_START 0xe0000U
#define RSDP_SEARCH_END 0x100000U
#define TABLE_MAX (1U << 20)	/* guessed: a DSDT of a PC is below 200 KB */
#define PIECE (8U * PAGE_SIZE)	/* half of the windows there are */

#define FADT_FACS 36		/* offsets of addresses in the FADT, 5.2.9 */
#define FADT_DSDT 40
#define FADT_X_FACS 132		/* 64-bit forms, in longer FADTs */
#define FADT_X_DSDT 140

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem_id[6];
	u8 revision;
	u32 rsdt;
	u32 length;		/* from here on: revision 2 */
	u64 xsdt;
	u8 extended_checksum;
	u8 reserved[3];
} __packed;

static struct acpi_table tables[ACPI_TABLES_MAX];
static unsigned int nr_tables;

const struct acpi_table *acpi_table(unsigned int i)
{
	return i < nr_tables ? &tables[i] : NULL;
}

const struct acpi_table *acpi_find(const char *signature)
{
	unsigned int i;

	for (i = 0; i < nr_tables; i++)
		if (!strcmp(tables[i].signature, signature))
			return &tables[i];
	return NULL;
}

static bool __init rsdp_is_sound(const u8 *p, u32 size)
{
	return size >= RSDP_V1_SIZE && !memcmp(p, "RSD PTR ", 8) &&
	       !byte_sum(p, RSDP_V1_SIZE);
}

static const u8 *__init search_rsdp(u32 from, u32 to)
{
	const u8 *p = __va(from), *end = __va(to);

	for (; p + RSDP_V1_SIZE <= end; p += 16)
		if (rsdp_is_sound(p, RSDP_V1_SIZE))
			return p;
	return NULL;
}

static const u8 *__init find_rsdp(void)
{
	u32 ebda = bios_ebda();
	const u8 *rsdp = NULL;

	if (ebda)
		rsdp = search_rsdp(ebda, ebda + 1024);
	if (!rsdp)
		rsdp = search_rsdp(RSDP_SEARCH_START, RSDP_SEARCH_END);
	return rsdp;
}

/* Copies size bytes at pa; false if they cannot be mapped. */
static bool __init read_phys(phys_addr_t pa, void *to, u32 size)
{
	void *window = early_memremap(pa, size);

	if (!window)
		return false;
	memcpy(to, window, size);
	early_memunmap(window, size);
	return true;
}

static u8 __init sum_phys(phys_addr_t pa, u32 size)
{
	u8 sum = 0;

	while (size) {
		u32 piece = min(size, PIECE);
		void *window = early_memremap(pa, piece);

		if (!window)
			return 1;	/* out of reach: not sound */
		sum += byte_sum(window, piece);
		early_memunmap(window, piece);
		pa += piece;
		size -= piece;
	}
	return sum;
}

/* Notes and reserves the table at pa; NULL if it is not sound. */
static const struct acpi_table *__init add_table(phys_addr_t pa)
{
	struct acpi_table *table = &tables[nr_tables];
	struct acpi_header head;

	if (!pa || nr_tables == ACPI_TABLES_MAX)
		return NULL;
	if (!read_phys(pa, &head, sizeof(head))) {
		pr_warn("ACPI: a table at %llx is out of reach\n", pa);
		return NULL;
	}
	if (head.length < sizeof(head) || head.length > TABLE_MAX) {
		pr_warn("ACPI: table at %llx has an absurd length, %u\n",
			pa, head.length);
		return NULL;
	}
	if (sum_phys(pa, head.length)) {
		pr_warn("ACPI: %.4s at %llx has a bad checksum\n",
			head.signature, pa);
		return NULL;
	}
	memcpy(table->signature, head.signature, 4);
	table->pa = pa;
	table->length = head.length;
	nr_tables++;
	if (memblock_reserve(&memblock, pa, head.length, "ACPI table"))
		panic("no room to note an ACPI table at %llx", pa);
	pr_info("ACPI: %.4s at %08llx, %u bytes\n", head.signature, pa,
		head.length);
	return table;
}

/* An address in the FADT: the 64-bit form where there is one. */
static u64 __init fadt_address(const struct acpi_table *fadt, u32 at, u32 at_64)
{
	u64 pa = 0;

	if (fadt->length >= at_64 + 8)
		read_phys(fadt->pa + at_64, &pa, 8);
	if (!pa && fadt->length >= at + 4)
		read_phys(fadt->pa + at, &pa, 4);
	return pa;
}

/* The FACS has neither a checksum nor a header as the others have, 5.2.10. */
static void __init reserve_facs(u64 pa)
{
	struct { char signature[4]; u32 length; } head;

	if (!pa || !read_phys(pa, &head, sizeof(head)) ||
	    memcmp(head.signature, "FACS", 4) || head.length > PAGE_SIZE)
		return;
	if (memblock_reserve(&memblock, pa, head.length, "ACPI table"))
		panic("no room to note an ACPI table at %llx", pa);
}

static void __init add_tables_of_fadt(void)
{
	const struct acpi_table *fadt = acpi_find("FACP");

	if (!fadt)
		return;
	add_table(fadt_address(fadt, FADT_DSDT, FADT_X_DSDT));
	reserve_facs(fadt_address(fadt, FADT_FACS, FADT_X_FACS));
}

/* The root's body is a row of addresses, 4 or 8 bytes each. */
static void __init add_listed_tables(const struct acpi_table *root, u32 width)
{
	u32 at;

	for (at = sizeof(struct acpi_header); at + width <= root->length;
	     at += width) {
		u64 pa = 0;

		/* one place stays for the DSDT */
		if (nr_tables >= ACPI_TABLES_MAX - 1) {
			pr_warn("ACPI: more than %u tables; the rest is left "
				"out\n", nr_tables);
			return;
		}
		if (read_phys(root->pa + at, &pa, width))
			add_table(pa);
	}
}

void __init acpi_init(const u8 *given, u32 size)
{
	const struct acpi_table *root;
	struct rsdp rsdp;
	u32 width = 4;

	memset(&rsdp, 0, sizeof(rsdp));
	if (given && !rsdp_is_sound(given, size)) {
		pr_warn("ACPI: the loader's RSDP is broken; searching\n");
		given = NULL;
	}
	if (!given) {
		given = find_rsdp();
		size = RSDP_V2_SIZE;
	}
	if (!given) {
		pr_info("ACPI: none on this machine\n");
		return;
	}
	memcpy(&rsdp, given, min(size, (u32)sizeof(rsdp)));
	/* from revision 2 on a second sum covers all of it, 5.2.5.3 */
	if (rsdp.revision >= 2 && rsdp.xsdt) {
		if (size >= RSDP_V2_SIZE && !byte_sum(&rsdp, RSDP_V2_SIZE))
			width = 8;
		else
			pr_warn("ACPI: the RSDP's second checksum is bad; "
				"its XSDT is not used\n");
	}
	root = add_table(width == 8 ? rsdp.xsdt : rsdp.rsdt);
	if (!root && width == 8) {
		width = 4;
		root = add_table(rsdp.rsdt);
	}
	if (!root) {
		pr_warn("ACPI: the root table cannot be used\n");
		return;
	}
	add_listed_tables(root, width);
	add_tables_of_fadt();
}
