/*
 * Functions that run once the kernel is up, before the prompt, in link order.
 * For what main.c must not know: tests, experiments (make run EXTRA=dir).
 */
#ifndef KERNEL_BASE_INIT_H
#define KERNEL_BASE_INIT_H

#include <kernel/lib/compiler.h>

typedef void (*initcall_t)(void);

#define late_initcall(fn)						\
	static const initcall_t initcall_##fn				\
	__used __section(".initcalls") = fn

extern const initcall_t __initcalls_start[];
extern const initcall_t __initcalls_end[];

#endif
