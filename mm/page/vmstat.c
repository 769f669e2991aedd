/* Sums of what each CPU counted: <mm/page/vmstat.h>. */
#include <mm/page/vmstat.h>

u32 vm_events[NR_CPUS][NR_VM_EVENTS];

u32 vm_event_sum(enum vm_event event)
{
	unsigned int cpu;
	u32 n = 0;

	for_each_cpu(cpu)
		n += vm_events[cpu][event];
	return n;
}
