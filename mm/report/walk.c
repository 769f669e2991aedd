/*
 * Page-table walks in words, and the cause of a fault in a sentence.
 *
 * A fault is explained in the order of certainty: what the address is (a guard
 * page, NULL, the kernel's text), then what the error code says of the access
 * (SDM 3A, 4.7), in this table:
 *
 *	error code	meaning
 *	P=0		no entry: nothing is mapped there
 *	RSVD		a reserved bit is set in an entry on the way
 *	P=1 W=1		the entry forbids writing
 *	P=1 I=1		the entry forbids execution
 *	P=1 U=1		the entry is the kernel's alone
 */
#include <boot/sections.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/cpu/desc.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/traps.h>
#include <kernel/lib/printf.h>
#include <kernel/cpu/threadflags.h>
#include <mm/report/walk.h>
#include <mm/report/windows.h>
#include <mm/space/mm.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>

static const char *level_name(int level)
{
	if (level == 3)
		return "PDPTE";
	return level == 2 ? "PDE" : "PTE";
}

static void format_flags(pteval_t value, int level, char *buf)
{
	static const struct {
		pteval_t bit;
		const char *name;
	} names[] = {
		{ _PAGE_RW, " W" }, { _PAGE_USER, " U" },
		{ _PAGE_PWT, " PWT" }, { _PAGE_PCD, " PCD" },
		{ _PAGE_ACCESSED, " A" }, { _PAGE_DIRTY, " D" },
		{ _PAGE_PSE, " PS" }, { _PAGE_GLOBAL, " G" },
		{ _PAGE_NX, " NX" },
	};
	unsigned int i;

	*buf = '\0';
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		const char *name = names[i].name;

		/* bit 7 of a PTE is PAT; we never set it */
		if (!(value & names[i].bit) ||
		    (names[i].bit == _PAGE_PSE && level != 2))
			continue;
		while (*name)
			*buf++ = *name++;
		*buf = '\0';
	}
}

static void report_step(const struct pgtable *pt, const struct pt_step *s)
{
	char flags[48];

	printk("  %s[%u] in table %08llx: ", level_name(s->level),
	       s->index, s->table);
	if (!(s->value & _PAGE_PRESENT)) {
		printk("%0*llx not present\n", pt->levels == 3 ? 16 : 8,
		       s->value);
		return;
	}
	format_flags(s->value, s->level, flags);
	printk("%0*llx frame %llx P%s\n", pt->levels == 3 ? 16 : 8, s->value,
	       s->value & PTE_FRAME_MASK, flags);
}

void report_walk(const struct pgtable *pt, u32 addr)
{
	struct pt_walk walk;
	int i, level = pt_walk(pt, addr, &walk);

	printk("page-table walk of %08x, %d levels, root %08x:\n", addr,
	       pt->levels, __pa(pt->root));
	for (i = 0; i < walk.nr_steps; i++)
		report_step(pt, &walk.step[i]);
	if (!level) {
		printk("  not mapped\n");
		return;
	}
	printk("  = physical %llx, %u KB page, %s, %s, %s\n", walk.phys,
	       pt_level_size(pt, level) >> 10,
	       walk.writable ? "writable" : "read-only",
	       walk.executable ? "executable" : "not executable",
	       walk.user ? "user" : "kernel only");
}

static int print_leaf(const struct pt_walk *walk, void *arg)
{
	const struct pgtable *pt = arg;
	u32 size = pt_level_size(pt, walk->level);

	printk("%08x %010llx %s %c%c%c%c%c\n", walk->addr,
	       walk->phys, walk->level == 1 ? "4K" : size == 2U << 20 ?
	       "2M" : "4M",
	       walk->leaf & _PAGE_GLOBAL ? 'G' : '-',
	       walk->leaf & _PAGE_RW ? 'W' : '-',
	       walk->leaf & _PAGE_USER ? 'U' : '-',
	       walk->leaf & _PAGE_PCD ? 'C' : '-',
	       walk->leaf & _PAGE_NX ? 'X' : '-');
	return 0;
}

void report_leaves(const struct pgtable *pt, u32 from, u32 to)
{
	pt_for_each_leaf(pt, from, to, print_leaf, (void *)pt);
}

static bool inside(u32 address, const char *start, const char *end)
{
	return address >= (u32)(uintptr_t)start &&
	       address < (u32)(uintptr_t)end;
}

/* The stack whose guard page holds the address, or NULL. */
static const char *guarded_stack(u32 address)
{
	const struct stack_range *own = &thread_part()->stack;

	if (inside(address, boot_stack_guard, boot_stack))
		return "boot stack";
	if (inside(address, (const char *)irq_stack_guard,
		   (const char *)irq_stack_guard + PAGE_SIZE))
		return "interrupt stack";
	if (inside(address, (const char *)doublefault_guard,
		   (const char *)doublefault_guard + PAGE_SIZE))
		return "double-fault stack";
	/* below the first area of all there is nothing either */
	if (own->low && address < own->low && address >= own->low - PAGE_SIZE)
		return "thread's stack";
	return NULL;
}

/* The space of the thread that faulted. Its areas are looked at without their
 * lock: whoever has it will not run any more. NULL: it has none. */
static struct mm_struct *faulting_mm(void)
{
	return current ? current->mm : NULL;
}

static const char *user_place(u32 address)
{
	struct mm_struct *mm = faulting_mm();
	const struct vm_area_struct *vma = mm ? find_vma(mm, address) : NULL;

	if (!mm)
		return "a user address, and no user space is there";
	if (!vma || vma->vm_start > address)
		return "a user address, where no area is";
	if (!(vma->vm_flags & VM_ACCESS))
		return "a user address, in an area that nobody may touch";
	return vma->vm_flags & VM_WRITE ?
	       "a user address, in an area that may be written" :
	       "a user address, in an area that may not be written";
}

/* What stands at an address, as the end of a sentence. */
static const char *place(u32 address)
{
	const struct memory_layout *l = &memory_layout;

	if (address < PAGE_OFFSET)
		return user_place(address);
	if (inside(address, _text, _etext))
		return "the kernel's text";
	if (inside(address, __start_rodata, __end_rodata))
		return "the kernel's constants";
	if (address < l->high_memory)
		return "the direct map of lowmem";
	if (address < l->vmalloc_start)
		return "the hole behind the direct map: something ran off "
		       "the end of lowmem";
	if (address < l->vmalloc_end)
		return "the vmalloc area, where no area is";
	if (window_place(address))
		return window_place(address);
	return "a fixmap slot that is not set";
}

static const char *access_verb(u32 error)
{
	if (error & PF_INSTR)
		return "execute";
	return error & PF_WRITE ? "write to" : "read";
}

static bool explain_special(const struct pt_regs *regs, u32 address,
			    char *buf, u32 size)
{
	const char *stack = guarded_stack(address);

	if (stack)
		snprintf(buf, size, "the %s overflowed into its guard page",
			 stack);
	else if (regs->vector != TRAP_PAGE_FAULT)
		return false;
	else if (address == regs->eip && address < PAGE_SIZE)
		snprintf(buf, size, "a call or jump through a NULL pointer");
	else if (address < PAGE_SIZE)
		snprintf(buf, size, "a NULL pointer was used (offset %u)",
			 address);
	else if (address == regs->eip &&
		 !(regs->error_code & PF_PRESENT))
		snprintf(buf, size, "a jump into nothing: %08x is %s",
			 address, place(address));
	else
		return false;
	return true;
}

static void explain_page_fault(const struct pt_regs *regs, u32 address,
			       char *buf, u32 size)
{
	u32 error = regs->error_code;

	if (error & PF_RSVD)
		snprintf(buf, size, "an entry on the way to %08x has a "
			 "reserved bit set", address);
	else if (!(error & PF_PRESENT))
		snprintf(buf, size, "tried to %s %08x, where nothing is "
			 "mapped: %s", access_verb(error), address,
			 place(address));
	else if (error & PF_INSTR)
		snprintf(buf, size, "tried to execute %08x, which is data: %s",
			 address, place(address));
	else
		snprintf(buf, size, "tried to %s %08x, which is %s: %s",
			 access_verb(error), address,
			 error & PF_WRITE ? "read-only" : "protected",
			 place(address));
}

static void explain_other(const struct pt_regs *regs, char *buf, u32 size)
{
	const char *why;

	switch (regs->vector) {
	case TRAP_DIVIDE:
		why = "a division by zero, or a quotient that does not fit";
		break;
	case TRAP_INVALID_OPCODE:
		why = "the bytes at EIP are no instruction of this CPU";
		break;
	case TRAP_PROTECTION:
		why = "a segment limit, a privileged instruction or a bad "
		      "selector; the error code names the selector";
		break;
	case TRAP_DOUBLE_FAULT:
		why = "an exception while an exception was being delivered";
		break;
	case TRAP_BREAKPOINT:
		why = "INT3: a breakpoint without a debugger";
		break;
	default:
		why = "an exception that nobody handles";
	}
	snprintf(buf, size, "%s", why);
}

void explain_fault(const struct pt_regs *regs, u32 address, char *buf,
		   u32 size)
{
	if (explain_special(regs, address, buf, size))
		return;
	if (regs->vector == TRAP_PAGE_FAULT)
		explain_page_fault(regs, address, buf, size);
	else
		explain_other(regs, buf, size);
}

static void report_fault(const struct pt_regs *regs, u32 address, char *cause,
			 u32 size)
{
	struct mm_struct *mm = address < PAGE_OFFSET ? faulting_mm() : NULL;

	if (regs->vector == TRAP_PAGE_FAULT ||
	    regs->vector == TRAP_DOUBLE_FAULT)
		report_walk(mm ? &mm->pgd : &kernel_pgtable, address);
	explain_fault(regs, address, cause, size);
}

void report_fault_init(void)
{
	fault_report_hook = report_fault;
}
