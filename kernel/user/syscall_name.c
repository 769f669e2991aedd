/* Calls about names, and what a file is. Structures are Linux's on the i386. */
#include <kernel/base/panic.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/sched/task.h>
#include <kernel/user/internal.h>
#include <kernel/user/syscall.h>
#include <mm/object/kmalloc.h>
#include <mm/object/mempool.h>
#include <mm/space/uaccess.h>

#define X_OK 1U
#define DENTS_MOST 4096U		/* guessed: bytes of names at once */

struct stat64 {
	u64 dev;
	u32 pad, ino32, mode, nlink, uid, gid;
	u64 rdev;
	u32 pad2;
	u64 size;
	u32 blksize;
	u64 blocks;			/* of 512 bytes */
	u32 atime, atime_nsec, mtime, mtime_nsec, ctime, ctime_nsec;
	u64 ino;
} __packed;

_Static_assert(sizeof(struct stat64) == 96, "Linux's struct stat64");

/* --- a path --- */

/* One is kept: where files have taken all memory, unlink() gives it back. Who
 * waits for it waits for the end of another call, which wants no second one. */
static mempool_t *paths;

void __init paths_init(void)
{
	paths = mempool_create_kmalloc_pool(1, PATH_MAX);
	if (!paths)
		panic("no memory for a path");
}

int get_path(u32 user, char **path)
{
	char *text = mempool_alloc(paths, GFP_KERNEL);
	int n = strncpy_from_user(text, (const char *)user, PATH_MAX);

	if (n >= 0 && n < (int)PATH_MAX) {
		*path = text;
		return 0;
	}
	put_path(text);
	return n < 0 ? n : -ENAMETOOLONG;
}

void put_path(char *path)
{
	mempool_free(path, paths);
}

/* --- making and removing --- */

static long by_path(u32 user, int (*fn)(const char *path))
{
	char *path;
	int err = get_path(user, &path);

	if (err)
		return err;
	err = fn(path);
	put_path(path);
	return err;
}

long sys_unlink(struct pt_regs *regs)
{
	return by_path(regs->ebx, path_unlink);
}

long sys_rmdir(struct pt_regs *regs)
{
	return by_path(regs->ebx, path_rmdir);
}

long sys_mkdir(struct pt_regs *regs)
{
	char *path;
	int err = get_path(regs->ebx, &path);

	if (err)
		return err;
	err = ramfs_mkdir(path, regs->ecx);
	put_path(path);
	return err;
}

/* --- what it means --- */

static int inode_of(u32 user, struct inode **inode)
{
	char *path;
	int err = get_path(user, &path);

	if (err)
		return err;
	err = path_lookup(path, inode);
	put_path(path);
	return err;
}

/* All are the owner of all: only a file that nobody can run is refused. */
long sys_access(struct pt_regs *regs)
{
	struct inode *inode;
	int err;

	if (regs->ecx & ~7U)
		return -EINVAL;
	err = inode_of(regs->ebx, &inode);
	if (err)
		return err;
	if (regs->ecx & X_OK && !(inode->i_mode & 0111))
		err = -EACCES;
	iput(inode);
	return err;
}

long sys_truncate64(struct pt_regs *regs)
{
	struct inode *inode;
	int err = inode_of(regs->ebx, &inode);

	if (err)
		return err;
	err = inode_truncate(inode, (u64)regs->edx << 32 | regs->ecx);
	iput(inode);
	return err;
}

static long tell_stat(struct inode *inode, u32 to)
{
	struct stat64 stat = {
		.dev = 1, .ino32 = inode->i_ino, .ino = inode->i_ino,
		.mode = inode->i_mode,
		.nlink = is_directory(inode) ? 2 : inode->i_nlink,
		.rdev = inode->i_rdev,
		.blksize = PAGE_SIZE,
		.atime = inode->i_mtime, .mtime = inode->i_mtime,
		.ctime = inode->i_mtime,
	};

	if ((inode->i_mode & S_IFMT) == S_IFREG) {
		stat.size = i_size_read(inode);
		stat.blocks = (u64)inode->i_data.nrpages * (PAGE_SIZE / 512);
	}
	return copy_to_user((void *)to, &stat, sizeof(stat)) ? -EFAULT : 0;
}

long sys_stat64(struct pt_regs *regs)
{
	struct inode *inode;
	long err = inode_of(regs->ebx, &inode);

	if (err)
		return err;
	err = tell_stat(inode, regs->ecx);
	iput(inode);
	return err;
}

long sys_fstat64(struct pt_regs *regs)
{
	struct file *file = fget(current->process->files, regs->ebx);
	long err;

	if (!file)
		return -EBADF;
	err = tell_stat(file->f_inode, regs->ecx);
	fput(file);
	return err;
}

/* --- directories --- */

struct dirent64 {
	u64 ino;
	u64 off;			/* where the next one is */
	u16 reclen;
	u8 type;			/* of the mode */
	char name[];
} __packed;

struct dents {
	char *at;			/* kernel memory: names are locked */
	u32 room, used;
	u64 next;
	bool full;
};

static bool put_dirent(void *arg, const char *name, u32 ino, u32 mode, u64 next)
{
	struct dents *dents = arg;
	u32 n = strlen(name) + 1;
	u32 size = ALIGN((u32)sizeof(struct dirent64) + n, 8U);
	struct dirent64 *entry = (void *)(dents->at + dents->used);

	if (size > dents->room - dents->used) {
		dents->full = true;
		return false;
	}
	memset(entry, 0, size);
	entry->ino = ino;
	entry->off = next;
	entry->reclen = (u16)size;
	entry->type = (u8)(mode >> 12);
	memcpy(entry->name, name, n);
	dents->used += size;
	dents->next = next;
	return true;
}

static long list_some(struct file *file, void *to, u32 size)
{
	struct dents dents = { .room = min(size, DENTS_MOST) };
	long result;

	dents.at = kmalloc(DENTS_MOST, GFP_KERNEL);
	if (!dents.at)
		return -ENOMEM;
	mutex_lock(&file->f_pos_lock);
	dents.next = file->f_pos;
	dir_list(file->f_inode, file->f_pos, put_dirent, &dents);
	if (copy_to_user(to, dents.at, dents.used))
		result = -EFAULT;
	else if (!dents.used && dents.full)
		result = -EINVAL;
	else
		result = (long)dents.used;
	if (result >= 0)
		file->f_pos = dents.next;
	mutex_unlock(&file->f_pos_lock);
	kfree(dents.at);
	return result;
}

long sys_getdents64(struct pt_regs *regs)
{
	struct file *file = fget(current->process->files, regs->ebx);
	long result = -ENOTDIR;

	if (!file)
		return -EBADF;
	/* one that was removed has not even "." */
	if (is_directory(file->f_inode) && !file->f_inode->i_nlink &&
	    !file->f_inode->i_parent)
		result = -ENOENT;
	else if (is_directory(file->f_inode))
		result = list_some(file, (void *)regs->ecx, regs->edx);
	fput(file);
	return result;
}
