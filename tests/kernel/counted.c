#include <kernel/cpu/hardirq.h>
#include <kernel/cpu/time.h>
#include "counted.h"

/* Twenty times the same instructions in the same time. */
bool instructions_are_counted(void)
{
	u32 flags = local_irq_save(), i;
	bool same = tsc_khz != 0;
	u64 from;

	for (i = 0; same && i < 20; i++) {
		from = rdtsc();
		__asm__ volatile(".rept 100; nop; .endr");
		same = rdtsc() - from - 100 < 20;
	}
	local_irq_restore(flags);
	/* one instruction is one nanosecond there */
	return same && tsc_khz - 999900 < 200;
}
