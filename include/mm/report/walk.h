/* Page tables for people. */
#ifndef MM_REPORT_WALK_H
#define MM_REPORT_WALK_H

#include <kernel/lib/types.h>
#include <mm/table/pgtable.h>

/* Each entry on the way of addr, decoded, and what comes out. */
void report_walk(const struct pgtable *pt, u32 addr);

/*
 * Every present leaf of [from, to], one a line: address, frame, size and flags:
 * G(lobal) W(ritable) U(ser) C(ache off) X (not executable), a '-' for each
 * that is not set. The same facts as QEMU's `info tlb`: the tests compare them.
 */
void report_leaves(const struct pgtable *pt, u32 from, u32 to);

/* The plain sentence: why did this access fault? Into buf of size bytes. */
struct pt_regs;
void explain_fault(const struct pt_regs *regs, u32 address, char *buf,
		   u32 size);

/* Adds the walk of the address and the sentence to every fault's report. */
void report_fault_init(void);

#endif
