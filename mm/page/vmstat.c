/* Sums of what each CPU counted: <mm/page/vmstat.h>. */
#include <mm/page/vmstat.h>

u32 vm_events[NR_CPUS][NR_VM_EVENTS];

static u32 sum_of(u32 place)
{
	unsigned int cpu;
	u32 n = 0;

	for_each_cpu(cpu)
		n += vm_events[cpu][place];
	return n;
}

u32 zone_vm_event_sum(enum zone_type type, enum vm_event event)
{
	return sum_of((u32)event + type);
}

u32 vm_event_sum(enum vm_event event)
{
	u32 type, n = 0;

	if (event < ZONE_VM_EVENTS)
		return sum_of(event);
	for (type = 0; type < MAX_NR_ZONES; type++)
		n += sum_of(event + type);
	return n;
}
