/*
 * The end: a report that a reader can use, then the machine stops.
 *
 * panic() and every exception that nobody handles print the sentence, the
 * registers, a back trace with names, and what the registered reporters add
 * (the page-table walk of the fault address, and a plain cause). Any context;
 * never returns. The report goes out whatever locks are held.
 */
#ifndef KERNEL_BASE_PANIC_H
#define KERNEL_BASE_PANIC_H

#include <kernel/cpu/traps.h>
#include <kernel/lib/compiler.h>

__noreturn __format_printf(1, 2) void panic(const char *fmt, ...);

/* BUG_ON and exceptions come here from now on. */
void panic_init(void);

/*
 * Upper layers add to the report of an exception. address: CR2 for a page
 * fault, else EIP. Called once each, in the order of registration.
 */
struct fault_reporter {
	void (*report)(const struct pt_regs *regs, u32 address);
	struct fault_reporter *next;	/* owned by panic.c */
};
void register_fault_reporter(struct fault_reporter *reporter);

/*
 * Called at the very end of a panic with its sentence: a test run ends the
 * machine there. May return.
 */
extern void (*panic_end_hook)(const char *message);

/* Functions from the frame pointer ebp on, innermost first. */
void print_back_trace(u32 eip, u32 ebp);

#endif
