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

/* How bad a thread is, 0: never. The reference's: pages of its space, and half
 * of those of its children's, divided by the roots of how long it ran. */
u32 badness(const struct task *task);

/* kernel/user's: a thread with a space ends as soon as it can. */
extern void (*oom_kill_hook)(struct task *task);

/* Boot. */
void oom_init(void);

#endif
