/*
 * Out of memory: how bad a thread is, who is chosen of made-up ones, who is
 * never; what becomes of a process that is killed wherever it is; and the whole
 * of it with a real one.
 *
 * Made-up threads have real spaces without pages, which only say how large they
 * are. Nobody looks into their process: that it is not NULL is all.
 */
#include <boot/sections.h>
#include <kernel/base/printk.h>
#include <kernel/cpu/time.h>
#include <kernel/fs/fs.h>
#include <kernel/lib/math64.h>
#include <kernel/user/internal.h>
#include <mm/page/page_alloc.h>
#include <mm/page/vmstat.h>
#include <mm/reclaim/oom.h>
#include <mm/report/free_areas.h>
#include <mm/space/mm.h>
#include "flat_user.h"
#include "ktest.h"
#include "user_space.h"

/* What printk() prints between the two calls: test_cmdline.c. */
void record_start(void);
const char *record_stop(void);

#define NR_FAKES 5

static struct fake {
	struct task task;
	struct fake *parent;
} fakes[NR_FAKES];

static LIST_HEAD(fake_tasks);
static void (*real_children)(const struct task *task,
			     void (*visit)(struct task *child, void *arg),
			     void *arg);

static void fake_children(const struct task *task,
			  void (*visit)(struct task *child, void *arg),
			  void *arg)
{
	u32 i;

	for (i = 0; i < NR_FAKES; i++)
		if (fakes[i].parent && &fakes[i].parent->task == task)
			visit(&fakes[i].task, arg);
}

static void drop_fakes(void)
{
	u32 i, k;

	oom_children_hook = real_children;
	for (i = 0; i < NR_FAKES; i++) {
		struct mm_struct *mm = fakes[i].task.mm;

		/* two may have the same */
		for (k = 0; k < i; k++)
			if (fakes[k].task.mm == mm)
				mm = NULL;
		if (mm)
			mm->total_vm = 0;
		mmput(mm);
	}
	memset(fakes, 0, sizeof(fakes));
}

/* Each with a space of so many pages; 0: none. False, and a failed case: no
 * memory. */
static bool make_fakes(const u32 pages[NR_FAKES])
{
	bool good = true;
	u32 i;

	memset(fakes, 0, sizeof(fakes));
	INIT_LIST_HEAD(&fake_tasks);
	real_children = oom_children_hook;
	oom_children_hook = fake_children;
	for (i = 0; i < NR_FAKES; i++) {
		struct task *task = &fakes[i].task;

		task->pid = 100 + i;
		task->process = (struct process *)task;
		task->began = jiffies;
		list_add_tail(&task->all, &fake_tasks);
		if (!pages[i])
			continue;
		task->mm = mm_alloc();
		good &= EXPECT(task->mm);
		if (task->mm)
			task->mm->total_vm = pages[i];
	}
	if (!good)
		drop_fakes();
	return good;
}

static u32 all_pages(void)
{
	return totalram_pages + (overcommit.total_swap ?
				 overcommit.total_swap() : 0);
}

/* --- badness --- */

TEST(oom, badness_is_what_it_has)
{
	static const u32 pages[NR_FAKES] = { 1000, 1, 0, 100000 };

	REQUIRE(make_fakes(pages));
	EXPECT_EQ(badness(&fakes[0].task), 1000);
	EXPECT_EQ(badness(&fakes[1].task), 1);
	/* no space: it would give back nothing */
	EXPECT_EQ(badness(&fakes[2].task), 0);
	EXPECT_EQ(badness(&fakes[3].task), 100000);
	drop_fakes();
}

static u64 cycles_of_ms(u32 ms)
{
	/* ns of 2^20 cycles, so that what comes back is ms and a little */
	u32 ns = (u32)cycles_to_ns(1 << 20);

	return (div_u64((u64)ms * 1000000, ns) + 1) << 20;
}

/* The root of seconds / 8, and the fourth root of seconds / 1024. */
TEST(oom, badness_and_time)
{
	static const struct {
		u32 cpu_ms, there_s, want;
	} rows[] = {
		{ 0, 0, 12000 }, { 7000, 1000, 12000 }, { 8000, 0, 12000 },
		{ 31000, 0, 12000 }, { 32000, 0, 6000 }, { 128000, 0, 3000 },
		{ 0, 16383, 12000 }, { 0, 16384, 6000 }, { 0, 82944, 4000 },
		{ 32000, 16384, 3000 }, { 128000, 82944, 1000 },
	};
	static const u32 pages[NR_FAKES] = { 12000 };
	struct task *task = &fakes[0].task;
	u32 i;

	REQUIRE(make_fakes(pages));
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		task->ran = cycles_of_ms(rows[i].cpu_ms);
		task->began = jiffies - rows[i].there_s *
					msecs_to_jiffies(1000);
		if (!EXPECT_EQ(badness(task), rows[i].want))
			printk("  # row %u\n", i);
	}
	drop_fakes();
}

TEST(oom, badness_and_children)
{
	static const u32 pages[NR_FAKES] = { 1000, 600, 401, 50, 0 };

	REQUIRE(make_fakes(pages));
	fakes[1].parent = fakes[2].parent = fakes[4].parent = &fakes[0];
	EXPECT_EQ(badness(&fakes[0].task), 1000 + 300 + 200);
	EXPECT_EQ(badness(&fakes[1].task), 600);
	/* one that shares the space of its parent is no child of that kind */
	mmput(fakes[1].task.mm);
	fakes[1].task.mm = fakes[0].task.mm;
	EXPECT_EQ(badness(&fakes[0].task), 1000 + 200);
	/* a grandchild is not counted */
	fakes[3].parent = &fakes[2];
	EXPECT_EQ(badness(&fakes[0].task), 1000 + 200);
	EXPECT_EQ(badness(&fakes[2].task), 401 + 25);
	drop_fakes();
}

TEST(oom, badness_and_adj)
{
	static const u32 pages[NR_FAKES] = { 100 };
	struct task *task = &fakes[0].task;
	u32 all = all_pages();

	REQUIRE(make_fakes(pages));
	task->oom_score_adj = 1000;
	EXPECT_EQ(badness(task), 100 + all);
	task->oom_score_adj = 100;
	EXPECT_EQ(badness(task), 100 + all / 1000 * 100 +
				 all % 1000 * 100 / 1000);
	task->oom_score_adj = -999;
	EXPECT_EQ(badness(task), 1);
	task->oom_score_adj = -1000;
	EXPECT_EQ(badness(task), 0);
	drop_fakes();
}

TEST(oom, who_is_never)
{
	static const u32 pages[NR_FAKES] = { 1000, 1000, 1000, 1000, 0 };
	struct oom_choice choice;

	REQUIRE(make_fakes(pages));
	fakes[0].task.pid = 1;
	fakes[1].task.process = NULL;	/* a thread of the kernel, in a test */
	fakes[2].task.oom_never = true;	/* init */
	fakes[2].task.oom_score_adj = OOM_SCORE_ADJ_MAX;
	fakes[3].task.oom_score_adj = OOM_SCORE_ADJ_MIN;
	EXPECT_EQ(badness(&fakes[0].task), 0);
	EXPECT_EQ(badness(&fakes[1].task), 0);
	EXPECT_EQ(badness(&fakes[2].task), 0);
	EXPECT_EQ(badness(&fakes[3].task), 0);
	oom_choose(&fake_tasks, &choice);
	EXPECT(!choice.task && !choice.dying);
	drop_fakes();
}

/* --- the choice --- */

TEST(oom, the_worst_is_chosen)
{
	static const u32 pages[NR_FAKES] = { 10, 300, 299, 300, 0 };
	struct oom_choice choice;

	REQUIRE(make_fakes(pages));
	oom_choose(&fake_tasks, &choice);
	/* the first of two */
	EXPECT(choice.task == &fakes[1].task);
	EXPECT_EQ(choice.points, 300);
	EXPECT(!choice.dying);
	fakes[0].task.oom_score_adj = OOM_SCORE_ADJ_MAX;
	oom_choose(&fake_tasks, &choice);
	EXPECT(choice.task == &fakes[0].task);
	drop_fakes();
}

TEST(oom, nobody_is_chosen_twice)
{
	static const u32 pages[NR_FAKES] = { 10, 3000, 2000, 0, 0 };
	struct oom_choice choice;

	REQUIRE(make_fakes(pages));
	set_thread_flags(&fakes[1].task.part, TF_MEMDIE);
	fakes[1].task.oom_at = jiffies;
	oom_choose(&fake_tasks, &choice);
	EXPECT(choice.dying);
	EXPECT(choice.task != &fakes[1].task);
	/* one that ends by itself gives back, too */
	clear_thread_flags(&fakes[1].task.part, TF_MEMDIE);
	set_thread_flags(&fakes[1].task.part, TF_EXITING);
	oom_choose(&fake_tasks, &choice);
	EXPECT(choice.dying);
	/* it cannot end, it seems: not for ever */
	fakes[1].task.oom_at = jiffies - msecs_to_jiffies(60000);
	oom_choose(&fake_tasks, &choice);
	EXPECT(!choice.dying);
	EXPECT(choice.task == &fakes[2].task);
	drop_fakes();
}

TEST(oom, a_child_goes_first)
{
	static const u32 pages[NR_FAKES] = { 1000, 300, 400, 2000, 0 };
	struct task *parent = &fakes[0].task;

	REQUIRE(make_fakes(pages));
	EXPECT(oom_victim(parent) == parent);
	fakes[1].parent = fakes[2].parent = fakes[3].parent =
			  fakes[4].parent = &fakes[0];
	EXPECT(oom_victim(parent) == &fakes[3].task);
	/* one that must not, one that is dying already */
	fakes[3].task.oom_score_adj = OOM_SCORE_ADJ_MIN;
	EXPECT(oom_victim(parent) == &fakes[2].task);
	set_thread_flags(&fakes[2].task.part, TF_MEMDIE);
	EXPECT(oom_victim(parent) == &fakes[1].task);
	/* one with the same space */
	mmput(fakes[1].task.mm);
	fakes[1].task.mm = parent->mm;
	EXPECT(oom_victim(parent) == parent);
	drop_fakes();
}

/* --- processes that are killed --- */

FLAT_PROGRAM(loops_forever, "1: jmp 1b");
/* nanosleep({ 1000 s, 0 }) from its stack */
FLAT_PROGRAM(sleeps_long, "pushl $0; pushl $1000; movl %esp, %ebx\n\t"
	     "xorl %ecx, %ecx; movl $162, %eax; int $0x80; ud2");
FLAT_PROGRAM(calls_forever, "1: movl $20, %eax; int $0x80; jmp 1b");

static u32 kill_flat(const u8 *code, const u8 *end, u32 after_ms)
{
	struct process *process;
	struct pt_regs regs;
	u32 status = ~0U;

	if (!flat_begin(code, end))
		return ~0U;
	user_regs(&regs, FLAT_CODE, FLAT_STACK_TOP);
	process = process_start(&regs, "victim");
	if (process) {
		if (after_ms)
			msleep(after_ms);
		process_kill(process->task);
		status = process_join(process, NULL);
	}
	flat_end();
	return status;
}

#define KILL_FLAT(name, ms) kill_flat(name, name##_end, (ms))

TEST(oom, kills_where_it_is)
{
	u32 killed = STATUS_KILLED(SIGKILL), begin = jiffies;

	EXPECT_EQ(KILL_FLAT(loops_forever, 20), killed);
	EXPECT_EQ(KILL_FLAT(calls_forever, 20), killed);
	EXPECT_EQ(KILL_FLAT(sleeps_long, 20), killed);
	/* perhaps before it was in ring 3 at all */
	EXPECT_EQ(KILL_FLAT(loops_forever, 0), killed);
	EXPECT(jiffies - begin < msecs_to_jiffies(2000));
}

/* Faults, one behind the other: it ends behind the next one. */
TEST(oom, kills_who_faults)
{
	static const char *const argv[] = { "oom", "hog", "8" };
	struct process *process;

	if (!path_exists("oom")) {
		test_skip("no module has this program");
		return;
	}
	process = process_run(ARRAY_SIZE(argv), argv);
	REQUIRE(process);
	msleep(50);
	process_kill(process->task);
	EXPECT_EQ(process_join(process, NULL), STATUS_KILLED(SIGKILL));
}

/* In the kernel: the copy that faults ends there; what is there already can
 * still be copied. */
TEST(oom, kills_behind_a_fault)
{
	struct mm_struct *mm = space_begin();
	u32 left;
	bool again;

	REQUIRE(mm);
	map_pages(mm, USER, 6, RW, 0);
	EXPECT(poke(USER, 1));
	set_thread_flags(thread_part(), TF_KILLED);
	again = poke(USER, 2);
	/* from the kernel's text, whatever it is */
	left = copy_to_user((void *)(USER + PAGE_SIZE), _text, 5 * PAGE_SIZE);
	clear_thread_flags(thread_part(), TF_KILLED);
	EXPECT(again);
	EXPECT(left > PAGE_SIZE && left <= 5 * PAGE_SIZE);
	EXPECT_EQ(peek(USER), 2);
	EXPECT(poke(USER + PAGE_SIZE, 4));
	space_end(mm);
}

/* --- all of it --- */

static bool kill_now(void)
{
	return out_of_memory(&NODE_DATA(numa_node_id())->node_zonelists[0],
			     GFP_KERNEL, 0);
}

TEST(oom, nobody_to_kill)
{
	u32 kills = vm_event_sum(OOM_KILL);

	EXPECT(!kill_now());
	EXPECT_EQ(vm_event_sum(OOM_KILL), kills);
}

TEST_PANIC(oom, nobody_left,
	   "out of memory, and there is no process that can be killed")
{
	oom_may_panic = true;
	kill_now();
}

static bool has(const char *text, const char *what)
{
	size_t len = strlen(what);

	for (; *text; text++)
		if (!strncmp(text, what, len))
			return true;
	printk("  # \"%s\" was not said\n", what);
	return false;
}

static void expect_report(const char *text)
{
	EXPECT(has(text, " invoked oom-killer: gfp_mask=0x"));
	EXPECT(has(text, ", order=0, oom_score_adj=0\nCall trace:\n"));
	EXPECT(has(text, "] out_of_memory+0x"));
}

/* The one process there is; who asks is let through when it is dying. */
TEST(oom, the_only_process_is_killed)
{
	void (*whole)(void) = oom_report_hook;
	u32 kills = vm_event_sum(OOM_KILL);
	struct process *process, *spared;
	static const char *const argv[] = { "oom", "hog", "2" };
	const char *text;

	if (!path_exists("oom")) {
		test_skip("no module has this program");
		return;
	}
	spared = process_run(ARRAY_SIZE(argv), argv);
	REQUIRE(spared);
	process_spare(spared);
	process = process_run(ARRAY_SIZE(argv), argv);
	REQUIRE(process);
	msleep(100);
	oom_report_hook = NULL;
	record_start();
	EXPECT(kill_now());
	text = record_stop();
	oom_report_hook = whole;
	expect_report(text);
	EXPECT(has(text, "\nOut of memory: Killed process "));
	EXPECT(has(text, " (oom).\n"));
	EXPECT_EQ(process_join(process, NULL), STATUS_KILLED(SIGKILL));
	EXPECT_EQ(vm_event_sum(OOM_KILL), kills + 1);
	/* init is not killed, though it is the only one left */
	EXPECT(!kill_now());
	EXPECT_EQ(vm_event_sum(OOM_KILL), kills + 1);
	process_kill(spared->task);
	process_join(spared, NULL);
}

TEST(oom, the_report_of_memory)
{
	struct zone *zone;
	unsigned int i;
	const char *text;

	record_start();
	show_free_areas(&machine_nodes);
	show_tasks();
	text = record_stop();
	EXPECT(has(text, "Mem-info:\nNode 0 "));
	EXPECT(has(text, "\nFree pages: "));
	EXPECT(has(text, "\nFree swap: "));
	EXPECT(has(text, "[ pid ] total_vm      rss oom_score_adj name\n"));
	for_each_zone_of(&machine_nodes, zone, i)
		if (populated_zone(zone))
			EXPECT(has(text, zone->name));
}

/* --- a fixed scenario: tests/user/oom.c --- */

TEST(oom, the_hog_is_killed)
{
	static const char *const argv[] = { "oom", "scenario" };
	u32 kills = vm_event_sum(OOM_KILL);
	struct process *process;

	if (!path_exists("oom")) {
		test_skip("no module has this program");
		return;
	}
	process = process_run(ARRAY_SIZE(argv), argv);
	REQUIRE(process);
	EXPECT_EQ(process_join(process, NULL), 0);
	/* three hogs, and one that was to go first */
	EXPECT_EQ(vm_event_sum(OOM_KILL) - kills, 4);
}
