/*
 * Devices that are no disks.
 *
 * /dev/console	what is written goes to the kernel's log, zeros left out;
 *		reading finds the end of the file: the prompt has the keys. It
 *		has a window size, by which a C library knows that a person
 *		looks at it, and writes out each line.
 * /dev/null	takes everything, has nothing
 * /dev/zero	zeros; an area that shows it is memory
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/bug.h>
#include <mm/space/filemap.h>
#include <mm/space/uaccess.h>

#define CHUNK 128U
#define TIOCGWINSZ 0x5413U		/* Linux's */

/* --- the console --- */

static long console_write(struct file *file, const char *buf, u32 n, u64 *pos)
{
	char chunk[CHUNK + 1];
	u32 done = 0, part, i, k;

	(void)file;
	(void)pos;
	while (done < n) {
		part = min(n - done, CHUNK);
		if (copy_from_user(chunk, buf + done, part))
			break;
		for (i = k = 0; i < part; i++)
			if (chunk[i])
				chunk[k++] = chunk[i];
		chunk[k] = 0;
		printk("%s", chunk);
		done += part;
	}
	return done || !n ? (long)done : -EFAULT;
}

static long console_ioctl(struct file *file, u32 request, u32 arg)
{
	static const struct {
		u16 rows, columns, width, height;
	} size = { 25, 80, 0, 0 };

	(void)file;
	if (request != TIOCGWINSZ)
		return -ENOTTY;
	return copy_to_user((void *)arg, &size, sizeof(size)) ? -EFAULT : 0;
}

static long nothing_read(struct file *file, char *buf, u32 n, u64 *pos)
{
	(void)file;
	(void)buf;
	(void)n;
	(void)pos;
	return 0;
}

static const struct file_operations console_fops = {
	.stream = true, .read = nothing_read, .write = console_write,
	.ioctl = console_ioctl,
};

/* --- null and zero --- */

static long all_written(struct file *file, const char *buf, u32 n, u64 *pos)
{
	(void)file;
	(void)buf;
	(void)pos;
	return (long)n;
}

static const struct file_operations null_fops = {
	.read = nothing_read, .write = all_written,
};

static long zero_read(struct file *file, char *buf, u32 n, u64 *pos)
{
	u32 done = n - clear_user(buf, n);

	(void)file;
	(void)pos;
	return done || !n ? (long)done : -EFAULT;
}

/* The area forgets the file: it is memory like any other, and joins it. */
static int zero_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	vma->vm_file = NULL;
	if (vma->vm_flags & VM_SHARED)
		return map_shared_memory(vma);
	vma->vm_pgoff = vma->vm_start >> PAGE_SHIFT;
	return 0;
}

static const struct file_operations zero_fops = {
	.read = zero_read, .write = all_written, .mmap = zero_mmap,
};

/* --- making them --- */

int add_device(const char *path, u32 mode, u32 rdev,
	       const struct file_operations *fop)
{
	struct inode *inode = inode_alloc(mode, fop, NULL);
	int err;

	if (!inode)
		return -ENOMEM;
	inode->i_rdev = rdev;
	err = path_link(path, inode);
	iput(inode);
	return err;
}

void __init devices_init(void)
{
	if (ramfs_mkdir("/dev", 0755) ||
	    add_device("/dev/console", S_IFCHR | 0600, MKDEV(5, 1),
		       &console_fops) ||
	    add_device("/dev/null", S_IFCHR | 0666, MKDEV(1, 3), &null_fops) ||
	    add_device("/dev/zero", S_IFCHR | 0666, MKDEV(1, 5), &zero_fops))
		panic("no memory for /dev");
}
