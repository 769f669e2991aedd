/*
 * 1. A process is a thread. It begins in the kernel, with its registers of ring
 *    3 in its structure, and goes there by the way on which a trap returns.
 *    From then on its stack in the kernel is empty whenever it is in ring 3:
 *    each entry begins at the top again (TSS.esp0, set at each switch), over
 *    what the thread began with; nothing returns there.
 *
 *    What else of the CPU is a process's own is set when it gets the CPU, by
 *    the scheduler's hook: esp0, and whose the FPU's registers are.
 *
 * 2. The end. Whatever ends it, process_exit() notes how and ends the thread.
 *    Its structure goes with who waits for it.
 */
#include <kernel/cpu/desc.h>
#include <kernel/lib/string.h>
#include <kernel/user/internal.h>
#include <mm/object/kmalloc.h>

void user_regs(struct pt_regs *regs, u32 eip, u32 esp)
{
	*regs = (struct pt_regs){
		.ds = __USER_DS, .es = __USER_DS,
		.eip = eip, .cs = __USER_CS,
		/* bit 1 reads as one */
		.eflags = EFLAGS_IF | 2,
		.esp = esp, .ss = __USER_DS,
	};
}

/* Interrupts are off. */
static void switch_to_process(struct task *next)
{
	init_tss.esp0 = next->part.stack.high;
	fpu_switch(next->process);
}

static int to_ring_3(void *data)
{
	struct process *process = data;
	struct pt_regs regs = process->regs;

	process->pid = current->pid;
	local_irq_disable();
	current->process = process;
	switch_to_process(current);
	return_to(&regs);
}

struct process *process_start(const struct pt_regs *regs, const char *name)
{
	struct process *process = kzalloc(sizeof(*process), GFP_KERNEL);

	if (!process)
		return NULL;
	BUG_ON(!user_mode(regs), "a process that begins in the kernel");
	process->regs = *regs;
	process->task = kthread_run(to_ring_3, process, "%s", name);
	if (process->task)
		return process;
	kfree(process);
	return NULL;
}

void process_exit(u32 status, const struct pt_regs *regs)
{
	struct process *process = current->process;

	BUG_ON(!process, "a thread that is no process ends as one");
	process->status = status;
	process->regs = *regs;
	fpu_drop(process);
	thread_exit(0);
}

u32 process_join(struct process *process, struct pt_regs *regs)
{
	u32 status;

	kthread_join(process->task);
	status = process->status;
	if (regs)
		*regs = process->regs;
	kfree(process);
	return status;
}

void user_init(void)
{
	fpu_init();
	set_system_call_gate(system_call);
	process_switch_hook = switch_to_process;
	user_trap_hook = user_trap;
}
