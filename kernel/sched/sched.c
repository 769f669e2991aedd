/*
 * Who runs. ULK3 chapter 7.
 *
 * 1. The run queue has a list for each priority and a bit for each list that
 *    has somebody: finding the next thread is one BSF. Who runs stays on his
 *    list, at the front.
 *
 * 2. A thread loses the CPU in one of three ways:
 *
 *	how			where			state
 *	waits			schedule()		not TASK_RUNNING
 *	yields			yield(), cond_resched()	TASK_RUNNING
 *	is preempted		irq_return(),		any: it stays on the
 *				preempt_enable()	queue whatever it says
 *
 *    The last row is why a wait that is prepared is not lost: between "I wait
 *    for this" and schedule() an interrupt may take the CPU away, and the
 *    thread must come back to look again.
 *
 * 3. need_resched says that somebody should run more than who runs: one of a
 *    lower number has been woken, or the time slice is over. It is looked at
 *    where preempt_count() becomes 0: behind interrupts, and in
 *    preempt_enable(). Locks count there, so nobody is preempted with one held.
 *
 * 4. Switching. The queue's lock is taken by who gives the CPU up and let go of
 *    by who gets it (finish_switch()): until then no other CPU may touch the
 *    stack that is left. preempt_count() is 0 on both sides, so there is
 *    none to exchange: interrupts that are off keep the CPU meanwhile. Who
 *    got it from one that ended looks at need_resched again: the end may have
 *    woken somebody (task_is_off()).
 *
 * 5. Waking. try_to_wake_up() changes the state under the lock; if the thread
 *    has not left the queue yet, that is all. So a waker that comes between
 *    set_current_state() and schedule() is not missed.
 *
 * 6. User addresses are switched when a thread comes that has others than the
 *    CPU has. Threads of the kernel have none, and run on those of whoever was
 *    there before: the kernel's addresses are the same in all.
 *
 * Lock: run_queue.lock, interrupts off, inside of all others but printk's.
 * Cost: some 80 instructions for schedule() from one thread to another.
 */
#include <kernel/base/panic.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/bug.h>
#include <kernel/lock.h>
#include <kernel/sched/internal.h>
#include <kernel/sched/watchdog.h>

struct task *current_tasks[NR_CPUS];
struct run_queue run_queues[NR_CPUS];
void (*process_switch_hook)(struct task *next);
void (*process_killed_hook)(struct pt_regs *regs);
struct mm_struct *active_mms[NR_CPUS];
void (*switch_mm_hook)(struct mm_struct *mm);

/* --- the queue; its lock is held --- */

static __always_inline void dequeue(struct run_queue *rq, struct task *task)
{
	/* both of its neighbours are the list's head */
	bool last = task->run_list.next == task->run_list.prev;

	list_del(&task->run_list);
	if (last)
		rq->bitmap &= ~(1U << task->prio);
	task->queued = false;
}

/* The idle thread is on the queue, so there is always one. */
static struct task *next_task(struct run_queue *rq)
{
	u32 prio = (u32)__builtin_ctz(rq->bitmap);

	return list_first_entry(&rq->queue[prio], struct task, run_list);
}

static u32 full_slice(void)
{
	return msecs_to_jiffies(TIME_SLICE_MS);
}

/* --- switching --- */

static __always_inline void account(struct task *prev, struct task *next)
{
	u64 now = clock_cycles();

	prev->ran += now;
	prev->left_at = jiffies;
	next->ran -= now;
	next->switches++;
}

static __always_inline void switch_to(struct task *prev, struct task *next)
{
	u32 *from = &prev->esp, to = next->esp;

	account(prev, next);
	if (unlikely(next->mm && next->mm != active_mms[smp_processor_id()]))
		switch_mm_hook(next->mm);
	next->on_cpu = true;
	current = next;
	thread_part() = &next->part;
	if (unlikely(next->process))
		process_switch_hook(next);
	__asm__ volatile("call switch_stacks"
			 : "+a"(from), "+d"(to)
			 : : "ebx", "ecx", "esi", "edi", "memory", "cc");
	/* prev is this thread again, from is of who gave it the CPU */
	finish_switch(container_of(from, struct task, esp));
}

/* preempted: it did not ask for it, and stays on the queue. */
static __always_inline void pick_and_switch(bool preempted)
{
	u32 flags = local_irq_save();
	struct run_queue *rq = own_queue();
	struct task *prev = current, *next;

	spin_acquire(&rq->lock);
	need_resched() = false;
	if (likely(prev->state != TASK_RUNNING && !preempted))
		dequeue(rq, prev);
	else if (!prev->time_slice) {
		dequeue(rq, prev);
		enqueue(rq, prev);
		prev->time_slice = full_slice();
	}
	next = next_task(rq);
	if (unlikely(next == prev))
		spin_release(&rq->lock);
	else
		switch_to(prev, next);
	local_irq_restore(flags);
}

void schedule(void)
{
	BUG_ON(in_atomic(), "schedule() where the CPU must be kept");
	pick_and_switch(false);
	/* who ended, and gave the CPU to this thread, may have woken one */
	preempt_check();
}

static void preempt(void)
{
	while (need_resched())
		pick_and_switch(true);
}

static void preempt_if_allowed(void)
{
	if (!irqs_disabled())
		preempt();
}

/* Behind an interrupt: whoever was interrupted could have been anywhere. */
static void irq_return(struct pt_regs *regs)
{
	if (!need_resched() || !(regs->eflags & EFLAGS_IF))
		return;
	preempt();
	/* who kills a process that can run makes it come by here */
	if (current_flags & TF_KILLED && user_mode(regs))
		process_killed_hook(regs);
}

bool cond_resched(void)
{
	if (!need_resched() || in_atomic() || irqs_disabled())
		return false;
	preempt();
	return true;
}

void yield(void)
{
	u32 flags = local_irq_save();

	current->time_slice = 0;
	local_irq_restore(flags);
	schedule();
}

/* --- waking --- */

bool fastcall try_to_wake_up(struct task *task, u32 states)
{
	u32 flags = local_irq_save();
	bool woken = wake_task(task, states);

	local_irq_restore(flags);
	preempt_check();
	return woken;
}

void set_prio(struct task *task, u32 prio)
{
	struct run_queue *rq = own_queue();
	u32 flags = spin_lock_irqsave(&rq->lock);
	bool queued = task->queued;

	BUG_ON(prio >= PRIO_IDLE, "no such priority for a thread");
	if (queued)
		dequeue(rq, task);
	task->prio = prio;
	if (queued)
		enqueue(rq, task);
	need_resched() = true;
	spin_unlock_irqrestore(&rq->lock, flags);
	if (!in_atomic() && !irqs_disabled())
		preempt();
}

/* In the tick's handler. */
static void tick(void)
{
	struct task *task = current;

	if (task->time_slice)
		task->time_slice--;
	if (!task->time_slice)
		need_resched() = true;
	watchdog_tick();
}

/* --- waiting for a time --- */

static void wake_sleeper(unsigned long data)
{
	try_to_wake_up((struct task *)data, TASK_NORMAL);
}

u32 schedule_timeout(u32 ticks)
{
	struct timer_list timer;
	u32 end = jiffies + ticks;

	if (ticks >= MAX_SCHEDULE_TIMEOUT) {
		schedule();
		return ticks;
	}
	setup_timer(&timer, wake_sleeper, (unsigned long)current);
	mod_timer(&timer, end);
	schedule();
	del_timer_sync(&timer);
	return time_after(end, jiffies) ? end - jiffies : 0;
}

void msleep(u32 ms)
{
	/* one tick more: the one under way has begun already */
	u32 left = msecs_to_jiffies(ms) + 1;

	might_sleep();
	while (left) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		left = schedule_timeout(left);
	}
}

/* --- boot --- */

static void init_queue(struct run_queue *rq)
{
	u32 prio;

	spin_lock_init(&rq->lock, "run_queue.lock");
	for (prio = 0; prio < MAX_PRIO; prio++)
		INIT_LIST_HEAD(&rq->queue[prio]);
}

void sched_init(void)
{
	static struct task init = {
		.prio = PRIO_DEFAULT, .name = "init", .on_cpu = true,
		.users = ATOMIC_INIT(2), .pid = 1,
	};
	unsigned int cpu;

	for_each_cpu(cpu)
		init_queue(&run_queues[cpu]);
	init.time_slice = full_slice();
	init.ran = 0 - clock_cycles();
	current = &init;
	thread_part() = &init.part;
	list_add_tail(&init.all, &all_tasks);
	enqueue(own_queue(), &init);
	start_idle();
	tick_hook = tick;
	irq_return_hook = irq_return;
	preempt_hook = preempt_if_allowed;
	local_irq_enable();
}
