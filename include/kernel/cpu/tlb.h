/*
 * Flushing the TLB. SDM volume 3A, section 4.10.4.
 *
 * Any context; never sleeps. All go through one function that carries the
 * flush out, which will tell the other CPUs, too. Counted since boot: `cpu` at
 * the prompt and the benchmarks show the counts.
 */
#ifndef KERNEL_CPU_TLB_H
#define KERNEL_CPU_TLB_H

#include <kernel/cpu/percpu.h>
#include <kernel/lib/compiler.h>

/* The one page at addr, global or not. */
void fastcall flush_tlb_one(u32 addr);

/*
 * The page at addr, which no CPU but this one ever uses: no other needs to be
 * told. Counted among the single pages; inline for kmap_atomic().
 */
extern u32 tlb_own_flushes[NR_CPUS];

static __always_inline void flush_tlb_own(u32 addr)
{
	__asm__ volatile("invlpg (%0)" : : "r"(addr) : "memory");
	tlb_own_flushes[smp_processor_id()]++;
}

/* [start, end): page by page, or everything where that is less work. */
void flush_tlb_range(u32 start, u32 end);

/* Everything but global pages: a CR3 reload. */
void flush_tlb_local(void);

/* Everything, global pages too: CR4.PGE off and on. */
void flush_tlb_all(void);

struct tlb_counts {
	u32 one;	/* pages flushed by INVLPG */
	u32 local;	/* CR3 reloads */
	u32 all;	/* flushes of global pages, too */
};

struct tlb_counts tlb_counts(void);

#endif
