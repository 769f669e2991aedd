/* What the files of kernel/user share. */
#ifndef KERNEL_USER_INTERNAL_H
#define KERNEL_USER_INTERNAL_H

#include <kernel/user/process.h>
#include <mm/space/fault.h>

void system_call(void);				/* entry.S */

/* --- process.c --- */

/* All there are, those too that have ended and wait for their parents. */
extern struct list_head all_processes;
extern spinlock_t family_lock;

/* --- syscall_name.c --- */

/* A path of the program's, for put_path(): 0, or -EFAULT, -ENAMETOOLONG. Never
 * for want of memory: one is kept, and may have to be waited for. So nobody
 * asks for a second one. */
int get_path(u32 user, char **path);
void put_path(char *path);
void paths_init(void);

/* --- syscall_system.c --- */

/* Linux's defaults. */
void limits_init(struct process_limits *limits);

/* --- kill.c --- */

/* TF_KILLED: it ends before it is in ring 3 again. Any context. */
void process_kill(struct task *task);

/* The process that runs has it. Interrupts are as they are. */
__noreturn void process_killed(struct pt_regs *regs);

void kill_init(void);

/* --- fault.c --- */

bool user_trap(struct pt_regs *regs);
void user_page_fault(struct pt_regs *regs, u32 address,
		     enum fault_result result);

/* --- fpu.c --- */

void fpu_init(void);

/* The process that runs is to have the registers. False: there are none, or no
 * memory. Interrupts are off, and on in between. */
bool fpu_wanted(struct process *process);

/* That process gets the CPU; interrupts are off. */
void fpu_switch(struct process *next);

/* A child's copy of those of the process that runs. 0, or -ENOMEM. */
int fpu_copy(struct process *to, struct process *from);

/* The process that runs needs them no more. */
void fpu_drop(struct process *process);

#endif
