/*
 * 1. No handler runs here: a signal ends the process, or does nothing. A
 *    process can send them to itself only. So what is to be kept of each is a
 *    bit in three sets:
 *
 *	ignored		SIG_IGN was asked for
 *	blocked		it waits
 *	pending		it was sent while it was blocked
 *
 *	sent		ignored, or by default	blocked		else
 *	becomes		nothing			pending		the end
 *
 *    By default ignored: SIGCHLD, SIGCONT, SIGURG, SIGWINCH; and those that
 *    stop a process (SIGSTOP to SIGTTOU), as nobody could let it go on.
 *    SIGKILL cannot be blocked or ignored.
 *
 * 2. The signal of a fault is no part of this: it always ends the process.
 *
 * 3. fork() copies ignored and blocked, execve() keeps them.
 *
 * No lock: only the process itself looks at its sets.
 */
#include <kernel/lib/errno.h>
#include <kernel/user/process.h>
#include <kernel/user/syscall.h>
#include <mm/space/uaccess.h>

#define SIG_DFL 0U
#define SIG_IGN 1U		/* the largest that is no handler */

/* Linux's of the i386. */
struct user_sigaction {
	u32 handler, flags, restorer;
	u64 mask;
} __packed;

enum { SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK };

static u64 bit(u32 signal)
{
	return 1ULL << (signal - 1);
}

static u64 by_default(void)
{
	return bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) | bit(SIGWINCH) |
	       bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);
}

static u64 unstoppable(void)
{
	return bit(SIGKILL) | bit(SIGSTOP);
}

static u64 ignored(const struct signals *s)
{
	return s->ignored | by_default();
}

/* Ends the process, if one of those that wait may not wait any more. */
static void deliver(struct signals *s, const struct pt_regs *regs)
{
	u64 now = s->pending & ~s->blocked & ~ignored(s);
	u32 signal;

	s->pending &= s->blocked;
	for (signal = 1; now && signal <= NR_SIGNALS; signal++)
		if (now & bit(signal))
			process_exit(STATUS_KILLED(signal), regs);
}

/* --- sending --- */

static long send(u32 pid, u32 signal, const struct pt_regs *regs)
{
	struct signals *s = &current->process->signals;

	if (signal > NR_SIGNALS)
		return -EINVAL;
	if (pid != current->pid)
		return -ESRCH;
	if (!signal)
		return 0;
	s->pending |= bit(signal);
	deliver(s, regs);
	return 0;
}

/* Pid 0 is the own group: nobody else is in it. */
long sys_kill(struct pt_regs *regs)
{
	return send(regs->ebx ? regs->ebx : current->pid, regs->ecx, regs);
}

long sys_tkill(struct pt_regs *regs)
{
	if ((s32)regs->ebx <= 0)
		return -EINVAL;
	return send(regs->ebx, regs->ecx, regs);
}

/* --- what becomes of them --- */

long sys_rt_sigaction(struct pt_regs *regs)
{
	struct signals *s = &current->process->signals;
	struct user_sigaction new, old = { 0 };
	u64 signal;

	if (regs->esi != sizeof(u64))
		return -EINVAL;
	if (regs->ecx && copy_from_user(&new, (const void *)regs->ecx,
					sizeof(new)))
		return -EFAULT;
	if (!regs->ebx || regs->ebx > NR_SIGNALS)
		return -EINVAL;
	signal = bit(regs->ebx);
	if (regs->ecx && (signal & unstoppable() || new.handler > SIG_IGN))
		return -EINVAL;
	old.handler = s->ignored & signal ? SIG_IGN : SIG_DFL;
	if (regs->ecx) {
		s->ignored &= ~signal;
		if (new.handler == SIG_IGN)
			s->ignored |= signal;
		/* what waits is forgotten */
		s->pending &= ~ignored(s);
	}
	if (regs->edx && copy_to_user((void *)regs->edx, &old, sizeof(old)))
		return -EFAULT;
	return 0;
}

static int new_mask(struct signals *s, u32 how, u64 set)
{
	set &= ~unstoppable();
	switch (how) {
	case SIG_BLOCK:
		s->blocked |= set;
		return 0;
	case SIG_UNBLOCK:
		s->blocked &= ~set;
		return 0;
	case SIG_SETMASK:
		s->blocked = set;
		return 0;
	}
	return -EINVAL;
}

long sys_rt_sigprocmask(struct pt_regs *regs)
{
	struct signals *s = &current->process->signals;
	u64 set = 0, old = s->blocked;

	if (regs->esi != sizeof(set))
		return -EINVAL;
	if (regs->ecx) {
		if (get_user(set, (u64 *)regs->ecx))
			return -EFAULT;
		if (new_mask(s, regs->ebx, set))
			return -EINVAL;
	}
	if (regs->edx && copy_to_user((void *)regs->edx, &old, sizeof(old)))
		return -EFAULT;
	deliver(s, regs);
	return 0;
}
