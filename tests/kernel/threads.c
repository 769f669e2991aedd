#include <kernel/cpu/time.h>
#include "threads.h"

bool crew_add(struct crew *crew, u32 prio, int (*function)(void *data),
	      void *data)
{
	struct task *task = NULL;

	if (crew->n < THREADS_MOST)
		task = kthread_run_prio(prio, function, data, "crew%u",
					crew->n);
	if (task)
		crew->task[crew->n++] = task;
	return EXPECT(task);
}

int crew_join(struct crew *crew)
{
	int sum = 0;

	while (crew->n)
		sum += kthread_join(crew->task[--crew->n]);
	return sum;
}

int crew_stop(struct crew *crew)
{
	int sum = 0;

	while (crew->n)
		sum += kthread_stop(crew->task[--crew->n]);
	return sum;
}

bool until_it_waits(struct task *task)
{
	u32 end = jiffies + hz;

	while (task->state == TASK_RUNNING || task->on_cpu) {
		if (time_after(jiffies, end))
			return false;
		msleep(1);
	}
	return true;
}

void be_preempted(void)
{
	current->time_slice = 0;
	need_resched() = true;
	cond_resched();
}

u32 random_below(u32 *seed, u32 n)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return (u32)((u64)*seed * n >> 32);
}
