/*
 * More memory in use than there is: the passes of the program tests/user/swap.c
 * over 96 MB of a machine of 64 MB, with a RAM disk as swap. A figure is all
 * the instructions of a pass, the program's own among them.
 *
 *	pass1	writes a word of each page, in order
 *	pass2	looks at each page, and writes it anew
 *	pass3	reads 10000 pages at random
 *	pass4	looks at 16 MB and writes them, four times
 *
 * One run of the program measures all of them: what one pass leaves is where
 * the next one begins. tests/bench/run.py has the machine.
 */
#include <kernel/base/printk.h>
#include <kernel/user/process.h>
#include "bench.h"

#define PROGRAM "swap"

enum { PASS_1, PASS_2, PASS_3, PASS_4, SCANNED, NR_FIGURES };

/* Of the last run; each is told once, and 0 then. */
static u32 figure[NR_FIGURES];

static void run_passes(void)
{
	static const char *const argv[] = { PROGRAM, "96", "passes" };
	struct process *process = process_run(ARRAY_SIZE(argv), argv);
	struct pt_regs regs;

	BUG_ON(!process || process_join(process, &regs),
	       "the program of the benchmarks failed");
	figure[PASS_1] = regs.ecx;
	figure[PASS_2] = regs.edx;
	figure[PASS_3] = regs.esi;
	figure[PASS_4] = regs.edi;
	figure[SCANNED] = regs.ebp;
}

static u32 tell(u32 which)
{
	u32 value;

	if (!figure[which])
		run_passes();
	value = figure[which];
	figure[which] = 0;
	return value;
}

#define PASS(name, which)						\
	static u64 name(void)						\
	{								\
		return 100ULL * tell(which);				\
	}

PASS(pass1, PASS_1)
PASS(pass2, PASS_2)
PASS(pass3, PASS_3)
PASS(pass4, PASS_4)

/* Pages looked at for one that came back. */
static u64 scanned(void)
{
	return tell(SCANNED);
}

#define SWAP_CASE(name_, read_)						\
	{ .name = "swap." name_, .ops = 1, .read = (read_),		\
	  .need = { .program = PROGRAM, .swap = true } }

static const struct bench_case cases[] = {
	SWAP_CASE("pass1", pass1),
	SWAP_CASE("pass2", pass2),
	SWAP_CASE("pass2.scanned_per_stolen", scanned),
	SWAP_CASE("pass3", pass3),
	SWAP_CASE("pass4", pass4),
};

BENCH_TABLE(bench_swap, cases);
