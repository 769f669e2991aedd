/* Walks of stacks: the kernel's own, and forged ones. */
#include <boot/sections.h>
#include <kernel/base/symbols.h>
#include <kernel/base/trace.h>
#include <kernel/cpu/page.h>
#include <kernel/cpu/traps.h>
#include <kernel/sched/task.h>
#include "ktest.h"

static u32 entries[16];
static unsigned int depth;

/* A return address behind a call in the function of that name? */
static bool returns_into(u32 eip, const char *name)
{
	u32 offset, size;
	const char *symbol = symbol_lookup(eip - 1, &offset, &size);

	return symbol && !strcmp(symbol, name);
}

void trace_inner(unsigned int n);
void trace_middle(unsigned int n);
void trace_outer(unsigned int n);

void __noinline trace_inner(unsigned int n)
{
	memset(entries, 0, sizeof(entries));
	depth = trace_stack(entries, n);
}

void __noinline trace_middle(unsigned int n)
{
	trace_inner(n);
}

void __noinline trace_outer(unsigned int n)
{
	trace_middle(n);
}

/* The outermost function of the boot, or of a thread. */
static const char *outermost(void)
{
	return current->stack ? "thread_entry" : "start_high_stack";
}

TEST(trace, callers_from_the_inside_out)
{
	trace_outer(ARRAY_SIZE(entries));
	EXPECT(depth > 4 && depth < ARRAY_SIZE(entries));
	EXPECT(returns_into(entries[0], "trace_middle"));
	EXPECT(returns_into(entries[1], "trace_outer"));
	EXPECT(returns_into(entries[depth - 1], outermost()));
}

TEST(trace, no_more_than_asked_for)
{
	trace_outer(2);
	EXPECT_EQ(depth, 2);
	EXPECT(returns_into(entries[1], "trace_outer"));
	EXPECT_EQ(entries[2], 0);
	trace_outer(0);
	EXPECT_EQ(depth, 0);
	EXPECT_EQ(entries[0], 0);
}

/* As an object's last owner is: in the middle of whatever runs. */
static void trace_in_probe(void *arg)
{
	(void)arg;
	trace_outer(ARRAY_SIZE(entries));
}

TEST(trace, inside_a_probe)
{
	EXPECT(cpu_probe(trace_in_probe, NULL, NULL));
	EXPECT(returns_into(entries[1], "trace_outer"));
}

/* What follows if the saved frame pointer of the caller is this? */
static unsigned int __noinline traced_with(u32 ebp)
{
	u32 *frame = __builtin_frame_address(0);
	u32 saved = *frame;

	*(volatile u32 *)frame = ebp;
	trace_inner(ARRAY_SIZE(entries));
	*(volatile u32 *)frame = saved;
	return depth;
}

/* The return address of trace_inner() and that of traced_with() are there. */
TEST(trace, a_broken_chain_ends_it)
{
	u32 here = (u32)(uintptr_t)__builtin_frame_address(0);
	static const u32 off[] = { 0, 4, 0xfffff000, 0xfffffffc };
	u32 i;

	EXPECT(traced_with(here) > 3);
	for (i = 0; i < ARRAY_SIZE(off); i++)
		EXPECT_EQ(traced_with(off[i]), 2);
	EXPECT_EQ(traced_with(here + 1), 2);
	EXPECT_EQ(traced_with((u32)boot_stack), 2);
	EXPECT_EQ(traced_with((u32)boot_stack_top), 2);
	EXPECT_EQ(traced_with((u32)boot_stack_top - 4), 2);
}

/* A forged stack: each frame is two words, EBP and EIP. */
static u32 forged[8];

static unsigned int walk_forged(u32 first, u32 *unreadable)
{
	struct unwind walk;
	unsigned int n = 0;

	unwind_start(&walk, first);
	while (unwind_next(&walk))
		n++;
	*unreadable = walk.unreadable;
	EXPECT_EQ(unwind_next(&walk), 0);
	return n;
}

static void forge(void)
{
	u32 i;

	for (i = 0; i < 8; i += 2) {
		forged[i] = (u32)(uintptr_t)&forged[i + 2];
		forged[i + 1] = 0x01010101 * (i + 1);
	}
	forged[6] = 0;
}

TEST(trace, unwinds_any_stack)
{
	u32 base = (u32)(uintptr_t)forged, unreadable;

	forge();
	EXPECT_EQ(walk_forged(base, &unreadable), 4);
	EXPECT_EQ(unreadable, 0);
	forged[3] = 0;				/* no return address */
	EXPECT_EQ(walk_forged(base, &unreadable), 1);
	forge();
	forged[2] = base;			/* not above the last one */
	EXPECT_EQ(walk_forged(base, &unreadable), 2);
	forged[2] = base + 8;
	EXPECT_EQ(walk_forged(base, &unreadable), 2);
	forged[2] = base + 17;			/* not aligned */
	EXPECT_EQ(walk_forged(base, &unreadable), 2);
	EXPECT_EQ(unreadable, 0);
	forged[2] = 0xfffff004;			/* not mapped */
	EXPECT_EQ(walk_forged(base, &unreadable), 2);
	EXPECT_EQ(unreadable, 0xfffff004);
	EXPECT_EQ(walk_forged(0, &unreadable), 0);
	EXPECT_EQ(walk_forged(PAGE_OFFSET - 4, &unreadable), 0);
	EXPECT_EQ(unreadable, 0);
}

TEST(trace, time_goes_on)
{
	u64 first = trace_time(), second = trace_time();

	EXPECT(second > first && trace_time() > second);
}

TEST(trace, unwinds_what_runs)
{
	struct unwind walk;
	u32 eip = 0, next;

	unwind_start(&walk, (u32)(uintptr_t)__builtin_frame_address(0));
	while ((next = unwind_next(&walk)))
		eip = next;
	EXPECT(returns_into(eip, outermost()));
	EXPECT_EQ(walk.unreadable, 0);
}
