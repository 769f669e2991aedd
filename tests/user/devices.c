/* /dev/null and /dev/zero; and the file pages that programs map. */
#include "user.h"

static u8 *show(const char *path, int how, int prot, int flags, u32 bytes,
		u32 pgoff)
{
	int fd = sys(SYS_open, path, how, 0);
	u8 *p = (u8 *)sys(SYS_mmap2, NULL, bytes, prot, flags, fd, pgoff);

	CHECK(fd >= 0);
	sys(SYS_close, fd);
	return p;
}

static u8 buf[2 * PAGE];

CASE(null)
{
	int fd = sys(SYS_open, "/dev/null", O_RDWR, 0);

	CHECK_EQ(sys(SYS_write, fd, buf, 100), 100);
	CHECK_EQ(sys(SYS_read, fd, buf, 100), 0);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0),
		 -ENODEV);
	CHECK_EQ(sys(SYS_ioctl, fd, 0x5413, buf), -ENOTTY);
	sys(SYS_close, fd);
}

CASE(zero)
{
	int fd = sys(SYS_open, "/dev/zero", O_RDWR, 0);
	u32 i, sum = 0;

	memset(buf, 1, sizeof(buf));
	CHECK_EQ(sys(SYS_read, fd, buf, 5000), 5000);
	for (i = 0; i < sizeof(buf); i++)
		sum += buf[i];
	CHECK_EQ(sum, sizeof(buf) - 5000);
	CHECK_EQ(sys(SYS_write, fd, buf, 100), 100);
	CHECK_EQ(sys(SYS_read, fd, NULL, 100), -EFAULT);
	CHECK_EQ(sys(SYS_ftruncate64, fd, 0, 0), -EINVAL);
	sys(SYS_close, fd);
}

CASE(zero_as_memory)
{
	u8 *p = show("/dev/zero", O_RDWR, RW, MAP_PRIVATE, 2 * PAGE, 0);

	CHECK(!is_error(p));
	CHECK_EQ(p[5], 0);
	p[PAGE] = 7;
	CHECK_EQ(p[PAGE], 7);
	CHECK_EQ(sys(SYS_munmap, p, 2 * PAGE), 0);
}

static void writes_there(void *p)
{
	((u8 *)p)[PAGE] = 42;
}

CASE(zero_that_is_shared)
{
	u8 *p = show("/dev/zero", O_RDWR, RW, MAP_SHARED, 2 * PAGE, 0);

	CHECK(!is_error(p));
	p[0] = 1;
	CHECK_EQ(in_child(writes_there, p), EXITED(0));
	CHECK_EQ(p[PAGE], 42);
	CHECK_EQ(sys(SYS_munmap, p, 2 * PAGE), 0);
}

/* --- a file that is mapped --- */

static int make(u32 bytes)
{
	int fd = sys(SYS_open, "m", O_RDWR | O_CREAT | O_TRUNC, 0600);
	u32 at;

	memset(buf, 'f', PAGE);
	for (at = 0; at < bytes; at += PAGE)
		sys(SYS_pwrite64, fd, buf, PAGE, at, 0);
	sys(SYS_ftruncate64, fd, bytes, 0);
	return fd;
}

CASE(written_through_a_mapping)
{
	int fd = make(2 * PAGE);
	u8 *shared = show("m", O_RDWR, RW, MAP_SHARED, 2 * PAGE, 0);
	u8 *private = show("m", O_RDONLY, RW, MAP_PRIVATE, 2 * PAGE, 0);
	u8 *second = show("m", O_RDONLY, PROT_READ, MAP_SHARED, PAGE, 1);

	CHECK(shared[0] == 'f' && private[PAGE] == 'f' && second[0] == 'f');
	shared[PAGE + 3] = 's';
	private[PAGE + 4] = 'p';
	CHECK(second[3] == 's' && second[4] == 'f');
	CHECK(private[PAGE + 3] == 's' && shared[PAGE + 4] == 'f');
	CHECK_EQ(sys(SYS_pread64, fd, buf, 5, PAGE, 0), 5);
	CHECK(buf[3] == 's' && buf[4] == 'f');
	CHECK_EQ(sys(SYS_pwrite64, fd, "w", 1, 9, 0), 1);
	CHECK(shared[9] == 'w' && private[9] == 'w');
	sys(SYS_munmap, shared, 2 * PAGE);
	sys(SYS_munmap, private, 2 * PAGE);
	sys(SYS_munmap, second, PAGE);
	sys(SYS_close, fd);
	sys(SYS_unlink, "m");
}

static void touches(void *p)
{
	*(volatile u8 *)p;
}

CASE(the_end_of_the_file)
{
	int fd = make(PAGE + 100);
	u8 *p = show("m", O_RDWR, RW, MAP_SHARED, 3 * PAGE, 0);
	u8 *own = show("m", O_RDWR, RW, MAP_PRIVATE, 2 * PAGE, 0);

	own[0] = own[PAGE] = 'o';
	CHECK(p[PAGE + 99] == 'f' && p[PAGE + 100] == 0);
	/* what is written behind the end is never the file's */
	p[PAGE + 200] = 'x';
	CHECK_EQ(sys(SYS_ftruncate64, fd, PAGE + 300, 0), 0);
	CHECK_EQ(p[PAGE + 200], 0);
	CHECK_EQ(in_child(touches, p + 2 * PAGE), KILLED_BY(SIGBUS));
	CHECK_EQ(sys(SYS_ftruncate64, fd, 3 * PAGE, 0), 0);
	CHECK_EQ(p[2 * PAGE], 0);
	p[2 * PAGE] = 1;
	CHECK_EQ(sys(SYS_ftruncate64, fd, 10, 0), 0);
	CHECK_EQ(in_child(touches, p + PAGE), KILLED_BY(SIGBUS));
	/* a copy goes with the page that it was made of */
	CHECK_EQ(in_child(touches, own + PAGE), KILLED_BY(SIGBUS));
	CHECK(own[0] == 'o');
	CHECK(p[9] == 'f' && p[10] == 0);
	CHECK_EQ(sys(SYS_write, 1, p + PAGE, 1), -EFAULT);
	CHECK_EQ(sys(SYS_ftruncate64, fd, 3 * PAGE, 0), 0);
	CHECK(p[10] == 0 && p[PAGE] == 0 && p[2 * PAGE] == 0);
	sys(SYS_munmap, own, 2 * PAGE);
	sys(SYS_munmap, p, 3 * PAGE);
	sys(SYS_close, fd);
	sys(SYS_unlink, "m");
}

CASE(mapped_and_without_a_name)
{
	int fd = make(PAGE);
	u8 *p = show("m", O_RDWR, RW, MAP_SHARED, PAGE, 0);

	sys(SYS_close, fd);
	CHECK_EQ(sys(SYS_unlink, "m"), 0);
	p[1] = 'x';
	CHECK(p[0] == 'f' && p[1] == 'x');
	CHECK_EQ(sys(SYS_munmap, p, PAGE), 0);
}

/* What is written comes from the page that it goes to. */
CASE(from_its_own_page)
{
	int fd = make(2 * PAGE);
	u8 *p = show("m", O_RDWR, RW, MAP_SHARED, 2 * PAGE, 0);

	CHECK_EQ(sys(SYS_pwrite64, fd, p, 2 * PAGE, 0, 0), 2 * PAGE);
	CHECK_EQ(sys(SYS_pwrite64, fd, p, PAGE, 100, 0), PAGE);
	CHECK_EQ(sys(SYS_pread64, fd, p + PAGE, 50, 0, 0), 50);
	CHECK(p[0] == 'f' && p[PAGE + 49] == 'f');
	sys(SYS_munmap, p, 2 * PAGE);
	sys(SYS_close, fd);
	sys(SYS_unlink, "m");
}

CASE(what_is_refused)
{
	int fd = make(PAGE), in, out;

	in = sys(SYS_open, "m", O_RDONLY, 0);
	out = sys(SYS_open, "m", O_WRONLY, 0);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, RW, MAP_SHARED, in, 0), -EACCES);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, PROT_READ, MAP_SHARED, out, 0),
		 -EACCES);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, RW, MAP_SHARED, 60, 0), -EBADF);
	CHECK_EQ(sys(SYS_mmap2, NULL, 0, RW, MAP_SHARED, fd, 0), -EINVAL);
	sys(SYS_close, in);
	in = sys(SYS_open, ".", O_RDONLY, 0);
	CHECK_EQ(sys(SYS_mmap2, NULL, PAGE, PROT_READ, MAP_SHARED, in, 0),
		 -ENODEV);
	sys(SYS_close, in);
	sys(SYS_close, out);
	sys(SYS_close, fd);
	sys(SYS_unlink, "m");
}

/* The call with all arguments in memory. */
CASE(the_old_call)
{
	int fd = make(2 * PAGE);
	u32 arg[6] = { 0, PAGE, PROT_READ, MAP_SHARED, (u32)fd, PAGE };
	u8 *p = (u8 *)sys(SYS_mmap, arg);

	CHECK(!is_error(p) && p[0] == 'f');
	sys(SYS_munmap, p, PAGE);
	arg[5] = 100;
	CHECK_EQ(sys(SYS_mmap, arg), -EINVAL);
	CHECK_EQ(sys(SYS_mmap, NULL), -EFAULT);
	sys(SYS_close, fd);
	sys(SYS_unlink, "m");
}

int main(int argc, char **argv, char **envp)
{
	static const struct user_case cases[] = {
		LIST(null), LIST(zero), LIST(zero_as_memory),
		LIST(zero_that_is_shared), LIST(written_through_a_mapping),
		LIST(the_end_of_the_file), LIST(mapped_and_without_a_name),
		LIST(from_its_own_page), LIST(what_is_refused),
		LIST(the_old_call),
	};

	(void)argc, (void)argv, (void)envp;
	return run_cases(cases, sizeof(cases) / sizeof(cases[0]));
}
