/*
 * Archives: the input is one. Every name and every byte that comes out lies in
 * it, and reading ends.
 */
#include "fuzz.h"
#include <kernel/lib/cpio.h>
#include <kernel/lib/errno.h>

static u32 sum;

static void entry_must_be_inside(const struct cpio_entry *entry,
				 const u8 *archive, u32 size)
{
	const u8 *name = (const u8 *)entry->name;
	u32 i;

	MUST(name > archive && name < archive + size);
	MUST(*name);
	MUST(strnlen(entry->name, (size_t)(archive + size - name)) <
	     (size_t)(archive + size - name));
	MUST(entry->data > name && entry->data <= archive + size);
	MUST(entry->size <= archive + size - entry->data);
	for (i = 0; i < entry->size; i++)
		sum += entry->data[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cpio_entry entry;
	struct cpio archive;
	u32 entries = 0;
	u8 *copy;
	int n;

	host_reset();
	copy = malloc(size ? size : 1);		/* and not a byte longer */
	memcpy(copy, data, size);
	cpio_open(&archive, copy, (u32)size);
	while ((n = cpio_next(&archive, &entry)) == 1) {
		MUST(++entries <= size / 110);
		entry_must_be_inside(&entry, copy, (u32)size);
	}
	MUST(n == (archive.wrong ? -EINVAL : 0));
	MUST(cpio_next(&archive, &entry) == n);
	free(copy);
	return 0;
}
