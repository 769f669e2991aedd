/*
 * Calls about files that are open: a descriptor is judged here, the work is
 * kernel/fs's. Numbers, structures and errors are Linux's, of the i386.
 */
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/sched/task.h>
#include <kernel/user/internal.h>
#include <kernel/user/syscall.h>
#include <mm/space/uaccess.h>

#define IOVECS_MOST 1024U		/* Linux's */
#define O_NONBLOCK 04000U		/* taken, and changes nothing */

enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC = 1030 };

struct iovec {
	u32 base, length;
};

typedef long (*transfer_t)(struct file *file, char *buf, u32 n, u64 *pos);

static struct files *my_files(void)
{
	return current->process->files;
}

/* --- opening and closing --- */

long sys_open(struct pt_regs *regs)
{
	struct file *file;
	char *path;
	int err = get_path(regs->ebx, &path);

	if (err)
		return err;
	err = file_open(path, regs->ecx, regs->edx, &file);
	put_path(path);
	if (err)
		return err;
	err = fd_install(my_files(), file, 0, regs->ecx & O_CLOEXEC);
	if (err < 0)
		fput(file);
	return err;
}

long sys_close(struct pt_regs *regs)
{
	return fd_close(my_files(), regs->ebx);
}

/* --- bytes --- */

static long write_from(struct file *file, char *buf, u32 n, u64 *pos)
{
	return vfs_write(file, buf, n, pos);
}

/* At the file's own position, which others may share. */
static long transfer(struct pt_regs *regs, transfer_t move)
{
	struct file *file = fget(my_files(), regs->ebx);
	long done;

	if (!file)
		return -EBADF;
	mutex_lock(&file->f_pos_lock);
	done = move(file, (char *)regs->ecx, regs->edx, &file->f_pos);
	mutex_unlock(&file->f_pos_lock);
	fput(file);
	return done;
}

long sys_read(struct pt_regs *regs)
{
	return transfer(regs, vfs_read);
}

long sys_write(struct pt_regs *regs)
{
	return transfer(regs, write_from);
}

static long transfer_at(struct pt_regs *regs, transfer_t move)
{
	struct file *file = fget(my_files(), regs->ebx);
	u64 pos = (u64)regs->edi << 32 | regs->esi;
	long done;

	if ((s64)pos < 0)
		done = -EINVAL;
	else if (!file)
		done = -EBADF;
	else if (file->f_op->stream)
		done = -ESPIPE;
	else
		done = move(file, (char *)regs->ecx, regs->edx, &pos);
	if (file)
		fput(file);
	return done;
}

long sys_pread64(struct pt_regs *regs)
{
	return transfer_at(regs, vfs_read);
}

long sys_pwrite64(struct pt_regs *regs)
{
	return transfer_at(regs, write_from);
}

/* All pieces at once: nothing is moved if one of them cannot be meant. */
static long judge_pieces(const struct iovec *at, u32 n)
{
	struct iovec vec;
	u32 i;

	for (i = 0; i < n; i++) {
		if (copy_from_user(&vec, at + i, sizeof(vec)))
			return -EFAULT;
		if ((s32)vec.length < 0)
			return -EINVAL;
		if (!access_ok((const void *)vec.base, vec.length))
			return -EFAULT;
	}
	return 0;
}

/* Piece by piece: up to the first that does not go wholly; another thread may
 * have changed them since they were judged. All together are no more than one
 * call's may be: the sum must not come to look like an error. */
static long move_pieces(struct file *file, const struct iovec *at, u32 n,
			transfer_t move)
{
	struct iovec vec;
	long done = 0, part;
	u32 i;

	for (i = 0; i < n; i++) {
		if (copy_from_user(&vec, at + i, sizeof(vec)))
			return done ? done : -EFAULT;
		if ((s32)vec.length < 0)
			return done ? done : -EINVAL;
		part = move(file, (char *)vec.base,
			    min(vec.length, RW_BYTES_MOST - (u32)done),
			    &file->f_pos);
		if (part < 0)
			return done ? done : part;
		done += part;
		if ((u32)part < vec.length)
			break;
	}
	return done;
}

static long transfer_pieces(struct pt_regs *regs, transfer_t move)
{
	struct file *file = fget(my_files(), regs->ebx);
	long done = -EINVAL;

	if (!file)
		return -EBADF;
	if (regs->edx <= IOVECS_MOST)
		done = judge_pieces((const void *)regs->ecx, regs->edx);
	if (!done) {
		mutex_lock(&file->f_pos_lock);
		done = move_pieces(file, (const void *)regs->ecx, regs->edx,
				   move);
		mutex_unlock(&file->f_pos_lock);
	}
	fput(file);
	return done;
}

long sys_readv(struct pt_regs *regs)
{
	return transfer_pieces(regs, vfs_read);
}

long sys_writev(struct pt_regs *regs)
{
	return transfer_pieces(regs, write_from);
}

/* --- position, size --- */

static s64 seek(u32 fd, s64 offset, u32 whence)
{
	struct file *file = fget(my_files(), fd);
	s64 pos;

	if (!file)
		return -EBADF;
	pos = file_seek(file, offset, whence);
	fput(file);
	return pos;
}

long sys_lseek(struct pt_regs *regs)
{
	s64 pos = seek(regs->ebx, (s32)regs->ecx, regs->edx);

	return pos > 0x7fffffff ? -EOVERFLOW : (long)pos;
}

long sys_llseek(struct pt_regs *regs)
{
	s64 pos = seek(regs->ebx, (s64)((u64)regs->ecx << 32 | regs->edx),
		       regs->edi);

	if (pos < 0)
		return (long)pos;
	return copy_to_user((void *)regs->esi, &pos, sizeof(pos)) ? -EFAULT : 0;
}

static int truncate_fd(u32 fd, u64 size)
{
	struct file *file = fget(my_files(), fd);
	int err = -EINVAL;

	if (!file)
		return -EBADF;
	if (file_may_write(file))
		err = inode_truncate(file->f_inode, size);
	fput(file);
	return err;
}

long sys_ftruncate(struct pt_regs *regs)
{
	return truncate_fd(regs->ebx, (u64)(s64)(s32)regs->ecx);
}

long sys_ftruncate64(struct pt_regs *regs)
{
	return truncate_fd(regs->ebx, (u64)regs->edx << 32 | regs->ecx);
}

long sys_fsync(struct pt_regs *regs)
{
	struct file *file = fget(my_files(), regs->ebx);
	int err;

	if (!file)
		return -EBADF;
	err = file->f_op->fsync ? file->f_op->fsync(file) : -EINVAL;
	fput(file);
	return err;
}

long sys_sync(struct pt_regs *regs)
{
	(void)regs;
	fs_sync();
	return 0;
}

long sys_ioctl(struct pt_regs *regs)
{
	struct file *file = fget(my_files(), regs->ebx);
	long result;

	if (!file)
		return -EBADF;
	result = file->f_op->ioctl ?
		 file->f_op->ioctl(file, regs->ecx, regs->edx) : -ENOTTY;
	fput(file);
	return result;
}

/* --- descriptors --- */

static int dup_from(u32 fd, u32 from, bool cloexec)
{
	struct file *file = fget(my_files(), fd);
	int new;

	if (!file)
		return -EBADF;
	new = fd_install(my_files(), file, from, cloexec);
	if (new < 0)
		fput(file);
	return new;
}

long sys_dup(struct pt_regs *regs)
{
	return dup_from(regs->ebx, 0, false);
}

long sys_dup2(struct pt_regs *regs)
{
	return fd_dup2(my_files(), regs->ebx, regs->ecx);
}

static long change_flags(struct file *file, u32 flags)
{
	const u32 can = O_APPEND | O_NONBLOCK;

	mutex_lock(&file->f_pos_lock);
	file->f_flags = (file->f_flags & ~can) | (flags & can);
	mutex_unlock(&file->f_pos_lock);
	return 0;
}

static long control(u32 fd, struct file *file, u32 command, u32 arg)
{
	switch (command) {
	case F_DUPFD:
	case F_DUPFD_CLOEXEC:
		return dup_from(fd, arg, command == F_DUPFD_CLOEXEC);
	case F_GETFD:
		return fd_get_cloexec(my_files(), fd);
	case F_SETFD:
		fd_set_cloexec(my_files(), fd, arg & 1);
		return 0;
	case F_GETFL:
		return (long)file->f_flags;
	case F_SETFL:
		return change_flags(file, arg);
	}
	return -EINVAL;
}

long sys_fcntl64(struct pt_regs *regs)
{
	struct file *file = fget(my_files(), regs->ebx);
	long result;

	if (!file)
		return -EBADF;
	result = control(regs->ebx, file, regs->ecx, regs->edx);
	fput(file);
	return result;
}
