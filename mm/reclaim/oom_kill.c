/*
 * Out of memory: somebody must go, so that the others can go on.
 *
 * 1. When. A request may wait, reclaim got nothing for it, and no zone of its
 *    list has come back to pages_high meanwhile (alloc_slow.c). Then it is not
 *    a question of time any more.
 *
 * 2. Who. The one that gives back much, has lost little work, and is no one
 *    that others need. badness() says so in pages:
 *
 *	all pages of its space, touched or not: total_vm
 *	+ half of those of each child with a space of its own: a parent that
 *	  makes hungry children does not come out of it by that
 *	/ the root of its time on the CPU, in units of 8 s
 *	/ the fourth root of how long it is there, in units of 17 minutes
 *	+ oom_score_adj / 1000 of all RAM and swap; but 1 at least
 *
 *    So 1000 makes it the first and -999 the last, whatever it has; -1000, init
 *    and threads of the kernel: never.
 *
 * 3. A child goes before its parent, the worst first, if it has memory of its
 *    own: perhaps it is enough, and the parent can say what became of it.
 *
 * 4. The end of a victim takes memory, too. With TF_MEMDIE its requests may
 *    take the last page (pass 3), and if there is none they fail; it never
 *    waits for another kill.
 *
 *	victim is			done by who asks
 *	dying				waits a tick, tries again
 *	dying for OOM_PATIENCE_MS	another one is killed
 *	ending by itself		the same two
 *	none				panic; or its request fails (tests)
 *
 *    The second row is for a victim that waits for a lock which the one has
 *    who waits for it: it would be for ever.
 *
 * 5. One at a time is in here; who comes meanwhile waits a tick and tries
 *    again.
 *
 * Locks: all_tasks_lock while it looks and chooses, interrupts off; inside of
 * it family_lock (the hook) and mmlist_lock. Nothing is held while it prints.
 * Cost: threads times spaces, as each is looked for on the list of spaces.
 */
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/math64.h>
#include <kernel/sched/top.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/oom.h>
#include <mm/space/mm.h>

#define OOM_PATIENCE_MS 5000U	/* guessed: no end that goes on takes so long */
#define INIT_PID 1U
#define TRACE_MOST 16U		/* guessed: the way down to a fault has 10 */

bool oom_may_panic = true;
void (*oom_kill_hook)(struct task *task);
void (*oom_children_hook)(const struct task *task,
			  void (*visit)(struct task *child, void *arg),
			  void *arg);
void (*oom_report_hook)(void);

/* --- how bad --- */

static void each_child(const struct task *task,
		       void (*visit)(struct task *child, void *arg), void *arg)
{
	if (oom_children_hook)
		oom_children_hook(task, visit, arg);
}

static bool is_spared(const struct task *task)
{
	return !task->process || task->pid <= INIT_PID || task->oom_never ||
	       task->oom_score_adj <= OOM_SCORE_ADJ_MIN;
}

struct family {
	const struct mm_struct *mm;
	u32 pages;
};

static void add_child(struct task *child, void *arg)
{
	struct family *family = arg;
	struct mm_size size;

	if (task_mm_size(child, &size) && size.mm != family->mm)
		family->pages += size.total_vm / 2;
}

/* What ran for long has done work that would be lost. */
static u32 less_for_its_work(const struct task *task, u32 points)
{
	u32 cpu_s = (u32)div_u64(task_ran_ns(task), NS_IN_SECOND);
	u32 there_s = (jiffies - task->began) / msecs_to_jiffies(1000);
	u32 root = int_sqrt(cpu_s >> 3);

	points /= max(root, 1U);
	root = int_sqrt(int_sqrt(there_s >> 10));
	return points / max(root, 1U);
}

/* Thousandths of all there is; no product has more than 31 bits. */
static s32 adjustment(s32 adj)
{
	s32 all = (s32)(totalram_pages + (overcommit.total_swap ?
					  overcommit.total_swap() : 0));

	return all / 1000 * adj + all % 1000 * adj / 1000;
}

u32 badness(const struct task *task)
{
	struct family family;
	struct mm_size size;
	s32 points;

	if (is_spared(task) || !task_mm_size(task, &size))
		return 0;
	family = (struct family){ .mm = size.mm, .pages = size.total_vm };
	each_child(task, add_child, &family);
	points = (s32)less_for_its_work(task, family.pages) +
		 adjustment(task->oom_score_adj);
	return (u32)max(points, 1);
}

/* --- who --- */

/* By a kill or by itself: its memory comes back without another one. */
static bool is_ending(const struct task *task)
{
	return task->part.flags & (TF_MEMDIE | TF_EXITING);
}

static bool is_stuck(const struct task *task)
{
	return jiffies - task->oom_at > msecs_to_jiffies(OOM_PATIENCE_MS);
}

void oom_choose(struct list_head *tasks, struct oom_choice *choice)
{
	struct task *task;

	*choice = (struct oom_choice){ 0 };
	list_for_each_entry(task, tasks, all) {
		u32 points;

		if (is_ending(task)) {
			choice->dying |= !is_stuck(task);
			continue;
		}
		points = badness(task);
		if (points > choice->points) {
			choice->task = task;
			choice->points = points;
		}
	}
}

struct heir {
	const struct mm_struct *mm;	/* of the parent */
	struct task *task;
	u32 points;
};

/* Not by badness(): the hook that calls has family_lock. */
static void look_at_child(struct task *child, void *arg)
{
	struct heir *heir = arg;
	struct mm_size size;
	u32 points;

	if (is_ending(child) || is_spared(child) ||
	    !task_mm_size(child, &size) || size.mm == heir->mm)
		return;
	points = (u32)max((s32)size.total_vm +
			  adjustment(child->oom_score_adj), 1);
	if (points > heir->points) {
		heir->task = child;
		heir->points = points;
	}
}

struct task *oom_victim(struct task *chosen)
{
	struct heir heir = { .task = NULL };
	struct mm_size size;

	if (task_mm_size(chosen, &size))
		heir.mm = size.mm;
	each_child(chosen, look_at_child, &heir);
	return heir.task ? heir.task : chosen;
}

/* With a user more; NULL: there is nobody, or one is *dying. */
static struct task *choose_victim(bool *dying)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);
	struct task *victim = NULL;
	struct oom_choice choice;

	oom_choose(&all_tasks, &choice);
	*dying = choice.dying;
	if (choice.task && !choice.dying) {
		victim = oom_victim(choice.task);
		atomic_inc(&victim->users);
	}
	spin_unlock_irqrestore(&all_tasks_lock, flags);
	return victim;
}

/* At once, so that it does not see a request fail and go on. */
static void kill(struct task *victim)
{
	u32 flags = spin_lock_irqsave(&all_tasks_lock);

	victim->oom_at = jiffies;
	/* it is to end soon, and not behind all others */
	victim->time_slice = msecs_to_jiffies(1000);
	set_thread_flags(&victim->part, TF_MEMDIE);
	if (oom_kill_hook)
		oom_kill_hook(victim);
	spin_unlock_irqrestore(&all_tasks_lock, flags);
}

/* --- what is said and done --- */

static void report(gfp_t gfp, unsigned int order)
{
	u32 entries[TRACE_MOST];
	unsigned int n = trace_stack(entries, ARRAY_SIZE(entries)), i;

	printk("%s invoked oom-killer: gfp_mask=0x%x, order=%u, "
	       "oom_score_adj=%d\nCall trace:\n", current->name, gfp, order,
	       current->oom_score_adj);
	for (i = 0; i < n; i++)
		trace_print(entries[i]);
	if (oom_report_hook)
		oom_report_hook();
}

static bool nobody_left(gfp_t gfp, unsigned int order)
{
	if (!oom_may_panic)
		return false;
	report(gfp, order);
	panic("out of memory, and there is no process that can be killed");
}

static bool kill_somebody(gfp_t gfp, unsigned int order)
{
	struct task *victim;
	bool dying;

	victim = choose_victim(&dying);
	if (dying)
		return true;
	if (!victim)
		return nobody_left(gfp, order);
	report(gfp, order);
	/* a report takes its time */
	if (!is_ending(victim)) {
		kill(victim);
		count_vm_event(OOM_KILL);
		printk("Out of memory: Killed process %u (%s).\n", victim->pid,
		       victim->name);
	}
	put_task(victim);
	return true;
}

bool out_of_memory(struct zonelist *zonelist, gfp_t gfp, unsigned int order)
{
	static u32 busy;
	bool again = true;

	(void)zonelist;
	might_sleep();
	if (current_flags & TF_EXITING) {
		/* the rest of its way is short */
		set_thread_flags(thread_part(), TF_MEMDIE);
		return true;
	}
	if (!__atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE)) {
		again = kill_somebody(gfp, order);
		__atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
	}
	/* the victim needs the CPU, unless it is this one */
	if (again && !thread_is_victim()) {
		set_current_state(TASK_UNINTERRUPTIBLE);
		schedule_timeout(1);
	}
	return again;
}

void __init oom_init(void)
{
	reclaim_hooks.out_of_memory = out_of_memory;
}
