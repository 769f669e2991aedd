/* Calls about time. */
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/math64.h>
#include <kernel/sched/task.h>
#include <kernel/user/syscall.h>
#include <mm/space/uaccess.h>

#define CLOCKS 2U			/* CLOCK_REALTIME, CLOCK_MONOTONIC */

struct timespec {
	s32 sec, nsec;
};

static long sleep_for(u32 ticks)
{
	while (ticks) {
		set_current_state(TASK_INTERRUPTIBLE);
		if (wait_is_over())
			break;
		ticks = schedule_timeout(ticks);
	}
	set_current_state(TASK_RUNNING);
	return ticks ? -EINTR : 0;
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
	return sleep_for(msecs_to_jiffies(ms) + 1);
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
