/*
 * System calls: INT 0x80 with the number in EAX, up to six arguments in EBX,
 * ECX, EDX, ESI, EDI, EBP; the result comes back in EAX, an error as its
 * negative number. Numbers are Linux's for the i386 (2.6, asm-i386/unistd.h).
 * ULK3 chapter 10.
 */
#ifndef KERNEL_USER_SYSCALL_H
#define KERNEL_USER_SYSCALL_H

#include <kernel/cpu/traps.h>

#define NR_SYSTEM_CALLS 268

/*
 * What a call is: the result goes to EAX. May sleep; interrupts are on, if they
 * were on in ring 3.
 */
typedef long (*system_call_t)(struct pt_regs *regs);

/* From entry.S. What is not there is -ENOSYS, and told once for each number. */
void fastcall do_system_call(struct pt_regs *regs);

/* --- syscall_process.c --- */

long sys_exit(struct pt_regs *regs);
long sys_fork(struct pt_regs *regs);
long sys_clone(struct pt_regs *regs);
long sys_waitpid(struct pt_regs *regs);
long sys_wait4(struct pt_regs *regs);
long sys_execve(struct pt_regs *regs);
long sys_getpid(struct pt_regs *regs);
long sys_getppid(struct pt_regs *regs);
long sys_sched_yield(struct pt_regs *regs);
long sys_set_thread_area(struct pt_regs *regs);

/* --- signal.c --- */

long sys_kill(struct pt_regs *regs);
long sys_tkill(struct pt_regs *regs);
long sys_rt_sigaction(struct pt_regs *regs);
long sys_rt_sigprocmask(struct pt_regs *regs);

/* --- syscall_mm.c --- */

long sys_brk(struct pt_regs *regs);
long sys_mmap(struct pt_regs *regs);
long sys_mmap2(struct pt_regs *regs);
long sys_munmap(struct pt_regs *regs);
long sys_mprotect(struct pt_regs *regs);
long sys_mremap(struct pt_regs *regs);
long sys_mincore(struct pt_regs *regs);
long sys_madvise(struct pt_regs *regs);
long sys_msync(struct pt_regs *regs);
long sys_mlock(struct pt_regs *regs);
long sys_munlock(struct pt_regs *regs);
long sys_mlockall(struct pt_regs *regs);
long sys_munlockall(struct pt_regs *regs);

/* --- syscall_system.c --- */

/* Who can end the machine: the kernel above. Neither needs to return; NULL:
 * reboot() halts instead. */
struct power_hooks {
	void (*restart)(void);
	void (*power_off)(void);
};

extern struct power_hooks power_hooks;

long sys_uname(struct pt_regs *regs);
long sys_sysinfo(struct pt_regs *regs);
long sys_getrlimit(struct pt_regs *regs);
long sys_ugetrlimit(struct pt_regs *regs);
long sys_setrlimit(struct pt_regs *regs);
long sys_reboot(struct pt_regs *regs);
long sys_swapon(struct pt_regs *regs);
long sys_swapoff(struct pt_regs *regs);

/* --- syscall_file.c --- */

long sys_open(struct pt_regs *regs);
long sys_close(struct pt_regs *regs);
long sys_read(struct pt_regs *regs);
long sys_write(struct pt_regs *regs);
long sys_readv(struct pt_regs *regs);
long sys_writev(struct pt_regs *regs);
long sys_pread64(struct pt_regs *regs);
long sys_pwrite64(struct pt_regs *regs);
long sys_lseek(struct pt_regs *regs);
long sys_llseek(struct pt_regs *regs);
long sys_ftruncate(struct pt_regs *regs);
long sys_ftruncate64(struct pt_regs *regs);
long sys_fsync(struct pt_regs *regs);
long sys_sync(struct pt_regs *regs);
long sys_ioctl(struct pt_regs *regs);
long sys_dup(struct pt_regs *regs);
long sys_dup2(struct pt_regs *regs);
long sys_fcntl64(struct pt_regs *regs);

/* --- syscall_name.c --- */

long sys_unlink(struct pt_regs *regs);
long sys_mkdir(struct pt_regs *regs);
long sys_rmdir(struct pt_regs *regs);
long sys_access(struct pt_regs *regs);
long sys_truncate64(struct pt_regs *regs);
long sys_stat64(struct pt_regs *regs);
long sys_fstat64(struct pt_regs *regs);
long sys_getdents64(struct pt_regs *regs);

/* --- syscall_time.c --- */

long sys_nanosleep(struct pt_regs *regs);
long sys_gettimeofday(struct pt_regs *regs);
long sys_clock_gettime(struct pt_regs *regs);

#endif
