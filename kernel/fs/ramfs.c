/*
 * The file system in RAM.
 *
 * 1. Its files are nowhere but in the page cache: what is written makes pages
 *    dirty, and as they have no writepage they stay so until the file goes or
 *    is cut. A page that nobody wrote is made again when it is asked for.
 *
 * 2. What is in a page that nobody wrote: zeros; or, of a file that the boot
 *    loader brought in a module, the module's bytes. These end with the file
 *    as it was, or, if it was cut, where it was cut: what grows again is zeros.
 *
 * 3. Cutting. The size comes first: from then on nobody brings in a page behind
 *    it. Then entries of page tables that show such pages go, the pages, and
 *    private copies that were made until then (truncate_pagecache()).
 *
 * 4. Nothing of it can go to make room for others. So all that was written may
 *    be half of RAM, and not more: -ENOSPC, or SIGBUS for who writes through an
 *    area.
 *
 * Lock: i_mutex, for size and i_number.
 */
#include <kernel/base/panic.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/string.h>
#include <mm/high/highmem.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include <mm/space/filemap.h>

#define UMASK 022U			/* the shell's default */

struct page_quota ramfs_quota;

static int ramfs_readpage(struct address_space *mapping, struct page *page)
{
	const struct inode *inode = mapping->host;
	u64 at = (u64)page->index << PAGE_SHIFT;
	/* once: who cuts the file has no lock that is held here */
	u32 has = __atomic_load_n(&inode->i_number, __ATOMIC_RELAXED), n = 0;
	u8 *to = kmap(page);

	if (at < has)
		n = (u32)min((u64)PAGE_SIZE, has - at);
	if (n)
		memcpy(to, (const u8 *)inode->i_private + at, n);
	memset(to + n, 0, PAGE_SIZE - n);
	kunmap(page);
	SetPageUptodate(page);
	unlock_page(page);
	return 0;
}

static const struct address_space_operations ramfs_aops = {
	.readpage = ramfs_readpage,
};

static void ramfs_truncate(struct inode *inode, u64 size)
{
	u64 old = inode->i_size;

	if (inode->i_number > size)
		inode->i_number = (u32)size;
	if (size > old)
		clear_page_from(&inode->i_data, old);
	i_size_write(inode, size);
	if (size < old)
		truncate_pagecache(&inode->i_data, size);
}

static long ramfs_write(struct file *file, const char *buf, u32 n, u64 *pos)
{
	return generic_write(file, buf, n, pos, FILE_SIZE_MAX, -EFBIG);
}

/* There is nothing below the pages. */
static int ramfs_fsync(struct file *file)
{
	(void)file;
	return 0;
}

static const struct file_operations ramfs_fops = {
	.read = generic_read, .write = ramfs_write, .mmap = generic_mmap,
	.fsync = ramfs_fsync,
};

const struct file_operations dir_fops = { .fsync = ramfs_fsync };

/* --- names --- */

static struct inode *regular_file(u32 mode)
{
	struct inode *inode = inode_alloc(S_IFREG | (mode & 07777),
					  &ramfs_fops, &ramfs_aops);

	if (inode) {
		inode->truncate = ramfs_truncate;
		inode->i_data.quota = &ramfs_quota;
	}
	return inode;
}

/* The caller's user goes, unless it is to have it (made). */
static int link_new(const char *path, struct inode *inode, struct inode **made)
{
	int err = inode ? path_link(path, inode) : -ENOMEM;

	if (inode && (err || !made))
		iput(inode);
	else if (!err)
		*made = inode;
	return err;
}

int ramfs_create(const char *path, u32 mode, struct inode **inode)
{
	return link_new(path, regular_file(mode & ~UMASK), inode);
}

int ramfs_mkdir(const char *path, u32 mode)
{
	mode = S_IFDIR | (mode & 07777 & ~UMASK);
	return link_new(path, inode_alloc(mode, &dir_fops, NULL), NULL);
}

/* The directories on the way to a file. */
static int make_way(const char *path)
{
	char *way = kstrdup(path, GFP_KERNEL), *at = way;
	int err = way ? 0 : -ENOMEM;

	while (!err && *at == '/')
		at++;
	while (!err && (at = strchr(at, '/'))) {
		*at = 0;
		err = ramfs_mkdir(way, 0755);
		if (err == -EEXIST)
			err = 0;
		*at++ = '/';
	}
	kfree(way);
	return err;
}

int ramfs_add_file(const char *path, const void *data, u32 size)
{
	struct inode *inode;
	int err = make_way(path);

	if (err)
		return err;
	inode = regular_file(0755);
	if (inode) {
		inode->i_private = (void *)data;
		inode->i_size = inode->i_number = size;
	}
	return link_new(path, inode, NULL);
}

void __init ramfs_init(void)
{
	root_inode = inode_alloc(S_IFDIR | 0755, &dir_fops, NULL);
	if (!root_inode)
		panic("no memory for /");
	root_inode->i_nlink = 1;
	ramfs_quota.limit = totalram_pages / 2;	/* tmpfs's default */
}
