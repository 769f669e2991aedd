/*
 * A line of numbers that say whether memory is short, and what is done about
 * it.
 *
 * 1. Pages now: free ones; on the active lists; on the inactive ones, those
 *    that must be written before they can go (dirty) and those that can go at
 *    once (clean). What is on no list is the kernel's, or locked.
 *
 * 2. Pages a second: read from swap and written to it, inactive ones looked at,
 *    and how many of these came back. Stolen by scanned is how well reclaim
 *    knows what is not used.
 *
 * 3. A second is what the clock says, not what was slept: under pressure a
 *    thread may run late. Events wrap at 2^32: differences are right anyway.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/lib/math64.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/lru.h>
#include <mm/report/pressure.h>

void pressure_now(struct pressure *p)
{
	struct zone *zone;
	unsigned int i;

	p->ns = clock_ns();
	p->free = p->active = 0;
	for_each_zone_of(&machine_nodes, zone, i) {
		p->free += zone->free_pages;
		p->active += zone->nr_active;
	}
	lru_count_inactive(&machine_nodes, &p->inactive_dirty,
			   &p->inactive_clean);
	p->swap_in = vm_event_sum(PSWPIN);
	p->swap_out = vm_event_sum(PSWPOUT);
	p->scanned = vm_event_sum(PGSCAN_KSWAPD) + vm_event_sum(PGSCAN_DIRECT);
	p->stolen = vm_event_sum(PGSTEAL_KSWAPD) + vm_event_sum(PGSTEAL_DIRECT);
}

void report_pressure_head(void)
{
	printk("     free   active inactive inactive  swap in swap out  "
	       "scanned   stolen\n"
	       "                      dirty    clean       /s       /s       "
	       "/s       /s\n");
}

static u32 per_second(u32 before, u32 now, u32 ms)
{
	return (u32)div_u64((u64)(now - before) * 1000, ms);
}

void report_pressure(const struct pressure *before, const struct pressure *now)
{
	u32 ms = (u32)div_u64(now->ns - before->ns + 500000, 1000000);

	ms = max(ms, 1U);
	printk("%9u%9u%9u%9u%9u%9u%9u%9u\n", now->free, now->active,
	       now->inactive_dirty, now->inactive_clean,
	       per_second(before->swap_in, now->swap_in, ms),
	       per_second(before->swap_out, now->swap_out, ms),
	       per_second(before->scanned, now->scanned, ms),
	       per_second(before->stolen, now->stolen, ms));
}
