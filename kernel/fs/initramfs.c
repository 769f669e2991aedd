/*
 * Modules become files. Nothing is copied: pages of these files are filled from
 * the module when somebody reads them.
 */
#include <kernel/base/printk.h>
#include <kernel/fs/fs.h>
#include <kernel/fs/initramfs.h>
#include <kernel/lib/cpio.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>

#define MAGIC "070701"

static void add(const char *path, const void *data, u32 size)
{
	int err = ramfs_add_file(path, data, size);

	if (err)
		pr_info("files: %.60s is left out: error %d\n", path, -err);
}

/* Looks through all of it first: a broken one gives no files at all. */
static bool is_sound(const void *start, u32 size, u32 *files)
{
	struct cpio_entry entry;
	struct cpio archive;
	int more;

	*files = 0;
	cpio_open(&archive, start, size);
	while ((more = cpio_next(&archive, &entry)) == 1)
		*files += (entry.mode & CPIO_IFMT) == CPIO_IFREG;
	if (more)
		pr_warn("files: an archive is left out: %s\n", archive.wrong);
	return !more;
}

static void add_archive(const void *start, u32 size)
{
	struct cpio_entry entry;
	struct cpio archive;
	u32 files;

	if (!is_sound(start, size, &files))
		return;
	cpio_open(&archive, start, size);
	while (cpio_next(&archive, &entry) == 1)
		if ((entry.mode & CPIO_IFMT) == CPIO_IFREG)
			add(entry.name, entry.data, entry.size);
	pr_info("files: %u in a module of %u KB\n", files, size >> 10);
}

/* "/boot/some.img a=b" is some.img; what has no name gets one. */
static void module_name(u32 number, const char *text, char *name, u32 size)
{
	const char *at, *begin = text;
	u32 n;

	for (at = text; *at && *at != ' '; at++)
		if (*at == '/')
			begin = at + 1;
	n = (u32)(at - begin);
	if (n)
		strlcpy(name, begin, min(n + 1, size));
	else
		snprintf(name, size, "module%u", number);
}

void initramfs_add(u32 number, const char *text, const void *start, u32 size)
{
	char name[64];

	if (size >= sizeof(MAGIC) && !memcmp(start, MAGIC, sizeof(MAGIC) - 1)) {
		add_archive(start, size);
		return;
	}
	module_name(number, text, name, sizeof(name));
	add(name, start, size);
}
