/*
 * The programs there are: files of the archives that the boot loader brought as
 * modules. They stay where they lie; nothing is copied.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/cpio.h>
#include <kernel/lib/string.h>
#include <kernel/user/program.h>

#define ARCHIVES 4U		/* guessed */
#define MAGIC "070701"

static struct {
	const u8 *start;
	u32 size;
} archives[ARCHIVES];
static u32 nr_archives;

bool programs_add(const void *start, u32 size)
{
	struct cpio_entry entry;
	struct cpio archive;
	u32 n = 0;
	int more;

	if (size < sizeof(MAGIC) || memcmp(start, MAGIC, sizeof(MAGIC) - 1))
		return false;
	cpio_open(&archive, start, size);
	while ((more = cpio_next(&archive, &entry)) == 1)
		n++;
	if (more || nr_archives == ARCHIVES) {
		pr_warn("programs: an archive is left out: %s\n",
			more ? archive.wrong : "there are too many");
		return false;
	}
	archives[nr_archives].start = start;
	archives[nr_archives++].size = size;
	pr_info("programs: %u files in a module of %u KB\n", n, size >> 10);
	return true;
}

bool program_find(const char *path, struct program *program)
{
	struct cpio_entry entry;
	struct cpio archive;
	u32 i;

	while (*path == '/')
		path++;
	for (i = 0; i < nr_archives; i++) {
		cpio_open(&archive, archives[i].start, archives[i].size);
		while (cpio_next(&archive, &entry) == 1)
			if (!strcmp(entry.name, path)) {
				program->data = entry.data;
				program->size = entry.size;
				return true;
			}
	}
	return false;
}
