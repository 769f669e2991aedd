/*
 * Single instructions and the shortest functions: what a tick is, and how much
 * of another case's figure is its loop. Bare invlpg and CR3 loads do not count
 * as flushes; those of kernel/cpu/tlb.h do.
 */
#include <kernel/cpu/io.h>
#include <kernel/lib/string.h>
#include "bench.h"

#define DELAY_PORT 0x80		/* POST codes: nobody minds */

#define CALIB(id, statement)						\
static void calib_##id(struct bench *b)					\
{									\
	void *from = bench_slots, *to = bench_slots + 1024;		\
	u32 n = b->ops;							\
									\
	(void)from;							\
	(void)to;							\
	bench_start(b);							\
	do {								\
		statement;						\
	} while (--n);							\
	bench_stop(b);							\
}

static __always_inline void rep_stosl(void *to, u32 words)
{
	__asm__ volatile("rep stosl" : "+D"(to), "+c"(words) : "a"(0)
			 : "memory");
}

static __always_inline void rep_movsl(void *to, void *from, u32 words)
{
	__asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(words) :
			 : "memory");
}

CALIB(empty_loop, barrier())
CALIB(nop1000, __asm__ volatile(".rept 1000; nop; .endr"))
CALIB(nop2000, __asm__ volatile(".rept 2000; nop; .endr"))
CALIB(nop4000, __asm__ volatile(".rept 4000; nop; .endr"))
CALIB(rdtsc, rdtsc())
CALIB(rep_stosl_1024, rep_stosl(to, 1024))
CALIB(rep_movsl_1024, rep_movsl(to, from, 1024))
CALIB(memset_4096, memset(to, 0, PAGE_SIZE))
CALIB(memcpy_4096, memcpy(to, from, PAGE_SIZE))
CALIB(irq_save_restore, local_irq_restore(local_irq_save()))
CALIB(invlpg, __asm__ volatile("invlpg (%0)" : : "r"(to) : "memory"))
CALIB(cr3_reload, write_cr3(read_cr3()))
CALIB(inb_0x80, inb(DELAY_PORT))
CALIB(flush_one, flush_tlb_one((u32)(uintptr_t)to))
CALIB(flush_local, flush_tlb_local())
CALIB(flush_all, flush_tlb_all())

#define CASE(name_, id)							\
	{ .name = (name_), .ops = BENCH_OPS, .batches = BENCH_BATCHES,	\
	  .batch = calib_##id }

static const struct bench_case cases[] = {
	CASE("calib.empty_loop", empty_loop),
	CASE("calib.nop1000", nop1000),
	CASE("calib.nop2000", nop2000),
	CASE("calib.nop4000", nop4000),
	CASE("calib.rdtsc", rdtsc),
	CASE("calib.rep_stosl_1024", rep_stosl_1024),
	CASE("calib.rep_movsl_1024", rep_movsl_1024),
	CASE("calib.memset_4096", memset_4096),
	CASE("calib.memcpy_4096", memcpy_4096),
	CASE("calib.irq_save_restore", irq_save_restore),
	CASE("calib.invlpg", invlpg),
	CASE("calib.cr3_reload", cr3_reload),
	CASE("calib.inb_0x80", inb_0x80),
	CASE("tlb.flush_one", flush_one),
	CASE("tlb.flush_local", flush_local),
	CASE("tlb.flush_all", flush_all),
};

BENCH_TABLE(bench_calib, cases);
