/*
 * Threads: their beginning and their end.
 *
 * 1. A thread's stack comes from vmalloc(): the page below it is a guard page,
 *    so that running over it is a double fault with a report, not somebody
 *    else's memory.
 *
 *    It is marked every STACK_STEP bytes: the lowest mark that is gone says how
 *    far it was ever used. To fill it would be half of what a thread costs.
 *
 * 2. A structure has two users: the thread itself, until it is off the CPU for
 *    good, and its creator. The last one frees it.
 *
 * 3. The end. A thread cannot free the stack it is on. It says TASK_DEAD and
 *    gives the CPU up; whoever gets it calls task_is_off(). The creator, if he
 *    waits in kthread_stop(), frees it all. If nobody does, the structure goes
 *    to a list that free_dead_tasks() empties: it runs before the next thread
 *    is made, and by work.
 *
 *	thread ends	creator		who frees
 *	first		later stops	the creator
 *	last		waits		the creator
 *	last		has put_task()	free_dead_tasks()
 *
 * Locks: all_tasks_lock, for that list and the dead ones, interrupts off.
 */
#include <kernel/base/panic.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/lock.h>
#include <kernel/sched/internal.h>
#include <kernel/sched/wait.h>
#include <mm/object/kmalloc.h>
#include <mm/table/pgtable.h>
#include <mm/virt/vmalloc.h>

#define STACK_MARK 0x5c5c5c5cU	/* guessed: nobody's value */
#define STACK_STEP 128U		/* guessed: from one mark to the next, bytes */

LIST_HEAD(all_tasks);
spinlock_t all_tasks_lock = SPIN_LOCK_UNLOCKED("all_tasks_lock");

static LIST_HEAD(dead_tasks);
static u32 last_pid = 1, tasks = 1;

u32 nr_tasks(void)
{
	return tasks;
}

/* --- stacks --- */

/* So that it is seen how far it was ever used. */
static void mark_stack(u32 *stack)
{
	u32 at;

	for (at = 0; at < THREAD_STACK_SIZE; at += STACK_STEP)
		stack[at / 4] = STACK_MARK;
}

static void *make_stack(void)
{
	void *stack = vmalloc(THREAD_STACK_SIZE);

	if (!stack)
		return NULL;
	/* whatever page directory the CPU has when the thread comes */
	pt_share((u32)(uintptr_t)stack, THREAD_STACK_SIZE);
	mark_stack(stack);
	return stack;
}

u32 stack_unused(const struct task *task)
{
	const u32 *stack = task->stack;
	u32 at = 0;

	while (stack && at < THREAD_STACK_SIZE && stack[at / 4] == STACK_MARK)
		at += STACK_STEP;
	return at;
}

/* As if switch_stacks had been called just before thread_entry. */
static void prepare_stack(struct task *task)
{
	u32 *top = (u32 *)((char *)task->stack + THREAD_STACK_SIZE);

	*--top = 0;			/* ends back traces */
	*--top = (u32)(uintptr_t)thread_entry;
	*--top = 0;			/* EBP */
	task->esp = (u32)(uintptr_t)top;
}

/* --- structures --- */

static void free_task(struct task *task)
{
	vfree(task->stack);
	kfree(task);
}

void free_dead_tasks(void)
{
	struct task *task;
	u32 flags;

	for (;;) {
		flags = spin_lock_irqsave(&all_tasks_lock);
		task = list_empty(&dead_tasks) ? NULL :
		       list_first_entry(&dead_tasks, struct task, all);
		if (task)
			list_del(&task->all);
		spin_unlock_irqrestore(&all_tasks_lock, flags);
		if (!task)
			return;
		free_task(task);
	}
}

/* Nobody uses it any more: not where vfree() may not be called. */
static void bury(struct task *task)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);

	list_add_tail(&task->all, &dead_tasks);
	spin_unlock_irqrestore(&all_tasks_lock, flags);
}

void put_task(struct task *task)
{
	if (atomic_dec_and_test(&task->users))
		bury(task);
}

void task_is_off(struct task *task)
{
	struct task *joiner;
	u32 flags = spin_lock_irqsave(&all_tasks_lock);

	/* from here on the joiner sees it, and may free it */
	joiner = task->joiner;
	list_del(&task->all);
	tasks--;
	INIT_LIST_HEAD(&task->all);
	/* under the lock: it may end, too, as soon as it knows */
	if (joiner)
		wake_up_process(joiner);
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	put_task(task);
}

static struct task *make_task(u32 prio, int (*function)(void *data),
			      void *data)
{
	struct task *task = kzalloc(sizeof(*task), GFP_KERNEL);

	if (!task)
		return NULL;
	task->stack = make_stack();
	if (!task->stack) {
		kfree(task);
		return NULL;
	}
	task->part.stack.low = (u32)(uintptr_t)task->stack;
	task->part.stack.high = task->part.stack.low + THREAD_STACK_SIZE;
	task->state = TASK_UNINTERRUPTIBLE;
	task->prio = prio;
	task->time_slice = msecs_to_jiffies(TIME_SLICE_MS);
	task->function = function;
	task->data = data;
	task->left_at = task->began = jiffies;
	atomic_set(&task->users, 2);
	prepare_stack(task);
	return task;
}

static void list_task(struct task *task)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);

	task->pid = ++last_pid;
	tasks++;
	list_add_tail(&task->all, &all_tasks);
	spin_unlock_irqrestore(&all_tasks_lock, flags);
}

static struct task *run(u32 prio, int (*function)(void *data), void *data,
			const char *fmt, va_list args)
{
	struct task *task;

	free_dead_tasks();
	task = make_task(prio, function, data);
	if (!task)
		return NULL;
	vsnprintf(task->name, sizeof(task->name), fmt, args);
	list_task(task);
	try_to_wake_up(task, TASK_UNINTERRUPTIBLE);
	if (need_resched())
		cond_resched();
	return task;
}

struct task *kthread_run_prio(u32 prio, int (*function)(void *data), void *data,
			      const char *fmt, ...)
{
	struct task *task;
	va_list args;

	BUG_ON(prio >= PRIO_IDLE, "no such priority for a thread");
	va_start(args, fmt);
	task = run(prio, function, data, fmt, args);
	va_end(args);
	return task;
}

struct task *kthread_run(int (*function)(void *data), void *data,
			 const char *fmt, ...)
{
	struct task *task;
	va_list args;

	va_start(args, fmt);
	task = run(PRIO_DEFAULT, function, data, fmt, args);
	va_end(args);
	return task;
}

/* --- the end --- */

void thread_exit(int result)
{
	BUG_ON(in_atomic(), "a thread ended with another preempt count");
	BUG_ON(irqs_disabled(), "a thread ended with interrupts off");
	BUG_ON(current->part.held.count, "a thread ended with a lock held");
	current->result = result;
	set_current_state(TASK_DEAD);
	schedule();
	BUG("a dead thread runs");
	for (;;)
		;
}

void fastcall thread_start(u32 *from)
{
	finish_switch(container_of(from, struct task, esp));
	local_irq_enable();
	preempt_check();
	thread_exit(current->function(current->data));
}

bool kthread_should_stop(void)
{
	return current->should_stop;
}

/* Is it off the CPU for good? If not, the caller is woken when it is. */
static bool has_ended(struct task *task)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	bool ended = list_empty(&task->all) && task->state == TASK_DEAD;

	task->joiner = current;
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return ended;
}

int kthread_join(struct task *task)
{
	int result;

	might_sleep();
	BUG_ON(task == current, "a thread that waits for its own end");
	for (;;) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		if (has_ended(task))
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	result = task->result;
	put_task(task);
	free_dead_tasks();
	return result;
}

int kthread_stop(struct task *task)
{
	__atomic_store_n(&task->should_stop, true, __ATOMIC_SEQ_CST);
	try_to_wake_up(task, TASK_INTERRUPTIBLE);
	return kthread_join(task);
}

/* --- idle --- */

static int idle(void *unused)
{
	(void)unused;
	for (;;) {
		local_irq_disable();
		if (need_resched())
			local_irq_enable();
		else
			/* STI takes effect behind the next instruction */
			__asm__ volatile("sti; hlt" : : : "memory");
		cond_resched();
	}
	return 0;
}

void start_idle(void)
{
	struct task *task = make_task(PRIO_IDLE, idle, NULL);

	if (!task)
		panic("no memory for the idle thread");
	strlcpy(task->name, "idle", sizeof(task->name));
	list_task(task);
	task->pid = 0;
	try_to_wake_up(task, TASK_UNINTERRUPTIBLE);
}
