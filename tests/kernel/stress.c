/*
 * The soak: all allocators from all contexts at once, for a given time.
 *
 * 1. Who. Threads that take and give back pages of all orders, kmalloc, objects
 *    of a cache, and vmalloc; each ends after some rounds and another one
 *    begins in its place. Timers, tasklets and the tick's handler do the same
 *    with what is allowed there (GFP_ATOMIC, no vmalloc). All sleep in between,
 *    so that a run of virtual hours is quick where time can be skipped.
 *
 * 2. What is held stands in slots, a few for each actor, and is filled with a
 *    word that its slot and address make: whoever gets memory that somebody
 *    else has, or writes where he should not, is found when it is given back.
 *
 * 3. How much. A budget of pages, half of what is free at the start: nothing
 *    may fail for want of memory but large blocks, which are asked for without
 *    a warning.
 *
 * 4. The end: all ends and is given back, the books are checked, the ledger
 *    is compared with the one of the start.
 *
 * The seed makes the requests the same; their order is that of the threads.
 */
#include <kernel/base/cmdline.h>
#include <kernel/base/debug.h>
#include <kernel/base/init.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/debugport.h>
#include <kernel/cpu/softirq.h>
#include <kernel/cpu/time.h>
#include <kernel/cpu/timer.h>
#include <kernel/lib/errno.h>
#include <kernel/monitor/monitor.h>
#include <kernel/sched/reaper.h>
#include <kernel/sched/wait.h>
#include <kernel/sched/workqueue.h>
#include <mm/object/kmalloc.h>
#include <mm/object/slab.h>
#include <mm/page/page_alloc.h>
#include <mm/virt/vmalloc.h>
#include "duration.h"
#include "ktest.h"

#define THREADS 6U
#define TIMERS 4U
#define ACTORS (THREADS + TIMERS + 2)	/* and a tasklet, and the tick */
#define SLOTS 24U
#define BATCH 16U		/* requests between two rests */
#define ROUNDS_MOST 60U		/* of a thread's life */
#define OBJECT_SIZE 200U

enum kind { NOTHING, PAGES, KMALLOC, OBJECT, VMALLOC, NR_KINDS };

struct slot {
	enum kind kind;
	u32 order;		/* PAGES */
	u32 size;		/* bytes */
	void *at;
};

struct actor {
	u32 random;
	bool atomic;
	struct slot slots[SLOTS];
	struct task *thread;
	struct timer_list timer;
	u32 done;		/* requests, to compare and for the report */
};

static struct actor actors[ACTORS];
static struct kmem_cache *objects;
static struct tasklet tasklet;
static atomic_t budget;		/* pages that may still be taken */
static atomic_t wrong;		/* memory that was not as it was left */
static volatile bool ending;
static u32 threads_made;

static struct actor *const by_tasklet = &actors[THREADS + TIMERS];
static struct actor *const by_tick = &actors[THREADS + TIMERS + 1];

/* Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8 (2003). */
static u32 next_random(struct actor *a, u32 below)
{
	a->random ^= a->random << 13;
	a->random ^= a->random >> 17;
	a->random ^= a->random << 5;
	return a->random % below;
}

/* --- one slot --- */

static u32 pages_of(const struct slot *s)
{
	return (s->size + PAGE_SIZE - 1) / PAGE_SIZE + (s->kind == VMALLOC);
}

static u32 mark_of(const struct slot *s)
{
	return (u32)(uintptr_t)s->at * 2654435761U ^ (u32)(uintptr_t)s;
}

/* The first and last word of every page, or of what there is. */
static void mark(const struct slot *s)
{
	u32 *words = s->at, last = s->size / 4 - 1, i;

	for (i = 0; i <= last; i += PAGE_SIZE / 4)
		words[i] = mark_of(s) + i;
	words[last] = mark_of(s) + last;
}

static bool is_marked(const struct slot *s)
{
	const u32 *words = s->at;
	u32 last = s->size / 4 - 1, i;

	for (i = 0; i <= last; i += PAGE_SIZE / 4)
		if (words[i] != mark_of(s) + i)
			return false;
	return words[last] == mark_of(s) + last;
}

static void *take(const struct slot *s, gfp_t gfp)
{
	struct page *page;

	switch (s->kind) {
	case PAGES:
		page = alloc_pages(gfp, s->order);
		return page ? page_address(page) : NULL;
	case KMALLOC:
		return kmalloc(s->size, gfp);
	case OBJECT:
		return kmem_cache_alloc(objects, gfp);
	case VMALLOC:
		return __vmalloc(s->size, gfp | __GFP_HIGHMEM, PAGE_KERNEL);
	default:
		return NULL;
	}
}

static void give_back(struct slot *s)
{
	if (!is_marked(s))
		atomic_inc(&wrong);
	if (s->kind == PAGES)
		free_pages((u32)(uintptr_t)s->at, s->order);
	else if (s->kind == KMALLOC)
		kfree(s->at);
	else if (s->kind == OBJECT)
		kmem_cache_free(objects, s->at);
	else
		vfree(s->at);
	__atomic_fetch_add(&budget.counter, (s32)pages_of(s),
			   __ATOMIC_SEQ_CST);
	s->kind = NOTHING;
}

/* What to ask for next: mostly little, now and then much. */
static void choose(struct actor *a, struct slot *s)
{
	s->kind = PAGES + next_random(a, a->atomic ? 3 : 4);
	s->order = next_random(a, 4) ? next_random(a, 3) :
		   next_random(a, MAX_ORDER);
	switch (s->kind) {
	case PAGES:
		s->size = PAGE_SIZE << s->order;
		break;
	case KMALLOC:
		s->size = (8U << next_random(a, 12)) + 4 * next_random(a, 9);
		break;
	case OBJECT:
		s->size = OBJECT_SIZE;
		break;
	default:
		s->size = PAGE_SIZE * (1 + next_random(a, 16)) -
			  4 * next_random(a, 64);
	}
}

static void fill(struct actor *a, struct slot *s)
{
	gfp_t gfp = (a->atomic ? GFP_ATOMIC : GFP_KERNEL) | __GFP_NOWARN;
	s32 pages;

	choose(a, s);
	pages = (s32)pages_of(s);
	if (__atomic_sub_fetch(&budget.counter, pages, __ATOMIC_SEQ_CST) >= 0)
		s->at = take(s, gfp);
	else
		s->at = NULL;
	if (s->at) {
		mark(s);
		return;
	}
	__atomic_fetch_add(&budget.counter, pages, __ATOMIC_SEQ_CST);
	s->kind = NOTHING;
}

static void act(struct actor *a, u32 requests)
{
	while (requests--) {
		struct slot *s = &a->slots[next_random(a, SLOTS)];

		if (s->kind == NOTHING)
			fill(a, s);
		else
			give_back(s);
		a->done++;
	}
}

static void give_all_back(struct actor *a)
{
	u32 i;

	for (i = 0; i < SLOTS; i++)
		if (a->slots[i].kind != NOTHING)
			give_back(&a->slots[i]);
}

/* --- the actors --- */

static int thread_acts(void *data)
{
	struct actor *a = data;
	u32 rounds = 1 + next_random(a, ROUNDS_MOST);

	while (rounds-- && !ending) {
		act(a, BATCH);
		if (next_random(a, 8))
			msleep(1 + next_random(a, 60));
		else
			yield();
	}
	return 0;
}

static void timer_acts(unsigned long data)
{
	struct actor *a = (struct actor *)data;

	act(a, BATCH / 4);
	if (!next_random(a, 4))
		tasklet_schedule(&tasklet);
	if (!ending)
		mod_timer(&a->timer, jiffies + 1 + next_random(a, 20));
}

static void tasklet_acts(unsigned long unused)
{
	act(by_tasklet, BATCH / 4);
}

static void (*old_tick)(void);

static void tick_acts(void)
{
	old_tick();
	if (!next_random(by_tick, 4))
		act(by_tick, 1 + next_random(by_tick, 3));
}

static void begin_thread(struct actor *a)
{
	static const u32 prios[] = { PRIO_HIGH, PRIO_DEFAULT, PRIO_DEFAULT,
				     PRIO_DEFAULT + 4 };

	a->thread = kthread_run_prio(prios[next_random(a, ARRAY_SIZE(prios))],
				     thread_acts, a, "stress%u",
				     (u32)(a - actors));
	threads_made += a->thread != NULL;
}

/* Not the high memory: vmalloc alone would reach it. */
static u32 free_low_pages(void)
{
	struct zone *zone;
	unsigned int i;
	u32 n = 0;

	for_each_zone_of(&machine_nodes, zone, i)
		if (i % MAX_NR_ZONES != ZONE_HIGHMEM)
			n += zone->free_pages;
	return n;
}

static void begin(u32 seed)
{
	u32 i;

	memset(actors, 0, sizeof(actors));
	ending = false;
	threads_made = 0;
	atomic_set(&wrong, 0);
	atomic_set(&budget, (s32)(free_low_pages() / 2));
	for (i = 0; i < ACTORS; i++) {
		actors[i].random = (seed + i) * 2654435761U | 1;
		actors[i].atomic = i >= THREADS;
	}
	tasklet_init(&tasklet, tasklet_acts, 0);
	for (i = THREADS; i < THREADS + TIMERS; i++) {
		setup_timer(&actors[i].timer, timer_acts,
			    (unsigned long)&actors[i]);
		mod_timer(&actors[i].timer, jiffies + 1);
	}
	for (i = 0; i < THREADS; i++)
		begin_thread(&actors[i]);
	old_tick = tick_hook;
	tick_hook = tick_acts;
}

/* In the place of those that have ended others begin, until it is time. */
static void keep_going(u32 seconds)
{
	u32 end = jiffies + seconds * hz, i;

	for (i = 0; time_before(jiffies, end); i = (i + 1) % THREADS) {
		if (actors[i].thread)
			kthread_join(actors[i].thread);
		begin_thread(&actors[i]);
		if (!actors[i].thread)
			msleep(100);
	}
}

static u32 finish(void)
{
	u32 i, done = 0;

	ending = true;
	tick_hook = old_tick;
	for (i = 0; i < THREADS; i++)
		if (actors[i].thread)
			kthread_join(actors[i].thread);
	for (i = THREADS; i < THREADS + TIMERS; i++)
		del_timer_sync(&actors[i].timer);
	tasklet_kill(&tasklet);
	for (i = 0; i < ACTORS; i++) {
		give_all_back(&actors[i]);
		done += actors[i].done;
	}
	return done;
}

/* 0, or -EIO: something was found, and said. */
static int stress(u32 seconds, u32 seed)
{
	struct test_ledger *before = test_ledger_take();
	u32 done, reaping;
	bool same;

	objects = kmem_cache_create("stress", OBJECT_SIZE, 0, 0, NULL);
	if (!objects) {
		printk("stress: no memory for its cache\n");
		return -ENOMEM;
	}
	reaping = reap_every(hz / 5);
	begin(seed);
	keep_going(seconds);
	done = finish();
	reap_every(reaping);
	if (kmem_cache_destroy(objects))
		atomic_inc(&wrong);
	same = test_ledger_same(before);
	printk("stress: %u s, seed %u: %u requests, %u threads; memory %s, "
	       "ledger %s\n", seconds, seed, done, threads_made,
	       atomic_read(&wrong) ? "WRONG" : "as it was left",
	       same ? "as before" : "DIFFERENT");
	return same && !atomic_read(&wrong) ? 0 : -EIO;
}

/* --- the prompt and the command line --- */

static struct duration from_boot;

static int set_stress(const char *value)
{
	return duration_of_option(value, &from_boot);
}

KERNEL_PARAM(stress, "stress", set_stress, PARAM_VALUE, "SECONDS[,SEED]",
	     "allocate from everywhere so long, then end the emulator");

static void run_boot_stress(void)
{
	if (from_boot.seconds)
		debug_exit(stress(from_boot.seconds, from_boot.seed) ?
			   DEBUG_EXIT_FAIL : DEBUG_EXIT_PASS);
}

late_initcall(run_boot_stress);

static int cmd_stress(int argc, char **argv)
{
	struct duration d;

	if (duration_of_command(argc, argv, &d))
		return -EINVAL;
	stress(d.seconds, d.seed);
	return 0;
}

MONITOR_COMMAND(stress, "SECONDS [SEED]",
		"all allocators from everywhere at once", cmd_stress);

TEST(stress, a_second_of_it)
{
	EXPECT_EQ(stress(1, 7), 0);
}
