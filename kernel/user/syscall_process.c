/* Calls about processes. */
#include <kernel/cpu/desc.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/user/exec.h>
#include <kernel/user/internal.h>
#include <kernel/user/syscall.h>
#include <mm/space/uaccess.h>

/* Linux's flags of clone(), and of waitpid(). */
#define CLONE_SIGNAL 0xffU
#define CLONE_VM 0x100U
#define CLONE_VFORK 0x4000U
#define CLONE_PARENT_SETTID 0x100000U
#define CLONE_CHILD_CLEARTID 0x200000U
#define CLONE_CHILD_SETTID 0x1000000U
#define CLONE_TAKEN (CLONE_SIGNAL | CLONE_VM | CLONE_VFORK |		\
		     CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID |	\
		     CLONE_CHILD_SETTID)
#define WAIT_TAKEN 0xe000000bU	/* WNOHANG, WUNTRACED, WCONTINUED, __W* */
#define RUSAGE_BYTES 72U
#define STRINGS_MOST 0x8000U	/* pointers of argv, or of the environment */

long sys_exit(struct pt_regs *regs)
{
	local_irq_enable();
	process_exit(STATUS_EXITED(regs->ebx), regs);
}

long sys_fork(struct pt_regs *regs)
{
	return process_clone(regs, 0, 0);
}

/*
 * As fork(): a child with memory of its own, even where the flags would let it
 * use the parent's while that waits (vfork()). Threads there are none.
 */
long sys_clone(struct pt_regs *regs)
{
	u32 flags = regs->ebx;
	long pid;

	if (flags & ~CLONE_TAKEN || (flags & CLONE_SIGNAL) != SIGCHLD ||
	    (flags & (CLONE_VM | CLONE_VFORK)) == CLONE_VM)
		return -EINVAL;
	pid = process_clone(regs, regs->ecx,
			    flags & CLONE_CHILD_SETTID ? regs->edi : 0);
	if (pid > 0 && flags & CLONE_PARENT_SETTID)
		/* the child is there, whatever becomes of this */
		put_user((u32)pid, (u32 *)regs->edx);
	return pid;
}

static long wait_for(const struct pt_regs *regs)
{
	u32 status;
	long pid;

	if (regs->edx & ~WAIT_TAKEN)
		return -EINVAL;
	pid = process_wait((s32)regs->ebx, &status, regs->edx);
	if (pid > 0 && regs->ecx && put_user(status, (u32 *)regs->ecx))
		return -EFAULT;
	return pid;
}

long sys_waitpid(struct pt_regs *regs)
{
	return wait_for(regs);
}

/* Nobody counts what a child used: all of it is zero. */
long sys_wait4(struct pt_regs *regs)
{
	long pid = wait_for(regs);

	if (pid > 0 && regs->esi &&
	    clear_user((void *)regs->esi, RUSAGE_BYTES))
		return -EFAULT;
	return pid;
}

long sys_getpid(struct pt_regs *regs)
{
	return (long)current->pid;
}

long sys_getppid(struct pt_regs *regs)
{
	return process_parent();
}

long sys_sched_yield(struct pt_regs *regs)
{
	yield();
	return 0;
}

/* --- execve --- */

/* Strings of a NULL-terminated table: how many, and bytes of all. */
static int count_strings(u32 table, u32 *n, u32 *bytes)
{
	u32 at, length;

	for (*n = 0; table; (*n)++) {
		if (*n == STRINGS_MOST)
			return -E2BIG;
		if (get_user(at, (u32 *)table + *n))
			return -EFAULT;
		if (!at)
			break;
		length = strnlen_user((const char *)at, EXEC_ARGS_MAX);
		if (!length)
			return -EFAULT;
		*bytes += length;
		if (*bytes > EXEC_ARGS_MAX)
			return -E2BIG;
	}
	return 0;
}

static int copy_strings(u32 table, u32 n, struct exec_args *args, u32 room)
{
	u32 i, at;
	int length;

	for (i = 0; i < n; i++) {
		if (get_user(at, (u32 *)table + i))
			return -EFAULT;
		length = strncpy_from_user(args->text + args->size,
					   (const char *)at, room - args->size);
		if (length < 0)
			return length;
		if ((u32)length == room - args->size)
			return -E2BIG;
		args->size += (u32)length + 1;
	}
	return 0;
}

static int fetch_args(struct pt_regs *regs, struct exec_args *args)
{
	u32 argc, envc, bytes = 0;
	int err = count_strings(regs->ecx, &argc, &bytes);

	if (!err)
		err = count_strings(regs->edx, &envc, &bytes);
	if (!err)
		err = exec_args_init(args, bytes);
	if (err)
		return err;
	args->argc = argc;
	args->envc = envc;
	err = copy_strings(regs->ecx, argc, args, bytes);
	if (!err)
		err = copy_strings(regs->edx, envc, args, bytes);
	if (err)
		exec_args_free(args);
	return err;
}

long sys_execve(struct pt_regs *regs)
{
	struct exec_args args;
	char *path;
	int err = get_path(regs->ebx, &path);

	if (err)
		return err;
	err = fetch_args(regs, &args);
	if (!err) {
		err = exec_program(path, &args, regs);
		exec_args_free(&args);
	}
	if (!err)
		process_has_new_program(path);
	put_path(path);
	return err;
}

/* --- thread-local storage --- */

struct user_desc {
	u32 entry, base, limit;
	u32 seg_32bit : 1, contents : 2, read_exec_only : 1,
	    limit_in_pages : 1, seg_not_present : 1, useable : 1;
};

static bool is_empty(const struct user_desc *d)
{
	return !d->base && !d->limit && d->seg_not_present &&
	       d->read_exec_only;
}

long sys_set_thread_area(struct pt_regs *regs)
{
	struct process *process = current->process;
	struct user_desc d;
	u32 i, flags;

	if (copy_from_user(&d, (const void *)regs->ebx, sizeof(d)))
		return -EFAULT;
	if (d.entry == ~0U) {
		for (i = 0; i < GDT_TLS_ENTRIES && process->tls[i]; i++)
			;
		if (i == GDT_TLS_ENTRIES)
			return -ESRCH;
		d.entry = GDT_ENTRY_TLS + i;
		if (put_user(d.entry, (u32 *)regs->ebx))
			return -EFAULT;
	}
	i = d.entry - GDT_ENTRY_TLS;
	if (i >= GDT_TLS_ENTRIES || (!is_empty(&d) && !d.seg_32bit))
		return -EINVAL;
	flags = local_irq_save();
	process->tls[i] = is_empty(&d) ? 0 :
			  tls_descriptor(d.base, d.limit, d.limit_in_pages,
					 !d.read_exec_only);
	set_tls(process->tls);
	local_irq_restore(flags);
	return 0;
}
