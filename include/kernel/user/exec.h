/*
 * Loading a program into an address space.
 */
#ifndef KERNEL_USER_EXEC_H
#define KERNEL_USER_EXEC_H

#include <kernel/cpu/traps.h>

/* Arguments and environment: strings one behind the other, arguments first. */
struct exec_args {
	char *text;		/* vmalloc() */
	u32 size;		/* bytes of it, zeros counted */
	u32 argc, envc;
};

/* Room for so many bytes. 0, or -E2BIG (more than EXEC_ARGS_MAX), -ENOMEM. */
#define EXEC_ARGS_MAX (32U * 4096)	/* the reference's: 32 pages */
int exec_args_init(struct exec_args *args, u32 size);
void exec_args_free(struct exec_args *args);

/*
 * The calling thread gets a new address space with that program in it; *regs
 * are those of its begin. 0, or what opening a file gives, -EACCES (no regular
 * file with an x), -ENOEXEC (the log says why), -ENOMEM, -EIO, -E2BIG: then it
 * has the space that it had. May sleep.
 */
int exec_program(const char *path, const struct exec_args *args,
		 struct pt_regs *regs);

#endif
