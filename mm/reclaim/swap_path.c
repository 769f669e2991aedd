/*
 * Areas by name: disks, and what a file system offers.
 *
 * 1. "/dev/hdb" is the disk hdb, whose pages go as those of its page cache do.
 *    Who has it open as a file to write, and the area, exclude each other
 *    (claim_disk()).
 *
 * 2. Any other name is for swap_file_hook: kernel/fs stands above, and knows
 *    files.
 *
 * 3. swap= of the command line is noted when it is parsed, and done when disks
 *    and files are there. What is refused has had its sentence; the machine
 *    goes on without.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/printk.h>
#include <kernel/block/page_io.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/object/kmalloc.h>
#include <mm/reclaim/swap.h>

int (*swap_file_hook)(const char *path, struct swap_backing **backing);

static void start_on_disk(struct swap_backing *backing, u32 offset,
			  struct page *page, u32 rw,
			  void (*done)(struct page *page, int error))
{
	bdev_start_page(backing->private, (u64)offset * SECTORS_OF_PAGE, page,
			rw, done);
}

static void free_backing(struct swap_backing *backing)
{
	release_disk(backing->private, true);
	kfree(backing);
}

static int disk_backing(const char *path, struct block_device *bdev,
			struct swap_backing **backing)
{
	struct swap_backing *b;

	if (bdev->read_only) {
		pr_warn("swap: %s is refused: it is read-only\n", path);
		return -EROFS;
	}
	if (claim_disk(bdev, true)) {
		pr_warn("swap: %s is refused: it is a swap area already, or "
			"open to be written\n", path);
		return -EBUSY;
	}
	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b) {
		release_disk(bdev, true);
		return -ENOMEM;
	}
	strlcpy(b->name, path, sizeof(b->name));
	/* more than an entry can say is never reached */
	b->pages = (u32)min(bdev->capacity / SECTORS_OF_PAGE,
			    (sector_t)SWAP_OFFSET_MOST + 1);
	b->start = start_on_disk;
	b->release = free_backing;
	b->private = bdev;
	*backing = b;
	return 0;
}

static int find_backing(const char *path, struct swap_backing **backing)
{
	struct block_device *bdev = NULL;
	int err = -ENOENT;

	if (strlen(path) >= sizeof((*backing)->name)) {
		pr_info("swap: that name is too long for an area\n");
		return -ENAMETOOLONG;
	}
	if (!strncmp(path, "/dev/", 5))
		bdev = find_disk(path + 5);
	if (bdev)
		return disk_backing(path, bdev, backing);
	if (swap_file_hook)
		err = swap_file_hook(path, backing);
	if (err == -ENOENT)
		pr_info("swap: there is no %s\n", path);
	return err;
}

int swapon_path(const char *path, s32 prio)
{
	struct swap_backing *backing;
	int err = find_backing(path, &backing);

	if (err)
		return err;
	err = swapon(backing, prio);
	if (err && backing->release)
		backing->release(backing);
	return err;
}

/* --- the command line --- */

static const char *wanted[MAX_SWAPFILES];
static u32 nr_wanted;

static int set_swap(const char *value)
{
	if (!*value || nr_wanted == MAX_SWAPFILES)
		return -EINVAL;
	wanted[nr_wanted++] = value;
	return 0;
}

KERNEL_PARAM(swap, "swap", set_swap, PARAM_VALUE | PARAM_MANY, "DISK or PATH",
	     "swap to a disk or a file that mkswap has prepared");

void __init swap_begin(void)
{
	char path[sizeof(((struct swap_backing *)NULL)->name) + 8];
	u32 i;

	for (i = 0; i < nr_wanted; i++) {
		snprintf(path, sizeof(path), "%s%s",
			 wanted[i][0] == '/' ? "" : "/dev/", wanted[i]);
		if (swapon_path(path, -1) == -ENOENT)
			pr_warn("swap: swap=%s: there is no such disk or "
				"file\n", wanted[i]);
	}
}
