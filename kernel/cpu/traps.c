/*
 * 1. Every exception ends in do_trap(): first the handler registered for the
 *    vector, which may mend what lacked (a table of vmalloc's) so that a probe
 *    does not even notice; then a probe under way; then trap_fatal_hook.
 * 2. A probe (cpu_probe) is the kernel's way to try: is this page read-only,
 *    does this frame exist, must this fault? probe_call() notes its stack
 *    pointer; a trap meanwhile is recorded and resumed at probe_landing, which
 *    takes the noted stack. It works for any exception, also for a jump into
 *    nothing, where a table of faulting instructions would not.
 *    What ring 3 did is no probe's, and the kernel does not die of it:
 *    user_trap_hook.
 * 3. On the way back to ring 3 the segments that it had are loaded. One may
 *    have become invalid meanwhile: then the load faults, in the kernel. It is
 *    tried again with the null selector, with which the program can do nothing
 *    but fault itself.
 * 4. An interrupt (irq.c) may come in the middle of a sequence that must not
 *    be disturbed: that is set back to its begin (cpustack.h).
 * 5. The exception table lists the instructions that touch user memory. Who
 *    handles page faults asks it when nothing can be mapped there: all of them
 *    stand in one file, so it is short, and searched from its begin.
 * 6. A double fault comes as a task (desc.c): the victim's registers are read
 *    from init_tss and shown as if they had been pushed.
 */
#include <kernel/cpu/cpustack.h>
#include <kernel/cpu/desc.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/bug.h>

void (*trap_fatal_hook)(struct pt_regs *regs);
bool (*user_trap_hook)(struct pt_regs *regs);

static trap_handler_t handlers[NR_EXCEPTIONS];

bool probe_call(void (*fn)(void *), void *arg);	/* trap_entry.S */
extern const char probe_landing[];
extern const char return_pops[], return_pops_end[];

static bool probe_active;
static struct trap_record probe_record;

static const char *const names[NR_EXCEPTIONS] = {
	"divide error", "debug exception", "non-maskable interrupt",
	"breakpoint", "overflow", "bound range exceeded", "invalid opcode",
	"device not available", "double fault", "coprocessor segment overrun",
	"invalid TSS", "segment not present", "stack fault",
	"general protection fault", "page fault", NULL,
	"x87 floating-point error", "alignment check", "machine check",
	"SIMD floating-point error", "virtualization exception",
	"control protection exception",
};

const char *trap_name(unsigned int vector)
{
	return vector < NR_EXCEPTIONS && names[vector] ? names[vector] :
	       "reserved exception";
}

trap_handler_t set_trap_handler(unsigned int vector, trap_handler_t handler)
{
	trap_handler_t before;

	BUG_ON(vector >= NR_EXCEPTIONS, "no such exception");
	before = handlers[vector];
	handlers[vector] = handler;
	return before;
}

extern const struct exception_entry __ex_table_start[], __ex_table_end[];

bool fixup_exception(struct pt_regs *regs)
{
	const struct exception_entry *e;

	for (e = __ex_table_start; e < __ex_table_end; e++)
		if (e->insn == regs->eip) {
			regs->eip = e->fixup;
			return true;
		}
	return false;
}

bool cpu_probe(void (*fn)(void *), void *arg, struct trap_record *record)
{
	u32 flags = local_irq_save();
	bool ran;

	BUG_ON(probe_active, "a probe inside a probe");
	probe_active = true;
	ran = probe_call(fn, arg);
	probe_active = false;
	if (!ran && record)
		*record = probe_record;
	local_irq_restore(flags);
	return ran;
}

void cpu_probe_abandon(void)
{
	probe_active = false;
}

static void divert_to_landing(struct pt_regs *regs)
{
	probe_record = (struct trap_record){
		.vector = regs->vector,
		.error_code = regs->error_code,
		.address = regs->vector == TRAP_PAGE_FAULT ? read_cr2() : 0,
		.eip = regs->eip,
	};
	regs->eip = (u32)(uintptr_t)probe_landing;
}

static __noreturn void trap_fatal(struct pt_regs *regs)
{
	if (trap_fatal_hook)
		trap_fatal_hook(regs);
	cpu_halt_forever();
}

extern const struct restart_range __restart_ranges_start[];
extern const struct restart_range __restart_ranges_end[];

/* From the first of all ranges to behind the last: most code is outside. */
static struct restart_range around_all;

static void look_for_ranges(void)
{
	const struct restart_range *range;
	u32 begin = ~0U, end = 0;

	for (range = __restart_ranges_start; range < __restart_ranges_end;
	     range++) {
		begin = min(begin, range->begin);
		end = max(end, range->begin + range->length);
	}
	around_all.begin = begin;
	around_all.length = end - begin;
}

static bool in_range(u32 eip, const struct restart_range *range)
{
	return eip - range->begin < range->length;
}

void restart_sequence(struct pt_regs *regs)
{
	const struct restart_range *range;
	u32 eip = regs->eip;

	if (unlikely(!around_all.length))
		look_for_ranges();
	if (!in_range(eip, &around_all))
		return;
	for (range = __restart_ranges_start; range < __restart_ranges_end;
	     range++)
		if (in_range(eip, range)) {
			regs->eip = range->begin;
			return;
		}
}

/* NMI and machine check are nobody's doing: a probe must not take them. */
static bool is_fault(u32 vector)
{
	return vector != TRAP_NMI && vector != TRAP_MACHINE_CHECK;
}

static bool mend_segment(struct pt_regs *regs)
{
	u32 eip = regs->eip;

	if (eip < (u32)(uintptr_t)return_pops ||
	    eip >= (u32)(uintptr_t)return_pops_end)
		return false;
	*(u32 *)(uintptr_t)regs_esp(regs) = 0;
	return true;
}

void do_trap(struct pt_regs *regs)
{
	trap_handler_t handler = handlers[regs->vector];

	if (handler && handler(regs))
		return;
	if (user_mode(regs) && is_fault(regs->vector) && user_trap_hook &&
	    user_trap_hook(regs))
		return;
	if (probe_active && is_fault(regs->vector)) {
		divert_to_landing(regs);
		return;
	}
	if (mend_segment(regs))
		return;
	trap_fatal(regs);
}

__noreturn void do_double_fault(void);

void do_double_fault(void)
{
	const struct tss *t = &init_tss;
	struct pt_regs regs = {
		.ebx = t->ebx, .ecx = t->ecx, .edx = t->edx, .esi = t->esi,
		.edi = t->edi, .ebp = t->ebp, .eax = t->eax,
		.ds = t->ds, .es = t->es, .fs = t->fs, .gs = t->gs,
		.vector = TRAP_DOUBLE_FAULT,
		.eip = t->eip, .cs = t->cs, .eflags = t->eflags,
		.esp = t->esp, .ss = t->ss,
	};

	trap_fatal(&regs);
}
