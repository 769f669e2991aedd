/*
 * Boots that must die, each with its readable report: the message must hold the
 * sentence given here. Each runs alone, as test=panic.NAME.
 */
#include <boot/sections.h>
#include <kernel/base/panic.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/spinlock.h>
#include <kernel/lib/bug.h>
#include <mm/table/fixmap.h>
#include <mm/table/layout.h>
#include <mm/table/paging.h>
#include "ktest.h"

static volatile u32 sink;

/* An address the compiler knows nothing of: it would warn, or drop it. */
static volatile u32 *hidden(u32 addr)
{
	__asm__("" : "+r"(addr));
	return (volatile u32 *)(uintptr_t)addr;
}

static void poke(u32 addr)
{
	*hidden(addr) = 0x12345678;
}

static void peek(u32 addr)
{
	sink = *hidden(addr);
}

static void jump(u32 addr)
{
	((void (*)(void))hidden(addr))();
}

TEST_PANIC(panic, write_to_text, "read-only: the kernel's text")
{
	poke((u32)_etext - 4);
}

TEST_PANIC(panic, write_to_rodata, "read-only: the kernel's constants")
{
	poke((u32)__start_rodata);
}

static u8 code_in_data[] = { 0xc3 };

TEST_PANIC(panic, execute_data, "which is data: the direct map of lowmem")
{
	if (!paging_mode.nx) {
		test_skip("no NX on this machine");
		return;
	}
	jump((u32)code_in_data);
}

TEST_PANIC(panic, read_null, "a NULL pointer was used (offset 8)")
{
	peek(8);
}

TEST_PANIC(panic, write_null, "a NULL pointer was used (offset 0)")
{
	poke(0);
}

TEST_PANIC(panic, call_null, "a call or jump through a NULL pointer")
{
	jump(0);
}

TEST_PANIC(panic, jump_into_nothing,
	   "a jump into nothing: 00100000 is a user address")
{
	jump(KERNEL_PHYS);
}

TEST_PANIC(panic, behind_the_direct_map,
	   "the hole behind the direct map: something ran off")
{
	peek(memory_layout.high_memory);
}

TEST_PANIC(panic, vmalloc_area, "the vmalloc area, where no area is")
{
	/* stacks of threads begin at the other end */
	poke(memory_layout.vmalloc_end - 0x123);
}

TEST_PANIC(panic, pkmap_area, "a window of kmap() that shows no page")
{
	peek(memory_layout.pkmap_base);
}

TEST_PANIC(panic, empty_fixmap_slot, "a fixmap slot that is not set")
{
	peek(fix_to_virt(FIX_HOLE));
}

/* Not a tail call: each level keeps its frame. */
static u32 __noinline recurse(u32 depth)
{
	volatile u32 frame[32];

	frame[depth % 32] = depth;
	if (sink == depth)	/* never: it is a hint to the compiler only */
		return 0;
	return recurse(depth + 1) + frame[depth % 32];
}

TEST_PANIC(panic, stack_overflow,
	   "the boot stack overflowed into its guard page")
{
	sink = ~0U;
	sink = recurse(0);
}

TEST_PANIC(panic, lost_stack_pointer, "double fault")
{
	__asm__ volatile("movl $0x1000, %%esp; pushl $0" : : : "memory");
}

TEST_PANIC(panic, divide_by_zero, "divide error")
{
	sink = 1;
	__asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0) : "cc");
}

TEST_PANIC(panic, invalid_opcode, "no instruction of this CPU")
{
	__asm__ volatile("ud2");
}

TEST_PANIC(panic, bad_selector, "general protection fault")
{
	__asm__ volatile("movl %0, %%gs" : : "r"(0x1238));
}

TEST_PANIC(panic, bug_on, "two and two make four")
{
	sink = 4;
	BUG_ON(sink == 2 + 2, "two and two make four");
}

TEST_PANIC(panic, panic_with_arguments, "the answer is 42, not ff")
{
	panic("the answer is %d, not %x", 42, 0xff);
}

/* The frame pointer leads nowhere: the trace ends, the report does not. */
TEST_PANIC(panic, broken_frame_pointer, "no instruction of this CPU")
{
	__asm__ volatile("movl $0xfffff004, %%ebp; ud2" : : : "memory");
}

TEST_PANIC(panic, unlock_of_a_free_lock, "the lock that this needs")
{
	spinlock_t lock = SPIN_LOCK_UNLOCKED("test");

	spin_unlock(&lock);
}

TEST_PANIC(panic, fixmap_that_does_not_exist, "this fixmap does not exist")
{
	set_fixmap(__end_of_fixed_addresses, 0, PAGE_KERNEL);
}

TEST_PANIC(panic, windows_out_of_order, "what was not mapped last")
{
	void *first = early_memremap(0x1000, PAGE_SIZE);

	early_memremap(0x2000, PAGE_SIZE);
	early_memunmap(first, PAGE_SIZE);
}

static void probe_again(void *arg)
{
	cpu_probe(probe_again, arg, NULL);
}

TEST_PANIC(panic, nested_probe, "a probe inside a probe")
{
	cpu_probe(probe_again, NULL, NULL);
}

/* A reserved bit in an entry on the way: PAE has some below bit 63. */
TEST_PANIC(panic, reserved_bit, "has a reserved bit set")
{
	u32 addr = fix_to_virt(FIX_TEST);

	if (!paging_mode.pae) {
		test_skip("two-level entries have no reserved bit here");
		return;
	}
	pt_set_page(&kernel_pgtable, addr, PAGE_KERNEL | 1ULL << 51);
	peek(addr);
}
