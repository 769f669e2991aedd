/*
 * Threads. ULK3 chapters 3 and 7.
 *
 * A thread has a priority, 0 the first, and runs until it waits, or one of a
 * lower number can run, or its time slice is over and others of its own
 * priority can. Each has a stack of its own with a guard page below it.
 *
 * "May sleep": from a thread, with preempt_count() 0 and interrupts on, or the
 * call says otherwise. Each function here asserts what it needs.
 */
#ifndef KERNEL_SCHED_TASK_H
#define KERNEL_SCHED_TASK_H

#include <kernel/cpu/atomic.h>
#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/lockcheck.h>
#include <kernel/cpu/preempt.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/list.h>
#include <kernel/lock.h>

#define THREAD_STACK_SIZE 8192U		/* the reference's */
#define TASK_NAME_MAX 16U

#define MAX_PRIO 32U
#define PRIO_HIGH 4U
#define PRIO_DEFAULT 16U
#define PRIO_IDLE (MAX_PRIO - 1)	/* the idle thread's alone */

#define TIME_SLICE_MS 100U		/* the reference's default */

/*
 * state		means				on the run queue
 * TASK_RUNNING		runs, or can			yes
 * TASK_INTERRUPTIBLE	waits; kthread_stop() wakes it,	until it left the CPU
 *			and so does who kills it
 * TASK_UNINTERRUPTIBLE	waits for one thing only	as above
 * TASK_DEAD		ended; its stack goes next	as above
 */
#define TASK_RUNNING 0U
#define TASK_INTERRUPTIBLE 1U
#define TASK_UNINTERRUPTIBLE 2U
#define TASK_DEAD 4U
#define TASK_NORMAL (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE)

struct pt_regs;
struct process;				/* kernel/user knows what is inside */
struct mm_struct;			/* mm/space knows what is inside */

struct task {
	u32 esp;			/* while it is off the CPU */
	struct thread_part part;	/* <kernel/cpu/threadflags.h> */
	volatile u32 state;
	u32 prio;
	u32 time_slice;			/* ticks left */
	bool queued;			/* on the run queue */
	volatile bool on_cpu;		/* its stack is in use */
	struct list_head run_list;

	atomic_t users;			/* of this structure: itself, creator */
	u32 pid;
	char name[TASK_NAME_MAX];
	void *stack;			/* lowest address; NULL: boot stack */
	int (*function)(void *data);
	void *data;
	int result;
	volatile bool should_stop;
	struct task *joiner;		/* who waits for its end */
	struct mm_struct *mm;		/* user addresses; NULL: none */

	/* clock_cycles() on the CPU; while it is there, less those of the
	 * moment when it came */
	u64 ran;
	u32 switches;			/* how often it got the CPU */
	u32 left_at;			/* jiffies, when it last left the CPU */
	u32 hung_switches;		/* of the wait that was reported */
	u64 top_ns;			/* ran_ns when top last looked */
	struct list_head all;		/* on all_tasks */
	struct process *process;	/* kernel/user's; NULL: none */
	u32 began;			/* jiffies, when it was made */

	/* mm/reclaim's: oom.h */
	s32 oom_score_adj;
	bool oom_never;			/* init: whatever its score is */
	u32 oom_at;			/* jiffies: TF_MEMDIE or TF_EXITING
					 * since then */
};

/* kernel/user's: a process gets the CPU. Interrupts are off. */
extern void (*process_switch_hook)(struct task *next);

/* kernel/user's: one with TF_KILLED would go back to ring 3 with regs. Ends it.
 * Interrupts are off. */
extern void (*process_killed_hook)(struct pt_regs *regs);

/*
 * User addresses. mm/space stands above: it says how they are switched. The CPU
 * keeps those it has for as long as threads without any run (active_mms). Only
 * mm/space writes both; the hook is called with interrupts off, by who gives
 * the CPU up.
 */
extern struct mm_struct *active_mms[NR_CPUS];
extern void (*switch_mm_hook)(struct mm_struct *mm);

extern struct task *current_tasks[NR_CPUS];
#define current (current_tasks[smp_processor_id()])

/* Every thread there is, newest last, with its lock (interrupts off). */
extern struct list_head all_tasks;
extern spinlock_t all_tasks_lock;

/* The first statement of what may sleep. */
static inline void might_sleep(void)
{
	BUG_ON(in_atomic() || irqs_disabled(),
	       "this may sleep, and the CPU must be kept");
}

/* --- beginning and ending --- */

/*
 * A new thread that can run at once. NULL: no memory. The caller is one of its
 * users: kthread_stop() or put_task() it, once. May sleep.
 */
__format_printf(3, 4)
struct task *kthread_run(int (*function)(void *data), void *data,
			 const char *fmt, ...);
__format_printf(4, 5)
struct task *kthread_run_prio(u32 prio, int (*function)(void *data), void *data,
			      const char *fmt, ...);

/*
 * Tells it to stop, wakes it, waits for its end, frees all of it: what its
 * function returned, or would have (it may have ended before). May sleep.
 */
int kthread_stop(struct task *task);

/* As kthread_stop() without telling it to: waits until it ends by itself. */
int kthread_join(struct task *task);

/* Has kthread_stop() been called for the thread that asks? */
bool kthread_should_stop(void);

/* Is it not worth while to wait any longer: that, or was it killed? */
static inline bool wait_is_over(void)
{
	return kthread_should_stop() || current_flags & TF_KILLED;
}

/* The creator loses interest; it goes when it ends. Any context. */
void put_task(struct task *task);

/* Ends the thread that calls it. */
__noreturn void thread_exit(int result);

/* --- giving up the CPU --- */

/* To whoever should run next. May sleep; state says whether it comes back. */
void schedule(void);

/* schedule(), if somebody should run more than this thread. True: it did. */
bool cond_resched(void);

/* Behind all others of the same priority. */
void yield(void);

void set_prio(struct task *task, u32 prio);

/* Until somebody wakes it, or so many ticks: how many were left, 0: none. With
 * MAX_SCHEDULE_TIMEOUT or more without an end. The caller has set the state. */
#define MAX_SCHEDULE_TIMEOUT 0x7fffffffU
u32 schedule_timeout(u32 ticks);

void msleep(u32 ms);

/* Makes a thread whose state is one of states run. False: it was not. Any
 * context. */
bool fastcall try_to_wake_up(struct task *task, u32 states);
static inline bool wake_up_process(struct task *task)
{
	return try_to_wake_up(task, TASK_NORMAL);
}

/* With a barrier: what is looked at behind it is looked at in the new state. */
static inline void set_current_state(u32 state)
{
	__atomic_store_n(&current->state, state, __ATOMIC_SEQ_CST);
}

/* Boot: what runs becomes the first thread, "init", and the idle thread is
 * made. Interrupts are off, and on when it returns. */
void sched_init(void);

/* Threads there are, idle and init too. */
u32 nr_tasks(void);

/* Bytes of the stack that were never used: the water mark. */
u32 stack_unused(const struct task *task);

/* Memory of threads that ended by themselves goes: by work, and before a
 * thread is made. May sleep. */
void free_dead_tasks(void);

#endif
