#include <kernel/cpu/threadflags.h>

/* Of what runs before there are threads. */
static struct thread_part boot_part;

struct thread_part *thread_parts[NR_CPUS] = {
	[0 ... NR_CPUS - 1] = &boot_part,
};
