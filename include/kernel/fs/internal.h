/* What the files of kernel/fs share. */
#ifndef KERNEL_FS_INTERNAL_H
#define KERNEL_FS_INTERNAL_H

#include <kernel/fs/fs.h>

/* Boot: in this order. */
void file_init(void);
void ramfs_init(void);		/* / */
void devices_init(void);	/* /dev/console, null, zero */
void block_files_init(void);	/* /dev/hda ... */
void procfs_init(void);		/* /proc */
void swap_files_init(void);

extern const struct file_operations dir_fops;

/* A disk appears in /dev, under its name. It stays as long as that name, and
 * whoever has it open. 0, or -errno. */
struct block_device;
int block_file_add(struct block_device *bdev);

/* The node of a device; it stays. 0, or -errno. */
int add_device(const char *path, u32 mode, u32 rdev,
	       const struct file_operations *fop);

#endif
