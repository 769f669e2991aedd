/*
 * Traps of ring 3 that nobody mended: each is a signal, and as no program here
 * handles one, the end of the program. The log gets two lines: what was tried,
 * and the registers. The kernel goes on.
 *
 *	vector				signal
 *	divide error, x87, SIMD		SIGFPE
 *	debug, breakpoint		SIGTRAP
 *	invalid opcode			SIGILL
 *	segment not present, stack,
 *	alignment			SIGBUS
 *	overflow, bound, TSS,
 *	protection, page fault, no FPU	SIGSEGV
 *	NMI, double fault, machine
 *	check				none: the machine's
 *
 * A page fault behind the end of a file is SIGBUS, as is one for a page that
 * swap cannot give back; one without memory SIGKILL.
 */
#include <kernel/base/printk.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/processor.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/user/internal.h>

#define CAUSE_MAX 96

static const u8 signals[NR_EXCEPTIONS] = {
	[TRAP_DIVIDE] = SIGFPE, [TRAP_DEBUG] = SIGTRAP,
	[TRAP_BREAKPOINT] = SIGTRAP, [TRAP_OVERFLOW] = SIGSEGV,
	[5] = SIGSEGV, [TRAP_INVALID_OPCODE] = SIGILL, [TRAP_NO_FPU] = SIGSEGV,
	[9] = SIGFPE, [10] = SIGSEGV, [TRAP_SEGMENT] = SIGBUS,
	[TRAP_STACK] = SIGBUS, [TRAP_PROTECTION] = SIGSEGV,
	[TRAP_PAGE_FAULT] = SIGSEGV, [16] = SIGFPE, [17] = SIGBUS,
	[19] = SIGFPE,
};

static const char *signal_name(int signal)
{
	switch (signal) {
	case SIGFPE:
		return "SIGFPE";
	case SIGTRAP:
		return "SIGTRAP";
	case SIGILL:
		return "SIGILL";
	case SIGBUS:
		return "SIGBUS";
	case SIGKILL:
		return "SIGKILL";
	}
	return "SIGSEGV";
}

static const char *access_verb(u32 error)
{
	if (error & PF_INSTR)
		return "execute";
	return error & PF_WRITE ? "write to" : "read";
}

static const char *reason(const struct pt_regs *regs, u32 address,
			  enum fault_result result)
{
	if (address >= PAGE_OFFSET)
		return "which is the kernel's";
	/* without an address space nobody has said why */
	if (result == FAULT_MINOR)
		return regs->error_code & PF_PRESENT ? "which is protected" :
		       "where nothing is mapped";
	return fault_reason(result);
}

static void explain(const struct pt_regs *regs, u32 address,
		    enum fault_result result, char *text, u32 size)
{
	if (regs->vector == TRAP_PAGE_FAULT)
		snprintf(text, size, "tried to %s %08x, %s",
			 access_verb(regs->error_code), address,
			 reason(regs, address, result));
	else
		strlcpy(text, trap_name(regs->vector), size);
}

static void report(const struct pt_regs *regs, u32 address,
		   enum fault_result result, int signal)
{
	char cause[CAUSE_MAX];

	explain(regs, address, result, cause, sizeof(cause));
	pr_info("process %u (%s) ends by %s at %08x: %s\n"
		"  EAX: %08x EBX: %08x ECX: %08x EDX: %08x\n"
		"  ESI: %08x EDI: %08x EBP: %08x ESP: %08x\n",
		current->pid, current->name, signal_name(signal),
		regs->eip, cause, regs->eax, regs->ebx, regs->ecx, regs->edx,
		regs->esi, regs->edi, regs->ebp, regs->esp);
}

bool user_trap(struct pt_regs *regs)
{
	/* another fault may change it as soon as interrupts are on */
	u32 address = regs->vector == TRAP_PAGE_FAULT ? read_cr2() : 0;
	int signal = signals[regs->vector];

	if (regs->vector == TRAP_NO_FPU && fpu_wanted(current->process))
		return true;
	if (!signal)
		return false;
	local_irq_enable();
	report(regs, address, FAULT_MINOR, signal);
	process_exit(STATUS_KILLED(signal), regs);
}

void user_page_fault(struct pt_regs *regs, u32 address,
		     enum fault_result result)
{
	bool bus = result == FAULT_NO_PAGE || result == FAULT_SWAP;
	int signal = bus ? SIGBUS : result == FAULT_OOM ? SIGKILL : SIGSEGV;

	/* who killed it has said so */
	if (result == FAULT_KILLED)
		process_killed(regs);
	report(regs, address, result, signal);
	process_exit(STATUS_KILLED(signal), regs);
}
