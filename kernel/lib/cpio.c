/*
 * 1. An entry is a header of 110 characters, its name with a zero behind it,
 *    and its data; the last two end at a multiple of 4 from the archive's
 *    begin. All numbers are eight hexadecimal digits.
 * 2. The entry with the name TRAILER!!! is the last. What stands behind it is
 *    padding, and nobody looks.
 * 3. Sums are of 64 bits: no number in the archive can make them wrap.
 */
#include <kernel/lib/cpio.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>

#define HEADER_SIZE 110U
#define FIELDS 13

/* places of the numbers in a header */
enum { FIELD_MODE = 1, FIELD_FILESIZE = 6, FIELD_NAMESIZE = 11 };

void cpio_open(struct cpio *archive, const void *start, u32 size)
{
	*archive = (struct cpio){ .start = start, .size = size };
}

static int hex_digit(u8 c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_fields(const u8 *header, u32 *field)
{
	const u8 *p = header + 6;
	int i, k, digit;

	for (i = 0; i < FIELDS; i++) {
		field[i] = 0;
		for (k = 0; k < 8; k++) {
			digit = hex_digit(*p++);
			if (digit < 0)
				return false;
			field[i] = field[i] << 4 | (u32)digit;
		}
	}
	return true;
}

static const char *read_entry(struct cpio *a, struct cpio_entry *entry)
{
	const u8 *header = a->start + a->at;
	u64 name_at = (u64)a->at + HEADER_SIZE, data_at;
	u32 field[FIELDS], length;

	if (name_at > a->size)
		return "it ends without its last entry";
	if (memcmp(header, "070701", 6))
		return "an entry has no header of the format newc";
	if (!read_fields(header, field))
		return "a number in it is none";
	length = field[FIELD_NAMESIZE];
	data_at = ALIGN(name_at + length, 4ULL);
	if (data_at + field[FIELD_FILESIZE] > a->size)
		return "an entry ends behind it";
	entry->name = (const char *)header + HEADER_SIZE;
	if (length < 2 || strnlen(entry->name, length) != length - 1)
		return "a name in it is none";
	entry->mode = field[FIELD_MODE];
	entry->size = field[FIELD_FILESIZE];
	entry->data = a->start + data_at;
	/* the last one may lack its padding; then the next header is short */
	a->at = (u32)min(ALIGN(data_at + entry->size, 4ULL), (u64)a->size);
	return NULL;
}

int cpio_next(struct cpio *archive, struct cpio_entry *entry)
{
	u32 before = archive->at;

	if (!archive->wrong)
		archive->wrong = read_entry(archive, entry);
	if (archive->wrong)
		return -EINVAL;
	if (strcmp(entry->name, "TRAILER!!!"))
		return 1;
	archive->at = before;
	return 0;
}
