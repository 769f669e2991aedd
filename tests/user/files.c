/*
 * Files: what is written is read again, by whoever, however. All in the
 * directory that it begins in.
 */
#include "user.h"

#define BIG (3U << 20)
#define STORM_SIZE 40000U
#define STORM_STEPS 4000

static const char *self;
static u8 buf[3 * PAGE], other[3 * PAGE];

static int make(const char *path)
{
	return sys(SYS_open, path, O_RDWR | O_CREAT | O_TRUNC, 0600);
}

static void fill(u8 *p, u32 n, u32 seed)
{
	while (n--)
		*p++ = (u8)(seed = seed * 5 + 1);
}

static int equal(const u8 *a, const u8 *b, u32 n)
{
	while (n && *a == *b)
		a++, b++, n--;
	return !n;
}

static int all_zero(const u8 *p, u32 n)
{
	while (n && !*p)
		p++, n--;
	return !n;
}

static u32 size_of(int fd)
{
	struct stat64 stat;

	if (!CHECK_EQ(sys(SYS_fstat64, fd, &stat), 0))
		return ~0U;
	return (u32)stat.size;
}

static u32 position(int fd)
{
	return (u32)sys(SYS_lseek, fd, 0, SEEK_CUR);
}

CASE(written_and_read)
{
	int fd = make("a");

	CHECK(fd >= 0);
	fill(buf, sizeof(buf), 1);
	CHECK_EQ(sys(SYS_write, fd, buf, 5000), 5000);
	CHECK_EQ(sys(SYS_write, fd, buf + 5000, 7000), 7000);
	CHECK_EQ(position(fd), 12000);
	CHECK_EQ(sys(SYS_read, fd, other, 10), 0);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_SET), 0);
	CHECK_EQ(sys(SYS_read, fd, other, sizeof(other)), 12000);
	CHECK(equal(buf, other, 12000));
	CHECK_EQ(sys(SYS_close, fd), 0);
	CHECK_EQ(sys(SYS_close, fd), -EBADF);
	fd = sys(SYS_open, "a", O_RDONLY, 0);
	CHECK_EQ(size_of(fd), 12000);
	CHECK_EQ(sys(SYS_read, fd, other, 4), 4);
	CHECK(equal(buf, other, 4));
	CHECK_EQ(sys(SYS_write, fd, buf, 4), -EBADF);
	sys(SYS_close, fd);
	CHECK_EQ(sys(SYS_unlink, "a"), 0);
	CHECK_EQ(sys(SYS_unlink, "a"), -ENOENT);
}

CASE(what_open_refuses)
{
	static char name[300], path[PAGE + 2];
	int fd = make("a");

	memset(name, 'n', 256);
	memset(path, '/', PAGE);
	CHECK_EQ(sys(SYS_open, "none", O_RDWR, 0), -ENOENT);
	CHECK_EQ(sys(SYS_open, "none/a", O_RDWR | O_CREAT, 0600), -ENOENT);
	CHECK_EQ(sys(SYS_open, "", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(sys(SYS_open, "a", O_RDWR | O_CREAT | O_EXCL, 0600), -EEXIST);
	CHECK_EQ(sys(SYS_open, "a/b", O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(sys(SYS_open, "a/", O_RDONLY, 0), -ENOTDIR);
	CHECK_EQ(sys(SYS_open, "a", O_RDONLY | O_DIRECTORY, 0), -ENOTDIR);
	CHECK_EQ(sys(SYS_open, ".", O_RDWR, 0), -EISDIR);
	CHECK_EQ(sys(SYS_open, name, O_RDONLY, 0), -ENAMETOOLONG);
	CHECK_EQ(sys(SYS_open, path, O_RDONLY, 0), -ENAMETOOLONG);
	CHECK_EQ(sys(SYS_open, NULL, O_RDONLY, 0), -EFAULT);
	name[255] = 0;
	CHECK_EQ(sys(SYS_open, name, O_RDONLY, 0), -ENOENT);
	sys(SYS_close, fd);
	CHECK_EQ(sys(SYS_mkdir, "d", 0700), 0);
	fd = sys(SYS_open, "./d/..//d/.././/a", O_RDONLY, 0);
	CHECK(fd >= 0);
	sys(SYS_close, fd);
	sys(SYS_rmdir, "d");
	sys(SYS_unlink, "a");
}

CASE(bad_descriptors)
{
	int fd = make("a");
	int out = sys(SYS_open, "a", O_WRONLY, 0);
	int dir = sys(SYS_open, ".", O_RDONLY | O_DIRECTORY, 0);

	CHECK_EQ(sys(SYS_read, -1, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_read, 60, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_read, out, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_write, 60, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_lseek, 60, 0, SEEK_SET), -EBADF);
	CHECK_EQ(sys(SYS_fstat64, 60, buf), -EBADF);
	CHECK_EQ(sys(SYS_dup2, 60, 3), -EBADF);
	CHECK_EQ(sys(SYS_fcntl64, 60, F_GETFL, 0), -EBADF);
	CHECK_EQ(sys(SYS_ftruncate64, 60, 0, 0), -EBADF);
	CHECK_EQ(sys(SYS_fsync, 60), -EBADF);
	CHECK_EQ(sys(SYS_read, dir, buf, 1), -EISDIR);
	CHECK_EQ(sys(SYS_ftruncate64, dir, 0, 0), -EINVAL);
	CHECK_EQ(sys(SYS_getdents64, fd, buf, 100), -ENOTDIR);
	CHECK_EQ(sys(SYS_ioctl, fd, 0x5413, buf), -ENOTTY);
	CHECK_EQ(sys(SYS_fsync, fd), 0);
	sys(SYS_close, dir);
	sys(SYS_close, out);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(positions)
{
	int fd = make("a");
	uint64_t pos = 7;

	CHECK_EQ(sys(SYS_write, fd, buf, 100), 100);
	CHECK_EQ(sys(SYS_lseek, fd, 10, SEEK_SET), 10);
	CHECK_EQ(sys(SYS_lseek, fd, 5, SEEK_CUR), 15);
	CHECK_EQ(sys(SYS_lseek, fd, -30, SEEK_END), 70);
	CHECK_EQ(sys(SYS_lseek, fd, -71, SEEK_CUR), -EINVAL);
	CHECK_EQ(sys(SYS_lseek, fd, 0, 9), -EINVAL);
	CHECK_EQ(position(fd), 70);
	CHECK_EQ(sys(SYS_lseek, fd, 500, SEEK_SET), 500);
	CHECK_EQ(sys(SYS_read, fd, buf, 1), 0);
	CHECK_EQ(size_of(fd), 100);
	CHECK_EQ(sys(SYS_llseek, fd, 1, 5, &pos, SEEK_SET), 0);
	CHECK(pos == (1ULL << 32) + 5);
	CHECK_EQ(sys(SYS_llseek, fd, ~0U, ~0U, &pos, SEEK_SET), -EINVAL);
	CHECK_EQ(sys(SYS_llseek, fd, 0, 0, NULL, SEEK_SET), -EFAULT);
	CHECK_EQ(sys(SYS_pread64, fd, buf, 1, ~0U, ~0U), -EINVAL);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(at_a_position)
{
	int fd = make("a");

	fill(buf, PAGE, 3);
	CHECK_EQ(sys(SYS_pwrite64, fd, buf, 100, 4090, 0), 100);
	CHECK_EQ(position(fd), 0);
	CHECK_EQ(size_of(fd), 4190);
	CHECK_EQ(sys(SYS_pread64, fd, other, 200, 4000, 0), 190);
	CHECK(all_zero(other, 90));
	CHECK(equal(other + 90, buf, 100));
	CHECK_EQ(sys(SYS_pread64, fd, other, 10, 0, 1), 0);
	CHECK_EQ(position(fd), 0);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(holes_are_zero)
{
	int fd = make("a");

	memset(other, 1, PAGE);
	CHECK_EQ(sys(SYS_lseek, fd, BIG, SEEK_SET), (long)BIG);
	CHECK_EQ(sys(SYS_write, fd, "end", 3), 3);
	CHECK_EQ(size_of(fd), BIG + 3);
	CHECK_EQ(sys(SYS_pread64, fd, other, PAGE, 1 << 20, 0), (long)PAGE);
	CHECK(all_zero(other, PAGE));
	CHECK_EQ(sys(SYS_pread64, fd, other, PAGE, BIG - 5, 0), 8);
	CHECK(all_zero(other, 5) && same((char *)other + 5, "end"));
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(appended)
{
	int fd = make("a"), end;

	CHECK_EQ(sys(SYS_write, fd, "12345", 5), 5);
	end = sys(SYS_open, "a", O_RDWR | O_APPEND, 0);
	CHECK_EQ(position(end), 0);
	CHECK_EQ(sys(SYS_write, end, "678", 3), 3);
	CHECK_EQ(position(end), 8);
	CHECK_EQ(sys(SYS_lseek, end, 2, SEEK_SET), 2);
	CHECK_EQ(sys(SYS_write, end, "9", 1), 1);
	CHECK_EQ(sys(SYS_pread64, fd, other, 20, 0, 0), 9);
	other[9] = 0;
	CHECK(same((char *)other, "123456789"));
	CHECK_EQ(sys(SYS_fcntl64, end, F_GETFL, 0) & (O_APPEND | 3),
		 O_APPEND | O_RDWR);
	CHECK_EQ(sys(SYS_fcntl64, end, F_SETFL, 0), 0);
	CHECK_EQ(sys(SYS_lseek, end, 0, SEEK_SET), 0);
	CHECK_EQ(sys(SYS_write, end, "x", 1), 1);
	CHECK_EQ(size_of(fd), 9);
	sys(SYS_close, end);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(truncated)
{
	int fd = make("a"), in;

	fill(buf, sizeof(buf), 7);
	CHECK_EQ(sys(SYS_write, fd, buf, sizeof(buf)), (long)sizeof(buf));
	CHECK_EQ(sys(SYS_ftruncate64, fd, 5000, 0), 0);
	CHECK_EQ(size_of(fd), 5000);
	CHECK_EQ(sys(SYS_ftruncate, fd, 9000), 0);
	CHECK_EQ(sys(SYS_pread64, fd, other, sizeof(other), 0, 0), 9000);
	CHECK(equal(buf, other, 5000));
	CHECK(all_zero(other + 5000, 4000));
	CHECK_EQ(position(fd), sizeof(buf));
	CHECK_EQ(sys(SYS_ftruncate, fd, -1), -EINVAL);
	CHECK_EQ(sys(SYS_truncate64, "a", 3, 0), 0);
	CHECK_EQ(sys(SYS_truncate64, "none", 3, 0), -ENOENT);
	CHECK_EQ(sys(SYS_truncate64, ".", 3, 0), -EISDIR);
	CHECK_EQ(size_of(fd), 3);
	in = sys(SYS_open, "a", O_RDONLY, 0);
	CHECK_EQ(sys(SYS_ftruncate64, in, 0, 0), -EINVAL);
	sys(SYS_close, in);
	in = sys(SYS_open, "a", O_WRONLY | O_TRUNC, 0);
	CHECK_EQ(size_of(fd), 0);
	sys(SYS_close, in);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(lives_until_closed)
{
	int fd = make("a"), second;
	struct stat64 stat;

	CHECK_EQ(sys(SYS_write, fd, "old", 3), 3);
	CHECK_EQ(sys(SYS_unlink, "a"), 0);
	CHECK_EQ(sys(SYS_open, "a", O_RDONLY, 0), -ENOENT);
	CHECK_EQ(sys(SYS_fstat64, fd, &stat), 0);
	CHECK_EQ(stat.nlink, 0);
	second = make("a");
	CHECK_EQ(sys(SYS_write, second, "new", 3), 3);
	CHECK_EQ(sys(SYS_pread64, fd, other, 3, 0, 0), 3);
	CHECK(equal(other, (const u8 *)"old", 3));
	sys(SYS_close, fd);
	sys(SYS_close, second);
	sys(SYS_unlink, "a");
}

/* --- descriptors --- */

static void reads_three(void *fd)
{
	CHECK_EQ(sys(SYS_read, (int)fd, other, 3), 3);
	CHECK(equal(other, (const u8 *)"345", 3));
}

CASE(shared_positions)
{
	int fd = make("a"), copy, own;

	CHECK_EQ(sys(SYS_write, fd, "0123456789", 10), 10);
	CHECK_EQ(sys(SYS_lseek, fd, 3, SEEK_SET), 3);
	CHECK_EQ(in_child(reads_three, (void *)fd), EXITED(0));
	CHECK_EQ(position(fd), 6);
	copy = sys(SYS_dup, fd);
	own = sys(SYS_open, "a", O_RDONLY, 0);
	CHECK_EQ(sys(SYS_read, copy, other, 1), 1);
	CHECK_EQ(other[0], '6');
	CHECK_EQ(position(fd), 7);
	CHECK_EQ(position(own), 0);
	CHECK_EQ(sys(SYS_dup2, own, copy), copy);
	CHECK_EQ(position(copy), 0);
	CHECK_EQ(sys(SYS_dup2, fd, fd), fd);
	CHECK_EQ(position(fd), 7);
	sys(SYS_close, own);
	sys(SYS_close, copy);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

static void asks_for(void *fd)
{
	char number[2] = { (char)('0' + (int)fd), 0 };
	char *argv[] = { (char *)self, "fd", number, NULL };

	sys(SYS_execve, self, argv, NULL);
}

CASE(closed_by_exec)
{
	int fd = make("a"), keep = sys(SYS_dup, fd), high;

	CHECK_EQ(sys(SYS_fcntl64, fd, F_GETFD, 0), 0);
	CHECK_EQ(sys(SYS_fcntl64, fd, F_SETFD, 1), 0);
	CHECK_EQ(sys(SYS_fcntl64, fd, F_GETFD, 0), 1);
	CHECK_EQ(in_child(asks_for, (void *)fd), EXITED(EBADF));
	CHECK_EQ(in_child(asks_for, (void *)keep), EXITED(0));
	high = sys(SYS_fcntl64, fd, F_DUPFD, 20);
	CHECK_EQ(high, 20);
	CHECK_EQ(sys(SYS_fcntl64, high, F_GETFD, 0), 0);
	sys(SYS_close, high);
	high = sys(SYS_open, "a", O_RDONLY | O_CLOEXEC, 0);
	CHECK_EQ(in_child(asks_for, (void *)high), EXITED(EBADF));
	sys(SYS_close, high);
	sys(SYS_close, keep);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

/* A child's, so that the end of the process closes all of them. */
static void opens_all(void *arg)
{
	int fd, n = 0;

	(void)arg;
	while ((fd = sys(SYS_open, "a", O_RDONLY, 0)) >= 0)
		n++;
	CHECK_EQ(fd, -EMFILE);
	CHECK(n >= 16);
	CHECK_EQ(sys(SYS_dup, 0), -EMFILE);
	CHECK_EQ(sys(SYS_close, 5), 0);
	CHECK_EQ(sys(SYS_dup, 0), 5);
}

CASE(too_many)
{
	sys(SYS_close, make("a"));
	CHECK_EQ(in_child(opens_all, NULL), EXITED(0));
	sys(SYS_unlink, "a");
}

/* --- directories --- */

/* Which of "a" to "h" a directory has, a bit each; bit 8 and 9: . and .. */
static u32 names_in(const char *path, u32 room)
{
	int fd = sys(SYS_open, path, O_RDONLY | O_DIRECTORY, 0), n, at;
	u32 found = 0, bit;
	const struct dirent64 *d;

	while ((n = sys(SYS_getdents64, fd, buf, room)) > 0)
		for (at = 0; at < n; at += d->length) {
			d = (void *)(buf + at);
			if (d->name[0] == '.')
				bit = d->name[1] ? 9 : 8;
			else
				bit = (u32)(d->name[0] - 'a');
			CHECK(!(found >> bit & 1));
			CHECK_EQ(d->type, bit < 8 ? DT_REG : DT_DIR);
			found |= 1U << bit;
		}
	CHECK_EQ(n, 0);
	sys(SYS_close, fd);
	return found;
}

CASE(directories)
{
	char name[] = "d/a";
	int fd;

	CHECK_EQ(sys(SYS_mkdir, "d", 0700), 0);
	CHECK_EQ(sys(SYS_mkdir, "d", 0700), -EEXIST);
	CHECK_EQ(sys(SYS_mkdir, "none/d", 0700), -ENOENT);
	CHECK_EQ(names_in("d", 1000), 3 << 8);
	for (name[2] = 'a'; name[2] <= 'h'; name[2]++)
		sys(SYS_close, make(name));
	CHECK_EQ(names_in("d", 1000), 0x3ff);
	CHECK_EQ(names_in("d", 24), 0x3ff);
	CHECK_EQ(sys(SYS_rmdir, "d"), -ENOTEMPTY);
	CHECK_EQ(sys(SYS_unlink, "d/c"), 0);
	CHECK_EQ(names_in("d/", 100), 0x3fb);
	CHECK_EQ(sys(SYS_unlink, "d"), -EISDIR);
	for (name[2] = 'a'; name[2] <= 'h'; name[2]++)
		sys(SYS_unlink, name);
	CHECK_EQ(sys(SYS_rmdir, "d/."), -EINVAL);
	fd = sys(SYS_open, "d", O_RDONLY, 0);
	CHECK_EQ(sys(SYS_rmdir, "d"), 0);
	CHECK_EQ(sys(SYS_getdents64, fd, other, PAGE), -ENOENT);
	sys(SYS_close, fd);
	CHECK_EQ(sys(SYS_rmdir, "d"), -ENOENT);
}

CASE(small_room)
{
	int fd = sys(SYS_open, ".", O_RDONLY | O_DIRECTORY, 0);

	CHECK_EQ(sys(SYS_getdents64, fd, buf, 8), -EINVAL);
	CHECK_EQ(sys(SYS_getdents64, fd, NULL, 100), -EFAULT);
	sys(SYS_close, fd);
}

CASE(what_a_file_is)
{
	struct stat64 stat;
	int fd = make("a");

	CHECK_EQ(sys(SYS_write, fd, buf, 10), 10);
	CHECK_EQ(sys(SYS_stat64, "a", &stat), 0);
	CHECK_EQ(stat.mode, 0100600);
	CHECK_EQ(stat.nlink, 1);
	CHECK(stat.size == 10 && stat.ino && stat.blksize == PAGE);
	CHECK_EQ(sys(SYS_lstat64, ".", &stat), 0);
	CHECK_EQ(stat.mode & 0170000, 0040000);
	CHECK_EQ(sys(SYS_stat64, "/dev/null", &stat), 0);
	CHECK_EQ(stat.mode & 0170000, 0020000);
	CHECK_EQ((u32)stat.rdev, 0x103);
	CHECK_EQ(sys(SYS_stat64, "none", &stat), -ENOENT);
	CHECK_EQ(sys(SYS_stat64, "a", NULL), -EFAULT);
	CHECK_EQ(sys(SYS_access, "a", 6), 0);
	CHECK_EQ(sys(SYS_access, "a", 1), -EACCES);
	CHECK_EQ(sys(SYS_access, "none", 0), -ENOENT);
	CHECK_EQ(sys(SYS_access, "a", 8), -EINVAL);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

/* --- pointers --- */

CASE(bad_pointers)
{
	u8 *p = map(2 * PAGE);
	int fd = make("a");

	sys(SYS_munmap, p + PAGE, PAGE);
	fill(p, PAGE, 9);
	CHECK_EQ(sys(SYS_write, fd, NULL, 5), -EFAULT);
	CHECK_EQ(sys(SYS_write, fd, (void *)0xc0000000, 5), -EFAULT);
	CHECK_EQ(size_of(fd), 0);
	/* as much as there is */
	CHECK_EQ(sys(SYS_write, fd, p + PAGE - 100, 200), 100);
	CHECK_EQ(size_of(fd), 100);
	CHECK_EQ(sys(SYS_pread64, fd, other, 100, 0, 0), 100);
	CHECK(equal(other, p + PAGE - 100, 100));
	CHECK_EQ(sys(SYS_pread64, fd, p + PAGE - 50, 100, 0, 0), 50);
	CHECK_EQ(sys(SYS_pread64, fd, NULL, 100, 0, 0), -EFAULT);
	CHECK_EQ(sys(SYS_write, fd, NULL, 0), 0);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
	sys(SYS_munmap, p, PAGE);
}

/* What all pieces have together is more than a result can say: it must not come
 * to look like an error. */
CASE(pieces_of_more_than_2_gb)
{
	struct { u32 base, length; } vec[2] = {
		{ 0x1000, 0x7ffff000 }, { 0x1000, 0x7ffff000 },
	};
	long fd = sys(SYS_open, "/dev/null", O_RDWR, 0);

	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_writev, fd, vec, 2), 0x7ffff000);
	vec[1].length = 0xfff;
	CHECK_EQ(sys(SYS_writev, fd, vec, 2), 0x7ffff000);
	vec[0].length = 0x7fffe000;
	CHECK_EQ(sys(SYS_writev, fd, vec, 2), 0x7fffefff);
	vec[0].length = 0x80000000;
	CHECK_EQ(sys(SYS_writev, fd, vec, 2), -EINVAL);
	sys(SYS_close, fd);
}

/* Mode 3 is neither for reading nor for writing. */
CASE(neither_right)
{
	int fd;

	sys(SYS_close, make("a"));
	fd = sys(SYS_open, "a", 3, 0);
	CHECK(fd >= 0);
	CHECK_EQ(sys(SYS_read, fd, other, 1), -EBADF);
	CHECK_EQ(sys(SYS_write, fd, buf, 1), -EBADF);
	CHECK_EQ(sys(SYS_ftruncate, fd, 1), -EINVAL);
	CHECK_EQ(sys(SYS_mmap2, 0, PAGE, PROT_READ, MAP_PRIVATE, fd, 0),
		 -EACCES);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

CASE(pieces)
{
	struct { const void *base; u32 length; } vec[3] = {
		{ "ab", 2 }, { NULL, 0 }, { "cde", 3 },
	};
	int fd = make("a");

	CHECK_EQ(sys(SYS_writev, fd, vec, 3), 5);
	vec[1].length = 1;
	CHECK_EQ(sys(SYS_writev, fd, vec, 3), 2);
	vec[0].length = ~0U;
	CHECK_EQ(sys(SYS_writev, fd, vec, 3), -EINVAL);
	vec[0].length = 2, vec[2].length = 1U << 31;
	CHECK_EQ(sys(SYS_writev, fd, vec, 3), -EINVAL);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_CUR), 7);
	CHECK_EQ(sys(SYS_writev, fd, vec, 1025), -EINVAL);
	CHECK_EQ(sys(SYS_writev, fd, NULL, 1), -EFAULT);
	CHECK_EQ(sys(SYS_lseek, fd, 0, SEEK_SET), 0);
	vec[0].base = other, vec[0].length = 3;
	vec[1].base = other + 10, vec[1].length = 10;
	CHECK_EQ(sys(SYS_readv, fd, vec, 2), 7);
	CHECK(equal(other, (const u8 *)"abc", 3));
	CHECK(equal(other + 10, (const u8 *)"deab", 4));
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

/* --- a storm --- */

static u8 shadow[STORM_SIZE + PAGE];
static u32 shadow_size;

static void storm_step(int fd)
{
	u32 at = random_below(STORM_SIZE), n = random_below(2 * PAGE);

	n = at + n > STORM_SIZE ? STORM_SIZE - at : n;
	switch (random_below(8)) {
	case 0:
		sys(SYS_ftruncate64, fd, at, 0);
		if (at < shadow_size)
			memset(shadow + at, 0, shadow_size - at);
		shadow_size = at;
		break;
	case 1:
	case 2:
	case 3:
		fill(buf, n, at);
		CHECK_EQ(sys(SYS_pwrite64, fd, buf, n, at, 0), n);
		memcpy(shadow + at, buf, n);
		if (n && at + n > shadow_size)
			shadow_size = at + n;
		break;
	default:
		if (at >= shadow_size)
			n = 0;
		else if (at + n > shadow_size)
			n = shadow_size - at;
		CHECK_EQ(sys(SYS_pread64, fd, other, n + 1, at, 0),
			 at + n < shadow_size ? n + 1 : n);
		CHECK(equal(other, shadow + at, n));
	}
}

CASE(storm)
{
	int fd = make("a"), i, before = failures;

	for (i = 0; i < STORM_STEPS && failures == before; i++)
		storm_step(fd);
	CHECK_EQ(size_of(fd), shadow_size);
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

/* --- running what was written --- */

static int copy_self(const char *path, int mode)
{
	int in = sys(SYS_open, self, O_RDONLY, 0), n;
	int out = sys(SYS_open, path, O_WRONLY | O_CREAT, mode);

	while ((n = sys(SYS_read, in, buf, sizeof(buf))) > 0)
		CHECK_EQ(sys(SYS_write, out, buf, n), n);
	sys(SYS_close, in);
	sys(SYS_close, out);
	return n;
}

static void runs(void *path)
{
	char *argv[] = { path, "fd", "0", NULL };

	quit(-sys(SYS_execve, path, argv, NULL));
}

CASE(written_programs_run)
{
	int fd;

	CHECK_EQ(copy_self("copy", 0700), 0);
	CHECK_EQ(in_child(runs, "copy"), EXITED(0));
	fd = sys(SYS_open, "copy", O_WRONLY, 0);
	CHECK_EQ(sys(SYS_write, fd, "no", 2), 2);
	sys(SYS_close, fd);
	CHECK_EQ(in_child(runs, "copy"), EXITED(ENOEXEC));
	sys(SYS_unlink, "copy");
	CHECK_EQ(copy_self("copy", 0600), 0);
	CHECK_EQ(in_child(runs, "copy"), EXITED(EACCES));
	CHECK_EQ(in_child(runs, "."), EXITED(EACCES));
	CHECK_EQ(in_child(runs, "/dev/null"), EXITED(EACCES));
	sys(SYS_unlink, "copy");
}

CASE(full_file)
{
	int fd = make("a"), i;

	fill(buf, PAGE, 4);
	for (i = 0; i < 300; i++)
		CHECK_EQ(sys(SYS_write, fd, buf, PAGE), (long)PAGE);
	CHECK_EQ(size_of(fd), 300 * PAGE);
	CHECK_EQ(sys(SYS_pread64, fd, other, PAGE, 299 * PAGE, 0), (long)PAGE);
	CHECK(equal(buf, other, PAGE));
	sys(SYS_close, fd);
	sys(SYS_unlink, "a");
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(written_and_read), LIST(what_open_refuses),
		LIST(bad_descriptors), LIST(positions), LIST(at_a_position),
		LIST(holes_are_zero), LIST(appended), LIST(truncated),
		LIST(lives_until_closed), LIST(shared_positions),
		LIST(closed_by_exec), LIST(too_many), LIST(directories),
		LIST(small_room), LIST(what_a_file_is), LIST(bad_pointers),
		LIST(neither_right), LIST(pieces),
		LIST(pieces_of_more_than_2_gb), LIST(storm),
		LIST(written_programs_run), LIST(full_file),
	};

	(void)envp;
	/* asked whether a descriptor is open */
	if (argc > 2)
		return -sys(SYS_fcntl64, argv[2][0] - '0', F_GETFD, 0);
	self = argv[0];
	if (self[0] != '/')
		self = "/files";
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
