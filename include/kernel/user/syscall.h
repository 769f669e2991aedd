/*
 * System calls: INT 0x80 with the number in EAX, up to six arguments in EBX,
 * ECX, EDX, ESI, EDI, EBP; the result comes back in EAX, an error as its
 * negative number. Numbers are Linux's for the i386 (2.6, asm-i386/unistd.h).
 * ULK3 chapter 10.
 */
#ifndef KERNEL_USER_SYSCALL_H
#define KERNEL_USER_SYSCALL_H

#include <kernel/cpu/traps.h>

enum {
	NR_exit = 1,
	NR_getpid = 20,
	NR_sched_yield = 158,
	NR_gettid = 224,
	NR_exit_group = 252,
	NR_SYSTEM_CALLS,
};

/* May sleep; interrupts are on, if they were on in ring 3. */
typedef long (*system_call_t)(struct pt_regs *regs);

/* From entry.S. What is not there is -ENOSYS, and told once for each number. */
void fastcall do_system_call(struct pt_regs *regs);

#endif
