/*
 * 1. Three ways in: panic(), BUG_ON() and an exception without a handler. All
 *    print the same report, end_of_story() stops the machine.
 * 2. A back trace follows the saved frame pointers (trace.c); a broken stack
 *    ends the trace and not the report.
 * 3. A panic inside the report prints one line and stops.
 */
#include <boot/sections.h>
#include <kernel/base/panic.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/segment.h>
#include <kernel/lib/bug.h>
#include <kernel/lib/printf.h>
#include <kernel/lib/string.h>
#include <kernel/cpu/cpuid.h>

#define TRACE_MAX 24		/* guessed: deeper ones repeat themselves */
#define MESSAGE_MAX 320	/* guessed: two sentences */

void (*panic_end_hook)(const char *message);
void (*fault_report_hook)(const struct pt_regs *regs, u32 address,
			  char *cause, u32 size);

static bool panicking;
static char message[MESSAGE_MAX];

static void print_trace_line(u32 eip)
{
	char text[SYMBOL_TEXT];

	printk(" [<%08x>] %s\n", eip, symbol_text(eip, text));
}

/* The frames from ebp on, innermost first. */
static void print_frames(u32 ebp)
{
	struct unwind walk;
	int depth;
	u32 eip;

	unwind_start(&walk, ebp);
	for (depth = 0; depth < TRACE_MAX; depth++) {
		eip = unwind_next(&walk);
		if (!eip)
			break;
		trace_print(eip);
	}
	if (walk.unreadable)
		printk(" (frame %08x cannot be read)\n", walk.unreadable);
}

/*
 * A call or jump into nothing leaves its origin on the stack only: no function
 * was entered that would have made a frame.
 */
static void print_word_at(u32 esp)
{
	u32 word, offset, size;

	if (unwind_read(esp, &word) && symbol_lookup(word, &offset, &size))
		trace_print(word);
}

static void print_trap_trace(const struct pt_regs *regs)
{
	const char *eip = (const char *)(uintptr_t)regs->eip;

	printk("Call trace:\n");
	print_trace_line(regs->eip);
	if (eip < _text || eip >= _etext)
		print_word_at(regs_esp(regs));
	print_frames(regs->ebp);
}

static void print_control_registers(void)
{
	printk("CR0: %08x CR2: %08x CR3: %08x", read_cr0(), read_cr2(),
	       read_cr3());
	if (cpu_has_cr4())
		printk(" CR4: %08x", read_cr4());
	printk("\n");
}

static void print_registers(const struct pt_regs *regs)
{
	char text[SYMBOL_TEXT];

	printk("EIP: %04x:[<%08x>] %s EFLAGS: %08x\n", regs->cs & 0xffff,
	       regs->eip, symbol_text(regs->eip, text), regs->eflags);
	printk("EAX: %08x EBX: %08x ECX: %08x EDX: %08x\n",
	       regs->eax, regs->ebx, regs->ecx, regs->edx);
	printk("ESI: %08x EDI: %08x EBP: %08x ESP: %08x\n",
	       regs->esi, regs->edi, regs->ebp, regs_esp(regs));
	printk("DS: %04x ES: %04x FS: %04x GS: %04x\n", regs->ds & 0xffff,
	       regs->es & 0xffff, regs->fs & 0xffff, regs->gs & 0xffff);
	print_control_registers();
}

/* A second panic comes from the report itself: say so and stop. */
static void enter_panic(void)
{
	__asm__ volatile("cli");
	printk_enter_panic();
	if (panicking) {
		printk("\nPANIC inside the report; halted\n");
		cpu_halt_forever();
	}
	panicking = true;
	cpu_probe_abandon();
}

static __noreturn void end_of_story(void)
{
	if (panic_end_hook)
		panic_end_hook(message);
	printk("--- halted ---\n");
	cpu_halt_forever();
}

/* What a function that was called still has of its caller's registers. */
static void capture_registers(struct pt_regs *regs)
{
	*regs = (struct pt_regs){ .cs = __KERNEL_CS, .ds = __KERNEL_DS,
				  .es = __KERNEL_DS, .fs = __KERNEL_DS,
				  .gs = __KERNEL_DS };
	__asm__ volatile("movl %%eax, %0; movl %%ebx, %1; movl %%ecx, %2;"
			 "movl %%edx, %3; movl %%esi, %4; movl %%edi, %5"
			 : "=m"(regs->eax), "=m"(regs->ebx), "=m"(regs->ecx),
			   "=m"(regs->edx), "=m"(regs->esi), "=m"(regs->edi));
	regs->eflags = read_eflags();
}

void panic(const char *fmt, ...)
{
	struct pt_regs regs;
	va_list args;

	enter_panic();
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	printk("\nPANIC: %s\n", message);
	capture_registers(&regs);
	regs.eip = (u32)(uintptr_t)__builtin_return_address(0);
	regs.ebp = *(const u32 *)__builtin_frame_address(0);
	print_registers(&regs);
	printk("Call trace:\n");
	trace_print(regs.eip);
	print_frames(regs.ebp);
	end_of_story();
}

static void panic_bug(const struct bug_site *site)
{
	panic("BUG at %s:%d: %s", site->file, site->line, site->sentence);
}

static void report_cause(const struct pt_regs *regs)
{
	bool has_cr2 = regs->vector == TRAP_PAGE_FAULT ||
		       regs->vector == TRAP_DOUBLE_FAULT;
	size_t used = strlen(message);

	if (!fault_report_hook)
		return;
	used += snprintf(message + used, sizeof(message) - used, ": ");
	fault_report_hook(regs, has_cr2 ? read_cr2() : regs->eip,
			  message + used, sizeof(message) - used);
	printk("Cause: %s\n", message + used);
}

static void panic_trap(struct pt_regs *regs)
{
	enter_panic();
	snprintf(message, sizeof(message), "%s at %08x",
		 trap_name(regs->vector), regs->eip);
	printk("\nPANIC: %s (vector %u, error code %04x)\n", message,
	       regs->vector, regs->error_code);
	print_registers(regs);
	print_trap_trace(regs);
	report_cause(regs);
	end_of_story();
}

void panic_init(void)
{
	bug_hook = panic_bug;
	trap_fatal_hook = panic_trap;
}
