#include <kernel/base/bootmark.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/processor.h>

static u64 marks[NR_BOOT_MARKS];

void boot_mark(enum boot_mark mark)
{
	if (cpu_has(X86_FEATURE_TSC))
		marks[mark] = rdtsc();
}

u64 boot_mark_at(enum boot_mark mark)
{
	return marks[mark];
}
