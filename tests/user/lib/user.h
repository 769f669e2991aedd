/*
 * What programs without a C library have: system calls by number, Linux's for
 * the i386; printing; and cases that are reported as KTAP.
 *
 *	CASE(pages_are_zero)
 *	{
 *		CHECK_EQ(p[0], 0);
 *	}
 *	int main(void) { return run_cases(...); }
 *
 * Such a program answers the same on Linux and here; its status is 0 if all
 * went well.
 */
#ifndef TESTS_USER_LIB_USER_H
#define TESTS_USER_LIB_USER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef unsigned long long u64;

#define PAGE 4096U

/* The result, or a negative errno. */
long sys(int number, ...);

enum {
	SYS_exit = 1, SYS_fork = 2, SYS_read = 3, SYS_write = 4, SYS_open = 5,
	SYS_close = 6, SYS_waitpid = 7, SYS_unlink = 10, SYS_execve = 11,
	SYS_lseek = 19, SYS_getpid = 20, SYS_access = 33, SYS_sync = 36,
	SYS_kill = 37, SYS_mkdir = 39, SYS_rmdir = 40, SYS_dup = 41, SYS_brk = 45,
	SYS_ioctl = 54, SYS_dup2 = 63, SYS_getppid = 64, SYS_setrlimit = 75,
	SYS_getrlimit = 76, SYS_gettimeofday = 78, SYS_reboot = 88,
	SYS_mmap = 90, SYS_munmap = 91, SYS_ftruncate = 93, SYS_wait4 = 114,
	SYS_sysinfo = 116, SYS_fsync = 118, SYS_clone = 120, SYS_uname = 122,
	SYS_mprotect = 125, SYS_llseek = 140, SYS_msync = 144, SYS_readv = 145,
	SYS_writev = 146, SYS_mlock = 150, SYS_munlock = 151,
	SYS_mlockall = 152, SYS_munlockall = 153, SYS_sched_yield = 158,
	SYS_nanosleep = 162, SYS_mremap = 163, SYS_rt_sigaction = 174,
	SYS_rt_sigprocmask = 175, SYS_pread64 = 180, SYS_pwrite64 = 181,
	SYS_vfork = 190, SYS_ugetrlimit = 191, SYS_mmap2 = 192,
	SYS_truncate64 = 193, SYS_ftruncate64 = 194, SYS_stat64 = 195,
	SYS_lstat64 = 196, SYS_fstat64 = 197, SYS_setuid = 213,
	SYS_mincore = 218, SYS_madvise = 219, SYS_getdents64 = 220,
	SYS_fcntl64 = 221, SYS_gettid = 224, SYS_tkill = 238,
	SYS_set_thread_area = 243, SYS_exit_group = 252,
	SYS_set_tid_address = 258, SYS_clock_gettime = 265,
};

enum {
	O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0100, O_EXCL = 0200,
	O_TRUNC = 01000, O_APPEND = 02000, O_DIRECTORY = 0200000,
	O_CLOEXEC = 02000000,
};
enum { SEEK_SET, SEEK_CUR, SEEK_END };
enum { F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL };

enum {
	EPERM = 1, ENOENT = 2, ESRCH = 3, EIO = 5, E2BIG = 7, ENOEXEC = 8,
	EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EACCES = 13,
	EFAULT = 14, EBUSY = 16, EEXIST = 17, ENODEV = 19, ENOTDIR = 20,
	EISDIR = 21, EINVAL = 22, EMFILE = 24, ENOTTY = 25, EFBIG = 27,
	ENOSPC = 28, ESPIPE = 29, ENAMETOOLONG = 36, ENOSYS = 38,
	ENOTEMPTY = 39, EOVERFLOW = 75,
};

/* Linux's struct stat64. */
struct stat64 {
	uint64_t dev;
	u32 pad, ino32, mode, nlink, uid, gid;
	uint64_t rdev;
	u32 pad2;
	uint64_t size;
	u32 blksize;
	uint64_t blocks;
	u32 time[6];
	uint64_t ino;
} __attribute__((packed));

struct dirent64 {
	uint64_t ino, next;
	uint16_t length;
	u8 type;			/* DT_* */
	char name[];
} __attribute__((packed));

enum { DT_DIR = 4, DT_REG = 8 };

enum { PROT_NONE = 0, PROT_READ = 1, PROT_WRITE = 2, PROT_EXEC = 4,
       RW = PROT_READ | PROT_WRITE };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 0x10, MAP_ANON = 0x20,
       MAP_LOCKED = 0x2000 };
enum { MREMAP_MAYMOVE = 1, MREMAP_FIXED = 2 };
enum { MADV_WILLNEED = 3, MADV_DONTNEED = 4, MADV_DONTFORK = 10,
       MADV_DOFORK = 11 };
enum { SIGINT = 2, SIGILL = 4, SIGBUS = 7, SIGFPE = 8, SIGKILL = 9, SIGSEGV = 11,
       SIGTERM = 15, SIGCHLD = 17, SIGWINCH = 28 };

enum { RLIMIT_DATA = 2, RLIMIT_STACK, RLIMIT_MEMLOCK = 8, RLIMIT_AS };

/* Private pages, at once; an address above this is a negative errno. */
#define ERRORS_FROM 0xfffff001U
u8 *map_at(void *at, u32 bytes, int prot, int flags);
static inline u8 *map(u32 bytes)
{
	return map_at(NULL, bytes, RW, 0);
}
static inline int is_error(const void *p)
{
	return (u32)p >= ERRORS_FROM;
}

/* What the kernel would do with 8 bytes there; neither faults. */
int can_read(const void *p);	/* they must be zero */
int can_write(void *p);		/* they are written */

/*
 * Runs fn(arg) in a child. How it ended, as waitpid() tells: its status
 * times 256, or the signal.
 */
int in_child(void (*fn)(void *arg), void *arg);
#define EXITED(status) ((status) << 8)
#define KILLED_BY(signal) (signal)

/* The low seven bits are the signal, the eighth a core that was written. */
static inline int how(int status)
{
	return status & ~0x80;
}

/* Root may do more than others. Here there is nobody else to become. */
static inline void becomes_nobody(void)
{
	sys(SYS_setuid, 65534);
}

/*
 * A page whose words verify themselves, and say which one it is: so the host
 * can look at a disk that they went to. How many words are wrong.
 */
#define PAGE_MAGIC 0x70617773U	/* its third word: "swap" */
void fill_page(void *page, u32 number, u32 generation);
u32 bad_words(const void *page, u32 number, u32 generation);

u64 now(void);			/* the time-stamp counter, or 0: there is none */

/* Of /proc/vmstat: the sum of all lines whose names begin so. */
u32 vmstat(const char *name);

int is_swapper(void);		/* or Linux */

u32 random_below(u32 n);	/* always the same ones */
u32 number(const char *text);	/* decimal digits, up to what is none */

void print(const char *fmt, ...)	/* %s %d %u %x %% */
	__attribute__((format(printf, 1, 2)));
__attribute__((noreturn)) void quit(int status);

struct user_case {
	const char *name;
	void (*run)(void);
};

#define CASE(name) static void name(void)
#define LIST(name) { #name, name }

int check(int ok, long got, long want, const char *text, int line);
#define CHECK(cond) check(!!(cond), 0, 0, #cond, __LINE__)
#define CHECK_EQ(got, want) check_eq((long)(got), (long)(want),	\
				     #got " == " #want, __LINE__)
static inline int check_eq(long got, long want, const char *text, int line)
{
	return check(got == want, got, want, text, line);
}

/* Failed checks so far: for children, whose account is their own. */
extern int failures;

int run_cases(const struct user_case *cases, u32 n);

int main(int argc, char **argv, char **envp);

void *memset(void *to, int c, size_t n);
void *memcpy(void *to, const void *from, size_t n);
int same(const char *a, const char *b);

#endif
