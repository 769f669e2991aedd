/*
 * Ring 3 without an address space: a page of code and a page of stack, shown by
 * the kernel's own tables at user addresses. One at a time.
 */
#ifndef TESTS_KERNEL_FLAT_USER_H
#define TESTS_KERNEL_FLAT_USER_H

#include <kernel/user/process.h>

#define FLAT_CODE 0x08048000U		/* may be read and executed */
#define FLAT_STACK 0x08049000U		/* may be written */
#define FLAT_STACK_TOP 0x0804a000U

/* Instructions that run wherever they are copied to. */
#define FLAT_PROGRAM(name, text)					\
	extern const u8 name[], name##_end[];				\
	__asm__(".pushsection .rodata\n" #name ":\n\t" text "\n"	\
		#name "_end:\n\t.popsection")

/* The process may begin at FLAT_CODE until flat_end(). False: no tables. */
bool flat_begin(const u8 *code, const u8 *end);
void flat_end(void);

/*
 * Runs the program from its begin; its status, and the registers it ended with
 * in *regs (unless NULL). ~0: it could not be begun.
 */
u32 flat_run(const u8 *code, const u8 *end, struct pt_regs *regs);
#define FLAT_RUN(name, regs) flat_run(name, name##_end, (regs))

#endif
