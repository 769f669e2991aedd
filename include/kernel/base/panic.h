/*
 * The end: a report that a reader can use, then the machine stops.
 *
 * panic() and every exception that nobody handles print the sentence, the
 * registers, a back trace with names, and what fault_report_hook adds (the
 * page-table walk of the fault address, and a plain cause). Any context; never
 * returns. The report goes out whatever locks are held.
 */
#ifndef KERNEL_BASE_PANIC_H
#define KERNEL_BASE_PANIC_H

#include <kernel/cpu/traps.h>
#include <kernel/lib/compiler.h>

__noreturn __format_printf(1, 2) void panic(const char *fmt, ...);

/* BUG_ON and exceptions come here from now on. */
void panic_init(void);

/*
 * An upper layer adds to the report of an exception, and says the cause in a
 * sentence. address: CR2 for a page fault and a double fault, else EIP. May
 * print; writes the sentence, without its full stop, to cause[0..size).
 */
extern void (*fault_report_hook)(const struct pt_regs *regs, u32 address,
				 char *cause, u32 size);

/*
 * Called at the very end of a panic with its sentence (and, for an exception,
 * the cause): a test run ends the machine there. May return.
 */
extern void (*panic_end_hook)(const char *message);

#endif
