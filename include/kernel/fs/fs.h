/*
 * Files: names, what they hold, and who has them open. As much of it as memory
 * management needs: a file system in RAM whose pages are page-cache pages.
 * ULK3 chapter 12.
 *
 *	inode	one file: its name (there is one at most), size, pages
 *	file	an inode that is open: position, flags; dup(), fork() share it
 *	files	the descriptors of a process
 *
 * Locks, outermost first: file.f_pos_lock; inode.i_mutex (the size); what
 * copying to a user takes (mmap_sem, page locks); names_lock (all names and
 * directories); inode_lock. All but the last sleep.
 * All calls here may sleep and are a thread's. Errors are negative errno.
 */
#ifndef KERNEL_FS_FS_H
#define KERNEL_FS_FS_H

#include <kernel/lib/list.h>
#include <kernel/sched/mutex.h>
#include <mm/cache/pagemap.h>

struct inode;
struct file;
struct vm_area_struct;

/* Linux's values, i386. */
#define S_IFMT 0170000U
#define S_IFDIR 0040000U
#define S_IFCHR 0020000U
#define S_IFBLK 0060000U
#define S_IFREG 0100000U

#define O_ACCMODE 03U
#define O_RDONLY 00U
#define O_WRONLY 01U
#define O_RDWR 02U
#define O_CREAT 0100U
#define O_EXCL 0200U
#define O_TRUNC 01000U
#define O_APPEND 02000U
#define O_DIRECTORY 0200000U
#define O_CLOEXEC 02000000U

#define SEEK_SET 0U
#define SEEK_CUR 1U
#define SEEK_END 2U

#define NAME_MAX 255U
#define PATH_MAX 4096U			/* with the zero byte */
#define NR_OPEN 64U			/* guessed: descriptors of a process */
/* derived: the last page index is 2^32 - 1 */
#define FILE_SIZE_MAX ((u64)0xffffffff << PAGE_SHIFT)

#define MKDEV(major, minor) ((u32)(major) << 8 | (minor))

/* One entry of a directory; next: where to go on behind it. False: no more are
 * wanted. */
typedef bool (*dir_emit_t)(void *arg, const char *name, u32 ino, u32 mode,
			   u64 next);

/*
 * buf is a user's; *pos moves. Bytes done, or an error, if none. What is NULL
 * is -EINVAL (mmap: -ENODEV, ioctl: -ENOTTY); open and release: nothing to do.
 */
struct file_operations {
	bool stream;			/* it has no positions: -ESPIPE */
	long (*read)(struct file *file, char *buf, u32 n, u64 *pos);
	long (*write)(struct file *file, const char *buf, u32 n, u64 *pos);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	long (*ioctl)(struct file *file, u32 request, u32 arg);
	int (*fsync)(struct file *file);
	int (*open)(struct inode *inode, struct file *file);
	void (*release)(struct inode *inode, struct file *file);
};

/* A directory whose names are made when they are asked for. */
struct dir_operations {
	/* An inode for the caller; NULL: there is none, or no memory. */
	struct inode *(*lookup)(struct inode *dir, const char *name);
	/* Names behind those that the directory has. False: emit wants no
	 * more. */
	bool (*list)(struct inode *dir, u64 pos, dir_emit_t emit, void *arg);
};

struct inode {
	u32 i_ino, i_mode;
	u32 i_rdev;
	atomic_t i_count;		/* its name, open files, areas */
	struct mutex i_mutex;
	u64 i_size;			/* written under both, i_mutex and
					 * inode_lock */
	u32 i_mtime;			/* seconds of CLOCK_REALTIME */
	const struct file_operations *i_fop;
	const struct dir_operations *i_dir;	/* NULL: names are kept */
	/* of a file that shrinks or grows, under i_mutex; it needs no memory.
	 * NULL: it cannot */
	void (*truncate)(struct inode *inode, u64 size);
	struct address_space i_data;
	struct list_head i_all;		/* under inode_lock */
	void *i_private;
	bool i_swapfile;		/* under i_mutex: it does not change */
	atomic_t i_writers;		/* of a disk: files that may write */
	u32 i_number;			/* ramfs: bytes that a module has;
					 * /proc: a pid */

	/* under names_lock; of a directory in memory the parent stays */
	u32 i_nlink;			/* 0: it has no name any more */
	char *i_name;
	struct inode *i_parent;		/* NULL: none, and / */
	struct list_head i_sibling;	/* by i_ino, ascending */
	struct list_head i_children;
};

struct file {
	atomic_t f_count;	/* descriptors, areas, calls under way */
	u32 f_flags;
	u64 f_pos;			/* under f_pos_lock */
	struct mutex f_pos_lock;
	struct file_ra_state f_ra;	/* guesses: no lock */
	struct inode *f_inode;
	const struct file_operations *f_op;
	void *private_data;
};

static inline bool is_directory(const struct inode *inode)
{
	return (inode->i_mode & S_IFMT) == S_IFDIR;
}

/* --- inodes (kernel/fs/inode.c) --- */

/* Without a name, with one user. NULL: no memory. */
struct inode *inode_alloc(u32 mode, const struct file_operations *fop,
			  const struct address_space_operations *a_ops);

u64 i_size_read(const struct inode *inode);	/* any context */
void i_size_write(struct inode *inode, u64 size);	/* i_mutex is held */
void inode_changed(struct inode *inode);	/* i_mtime is now */

void iget(struct inode *inode);		/* one user more; any context */
void iput(struct inode *inode);		/* the last: it and its pages go */

/* All that is dirty now gets to the disks, and they keep nothing back. Errors
 * stay for who asks (fsync()). */
void fs_sync(void);

/* Clean pages of all files that nobody else uses go: how many. */
u32 drop_page_caches(void);

/* --- names (kernel/fs/namei.c) --- */

extern struct inode *root_inode;

/* A user more for the caller. -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
int path_lookup(const char *path, struct inode **inode);
bool path_exists(const char *path);

/*
 * The inode takes the name, which has one user more for that. -EEXIST, -ENOENT,
 * -ENOTDIR, -ENAMETOOLONG, -ENOMEM, -EPERM (names there are made by the
 * kernel).
 */
int path_link(const char *path, struct inode *inode);

/* -ENOENT, -ENOTDIR, -ENAMETOOLONG; -EISDIR, -EPERM. */
int path_unlink(const char *path);
/* the same, and -ENOTEMPTY, -EBUSY, -EINVAL. */
int path_rmdir(const char *path);

/* Names of a directory from position pos on; emit is told where the next is. */
void dir_list(struct inode *dir, u64 pos, dir_emit_t emit, void *arg);

/* Its path with a zero byte, or "" if it has no name. */
void inode_path(struct inode *inode, char *buf, u32 size);

/* --- open files (kernel/fs/file.c) --- */

/* With one user. *file; -ENOENT, -EEXIST, -EISDIR, -ENOTDIR, -ENAMETOOLONG,
 * -EROFS, -EPERM, -ESRCH (a process that is gone), -ENOMEM. */
int file_open(const char *path, u32 flags, u32 mode, struct file **file);

void get_file(struct file *file);	/* any context */
void fput(struct file *file);		/* the last one closes it */

#define RW_BYTES_MOST 0x7ffff000U	/* of one call: Linux's */

/* Was it opened for that? Mode 3 is for neither. Any context. */
bool file_may_write(const struct file *file);

/* With &file->f_pos f_pos_lock is held. Besides what the file says: -EBADF (it
 * was not opened for that), -EISDIR, -EFAULT. */
long vfs_read(struct file *file, char *buf, u32 n, u64 *pos);
long vfs_write(struct file *file, const char *buf, u32 n, u64 *pos);
/* The new position; -ESPIPE, -EINVAL, -EOVERFLOW. */
s64 file_seek(struct file *file, s64 offset, u32 whence);
/* -EINVAL, -EFBIG, -EISDIR; -ETXTBSY: it is a swap area. */
int inode_truncate(struct inode *inode, u64 size);

/* Both ends of a copy are the kernel's; for exec and tests. */
long kernel_read(struct file *file, u64 pos, void *to, u32 n);
long kernel_write(struct file *file, u64 pos, const void *from, u32 n);

/* --- bytes of pages (kernel/fs/rw.c): file_operations of what is cached --- */

/* An area shows the file: map_file(), and the area has a user of it. */
int generic_mmap(struct file *file, struct vm_area_struct *vma);

long generic_read(struct file *file, char *buf, u32 n, u64 *pos);
/* What has i_mutex: behind `limit` nothing is written: -EFBIG or -ENOSPC,
 * which is `beyond`. */
long generic_write(struct file *file, const char *buf, u32 n, u64 *pos,
		   u64 limit, int beyond);

/* --- descriptors (kernel/fs/files.c) --- */

#define FD_WORDS ((NR_OPEN + 31) / 32)

struct files {
	spinlock_t lock;
	/* a bit for each descriptor: has it a file; and is that closed by exec;
	 * that one without the first means nothing, and is 0 */
	u32 open[FD_WORDS], close_on_exec[FD_WORDS];
	struct file *fd[NR_OPEN];	/* NULL: none */
};

/* With the console as 0, 1 and 2. NULL: no memory. */
struct files *files_alloc(void);
/* A child's: the same open files. */
struct files *files_copy(struct files *files);
void files_free(struct files *files);
void files_exec(struct files *files);	/* closes what is to be closed */

/* The file of a descriptor with a user more, or NULL. */
struct file *fget(struct files *files, u32 fd);

/* The lowest free descriptor at or above `from` takes over the caller's user of
 * the file. The descriptor; -EMFILE, -EINVAL. */
int fd_install(struct files *files, struct file *file, u32 from, bool cloexec);
int fd_close(struct files *files, u32 fd);		/* -EBADF */
int fd_dup2(struct files *files, u32 old, u32 new);	/* new; -EBADF */
/* Is it closed by exec? And sets that. The caller knows the file. */
bool fd_get_cloexec(struct files *files, u32 fd);
void fd_set_cloexec(struct files *files, u32 fd, bool on);

/* --- file systems --- */

/* Boot, behind the page cache and block devices: /, /dev, /proc. */
void fs_init(void);

/* What was written to files in memory: a half of RAM at most, as tmpfs. */
extern struct page_quota ramfs_quota;

/* A directory, a character or block device; kept for good. */
int ramfs_mkdir(const char *path, u32 mode);
/* An empty regular file; its user is the caller's. */
int ramfs_create(const char *path, u32 mode, struct inode **inode);

/*
 * A regular file appears at path (directories are made); its bytes are those at
 * data, which stay where they are and are copied page by page as they are asked
 * for. -EEXIST, -ENOMEM, -ENOTDIR.
 */
int ramfs_add_file(const char *path, const void *data, u32 size);

#endif
