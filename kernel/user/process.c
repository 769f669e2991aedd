/*
 * 1. A process is a thread. It begins in the kernel, with its registers of ring
 *    3 in its structure, and goes there by the way on which a trap returns.
 *    From then on its stack in the kernel is empty whenever it is in ring 3:
 *    each entry begins at the top again (TSS.esp0), over what the thread began
 *    with; nothing returns there. What else of the CPU is a process's own is
 *    set when it gets the CPU, by the scheduler's hook: esp0, its segments of
 *    the GDT, and whose the FPU's registers are.
 *
 * 2. fork() copies the structure, the address space (copy on write) and the
 *    FPU's registers. Everything is there before the child is seen or runs, so
 *    that a failure in the middle is nobody else's matter. Descriptors are
 *    copied, too: the files behind them are shared.
 *
 * 3. The end. process_exit() gives the address space back first, then tells the
 *    parent, then the thread ends. Children that are left become orphans: one
 *    that has ended goes at once, one that runs frees itself when it ends. The
 *    table of owners is in process.h.
 *
 * 4. A process is on all_processes from become() until its parent has waited
 *    for it; without a parent, until it ends. As long its task does not go.
 *
 * Lock: family_lock, for parent, children, orphan, ended and all_processes;
 * interrupts off; wait_queue.lock and mmlist_lock inside.
 */
#include <kernel/cpu/desc.h>
#include <kernel/cpu/time.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/errno.h>
#include <kernel/lib/string.h>
#include <kernel/user/exec.h>
#include <kernel/user/internal.h>
#include <kernel/user/report.h>
#include <mm/object/kmalloc.h>
#include <mm/space/fault.h>
#include <mm/space/mm.h>
#include <mm/space/uaccess.h>

#define STATUS_NO_PROGRAM 127	/* the shell's */

spinlock_t family_lock = SPIN_LOCK_UNLOCKED("family_lock");
LIST_HEAD(all_processes);

void user_regs(struct pt_regs *regs, u32 eip, u32 esp)
{
	*regs = (struct pt_regs){
		.ds = __USER_DS, .es = __USER_DS,
		.eip = eip, .cs = __USER_CS,
		/* bit 1 reads as one */
		.eflags = EFLAGS_IF | 2,
		.esp = esp, .ss = __USER_DS,
	};
}

/* --- beginning --- */

/* Interrupts are off. */
static void switch_to_process(struct task *next)
{
	init_tss.esp0 = next->part.stack.high;
	set_tls(next->process->tls);
	fpu_switch(next->process);
}

/* With the descriptors of parent, or, without one, with the console. */
static struct process *make_process(struct process *parent)
{
	struct process *process = kzalloc(sizeof(*process), GFP_KERNEL);

	if (!process)
		return NULL;
	process->files = parent ? files_copy(parent->files) : files_alloc();
	if (!process->files) {
		kfree(process);
		return NULL;
	}
	limits_init(&process->limits);
	INIT_LIST_HEAD(&process->children);
	INIT_LIST_HEAD(&process->sibling);
	init_waitqueue_head(&process->child_ended);
	return process;
}

/* One that never ran. NULL is nothing. */
static void drop_process(struct process *process)
{
	if (!process)
		return;
	mmput(process->first_mm);
	files_free(process->files);
	fpu_drop(process);
	kfree(process);
}

/* What every process has from its first moment on. */
static void become(struct process *process)
{
	u32 flags = spin_lock_irqsave(&family_lock);

	/* its creator has perhaps not come so far */
	process->task = current;
	current->process = process;
	current->oom_score_adj = process->oom_score_adj;
	switch_to_process(current);
	list_add_tail(&process->all, &all_processes);
	spin_unlock_irqrestore(&family_lock, flags);
	if (process->first_mm) {
		use_mm(process->first_mm);
		mmput(process->first_mm);
		process->first_mm = NULL;
	}
	/* a bad address is its own matter, as on Linux */
	if (process->set_tid)
		put_user(current->pid, (u32 *)process->set_tid);
}

static __noreturn void to_ring_3(const struct process *process)
{
	struct pt_regs regs = process->regs;

	if (current_flags & TF_KILLED)
		process_killed(&regs);
	local_irq_disable();
	return_to(&regs);
}

static int first_steps(void *data)
{
	become(data);
	to_ring_3(data);
}

struct process *process_start(const struct pt_regs *regs, const char *name)
{
	struct process *process = make_process(NULL);

	if (!process)
		return NULL;
	BUG_ON(!user_mode(regs), "a process that begins in the kernel");
	process->regs = *regs;
	process->task = kthread_run(first_steps, process, "%s", name);
	if (process->task)
		return process;
	drop_process(process);
	return NULL;
}

/* --- a program --- */

struct first_program {
	struct process *process;
	struct exec_args args;
};

static int run_program(void *data)
{
	struct first_program *first = data;
	struct process *process = first->process;
	int err;

	become(process);
	err = exec_program(first->args.text, &first->args, &process->regs);
	exec_args_free(&first->args);
	kfree(first);
	if (current_flags & TF_KILLED)
		process_killed(&process->regs);
	if (err)
		process_exit(STATUS_EXITED(STATUS_NO_PROGRAM), &process->regs);
	to_ring_3(process);
}

static int pack_args(struct exec_args *args, u32 argc, const char *const *argv)
{
	u32 i, size = 0, at = 0;
	int err;

	for (i = 0; i < argc; i++)
		size += strlen(argv[i]) + 1;
	err = exec_args_init(args, size);
	if (err)
		return err;
	for (i = 0; i < argc; i++)
		at += strlcpy(args->text + at, argv[i], size - at) + 1;
	args->size = size;
	args->argc = argc;
	return 0;
}

struct process *process_run(u32 argc, const char *const *argv)
{
	struct first_program *first = kzalloc(sizeof(*first), GFP_KERNEL);
	struct process *process = make_process(NULL);

	if (!first || !process || pack_args(&first->args, argc, argv))
		goto fail;
	first->process = process;
	process->task = kthread_run(run_program, first, "%s", argv[0]);
	if (process->task)
		return process;
	exec_args_free(&first->args);
fail:
	drop_process(process);
	kfree(first);
	return NULL;
}

/* --- fork --- */

static bool copy_process(struct process *child, struct process *parent,
			 const struct pt_regs *regs)
{
	child->regs = *regs;
	child->regs.eax = 0;
	child->limits = parent->limits;
	child->oom_score_adj = current->oom_score_adj;
	child->signals = parent->signals;
	child->signals.pending = 0;
	memcpy(child->tls, parent->tls, sizeof(child->tls));
	if (fpu_copy(child, parent))
		return false;
	child->first_mm = current->mm ? dup_mm(current->mm) : NULL;
	return child->first_mm || !current->mm;
}

static void join_family(struct process *child, struct process *parent)
{
	u32 flags = spin_lock_irqsave(&family_lock);

	child->parent = parent;
	list_add_tail(&child->sibling, &parent->children);
	spin_unlock_irqrestore(&family_lock, flags);
}

static void leave_family(struct process *child)
{
	u32 flags = spin_lock_irqsave(&family_lock);

	list_del(&child->sibling);
	spin_unlock_irqrestore(&family_lock, flags);
}

long process_clone(const struct pt_regs *regs, u32 esp, u32 set_tid)
{
	struct process *parent = current->process;
	struct process *child = make_process(parent);

	if (!child)
		return -ENOMEM;
	if (!copy_process(child, parent, regs)) {
		drop_process(child);
		return -ENOMEM;
	}
	if (esp)
		child->regs.esp = esp;
	child->set_tid = set_tid;
	join_family(child, parent);
	child->task = kthread_run(first_steps, child, "%s", current->name);
	if (!child->task) {
		leave_family(child);
		drop_process(child);
		return -ENOMEM;
	}
	/* it is there until this thread waits for it, even if it has ended */
	return (long)child->task->pid;
}

/* --- the end --- */

/* It has ended, and is on no list of children. */
static void bury(struct process *process)
{
	u32 flags = spin_lock_irqsave(&family_lock);

	list_del(&process->all);
	spin_unlock_irqrestore(&family_lock, flags);
	kthread_join(process->task);
	kfree(process);
}

/* All children lose their parent; those that have ended come to *dead. Under
 * family_lock. */
static void release_children(struct process *process, struct list_head *dead)
{
	struct process *child;

	while (!list_empty(&process->children)) {
		child = list_first_entry(&process->children, struct process,
					 sibling);
		list_del(&child->sibling);
		child->parent = NULL;
		child->orphan = !child->ended;
		if (child->ended)
			list_add_tail(&child->sibling, dead);
	}
}

void process_exit(u32 status, const struct pt_regs *regs)
{
	struct process *process = current->process, *child;
	LIST_HEAD(dead);
	bool orphan;
	u32 flags;

	BUG_ON(!process, "a thread that is no process ends as one");
	process->status = status;
	process->regs = *regs;
	current->oom_at = jiffies;
	set_thread_flags(&current->part, TF_EXITING);
	fpu_drop(process);
	if (current->mm)
		unuse_mm();
	files_free(process->files);
	process->files = NULL;
	flags = spin_lock_irqsave(&family_lock);
	release_children(process, &dead);
	orphan = process->orphan;
	process->ended = true;
	if (!process->parent) {
		/* nobody will ask ps why it is still there */
		list_del(&process->all);
		INIT_LIST_HEAD(&process->all);
	}
	current->process = NULL;
	if (process->parent)
		wake_up(&process->parent->child_ended);
	spin_unlock_irqrestore(&family_lock, flags);
	/* unless it is an orphan it is no longer this thread's to touch */
	while (!list_empty(&dead)) {
		child = list_first_entry(&dead, struct process, sibling);
		list_del(&child->sibling);
		bury(child);
	}
	if (orphan) {
		kfree(process);
		put_task(current);
	}
	thread_exit(0);
}

void process_release(struct process *process)
{
	u32 flags = spin_lock_irqsave(&family_lock);
	bool ended = process->ended;

	process->orphan = !ended;
	spin_unlock_irqrestore(&family_lock, flags);
	if (ended)
		bury(process);
}

u32 process_join(struct process *process, struct pt_regs *regs)
{
	u32 status;

	kthread_join(process->task);
	status = process->status;
	if (regs)
		*regs = process->regs;
	kfree(process);
	return status;
}

/* The child that pid means: one that has ended, if there is one. Off the list
 * then. NULL: there is none that could. */
static struct process *look_for_child(s32 pid, bool *ended)
{
	struct process *process = current->process, *child, *found = NULL;
	u32 flags = spin_lock_irqsave(&family_lock);

	*ended = false;
	list_for_each_entry(child, &process->children, sibling) {
		if (pid > 0 && (!child->task || child->task->pid != (u32)pid))
			continue;
		found = child;
		if (child->ended) {
			list_del(&child->sibling);
			*ended = true;
			break;
		}
	}
	spin_unlock_irqrestore(&family_lock, flags);
	return found;
}

long process_wait(s32 pid, u32 *status, u32 options)
{
	struct process *child;
	long result;
	bool ended;

	child = look_for_child(pid, &ended);
	if (child && !ended && !(options & WNOHANG))
		wait_event_interruptible(current->process->child_ended,
			(child = look_for_child(pid, &ended)) == NULL || ended);
	if (!child)
		return -ECHILD;
	if (!ended)
		return 0;
	*status = child->status;
	result = (long)child->task->pid;
	bury(child);
	return result;
}

long process_parent(void)
{
	u32 flags = spin_lock_irqsave(&family_lock);
	const struct process *parent = current->process->parent;
	long pid = parent ? (long)parent->task->pid : 1;

	spin_unlock_irqrestore(&family_lock, flags);
	return pid;
}

void process_has_new_program(const char *path)
{
	struct process *process = current->process;
	const char *at, *name = path;
	u32 flags;

	for (at = path; *at; at++)
		if (*at == '/')
			name = at + 1;
	strlcpy(current->name, name, sizeof(current->name));
	fpu_drop(process);
	files_exec(process->files);
	flags = local_irq_save();
	memset(process->tls, 0, sizeof(process->tls));
	set_tls(process->tls);
	local_irq_restore(flags);
}

void __init user_init(void)
{
	fpu_init();
	paths_init();
	process_report_init();
	kill_init();
	set_system_call_gate(system_call);
	process_switch_hook = switch_to_process;
	user_trap_hook = user_trap;
	user_fault_hook = user_page_fault;
}
