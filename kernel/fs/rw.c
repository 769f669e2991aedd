/*
 * From and to pages of the cache: the ends that mapping_read() and
 * mapping_write() want.
 *
 * A page that is written is locked, and what it is written from may be mapped
 * from the same page: a fault would wait for that lock. So the first byte is
 * touched before (ready), and the copy takes what is there by then (give):
 * without sleeping, and without zeroing what it could not read, which would
 * spoil the page. If some of it has gone again, ready() is asked again.
 */
#include <kernel/fs/internal.h>
#include <kernel/lib/string.h>
#include <mm/space/filemap.h>
#include <mm/space/uaccess.h>

struct user_sink {
	struct page_sink sink;
	char *to;
};

struct user_source {
	struct page_source source;
	const char *from;
};

static u32 take_user(struct page_sink *sink, const u8 *p, u32 n)
{
	struct user_sink *user = container_of(sink, struct user_sink, sink);

	n -= copy_to_user(user->to, p, n);
	user->to += n;
	return n;
}

static u32 take_kernel(struct page_sink *sink, const u8 *p, u32 n)
{
	struct user_sink *kernel = container_of(sink, struct user_sink, sink);

	memcpy(kernel->to, p, n);
	kernel->to += n;
	return n;
}

static bool user_ready(struct page_source *source, u32 n)
{
	struct user_source *user = container_of(source, struct user_source,
						source);
	char byte;

	(void)n;
	return !get_user(byte, user->from);
}

static u32 give_user(struct page_source *source, u8 *p, u32 n)
{
	struct user_source *user = container_of(source, struct user_source,
						source);

	preempt_disable();
	n -= copy_from_user_inatomic(p, user->from, n);
	preempt_enable();
	user->from += n;
	return n;
}

static bool kernel_ready(struct page_source *source, u32 n)
{
	(void)source;
	return n;
}

static u32 give_kernel(struct page_source *source, u8 *p, u32 n)
{
	struct user_source *kernel = container_of(source, struct user_source,
						  source);

	memcpy(p, kernel->from, n);
	kernel->from += n;
	return n;
}

/* --- reading --- */

long generic_read(struct file *file, char *buf, u32 n, u64 *pos)
{
	struct inode *inode = file->f_inode;
	struct user_sink user = { .sink = { take_user }, .to = buf };
	long done = mapping_read(&inode->i_data, &file->f_ra, *pos, n,
				 i_size_read(inode), &user.sink);

	if (done > 0)
		*pos += (u32)done;
	return done;
}

long kernel_read(struct file *file, u64 pos, void *to, u32 n)
{
	struct inode *inode = file->f_inode;
	struct user_sink kernel = { .sink = { take_kernel }, .to = to };

	return mapping_read(&inode->i_data, &file->f_ra, pos, n,
			    i_size_read(inode), &kernel.sink);
}

/* --- writing --- */

/* i_mutex is held. */
static long write_locked(struct file *file, struct page_source *source, u32 n,
			 u64 *pos, u64 limit, int beyond)
{
	struct inode *inode = file->f_inode;
	u64 size = inode->i_size;
	long done;

	if (inode->i_swapfile)
		return -ETXTBSY;
	if (file->f_flags & O_APPEND)
		*pos = size;
	if (!n)
		return 0;
	if (*pos >= limit)
		return beyond;
	n = (u32)min((u64)n, limit - *pos);
	if (*pos > size)
		clear_page_from(&inode->i_data, size);
	done = mapping_write(&inode->i_data, *pos, n, size, source);
	if (done <= 0)
		return done;
	*pos += (u32)done;
	if (*pos > size)
		i_size_write(inode, *pos);
	inode_changed(inode);
	return done;
}

long generic_write(struct file *file, const char *buf, u32 n, u64 *pos,
		   u64 limit, int beyond)
{
	struct user_source user = {
		.source = { user_ready, give_user }, .from = buf,
	};
	struct inode *inode = file->f_inode;
	long done;

	mutex_lock(&inode->i_mutex);
	done = write_locked(file, &user.source, n, pos, limit, beyond);
	mutex_unlock(&inode->i_mutex);
	return done;
}

long kernel_write(struct file *file, u64 pos, const void *from, u32 n)
{
	struct user_source kernel = {
		.source = { kernel_ready, give_kernel }, .from = from,
	};
	struct inode *inode = file->f_inode;
	long done;

	mutex_lock(&inode->i_mutex);
	done = write_locked(file, &kernel.source, n, &pos,
			    inode->truncate ? FILE_SIZE_MAX : inode->i_size,
			    -EFBIG);
	mutex_unlock(&inode->i_mutex);
	return done;
}

/* --- showing --- */

static void area_open(struct vm_area_struct *vma)
{
	get_file(vma->vm_file);
}

static void area_close(struct vm_area_struct *vma)
{
	fput(vma->vm_file);
}

static u64 area_size(const struct vm_area_struct *vma)
{
	return i_size_read(vma->vm_file->f_inode);
}

/* What is shared and may be written is a page more, as it is for tmpfs of the
 * reference: so there is room for it, or none. */
static struct page *area_nopage(struct vm_area_struct *vma, u32 address,
				bool *major)
{
	u32 index = vma->vm_pgoff + ((address - vma->vm_start) >> PAGE_SHIFT);

	if ((vma->vm_flags & (VM_SHARED | VM_WRITE)) ==
	    (VM_SHARED | VM_WRITE) &&
	    !mapping_has_room(vma->vm_mapping, index))
		return NOPAGE_SIGBUS;
	return filemap_nopage(vma, address, major);
}

static const struct vm_operations_struct area_ops = {
	.open = area_open, .close = area_close, .size = area_size,
	.nopage = area_nopage, .dirtied = filemap_dirtied,
};

int generic_mmap(struct file *file, struct vm_area_struct *vma)
{
	if (file->f_inode->i_swapfile && vma->vm_flags & VM_SHARED)
		return -ETXTBSY;
	return map_file(vma, &file->f_inode->i_data, &area_ops);
}
