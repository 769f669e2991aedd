/*
 * Page faults: whose they are, and what they come to. SDM volume 3A, 4.7.
 *
 * 1. A fault at a kernel address is the kernel's own (vmalloc's tables, or a
 *    mistake); in user mode it is the program's mistake. One at a user address
 *    belongs to the space of the thread, wherever it was made: the kernel reads
 *    and writes user memory by the same addresses (uaccess.c).
 *
 * 2. The truth table. "area": what holds the address; "below": a stack is above
 *    it. P, W, I: bits of the error code.
 *
 *	area		access			becomes
 *	none		any			FAULT_NO_AREA
 *	below		near the stack pointer	the stack grows, or
 *						FAULT_STACK_LIMIT
 *	below		far from it		FAULT_NO_AREA
 *	w		W			handled
 *	not w		W			FAULT_PROTECTION
 *	x		I			handled
 *	not x		I			FAULT_PROTECTION
 *	r, w or x	not P, not W, not I	handled
 *	no access	any			FAULT_PROTECTION
 *	any		P, not W, not I		FAULT_PROTECTION: no read of
 *						what is present is refused but
 *						in a kernel's page
 *
 *    I is told only where NX is on. "Handled" is memory.c's.
 *
 * 3. The handler runs with interrupts as they were: answering may sleep. CR2 is
 *    read before: the next fault overwrites it.
 *
 * 4. Where the kernel may not sleep (a spin lock is held, interrupts are off)
 *    or the thread has no space, nothing is answered: the instruction must be
 *    in the exception table, or the kernel dies of it. So it does for a bad
 *    address in the kernel that is not in the table, and copy_to_user() returns
 *    how much is left for one that is.
 *
 *    All of this stands beside the way of a fault that is answered, which is
 *    one function: some 100 instructions, mmap_sem's 20 included.
 *
 * 5. No memory. Whoever asked for it has done what could be done, to somebody
 *    else's end: the thread that wants it gets FAULT_OOM, in user mode a matter
 *    for user_fault_hook.
 *
 * 6. A process that is being killed (TF_KILLED) ends behind its fault: it would
 *    take memory only. In the kernel the copy ends there.
 */
#include <kernel/cpu/processor.h>
#include <mm/space/fault.h>
#include <mm/space/internal.h>

/* How far below ESP a stack may be touched: ENTER and PUSHA write before they
 * move it. The reference's. */
#define BELOW_STACK_POINTER 32U

void (*user_fault_hook)(struct pt_regs *regs, u32 address,
			enum fault_result result);

static trap_handler_t kernel_faults;

const char *fault_reason(enum fault_result result)
{
	switch (result) {
	case FAULT_NO_AREA:
		return "nothing is mapped there";
	case FAULT_STACK_LIMIT:
		return "the stack would grow beyond its limit";
	case FAULT_PROTECTION:
		return "what is mapped there forbids it";
	case FAULT_NO_PAGE:
		return "the file that is mapped there ends before";
	case FAULT_SWAP:
		return "and swap has lost what was there";
	case FAULT_OOM:
		return "there is no memory for it";
	case FAULT_KILLED:
		return "the process was killed";
	default:
		return "it is handled";
	}
}

static __always_inline bool is_permitted(const struct vm_area_struct *vma,
					 u32 error)
{
	if (error & PF_WRITE)
		return vma->vm_flags & VM_WRITE;
	if (error & PF_INSTR)
		return vma->vm_flags & VM_EXEC;
	return !(error & PF_PRESENT) && vma->vm_flags & VM_ACCESS;
}

static __noinline enum fault_result
grow_stack(struct vm_area_struct *vma, u32 address, u32 user_esp)
{
	if (!(vma->vm_flags & VM_GROWSDOWN) ||
	    address + BELOW_STACK_POINTER < user_esp)
		return FAULT_NO_AREA;
	return expand_stack(vma, address) ? FAULT_STACK_LIMIT : FAULT_MINOR;
}

/* regs: of the fault; NULL: nobody's, and user_esp says how far it may grow. */
static __always_inline enum fault_result
fault_locked(struct mm_struct *mm, u32 address, u32 error,
	     const struct pt_regs *regs, u32 user_esp)
{
	struct vm_area_struct *vma = find_vma_quick(mm, address);
	enum fault_result result;

	if (unlikely(!vma))
		return FAULT_NO_AREA;
	if (unlikely(vma->vm_start > address)) {
		if (regs && user_mode(regs))
			user_esp = regs->esp;
		result = grow_stack(vma, address, user_esp);
		if (!fault_is_good(result))
			return result;
	}
	if (unlikely(!is_permitted(vma, error)))
		return FAULT_PROTECTION;
	return handle_mm_fault(mm, vma, address, error);
}

static __always_inline enum fault_result
take_fault(struct mm_struct *mm, u32 address, u32 error,
	   const struct pt_regs *regs, u32 user_esp)
{
	enum fault_result result;

	down_read(&mm->mmap_sem);
	result = fault_locked(mm, address, error, regs, user_esp);
	up_read(&mm->mmap_sem);
	return result;
}

enum fault_result mm_fault(struct mm_struct *mm, u32 address, u32 error,
			   u32 user_esp)
{
	return take_fault(mm, address, error, NULL, user_esp);
}

/* A fault of a program: true, unless nobody deals with programs. */
static bool user_fault(struct pt_regs *regs, u32 address,
		       enum fault_result result)
{
	if (!user_fault_hook)
		return false;
	user_fault_hook(regs, address, result);
	return true;
}

static __always_inline bool may_answer(const struct pt_regs *regs)
{
	return current && current->mm && !in_atomic() &&
	       regs->eflags & EFLAGS_IF && !(regs->error_code & PF_RSVD);
}

/* Nothing can be mapped there. Interrupts are on. */
static __noinline bool bad_fault(struct pt_regs *regs, u32 address,
				 enum fault_result result)
{
	return user_mode(regs) ? user_fault(regs, address, result) :
				 fixup_exception(regs);
}

/* A kernel address, or nothing may be answered here. */
static __noinline bool odd_fault(struct pt_regs *regs, u32 address)
{
	bool done;

	if (address >= TASK_SIZE && !user_mode(regs))
		return kernel_faults && kernel_faults(regs);
	if (!may_answer(regs))
		return !user_mode(regs) && fixup_exception(regs);
	local_irq_enable();
	done = bad_fault(regs, address, FAULT_NO_AREA);
	local_irq_disable();
	return done;
}

static bool fastcall page_fault(struct pt_regs *regs)
{
	u32 address = read_cr2();
	enum fault_result result;
	bool done = true;

	if (unlikely(address >= TASK_SIZE || !may_answer(regs)))
		return odd_fault(regs, address);
	local_irq_enable();
	result = take_fault(current->mm, address, regs->error_code, regs, 0);
	if (unlikely(current_flags & TF_KILLED))
		result = FAULT_KILLED;
	if (unlikely(!fault_is_good(result)))
		done = bad_fault(regs, address, result);
	local_irq_disable();
	return done;
}

void fault_init(void)
{
	kernel_faults = set_trap_handler(TRAP_PAGE_FAULT, page_fault);
}
