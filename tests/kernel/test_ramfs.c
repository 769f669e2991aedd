/* The file system in RAM: names, bytes, files of modules, no memory. */
#include <kernel/base/printk.h>
#include <kernel/fs/fs.h>
#include <kernel/fs/initramfs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/printf.h>
#include <mm/object/kmalloc.h>
#include <mm/page/page_alloc.h>
#include "ktest.h"

#define MODULE_SIZE (2 * PAGE_SIZE + 100)
#define MANY 500U

static struct file *begin(const char *path)
{
	struct file *file = NULL;

	EXPECT_EQ(file_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, &file), 0);
	return file;
}

static void end(const char *path, struct file *file)
{
	fput(file);
	EXPECT_EQ(path_unlink(path), 0);
}

static int lookup(const char *path)
{
	struct inode *inode;
	int err = path_lookup(path, &inode);

	if (!err)
		iput(inode);
	return err;
}

static bool has(struct file *file, u64 pos, const char *text)
{
	char buf[32] = "";

	return kernel_read(file, pos, buf, strlen(text)) ==
	       (long)strlen(text) && !strcmp(buf, text);
}

TEST(ramfs, names)
{
	struct file *file;

	EXPECT_EQ(ramfs_mkdir("/t", 0755), 0);
	EXPECT_EQ(ramfs_mkdir("t/u", 0755), 0);
	file = begin("/t/u/file");
	REQUIRE(file);
	EXPECT_EQ(lookup("/t/u/file"), 0);
	EXPECT_EQ(lookup("t//u/./../u/../../t/u/file"), 0);
	EXPECT_EQ(lookup("/../../t"), 0);
	EXPECT_EQ(lookup("/t/u/file/"), -ENOTDIR);
	EXPECT_EQ(lookup("/t/u/file/."), -ENOTDIR);
	EXPECT_EQ(lookup("/t/v/file"), -ENOENT);
	EXPECT_EQ(lookup(""), -ENOENT);
	EXPECT_EQ(lookup("/"), 0);
	EXPECT_EQ(path_rmdir("/t"), -ENOTEMPTY);
	EXPECT_EQ(path_rmdir("/"), -EBUSY);
	EXPECT_EQ(path_unlink("/t"), -EISDIR);
	end("/t/u/file", file);
	EXPECT_EQ(path_rmdir("/t/u/"), 0);
	EXPECT_EQ(path_rmdir("/t"), 0);
	EXPECT_EQ(lookup("/t"), -ENOENT);
}

TEST(ramfs, its_own_path)
{
	struct file *file;
	char path[16];

	EXPECT_EQ(ramfs_mkdir("/t", 0755), 0);
	file = begin("/t/name");
	REQUIRE(file);
	inode_path(file->f_inode, path, sizeof(path));
	EXPECT_STREQ(path, "/t/name");
	inode_path(file->f_inode, path, 6);
	EXPECT_STREQ(path, "/name");
	EXPECT_EQ(path_unlink("/t/name"), 0);
	inode_path(file->f_inode, path, sizeof(path));
	EXPECT_STREQ(path, "");
	fput(file);
	EXPECT_EQ(path_rmdir("/t"), 0);
}

TEST(ramfs, bytes)
{
	struct file *file = begin("t");
	u32 i;

	REQUIRE(file);
	/* over the border of pages, and with a hole before */
	EXPECT_EQ(kernel_write(file, 3 * PAGE_SIZE - 3, "across", 6), 6);
	EXPECT_EQ(i_size_read(file->f_inode), 3 * PAGE_SIZE + 3);
	EXPECT(has(file, 3 * PAGE_SIZE - 3, "across"));
	for (i = 0; i < 3 * PAGE_SIZE - 3; i += 1000)
		EXPECT(has(file, i, "") && !has(file, i, "a"));
	EXPECT_EQ(kernel_write(file, FILE_SIZE_MAX, "x", 1), -EFBIG);
	EXPECT_EQ(kernel_write(file, FILE_SIZE_MAX - 1, "xy", 2), 1);
	EXPECT_EQ(i_size_read(file->f_inode), FILE_SIZE_MAX);
	EXPECT_EQ(inode_truncate(file->f_inode, FILE_SIZE_MAX + 1), -EFBIG);
	EXPECT_EQ(inode_truncate(file->f_inode, 0), 0);
	EXPECT_EQ(file->f_inode->i_data.nrpages, 0);
	end("t", file);
}

static u8 *make_module(void)
{
	u8 *data = kmalloc(MODULE_SIZE, GFP_KERNEL);
	u32 i;

	for (i = 0; data && i < MODULE_SIZE; i++)
		data[i] = (u8)(i * 7 + i / 256);
	return data;
}

/* Of a module's bytes: so many are there, then zeros. */
static bool is_module(struct file *file, u32 n, u32 size)
{
	u8 *buf = kmalloc(4 * PAGE_SIZE, GFP_KERNEL);
	bool same = buf && kernel_read(file, 0, buf, 4 * PAGE_SIZE) ==
		    (long)size;
	u32 i;

	for (i = 0; same && i < size; i++)
		same = buf[i] == (i < n ? (u8)(i * 7 + i / 256) : 0);
	kfree(buf);
	return same;
}

TEST(ramfs, files_of_modules)
{
	u8 *data = make_module();
	struct file *file;

	REQUIRE(data);
	EXPECT_EQ(ramfs_add_file("t/u/module", data, MODULE_SIZE), 0);
	EXPECT_EQ(ramfs_add_file("t/u/module", data, MODULE_SIZE), -EEXIST);
	EXPECT_EQ(ramfs_add_file("t/u/module/x", data, 1), -ENOTDIR);
	REQUIRE(!file_open("/t/u/module", O_RDWR, 0, &file));
	EXPECT_EQ(file->f_inode->i_data.nrpages, 0);
	EXPECT(is_module(file, MODULE_SIZE, MODULE_SIZE));
	EXPECT_EQ(file->f_inode->i_data.nrpages, 3);
	/* they are made again */
	EXPECT(drop_page_caches() >= 3);
	EXPECT_EQ(file->f_inode->i_data.nrpages, 0);
	EXPECT(is_module(file, MODULE_SIZE, MODULE_SIZE));
	end("/t/u/module", file);
	EXPECT_EQ(path_rmdir("t/u"), 0);
	EXPECT_EQ(path_rmdir("t"), 0);
	kfree(data);
}

/* What was cut off does not come back from the module. */
TEST(ramfs, modules_that_are_cut)
{
	u8 *data = make_module();
	struct file *file;

	REQUIRE(data);
	EXPECT_EQ(ramfs_add_file("t", data, MODULE_SIZE), 0);
	REQUIRE(!file_open("t", O_RDWR, 0, &file));
	EXPECT_EQ(inode_truncate(file->f_inode, PAGE_SIZE + 50), 0);
	EXPECT_EQ(inode_truncate(file->f_inode, 3 * PAGE_SIZE), 0);
	EXPECT(is_module(file, PAGE_SIZE + 50, 3 * PAGE_SIZE));
	EXPECT_EQ(kernel_write(file, 0, data, 10), 10);
	drop_page_caches();
	EXPECT(is_module(file, PAGE_SIZE + 50, 3 * PAGE_SIZE));
	end("t", file);
	kfree(data);
}

/* A file of one byte appears by that name, from the text of a loader. */
static void expect_name(const char *text, const char *path)
{
	static const u8 byte = 'm';

	initramfs_add(7, text, &byte, sizeof(byte));
	EXPECT_EQ(path_unlink(path), 0);
}

TEST(ramfs, names_of_modules)
{
	expect_name("some.img", "/some.img");
	expect_name("/boot/some.img a=b /c", "/some.img");
	expect_name("", "/module7");
	expect_name(" a=/b", "/module7");
	/* there is such a name: it is left out, and the first one stays */
	EXPECT_EQ(ramfs_add_file("twice", "first", 5), 0);
	initramfs_add(7, "/twice", "second", 6);
	EXPECT_EQ(path_unlink("twice"), 0);
}

/* An entry of an archive: what is not told is zero. */
#define ENTRY(mode, size, name_size)					\
	"070701" "00000000" mode "00000000" "00000000" "00000000"	\
	"00000000" size "00000000" "00000000" "00000000" "00000000"	\
	name_size "00000000"
#define ARCHIVE								\
	ENTRY("000041ED", "00000000", "00000003") "ar\0\0\0\0"	\
	ENTRY("000081A4", "00000005", "00000006") "ar/in\0" "bytes\0\0\0"
#define TRAILER								\
	ENTRY("00000000", "00000000", "0000000B") "TRAILER!!!\0\0\0\0"

TEST(ramfs, archives_in_modules)
{
	static const char good[] = ARCHIVE TRAILER, cut[] = ARCHIVE "070701";
	u32 warnings = printk_warnings();
	struct file *file;

	/* broken behind its first file: that one is left out, too */
	initramfs_add(0, "cut", cut, sizeof(cut) - 1);
	EXPECT_EQ(printk_warnings(), warnings + 1);
	test_allow_warnings(1);
	EXPECT_EQ(lookup("/ar"), -ENOENT);
	EXPECT_EQ(lookup("/cut"), -ENOENT);
	initramfs_add(0, "good", good, sizeof(good) - 1);
	EXPECT_EQ(lookup("/good"), -ENOENT);
	REQUIRE(!file_open("/ar/in", O_RDONLY, 0, &file));
	EXPECT(has(file, 0, "bytes"));
	end("/ar/in", file);
	EXPECT_EQ(path_rmdir("/ar"), 0);
}

/* What was written stays, whoever wants memory. */
TEST(ramfs, dirty_pages_stay)
{
	struct file *file = begin("t");

	REQUIRE(file);
	EXPECT_EQ(kernel_write(file, PAGE_SIZE, "here", 4), 4);
	EXPECT(has(file, PAGE_SIZE, "here"));
	drop_page_caches();
	EXPECT(has(file, PAGE_SIZE, "here"));
	end("t", file);
}

TEST(ramfs, without_a_name)
{
	struct file *old = begin("t"), *new;

	REQUIRE(old);
	EXPECT_EQ(kernel_write(old, 0, "old", 3), 3);
	EXPECT_EQ(path_unlink("t"), 0);
	new = begin("t");
	REQUIRE(new);
	EXPECT_EQ(kernel_write(new, 0, "new", 3), 3);
	EXPECT(has(old, 0, "old"));
	EXPECT(has(new, 0, "new"));
	fput(old);
	end("t", new);
}

/* --- many --- */

struct counting {
	u32 n, ino;
	u64 next;
};

/* Seven at a time. */
static bool count(void *arg, const char *name, u32 ino, u32 mode, u64 next)
{
	struct counting *c = arg;

	(void)mode;
	if (*name != '.') {
		EXPECT(ino > c->ino);
		c->ino = ino;
		c->n++;
	}
	c->next = next;
	return c->n % 7;
}

TEST(ramfs, many_files)
{
	struct counting c = { 0 };
	struct inode *dir;
	char path[16];
	u32 i;
	u64 at;

	EXPECT_EQ(ramfs_mkdir("t", 0755), 0);
	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "t/%u", i);
		fput(begin(path));
	}
	REQUIRE(!path_lookup("t", &dir));
	/* some go while they are read */
	for (at = ~0ULL; at != c.next;) {
		at = c.next;
		dir_list(dir, at, count, &c);
		if (c.n == 7)
			EXPECT_EQ(path_unlink("t/300"), 0);
	}
	iput(dir);
	EXPECT_EQ(c.n, MANY - 1);
	for (i = 0; i < MANY; i++) {
		snprintf(path, sizeof(path), "t/%u", i);
		EXPECT_EQ(path_unlink(path), i == 300 ? -ENOENT : 0);
	}
	EXPECT_EQ(path_rmdir("t"), 0);
}

/* --- no memory --- */

/* A file takes pages until that error; all of them are what they were. */
static void fill_until(int err)
{
	struct file *file = begin("t");
	u8 *page = kmalloc(PAGE_SIZE, GFP_KERNEL);
	long done = (long)PAGE_SIZE;
	u32 n, i, word;

	REQUIRE(file && page);
	for (n = 0; done == (long)PAGE_SIZE; n++) {
		memset(page, 0, PAGE_SIZE);
		memcpy(page, &n, sizeof(n));
		done = kernel_write(file, (u64)n << PAGE_SHIFT, page,
				    PAGE_SIZE);
	}
	n--;
	EXPECT_EQ(done, err);
	EXPECT(n > 100);
	EXPECT_EQ(i_size_read(file->f_inode), (u64)n << PAGE_SHIFT);
	for (i = 0; i < n; i += 1 + n / 1000) {
		word = ~i;
		EXPECT_EQ(kernel_read(file, (u64)i << PAGE_SHIFT, &word, 4), 4);
		if (!EXPECT_EQ(word, i))
			break;
	}
	kfree(page);
	end("t", file);
}

TEST(ramfs, full_memory)
{
	u32 limit = ramfs_quota.limit, warnings = printk_warnings();

	ramfs_quota.limit = ~0U;
	fill_until(-ENOMEM);
	ramfs_quota.limit = limit;
	test_allow_warnings(printk_warnings() - warnings);
}

/* Half of RAM: the rest of the machine does not notice. */
TEST(ramfs, no_room)
{
	u32 used = (u32)atomic_read(&ramfs_quota.used);
	u32 free = nr_unused_pages();

	/* boot gave some back since */
	EXPECT(ramfs_quota.limit <= totalram_pages / 2);
	EXPECT(ramfs_quota.limit + 100 > totalram_pages / 2);
	EXPECT(used < ramfs_quota.limit);
	if (free > ramfs_quota.limit)
		fill_until(-ENOSPC);
	EXPECT_EQ(atomic_read(&ramfs_quota.used), used);
}

/* What is dirty is counted once, and not any more when it goes. */
TEST(ramfs, quota_counts)
{
	u32 used = (u32)atomic_read(&ramfs_quota.used);
	struct file *file = begin("t");
	u8 byte = 1;

	REQUIRE(file);
	EXPECT_EQ(kernel_write(file, 0, &byte, 1), 1);
	EXPECT_EQ(kernel_write(file, 1, &byte, 1), 1);
	EXPECT_EQ(kernel_write(file, 9 * PAGE_SIZE, &byte, 1), 1);
	EXPECT_EQ(atomic_read(&ramfs_quota.used), used + 2);
	/* a hole that is read is nobody's */
	EXPECT_EQ(kernel_read(file, 5 * PAGE_SIZE, &byte, 1), 1);
	EXPECT_EQ(atomic_read(&ramfs_quota.used), used + 2);
	EXPECT_EQ(inode_truncate(file->f_inode, PAGE_SIZE), 0);
	EXPECT_EQ(atomic_read(&ramfs_quota.used), used + 1);
	end("t", file);
	EXPECT_EQ(atomic_read(&ramfs_quota.used), used);
}
