/*
 * Files: names, what they hold, and who has them open. As much of it as memory
 * management needs: a file system in RAM whose pages are page-cache pages.
 * ULK3 chapter 12.
 *
 *	inode	one file, whatever its names: size, pages, operations
 *	dirent	a name of an inode in a directory
 *	file	an inode that is open: position, flags; dup() and fork() share it
 *	files	the descriptors of a process
 *
 * Locks, outermost first: file.f_pos_lock; inode.i_mutex (size, a directory's
 * names; parent before child); page locks; inode_lock. All but the last sleep.
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

#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2

#define NAME_MAX 255U
#define PATH_MAX 4096U			/* with the zero byte */
#define NR_OPEN 64U			/* guessed: descriptors of a process */

/* buf is a user's; *pos moves. Bytes done, or an error, if none. */
struct file_operations {
	long (*read)(struct file *file, char *buf, u32 n, u64 *pos);
	long (*write)(struct file *file, const char *buf, u32 n, u64 *pos);
	/* Names from position f_pos on: calls emit until it is false. */
	int (*readdir)(struct file *file,
		       bool (*emit)(void *arg, const char *name, u32 ino,
				    u32 mode, u64 next),
		       void *arg);
	int (*mmap)(struct file *file, struct vm_area_struct *vma);
	long (*ioctl)(struct file *file, u32 request, u32 arg);
	int (*fsync)(struct file *file);
	int (*open)(struct inode *inode, struct file *file);
	void (*release)(struct inode *inode, struct file *file);
};

struct inode {
	u32 i_ino, i_mode, i_nlink;	/* nlink: names */
	u32 i_rdev;
	atomic_t i_count;		/* names, open files, areas */
	struct mutex i_mutex;
	u64 i_size;			/* under i_mutex; else i_size_read() */
	u32 i_mtime;			/* seconds of CLOCK_REALTIME */
	const struct file_operations *i_fop;
	/* of a file that shrinks or grows; NULL: it cannot */
	int (*truncate)(struct inode *inode, u64 size);
	struct address_space i_data;
	struct list_head i_names;	/* of a directory: dirents */
	void *i_private;
};

struct file {
	atomic_t f_count;		/* descriptors, areas, calls under way */
	u32 f_flags;
	u64 f_pos;			/* under f_pos_lock */
	struct mutex f_pos_lock;
	struct inode *f_inode;
	const struct file_operations *f_op;
	void *private_data;
};

/* --- inodes and names (kernel/fs/inode.c, namei.c) --- */

u64 i_size_read(const struct inode *inode);

void iget(struct inode *inode);		/* one user more; any context */
void iput(struct inode *inode);		/* the last one frees it and its pages */

/* A user more for the caller. -ENOENT, -ENOTDIR, -ENAMETOOLONG. */
int path_lookup(const char *path, struct inode **inode);

/* --- open files (kernel/fs/file.c) --- */

/* With one user. *file; -ENOENT, -EEXIST, -EISDIR, -ENOTDIR, -ENAMETOOLONG,
 * -EACCES, -ENOMEM, -ENFILE. */
int file_open(const char *path, u32 flags, u32 mode, struct file **file);

void get_file(struct file *file);	/* any context */
void fput(struct file *file);		/* the last one closes it */

/* Both ends of a copy are the kernel's; for exec and tests. */
long kernel_read(struct file *file, u64 pos, void *to, u32 n);
long kernel_write(struct file *file, u64 pos, const void *from, u32 n);

/* --- descriptors (kernel/fs/files.c) --- */

struct files {
	spinlock_t lock;
	struct file *fd[NR_OPEN];
	u32 close_on_exec[(NR_OPEN + 31) / 32];
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
 * the file. The descriptor; -EMFILE. */
int fd_install(struct files *files, struct file *file, u32 from, bool cloexec);
int fd_close(struct files *files, u32 fd);		/* -EBADF */
int fd_dup2(struct files *files, u32 old, u32 new);	/* new; -EBADF */

/* --- file systems --- */

/* Boot: /, /dev, /proc. */
void fs_init(void);

/*
 * A regular file appears at path (directories are made); its bytes are those at
 * data, which stay where they are and are copied page by page as they are asked
 * for. -EEXIST, -ENOMEM, -ENOTDIR.
 */
int ramfs_add_file(const char *path, const void *data, u32 size);

/*
 * A file without a name, of that many bytes: shared memory. With one user;
 * NULL: no memory.
 */
struct file *shmem_file(u64 size);

#endif
