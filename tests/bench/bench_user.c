/*
 * Ring 3.
 *
 * 1. syscall.null: getpid() in a loop of three instructions, read by the
 * program itself, which has no interrupts meanwhile; as on Linux the way there
 * and back is counted, and the call does next to nothing.
 *
 * 2. user.*: what the program tests/user/bench.c measures, of a process with
 *    memory of its own. Each batch is a process; it warms up by itself, and
 *    ends with its ticks in EDX:ECX. Interrupts are on, as faults need them.
 */
#include <kernel/lib/bug.h>
#include <kernel/lib/printf.h>
#include "../kernel/flat_user.h"
#include "bench.h"

/* EDI: how often. EDX:EAX at the end is in EBP:ESI. */
FLAT_PROGRAM(null_calls,
	     "rdtsc; movl %eax, %esi; movl %edx, %ebp\n"
	     "1:\tmovl $20, %eax; int $0x80; decl %edi; jnz 1b\n\t"
	     "rdtsc; subl %esi, %eax; sbbl %ebp, %edx\n\t"
	     "movl %eax, %esi; movl %edx, %ebp\n\t"
	     "movl $1, %eax; int $0x80");

static bool mapped;

static void begin(void)
{
	mapped = flat_begin(null_calls, null_calls_end);
}

static void end(void)
{
	flat_end();
}

static void null_call(struct bench *b)
{
	struct process *process;
	struct pt_regs regs;

	user_regs(&regs, FLAT_CODE, FLAT_STACK_TOP);
	regs.edi = b->ops;
	regs.eflags &= ~EFLAGS_IF;
	local_irq_enable();
	process = mapped ? process_start(&regs, "bench") : NULL;
	if (process) {
		process_join(process, &regs);
		b->ticks += (u64)regs.ebp << 32 | regs.esi;
	}
	local_irq_disable();
}

/* --- the program --- */

#define PROGRAM "bench"
#define PAGES 512U
#define FORKS 50U

static void measured_by_itself(struct bench *b, const char *name)
{
	char ops[12];
	const char *argv[] = { PROGRAM, name, ops };
	struct process *process;
	struct pt_regs regs;

	snprintf(ops, sizeof(ops), "%u", b->ops);
	local_irq_enable();
	process = process_run(ARRAY_SIZE(argv), argv);
	BUG_ON(!process || process_join(process, &regs),
	       "the program of the benchmarks failed");
	b->ticks += (u64)regs.edx << 32 | regs.ecx;
	local_irq_disable();
}

#define MEASURED(name)							\
	static void name(struct bench *b)				\
	{								\
		measured_by_itself(b, #name);				\
	}

MEASURED(null)
MEASURED(fault_write)
MEASURED(fault_read)
MEASURED(cow_copy)
MEASURED(cow_reuse)
MEASURED(fork_page)
MEASURED(fork_exit_wait)
MEASURED(munmap_page)
MEASURED(mmap_munmap)

/* Pages for both sides of a fork of twice as many, and what is around them. */
#define USER_CASE(name_, ops_)						\
	{ .name = "user." #name_, .ops = (ops_),			\
	  .batches = BENCH_BATCHES, .batch = (name_),			\
	  .need = { .gfp = GFP_HIGHUSER, .blocks = 5 * PAGES,		\
		    .program = PROGRAM } }

static const struct bench_case cases[] = {
	{ .name = "syscall.null", .ops = BENCH_OPS, .batches = BENCH_BATCHES,
	  .batch = null_call, .begin = begin, .end = end },
	USER_CASE(null, BENCH_OPS),
	USER_CASE(fault_write, PAGES),
	USER_CASE(fault_read, PAGES),
	USER_CASE(cow_copy, PAGES),
	USER_CASE(cow_reuse, PAGES),
	USER_CASE(fork_page, PAGES),
	USER_CASE(fork_exit_wait, FORKS),
	USER_CASE(munmap_page, PAGES),
	USER_CASE(mmap_munmap, BENCH_OPS),
};

BENCH_TABLE(bench_user, cases);
