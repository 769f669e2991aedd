/*
 * Exceptions: who gets them, and how to try something that may fault.
 * SDM volume 3A, chapter 6.
 */
#ifndef KERNEL_CPU_TRAPS_H
#define KERNEL_CPU_TRAPS_H

#define TRAP_DIVIDE 0
#define TRAP_DEBUG 1
#define TRAP_NMI 2
#define TRAP_BREAKPOINT 3
#define TRAP_OVERFLOW 4
#define TRAP_INVALID_OPCODE 6
#define TRAP_NO_FPU 7
#define TRAP_DOUBLE_FAULT 8
#define TRAP_SEGMENT 11
#define TRAP_STACK 12
#define TRAP_PROTECTION 13
#define TRAP_PAGE_FAULT 14
#define TRAP_MACHINE_CHECK 18
#define NR_EXCEPTIONS 32
#define FIRST_IRQ_VECTOR 0x20
#define NR_VECTORS 48		/* exceptions and the two 8259s */
#define SYSTEM_CALL_VECTOR 0x80

/* Page-fault error code, SDM 3A figure 4-12 */
#define PF_PRESENT 0x01		/* 0: no entry; 1: the entry forbids it */
#define PF_WRITE 0x02
#define PF_USER 0x04
#define PF_RSVD 0x08		/* reserved bit; P may be 0 on an emulator */
#define PF_INSTR 0x10		/* instruction fetch, told with NX only */

#ifndef __ASSEMBLER__

#include <kernel/lib/compiler.h>

struct pt_regs {
	u32 ebx, ecx, edx, esi, edi, ebp, eax;
	u32 ds, es, fs, gs;
	u32 vector, error_code;
	u32 eip, cs, eflags;
	u32 esp, ss;		/* there from ring 3, and in a double fault */
};

static inline bool user_mode(const struct pt_regs *regs)
{
	return (regs->cs & 3) == 3;
}

/* The stack pointer at the moment of the trap. */
static inline u32 regs_esp(const struct pt_regs *regs)
{
	if (user_mode(regs) || regs->vector == TRAP_DOUBLE_FAULT)
		return regs->esp;
	return (u32)(uintptr_t)&regs->esp;
}

/*
 * A handler returns true if execution may go on with regs (which it may have
 * changed); false passes the trap on: to a probe under way (so a handler must
 * not take what it cannot mend), else to trap_fatal_hook. Runs with interrupts
 * off.
 */
typedef bool (fastcall *trap_handler_t)(struct pt_regs *regs);

/* Who had it before is given back, to be asked by the new one. */
trap_handler_t set_trap_handler(unsigned int vector, trap_handler_t handler);

/*
 * The exception table: instructions that may fault, each with the place to go
 * on at. For handlers: true if the instruction at regs->eip is in it, and
 * regs goes on there.
 */
struct exception_entry {
	u32 insn, fixup;
};

bool fixup_exception(struct pt_regs *regs);

/* In an asm statement: a fault at label `from` goes on at label `to`. */
#define EXCEPTION_ENTRY(from, to)					\
	".pushsection .ex_table, \"a\"\n\t"				\
	".long " #from ", " #to "\n\t"					\
	".popsection\n\t"

/*
 * The trap is a program's, in ring 3, and no handler mended it: what comes of
 * the program is for kernel/user to say. Runs with interrupts off; false passes
 * it on to trap_fatal_hook. NMI and machine check do not come here.
 */
extern bool (*user_trap_hook)(struct pt_regs *regs);

/* Nobody wanted the trap: must not return. The panic code registers itself. */
extern void (*trap_fatal_hook)(struct pt_regs *regs);

/* "page fault", "divide error", ...; what has no name: "reserved exception". */
const char *trap_name(unsigned int vector);

struct trap_record {
	u32 vector, error_code;
	u32 address;		/* CR2 if it was a page fault */
	u32 eip;
};

/*
 * Calls fn(arg). True if it returned; false if it raised an exception, which
 * is then in *record (unless NULL). Not to be nested. fn is left in the middle:
 * it must hold nothing at that point. Any context.
 */
bool cpu_probe(void (*fn)(void *), void *arg, struct trap_record *record);

/* A panic gives up a probe under way: what it tries itself needs one. */
void cpu_probe_abandon(void);

/*
 * Goes to ring 3 (or wherever regs say), as if it had been interrupted there.
 * The stack below regs is lost. A thread's.
 */
__noreturn void return_to(const struct pt_regs *regs);

/* Common entry of exceptions, from trap_entry.S; where it returns to there. */
void do_trap(struct pt_regs *regs);
extern const char trap_return_address[];

#endif
#endif
