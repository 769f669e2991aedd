/*
 * Descriptors: small numbers for open files.
 *
 * A process has a table of its own; fork() copies it, and each entry is one
 * more user of the same file. files.lock guards the table, never a file: what
 * comes out of the table is let go behind the lock, as closing may sleep.
 *
 * Which descriptors have a file stands in bits, too: most processes have three,
 * and fork() and exit() look at no others.
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

static void set_bit_of(u32 *words, u32 fd, bool on)
{
	words[fd / 32] = (words[fd / 32] & ~(1U << fd % 32)) |
			 (u32)on << fd % 32;
}

/* files->lock is held. file: NULL, none. */
static void set_fd(struct files *files, u32 fd, struct file *file, bool cloexec)
{
	files->fd[fd] = file;
	set_bit_of(files->open, fd, file);
	set_bit_of(files->close_on_exec, fd, cloexec);
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
		set_fd(files, fd, console, false);
	}
	fput(console);
	return files;
}

/* The lowest of the bits, which goes. */
static __always_inline u32 next_bit(u32 *bits)
{
	u32 bit = (u32)__builtin_ctz(*bits);

	*bits &= *bits - 1;
	return bit;
}

struct files *files_copy(struct files *files)
{
	struct files *copy = make_files();
	u32 word, flags;

	if (!copy)
		return NULL;
	flags = spin_lock_irqsave(&files->lock);
	for (word = 0; word < FD_WORDS; word++) {
		u32 bits = files->open[word];

		copy->open[word] = bits;
		copy->close_on_exec[word] = files->close_on_exec[word];
		while (bits) {
			u32 fd = word * 32 + next_bit(&bits);

			copy->fd[fd] = files->fd[fd];
			get_file(copy->fd[fd]);
		}
	}
	spin_unlock_irqrestore(&files->lock, flags);
	return copy;
}

/* Takes it out of the table, which changes nothing else. */
static struct file *take_out(struct files *files, u32 fd)
{
	u32 flags = spin_lock_irqsave(&files->lock);
	struct file *file = files->fd[fd];

	set_fd(files, fd, NULL, false);
	spin_unlock_irqrestore(&files->lock, flags);
	return file;
}

/* Those of the bits, which may be those of files itself. */
static void close_all(struct files *files, const u32 *words)
{
	u32 word;

	for (word = 0; word < FD_WORDS; word++) {
		u32 bits = words[word];

		while (bits) {
			struct file *file =
				take_out(files, word * 32 + next_bit(&bits));

			if (file)
				fput(file);
		}
	}
}

void files_free(struct files *files)
{
	if (!files)
		return;
	close_all(files, files->open);
	kfree(files);
}

void files_exec(struct files *files)
{
	close_all(files, files->close_on_exec);
}

struct file *fget(struct files *files, u32 fd)
{
	struct file *file;
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
	if (fd < NR_OPEN)
		set_fd(files, fd, file, cloexec);
	spin_unlock_irqrestore(&files->lock, flags);
	return fd < NR_OPEN ? (int)fd : -EMFILE;
}

int fd_close(struct files *files, u32 fd)
{
	struct file *file = fd < NR_OPEN ? take_out(files, fd) : NULL;

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
	set_fd(files, new, file, false);
	spin_unlock_irqrestore(&files->lock, flags);
	if (before)
		fput(before);
	return (int)new;
}

bool fd_get_cloexec(struct files *files, u32 fd)
{
	return files->close_on_exec[fd / 32] >> fd % 32 & 1;
}

void fd_set_cloexec(struct files *files, u32 fd, bool on)
{
	u32 flags = spin_lock_irqsave(&files->lock);

	set_bit_of(files->close_on_exec, fd, on && files->fd[fd]);
	spin_unlock_irqrestore(&files->lock, flags);
}
