/*
 * 1. What for. A panic tells how it was reached; an object of a cache that is
 *    watched keeps who had it. Both follow the chain of frames: a function
 *    begins with push %ebp; mov %esp, %ebp, so that a word at EBP is the
 *    caller's EBP, and the next one the return address.
 *
 * 2. Where it ends: at a return address 0, at a frame that does not lie above
 *    the one before (stacks grow down), is not aligned or not in the kernel.
 *
 * 3. Interrupts. do_irq() and do_trap() have a pointer to the registers behind
 *    their return address: from there the walk knows which instruction was
 *    interrupted, which is in no frame. call_on_stack() leads from the
 *    interrupt stack to another one, which may lie below it; once, so that a
 *    broken chain has an end.
 *
 * 4. Two ways to read. unwind_next() trusts nothing: each frame under
 *    cpu_probe(), and the end is told. trace_stack() reads only where it knows
 *    that there is memory: from its own frame up to the end of the stack, be
 *    it the thread's, that of interrupts, or that of the boot.
 *
 * 5. Cost: some 200 instructions a frame under a probe, some 10 without.
 *
 * 6. Files whose functions are called most keep no frame pointer (Makefile).
 *    Whoever such a function calls saves the EBP that it finds. If that is
 *    still the frame of a caller further out, the trace names the function (by
 *    the return address of whom it called) and leaves its own caller out. If
 *    EBP was used for something else, it is no frame, and the trace ends by
 *    section 2.
 */
#include <boot/sections.h>
#include <kernel/base/printk.h>
#include <kernel/base/symbols.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/cpuid.h>
#include <kernel/cpu/irq.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/processor.h>
#include <kernel/cpu/threadflags.h>
#include <kernel/cpu/traps.h>

struct frame {
	u32 ebp;
	u32 eip;
};

struct word_read {
	u32 at;
	u32 word;
};

static void read_word(void *arg)
{
	struct word_read *r = arg;

	r->word = *(const u32 *)(uintptr_t)r->at;
}

bool unwind_read(u32 at, u32 *word)
{
	struct word_read r = { .at = at };

	if (!cpu_probe(read_word, &r, NULL))
		return false;
	*word = r.word;
	return true;
}

static bool may_be_frame(u32 frame)
{
	return frame >= PAGE_OFFSET && frame % 4 == 0;
}

void unwind_start(struct unwind *walk, u32 ebp)
{
	*walk = (struct unwind){ .frame = ebp };
}

static bool returns_to(u32 eip, const char *address)
{
	return eip == (u32)(uintptr_t)address;
}

/* Behind do_irq() and do_trap(): where the registers say that it was. */
static u32 interrupted_at(u32 frame, u32 eip)
{
	u32 regs, at;

	if (!returns_to(eip, irq_return_address) &&
	    !returns_to(eip, trap_return_address))
		return 0;
	if (!unwind_read(frame + 8, &regs) || !may_be_frame(regs) ||
	    !unwind_read(regs + offsetof(struct pt_regs, eip), &at))
		return 0;
	return at;
}

/* May the frame behind that one be there? */
static bool follows(struct unwind *walk, u32 at, const struct frame *frame)
{
	if (frame->ebp > at)
		return true;
	if (walk->other_stack || !on_irq_stack(at) || on_irq_stack(frame->ebp))
		return false;
	walk->other_stack = returns_to(frame->eip, stack_return_address);
	return walk->other_stack;
}

u32 unwind_next(struct unwind *walk)
{
	u32 at = walk->frame, interrupted = walk->interrupted;
	struct frame frame;

	walk->interrupted = 0;
	if (interrupted)
		return interrupted;
	walk->frame = 0;
	if (!may_be_frame(at))
		return 0;
	if (!unwind_read(at, &frame.ebp) || !unwind_read(at + 4, &frame.eip)) {
		walk->unreadable = at;
		return 0;
	}
	if (frame.eip && follows(walk, at, &frame))
		walk->frame = frame.ebp;
	walk->interrupted = interrupted_at(at, frame.eip);
	return frame.eip;
}

/* The end of what is certainly memory of the stack around esp. */
static u32 stack_end(u32 esp)
{
	const struct stack_range *own = &thread_part()->stack;

	if (esp >= own->low && esp < own->high)
		return own->high;
	if (esp >= (u32)(uintptr_t)boot_stack &&
	    esp < (u32)(uintptr_t)boot_stack_top)
		return (u32)(uintptr_t)boot_stack_top;
	if (on_irq_stack(esp))
		return (u32)(uintptr_t)irq_stack_guard + PAGE_SIZE +
		       IRQ_STACK_SIZE;
	return (esp & PAGE_MASK) + PAGE_SIZE;
}

unsigned int __noinline trace_stack(u32 *entries, unsigned int n)
{
	u32 at = (u32)(uintptr_t)__builtin_frame_address(0);
	u32 last = stack_end(at) - sizeof(struct frame);
	const struct frame *frame = (const struct frame *)(uintptr_t)at;
	unsigned int i;

	for (i = 0; i < n; i++) {
		u32 below = at;

		at = frame->ebp;
		if (at <= below || at > last || at % 4)
			break;
		frame = (const struct frame *)(uintptr_t)at;
		if (!frame->eip)
			break;
		entries[i] = frame->eip;
	}
	return i;
}

/*
 * The call stands before the address it returns to; behind a call that never
 * returns, that address is already the next function's.
 */
void trace_print(u32 eip)
{
	u32 offset, size;
	const char *name = symbol_lookup(eip - 1, &offset, &size);

	printk(" [<%08x>] %s+0x%x/0x%x\n", eip, name ? name : "?",
	       name ? offset + 1 : 0, name ? size : 0);
}

u64 trace_time(void)
{
	static u32 calls;

	if (cpu_has(X86_FEATURE_TSC))
		return rdtsc();
	return __atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
}
