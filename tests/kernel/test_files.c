/*
 * Open files and descriptors, each of their allocations failing; and disks as
 * files.
 */
#include <kernel/base/fail.h>
#include <kernel/fs/internal.h>
#include <kernel/lib/errno.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>
#include "fake_disk.h"
#include "ktest.h"

#define NODE "/dev/fake0"

static struct file *open_as(const char *path, u32 flags)
{
	struct file *file = NULL;

	EXPECT_EQ(file_open(path, flags, 0600, &file), 0);
	return file;
}

/* --- descriptors --- */

TEST(files, lowest_first)
{
	struct files *files = files_alloc();
	struct file *file;
	u32 i;

	REQUIRE(files);
	file = open_as("/dev/null", O_RDWR);
	REQUIRE(file);
	for (i = 3; i < NR_OPEN; i++) {
		get_file(file);
		EXPECT_EQ(fd_install(files, file, 0, false), i);
	}
	EXPECT_EQ(fd_install(files, file, 0, false), -EMFILE);
	EXPECT_EQ(fd_install(files, file, NR_OPEN, false), -EINVAL);
	EXPECT_EQ(fd_close(files, 10), 0);
	EXPECT_EQ(fd_close(files, 10), -EBADF);
	EXPECT_EQ(fd_close(files, NR_OPEN), -EBADF);
	EXPECT(!fget(files, 10) && !fget(files, NR_OPEN));
	EXPECT_EQ(fd_dup2(files, 10, 11), -EBADF);
	EXPECT_EQ(fd_dup2(files, 11, NR_OPEN), -EBADF);
	EXPECT_EQ(fd_dup2(files, 11, 10), 10);
	EXPECT_EQ(fd_close(files, 1), 0);
	get_file(file);
	EXPECT_EQ(fd_install(files, file, 1, false), 1);
	files_free(files);
	EXPECT_EQ(atomic_read(&file->f_count), 1);
	fput(file);
}

TEST(files, copied_and_closed_by_exec)
{
	struct files *files = files_alloc(), *copy;
	struct file *file = open_as("/dev/null", O_RDWR);

	REQUIRE(files && file);
	get_file(file);
	EXPECT_EQ(fd_install(files, file, 0, true), 3);
	get_file(file);
	EXPECT_EQ(fd_install(files, file, 40, false), 40);
	copy = files_copy(files);
	REQUIRE(copy);
	EXPECT_EQ(atomic_read(&file->f_count), 5);
	EXPECT(fd_get_cloexec(copy, 3) && !fd_get_cloexec(copy, 40));
	files_exec(copy);
	EXPECT(!fget(copy, 3));
	EXPECT_EQ(atomic_read(&file->f_count), 4);
	/* who takes the number is not closed by exec */
	get_file(file);
	EXPECT_EQ(fd_install(copy, file, 0, false), 3);
	files_exec(copy);
	EXPECT_EQ(atomic_read(&file->f_count), 5);
	files_free(copy);
	files_free(files);
	EXPECT_EQ(atomic_read(&file->f_count), 1);
	fput(file);
}

/* --- no memory --- */

/* fn() with the n-th allocation failing, for each n, until it does not return
 * -ENOMEM: that. *tries: how often. */
static long with_failures(long (*fn)(void), u32 *tries)
{
	long result = -ENOMEM;
	u32 n;

	for (n = 1; n < 60 && result == -ENOMEM; n++) {
		drop_page_caches();
		kmem_caches_shrink();
		page_alloc_fail_nth(n);
		result = fn();
		page_alloc_fail_nth(0);
	}
	*tries = n - 1;
	return result;
}

static long create_one(void)
{
	struct file *file;
	struct inode *inode;
	int err = file_open("t", O_RDWR | O_CREAT | O_EXCL, 0600, &file);

	if (!err)
		fput(file);
	else
		EXPECT_EQ(path_lookup("t", &inode), -ENOENT);
	return err;
}

TEST(files, open_without_memory)
{
	u32 tries;

	EXPECT_EQ(with_failures(create_one, &tries), 0);
	EXPECT(tries > 1);
	test_allow_warnings(tries - 1);
	EXPECT_EQ(path_unlink("t"), 0);
}

static struct file *victim;

/* Two pages of bytes, over the borders of three; what there is stays. */
static long write_some(void)
{
	static u8 page[2 * PAGE_SIZE];
	u8 byte = 0;
	long done;

	memset(page, 9, sizeof(page));
	done = kernel_write(victim, PAGE_SIZE - 100, page, sizeof(page));
	EXPECT_EQ(kernel_read(victim, 5, &byte, 1), 1);
	EXPECT_EQ(byte, 'x');
	if (done > 0)
		EXPECT_EQ(i_size_read(victim->f_inode),
			  PAGE_SIZE - 100 + (u32)done);
	return done > 0 && done < (long)sizeof(page) ? -ENOMEM : done;
}

TEST(files, write_without_memory)
{
	u32 tries;

	victim = open_as("t", O_RDWR | O_CREAT);
	REQUIRE(victim);
	EXPECT_EQ(kernel_write(victim, 5, "x", 1), 1);
	EXPECT_EQ(with_failures(write_some, &tries), 2 * PAGE_SIZE);
	EXPECT(tries > 1);
	test_allow_warnings(tries - 1);
	fput(victim);
	EXPECT_EQ(path_unlink("t"), 0);
}

static long cut(void)
{
	return inode_truncate(victim->f_inode, 10);
}

/* Cutting needs no memory. */
TEST(files, truncate_without_memory)
{
	u32 tries;

	victim = open_as("t", O_RDWR | O_CREAT);
	REQUIRE(victim);
	EXPECT_EQ(kernel_write(victim, 5 * PAGE_SIZE, "x", 1), 1);
	EXPECT_EQ(kernel_write(victim, 5, "yyyyyyyyy", 9), 9);
	EXPECT_EQ(with_failures(cut, &tries), 0);
	EXPECT_EQ(tries, 1);
	EXPECT_EQ(i_size_read(victim->f_inode), 10);
	fput(victim);
	EXPECT_EQ(path_unlink("t"), 0);
}

static long make_descriptors(void)
{
	struct files *files = files_alloc();

	files_free(files);
	return files ? 0 : -ENOMEM;
}

static long read_report(void)
{
	struct file *file;
	int err = file_open("/proc/slabinfo", O_RDONLY, 0, &file);

	if (!err)
		fput(file);
	return err;
}

TEST(files, all_else_without_memory)
{
	u32 first, second;

	EXPECT_EQ(with_failures(make_descriptors, &first), 0);
	EXPECT_EQ(with_failures(read_report, &second), 0);
	EXPECT(first > 1 && second > 1);
	test_allow_warnings(first + second - 2);
}

/* --- a disk --- */

static struct fake_disk *disk_begin(void)
{
	struct fake_disk *fake = fake_create();

	if (!fake)
		return NULL;
	fake->way = FAKE_LATER;
	EXPECT_EQ(block_file_add(&fake->bdev), 0);
	return fake;
}

static void disk_end(struct fake_disk *fake)
{
	EXPECT_EQ(path_unlink(NODE), 0);
	EXPECT_EQ(fake->violations, 0);
	fake_destroy(fake);
}

static int sync(struct file *file)
{
	return file->f_op->fsync(file);
}

TEST(files, a_disk)
{
	struct fake_disk *fake = disk_begin();
	struct file *file, *second;
	u8 *sector = fake ? fake->data + 20 * SECTOR_SIZE : NULL;
	u8 byte;

	REQUIRE(fake);
	file = open_as(NODE, O_RDWR);
	second = open_as(NODE, O_RDWR);
	REQUIRE(file && second);
	EXPECT_EQ(i_size_read(file->f_inode), FAKE_SECTORS * SECTOR_SIZE);
	EXPECT_EQ(kernel_read(file, 20 * SECTOR_SIZE, &byte, 1), 1);
	EXPECT_EQ(byte, *sector);
	EXPECT_EQ(kernel_write(file, 20 * SECTOR_SIZE - 2, "disk", 4), 4);
	EXPECT(memcmp(sector - 2, "disk", 4));
	EXPECT_EQ(sync(file), 0);
	EXPECT(!memcmp(sector - 2, "disk", 4));
	/* and by the close of the last that writes */
	EXPECT_EQ(kernel_write(file, 20 * SECTOR_SIZE - 2, "last", 4), 4);
	fput(file);
	EXPECT(!memcmp(sector - 2, "disk", 4));
	fput(second);
	EXPECT(!memcmp(sector - 2, "last", 4));
	disk_end(fake);
}

/* What is dirty is written, whatever fails: its bio was kept for it. */
TEST(files, a_disk_is_written_without_memory)
{
	static const char *const points[] = { "page", "slab" };
	struct fake_disk *fake = disk_begin();
	struct fail_point *point;
	struct file *file;
	u32 n, i;

	REQUIRE(fake);
	file = open_as(NODE, O_RDWR);
	REQUIRE(file);
	for (n = 1; n <= 2 * 6; n++) {
		u8 byte = (u8)(n + 100);

		for (i = 0; i < 6; i++)
			EXPECT_EQ(kernel_write(file, i * PAGE_SIZE, &byte, 1),
				  1);
		kmem_caches_shrink();
		point = fail_find(points[n % 2], 4);
		fail_nth(point, (n + 1) / 2);
		EXPECT_EQ(sync(file), 0);
		fail_nth(point, 0);
		for (i = 0; i < 6; i++)
			EXPECT_EQ(fake->data[i * PAGE_SIZE], byte);
	}
	fput(file);
	disk_end(fake);
}

TEST(files, a_disk_that_fails)
{
	struct fake_disk *fake = disk_begin();
	struct file *file;
	u8 byte;

	REQUIRE(fake);
	file = open_as(NODE, O_RDWR);
	REQUIRE(file);
	EXPECT_EQ(kernel_write(file, 0, "lost", 4), 4);
	fake->bad = 0;
	fake->bad_end = 24;
	fake->cause = BLK_MEDIUM;
	test_allow_warnings(2);
	EXPECT_EQ(sync(file), -EIO);
	/* told once */
	EXPECT_EQ(sync(file), 0);
	EXPECT_EQ(kernel_read(file, 10 * SECTOR_SIZE, &byte, 1), -EIO);
	fake->bad_end = 0;
	EXPECT_EQ(kernel_read(file, 10 * SECTOR_SIZE, &byte, 1), 1);
	fput(file);
	disk_end(fake);
}

TEST(files, a_disk_that_cannot_be_written)
{
	struct fake_disk *fake = disk_begin();
	struct file *file;

	REQUIRE(fake);
	fake->bdev.read_only = true;
	EXPECT_EQ(file_open(NODE, O_RDWR, 0, &file), -EROFS);
	EXPECT_EQ(file_open(NODE, O_RDONLY, 0, &file), 0);
	fput(file);
	/* mode 3 is for neither: it is no writer */
	REQUIRE(!file_open(NODE, O_ACCMODE, 0, &file));
	EXPECT_EQ(atomic_read(&file->f_inode->i_writers), 0);
	fput(file);
	fake->bdev.read_only = false;
	disk_end(fake);
}
