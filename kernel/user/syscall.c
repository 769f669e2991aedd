/*
 * 1. One table by number. A call gets the registers, takes its arguments from
 *    there, and its result goes to EAX.
 * 2. A number without a call is -ENOSYS; the log tells so once for each, as it
 *    is the first thing to know about a program that does not work.
 * 3. Cost: some 50 instructions for entry, table and return.
 */
#include <kernel/base/printk.h>
#include <kernel/lib/errno.h>
#include <kernel/user/process.h>
#include <kernel/user/syscall.h>

#define NR_LOGGED 512U		/* numbers that are told of once */

static long sys_exit(struct pt_regs *regs)
{
	local_irq_enable();
	process_exit(STATUS_EXITED(regs->ebx), regs);
}

static long sys_getpid(struct pt_regs *regs)
{
	return (long)current->process->pid;
}

static long sys_sched_yield(struct pt_regs *regs)
{
	yield();
	return 0;
}

static const system_call_t table[NR_SYSTEM_CALLS] = {
	[NR_exit] = sys_exit,
	[NR_getpid] = sys_getpid,
	[NR_sched_yield] = sys_sched_yield,
	[NR_gettid] = sys_getpid,
	[NR_exit_group] = sys_exit,
};

static long no_such_call(u32 number)
{
	static u32 logged[NR_LOGGED / 32];
	u32 n = min(number, NR_LOGGED - 1), bit = 1U << n % 32;

	if (!(__atomic_fetch_or(&logged[n / 32], bit, __ATOMIC_RELAXED) & bit))
		pr_info("process %u (%s): there is no system call %u\n",
			current->process->pid, current->name, number);
	return -ENOSYS;
}

void fastcall do_system_call(struct pt_regs *regs)
{
	u32 number = regs->eax;

	if (likely(number < NR_SYSTEM_CALLS && table[number]))
		regs->eax = (u32)table[number](regs);
	else
		regs->eax = (u32)no_such_call(number);
}
