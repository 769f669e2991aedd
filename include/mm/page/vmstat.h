/*
 * What happened since boot, as /proc/vmstat shows it. Any context.
 *
 * Those of the second half are counted for each type of zone, as the reference
 * does: pgscan_kswapd_dma, pgscan_kswapd_normal, ...
 */
#ifndef MM_PAGE_VMSTAT_H
#define MM_PAGE_VMSTAT_H

#include <kernel/lib/bug.h>
#include <mm/page/mmzone.h>

enum vm_event {
	PSWPIN,			/* pages read from swap */
	PSWPOUT,		/* and written to it */
	PGACTIVATE,		/* to the active list */
	PGDEACTIVATE,		/* and to the inactive one */
	PGFAULT,		/* that ring 3, or a copy to it, was answered */
	PGMAJFAULT,		/* of these: that took a device */
	SLABS_SCANNED,		/* objects that shrinkers were asked for */
	PAGEOUTRUN,		/* times that kswapd worked */
	PGROTATED,		/* to the end of inactive behind a write */
	OOM_KILL,
	VMSCAN_WRITE,		/* pages that reclaim began to write */

	/* a counter for each type of zone */
	ZONE_VM_EVENTS,
	PGREFILL = ZONE_VM_EVENTS,	/* active pages looked at */
	/* pages that came back */
	PGSTEAL_KSWAPD = PGREFILL + MAX_NR_ZONES,
	PGSTEAL_DIRECT = PGSTEAL_KSWAPD + MAX_NR_ZONES,
	/* inactive pages looked at */
	PGSCAN_KSWAPD = PGSTEAL_DIRECT + MAX_NR_ZONES,
	PGSCAN_DIRECT = PGSCAN_KSWAPD + MAX_NR_ZONES,
	NR_VM_EVENTS = PGSCAN_DIRECT + MAX_NR_ZONES,
};

extern u32 vm_events[NR_CPUS][NR_VM_EVENTS];

/* One instruction: nothing an interrupt does is lost. */
static __always_inline void add_vm_events(u32 place, u32 n)
{
	__atomic_fetch_add(&vm_events[smp_processor_id()][place], n,
			   __ATOMIC_RELAXED);
}

/* Of the first half. */
static __always_inline void count_vm_events(enum vm_event event, u32 n)
{
	BUG_ON(event >= ZONE_VM_EVENTS, "an event of zones without its zone");
	add_vm_events(event, n);
}

static __always_inline void count_vm_event(enum vm_event event)
{
	count_vm_events(event, 1);
}

/* Of the second half. */
static __always_inline void count_zone_vm_events(const struct zone *zone,
						 enum vm_event event, u32 n)
{
	add_vm_events((u32)event + zone->type, n);
}

static __always_inline void count_zone_vm_event(const struct zone *zone,
						enum vm_event event)
{
	count_zone_vm_events(zone, event, 1);
}

/* Of all CPUs; of the second half: of all types of zones. */
u32 vm_event_sum(enum vm_event event);

/* Of the second half: those of one type. */
u32 zone_vm_event_sum(enum zone_type type, enum vm_event event);

#endif
