/*
 * /proc: reports as files. Their text is made when they are opened, and stays
 * as it was for whoever has it open.
 *
 *	/proc/meminfo buddyinfo zoneinfo slabinfo vmstat swaps
 *	/proc/PID/maps smaps pagemap	(PID of a process, or self)
 *	/proc/PID/oom_score oom_score_adj	(<mm/reclaim/oom.h>; the second
 *				can be written: -1000 to 1000, else -EINVAL)
 *
 * pagemap is text here: a line for each page that is mapped, its address, its
 * frame and its flags (mm/report/maps.h).
 */
#ifndef KERNEL_FS_PROCFS_H
#define KERNEL_FS_PROCFS_H

#include <kernel/lib/types.h>

struct mm_struct;

/* From the layer that knows processes. NULL: nobody does. */
struct proc_hooks {
	/* The space of a process, with a user more; NULL: it has none. */
	struct mm_struct *(*mm)(u32 pid);
	/* The lowest pid from `from` on; 0: there is none. Any context. */
	u32 (*next_pid)(u32 from);
	/* How bad it is when there is no memory, and what changes that. False:
	 * there is no such process. Any context. */
	bool (*get_oom)(u32 pid, s32 *adj, u32 *score);
	bool (*set_oom_adj)(u32 pid, s32 adj);
};

extern struct proc_hooks proc_hooks;

#endif
