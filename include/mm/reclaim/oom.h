/*
 * Out of memory: somebody must go. ULK3 section 17.5.
 */
#ifndef MM_RECLAIM_OOM_H
#define MM_RECLAIM_OOM_H

#include <kernel/sched/task.h>
#include <mm/page/mmzone.h>

#define OOM_SCORE_ADJ_MIN (-1000)	/* never */
#define OOM_SCORE_ADJ_MAX 1000

/*
 * Kills who is the worst, and says why. Nobody can be killed: panic, unless
 * oom_may_panic is false (tests): then false, and the request fails. True: try
 * again; somebody is dying. May sleep.
 */
bool out_of_memory(struct zonelist *zonelist, gfp_t gfp, unsigned int order);

extern bool oom_may_panic;

/*
 * How bad a thread is, in pages; 0: never. The reference's: pages of its space,
 * and half of those of its children's, divided by the roots of how long it ran;
 * and then, for each of oom_score_adj, a thousandth of all RAM and swap more or
 * less, but 1 at least. The caller keeps the thread. Any context, with neither
 * family_lock nor mmlist_lock.
 */
u32 badness(const struct task *task);

/* What is chosen of a list of threads. */
struct oom_choice {
	struct task *task;	/* NULL: nobody can be */
	u32 points;
	bool dying;		/* somebody is already: wait for him */
};

/* all_tasks_lock is held, or the list is the caller's own. */
void oom_choose(struct list_head *tasks, struct oom_choice *choice);

/* Who is killed for it: its worst child with memory of its own; or itself. The
 * same lock is held. */
struct task *oom_victim(struct task *chosen);

/* --- from those above; NULL where there are none --- */

/* kernel/user's: a thread with a space ends as soon as it can. The caller has a
 * user of it. Any context. */
extern void (*oom_kill_hook)(struct task *task);

/* kernel/user's: its children that have not ended, each for the time of the
 * call only. visit() may not sleep. */
extern void (*oom_children_hook)(const struct task *task,
				 void (*visit)(struct task *child, void *arg),
				 void *arg);

/* mm/report's: where memory is, and who has it. */
extern void (*oom_report_hook)(void);

/* Boot. */
void oom_init(void);

#endif
