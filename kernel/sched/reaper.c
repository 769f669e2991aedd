/*
 * The reaper: memory that nobody uses goes back by itself.
 *
 * Every two seconds a work calls cache_reap() for each CPU, every four for the
 * lists of the nodes, too, and frees what threads that ended by themselves have
 * left. mm/ knows no time and no work: this file calls down.
 *
 * A periodic timer queues the work. It is on the wheel always, at work or at
 * rest, so that who counts pending timers sees one and the same number.
 *
 * Tests make the period short, or stop it: reap_every().
 *
 * A round that could not begin before the next one was due is left out: a
 * machine that is busy keeps its caches.
 */
#include <kernel/cpu/time.h>
#include <kernel/sched/reaper.h>
#include <kernel/sched/workqueue.h>
#include <mm/object/slab.h>

static struct reap_counts counts;

static void reap(void *unused)
{
	bool lists = counts.rounds % (REAP_LISTS_S / REAP_ARRAYS_S) == 0;
	unsigned int cpu;

	for_each_cpu(cpu)
		counts.pages += cache_reap(cpu, lists);
	counts.rounds++;
	counts.list_rounds += lists;
	free_dead_tasks();
}

static DECLARE_WORK(reap_work, reap, NULL);

static void time_to_reap(unsigned long unused)
{
	schedule_work(&reap_work);
}

static struct timer_list reap_timer;

struct reap_counts reap_counts(void)
{
	return counts;
}

u32 reap_every(u32 ticks)
{
	u32 before = reap_timer.period;

	might_sleep();
	del_timer_sync(&reap_timer);
	cancel_delayed_work_sync(&reap_work);
	reap_timer.period = ticks;
	if (ticks)
		mod_timer(&reap_timer, jiffies + ticks);
	return before;
}

void reaper_init(void)
{
	setup_timer(&reap_timer, time_to_reap, 0);
	reap_every(REAP_ARRAYS_S * hz);
}
