/*
 * Processes: threads that run a program in ring 3. ULK3 chapter 3.
 *
 * A process is a thread of the kernel that has gone to ring 3. What the program
 * does there ends in the kernel again: by a system call, by an interrupt, or by
 * a fault, which is its end and nobody else's.
 */
#ifndef KERNEL_USER_PROCESS_H
#define KERNEL_USER_PROCESS_H

#include <kernel/cpu/segment.h>
#include <kernel/cpu/traps.h>
#include <kernel/sched/task.h>
#include <kernel/sched/wait.h>

/* Linux's numbers. */
#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGSEGV 11
#define SIGCHLD 17
#define SIGCONT 18
#define SIGSTOP 19
#define SIGTSTP 20
#define SIGTTIN 21
#define SIGTTOU 22
#define SIGURG 23
#define SIGWINCH 28
#define NR_SIGNALS 64

#define WNOHANG 1U

/* As waitpid() tells how it ended. */
#define STATUS_EXITED(code) (((u32)(code) & 0xff) << 8)
#define STATUS_KILLED(signal) ((u32)(signal))

struct files;
/* A bit for each signal: kernel/user/signal.c. */
struct signals {
	u64 ignored, blocked, pending;
};

/* Linux's RLIMIT_*: kernel/user/syscall_system.c. Those of memory count in the
 * address space, where mm/space looks. */
#define RLIM_NLIMITS 16U
struct process_limits {
	u32 cur[RLIM_NLIMITS], max[RLIM_NLIMITS];
};

struct fpu_state;

/*
 * parent	orphan	who frees it
 * a process	no	the parent, in waitpid(), or at its own end
 * NULL		no	the thread of the kernel that began it
 * NULL		yes	itself
 */
struct process {
	struct task *task;		/* its pid is the process's */
	struct pt_regs regs;		/* it begins with these; then those
					 * with which it ended */
	u32 status;			/* STATUS_*, when it has ended */
	struct fpu_state *fpu;		/* NULL: never wanted */
	u64 tls[GDT_TLS_ENTRIES];	/* descriptors */
	struct mm_struct *first_mm;	/* until it runs: its space */
	struct files *files;		/* its own thread's */
	u32 set_tid;			/* where its pid goes then, or 0 */
	struct signals signals;
	struct process_limits limits;
	s32 oom_score_adj;		/* it begins with: its parent's */

	/* under family_lock */
	struct process *parent;
	bool orphan, ended;
	struct list_head children, sibling;
	struct list_head all;		/* on all_processes */
	wait_queue_head_t child_ended;	/* it waits for a child */
};

/* Ring 3 at that address, with that stack; all other registers 0. */
void user_regs(struct pt_regs *regs, u32 eip, u32 esp);

/*
 * A process that begins with such registers. It has no user addresses but those
 * that kernel_pgtable shows. NULL: no memory. process_join() it, once. May
 * sleep.
 */
struct process *process_start(const struct pt_regs *regs, const char *name);

/*
 * A process that runs a program, with argv (the path first) and no environment.
 * NULL: no memory; a program that cannot be loaded ends with status 127. May
 * sleep.
 */
struct process *process_run(u32 argc, const char *const *argv);

/*
 * Waits for its end; *regs (unless NULL) becomes the registers with which it
 * left ring 3 for good. Its status; the process is gone. May sleep.
 */
u32 process_join(struct process *process, struct pt_regs *regs);

/* Instead of process_join(): it goes by itself when it ends. May sleep. */
void process_release(struct process *process);

/* It is init: never killed for its memory. Its children may be. */
void process_spare(struct process *process);

/* Ends the process that runs. From a system call or a trap, interrupts on. */
__noreturn void process_exit(u32 status, const struct pt_regs *regs);

/*
 * fork(), and clone() of a process: a copy of the one that runs, which entered
 * the kernel with regs. The child has the stack pointer esp (0: its parent's);
 * its pid stands at set_tid in its memory (0: nowhere). Its pid, or -ENOMEM.
 */
long process_clone(const struct pt_regs *regs, u32 esp, u32 set_tid);

/* waitpid(): pid > 0: that child, else any. *status: how it ended. Its pid; 0:
 * none yet, with WNOHANG; -ECHILD. */
long process_wait(s32 pid, u32 *status, u32 options);

/* Pid of the parent; 1 of one that has none. */
long process_parent(void);

/* execve() has gone well: what was the old program's goes, and its name. */
void process_has_new_program(const char *path);

/* Boot: ring 3 may call, and faults there are the program's. */
void user_init(void);

#endif
