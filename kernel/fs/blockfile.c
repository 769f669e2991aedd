/*
 * Disks as files: /dev/hda, /dev/fd0.
 *
 * 1. A disk's bytes are in the page cache by page, as a file's: what is read is
 *    read once, what is written stays dirty until somebody writes it out:
 *    fsync(), the close of the last file that could write, or nobody
 *    (mm/cache/pdflush.c).
 *
 * 2. A page goes and comes as <kernel/block/page_io.h> says. The last page of a
 *    disk may have fewer sectors than a page: the rest is zeros and never
 *    written.
 *
 * 3. Pages that are read ahead come with one bio together; of these it may lack
 *    for memory, then they come one by one. So they do, where a page is only
 *    copied.
 *
 * 4. A disk that is a swap area is not opened to be written: -EBUSY.
 *
 * 5. Whoever reads or writes a disk by sectors (the prompt) does not see what
 *    is here, and the cache does not see him.
 */
#include <kernel/base/panic.h>
#include <kernel/block/page_io.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <mm/cache/writeback.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>

#define BLKFLSBUF 0x1261U		/* Linux's */

/* --- a page --- */

static struct block_device *bdev_of(const struct address_space *mapping)
{
	const struct inode *inode = mapping->host;

	return inode->i_private;
}

static void send(struct block_device *bdev, struct page *page, u32 rw,
		 void (*done)(struct page *page, int error))
{
	bdev_start_page(bdev, (u64)page->index * SECTORS_OF_PAGE, page, rw,
			done);
}

static void end_read(struct page *page, int error)
{
	if (error)
		SetPageError(page);
	else
		SetPageUptodate(page);
	unlock_page(page);
}

static int block_readpage(struct address_space *mapping, struct page *page)
{
	struct block_device *bdev = bdev_of(mapping);

	if ((u64)page->index * SECTORS_OF_PAGE >= bdev->capacity) {
		SetPageError(page);
		unlock_page(page);
		return -EIO;
	}
	clear_highpage(page);
	send(bdev, page, READ, end_read);
	return 0;
}

/* --- some pages that follow each other --- */

struct read_run {
	struct bio bio;
	struct bio_vec vec[];
};

/* Up to date is what was transferred before the first sector that was not. */
static void end_run(struct bio *bio)
{
	struct read_run *run = container_of(bio, struct read_run, bio);
	sector_t at = bio->sector;
	u32 i;

	for (i = 0; i < bio->vcnt; i++) {
		struct page *page = run->vec[i].bv_page;

		at += run->vec[i].bv_len / SECTOR_SIZE;
		if (bio->error && at > bio->error_sector)
			SetPageError(page);
		else
			SetPageUptodate(page);
		unlock_page(page);
	}
	kfree(run);
}

/* With one bio; without memory for it, page by page. */
static void block_readpages(struct address_space *mapping, struct page **pages,
			    u32 n)
{
	struct block_device *bdev = bdev_of(mapping);
	sector_t sector = (u64)pages[0]->index * SECTORS_OF_PAGE, left;
	struct read_run *run;
	u32 i;

	run = bdev->driver->copy ? NULL :
	      kzalloc(sizeof(*run) + n * sizeof(run->vec[0]),
		      GFP_NOIO | __GFP_NORETRY | __GFP_NOWARN);
	if (!run || sector + (u64)(n - 1) * SECTORS_OF_PAGE >= bdev->capacity) {
		for (i = 0; i < n; i++)
			block_readpage(mapping, pages[i]);
		kfree(run);
		return;
	}
	left = (bdev->capacity - sector) * SECTOR_SIZE;
	for (i = 0; i < n; i++, left -= PAGE_SIZE) {
		run->vec[i].bv_page = pages[i];
		run->vec[i].bv_len = (u32)min(left, (sector_t)PAGE_SIZE);
		if (left < PAGE_SIZE)
			clear_highpage(pages[i]);
	}
	run->bio.bdev = bdev;
	run->bio.sector = sector;
	run->bio.vec = run->vec;
	run->bio.vcnt = n;
	run->bio.end_io = end_run;
	submit_bio(&run->bio);
}

/* --- out --- */

static void end_write(struct page *page, int error)
{
	if (error) {
		SetPageError(page);
		mapping_set_error(page_mapping(page), error);
	}
	end_page_writeback(page);
}

static int block_writepage(struct address_space *mapping, struct page *page)
{
	set_page_writeback(page);
	unlock_page(page);
	send(bdev_of(mapping), page, WRITE, end_write);
	return 0;
}

static const struct address_space_operations block_aops = {
	.readpage = block_readpage, .writepage = block_writepage,
	.readpages = block_readpages,
};

/* --- the file --- */

static int block_open(struct inode *inode, struct file *file)
{
	int err;

	if (!file_may_write(file))
		return 0;
	if (bdev_of(&inode->i_data)->read_only)
		return -EROFS;
	err = claim_disk(bdev_of(&inode->i_data), false);
	if (!err)
		atomic_inc(&inode->i_writers);
	return err;
}

static int block_fsync(struct file *file)
{
	struct inode *inode = file->f_inode;
	int err = filemap_write_and_wait(&inode->i_data);
	int flushed = blkdev_flush(bdev_of(&inode->i_data));

	return err ? err : flushed;
}

static void block_release(struct inode *inode, struct file *file)
{
	if (!file_may_write(file))
		return;
	if (atomic_dec_and_test(&inode->i_writers)) {
		/* who closes it does not ask: an error stays for the next
		 * fsync() */
		filemap_fdatawrite(&inode->i_data);
		filemap_fdatawait(&inode->i_data);
	}
	release_disk(bdev_of(&inode->i_data), false);
}

static long block_write(struct file *file, const char *buf, u32 n, u64 *pos)
{
	return generic_write(file, buf, n, pos, i_size_read(file->f_inode),
			     -ENOSPC);
}

/* What is newer than the disk is written first; what nobody uses goes. */
static long block_ioctl(struct file *file, u32 request, u32 arg)
{
	struct address_space *mapping = &file->f_inode->i_data;

	(void)arg;
	if (request != BLKFLSBUF)
		return -ENOTTY;
	filemap_fdatawrite(mapping);
	filemap_fdatawait(mapping);
	invalidate_inode_pages(mapping);
	return 0;
}

void fs_sync(void)
{
	struct block_device *bdev;

	sync_all_mappings();
	for (bdev = next_disk(NULL); bdev; bdev = next_disk(bdev))
		if (bdev->stat.sectors[WRITE] && !bdev->gone)
			blkdev_flush(bdev);
}

static const struct file_operations block_fops = {
	.read = generic_read, .write = block_write, .mmap = generic_mmap,
	.ioctl = block_ioctl,
	.fsync = block_fsync, .open = block_open, .release = block_release,
};

/* --- making them --- */

/* Linux's numbers: 16 or 64 minors a disk are for parts, which are not here. */
static u32 device_number(const char *name)
{
	u32 unit = (u32)name[2];

	if (!strncmp(name, "hd", 2)) {
		unit -= 'a';
		return MKDEV(unit < 2 ? 3 : 22, unit % 2 * 64);
	}
	if (!strncmp(name, "fd", 2))
		return MKDEV(2, unit - '0');
	return MKDEV(1, 0);
}

int block_file_add(struct block_device *bdev)
{
	struct inode *inode = inode_alloc(S_IFBLK | 0600, &block_fops,
					  &block_aops);
	char path[sizeof("/dev/") + sizeof(bdev->name)];
	int err;

	if (!inode)
		return -ENOMEM;
	inode->i_private = bdev;
	inode->i_data.flags |= AS_DISK;
	inode->i_rdev = device_number(bdev->name);
	inode->i_size = bdev->capacity << SECTOR_SHIFT;
	snprintf(path, sizeof(path), "/dev/%s", bdev->name);
	err = path_link(path, inode);
	iput(inode);
	return err;
}

void __init block_files_init(void)
{
	struct block_device *bdev;

	for (bdev = next_disk(NULL); bdev; bdev = next_disk(bdev))
		if (block_file_add(bdev))
			panic("no memory for /dev/%s", bdev->name);
}
