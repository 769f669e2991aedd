/*
 * Descriptors: small numbers for open files.
 *
 * A process has a table of its own; fork() copies it, and each entry is one
 * more user of the same file. files.lock guards the table, never a file: what
 * comes out of the table is let go behind the lock, as closing may sleep.
 */
#include <kernel/fs/internal.h>
#include <mm/object/kmalloc.h>

static struct files *make_files(void)
{
	struct files *files = kzalloc(sizeof(*files), GFP_KERNEL);

	if (files)
		spin_lock_init(&files->lock, "files.lock");
	return files;
}

static bool is_cloexec(const struct files *files, u32 fd)
{
	return files->close_on_exec[fd / 32] >> fd % 32 & 1;
}

static void mark(struct files *files, u32 fd, bool on)
{
	files->close_on_exec[fd / 32] &= ~(1U << fd % 32);
	files->close_on_exec[fd / 32] |= (u32)on << fd % 32;
}

struct files *files_alloc(void)
{
	struct files *files = make_files();
	struct file *console;
	u32 fd;

	if (!files)
		return NULL;
	if (file_open("/dev/console", O_RDWR, 0, &console)) {
		kfree(files);
		return NULL;
	}
	for (fd = 0; fd <= 2; fd++) {
		get_file(console);
		files->fd[fd] = console;
	}
	fput(console);
	return files;
}

struct files *files_copy(struct files *files)
{
	struct files *copy = make_files();
	u32 fd, flags;

	if (!copy)
		return NULL;
	flags = spin_lock_irqsave(&files->lock);
	for (fd = 0; fd < NR_OPEN; fd++) {
		copy->fd[fd] = files->fd[fd];
		if (copy->fd[fd])
			get_file(copy->fd[fd]);
		mark(copy, fd, is_cloexec(files, fd));
	}
	spin_unlock_irqrestore(&files->lock, flags);
	return copy;
}

/* Takes it out of the table, which changes nothing else. */
static struct file *take_out(struct files *files, u32 fd, bool only_cloexec)
{
	u32 flags = spin_lock_irqsave(&files->lock);
	struct file *file = NULL;

	if (!only_cloexec || is_cloexec(files, fd)) {
		file = files->fd[fd];
		files->fd[fd] = NULL;
		mark(files, fd, false);
	}
	spin_unlock_irqrestore(&files->lock, flags);
	return file;
}

static void close_all(struct files *files, bool only_cloexec)
{
	struct file *file;
	u32 fd;

	for (fd = 0; fd < NR_OPEN; fd++) {
		file = take_out(files, fd, only_cloexec);
		if (file)
			fput(file);
	}
}

void files_free(struct files *files)
{
	if (!files)
		return;
	close_all(files, false);
	kfree(files);
}

void files_exec(struct files *files)
{
	close_all(files, true);
}

struct file *fget(struct files *files, u32 fd)
{
	struct file *file = NULL;
	u32 flags;

	if (fd >= NR_OPEN)
		return NULL;
	flags = spin_lock_irqsave(&files->lock);
	file = files->fd[fd];
	if (file)
		get_file(file);
	spin_unlock_irqrestore(&files->lock, flags);
	return file;
}

int fd_install(struct files *files, struct file *file, u32 from, bool cloexec)
{
	u32 fd, flags;

	if (from >= NR_OPEN)
		return -EINVAL;
	flags = spin_lock_irqsave(&files->lock);
	for (fd = from; fd < NR_OPEN && files->fd[fd]; fd++)
		;
	if (fd < NR_OPEN) {
		files->fd[fd] = file;
		mark(files, fd, cloexec);
	}
	spin_unlock_irqrestore(&files->lock, flags);
	return fd < NR_OPEN ? (int)fd : -EMFILE;
}

int fd_close(struct files *files, u32 fd)
{
	struct file *file = fd < NR_OPEN ? take_out(files, fd, false) : NULL;

	if (!file)
		return -EBADF;
	fput(file);
	return 0;
}

int fd_dup2(struct files *files, u32 old, u32 new)
{
	struct file *file = fget(files, old), *before;
	u32 flags;

	if (!file)
		return -EBADF;
	if (new >= NR_OPEN || new == old) {
		fput(file);
		return new == old ? (int)new : -EBADF;
	}
	flags = spin_lock_irqsave(&files->lock);
	before = files->fd[new];
	files->fd[new] = file;
	mark(files, new, false);
	spin_unlock_irqrestore(&files->lock, flags);
	if (before)
		fput(before);
	return (int)new;
}

bool fd_get_cloexec(struct files *files, u32 fd)
{
	return is_cloexec(files, fd);
}

void fd_set_cloexec(struct files *files, u32 fd, bool on)
{
	u32 flags = spin_lock_irqsave(&files->lock);

	mark(files, fd, on);
	spin_unlock_irqrestore(&files->lock, flags);
}
