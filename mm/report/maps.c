/*
 * 1. The line is that of Linux 2.6.12 to the blank: range, rights (the last
 *    letter: shared or private), offset in the file, device, inode; from column
 *    49 on the file's path, [heap] or [stack]. Memory without a name ends with
 *    the blank behind its inode, as there.
 *
 * 2. The offset of memory is 0: vm_pgoff, which counts from address 0 there, is
 *    for reverse mappings alone.
 *
 * 3. Areas may come and go between two calls of maps_text(): it goes on by
 *    address, so no line comes twice, and none of what stayed is left out.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/report/maps.h>

#define NAME_COLUMN 49U		/* derived: Linux's 25 + 6 * sizeof(void *) */
#define PATH_MAX_SHOWN 256U

void (*maps_file_hook)(const struct vm_area_struct *vma,
		       struct maps_file *file, char *buf, u32 size);

static const char *memory_name(const struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk)
		return "[heap]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end > mm->start_stack)
		return "[stack]";
	return "";
}

u32 maps_line(const struct vm_area_struct *vma, char *buf, u32 size)
{
	const u32 flags = vma->vm_flags;
	struct maps_file file = { 0 };
	char path[PATH_MAX_SHOWN] = "";
	u32 n, offset = vma->vm_file ? vma->vm_pgoff << PAGE_SHIFT : 0;

	if (vma->vm_file && maps_file_hook)
		maps_file_hook(vma, &file, path, sizeof(path));
	else if (!vma->vm_file)
		strlcpy(path, memory_name(vma), sizeof(path));
	n = (u32)snprintf(buf, size, "%08x-%08x %c%c%c%c %08x %02x:%02x %u ",
			  vma->vm_start, vma->vm_end,
			  flags & VM_READ ? 'r' : '-',
			  flags & VM_WRITE ? 'w' : '-',
			  flags & VM_EXEC ? 'x' : '-',
			  flags & VM_MAYSHARE ? 's' : 'p', offset, file.major,
			  file.minor, file.ino);
	if (n >= size)
		return n;
	return n + (u32)snprintf(buf + n, size - n, "%*s%s\n", *path &&
				 n < NAME_COLUMN ? (int)(NAME_COLUMN - n) : 0,
				 "", path);
}

u32 maps_text(struct mm_struct *mm, u32 *at, char *buf, u32 size)
{
	const struct vm_area_struct *vma;
	u32 used = 0, n;

	down_read(&mm->mmap_sem);
	for (vma = find_vma(mm, *at); vma; vma = vma->vm_next) {
		n = maps_line(vma, buf + used, size - used);
		if (n >= size - used)
			break;
		used += n;
		*at = vma->vm_end;
	}
	up_read(&mm->mmap_sem);
	/* what did not fit has left its begin there */
	if (size)
		buf[used] = '\0';
	return used;
}

void report_maps(struct mm_struct *mm)
{
	char line[MAPS_LINE_MAX];
	u32 at = 0;

	while (maps_text(mm, &at, line, sizeof(line)))
		printk("%s", line);
}
