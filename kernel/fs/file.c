/*
 * Open files. ULK3 section 12.6.
 *
 * 1. A file has one position, whoever shares it: after dup() and fork() one
 *    goes on where the other stopped. f_pos_lock keeps it for a whole read() or
 *    write(). Calls that bring a position of their own do not need it.
 *
 * 2. f_count: descriptors, areas that show it, calls under way. The last one
 *    closes it, which may happen under mmap_sem, as an area goes: release() may
 *    take no lock that is held around a copy to a user.
 *
 * 3. Opening makes the file first, and then looks for its name, so that want of
 *    memory leaves no name behind.
 */
#include <kernel/fs/internal.h>
#include <kernel/lib/bug.h>
#include <mm/object/slab.h>
#include <mm/space/uaccess.h>

#define POS_MOST ((s64)(~0ULL >> 1))

static struct kmem_cache *file_cache;

void __init file_init(void)
{
	file_cache = kmem_cache_create("filp", sizeof(struct file), 0,
				       SLAB_PANIC, NULL);
}

/* --- beginning and end --- */

static struct file *make_file(u32 flags)
{
	struct file *file = kmem_cache_zalloc(file_cache, GFP_KERNEL);

	if (!file)
		return NULL;
	atomic_set(&file->f_count, 1);
	file->f_flags = flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC);
	mutex_init(&file->f_pos_lock, "file.f_pos_lock");
	return file;
}

void get_file(struct file *file)
{
	atomic_inc(&file->f_count);
}

void fput(struct file *file)
{
	struct inode *inode = file->f_inode;

	if (!atomic_dec_and_test(&file->f_count))
		return;
	if (inode) {
		if (file->f_op->release)
			file->f_op->release(inode, file);
		iput(inode);
	}
	kmem_cache_free(file_cache, file);
}

/* --- opening --- */

/* The fourth value of O_ACCMODE, 3, gives neither right. */
static bool may_read(const struct file *file)
{
	return (file->f_flags & O_ACCMODE) == O_RDONLY ||
	       (file->f_flags & O_ACCMODE) == O_RDWR;
}

bool file_may_write(const struct file *file)
{
	return (file->f_flags & O_ACCMODE) == O_WRONLY ||
	       (file->f_flags & O_ACCMODE) == O_RDWR;
}

/* What the path means, or a new file. A user of it for the caller. */
static int find_or_create(const char *path, u32 flags, u32 mode,
			  struct inode **inode)
{
	int err;

	do {
		err = path_lookup(path, inode);
		if (!err && flags & O_CREAT && flags & O_EXCL) {
			iput(*inode);
			return -EEXIST;
		}
		if (err != -ENOENT || !(flags & O_CREAT))
			return err;
		err = ramfs_create(path, mode, inode);
		/* somebody else was faster: then it is his */
	} while (err == -EEXIST && !(flags & O_EXCL));
	return err;
}

static int check_open(const struct file *file, u32 flags)
{
	const struct inode *inode = file->f_inode;

	if (is_directory(inode))
		return flags & O_ACCMODE || flags & (O_CREAT | O_TRUNC) ?
		       -EISDIR : 0;
	return flags & O_DIRECTORY ? -ENOTDIR : 0;
}

static int open_inode(struct file *file, u32 flags)
{
	struct inode *inode = file->f_inode;
	int err = check_open(file, flags);

	if (!err && file->f_op->open)
		err = file->f_op->open(inode, file);
	/* nothing becomes less: this needs no memory */
	if (!err && flags & O_TRUNC && inode->truncate)
		err = inode_truncate(inode, 0);
	if (err)
		/* it was not opened: nobody is to release it */
		file->f_op = &dir_fops;
	return err;
}

int file_open(const char *path, u32 flags, u32 mode, struct file **file)
{
	struct file *new = make_file(flags);
	struct inode *inode;
	int err;

	if (!new)
		return -ENOMEM;
	err = find_or_create(path, flags, mode, &inode);
	if (!err) {
		new->f_inode = inode;
		new->f_op = inode->i_fop;
		err = open_inode(new, flags);
	}
	if (err)
		fput(new);
	else
		*file = new;
	return err;
}

/* --- reading, writing, moving --- */

static long check_transfer(const struct file *file, bool permitted,
			   const void *buf, u32 n)
{
	if (!permitted)
		return -EBADF;
	if (is_directory(file->f_inode))
		return -EISDIR;
	return access_ok(buf, n) ? 0 : -EFAULT;
}

long vfs_read(struct file *file, char *buf, u32 n, u64 *pos)
{
	long err = check_transfer(file, may_read(file), buf, n);

	if (err)
		return err;
	if (!file->f_op->read)
		return -EINVAL;
	return file->f_op->read(file, buf, min(n, RW_BYTES_MOST), pos);
}

long vfs_write(struct file *file, const char *buf, u32 n, u64 *pos)
{
	long err = check_transfer(file, file_may_write(file), buf, n);

	if (err)
		return err;
	if (!file->f_op->write)
		return -EINVAL;
	return file->f_op->write(file, buf, min(n, RW_BYTES_MOST), pos);
}

s64 file_seek(struct file *file, s64 offset, u32 whence)
{
	s64 from = 0;

	if (file->f_op->stream)
		return -ESPIPE;
	if (whence > SEEK_END)
		return -EINVAL;
	mutex_lock(&file->f_pos_lock);
	if (whence == SEEK_CUR)
		from = (s64)file->f_pos;
	else if (whence == SEEK_END)
		from = (s64)i_size_read(file->f_inode);
	if (offset > POS_MOST - from)
		offset = -EOVERFLOW;
	else if (from + offset < 0)
		offset = -EINVAL;
	else
		file->f_pos = (u64)(offset += from);
	mutex_unlock(&file->f_pos_lock);
	return offset;
}

int inode_truncate(struct inode *inode, u64 size)
{
	if (is_directory(inode))
		return -EISDIR;
	if ((s64)size < 0 || !inode->truncate)
		return -EINVAL;
	if (size > FILE_SIZE_MAX)
		return -EFBIG;
	mutex_lock(&inode->i_mutex);
	if (inode->i_swapfile) {
		mutex_unlock(&inode->i_mutex);
		return -ETXTBSY;
	}
	inode->truncate(inode, size);
	inode_changed(inode);
	mutex_unlock(&inode->i_mutex);
	return 0;
}
