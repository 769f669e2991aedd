/*
 * What happened since boot, as /proc/vmstat shows it. Any context; the order is
 * that of the reference's file.
 */
#ifndef MM_PAGE_VMSTAT_H
#define MM_PAGE_VMSTAT_H

#include <kernel/cpu/percpu.h>
#include <kernel/lib/compiler.h>
#include <kernel/lib/types.h>

enum vm_event {
	PSWPIN,			/* pages read from swap */
	PSWPOUT,		/* and written to it */
	PGACTIVATE,		/* to the active list */
	PGDEACTIVATE,		/* and to the inactive one */
	PGFAULT,
	PGMAJFAULT,		/* of these: that took a device */
	PGREFILL,		/* active pages looked at */
	PGSTEAL_KSWAPD,		/* pages that came back */
	PGSTEAL_DIRECT,
	PGSCAN_KSWAPD,		/* inactive pages looked at */
	PGSCAN_DIRECT,
	SLABS_SCANNED,		/* objects that shrinkers were asked for */
	PAGEOUTRUN,		/* times that kswapd worked */
	PGROTATED,		/* to the end of inactive behind a write */
	OOM_KILL,
	NR_VM_EVENTS
};

extern u32 vm_events[NR_CPUS][NR_VM_EVENTS];

/* One instruction: nothing an interrupt does is lost. */
static __always_inline void count_vm_events(enum vm_event event, u32 n)
{
	__atomic_fetch_add(&vm_events[smp_processor_id()][event], n,
			   __ATOMIC_RELAXED);
}

static __always_inline void count_vm_event(enum vm_event event)
{
	count_vm_events(event, 1);
}

/* Of all CPUs. */
u32 vm_event_sum(enum vm_event event);

#endif
