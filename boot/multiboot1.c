/*
 * Runs before paging, at physical addresses.
 *
 * Multiboot 1 gives a table of pointers, multiboot2 a row of tags. The first is
 * rewritten as the second while all of memory can still be reached: command
 * line, loader name, modules, basic memory and memory map, then the end tag.
 * Multiboot Specification 0.6.96, section 3.3.
 *
 * QEMU puts the file name in front of the command line, multiboot2 loaders do
 * not: it is left out.
 */
#include "early.h"

struct mb1_info {
	u32 flags;
	u32 mem_lower, mem_upper;	/* flag 0 */
	u32 boot_device;
	u32 cmdline;			/* flag 2 */
	u32 mods_count, mods_addr;	/* flag 3 */
	u32 syms[4];
	u32 mmap_length, mmap_addr;	/* flag 6 */
	u32 drives_length, drives_addr;
	u32 config_table;
	u32 boot_loader_name;		/* flag 9 */
};

#define MB1_MEMORY (1 << 0)
#define MB1_CMDLINE (1 << 2)
#define MB1_MODULES (1 << 3)
#define MB1_MMAP (1 << 6)
#define MB1_LOADER (1 << 9)

struct mb1_module {
	u32 start, end, string, reserved;
};

struct mb1_mmap_entry {
	u32 size;			/* of what follows */
	u64 addr, len;
	u32 type;
} __packed;

/* Appends n bytes and counts them; what does not fit is only counted. */
static void append(struct boot_info *info, const void *data, u32 n)
{
	u32 room = BOOT_INFO_MAX - info->size;

	info->claimed += n;
	n = min(n, room);
	boot_copy(info->raw + info->size, data, n);
	info->size += n;
}

static void append_u32(struct boot_info *info, u32 value)
{
	append(info, &value, sizeof(value));
}

static void begin_tag(struct boot_info *info, u32 type, u32 payload)
{
	while (info->size % 8 && info->size < BOOT_INFO_MAX)
		append(info, "", 1);
	append_u32(info, type);
	append_u32(info, sizeof(struct mb2_tag) + payload);
}

/* With the NUL; a string that never ends is cut where it cannot fit. */
static u32 string_size(const char *s)
{
	u32 n = 0;

	while (n < BOOT_INFO_MAX && s[n])
		n++;
	return n + 1;
}

static void append_string(struct boot_info *info, u32 type, const char *s)
{
	u32 n = string_size(s);

	begin_tag(info, type, n);
	append(info, s, n);
}

static bool is_qemu(const struct mb1_info *mbi)
{
	const char *name = (const char *)(uintptr_t)mbi->boot_loader_name;

	return mbi->flags & MB1_LOADER && name[0] == 'q' && name[1] == 'e' &&
	       name[2] == 'm' && name[3] == 'u';
}

static const char *skip_word(const char *s)
{
	while (*s && *s != ' ')
		s++;
	while (*s == ' ')
		s++;
	return s;
}

static void append_cmdline(struct boot_info *info, const struct mb1_info *mbi)
{
	const char *line = (const char *)(uintptr_t)mbi->cmdline;

	append_string(info, MB2_TAG_CMDLINE,
		      is_qemu(mbi) ? skip_word(line) : line);
}

static void append_modules(struct boot_info *info, const struct mb1_info *mbi)
{
	const struct mb1_module *mod = (const void *)(uintptr_t)mbi->mods_addr;
	u32 i;

	for (i = 0; i < mbi->mods_count && info->size < BOOT_INFO_MAX;
	     i++, mod++) {
		const char *s = (const char *)(uintptr_t)mod->string;
		u32 n = s ? string_size(s) : 1;

		begin_tag(info, MB2_TAG_MODULE, 8 + n);
		append_u32(info, mod->start);
		append_u32(info, mod->end);
		append(info, s ? s : "", n);
	}
}

static u32 count_mmap(const struct mb1_info *mbi)
{
	u32 left = mbi->mmap_length, at = 0, n = 0;

	while (left >= sizeof(struct mb1_mmap_entry)) {
		const struct mb1_mmap_entry *e =
			(const void *)(uintptr_t)(mbi->mmap_addr + at);

		n++;
		/* a stride that does not go forward, or goes too far */
		if (e->size < sizeof(*e) - sizeof(e->size) ||
		    e->size > left - sizeof(e->size))
			break;
		at += e->size + sizeof(e->size);
		left -= e->size + sizeof(e->size);
	}
	return n;
}

static void append_mmap(struct boot_info *info, const struct mb1_info *mbi)
{
	const char *p = (const char *)(uintptr_t)mbi->mmap_addr;
	u32 n = count_mmap(mbi);

	begin_tag(info, MB2_TAG_MMAP, 8 + n * sizeof(struct mb2_mmap_entry));
	append_u32(info, sizeof(struct mb2_mmap_entry));
	append_u32(info, 0);
	for (; n; n--) {
		const struct mb1_mmap_entry *e = (const void *)p;

		append(info, &e->addr, 20);	/* address, length, type */
		append_u32(info, 0);
		p += e->size + sizeof(e->size);
	}
}

void multiboot1_convert(struct boot_info *info)
{
	const struct mb1_info *mbi = (const void *)(uintptr_t)info->address;
	struct mb2_info *head = (struct mb2_info *)info->raw;

	append_u32(info, 0);		/* total_size, known at the end */
	append_u32(info, 0);
	if (mbi->flags & MB1_CMDLINE)
		append_cmdline(info, mbi);
	if (mbi->flags & MB1_LOADER)
		append_string(info, MB2_TAG_LOADER,
			      (const char *)(uintptr_t)mbi->boot_loader_name);
	if (mbi->flags & MB1_MODULES)
		append_modules(info, mbi);
	if (mbi->flags & MB1_MEMORY) {
		begin_tag(info, MB2_TAG_BASIC_MEMORY, 8);
		append_u32(info, mbi->mem_lower);
		append_u32(info, mbi->mem_upper);
	}
	if (mbi->flags & MB1_MMAP)
		append_mmap(info, mbi);
	begin_tag(info, MB2_TAG_END, 0);
	head->total_size = info->claimed;
}
