/*
 * Calls about the console, the clock and names. Descriptors 0, 1 and 2 are the
 * console: what is written goes to the kernel's log, reading finds its end.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <kernel/lib/string.h>
#include <kernel/sched/task.h>
#include <kernel/user/exec.h>
#include <kernel/user/syscall.h>
#include <mm/space/uaccess.h>

#define CHUNK 128U
#define IOVECS_MOST 1024U		/* Linux's */
#define NS_IN_SECOND 1000000000U
#define CLOCKS 2U			/* CLOCK_REALTIME, CLOCK_MONOTONIC */

struct timespec {
	s32 sec, nsec;
};

struct iovec {
	u32 base, length;
};

static bool is_console(u32 fd)
{
	return fd <= 2;
}

/* Whole text, zeros left out. How much of it could be read, or -EFAULT. */
static long write_console(const char *from, u32 size)
{
	char chunk[CHUNK + 1];
	u32 done = 0, n, left, i, k;

	while (done < size) {
		n = min(size - done, CHUNK);
		left = copy_from_user(chunk, from + done, n);
		n -= left;
		for (i = k = 0; i < n; i++)
			if (chunk[i])
				chunk[k++] = chunk[i];
		chunk[k] = 0;
		printk("%s", chunk);
		done += n;
		if (left)
			break;
	}
	return done || !size ? (long)done : -EFAULT;
}

long sys_write(struct pt_regs *regs)
{
	if (!is_console(regs->ebx))
		return -EBADF;
	return write_console((const char *)regs->ecx,
			     min(regs->edx, 0x7ffff000U));
}

long sys_writev(struct pt_regs *regs)
{
	const struct iovec *at = (const void *)regs->ecx;
	struct iovec vec;
	long done = 0, n;
	u32 i;

	if (!is_console(regs->ebx))
		return -EBADF;
	if (regs->edx > IOVECS_MOST)
		return -EINVAL;
	for (i = 0; i < regs->edx; i++) {
		if (copy_from_user(&vec, at + i, sizeof(vec)))
			return done ? done : -EFAULT;
		n = write_console((const char *)vec.base, vec.length);
		if (n < 0)
			return done ? done : n;
		done += n;
		if ((u32)n < vec.length)
			break;
	}
	return done;
}

long sys_read(struct pt_regs *regs)
{
	return is_console(regs->ebx) ? 0 : -EBADF;
}

long sys_open(struct pt_regs *regs)
{
	char path[EXEC_PATH_MAX];
	int n = strncpy_from_user(path, (const char *)regs->ebx, sizeof(path));

	return n < 0 ? n : -ENOENT;
}

long sys_close(struct pt_regs *regs)
{
	return is_console(regs->ebx) ? 0 : -EBADF;
}

long sys_ioctl(struct pt_regs *regs)
{
	return is_console(regs->ebx) ? -ENOTTY : -EBADF;
}

long sys_uname(struct pt_regs *regs)
{
	static const struct {
		char sysname[65], nodename[65], release[65], version[65],
		     machine[65], domain[65];
	} name = { "swapper", "swapper", "2.6.11", "#1", "i486", "" };

	return copy_to_user((void *)regs->ebx, &name, sizeof(name)) ? -EFAULT :
	       0;
}

/* --- time --- */

long sys_sched_yield(struct pt_regs *regs)
{
	yield();
	return 0;
}

long sys_nanosleep(struct pt_regs *regs)
{
	struct timespec wish;
	u32 ms;

	if (copy_from_user(&wish, (const void *)regs->ebx, sizeof(wish)))
		return -EFAULT;
	if (wish.sec < 0 || (u32)wish.nsec >= NS_IN_SECOND)
		return -EINVAL;
	if (!wish.sec && !wish.nsec)
		return 0;
	ms = (u32)min((u32)wish.sec, 1000000U) * 1000 +
	     (u32)wish.nsec / 1000000 + 1;
	msleep(ms);
	return 0;
}

static struct timespec now(void)
{
	u64 ns = clock_ns(), sec = div_u64(ns, NS_IN_SECOND);

	return (struct timespec){
		.sec = (s32)sec, .nsec = (s32)(ns - sec * NS_IN_SECOND),
	};
}

long sys_clock_gettime(struct pt_regs *regs)
{
	const struct timespec time = now();

	if (regs->ebx >= CLOCKS)
		return -EINVAL;
	return copy_to_user((void *)regs->ecx, &time, sizeof(time)) ? -EFAULT :
	       0;
}

long sys_gettimeofday(struct pt_regs *regs)
{
	struct timespec time = now();

	time.nsec /= 1000;
	if (regs->ebx && copy_to_user((void *)regs->ebx, &time, sizeof(time)))
		return -EFAULT;
	/* the zone is Greenwich's */
	return regs->ecx && clear_user((void *)regs->ecx, 8) ? -EFAULT : 0;
}
