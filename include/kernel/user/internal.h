/* What the files of kernel/user share. */
#ifndef KERNEL_USER_INTERNAL_H
#define KERNEL_USER_INTERNAL_H

#include <kernel/user/process.h>

void system_call(void);				/* entry.S */
bool user_trap(struct pt_regs *regs);		/* fault.c */

#endif
