/*
 * Calls about processes. Signals only end a process, and only its own: handlers
 * are refused, "ignore" and "default" are taken and change nothing, as none of
 * those that there are can be ignored.
 */
#include <kernel/cpu/desc.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/user/exec.h>
#include <kernel/user/process.h>
#include <kernel/user/syscall.h>
#include <mm/object/kmalloc.h>
#include <mm/space/uaccess.h>

#define SIG_IGN 1U		/* the largest that is no handler */
#define CLONE_SIGNAL 0xffU
#define CLONE_VM 0x100U
#define STRINGS_MOST 0x8000U	/* pointers of argv, or of the environment */

long sys_exit(struct pt_regs *regs)
{
	local_irq_enable();
	process_exit(STATUS_EXITED(regs->ebx), regs);
}

long sys_fork(struct pt_regs *regs)
{
	return process_fork(regs);
}

/* As fork(): a child with memory of its own. */
long sys_clone(struct pt_regs *regs)
{
	if (regs->ebx & CLONE_VM || (regs->ebx & CLONE_SIGNAL) != SIGCHLD)
		return -EINVAL;
	return process_fork(regs);
}

long sys_waitpid(struct pt_regs *regs)
{
	u32 status;
	long pid = process_wait((s32)regs->ebx, &status, regs->edx);

	if (pid > 0 && regs->ecx && put_user(status, (u32 *)regs->ecx))
		return -EFAULT;
	return pid;
}

long sys_getpid(struct pt_regs *regs)
{
	return (long)current->process->pid;
}

long sys_getppid(struct pt_regs *regs)
{
	return process_parent();
}

long sys_kill(struct pt_regs *regs)
{
	if (regs->ecx > NR_SIGNALS)
		return -EINVAL;
	if (regs->ebx != current->process->pid)
		return -ESRCH;
	if (!regs->ecx)
		return 0;
	process_exit(STATUS_KILLED(regs->ecx), regs);
}

long sys_rt_sigaction(struct pt_regs *regs)
{
	u32 old[5] = { 0 }, handler;

	if (!regs->ebx || regs->ebx > NR_SIGNALS || regs->esi != 8)
		return -EINVAL;
	if (regs->ecx && get_user(handler, (u32 *)regs->ecx))
		return -EFAULT;
	if (regs->ecx && handler > SIG_IGN)
		return -EINVAL;
	if (regs->edx && copy_to_user((void *)regs->edx, old, sizeof(old)))
		return -EFAULT;
	return 0;
}

long sys_rt_sigprocmask(struct pt_regs *regs)
{
	u64 set = 0;

	if (regs->esi != sizeof(set))
		return -EINVAL;
	if (regs->ecx && get_user(set, (u64 *)regs->ecx))
		return -EFAULT;
	set = 0;
	if (regs->edx && copy_to_user((void *)regs->edx, &set, sizeof(set)))
		return -EFAULT;
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
	kfree(path);
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
