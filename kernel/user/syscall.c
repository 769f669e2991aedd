/*
 * 1. One table by number. A call gets the registers, takes its arguments from
 *    there, and its result goes to EAX.
 * 2. A number without a call is -ENOSYS; the log tells so once for each, as it
 *    is the first thing to know about a program that does not work. (Those from
 *    NR_LOGGED on count as one.)
 * 3. Cost: syscall.null in docs/bench.md.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/sched/task.h>
#include <kernel/user/internal.h>
#include <kernel/user/syscall.h>

#define NR_LOGGED 512U

static const system_call_t table[NR_SYSTEM_CALLS] = {
	[1] = sys_exit,
	[2] = sys_fork,
	[3] = sys_read,
	[4] = sys_write,
	[5] = sys_open,
	[6] = sys_close,
	[7] = sys_waitpid,
	[10] = sys_unlink,
	[11] = sys_execve,
	[19] = sys_lseek,
	[20] = sys_getpid,
	[33] = sys_access,
	[36] = sys_sync,
	[37] = sys_kill,
	[39] = sys_mkdir,
	[40] = sys_rmdir,
	[41] = sys_dup,
	[45] = sys_brk,
	[54] = sys_ioctl,
	[55] = sys_fcntl64,
	[63] = sys_dup2,
	[64] = sys_getppid,
	[75] = sys_setrlimit,
	[76] = sys_getrlimit,
	[78] = sys_gettimeofday,
	[87] = sys_swapon,
	[88] = sys_reboot,
	[90] = sys_mmap,
	[91] = sys_munmap,
	[93] = sys_ftruncate,
	[114] = sys_wait4,
	[115] = sys_swapoff,
	[116] = sys_sysinfo,
	[118] = sys_fsync,
	[120] = sys_clone,
	[122] = sys_uname,
	[125] = sys_mprotect,
	[140] = sys_llseek,
	[144] = sys_msync,
	[145] = sys_readv,
	[146] = sys_writev,
	[148] = sys_fsync,		/* fdatasync */
	[150] = sys_mlock,
	[151] = sys_munlock,
	[152] = sys_mlockall,
	[153] = sys_munlockall,
	[158] = sys_sched_yield,
	[162] = sys_nanosleep,
	[163] = sys_mremap,
	[174] = sys_rt_sigaction,
	[175] = sys_rt_sigprocmask,
	[180] = sys_pread64,
	[181] = sys_pwrite64,
	[190] = sys_fork,		/* vfork */
	[191] = sys_ugetrlimit,
	[192] = sys_mmap2,
	[193] = sys_truncate64,
	[194] = sys_ftruncate64,
	[195] = sys_stat64,
	[196] = sys_stat64,		/* lstat64: there are no links */
	[197] = sys_fstat64,
	[218] = sys_mincore,
	[219] = sys_madvise,
	[220] = sys_getdents64,
	[221] = sys_fcntl64,
	[224] = sys_getpid,		/* gettid: a process is one thread */
	[238] = sys_tkill,
	[243] = sys_set_thread_area,
	[252] = sys_exit,		/* exit_group */
	[258] = sys_getpid,		/* set_tid_address, for one thread */
	[265] = sys_clock_gettime,
};

static long no_such_call(u32 number)
{
	static u32 logged[NR_LOGGED / 32];
	u32 n = min(number, NR_LOGGED - 1), bit = 1U << n % 32;

	if (!(__atomic_fetch_or(&logged[n / 32], bit, __ATOMIC_RELAXED) & bit))
		pr_info("process %u (%s): there is no system call %u\n",
			current->pid, current->name, number);
	return -ENOSYS;
}

void fastcall do_system_call(struct pt_regs *regs)
{
	u32 number = regs->eax;

	if (likely(number < NR_SYSTEM_CALLS && table[number]))
		regs->eax = (u32)table[number](regs);
	else
		regs->eax = (u32)no_such_call(number);
	if (unlikely(current_flags & TF_KILLED))
		process_killed(regs);
}
