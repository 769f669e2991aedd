/*
 * Processes: threads that run a program in ring 3. ULK3 chapter 3.
 *
 * A process is a thread of the kernel that has gone to ring 3. What the program
 * does there ends in the kernel again: by a system call, by an interrupt, or by
 * a fault, which is its end and nobody else's.
 */
#ifndef KERNEL_USER_PROCESS_H
#define KERNEL_USER_PROCESS_H

#include <kernel/cpu/traps.h>
#include <kernel/sched/task.h>

/* Linux's numbers. */
#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGKILL 9
#define SIGSEGV 11

/* As waitpid() tells how it ended. */
#define STATUS_EXITED(code) (((u32)(code) & 0xff) << 8)
#define STATUS_KILLED(signal) ((u32)(signal))

struct fpu_state;

struct process {
	struct task *task;
	u32 pid;			/* the thread's */
	struct pt_regs regs;		/* it begins with these; then those
					 * with which it ended */
	u32 status;			/* STATUS_*, when it has ended */
	struct fpu_state *fpu;		/* NULL: never wanted */
};

/* Ring 3 at that address, with that stack; all other registers 0. */
void user_regs(struct pt_regs *regs, u32 eip, u32 esp);

/*
 * A process that begins with such registers. It has the user addresses that
 * kernel_pgtable shows. NULL: no memory. process_join() it, once. May sleep.
 */
struct process *process_start(const struct pt_regs *regs, const char *name);

/*
 * Waits for its end; *regs (unless NULL) becomes the registers with which it
 * left ring 3 for good. Its status; the process is gone. May sleep.
 */
u32 process_join(struct process *process, struct pt_regs *regs);

/* Ends the process that runs. From a system call or a trap, interrupts on. */
__noreturn void process_exit(u32 status, const struct pt_regs *regs);

/* A trap of ring 3: the signal that Linux sends for it; 0: it is none's. */
int trap_signal(u32 vector);

/* Boot: ring 3 may call, and faults there are the program's. */
void user_init(void);

#endif
