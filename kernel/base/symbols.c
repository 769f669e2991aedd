/*
 * The kernel is linked three times: without the table, with one of the right
 * size, with the right one (Makefile, tools/mksyms.py). It holds addresses in
 * ascending order and the offsets of their names, and stands last in rodata, so
 * that it moves no code.
 */
#include <kernel/base/symbols.h>
#include <kernel/lib/printf.h>

extern const u32 symtab_count;
extern const u32 symtab_address[];	/* one more than count: the end */
extern const u32 symtab_name[];		/* offsets into symtab_names */
extern const char symtab_names[];

const char *symbol_lookup(u32 addr, u32 *offset, u32 *size)
{
	u32 low = 0, high = symtab_count;

	if (!high || addr < symtab_address[0] || addr >= symtab_address[high])
		return NULL;
	/* invariant: address[low] <= addr < address[high] */
	while (high - low > 1) {
		u32 mid = low + (high - low) / 2;

		if (symtab_address[mid] <= addr)
			low = mid;
		else
			high = mid;
	}
	*offset = addr - symtab_address[low];
	*size = symtab_address[low + 1] - symtab_address[low];
	return symtab_names + symtab_name[low];
}

const char *symbol_text(u32 addr, char *buf)
{
	u32 offset, size;
	const char *name = symbol_lookup(addr, &offset, &size);

	if (name)
		snprintf(buf, SYMBOL_TEXT, "%s+0x%x/0x%x", name, offset, size);
	else
		snprintf(buf, SYMBOL_TEXT, "?");
	return buf;
}
