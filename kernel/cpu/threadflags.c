#include <kernel/cpu/threadflags.h>

/* Of what runs before there are threads. */
static u32 boot_flags;

struct stack_range thread_stack[NR_CPUS];
u32 *thread_flags[NR_CPUS] = { [0 ... NR_CPUS - 1] = &boot_flags };
