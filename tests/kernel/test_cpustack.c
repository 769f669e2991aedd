/*
 * Stacks of a CPU, and what an interrupt does to them.
 *
 * The CPU's trap flag stops after each instruction (SDM volume 3B, 17.3.1.4).
 * For each boundary between two instructions of an operation it is done once
 * more, and there an interrupt "comes": do_irq() is called with the registers,
 * as the entry of a real one would, and the handler allocates and frees on the
 * same cache. After each the cache's books are looked at.
 */
#include <kernel/cpu/irq.h>
#include <kernel/cpu/processor.h>
#include "private_cache.h"

#define EFLAGS_TF 0x100U
#define STEP_IRQ 5U	/* guessed: no device of the machines has it */

/* --- the stack itself --- */

static struct cpu_stack stack;

static void *entry(u32 n)
{
	return (void *)(uintptr_t)(0x1000 + n);
}

TEST(cpustack, last_in_first_out)
{
	void *top;
	u32 i;

	memset(&stack, 0, sizeof(stack));
	EXPECT(!cpu_stack_push(&stack, entry(0)));
	EXPECT(!cpu_stack_pop(&stack, &top));
	stack.limit = 5;
	for (i = 0; i < 5; i++) {
		EXPECT(cpu_stack_push(&stack, entry(i)));
		EXPECT_EQ(stack.count, i + 1);
	}
	EXPECT(!cpu_stack_push(&stack, entry(5)));
	EXPECT_EQ(stack.count, 5);
	EXPECT(!stack.entry[5]);
	while (i--) {
		EXPECT(cpu_stack_pop(&stack, &top));
		EXPECT(top == entry(i));
		EXPECT_EQ(stack.count, i);
	}
	EXPECT(!cpu_stack_pop(&stack, &top));
}

TEST(cpustack, up_to_the_most)
{
	void *top;
	u32 i;

	memset(&stack, 0, sizeof(stack));
	stack.limit = CPU_STACK_MOST;
	for (i = 0; i < CPU_STACK_MOST; i++)
		REQUIRE(cpu_stack_push(&stack, entry(i)));
	EXPECT(!cpu_stack_push(&stack, entry(i)));
	/* what is above a limit that was lowered can still be had */
	stack.limit = 1;
	EXPECT(!cpu_stack_push(&stack, entry(i)));
	while (i--)
		REQUIRE(cpu_stack_pop(&stack, &top) && top == entry(i));
}

extern const struct restart_range __restart_ranges_start[];
extern const struct restart_range __restart_ranges_end[];

/* Inside of a sequence: to its begin. Before and behind: as it is. */
TEST(cpustack, restart_only_inside)
{
	const struct restart_range *range = __restart_ranges_start;
	struct pt_regs regs = { .eflags = 0 };
	u32 eip;

	EXPECT(__restart_ranges_end - range >= 5);
	for (; range < __restart_ranges_end; range++) {
		u32 end = range->begin + range->length;

		EXPECT(range->length > 8 && range->length < 32);
		for (eip = range->begin - 1; eip <= end; eip++) {
			bool inside = eip >= range->begin && eip < end;

			regs.eip = eip;
			restart_sequence(&regs);
			EXPECT_EQ(regs.eip, inside ? range->begin : eip);
		}
	}
}

/* --- an interrupt after the n-th instruction --- */

static u32 steps_left;
static bool interrupted;
static void (*handler)(void);

static bool fastcall on_step(struct pt_regs *regs)
{
	/* a POPF may bring the flag back from before */
	if (interrupted) {
		regs->eflags &= ~EFLAGS_TF;
		return true;
	}
	/* nothing would come here */
	if (!(regs->eflags & EFLAGS_IF) || steps_left--)
		return true;
	interrupted = true;
	regs->eflags &= ~EFLAGS_TF;
	regs->vector = FIRST_IRQ_VECTOR + STEP_IRQ;
	do_irq(regs);
	return true;
}

static bool on_interrupt(unsigned int irq, void *dev)
{
	handler();
	return true;
}

/* false: it ended before n instructions. */
static bool interrupt_after(u32 n, void (*operation)(void))
{
	u32 flags = local_irq_save();

	disable_irq(IRQ_TIMER);
	set_trap_handler(TRAP_DEBUG, on_step);
	request_irq(STEP_IRQ, on_interrupt, 0, "step", NULL);
	steps_left = n;
	interrupted = false;
	/* the timer is masked: nothing else will come */
	write_eflags(flags | EFLAGS_IF | EFLAGS_TF);
	operation();
	write_eflags(flags & ~EFLAGS_IF);
	free_irq(STEP_IRQ, NULL);
	set_trap_handler(TRAP_DEBUG, NULL);
	enable_irq(IRQ_TIMER);
	local_irq_restore(flags);
	return interrupted;
}

/* --- on a stack of its own --- */

static void *got;
static bool got_one;

static void pop_one(void)
{
	got_one = cpu_stack_pop(&stack, &got);
}

static void push_one(void)
{
	got_one = cpu_stack_push(&stack, entry(100));
}

static void *taken;

static void handler_pops(void)
{
	cpu_stack_pop(&stack, &taken);
}

static void handler_pushes(void)
{
	taken = cpu_stack_push(&stack, entry(50)) ? NULL : entry(50);
}

/* The stack again, with so many entries, limit 4. */
static void fill_stack(u32 count)
{
	u32 i;

	memset(&stack, 0, sizeof(stack));
	stack.limit = 4;
	for (i = 0; i < count; i++)
		cpu_stack_push(&stack, entry(i));
	taken = got = NULL;
}

/* How often a value stands on the stack or is in somebody's hands. */
static u32 copies(const void *value)
{
	u32 i, n = (got_one && got == value) + (taken == value);

	for (i = 0; i < stack.count; i++)
		n += stack.entry[i] == value;
	return n;
}

static void step_pop(u32 count, void (*how)(void))
{
	u32 n, i;

	handler = how;
	for (n = 0;; n++) {
		fill_stack(count);
		if (!interrupt_after(n, pop_one))
			break;
		for (i = 0; i < count; i++)
			REQUIRE(EXPECT_EQ(copies(entry(i)), 1));
		REQUIRE(EXPECT_EQ(copies(entry(50)), how == handler_pushes));
	}
	EXPECT(n >= 5);
}

static void step_push(u32 count, void (*how)(void))
{
	u32 n, i;

	handler = how;
	for (n = 0;; n++) {
		fill_stack(count);
		if (!interrupt_after(n, push_one))
			break;
		/* what was not pushed is still the caller's */
		got = entry(100);
		got_one = !got_one;
		for (i = 0; i < count; i++)
			REQUIRE(EXPECT_EQ(copies(entry(i)), 1));
		REQUIRE(EXPECT_EQ(copies(entry(100)), 1));
		REQUIRE(EXPECT_EQ(copies(entry(50)), how == handler_pushes));
	}
	EXPECT(n >= 5);
}

TEST(cpustack, each_instruction_of_pop)
{
	u32 count;

	for (count = 0; count <= 4; count++) {
		step_pop(count, handler_pops);
		step_pop(count, handler_pushes);
	}
}

TEST(cpustack, each_instruction_of_push)
{
	u32 count;

	for (count = 0; count <= 4; count++) {
		step_push(count, handler_pops);
		step_push(count, handler_pushes);
	}
}

/* --- on caches --- */

#define HELD_MOST 128
#define HELD_BETWEEN 24		/* runs: so many are held, at least */

static struct kmem_cache *cache;
static void *held[HELD_MOST];
static u32 nr_held, others;

static void hold(void *object)
{
	if (EXPECT(object && nr_held < HELD_MOST))
		held[nr_held++] = object;
}

static void op_alloc(void)
{
	got = kmem_cache_alloc(cache, GFP_KERNEL);
}

static void op_zalloc(void)
{
	got = kmem_cache_zalloc(cache, GFP_KERNEL);
}

static void op_free(void)
{
	kmem_cache_free(cache, got);
	got = NULL;
}

static void op_kmalloc(void)
{
	got = kmalloc(192, GFP_KERNEL);
}

static volatile size_t any_size = 192;

static void op_kmalloc_any(void)
{
	got = __kmalloc(any_size, GFP_KERNEL);
}

static void op_kfree(void)
{
	kfree(got);
	got = NULL;
}

static void take(u32 n)
{
	while (n--)
		hold(kmem_cache_alloc(cache, GFP_ATOMIC));
}

static void give(u32 n)
{
	while (n-- && nr_held)
		kmem_cache_free(cache, held[--nr_held]);
}

static void takes_one(void)
{
	take(1);
}

static void gives_one(void)
{
	give(1);
}

/* From below: another order, the same count. */
static void exchanges(void)
{
	void *object[3];
	u32 i;

	for (i = 0; i < 3; i++)
		object[i] = kmem_cache_alloc(cache, GFP_ATOMIC);
	for (i = 0; i < 3; i++)
		kmem_cache_free(cache, object[i]);
}

static void takes_many(void)
{
	take(10);
}

static void gives_many(void)
{
	give(10);
}

static void shrinks(void)
{
	kmem_cache_shrink(cache);
}

static void (*const handlers[])(void) = {
	takes_one, gives_one, exchanges, takes_many, gives_many, shrinks,
};

/* So many objects are on the stack, enough are held and can be had. */
static void set_stack(u32 count)
{
	while (nr_held > HELD_BETWEEN + 16)
		give(1);
	while (nr_held < HELD_BETWEEN)
		take(1);
	while (stack_of(cache)->count > count)
		take(1);
	while (stack_of(cache)->count < count)
		give(1);
}

/* frees: got is an object that the operation frees. */
static bool interrupt_cache(u32 n, u32 count, void (*operation)(void),
			    bool frees)
{
	bool came;

	set_stack(count);
	got = frees ? held[--nr_held] : NULL;
	came = interrupt_after(n, operation);
	if (!frees)
		hold(got);
	return EXPECT(books_with_others(cache, held, nr_held, others)) && came;
}

static void step_through(u32 count, void (*operation)(void), bool frees)
{
	u32 i, n;

	for (i = 0; i < ARRAY_SIZE(handlers); i++) {
		handler = handlers[i];
		for (n = 0; interrupt_cache(n, count, operation, frees); n++)
			;
		EXPECT(n >= 8);
	}
}

static void step_begin(u32 limit, u32 batch, u32 shared)
{
	nr_held = 0;
	others = 0;
	cache = private_cache_tuned(64, limit, batch, shared);
}

static void step_end(void)
{
	free_n(cache, held, nr_held);
	private_cache_end(cache);
}

/* Empty, so that it is refilled; with one; some; all but one; full. */
static void step_all(void (*operation)(void), bool frees)
{
	step_through(0, operation, frees);
	step_through(1, operation, frees);
	step_through(4, operation, frees);
	step_through(7, operation, frees);
	step_through(8, operation, frees);
}

TEST(cpustack, each_instruction_of_alloc)
{
	step_begin(8, 4, 0);
	if (!cache)
		return;
	step_all(op_alloc, false);
	step_end();
}

TEST(cpustack, each_instruction_of_zalloc)
{
	step_begin(8, 4, 1);
	if (!cache)
		return;
	step_through(0, op_zalloc, false);
	step_through(1, op_zalloc, false);
	step_end();
}

TEST(cpustack, each_instruction_of_free)
{
	step_begin(8, 4, 0);
	if (!cache)
		return;
	step_all(op_free, true);
	step_end();
}

TEST(cpustack, each_instruction_with_a_shared_array)
{
	step_begin(8, 4, 2);
	if (!cache)
		return;
	step_through(0, op_alloc, false);
	step_through(8, op_free, true);
	step_end();
}

/* A cache that is not the case's own: tuned as the others meanwhile. */
static bool step_kmalloc(u32 count, void (*operation)(void), bool frees)
{
	u32 limit, batch, shared;

	cache = kmalloc_caches[0][kmalloc_class(192)];
	if (private_cache_debugged(cache))
		return false;
	limit = cache->limit;
	batch = cache->batch;
	shared = cache->shared;
	nr_held = 0;
	EXPECT_EQ(kmem_cache_tune(cache, 8, 4, 0), 0);
	others = nr_on_slabs(cache) - nr_kept(cache);
	step_through(count, operation, frees);
	EXPECT_EQ(kmem_cache_tune(cache, limit, batch, shared), 0);
	free_n(cache, held, nr_held);
	return true;
}

TEST(cpustack, each_instruction_of_kmalloc)
{
	if (!step_kmalloc(0, op_kmalloc, false))
		return;
	step_kmalloc(1, op_kmalloc, false);
	step_kmalloc(4, op_kmalloc, false);
	step_kmalloc(1, op_kmalloc_any, false);
	step_kmalloc(4, op_kmalloc_any, false);
}

TEST(cpustack, each_instruction_of_kfree)
{
	if (!step_kmalloc(0, op_kfree, true))
		return;
	step_kmalloc(3, op_kfree, true);
	step_kmalloc(8, op_kfree, true);
}

/* Nothing is left on any slab: a slab is made, and interrupted in it. */
static void step_grow(void (*how)(void))
{
	u32 n, came = 1;

	handler = how;
	for (n = 0; came; n += 3) {
		free_n(cache, held, nr_held);
		nr_held = 0;
		kmem_cache_shrink(cache);
		got = NULL;
		came = interrupt_after(n, op_alloc);
		hold(got);
		REQUIRE(books_are_right(cache, held, nr_held));
	}
	EXPECT(n > 70);
}

/* --- the long way begins or ends meanwhile --- */

static void goes_long(void)
{
	slab_set_long_way(true);
}

static void goes_short(void)
{
	/* else who makes a cache asks for it under this lock */
	if (!spin_is_locked(&kmem_caches_lock))
		slab_set_long_way(false);
}

/* Nothing is left on a stack: what comes next would go by it. */
TEST(cpustack, long_way_begins_in_a_refill)
{
	u32 n, came = 1;

	step_begin(8, 4, 1);
	if (!cache)
		return;
	handler = goes_long;
	for (n = 0; came; n += 3) {
		kmem_cache_shrink(cache);
		came = interrupt_after(n, op_alloc);
		if (came)
			REQUIRE(EXPECT_EQ(stack_of(cache)->count, 0));
		slab_set_long_way(false);
		hold(got);
		REQUIRE(books_are_right(cache, held, nr_held));
		free_n(cache, held, nr_held);
		nr_held = 0;
	}
	EXPECT(n > 70);
	step_end();
}

static void op_create(void)
{
	cache = kmem_cache_create("test", 64, 0, 0, NULL);
}

/* A cache that is made meanwhile has its stacks, too. */
TEST(cpustack, long_way_ends_while_a_cache_is_made)
{
	u32 n, came = 1;

	handler = goes_short;
	for (n = 0; came; n += 40) {
		slab_set_long_way(true);
		came = interrupt_after(n, op_create);
		REQUIRE(cache);
		EXPECT_EQ(stack_of(cache)->limit,
			  stack_limit(cache));
		private_cache_end(cache);
	}
	slab_set_long_way(false);
	EXPECT(n > 400);
}

TEST(cpustack, while_a_slab_is_made)
{
	step_begin(8, 4, 0);
	if (!cache)
		return;
	step_grow(takes_one);
	step_grow(takes_many);
	step_grow(shrinks);
	step_end();
}
