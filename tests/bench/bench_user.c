/*
 * Ring 3. syscall.null: getpid() in a loop of three instructions, read by the
 * program itself, which has no interrupts meanwhile; as on Linux the way there
 * and back is counted, and the call does next to nothing.
 */
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

static const struct bench_case cases[] = {
	{ .name = "syscall.null", .ops = BENCH_OPS, .batches = BENCH_BATCHES,
	  .batch = null_call, .begin = begin, .end = end },
};

BENCH_TABLE(bench_user, cases);
